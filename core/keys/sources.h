/*
 * sources.h: the sources of identities, as the files of core/keys see them.
 *
 * Layer: core/keys.
 */
#ifndef BS_SOURCES_H
#define BS_SOURCES_H

#include "keys_private.h"

enum bs_source_how {
	BS_SOURCE_FILE,
	BS_SOURCE_COMMAND,
	BS_SOURCE_TEXT, /* SOPS_AGE_KEY: the key itself */
};

/* What is fixed of a source. */
struct bs_source_row {
	const char *kind;
	const char *label; /* the variable, the preference or the usual place */
	enum bs_source_how how;
	bool gives_own;    /* its first identity is the user's own */
	bool is_chosen_by_workspace;
	bool is_usual;     /* a place that is always looked at: not configured by anybody */
};

enum bs_source_place {
	BS_SOURCE_PROFILE_FILE,
	BS_SOURCE_PROFILE_COMMAND,
	BS_SOURCE_PREFERENCE_FILE,
	BS_SOURCE_PREFERENCE_COMMAND,
	BS_SOURCE_ENV_SSH_FILE,
	BS_SOURCE_ENV_KEY,
	BS_SOURCE_ENV_KEY_FILE,
	BS_SOURCE_ENV_KEY_COMMAND,
	BS_SOURCE_KEYS_TXT,
	BS_SOURCE_SSH_FILE,
	BS_SOURCE_COUNT
};

extern const struct bs_source_row bs_source_rows[BS_SOURCE_COUNT];

struct bs_source {
	char *where;   /* path of a file; NULL for others */
	char *command; /* the user's own words */
	enum bs_key_state state;
	bool was_read;
	bool was_asked;   /* for a passphrase */
	bool was_warned;  /* of a mode that lets others read */
	struct bs_age_identities *ids;
	char *problem;
};

struct bs_keys {
	const struct bs_env *env;
	const struct bs_workspace *ws;
	bool may_prompt;
	struct bs_error preferences_problem; /* code BS_OK: none */
	struct bs_source sources[BS_SOURCE_COUNT];
	char *sops_key; /* "SOPS_AGE_KEY=..." for a sops that is run, in a locked mapping of its own */
	size_t sops_key_room;
};

/*
 * The name of the key profile that the workspace selects: .bus/secrets/config.json; *ret is NULL if there is none.
 * BS_POLICY for a file that is not used (another user's), BS_MALFORMED for one that is none or has a bad name.
 */
enum bs_code bs_profile_name(const struct bs_workspace *ws, char **ret, struct bs_error *reterr) BS_MUST_CHECK;

/* A key file's bytes in locked memory. Tells of a mode that lets others read it, once. */
enum bs_code bs_key_file_read(struct bs_source *source, struct bs_secret **ret, struct bs_error *reterr) BS_MUST_CHECK;
/* A command's output. */
enum bs_code bs_key_command_run(const struct bs_keys *keys, const struct bs_source *source, const char *label,
	struct bs_secret **ret, struct bs_error *reterr) BS_MUST_CHECK;
/*
 * The identities in a text, after its passphrase was asked for if it wants one and may_prompt. BS_NO_IDENTITY with
 * *ret_is_locked true: it wants one and it was not or wrongly given.
 */
enum bs_code bs_key_text_identities(const struct bs_secret *text, const char *where, bool may_prompt,
	struct bs_age_identities *ret, bool *ret_is_locked, struct bs_error *reterr) BS_MUST_CHECK;

/* Wipes and unmaps what a run of sops was given. */
void bs_sops_key_free(struct bs_keys *keys);

/* Reads a source if that has not been done; a command only if run_commands. */
void bs_source_read(struct bs_keys *keys, size_t i, bool run_commands);

/*
 * The user's own recipient. with_profile: the profile that the workspace names counts, too (never for user scope).
 */
enum bs_code bs_keys_own(struct bs_keys *keys, bool with_profile, char **ret, struct bs_error *reterr) BS_MUST_CHECK;

#endif
