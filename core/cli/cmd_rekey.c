/* cmd_rekey.c: bus-secrets rekey: a new data key and the recipients of today, document by document. */
#include "cli.h"

#include <string.h>

static void put_result(struct bs_json_out *json, const char *name, enum bs_scope scope,
	const struct bs_store_report *report, const char *problem)
{
	bs_json_out_object(json);
	bs_json_out_key(json, "name");
	bs_json_out_string(json, name);
	bs_json_out_key(json, "scope");
	bs_json_out_string(json, bs_scope_name(scope));
	bs_json_out_key(json, "rekeyed");
	bs_json_out_bool(json, !problem);
	bs_json_strings(json, "came", &report->came);
	bs_json_strings(json, "went", &report->went);
	bs_json_strings(json, "kept_kinds", &report->kept_kinds);
	bs_json_out_key(json, "error");
	bs_json_out_string(json, problem);
	bs_json_out_end(json);
}

/* "; WHAT: a, b" behind line, which is freed; recipients are what a document says, so anything. */
static char *add_list(char *line, const char *what, const struct bs_strings *list)
{
	BS_CLEANUP(bs_free_ptr) char *joined = list->count ? bs_strings_join(list, ", ") : NULL;
	char *longer = NULL;

	if (!joined || !line || asprintf(&longer, "%s; %s: %s", line, what, joined) < 0)
		return line;
	free(line);
	return longer;
}

static void put_line(struct bs_cli *cli, const char *name, const struct bs_store_report *report)
{
	char *line = NULL;

	if (asprintf(&line, "%s: rekeyed", name) < 0)
		return;
	line = add_list(line, "came", &report->came);
	line = add_list(line, "went", &report->went);
	line = add_list(line, "kept, with the old data key", &report->kept_kinds);
	bs_out_line(cli, line);
	free(line);
}

static enum bs_code rekey_one(
	struct bs_cli *cli, enum bs_scope scope, const char *name, struct bs_json_out *json)
{
	struct bs_store_report report = {0};
	struct bs_error error = {0};
	enum bs_code code = bs_store_rekey(cli->store, scope, name, &report, &error);

	if (code != BS_OK)
		bs_cli_say_error(cli, &error);
	else if (!json)
		put_line(cli, name, &report);
	if (json)
		put_result(json, name, scope, &report, code == BS_OK ? NULL : error.msg);
	bs_store_report_release(&report);
	return code;
}

static enum bs_code collect(
	struct bs_cli *cli, enum bs_scope scope, struct bs_strings *ret, struct bs_error *reterr)
{
	struct bs_store_list list = {0};
	enum bs_code code = BS_OK;

	for (size_t i = 0; code == BS_OK && i < cli->operand_count; i++)
		code = bs_strings_add_once(ret, cli->operands[i], reterr);
	if (code != BS_OK || cli->operand_count)
		return code;
	code = bs_store_list(cli->store, scope, &list, reterr);
	for (size_t i = 0; code == BS_OK && i < list.count; i++)
		code = bs_strings_add(ret, list.items[i].name, reterr);
	bs_store_list_release(&list);
	return code;
}

static enum bs_code rekey_all(struct bs_cli *cli, enum bs_scope scope, const struct bs_strings *names)
{
	struct bs_json_out *json = cli->format == BS_FORMAT_JSON ? bs_json_out_new() : NULL;
	enum bs_code first = BS_OK;

	bs_json_out_array(json);
	for (size_t i = 0; i < names->count; i++) {
		enum bs_code code = rekey_one(cli, scope, names->items[i], json);

		first = first == BS_OK ? code : first;
	}
	bs_json_out_end(json);
	if (cli->format == BS_FORMAT_JSON)
		bs_out_json(cli, json);
	/*
	 * Those that failed have been named; the others are done, and their lines are printed all the same.
	 */
	cli->is_partial = true;
	return first;
}

enum bs_code bs_cmd_rekey(struct bs_cli *cli, struct bs_error *reterr)
{
	struct bs_strings names = {0};
	enum bs_scope scope;
	enum bs_code code = bs_cli_scope(cli, BS_SCOPE_USER, false, &scope, reterr);

	for (size_t i = 0; code == BS_OK && i < cli->operand_count; i++)
		code = bs_name_check(cli->operands[i], strlen(cli->operands[i]), reterr);
	if (code == BS_OK)
		code = bs_cli_need_scope(cli, scope, reterr);
	if (code == BS_OK) {
		bs_keys_allow_prompt(cli->keys, true);
		code = collect(cli, scope, &names, reterr);
	}
	if (code == BS_OK)
		code = rekey_all(cli, scope, &names);
	bs_strings_release(&names);
	return code;
}
