/*
 * re2.c: from RE2's syntax to PCRE2's.
 *
 * The expression is read as Go's regexp/syntax reads it, and written anew in the small part of PCRE2's syntax where
 * both agree: every literal as \x{..}, every group without capturing, assertions in groups of their own so that they
 * can be repeated. What is not understood here is refused, so nothing that only PCRE2 knows gets through.
 */
#include "re2.h"

#include "../base/text.h"
#include "../base/utf8.h"
#include <bus-secrets/cleanup.h>
#include <stdint.h>
#include <string.h>

#define DEPTH_MAX 100
#define REPEAT_MAX 1000 /* of one repeat, and of nested ones multiplied: Go's limit */

enum last {
	LAST_NOTHING, /* nothing that could be repeated */
	LAST_ATOM,
	LAST_REPEAT,
};

struct re2 {
	const char *start;
	const char *at;
	const char *end;
	struct bs_text out;
	enum last last;
	unsigned last_weight;           /* of the last atom: its repeats multiplied */
	unsigned weights[DEPTH_MAX + 1]; /* of each open group: the largest of its items */
	size_t depth;
	struct bs_error *reterr;
};

static enum bs_code refuse(const struct re2 *re, const char *what)
{
	return bs_error_set(re->reterr, BS_POLICY, "the expression is refused at byte %zu: %s",
		(size_t)(re->at - re->start) + 1, what);
}

static void put(struct re2 *re, const char *text)
{
	bs_text_add_string(&re->out, text);
}

static void put_char(struct re2 *re, uint32_t c)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "\\x{%x}", (unsigned)c);
	put(re, text);
}

