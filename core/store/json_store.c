/*
 * json_store.c: documents as members of a JSON file that belongs to other programs, too.
 *
 * Layer: core/store. preferences.json (values."secrets.<name>") and datapackage.json (busdk.secrets.<name>)
 * differ only in their row of the table. Reading finds one member without looking into the others; writing is
 * one splice through the replacement protocol.
 */
#include "json_file.h"
#include <fcntl.h>
#include <string.h>

static void stored_from_value(
	const struct bs_json_file *file, const char *text, struct bs_json_value value, struct bs_stored *ret)
{
	*ret = (struct bs_stored){.layout = file->layout};
	(void)snprintf(ret->where, sizeof(ret->where), "%s", file->shown);
	if (value.kind == BS_JSON_STRING) {
		if (bs_json_string_decode(text, value, &ret->text, &ret->len, &ret->error) == BS_OK)
			return;
		if (ret->error.code == BS_NO_MEMORY)
			return;
	} else if (value.kind == BS_JSON_OBJECT || value.kind == BS_JSON_ARRAY) {
		(void)bs_error_set(
			&ret->error, BS_MALFORMED, "a document is stored as a string, this is none");
	} else {
		(void)bs_error_set(&ret->error, BS_PLAINTEXT, "the stored value is no encrypted document");
	}
	ret->text = strndup(text + value.off, value.len);
	ret->len = ret->text ? value.len : 0;
}

/* The member of a name in a text whose box is known. BS_NOT_FOUND without a message. */
static enum bs_code find_value(const struct bs_json_file *file, const char *text, struct bs_json_value box,
	const char *name, struct bs_json_value *ret, struct bs_error *reterr)
{
	char key[BS_JSON_KEY_MAX];
	size_t key_len = bs_json_file_key(file->layout, name, key);
	struct bs_error why = {0};
	bool found = false;
	enum bs_code code = bs_json_find(text, box, key, key_len, &found, ret, &why);

	if (code)
		return bs_json_file_fail(file, &why, reterr);
	return found ? BS_OK : BS_NOT_FOUND;
}

static enum bs_code json_is_there(
	struct bs_store *store, const struct bs_layout *layout, bool *ret, struct bs_error *reterr)
{
	(void)reterr;
	*ret = layout->scope == BS_SCOPE_USER ||
	       faccessat(bs_workspace_dirfd(store->ws), layout->file, F_OK, 0) == 0;
	return BS_OK;
}

static enum bs_code json_read(struct bs_store *store, const struct bs_layout *layout, const char *name,
	struct bs_stored *ret, struct bs_error *reterr)
{
	BS_CLEANUP(bs_json_file_release) struct bs_json_file file = {0};
	const struct bs_json_cache *text;
	struct bs_json_value value;
	enum bs_code code = bs_json_file_open(store, layout, &file, reterr);

	if (code || (code = bs_json_file_load(&file, &text, reterr)))
		return code;
	if (!text->text || !text->has_box)
		return BS_NOT_FOUND;
	code = find_value(&file, text->text, text->box, name, &value, reterr);
	if (code == BS_OK)
		stored_from_value(&file, text->text, value, ret);
	return code;
}

/* A member to be sorted, without moving the members. */
struct sorted {
	const struct bs_json_member *member;
};

static int by_key(const void *a, const void *b)
{
	return bs_json_member_order(((const struct sorted *)a)->member, ((const struct sorted *)b)->member);
}

/* The members whose key has the layout's prefix, sorted; *ret is on the heap. */
static enum bs_code sort_members(const struct bs_layout *layout, const struct bs_json_members *members,
	struct sorted **ret, size_t *ret_count, struct bs_error *reterr)
{
	size_t prefix_len = strlen(layout->prefix);
	struct sorted *sorted = calloc(members->count + 1, sizeof(*sorted));
	size_t count = 0;

	if (!sorted)
		return bs_error_set(reterr, BS_NO_MEMORY, "no memory to list secrets");
	for (size_t i = 0; i < members->count; i++) {
		const struct bs_json_member *member = &members->items[i];

		if (member->key_len >= prefix_len && memcmp(member->key, layout->prefix, prefix_len) == 0)
			sorted[count++].member = member;
	}
	if (count > 1)
		qsort(sorted, count, sizeof(*sorted), by_key);
	*ret = sorted;
	*ret_count = count;
	return BS_OK;
}

