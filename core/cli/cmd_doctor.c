/*
 * cmd_doctor.c: bus-secrets doctor: everything that can be found out without showing a value, with remedies.
 *
 * Findings are collected as they come: as lines of text, or as JSON.
 */
#include "cli.h"

#include <bus-secrets/version.h>
#include <string.h>

struct doctor {
	struct bs_cli *cli;
	struct bs_json_out *json; /* NULL: text */
	bool has_bad;
	bool has_unusable_key; /* a key source is there and cannot be used: init would make no other */
};

static const char *level_name(enum bs_finding_level level)
{
	return level == BS_FINDING_BAD ? "bad" : level == BS_FINDING_WARN ? "warn" : "ok";
}

static const char *level_color(enum bs_finding_level level)
{
	return level == BS_FINDING_BAD ? "\033[1;31m" : level == BS_FINDING_WARN ? "\033[1;33m" : "\033[32m";
}

static void put_line(struct doctor *doctor, enum bs_finding_level level, const char *what, const char *text,
	const char *remedy)
{
	bool is_colored = bs_cli_is_colored(doctor->cli, STDOUT_FILENO);
	BS_CLEANUP(bs_free_ptr) char *line = NULL;

	if (asprintf(&line, "%s: %s%s%s", what, text, remedy ? " -> " : "", remedy ? remedy : "") < 0) {
		line = NULL;
		return;
	}
	/* With -q what fails is still said. */
	if (doctor->cli->is_quiet) {
		struct bs_error error = {0};

		bs_error_set(&error, BS_INTEGRITY, "%s", line);
		if (level == BS_FINDING_BAD)
			bs_cli_say_error(doctor->cli, &error);
		return;
	}
	bs_out_text(doctor->cli, "%s%-4s%s ", is_colored ? level_color(level) : "", level_name(level),
		is_colored ? "\033[0m" : "");
	bs_out_line(doctor->cli, line);
}

/* A finding is text, or an object of the JSON; findings in a store come here as well, by on_finding(). */
static void put_finding(struct doctor *doctor, enum bs_finding_level level, const char *area,
	const char *name, const char *text, const char *remedy)
{
	char what[BS_NAME_MAX + 32];

	doctor->has_bad |= level == BS_FINDING_BAD;
	if (!doctor->json || doctor->cli->is_quiet) {
		snprintf(what, sizeof(what), "%s%s%s", area, name ? " " : "", name ? name : "");
		put_line(doctor, level, what, text, remedy);
		return;
	}
	bs_json_out_object(doctor->json);
	bs_json_out_key(doctor->json, "level");
	bs_json_out_string(doctor->json, level_name(level));
	bs_json_out_key(doctor->json, "area");
	bs_json_out_string(doctor->json, area);
	bs_json_out_key(doctor->json, "name");
	bs_json_out_string(doctor->json, name);
	bs_json_out_key(doctor->json, "text");
	bs_json_out_string(doctor->json, text);
	bs_json_out_key(doctor->json, "remedy");
	bs_json_out_string(doctor->json, remedy);
	bs_json_out_end(doctor->json);
}

static void on_finding(void *ctx, enum bs_finding_level level, enum bs_scope scope, const char *name,
	const char *text, const char *remedy)
{
	put_finding(ctx, level, bs_scope_name(scope), name, text, remedy);
}

/* First, for a damaged program makes all that follows worthless. */
static void check_self(struct doctor *doctor)
{
	struct bs_error error = {0};

	if (bs_store_self_test(&error) == BS_OK)
		put_finding(doctor, BS_FINDING_OK, "self-test", NULL, "a value was encrypted and decrypted",
			NULL);
	else
		put_finding(doctor, BS_FINDING_BAD, "self-test", NULL, error.msg,
			"this program or its libraries are damaged: install them again");
}

