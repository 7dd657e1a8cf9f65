/* preferences.c: the user's preferences.json: where it is, and string values in it. */
#include "env_private.h"

#include "../base/replace.h"
#include "../base/cstr.h"
#include "../json/json.h"
#include <string.h>
#include <sys/stat.h>

static bool exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static enum bs_code default_path(const struct bs_env *env, char **ret, struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) char *path = NULL;
	BS_CLEANUP(bs_free_ptr) char *older = NULL;
	enum bs_code code = bs_cstr_format(&path, reterr, "%s/bus/preferences.json", env->config_dir);

	if (!code)
		code = bs_cstr_format(&older, reterr, "%s/busdk/preferences.json", env->config_dir);
	if (code)
		return code;
	*ret = !exists(path) && exists(older) ? BS_TAKE(older) : BS_TAKE(path);
	return BS_OK;
}

enum bs_code bs_env_preferences_path(const struct bs_env *env, char **ret, struct bs_error *reterr)
{
	const char *path = bs_env_get(env, "BUS_PREFERENCES_PATH");
	const char *dir = bs_env_get(env, "BUS_CONFIG_DIR");
	BS_CLEANUP(bs_free_ptr) char *absolute = NULL;
	enum bs_code code;

	if (path && *path)
		return bs_env_variable_path(env, path, ret, reterr);
	if (!dir || !*dir)
		return default_path(env, ret, reterr);
	code = bs_env_variable_path(env, dir, &absolute, reterr);
	return code ? code : bs_cstr_format(ret, reterr, "%s/preferences.json", absolute);
}

struct place {
	const struct bs_env *env;
};

static enum bs_code locate(void *ctx, char **ret_path, struct bs_error *reterr)
{
	const struct place *place = ctx;

	return bs_env_preferences_path(place->env, ret_path, reterr);
}

static bool is_whole(void *ctx, const char *text, size_t len)
{
	struct bs_json_value root;

	(void)ctx;
	return bs_json_check(text, len, &root, NULL) == BS_OK;
}

/* The object `values`; *ret_found false if the file has none. */
static enum bs_code find_values(const char *text, size_t len, bool *ret_found, struct bs_json_value *ret,
	struct bs_error *reterr)
{
	struct bs_json_value root;
	enum bs_code code = bs_json_check(text, len, &root, reterr);

	if (code)
		return code;
	if (root.kind != BS_JSON_OBJECT)
		return bs_error_set(reterr, BS_MALFORMED, "it is not a JSON object");
	code = bs_json_find(text, root, "values", strlen("values"), ret_found, ret, reterr);
	if (!code && *ret_found && ret->kind != BS_JSON_OBJECT)
		return bs_error_set(reterr, BS_MALFORMED, "\"values\" is not an object");
	return code;
}

/* One value as text; true and false as these words; absent, null and others: NULL. */
static enum bs_code value_text(const char *text, struct bs_json_value values, const char *key, char **ret,
	struct bs_error *reterr)
{
	struct bs_json_value value = {.kind = BS_JSON_NULL};
	bool is_found = false;
	size_t len = 0;
	enum bs_code code = bs_json_find(text, values, key, strlen(key), &is_found, &value, reterr);

	if (code || !is_found)
		return code;
	if (value.kind == BS_JSON_TRUE || value.kind == BS_JSON_FALSE)
		return bs_cstr_format(ret, reterr, "%s", value.kind == BS_JSON_TRUE ? "true" : "false");
	if (value.kind == BS_JSON_NULL)
		return BS_OK;
	if (value.kind != BS_JSON_STRING)
		return bs_error_set(reterr, BS_MALFORMED, "%s is not a string", key);
	code = bs_json_string_decode(text, value, ret, &len, reterr);
	if (!code && strlen(*ret) != len) {
		free(*ret);
		*ret = NULL;
		return bs_error_set(reterr, BS_MALFORMED, "%s holds a NUL character", key);
	}
	return code;
}

static enum bs_code read_values(const char *text, size_t len, const char *const *keys, size_t count, char **ret,
	struct bs_error *reterr)
{
	struct bs_json_value values;
	bool has_values = false;
	enum bs_code code = find_values(text, len, &has_values, &values, reterr);

	for (size_t i = 0; !code && has_values && i < count; i++)
		code = value_text(text, values, keys[i], &ret[i], reterr);
	for (size_t i = 0; code && i < count; i++) {
		free(ret[i]);
		ret[i] = NULL;
	}
	return code;
}

enum bs_code bs_env_preferences(const struct bs_env *env, const char *const *keys, size_t count, char **ret,
	struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) char *path = NULL;
	BS_CLEANUP(bs_free_ptr) char *text = NULL;
	struct place place = {.env = env};
	struct bs_error inner = {0};
	size_t len = 0;
	enum bs_code code = bs_env_preferences_path(env, &path, reterr);

	for (size_t i = 0; i < count; i++)
		ret[i] = NULL;
	if (code)
		return code;

	struct bs_replace file = {
		.locate = locate,
		.is_whole = is_whole,
		.ctx = &place,
		.shown = path,
		.limit = BS_STORE_FILE_LIMIT,
	};

	code = bs_replace_read(&file, &text, &len, reterr);
	if (code || !text)
		return code;
	code = read_values(text, len, keys, count, ret, &inner);
	if (code)
		return bs_error_set(reterr, code, "preferences %s: %s", path, inner.msg);
	return BS_OK;
}

enum bs_code bs_env_preference(const struct bs_env *env, const char *key, char **ret, struct bs_error *reterr)
{
	return bs_env_preferences(env, &key, 1, ret, reterr);
}

enum bs_code bs_env_preference_bool(const struct bs_env *env, const char *key, bool *ret, struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) char *text = NULL;
	enum bs_code code = bs_env_preference(env, key, &text, reterr);

	if (code)
		return code;
	*ret = text && strcmp(text, "true") == 0;
	return BS_OK;
}
