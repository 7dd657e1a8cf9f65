/* Reading a stored file whole, with patience for programs that rewrite it in place. */
#include "replace_private.h"

#include "fault.h"

#include <bus-secrets/cleanup.h>
#include <fcntl.h>
#include <string.h>

#define PATIENCE_MS 300
#define PATIENCE_STEP_US 5000

void bs_content_release(struct bs_content *text)
{
	bs_close_fd(&text->fd);
	free(text->bytes);
	*text = (struct bs_content){.fd = -1};
}

static bool is_same_stat(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_mode == b->st_mode &&
		a->st_nlink == b->st_nlink && a->st_uid == b->st_uid && a->st_gid == b->st_gid &&
		a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
		a->st_mtim.tv_nsec == b->st_mtim.tv_nsec && a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
		a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

bool bs_content_is_current(const struct bs_content *text, int dir, const char *name)
{
	struct stat now;

	if (BS_IO(fstatat(dir, name, &now, AT_SYMLINK_NOFOLLOW)))
		return !text->exists && errno == ENOENT;
	return text->exists && is_same_stat(&text->st, &now);
}

/* Reads to the end of file, which may by now lie elsewhere than st_size says. */
static int read_all(int fd, size_t limit, struct bs_content *text)
{
	size_t room = (size_t)text->st.st_size + 1;
	ssize_t got;

	text->bytes = malloc(room);
	for (text->len = 0; text->bytes;) {
		got = BS_IO(pread(fd, text->bytes + text->len, room - text->len, (off_t)text->len));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		text->len += (size_t)got;
		if (text->len > limit) {
			errno = EFBIG;
			return -1;
		}
		if (got == 0) {
			text->bytes[text->len] = '\0';
			return 0;
		}
		if (text->len == room) {
			char *more = realloc(text->bytes, room * 2);

			if (!more)
				break;
			text->bytes = more;
			room *= 2;
		}
	}
	errno = ENOMEM;
	return -1;
}

int bs_content_read_once(int dir, const char *name, size_t limit, struct bs_content *ret)
{
	BS_CLEANUP(bs_content_release) struct bs_content text = {.fd = -1};

	/* O_NONBLOCK: the open of a FIFO that somebody put there must not hang. */
	text.fd = BS_IO(openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
	if (text.fd < 0 || BS_IO(fstat(text.fd, &text.st)))
		return -1;
	if (!S_ISREG(text.st.st_mode)) {
		errno = ELOOP;
		return -1;
	}
	if (text.st.st_size < 0 || (size_t)text.st.st_size > limit) {
		errno = EFBIG;
		return -1;
	}
	if (read_all(text.fd, limit, &text))
		return -1;
	text.exists = true;
	*ret = text;
	text = (struct bs_content){.fd = -1};
	return 0;
}

bool bs_content_is_in(int fd, const char *bytes, size_t len)
{
	char chunk[16384];
	size_t at = 0;

	for (;;) {
		ssize_t got = BS_IO(pread(fd, chunk, sizeof(chunk), (off_t)at));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got == 0 && at == len;
		if ((size_t)got > len - at || memcmp(chunk, bytes + at, (size_t)got) != 0)
			return false;
		at += (size_t)got;
	}
}

static enum bs_code read_failed(const struct bs_replace *replace, struct bs_error *reterr)
{
	if (errno == EFBIG)
		return bs_error_set(reterr, BS_TOO_LARGE, "%s is larger than the limit of %zu bytes", replace->shown,
			replace->limit);
	if (errno == ELOOP || errno == ENXIO)
		return bs_error_set(reterr, BS_POLICY, "%s is not a regular file", replace->shown);
	return bs_error_sys(reterr, errno, "cannot read %s", replace->shown);
}

static bool is_whole(const struct bs_replace *replace, const struct bs_content *text)
{
	struct stat now;

	/* Written while we read: what we have may be half of one text and half of another. */
	if (BS_IO(fstat(text->fd, &now)) || now.st_size != text->st.st_size ||
		now.st_mtim.tv_sec != text->st.st_mtim.tv_sec || now.st_mtim.tv_nsec != text->st.st_mtim.tv_nsec ||
		(size_t)now.st_size != text->len)
		return false;
	return text->len > 0 && (!replace->is_whole || replace->is_whole(replace->ctx, text->bytes, text->len));
}

/*
 * A program that rewrites a file in place leaves it empty, then half, for a moment: it is looked at again for up to
 * 300 ms. What is still not whole then is the answer, and the caller's to judge.
 */
enum bs_code bs_content_read(const struct bs_replace *replace, const struct bs_place *place, struct bs_content *ret,
	struct bs_error *reterr)
{
	int64_t deadline = bs_clock_ms() + PATIENCE_MS;

	for (;;) {
		BS_CLEANUP(bs_content_release) struct bs_content text = {.fd = -1};
		bool is_last = bs_clock_ms() >= deadline;

		if (bs_content_read_once(place->dir, place->name, replace->limit, &text)) {
			if (errno != ENOENT)
				return read_failed(replace, reterr);
			*ret = (struct bs_content){.fd = -1};
			return BS_OK;
		}
		if (is_last || is_whole(replace, &text)) {
			*ret = text;
			text = (struct bs_content){.fd = -1};
			return BS_OK;
		}
		bs_pause_us(PATIENCE_STEP_US);
	}
}
