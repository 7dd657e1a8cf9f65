/* Whether a file system can exchange two files: tried, for its type alone does not tell. */
#include "replace_private.h"

#include "fault.h"

#include <bus-secrets/cleanup.h>
#include <fcntl.h>
#include <stdio.h>

#define ONE ".bus-probe.bus-part-1"
#define TWO ".bus-probe.bus-part-2"

static int make(int dir, const char *name)
{
	BS_CLEANUP(bs_close_fd) int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	return fd < 0 ? -1 : 0;
}

/*
 * The two files have part names, so that they would be cleared up if this died, and are made under the lock, so that
 * nobody clears them up while it lives. A directory that cannot be written gives no promise at all: not weak.
 */
bool bs_replace_is_weak(const char *dir)
{
	BS_CLEANUP(bs_close_fd) int fd = -1;
	bool is_weak = false;

	if (bs_lock_dir(dir, &fd, NULL))
		return false;
	if (!make(fd, ONE) && !make(fd, TWO))
		is_weak = bs_move_exchange(fd, ONE, TWO) && bs_move_is_unknown(errno);
	(void)unlinkat(fd, ONE, 0);
	(void)unlinkat(fd, TWO, 0);
	return is_weak;
}
