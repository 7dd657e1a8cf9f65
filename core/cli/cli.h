/*
 * cli.h: what the commands of bus-secrets share.
 *
 * Layer: core/cli. Uses the public headers alone; no cryptography, no FUSE.
 *
 * commands.c holds the one table of commands: it drives dispatch, help and the OpenCLI document. A command
 * is one function in its own cmd_*.c and one row there. It takes what it needs from struct bs_cli, opens
 * the library by bs_cli_open_*(), collects what goes to stdout by bs_out_*() and returns; main.c writes the
 * output, prints the error's line and turns the code into the exit status. A failure whose error has an
 * empty message has been said already.
 */
#ifndef BS_CLI_H
#define BS_CLI_H

#include <bus-secrets/json_out.h>
#include <bus-secrets/log.h>
#include <bus-secrets/store.h>

enum bs_cli_format { BS_FORMAT_TEXT, BS_FORMAT_JSON, BS_FORMAT_OPENCLI };
enum bs_cli_color { BS_COLOR_AUTO, BS_COLOR_ALWAYS, BS_COLOR_NEVER };

struct bs_cli_option {
	const char *name; /* long form, without the dashes */
	char letter; /* short form, or 0 */
	const char *argument; /* what its argument is called, or NULL: takes none */
	const char *text; /* one line of help */
};

struct bs_cli_argument {
	const char *name;
	const char *text;
	size_t min;
	size_t max; /* SIZE_MAX: any number */
};

struct bs_cli;

struct bs_cli_command {
	const char *name;
	enum bs_code (*run)(struct bs_cli *cli, struct bs_error *reterr);
	const char *usage; /* operands and options, behind the name */
	const char *summary; /* one line */
	const char *details; /* more lines for its own help, or NULL */
	const struct bs_cli_option *options; /* its own; ends with a NULL name; may be NULL */
	const struct bs_cli_argument *arguments; /* in order; ends with a NULL name; may be NULL */
	size_t value_operand; /* 1-based operand that may hold a secret and is wiped from argv; 0: none */
	bool is_silent; /* prints nothing on stdout in text form, so a closed stdout is no failure */
};

/* An option as it was given. */
struct bs_cli_given {
	const struct bs_cli_option *option;
	const char *argument; /* "" for options without one */
};

struct bs_cli {
	const struct bs_cli_command *command; /* NULL: none was given */
	char **operands; /* behind the command; borrowed from argv */
	size_t operand_count;
	struct bs_cli_given *given; /* the command's own options, in order */
	size_t given_count;

	struct bs_secret *value; /* the value operand: its place in operands holds a wiped, empty string */
	bool value_is_stdin; /* the value operand was "-", not behind "--" */

	enum bs_cli_format format;
	enum bs_cli_color color;
	unsigned verbosity; /* how many -v; --trace counts as two */
	bool is_tracing;
	bool is_quiet;
	bool is_help;
	bool is_version;
	const char *chdir; /* -C, or NULL */
	const char *output; /* -o FILE, or NULL */
	unsigned closed; /* 1 << fd for descriptors 0-2 that were closed at start */

	struct bs_env *env; /* these four by bs_cli_open_*() */
	struct bs_workspace *ws;
	struct bs_keys *keys;
	struct bs_store *store;
	bool ws_was_sought;
	struct bs_error ws_error; /* why ws is NULL */

	bool is_partial; /* what was collected is printed although the command fails: list, rekey, doctor */
	struct bs_out *out;
};

/* commands.c */
extern const struct bs_cli_command bs_cli_commands[]; /* ends with a NULL name */
extern const struct bs_cli_option bs_cli_global_options[];
const struct bs_cli_command *bs_cli_command_find(const char *name);

/* options.c */
/*
 * Fills cli from the command line. Does no system call but allocation. Operands that may hold a secret are
 * left in argv: bs_cli_take_value() moves them. A BS_USAGE error never quotes what may be a value.
 */
enum bs_code bs_cli_parse(struct bs_cli *cli, int argc, char **argv, struct bs_error *reterr) BS_MUST_CHECK;
/* Moves the value operand to locked memory and wipes it in argv, at once. */
enum bs_code bs_cli_take_value(struct bs_cli *cli, struct bs_error *reterr) BS_MUST_CHECK;
/* Overwrites the words from first on: what a call that failed leaves of its command line. */
void bs_cli_wipe_words(int argc, char **argv, int first);
/*
 * The argument of a command's own option, the last one given; "" if it takes none; NULL if it was not
 * given.
 */
const char *bs_cli_option_get(const struct bs_cli *cli, const char *name);
bool bs_cli_option_is(const struct bs_cli *cli, const char *name);
/* --scope, else otherwise; BS_USAGE for unknown words, and for auto where only stored scopes make sense. */
enum bs_code bs_cli_scope(const struct bs_cli *cli, enum bs_scope otherwise, bool is_auto_fine,
	enum bs_scope *ret, struct bs_error *reterr) BS_MUST_CHECK;

