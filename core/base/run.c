/*
 * Running a program with its output into locked memory.
 *
 * Standard input is always a pipe and never a socket, so that a program may open /proc/self/fd/0. Output is read straight
 * into a secret. One loop feeds and reads, so neither side can fill a pipe and wait for ever.
 */
#include "run.h"

#include <bus-secrets/cleanup.h>
#include <bus-secrets/log.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#define CHUNK 8192
#define LINE_MAX_BYTES 200
#define POLL_MS 20
#define REAP_MS 1

enum { IN, OUT, ERR, EXEC, PIPES };

struct child {
	const struct bs_run *run;
	pid_t pid; /* 0: none, or reaped */
	int status;
	int ours[PIPES];
	int theirs[PIPES];
	const uint8_t *input;
	size_t input_left;
	struct bs_secret *chunk;
	struct bs_secret_buf *output;
	char line[LINE_MAX_BYTES + 1]; /* the last one on standard error */
	size_t line_len;
	bool is_line_over;
};

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void kill_and_reap(struct child *child)
{
	if (!child->pid)
		return;
	/* The group exists from setsid() on; before that the kill of the group does nothing. */
	if (!child->run->has_terminal)
		(void)kill(-child->pid, SIGKILL);
	(void)kill(child->pid, SIGKILL);
	while (waitpid(child->pid, &child->status, 0) < 0 && errno == EINTR)
		;
	child->pid = 0;
}

static void child_release(struct child *child)
{
	kill_and_reap(child);
	for (int i = 0; i < PIPES; i++) {
		bs_close_fd(&child->ours[i]);
		bs_close_fd(&child->theirs[i]);
	}
	child->chunk = bs_secret_free(child->chunk);
	child->output = bs_secret_buf_free(child->output);
}

/* --- starting --- */

/* A pipe whose ends lie above the standard descriptors, in case one of those is closed. */
static int make_pipe(int *ret_read, int *ret_write)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return -1;
	for (int i = 0; i < 2; i++) {
		int high;

		if (ends[i] > STDERR_FILENO)
			continue;
		high = fcntl(ends[i], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
		(void)close(ends[i]);
		ends[i] = high;
	}
	*ret_read = ends[0];
	*ret_write = ends[1];
	return ends[0] < 0 || ends[1] < 0 ? -1 : 0;
}

static int make_pipes(struct child *child)
{
	const struct bs_run *run = child->run;

	if ((run->input || run->key) && make_pipe(&child->theirs[IN], &child->ours[IN]))
		return -1;
	if (make_pipe(&child->ours[OUT], &child->theirs[OUT]))
		return -1;
	if (!run->has_terminal && make_pipe(&child->ours[ERR], &child->theirs[ERR]))
		return -1;
	if (make_pipe(&child->ours[EXEC], &child->theirs[EXEC]))
		return -1;
	for (int i = IN; i <= ERR; i++)
		if (child->ours[i] >= 0 && fcntl(child->ours[i], F_SETFL, O_NONBLOCK))
			return -1;
	return 0;
}

