/*
 * members.c: what an object or an array holds.
 */
#include "json.h"
#include "walk.h"

#include <bus-secrets/cleanup.h>
#include <string.h>

void bs_json_members_release(struct bs_json_members *members)
{
	for (size_t i = 0; i < members->count; i++)
		free(members->items[i].key);
	free(members->items);
	*members = (struct bs_json_members){0};
}

static enum bs_code no_memory(struct bs_error *reterr, size_t count)
{
	return bs_error_set(reterr, BS_NO_MEMORY, "no memory for a list of %zu JSON values", count);
}

/* Room for one more in an array that doubles: the time for all of them stays linear. */
static bool make_room(void **items, size_t count, size_t *room, size_t size)
{
	size_t more = *room ? *room * 2 : 16;
	void *grown;

	if (count < *room)
		return true;
	grown = reallocarray(*items, more, size);
	if (!grown)
		return false;
	*items = grown;
	*room = more;
	return true;
}

static bool copy_key(const char *text, const struct bs_json_raw_member *raw, struct bs_json_member *ret)
{
	bool is_lone;
	char *key = malloc(raw->key_span);

	if (!key)
		return false;
	ret->key_off = raw->key_off;
	ret->key_span = raw->key_span;
	ret->key = key;
	ret->key_len = bs_json_unescape(text + raw->key_off + 1, raw->key_span - 2, key, &is_lone);
	key[ret->key_len] = '\0';
	ret->value = raw->value;
	return true;
}

enum bs_code bs_json_members(const char *text, struct bs_json_value object, struct bs_json_members *ret,
	struct bs_error *reterr)
{
	BS_CLEANUP(bs_json_members_release) struct bs_json_members members = {0};
	struct bs_json_cursor cursor = bs_json_cursor_start(text, object);
	struct bs_json_raw_member raw;
	void *items = NULL;
	size_t room = 0;

	if (object.kind != BS_JSON_OBJECT)
		return bs_error_set(reterr, BS_MALFORMED, "line %zu: an object is expected here",
			bs_json_line(text, object.off));
	while (bs_json_next_member(&cursor, &raw)) {
		if (!make_room(&items, members.count, &room, sizeof(*members.items)))
			return no_memory(reterr, members.count);
		members.items = items;
		if (!copy_key(text, &raw, &members.items[members.count]))
			return no_memory(reterr, members.count);
		members.count++;
	}
	*ret = members;
	members.items = NULL;
	members.count = 0;
	return BS_OK;
}

enum bs_code bs_json_elements(const char *text, struct bs_json_value array, struct bs_json_value **ret,
	size_t *ret_count, struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) struct bs_json_value *list = NULL;
	struct bs_json_cursor cursor = bs_json_cursor_start(text, array);
	struct bs_json_value value;
	void *items = NULL;
	size_t count = 0;
	size_t room = 0;

	if (array.kind != BS_JSON_ARRAY)
		return bs_error_set(reterr, BS_MALFORMED, "line %zu: an array is expected here",
			bs_json_line(text, array.off));
	while (bs_json_next_element(&cursor, &value)) {
		if (!make_room(&items, count, &room, sizeof(*list)))
			return no_memory(reterr, count);
		list = items;
		list[count++] = value;
	}
	*ret = BS_TAKE(list);
	*ret_count = count;
	return BS_OK;
}

enum bs_code bs_json_find(const char *text, struct bs_json_value object, const char *key, size_t key_len,
	bool *ret_found, struct bs_json_value *ret, struct bs_error *reterr)
{
	struct bs_json_cursor cursor = bs_json_cursor_start(text, object);
	struct bs_json_raw_member raw;
	struct bs_json_value value = {.kind = BS_JSON_NULL};
	bool found = false;

	if (object.kind != BS_JSON_OBJECT)
		return bs_error_set(reterr, BS_MALFORMED, "line %zu: an object is expected here",
			bs_json_line(text, object.off));
	while (bs_json_next_member(&cursor, &raw)) {
		if (bs_json_key_compare(text, &raw, key, key_len) != 0)
			continue;
		if (found)
			return bs_error_set(reterr, BS_MALFORMED, "line %zu: the key \"%.*s\" stands twice",
				bs_json_line(text, raw.key_off), key_len < 200 ? (int)key_len : 200, key);
		found = true;
		value = raw.value;
	}
	*ret_found = found;
	if (found)
		*ret = value;
	return BS_OK;
}
