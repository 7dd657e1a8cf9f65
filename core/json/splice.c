/*
 * splice.c: changing one member, and showing that nothing else changed.
 *
 * Each edit becomes a patch of one or two places. What comes out is not trusted for having been made
 * carefully: it is checked as any foreign text would be, then compared with the text before, member by
 * member, along the path.
 */
#include "splice.h"
#include "patch.h"

#include "../base/utf8.h"

#include <bus-secrets/cleanup.h>
#include <stdint.h>
#include <string.h>

/* The objects on the path of an edit, as far as they exist. */
struct route {
	struct bs_json_value *objects;
	size_t count;
	bool is_whole; /* all are there, and so may be the member */
	bool has_member;
	struct bs_json_value member;
};

static void route_release(struct route *route)
{
	free(route->objects);
}

static enum bs_code no_memory(struct bs_error *reterr, size_t len)
{
	return bs_error_set(reterr, BS_NO_MEMORY, "no memory to change a JSON text of %zu bytes", len);
}

/* One step down the path. A member that is no object is foreign: it is not overwritten. */
static enum bs_code enter(const char *text, const char *key, struct route *route, bool *ret_found,
	struct bs_error *reterr)
{
	struct bs_json_value object;
	enum bs_code code;

	code = bs_json_find(text, route->objects[route->count - 1], key, strlen(key), ret_found, &object,
		reterr);
	if (code || !*ret_found)
		return code;
	if (object.kind != BS_JSON_OBJECT)
		return bs_error_set(reterr, BS_MALFORMED, "line %zu: \"%s\" is not an object",
			bs_json_line(text, object.off), key);
	route->objects[route->count++] = object;
	return BS_OK;
}

static enum bs_code find_route(const char *text, struct bs_json_value root, const struct bs_json_edit *edit,
	struct route *ret, struct bs_error *reterr)
{
	BS_CLEANUP(route_release) struct route route = {0};
	enum bs_code code = BS_OK;
	bool found = true;

	if (root.kind != BS_JSON_OBJECT)
		return bs_error_set(reterr, BS_MALFORMED, "the document is not an object");
	route.objects = calloc(edit->depth + 1, sizeof(*route.objects));
	if (!route.objects)
		return no_memory(reterr, root.len);
	route.objects[route.count++] = root;
	for (size_t i = 0; i < edit->depth && found && !code; i++)
		code = enter(text, edit->path[i], &route, &found, reterr);
	route.is_whole = found;
	if (!code && found)
		code = bs_json_find(text, route.objects[route.count - 1], edit->key, edit->key_len,
			&route.has_member, &route.member, reterr);
	if (code)
		return code;
	*ret = route;
	route.objects = NULL;
	return BS_OK;
}

static enum bs_code make_patch(const char *text, size_t len, const struct route *route,
	const struct bs_json_edit *edit, struct bs_json_patch *ret, struct bs_error *reterr)
{
	if (edit->value && !route->has_member)
		return bs_json_patch_insert(text, len, route->objects, route->count, edit, ret, reterr);
	if (edit->value) {
		*ret = (struct bs_json_patch){.count = 1};
		ret->changes[0] = (struct bs_json_change){
			.off = route->member.off,
			.cut = route->member.len,
			.put = edit->value,
			.put_len = edit->value_len,
		};
		return BS_OK;
	}
	if (!route->has_member ||
		!bs_json_patch_remove(text, route->objects[route->count - 1], edit->key, edit->key_len, ret))
		return bs_error_set(reterr, BS_NOT_FOUND, "there is no member \"%.*s\"",
			edit->key_len < 200 ? (int)edit->key_len : 200, edit->key);
	return BS_OK;
}

static char *append(char *out, const char *bytes, size_t len)
{
	if (len > 0)
		memcpy(out, bytes, len);
	return out + len;
}

