/* key_file.c: a key file's bytes, straight into locked memory. */
#include "sources.h"

#include <bus-secrets/log.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#define KEY_FILE_MAX ((size_t)16 * 1024 * 1024)
#define PIPE_WAIT_MS 30000

static void warn_if_wide(struct bs_source *source, const struct stat *st)
{
	if (!S_ISREG(st->st_mode) || !(st->st_mode & 077) || source->was_warned)
		return;
	source->was_warned = true;
	bs_notice(BS_NOTICE_WARN, "key file %s can be read by others (mode %04o): chmod 600 it", source->where,
		(unsigned)st->st_mode & 07777);
}

/* A pipe (`SOPS_AGE_KEY_FILE=<(command)`) is waited for, but not for ever. */
static enum bs_code await_pipe(int fd, const char *where, struct bs_error *reterr)
{
	struct pollfd wait = {.fd = fd, .events = POLLIN};

	if (fcntl(fd, F_SETFL, O_RDONLY) < 0)
		return bs_error_sys(reterr, errno, "key file %s", where);
	if (poll(&wait, 1, PIPE_WAIT_MS) <= 0)
		return bs_error_set(reterr, BS_IO, "key file %s: nothing comes out of this pipe", where);
	return BS_OK;
}

enum bs_code bs_key_file_read(struct bs_source *source, struct bs_secret **ret, struct bs_error *reterr)
{
	const char *where = source->where;
	BS_CLEANUP(bs_close_fd) int fd = open(where, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	enum bs_code code;

	if (fd < 0 || fstat(fd, &st) < 0)
		return bs_error_sys(reterr, errno, "key file %s", where);
	if (!S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode))
		return bs_error_set(reterr, BS_MALFORMED, "key file %s is not a file", where);
	if (st.st_size > (off_t)KEY_FILE_MAX)
		return bs_error_set(reterr, BS_TOO_LARGE, "key file %s is too large", where);
	warn_if_wide(source, &st);
	code = S_ISFIFO(st.st_mode) ? await_pipe(fd, where, reterr) : BS_OK;
	return code ? code : bs_secret_read_fd(fd, KEY_FILE_MAX, ret, reterr);
}
