/*
 * options.c: the command line, read without touching anything.
 *
 * Options stand before or after the operands and "--" ends them. An option of a command may also stand
 * before the command's word; it is held until the command is known. "-h" beats every error, so reading goes
 * on after the first one. What may be a value (an operand from the command's value_operand on, and whatever
 * stands in its place and looks like an option) is never quoted in an error.
 */
#include "cli.h"

#include <stdint.h>
#include <string.h>

struct reader {
	struct bs_cli *cli;
	struct bs_error *reterr;
	bool has_failed;
	int argc;
	char **argv;
	int at;
	bool is_after_dashes;
};

BS_PRINTF(2, 3) static void fail(struct reader *r, const char *fmt, ...)
{
	char line[BS_ERROR_MSG];
	va_list ap;

	if (r->has_failed)
		return;
	r->has_failed = true;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	(void)bs_error_set(r->reterr, BS_USAGE, "%s", line);
}

static const struct bs_cli_option *find_in(
	const struct bs_cli_option *table, const char *name, size_t len, char letter)
{
	for (; table && table->name; table++) {
		if (letter ? table->letter == letter
			   : strlen(table->name) == len && !memcmp(table->name, name, len))
			return table;
	}
	return NULL;
}

/* The command's own options come first: after the word "mount", -o means mount options. */
static const struct bs_cli_option *find_option(
	const struct bs_cli *cli, const char *name, size_t len, char letter, bool *ret_is_own)
{
	const struct bs_cli_option *found = NULL;

	*ret_is_own = true;
	if (cli->command) {
		found = find_in(cli->command->options, name, len, letter);
		if (found)
			return found;
	}
	found = find_in(bs_cli_global_options, name, len, letter);
	if (found) {
		*ret_is_own = false;
		return found;
	}
	for (const struct bs_cli_command *c = bs_cli_commands; !cli->command && !letter && c->name; c++) {
		found = find_in(c->options, name, len, 0);
		if (found)
			return found;
	}
	return NULL;
}

static void take_color(struct reader *r, const char *word)
{
	if (!strcmp(word, "auto"))
		r->cli->color = BS_COLOR_AUTO;
	else if (!strcmp(word, "always"))
		r->cli->color = BS_COLOR_ALWAYS;
	else if (!strcmp(word, "never"))
		r->cli->color = BS_COLOR_NEVER;
	else
		fail(r, "unknown color mode '%s': it is auto, always or never", word);
}

static void take_format(struct reader *r, const char *word)
{
	if (!strcmp(word, "text"))
		r->cli->format = BS_FORMAT_TEXT;
	else if (!strcmp(word, "json"))
		r->cli->format = BS_FORMAT_JSON;
	else if (!strcmp(word, "opencli"))
		r->cli->format = BS_FORMAT_OPENCLI;
	else
		fail(r, "unknown format '%s': it is text or json", word);
}

static void take_path(
	struct reader *r, const struct bs_cli_option *option, const char *argument, const char **ret)
{
	if (!*argument)
		fail(r, "option '--%s' needs a %s that is not empty", option->name, option->argument);
	*ret = argument;
}

static void take_global(struct reader *r, const struct bs_cli_option *option, const char *argument)
{
	struct bs_cli *cli = r->cli;

	if (!strcmp(option->name, "help"))
		cli->is_help = true;
	else if (!strcmp(option->name, "version"))
		cli->is_version = true;
	else if (!strcmp(option->name, "verbose"))
		cli->verbosity++;
	else if (!strcmp(option->name, "quiet"))
		cli->is_quiet = true;
	else if (!strcmp(option->name, "trace"))
		cli->is_tracing = true;
	else if (!strcmp(option->name, "chdir"))
		take_path(r, option, argument, &cli->chdir);
	else if (!strcmp(option->name, "output"))
		take_path(r, option, argument, &cli->output);
	else if (!strcmp(option->name, "format"))
		take_format(r, argument);
	else if (!strcmp(option->name, "color"))
		take_color(r, argument);
	else
		cli->color = BS_COLOR_NEVER; /* no-color, the last of the table */
}

