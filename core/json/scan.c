/*
 * scan.c: is this text JSON, by the letter of RFC 8259?
 *
 * One pass, no recursion: of the levels that are open only one bit each is kept (object or array), so a
 * hostile text of nothing but brackets costs an eighth of its size. The files hold thousands of long strings,
 * so the inside of a string is read eight bytes at a time.
 */
#include "json.h"
#include "walk.h"

#include "../base/utf8.h"

#include <bus-secrets/cleanup.h>
#include <inttypes.h>
#include <string.h>

#define WORD_BITS ((size_t)64)
#define FIRST_WORDS ((size_t)16)

struct nesting {
	uint64_t first[FIRST_WORDS];
	uint64_t *heap; /* instead of first, once that is too small */
	size_t words;
	size_t depth;
};

struct scan {
	const unsigned char *text;
	size_t pos;
	size_t len;
	struct nesting nesting;
	const char *problem; /* what is wrong at pos */
};

static void nesting_release(struct scan *scan)
{
	free(scan->nesting.heap);
}

static uint64_t *nesting_bits(struct nesting *nesting)
{
	return nesting->heap ? nesting->heap : nesting->first;
}

static bool nesting_grow(struct nesting *nesting)
{
	size_t words = nesting->words * 2;
	uint64_t *heap = reallocarray(nesting->heap, words, sizeof(*heap));

	if (!heap)
		return false;
	if (!nesting->heap)
		memcpy(heap, nesting->first, sizeof(nesting->first));
	nesting->heap = heap;
	nesting->words = words;
	return true;
}

static bool nesting_push(struct nesting *nesting, bool is_object)
{
	size_t word = nesting->depth / WORD_BITS;
	uint64_t bit = UINT64_C(1) << (nesting->depth % WORD_BITS);

	if (word == nesting->words && !nesting_grow(nesting))
		return false;
	if (is_object)
		nesting_bits(nesting)[word] |= bit;
	else
		nesting_bits(nesting)[word] &= ~bit;
	nesting->depth++;
	return true;
}

static bool nesting_in_object(struct nesting *nesting)
{
	size_t top = nesting->depth - 1;

	return (nesting_bits(nesting)[top / WORD_BITS] >> (top % WORD_BITS)) & 1;
}

static bool fail(struct scan *scan, const char *problem)
{
	scan->problem = problem;
	return false;
}

/* The byte at pos, or -1 at the end: no byte of the grammar. */
static int peek(const struct scan *scan)
{
	return scan->pos < scan->len ? scan->text[scan->pos] : -1;
}

static void skip_space(struct scan *scan)
{
	scan->pos = bs_json_skip_space((const char *)scan->text, scan->pos, scan->len);
}

static bool is_digit(int byte)
{
	return byte >= '0' && byte <= '9';
}

