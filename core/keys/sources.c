/* sources.c: the sources of identities in their order, read when first needed. */
#include "sources.h"

#include "../base/cstr.h"
#include "env_private.h"
#include <bus-secrets/log.h>
#include <string.h>
#include <sys/stat.h>

#define ROW(kind_, label_, how_, ...) {.kind = (kind_), .label = (label_), .how = (how_), __VA_ARGS__}

const struct bs_source_row bs_source_rows[BS_SOURCE_COUNT] = {
	[BS_SOURCE_PROFILE_FILE] = ROW("profile", "bus-secrets.profiles.<name>.age_key_file", BS_SOURCE_FILE,
		.gives_own = true, .is_chosen_by_workspace = true),
	[BS_SOURCE_PROFILE_COMMAND] = ROW("profile", "bus-secrets.profiles.<name>.age_key_cmd", BS_SOURCE_COMMAND,
		.is_chosen_by_workspace = true),
	[BS_SOURCE_PREFERENCE_FILE] = ROW("preference", "bus-secrets.age_key_file", BS_SOURCE_FILE, .gives_own = true),
	[BS_SOURCE_PREFERENCE_COMMAND] = ROW("preference", "bus-secrets.age_key_cmd", BS_SOURCE_COMMAND,
		.gives_own = false),
	[BS_SOURCE_ENV_SSH_FILE] = ROW("env", "SOPS_AGE_SSH_PRIVATE_KEY_FILE", BS_SOURCE_FILE, .gives_own = false),
	[BS_SOURCE_ENV_KEY] = ROW("env", "SOPS_AGE_KEY", BS_SOURCE_TEXT, .gives_own = false),
	[BS_SOURCE_ENV_KEY_FILE] = ROW("env", "SOPS_AGE_KEY_FILE", BS_SOURCE_FILE, .gives_own = true),
	[BS_SOURCE_ENV_KEY_COMMAND] = ROW("env", "SOPS_AGE_KEY_CMD", BS_SOURCE_COMMAND, .gives_own = false),
	[BS_SOURCE_KEYS_TXT] = ROW("keys.txt", "keys.txt of sops", BS_SOURCE_FILE, .gives_own = true, .is_usual = true),
	[BS_SOURCE_SSH_FILE] = ROW("ssh", "~/.ssh/id_ed25519", BS_SOURCE_FILE, .is_usual = true),
};

/* --- what is configured --------------------------------------------------------------------------------------- */

static void set_problem(struct bs_source *source, enum bs_key_state state, const char *text)
{
	free(source->problem);
	source->problem = strdup(text);
	source->state = state;
	source->was_read = true;
}

/* A path out of the preferences; a bad one makes the source a broken one, for it is configured. */
static enum bs_code place_preference(struct bs_keys *keys, size_t i, const char *key, const char *value,
	struct bs_error *reterr)
{
	struct bs_error inner = {0};
	enum bs_code code;

	if (!value || !*value)
		return BS_OK;
	code = bs_env_preference_place(keys->env, key, value, &keys->sources[i].where, &inner);
	if (code == BS_NO_MEMORY)
		return bs_error_set(reterr, code, "%s", inner.msg);
	if (code)
		set_problem(&keys->sources[i], BS_KEY_BROKEN, inner.msg);
	return BS_OK;
}

static enum bs_code place_command(struct bs_keys *keys, size_t i, const char *value, struct bs_error *reterr)
{
	if (!value || !*value)
		return BS_OK;
	keys->sources[i].command = strdup(value);
	return keys->sources[i].command ? BS_OK : bs_error_set(reterr, BS_NO_MEMORY, "out of memory for a command");
}

static enum bs_code place_variable(struct bs_keys *keys, size_t i, struct bs_error *reterr)
{
	const char *value = bs_env_get(keys->env, bs_source_rows[i].label);

	if (!value || !*value)
		return BS_OK;
	return bs_env_variable_path(keys->env, value, &keys->sources[i].where, reterr);
}

