/*
 * cmd_init.c: bus-secrets init: an identity where there is none, and a workspace with --repo.
 *
 * What is there is used: a second init changes nothing. What a failing call has made is taken back.
 */
#include "cli.h"

#include <string.h>

struct made {
	char *key_file; /* where the identity is, or NULL: not in a file */
	char *recipient;
	bool identity;
	bool workspace;
	bool was_added; /* to recipients.txt */
};

/*
 * The first key source that is configured, for a message; a found ssh key alone hinders nobody from making
 * one.
 */
static bool has_other_source(struct bs_keys *keys, struct bs_key_source *ret)
{
	for (size_t i = 0; i < bs_keys_source_count(keys); i++) {
		bs_keys_probe(keys, i, false, ret);
		if (ret->state != BS_KEY_ABSENT && strcmp(ret->kind, "ssh") != 0)
			return true;
	}
	return false;
}

static enum bs_code refuse_other_source(const struct bs_key_source *source, struct bs_error *reterr)
{
	if (source->problem && strstr(source->problem, source->where))
		return bs_error_set(reterr, BS_NO_IDENTITY, "a key source cannot be used: %s", source->problem);
	if (source->problem)
		return bs_error_set(reterr, BS_NO_IDENTITY, "the key source %s cannot be used: %s",
			source->where, source->problem);
	return bs_error_set(reterr, BS_NO_IDENTITY,
		"no identity was made, for keys come from %s; it names no recipient of yours: set "
		"SOPS_AGE_RECIPIENTS, "
		"or unset %s and call init again",
		source->where, source->where);
}

/* Where sops finds the identity, for --print-env: the first source that is a file of age identities. */
static char *key_file_of(struct bs_keys *keys)
{
	struct bs_key_source source;

	for (size_t i = 0; i < bs_keys_source_count(keys); i++) {
		bs_keys_probe(keys, i, false, &source);
		if (source.state == BS_KEY_READY && !source.is_command && source.where[0] == '/' &&
			strcmp(source.kind, "ssh") != 0)
			return strdup(source.where);
	}
	return NULL;
}

/*
 * A recipient of one's own: of the source that is there, else of a new identity. Broken or locked sources
 * are refused rather than passed over: a second identity beside one that is only out of reach helps nobody.
 */
static enum bs_code have_identity(struct bs_cli *cli, struct made *made, struct bs_error *reterr)
{
	struct bs_key_source source = {0};
	enum bs_code code = bs_cli_open_keys(cli, reterr);

	if (code != BS_OK)
		return code;
	code = bs_keys_own_recipient(cli->keys, &made->recipient, reterr);
	if (code == BS_OK) {
		made->key_file = key_file_of(cli->keys);
		return BS_OK;
	}
	if (code != BS_NO_IDENTITY)
		return code;
	if (has_other_source(cli->keys, &source))
		return refuse_other_source(&source, reterr);
	code = bs_keys_make(cli->env, &made->key_file, &made->recipient, reterr);
	if (code != BS_OK)
		return code;
	made->identity = true;
	bs_keys_forget(cli->keys);
	bs_cli_say_identity(made->key_file, made->recipient);
	return BS_OK;
}

/* Everybody who reads the workspace's secrets before recipients.txt begins to decide. */
static void collect_readers(struct bs_cli *cli, struct bs_strings *ret)
{
	struct bs_store_list list = {0};
	struct bs_strings today = {0};
	enum bs_code code = bs_store_list(cli->store, BS_SCOPE_REPO, &list, NULL);

	for (size_t i = 0; code == BS_OK && i < list.count; i++) {
		for (size_t j = 0; code == BS_OK && j < list.items[i].recipients.count; j++)
			code = bs_strings_add_once(ret, list.items[i].recipients.items[j], NULL);
	}
	bs_store_list_release(&list);
	if (bs_store_recipients(cli->store, BS_SCOPE_REPO, "new", &today, NULL) == BS_OK) {
		for (size_t j = 0; code == BS_OK && j < today.count; j++)
			code = bs_strings_add_once(ret, today.items[j], NULL);
	}
	bs_strings_release(&today);
}

/*
 * A first recipients.txt ends what .sops.yaml or the documents themselves said: the others would be dropped
 * silently.
 */
static void warn_of_dropped(struct bs_cli *cli, const struct bs_strings *readers)
{
	BS_CLEANUP(bs_free_ptr) char *joined = NULL;
	struct bs_strings today = {0}, dropped = {0};
	enum bs_code code = bs_store_recipients(cli->store, BS_SCOPE_REPO, "new", &today, NULL);

	for (size_t i = 0; code == BS_OK && i < readers->count; i++) {
		if (!bs_strings_has(&today, readers->items[i]))
			code = bs_strings_add(&dropped, readers->items[i], NULL);
	}
	if (code == BS_OK && dropped.count)
		joined = bs_strings_join(&dropped, ", ");
	if (joined)
		bs_notice(BS_NOTICE_WARN,
			"from now on .bus/secrets/recipients.txt decides who reads this workspace's secrets; "
			"add those of these that are to stay: %s",
			joined);
	bs_strings_release(&today);
	bs_strings_release(&dropped);
}