/* context.c: each opens what it needs first; a second call is free. */
/* The environment; afterwards the working directory is that of -C. */
enum bs_code bs_cli_open_env(struct bs_cli *cli, struct bs_error *reterr) BS_MUST_CHECK;
/* Never fails for want of a workspace: cli->ws is then NULL and cli->ws_error says why. */
enum bs_code bs_cli_open_workspace(struct bs_cli *cli, struct bs_error *reterr) BS_MUST_CHECK;
enum bs_code bs_cli_open_keys(struct bs_cli *cli, struct bs_error *reterr) BS_MUST_CHECK;
enum bs_code bs_cli_open_store(struct bs_cli *cli, struct bs_error *reterr) BS_MUST_CHECK;
/* Fails with ws_error if the scope is repo and there is no workspace. */
enum bs_code bs_cli_need_scope(
	struct bs_cli *cli, enum bs_scope scope, struct bs_error *reterr) BS_MUST_CHECK;
void bs_cli_close(struct bs_cli *cli);
/*
 * The embedded default (design, section 4): makes an identity if no key source is configured and neither
 * scope holds a document, and says so. *ret_was_made is set.
 */
enum bs_code bs_cli_first_identity(
	struct bs_cli *cli, bool *ret_was_made, struct bs_error *reterr) BS_MUST_CHECK;
/* The line that says to back a new identity up; shown also with -q. */
void bs_cli_say_identity(const char *path, const char *recipient);
/* Takes back what bs_cli_first_identity() made, for a call that failed afterwards. */
void bs_cli_undo_identity(struct bs_cli *cli);

/* say.c: lines on stderr. Control characters in them are shown escaped, so that one line stays one line. */
void bs_cli_say(const struct bs_cli *cli, const char *fmt, ...) BS_PRINTF(2, 3); /* not with -q */
void bs_cli_say_error(const struct bs_cli *cli, const struct bs_error *error);
void bs_cli_say_notices(struct bs_cli *cli); /* sends the library's notices to stderr, by -v and --trace */
bool bs_cli_is_colored(const struct bs_cli *cli, int fd);

/*
 * output.c: what goes to stdout or to -o FILE, written in one go by bs_out_finish() when the command is
 * done; with -q not at all. Text is collected on the heap; a value stays in its secret.
 */
enum bs_code bs_out_check(
	struct bs_cli *cli, struct bs_error *reterr) BS_MUST_CHECK; /* before the command runs */
void bs_out_text(struct bs_cli *cli, const char *fmt, ...) BS_PRINTF(2, 3);
/* A line that may hold file names: escaped when it goes to a terminal. */
void bs_out_line(struct bs_cli *cli, const char *line);
/* The text of json and a newline; frees json. */
void bs_out_json(struct bs_cli *cli, struct bs_json_out *json);
/* A value, owned by the output from now on; at most one a call. */
void bs_out_secret(struct bs_cli *cli, struct bs_secret *value);
bool bs_out_is_terminal(const struct bs_cli *cli);
bool bs_out_is_stream(const struct bs_cli *cli); /* not a FILE that gets replaced */
enum bs_code bs_out_finish(struct bs_cli *cli, struct bs_error *reterr) BS_MUST_CHECK;
void bs_out_drop(struct bs_cli *cli);
/* The same as bs_out_finish for a text that goes to stdout whatever -q and -o say: help. */
enum bs_code bs_out_help(struct bs_cli *cli, struct bs_error *reterr) BS_MUST_CHECK;

/* help.c, opencli.c: collected as output */
void bs_help_program(struct bs_cli *cli);
void bs_help_command(struct bs_cli *cli, const struct bs_cli_command *command);
void bs_help_usage_error(const struct bs_cli *cli); /* the usage, on stderr */
void bs_help_opencli(struct bs_cli *cli);

const char *bs_cli_state_name(enum bs_entry_state state); /* "ok", "plaintext", ... */

/* value.c: what several commands write */
void bs_json_strings(struct bs_json_out *json, const char *key, const struct bs_strings *list);
/*
 * A value as output, taken: its bytes, or what a terminal may see, or JSON with name and scope (NULL: left
 * out). is_raw: the exact bytes on a terminal, too.
 */
enum bs_code bs_out_value(struct bs_cli *cli, struct bs_secret **value, const char *name, const char *scope,
	bool is_raw, struct bs_error *reterr) BS_MUST_CHECK;

/* cmd_*.c */
enum bs_code bs_cmd_set(struct bs_cli *cli, struct bs_error *reterr);
enum bs_code bs_cmd_get(struct bs_cli *cli, struct bs_error *reterr);
enum bs_code bs_cmd_list(struct bs_cli *cli, struct bs_error *reterr);
enum bs_code bs_cmd_resolve(struct bs_cli *cli, struct bs_error *reterr);
enum bs_code bs_cmd_delete(struct bs_cli *cli, struct bs_error *reterr);
enum bs_code bs_cmd_rekey(struct bs_cli *cli, struct bs_error *reterr);
enum bs_code bs_cmd_init(struct bs_cli *cli, struct bs_error *reterr);
enum bs_code bs_cmd_uninit(struct bs_cli *cli, struct bs_error *reterr);
enum bs_code bs_cmd_doctor(struct bs_cli *cli, struct bs_error *reterr);
enum bs_code bs_cmd_workspace(struct bs_cli *cli, struct bs_error *reterr);
enum bs_code bs_cmd_help(struct bs_cli *cli, struct bs_error *reterr);
enum bs_code bs_cmd_mount(struct bs_cli *cli, struct bs_error *reterr);
enum bs_code bs_cmd_umount(struct bs_cli *cli, struct bs_error *reterr);

#endif
