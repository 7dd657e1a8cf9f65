/*
 * cmd_resolve.c: bus-secrets resolve: "secret:<name>" becomes the value, anything else comes back
 * unchanged.
 */
#include "cli.h"

#include <string.h>

static const char head[] = "secret:";

/*
 * The name behind "secret:"; false if the value is no reference. Names are no secrets; only a reference is
 * copied.
 */
static bool is_reference(const struct bs_secret *value)
{
	return bs_secret_len(value) >= sizeof(head) - 1 &&
	       !memcmp(bs_secret_bytes(value), head, sizeof(head) - 1);
}

static enum bs_code read_name(
	const struct bs_secret *value, char ret[static BS_NAME_MAX + 1], struct bs_error *reterr)
{
	const char *name = (const char *)bs_secret_bytes(value) + sizeof(head) - 1;
	size_t len = bs_secret_len(value) - (sizeof(head) - 1);
	enum bs_code code;

	if ((len >= 5 && !memcmp(name, "user/", 5)) || (len >= 5 && !memcmp(name, "repo/", 5)))
		return bs_error_set(reterr, BS_NAME,
			"secret:user/... and secret:repo/... are reserved: give the scope by --scope");
	if (!len)
		return bs_error_set(reterr, BS_NAME, "no name behind 'secret:': give secret:<name>");
	code = bs_name_check(name, len, reterr);
	if (code != BS_OK)
		return code;
	memcpy(ret, name, len);
	ret[len] = '\0';
	return BS_OK;
}

enum bs_code bs_cmd_resolve(struct bs_cli *cli, struct bs_error *reterr)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *value = NULL;
	struct bs_store_entry entry = {0};
	char name[BS_NAME_MAX + 1];
	enum bs_scope scope;
	enum bs_code code = bs_cli_scope(cli, BS_SCOPE_AUTO, true, &scope, reterr);

	if (code != BS_OK)
		return code;
	if (!is_reference(cli->value))
		return bs_out_value(cli, &cli->value, NULL, NULL, false, reterr);
	code = read_name(cli->value, name, reterr);
	if (code == BS_OK)
		code = bs_cli_need_scope(cli, scope, reterr);
	if (code != BS_OK)
		return code;
	bs_keys_allow_prompt(cli->keys, true);
	code = bs_store_get(cli->store, scope, name, &value, &entry, reterr);
	if (code != BS_OK)
		return code;
	code = bs_out_value(cli, &value, name, bs_scope_name(entry.scope), false, reterr);
	bs_store_entry_release(&entry);
	return code;
}
