/*
 * main.c: bus-secrets: from a command line to an exit status.
 *
 * Order: the command line is read without touching anything; the process is hardened; a value among the
 * arguments is moved to locked memory and overwritten in place; only then does anything else run. The
 * output is written when the command has succeeded. This file alone turns codes into exit statuses.
 */
#include "cli.h"

#include <bus-secrets/harden.h>
#include <bus-secrets/version.h>
#include <string.h>

static enum bs_code print_help(struct bs_cli *cli, struct bs_error *reterr)
{
	if (cli->command)
		bs_help_command(cli, cli->command);
	else
		bs_help_program(cli);
	return bs_out_help(cli, reterr);
}

/* Commands go on without locked memory, but say so: what is not locked may reach the swap. */
static void warn_of_unlocked_memory(void)
{
	struct bs_arena_status status;

	bs_arena_get_status(&status);
	if (status.lock_errno)
		bs_notice(BS_NOTICE_WARN,
			"the memory of secrets could not be locked (%s): raise the limit, see ulimit -l",
			strerror(status.lock_errno));
}

/*
 * What list and rekey print stands although they fail: they did what they could. It goes out, but replaces
 * no -o FILE.
 */
static enum bs_code finish(struct bs_cli *cli, enum bs_code code, struct bs_error *reterr)
{
	struct bs_error ignored = {0};

	if (code == BS_OK)
		return bs_out_finish(cli, reterr);
	if (cli->is_partial && bs_out_is_stream(cli))
		(void)!bs_out_finish(cli, reterr->msg[0] ? &ignored : reterr);
	return code;
}

static enum bs_code run(struct bs_cli *cli, struct bs_error *reterr)
{
	static const struct bs_cli_command version = {.name = "version"};
	enum bs_code code;

	if (cli->is_version)
		cli->command = &version;
	code = bs_out_check(cli, reterr);
	if (code != BS_OK)
		return code;
	if (cli->is_version)
		bs_out_text(cli, "bus-secrets %s\n", BS_VERSION);
	else
		code = cli->command->run(cli, reterr);
	warn_of_unlocked_memory();
	return finish(cli, code, reterr);
}

/*
 * From the command line to a hardened process that holds the value, if there is one, in locked memory. A
 * failure leaves nothing of the command line to be seen. What the parser says of it comes last: -h beats
 * that.
 */
static enum bs_code start(struct bs_cli *cli, int argc, char **argv, struct bs_error *reterr)
{
	struct bs_error usage = {0};
	enum bs_code parsed = bs_cli_parse(cli, argc, argv, &usage);
	enum bs_code code = bs_harden_process(&cli->closed, reterr);

	if (code == BS_OK)
		code = bs_cli_take_value(cli, reterr);
	if (code != BS_OK || parsed != BS_OK)
		bs_cli_wipe_words(argc, argv, 1);
	if (code != BS_OK || parsed == BS_OK || cli->is_help)
		return code;
	*reterr = usage;
	return parsed;
}

static enum bs_code dispatch(struct bs_cli *cli, struct bs_error *reterr)
{
	if (cli->is_help)
		return print_help(cli, reterr);
	bs_cli_say_notices(cli);
	if (cli->command || cli->is_version)
		return run(cli, reterr);
	bs_help_usage_error(cli);
	return BS_USAGE;
}

int main(int argc, char **argv)
{
	struct bs_cli cli = {0};
	struct bs_error error = {0};
	enum bs_code code = start(&cli, argc, argv, &error);

	if (code == BS_OK)
		code = dispatch(&cli, &error);
	if (code != BS_OK)
		bs_cli_say_error(&cli, &error);
	bs_cli_close(&cli);
	return bs_code_exit(code);
}
