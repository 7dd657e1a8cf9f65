/* preferences_file.c: reading this program's members of preferences.json, in one pass over the file. */
#include "preferences.h"

#include "../base/cstr.h"
#include "../base/replace.h"
#include "../json/walk.h"
#include <bus-secrets/cleanup.h>
#include <bus-secrets/config.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define OURS "bus-secrets."
/* A file changed so lately may change again without its times telling: kernels count in ticks of up to 10 ms. */
#define SETTLED_NS 50000000

struct member {
	char *key;
	size_t key_len;
	enum bs_json_kind kind;
	char *text; /* of a string */
	size_t text_len;
};

struct bs_preferences {
	pthread_mutex_t lock;
	char *path; /* NULL: nothing is kept */
	struct stat st;
	struct member *members;
	size_t count;
};

struct bs_preferences *bs_preferences_new(void)
{
	struct bs_preferences *preferences = calloc(1, sizeof(*preferences));

	if (preferences)
		(void)pthread_mutex_init(&preferences->lock, NULL);
	return preferences;
}

static void forget(struct bs_preferences *preferences)
{
	for (size_t i = 0; i < preferences->count; i++) {
		free(preferences->members[i].key);
		free(preferences->members[i].text);
	}
	free(preferences->members);
	free(preferences->path);
	preferences->members = NULL;
	preferences->path = NULL;
	preferences->count = 0;
}

struct bs_preferences *bs_preferences_free(struct bs_preferences *preferences)
{
	if (!preferences)
		return NULL;
	forget(preferences);
	(void)pthread_mutex_destroy(&preferences->lock);
	free(preferences);
	return NULL;
}

/* --- reading -------------------------------------------------------------------------------------------------- */

static enum bs_code locate(void *ctx, char **ret_path, struct bs_error *reterr)
{
	return bs_cstr_format(ret_path, reterr, "%s", (const char *)ctx);
}

static bool is_whole(void *ctx, const char *text, size_t len)
{
	struct bs_json_value root;

	(void)ctx;
	return bs_json_check(text, len, &root, NULL) == BS_OK;
}

static enum bs_code append(struct bs_preferences *preferences, const char *text,
	const struct bs_json_raw_member *raw, struct bs_error *reterr)
{
	struct bs_json_value key = {.kind = BS_JSON_STRING, .off = raw->key_off, .len = raw->key_span};
	struct member *grown;
	struct member *member;
	enum bs_code code;

	grown = realloc(preferences->members, (preferences->count + 1) * sizeof(*grown));
	if (!grown)
		return bs_error_set(reterr, BS_NO_MEMORY, "out of memory");
	preferences->members = grown;
	member = &grown[preferences->count];
	*member = (struct member){.kind = raw->value.kind};
	/* What cannot be decoded (half of a surrogate pair) is no key of ours, and others' keys are none of our business. */
	code = bs_json_string_decode(text, key, &member->key, &member->key_len, reterr);
	if (code)
		return code == BS_MALFORMED ? BS_OK : code;
	if (strncmp(member->key, OURS, sizeof(OURS) - 1) != 0) {
		free(member->key);
		return BS_OK;
	}
	preferences->count++;
	/* A value that cannot be decoded is an error for who asks for it, and for nobody else. */
	if (member->kind == BS_JSON_STRING)
		code = bs_json_string_decode(text, raw->value, &member->text, &member->text_len, reterr);
	return code == BS_MALFORMED ? BS_OK : code;
}

/* Whether the key may begin as ours do; with an escape in it only decoding tells. */
static bool may_be_ours(const char *text, const struct bs_json_raw_member *raw)
{
	const char *inside = text + raw->key_off + 1;
	size_t len = raw->key_span - 2;

	return (len >= sizeof(OURS) - 1 && memcmp(inside, OURS, sizeof(OURS) - 1) == 0) || memchr(inside, '\\', len);
}

static enum bs_code collect(struct bs_preferences *preferences, const char *text, size_t len, struct bs_error *reterr)
{
	struct bs_json_value root;
	struct bs_json_value values;
	struct bs_json_raw_member raw;
	struct bs_json_cursor cursor;
	bool has_values = false;
	enum bs_code code = bs_json_check(text, len, &root, reterr);