/* Last, when secrets have been held: only then has a lock been tried. */
static void check_memory(struct doctor *doctor)
{
	struct bs_arena_status status = {0};

	bs_arena_get_status(&status);
	if (status.lock_errno)
		put_finding(doctor, BS_FINDING_WARN, "memory", NULL,
			"the memory of secrets cannot be locked and may reach the swap",
			"raise the limit on locked memory (ulimit -l)");
	else
		put_finding(doctor, BS_FINDING_OK, "memory", NULL, "the memory of secrets is locked", NULL);
}

/*
 * A cloned repository may name a key command in its .env; who wanted that variable must learn why it has no
 * effect.
 */
static void check_ignored(struct doctor *doctor)
{
	const struct bs_strings *ignored = bs_env_ignored(doctor->cli->env);

	for (size_t i = 0; i < ignored->count; i++)
		put_finding(doctor, BS_FINDING_WARN, "environment", ignored->items[i],
			"ignored, for a .env here sets it",
			"set it elsewhere, or set the preference bus-secrets.trust_dotenv to true");
}

static void put_source(struct doctor *doctor, const struct bs_key_source *source)
{
	char text[BS_ERROR_MSG + 256];
	const char *remedy = NULL;
	enum bs_finding_level level = BS_FINDING_OK;

	switch (source->state) {
	case BS_KEY_ABSENT:
		snprintf(text, sizeof(text), "%s: not there", source->where);
		break;
	case BS_KEY_READY:
		snprintf(text, sizeof(text), "%s: %zu %s", source->where, source->identities,
			source->identities == 1 ? "identity" : "identities");
		break;
	case BS_KEY_LOCKED:
		level = BS_FINDING_WARN;
		snprintf(text, sizeof(text), "%s: locked by a passphrase", source->where);
		remedy = "commands ask for it on a terminal; programs without one cannot use it";
		break;
	case BS_KEY_UNREAD:
		snprintf(text, sizeof(text), "%s: a command that was not run", source->where);
		break;
	case BS_KEY_BROKEN:
	default:
		level = BS_FINDING_WARN;
		if (source->problem && strstr(source->problem, source->where))
			snprintf(text, sizeof(text), "%s", source->problem);
		else
			snprintf(text, sizeof(text), "%s: %s", source->where,
				source->problem ? source->problem : "unusable");
		remedy = "correct it, or take it out of the configuration";
	}
	put_finding(doctor, level, "key source", source->kind, text, remedy);
}

/* Key commands are run: a doctor that leaves them out cannot say what can be opened. Nothing is asked. */
static void check_sources(struct doctor *doctor)
{
	struct bs_keys *keys = doctor->cli->keys;
	bool has_key = false;

	for (size_t i = 0; i < bs_keys_source_count(keys); i++) {
		struct bs_key_source source = {0};

		bs_keys_probe(keys, i, true, &source);
		put_source(doctor, &source);
		has_key |= source.state == BS_KEY_READY || source.state == BS_KEY_LOCKED;
		doctor->has_unusable_key |= source.state == BS_KEY_BROKEN;
	}
	if (!has_key)
		put_finding(doctor, BS_FINDING_WARN, "keys", NULL, "no identity: nothing can be decrypted",
			doctor->has_unusable_key
				? "correct the key source that cannot be used"
				: "bus-secrets init makes one, or give an existing one by SOPS_AGE_KEY_FILE");
}

/*
 * What a new document would get. Creation rules may differ by name, so this is asked for a name like any
 * other; each stored document is looked at by itself in check_scope().
 */
