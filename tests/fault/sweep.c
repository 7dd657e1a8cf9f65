/*
 * Sweeps: the same change of ours again and again, each time with something else happening at the next system call of
 * the protocol, until the calls run out.
 *
 *	ACTION   kill       the process dies at the call
 *	         stop       it is stopped there, another program writes, it goes on
 *	         stop-kill  it is stopped there, another program writes, it dies
 *	         stop-twice it is stopped there and at a later call, another program writes each time, it goes on
 *	         stop-die   it is stopped there, another program writes, it goes on and dies at a later call
 *	         EIO, ...   the call fails
 *	         EIO+, ...  the call and all after it fail
 *	OP       set        a line in a file that exists
 *	         new        a file that does not exist
 *	         remove     the file's last line, and so the file
 *	FOREIGN  none, rename, in-place, slow (opens, writes later), delete
 *	FAULTS   further faults for every run, e.g. exchange:EINVAL for a file system that cannot exchange
 *
 * After each: the file is one of the legal texts; if our call said yes, our line is there; what the other program
 * wrote is in the file or in a conflict file; and the next call leaves nothing hidden behind.
 */
#include "replace_driver.h"

#include "../../core/base/fault.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define FILE_NAME "f"
#define MAX_CALLS 400
/* How far a second event is from the first: as far as an exchange is from its undoing; further in the long tests. */
#define LATER (getenv("TORTURE") ? 60UL : 12UL)

struct run {
	const char *action, *op, *foreign, *faults;
	unsigned long at;
	unsigned long then;   /* the call of the second event; 0: none */
	unsigned long *calls; /* shared with the child: how many it made */
	int status;	      /* of the child; -1: killed */
	int stops;
	bool is_past; /* the calls ran out before the first event */
	pid_t slow; /* a foreign writer still at work */
};

static int complaints;

static void complain(const struct run *run, const char *what)
{
	char *text = slurp(FILE_NAME);

	complaints++;
	(void)printf("%s %s %s at call %lu, %lu (status %d): %s; file: %s\n", run->action, run->op, run->foreign,
		run->at, run->then, run->status, what, text ? text : "(none)");
	free(text);
}

static void empty_dir(void)
{
	DIR *dir = opendir(".");
	const struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (entry->d_type == DT_REG)
			(void)unlink(entry->d_name);
	(void)closedir(dir);
}

static const char *base_text(const struct run *run)
{
	return !strcmp(run->op, "set") ? "a=1\nb=2\n" : !strcmp(run->op, "remove") ? "k=old\n" : NULL;
}

static int our_change(const struct run *run)
{
	return change(FILE_NAME, "k", !strcmp(run->op, "remove") ? NULL : "ours");
}

static pid_t start(const struct run *run)
{
	char faults[256], second[64] = "";
	const char *action = !strncmp(run->action, "stop", 4) ? "stop" : run->action;
	bool is_lasting = action[strlen(action) - 1] == '+';
	int status;
	pid_t pid;

	(void)fflush(NULL);
	pid = fork();
	if (pid)
		return pid;
	if (run->then)
		(void)snprintf(second, sizeof(second), ",#%lu:%s", run->then,
			!strcmp(run->action, "stop-die") ? "kill" : "stop");
	(void)snprintf(faults, sizeof(faults), "#%lu%s:%.*s%s%s%s", run->at, is_lasting ? "+" : "",
		(int)strcspn(action, "+"), action, second, *run->faults ? "," : "", run->faults);
	(void)setenv("BUS_SECRETS_FAULT", faults, 1);
	bs_fault_io_restart();
	status = our_change(run);
	*run->calls = bs_fault_io_count();
	_exit(status);
}

/* The first time its line is f=foreign, the second time g=again. */
static void write_foreign(struct run *run)
{
	const char *key = run->stops == 1 ? "f" : "g", *value = run->stops == 1 ? "foreign" : "again";
	char *text = slurp(FILE_NAME), *made;

	if (!strcmp(run->foreign, "delete"))
		(void)unlink(FILE_NAME);
	made = with_line(text ? text : "", key, value);
	if (!strcmp(run->foreign, "rename"))
		foreign_rename(FILE_NAME, made);
	if (!strcmp(run->foreign, "in-place"))
		foreign_in_place(FILE_NAME, made);
	if (!strcmp(run->foreign, "slow")) {
		int ready[2];
		char byte;

		if (pipe(ready))
			abort();
		run->slow = fork();
		if (!run->slow) {
			foreign_slow(FILE_NAME, key, value, ready[1]);
			_exit(0);
		}
		(void)close(ready[1]);
		if (read(ready[0], &byte, 1) != 1) /* it has the file open */
			abort();
		(void)close(ready[0]);
	}
	free(text);
	free(made);
}

