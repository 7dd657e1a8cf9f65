/* Before anything is moved: may the file be replaced, and its next text, whole and on disk, beside it. */
#include "replace_private.h"

#include "fault.h"

#include <bus-secrets/cleanup.h>
#include <fcntl.h>
#include <string.h>

#ifndef AT_EACCESS
#define AT_EACCESS 0x200
#endif

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
enum bs_code bs_change_check(const struct bs_change *change, struct bs_error *reterr)
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
static enum bs_code fill_temp(struct bs_change *change, int fd, struct bs_error *reterr)
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

enum bs_code bs_change_swap_name(const struct bs_change *change, char ret[static NAME_MAX + 1], struct bs_error *reterr)
{
	const struct bs_content *base = &change->base;

	if (bs_litter_swap_name(ret, change->place.name,
		    base->exists ? bs_content_hash(base->bytes, base->len) : BS_NO_FILE,
		    change->is_removal ? BS_NO_FILE : bs_content_hash(change->text, change->len)))
		return BS_OK;
	return bs_error_set(reterr, BS_POLICY, "the name of %s is too long to be written beside", change->replace->shown);
}

/* The new text under its part name, and when it is whole and on disk under its swap name. */
enum bs_code bs_change_make_temp(struct bs_change *change, struct bs_error *reterr)
{
	const char *shown = change->replace->shown;
	BS_CLEANUP(bs_close_fd) int fd = -1;
	char swap[NAME_MAX + 1], part[NAME_MAX + 1];
	enum bs_code code = bs_change_swap_name(change, swap, reterr);

	if (code)
		return code;
	if (!bs_litter_part_name(part, change->place.name))
		return bs_error_set(reterr, BS_POLICY, "the name of %s is too long to be written beside", shown);
	fd = BS_IO(openat(change->place.dir, part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
	if (fd < 0 && errno == ENOENT)
		return bs_change_again(change); /* the directory is gone */
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
			return bs_change_again(change);
		return bs_error_sys(reterr, errno, "cannot name the new text of %s", shown);
	}
	memcpy(change->temp, swap, sizeof(swap));
	if (bs_fault("after-rename"))
		return bs_error_sys(reterr, errno, "cannot write in the directory of %s", shown);
	return BS_OK;
}