	if (code)
		return code;
	if (root.kind != BS_JSON_OBJECT)
		return bs_error_set(reterr, BS_MALFORMED, "it is not a JSON object");
	code = bs_json_find(text, root, "values", strlen("values"), &has_values, &values, reterr);
	if (code || !has_values)
		return code;
	if (values.kind != BS_JSON_OBJECT)
		return bs_error_set(reterr, BS_MALFORMED, "\"values\" is not an object");
	cursor = bs_json_cursor_start(text, values);
	while (!code && bs_json_next_member(&cursor, &raw)) {
		if (may_be_ours(text, &raw))
			code = append(preferences, text, &raw, reterr);
	}
	return code;
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
		a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
		a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static bool is_settled(const struct stat *st)
{
	struct timespec now;
	int64_t age;

	if (clock_gettime(CLOCK_REALTIME, &now))
		return false;
	age = ((int64_t)now.tv_sec - st->st_ctim.tv_sec) * 1000000000 + (now.tv_nsec - st->st_ctim.tv_nsec);
	return age > SETTLED_NS;
}

/* Reads the file unless what is kept is of this very one. A file that is absent holds nothing. */
static enum bs_code refresh(struct bs_preferences *preferences, const char *path, struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) char *text = NULL;
	BS_CLEANUP(bs_free_ptr) char *copy = strdup(path);
	struct bs_replace file = {.locate = locate, .is_whole = is_whole, .ctx = copy, .shown = "it",
		.limit = BS_STORE_FILE_LIMIT};
	struct stat before;
	struct stat after;
	bool has_stat = stat(path, &before) == 0;
	size_t len = 0;
	enum bs_code code;

	if (has_stat && preferences->path && strcmp(preferences->path, path) == 0 &&
		is_same_file(&before, &preferences->st))
		return BS_OK;
	forget(preferences);
	if (!copy)
		return bs_error_set(reterr, BS_NO_MEMORY, "out of memory");
	code = bs_replace_read(&file, &text, &len, reterr);
	if (!code && text)
		code = collect(preferences, text, len, reterr);
	if (code) {
		forget(preferences);
		return code;
	}
	if (has_stat && text && stat(path, &after) == 0 && is_same_file(&before, &after) && is_settled(&after)) {
		preferences->path = BS_TAKE(copy);
		preferences->st = after;
	}
	return BS_OK;
}

/* --- answering ------------------------------------------------------------------------------------------------ */

static enum bs_code value_of(const struct bs_preferences *preferences, const char *key, char **ret,
	struct bs_error *reterr)
{
	const struct member *found = NULL;
	size_t key_len = strlen(key);

	for (size_t i = 0; i < preferences->count; i++) {
		const struct member *member = &preferences->members[i];

		if (member->key_len != key_len || memcmp(member->key, key, key_len) != 0)
			continue;
		if (found)
			return bs_error_set(reterr, BS_MALFORMED, "%s stands twice", key);
		found = member;
	}
	if (!found || found->kind == BS_JSON_NULL)
		return BS_OK;
	if (found->kind == BS_JSON_TRUE || found->kind == BS_JSON_FALSE)
		return bs_cstr_format(ret, reterr, "%s", found->kind == BS_JSON_TRUE ? "true" : "false");
	if (!found->text)
		return bs_error_set(reterr, BS_MALFORMED, "%s is not a string", key);
	if (strlen(found->text) != found->text_len)
		return bs_error_set(reterr, BS_MALFORMED, "%s holds a NUL character", key);
	return bs_cstr_format(ret, reterr, "%s", found->text);
}

enum bs_code bs_preferences_get(struct bs_preferences *preferences, const char *path, const char *const *keys,
	size_t count, char **ret, struct bs_error *reterr)
{
	enum bs_code code;

	(void)pthread_mutex_lock(&preferences->lock);
	code = refresh(preferences, path, reterr);
	for (size_t i = 0; !code && i < count; i++)
		code = value_of(preferences, keys[i], &ret[i], reterr);
	if (!preferences->path)
		forget(preferences);
	(void)pthread_mutex_unlock(&preferences->lock);
	for (size_t i = 0; code && i < count; i++) {
		free(ret[i]);
		ret[i] = NULL;
	}
	return code;
}
