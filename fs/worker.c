/*
 * worker.c: start, loop and end of the process that serves.
 *
 * One thread reads requests and answers them. Requests land in locked memory, because those of write(2) carry
 * values, and are wiped when they are answered. A second thread waits for the signals that end us, a third
 * tells the kernel what has to be told unasked (notify.c).
 */
#include "worker.h"
#include "handle.h"
#include "logfile.h"
#include "notify.h"
#include "ops.h"
#include "view.h"

#include <bus-secrets/harden.h>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#define WAKE_SIGNAL SIGUSR1
#define WAKE_PAUSE_NS (5L * 1000 * 1000)

struct loop {
	struct bs_fs *fs;
	struct fuse_session *session;
	struct bs_secret *room; /* for one request */
	pthread_t reader;
	pthread_t signals;
	atomic_bool is_ending;
	atomic_bool is_reading; /* the reader waits in read(2), or is about to */
	atomic_bool is_done;
	bool keeps_stderr;
};

BS_PRINTF(2, 0) static void log_of_libfuse(enum fuse_log_level level, const char *fmt, va_list args)
{
	char line[256];

	if (level > FUSE_LOG_WARNING)
		return;
	(void)vsnprintf(line, sizeof(line), fmt, args);
	bs_log("libfuse: %s", line);
}

static enum bs_code harden(struct bs_error *reterr)
{
	enum bs_code code = bs_harden_process(NULL, reterr);

	if (code)
		return code;
	/* A key command must not get any of these. */
	for (int fd = BS_WORKER_FUSE; fd < BS_WORKER_FDS; fd++) {
		if (fcntl(fd, F_SETFD, FD_CLOEXEC))
			return bs_error_sys(
				reterr, errno, "this is started by bus-secretsd itself: descriptor %d", fd);
	}
	(void)prctl(PR_SET_NAME, "bus-secretsd", 0, 0, 0);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return bs_error_sys(reterr, errno, "cannot give up gaining privileges");
	return BS_OK;
}

static enum bs_code open_library(struct bs_fs *fs, const char *chdir_to, struct bs_error *reterr)
{
	const struct bs_env_options options = {.chdir = chdir_to, .value_limit = fs->options.limit};
	struct bs_error ws_error = {0};
	enum bs_code code = bs_env_open(&options, &fs->env, reterr);

	if (code)
		return code;
	code = bs_workspace_find(fs->env, NULL, &fs->ws, &ws_error);
	if (code && code != BS_NO_WORKSPACE)
		bs_log("%s", ws_error.msg);
	code = bs_keys_open(fs->env, fs->ws, &fs->keys, reterr);
	if (code == BS_OK)
		code = bs_store_open(fs->env, fs->ws, fs->keys, &fs->store, reterr);
	/* So that we keep no directory busy; the library's paths are absolute. */
	if (code == BS_OK && chdir("/"))
		return bs_error_sys(reterr, errno, "cannot go to /");
	return code;
}

static enum bs_code open_tables(struct bs_fs *fs, struct bs_error *reterr)
{
	fs->nodes = bs_nodes_new();
	fs->handles = bs_handles_new();
	fs->scratches = bs_scratches_new();
	if (!fs->nodes || !fs->handles || !fs->scratches)
		return bs_error_set(reterr, BS_NO_MEMORY, "no memory for the tables of the mount");
	return BS_OK;
}

/* Values first: wiped whatever else goes wrong. */
static void close_all(struct bs_fs *fs)
{
	fs->handles = bs_handles_free(fs->handles);
	fs->scratches = bs_scratches_free(fs->scratches);
	fs->nodes = bs_nodes_free(fs->nodes);
	bs_view_release(fs);
	fs->store = bs_store_close(fs->store);
	fs->keys = bs_keys_close(fs->keys);
	fs->ws = bs_workspace_close(fs->ws);
	fs->env = bs_env_close(fs->env);
}

static bool has_keys(struct bs_fs *fs)
{
	for (size_t i = 0; i < bs_keys_source_count(fs->keys); i++) {
		struct bs_key_source source = {0};

		bs_keys_probe(fs->keys, i, false, &source);
		if (source.state == BS_KEY_UNREAD)
			return true;
	}
	return bs_keys_are_ready(fs->keys);
}

/* Tells the parent, and lets go of its standard error: from now on there is the log. */
static void tell_ready(struct loop *loop)
{
	struct bs_fs *fs = loop->fs;
	const struct bs_view *repo = bs_view_get(fs, BS_SCOPE_REPO);
	const struct bs_worker_ready ready = {
		.user_count = (int32_t)bs_view_get(fs, BS_SCOPE_USER)->list.count,
		.repo_count = repo->is_there ? (int32_t)repo->list.count : -1,
		.has_keys = has_keys(fs),
	};

	if (!loop->keeps_stderr)
		(void)dup2(STDIN_FILENO, STDERR_FILENO);
	if (write(BS_WORKER_READY, &ready, sizeof(ready)) != (ssize_t)sizeof(ready))
		bs_log("the parent does not listen");
	(void)close(BS_WORKER_READY);
}

