/*
 * config.h: what a call runs in: the environment, and where the user's files are.
 *
 * Layer: include; implemented in core/keys/config.c. Opened once by a program, before anything else of the library
 * but harden and arena; then read-only, and so usable from several threads.
 *
 * bs_env_open() takes the variables that the design names out of the environment. The values of SOPS_AGE_KEY (a key
 * itself) are moved to locked memory and overwritten in the environment block. A variable that names a command, a
 * file or a recipient, or places a store, and that stands with the same value in a `.env` of the working directory or
 * of the -C directory is ignored, with a warning notice, unless the user's preference `bus-secrets.trust_dotenv` is
 * true (preferences found without the ignored variables): specs, "Under the BusDK dispatcher".
 */
#ifndef BUS_SECRETS_CONFIG_H
#define BUS_SECRETS_CONFIG_H

#include <bus-secrets/secret.h>
#include <bus-secrets/strings.h>

struct bs_env;

struct bs_env_options {
	const char *chdir; /* the -C directory, or NULL; relative to the working directory */
	size_t value_limit; /* bytes a value may have; 0: BS_VALUE_LIMIT */
};

#define BS_VALUE_LIMIT ((size_t)1024 * 1024)
#define BS_STORE_FILE_LIMIT ((size_t)64 * 1024 * 1024)

#pragma GCC visibility push(default)

/* BS_NOT_FOUND when neither HOME nor the passwd entry gives a home directory, and for a -C that is none. */
enum bs_code bs_env_open(const struct bs_env_options *options, struct bs_env **ret, struct bs_error *reterr)
	BS_MUST_CHECK;
struct bs_env *bs_env_close(struct bs_env *env);

/* The directory of the call: -C or the working directory, absolute. Borrowed, as all strings below. */
const char *bs_env_cwd(const struct bs_env *env);
const char *bs_env_home(const struct bs_env *env);
size_t bs_env_value_limit(const struct bs_env *env);

/*
 * The user's preferences.json: $BUS_PREFERENCES_PATH, else $BUS_CONFIG_DIR/preferences.json, else
 * $XDG_CONFIG_HOME/bus/preferences.json, else ~/.config/bus/preferences.json; where that default is absent and
 * .../busdk/preferences.json exists, that one. Looked up afresh at each call, for another program may move the file;
 * *ret is on the heap and the caller's.
 */
enum bs_code bs_env_preferences_path(const struct bs_env *env, char **ret, struct bs_error *reterr) BS_MUST_CHECK;
/* $XDG_CONFIG_HOME or ~/.config, absolute; relative XDG values are ignored. */
const char *bs_env_config_dir(const struct bs_env *env);
/* $XDG_STATE_HOME/bus-secrets or ~/.local/state/bus-secrets; not made by this call. */
const char *bs_env_state_dir(const struct bs_env *env);
/* $XDG_RUNTIME_DIR/bus-secrets, else a 0700 directory of the user's in /tmp, owner checked; made by this call. */
enum bs_code bs_env_runtime_dir(const struct bs_env *env, char **ret, struct bs_error *reterr) BS_MUST_CHECK;
/* Where sops looks for keys.txt: $XDG_CONFIG_HOME/sops/age/keys.txt, else ~/.config/sops/age/keys.txt. */
const char *bs_env_keys_txt(const struct bs_env *env);

/*
 * A variable as it holds after the .env rule; NULL if unset or ignored. Only for variables that are not secret:
 * SOPS_AGE_KEY gives NULL here and is got by bs_env_age_key().
 */
const char *bs_env_get(const struct bs_env *env, const char *variable);
const struct bs_secret *bs_env_age_key(const struct bs_env *env); /* NULL if unset */
/* Names of variables that were ignored because a .env sets them. */
const struct bs_strings *bs_env_ignored(const struct bs_env *env);

/*
 * A string preference of the user, at values.<key> of preferences.json, of those that begin with "bus-secrets.";
 * *ret is NULL if absent, else on the heap and the caller's. BS_MALFORMED for a file that is no preferences file.
 * bs_env_preference_bool takes true and "true".
 */
enum bs_code bs_env_preference(const struct bs_env *env, const char *key, char **ret, struct bs_error *reterr)
	BS_MUST_CHECK;
enum bs_code bs_env_preference_bool(const struct bs_env *env, const char *key, bool *ret, struct bs_error *reterr)
	BS_MUST_CHECK;

/*
 * The absolute path of a program from absolute PATH entries that lie outside every known workspace and outside the
 * given workspace directory (NULL: none). BS_NOT_FOUND. *ret is on the heap.
 */
enum bs_code bs_env_find_program(const struct bs_env *env, const char *name, const char *workspace_dir, char **ret,
	struct bs_error *reterr) BS_MUST_CHECK;

#pragma GCC visibility pop

static inline void bs_env_close_ptr(struct bs_env **p)
{
	*p = bs_env_close(*p);
}

#endif