static void was_atom(struct re2 *re, unsigned weight)
{
	re->last = LAST_ATOM;
	re->last_weight = weight;
	if (re->weights[re->depth] < weight)
		re->weights[re->depth] = weight;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static char peek(const struct re2 *re, size_t ahead)
{
	return (size_t)(re->end - re->at) > ahead ? re->at[ahead] : '\0';
}

static bool next_is(const struct re2 *re, const char *text)
{
	size_t len = strlen(text);

	return (size_t)(re->end - re->at) >= len && memcmp(re->at, text, len) == 0;
}

/* One character of UTF-8; the whole pattern was checked before. */
static uint32_t take_char(struct re2 *re)
{
	const unsigned char *at = (const unsigned char *)re->at;
	size_t len = bs_utf8_step(at, (size_t)(re->end - re->at));
	uint32_t c = at[0];

	if (len == 2)
		c = (c & 0x1fu) << 6 | (at[1] & 0x3fu);
	else if (len == 3)
		c = (c & 0x0fu) << 12 | (at[1] & 0x3fu) << 6 | (at[2] & 0x3fu);
	else if (len == 4)
		c = (c & 0x07u) << 18 | (at[1] & 0x3fu) << 12 | (at[2] & 0x3fu) << 6 | (at[3] & 0x3fu);
	re->at += len ? len : 1;
	return c;
}

/* --- escapes -------------------------------------------------------------------------------------------------- */

static int hex_value(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Behind "\x": two digits, or any number of them in braces. */
static enum bs_code take_hex(struct re2 *re, uint32_t *ret)
{
	bool is_braced = peek(re, 0) == '{';
	size_t digits = 0;
	uint32_t c = 0;

	re->at += is_braced;
	while ((is_braced || digits < 2) && hex_value(peek(re, 0)) >= 0) {
		c = c * 16 + (uint32_t)hex_value(*re->at++);
		digits++;
		if (c > 0x10ffff)
			return refuse(re, "no such character");
	}
	if (!digits || (!is_braced && digits != 2) || (is_braced && peek(re, 0) != '}'))
		return refuse(re, "bad \\x escape");
	re->at += is_braced;
	*ret = c;
	return BS_OK;
}

/* An escape that stands for one character; re->at is behind the backslash. */
static enum bs_code take_escaped_char(struct re2 *re, uint32_t *ret)
{
	static const char letters[] = "afnrtv";
	static const char meant[] = "\a\f\n\r\t\v";
	char c = peek(re, 0);
	const char *letter = c ? strchr(letters, c) : NULL;

	if (re->at >= re->end)
		return refuse(re, "trailing backslash");
	if (letter) {
		re->at++;
		*ret = (uint32_t)meant[letter - letters];
		return BS_OK;
	}
	if (c == 'x') {
		re->at++;
		return take_hex(re, ret);
	}
	if (c >= '0' && c <= '7') {
		/* A digit alone would be a back-reference. */
		if (c != '0' && !(peek(re, 1) >= '0' && peek(re, 1) <= '7'))
			return refuse(re, "back-references do not exist in RE2");
		*ret = 0;
		for (int i = 0; i < 3 && peek(re, 0) >= '0' && peek(re, 0) <= '7' && re->at < re->end; i++)
			*ret = *ret * 8 + (uint32_t)(*re->at++ - '0');
		return BS_OK;
	}
	if ((unsigned char)c < 0x80 && (!is_word(c) || c == '_')) {
		re->at++;
		*ret = (unsigned char)c;
		return BS_OK;
	}
	return refuse(re, "an escape that does not exist in RE2");
}

/* "\d" and the like mean ASCII in both; "\s" of PCRE2 has the vertical tab in addition, which no path here holds. */
static bool take_class_letter(struct re2 *re)
{
	char c = peek(re, 1);
	char text[3] = {'\\', c, '\0'};

	if (peek(re, 0) != '\\' || !c || !strchr("dDsSwW", c))
		return false;
	put(re, text);
	re->at += 2;
	return true;
}

static bool is_known_property(const char *name, size_t len)
{
	static const char *const names[] = {"Any", "C", "Cc", "Cf", "Co", "Cs", "L", "Ll", "Lm", "Lo", "Lt", "Lu", "M",
		"Mc", "Me", "Mn", "N", "Nd", "Nl", "No", "P", "Pc", "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "S", "Sc", "Sk",
		"Sm", "So", "Z", "Zl", "Zp", "Zs", "Arabic", "Common", "Cyrillic", "Greek", "Han", "Hebrew", "Hiragana",
		"Katakana", "Latin"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strlen(names[i]) == len && memcmp(names[i], name, len) == 0)
			return true;
	}
	return false;
}

/* "\pL", "\p{Latin}", "\P...", "\p{^...}"; *ret_taken false: it is none. */
static enum bs_code take_property(struct re2 *re, bool *ret_taken)
{
	char letter = peek(re, 1);
	bool is_negated = letter == 'P';
	const char *name = re->at + 2;
	size_t len = 1;

	*ret_taken = peek(re, 0) == '\\' && (letter == 'p' || letter == 'P');
	if (!*ret_taken)
		return BS_OK;
	if (name >= re->end)
		return refuse(re, "bad character class");
	if (*name == '{') {
		const char *brace = memchr(name, '}', (size_t)(re->end - name));

		if (!brace)
			return refuse(re, "bad character class");
		name++;
		if (*name == '^') {
			is_negated = !is_negated;
			name++;
		}
		len = (size_t)(brace - name);
		re->at = brace + 1;
	} else {
		re->at = name + 1;
	}
	if (!is_known_property(name, len))
		return refuse(re, "a character class that is not known here");
	put(re, is_negated ? "\\P{" : "\\p{");
	bs_text_add(&re->out, name, len);
	put(re, "}");
	return BS_OK;
}

/* "\Q...\E": the characters as they are. */
static void take_quoted(struct re2 *re)
{
	re->at += 2;
	while (re->at < re->end && !next_is(re, "\\E")) {
		put_char(re, take_char(re));
		was_atom(re, 1);
	}
	if (re->at < re->end)
		re->at += 2;
}

static enum bs_code take_escape(struct re2 *re)
{
	char c = peek(re, 1);
	bool is_taken = false;
	uint32_t character = 0;
	enum bs_code code;

	if (c == 'A' || c == 'z' || c == 'b' || c == 'B') {
		char text[] = {'(', '?', ':', '\\', c, ')', '\0'};

		put(re, text);
		re->at += 2;
		was_atom(re, 1);
		return BS_OK;
	}
	if (c == 'Q') {
		take_quoted(re);
		return BS_OK;
	}
	code = take_property(re, &is_taken);
	if (!code && !is_taken && !take_class_letter(re)) {
		re->at++;
		code = take_escaped_char(re, &character);
		if (!code)
			put_char(re, character);
	}
	if (!code)
		was_atom(re, 1);
	return code;
}

/* --- classes -------------------------------------------------------------------------------------------------- */

/* "[:word:]" inside a class; *ret_taken false: an ordinary '['. */
static enum bs_code take_posix(struct re2 *re, bool *ret_taken)
{
	static const char *const names[] = {"alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower",
		"print", "punct", "space", "upper", "word", "xdigit"};
	const char *close = NULL;
	const char *name = re->at + 2;

	*ret_taken = false;
	if (!next_is(re, "[:"))
		return BS_OK;
	close = memmem(name, (size_t)(re->end - name), ":]", 2);
	if (!close)
		return BS_OK;
	if (name < close && *name == '^')
		name++;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strlen(names[i]) != (size_t)(close - name) || memcmp(names[i], name, strlen(names[i])) != 0)
			continue;
		bs_text_add(&re->out, re->at, (size_t)(close + 2 - re->at));
		re->at = close + 2;
		*ret_taken = true;
		return BS_OK;
	}
	return refuse(re, "a character class that does not exist");
}

