/*
 * keeper.c: from the call to a mount that serves, and from its end back to nothing.
 *
 * The order matters: everything that can be refused is refused before anything is unlocked or mounted; the
 * record is locked before the mount point is touched, so that two calls do not get in each other's way; and
 * what was begun is undone in the opposite order.
 */
#include "keeper.h"
#include "connect.h"
#include "mountpoint.h"
#include "summary.h"
#include "worker.h"

#include <bus-secrets/harden.h>
#include <bus-secrets/log.h>
#include <bus-secrets/mount_record.h>
#include <bus-secrets/mount_table.h>
#include <bus-secrets/spawn.h>

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>

/* A worker that was told to end commits first, and a commit may wait ten seconds for a lock. */
#define END_PATIENCE_S 30

/* What is mounted, and what has to be undone. */
struct keeper {
	const struct bs_keeper_start *start;
	struct bs_mount_options options;
	char options_text[BS_MOUNT_OPTIONS_TEXT];
	struct bs_connector connector;
	char *dir;
	char *workspace; /* NULL: none */
	char *places[BS_SCOPE_STORED];
	char *record_path;
	char *log_path;
	char dev[24]; /* of our mount */
	int record_fd;
	int fuse_fd;
	pid_t worker;
	bool made_dir;
	bool is_mounted;
};

/* What is open while we find out; holds keys of the environment, so it is closed before we settle down. */
struct context {
	struct bs_env *env;
	struct bs_workspace *ws;
	struct bs_keys *keys;
	struct bs_store *store;
};

static void context_close(struct context *context)
{
	context->store = bs_store_close(context->store);
	context->keys = bs_keys_close(context->keys);
	context->ws = bs_workspace_close(context->ws);
	context->env = bs_env_close(context->env);
}

static void say(const char *fmt, ...) BS_PRINTF(1, 2);
static void say(const char *fmt, ...)
{
	char line[BS_ERROR_MSG + 64];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	/* Paths are in it, and a workspace's name can be anything. */
	bs_line_clean(line, strlen(line));
	(void)dprintf(STDERR_FILENO, "bus-secretsd: %s\n", line);
}

static enum bs_code context_open(
	struct context *context, const struct keeper *keeper, const char *at, struct bs_error *reterr)
{
	const struct bs_env_options options = {
		.chdir = keeper->start->chdir, .value_limit = keeper->options.limit};
	struct bs_error ws_error = {0};
	enum bs_code code = context->env ? BS_OK : bs_env_open(&options, &context->env, reterr);

	if (code)
		return code;
	code = bs_workspace_find(context->env, at, &context->ws, &ws_error);
	if (code && code != BS_NO_WORKSPACE)
		say("%s", ws_error.msg);
	code = bs_keys_open(context->env, context->ws, &context->keys, reterr);
	if (code == BS_OK)
		code = bs_store_open(context->env, context->ws, context->keys, &context->store, reterr);
	return code;
}

static void note_places(struct keeper *keeper, const struct context *context)
{
	free(keeper->workspace);
	keeper->workspace = context->ws ? strdup(bs_workspace_path(context->ws)) : NULL;
	for (int i = 0; i < BS_SCOPE_STORED; i++) {
		struct bs_store_place place = {0};

		free(keeper->places[i]);
		keeper->places[i] = NULL;
		if (bs_store_get_place(context->store, (enum bs_scope)i, &place, NULL) == BS_OK)
			keeper->places[i] = BS_TAKE(place.path);
		bs_store_place_release(&place);
	}
}

/*
 * The worker's arena and its room for a request, tried out: it must not find out only when the mount is
 * there.
 */
static enum bs_code check_memory_lock(const struct bs_mount_options *options, struct bs_error *reterr)
{
	const size_t size = BS_ARENA_DAEMON;
	struct rlimit limit = {0, 0};
	void *memory;
	int err;

	if (options->memlock == BS_LOCK_WARN)
		return BS_OK;
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return bs_error_sys(reterr, errno, "no memory for values");
	err = mlock(memory, size) ? errno : 0;
	(void)munmap(memory, size);
	if (!err)
		return BS_OK;
	(void)getrlimit(RLIMIT_MEMLOCK, &limit);
	return bs_error_set(reterr, BS_NO_MEMORY,
		"cannot lock the %zu KiB of memory that values are kept in (%s; the limit is %llu KiB): "
		"raise it with "
		"'ulimit -l' or LimitMEMLOCK=, or accept that values may be swapped out with -o memlock=warn",
		size / 1024, strerrorname_np(err), (unsigned long long)limit.rlim_cur / 1024);
}

