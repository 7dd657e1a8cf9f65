/*
 * layout.h: how an object is set out, learned from the object itself.
 *
 * Layer: core/json, private to the splice. All spans point into the text or to constants.
 */
#ifndef BS_JSON_LAYOUT_H
#define BS_JSON_LAYOUT_H

#include "walk.h"

struct bs_json_span {
	const char *at;
	size_t len;
};

struct bs_json_layout {
	bool is_multiline;            /* each member on a line of its own */
	struct bs_json_span newline;  /* "\n" or "\r\n" */
	struct bs_json_span base;     /* the members' indentation is base and levels times unit */
	size_t levels;
	struct bs_json_span unit;
	struct bs_json_span colon;    /* all between key and value */
	struct bs_json_span pad;      /* on one line: blanks inside the brackets */
};

/* What holds outside the root: the text's first newline, two blanks a level. */
struct bs_json_layout bs_json_layout_start(const char *text, size_t len);
/* From the layout of the surroundings to that of an object within them. */
void bs_json_layout_enter(struct bs_json_layout *layout, const char *text, struct bs_json_value object);

/* The place of the last newline (of the "\r" before it, if any) in a span; SIZE_MAX if there is none. */
size_t bs_json_last_newline(struct bs_json_span blanks);

static inline struct bs_json_span bs_json_span_of(const char *text, size_t from, size_t to)
{
	return (struct bs_json_span){.at = text + from, .len = to - from};
}

#endif