static enum bs_code take_class_char(struct re2 *re, uint32_t *ret)
{
	if (re->at >= re->end)
		return refuse(re, "a class is not closed");
	if (*re->at == '\\') {
		re->at++;
		return take_escaped_char(re, ret);
	}
	*ret = take_char(re);
	return BS_OK;
}

static enum bs_code take_range(struct re2 *re)
{
	uint32_t low = 0;
	uint32_t high;
	enum bs_code code = take_class_char(re, &low);

	if (code)
		return code;
	put_char(re, low);
	if (peek(re, 0) != '-' || peek(re, 1) == ']' || re->end - re->at < 2)
		return BS_OK;
	re->at++;
	high = low;
	code = take_class_char(re, &high);
	if (code)
		return code;
	if (high < low)
		return refuse(re, "a range that runs backwards");
	put(re, "-");
	put_char(re, high);
	return BS_OK;
}

static enum bs_code take_class(struct re2 *re)
{
	bool is_first = true;
	enum bs_code code = BS_OK;

	re->at++;
	put(re, "[");
	if (peek(re, 0) == '^') {
		put(re, "^");
		re->at++;
	}
	for (; !code && (is_first || peek(re, 0) != ']'); is_first = false) {
		bool is_taken = false;

		if (re->at >= re->end)
			return refuse(re, "a class is not closed");
		code = take_posix(re, &is_taken);
		if (!code && !is_taken)
			code = take_property(re, &is_taken);
		if (!code && !is_taken && !take_class_letter(re))
			code = take_range(re);
	}
	if (code)
		return code;
	re->at++;
	put(re, "]");
	was_atom(re, 1);
	return BS_OK;
}

/* --- groups --------------------------------------------------------------------------------------------------- */

static enum bs_code open_group(struct re2 *re)
{
	if (re->depth == DEPTH_MAX)
		return refuse(re, "groups nest too deeply");
	re->weights[++re->depth] = 1;
	re->last = LAST_NOTHING;
	return BS_OK;
}

/* "P<name>" or "<name>", behind "(?". */
static enum bs_code take_group_name(struct re2 *re)
{
	const char *name = re->at + (*re->at == 'P' ? 2 : 1);
	size_t len = 0;

	while (name + len < re->end && is_word(name[len]))
		len++;
	if (!len || name + len >= re->end || name[len] != '>')
		return refuse(re, "a bad group name");
	re->at = name + len + 1;
	put(re, "(?:");
	return open_group(re);
}

/* "(?flags)" or "(?flags:", behind "(?". Flags: i m s U, a minus once, with one behind it. */
static enum bs_code take_flags(struct re2 *re)
{
	bool has_minus = false;
	bool has_flag = true; /* behind the minus */

	put(re, "(?");
	for (;; re->at++) {
		char c = peek(re, 0);
		char text[2] = {c, '\0'};

		if (c == 'i' || c == 'm' || c == 's' || c == 'U') {
			has_flag = true;
		} else if (c == '-' && !has_minus) {
			has_minus = true;
			has_flag = false;
		} else if ((c == ':' || c == ')') && has_flag) {
			put(re, text);
			re->at++;
			if (c == ':')
				return open_group(re);
			re->last = LAST_NOTHING;
			return BS_OK;
		} else {
			return refuse(re, "a group that does not exist in RE2 (look-around, atomic, condition, ...)");
		}
		put(re, text);
	}
}

static enum bs_code take_open(struct re2 *re)
{
	re->at++;
	if (peek(re, 0) != '?') {
		put(re, "(?:");
		return open_group(re);
	}
	re->at++;
	if (next_is(re, "P<") || (peek(re, 0) == '<' && peek(re, 1) != '=' && peek(re, 1) != '!'))
		return take_group_name(re);
	return take_flags(re);
}

static enum bs_code take_close(struct re2 *re)
{
	unsigned weight = re->weights[re->depth];

	if (!re->depth)
		return refuse(re, "a parenthesis that was not opened");
	re->depth--;
	re->at++;
	put(re, ")");
	was_atom(re, weight);
	return BS_OK;
}

/* --- repeats -------------------------------------------------------------------------------------------------- */

/* A number of at most REPEAT_MAX + 1; no leading zeros, as in Go. */
static bool take_number(const char **at, const char *end, unsigned *ret)
{
	const char *start = *at;
	unsigned number = 0;

	while (*at < end && is_digit(**at)) {
		if (number <= REPEAT_MAX)
			number = number * 10 + (unsigned)(**at - '0');
		++*at;
	}
	if (*at == start || (*start == '0' && *at - start > 1))
		return false;
	*ret = number;
	return true;
}

