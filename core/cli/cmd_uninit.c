/*
 * cmd_uninit.c: bus-secrets uninit: takes back what init made.
 *
 * An identity that any document names, here or in a known workspace, is not deleted: what it opens would be
 * lost.
 */
#include "cli.h"

#include <string.h>

static enum bs_code add_recipients(
	struct bs_store *store, enum bs_scope scope, struct bs_strings *in_use, struct bs_error *reterr)
{
	struct bs_store_list list = {0};
	enum bs_code code = bs_store_list(store, scope, &list, reterr);

	for (size_t i = 0; code == BS_OK && i < list.count; i++) {
		for (size_t j = 0; code == BS_OK && j < list.items[i].recipients.count; j++)
			code = bs_strings_add_once(in_use, list.items[i].recipients.items[j], reterr);
	}
	bs_store_list_release(&list);
	return code;
}

static enum bs_code add_of_workspace(
	struct bs_cli *cli, const char *path, struct bs_strings *in_use, struct bs_error *reterr)
{
	BS_CLEANUP(bs_workspace_close_ptr) struct bs_workspace *ws = NULL;
	BS_CLEANUP(bs_keys_close_ptr) struct bs_keys *keys = NULL;
	BS_CLEANUP(bs_store_close_ptr) struct bs_store *store = NULL;
	enum bs_code code;

	/* A workspace that is gone holds no documents. */
	code = bs_workspace_find(cli->env, path, &ws, reterr);
	if (code == BS_NO_WORKSPACE || code == BS_NOT_FOUND || code == BS_POLICY)
		return BS_OK;
	if (code == BS_OK)
		code = bs_keys_open(cli->env, ws, &keys, reterr);
	if (code == BS_OK)
		code = bs_store_open(cli->env, ws, keys, &store, reterr);
	return code == BS_OK ? add_recipients(store, BS_SCOPE_REPO, in_use, reterr) : code;
}

/*
 * The recipients of all documents that can be found: the user's, those here, those of the known workspaces.
 */
static enum bs_code collect(struct bs_cli *cli, struct bs_strings *in_use, struct bs_error *reterr)
{
	struct bs_strings known = {0};
	enum bs_code code = add_recipients(cli->store, BS_SCOPE_USER, in_use, reterr);

	if (code == BS_OK && cli->ws)
		code = add_recipients(cli->store, BS_SCOPE_REPO, in_use, reterr);
	if (code == BS_OK && bs_workspaces_list(cli->env, &known, NULL) != BS_OK)
		known.count = 0;
	for (size_t i = 0; code == BS_OK && i < known.count; i++)
		code = add_of_workspace(cli, known.items[i], in_use, reterr);
	bs_strings_release(&known);
	return code;
}

/* init --repo put the recipient there; without its identity it is nobody's. */
static void leave_workspace(struct bs_cli *cli, const char *recipient)
{
	struct bs_error error = {0};
	enum bs_code code;

	if (!recipient || !cli->ws || bs_keys_fit(cli->keys, recipient))
		return;
	code = bs_recipients_file_remove(cli->ws, recipient, &error);
	if (code == BS_OK)
		bs_cli_say(cli, "took %s out of .bus/secrets/recipients.txt", recipient);
	else if (code != BS_NOT_FOUND)
		bs_notice(BS_NOTICE_WARN, "%s", error.msg);
}

static void put_json(struct bs_cli *cli, const char *renamed)
{
	struct bs_json_out *json = bs_json_out_new();

	bs_json_out_object(json);
	bs_json_out_key(json, "removed");
	bs_json_out_bool(json, true);
	bs_json_out_key(json, "renamed");
	bs_json_out_string(json, renamed);
	bs_json_out_end(json);
	bs_out_json(cli, json);
}

enum bs_code bs_cmd_uninit(struct bs_cli *cli, struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) char *recipient = NULL;
	BS_CLEANUP(bs_free_ptr) char *renamed = NULL;
	bool is_forced = bs_cli_option_is(cli, "force");
	struct bs_strings in_use = {0};
	enum bs_code code = bs_cli_open_store(cli, reterr);

	if (code == BS_OK && bs_keys_own_recipient(cli->keys, &recipient, NULL) != BS_OK)
		recipient = NULL;
	if (code == BS_OK)
		code = collect(cli, &in_use, reterr);
	if (code == BS_OK)
		code = bs_keys_unmake(cli->env, &in_use, is_forced, &renamed, reterr);
	bs_strings_release(&in_use);
	if (code != BS_OK)
		return code;
	if (renamed)
		bs_cli_say(cli, "the identity is still named by documents; it lies in %s now", renamed);
	else
		bs_cli_say(cli, "deleted the identity that init made: %s", bs_env_keys_txt(cli->env));
	bs_keys_forget(cli->keys);
	leave_workspace(cli, recipient);
	if (cli->format == BS_FORMAT_JSON)
		put_json(cli, renamed);
	return BS_OK;
}
