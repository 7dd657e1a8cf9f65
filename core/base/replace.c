/*
 * The replacement protocol: how a stored file that other programs write too gets its next text.
 *
 * One attempt, under the lock of the directory:
 *
 *	recover    what calls before us left when they died
 *	read       the present text, the base
 *	edit       our change to it
 *	temp       the new text, whole and on disk, under a name that says what it replaces
 *	stat       the target, last of all; anything but the base: another attempt
 *	exchange   temp and target; the directory to disk
 *	look       at what came out, the displaced file: if it is the base, it goes; if not, exchange back and another
 *	           attempt, from the foreign text
 *
 * The invariant: a displaced file is unlinked only if its bytes equal the base that we read or a text that we wrote.
 * Otherwise it is kept under a conflict name and the call fails. Dying anywhere leaves the old text or the new one in
 * place, and beside it at most what recover.c knows how to clear up.
 */
#include "replace_private.h"

#include "fault.h"

#include <bus-secrets/cleanup.h>
#include <fcntl.h>
#include <string.h>

#define MAX_ATTEMPTS 64
#define ATTEMPT_PAUSE_US 500

#ifndef AT_EACCESS
#define AT_EACCESS 0x200
#endif

/* One attempt. */
struct change {
	const struct bs_replace *replace;
	struct bs_place place;
	struct bs_content lost; /* ours, found by the recovery; to be merged */
	struct bs_content base;
	char *text; /* the next one; NULL: none */
	size_t len;
	bool is_removal;
	char temp[NAME_MAX + 1]; /* "": none */
	struct stat temp_st;
	bool is_again; /* somebody else was faster: another attempt */
};

static void change_release(struct change *change)
{
	if (change->temp[0])
		(void)BS_IO(unlinkat(change->place.dir, change->temp, 0));
	free(change->text);
	bs_content_release(&change->base);
	bs_content_release(&change->lost);
	bs_place_release(&change->place);
}

static enum bs_code again(struct change *change)
{
	change->is_again = true;
	return BS_OK;
}

/* From here on the temporary name may hold what is not ours to unlink. */
static const char *give_up_temp(struct change *change, char name[static NAME_MAX + 1])
{
	memcpy(name, change->temp, sizeof(change->temp));
	change->temp[0] = '\0';
	return name;
}

/* --- the next text --- */

static enum bs_code merge_lost(struct change *change, struct bs_error *reterr)
{
	const struct bs_replace *replace = change->replace;

	if (!change->lost.exists || !change->base.exists || !replace->merge)
		return BS_OK;
	return replace->merge(replace->ctx, change->lost.bytes, change->lost.len, change->base.bytes,
		change->base.len, &change->text, &change->len, reterr);
}

static enum bs_code make_text(struct change *change, struct bs_error *reterr)
{
	const struct bs_replace *replace = change->replace;
	const char *from = change->base.bytes;
	size_t from_len = change->base.len, len = 0;
	char *text = NULL;
	enum bs_code code = merge_lost(change, reterr);

	if (code)
		return code;
	if (change->text) {
		from = change->text;
		from_len = change->len;
	}
	code = replace->edit(replace->ctx, from, from_len, &text, &len, reterr);
	if (code)
		return code;
	if (text) {
		free(change->text);
		change->text = text;
		change->len = len;
		change->is_removal = replace->is_removal && len == 0;
	}
	if (change->text && change->len > replace->limit)
		return bs_error_set(reterr, BS_TOO_LARGE, "%s would become larger than the limit of %zu bytes",
			replace->shown, replace->limit);
	return BS_OK;
}

static bool is_nothing_to_do(const struct change *change)
{
	const struct bs_content *base = &change->base;

	if (!change->text || (change->is_removal && !base->exists))
		return true;
	return !change->is_removal && base->exists && base->len == change->len &&
		!memcmp(base->bytes, change->text, base->len);
}

/* --- may it be replaced? --- */

