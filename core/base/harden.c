/* harden.c: the process before its first secret. */
#include <bus-secrets/harden.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file opened later must never get number 0, 1 or 2: what is written to "standard error" would land in it. */
static enum bs_code fill_standard_fds(unsigned *ret_closed, struct bs_error *reterr)
{
	unsigned closed = 0;

	for (int fd = 0; fd <= 2; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		closed |= 1u << fd;
		int got = open("/dev/null", fd == 0 ? O_RDONLY : O_WRONLY);

		if (got != fd)
			return bs_error_sys(reterr, errno, "cannot open /dev/null as descriptor %d", fd);
	}
	if (ret_closed)
		*ret_closed = closed;
	return BS_OK;
}

enum bs_code bs_harden_process(unsigned *ret_closed, struct bs_error *reterr)
{
	const struct rlimit no_core = {0, 0};
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	enum bs_code code = fill_standard_fds(ret_closed, reterr);

	if (code)
		return code;
	(void)umask(077);
	if (setrlimit(RLIMIT_CORE, &no_core))
		return bs_error_sys(reterr, errno, "cannot switch core dumps off");
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		return bs_error_sys(reterr, errno, "cannot make the process undumpable");
	if (sigaction(SIGPIPE, &ignore, NULL))
		return bs_error_sys(reterr, errno, "cannot ignore SIGPIPE");
	if (sodium_init() < 0)
		return bs_error_set(reterr, BS_INTERNAL, "libsodium cannot be initialised");
	return BS_OK;
}
