/*
 * json_file.c: one JSON file of the table: where it is, reading it with a cache, replacing it.
 *
 * Layer: core/store.
 */
#include "json_file.h"
#include <string.h>
#include <time.h>

/* What bs_replace() gives back to us. */
struct replace_call {
	struct bs_json_file *file;
	bs_replace_edit_fn edit;
	void *ctx;
};

/* A file younger than this when it was read may change again without its times telling. */
#define SETTLED_NS 100000000

enum bs_code bs_json_file_path(
	const struct bs_store *store, const struct bs_layout *layout, char **ret, struct bs_error *reterr)
{
	if (!layout->file)
		return bs_env_preferences_path(store->env, ret, reterr);
	if (asprintf(ret, "%s/%s", bs_workspace_path(store->ws), layout->file) < 0) {
		*ret = NULL;
		return bs_error_set(reterr, BS_NO_MEMORY, "no memory for a path");
	}
	return BS_OK;
}

enum bs_code bs_json_file_open(struct bs_store *store, const struct bs_layout *layout,
	struct bs_json_file *ret, struct bs_error *reterr)
{
	enum bs_code code;

	*ret = (struct bs_json_file){.store = store, .layout = layout};
	code = bs_json_file_path(store, layout, &ret->path, reterr);
	if (code)
		return code;
	ret->shown = bs_access_shown(store, ret->path);
	return BS_OK;
}

void bs_json_file_release(struct bs_json_file *file)
{
	free(file->path);
	*file = (struct bs_json_file){0};
}

size_t bs_json_file_key(const struct bs_layout *layout, const char *name, char ret[static BS_JSON_KEY_MAX])
{
	return (size_t)snprintf(ret, BS_JSON_KEY_MAX, "%s%.*s", layout->prefix, BS_NAME_MAX, name);
}

#define MERGE_MARK "unresolved merge, "

enum bs_code bs_json_file_fail(
	const struct bs_json_file *file, const struct bs_error *why, struct bs_error *reterr)
{
	size_t mark = strlen(MERGE_MARK);

	if (why->code == BS_MALFORMED && strncmp(why->msg, MERGE_MARK, mark) == 0)
		return bs_error_set(
			reterr, why->code, "unresolved merge in %s, %s", file->shown, why->msg + mark);
	return bs_error_set(reterr, why->code, "%s: %s", file->shown, why->msg);
}

/*
 * Half-written is what fails to parse, unless a person has to act: that will not change in 300 ms. A large
 * file is not judged twice: what is found here counts for the same bytes, which their reader holds until it
 * gives them to us.
 */
static bool is_whole(void *ctx, const char *text, size_t len)
{
	struct bs_json_file *file = ((struct replace_call *)ctx)->file;
	struct bs_error why = {0};

	file->checked = NULL;
	if (bs_json_check(text, len, &file->root, &why))
		return strncmp(why.msg, MERGE_MARK, strlen(MERGE_MARK)) == 0;
	file->checked = text;
	file->checked_len = len;
	return true;
}

static enum bs_code walk_to_box(const struct bs_json_file *file, const char *text, struct bs_json_value at,
	bool *ret_has, struct bs_json_value *ret, struct bs_error *reterr)
{
	const struct bs_layout *layout = file->layout;

	for (size_t i = 0;; i++) {
		const char *key = i < layout->depth ? layout->objects[i] : NULL;
		struct bs_error why = {0};
		bool found = false;
		enum bs_code code;

		if (at.kind != BS_JSON_OBJECT)
			return bs_error_set(reterr, BS_MALFORMED, "%s: %s is not an object", file->shown,
				i ? layout->objects[i - 1] : "its top");
		if (!key)
			break;
		code = bs_json_find(text, at, key, strlen(key), &found, &at, &why);
		if (code)
			return bs_json_file_fail(file, &why, reterr);
		if (!found) {
			*ret_has = false;
			return BS_OK;
		}
	}
	*ret_has = true;
	*ret = at;
	return BS_OK;
}

enum bs_code bs_json_file_box(const struct bs_json_file *file, const char *text, size_t len, bool *ret_has,
	struct bs_json_value *ret, struct bs_error *reterr)
{
	struct bs_json_value root;
	struct bs_error why = {0};

	if (len == 0)
		return bs_error_set(
			reterr, BS_MALFORMED, "%s is empty: write {} into it, or restore it", file->shown);
	if (file->checked == text && file->checked_len == len)
		root = file->root;
	else if (bs_json_check(text, len, &root, &why))
		return bs_json_file_fail(file, &why, reterr);
	return walk_to_box(file, text, root, ret_has, ret, reterr);
}

static enum bs_code locate(void *ctx, char **ret_path, struct bs_error *reterr)
{
	const struct replace_call *call = ctx;

	return bs_json_file_path(call->file->store, call->file->layout, ret_path, reterr);
}

static enum bs_code call_edit(
	void *ctx, const char *text, size_t len, char **ret, size_t *ret_len, struct bs_error *reterr)
{
	const struct replace_call *call = ctx;

	return call->edit(call->ctx, text, len, ret, ret_len, reterr);
}

