/*
 * help.c: usage, made from the table of commands.
 */
#include "cli.h"

#include <bus-secrets/version.h>
#include <string.h>

static const char synopsis[] =
	"usage: bus-secrets [-h] [-V] [-v]... [-q] [--trace] [-C DIR] [-o FILE] [-f text|json]\n"
	"                   [--color auto|always|never] [--no-color] [--] command ...\n";

static void put_options(struct bs_cli *cli, const struct bs_cli_option *options)
{
	for (; options && options->name; options++) {
		char words[64];

		snprintf(words, sizeof(words), "%c%c%s--%s%s%s", options->letter ? '-' : ' ',
			options->letter ? options->letter : ' ', options->letter ? ", " : "  ", options->name,
			options->argument ? " " : "", options->argument ? options->argument : "");
		bs_out_text(cli, "  %-33s %s\n", words, options->text);
	}
}

void bs_help_program(struct bs_cli *cli)
{
	bs_out_text(cli,
		"%s\nSecrets as SOPS documents, for this user and for this workspace.\n\ncommands:\n",
		synopsis);
	for (const struct bs_cli_command *c = bs_cli_commands; c->name; c++)
		bs_out_text(cli, "  %-10s %s\n", c->name, c->summary);
	bs_out_text(cli, "\noptions, before or after the operands:\n");
	put_options(cli, bs_cli_global_options);
	bs_out_text(cli,
		"\nexit status: 0 success, 1 failure, 2 wrong usage\n"
		"Give values on standard input: arguments can be seen by others and end up in histories.\n"
		"See bus-secrets help COMMAND, and bus-secrets(1).\n");
}

void bs_help_command(struct bs_cli *cli, const struct bs_cli_command *command)
{
	bs_out_text(cli, "usage: bus-secrets [options] %s%s%s\n\n%s\n", command->name,
		*command->usage ? " " : "", command->usage, command->summary);
	if (command->details)
		bs_out_text(cli, "\n%s", command->details);
	if (command->arguments && command->arguments->name)
		bs_out_text(cli, "\narguments:\n");
	for (const struct bs_cli_argument *a = command->arguments; a && a->name; a++)
		bs_out_text(cli, "  %-10s %s\n", a->name, a->text);
	if (command->options && command->options->name)
		bs_out_text(cli, "\noptions:\n");
	put_options(cli, command->options);
	bs_out_text(cli, "\noptions of every command: bus-secrets help\n");
}

void bs_help_usage_error(const struct bs_cli *cli)
{
	ssize_t written = write(STDERR_FILENO, synopsis, sizeof(synopsis) - 1);

	(void)written;
	bs_cli_say(cli, "no command: bus-secrets help lists them");
}
