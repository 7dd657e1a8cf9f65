/*
 * cstr.h: texts without secrets on the ordinary heap: made by a format, or read from a descriptor.
 *
 * Layer: core/base.
 */
#ifndef BS_CSTR_H
#define BS_CSTR_H

#include <bus-secrets/error.h>

/* A formatted text, the caller's. BS_NO_MEMORY. */
enum bs_code bs_cstr_format(char **ret, struct bs_error *reterr, const char *fmt, ...) BS_PRINTF(3, 4) BS_MUST_CHECK;

/*
 * Reads fd to its end; the text has a NUL behind it and is the caller's. shown is how messages name it. BS_TOO_LARGE
 * over max bytes.
 */
enum bs_code bs_cstr_read_fd(int fd, size_t max, const char *shown, char **ret, size_t *ret_len,
	struct bs_error *reterr) BS_MUST_CHECK;

/* Writes all bytes with write(2). */
enum bs_code bs_cstr_write_fd(int fd, const char *text, size_t len, const char *shown, struct bs_error *reterr)
	BS_MUST_CHECK;

#endif