/* True for a byte that stands for itself in a string and needs no look at its neighbours. */
static bool is_plain(unsigned char byte)
{
	return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

#define EVERY_BYTE(byte) (UINT64_C(0x0101010101010101) * (byte))

/*
 * Not zero if one of the eight bytes is not plain. Subtracting borrows only out of a byte that is itself
 * below its bound, so the answer for the word as a whole is exact.
 */
static uint64_t not_plain(uint64_t word)
{
	uint64_t quote = word ^ EVERY_BYTE('"');
	uint64_t slash = word ^ EVERY_BYTE('\\');
	uint64_t control = (word - EVERY_BYTE(0x20)) & ~word;

	quote = (quote - EVERY_BYTE(1)) & ~quote;
	slash = (slash - EVERY_BYTE(1)) & ~slash;
	return (word | control | quote | slash) & EVERY_BYTE(0x80);
}

static size_t skip_plain(const unsigned char *text, size_t pos, size_t len)
{
	uint64_t word;

	while (len - pos >= sizeof(word)) {
		memcpy(&word, text + pos, sizeof(word));
		if (not_plain(word))
			break;
		pos += sizeof(word);
	}
	while (pos < len && is_plain(text[pos]))
		pos++;
	return pos;
}

static bool is_hex(unsigned char byte)
{
	return is_digit(byte) || (byte >= 'a' && byte <= 'f') || (byte >= 'A' && byte <= 'F');
}

/* pos is at the backslash. Lone surrogates are within the grammar; who decodes such a string refuses it. */
static bool scan_escape(struct scan *scan)
{
	const unsigned char *at = scan->text + scan->pos;
	size_t left = scan->len - scan->pos;

	if (left < 2)
		return fail(scan, "the text ends inside a string");
	if (memchr("\"\\/bfnrt", at[1], 8)) {
		scan->pos += 2;
		return true;
	}
	if (at[1] != 'u' || left < 6 || !is_hex(at[2]) || !is_hex(at[3]) || !is_hex(at[4]) || !is_hex(at[5]))
		return fail(scan, "an escape that JSON does not know");
	scan->pos += 6;
	return true;
}

/* pos is at the opening quote. */
static bool scan_string(struct scan *scan)
{
	size_t step;

	scan->pos++;
	for (;;) {
		scan->pos = skip_plain(scan->text, scan->pos, scan->len);
		if (scan->pos == scan->len)
			return fail(scan, "the text ends inside a string");
		switch (scan->text[scan->pos]) {
		case '"':
			scan->pos++;
			return true;
		case '\\':
			if (!scan_escape(scan))
				return false;
			break;
		default:
			if (scan->text[scan->pos] < 0x20)
				return fail(scan, "a control character inside a string");
			step = bs_utf8_step(scan->text + scan->pos, scan->len - scan->pos);
			if (step == 0)
				return fail(scan, "not valid UTF-8");
			scan->pos += step;
		}
	}
}

static bool scan_digits(struct scan *scan)
{
	if (!is_digit(peek(scan)))
		return fail(scan, "a number without a digit where one belongs");
	while (is_digit(peek(scan)))
		scan->pos++;
	return true;
}

static bool scan_number(struct scan *scan)
{
	if (peek(scan) == '-')
		scan->pos++;
	if (peek(scan) == '0')
		scan->pos++;
	else if (!scan_digits(scan))
		return false;
	if (peek(scan) == '.') {
		scan->pos++;
		if (!scan_digits(scan))
			return false;
	}
	if (peek(scan) == 'e' || peek(scan) == 'E') {
		scan->pos++;
		if (peek(scan) == '+' || peek(scan) == '-')
			scan->pos++;
		if (!scan_digits(scan))
			return false;
	}
	return true;
}

static bool scan_word(struct scan *scan, const char *word)
{
	size_t len = strlen(word);

	if (scan->len - scan->pos < len || memcmp(scan->text + scan->pos, word, len) != 0)
		return fail(scan, "a value is expected here");
	scan->pos += len;
	return true;
}

static bool scan_scalar(struct scan *scan)
{
	switch (peek(scan)) {
	case '"':
		return scan_string(scan);
	case 't':
		return scan_word(scan, "true");
	case 'f':
		return scan_word(scan, "false");
	case 'n':
		return scan_word(scan, "null");
	case -1:
		return fail(scan, "the text ends where a value is expected");
	default:
		if (peek(scan) == '-' || is_digit(peek(scan)))
			return scan_number(scan);
		return fail(scan, "a value is expected here");
	}
}

/* A key, its colon, and the blanks up to its value. */
static bool scan_key(struct scan *scan)
{
	skip_space(scan);
	if (peek(scan) != '"')
		return fail(scan, "a key in quotes is expected here");
	if (!scan_string(scan))
		return false;
	skip_space(scan);
	if (peek(scan) != ':')
		return fail(scan, "a colon is expected after the key");
	scan->pos++;
	skip_space(scan);
	return true;
}

/* Opens an object or array; *ret_is_whole if it is closed at once. */
static bool scan_open(struct scan *scan, bool *ret_is_whole)
{
	bool is_object = peek(scan) == '{';

	scan->pos++;
	skip_space(scan);
	*ret_is_whole = peek(scan) == (is_object ? '}' : ']');
	if (*ret_is_whole) {
		scan->pos++;
		return true;
	}
	if (!nesting_push(&scan->nesting, is_object))
		return fail(scan, NULL);
	return is_object ? scan_key(scan) : true;
}

/* Behind a value: closes what ends here, until a comma leads to the next value or nothing is open. */
static bool scan_behind(struct scan *scan)
{
	while (scan->nesting.depth > 0) {
		bool in_object = nesting_in_object(&scan->nesting);

		skip_space(scan);
		if (peek(scan) == ',') {
			scan->pos++;
			if (in_object)
				return scan_key(scan);
			skip_space(scan);
			return true;
		}
		if (peek(scan) != (in_object ? '}' : ']'))
			return fail(scan, in_object ? "a comma or the object's end is expected here"
						    : "a comma or the array's end is expected here");
		scan->pos++;
		scan->nesting.depth--;
	}
	return true;
}

static bool scan_value(struct scan *scan)
{
	do {
		bool is_whole = true;
		bool is_good;

		if (peek(scan) == '{' || peek(scan) == '[')
			is_good = scan_open(scan, &is_whole);
		else
			is_good = scan_scalar(scan);
		if (!is_good || (is_whole && !scan_behind(scan)))
			return false;
	} while (scan->nesting.depth > 0);
	return true;
}

/* "<<<<<<< ours", "||||||| base", "=======" and ">>>>>>> theirs", as git writes them. */
static bool is_merge_marker(const char *line, size_t left)
{
	if (left < 7 || !strchr("<|=>", line[0]) || line[0] == '\0')
		return false;
	for (size_t i = 1; i < 7; i++) {
		if (line[i] != line[0])
			return false;
	}
	return left == 7 || line[7] == ' ' || line[7] == '\n' || line[7] == '\r';
}

/* No line of valid JSON can begin with a marker, for a string holds no raw newline. */
static size_t find_merge_marker(const char *text, size_t len)
{
	size_t pos = 0;

	for (size_t line = 1;; line++) {
		const char *newline;

		if (is_merge_marker(text + pos, len - pos))
			return line;
		newline = memchr(text + pos, '\n', len - pos);
		if (!newline)
			return 0;
		pos = (size_t)(newline - text) + 1;
	}
}

static enum bs_code report(const struct scan *scan, struct bs_error *reterr)
{
	const char *text = (const char *)scan->text;
	size_t merge;

	if (!scan->problem)
		return bs_error_set(reterr, BS_NO_MEMORY, "no memory to read JSON of %zu levels",
			scan->nesting.depth);
	merge = scan->len > 0 ? find_merge_marker(text, scan->len) : 0;
	if (merge > 0)
		return bs_error_set(reterr, BS_MALFORMED, "unresolved merge, line %zu", merge);
	return bs_error_set(reterr, BS_MALFORMED, "line %zu: %s", bs_json_line(text, scan->pos),
		scan->problem);
}

enum bs_code bs_json_check(const char *text, size_t len, struct bs_json_value *ret_root,
	struct bs_error *reterr)
{
	BS_CLEANUP(nesting_release) struct scan scan = {
		.text = (const unsigned char *)text,
		.len = len,
		.nesting = {.words = FIRST_WORDS},
	};
	size_t start;

	if (len >= BS_JSON_BOM_LEN && memcmp(text, BS_JSON_BOM, BS_JSON_BOM_LEN) == 0)
		scan.pos = BS_JSON_BOM_LEN;
	skip_space(&scan);
	start = scan.pos;
	if (!scan_value(&scan))
		return report(&scan, reterr);
	skip_space(&scan);
	if (scan.pos != len) {
		scan.problem = "something follows the end of the document";
		return report(&scan, reterr);
	}
	*ret_root = bs_json_value_at(text, start, len);
	return BS_OK;
}
