/* preferences.c: the user's preferences.json: where it is, and what it says of this program. */
#include "env_private.h"

#include "../base/cstr.h"
#include "preferences.h"
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

enum bs_code bs_env_preferences(const struct bs_env *env, const char *const *keys, size_t count, char **ret,
	struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) char *path = NULL;
	struct bs_error inner = {0};
	enum bs_code code = bs_env_preferences_path(env, &path, reterr);

	for (size_t i = 0; i < count; i++)
		ret[i] = NULL;
	if (code)
		return code;
	code = bs_preferences_get(env->preferences, path, keys, count, ret, &inner);
	return code ? bs_error_set(reterr, code, "preferences %s: %s", path, inner.msg) : BS_OK;
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