static enum bs_code call_merge(void *ctx, const char *ours, size_t ours_len, const char *displaced,
	size_t displaced_len, char **ret, size_t *ret_len, struct bs_error *reterr)
{
	const struct replace_call *call = ctx;

	return bs_json_file_merge(call->file, ours, ours_len, displaced, displaced_len, ret, ret_len, reterr);
}

/* The user's preferences are made where missing and may be linked anywhere; a workspace's file neither. */
static struct bs_replace protocol(struct replace_call *call)
{
	const struct bs_json_file *file = call->file;
	bool is_users = file->layout->scope == BS_SCOPE_USER;

	return (struct bs_replace){
		.locate = locate,
		.edit = call_edit,
		.merge = call_merge,
		.is_whole = is_whole,
		.ctx = call,
		.shown = file->shown,
		.limit = BS_STORE_FILE_LIMIT,
		.new_mode = 0600,
		.new_dir_mode = is_users ? 0700 : 0,
		.beneath = is_users ? NULL : bs_workspace_path(file->store->ws),
	};
}

/*
 * A workspace's file is opened through the workspace, which checks owner and links; only then, and only if
 * what came is not whole, the more patient way is taken.
 */
static enum bs_code read_text(struct bs_json_file *file, char **ret, size_t *ret_len, struct bs_error *reterr)
{
	struct replace_call call = {.file = file};
	struct bs_replace replace = protocol(&call);

	if (file->layout->scope != BS_SCOPE_USER) {
		BS_CLEANUP(bs_free_ptr) char *text = NULL;
		enum bs_code code = bs_workspace_read_file(
			file->store->ws, file->layout->file, BS_STORE_FILE_LIMIT, &text, ret_len, reterr);

		if (code == BS_NOT_FOUND) {
			*ret = NULL;
			return BS_OK;
		}
		if (code)
			return code;
		if (is_whole(&call, text, *ret_len)) {
			*ret = BS_TAKE(text);
			return BS_OK;
		}
	}
	return bs_replace_read(&replace, ret, ret_len, reterr);
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_uid == b->st_uid && a->st_mode == b->st_mode && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec && a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	       a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static bool is_settled(const struct stat *st)
{
	struct timespec now;
	int64_t age_s, age_ns;

	if (clock_gettime(CLOCK_REALTIME, &now))
		return false;
	age_s = (int64_t)now.tv_sec - st->st_ctim.tv_sec;
	age_ns = (int64_t)now.tv_nsec - st->st_ctim.tv_nsec;
	return age_s > 1 || (age_s >= 0 && age_s * 1000000000 + age_ns > SETTLED_NS);
}

void bs_json_cache_release(struct bs_json_cache *cache)
{
	free(cache->path);
	free(cache->text);
	*cache = (struct bs_json_cache){0};
}

enum bs_code bs_json_file_load(
	struct bs_json_file *file, const struct bs_json_cache **ret, struct bs_error *reterr)
{
	struct bs_json_cache *cache = &file->store->cache[file->layout->scope];
	struct stat before = {0}, after = {0};
	bool is_file = stat(file->path, &before) == 0;
	enum bs_code code;

	*ret = cache;
	if (is_file && cache->is_settled && strcmp(cache->path, file->path) == 0 &&
		is_same_file(&before, &cache->st))
		return BS_OK;
	bs_json_cache_release(cache);
	code = read_text(file, &cache->text, &cache->len, reterr);
	if (code || !cache->text)
		return code;
	code = bs_json_file_box(file, cache->text, cache->len, &cache->has_box, &cache->box, reterr);
	if (code) {
		bs_json_cache_release(cache);
		return code;
	}
	cache->path = strdup(file->path);
	cache->st = before;
	cache->is_settled = cache->path && is_file && is_settled(&before) && stat(file->path, &after) == 0 &&
			    is_same_file(&before, &after);
	return BS_OK;
}

enum bs_code bs_json_file_start(
	const struct bs_json_file *file, const char **text, size_t *len, struct bs_error *reterr)
{
	static const char fresh[] = "{\n  \"version\": 1,\n  \"values\": {}\n}\n";

	if (*text)
		return BS_OK;
	if (file->layout->scope != BS_SCOPE_USER)
		return bs_error_set(reterr, BS_NO_WORKSPACE, "%s is gone: bus-secrets init --repo makes one",
			file->shown);
	*text = fresh;
	*len = sizeof(fresh) - 1;
	return BS_OK;
}

enum bs_code bs_json_file_splice(const struct bs_json_file *file, const char *text, size_t len,
	const struct bs_json_edit *edits, size_t count, char **ret, size_t *ret_len, struct bs_error *reterr)
{
	struct bs_error why = {0};

	if (bs_json_splice(text, len, edits, count, ret, ret_len, &why))
		return bs_json_file_fail(file, &why, reterr);
	return BS_OK;
}

enum bs_code bs_json_file_replace(struct bs_json_file *file, bs_replace_edit_fn edit, void *ctx,
	bool *ret_was_written, struct bs_error *reterr)
{
	struct replace_call call = {.file = file, .edit = edit, .ctx = ctx};
	struct bs_replace replace = protocol(&call);
	enum bs_code code = bs_access_check(file->path, file->shown, reterr);

	if (code)
		return code;
	bs_json_cache_release(&file->store->cache[file->layout->scope]);
	return bs_replace(&replace, ret_was_written, reterr);
}