static void run_child(struct run *run)
{
	int status;
	pid_t pid;

	*run->calls = 0;
	run->status = 0;
	run->slow = 0;
	run->stops = 0;
	pid = start(run);
	if (pid < 0 || waitpid(pid, &status, WUNTRACED) != pid)
		abort();
	while (WIFSTOPPED(status)) {
		run->stops++;
		write_foreign(run);
		(void)kill(pid, !strcmp(run->action, "stop-kill") ? SIGKILL : SIGCONT);
		if (waitpid(pid, &status, WUNTRACED) != pid)
			abort();
	}
	if (run->slow)
		(void)waitpid(run->slow, NULL, 0);
	run->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool has_line(const char *text, const char *line)
{
	const char *at = text ? strstr(text, line) : NULL;

	return at && (at == text || at[-1] == '\n') && at[strlen(line)] == '\n';
}

/* Every line of the text is one that somebody wrote, and the text is whole. */
static bool is_legal(const char *text)
{
	static const char *const lines[] = {"a=1", "b=2", "k=ours", "k=old", "f=foreign", "g=again", "z=next"};
	char copy[4096];
	char *rest = copy, *line;

	if (!text || !*text || strlen(text) >= sizeof(copy) || text[strlen(text) - 1] != '\n')
		return false;
	memcpy(copy, text, strlen(text) + 1);
	copy[strlen(copy) - 1] = '\0';
	while ((line = strsep(&rest, "\n"))) {
		size_t i = 0;

		while (i < sizeof(lines) / sizeof(lines[0]) && strcmp(line, lines[i]) != 0)
			i++;
		if (i == sizeof(lines) / sizeof(lines[0]))
			return false;
	}
	return true;
}

/* Whether the line stands in the file or in a conflict file; *ret_hidden: names that the protocol left. */
static bool is_kept(const char *line, int *ret_hidden)
{
	DIR *dir = opendir(".");
	const struct dirent *entry;
	bool is_found = false;

	*ret_hidden = 0;
	while (dir && (entry = readdir(dir))) {
		char *text;

		if (entry->d_type != DT_REG)
			continue;
		if (entry->d_name[0] == '.') {
			++*ret_hidden;
			continue;
		}
		text = slurp(entry->d_name);
		is_found |= has_line(text, line);
		free(text);
	}
	(void)closedir(dir);
	return is_found;
}

static void check_now(const struct run *run)
{
	const char *base = base_text(run);
	char *text = slurp(FILE_NAME);
	bool may_be_gone = !base || !strcmp(run->op, "remove") || !strcmp(run->foreign, "delete");

	if (text ? !is_legal(text) : !may_be_gone)
		complain(run, "not a legal text");
	if (run->status == 0 && strcmp(run->op, "remove") != 0 && strcmp(run->foreign, "delete") != 0 &&
		!has_line(text, "k=ours"))
		complain(run, "said yes, but the change is not there");
	if (run->status == 0 && !strcmp(run->op, "remove") && text && !has_line(text, "f=foreign") &&
		!has_line(text, "g=again"))
		complain(run, "said yes, but the file is still there");
	/* A disk that goes on failing may not even let us undo; and a rename that replaced the file cannot be undone. */
	if (run->status > 0 && !run->stops && !strchr(run->action, '+') && !*run->faults &&
		(base ? !text || strcmp(text, base) != 0 : text != NULL))
		complain(run, "failed, but something was written");
	free(text);
}

/* The next call of ours, with nothing in its way. One that reports a conflict is made again, as a person would. */
static void check_next(struct run *run)
{
	bool is_writing = strcmp(run->foreign, "none") != 0 && strcmp(run->foreign, "delete") != 0;
	int hidden, status = change(FILE_NAME, "z", "next");
	char *text;

	if (status == BS_CONFLICT)
		status = change(FILE_NAME, "z", "next");
	text = slurp(FILE_NAME);
	if (status || !has_line(text, "z=next") || !is_legal(text))
		complain(run, "the next call fails or leaves a wrong text");
	if (!strcmp(run->op, "set") && strcmp(run->foreign, "delete") != 0 && !has_line(text, "b=2"))
		complain(run, "a line was lost");
	if (!is_kept("f=foreign", &hidden) && run->stops && is_writing)
		complain(run, "the foreign line was lost");
	if (!is_kept("g=again", &hidden) && run->stops > 1 && is_writing)
		complain(run, "the second foreign line was lost");
	if (hidden)
		complain(run, "the next call leaves litter");
	free(text);
}

/* False: the calls ran out before the last event. */
static bool run_case(struct run *run)
{
	empty_dir();
	if (base_text(run))
		foreign_in_place(FILE_NAME, base_text(run));
	run_child(run);
	run->is_past = *run->calls && *run->calls < run->at;
	if (*run->calls && *run->calls < (run->then ? run->then : run->at))
		return false;
	check_now(run);
	check_next(run);
	return true;
}

int sweep(const char *action, const char *op, const char *foreign, const char *faults)
{
	struct run run = {.action = action, .op = op, .foreign = foreign, .faults = faults};
	bool is_double = !strcmp(action, "stop-twice") || !strcmp(action, "stop-die");
	unsigned long cases = 0;

	run.calls = mmap(NULL, sizeof(*run.calls), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (run.calls == MAP_FAILED)
		abort();
	if (!freopen("/dev/null", "w", stderr))
		abort();
	for (run.at = 1; !run.is_past && run.at <= MAX_CALLS; run.at++) {
		unsigned long first = is_double ? run.at + 1 : 0, last = is_double ? run.at + LATER : 0;

		for (run.then = first; run.then <= last && run_case(&run); run.then++)
			cases++;
	}
	empty_dir();
	(void)printf("%lu cases, %d wrong\n", cases, complaints);
	return complaints || cases < 10 || !run.is_past;
}