static long count_names(struct bs_store *store, enum bs_scope scope)
{
	struct bs_store_list list = {0};
	long count = bs_store_list(store, scope, &list, NULL) ? 0 : (long)list.count;

	bs_store_list_release(&list);
	return count;
}

static void print_summary(const struct keeper *keeper, struct bs_summary *summary)
{
	summary->dir = keeper->dir;
	summary->workspace = keeper->workspace;
	summary->user_path = keeper->places[BS_SCOPE_USER];
	summary->repo_path = keeper->places[BS_SCOPE_REPO];
	if (!bs_summary_print(summary, keeper->start->is_json))
		say("cannot write to standard output");
}

/* Ours and alive: the same line again, unless what was asked for differs from what is there. */
static enum bs_code report_already(
	struct keeper *keeper, struct context *context, const char *runtime_dir, struct bs_error *reterr)
{
	struct bs_mount_record record = {0};
	struct bs_summary summary = {.is_already = true};
	bool is_alive = false;
	enum bs_code code = bs_mount_record_read(runtime_dir, keeper->dir, &record, &is_alive, reterr);

	if (code || !is_alive)
		code = bs_error_set(reterr, BS_BUSY, "%s is mounted by a daemon that has no record in %s",
			keeper->dir, runtime_dir);
	else if (strcmp(record.options, keeper->options_text) != 0)
		code = bs_error_set(reterr, BS_EXISTS,
			"%s is mounted with other options (%s, not %s): to change them, bus-secrets umount "
			"first",
			keeper->dir, record.options, keeper->options_text);
	else if (keeper->workspace && (!record.workspace || strcmp(record.workspace, keeper->workspace) != 0))
		code = bs_error_set(reterr, BS_EXISTS,
			"%s is mounted for %s, not for %s: to change that, bus-secrets umount first",
			keeper->dir, record.workspace ? record.workspace : "no workspace", keeper->workspace);
	if (code == BS_OK && record.workspace && !keeper->workspace) {
		context->store = bs_store_close(context->store);
		context->keys = bs_keys_close(context->keys);
		code = context_open(context, keeper, record.workspace, reterr);
		if (code == BS_OK)
			note_places(keeper, context);
	}
	if (code == BS_OK) {
		summary.pid = record.worker;
		summary.user_count = count_names(context->store, BS_SCOPE_USER);
		summary.repo_count = count_names(context->store, BS_SCOPE_REPO);
		summary.has_keys = bs_keys_are_ready(context->keys);
		print_summary(keeper, &summary);
	}
	bs_mount_record_release(&record);
	return code;
}

static enum bs_code clean_dead(struct keeper *keeper, struct bs_error *reterr)
{
	enum bs_code code = bs_disconnect(&keeper->connector, keeper->dir, reterr);

	if (code == BS_OK)
		say("%s: a mount whose daemon was gone has been taken away", keeper->dir);
	return code;
}

/* The mount point, judged and made; *ret_done if there is nothing more to do. */
static enum bs_code prepare_dir(struct keeper *keeper, struct context *context, const char *runtime_dir,
	bool *ret_done, struct bs_error *reterr)
{
	enum bs_mountpoint_state state = BS_MOUNTPOINT_DEAD;
	enum bs_code code = bs_mountpoint_look(keeper->dir, &state, reterr);

	for (int round = 0; round < 8 && code == BS_OK && state == BS_MOUNTPOINT_DEAD; round++) {
		code = clean_dead(keeper, reterr);
		if (code == BS_OK)
			code = bs_mountpoint_look(keeper->dir, &state, reterr);
	}
	if (code)
		return code;
	if (state == BS_MOUNTPOINT_ALIVE) {
		*ret_done = true;
		return report_already(keeper, context, runtime_dir, reterr);
	}
	code = bs_mount_record_lock(runtime_dir, keeper->dir, &keeper->record_fd, reterr);
	if (code == BS_OK)
		code = bs_mountpoint_check_stores(keeper->dir, context->env, context->store, reterr);
	if (code == BS_OK)
		code = check_memory_lock(&keeper->options, reterr);
	if (code == BS_OK && state == BS_MOUNTPOINT_MISSING) {
		code = bs_mountpoint_make(keeper->dir, reterr);
		keeper->made_dir = code == BS_OK;
	}
	return code;
}

static enum bs_code start_worker(
	struct keeper *keeper, const struct context *context, int *ret_ready, struct bs_error *reterr)
{
	const struct bs_keeper_start *start = keeper->start;
	const char *argv[12] = {"bus-secretsd", "--worker", "-o", keeper->options_text};
	size_t argc = 4;
	int ends[2];

