/*
 * string.c: from a JSON string to its bytes and back, and keys compared by what they mean.
 */
#include "json.h"
#include "walk.h"

#include "../base/json_escape.h"
#include "../base/utf8.h"

#include <bus-secrets/cleanup.h>
#include <stdint.h>
#include <string.h>

/* Gives the decoded bytes of a string's inside one after the other. */
struct reader {
	const char *at;
	const char *end;
	unsigned char ready[4]; /* bytes of an escape that are still to be given */
	unsigned count;
	unsigned next;
	bool is_lone;
};

static unsigned hex_digit(char byte)
{
	if (byte >= '0' && byte <= '9')
		return (unsigned)(byte - '0');
	return ((unsigned)(byte | 0x20) - 'a' + 10) & 0xF;
}

/* The code unit of "\uXXXX" at p, or 0xFFFFFFFF if there is no such escape. */
static uint32_t unit_at(const char *p, const char *end)
{
	if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
		return UINT32_MAX;
	return hex_digit(p[2]) << 12 | hex_digit(p[3]) << 8 | hex_digit(p[4]) << 4 | hex_digit(p[5]);
}

static bool is_high(uint32_t unit)
{
	return unit >= 0xD800 && unit <= 0xDBFF;
}

static bool is_low(uint32_t unit)
{
	return unit >= 0xDC00 && unit <= 0xDFFF;
}

static unsigned put_utf8(uint32_t point, unsigned char out[static 4])
{
	if (point < 0x80) {
		out[0] = (unsigned char)point;
		return 1;
	}
	if (point < 0x800) {
		out[0] = (unsigned char)(0xC0 | point >> 6);
		out[1] = (unsigned char)(0x80 | (point & 0x3F));
		return 2;
	}
	if (point < 0x10000) {
		out[0] = (unsigned char)(0xE0 | point >> 12);
		out[1] = (unsigned char)(0x80 | (point >> 6 & 0x3F));
		out[2] = (unsigned char)(0x80 | (point & 0x3F));
		return 3;
	}
	out[0] = (unsigned char)(0xF0 | point >> 18);
	out[1] = (unsigned char)(0x80 | (point >> 12 & 0x3F));
	out[2] = (unsigned char)(0x80 | (point >> 6 & 0x3F));
	out[3] = (unsigned char)(0x80 | (point & 0x3F));
	return 4;
}

static char short_escape(char letter)
{
	switch (letter) {
	case 'b':
		return '\b';
	case 'f':
		return '\f';
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	default: /* quote, backslash, slash */
		return letter;
	}
}

static void read_unit(struct reader *reader, uint32_t unit)
{
	uint32_t second;

	reader->at += 6;
	if (is_high(unit)) {
		second = unit_at(reader->at, reader->end);
		if (is_low(second)) {
			unit = 0x10000 + ((unit - 0xD800) << 10) + (second - 0xDC00);
			reader->at += 6;
		}
	}
	if (is_high(unit) || is_low(unit))
		reader->is_lone = true;
	reader->count = put_utf8(unit, reader->ready);
	reader->next = 1;
}

/* The next byte, or -1 at the end. */
static int next_byte(struct reader *reader)
{
	uint32_t unit;

	if (reader->next < reader->count)
		return reader->ready[reader->next++];
	if (reader->at == reader->end)
		return -1;
	if (*reader->at != '\\' || reader->end - reader->at < 2)
		return (unsigned char)*reader->at++;
	unit = unit_at(reader->at, reader->end);
	if (unit != UINT32_MAX) {
		read_unit(reader, unit);
		return reader->ready[0];
	}
	reader->at += 2;
	return (unsigned char)short_escape(reader->at[-1]);
}

static struct reader key_reader(const char *text, const struct bs_json_raw_member *member)
{
	const char *inside = text + member->key_off + 1;

	return (struct reader){.at = inside, .end = inside + member->key_span - 2};
}

static bool has_escape(const struct reader *reader)
{
	return memchr(reader->at, '\\', (size_t)(reader->end - reader->at)) != NULL;
}

