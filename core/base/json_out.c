/*
 * json_out.c: writing JSON in one line, and the two forms in which a secret stands in it.
 */
#include <bus-secrets/json_out.h>

#include "json_escape.h"
#include "text.h"
#include "utf8.h"

#include <inttypes.h>
#include <string.h>

#define REPLACEMENT "\xEF\xBF\xBD"

/* Levels have a bit each in two words; our own output nests five deep. */
#define MAX_DEPTH 64u

struct bs_json_out {
	struct bs_text text;
	uint64_t is_object; /* bit n: level n is an object */
	uint64_t has_items; /* bit n: level n needs a comma before its next item */
	unsigned depth;
	bool is_behind_key;
};

struct bs_json_out *bs_json_out_new(void)
{
	return calloc(1, sizeof(struct bs_json_out));
}

struct bs_json_out *bs_json_out_free(struct bs_json_out *out)
{
	if (out)
		bs_text_release(&out->text);
	free(out);
	return NULL;
}

static uint64_t top_bit(const struct bs_json_out *out)
{
	return out->depth > 0 ? UINT64_C(1) << (out->depth - 1) : 0;
}

/* A comma, unless this is the level's first item or the value of a key. */
static void separate(struct bs_json_out *out)
{
	if (!out->is_behind_key && (out->has_items & top_bit(out)))
		bs_text_add(&out->text, ",", 1);
	out->has_items |= top_bit(out);
	out->is_behind_key = false;
}

static void add_word(struct bs_json_out *out, const char *word)
{
	if (!out)
		return;
	separate(out);
	bs_text_add_string(&out->text, word);
}

static void open_level(struct bs_json_out *out, bool is_object)
{
	if (!out)
		return;
	if (out->depth == MAX_DEPTH) {
		out->text.has_failed = true;
		return;
	}
	add_word(out, is_object ? "{" : "[");
	out->depth++;
	out->has_items &= ~top_bit(out);
	if (is_object)
		out->is_object |= top_bit(out);
	else
		out->is_object &= ~top_bit(out);
}

void bs_json_out_object(struct bs_json_out *out)
{
	open_level(out, true);
}

void bs_json_out_array(struct bs_json_out *out)
{
	open_level(out, false);
}

void bs_json_out_end(struct bs_json_out *out)
{
	if (!out || out->depth == 0)
		return;
	bs_text_add(&out->text, out->is_object & top_bit(out) ? "}" : "]", 1);
	out->depth--;
}

static void add_quoted(struct bs_text *text, const char *bytes, size_t len)
{
	char *start = bs_text_extend(text, bs_json_escaped_len(bytes, len));

	if (start)
		bs_json_escape(bytes, len, start);
}

/* Each byte that belongs to no character becomes one U+FFFD. */
static void add_repaired(struct bs_text *text, const char *bytes, size_t len)
{
	struct bs_text repaired = {0};
	size_t pos = 0;

	while (pos < len) {
		size_t step = bs_utf8_step((const unsigned char *)bytes + pos, len - pos);

		if (step > 0)
			bs_text_add(&repaired, bytes + pos, step);
		else
			bs_text_add_string(&repaired, REPLACEMENT);
		pos += step > 0 ? step : 1;
	}
	if (repaired.has_failed)
		text->has_failed = true;
	else
		add_quoted(text, repaired.bytes, repaired.len);
	bs_text_release(&repaired);
}

static void add_string(struct bs_json_out *out, const char *string)
{
	size_t len = strlen(string);

	separate(out);
	if (bs_utf8_is_valid(string, len))
		add_quoted(&out->text, string, len);
	else
		add_repaired(&out->text, string, len);
}

void bs_json_out_key(struct bs_json_out *out, const char *key)
{
	if (!out)
		return;
	add_string(out, key);
	bs_text_add(&out->text, ":", 1);
	out->is_behind_key = true;
}

void bs_json_out_string(struct bs_json_out *out, const char *text)
{
	if (!out)
		return;
	if (text)
		add_string(out, text);
	else
		bs_json_out_null(out);
}

void bs_json_out_int(struct bs_json_out *out, int64_t number)
{
	char digits[32];

	(void)snprintf(digits, sizeof(digits), "%" PRId64, number);
	add_word(out, digits);
}

void bs_json_out_bool(struct bs_json_out *out, bool is_true)
{
	add_word(out, is_true ? "true" : "false");
}

void bs_json_out_null(struct bs_json_out *out)
{
	add_word(out, "null");
}

char *bs_json_out_take(struct bs_json_out *out)
{
	char *text = NULL;

	if (out && !out->text.has_failed)
		text = BS_TAKE(out->text.bytes);
	bs_json_out_free(out);
	return text;
}

enum bs_code bs_json_out_escape_secret(const struct bs_secret *value, struct bs_secret **ret,
	struct bs_error *reterr)
{
	const char *bytes = (const char *)bs_secret_bytes(value);
	size_t len = bs_secret_len(value);
	struct bs_secret *quoted = NULL;
	enum bs_code code;

	if (!bs_utf8_is_valid(bytes, len))
		return bs_error_set(reterr, BS_MALFORMED,
			"a value that is not UTF-8 has no form as a JSON string");
	code = bs_secret_new(bs_json_escaped_len(bytes, len), &quoted, reterr);
	if (code)
		return code;
	bs_json_escape(bytes, len, (char *)bs_secret_data(quoted));
	*ret = quoted;
	return BS_OK;
}

/* All ones if value < bound, else 0. No branch and no table: time and cache tell nothing of the secret. */
static unsigned below(unsigned value, unsigned bound)
{
	return 0u - ((value - bound) >> 31);
}

static uint8_t base64_digit(unsigned value)
{
	unsigned upper = below(value, 26);
	unsigned letter = below(value, 52);
	unsigned digit = below(value, 62);

	return (uint8_t)((upper & ('A' + value)) | (~upper & letter & ('a' - 26u + value)) |
		(~letter & digit & (value - (52u - '0'))) | (~digit & ('+' + 4 * (value & 1))));
}

/* Three bytes, or one or two and padding, to four digits. */
static void base64_group(const uint8_t *in, size_t count, uint8_t out[static 4])
{
	unsigned bits = (unsigned)in[0] << 16;

	if (count > 1)
		bits |= (unsigned)in[1] << 8;
	if (count > 2)
		bits |= in[2];
	out[0] = base64_digit(bits >> 18);
	out[1] = base64_digit(bits >> 12 & 63);
	out[2] = count > 1 ? base64_digit(bits >> 6 & 63) : '=';
	out[3] = count > 2 ? base64_digit(bits & 63) : '=';
}

enum bs_code bs_json_out_base64_secret(const struct bs_secret *value, struct bs_secret **ret,
	struct bs_error *reterr)
{
	const uint8_t *in = bs_secret_bytes(value);
	size_t len = bs_secret_len(value);
	struct bs_secret *quoted = NULL;
	enum bs_code code;
	uint8_t *out;

	code = bs_secret_new((len + 2) / 3 * 4 + 2, &quoted, reterr);
	if (code)
		return code;
	out = bs_secret_data(quoted);
	*out++ = '"';
	for (size_t pos = 0; pos < len; pos += 3) {
		base64_group(in + pos, len - pos, out);
		out += 4;
	}
	*out = '"';
	*ret = quoted;
	return BS_OK;
}
