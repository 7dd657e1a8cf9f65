/*
 * cmd_set.c: bus-secrets set.
 *
 * Wrong usage is found first, then whatever would make the write fail, then the value is read, and only
 * then is anything made: the embedded default's identity, taken back if the write fails after all.
 */
#include "cli.h"

#include <bus-secrets/prompt.h>
#include <string.h>

/* Twice, for nobody sees what is typed; once more is asked only when the first answer can be one. */
static enum bs_code ask(struct bs_cli *cli, const char *name, struct bs_secret **ret, struct bs_error *reterr)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *first = NULL;
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *second = NULL;
	size_t limit = bs_env_value_limit(cli->env);
	char question[BS_NAME_MAX + 32];
	enum bs_code code;

	snprintf(question, sizeof(question), "Value of %s: ", name);
	code = bs_prompt_secret(question, limit, &first, reterr);
	if (code != BS_OK)
		return code;
	if (!bs_secret_len(first))
		return bs_error_set(reterr, BS_USAGE,
			"%s: nothing was typed; '' as argument stores the empty value", name);
	code = bs_prompt_secret("The same again: ", limit, &second, reterr);
	if (code != BS_OK)
		return code;
	if (bs_secret_len(first) != bs_secret_len(second) || !bs_secret_equal(first, second))
		return bs_error_set(
			reterr, BS_POLICY, "%s: the two values differ: nothing was written", name);
	*ret = BS_TAKE(first);
	return BS_OK;
}

/*
 * An empty standard input is more often an accident than a value: a program that failed, or a dispatcher
 * that gives /dev/null where its own is closed.
 */
static enum bs_code read_input(
	struct bs_cli *cli, const char *name, struct bs_secret **ret, struct bs_error *reterr)
{
	/* One byte more than a value may have: --trim may take it off. */
	size_t limit = bs_env_value_limit(cli->env) + 1;
	enum bs_code code = bs_secret_read_fd(STDIN_FILENO, limit, ret, reterr);

	if (code == BS_TOO_LARGE)
		return bs_error_set(reterr, code,
			"%s: the value has more than %zu bytes: nothing was written", name, limit - 1);
	if (code == BS_OK && !bs_secret_len(*ret) && !cli->value_is_stdin)
		return bs_error_set(reterr, BS_USAGE,
			"%s: no value on standard input; '-' stores what is there even if it is empty", name);
	return code;
}

/* From the argument, a person, or standard input. */
static enum bs_code read_value(
	struct bs_cli *cli, const char *name, struct bs_secret **ret, struct bs_error *reterr)
{
	if (cli->value && !cli->value_is_stdin) {
		*ret = BS_TAKE(cli->value);
		return BS_OK;
	}
	if (!cli->value_is_stdin && !(cli->closed & 1u << STDIN_FILENO) && isatty(STDIN_FILENO))
		return ask(cli, name, ret, reterr);
	return read_input(cli, name, ret, reterr);
}

/* --trim, or the hint that the value is one line with its newline. */
static void trim(struct bs_cli *cli, const char *name, bool was_read, struct bs_secret *value)
{
	size_t len = bs_secret_len(value);
	const uint8_t *bytes = bs_secret_bytes(value);

	if (!len || bytes[len - 1] != '\n')
		return;
	if (bs_cli_option_is(cli, "trim"))
		bs_secret_shorten(value, len - 1);
	else if (was_read && !memchr(bytes, '\n', len - 1))
		bs_cli_say(cli, "hint: the newline at the end belongs to the value of %s; --trim drops it",
			name);
}

static enum bs_code check_limit(
	struct bs_cli *cli, const char *name, const struct bs_secret *value, struct bs_error *reterr)
{
	size_t limit = bs_env_value_limit(cli->env);

	if (bs_secret_len(value) <= limit)
		return BS_OK;
	return bs_error_set(reterr, BS_TOO_LARGE,
		"%s: the value has more than %zu bytes: nothing was written", name, limit);
}

/*
 * An identity of its own is of no use to a blind write for others, and a throw-away key must not become
 * what a team's secret is encrypted to: then none is made.
 */
static enum bs_code make_identity(struct bs_cli *cli, enum bs_scope scope, const char *name,
	bool *ret_was_made, struct bs_error *reterr)
{
	struct bs_strings recipients = {0};
	bool is_for_others = false;

	*ret_was_made = false;
	if (bs_cli_option_is(cli, "blind")) {
		is_for_others = bs_store_recipients(cli->store, scope, name, &recipients, NULL) == BS_OK &&
				recipients.count;
		bs_strings_release(&recipients);
	}
	return is_for_others ? BS_OK : bs_cli_first_identity(cli, ret_was_made, reterr);
}

static void say_recipients(const char *name, const char *what, const struct bs_strings *list)
{
	BS_CLEANUP(bs_free_ptr) char *joined = list->count ? bs_strings_join(list, ", ") : NULL;

	if (joined)
		bs_notice(BS_NOTICE_WARN, "%s: %s: %s", name, what, joined);
}