static int compare_bytes(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t common = a_len < b_len ? a_len : b_len;
	int order = common > 0 ? memcmp(a, b, common) : 0;

	if (order != 0)
		return order;
	return (a_len > b_len) - (a_len < b_len);
}

int bs_json_key_compare(const char *text, const struct bs_json_raw_member *member, const char *key,
	size_t key_len)
{
	struct reader reader = key_reader(text, member);

	if (!has_escape(&reader))
		return compare_bytes(reader.at, (size_t)(reader.end - reader.at), key, key_len);
	for (size_t i = 0;; i++) {
		int byte = next_byte(&reader);

		if (byte < 0)
			return i < key_len ? -1 : 0;
		if (i == key_len)
			return 1;
		if (byte != (unsigned char)key[i])
			return byte - (unsigned char)key[i];
	}
}

int bs_json_keys_compare(const char *text, const struct bs_json_raw_member *a,
	const struct bs_json_raw_member *b)
{
	struct reader left = key_reader(text, a);
	struct reader right = key_reader(text, b);

	if (!has_escape(&right))
		return bs_json_key_compare(text, a, right.at, (size_t)(right.end - right.at));
	for (;;) {
		int byte = next_byte(&left);
		int other = next_byte(&right);

		if (byte != other)
			return byte - other;
		if (byte < 0)
			return 0;
	}
}

size_t bs_json_unescape(const char *inside, size_t len, char *out, bool *ret_is_lone)
{
	struct reader reader = {.at = inside, .end = inside + len};
	size_t used = 0;

	for (;;) {
		const char *slash;
		size_t plain;
		int byte;

		if (reader.next == reader.count) {
			slash = memchr(reader.at, '\\', (size_t)(reader.end - reader.at));
			plain = (size_t)((slash ? slash : reader.end) - reader.at);
			memcpy(out + used, reader.at, plain);
			used += plain;
			reader.at += plain;
		}
		byte = next_byte(&reader);
		if (byte < 0)
			break;
		out[used++] = (char)byte;
	}
	*ret_is_lone = reader.is_lone;
	return used;
}

enum bs_code bs_json_string_decode(const char *text, struct bs_json_value string, char **ret, size_t *ret_len,
	struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) char *bytes = NULL;
	bool is_lone;
	size_t len;

	if (string.kind != BS_JSON_STRING || string.len < 2)
		return bs_error_set(reterr, BS_MALFORMED, "line %zu: a string is expected here",
			bs_json_line(text, string.off));
	bytes = malloc(string.len);
	if (!bytes)
		return bs_error_set(reterr, BS_NO_MEMORY, "no memory for a string of %zu bytes", string.len);
	len = bs_json_unescape(text + string.off + 1, string.len - 2, bytes, &is_lone);
	if (is_lone)
		return bs_error_set(reterr, BS_MALFORMED, "line %zu: a string with half of a surrogate pair",
			bs_json_line(text, string.off));
	bytes[len] = '\0';
	*ret = BS_TAKE(bytes);
	*ret_len = len;
	return BS_OK;
}

enum bs_code bs_json_string_encode(const char *bytes, size_t len, char **ret, size_t *ret_len,
	struct bs_error *reterr)
{
	size_t room;
	char *out;

	if (!bs_utf8_is_valid(bytes, len))
		return bs_error_set(reterr, BS_MALFORMED, "text for a JSON string is not valid UTF-8");
	if (len > SIZE_MAX / 8)
		return bs_error_set(reterr, BS_TOO_LARGE, "a text of %zu bytes is too large for JSON", len);
	room = bs_json_escaped_len(bytes, len);
	out = malloc(room + 1);
	if (!out)
		return bs_error_set(reterr, BS_NO_MEMORY, "no memory for a JSON string of %zu bytes", room);
	bs_json_escape(bytes, len, out);
	out[room] = '\0';
	*ret = out;
	*ret_len = room;
	return BS_OK;
}
