/*
 * text.h: a text without secrets that is put together piece by piece, on the ordinary heap.
 *
 * Layer: core/base. Zeroed memory is an empty text. Running out of memory sticks: it is looked at once, at
 * the end.
 */
#ifndef BS_TEXT_H
#define BS_TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct bs_text {
	char *bytes; /* NUL-terminated once something was added */
	size_t len;
	size_t room;
	bool has_failed;
};

void bs_text_add(struct bs_text *text, const char *bytes, size_t len);
void bs_text_add_string(struct bs_text *text, const char *string);
/* Room for len more bytes, which the caller fills; NULL if there is no memory. */
char *bs_text_extend(struct bs_text *text, size_t len);
void bs_text_release(struct bs_text *text);

#endif
