/*
 * json_out.h: a writer of JSON without secrets, for status lines and `--format json`.
 *
 * Layer: include; implemented in core/base. Text is collected on the ordinary heap: plaintext does not belong in
 * here (`get -f json` writes its value from locked memory itself, with bs_json_out_escape_secret()).
 *
 * Errors are sticky: the calls return nothing, and bs_json_out_take() gives NULL if memory ran out.
 */
#ifndef BUS_SECRETS_JSON_OUT_H
#define BUS_SECRETS_JSON_OUT_H

#include <bus-secrets/secret.h>

struct bs_json_out;

#pragma GCC visibility push(default)

struct bs_json_out *bs_json_out_new(void); /* NULL without memory; all calls accept NULL */
struct bs_json_out *bs_json_out_free(struct bs_json_out *out);
void bs_json_out_object(struct bs_json_out *out); /* '{', closed by bs_json_out_end() */
void bs_json_out_array(struct bs_json_out *out);
void bs_json_out_end(struct bs_json_out *out);
void bs_json_out_key(struct bs_json_out *out, const char *key);
/* Bytes that are not valid UTF-8 become U+FFFD. NULL is written as null. */
void bs_json_out_string(struct bs_json_out *out, const char *text);
void bs_json_out_int(struct bs_json_out *out, int64_t number);
void bs_json_out_bool(struct bs_json_out *out, bool is_true);
void bs_json_out_null(struct bs_json_out *out);
/* The text, one line without a newline, on the heap and the caller's; frees out. */
char *bs_json_out_take(struct bs_json_out *out);

/* A value as a JSON string with its quotes, in locked memory. The value must be UTF-8. */
enum bs_code bs_json_out_escape_secret(const struct bs_secret *value, struct bs_secret **ret, struct bs_error *reterr)
	BS_MUST_CHECK;
/* RFC 4648 base64 with padding and quotes, in locked memory. */
enum bs_code bs_json_out_base64_secret(const struct bs_secret *value, struct bs_secret **ret, struct bs_error *reterr)
	BS_MUST_CHECK;

#pragma GCC visibility pop

#endif