static bool has_attribute(int dir, const char *name, uint64_t which)
{
	struct statx st;

	return !statx(dir, name, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW, STATX_TYPE, &st) &&
		(st.stx_attributes & which) != 0;
}

/*
 * A file that its owner made read-only stays as it is, for root too, though the directory would allow to replace it:
 * the mount shows such a file as read-only, and what is shown must hold.
 */
static enum bs_code check_target(const struct change *change, struct bs_error *reterr)
{
	const char *shown = change->replace->shown, *name = change->place.name;
	const struct stat *st = &change->base.st;
	int dir = change->place.dir;

	if (has_attribute(dir, "", STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND))
		return bs_error_set(reterr, BS_READ_ONLY,
			"the directory of %s is made immutable or append-only (chattr)", shown);
	if (!change->base.exists)
		return BS_OK;
	if (st->st_nlink > 1)
		return bs_error_set(reterr, BS_POLICY,
			"%s has %lu names (hard links), of which replacing it would change one: give it a single name",
			shown, (unsigned long)st->st_nlink);
	if (has_attribute(dir, name, STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND))
		return bs_error_set(reterr, BS_READ_ONLY, "%s is made immutable or append-only (chattr)", shown);
	if (!(st->st_mode & S_IWUSR) && (geteuid() == 0 || geteuid() == st->st_uid))
		return bs_error_set(reterr, BS_READ_ONLY, "%s is read-only: chmod u+w allows to change it", shown);
	if (BS_IO(faccessat(dir, name, W_OK, AT_EACCESS))) {
		if (errno == EACCES)
			return bs_error_set(reterr, BS_READ_ONLY, "%s is not writable for this user", shown);
		return bs_error_sys(reterr, errno, "cannot write %s", shown);
	}
	return BS_OK;
}

/* --- the temporary file --- */

static int write_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t put = BS_IO(write(fd, bytes, len));

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return -1;
		bytes += put;
		len -= (size_t)put;
	}
	return 0;
}

static int write_text(int fd, const char *text, size_t len)
{
	if (write_all(fd, text, len / 2) || bs_fault("mid-write"))
		return -1;
	return write_all(fd, text + len / 2, len - len / 2);
}

/* Fills the part file fd: bytes, what the target has besides its bytes, disk. */
static enum bs_code fill_temp(struct change *change, int fd, struct bs_error *reterr)
{
	const struct bs_replace *replace = change->replace;
	enum bs_code code = BS_OK;

	if (write_text(fd, change->text, change->len))
		return bs_error_sys(reterr, errno, "cannot write the new text of %s", replace->shown);
	if (change->base.exists)
		code = bs_attrs_keep(change->base.fd, &change->base.st, fd, replace->shown, reterr);
	else if (BS_IO(fchmod(fd, replace->new_mode)))
		code = bs_error_sys(reterr, errno, "cannot set the mode of %s", replace->shown);
	if (code)
		return code;
	if (BS_IO(fsync(fd)) || BS_IO(fstat(fd, &change->temp_st)))
		return bs_error_sys(reterr, errno, "cannot bring the new text of %s to disk", replace->shown);
	return BS_OK;
}

static enum bs_code name_swap(const struct change *change, char ret[static NAME_MAX + 1], struct bs_error *reterr)
{
	const struct bs_content *base = &change->base;

	if (bs_litter_swap_name(ret, change->place.name,
		    base->exists ? bs_content_hash(base->bytes, base->len) : BS_NO_FILE,
		    change->is_removal ? BS_NO_FILE : bs_content_hash(change->text, change->len)))
		return BS_OK;
	return bs_error_set(reterr, BS_POLICY, "the name of %s is too long to be written beside", change->replace->shown);
}

