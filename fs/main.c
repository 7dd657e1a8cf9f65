/* main.c: bus-secretsd: its command line, and which of its processes this one is. */
#include "keeper.h"
#include "worker.h"

#include <bus-secrets/harden.h>
#include <bus-secrets/spawn.h>
#include <bus-secrets/version.h>

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char usage[] =
	"usage: bus-secretsd [-C DIR] [-o OPTIONS] [--foreground] [--format text|json] [DIR]\n"
	"\n"
	"Serves the secrets of this user, and of the workspace it is called in, as files in DIR\n"
	"(default ~/.bus-secrets). `bus-secrets mount` calls it.\n"
	"\n"
	"  -C, --chdir DIR      as if called in DIR\n"
	"  -o OPTIONS           ro, repo=fixed, repo_mode=MODE, mmap=inval|deny, memlock=refuse|warn, "
	"limit=BYTES\n"
	"      --foreground     stay, and log to standard error\n"
	"  -f, --format FORMAT  of the line that says what was mounted\n"
	"  -h, --help           this text\n"
	"  -V, --version        the version\n";

struct command_line {
	char *options; /* all -o joined by commas, on the heap */
	const char *chdir;
	const char *log;
	const char *operand;
	bool is_foreground;
	bool is_json;
	bool is_worker;
	bool is_help;
	bool is_version;
};

static bool add_options(struct command_line *line, const char *more)
{
	char *joined = NULL;

	if (asprintf(&joined, "%s,%s", line->options ? line->options : "", more) < 0)
		return false;
	free(line->options);
	line->options = joined;
	return true;
}

/* False after what is wrong was said. */
static bool parse(int argc, char **argv, struct command_line *line)
{
	enum { FOREGROUND = 256, WORKER, LOG };
	static const struct option options[] = {
		{"chdir", required_argument, NULL, 'C'},
		{"options", required_argument, NULL, 'o'},
		{"foreground", no_argument, NULL, FOREGROUND},
		{"format", required_argument, NULL, 'f'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{"worker", no_argument, NULL, WORKER},
		{"log", required_argument, NULL, LOG},
		{NULL, 0, NULL, 0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "C:o:f:hV", options, NULL)) != -1) {
		if (c == 'C')
			line->chdir = optarg;
		else if (c == 'o' && !add_options(line, optarg))
			return false;
		else if (c == FOREGROUND)
			line->is_foreground = true;
		else if (c == 'f' && strcmp(optarg, "json") == 0)
			line->is_json = true;
		else if (c == 'f' && strcmp(optarg, "text") != 0)
			return false;
		else if (c == 'h')
			line->is_help = true;
		else if (c == 'V')
			line->is_version = true;
		else if (c == WORKER)
			line->is_worker = true;
		else if (c == LOG)
			line->log = optarg;
		else if (c == '?')
			return false;
	}
	if (optind < argc)
		line->operand = argv[optind++];
	return optind >= argc;
}

/* What this executable is called, for starting it again as the worker. */
static char *own_program(void)
{
	char path[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (len < 0)
		return NULL;
	path[len] = '\0';
	return strdup(path);
}

static int child_status(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return 1;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/*
 * The daemon goes into the background by a child of its own session; we stay until it serves or has failed.
 */
static int run_in_background(struct bs_keeper_start *start)
{
	int ends[2];
	char told = 1;
	pid_t pid;
	ssize_t got;

	if (pipe(ends)) {
		perror("bus-secretsd: pipe");
		return 1;
	}
	pid = fork();
	if (pid < 0) {
		perror("bus-secretsd: fork");
		return 1;
	}
	if (pid == 0) {
		(void)close(ends[0]);
		(void)setsid();
		start->told_fd = ends[1];
		return bs_keeper_run(start);
	}
	(void)close(ends[1]);
	do
		got = read(ends[0], &told, 1);
	while (got < 0 && errno == EINTR);
	return got == 1 ? told : child_status(pid);
}

static int run_keeper(const struct command_line *line)
{
	struct bs_keeper_start start = {.operand = line->operand,
		.options = line->options ? line->options : "",
		.chdir = line->chdir,
		.is_foreground = line->is_foreground,
		.is_json = line->is_json,
		.told_fd = -1};
	char *program = own_program();
	char **envp = bs_environ_keep();
	struct bs_error error = {0};
	int status = 1;

	start.program = program;
	start.envp = envp;
	if (!program || !envp)
		(void)fputs("bus-secretsd: /proc is not there, or no memory\n", stderr);
	else if (bs_harden_process(NULL, &error))
		(void)fprintf(stderr, "bus-secretsd: %s\n", error.msg);
	else
		status = start.is_foreground ? bs_keeper_run(&start) : run_in_background(&start);
	free(envp);
	free(program);
	return status;
}

int main(int argc, char **argv)
{
	struct command_line line = {0};
	int status;

	if (!parse(argc, argv, &line)) {
		(void)fputs(usage, stderr);
		status = 2;
	} else if (line.is_help) {
		status = fputs(usage, stdout) < 0 || fflush(stdout) ? 1 : 0;
	} else if (line.is_version) {
		status = printf("bus-secretsd %s\n", BS_VERSION) < 0 || fflush(stdout) ? 1 : 0;
	} else if (line.is_worker) {
		status = bs_worker_run(&(struct bs_worker_start){
			.options = line.options ? line.options : "", .chdir = line.chdir, .log = line.log});
	} else {
		status = run_keeper(&line);
	}
	free(line.options);
	return status;
}