	if (!start->is_foreground) {
		argv[argc++] = "--log";
		argv[argc++] = keeper->log_path;
	}
	if (start->chdir) {
		argv[argc++] = "-C";
		argv[argc++] = start->chdir;
	}
	argv[argc++] = "--";
	argv[argc++] = keeper->dir; /* for whoever looks at the list of processes */
	if (pipe2(ends, O_CLOEXEC))
		return bs_error_sys(reterr, errno, "cannot talk to the worker");

	BS_CLEANUP(bs_close_fd) int ready = ends[0];
	BS_CLEANUP(bs_close_fd) int theirs = ends[1];
	const int fds[BS_WORKER_FDS] = {-1, -1, STDERR_FILENO, [BS_WORKER_FUSE] = keeper->fuse_fd,
		[BS_WORKER_READY] = theirs, [BS_WORKER_RECORD] = keeper->record_fd};
	const struct bs_spawn what = {.program = start->program,
		.argv = argv,
		.envp = start->envp,
		.age_key = bs_env_age_key(context->env),
		.fds = fds,
		.fd_count = BS_WORKER_FDS,
		.dirfd = -1};
	enum bs_code code = bs_spawn(&what, &keeper->worker, reterr);

	if (code == BS_OK)
		*ret_ready = BS_TAKE_FD(ready);
	return code;
}

/* The worker says that it serves, or ends after it said why not; then one question to the mount itself. */
static enum bs_code wait_until_ready(
	struct keeper *keeper, int ready_fd, struct bs_worker_ready *ret, struct bs_error *reterr)
{
	struct statfs fs;
	ssize_t got;

	do
		got = read(ready_fd, ret, sizeof(*ret));
	while (got < 0 && errno == EINTR);
	if (got != (ssize_t)sizeof(*ret))
		return bs_error_set(reterr, BS_IO, "%s: the mount could not be served", keeper->dir);
	if (statfs(keeper->dir, &fs))
		return bs_error_sys(reterr, errno, "%s: the mount does not answer", keeper->dir);
	return BS_OK;
}

static enum bs_code write_record(const struct keeper *keeper, struct bs_error *reterr)
{
	const struct bs_mount_record record = {.dir = keeper->dir,
		.options = (char *)(uintptr_t)keeper->options_text,
		.workspace = keeper->workspace,
		.keeper = getpid(),
		.worker = keeper->worker};

	return bs_mount_record_write(keeper->record_fd, &record, reterr);
}

static enum bs_code mount_and_start(
	struct keeper *keeper, struct context *context, struct bs_worker_ready *ret, struct bs_error *reterr)
{
	BS_CLEANUP(bs_close_fd) int ready = -1;
	struct bs_mount_entry entry;
	enum bs_code code =
		bs_connect(&keeper->connector, keeper->dir, &keeper->options, &keeper->fuse_fd, reterr);

	if (code)
		return code;
	keeper->is_mounted = true;
	bs_mount_table_find(keeper->dir, &entry);
	memcpy(keeper->dev, entry.dev, sizeof(keeper->dev));
	code = start_worker(keeper, context, &ready, reterr);
	context_close(context);
	if (code == BS_OK)
		code = wait_until_ready(keeper, ready, ret, reterr);
	if (code == BS_OK)
		code = write_record(keeper, reterr);
	return code;
}

static enum bs_code begin(struct keeper *keeper, bool *ret_done, struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) char *runtime_dir = NULL;
	struct context context = {0};
	struct bs_worker_ready ready = {0};
	struct bs_summary summary = {0};
	enum bs_code code = context_open(&context, keeper, NULL, reterr);

	if (code == BS_OK)
		code = bs_mount_resolve(bs_env_home(context.env), bs_env_cwd(context.env),
			keeper->start->operand, &keeper->dir, reterr);
	if (code == BS_OK)
		code = bs_env_runtime_dir(context.env, &runtime_dir, reterr);
	if (code == BS_OK)
		code = bs_connector_init(&keeper->connector, context.env, context.ws, reterr);
	if (code == BS_OK) {
		note_places(keeper, &context);
		keeper->record_path = bs_mount_record_path(runtime_dir, keeper->dir, ".mount");
		keeper->log_path = bs_mount_record_path(runtime_dir, keeper->dir, ".log");
		if (!keeper->record_path || !keeper->log_path)
			code = bs_error_set(reterr, BS_NO_MEMORY, "no memory for the mount's files");
	}
	if (code == BS_OK)
		code = prepare_dir(keeper, &context, runtime_dir, ret_done, reterr);
	if (code == BS_OK && !*ret_done)
		code = mount_and_start(keeper, &context, &ready, reterr);
	context_close(&context);
	if (code || *ret_done)
		return code;
	summary.pid = keeper->worker;
	summary.user_count = ready.user_count;
	summary.repo_count = ready.repo_count;
	summary.has_keys = ready.has_keys;
	print_summary(keeper, &summary);
	return BS_OK;
}