static enum bs_code add_recipient(struct bs_cli *cli, struct made *made, struct bs_error *reterr)
{
	struct bs_strings readers = {0};
	enum bs_code code = bs_cli_open_store(cli, reterr);

	if (code != BS_OK)
		return code;
	collect_readers(cli, &readers);
	code = bs_recipients_file_add(cli->ws, made->recipient, &made->was_added, reterr);
	if (code == BS_OK && made->was_added)
		warn_of_dropped(cli, &readers);
	bs_strings_release(&readers);
	return code;
}

static enum bs_code have_workspace(struct bs_cli *cli, struct made *made, struct bs_error *reterr)
{
	enum bs_code code = bs_cli_open_workspace(cli, reterr);

	if (code != BS_OK || cli->ws)
		return code;
	code = bs_workspace_init(cli->env, &cli->ws, &made->workspace, reterr);
	if (code == BS_OK && made->workspace)
		bs_cli_say(cli, "made a workspace: %s/datapackage.json", bs_workspace_path(cli->ws));
	return code;
}

/* In reverse order; a recipients.txt that was written is the last step and needs no undoing. */
static void take_back(struct bs_cli *cli, const struct made *made)
{
	if (made->identity)
		bs_cli_undo_identity(cli);
	if (made->workspace)
		(void)unlinkat(bs_workspace_dirfd(cli->ws), "datapackage.json", 0);
}

/* 'text' for a shell. */
static void put_quoted(struct bs_cli *cli, const char *text)
{
	bs_out_text(cli, "'");
	for (; *text; text++) {
		if (*text == '\'')
			bs_out_text(cli, "'\\''");
		else
			bs_out_text(cli, "%c", *text);
	}
	bs_out_text(cli, "'\n");
}

static void put_env(struct bs_cli *cli, const struct made *made)
{
	if (made->key_file) {
		bs_out_text(cli, "export SOPS_AGE_KEY_FILE=");
		put_quoted(cli, made->key_file);
	}
	bs_out_text(cli, "export SOPS_AGE_RECIPIENTS=");
	put_quoted(cli, made->recipient);
}

static void put_json(struct bs_cli *cli, const struct made *made)
{
	struct bs_json_out *json = bs_json_out_new();
	bool has_repo = bs_cli_option_is(cli, "repo");

	bs_json_out_object(json);
	bs_json_out_key(json, "recipient");
	bs_json_out_string(json, made->recipient);
	bs_json_out_key(json, "key_file");
	bs_json_out_string(json, made->key_file);
	bs_json_out_key(json, "made");
	bs_json_out_bool(json, made->identity);
	bs_json_out_key(json, "workspace");
	bs_json_out_string(json, has_repo ? bs_workspace_path(cli->ws) : NULL);
	bs_json_out_key(json, "workspace_made");
	bs_json_out_bool(json, made->workspace);
	bs_json_out_key(json, "recipient_added");
	bs_json_out_bool(json, made->was_added);
	bs_json_out_end(json);
	bs_out_json(cli, json);
}

static enum bs_code do_init(struct bs_cli *cli, struct made *made, struct bs_error *reterr)
{
	bool has_repo = bs_cli_option_is(cli, "repo");
	enum bs_code code = BS_OK;

	if (has_repo)
		code = have_workspace(cli, made, reterr);
	if (code == BS_OK)
		code = have_identity(cli, made, reterr);
	if (code == BS_OK && has_repo)
		code = add_recipient(cli, made, reterr);
	if (code != BS_OK)
		take_back(cli, made);
	return code;
}

enum bs_code bs_cmd_init(struct bs_cli *cli, struct bs_error *reterr)
{
	const char *shell = bs_cli_option_get(cli, "print-env");
	struct made made = {0};
	enum bs_code code;

	if (shell && strcmp(shell, "sh") != 0)
		return bs_error_set(reterr, BS_USAGE, "unknown shell '%.64s': --print-env knows sh", shell);
	code = do_init(cli, &made, reterr);
	if (code == BS_OK && cli->format == BS_FORMAT_JSON)
		put_json(cli, &made);
	else if (code == BS_OK && shell)
		put_env(cli, &made);
	else if (code == BS_OK)
		bs_out_text(cli, "%s\n", made.recipient);
	free(made.key_file);
	free(made.recipient);
	return code;
}