/* The profile: the workspace gives a name, and the user's own preferences give what it means. */
static enum bs_code profile_keys(struct bs_keys *keys, char *ret[2], struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) char *name = NULL;
	struct bs_error inner = {0};
	enum bs_code code = keys->ws ? bs_profile_name(keys->ws, &name, &inner) : BS_OK;

	if (code == BS_NO_MEMORY)
		return bs_error_set(reterr, code, "%s", inner.msg);
	if (code) {
		bs_notice(BS_NOTICE_WARN, "key profile of the workspace not used: %s", inner.msg);
		keys->sources[BS_SOURCE_PROFILE_FILE].problem = strdup(inner.msg);
		return BS_OK;
	}
	if (!name)
		return BS_OK;
	code = bs_cstr_format(&ret[0], reterr, "bus-secrets.profiles.%s.age_key_file", name);
	return code ? code : bs_cstr_format(&ret[1], reterr, "bus-secrets.profiles.%s.age_key_cmd", name);
}

static enum bs_code place_preferences(struct bs_keys *keys, struct bs_error *reterr)
{
	char *profile[2] = {NULL, NULL};
	char *values[4] = {NULL, NULL, NULL, NULL};
	enum bs_code code = profile_keys(keys, profile, reterr);
	const char *names[4] = {"bus-secrets.age_key_file", "bus-secrets.age_key_cmd", profile[0], profile[1]};

	if (!code && bs_env_preferences(keys->env, names, profile[1] ? 4 : 2, values, &keys->preferences_problem))
		bs_notice(BS_NOTICE_WARN, "no key source out of the preferences: %s", keys->preferences_problem.msg);
	if (!code)
		code = place_preference(keys, BS_SOURCE_PREFERENCE_FILE, names[0], values[0], reterr);
	if (!code)
		code = place_command(keys, BS_SOURCE_PREFERENCE_COMMAND, values[1], reterr);
	if (!code)
		code = place_preference(keys, BS_SOURCE_PROFILE_FILE, profile[0], values[2], reterr);
	if (!code)
		code = place_command(keys, BS_SOURCE_PROFILE_COMMAND, values[3], reterr);
	for (size_t i = 0; i < 4; i++)
		free(values[i]);
	free(profile[0]);
	free(profile[1]);
	return code;
}

static enum bs_code place_all(struct bs_keys *keys, struct bs_error *reterr)
{
	enum bs_code code = place_preferences(keys, reterr);

	if (!code)
		code = place_variable(keys, BS_SOURCE_ENV_SSH_FILE, reterr);
	if (!code)
		code = place_variable(keys, BS_SOURCE_ENV_KEY_FILE, reterr);
	if (!code)
		code = place_command(keys, BS_SOURCE_ENV_KEY_COMMAND, bs_env_get(keys->env, "SOPS_AGE_KEY_CMD"), reterr);
	if (!code)
		code = bs_cstr_format(&keys->sources[BS_SOURCE_KEYS_TXT].where, reterr, "%s", bs_env_keys_txt(keys->env));
	if (!code)
		code = bs_cstr_format(&keys->sources[BS_SOURCE_SSH_FILE].where, reterr, "%s/.ssh/id_ed25519",
			bs_env_home(keys->env));
	return code;
}

enum bs_code bs_keys_open(const struct bs_env *env, const struct bs_workspace *ws, struct bs_keys **ret,
	struct bs_error *reterr)
{
	BS_CLEANUP(bs_keys_close_ptr) struct bs_keys *keys = calloc(1, sizeof(*keys));
	enum bs_code code;

	if (!keys)
		return bs_error_set(reterr, BS_NO_MEMORY, "out of memory for the key sources");
	keys->env = env;
	keys->ws = ws;
	code = place_all(keys, reterr);
	if (code)
		return code;
	*ret = BS_TAKE(keys);
	return BS_OK;
}

