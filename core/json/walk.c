/*
 * walk.c: stepping over values of a checked text.
 *
 * The grammar is known to hold, so a container's end is found by counting brackets outside strings, and a
 * string's end is the first quote behind an even number of backslashes.
 */
#include "walk.h"

#include <string.h>

size_t bs_json_skip_space(const char *text, size_t pos, size_t end)
{
	while (pos < end && bs_json_is_space(text[pos]))
		pos++;
	return pos;
}

/* pos is at the opening quote. The backslashes before a quote are counted once each: the time is linear. */
static size_t skip_string(const char *text, size_t pos, size_t end)
{
	size_t start = pos + 1;

	while (start < end) {
		const char *quote = memchr(text + start, '"', end - start);
		size_t at;
		size_t slashes = 0;

		if (!quote)
			return end;
		at = (size_t)(quote - text);
		while (at - slashes > start && text[at - slashes - 1] == '\\')
			slashes++;
		if (slashes % 2 == 0)
			return at + 1;
		start = at + 1;
	}
	return end;
}

static size_t skip_container(const char *text, size_t pos, size_t end)
{
	size_t depth = 0;

	while (pos < end) {
		switch (text[pos]) {
		case '"':
			pos = skip_string(text, pos, end);
			continue;
		case '{':
		case '[':
			depth++;
			break;
		case '}':
		case ']':
			if (--depth == 0)
				return pos + 1;
			break;
		default:
			break;
		}
		pos++;
	}
	return end;
}

static size_t skip_bare(const char *text, size_t pos, size_t end)
{
	while (pos < end && !bs_json_is_space(text[pos]) && text[pos] != ',' && text[pos] != '}' &&
		text[pos] != ']')
		pos++;
	return pos;
}

enum bs_json_kind bs_json_kind_of(char first)
{
	switch (first) {
	case '{':
		return BS_JSON_OBJECT;
	case '[':
		return BS_JSON_ARRAY;
	case '"':
		return BS_JSON_STRING;
	case 't':
		return BS_JSON_TRUE;
	case 'f':
		return BS_JSON_FALSE;
	case 'n':
		return BS_JSON_NULL;
	default:
		return BS_JSON_NUMBER;
	}
}

struct bs_json_value bs_json_value_at(const char *text, size_t pos, size_t end)
{
	struct bs_json_value value = {.kind = BS_JSON_NULL, .off = pos};

	if (pos >= end)
		return value;
	value.kind = bs_json_kind_of(text[pos]);
	if (value.kind == BS_JSON_STRING)
		value.len = skip_string(text, pos, end) - pos;
	else if (value.kind == BS_JSON_OBJECT || value.kind == BS_JSON_ARRAY)
		value.len = skip_container(text, pos, end) - pos;
	else
		value.len = skip_bare(text, pos, end) - pos;
	return value;
}

struct bs_json_cursor bs_json_cursor_start(const char *text, struct bs_json_value container)
{
	struct bs_json_cursor cursor = {.text = text, .pos = container.off, .end = container.off};

	if (container.len >= 2) {
		cursor.pos = container.off + 1;
		cursor.end = bs_json_end(container) - 1;
	}
	return cursor;
}

/* Steps over blanks and the comma or colon between two things. */
static void skip_between(struct bs_json_cursor *cursor, char mark)
{
	cursor->pos = bs_json_skip_space(cursor->text, cursor->pos, cursor->end);
	if (cursor->pos < cursor->end && cursor->text[cursor->pos] == mark)
		cursor->pos = bs_json_skip_space(cursor->text, cursor->pos + 1, cursor->end);
}

bool bs_json_next_element(struct bs_json_cursor *cursor, struct bs_json_value *ret)
{
	skip_between(cursor, ',');
	if (cursor->pos >= cursor->end)
		return false;
	*ret = bs_json_value_at(cursor->text, cursor->pos, cursor->end);
	if (ret->len == 0)
		return false;
	cursor->pos = bs_json_end(*ret);
	return true;
}

bool bs_json_next_member(struct bs_json_cursor *cursor, struct bs_json_raw_member *ret)
{
	struct bs_json_value key;

	if (!bs_json_next_element(cursor, &key) || key.kind != BS_JSON_STRING || key.len < 2)
		return false;
	skip_between(cursor, ':');
	ret->key_off = key.off;
	ret->key_span = key.len;
	ret->value = bs_json_value_at(cursor->text, cursor->pos, cursor->end);
	cursor->pos = bs_json_end(ret->value);
	return true;
}

size_t bs_json_line(const char *text, size_t pos)
{
	size_t line = 1;
	const char *at = text;
	const char *end = text + pos;

	while (at < end && (at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		line++;
		at++;
	}
	return line;
}