static void take_option(
	struct reader *r, const struct bs_cli_option *option, bool is_own, const char *argument)
{
	if (!is_own) {
		take_global(r, option, argument);
		return;
	}
	if (r->cli->given_count == (size_t)r->argc)
		fail(r, "too many options");
	else
		r->cli->given[r->cli->given_count++] = (struct bs_cli_given){option, argument};
}

/* Whether the word in hand may be a value that looks like an option: "-----BEGIN ...". */
static bool may_be_value(const struct bs_cli *cli)
{
	return cli->command && cli->command->value_operand &&
	       cli->operand_count + 1 >= cli->command->value_operand;
}

/* "-----BEGIN ..." as a value is a common mistake, and its text must not reach a terminal or a log. */
static void fail_unknown(struct reader *r, const char *dashes, const char *name, size_t len)
{
	if (may_be_value(r->cli))
		fail(r,
			"unknown option after '%s'; a value that begins with '-' is given on standard input, "
			"or "
			"behind '--'",
			r->cli->command->name);
	else
		fail(r, "unknown option '%s%.*s': see bus-secrets help%s%s", dashes,
			(int)(len < 64 ? len : 64), name, r->cli->command ? " " : "",
			r->cli->command ? r->cli->command->name : "");
}

static const char *next_argument(struct reader *r, const struct bs_cli_option *option)
{
	if (r->at + 1 < r->argc)
		return r->argv[++r->at];
	fail(r, "option '--%s' needs an argument: %s", option->name, option->argument);
	return NULL;
}

/* "--name", "--name=argument" or "--name argument"; names are not abbreviated. */
static void read_long(struct reader *r, const char *word)
{
	size_t len = strcspn(word, "=");
	bool is_own = false;
	const struct bs_cli_option *option = find_option(r->cli, word, len, 0, &is_own);
	const char *argument = "";

	if (!option) {
		fail_unknown(r, "--", word, len);
		return;
	}
	if (option->argument) {
		argument = word[len] ? word + len + 1 : next_argument(r, option);
		if (!argument)
			return;
	} else if (word[len]) {
		fail(r, "option '--%s' takes no argument", option->name);
		return;
	}
	take_option(r, option, is_own, argument);
}

/* "-vq", "-fjson" or "-f json". */
static void read_short(struct reader *r, const char *letters)
{
	for (; *letters; letters++) {
		bool is_own = false;
		const struct bs_cli_option *option = find_option(r->cli, "", 0, *letters, &is_own);
		const char *argument = "";

		/* Nothing is looked for behind an unknown letter: it may be the rest of a value. */
		if (!option) {
			fail_unknown(r, "-", letters, 1);
			return;
		}
		if (option->argument) {
			argument = letters[1] ? letters + 1 : next_argument(r, option);
			if (argument)
				take_option(r, option, is_own, argument);
			return;
		}
		take_option(r, option, is_own, argument);
	}
}

static void read_command(struct reader *r, const char *word)
{
	static const struct bs_cli_command unknown = {.name = "unknown"};

	r->cli->command = bs_cli_command_find(word);
	if (!r->cli->command) {
		fail(r, "unknown command '%.64s': bus-secrets help lists them", word);
		r->cli->command = &unknown;
	}
}

static void read_operand(struct reader *r, char *word)
{
	struct bs_cli *cli = r->cli;

	if (!cli->command) {
		read_command(r, word);
		return;
	}
	cli->operands[cli->operand_count++] = word;
	if (cli->operand_count == cli->command->value_operand)
		cli->value_is_stdin = !r->is_after_dashes && !strcmp(word, "-");
}

static void read_words(struct reader *r)
{
	for (r->at = 1; r->at < r->argc; r->at++) {
		char *word = r->argv[r->at];

		if (r->is_after_dashes || word[0] != '-' || !word[1])
			read_operand(r, word);
		else if (word[1] != '-')
			read_short(r, word + 1);
		else if (word[2])
			read_long(r, word + 2);
		else
			r->is_after_dashes = true;
	}
}

/* Options that stood before the command's word belong to a command; is it this one? */
static void settle_given(struct reader *r)
{
	struct bs_cli *cli = r->cli;

	for (size_t i = 0; i < cli->given_count; i++) {
		const struct bs_cli_option *option = cli->given[i].option;
		const struct bs_cli_option *own = NULL;

		if (option && cli->command)
			own = find_in(cli->command->options, option->name, strlen(option->name), 0);
		if (option && !own)
			fail(r, "unknown option '--%s': see bus-secrets help%s%s", option->name,
				cli->command ? " " : "", cli->command ? cli->command->name : "");
		else
			cli->given[i].option = own;
	}
}