static enum bs_code apply(const char *text, size_t len, const struct bs_json_patch *patch, char **ret,
	size_t *ret_len, struct bs_error *reterr)
{
	size_t total = len;
	size_t pos = 0;
	char *made;
	char *out;

	for (size_t i = 0; i < patch->count; i++) {
		total -= patch->changes[i].cut;
		if (__builtin_add_overflow(total, patch->changes[i].put_len, &total) || total == SIZE_MAX)
			return bs_error_set(reterr, BS_TOO_LARGE,
				"a JSON text of %zu bytes would grow too large", len);
	}
	made = malloc(total + 1);
	if (!made)
		return no_memory(reterr, total);
	out = made;
	for (size_t i = 0; i < patch->count; i++) {
		const struct bs_json_change *change = &patch->changes[i];

		out = append(out, text + pos, change->off - pos);
		out = append(out, change->put, change->put_len);
		pos = change->off + change->cut;
	}
	out = append(out, text + pos, len - pos);
	*out = '\0';
	*ret = made;
	*ret_len = total;
	return BS_OK;
}

/* A text with its root. */
struct version {
	const char *text;
	size_t len;
	struct bs_json_value root;
};

static bool is_same_member(const char *a, const struct bs_json_raw_member *left, const char *b,
	const struct bs_json_raw_member *right)
{
	return left->key_span == right->key_span && left->value.len == right->value.len &&
		memcmp(a + left->key_off, b + right->key_off, left->key_span) == 0 &&
		memcmp(a + left->value.off, b + right->value.off, left->value.len) == 0;
}

/* As bs_json_next_member, but steps over the one with this key and keeps it in *ret_special. */
static bool next_other(struct bs_json_cursor *cursor, const char *key, size_t key_len,
	struct bs_json_raw_member *ret, struct bs_json_raw_member *ret_special)
{
	while (bs_json_next_member(cursor, ret)) {
		if (bs_json_key_compare(cursor->text, ret, key, key_len) != 0)
			return true;
		*ret_special = *ret;
	}
	return false;
}

/*
 * True if two objects hold the same members in the same order, byte for byte, but for the one with this key.
 * Their spans of that one are returned, with a length of 0 where it is absent.
 */
static bool is_same_beside(const char *old, struct bs_json_value *old_object, const char *new,
	struct bs_json_value *new_object, const char *key, size_t key_len)
{
	struct bs_json_cursor left = bs_json_cursor_start(old, *old_object);
	struct bs_json_cursor right = bs_json_cursor_start(new, *new_object);
	struct bs_json_raw_member old_special = {0};
	struct bs_json_raw_member new_special = {0};
	struct bs_json_raw_member a;
	struct bs_json_raw_member b;

	for (;;) {
		bool has_left = next_other(&left, key, key_len, &a, &old_special);
		bool has_right = next_other(&right, key, key_len, &b, &new_special);

		if (has_left != has_right || (has_left && !is_same_member(old, &a, new, &b)))
			return false;
		if (!has_left)
			break;
	}
	*old_object = old_special.value;
	*new_object = new_special.value;
	return true;
}

/* Only the edited member differs between two versions, and it has its new value. */
static bool is_only_change(const struct version *old, const struct version *new,
	const struct bs_json_edit *edit)
{
	struct bs_json_value before = old->root;
	struct bs_json_value after = new->root;

	for (size_t i = 0; i < edit->depth; i++) {
		if (!is_same_beside(old->text, &before, new->text, &after, edit->path[i],
			strlen(edit->path[i])))
			return false;
		if (after.len == 0)
			return false;
	}
	if (!is_same_beside(old->text, &before, new->text, &after, edit->key, edit->key_len))
		return false;
	if (!edit->value)
		return after.len == 0;
	return after.len == edit->value_len && memcmp(new->text + after.off, edit->value, after.len) == 0;
}

