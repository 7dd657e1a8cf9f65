/* fuzz_command_line.c: any words as a command line (NUL parts them); what is accepted must hold what commands rely on. */
#include "../../core/cli/commands.c"
#include "../../core/cli/options.c"

#define MAX_WORDS 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define COMMAND(name) \
	enum bs_code bs_cmd_##name(struct bs_cli *cli, struct bs_error *reterr) \
	{ \
		return bs_error_set(reterr, BS_INTERNAL, "%p is not run", (void *)cli); \
	}
COMMAND(set)
COMMAND(get)
COMMAND(list)
COMMAND(resolve)
COMMAND(delete)
COMMAND(rekey)
COMMAND(init)
COMMAND(uninit)
COMMAND(doctor)
COMMAND(workspace)
COMMAND(help)
COMMAND(mount)
COMMAND(umount)

static void must(bool condition)
{
	if (!condition)
		abort();
}

static void check_accepted(struct bs_cli *cli)
{
	size_t min = 0, max = 0, place;
	enum bs_scope scope;

	if (!cli->command || cli->is_version)
		return;
	for (const struct bs_cli_argument *a = cli->command->arguments; a && a->name; a++) {
		min += a->min;
		max = a->max > SIZE_MAX - max ? SIZE_MAX : max + a->max;
	}
	must(cli->operand_count >= min && cli->operand_count <= max);
	must(!(cli->is_quiet && cli->verbosity && !cli->is_tracing));
	for (size_t i = 0; i < cli->given_count; i++) {
		const struct bs_cli_option *own = cli->given[i].option;

		must(own >= cli->command->options && cli->given[i].argument);
		must(bs_cli_option_is(cli, own->name));
	}
	if (bs_cli_scope(cli, BS_SCOPE_USER, false, &scope, NULL) == BS_OK)
		must(scope != BS_SCOPE_AUTO);
	place = cli->command->value_operand;
	if (!place || cli->operand_count < place)
		return;

	size_t len = strlen(cli->operands[place - 1]);

	must(bs_cli_take_value(cli, NULL) == BS_OK);
	must(bs_secret_len(cli->value) == len && !cli->operands[place - 1][0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *argv[MAX_WORDS + 2] = {NULL};
	char *words = calloc(1, size + 1);
	struct bs_error error = {0};
	struct bs_cli cli = {0};
	int argc = 1;

	must(words != NULL);
	if (size)
		memcpy(words, data, size);
	argv[0] = words + size;
	for (size_t at = 0; at < size && argc <= MAX_WORDS; at += strlen(words + at) + 1)
		argv[argc++] = words + at;
	if (bs_cli_parse(&cli, argc, argv, &error) == BS_OK)
		check_accepted(&cli);
	else
		must(error.code == BS_USAGE && error.msg[0]);
	bs_cli_wipe_words(argc, argv, 1);
	bs_secret_free(cli.value);
	free(cli.operands);
	free(cli.given);
	free(words);
	return 0;
}
