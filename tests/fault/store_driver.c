/*
 * store_driver.c: calls of the store that no command makes, in the repository scope of the working directory.
 *
 *	store_driver rename FROM TO [noreplace|exchange]
 *	store_driver delete NAME
 *	store_driver show NAME...      one line a name: NAME=VALUE, or NAME= and what get answers
 *
 * A change that succeeds prints "calls N": the system calls at which a fault could have struck.
 */
#include "../../core/base/fault.h"

#include <bus-secrets/store.h>

#include <stdio.h>
#include <string.h>

struct call {
	struct bs_env *env;
	struct bs_workspace *ws;
	struct bs_keys *keys;
	struct bs_store *store;
};

static enum bs_code open_all(struct call *call, struct bs_error *error)
{
	struct bs_env_options options = {0};
	enum bs_code code = bs_env_open(&options, &call->env, error);

	if (!code)
		code = bs_workspace_find(call->env, NULL, &call->ws, error);
	if (!code)
		code = bs_keys_open(call->env, call->ws, &call->keys, error);
	if (!code)
		code = bs_store_open(call->env, call->ws, call->keys, &call->store, error);
	return code;
}

static void close_all(struct call *call)
{
	bs_store_close(call->store);
	bs_keys_close(call->keys);
	bs_workspace_close(call->ws);
	bs_env_close(call->env);
}

static void show(struct call *call, const char *name)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *value = NULL;
	enum bs_code code = bs_store_get(call->store, BS_SCOPE_REPO, name, &value, NULL, NULL);

	if (code)
		(void)printf("%s=(%s)\n", name, bs_code_name(code));
	else
		(void)printf(
			"%s=%.*s\n", name, (int)bs_secret_len(value), (const char *)bs_secret_bytes(value));
}

static enum bs_code act(struct call *call, int argc, char **argv, struct bs_error *error)
{
	unsigned flags = 0;

	if (argc > 4)
		flags = strcmp(argv[4], "exchange") == 0 ? BS_RENAME_EXCHANGE : BS_RENAME_NOREPLACE;
	if (argc >= 4 && strcmp(argv[1], "rename") == 0)
		return bs_store_rename(call->store, BS_SCOPE_REPO, argv[2], argv[3], flags, error);
	if (argc == 3 && strcmp(argv[1], "delete") == 0)
		return bs_store_delete(call->store, BS_SCOPE_REPO, argv[2], error);
	if (argc >= 3 && strcmp(argv[1], "show") == 0) {
		for (int i = 2; i < argc; i++)
			show(call, argv[i]);
		return BS_OK;
	}
	return bs_error_set(error, BS_USAGE, "usage: store_driver rename|delete|show NAME...");
}

int main(int argc, char **argv)
{
	struct call call = {0};
	struct bs_error error = {0};
	enum bs_code code = open_all(&call, &error);

	if (!code)
		code = act(&call, argc, argv, &error);
	if (!code && strcmp(argv[1], "show") != 0)
		(void)printf("calls %lu\n", bs_fault_io_count());
	if (code)
		(void)fprintf(stderr, "%s: %s\n", bs_code_name(code), error.msg);
	close_all(&call);
	return code ? 1 : 0;
}
