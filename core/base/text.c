#include "text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Doubling keeps the time for many small pieces linear. */
static bool grow(struct bs_text *text, size_t need)
{
	size_t room = need < 128 ? 256 : 2 * need;
	char *bytes = realloc(text->bytes, room);

	if (!bytes)
		return false;
	text->bytes = bytes;
	text->room = room;
	return true;
}

char *bs_text_extend(struct bs_text *text, size_t len)
{
	char *start;

	if (text->has_failed || len > SIZE_MAX / 4 - text->len) {
		text->has_failed = true;
		return NULL;
	}
	if (text->len + len >= text->room && !grow(text, text->len + len + 1)) {
		text->has_failed = true;
		return NULL;
	}
	start = text->bytes + text->len;
	text->len += len;
	text->bytes[text->len] = '\0';
	return start;
}

void bs_text_add(struct bs_text *text, const char *bytes, size_t len)
{
	char *start = bs_text_extend(text, len);

	if (start && len > 0)
		memcpy(start, bytes, len);
}

void bs_text_add_string(struct bs_text *text, const char *string)
{
	bs_text_add(text, string, strlen(string));
}

void bs_text_release(struct bs_text *text)
{
	free(text->bytes);
	*text = (struct bs_text){0};
}
