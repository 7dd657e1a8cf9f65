/*
 * Renames that lose nothing: every file that a move displaces is looked at before it may go.
 *
 * The look takes a read lease (fcntl(2), F_SETLEASE). It is refused while any program has the file open or mapped for
 * writing, and a program that opens the file for writing while we hold it is kept waiting and shows in F_GETLEASE. So
 * "equal to what we expect, under a lease that nobody is breaking" means that no more bytes can come into the file.
 */
#include "replace_private.h"

#include "fault.h"

#include <bus-secrets/cleanup.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#define LEASE_WAIT_MS 1000
#define LEASE_STEP_US 4000
#define NO_LEASE_PAUSE_US 50000
#define MAX_CONFLICTS 1000

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE (1 << 0)
#define RENAME_EXCHANGE (1 << 1)
#endif

static int rename_with(int dir, const char *from, const char *to, unsigned flags)
{
	return (int)BS_IO(syscall(SYS_renameat2, dir, from, dir, to, flags));
}

bool bs_move_is_unknown(int err)
{
	return err == EINVAL || err == ENOSYS || err == ENOTSUP;
}

int bs_move_exchange(int dir, const char *a, const char *b)
{
	if (bs_fault("exchange"))
		return -1;
	return rename_with(dir, a, b, RENAME_EXCHANGE);
}

int bs_move_exclusive(int dir, const char *from, const char *to)
{
	struct stat st;

	if (!bs_fault("noreplace") && !rename_with(dir, from, to, RENAME_NOREPLACE))
		return 0;
	if (!bs_move_is_unknown(errno))
		return -1;
	/* A link is as exclusive; where there are none (vfat), a look and a rename must do. */
	if (!BS_IO(linkat(dir, from, dir, to, 0)))
		return BS_IO(unlinkat(dir, from, 0));
	if (errno != EPERM && errno != ENOTSUP && errno != ENOSYS)
		return -1;
	if (!BS_IO(fstatat(dir, to, &st, AT_SYMLINK_NOFOLLOW))) {
		errno = EEXIST;
		return -1;
	}
	return errno == ENOENT ? BS_IO(renameat(dir, from, dir, to)) : -1;
}

int bs_move_sync(int dir)
{
	if (!BS_IO(fsync(dir)))
		return 0;
	return errno == EINVAL || errno == ENOTSUP || errno == ENOSYS ? 0 : -1;
}

static bool is_expected(int fd, const char *bytes, size_t len, const struct stat *st)
{
	struct stat now;

	/* Not the change time: the rename itself is a change. */
	return !BS_IO(fstat(fd, &now)) && now.st_mode == st->st_mode && now.st_uid == st->st_uid &&
		now.st_gid == st->st_gid && now.st_nlink == st->st_nlink && (size_t)now.st_size == len &&
		bs_content_is_in(fd, bytes, len);
}

static int take_lease(int fd)
{
	if (bs_fault("lease"))
		return -1;
	/* The signal of a lease being broken is SIGIO by default, which ends a process; SIGURG is ignored. */
	if (fcntl(fd, F_SETSIG, SIGURG))
		return -1;
	return BS_IO(fcntl(fd, F_SETLEASE, F_RDLCK));
}

/* Without leases: two looks with a pause, in which a writer in the middle of its work would show. */
static enum bs_look look_twice(int fd, const char *bytes, size_t len, const struct stat *st)
{
	if (!is_expected(fd, bytes, len, st))
		return BS_LOOK_OTHER;
	bs_pause_us(NO_LEASE_PAUSE_US);
	return is_expected(fd, bytes, len, st) ? BS_LOOK_SAME : BS_LOOK_OTHER;
}

enum bs_look bs_displaced_look(int dir, const char *name, const char *bytes, size_t len, const struct stat *st,
	int *ret_lease)
{
	int64_t deadline = bs_clock_ms() + LEASE_WAIT_MS;
	BS_CLEANUP(bs_close_fd) int fd =
		BS_IO(openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
	enum bs_look look;

	if (fd < 0)
		return BS_LOOK_OTHER;
	for (;;) {
		bool is_held = !take_lease(fd);

		if (!is_held && errno != EAGAIN) {
			look = look_twice(fd, bytes, len, st);
			break;
		}
		/* What differs already is sent back at once, for whoever is still writing it to go on in its place. */
		if (!is_expected(fd, bytes, len, st))
			return BS_LOOK_OTHER;
		if (is_held && fcntl(fd, F_GETLEASE) == F_RDLCK) {
			look = BS_LOOK_SAME;
			break;
		}
		if (bs_clock_ms() >= deadline)
			return BS_LOOK_OPEN;
		if (is_held)
			(void)fcntl(fd, F_SETLEASE, F_UNLCK);
		bs_pause_us(LEASE_STEP_US);
	}
	if (look == BS_LOOK_SAME)
		*ret_lease = BS_TAKE_FD(fd);
	return look;
}

enum bs_code bs_displaced_keep(int dir, const char *name, const char *file, const char *shown,
	struct bs_error *reterr)
{
	char kept[NAME_MAX + 1];

	for (unsigned i = 0; i < MAX_CONFLICTS; i++) {
		if (!bs_litter_conflict_name(kept, file, i))
			break;
		if (!bs_move_exclusive(dir, name, kept)) {
			(void)bs_move_sync(dir);
			return bs_error_set(reterr, BS_CONFLICT,
				"another program changed %s at the same moment, or it could not be read again: that text "
				"is kept beside it as %s; compare the two, then try again",
				shown, kept);
		}
		if (errno != EEXIST)
			break;
	}
	/* Under its hashed name it is whole, and the next call takes care of it. */
	return bs_error_set(reterr, BS_CONFLICT,
		"another program changed %s at the same moment, or it could not be read again: that text is kept beside "
		"it as %s, for no better name could be given: %s",
		shown, name, strerror(errno));
}
