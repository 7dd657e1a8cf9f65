/*
 * insert.c: where a new member goes, and with which blanks around it.
 *
 * Only bytes are added; none of the object's own change. The separator is a copy of the one at the same
 * place.
 */
#include "layout.h"
#include "patch.h"

#include "../base/json_escape.h"
#include "../base/text.h"

#include <bus-secrets/cleanup.h>
#include <stdint.h>
#include <string.h>

static void draft_span(struct bs_text *draft, struct bs_json_span span)
{
	bs_text_add(draft, span.at, span.len);
}

static void draft_key(struct bs_text *draft, const char *key, size_t key_len, struct bs_json_span colon)
{
	char *quoted = bs_text_extend(draft, bs_json_escaped_len(key, key_len));

	if (quoted)
		bs_json_escape(key, key_len, quoted);
	draft_span(draft, colon);
}

/* Starts a line, deeper than the members by some levels; on one line, the blanks inside a bracket. */
static void draft_break(struct bs_text *draft, const struct bs_json_layout *layout, size_t deeper)
{
	if (!layout->is_multiline) {
		draft_span(draft, layout->pad);
		return;
	}
	draft_span(draft, layout->newline);
	draft_span(draft, layout->base);
	for (size_t i = 0; i < layout->levels + deeper; i++)
		draft_span(draft, layout->unit);
}

/* The member, or the first missing object with the member inside. */
static void draft_member(struct bs_text *draft, const struct bs_json_layout *layout,
	const struct bs_json_edit *edit, size_t existing)
{
	size_t missing = edit->depth - existing;

	for (size_t i = 0; i < missing; i++) {
		const char *key = edit->path[existing + i];

		draft_key(draft, key, strlen(key), layout->colon);
		bs_text_add(draft, "{", 1);
		draft_break(draft, layout, i + 1);
	}
	draft_key(draft, edit->key, edit->key_len, layout->colon);
	bs_text_add(draft, edit->value, edit->value_len);
	for (size_t i = missing; i > 0; i--) {
		draft_break(draft, layout, i - 1);
		bs_text_add(draft, "}", 1);
	}
}

/* Where the new member goes, and a separator of the same object to copy. */
struct place {
	struct bs_json_raw_member prev;
	struct bs_json_raw_member next;
	bool has_prev;
	bool has_next;
	struct bs_json_span gap; /* from a value's end to the next key; at is NULL if there is one */
};

/* In a sorted object before the first key that is greater, else last. One pass. */
static struct place find_place(const char *text, struct bs_json_value object, const char *key, size_t key_len)
{
	struct bs_json_cursor cursor = bs_json_cursor_start(text, object);
	struct bs_json_raw_member member;
	struct bs_json_span gap = {0};
	struct place sorted = {0};
	struct place last = {0};
	bool is_sorted = true;

	while (bs_json_next_member(&cursor, &member)) {
		if (last.has_prev) {
			is_sorted = is_sorted && bs_json_keys_compare(text, &last.prev, &member) <= 0;
			gap = bs_json_span_of(text, bs_json_end(last.prev.value), member.key_off);
		}
		if (sorted.has_next && !sorted.gap.at)
			sorted.gap = gap;
		if (is_sorted && !sorted.has_next && bs_json_key_compare(text, &member, key, key_len) > 0)
			sorted = (struct place){last.prev, member, last.has_prev, true, gap};
		last.prev = member;
		last.has_prev = true;
	}
	last.gap = gap;
	return is_sorted && sorted.has_next ? sorted : last;
}

/* Blanks without the empty lines in them: a blank line sets groups apart and is not a separator's own. */
static void draft_blanks(struct bs_text *draft, struct bs_json_span blanks)
{
	size_t newline = bs_json_last_newline(blanks);

	if (newline != SIZE_MAX)
		blanks = (struct bs_json_span){blanks.at + newline, blanks.len - newline};
	draft_span(draft, blanks);
}