static void check_recipients(struct doctor *doctor, enum bs_scope scope)
{
	BS_CLEANUP(bs_free_ptr) char *joined = NULL;
	struct bs_strings recipients = {0};
	struct bs_error error = {0};
	char area[32];

	snprintf(area, sizeof(area), "%s recipients", bs_scope_name(scope));
	if (bs_store_recipients(doctor->cli->store, scope, "new", &recipients, &error) != BS_OK) {
		/* Without a key the message says what init would do; here that is the remedy. */
		if (error.code == BS_NO_IDENTITY && !doctor->has_unusable_key)
			put_finding(doctor, BS_FINDING_WARN, area, NULL, "no key file of yours to encrypt to",
				"bus-secrets init makes one, SOPS_AGE_RECIPIENTS names others");
		else
			put_finding(doctor, BS_FINDING_WARN, area, NULL, error.msg,
				error.code == BS_NO_IDENTITY ? "correct that key source, or set SOPS_AGE_RECIPIENTS"
				: error.code == BS_POLICY    ? "correct recipients.txt or .sops.yaml"
							     : "correct what it names");
		return;
	}
	joined = bs_strings_join(&recipients, ", ");
	if (joined && recipients.count)
		put_finding(doctor, BS_FINDING_OK, area, NULL, joined, NULL);
	else
		put_finding(doctor, BS_FINDING_WARN, area, NULL, "none: nothing can be encrypted",
			"bus-secrets init, or set SOPS_AGE_RECIPIENTS");
	bs_strings_release(&recipients);
}

static void check_scope(struct doctor *doctor, enum bs_scope scope)
{
	struct bs_error error = {0};

	check_recipients(doctor, scope);
	if (bs_store_check(doctor->cli->store, scope, on_finding, doctor, &error) != BS_OK)
		put_finding(doctor, BS_FINDING_BAD, bs_scope_name(scope), NULL, error.msg,
			"correct or restore that file; bus-secrets changes nothing in it");
}

static void check_workspace(struct doctor *doctor)
{
	const struct bs_cli *cli = doctor->cli;

	if (cli->ws)
		put_finding(doctor, BS_FINDING_OK, "workspace", NULL, bs_workspace_path(cli->ws), NULL);
	else if (cli->ws_error.code == BS_NO_WORKSPACE && !strncmp(cli->ws_error.msg, "preference ", 11))
		put_finding(doctor, BS_FINDING_WARN, "workspace", NULL, cli->ws_error.msg,
			"correct the preference, or take it out");
	else if (cli->ws_error.code == BS_NO_WORKSPACE)
		put_finding(doctor, BS_FINDING_OK, "workspace", NULL, "none here",
			"bus-secrets init --repo makes one");
	else
		/* The message says what to do: it depends on whose it is. */
		put_finding(doctor, BS_FINDING_WARN, "workspace", NULL, cli->ws_error.msg, NULL);
}

static void check_all(struct doctor *doctor)
{
	check_self(doctor);
	check_ignored(doctor);
	check_sources(doctor);
	check_workspace(doctor);
	check_scope(doctor, BS_SCOPE_USER);
	if (doctor->cli->ws)
		check_scope(doctor, BS_SCOPE_REPO);
	check_memory(doctor);
}

enum bs_code bs_cmd_doctor(struct bs_cli *cli, struct bs_error *reterr)
{
	struct doctor doctor = {.cli = cli};
	enum bs_code code = bs_cli_open_store(cli, reterr);

	if (code != BS_OK)
		return code;
	if (cli->format == BS_FORMAT_JSON) {
		doctor.json = bs_json_out_new();
		bs_json_out_object(doctor.json);
		bs_json_out_key(doctor.json, "version");
		bs_json_out_string(doctor.json, BS_VERSION);
		bs_json_out_key(doctor.json, "workspace");
		bs_json_out_string(doctor.json, cli->ws ? bs_workspace_path(cli->ws) : NULL);
		bs_json_out_key(doctor.json, "findings");
		bs_json_out_array(doctor.json);
	}
	check_all(&doctor);
	if (doctor.json) {
		bs_json_out_end(doctor.json);
		bs_json_out_key(doctor.json, "ok");
		bs_json_out_bool(doctor.json, !doctor.has_bad);
		bs_json_out_end(doctor.json);
		bs_out_json(cli, doctor.json);
	}
	/* The findings are the message. */
	cli->is_partial = true;
	return doctor.has_bad ? BS_INTEGRITY : BS_OK;
}
