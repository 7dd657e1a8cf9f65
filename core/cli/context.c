/*
 * context.c: what a command opens of the library, in order, when it is first needed.
 */
#include "cli.h"

#include <string.h>

enum bs_code bs_cli_open_env(struct bs_cli *cli, struct bs_error *reterr)
{
	struct bs_env_options options = {.chdir = cli->chdir};
	enum bs_code code;

	if (cli->env)
		return BS_OK;
	code = bs_env_open(&options, &cli->env, reterr);
	if (code != BS_OK)
		return code;
	bs_notice(BS_NOTICE_TRACE, "directory of the call: %s", bs_env_cwd(cli->env));
	if (cli->chdir && chdir(bs_env_cwd(cli->env)) != 0)
		return bs_error_sys(reterr, errno, "cannot change to directory '%s'", cli->chdir);
	return BS_OK;
}

enum bs_code bs_cli_open_workspace(struct bs_cli *cli, struct bs_error *reterr)
{
	enum bs_code code = bs_cli_open_env(cli, reterr);

	if (code != BS_OK || cli->ws_was_sought)
		return code;
	cli->ws_was_sought = true;
	code = bs_workspace_find(cli->env, NULL, &cli->ws, &cli->ws_error);
	if (code == BS_OK)
		bs_notice(BS_NOTICE_INFO, "workspace: %s", bs_workspace_path(cli->ws));
	else
		bs_notice(BS_NOTICE_INFO, "%s", cli->ws_error.msg);
	return BS_OK;
}

enum bs_code bs_cli_open_keys(struct bs_cli *cli, struct bs_error *reterr)
{
	enum bs_code code = bs_cli_open_workspace(cli, reterr);

	if (code != BS_OK || cli->keys)
		return code;
	return bs_keys_open(cli->env, cli->ws, &cli->keys, reterr);
}

/* For --trace: which files the scopes are kept in. */
static void tell_places(const struct bs_cli *cli)
{
	for (int i = 0; i < BS_SCOPE_STORED; i++) {
		enum bs_scope scope = (enum bs_scope)i;
		struct bs_store_place place = {0};
		struct bs_error error = {0};

		if (scope == BS_SCOPE_REPO && !cli->ws)
			continue;
		if (bs_store_get_place(cli->store, scope, &place, &error) == BS_OK)
			bs_notice(BS_NOTICE_TRACE, "scope %s: %s, %s, %s", bs_scope_name(scope), place.path,
				place.exists ? "there" : "not there yet",
				place.is_writable ? "writable" : "not writable");
		else
			bs_notice(BS_NOTICE_TRACE, "scope %s: %s", bs_scope_name(scope), error.msg);
		bs_store_place_release(&place);
	}
}

/* For --trace: every key source, found or not; commands are not run for this. */
static void tell_sources(const struct bs_cli *cli)
{
	for (size_t i = 0; i < bs_keys_source_count(cli->keys); i++) {
		static const char *const states[] = {[BS_KEY_ABSENT] = "not there",
			[BS_KEY_READY] = "ready",
			[BS_KEY_LOCKED] = "locked",
			[BS_KEY_BROKEN] = "unusable",
			[BS_KEY_UNREAD] = "not run yet"};
		struct bs_key_source source = {0};

		bs_keys_probe(cli->keys, i, false, &source);
		bs_notice(BS_NOTICE_TRACE, "key source %s: %s: %s", source.kind, source.where,
			states[source.state]);
	}
}

enum bs_code bs_cli_open_store(struct bs_cli *cli, struct bs_error *reterr)
{
	enum bs_code code = bs_cli_open_keys(cli, reterr);

	if (code != BS_OK || cli->store)
		return code;
	code = bs_store_open(cli->env, cli->ws, cli->keys, &cli->store, reterr);
	if (code == BS_OK && cli->verbosity >= 2) {
		tell_places(cli);
		tell_sources(cli);
	}
	return code;
}

enum bs_code bs_cli_need_scope(struct bs_cli *cli, enum bs_scope scope, struct bs_error *reterr)
{
	enum bs_code code = bs_cli_open_store(cli, reterr);

	if (code != BS_OK || cli->ws || scope == BS_SCOPE_USER)
		return code;
	if (cli->ws_error.code == BS_NO_WORKSPACE && scope == BS_SCOPE_AUTO)
		return BS_OK;
	/* Someone else's workspace is none, for auto; but whoever expected it must be told. */
	if (cli->ws_error.code == BS_POLICY && scope == BS_SCOPE_AUTO) {
		bs_notice(BS_NOTICE_WARN, "%s", cli->ws_error.msg);
		return BS_OK;
	}
	return bs_error_set(reterr, cli->ws_error.code, "%s", cli->ws_error.msg);
}

void bs_cli_close(struct bs_cli *cli)
{
	cli->store = bs_store_close(cli->store);
	cli->keys = bs_keys_close(cli->keys);
	cli->ws = bs_workspace_close(cli->ws);
	cli->env = bs_env_close(cli->env);
	cli->value = bs_secret_free(cli->value);
	bs_out_drop(cli);
	free(cli->operands);
	free(cli->given);
	cli->operands = NULL;
	cli->given = NULL;
}

/* In both scopes: who has documents has a key somewhere, and wants to be told that it is missing. */
static enum bs_code count_documents(struct bs_cli *cli, size_t *ret, struct bs_error *reterr)
{
	size_t count = 0;

	for (int scope = 0; scope < BS_SCOPE_STORED; scope++) {
		struct bs_store_list list = {0};
		enum bs_code code;

		if (scope == BS_SCOPE_REPO && !cli->ws)
			continue;
		code = bs_store_list(cli->store, (enum bs_scope)scope, &list, reterr);
		if (code != BS_OK)
			return code;
		count += list.count;
		bs_store_list_release(&list);
	}
	*ret = count;
	return BS_OK;
}

enum bs_code bs_cli_first_identity(struct bs_cli *cli, bool *ret_was_made, struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) char *path = NULL;
	BS_CLEANUP(bs_free_ptr) char *recipient = NULL;
	size_t count = 0;
	enum bs_code code;

	*ret_was_made = false;
	if (bs_keys_are_configured(cli->keys))
		return BS_OK;
	code = count_documents(cli, &count, reterr);
	if (code != BS_OK || count)
		return code;
	code = bs_keys_make(cli->env, &path, &recipient, reterr);
	/* Another call was faster: its identity serves as well. */
	if (code != BS_OK && code != BS_EXISTS)
		return code;
	bs_keys_forget(cli->keys);
	if (code == BS_EXISTS)
		return BS_OK;
	*ret_was_made = true;
	bs_cli_say_identity(path, recipient);
	return BS_OK;
}

void bs_cli_say_identity(const char *path, const char *recipient)
{
	bs_notice(BS_NOTICE_WARN,
		"made the identity %s in %s: back it up, without it nothing can be decrypted", recipient,
		path);
}

void bs_cli_undo_identity(struct bs_cli *cli)
{
	BS_CLEANUP(bs_free_ptr) char *renamed = NULL;
	struct bs_strings in_use = {0};

	if (bs_keys_unmake(cli->env, &in_use, false, &renamed, NULL) == BS_OK)
		bs_cli_say(cli, "took back the identity that was made: nothing was written");
	bs_keys_forget(cli->keys);
}
