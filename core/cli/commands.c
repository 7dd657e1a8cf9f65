/*
 * commands.c: the one table of commands. It drives dispatch, help, the OpenCLI document and shell completion.
 */
#include "cli.h"

#include <stdint.h>
#include <string.h>

const struct bs_cli_option bs_cli_global_options[] = {
	{"help", 'h', NULL, "print the usage and end; beats all else"},
	{"version", 'V', NULL, "print the version and end"},
	{"verbose", 'v', NULL, "say what is read, decided and run; never a value, never a key"},
	{"quiet", 'q', NULL, "print nothing on standard output; errors stay"},
	{"trace", 0, NULL, "say every step"},
	{"chdir", 'C', "DIR", "run as if started in DIR"},
	{"output", 'o', "FILE", "write standard output to FILE (0600, replaced on success only)"},
	{"format", 'f', "text|json", "how to print (help also knows opencli)"},
	{"color", 0, "auto|always|never", "color on labels; auto: on a terminal, unless NO_COLOR is set"},
	{"no-color", 0, NULL, "the same as --color never"},
	{.name = NULL},
};

#define SCOPE_STORED "scope", 0, "user|repo", "the user's own (default) or the workspace's"
#define SCOPE_ANY "scope", 0, "auto|user|repo", "auto (default): the workspace's, else the user's"

static const struct bs_cli_option set_options[] = {
	{SCOPE_STORED},
	{"trim", 0, NULL, "drop one newline from the end of the value"},
	{"blind", 0, NULL, "also when no identity at hand could read the value back"},
	{.name = NULL},
};
static const struct bs_cli_option get_options[] = {
	{SCOPE_ANY},
	{"raw", 0, NULL, "the exact bytes on a terminal, too"},
	{.name = NULL},
};
static const struct bs_cli_option any_scope_options[] = {{SCOPE_ANY}, {.name = NULL}};
static const struct bs_cli_option stored_scope_options[] = {{SCOPE_STORED}, {.name = NULL}};
static const struct bs_cli_option init_options[] = {
	{"repo", 0, NULL, "make the workspace, too, and add the recipient to its recipients.txt"},
	{"print-env", 0, "sh", "print shell lines that let sops find the identity"},
	{.name = NULL},
};
static const struct bs_cli_option uninit_options[] = {
	{"force", 0, NULL, "rename an identity that stored documents still name"},
	{.name = NULL},
};
static const struct bs_cli_option mount_options[] = {
	{"options", 'o', "OPTIONS", "mount options, separated by commas"},
	{"foreground", 0, NULL, "stay, and log to standard error"},
	{.name = NULL},
};
static const struct bs_cli_option umount_options[] = {
	{"lazy", 0, NULL, "at once; programs that use it keep what they have open"},
	{"force", 0, NULL, "commit what was written, and end the daemon"},
	{.name = NULL},
};
static const struct bs_cli_option workspace_options[] = {
	{"mount", 0, "MOUNT", "with path: the mount's directory (default ~/.bus-secrets)"},
	{.name = NULL},
};

#define NAME "name", "the secret's name: [a-z0-9_-]+(.[a-z0-9_-]+)*, at most 128 bytes", 1, 1

static const struct bs_cli_argument set_arguments[] = {
	{NAME},
	{"value", "the value; '-' is standard input; better left away: others can see arguments", 0, 1},
	{.name = NULL},
};
static const struct bs_cli_argument name_arguments[] = {{NAME}, {.name = NULL}};
static const struct bs_cli_argument resolve_arguments[] = {
	{"value", "'secret:<name>', or anything else", 1, 1},
	{.name = NULL},
};
static const struct bs_cli_argument rekey_arguments[] = {
	{"name", "secrets to rekey (default: all of the scope)", 0, SIZE_MAX},
	{.name = NULL},
};
static const struct bs_cli_argument mount_arguments[] = {
	{"dir", "where (default: ~/.bus-secrets)", 0, 1},
	{.name = NULL},
};
static const struct bs_cli_argument workspace_arguments[] = {
	{"action", "add, remove, list or path", 1, 1},
	{"dir", "a directory (default: that of the call)", 0, 1},
	{.name = NULL},
};
static const struct bs_cli_argument help_arguments[] = {
	{"command", "the command to explain", 0, 1},
	{.name = NULL},
};

