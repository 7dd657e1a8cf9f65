/*
 * replace_private.h: the pieces of the replacement protocol (specs/store.md, sections 2 and 3).
 *
 * Layer: core/base, for lock.c, place.c, content.c, litter.c, attrs.c, displace.c, recover.c,
 * prepare.c, swap.c, weak.c and replace.c alone.
 */
#ifndef BS_REPLACE_PRIVATE_H
#define BS_REPLACE_PRIVATE_H

#include "replace.h"

#include <limits.h>
#include <stdint.h>
#include <sys/stat.h>

/* lock.c */
int64_t bs_clock_ms(void);
void bs_pause_us(long us);
enum bs_code bs_lock_fd(int fd, const char *shown, struct bs_error *reterr) BS_MUST_CHECK;

/*
 * Where a stored file lies, links followed: a descriptor of its directory and the name in it. All further work is
 * relative to that descriptor, so a directory that is exchanged behind our back does not lead us elsewhere.
 */
struct bs_place {
	int dir; /* -1: the directory does not exist */
	char name[NAME_MAX + 1];
};

enum bs_place_how {
	BS_PLACE_READ, /* the descriptor serves for opening only */
	BS_PLACE_LOCK, /* locked; looked up again under the lock */
	BS_PLACE_MAKE, /* locked; missing directories are made first */
};

enum bs_code bs_place_open(const struct bs_replace *replace, enum bs_place_how how, struct bs_place *ret,
	struct bs_error *reterr) BS_MUST_CHECK;
/* Unlocks too. Accepts { .dir = -1 }. */
void bs_place_release(struct bs_place *place);

/* A file's content with the status it was read under. Starts as { .fd = -1 }. */
struct bs_content {
	bool exists;
	int fd; /* open for reading while the text lives */
	char *bytes; /* NUL-terminated */
	size_t len;
	struct stat st;
};

/* A missing file is BS_OK with exists false. With is_whole or patience, see replace.h. */
enum bs_code bs_content_read(const struct bs_replace *replace, const struct bs_place *place, struct bs_content *ret,
	struct bs_error *reterr) BS_MUST_CHECK;
/* One read of any name in dir, without patience. -1 with errno, EFBIG over the limit, ELOOP if not a regular file. */
int bs_content_read_once(int dir, const char *name, size_t limit, struct bs_content *ret);
void bs_content_release(struct bs_content *text);
/* Whether the open file fd has just these bytes now. */
bool bs_content_is_in(int fd, const char *bytes, size_t len);
/* Inode, size, times and mode as when it was read. */
bool bs_content_is_current(const struct bs_content *text, int dir, const char *name);

/* litter.c: the names of what a call leaves behind when it dies. */
enum bs_litter_kind {
	BS_LITTER_NONE,
	BS_LITTER_PART, /* .<file>.bus-part-<pid>: being written, worth nothing */
	BS_LITTER_SWAP, /* .<file>.bus-<pid>-<h8>-<h8>: whole; ours, or what an exchange put out */
	BS_LITTER_CONFLICT, /* <file>.bus-conflict-<time>: for a person to look at */
};

struct bs_litter {
	enum bs_litter_kind kind;
	char file[NAME_MAX + 1];
	uint32_t base; /* BS_NO_FILE: there was none */
	uint32_t next; /* BS_NO_FILE: the file is to be removed */
};

#define BS_NO_FILE ((uint32_t)0)

/* Never BS_NO_FILE. */
uint32_t bs_content_hash(const char *bytes, size_t len);
struct bs_litter bs_litter_parse(const char *name);
/* False if the name would be too long. */
bool bs_litter_part_name(char ret[static NAME_MAX + 1], const char *file);
bool bs_litter_swap_name(char ret[static NAME_MAX + 1], const char *file, uint32_t base, uint32_t next);
bool bs_litter_conflict_name(char ret[static NAME_MAX + 1], const char *file, unsigned attempt);

/* attrs.c: gives the file `to` the group, mode, ACL and extended attributes of `from`, or refuses. */
enum bs_code bs_attrs_keep(int from, const struct stat *st, int to, const char *shown, struct bs_error *reterr)
	BS_MUST_CHECK;

/* displace.c: renames that lose nothing. All return -1 with errno. */
int bs_move_exchange(int dir, const char *a, const char *b);
/* Fails with EEXIST rather than replace. */
int bs_move_exclusive(int dir, const char *from, const char *to);
/* A directory's entries to disk. What cannot sync directories has nothing to say against it. */
int bs_move_sync(int dir);
/* Whether errno of a failed exchange says that this file system has none. */
bool bs_move_is_unknown(int err);

enum bs_look {
	BS_LOOK_SAME, /* just what was expected, and nobody can be writing it */
	BS_LOOK_OTHER, /* something else */
	BS_LOOK_OPEN, /* as expected, but a program has had it open for writing for a second */
};

/*
 * Looks at the file that a move brought to name. With BS_LOOK_SAME *ret_lease is a descriptor that holds the file
 * against writers, if leases are to be had; to be closed after the unlink.
 */
enum bs_look bs_displaced_look(int dir, const char *name, const char *bytes, size_t len, const struct stat *st,
	int *ret_lease);
/* Gives a displaced file its conflict name and returns BS_CONFLICT with a message that says why. */
enum bs_code bs_displaced_keep(int dir, const char *name, const char *file, const char *shown,
	struct bs_error *reterr) BS_MUST_CHECK;

/*
 * recover.c: clears up after calls that died. *ret_lost is a text of ours that a dead call wrote over a foreign one;
 * the foreign one is in place again and our change is to be merged onto it.
 */
enum bs_code bs_replace_recover(const struct bs_replace *replace, const struct bs_place *place,
	struct bs_content *ret_lost, struct bs_error *reterr) BS_MUST_CHECK;

/* One attempt at a replacement: replace.c makes it, prepare.c and swap.c do its work. */
struct bs_change {
	const struct bs_replace *replace;
	struct bs_place place;
	struct bs_content *lost; /* ours, found by the recovery; to be merged, in this attempt or a later one */
	struct bs_content base;
	char *text; /* the next one; NULL: none */
	size_t len;
	bool is_removal;
	char temp[NAME_MAX + 1]; /* ours, to be unlinked; "": none */
	struct stat temp_st;
	bool is_again; /* somebody else was faster: another attempt */
};

/* Asks for another attempt; BS_OK. */
static inline enum bs_code bs_change_again(struct bs_change *change)
{
	change->is_again = true;
	return BS_OK;
}

/* prepare.c: whether the target may be replaced at all. */
enum bs_code bs_change_check(const struct bs_change *change, struct bs_error *reterr) BS_MUST_CHECK;
/* The name under which a whole new text, or what an exchange put out, is found after a crash. */
enum bs_code bs_change_swap_name(const struct bs_change *change, char ret[static NAME_MAX + 1],
	struct bs_error *reterr) BS_MUST_CHECK;
/* The new text on disk, under change->temp. */
enum bs_code bs_change_make_temp(struct bs_change *change, struct bs_error *reterr) BS_MUST_CHECK;

/* swap.c: temp into the place of the base, or the base out of it, with a look at what came out. */
enum bs_code bs_change_exchange(struct bs_change *change, struct bs_error *reterr) BS_MUST_CHECK;
enum bs_code bs_change_create(struct bs_change *change, struct bs_error *reterr) BS_MUST_CHECK;
enum bs_code bs_change_take_out(struct bs_change *change, struct bs_error *reterr) BS_MUST_CHECK;

#endif
