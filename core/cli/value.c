/*
 * value.c: a value on its way out: as bytes, as JSON, or as a terminal may see it.
 *
 * The value stays in locked memory in every form.
 */
#include "cli.h"

#include <string.h>

/* The length of the valid UTF-8 character (RFC 3629) at p, or 0; *ret is its code point. */
static size_t decode(const uint8_t *p, size_t left, uint32_t *ret)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t len = p[0] < 0x80   ? 1
		     : p[0] < 0xc2 ? 0
		     : p[0] < 0xe0 ? 2
		     : p[0] < 0xf0 ? 3
		     : p[0] < 0xf5 ? 4
				   : 0;
	uint32_t c = len == 1 ? p[0] : len ? p[0] & (0xffu >> (len + 1)) : 0;

	if (!len || len > left)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3fu);
	}
	if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*ret = c;
	return len;
}

static bool is_utf8(const struct bs_secret *value)
{
	const uint8_t *bytes = bs_secret_bytes(value);
	size_t len = bs_secret_len(value);
	uint32_t c;

	for (size_t at = 0, step; at < len; at += step) {
		step = decode(bytes + at, len - at, &c);
		if (!step)
			return false;
	}
	return true;
}

/* Control characters, and those that turn the direction of what follows. Newline and tab do no harm. */
static bool is_shown_as_it_is(uint32_t c)
{
	if (c == '\n' || c == '\t')
		return true;
	if (c < 0x20 || (c >= 0x7f && c <= 0x9f))
		return false;
	return !((c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069));
}

/* Appends the bytes at from, as they are or as \xNN. */
static size_t put(uint8_t *out, const uint8_t *from, size_t count, bool as_it_is)
{
	static const char hex[] = "0123456789abcdef";

	if (as_it_is) {
		memcpy(out, from, count);
		return count;
	}
	for (size_t i = 0; i < count; i++) {
		*out++ = '\\';
		*out++ = 'x';
		*out++ = (uint8_t)hex[from[i] >> 4];
		*out++ = (uint8_t)hex[from[i] & 15];
	}
	return 4 * count;
}

static enum bs_code for_terminal(
	const struct bs_secret *value, struct bs_secret **ret, struct bs_error *reterr)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *shown = NULL;
	const uint8_t *bytes = bs_secret_bytes(value);
	size_t len = bs_secret_len(value), used = 0;
	enum bs_code code;

	if (len > BS_SECRET_MAX / 4 - 1)
		return bs_error_set(
			reterr, BS_TOO_LARGE, "value too large for a terminal: use -o FILE or --raw");
	code = bs_secret_new(4 * len + 1, &shown, reterr);
	if (code != BS_OK)
		return code;
	for (size_t at = 0, step; at < len; at += step) {
		uint32_t c = 0;

		step = decode(bytes + at, len - at, &c);
		used += put(bs_secret_data(shown) + used, bytes + at, step ? step : 1,
			step && is_shown_as_it_is(c));
		step = step ? step : 1;
	}
	if (!len || bytes[len - 1] != '\n')
		bs_secret_data(shown)[used++] = '\n';
	bs_secret_shorten(shown, used);
	*ret = BS_TAKE(shown);
	return BS_OK;
}

static enum bs_code put_json(struct bs_cli *cli, const struct bs_secret *value, const char *name,
	const char *scope, struct bs_error *reterr)
{
	bool is_text = is_utf8(value);
	struct bs_secret *quoted = NULL;
	enum bs_code code = is_text ? bs_json_out_escape_secret(value, &quoted, reterr)
				    : bs_json_out_base64_secret(value, &quoted, reterr);

	if (code != BS_OK)
		return code;
	/* Names and scopes need no escapes: their alphabet is [a-z0-9._-]. */
	bs_out_text(cli, "{");
	if (name)
		bs_out_text(cli, "\"name\":\"%s\",\"scope\":\"%s\",", name, scope);
	bs_out_text(cli, is_text ? "\"value\":" : "\"value_base64\":");
	bs_out_secret(cli, quoted);
	bs_out_text(cli, "}\n");
	return BS_OK;
}

enum bs_code bs_out_value(struct bs_cli *cli, struct bs_secret **value, const char *name, const char *scope,
	bool is_raw, struct bs_error *reterr)
{
	struct bs_secret *shown = NULL;
	enum bs_code code;

	if (cli->is_quiet)
		return BS_OK;
	if (cli->format == BS_FORMAT_JSON)
		return put_json(cli, *value, name, scope, reterr);
	if (is_raw || !bs_out_is_terminal(cli)) {
		bs_out_secret(cli, BS_TAKE(*value));
		return BS_OK;
	}
	code = for_terminal(*value, &shown, reterr);
	if (code == BS_OK)
		bs_out_secret(cli, shown);
	return code;
}

void bs_json_strings(struct bs_json_out *json, const char *key, const struct bs_strings *list)
{
	if (key)
		bs_json_out_key(json, key);
	bs_json_out_array(json);
	for (size_t i = 0; i < list->count; i++)
		bs_json_out_string(json, list->items[i]);
	bs_json_out_end(json);
}
