/* The lock of all writers: flock on the directory itself, so that no lock file is ever seen by git. */
#include "replace_private.h"

#include "fault.h"

#include <bus-secrets/cleanup.h>
#include <fcntl.h>
#include <sys/file.h>
#include <time.h>

#define LOCK_WAIT_MS 10000

int64_t bs_clock_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void bs_pause_us(long us)
{
	struct timespec pause = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};

	(void)nanosleep(&pause, NULL);
}

/*
 * Asks again and again rather than sleep in flock(2): a bounded sleep there needs a timer signal, which a library may
 * not take. The pauses grow to a few ms and differ between processes, so that waiters do not march in step.
 */
enum bs_code bs_lock_fd(int fd, const char *shown, struct bs_error *reterr)
{
	int64_t deadline = bs_clock_ms() + LOCK_WAIT_MS;
	long pause_us = 100 + getpid() % 97;

	for (;;) {
		if (!BS_IO(flock(fd, LOCK_EX | LOCK_NB)))
			return BS_OK;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return bs_error_sys(reterr, errno, "cannot lock the directory of %s", shown);
		if (bs_clock_ms() >= deadline)
			return bs_error_set(reterr, BS_BUSY,
				"another program holds the lock on the directory of %s since 10 s: try again", shown);
		bs_pause_us(pause_us);
		pause_us = pause_us < 3000 ? pause_us * 3 / 2 : 2000 + (pause_us * 7 + 13) % 2000;
	}
}

enum bs_code bs_lock_dir(const char *dir, int *ret_fd, struct bs_error *reterr)
{
	BS_CLEANUP(bs_close_fd) int fd = BS_IO(open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	enum bs_code code;

	if (fd < 0)
		return bs_error_sys(reterr, errno, "cannot open the directory %s", dir);
	code = bs_lock_fd(fd, dir, reterr);
	if (code)
		return code;
	*ret_fd = BS_TAKE_FD(fd);
	return BS_OK;
}