struct counts {
	unsigned low;
	unsigned high; /* 0 with is_open */
	bool is_open;
	const char *behind;
};

/* "{n}", "{n,}", "{n,m}"; anything else is a literal brace. */
static bool read_counts(const struct re2 *re, struct counts *ret)
{
	const char *at = re->at + 1;

	*ret = (struct counts){0};
	if (!take_number(&at, re->end, &ret->low))
		return false;
	ret->high = ret->low;
	if (at < re->end && *at == ',') {
		at++;
		ret->is_open = at < re->end && *at == '}';
		if (!ret->is_open && !take_number(&at, re->end, &ret->high))
			return false;
	}
	if (at >= re->end || *at != '}')
		return false;
	ret->behind = at + 1;
	return true;
}

static enum bs_code was_repeat(struct re2 *re)
{
	if (peek(re, 0) == '?') {
		put(re, "?");
		re->at++;
	}
	re->last = LAST_REPEAT;
	return BS_OK;
}

static enum bs_code may_repeat(const struct re2 *re)
{
	if (re->last == LAST_REPEAT)
		return refuse(re, "a repeat of a repeat (possessive ones do not exist in RE2)");
	return re->last == LAST_ATOM ? BS_OK : refuse(re, "nothing to repeat");
}

static enum bs_code take_repeat_sign(struct re2 *re)
{
	char text[2] = {*re->at, '\0'};
	enum bs_code code = may_repeat(re);

	if (code)
		return code;
	put(re, text);
	re->at++;
	return was_repeat(re);
}

static enum bs_code take_brace(struct re2 *re)
{
	struct counts counts;
	enum bs_code code;
	unsigned times;
	char text[48];

	if (!read_counts(re, &counts)) {
		re->at++;
		put_char(re, '{');
		was_atom(re, 1);
		return BS_OK;
	}
	code = may_repeat(re);
	if (code)
		return code;
	times = counts.is_open || counts.high < counts.low ? counts.low : counts.high;
	if (counts.low > REPEAT_MAX || counts.high > REPEAT_MAX || (!counts.is_open && counts.high < counts.low) ||
		(times ? times : 1) * re->last_weight > REPEAT_MAX)
		return refuse(re, "a repeat count that RE2 does not take");
	if (counts.is_open)
		(void)snprintf(text, sizeof(text), "{%u,}", counts.low);
	else
		(void)snprintf(text, sizeof(text), "{%u,%u}", counts.low, counts.high);
	put(re, text);
	re->at = counts.behind;
	was_atom(re, (times ? times : 1) * re->last_weight);
	return was_repeat(re);
}

/* --- all of it ------------------------------------------------------------------------------------------------ */

static enum bs_code take_one(struct re2 *re)
{
	switch (*re->at) {
	case '(':
		return take_open(re);
	case ')':
		return take_close(re);
	case '[':
		return take_class(re);
	case '{':
		return take_brace(re);
	case '\\':
		return take_escape(re);
	case '*':
	case '+':
	case '?':
		return take_repeat_sign(re);
	case '|':
		put(re, "|");
		re->last = LAST_NOTHING;
		break;
	case '^':
		put(re, "(?:^)");
		was_atom(re, 1);
		break;
	case '$':
		put(re, "(?:$)");
		was_atom(re, 1);
		break;
	case '.':
		put(re, ".");
		was_atom(re, 1);
		break;
	default:
		put_char(re, take_char(re));
		was_atom(re, 1);
		return BS_OK;
	}
	re->at++;
	return BS_OK;
}

static enum bs_code translate(struct re2 *re, char **ret)
{
	enum bs_code code = BS_OK;

	if (re->end - re->start > BS_RE2_MAX)
		return refuse(re, "it is too long");
	if (!bs_utf8_is_valid(re->start, (size_t)(re->end - re->start)))
		return refuse(re, "it is not UTF-8");
	while (!code && re->at < re->end)
		code = take_one(re);
	if (!code && re->depth)
		code = refuse(re, "a parenthesis is not closed");
	if (!code && re->out.has_failed)
		code = bs_error_set(re->reterr, BS_NO_MEMORY, "out of memory for an expression");
	if (code)
		return code;
	*ret = re->out.bytes ? BS_TAKE(re->out.bytes) : strdup("");
	return *ret ? BS_OK : bs_error_set(re->reterr, BS_NO_MEMORY, "out of memory for an expression");
}

enum bs_code bs_re2_translate(const char *pattern, char **ret, struct bs_error *reterr)
{
	struct re2 re = {
		.start = pattern,
		.at = pattern,
		.end = pattern + strlen(pattern),
		.weights = {1},
		.reterr = reterr,
	};
	enum bs_code code = translate(&re, ret);

	bs_text_release(&re.out);
	return code;
}
