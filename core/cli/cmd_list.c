/* cmd_list.c: bus-secrets list. Never decrypts. */
#include "cli.h"

#include <time.h>

const char *bs_cli_state_name(enum bs_entry_state state)
{
	switch (state) {
	case BS_ENTRY_OK:
		return "ok";
	case BS_ENTRY_PLAINTEXT:
		return "plaintext";
	case BS_ENTRY_MALFORMED:
		return "malformed";
	case BS_ENTRY_FOREIGN:
		return "foreign";
	}
	return "malformed";
}

/* Whole seconds: the nanoseconds of a document come from a hash of it and tell nobody anything. */
static void put_time(struct bs_json_out *json, const struct timespec *when)
{
	char text[64];
	struct tm tm;

	if (!when->tv_sec || !gmtime_r(&when->tv_sec, &tm) ||
		!strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm)) {
		bs_json_out_null(json);
		return;
	}
	bs_json_out_string(json, text);
}

static void put_entry(struct bs_json_out *json, const struct bs_store_entry *entry)
{
	bs_json_out_object(json);
	bs_json_out_key(json, "name");
	bs_json_out_string(json, entry->name);
	bs_json_out_key(json, "scope");
	bs_json_out_string(json, bs_scope_name(entry->scope));
	bs_json_out_key(json, "size");
	bs_json_out_int(json, (int64_t)entry->size);
	bs_json_out_key(json, "modified");
	put_time(json, &entry->modified);
	bs_json_out_key(json, "state");
	bs_json_out_string(json, bs_cli_state_name(entry->state));
	bs_json_out_key(json, "shadows");
	bs_json_out_bool(json, entry->shadows);
	bs_json_strings(json, "recipients", &entry->recipients);
	bs_json_out_end(json);
}

static void put_list(struct bs_cli *cli, const struct bs_store_list *list)
{
	struct bs_json_out *json;

	if (cli->format == BS_FORMAT_TEXT) {
		for (size_t i = 0; i < list->count; i++)
			bs_out_text(cli, "%s\n", list->items[i].name);
		return;
	}
	json = bs_json_out_new();
	bs_json_out_array(json);
	for (size_t i = 0; i < list->count; i++)
		put_entry(json, &list->items[i]);
	bs_json_out_end(json);
	bs_out_json(cli, json);
}

/* A line for each entry that is no document; true if there was one. */
static bool say_invalid(const struct bs_cli *cli, const struct bs_store_list *list)
{
	bool has_invalid = false;

	for (size_t i = 0; i < list->count; i++) {
		const struct bs_store_entry *entry = &list->items[i];
		const char *scope = bs_scope_name(entry->scope);
		struct bs_error error = {0};

		if (entry->state != BS_ENTRY_PLAINTEXT && entry->state != BS_ENTRY_MALFORMED)
			continue;
		has_invalid = true;
		bs_error_set(&error, BS_MALFORMED,
			"%s (scope %s): %s: write it again with bus-secrets set --scope %s %s", entry->name,
			scope,
			entry->state == BS_ENTRY_PLAINTEXT ? "stored in plain text" : "not a valid document",
			scope, entry->name);
		bs_cli_say_error(cli, &error);
	}
	return has_invalid;
}

enum bs_code bs_cmd_list(struct bs_cli *cli, struct bs_error *reterr)
{
	struct bs_store_list list = {0};
	enum bs_scope scope;
	enum bs_code code = bs_cli_scope(cli, BS_SCOPE_AUTO, true, &scope, reterr);

	if (code == BS_OK)
		code = bs_cli_need_scope(cli, scope, reterr);
	if (code == BS_OK)
		code = bs_store_list(cli->store, scope, &list, reterr);
	if (code != BS_OK)
		return code;
	/* Names are printed whatever is found among them: completion and scripts rely on it. */
	put_list(cli, &list);
	cli->is_partial = true;
	/* Said already, entry by entry. */
	if (say_invalid(cli, &list))
		code = BS_MALFORMED;
	bs_store_list_release(&list);
	return code;
}
