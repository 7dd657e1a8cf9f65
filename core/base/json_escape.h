/*
 * json_escape.h: bytes as a JSON string, escaping as little as RFC 8259 allows.
 *
 * Layer: core/base. The only place that knows the escapes; it writes to the caller's memory and keeps
 * nothing, so it serves for secrets, too.
 */
#ifndef BS_JSON_ESCAPE_H
#define BS_JSON_ESCAPE_H

#include <stddef.h>

/* Bytes of the string with its quotes. len is at most SIZE_MAX / 8. */
size_t bs_json_escaped_len(const char *bytes, size_t len);
/* Writes exactly that many, no NUL. The bytes must be UTF-8. */
void bs_json_escape(const char *bytes, size_t len, char *out);

#endif
