/*
 * inode.h: inode numbers, names and lookup counts.
 *
 * Layer: fs. A number is a keyed hash of scope and name, so a name has the same one for its whole life, also
 * in a worker that was started anew with the same key. A node lives while the kernel knows it (lookup count),
 * while a file of it is open, or while it has a mode or times of its own.
 *
 * After rename(a, b) the kernel goes on with a's number under the name b until it looks b up again. For that
 * while a is an *alias* of b: whatever is asked of a's number is done to b. It ends when the name a itself is
 * met again.
 */
#ifndef BS_FS_INODE_H
#define BS_FS_INODE_H

#include "fs.h"

enum bs_node_kind {
	BS_NODE_ROOT,
	BS_NODE_DIR, /* of a scope */
	BS_NODE_FILE, /* a secret or a scratch file */
};

struct bs_node {
	struct bs_node *next; /* of the same bucket */
	fuse_ino_t ino;
	uint64_t lookups;
	unsigned open_count;
	enum bs_node_kind kind;
	enum bs_scope scope;
	char *alias; /* NULL: none */
	bool has_mode;
	bool has_times;
	mode_t mode;
	struct timespec atime;
	struct timespec mtime;
	uint64_t times_version; /* of the document whose times were set */
	char name[]; /* "" for root and directories */
};

struct bs_nodes *bs_nodes_new(void); /* NULL without memory or randomness */
struct bs_nodes *bs_nodes_free(struct bs_nodes *nodes);
struct bs_node *bs_nodes_root(struct bs_nodes *nodes);
struct bs_node *bs_nodes_dir(struct bs_nodes *nodes, enum bs_scope scope);

/* NULL for a number that we never gave. */
struct bs_node *bs_node_by_ino(struct bs_nodes *nodes, fuse_ino_t ino);
/* The node of a name, made if needed; no alias any more. NULL without memory. */
struct bs_node *bs_node_by_name(struct bs_nodes *nodes, enum bs_scope scope, const char *name);
/* The number that a name has or would have; makes nothing. */
fuse_ino_t bs_node_number(const struct bs_nodes *nodes, enum bs_scope scope, const char *name);
/*
 * The node of the name that operations on this one act on: itself, or what it is an alias of. NULL without
 * memory.
 */
struct bs_node *bs_node_target(struct bs_nodes *nodes, struct bs_node *node);
/*
 * For rename(from, to): sets the alias. Times that were set move along; a mode that was set moves to a new
 * name, while a name that was there keeps its own. For an exchange nothing moves.
 */
void bs_node_moved(
	struct bs_nodes *nodes, enum bs_scope scope, const char *from, const char *to, bool to_was_there);
void bs_node_exchanged(struct bs_nodes *nodes, enum bs_scope scope, const char *a, const char *b);
/* Mode and times that were set for a name go with the name's removal. */
void bs_node_removed(struct bs_nodes *nodes, enum bs_scope scope, const char *name);
/* Drops the node if nothing holds it; after lookups or open_count went down. */
void bs_node_put(struct bs_nodes *nodes, struct bs_node *node);
void bs_node_forget(struct bs_nodes *nodes, fuse_ino_t ino, uint64_t count);

#endif
