/*
 * layout.c: learning how an object is set out, so that what we add looks as if its owner had written it.
 */
#include "layout.h"

#include <stdint.h>
#include <string.h>

static struct bs_json_span span(const char *constant)
{
	return (struct bs_json_span){.at = constant, .len = strlen(constant)};
}

size_t bs_json_last_newline(struct bs_json_span blanks)
{
	const char *newline = memrchr(blanks.at, '\n', blanks.len);

	if (!newline)
		return SIZE_MAX;
	if (newline > blanks.at && newline[-1] == '\r')
		newline--;
	return (size_t)(newline - blanks.at);
}

/* The newline itself, and the indentation behind it, of blanks that hold one at the given place. */
static struct bs_json_span newline_in(struct bs_json_span blanks, size_t place)
{
	return (struct bs_json_span){.at = blanks.at + place, .len = blanks.at[place] == '\r' ? 2 : 1};
}

static struct bs_json_span indent_in(struct bs_json_span blanks, size_t place)
{
	size_t from = place + newline_in(blanks, place).len;

	return (struct bs_json_span){.at = blanks.at + from, .len = blanks.len - from};
}

struct bs_json_layout bs_json_layout_start(const char *text, size_t len)
{
	struct bs_json_layout layout = {
		.is_multiline = true,
		.newline = span("\n"),
		.base = span(""),
		.unit = span("  "),
		.colon = span(": "),
		.pad = span(""),
	};
	const char *newline = memchr(text, '\n', len);

	if (newline && newline > text && newline[-1] == '\r')
		layout.newline = span("\r\n");
	return layout;
}

static bool begins_with(struct bs_json_span whole, struct bs_json_span start)
{
	return whole.len >= start.len && memcmp(whole.at, start.at, start.len) == 0;
}

/* A level is what the members have more than the closing bracket's line, else than the surroundings. */
static void learn_unit(struct bs_json_layout *layout, struct bs_json_span outer, const char *text,
	struct bs_json_value object)
{
	size_t close = bs_json_end(object) - 1;
	size_t from = close;

	while (from > object.off + 1 && bs_json_is_space(text[from - 1]))
		from--;
	if (bs_json_last_newline(bs_json_span_of(text, from, close)) != SIZE_MAX) {
		struct bs_json_span blanks = bs_json_span_of(text, from, close);

		outer = indent_in(blanks, bs_json_last_newline(blanks));
	} else if (outer.len == layout->base.len) {
		return;
	}
	if (begins_with(layout->base, outer))
		layout->unit = (struct bs_json_span){layout->base.at + outer.len,
			layout->base.len - outer.len};
}

static void learn_members(struct bs_json_layout *layout, const char *text, struct bs_json_value object,
	const struct bs_json_raw_member *first)
{
	struct bs_json_span lead = bs_json_span_of(text, object.off + 1, first->key_off);
	struct bs_json_span colon = bs_json_span_of(text, first->key_off + first->key_span, first->value.off);
	struct bs_json_span outer = layout->base;
	size_t newline = bs_json_last_newline(lead);

	if (bs_json_last_newline(colon) == SIZE_MAX)
		layout->colon = colon;
	layout->is_multiline = newline != SIZE_MAX;
	if (!layout->is_multiline) {
		layout->pad = lead;
		return;
	}
	layout->newline = newline_in(lead, newline);
	layout->base = indent_in(lead, newline);
	layout->levels = 0;
	learn_unit(layout, outer, text, object);
}

/* An empty object: its inside tells if there is any, else it goes on as its surroundings do. */
static void learn_inside(struct bs_json_layout *layout, struct bs_json_span inside)
{
	size_t newline = bs_json_last_newline(inside);

	if (newline != SIZE_MAX) {
		layout->is_multiline = true;
		layout->newline = newline_in(inside, newline);
		layout->base = indent_in(inside, newline);
		layout->levels = 1;
	} else if (inside.len > 0) {
		layout->is_multiline = false;
		layout->pad = inside;
	} else {
		layout->levels++;
	}
}

void bs_json_layout_enter(struct bs_json_layout *layout, const char *text, struct bs_json_value object)
{
	struct bs_json_cursor cursor = bs_json_cursor_start(text, object);
	struct bs_json_raw_member first;

	if (bs_json_next_member(&cursor, &first))
		learn_members(layout, text, object, &first);
	else
		learn_inside(layout, bs_json_span_of(text, object.off + 1, bs_json_end(object) - 1));
}
