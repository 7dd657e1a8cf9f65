/* cstr.c: texts on the ordinary heap. */
#include "cstr.h"

#include <bus-secrets/cleanup.h>
#include <stdint.h>

enum bs_code bs_cstr_format(char **ret, struct bs_error *reterr, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	int n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		return bs_error_set(reterr, BS_NO_MEMORY, "out of memory for a text");
	*ret = text;
	return BS_OK;
}

enum bs_code bs_cstr_read_fd(int fd, size_t max, const char *shown, char **ret, size_t *ret_len,
	struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) char *text = NULL;
	size_t len = 0;
	size_t room = 0;

	if (max > SIZE_MAX / 4)
		max = SIZE_MAX / 4;
	for (;;) {
		if (room - len < 2) {
			size_t more = room ? room * 2 : 4096;
			char *grown = realloc(text, more);

			if (!grown)
				return bs_error_set(reterr, BS_NO_MEMORY, "out of memory for %s", shown);
			text = grown;
			room = more;
		}
		ssize_t n = read(fd, text + len, room - len - 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return bs_error_sys(reterr, errno, "cannot read %s", shown);
		if (n == 0)
			break;
		len += (size_t)n;
		if (len > max)
			return bs_error_set(reterr, BS_TOO_LARGE, "%s is larger than %zu bytes", shown, max);
	}
	text[len] = '\0';
	*ret = BS_TAKE(text);
	*ret_len = len;
	return BS_OK;
}

enum bs_code bs_cstr_write_fd(int fd, const char *text, size_t len, const char *shown, struct bs_error *reterr)
{
	while (len) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return bs_error_sys(reterr, errno, "cannot write %s", shown);
		text += n;
		len -= (size_t)n;
	}
	return BS_OK;
}
