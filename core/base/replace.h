/*
 * replace.h: the replacement protocol for stored files (specs/store.md, sections 2 and 3).
 *
 * Layer: core/base. Knows nothing of what the files hold.
 */
#ifndef BS_REPLACE_H
#define BS_REPLACE_H

#include <bus-secrets/error.h>
#include <sys/types.h>

/*
 * Makes the new text from the present one (text is NULL if the file does not exist). *ret stays NULL: nothing to
 * write. Called under the lock, and again whenever a foreign change turned up; so it must work from what it is given.
 */
typedef enum bs_code (*bs_replace_edit_fn)(void *ctx, const char *text, size_t len, char **ret, size_t *ret_len,
	struct bs_error *reterr);
/*
 * After a crash: ours is the present file, written by a call that died; displaced is a foreign text that it put
 * aside. Merges ours' one change onto displaced; *ret NULL: cannot tell (a conflict file is kept).
 */
typedef enum bs_code (*bs_replace_merge_fn)(void *ctx, const char *ours, size_t ours_len, const char *displaced,
	size_t displaced_len, char **ret, size_t *ret_len, struct bs_error *reterr);
/* Whether a text is whole; an unparsable file is read again for up to 300 ms. NULL: every non-empty one is. */
typedef bool (*bs_replace_is_whole_fn)(void *ctx, const char *text, size_t len);

struct bs_replace {
	/* The path to write, looked up afresh under the lock; on the heap. A link is followed to its target, whose
	 * directory is then locked and written. */
	enum bs_code (*locate)(void *ctx, char **ret_path, struct bs_error *reterr);
	bs_replace_edit_fn edit;
	bs_replace_merge_fn merge; /* may be NULL */
	bs_replace_is_whole_fn is_whole;
	void *ctx;
	const char *shown;   /* how messages name the file */
	size_t limit;        /* bytes of the file */
	mode_t new_mode;     /* of a file that did not exist */
	mode_t new_dir_mode; /* of missing parent directories; 0: they are not made, BS_NOT_FOUND */
	const char *beneath; /* real path of a directory that a link's target may not leave; NULL: anywhere */
	bool is_removal;     /* an edit that gives an empty text (*ret_len 0) unlinks the file */
};

/* BS_BUSY, BS_CONFLICT, BS_READ_ONLY, BS_PERMISSION, BS_NO_SPACE, BS_TOO_LARGE, BS_POLICY (links, hard links). */
enum bs_code bs_replace(const struct bs_replace *replace, bool *ret_was_written, struct bs_error *reterr)
	BS_MUST_CHECK;

/*
 * Reads a stored file without a lock, with the same patience for half-written ones; text NUL-terminated on the heap.
 * *ret_text is NULL if the file does not exist.
 */
enum bs_code bs_replace_read(const struct bs_replace *replace, char **ret_text, size_t *ret_len,
	struct bs_error *reterr) BS_MUST_CHECK;

/* Locks a directory as all writers do: flock on its descriptor, at most 10 s. Unlocked by closing it. */
enum bs_code bs_lock_dir(const char *dir, int *ret_fd, struct bs_error *reterr) BS_MUST_CHECK;

/* True if the file system of the directory cannot exchange: doctor says that it gives the weaker promise. */
bool bs_replace_is_weak(const char *dir);
/* True if name is one of our own temporary or conflict files of any stored file. */
bool bs_replace_is_litter(const char *name);

#endif
