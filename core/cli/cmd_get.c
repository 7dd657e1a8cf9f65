/* cmd_get.c: bus-secrets get. */
#include "cli.h"

#include <string.h>

/* For -v alone: it reads the state of what was seen, which a plain get has no need of. */
static void tell(struct bs_cli *cli, const struct bs_store_entry *entry)
{
	BS_CLEANUP(bs_free_ptr) char *warning = NULL;

	bs_notice(BS_NOTICE_INFO, "%s: found in scope %s, %llu byte%s", entry->name,
		bs_scope_name(entry->scope), (unsigned long long)entry->size, entry->size == 1 ? "" : "s");
	if (entry->shadows)
		bs_notice(BS_NOTICE_INFO,
			"%s: the workspace's value shadows your own; --scope user gives that", entry->name);
	warning = bs_store_seen_warning(cli->store, entry->scope, entry->name);
	if (warning)
		bs_notice(BS_NOTICE_WARN, "%s", warning);
}

enum bs_code bs_cmd_get(struct bs_cli *cli, struct bs_error *reterr)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *value = NULL;
	struct bs_store_entry entry = {0};
	const char *name = cli->operands[0];
	enum bs_scope scope;
	enum bs_code code = bs_cli_scope(cli, BS_SCOPE_AUTO, true, &scope, reterr);

	if (code == BS_OK)
		code = bs_name_check(name, strlen(name), reterr);
	if (code == BS_OK)
		code = bs_cli_need_scope(cli, scope, reterr);
	if (code != BS_OK)
		return code;
	bs_keys_allow_prompt(cli->keys, true);
	code = bs_store_get(cli->store, scope, name, &value, &entry, reterr);
	if (code != BS_OK)
		return code;
	if (cli->verbosity)
		tell(cli, &entry);
	code = bs_out_value(
		cli, &value, name, bs_scope_name(entry.scope), bs_cli_option_is(cli, "raw"), reterr);
	bs_store_entry_release(&entry);
	return code;
}
