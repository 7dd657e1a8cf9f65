/* Starting programs: descriptors in their places, nothing else, the key in the environment and nowhere on our heap. */
#include <bus-secrets/spawn.h>

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs a shell command with descriptor 1 (and whatever fds say) and gives its output, cut at 4 KiB; -1: not started. */
static int run(const char *command, char *const *envp, const struct bs_secret *key, int fds[], size_t count,
	int dirfd, char out[static 4096])
{
	const char *const argv[] = {"sh", "-c", command, NULL};
	struct bs_spawn what = {.program = "/bin/sh",
		.argv = argv,
		.envp = envp,
		.age_key = key,
		.fds = fds,
		.fd_count = count,
		.dirfd = dirfd};
	size_t len = 0;
	ssize_t got;
	int status = 0;
	int ends[2];
	pid_t pid = -1;

	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	fds[1] = ends[1];
	cr_assert_eq(bs_spawn(&what, &pid, NULL), BS_OK);
	close(ends[1]);
	while (len < 4095 && (got = read(ends[0], out + len, 4095 - len)) > 0)
		len += (size_t)got;
	out[len] = '\0';
	close(ends[0]);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

Test(spawn, the_environment_is_the_one_that_was_kept)
{
	int fds[] = {-1, -1, 2};
	char out[4096];
	char **kept;

	setenv("BS_TEST_KEPT", "before", 1);
	kept = bs_environ_keep();
	unsetenv("BS_TEST_KEPT");
	cr_assert_eq(run("printf %s \"$BS_TEST_KEPT\"", kept, NULL, fds, 3, -1, out), 0);
	cr_assert_str_eq(out, "before");
	free(kept);
}

Test(spawn, a_key_replaces_what_stood_under_its_name)
{
	char wiped[] = "SOPS_AGE_KEY=000000";
	char other[] = "SOPS_AGE_KEY_FILE=/there";
	char *envp[] = {other, wiped, NULL};
	int fds[] = {-1, -1, 2};
	struct bs_secret *key = NULL;
	char out[4096];

	cr_assert_eq(bs_secret_copy("AGE-SECRET-KEY-1\nAGE-2", 22, &key, NULL), BS_OK);
	cr_assert_eq(
		run("printf '%s|%s' \"$SOPS_AGE_KEY\" \"$SOPS_AGE_KEY_FILE\"", envp, key, fds, 3, -1, out),
		0);
	cr_assert_str_eq(out, "AGE-SECRET-KEY-1\nAGE-2|/there");
	cr_assert_eq(run("printf '%s' \"${SOPS_AGE_KEY-none}\"", envp, NULL, fds, 3, -1, out), 0);
	cr_assert_str_eq(out, "none");
	bs_secret_free(key);
}

Test(spawn, descriptors_come_in_their_order_and_no_others)
{
	char *envp[] = {NULL};
	int stray = open("/dev/zero", O_RDONLY);
	int a = open("/proc/self/status", O_RDONLY);
	int b = open("/proc/self/limits", O_RDONLY);
	/* In each other's places. */
	int fds[] = {-1, -1, 2, b, a, -1};
	char out[4096];

	cr_assert(stray >= 0 && a >= 0 && b >= 0);
	cr_assert_eq(run("for f in 0 3 4 5; do readlink /proc/$$/fd/$f; done; ls /proc/$$/fd | tr '\\n' ' '",
			     envp, NULL, fds, 6, -1, out),
		0);
	char wanted[256];

	(void)snprintf(wanted, sizeof(wanted),
		"/dev/null\n/proc/%ld/limits\n/proc/%ld/status\n/dev/null\n0 1 2 3 4 5 ", (long)getpid(),
		(long)getpid());
	cr_assert_str_eq(out, wanted);
	close(a);
	close(b);
	close(stray);
}

Test(spawn, signals_are_as_at_the_beginning)
{
	char *envp[] = {NULL};
	int fds[] = {-1, -1, 2};
	char out[4096];
	sigset_t all;

	signal(SIGPIPE, SIG_IGN);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	cr_assert_eq(
		run("grep -E '^Sig(Blk|Ign)' /proc/$$/status | tr -d '\\n\\t'", envp, NULL, fds, 3, -1, out),
		0);
	/* The C library keeps signals 32 and 33 for itself. */
	cr_assert_eq(strncmp(out, "SigBlk:0000000000000000SigIgn:", 30), 0, "%s", out);
	cr_assert_eq(strtoull(out + 30, NULL, 16) & ~0x180000000ull, 0, "%s", out);
}

Test(spawn, the_working_directory_may_be_another)
{
	char *envp[] = {NULL};
	int fds[] = {-1, -1, 2};
	int dir = open("/proc", O_PATH | O_DIRECTORY);
	char out[4096];

	cr_assert_eq(run("pwd", envp, NULL, fds, 3, dir, out), 0);
	cr_assert_str_eq(out, "/proc\n");
	close(dir);
}

Test(spawn, what_cannot_be_started_is_said)
{
	const char *const argv[] = {"x", NULL};
	char *envp[] = {NULL};
	int fds[BS_SPAWN_FDS + 1] = {0};
	struct bs_error error = {0};
	struct bs_spawn what = {.program = "/missing/program",
		.argv = argv,
		.envp = envp,
		.fds = fds,
		.fd_count = 3,
		.dirfd = -1};
	pid_t pid = -7;

	cr_assert_eq(bs_spawn(&what, &pid, &error), BS_NOT_FOUND);
	cr_assert(strstr(error.msg, "/missing/program"));
	cr_assert_eq(bs_become(&what, &error), BS_NOT_FOUND);
	what.fd_count = BS_SPAWN_FDS + 1;
	cr_assert_eq(bs_spawn(&what, &pid, &error), BS_INTERNAL);
	what.fd_count = 3;
	fds[2] = 999;
	cr_assert_neq(bs_spawn(&what, &pid, &error), BS_OK);
	cr_assert_eq(pid, -7);
}
