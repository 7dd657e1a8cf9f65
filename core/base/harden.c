/* harden.c: the process before its first secret. */
#include <bus-secrets/harden.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
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

static bool has_caller_umask;
static mode_t caller_umask;

/* From the kernel's text: asking by umask(2) would set it for a moment, for all threads. */
static mode_t present_umask(void)
{
	char text[512];
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	const char *line;

	if (fd >= 0)
		(void)close(fd);
	text[len < 0 ? 0 : len] = '\0';
	line = strstr(text, "\nUmask:");
	return line ? (mode_t)strtoul(line + strlen("\nUmask:"), NULL, 8) & 0777 : 077;
}

mode_t bs_caller_umask(void)
{
	return has_caller_umask ? caller_umask : present_umask();
}

/* Called twice, it does not take our own umask for the caller's. */
static void set_umask(void)
{
	mode_t before = umask(077);

	if (!has_caller_umask)
		caller_umask = before;
	has_caller_umask = true;
}

enum bs_code bs_harden_process(unsigned *ret_closed, struct bs_error *reterr)
{
	const struct rlimit no_core = {0, 0};
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	enum bs_code code = fill_standard_fds(ret_closed, reterr);

	if (code)
		return code;
	set_umask();
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