const struct bs_cli_command bs_cli_commands[] = {
	{
		.name = "set",
		.run = bs_cmd_set,
		.usage = "<name> [<value>|-] [--scope user|repo] [--trim] [--blind]",
		.summary = "store a value",
		.details = "Without a value it is asked for on a terminal (twice, without echo), or read\n"
			   "from standard input byte for byte. Prefer that to an argument: arguments\n"
			   "end up in shell histories, and other programs can see them for a moment.\n"
			   "'-' is standard input, '-- -' a dash, '' the empty value.\n",
		.options = set_options,
		.arguments = set_arguments,
		.value_operand = 2,
		.is_silent = true,
	},
	{
		.name = "get",
		.run = bs_cmd_get,
		.usage = "<name> [--scope auto|user|repo] [--raw]",
		.summary = "print a value",
		.details = "The exact bytes. On a terminal control characters are shown escaped and a\n"
			   "newline is added where the value has none, unless --raw is given.\n"
			   "With -q: checks that it can be read, and prints nothing.\n",
		.options = get_options,
		.arguments = name_arguments,
	},
	{
		.name = "list",
		.run = bs_cmd_list,
		.usage = "[--scope auto|user|repo]",
		.summary = "list the names, without decrypting",
		.details = "Entries that are no encrypted documents are listed, too, each with a line on\n"
			   "standard error; the exit status is then 1.\n",
		.options = any_scope_options,
	},
	{
		.name = "resolve",
		.run = bs_cmd_resolve,
		.usage = "<value> [--scope auto|user|repo]",
		.summary = "turn secret:<name> into its value",
		.details = "Anything else comes back unchanged.\n",
		.options = any_scope_options,
		.arguments = resolve_arguments,
		.value_operand = 1,
	},
	{
		.name = "delete",
		.run = bs_cmd_delete,
		.usage = "<name> [--scope user|repo]",
		.summary = "delete a secret",
		.details = "Asks nothing. In a workspace with both layouts it is deleted from both.\n",
		.options = stored_scope_options,
		.arguments = name_arguments,
		.is_silent = true,
	},
	{
		.name = "rekey",
		.run = bs_cmd_rekey,
		.usage = "[<name>...] [--scope user|repo]",
		.summary = "encrypt anew, to the recipients of today",
		.details = "Each document gets a new data key and exactly the recipients that policy\n"
			   "gives now. Those that cannot be opened are named and the exit status is 1;\n"
			   "the others are done.\n",
		.options = stored_scope_options,
		.arguments = rekey_arguments,
	},
	{
		.name = "init",
		.run = bs_cmd_init,
		.usage = "[--repo] [--print-env sh]",
		.summary = "make an identity, and a workspace with --repo",
		.details = "An identity is made only if there is no key yet; a keys.txt of sops is used.\n"
			   "Back it up: without it nothing can be decrypted. Prints the public\n"
			   "recipient.\n",
		.options = init_options,
	},
	{
		.name = "uninit",
		.run = bs_cmd_uninit,
		.usage = "[--force]",
		.summary = "undo init",
		.details = "Touches only an identity that was made by init. One that a stored document\n"
			   "names is renamed, not deleted, and only with --force.\n",
		.options = uninit_options,
		.is_silent = true,
	},
	{
		.name = "doctor",
		.run = bs_cmd_doctor,
		.usage = "",
		.summary = "check keys, stores and every document",
		.details = "Shows no value. Each finding comes with its remedy. The exit status is 1 when\n"
			   "a document cannot be opened or written, or the self-test fails.\n",
	},
	{
		.name = "mount",
		.run = bs_cmd_mount,
		.usage = "[DIR] [-o OPTIONS] [--foreground]",
		.summary = "show the secrets as files",
		.details = "DIR/user holds your own secrets, DIR/repo those of the workspace of the call.\n"
			   "Options: ro, repo=fixed, repo_mode=MODE, mmap=inval|deny,\n"
			   "memlock=refuse|warn, limit=BYTES; the words of mount(8) are accepted.\n"
			   "A first mount makes an identity if there is neither a key nor a secret.\n",
		.options = mount_options,
		.arguments = mount_arguments,
	},
	{
		.name = "umount",
		.run = bs_cmd_umount,
		.usage = "[DIR] [--lazy] [--force]",
		.summary = "take the mount away",
		.details = "A mount that is in use stays, unless --lazy or --force is given.\n",
		.options = umount_options,
		.arguments = mount_arguments,
		.is_silent = true,
	},
	{
		.name = "workspace",
		.run = bs_cmd_workspace,
		.usage = "add|remove|list|path [DIR] [--mount MOUNT]",
		.summary = "the known workspaces",
		.details = "add     know DIR's workspace, also if it belongs to another user: that is\n"
			   "        your consent\n"
			   "remove  forget it\n"
			   "list    print the known ones\n"
			   "path    print the directory of DIR's workspace inside the mount, for\n"
			   "        container options\n",
		.options = workspace_options,
		.arguments = workspace_arguments,
	},
	{
		.name = "help",
		.run = bs_cmd_help,
		.usage = "[<command>] [--format text|opencli]",
		.summary = "explain the program or a command",
		.details = "--format opencli prints all commands as an OpenCLI 0.1 document.\n",
		.arguments = help_arguments,
	},
	{.name = NULL},
};

const struct bs_cli_command *bs_cli_command_find(const char *name)
{
	for (const struct bs_cli_command *c = bs_cli_commands; c->name; c++) {
		if (!strcmp(c->name, name))
			return c;
	}
	return NULL;
}