struct bs_keys *bs_keys_close(struct bs_keys *keys)
{
	if (!keys)
		return NULL;
	for (size_t i = 0; i < BS_SOURCE_COUNT; i++) {
		free(keys->sources[i].where);
		free(keys->sources[i].command);
		free(keys->sources[i].problem);
		bs_age_identities_free(keys->sources[i].ids);
	}
	bs_sops_key_free(keys);
	free(keys);
	return NULL;
}

void bs_keys_allow_prompt(struct bs_keys *keys, bool is_allowed)
{
	keys->may_prompt = is_allowed;
}

/* --- reading -------------------------------------------------------------------------------------------------- */

static bool is_configured(const struct bs_keys *keys, size_t i)
{
	const struct bs_source *source = &keys->sources[i];

	if (bs_source_rows[i].how == BS_SOURCE_TEXT) {
		const struct bs_secret *key = bs_env_age_key(keys->env);

		return key && bs_secret_len(key);
	}
	return source->where || source->command || source->state == BS_KEY_BROKEN;
}

/* SOPS_AGE_KEY may hold several keys in a line, with blanks between and around them; a key file may not. */
static enum bs_code variable_text(const struct bs_keys *keys, struct bs_secret **ret, struct bs_error *reterr)
{
	const struct bs_secret *key = bs_env_age_key(keys->env);
	enum bs_code code = bs_secret_copy(bs_secret_bytes(key), bs_secret_len(key), ret, reterr);
	bool in_comment = false;
	bool at_start = true;

	for (size_t i = 0; !code && i < bs_secret_len(*ret); i++) {
		uint8_t *c = bs_secret_data(*ret) + i;

		if (*c == '\n') {
			in_comment = false;
			at_start = true;
		} else if (!in_comment && (*c == ' ' || *c == '\t')) {
			*c = '\n';
		} else {
			in_comment = in_comment || (at_start && *c == '#');
			at_start = false;
		}
	}
	return code;
}

static enum bs_code source_text(struct bs_keys *keys, size_t i, struct bs_secret **ret, struct bs_error *reterr)
{
	switch (bs_source_rows[i].how) {
	case BS_SOURCE_TEXT:
		return variable_text(keys, ret, reterr);
	case BS_SOURCE_COMMAND:
		return bs_key_command_run(keys, &keys->sources[i], bs_source_rows[i].label, ret, reterr);
	case BS_SOURCE_FILE:
	default:
		return bs_key_file_read(&keys->sources[i], ret, reterr);
	}
}

static void read_now(struct bs_keys *keys, size_t i)
{
	struct bs_source *source = &keys->sources[i];
	const char *where = source->where ? source->where : bs_source_rows[i].label;
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *text = NULL;
	BS_CLEANUP(bs_age_identities_free_ptr) struct bs_age_identities *ids = NULL;
	struct bs_error error = {0};
	bool is_locked = false;
	size_t count;
	enum bs_code code = bs_age_identities_new(&ids, &error);

	if (!code)
		code = source_text(keys, i, &text, &error);
	if (code == BS_NOT_FOUND && bs_source_rows[i].is_usual) {
		source->state = BS_KEY_ABSENT;
		source->was_read = true;
		return;
	}
	source->was_asked = keys->may_prompt;
	if (!code)
		code = bs_key_text_identities(text, where, keys->may_prompt, ids, &is_locked, &error);
	if (code) {
		set_problem(source, is_locked ? BS_KEY_LOCKED : BS_KEY_BROKEN, error.msg);
		bs_notice(BS_NOTICE_INFO, "key source passed over: %s", error.msg);
		return;
	}
	free(source->problem);
	source->problem = NULL;
	source->ids = BS_TAKE(ids);
	source->state = BS_KEY_READY;
	source->was_read = true;
	count = bs_age_identities_count(source->ids);
	bs_notice(BS_NOTICE_INFO, "key source %s: %zu %s", where, count, count == 1 ? "identity" : "identities");
}

