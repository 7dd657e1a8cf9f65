/* find_program.c: programs from PATH, never out of a workspace; and the environment that they get. */
#include "env_private.h"

#include "../base/cstr.h"
#include <bus-secrets/log.h>
#include <bus-secrets/workspace.h>
#include <string.h>
#include <sys/stat.h>

/* Used where PATH is unset or ignored. */
#define DEFAULT_PATH "/usr/local/bin:/usr/bin:/bin"

extern char **environ;

bool bs_path_is_within(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	while (len > 1 && dir[len - 1] == '/')
		len--;
	if (len == 1 && dir[0] == '/')
		return true;
	return strncmp(path, dir, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

static bool is_in_workspace(const char *path, const struct bs_strings *known, const char *workspace_dir)
{
	for (size_t i = 0; i < known->count; i++) {
		if (bs_path_is_within(path, known->items[i]))
			return true;
	}
	return workspace_dir && bs_path_is_within(path, workspace_dir);
}

/* The program in one directory of PATH; links are followed before it is judged where it lies. */
static char *program_in(const char *dir, size_t len, const char *name, const struct bs_strings *known,
	const char *workspace_dir)
{
	BS_CLEANUP(bs_free_ptr) char *path = NULL;
	BS_CLEANUP(bs_free_ptr) char *real = NULL;
	BS_CLEANUP(bs_free_ptr) char *real_dir = NULL;
	BS_CLEANUP(bs_free_ptr) char *dir_text = strndup(dir, len);
	struct stat st;

	if (!dir_text || bs_cstr_format(&path, NULL, "%s/%s", dir_text, name))
		return NULL;
	real = realpath(path, NULL);
	real_dir = realpath(dir_text, NULL);
	if (!real || !real_dir || stat(real, &st) < 0 || !S_ISREG(st.st_mode) || access(real, X_OK) < 0)
		return NULL;
	if (is_in_workspace(real, known, workspace_dir) || is_in_workspace(real_dir, known, workspace_dir))
		return NULL;
	return BS_TAKE(path);
}

enum bs_code bs_env_find_program(const struct bs_env *env, const char *name, const char *workspace_dir, char **ret,
	struct bs_error *reterr)
{
	BS_CLEANUP(bs_strings_release) struct bs_strings known = {0};
	const char *path = bs_env_get(env, "PATH");
	enum bs_code code;

	if (!*name || strchr(name, '/'))
		return bs_error_set(reterr, BS_NOT_FOUND, "%s: not a program's name", name);
	code = bs_workspaces_list(env, &known, reterr);
	if (code)
		return code;
	if (!path || !*path)
		path = DEFAULT_PATH;
	for (const char *at = path; *at;) {
		size_t len = strcspn(at, ":");
		char *found = len && at[0] == '/' ? program_in(at, len, name, &known, workspace_dir) : NULL;

		if (found) {
			*ret = found;
			return BS_OK;
		}
		at += len + (at[len] == ':');
	}
	return bs_error_set(reterr, BS_NOT_FOUND,
		"%s: no such program in PATH (relative entries and those inside workspaces do not count)", name);
}

static bool names_variable(const char *entry, const char *name)
{
	size_t len = strlen(name);

	return strncmp(entry, name, len) == 0 && entry[len] == '=';
}

static bool names_one_of(const char *entry, const struct bs_strings *names)
{
	for (size_t i = 0; i < names->count; i++) {
		if (names_variable(entry, names->items[i]))
			return true;
	}
	return false;
}

static bool is_passed_on(const struct bs_env *env, const char *entry, const char *const *more)
{
	if (names_variable(entry, "SOPS_AGE_KEY") || names_one_of(entry, &env->ignored) ||
		names_one_of(entry, &env->withheld))
		return false;
	for (; more && *more; more++) {
		size_t len = strcspn(*more, "=");

		if (strncmp(entry, *more, len) == 0 && entry[len] == '=')
			return false;
	}
	return true;
}

static size_t count_texts(const char *const *texts)
{
	size_t count = 0;

	while (texts && texts[count])
		count++;
	return count;
}

static size_t count_entries(void)
{
	size_t count = 0;

	while (environ && environ[count])
		count++;
	return count;
}

static void tell_withheld(const struct bs_env *env)
{
	BS_CLEANUP(bs_free_ptr) char *names = env->withheld.count ? bs_strings_join(&env->withheld, ", ") : NULL;

	if (names)
		bs_notice(BS_NOTICE_INFO, "not passed on: %s (the .env here may have set it)", names);
}

/* HOME and PATH are put in where they were ignored or missing: most programs need them. */
enum bs_code bs_env_for_program(const struct bs_env *env, const char *const *more, const char ***ret,
	struct bs_error *reterr)
{
	size_t home_len = strlen(env->home) + sizeof("HOME=");
	size_t room = count_entries() + count_texts(more) + 3;
	const char **list = malloc(room * sizeof(*list) + home_len);
	char *text = list ? (char *)(list + room) : NULL;
	size_t count = 0;

	if (!list)
		return bs_error_set(reterr, BS_NO_MEMORY, "out of memory for an environment");
	tell_withheld(env);
	for (char **entry = environ; entry && *entry && count + 3 < room; entry++) {
		if (is_passed_on(env, *entry, more) && !names_variable(*entry, "HOME"))
			list[count++] = *entry;
	}
	list[count++] = text;
	(void)stpcpy(stpcpy(text, "HOME="), env->home);
	if (!bs_env_get(env, "PATH"))
		list[count++] = "PATH=" DEFAULT_PATH;
	for (; more && *more; more++)
		list[count++] = *more;
	list[count] = NULL;
	*ret = list;
	return BS_OK;
}
