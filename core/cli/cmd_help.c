/* cmd_help.c: bus-secrets help. */
#include "cli.h"

enum bs_code bs_cmd_help(struct bs_cli *cli, struct bs_error *reterr)
{
	const struct bs_cli_command *command = NULL;

	if (cli->operand_count) {
		command = bs_cli_command_find(cli->operands[0]);
		if (!command)
			return bs_error_set(reterr, BS_USAGE,
				"unknown command '%.64s': bus-secrets help lists them", cli->operands[0]);
	}
	if (cli->format != BS_FORMAT_TEXT)
		bs_help_opencli(cli);
	else if (command)
		bs_help_command(cli, command);
	else
		bs_help_program(cli);
	return BS_OK;
}