/* One request. False when there will be no more. */
static bool serve_one(struct loop *loop)
{
	struct fuse_buf buf = {.mem = bs_secret_data(loop->room)};
	ssize_t got;

	atomic_store(&loop->is_reading, true);
	got = atomic_load(&loop->is_ending) ? 0 : read(BS_WORKER_FUSE, buf.mem, bs_secret_len(loop->room));
	atomic_store(&loop->is_reading, false);
	if (got > 0) {
		buf.size = (size_t)got;
		fuse_session_process_buf(loop->session, &buf);
		explicit_bzero(buf.mem, buf.size);
		return true;
	}
	/* ENOENT: the request was taken back. ENODEV: unmounted. */
	if (got < 0 && (errno == EINTR || errno == EAGAIN || errno == ENOENT))
		return true;
	if (got < 0 && errno != ENODEV)
		bs_log("reading requests: %s", strerrorname_np(errno));
	return false;
}

static void serve(struct loop *loop)
{
	bool was_told = false;

	while (!atomic_load(&loop->is_ending) && !fuse_session_exited(loop->session) && serve_one(loop)) {
		if (!was_told && loop->fs->was_initialised) {
			tell_ready(loop);
			was_told = true;
		}
	}
}

static void on_wake(int signal_number)
{
	(void)signal_number;
}

static sigset_t ending_signals(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	(void)sigaddset(&set, SIGQUIT);
	return set;
}

/*
 * A signal that comes just before read(2) would not end it, so the reader is woken until it answers; only
 * while it reads, so that nothing that it does for a request is interrupted.
 */
static void *wait_for_signal(void *arg)
{
	const struct timespec pause = {.tv_nsec = WAKE_PAUSE_NS};
	struct loop *loop = arg;
	sigset_t set = ending_signals();
	int signal_number = 0;

	(void)sigwait(&set, &signal_number);
	atomic_store(&loop->is_ending, true);
	while (!atomic_load(&loop->is_done)) {
		if (atomic_load(&loop->is_reading))
			(void)pthread_kill(loop->reader, WAKE_SIGNAL);
		(void)nanosleep(&pause, NULL);
	}
	return NULL;
}

static enum bs_code start_signals(struct loop *loop, struct bs_error *reterr)
{
	const struct sigaction wake = {.sa_handler = on_wake}; /* without SA_RESTART */
	sigset_t set = ending_signals();
	int err;

	if (sigaction(WAKE_SIGNAL, &wake, NULL))
		return bs_error_sys(reterr, errno, "cannot set a signal's action");
	err = pthread_sigmask(SIG_BLOCK, &set, NULL);
	loop->reader = pthread_self();
	if (!err)
		err = pthread_create(&loop->signals, NULL, wait_for_signal, loop);
	return err ? bs_error_sys(reterr, err, "cannot start waiting for signals") : BS_OK;
}

static enum bs_code run_session(struct loop *loop, struct bs_error *reterr)
{
	char name[] = "bus-secretsd";
	char *argv[] = {name, NULL};
	struct fuse_args args = FUSE_ARGS_INIT(1, argv);
	char device[32];
	enum bs_code code;

	(void)snprintf(device, sizeof(device), "/dev/fd/%d", BS_WORKER_FUSE);
	loop->session = fuse_session_new(&args, &bs_ops, sizeof(bs_ops), loop->fs);
	fuse_opt_free_args(&args);
	if (!loop->session || fuse_session_mount(loop->session, device))
		return bs_error_set(reterr, BS_INTERNAL, "cannot start a session of libfuse");
	code = bs_notifier_start(loop->session, &loop->fs->notifier, reterr);
	if (code == BS_OK) {
		serve(loop);
		bs_handles_commit_all(loop->fs);
	}
	loop->fs->notifier = bs_notifier_stop(loop->fs->notifier);
	return code;
}

static void end_signals(struct loop *loop)
{
	atomic_store(&loop->is_done, true);
	(void)pthread_kill(loop->signals, SIGQUIT); /* one of those that it waits for */
	(void)pthread_join(loop->signals, NULL);
}

static enum bs_code run(struct loop *loop, const struct bs_worker_start *start, struct bs_error *reterr)
{
	struct bs_fs *fs = loop->fs;
	enum bs_code code = bs_arena_start(BS_ARENA_DAEMON, fs->options.memlock, reterr);

	if (code == BS_OK)
		code = open_library(fs, start->chdir, reterr);
	if (code == BS_OK)
		code = open_tables(fs, reterr);
	if (code == BS_OK)
		code = bs_secret_new(BS_REQUEST_MAX, &loop->room, reterr);
	if (code == BS_OK)
		code = start_signals(loop, reterr);
	if (code)
		return code;
	code = run_session(loop, reterr);
	end_signals(loop);
	return code;
}

int bs_worker_run(const struct bs_worker_start *start)
{
	struct bs_fs fs = {.uid = geteuid(), .gid = getegid()};
	struct loop loop = {.fs = &fs, .keeps_stderr = start->log == NULL};
	struct bs_error error = {0};
	enum bs_code code;

	bs_mount_options_init(&fs.options);
	code = harden(&error);
	if (code == BS_OK)
		code = bs_mount_options_apply(&fs.options, start->options, &error);
	if (code == BS_OK)
		code = bs_log_open(start->log, &error);
	fuse_set_log_func(log_of_libfuse);
	if (code == BS_OK)
		code = run(&loop, start, &error);
	close_all(&fs);
	loop.room = bs_secret_free(loop.room);
	if (loop.session)
		fuse_session_destroy(loop.session);
	if (code) {
		bs_line_clean(error.msg, strlen(error.msg));
		(void)dprintf(STDERR_FILENO, "bus-secretsd: %s\n", error.msg);
	}
	bs_log_close();
	return code ? 1 : 0;
}
