/*
 * remove.c: what goes when a member goes.
 *
 * The member and one comma; with them the whole line if nothing else stood on it, so that a deletion is one
 * removed line in a diff. In an object on one line the blanks between the member and its neighbour go along.
 */
#include "patch.h"

#include <string.h>

/* A member between its neighbours. */
struct site {
	const char *text;
	size_t floor; /* of the first byte inside the object */
	size_t end;   /* of the closing bracket */
	struct bs_json_raw_member prev;
	struct bs_json_raw_member self;
	struct bs_json_raw_member next;
	bool has_prev;
	bool has_next;
};

static bool find_site(const char *text, struct bs_json_value object, const char *key, size_t key_len,
	struct site *ret)
{
	struct bs_json_cursor cursor = bs_json_cursor_start(text, object);
	struct site site = {.text = text, .floor = cursor.pos, .end = cursor.end};

	while (bs_json_next_member(&cursor, &site.self)) {
		if (bs_json_key_compare(text, &site.self, key, key_len) == 0) {
			site.has_next = bs_json_next_member(&cursor, &site.next);
			*ret = site;
			return true;
		}
		site.prev = site.self;
		site.has_prev = true;
	}
	return false;
}

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t';
}

static size_t back_over_blanks(const struct site *site, size_t pos)
{
	while (pos > site->floor && is_blank(site->text[pos - 1]))
		pos--;
	return pos;
}

static size_t over_blanks(const struct site *site, size_t pos)
{
	while (pos < site->end && is_blank(site->text[pos]))
		pos++;
	return pos;
}

static bool follows(const struct site *site, size_t pos, char byte)
{
	return pos > site->floor && site->text[pos - 1] == byte;
}

/* The place behind the line's end if nothing but blanks stands before it, else 0. */
static size_t behind_line(const struct site *site, size_t pos)
{
	pos = over_blanks(site, pos);
	if (pos + 1 < site->end && site->text[pos] == '\r' && site->text[pos + 1] == '\n')
		return pos + 2;
	if (pos < site->end && site->text[pos] == '\n')
		return pos + 1;
	return 0;
}

static void add_cut(struct bs_json_patch *patch, size_t from, size_t to)
{
	patch->changes[patch->count++] = (struct bs_json_change){.off = from, .cut = to - from, .put = ""};
}

/* The line `, "key": value`, as those write who put the comma first. */
static bool cut_comma_first_line(const struct site *site, struct bs_json_patch *patch)
{
	size_t start = back_over_blanks(site, site->self.key_off);
	size_t to = behind_line(site, bs_json_end(site->self.value));

	if (!site->has_prev || !follows(site, start, ','))
		return false;
	start = back_over_blanks(site, start - 1);
	if (!follows(site, start, '\n') || to == 0)
		return false;
	add_cut(patch, start, to);
	return true;
}

/*
 * The line `"key": value,`; without the comma if it is the last, whose predecessor then loses its own, with
 * the blanks that set it off.
 */
static bool cut_line(const struct site *site, struct bs_json_patch *patch)
{
	size_t from = back_over_blanks(site, site->self.key_off);
	size_t pos = bs_json_end(site->self.value);
	size_t to;

	if (!follows(site, from, '\n'))
		return false;
	if (site->has_next) {
		pos = over_blanks(site, pos);
		if (site->text[pos] != ',')
			return false;
		pos++;
	}
	to = behind_line(site, pos);
	if (to == 0)
		return false;
	if (!site->has_next && site->has_prev) {
		size_t value_end = bs_json_end(site->prev.value);
		size_t comma = bs_json_skip_space(site->text, value_end, site->end);

		add_cut(patch, over_blanks(site, value_end) == comma ? value_end : comma, comma + 1);
	}
	add_cut(patch, from, to);
	return true;
}

/* `{ "key": value }` becomes `{ }`: of equal blanks on both sides one is enough. */
static size_t end_of_only_one(const struct site *site)
{
	size_t value_end = bs_json_end(site->self.value);
	size_t before = site->self.key_off - site->floor;

	if (over_blanks(site, site->floor) != site->self.key_off || over_blanks(site, value_end) != site->end)
		return value_end;
	if (site->end - value_end != before)
		return value_end;
	return memcmp(site->text + site->floor, site->text + value_end, before) == 0 ? site->end : value_end;
}

static void cut_within_line(const struct site *site, struct bs_json_patch *patch)
{
	bool starts_line = follows(site, back_over_blanks(site, site->self.key_off), '\n');

	if (site->has_next && (!site->has_prev || starts_line))
		add_cut(patch, site->self.key_off, site->next.key_off);
	else if (site->has_prev)
		add_cut(patch, bs_json_end(site->prev.value), bs_json_end(site->self.value));
	else
		add_cut(patch, site->self.key_off, end_of_only_one(site));
}

bool bs_json_patch_remove(const char *text, struct bs_json_value object, const char *key, size_t key_len,
	struct bs_json_patch *ret)
{
	struct bs_json_patch patch = {0};
	struct site site;

	if (!find_site(text, object, key, key_len, &site))
		return false;
	if (!cut_comma_first_line(&site, &patch) && !cut_line(&site, &patch))
		cut_within_line(&site, &patch);
	*ret = patch;
	return true;
}
