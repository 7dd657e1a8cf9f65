/*
 * env_private.h: the environment of a call as core/keys sees it.
 *
 * Layer: core/keys.
 */
#ifndef BS_ENV_PRIVATE_H
#define BS_ENV_PRIVATE_H

#include "preferences.h"
#include <bus-secrets/config.h>

/* The variables that name a command, a file or a recipient, or place a store: those under the .env rule. */
#define BS_ENV_VARIABLES 15
extern const char *const bs_env_variables[BS_ENV_VARIABLES];

struct bs_env {
	char *start; /* the working directory: relative paths in variables are seen from here */
	char *cwd;   /* that of the call: -C, or start */
	char *home;
	char *config_dir;
	char *state_dir;
	char *keys_txt;
	size_t value_limit;
	char *values[BS_ENV_VARIABLES]; /* NULL: unset or ignored */
	struct bs_secret *age_key;
	struct bs_strings ignored;
	struct bs_strings withheld; /* other variables that a .env may have set: no program that we start gets them */
	struct bs_preferences *preferences;
};

/* A path from a variable, made absolute; from a preference, where only absolute ones and `~/` mean something. */
enum bs_code bs_env_variable_path(const struct bs_env *env, const char *value, char **ret, struct bs_error *reterr)
	BS_MUST_CHECK;
enum bs_code bs_env_preference_place(const struct bs_env *env, const char *key, const char *value, char **ret,
	struct bs_error *reterr) BS_MUST_CHECK;

/* Several string preferences by one reading of the file; absent ones are NULL in ret, all on the heap. */
enum bs_code bs_env_preferences(const struct bs_env *env, const char *const *keys, size_t count, char **ret,
	struct bs_error *reterr) BS_MUST_CHECK;

/*
 * The environment for a program that we start: ours without ignored and withheld variables and key texts, plus
 * more[] (ends with NULL, "NAME=value" texts, which stay the caller's). One allocation: free() it; the strings are
 * borrowed.
 */
enum bs_code bs_env_for_program(const struct bs_env *env, const char *const *more, const char ***ret,
	struct bs_error *reterr) BS_MUST_CHECK;

/* True if the real path lies in one of the directories, or is one. */
bool bs_path_is_within(const char *path, const char *dir);

#endif