static void check_operands(struct reader *r)
{
	const struct bs_cli *cli = r->cli;
	size_t max = 0, min = 0;

	for (const struct bs_cli_argument *a = cli->command->arguments; a && a->name; a++) {
		if (cli->operand_count < min + a->min)
			fail(r, "missing argument <%s>: bus-secrets %s %s", a->name, cli->command->name,
				cli->command->usage);
		min += a->min;
		max = a->max > SIZE_MAX - max ? SIZE_MAX : max + a->max;
	}
	if (cli->operand_count > max)
		fail(r, "too many arguments: bus-secrets %s %s", cli->command->name, cli->command->usage);
}

/* What only the whole line tells. */
static void check_whole(struct reader *r)
{
	struct bs_cli *cli = r->cli;

	settle_given(r);
	if (cli->is_quiet && cli->verbosity)
		fail(r, "'--quiet' and '--verbose' exclude each other: leave one away");
	if (cli->format == BS_FORMAT_OPENCLI && (!cli->command || cli->command->run != bs_cmd_help))
		fail(r, "unknown format 'opencli': only help knows it");
	if (cli->is_tracing)
		cli->verbosity = cli->verbosity < 2 ? 2 : cli->verbosity;
	if (cli->command && cli->command->run && !cli->is_version)
		check_operands(r);
}

enum bs_code bs_cli_parse(struct bs_cli *cli, int argc, char **argv, struct bs_error *reterr)
{
	struct reader r = {.cli = cli, .reterr = reterr, .argc = argc, .argv = argv};
	size_t words = argc > 0 ? (size_t)argc : 1;

	cli->operands = calloc(words, sizeof(*cli->operands));
	cli->given = calloc(words, sizeof(*cli->given));
	if (!cli->operands || !cli->given)
		return bs_error_set(reterr, BS_NO_MEMORY, "no memory for the command line");
	read_words(&r);
	check_whole(&r);
	if (cli->command && !cli->command->run)
		cli->command = NULL;
	return r.has_failed ? BS_USAGE : BS_OK;
}

void bs_cli_wipe_words(int argc, char **argv, int first)
{
	for (int i = first; i < argc; i++)
		explicit_bzero(argv[i], strlen(argv[i]));
}

enum bs_code bs_cli_take_value(struct bs_cli *cli, struct bs_error *reterr)
{
	size_t place = cli->command ? cli->command->value_operand : 0;
	enum bs_code code = BS_OK;
	char *word;
	size_t len;

	if (!place || cli->operand_count < place)
		return BS_OK;
	word = cli->operands[place - 1];
	len = strlen(word);
	code = bs_secret_new(len, &cli->value, reterr);
	if (code == BS_OK && len)
		memcpy(bs_secret_data(cli->value), word, len);
	explicit_bzero(word, len);
	return code;
}

const char *bs_cli_option_get(const struct bs_cli *cli, const char *name)
{
	for (size_t i = cli->given_count; i > 0; i--) {
		if (!strcmp(cli->given[i - 1].option->name, name))
			return cli->given[i - 1].argument;
	}
	return NULL;
}

bool bs_cli_option_is(const struct bs_cli *cli, const char *name)
{
	return bs_cli_option_get(cli, name) != NULL;
}

enum bs_code bs_cli_scope(const struct bs_cli *cli, enum bs_scope otherwise, bool is_auto_fine,
	enum bs_scope *ret, struct bs_error *reterr)
{
	const char *word = bs_cli_option_get(cli, "scope");
	enum bs_scope scope = otherwise;

	if (word) {
		enum bs_code code = bs_scope_parse(word, &scope, reterr);

		if (code != BS_OK)
			return code;
	}
	if (scope == BS_SCOPE_AUTO && !is_auto_fine)
		return bs_error_set(reterr, BS_USAGE,
			"%s: nothing is stored in scope auto; give --scope user or repo", cli->command->name);
	*ret = scope;
	return BS_OK;
}
