/*
 * scratch.h: editors' and tools' temporary files, in locked memory.
 *
 * Layer: fs. Their names lie outside the grammar of secrets and fit a short table (specs/fuse.md, section
 * 11). They are ordinary shared files, not snapshots. Renaming one onto the name of a secret commits it; the
 * others go with the mount. A secret that was renamed to a scratch name (`mv x x~`) is hidden, and still in
 * the store: it is removed when the scratch file is, and it is back when the mount goes without either.
 */
#ifndef BS_FS_SCRATCH_H
#define BS_FS_SCRATCH_H

#include "fs.h"

struct bs_scratch {
	struct bs_scratch *next;
	enum bs_scope scope;
	struct bs_secret_buf *buf;
	mode_t mode;
	struct timespec mtime;
	unsigned open_count;
	bool is_gone; /* no name any more: goes with its last handle */
	char hides[BS_NAME_MAX + 1]; /* "" or the secret that was renamed to it */
	char name[256];
};

struct bs_scratches *bs_scratches_new(void);
struct bs_scratches *bs_scratches_free(struct bs_scratches *scratches);

/* True for a name of the table. */
bool bs_scratch_fits(const char *name);
struct bs_scratch *bs_scratch_find(const struct bs_fs *fs, enum bs_scope scope, const char *name);
/* BS_NO_SPACE over the quota. */
enum bs_code bs_scratch_make(struct bs_fs *fs, enum bs_scope scope, const char *name, mode_t mode,
	struct bs_scratch **ret, struct bs_error *reterr) BS_MUST_CHECK;
enum bs_code bs_scratch_write(struct bs_fs *fs, struct bs_scratch *scratch, size_t off, const void *bytes,
	size_t len, struct bs_error *reterr) BS_MUST_CHECK;
enum bs_code bs_scratch_resize(
	struct bs_fs *fs, struct bs_scratch *scratch, size_t len, struct bs_error *reterr) BS_MUST_CHECK;
/* Takes the name away; the memory follows with the last handle. */
void bs_scratch_remove(struct bs_fs *fs, struct bs_scratch *scratch);
void bs_scratch_put(struct bs_fs *fs, struct bs_scratch *scratch); /* after open_count went down */
void bs_scratch_rename(struct bs_fs *fs, struct bs_scratch *scratch, const char *to);

/* The scratch file that hides a secret, or NULL. */
struct bs_scratch *bs_scratch_hiding(const struct bs_fs *fs, enum bs_scope scope, const char *name);
/* All of a scope in turn, for listing: NULL begins. */
struct bs_scratch *bs_scratch_next(
	const struct bs_fs *fs, enum bs_scope scope, const struct bs_scratch *after);

#endif