/* Only our own mount is taken away, never one that somebody put there since. */
static void take_mount_away(struct keeper *keeper)
{
	struct bs_mount_entry entry;
	struct bs_error error = {0};

	if (!keeper->is_mounted)
		return;
	bs_mount_table_find(keeper->dir, &entry);
	if (entry.is_found && entry.is_ours && strcmp(entry.dev, keeper->dev) == 0 &&
		bs_disconnect(&keeper->connector, keeper->dir, &error))
		say("%s", error.msg);
	bs_close_fd(&keeper->fuse_fd);
}

static void remove_files(const struct keeper *keeper, bool with_log)
{
	BS_CLEANUP(bs_free_ptr) char *old = NULL;

	/* While it is locked: nobody takes a record for his own that is about to go. */
	if (keeper->record_fd >= 0)
		(void)unlink(keeper->record_path);
	if (!with_log)
		return;
	(void)unlink(keeper->log_path);
	if (asprintf(&old, "%s.1", keeper->log_path) >= 0)
		(void)unlink(old);
}

static int wait_for_worker(struct keeper *keeper, int flags)
{
	int status = 0;
	pid_t pid;

	do
		pid = waitpid(keeper->worker, &status, flags);
	while (pid < 0 && errno == EINTR);
	if (pid == 0)
		return -1;
	keeper->worker = 0;
	return pid > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static void end(struct keeper *keeper, bool is_clean)
{
	if (keeper->worker > 0) {
		(void)kill(keeper->worker, SIGTERM);
		(void)wait_for_worker(keeper, 0);
	}
	take_mount_away(keeper);
	if (keeper->made_dir && !is_clean)
		(void)rmdir(keeper->dir);
	if (keeper->record_path)
		remove_files(keeper, is_clean);
	bs_close_fd(&keeper->record_fd);
	bs_connector_release(&keeper->connector);
	for (int i = 0; i < BS_SCOPE_STORED; i++)
		free(keeper->places[i]);
	free(keeper->dir);
	free(keeper->workspace);
	free(keeper->record_path);
	free(keeper->log_path);
}

/* Whoever started us goes on; a daemon keeps none of the caller's descriptors. */
static void settle(const struct bs_keeper_start *start)
{
	const char well = 0;
	int null;

	if (start->is_foreground)
		return;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; fd <= 2 && null >= 0; fd++)
		(void)dup2(null, fd);
	if (null > 2)
		(void)close(null);
	if (chdir("/"))
		say("cannot go to /"); /* harmless: a directory stays busy */
	if (start->told_fd >= 0 && write(start->told_fd, &well, 1) == 1)
		(void)close(start->told_fd);
}

static sigset_t watched_signals(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	(void)sigaddset(&set, SIGCHLD);
	return set;
}

/* Until the worker has ended; its exit status. A signal to us is one to it, with a limit to our patience. */
static int stand_by(struct keeper *keeper)
{
	const sigset_t set = watched_signals();
	const struct timespec patience = {.tv_sec = END_PATIENCE_S};
	bool was_told = false;

	for (;;) {
		int status = wait_for_worker(keeper, WNOHANG);
		int got;

		if (status >= 0)
			return status;
		got = was_told ? sigtimedwait(&set, NULL, &patience) : sigwaitinfo(&set, NULL);
		if (got < 0 && errno == EAGAIN && was_told)
			(void)kill(keeper->worker, SIGKILL);
		if (got > 0 && got != SIGCHLD) {
			(void)kill(keeper->worker, SIGTERM);
			was_told = true;
		}
	}
}

int bs_keeper_run(const struct bs_keeper_start *start)
{
	struct keeper keeper = {.start = start, .record_fd = -1, .fuse_fd = -1};
	const sigset_t set = watched_signals();
	struct bs_error error = {0};
	bool is_done = false;
	enum bs_code code;
	int status;

	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	bs_mount_options_init(&keeper.options);
	code = bs_mount_options_apply(&keeper.options, start->options, &error);
	bs_mount_options_text(&keeper.options, keeper.options_text);
	if (code == BS_OK)
		code = begin(&keeper, &is_done, &error);
	if (code || is_done) {
		if (code)
			say("%s", error.msg);
		end(&keeper, false);
		return code == BS_USAGE ? 2 : code ? 1 : 0;
	}
	settle(start);
	status = stand_by(&keeper);
	end(&keeper, status == 0);
	return status;
}
