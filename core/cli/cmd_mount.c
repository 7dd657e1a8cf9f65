/*
 * cmd_mount.c: bus-secrets mount: executes the daemon, which does the rest.
 *
 * The daemon prints the line that says what was mounted, and its own errors. It gets our environment as it
 * was at the start, with a key in it coming from locked memory (spawn.h), and finds the same workspace by the
 * same rules.
 */
#include "cli.h"

#include <bus-secrets/spawn.h>

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/wait.h>

#define LINE_MAX_BYTES ((size_t)64 * 1024)

/*
 * Beside the running program (the build tree), else where `make install` puts it: it does not belong in PATH.
 */
static enum bs_code find_daemon(char **ret, struct bs_error *reterr)
{
	static const char *const places[] = {"", "/../libexec/bus-secrets"};
	char self[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (len < 0)
		return bs_error_sys(reterr, errno, "cannot tell where this program is");
	self[len] = '\0';
	*strrchr(self, '/') = '\0';
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		BS_CLEANUP(bs_free_ptr) char *path = NULL;

		if (asprintf(&path, "%s%s/bus-secretsd", self, places[i]) < 0)
			return bs_error_set(reterr, BS_NO_MEMORY, "no memory for the daemon's path");
		if (access(path, X_OK) == 0) {
			*ret = BS_TAKE(path);
			return BS_OK;
		}
	}
	return bs_error_set(reterr, BS_NOT_FOUND,
		"bus-secretsd is neither in %s nor in %s/../libexec/bus-secrets", self, self);
}

/* Words for the daemon's command line; the array ends with NULL and borrows. */
static const char **make_argv(const struct bs_cli *cli)
{
	const char **argv = calloc(10 + 2 * cli->given_count, sizeof(*argv));
	size_t n = 0;

	if (!argv)
		return NULL;
	argv[n++] = "bus-secretsd";
	for (size_t i = 0; i < cli->given_count; i++) {
		if (strcmp(cli->given[i].option->name, "options") != 0)
			continue;
		argv[n++] = "-o";
		argv[n++] = cli->given[i].argument;
	}
	if (bs_cli_option_is(cli, "foreground"))
		argv[n++] = "--foreground";
	if (cli->format == BS_FORMAT_JSON)
		argv[n++] = "--format=json";
	if (cli->chdir) {
		argv[n++] = "-C";
		argv[n++] = cli->chdir;
	}
	argv[n++] = "--";
	if (cli->operand_count)
		argv[n++] = cli->operands[0];
	return argv;
}

/* The daemon's line: everything that it prints before it and its children have closed its end. */
static enum bs_code read_line(int fd, char **ret, struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) char *text = calloc(1, LINE_MAX_BYTES + 1);
	size_t len = 0;
	ssize_t got = 1;

	if (!text)
		return bs_error_set(reterr, BS_NO_MEMORY, "no memory for what the daemon says");
	while (len < LINE_MAX_BYTES && got) {
		got = read(fd, text + len, LINE_MAX_BYTES - len);
		if (got < 0 && errno != EINTR)
			return bs_error_sys(reterr, errno, "cannot read what the daemon says");
		len += got > 0 ? (size_t)got : 0;
	}
	text[strcspn(text, "\n")] = '\0';
	*ret = BS_TAKE(text);
	return BS_OK;
}

static enum bs_code wait_for(pid_t pid, struct bs_error *reterr)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return bs_error_sys(reterr, errno, "cannot wait for the daemon");
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return BS_OK;
	if (!WIFEXITED(status))
		return bs_error_set(reterr, BS_IO, "bus-secretsd was ended by signal %d", WTERMSIG(status));
	/* It said why. */
	if (reterr)
		reterr->msg[0] = '\0';
	return WEXITSTATUS(status) == 2 ? BS_USAGE : BS_IO;
}

static enum bs_code start_daemon(struct bs_cli *cli, const struct bs_spawn *how, struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) char *line = NULL;
	pid_t pid = 0;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return bs_error_sys(reterr, errno, "cannot talk to the daemon");

	BS_CLEANUP(bs_close_fd) int ours = ends[0];
	BS_CLEANUP(bs_close_fd) int theirs = ends[1];
	const int fds[] = {-1, theirs, STDERR_FILENO};

	struct bs_spawn what = *how;

	what.fds = fds;
	what.fd_count = 3;

	enum bs_code code = bs_spawn(&what, &pid, reterr);

	bs_close_fd(&theirs);
	if (code)
		return code;
	code = read_line(ours, &line, reterr);

	enum bs_code ended = wait_for(pid, reterr);

	if (code == BS_OK && ended == BS_OK)
		bs_out_line(cli, line);
	return code ? code : ended;
}

/* With --foreground this process becomes the daemon, so that signals and its exit status are its own. */
static enum bs_code become_daemon(
	const struct bs_cli *cli, const struct bs_spawn *what, struct bs_error *reterr)
{
	if (cli->output)
		return bs_error_set(reterr, BS_USAGE, "--output does not go with mount --foreground");
	if (fchdir(what->dirfd))
		return bs_error_sys(reterr, errno, "cannot go back to the working directory");
	if (cli->is_quiet) {
		BS_CLEANUP(bs_close_fd) int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

		if (null < 0 || dup2(null, STDOUT_FILENO) < 0)
			return bs_error_sys(reterr, errno, "cannot open /dev/null");
	}
	return bs_become(what, reterr);
}

enum bs_code bs_cmd_mount(struct bs_cli *cli, struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) char *program = NULL;
	BS_CLEANUP(bs_free_ptr) char **envp = bs_environ_keep();
	BS_CLEANUP(bs_free_ptr) const char **argv = make_argv(cli);
	/* Opening the environment moves to the -C directory; the daemon starts where we were. */
	BS_CLEANUP(bs_close_fd) int cwd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	bool identity_was_made = false;
	enum bs_code code;

	if (!envp || !argv)
		return bs_error_set(reterr, BS_NO_MEMORY, "no memory for the daemon's command line");
	if (cwd < 0)
		return bs_error_sys(reterr, errno, "cannot open the working directory");
	code = find_daemon(&program, reterr);
	if (code == BS_OK)
		code = bs_cli_open_store(cli, reterr);
	if (code == BS_OK)
		code = bs_cli_first_identity(cli, &identity_was_made, reterr);
	if (code)
		return code;

	const struct bs_spawn what = {.program = program,
		.argv = argv,
		.envp = envp,
		.age_key = bs_env_age_key(cli->env),
		.dirfd = cwd};

	code = bs_cli_option_is(cli, "foreground") ? become_daemon(cli, &what, reterr)
						   : start_daemon(cli, &what, reterr);
	if (code && identity_was_made)
		bs_cli_undo_identity(cli);
	return code;
}