static enum bs_code each_sorted(const struct bs_json_file *file, const char *text,
	const struct sorted *sorted, size_t count, bool with_text, bs_each_fn fn, void *ctx,
	struct bs_error *reterr)
{
	size_t prefix_len = strlen(file->layout->prefix);

	for (size_t i = 0; i < count;) {
		const struct bs_json_member *member = sorted[i].member;
		struct bs_stored stored = {0};
		size_t same = 1;
		enum bs_code code;

		while (i + same < count && by_key(&sorted[i], &sorted[i + same]) == 0)
			same++;
		if (with_text)
			stored_from_value(file, text, member->value, &stored);
		code = fn(ctx, member->key + prefix_len, member->key_len - prefix_len, same > 1,
			with_text ? &stored : NULL, reterr);
		bs_stored_release(&stored);
		if (code)
			return code;
		i += same;
	}
	return BS_OK;
}

static enum bs_code json_each(struct bs_store *store, const struct bs_layout *layout, bool with_text,
	bs_each_fn fn, void *ctx, struct bs_error *reterr)
{
	BS_CLEANUP(bs_json_file_release) struct bs_json_file file = {0};
	BS_CLEANUP(bs_json_members_release) struct bs_json_members members = {0};
	BS_CLEANUP(bs_free_ptr) struct sorted *sorted = NULL;
	const struct bs_json_cache *text;
	size_t count = 0;
	enum bs_code code = bs_json_file_open(store, layout, &file, reterr);

	if (code || (code = bs_json_file_load(&file, &text, reterr)))
		return code;
	if (!text->text || !text->has_box)
		return BS_OK;
	code = bs_json_members(text->text, text->box, &members, reterr);
	if (code || (code = sort_members(layout, &members, &sorted, &count, reterr)))
		return code;
	return each_sorted(&file, text->text, sorted, count, with_text, fn, ctx, reterr);
}

/* One change of one member. */
struct change_call {
	struct bs_json_file *file;
	const char *name;
	bs_change_fn fn;
	void *ctx;
};

static enum bs_code splice_change(const struct bs_json_file *file, const char *text, size_t len,
	const char *name, const struct bs_change *change, char **ret, size_t *ret_len,
	struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) char *raw = NULL;
	char key[BS_JSON_KEY_MAX];
	struct bs_json_edit edit = {
		.path = file->layout->objects,
		.depth = file->layout->depth,
		.key = key,
		.key_len = bs_json_file_key(file->layout, name, key),
	};

	if (change->kind == BS_CHANGE_PUT) {
		enum bs_code code =
			bs_json_string_encode(change->text, change->len, &raw, &edit.value_len, reterr);

		if (code)
			return code;
		edit.value = raw;
	}
	return bs_json_file_splice(file, text, len, &edit, 1, ret, ret_len, reterr);
}

static enum bs_code edit_one(
	void *ctx, const char *text, size_t len, char **ret, size_t *ret_len, struct bs_error *reterr)
{
	struct change_call *call = ctx;
	BS_CLEANUP(bs_change_release) struct bs_change change = {0};
	BS_CLEANUP(bs_stored_release) struct bs_stored present = {0};
	struct bs_json_value box, value = {0};
	bool has_box = false, is_present = false;
	enum bs_code code = bs_json_file_start(call->file, &text, &len, reterr);

	if (code || (code = bs_json_file_box(call->file, text, len, &has_box, &box, reterr)))
		return code;
	if (has_box) {
		code = find_value(call->file, text, box, call->name, &value, reterr);
		if (code && code != BS_NOT_FOUND)
			return code;
		is_present = code == BS_OK;
	}
	if (is_present)
		stored_from_value(call->file, text, value, &present);
	code = call->fn(call->ctx, is_present ? &present : NULL, &change, reterr);
	if (code || change.kind == BS_CHANGE_NONE || (change.kind == BS_CHANGE_DROP && !is_present))
		return code;
	return splice_change(call->file, text, len, call->name, &change, ret, ret_len, reterr);
}

static enum bs_code json_change(struct bs_store *store, const struct bs_layout *layout, const char *name,
	bs_change_fn fn, void *ctx, bool *ret_was_written, struct bs_error *reterr)
{
	BS_CLEANUP(bs_json_file_release) struct bs_json_file file = {0};
	struct change_call call = {.file = &file, .name = name, .fn = fn, .ctx = ctx};
	enum bs_code code = bs_json_file_open(store, layout, &file, reterr);

	if (code)
		return code;
	return bs_json_file_replace(&file, edit_one, &call, ret_was_written, reterr);
}

