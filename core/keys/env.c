/* env.c: the environment of a call: variables after the .env rule, and the places that follow from them. */
#include "env_private.h"

#include "../base/cstr.h"
#include "dotenv.h"
#include <bus-secrets/log.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>

const char *const bs_env_variables[BS_ENV_VARIABLES] = {
	"HOME",
	"PATH",
	"XDG_CONFIG_HOME",
	"XDG_STATE_HOME",
	"XDG_RUNTIME_DIR",
	"BUS_PREFERENCES_PATH",
	"BUS_CONFIG_DIR",
	"BUS_DISCOVERY_ACROSS_FILESYSTEM",
	"SOPS_AGE_KEY_FILE",
	"SOPS_AGE_KEY_CMD",
	"SOPS_AGE_SSH_PRIVATE_KEY_FILE",
	"SOPS_AGE_SSH_PRIVATE_KEY_CMD",
	"SOPS_AGE_RECIPIENTS",
	"SOPS_CONFIG",
	"GNUPGHOME",
};

extern char **environ;

static enum bs_code copy_text(const char *text, char **ret, struct bs_error *reterr)
{
	*ret = strdup(text);
	return *ret ? BS_OK : bs_error_set(reterr, BS_NO_MEMORY, "out of memory for the environment");
}

/* --- variables ------------------------------------------------------------------------------------------------ */

static int variable_index(const char *name)
{
	for (int i = 0; i < BS_ENV_VARIABLES; i++) {
		if (strcmp(bs_env_variables[i], name) == 0)
			return i;
	}
	return -1;
}

const char *bs_env_get(const struct bs_env *env, const char *variable)
{
	int i = variable_index(variable);

	if (i >= 0)
		return env->values[i];
	return strcmp(variable, "SOPS_AGE_KEY") == 0 ? NULL : getenv(variable);
}

static bool may_be_set_by(const struct bs_dotenv *files, const char *name)
{
	const char *value = getenv(name);

	for (size_t i = 0; value && i < 2; i++) {
		if (bs_dotenv_may_set(&files[i], name, value))
			return true;
	}
	return false;
}

/* Takes the variables; with files given, without those that one of the .env texts may have set. */
static enum bs_code take_variables(struct bs_env *env, const struct bs_dotenv *files, struct bs_error *reterr)
{
	bs_strings_release(&env->ignored);
	for (int i = 0; i < BS_ENV_VARIABLES; i++) {
		const char *name = bs_env_variables[i];
		const char *value = getenv(name);
		enum bs_code code = BS_OK;

		free(env->values[i]);
		env->values[i] = NULL;
		if (!value)
			continue;
		if (files && may_be_set_by(files, name))
			code = bs_strings_add(&env->ignored, name, reterr);
		else
			code = copy_text(value, &env->values[i], reterr);
		if (code)
			return code;
	}
	return BS_OK;
}

/*
 * Every other variable that one of the .env texts may have set. They mean nothing to us, but much to the programs that
 * we start: SOPS_GPG_EXEC, AWS_CONFIG_FILE and BASH_ENV name commands, too.
 */
static enum bs_code withhold_others(struct bs_env *env, const struct bs_dotenv *files, struct bs_error *reterr)
{
	if (!files[0].is_unknown && !files[0].len && !files[1].is_unknown && !files[1].len)
		return BS_OK;
	for (char **entry = environ; entry && *entry; entry++) {
		BS_CLEANUP(bs_free_ptr) char *name = strndup(*entry, strcspn(*entry, "="));
		enum bs_code code = BS_OK;

		if (!name)
			return bs_error_set(reterr, BS_NO_MEMORY, "out of memory for the environment");
		if (variable_index(name) < 0 && may_be_set_by(files, name))
			code = bs_strings_add(&env->withheld, name, reterr);
		if (code)
			return code;
	}
	return BS_OK;
}

/* Moves the key itself to locked memory; what stood in the environment block is overwritten. */
static enum bs_code take_age_key(struct bs_env *env, struct bs_error *reterr)
{
	char *value = getenv("SOPS_AGE_KEY");
	enum bs_code code = BS_OK;

