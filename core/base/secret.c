/* secret.c: secrets, and buffers that grow into them, in the arena. */
#include "arena.h"
#include "utf8.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

struct bs_secret {
	size_t len;
	_Alignas(16) uint8_t bytes[]; /* structures with keys (cipher contexts) are put in here, too */
};

struct bs_secret_buf {
	size_t max;
	size_t len;
	size_t room;
	uint8_t *bytes;
};

enum bs_code bs_secret_new(size_t len, struct bs_secret **ret, struct bs_error *reterr)
{
	if (len > BS_SECRET_MAX)
		return bs_error_set(reterr, BS_TOO_LARGE, "a secret of %zu bytes is over the limit of %zu", len,
			BS_SECRET_MAX);

	struct bs_secret *secret = bs_arena_alloc(sizeof(*secret) + len, reterr);

	if (!secret)
		return BS_NO_MEMORY;
	secret->len = len;
	*ret = secret;
	return BS_OK;
}

enum bs_code bs_secret_copy(const void *bytes, size_t len, struct bs_secret **ret, struct bs_error *reterr)
{
	enum bs_code code = bs_secret_new(len, ret, reterr);

	if (code == BS_OK && len)
		memcpy((*ret)->bytes, bytes, len);
	return code;
}

struct bs_secret *bs_secret_free(struct bs_secret *secret)
{
	if (secret)
		bs_arena_free(secret);
	return NULL;
}

size_t bs_secret_len(const struct bs_secret *secret)
{
	return secret->len;
}

const uint8_t *bs_secret_bytes(const struct bs_secret *secret)
{
	return secret->bytes;
}

uint8_t *bs_secret_data(struct bs_secret *secret)
{
	return secret->bytes;
}

void bs_secret_shorten(struct bs_secret *secret, size_t len)
{
	if (len >= secret->len)
		return;
	sodium_memzero(secret->bytes + len, secret->len - len);
	secret->len = len;
}

bool bs_secret_equal(const struct bs_secret *a, const struct bs_secret *b)
{
	return a->len == b->len && sodium_memcmp(a->bytes, b->bytes, a->len) == 0;
}

bool bs_secret_is_text(const struct bs_secret *secret)
{
	size_t i = 0;

	while (i < secret->len) {
		size_t n = secret->bytes[i] ? bs_utf8_step(secret->bytes + i, secret->len - i) : 0;

		if (n == 0)
			return false;
		i += n;
	}
	return true;
}

enum bs_code bs_secret_read_fd(int fd, size_t max, struct bs_secret **ret, struct bs_error *reterr)
{
	BS_CLEANUP(bs_secret_buf_free_ptr) struct bs_secret_buf *buf = NULL;
	enum bs_code code = bs_secret_buf_new(max, &buf, reterr);
	size_t step = 4096;

	while (code == BS_OK) {
		size_t len = buf->len;
		size_t want = step < max - len ? step : max - len;

		if (want == 0) {
			/* Full: one byte more is one too many, and the kernel keeps it from landing anywhere else. */
			uint8_t *probe = bs_arena_alloc(1, reterr);

			if (!probe)
				return BS_NO_MEMORY;
			ssize_t got = read(fd, probe, 1);
			int err = errno;

			bs_arena_free(probe);
			if (got == 0)
				break;
			if (got < 0 && err == EINTR)
				continue;
			if (got < 0)
				return bs_error_sys(reterr, err, "cannot read");
			return bs_error_set(reterr, BS_TOO_LARGE, "more than %zu bytes", max);
		}
		code = bs_secret_buf_resize(buf, len + want, reterr);
		if (code)
			break;
		ssize_t got = read(fd, buf->bytes + len, want);

		if (got < 0 && errno != EINTR)
			return bs_error_sys(reterr, errno, "cannot read");
		code = bs_secret_buf_resize(buf, len + (got > 0 ? (size_t)got : 0), reterr);
		if (got == 0)
			break;
		if (step < 256 * 1024)
			step *= 2;
	}
	return code ? code : bs_secret_buf_copy(buf, ret, reterr);
}

enum bs_code bs_secret_write_fd(int fd, const struct bs_secret *secret, struct bs_error *reterr)
{
	size_t done = 0;

	while (done < secret->len) {
		ssize_t n = write(fd, secret->bytes + done, secret->len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return bs_error_sys(reterr, errno, "cannot write");
		done += (size_t)n;
	}
	return BS_OK;
}

enum bs_code bs_secret_buf_new(size_t max, struct bs_secret_buf **ret, struct bs_error *reterr)
{
	struct bs_secret_buf *buf;

	if (max > BS_SECRET_MAX)
		return bs_error_set(reterr, BS_TOO_LARGE, "a limit of %zu bytes is over %zu", max, BS_SECRET_MAX);
	buf = bs_arena_alloc(sizeof(*buf), reterr);
	if (!buf)
		return BS_NO_MEMORY;
	buf->max = max;
	*ret = buf;
	return BS_OK;
}

struct bs_secret_buf *bs_secret_buf_free(struct bs_secret_buf *buf)
{
	if (!buf)
		return NULL;
	if (buf->bytes)
		bs_arena_free(buf->bytes);
	bs_arena_free(buf);
	return NULL;
}

size_t bs_secret_buf_len(const struct bs_secret_buf *buf)
{
	return buf->len;
}

const uint8_t *bs_secret_buf_bytes(const struct bs_secret_buf *buf)
{
	static const uint8_t nothing[1];

	return buf->bytes ? buf->bytes : nothing;
}

static enum bs_code ensure_room(struct bs_secret_buf *buf, size_t room, struct bs_error *reterr)
{
	size_t want = buf->room ? buf->room : 256;

	if (room <= buf->room)
		return BS_OK;
	while (want < room)
		want *= 2;

	uint8_t *bytes = bs_arena_alloc(want, reterr);

	if (!bytes)
		return BS_NO_MEMORY;
	if (buf->bytes) {
		memcpy(bytes, buf->bytes, buf->len);
		bs_arena_free(buf->bytes);
	}
	buf->bytes = bytes;
	buf->room = want;
	return BS_OK;
}

enum bs_code bs_secret_buf_resize(struct bs_secret_buf *buf, size_t len, struct bs_error *reterr)
{
	enum bs_code code;

	if (len > buf->max)
		return bs_error_set(reterr, BS_TOO_LARGE, "more than %zu bytes", buf->max);
	code = ensure_room(buf, len, reterr);
	if (code)
		return code;
	/* What lies behind len is always zero, so growing needs no work. */
	if (len < buf->len)
		sodium_memzero(buf->bytes + len, buf->len - len);
	buf->len = len;
	return BS_OK;
}

enum bs_code bs_secret_buf_write(struct bs_secret_buf *buf, size_t off, const void *bytes, size_t len,
	struct bs_error *reterr)
{
	if (off > buf->max || len > buf->max - off)
		return bs_error_set(reterr, BS_TOO_LARGE, "more than %zu bytes", buf->max);
	if (off + len > buf->len) {
		enum bs_code code = bs_secret_buf_resize(buf, off + len, reterr);

		if (code)
			return code;
	}
	if (len)
		memcpy(buf->bytes + off, bytes, len);
	return BS_OK;
}

enum bs_code bs_secret_buf_copy(const struct bs_secret_buf *buf, struct bs_secret **ret, struct bs_error *reterr)
{
	return bs_secret_copy(bs_secret_buf_bytes(buf), buf->len, ret, reterr);
}