/* The new text under its part name, and when it is whole and on disk under its swap name. */
static enum bs_code make_temp(struct change *change, struct bs_error *reterr)
{
	const char *shown = change->replace->shown;
	BS_CLEANUP(bs_close_fd) int fd = -1;
	char swap[NAME_MAX + 1], part[NAME_MAX + 1];
	enum bs_code code = name_swap(change, swap, reterr);

	if (code)
		return code;
	if (!bs_litter_part_name(part, change->place.name))
		return bs_error_set(reterr, BS_POLICY, "the name of %s is too long to be written beside", shown);
	fd = BS_IO(openat(change->place.dir, part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
	if (fd < 0 && errno == ENOENT)
		return again(change); /* the directory is gone */
	if (fd < 0)
		return bs_error_sys(reterr, errno, "cannot write in the directory of %s", shown);
	memcpy(change->temp, part, sizeof(part));
	code = fill_temp(change, fd, reterr);
	if (code)
		return code;
	if (bs_fault("after-temp"))
		return bs_error_sys(reterr, errno, "cannot write in the directory of %s", shown);
	if (bs_move_exclusive(change->place.dir, part, swap)) {
		if (errno == ENOENT)
			return again(change);
		return bs_error_sys(reterr, errno, "cannot name the new text of %s", shown);
	}
	memcpy(change->temp, swap, sizeof(swap));
	if (bs_fault("after-rename"))
		return bs_error_sys(reterr, errno, "cannot write in the directory of %s", shown);
	return BS_OK;
}

/* --- into place --- */

static enum bs_code not_on_disk(const struct change *change, struct bs_error *reterr)
{
	return bs_error_sys(reterr, errno, "cannot bring the directory of %s to disk: nothing is changed",
		change->replace->shown);
}

static enum bs_code still_open(const struct change *change, struct bs_error *reterr)
{
	return bs_error_set(reterr, BS_BUSY,
		"another program has %s open for writing: close it there, then try again", change->replace->shown);
}

/* What an exchange back brought out goes if it is the text that we wrote, and only then. */
static enum bs_code drop_own(const struct change *change, const char *swap, struct bs_error *reterr)
{
	const char *shown = change->replace->shown;
	BS_CLEANUP(bs_close_fd) int lease = -1;

	if (bs_displaced_look(change->place.dir, swap, change->text, change->len, &change->temp_st, &lease) !=
		BS_LOOK_SAME) {
		bs_fault_log_displaced(change->place.dir, swap);
		return bs_displaced_keep(change->place.dir, swap, change->place.name, shown, reterr);
	}
	/* If it stays, its name says that it is ours: the next call takes it away. */
	(void)BS_IO(unlinkat(change->place.dir, swap, 0));
	return BS_OK;
}

static enum bs_code exchange_back(const struct change *change, const char *swap, struct bs_error *reterr)
{
	const struct bs_place *place = &change->place;

	if (bs_move_exchange(place->dir, swap, place->name))
		return bs_displaced_keep(place->dir, swap, place->name, change->replace->shown, reterr);
	(void)BS_IO(fsync(place->dir));
	return drop_own(change, swap, reterr);
}

/*
 * No exchange on this file system: what a rename overwrites cannot be looked at afterwards, so it is looked at once
 * more before, bytes and all. Between that look and the rename a foreign change can be lost; doctor says so.
 */
static enum bs_code rename_over(struct change *change, struct bs_error *reterr)
{
	const struct bs_place *place = &change->place;

	if (!bs_content_is_in(change->base.fd, change->base.bytes, change->base.len) ||
		!bs_content_is_current(&change->base, place->dir, place->name))
		return again(change);
	if (BS_IO(renameat(place->dir, change->temp, place->dir, place->name)))
		return bs_error_sys(reterr, errno, "cannot replace %s", change->replace->shown);
	change->temp[0] = '\0';
	if (BS_IO(fsync(place->dir)))
		return bs_error_sys(reterr, errno, "%s is written, but perhaps not on disk", change->replace->shown);
	return BS_OK;
}

static enum bs_code exchange_failed(struct change *change, struct bs_error *reterr)
{
	if (bs_move_is_unknown(errno))
		return rename_over(change, reterr);
	if (errno == ENOENT)
		return again(change); /* the target went away, or the whole directory */
	if (errno == EBUSY)
		return bs_error_set(reterr, BS_UNSUPPORTED,
			"%s is a mount point of its own and cannot be replaced: mount its directory instead",
			change->replace->shown);
	return bs_error_sys(reterr, errno, "cannot replace %s", change->replace->shown);
}

static enum bs_code exchange(struct change *change, struct bs_error *reterr)
{
	const struct bs_place *place = &change->place;
	BS_CLEANUP(bs_close_fd) int lease = -1;
	char swap[NAME_MAX + 1];
	enum bs_code code, failed;
	enum bs_look look;

	if (!bs_content_is_current(&change->base, place->dir, place->name))
		return again(change);
	if (bs_move_exchange(place->dir, change->temp, place->name))
		return exchange_failed(change, reterr);
	give_up_temp(change, swap);
	if (bs_fault("after-exchange") || BS_IO(fsync(place->dir))) {
		failed = not_on_disk(change, reterr);
		code = exchange_back(change, swap, reterr);
		return code ? code : failed;
	}
	look = bs_displaced_look(place->dir, swap, change->base.bytes, change->base.len, &change->base.st, &lease);
	if (look == BS_LOOK_SAME) {
		(void)bs_fault("after-check");
		(void)BS_IO(unlinkat(place->dir, swap, 0));
		return BS_OK;
	}
	bs_fault_log_displaced(place->dir, swap);
	code = exchange_back(change, swap, reterr);
	if (code)
		return code;
	return look == BS_LOOK_OPEN ? still_open(change, reterr) : again(change);
}

/* A file that was not there comes by a rename that replaces nothing. */
static enum bs_code create(struct change *change, struct bs_error *reterr)
{
	const struct bs_place *place = &change->place;
	char swap[NAME_MAX + 1];
	enum bs_code code, failed;

	if (bs_move_exclusive(place->dir, change->temp, place->name)) {
		if (errno == EEXIST || errno == ENOENT)
			return again(change);
		return bs_error_sys(reterr, errno, "cannot make %s", change->replace->shown);
	}
	give_up_temp(change, swap);
	if (!bs_fault("after-exchange") && !BS_IO(fsync(place->dir)))
		return BS_OK;
	failed = not_on_disk(change, reterr);
	if (bs_move_exclusive(place->dir, place->name, swap))
		return failed;
	code = drop_own(change, swap, reterr);
	return code ? code : failed;
}

/* --- removal --- */

/* Puts back what was taken out, unless there is a new file meanwhile: then what was taken out is kept aside. */
static enum bs_code undo_removal(const struct change *change, const char *swap, struct bs_error *reterr)
{
	const struct bs_place *place = &change->place;

	if (!bs_move_exclusive(place->dir, swap, place->name))
		return BS_OK;
	return bs_displaced_keep(place->dir, swap, place->name, change->replace->shown, reterr);
}

/* A file is removed by renaming it first, so that a foreign change that came last can be seen and brought back. */
static enum bs_code take_out(struct change *change, struct bs_error *reterr)
{
	const struct bs_place *place = &change->place;
	BS_CLEANUP(bs_close_fd) int lease = -1;
	char swap[NAME_MAX + 1];
	enum bs_code code = name_swap(change, swap, reterr), failed;
	enum bs_look look;

	if (code)
		return code;
	if (!bs_content_is_current(&change->base, place->dir, place->name))
		return again(change);
	if (bs_move_exclusive(place->dir, place->name, swap)) {
		if (errno == ENOENT)
			return again(change);
		return bs_error_sys(reterr, errno, "cannot remove %s", change->replace->shown);
	}
	if (bs_fault("after-exchange") || BS_IO(fsync(place->dir))) {
		failed = not_on_disk(change, reterr);
		code = undo_removal(change, swap, reterr);
		return code ? code : failed;
	}
	look = bs_displaced_look(place->dir, swap, change->base.bytes, change->base.len, &change->base.st, &lease);
	if (look == BS_LOOK_SAME) {
		(void)bs_fault("after-check");
		(void)BS_IO(unlinkat(place->dir, swap, 0));
		return BS_OK;
	}
	bs_fault_log_displaced(place->dir, swap);
	code = undo_removal(change, swap, reterr);
	if (code)
		return code;
	return look == BS_LOOK_OPEN ? still_open(change, reterr) : again(change);
}

/* --- the whole --- */

static enum bs_code put_in_place(struct change *change, struct bs_error *reterr)
{
	enum bs_code code;

	if (change->is_removal)
		return take_out(change, reterr);
	code = make_temp(change, reterr);
	if (code || change->is_again)
		return code;
	return change->base.exists ? exchange(change, reterr) : create(change, reterr);
}

/* The directory is not there. It is made only if there is something to write into it. */
static enum bs_code without_dir(struct change *change, bool *ret_is_wanted, struct bs_error *reterr)
{
	enum bs_code code = make_text(change, reterr);

	if (code || is_nothing_to_do(change))
		return code;
	if (!change->replace->new_dir_mode)
		return bs_error_set(reterr, BS_NOT_FOUND, "the directory of %s does not exist", change->replace->shown);
	*ret_is_wanted = true;
	return again(change);
}

static enum bs_code attempt(struct change *change, bool *may_make_dirs, bool *ret_was_written,
	struct bs_error *reterr)
{
	const struct bs_replace *replace = change->replace;
	enum bs_code code = bs_place_open(replace, *may_make_dirs ? BS_PLACE_MAKE : BS_PLACE_LOCK, &change->place,
		reterr);

	if (code)
		return code;
	if (change->place.dir < 0)
		return without_dir(change, may_make_dirs, reterr);
	code = bs_replace_recover(replace, &change->place, &change->lost, reterr);
	if (!code)
		code = bs_content_read(replace, &change->place, &change->base, reterr);
	if (!code)
		code = make_text(change, reterr);
	if (code || is_nothing_to_do(change))
		return code;
	code = check_target(change, reterr);
	if (!code)
		code = put_in_place(change, reterr);
	*ret_was_written = !code && !change->is_again;
	return code;
}

enum bs_code bs_replace(const struct bs_replace *replace, bool *ret_was_written, struct bs_error *reterr)
{
	bool may_make_dirs = false, was_written = false;

	for (int i = 0; i < MAX_ATTEMPTS; i++) {
		BS_CLEANUP(change_release) struct change change = {
			.replace = replace,
			.place = {.dir = -1},
			.base = {.fd = -1},
			.lost = {.fd = -1},
		};
		enum bs_code code = attempt(&change, &may_make_dirs, &was_written, reterr);

		if (code)
			return code;
		if (!change.is_again) {
			*ret_was_written = was_written;
			return BS_OK;
		}
		bs_pause_us(ATTEMPT_PAUSE_US);
	}
	return bs_error_set(reterr, BS_BUSY, "%s keeps being changed by another program: try again", replace->shown);
}

enum bs_code bs_replace_read(const struct bs_replace *replace, char **ret_text, size_t *ret_len,
	struct bs_error *reterr)
{
	BS_CLEANUP(bs_place_release) struct bs_place place = {.dir = -1};
	BS_CLEANUP(bs_content_release) struct bs_content text = {.fd = -1};
	enum bs_code code = bs_place_open(replace, BS_PLACE_READ, &place, reterr);

	if (!code && place.dir >= 0)
		code = bs_content_read(replace, &place, &text, reterr);
	if (code)
		return code;
	*ret_len = text.len;
	*ret_text = BS_TAKE(text.bytes);
	return BS_OK;
}