	if (!value)
		return BS_OK;
	code = bs_secret_copy(value, strlen(value), &env->age_key, reterr);
	explicit_bzero(value, strlen(value));
	(void)unsetenv("SOPS_AGE_KEY");
	return code;
}

const struct bs_secret *bs_env_age_key(const struct bs_env *env)
{
	return env->age_key;
}

const struct bs_strings *bs_env_ignored(const struct bs_env *env)
{
	return &env->ignored;
}

/* --- places --------------------------------------------------------------------------------------------------- */

/* A relative value places nothing: it would be another place in every directory (as the XDG rules say). */
static const char *absolute_value(const struct bs_env *env, const char *variable)
{
	const char *value = bs_env_get(env, variable);

	return value && value[0] == '/' ? value : NULL;
}

static enum bs_code find_home(const struct bs_env *env, char **ret, struct bs_error *reterr)
{
	const char *value = absolute_value(env, "HOME");
	struct passwd entry;
	struct passwd *found = NULL;
	char room[4096];

	if (value)
		return copy_text(value, ret, reterr);
	if (getpwuid_r(geteuid(), &entry, room, sizeof(room), &found) == 0 && found && found->pw_dir[0] == '/')
		return copy_text(found->pw_dir, ret, reterr);
	return bs_error_set(reterr, BS_NOT_FOUND,
		"no home directory: HOME is not set (to an absolute path) and there is no passwd entry; set HOME");
}

static enum bs_code find_places(struct bs_env *env, struct bs_error *reterr)
{
	const char *config = absolute_value(env, "XDG_CONFIG_HOME");
	const char *state = absolute_value(env, "XDG_STATE_HOME");
	enum bs_code code;

	free(env->home);
	free(env->config_dir);
	free(env->state_dir);
	free(env->keys_txt);
	env->home = env->config_dir = env->state_dir = env->keys_txt = NULL;
	code = find_home(env, &env->home, reterr);
	if (!code)
		code = config ? copy_text(config, &env->config_dir, reterr)
			      : bs_cstr_format(&env->config_dir, reterr, "%s/.config", env->home);
	if (!code)
		code = state ? bs_cstr_format(&env->state_dir, reterr, "%s/bus-secrets", state)
			     : bs_cstr_format(&env->state_dir, reterr, "%s/.local/state/bus-secrets", env->home);
	if (!code)
		code = bs_cstr_format(&env->keys_txt, reterr, "%s/sops/age/keys.txt", env->config_dir);
	return code;
}

static enum bs_code find_directories(struct bs_env *env, const char *chdir, struct bs_error *reterr)
{
	struct stat st;

	env->start = getcwd(NULL, 0);
	if (!env->start || env->start[0] != '/')
		return bs_error_set(reterr, BS_NOT_FOUND, "the working directory is gone or out of reach; cd elsewhere");
	if (!chdir)
		return copy_text(env->start, &env->cwd, reterr);
	env->cwd = realpath(chdir, NULL);
	if (!env->cwd || stat(env->cwd, &st) < 0)
		return bs_error_sys(reterr, errno, "-C %s", chdir);
	if (!S_ISDIR(st.st_mode))
		return bs_error_set(reterr, BS_NOT_FOUND, "-C %s: not a directory", chdir);
	return BS_OK;
}

enum bs_code bs_env_variable_path(const struct bs_env *env, const char *value, char **ret, struct bs_error *reterr)
{
	if (value[0] == '/')
		return copy_text(value, ret, reterr);
	return bs_cstr_format(ret, reterr, "%s/%s", env->start, value);
}

enum bs_code bs_env_preference_place(const struct bs_env *env, const char *key, const char *value, char **ret,
	struct bs_error *reterr)
{
	if (value[0] == '/')
		return copy_text(value, ret, reterr);
	if (value[0] == '~' && value[1] == '/')
		return bs_cstr_format(ret, reterr, "%s/%s", env->home, value + 2);
	return bs_error_set(reterr, BS_POLICY, "preference %s: the path must be absolute or begin with ~/", key);
}