struct rename_call {
	struct bs_json_file *file;
	const char *from;
	const char *to;
	unsigned flags;
};

/* Both values move as the raw text that they are, in one splice: there is no moment with none or both. */
static enum bs_code splice_rename(const struct rename_call *call, const char *text, size_t len,
	struct bs_json_value from, const struct bs_json_value *to, char **ret, size_t *ret_len,
	struct bs_error *reterr)
{
	const struct bs_layout *layout = call->file->layout;
	bool is_exchange = call->flags & BS_RENAME_EXCHANGE;
	char from_key[BS_JSON_KEY_MAX], to_key[BS_JSON_KEY_MAX];
	struct bs_json_edit edits[2] = {
		{
			.path = layout->objects,
			.depth = layout->depth,
			.key = from_key,
			.key_len = bs_json_file_key(layout, call->from, from_key),
		},
		{
			.path = layout->objects,
			.depth = layout->depth,
			.key = to_key,
			.key_len = bs_json_file_key(layout, call->to, to_key),
			.value = text + from.off,
			.value_len = from.len,
		},
	};

	if (is_exchange && to) {
		edits[0].value = text + to->off;
		edits[0].value_len = to->len;
	}
	return bs_json_file_splice(call->file, text, len, edits, 2, ret, ret_len, reterr);
}

static enum bs_code edit_rename(
	void *ctx, const char *text, size_t len, char **ret, size_t *ret_len, struct bs_error *reterr)
{
	struct rename_call *call = ctx;
	struct bs_json_value box, from, to;
	bool has_box = false, has_to;
	enum bs_code code = bs_json_file_start(call->file, &text, &len, reterr);

	if (code || (code = bs_json_file_box(call->file, text, len, &has_box, &box, reterr)))
		return code;
	code = has_box ? find_value(call->file, text, box, call->from, &from, reterr) : BS_NOT_FOUND;
	if (code == BS_NOT_FOUND)
		return bs_error_set(
			reterr, BS_NOT_FOUND, "no secret %s in %s", call->from, call->file->shown);
	if (code)
		return code;
	code = find_value(call->file, text, box, call->to, &to, reterr);
	if (code && code != BS_NOT_FOUND)
		return code;
	has_to = code == BS_OK;
	if (has_to && (call->flags & BS_RENAME_NOREPLACE))
		return bs_error_set(
			reterr, BS_EXISTS, "secret %s exists already in %s", call->to, call->file->shown);
	if (!has_to && (call->flags & BS_RENAME_EXCHANGE))
		return bs_error_set(reterr, BS_NOT_FOUND, "no secret %s in %s", call->to, call->file->shown);
	return splice_rename(call, text, len, from, has_to ? &to : NULL, ret, ret_len, reterr);
}

static enum bs_code json_rename(struct bs_store *store, const struct bs_layout *layout, const char *from,
	const char *to, unsigned flags, struct bs_error *reterr)
{
	BS_CLEANUP(bs_json_file_release) struct bs_json_file file = {0};
	struct rename_call call = {.file = &file, .from = from, .to = to, .flags = flags};
	bool was_written;
	enum bs_code code = bs_json_file_open(store, layout, &file, reterr);

	if (code)
		return code;
	return bs_json_file_replace(&file, edit_rename, &call, &was_written, reterr);
}

static enum bs_code json_path(
	struct bs_store *store, const struct bs_layout *layout, char **ret, struct bs_error *reterr)
{
	return bs_json_file_path(store, layout, ret, reterr);
}

static uint64_t json_stamp(struct bs_store *store, const struct bs_layout *layout)
{
	BS_CLEANUP(bs_free_ptr) char *path = NULL;

	if (bs_json_file_path(store, layout, &path, NULL))
		return 0;
	return bs_access_stamp(AT_FDCWD, path, bs_hash64(path, strlen(path), 0));
}

const struct bs_layout_ops bs_json_layout = {
	.is_there = json_is_there,
	.read = json_read,
	.each = json_each,
	.change = json_change,
	.rename = json_rename,
	.path = json_path,
	.stamp = json_stamp,
};
