/*
 * opencli.c: the table of commands as an OpenCLI 0.1 document (opencli.org): how `bus help secrets` learns
 * of us. Our members summary and usage stand beside those of the specification.
 */
#include "cli.h"

#include <bus-secrets/version.h>
#include <string.h>

static void put_string(struct bs_json_out *json, const char *key, const char *text)
{
	bs_json_out_key(json, key);
	bs_json_out_string(json, text);
}

static void put_bool(struct bs_json_out *json, const char *key, bool is_true)
{
	bs_json_out_key(json, key);
	bs_json_out_bool(json, is_true);
}

static void put_arity(struct bs_json_out *json, size_t min, size_t max)
{
	bs_json_out_key(json, "arity");
	bs_json_out_object(json);
	bs_json_out_key(json, "minimum");
	bs_json_out_int(json, (int64_t)min);
	/* Without a maximum there is no bound. */
	if (max != SIZE_MAX) {
		bs_json_out_key(json, "maximum");
		bs_json_out_int(json, (int64_t)max);
	}
	bs_json_out_end(json);
}

/* "a|b|c" as the list of accepted words; a single word names what is wanted instead. */
static void put_accepted(struct bs_json_out *json, const char *words)
{
	if (!strchr(words, '|'))
		return;
	bs_json_out_key(json, "acceptedValues");
	bs_json_out_array(json);
	while (*words) {
		char word[32];
		size_t len = strcspn(words, "|");

		snprintf(word, sizeof(word), "%.*s", (int)len, words);
		bs_json_out_string(json, word);
		words += len + (words[len] == '|');
	}
	bs_json_out_end(json);
}

static void put_option(struct bs_json_out *json, const struct bs_cli_option *option, bool is_recursive)
{
	char word[32];

	bs_json_out_object(json);
	snprintf(word, sizeof(word), "--%s", option->name);
	put_string(json, "name", word);
	put_bool(json, "required", false);
	bs_json_out_key(json, "aliases");
	bs_json_out_array(json);
	if (option->letter) {
		snprintf(word, sizeof(word), "-%c", option->letter);
		bs_json_out_string(json, word);
	}
	bs_json_out_end(json);
	bs_json_out_key(json, "arguments");
	bs_json_out_array(json);
	if (option->argument) {
		bs_json_out_object(json);
		put_string(json, "name", strchr(option->argument, '|') ? option->name : option->argument);
		put_bool(json, "required", true);
		put_arity(json, 1, 1);
		put_accepted(json, option->argument);
		bs_json_out_end(json);
	}
	bs_json_out_end(json);
	put_string(json, "description", option->text);
	put_bool(json, "recursive", is_recursive);
	bs_json_out_end(json);
}

static void put_options(struct bs_json_out *json, const struct bs_cli_option *options, bool is_recursive)
{
	bs_json_out_key(json, "options");
	bs_json_out_array(json);
	for (; options && options->name; options++)
		put_option(json, options, is_recursive);
	bs_json_out_end(json);
}

static void put_arguments(struct bs_json_out *json, const struct bs_cli_argument *arguments)
{
	bs_json_out_key(json, "arguments");
	bs_json_out_array(json);
	for (; arguments && arguments->name; arguments++) {
		bs_json_out_object(json);
		put_string(json, "name", arguments->name);
		put_bool(json, "required", arguments->min > 0);
		put_arity(json, arguments->min, arguments->max);
		put_string(json, "description", arguments->text);
		bs_json_out_end(json);
	}
	bs_json_out_end(json);
}

/* The same for every command, as the manual's EXIT STATUS. */
static void put_exit_codes(struct bs_json_out *json)
{
	static const char *const texts[] = {
		"success",
		"failure: not found, unreadable workspace, cannot decrypt, store invalid",
		"wrong usage: unknown command, option or scope, missing argument, invalid name",
	};

	bs_json_out_key(json, "exitCodes");
	bs_json_out_array(json);
	for (int64_t i = 0; i < 3; i++) {
		bs_json_out_object(json);
		bs_json_out_key(json, "code");
		bs_json_out_int(json, i);
		put_string(json, "description", texts[i]);
		bs_json_out_end(json);
	}
	bs_json_out_end(json);
}

static void put_command(struct bs_json_out *json, const struct bs_cli_command *command)
{
	char usage[256];

	snprintf(usage, sizeof(usage), "bus-secrets %s%s%s", command->name, *command->usage ? " " : "",
		command->usage);
	bs_json_out_object(json);
	put_string(json, "name", command->name);
	put_string(json, "summary", command->summary);
	put_string(json, "usage", usage);
	put_string(json, "description", command->details ? command->details : command->summary);
	put_arguments(json, command->arguments);
	put_options(json, command->options, false);
	put_exit_codes(json);
	bs_json_out_end(json);
}

void bs_help_opencli(struct bs_cli *cli)
{
	struct bs_json_out *json = bs_json_out_new();

	bs_json_out_object(json);
	put_string(json, "opencli", "0.1");
	bs_json_out_key(json, "info");
	bs_json_out_object(json);
	put_string(json, "title", "bus-secrets");
	put_string(json, "version", BS_VERSION);
	put_string(json, "summary", "secrets as SOPS documents, by command and as files");
	bs_json_out_end(json);
	bs_json_out_key(json, "conventions");
	bs_json_out_object(json);
	put_bool(json, "groupOptions", true);
	put_string(json, "optionSeparator", " ");
	bs_json_out_end(json);
	put_options(json, bs_cli_global_options, true);
	bs_json_out_key(json, "commands");
	bs_json_out_array(json);
	for (const struct bs_cli_command *c = bs_cli_commands; c->name; c++)
		put_command(json, c);
	bs_json_out_end(json);
	put_exit_codes(json);
	bs_json_out_end(json);
	bs_out_json(cli, json);
}