/* --- the .env rule -------------------------------------------------------------------------------------------- */

static void tell_ignored(const struct bs_env *env)
{
	BS_CLEANUP(bs_free_ptr) char *names = bs_strings_join(&env->ignored, ", ");

	bs_notice(BS_NOTICE_WARN,
		"ignored: %s (the .env here may have set it; preference bus-secrets.trust_dotenv allows that)",
		names ? names : "variables");
}

/* Variables and places; those from a .env only if the preferences, found without them, say so. */
static enum bs_code apply_dotenv_rule(struct bs_env *env, const struct bs_dotenv *files, struct bs_error *reterr)
{
	bool is_trusted = false;
	enum bs_code code = take_variables(env, files, reterr);

	if (!code)
		code = withhold_others(env, files, reterr);
	if (!code)
		code = find_places(env, reterr);
	if (code || !(env->ignored.count || env->withheld.count))
		return code;
	/* Preferences that cannot be read trust nothing. */
	if (bs_env_preference_bool(env, "bus-secrets.trust_dotenv", &is_trusted, NULL) == BS_OK && is_trusted) {
		bs_strings_release(&env->withheld);
		code = take_variables(env, NULL, reterr);
		return code ? code : find_places(env, reterr);
	}
	if (env->ignored.count)
		tell_ignored(env);
	return BS_OK;
}

static enum bs_code fill(struct bs_env *env, const struct bs_env_options *options, struct bs_error *reterr)
{
	struct bs_dotenv files[2] = {{0}};
	enum bs_code code = take_age_key(env, reterr);

	env->value_limit = options && options->value_limit ? options->value_limit : BS_VALUE_LIMIT;
	if (!code)
		code = find_directories(env, options ? options->chdir : NULL, reterr);
	if (code)
		return code;
	bs_dotenv_load(env->start, &files[0]);
	if (strcmp(env->cwd, env->start) != 0)
		bs_dotenv_load(env->cwd, &files[1]);
	code = apply_dotenv_rule(env, files, reterr);
	bs_dotenv_release(&files[0]);
	bs_dotenv_release(&files[1]);
	return code;
}

enum bs_code bs_env_open(const struct bs_env_options *options, struct bs_env **ret, struct bs_error *reterr)
{
	BS_CLEANUP(bs_env_close_ptr) struct bs_env *env = calloc(1, sizeof(*env));
	enum bs_code code;

	if (env)
		env->preferences = bs_preferences_new();
	if (!env || !env->preferences)
		return bs_error_set(reterr, BS_NO_MEMORY, "out of memory for the environment");
	code = fill(env, options, reterr);
	if (code)
		return code;
	*ret = BS_TAKE(env);
	return BS_OK;
}

struct bs_env *bs_env_close(struct bs_env *env)
{
	if (!env)
		return NULL;
	free(env->start);
	free(env->cwd);
	free(env->home);
	free(env->config_dir);
	free(env->state_dir);
	free(env->keys_txt);
	for (int i = 0; i < BS_ENV_VARIABLES; i++)
		free(env->values[i]);
	bs_secret_free(env->age_key);
	bs_strings_release(&env->ignored);
	bs_strings_release(&env->withheld);
	bs_preferences_free(env->preferences);
	free(env);
	return NULL;
}

const char *bs_env_cwd(const struct bs_env *env)
{
	return env->cwd;
}

const char *bs_env_home(const struct bs_env *env)
{
	return env->home;
}

size_t bs_env_value_limit(const struct bs_env *env)
{
	return env->value_limit;
}

const char *bs_env_config_dir(const struct bs_env *env)
{
	return env->config_dir;
}

const char *bs_env_state_dir(const struct bs_env *env)
{
	return env->state_dir;
}

const char *bs_env_keys_txt(const struct bs_env *env)
{
	return env->keys_txt;
}