/* To whom the stored value is encrypted, as the document tells. */
static void say_readers(struct bs_cli *cli, enum bs_scope scope, const char *name)
{
	struct bs_store_entry entry = {0};
	BS_CLEANUP(bs_free_ptr) char *joined = NULL;

	if (bs_store_stat(cli->store, scope, name, &entry, NULL) == BS_OK && entry.recipients.count)
		joined = bs_strings_join(&entry.recipients, ", ");
	if (joined)
		bs_notice(BS_NOTICE_INFO, "%s: encrypted to: %s", name, joined);
	bs_store_entry_release(&entry);
}

/* What a person should know of the write; recipients of a new document are no news. */
static void tell(
	struct bs_cli *cli, enum bs_scope scope, const char *name, const struct bs_store_report *report)
{
	struct bs_store_entry entry = {0};

	if (report->is_unchanged)
		bs_notice(BS_NOTICE_INFO, "%s: unchanged, nothing was written", name);
	else
		bs_notice(BS_NOTICE_INFO, "%s: stored in scope %s", name, bs_scope_name(scope));
	if (cli->verbosity > 0)
		say_readers(cli, scope, name);
	if (report->is_rewrapped)
		bs_cli_say(cli, "%s: same value, written again because its recipients differ", name);
	if (!report->is_new) {
		say_recipients(name, "recipients that can read it from now on", &report->came);
		say_recipients(name, "recipients that cannot read it any more", &report->went);
	}
	say_recipients(name, "envelopes of kinds that cannot be made here were kept, with the old data key",
		&report->kept_kinds);
	if (report->shadows)
		bs_cli_say(cli, "%s: the workspace's value now shadows your own", name);
	if (scope != BS_SCOPE_USER || !cli->ws)
		return;
	if (bs_store_stat(cli->store, BS_SCOPE_REPO, name, &entry, NULL) == BS_OK)
		bs_cli_say(cli, "%s: here the workspace's value of this name shadows it", name);
	bs_store_entry_release(&entry);
}

static void put_report(
	struct bs_cli *cli, enum bs_scope scope, const char *name, const struct bs_store_report *report)
{
	struct bs_json_out *json = bs_json_out_new();

	bs_json_out_object(json);
	bs_json_out_key(json, "name");
	bs_json_out_string(json, name);
	bs_json_out_key(json, "scope");
	bs_json_out_string(json, bs_scope_name(scope));
	bs_json_out_key(json, "written");
	bs_json_out_bool(json, !report->is_unchanged);
	bs_json_out_key(json, "new");
	bs_json_out_bool(json, report->is_new);
	bs_json_out_key(json, "rewrapped");
	bs_json_out_bool(json, report->is_rewrapped);
	bs_json_out_key(json, "shadows");
	bs_json_out_bool(json, report->shadows);
	bs_json_strings(json, "came", &report->came);
	bs_json_strings(json, "went", &report->went);
	bs_json_strings(json, "kept_kinds", &report->kept_kinds);
	bs_json_out_end(json);
	bs_out_json(cli, json);
}

static enum bs_code store(struct bs_cli *cli, enum bs_scope scope, const char *name,
	const struct bs_secret *value, struct bs_error *reterr)
{
	struct bs_store_write options = {.blind = bs_cli_option_is(cli, "blind")};
	BS_CLEANUP(bs_free_ptr) char *warning = NULL;
	struct bs_store_report report = {0};
	bool was_made = false;
	enum bs_code code = make_identity(cli, scope, name, &was_made, reterr);

	if (code != BS_OK)
		return code;
	warning = bs_store_seen_warning(cli->store, scope, name);
	code = bs_store_set(cli->store, scope, name, value, &options, &report, reterr);
	if (code != BS_OK) {
		if (was_made)
			bs_cli_undo_identity(cli);
		return code;
	}
	if (warning)
		bs_notice(BS_NOTICE_WARN, "%s", warning);
	tell(cli, scope, name, &report);
	if (cli->format == BS_FORMAT_JSON)
		put_report(cli, scope, name, &report);
	bs_store_report_release(&report);
	return BS_OK;
}

enum bs_code bs_cmd_set(struct bs_cli *cli, struct bs_error *reterr)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *value = NULL;
	const char *name = cli->operands[0];
	bool was_read = !cli->value || cli->value_is_stdin;
	enum bs_scope scope;
	enum bs_code code = bs_cli_scope(cli, BS_SCOPE_USER, false, &scope, reterr);

	if (code == BS_OK)
		code = bs_name_check_new(name, strlen(name), reterr);
	if (code == BS_OK)
		code = bs_cli_need_scope(cli, scope, reterr);
	if (code == BS_OK)
		code = read_value(cli, name, &value, reterr);
	if (code != BS_OK)
		return code;
	trim(cli, name, was_read, value);
	code = check_limit(cli, name, value, reterr);
	if (code != BS_OK)
		return code;
	bs_keys_allow_prompt(cli->keys, true);
	return store(cli, scope, name, value, reterr);
}