/* All bytes outside the patch are equal, those before the root and behind it among them. */
static bool is_same_outside(const struct version *old, const struct version *new,
	const struct bs_json_patch *patch)
{
	size_t old_pos = 0;
	size_t new_pos = 0;

	for (size_t i = 0; i < patch->count; i++) {
		const struct bs_json_change *change = &patch->changes[i];
		size_t same = change->off - old_pos;

		if (same > new->len - new_pos || memcmp(old->text + old_pos, new->text + new_pos, same) != 0)
			return false;
		old_pos += same + change->cut;
		new_pos += same + change->put_len;
		if (old_pos > old->len || new_pos > new->len)
			return false;
	}
	return old->len - old_pos == new->len - new_pos &&
		memcmp(old->text + old_pos, new->text + new_pos, old->len - old_pos) == 0;
}

static enum bs_code verify(const struct version *old, struct version *new, const struct bs_json_patch *patch,
	const struct bs_json_edit *edit, struct bs_error *reterr)
{
	if (bs_json_check(new->text, new->len, &new->root, NULL) || !is_same_outside(old, new, patch) ||
		!is_only_change(old, new, edit))
		return bs_error_set(reterr, BS_INTERNAL,
			"the change of a JSON member did not come out as meant; nothing was changed");
	return BS_OK;
}

/* The new value must be one value and nothing around it, for it is put into the text as it is. */
static enum bs_code check_edit(const struct bs_json_edit *edit, struct bs_error *reterr)
{
	struct bs_json_value value;

	if (!bs_utf8_is_valid(edit->key, edit->key_len))
		return bs_error_set(reterr, BS_MALFORMED, "a JSON key that is not valid UTF-8");
	for (size_t i = 0; i < edit->depth; i++) {
		if (!bs_utf8_is_valid(edit->path[i], strlen(edit->path[i])))
			return bs_error_set(reterr, BS_MALFORMED, "a JSON key that is not valid UTF-8");
	}
	if (edit->value && (bs_json_check(edit->value, edit->value_len, &value, NULL) || value.off != 0 ||
				   value.len != edit->value_len))
		return bs_error_set(reterr, BS_MALFORMED, "the new value of a member is not JSON");
	return BS_OK;
}

static enum bs_code splice_one(const struct version *old, const struct bs_json_edit *edit, char **ret,
	struct version *ret_new, struct bs_error *reterr)
{
	BS_CLEANUP(route_release) struct route route = {0};
	BS_CLEANUP(bs_json_patch_release) struct bs_json_patch patch = {0};
	BS_CLEANUP(bs_free_ptr) char *made = NULL;
	struct version new = {0};
	enum bs_code code;

	code = check_edit(edit, reterr);
	if (!code)
		code = find_route(old->text, old->root, edit, &route, reterr);
	if (!code)
		code = make_patch(old->text, old->len, &route, edit, &patch, reterr);
	if (!code)
		code = apply(old->text, old->len, &patch, &made, &new.len, reterr);
	if (code)
		return code;
	new.text = made;
	code = verify(old, &new, &patch, edit, reterr);
	if (code)
		return code;
	*ret_new = new;
	*ret = BS_TAKE(made);
	return BS_OK;
}

enum bs_code bs_json_splice(const char *text, size_t len, const struct bs_json_edit *edits, size_t count,
	char **ret, size_t *ret_len, struct bs_error *reterr)
{
	static const char empty[] = "{}\n";
	struct version now = {.text = len > 0 ? text : empty, .len = len > 0 ? len : sizeof(empty) - 1};
	BS_CLEANUP(bs_free_ptr) char *made = NULL;
	enum bs_code code;

	code = bs_json_check(now.text, now.len, &now.root, reterr);
	for (size_t i = 0; i < count && !code; i++) {
		char *next = NULL;

		code = splice_one(&now, &edits[i], &next, &now, reterr);
		if (code)
			break;
		free(made);
		made = next;
	}
	if (!code && !made)
		code = apply(now.text, now.len, &(struct bs_json_patch){0}, &made, &now.len, reterr);
	if (code)
		return code;
	*ret = BS_TAKE(made);
	*ret_len = now.len;
	return BS_OK;
}