void bs_source_read(struct bs_keys *keys, size_t i, bool run_commands)
{
	struct bs_source *source = &keys->sources[i];
	/* What is locked is tried once more as soon as somebody may be asked. */
	bool may_ask_now = source->state == BS_KEY_LOCKED && keys->may_prompt && !source->was_asked;

	if (source->was_read && !may_ask_now)
		return;
	if (!is_configured(keys, i)) {
		source->state = BS_KEY_ABSENT;
		return;
	}
	if (bs_source_rows[i].how == BS_SOURCE_COMMAND && !run_commands) {
		source->state = BS_KEY_UNREAD;
		return;
	}
	read_now(keys, i);
}

void bs_keys_forget(struct bs_keys *keys)
{
	for (size_t i = 0; i < BS_SOURCE_COUNT; i++) {
		struct bs_source *source = &keys->sources[i];

		/* A bad preference stays what it is: nothing was read for it. */
		if (bs_source_rows[i].how == BS_SOURCE_FILE && !source->where)
			continue;
		source->ids = bs_age_identities_free(source->ids);
		free(source->problem);
		source->problem = NULL;
		source->state = BS_KEY_ABSENT;
		source->was_read = source->was_asked = source->was_warned = false;
	}
	bs_sops_key_free(keys);
}

/* --- questions ------------------------------------------------------------------------------------------------ */

size_t bs_keys_source_count(const struct bs_keys *keys)
{
	(void)keys;
	return BS_SOURCE_COUNT;
}

void bs_keys_probe(struct bs_keys *keys, size_t i, bool run_commands, struct bs_key_source *ret)
{
	struct bs_source *source = &keys->sources[i];

	bs_source_read(keys, i, run_commands);
	*ret = (struct bs_key_source){
		.kind = bs_source_rows[i].kind,
		.where = source->where ? source->where : bs_source_rows[i].label,
		.state = source->state,
		.identities = source->ids ? bs_age_identities_count(source->ids) : 0,
		.problem = source->problem,
		.is_command = bs_source_rows[i].how == BS_SOURCE_COMMAND,
	};
}

bool bs_keys_are_configured(struct bs_keys *keys)
{
	struct stat st;

	if (keys->preferences_problem.code)
		return true; /* they may name a source: nobody can tell */
	for (size_t i = 0; i < BS_SOURCE_COUNT; i++) {
		if (!bs_source_rows[i].is_usual && is_configured(keys, i))
			return true;
	}
	/* An ssh key in its usual place is found on most machines and was put there for something else. */
	return lstat(keys->sources[BS_SOURCE_KEYS_TXT].where, &st) == 0;
}

bool bs_keys_are_ready(struct bs_keys *keys)
{
	bool may_prompt = keys->may_prompt;
	bool is_ready = false;

	keys->may_prompt = false;
	for (size_t i = 0; i < BS_SOURCE_COUNT && !is_ready; i++) {
		bs_source_read(keys, i, false);
		is_ready = keys->sources[i].state == BS_KEY_READY;
	}
	keys->may_prompt = may_prompt;
	return is_ready;
}

bool bs_keys_fit(struct bs_keys *keys, const char *recipient)
{
	for (size_t i = 0; i < BS_SOURCE_COUNT; i++) {
		bs_source_read(keys, i, false);
		if (keys->sources[i].ids && bs_age_identities_fit(keys->sources[i].ids, recipient))
			return true;
	}
	return false;
}

enum bs_code bs_keys_identities(struct bs_keys *keys, size_t i, const struct bs_age_identities **ret,
	struct bs_error *reterr)
{
	struct bs_source *source = &keys->sources[i];

	bs_source_read(keys, i, true);
	if (source->state != BS_KEY_READY)
		return bs_error_set(reterr, BS_NO_IDENTITY, "%s",
			source->problem ? source->problem : "no such key source");
	*ret = source->ids;
	return BS_OK;
}