static void draft_separator(struct bs_text *draft, const struct bs_json_layout *layout,
	struct bs_json_span gap)
{
	const char *comma = gap.at ? memchr(gap.at, ',', gap.len) : NULL;
	size_t before;

	if (comma) {
		before = (size_t)(comma - gap.at);
		draft_blanks(draft, (struct bs_json_span){gap.at, before});
		bs_text_add(draft, ",", 1);
		draft_blanks(draft, (struct bs_json_span){comma + 1, gap.len - before - 1});
		return;
	}
	bs_text_add(draft, ",", 1);
	if (layout->is_multiline)
		draft_break(draft, layout, 0);
	else if (layout->pad.len > 0 || layout->colon.len > 1)
		bs_text_add(draft, " ", 1);
}

/* The blanks that an empty object has inside stay; the new member's go before or behind them. */
static size_t draft_into_empty(struct bs_text *draft, struct bs_json_layout *layout, const char *text,
	struct bs_json_value object, const struct bs_json_edit *edit, size_t existing)
{
	struct bs_json_span inside = bs_json_span_of(text, object.off + 1, bs_json_end(object) - 1);
	size_t newline = bs_json_last_newline(inside);

	if (newline != SIZE_MAX) {
		draft_break(draft, layout, 0);
		draft_member(draft, layout, edit, existing);
		return object.off + 1 + newline;
	}
	if (inside.len > 0) {
		draft_member(draft, layout, edit, existing);
		draft_span(draft, inside);
		return object.off + 1 + inside.len;
	}
	draft_break(draft, layout, 0);
	draft_member(draft, layout, edit, existing);
	layout->levels--;
	draft_break(draft, layout, 0);
	return object.off + 1;
}

static size_t draft_beside(struct bs_text *draft, const struct bs_json_layout *layout,
	const struct place *place, const struct bs_json_edit *edit, size_t existing)
{
	if (place->has_prev) {
		draft_separator(draft, layout, place->gap);
		draft_member(draft, layout, edit, existing);
		return bs_json_end(place->prev.value);
	}
	draft_member(draft, layout, edit, existing);
	draft_separator(draft, layout, place->gap);
	return place->next.key_off;
}

/* The colon of the neighbour, unless it is set on a line of its own. */
static void learn_colon(struct bs_json_layout *layout, const char *text,
	const struct bs_json_raw_member *neighbour)
{
	struct bs_json_span colon =
		bs_json_span_of(text, neighbour->key_off + neighbour->key_span, neighbour->value.off);

	if (bs_json_last_newline(colon) == SIZE_MAX)
		layout->colon = colon;
}

enum bs_code bs_json_patch_insert(const char *text, size_t len, const struct bs_json_value *objects,
	size_t count, const struct bs_json_edit *edit, struct bs_json_patch *ret, struct bs_error *reterr)
{
	BS_CLEANUP(bs_text_release) struct bs_text draft = {0};
	struct bs_json_layout layout = bs_json_layout_start(text, len);
	struct bs_json_value object = objects[count - 1];
	size_t existing = count - 1;
	const char *key = existing < edit->depth ? edit->path[existing] : edit->key;
	size_t key_len = existing < edit->depth ? strlen(key) : edit->key_len;
	struct place place = find_place(text, object, key, key_len);
	size_t off;

	for (size_t i = 0; i < count; i++)
		bs_json_layout_enter(&layout, text, objects[i]);
	if (place.has_prev || place.has_next) {
		learn_colon(&layout, text, place.has_prev ? &place.prev : &place.next);
		off = draft_beside(&draft, &layout, &place, edit, existing);
	} else {
		off = draft_into_empty(&draft, &layout, text, object, edit, existing);
	}
	if (draft.has_failed)
		return bs_error_set(reterr, BS_NO_MEMORY, "no memory to change a JSON text of %zu bytes",
			len);
	*ret = (struct bs_json_patch){.count = 1, .owned = draft.bytes};
	ret->changes[0] = (struct bs_json_change){.off = off, .put = draft.bytes, .put_len = draft.len};
	draft = (struct bs_text){0};
	return BS_OK;
}
