/*
 * fuzz_dotenv.c: the judge of `.env` texts, against a reader of the plain dialect.
 *
 * The first line of the input is the variable's value, the rest the text. Whatever the plain reader (a line
 * NAME=value, blanks and quotes around trimmed) takes for an assignment of that value, the judge must see, too.
 */
#include "../../core/keys/dotenv.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define NAME "SOPS_AGE_KEY_CMD"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_around(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '"' || c == '\'';
}

static bool line_sets(const char *line, size_t len, const char *value)
{
	size_t value_len = strlen(value);

	while (len && (*line == ' ' || *line == '\t')) {
		line++;
		len--;
	}
	if (len < sizeof(NAME) || memcmp(line, NAME "=", sizeof(NAME)) != 0)
		return false;
	line += sizeof(NAME);
	len -= sizeof(NAME);
	while (len && is_around(*line)) {
		line++;
		len--;
	}
	while (len && is_around(line[len - 1]))
		len--;
	return len == value_len && memcmp(line, value, len) == 0;
}

static bool plain_reader_sets(const char *text, size_t len, const char *value)
{
	for (const char *at = text; at < text + len;) {
		const char *end = memchr(at, '\n', (size_t)(text + len - at));
		size_t span = (size_t)((end ? end : text + len) - at);

		if (line_sets(at, span, value))
			return true;
		at += span + 1;
	}
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size + 1);
	char *text;

	if (!copy)
		return 0;
	memcpy(copy, data, size);
	copy[size] = '\0';
	text = memchr(copy, '\n', size);
	if (text) {
		struct bs_dotenv dotenv = {.text = text + 1, .len = size - (size_t)(text + 1 - copy)};

		*text = '\0';
		if (!bs_dotenv_may_set(&dotenv, NAME, copy) && plain_reader_sets(dotenv.text, dotenv.len, copy))
			abort();
	}
	free(copy);
	return 0;
}