/* From fork to exec only what a signal handler may call: another thread may hold any lock. */
static void become(const struct child *child, pid_t parent)
{
	const struct bs_run *run = child->run;
	int null = -1;
	sigset_t none;

	/* Whatever ends us ends it. A parent that died before this line shows in getppid(). */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
		return;
	if (!run->has_terminal)
		(void)setsid();
	if (child->theirs[IN] < 0) {
		null = open("/dev/null", O_RDWR | O_CLOEXEC);
		if (null < 0)
			return;
	}
	if (dup2(null >= 0 ? null : child->theirs[IN], STDIN_FILENO) < 0 ||
		dup2(child->theirs[OUT], STDOUT_FILENO) < 0 ||
		(child->theirs[ERR] >= 0 && dup2(child->theirs[ERR], STDERR_FILENO) < 0) ||
		chdir(run->directory ? run->directory : "/"))
		return;
#ifdef SYS_close_range
	(void)syscall(SYS_close_range, STDERR_FILENO + 1, UINT_MAX, 4U /* CLOSE_RANGE_CLOEXEC */);
#endif
	for (int i = 1; i < NSIG; i++)
		(void)signal(i, SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	/* execve() takes pointers to char that it does not write through. */
	(void)execve(run->program, (char *const *)(uintptr_t)run->argv, (char *const *)(uintptr_t)run->envp);
}

static enum bs_code start(struct child *child, struct bs_error *reterr)
{
	const struct bs_run *run = child->run;
	pid_t parent = getpid();
	sigset_t all, before;
	int err = 0;
	ssize_t got;

	if (make_pipes(child))
		return bs_error_sys(reterr, errno, "cannot make a pipe for %s", run->program);
	/* No handler of ours may run in the child. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	child->pid = fork();
	if (child->pid == 0) {
		become(child, parent);
		err = errno;
		(void)!write(child->theirs[EXEC], &err, sizeof(err));
		_exit(127);
	}
	err = errno;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (child->pid < 0) {
		child->pid = 0;
		return bs_error_sys(reterr, err, "cannot start %s", run->program);
	}
	for (int i = 0; i < PIPES; i++)
		bs_close_fd(&child->theirs[i]);
	/* Closed by a successful exec, else an errno comes. */
	do
		got = read(child->ours[EXEC], &err, sizeof(err));
	while (got < 0 && errno == EINTR);
	if (got == (ssize_t)sizeof(err))
		return bs_error_sys(reterr, err, "cannot run %s", run->program);
	return BS_OK;
}

/* --- feeding and reading --- */

static void feed(struct child *child)
{
	ssize_t put = write(child->ours[IN], child->input, child->input_left);

	if (put >= 0) {
		child->input += put;
		child->input_left -= (size_t)put;
	} else if (errno == EAGAIN || errno == EINTR) {
		return;
	}
	/* A program that does not want its input is none of our business: EPIPE is an end like any other. */
	if (put < 0 || !child->input_left)
		bs_close_fd(&child->ours[IN]);
}

static enum bs_code take_output(struct child *child, struct bs_error *reterr)
{
	ssize_t got = read(child->ours[OUT], bs_secret_data(child->chunk), CHUNK);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return BS_OK;
	if (got < 0)
		return bs_error_sys(reterr, errno, "cannot read what %s writes", child->run->program);
	if (got == 0) {
		bs_close_fd(&child->ours[OUT]);
		return BS_OK;
	}
	if ((size_t)got > child->run->output_limit - bs_secret_buf_len(child->output))
		return bs_error_set(reterr, BS_TOO_LARGE, "%s writes more than %zu bytes: it is ended",
			child->run->program, child->run->output_limit);
	return bs_secret_buf_write(child->output, bs_secret_buf_len(child->output), bs_secret_bytes(child->chunk),
		(size_t)got, reterr);
}

/* Keeps the beginning of the last line that is not empty. */
static void take_errors(struct child *child)
{
	ssize_t got = read(child->ours[ERR], bs_secret_data(child->chunk), CHUNK);
	const uint8_t *bytes = bs_secret_bytes(child->chunk);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0)
		bs_close_fd(&child->ours[ERR]);
	for (ssize_t i = 0; i < got; i++) {
		if (bytes[i] == '\n' || bytes[i] == '\r') {
			child->is_line_over = true;
			continue;
		}
		if (child->is_line_over)
			child->line_len = 0;
		child->is_line_over = false;
		if (child->line_len < LINE_MAX_BYTES)
			child->line[child->line_len++] = (char)bytes[i];
	}
}

/* Returns poll()'s answer, or -1 with errno. */
static int serve(struct child *child, int64_t left_ms, struct bs_error *reterr, enum bs_code *ret_code)
{
	struct pollfd fds[] = {
		{.fd = child->ours[IN], .events = POLLOUT},
		{.fd = child->ours[OUT], .events = POLLIN},
		{.fd = child->ours[ERR], .events = POLLIN},
	};
	bool is_idle = child->ours[OUT] < 0 && child->ours[ERR] < 0;
	int step = is_idle ? REAP_MS : POLL_MS;
	int ready = poll(fds, 3, left_ms < step ? (int)left_ms : step);

	if (ready <= 0)
		return ready;
	if (fds[IN].revents)
		feed(child);
	if (fds[OUT].revents)
		*ret_code = take_output(child, reterr);
	if (fds[ERR].revents)
		take_errors(child);
	return ready;
}

