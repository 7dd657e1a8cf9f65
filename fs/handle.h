/*
 * handle.h: an open file or directory: a value being read, a value being written, a scratch file, a listing.
 *
 * Layer: fs. One open file is one snapshot: a reader keeps the value it was opened with, a writer works on a
 * buffer of its own until that is committed (specs/fuse.md, section 11, Commit):
 *
 *  - by FLUSH of the process that opened it, once data was written: a shell's redirection closes copies of
 *    the descriptor before and between its commands, so a FLUSH alone does not mean "closed";
 *  - a truncation without data by the opener's second FLUSH, or else by RELEASE;
 *  - by FLUSH of another process if the opener is gone; by fsync of anyone; by RELEASE.
 */
#ifndef BS_FS_HANDLE_H
#define BS_FS_HANDLE_H

#include "inode.h"
#include "scratch.h"

enum bs_handle_kind {
	BS_HANDLE_READ,
	BS_HANDLE_WRITE,
	BS_HANDLE_SCRATCH,
	BS_HANDLE_DIR,
};

/* What a directory held when it was read from its beginning. */
struct bs_listing {
	struct bs_listed {
		fuse_ino_t ino;
		mode_t type;
		char *name;
	} * items;
	size_t count;
};

struct bs_handle {
	uint64_t number; /* fi->fh */
	enum bs_handle_kind kind;
	struct bs_node *node;
	enum bs_scope scope;
	char name[BS_NAME_MAX + 1]; /* of the secret: where a commit goes */
	bool is_readable;
	bool is_writable;
	bool is_new; /* the name is not in the store before the first commit */
	bool is_orphan; /* unlinked or replaced since: nothing is committed any more */
	bool is_written; /* data since the last commit */
	bool is_truncated; /* a new size, or a new name, without data since the last commit */
	bool has_failed; /* the last close's commit did, and its error was told */
	enum bs_code spoiled; /* why a write failed: what is there is not what was meant; never committed */
	bool has_times; /* set while it was being written: for the value that is committed */
	struct timespec atime;
	struct timespec mtime;
	bool was_cached; /* pages of it may be in the page cache */
	unsigned flushes; /* of the opener's process, without data */
	pid_t thread; /* that opened it, and its process; 0: unknown */
	pid_t process;
	struct bs_secret *value; /* READ */
	struct bs_secret_buf *buf; /* WRITE */
	struct bs_scratch *scratch; /* SCRATCH */
	struct bs_listing listing; /* DIR */
};

struct bs_handles *bs_handles_new(void);
struct bs_handles *bs_handles_free(struct bs_handles *handles); /* wipes what is left */
/* A new handle on a node, which it holds. BS_NO_MEMORY. */
enum bs_code bs_handle_new(struct bs_fs *fs, enum bs_handle_kind kind, struct bs_node *node,
	struct bs_handle **ret, struct bs_error *reterr) BS_MUST_CHECK;
void bs_handle_free(struct bs_fs *fs, struct bs_handle *handle);
struct bs_handle *bs_handle_get(const struct bs_fs *fs, uint64_t number);

/* A secret's writer that holds something uncommitted. */
bool bs_handle_is_dirty(const struct bs_handle *handle);
/* Writes the buffer to the store if it is dirty; on failure the old value stays and the buffer, too. */
enum bs_code bs_handle_commit(
	struct bs_fs *fs, struct bs_handle *handle, struct bs_error *reterr) BS_MUST_CHECK;
/* For FLUSH: commits if this is a close in the sense above. */
enum bs_code bs_handle_flush(
	struct bs_fs *fs, struct bs_handle *handle, pid_t thread, struct bs_error *reterr) BS_MUST_CHECK;
/* What their closes would have committed. Failures are logged. */
void bs_handles_commit_all(struct bs_fs *fs);

/* The bytes as a reader of this handle sees them. Borrowed. */
const uint8_t *bs_handle_bytes(const struct bs_handle *handle, size_t *ret_len);

/* A writer of the name in the process of this thread that holds something uncommitted, or NULL. */
struct bs_handle *bs_handles_writer_of(
	const struct bs_fs *fs, enum bs_scope scope, const char *name, pid_t thread);
/* A writer that is about to make this name, or NULL; and whether there is one. */
struct bs_handle *bs_handles_maker(const struct bs_fs *fs, enum bs_scope scope, const char *name);
bool bs_handles_are_making(const struct bs_fs *fs, enum bs_scope scope, const char *name);
/* Any handle on the node but directories, or NULL. */
struct bs_handle *bs_handles_on(const struct bs_fs *fs, const struct bs_node *node);

/* The name went: its writers commit nothing any more. */
void bs_handles_unlinked(struct bs_fs *fs, enum bs_scope scope, const char *name);
/* Writers of from commit to to from now on, those of a replaced to nothing; with an exchange both go on. */
void bs_handles_renamed(
	struct bs_fs *fs, enum bs_scope scope, const char *from, const char *to, bool is_exchange);
/* Open scratch files become handles of the secret that the scratch file was renamed to. */
enum bs_code bs_handles_adopt(
	struct bs_fs *fs, struct bs_scratch *scratch, const char *to, struct bs_error *reterr) BS_MUST_CHECK;

#endif
