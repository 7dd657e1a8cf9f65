/* cmd_delete.c: bus-secrets delete. Asks nothing. */
#include "cli.h"

#include <string.h>

enum bs_code bs_cmd_delete(struct bs_cli *cli, struct bs_error *reterr)
{
	const char *name = cli->operands[0];
	struct bs_json_out *json;
	enum bs_scope scope;
	enum bs_code code = bs_cli_scope(cli, BS_SCOPE_USER, false, &scope, reterr);

	if (code == BS_OK)
		code = bs_name_check(name, strlen(name), reterr);
	if (code == BS_OK)
		code = bs_cli_need_scope(cli, scope, reterr);
	if (code == BS_OK)
		code = bs_store_delete(cli->store, scope, name, reterr);
	if (code != BS_OK || cli->format == BS_FORMAT_TEXT)
		return code;
	json = bs_json_out_new();
	bs_json_out_object(json);
	bs_json_out_key(json, "name");
	bs_json_out_string(json, name);
	bs_json_out_key(json, "scope");
	bs_json_out_string(json, bs_scope_name(scope));
	bs_json_out_key(json, "deleted");
	bs_json_out_bool(json, true);
	bs_json_out_end(json);
	bs_out_json(cli, json);
	return BS_OK;
}