/* Until the program ended and all that it wrote is read. What its own children write later is not waited for. */
static enum bs_code attend(struct child *child, struct bs_error *reterr)
{
	const struct bs_run *run = child->run;
	int64_t deadline = now_ms() + run->timeout_ms;
	enum bs_code code = BS_OK;

	for (;;) {
		int64_t left = deadline - now_ms();
		int ready = serve(child, left > 0 ? left : 0, reterr, &code);
		pid_t reaped;

		if (code)
			return code;
		if (ready < 0 && errno == EINTR)
			return bs_error_set(reterr, BS_INTERRUPTED, "interrupted while %s was running", run->program);
		if (ready < 0)
			return bs_error_sys(reterr, errno, "cannot wait for %s", run->program);
		if (!child->pid && (ready == 0 || (child->ours[OUT] < 0 && child->ours[ERR] < 0)))
			return BS_OK;
		reaped = child->pid ? waitpid(child->pid, &child->status, WNOHANG) : 0;
		if (reaped < 0)
			return bs_error_sys(reterr, errno, "cannot learn how %s ended", run->program);
		if (reaped > 0) {
			child->pid = 0;
			bs_close_fd(&child->ours[IN]);
		}
		if (now_ms() < deadline)
			continue;
		if (!child->pid)
			return BS_OK; /* somebody that it left behind goes on writing */
		return bs_error_set(reterr, BS_INTERRUPTED, "%s did not end within %u ms and was ended", run->program,
			run->timeout_ms);
	}
}

/* --- the answer --- */

static int exit_status(struct child *child, struct bs_error *reterr)
{
	const char *program = child->run->program;
	int status = WIFSIGNALED(child->status) ? 128 + WTERMSIG(child->status) : WEXITSTATUS(child->status);

	if (!status)
		return 0;
	bs_line_clean(child->line, child->line_len);
	child->line[child->line_len] = '\0';
	if (child->line_len)
		(void)bs_error_set(reterr, BS_OK, "%s: %s", program, child->line);
	else if (WIFSIGNALED(child->status))
		(void)bs_error_set(reterr, BS_OK, "%s was ended by signal %d", program, WTERMSIG(child->status));
	else
		(void)bs_error_set(reterr, BS_OK, "%s ended with status %d", program, status);
	return status;
}

/* Writing to a program that closed its input must not end us: SIGPIPE waits, and is taken away if it came. */
static enum bs_code attend_without_sigpipe(struct child *child, struct bs_error *reterr)
{
	const struct timespec at_once = {.tv_sec = 0};
	sigset_t broken_pipe, before, pending;
	bool was_pending;
	enum bs_code code;

	(void)sigemptyset(&broken_pipe);
	(void)sigaddset(&broken_pipe, SIGPIPE);
	(void)sigpending(&pending);
	was_pending = sigismember(&pending, SIGPIPE) == 1;
	(void)pthread_sigmask(SIG_BLOCK, &broken_pipe, &before);
	code = attend(child, reterr);
	if (!was_pending)
		while (sigtimedwait(&broken_pipe, NULL, &at_once) < 0 && errno == EINTR)
			;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return code;
}

enum bs_code bs_run(const struct bs_run *run, struct bs_secret **ret_output, int *ret_status, struct bs_error *reterr)
{
	BS_CLEANUP(child_release) struct child child = {
		.run = run,
		.ours = {-1, -1, -1, -1},
		.theirs = {-1, -1, -1, -1},
		.input = run->key ? bs_secret_bytes(run->key) : run->input,
		.input_left = run->key ? bs_secret_len(run->key) : run->input_len,
	};
	enum bs_code code = bs_secret_new(CHUNK, &child.chunk, reterr);

	if (!code)
		code = bs_secret_buf_new(run->output_limit, &child.output, reterr);
	if (!code)
		code = start(&child, reterr);
	if (!code && !child.input_left)
		bs_close_fd(&child.ours[IN]);
	if (!code)
		code = attend_without_sigpipe(&child, reterr);
	if (!code)
		code = bs_secret_buf_copy(child.output, ret_output, reterr);
	if (code)
		return code;
	*ret_status = exit_status(&child, reterr);
	return BS_OK;
}
