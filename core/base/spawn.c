/* spawn.c: posix_spawn() with a key that never leaves locked memory on our side. */
#include <bus-secrets/spawn.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>

static const char key_variable[] = "SOPS_AGE_KEY=";

char **bs_environ_keep(void)
{
	size_t count = 0;

	while (environ && environ[count])
		count++;

	char **kept = calloc(count + 1, sizeof(*kept));

	if (kept && count)
		memcpy(kept, environ, count * sizeof(*kept));
	return kept;
}

/* "SOPS_AGE_KEY=<key>" in locked memory. */
static enum bs_code key_line(const struct bs_secret *key, struct bs_secret **ret, struct bs_error *reterr)
{
	size_t prefix = sizeof(key_variable) - 1;
	size_t len = bs_secret_len(key);
	enum bs_code code = bs_secret_new(prefix + len + 1, ret, reterr);

	if (code)
		return code;
	memcpy(bs_secret_data(*ret), key_variable, prefix);
	if (len)
		memcpy(bs_secret_data(*ret) + prefix, bs_secret_bytes(key), len);
	return BS_OK;
}

/* The pointers of the new environment; the key's line, if any, replaces what stood under its name. */
static char **new_environment(char *const *old, struct bs_secret *line)
{
	size_t count = 0;
	size_t used = 0;

	while (old[count])
		count++;

	char **envp = calloc(count + 2, sizeof(*envp));

	if (!envp)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		if (strncmp(old[i], key_variable, sizeof(key_variable) - 1) != 0)
			envp[used++] = old[i];
	}
	if (line)
		envp[used] = (char *)bs_secret_data(line);
	return envp;
}

/*
 * The wanted descriptors may stand in each other's places, so all are first put out of the way, above the
 * places, and then moved down. Copies made here are close-on-exec in our process and closed by the caller.
 */
static int plan_descriptors(posix_spawn_file_actions_t *actions, const struct bs_spawn *what, int copies[])
{
	int err = 0;

	for (size_t i = 0; i < what->fd_count && !err; i++) {
		if (what->fds[i] < 0) {
			err = posix_spawn_file_actions_addopen(actions, (int)i, "/dev/null", O_RDWR, 0);
			continue;
		}
		copies[i] = fcntl(what->fds[i], F_DUPFD_CLOEXEC, BS_SPAWN_FDS + 1);
		err = copies[i] < 0 ? errno : posix_spawn_file_actions_adddup2(actions, copies[i], (int)i);
	}
	if (!err && what->dirfd >= 0)
		err = posix_spawn_file_actions_addfchdir_np(actions, what->dirfd);
	if (!err)
		err = posix_spawn_file_actions_addclosefrom_np(actions, (int)what->fd_count);
	return err;
}

static int plan_signals(posix_spawnattr_t *attributes)
{
	sigset_t all;
	sigset_t none;
	int err;

	(void)sigfillset(&all);
	(void)sigemptyset(&none);
	err = posix_spawnattr_setsigdefault(attributes, &all);
	if (!err)
		err = posix_spawnattr_setsigmask(attributes, &none);
	if (!err)
		err = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	return err;
}

/*
 * posix_spawn() shares our memory until the new program is there, so the kernel reads the key from the arena.
 */
static int spawn(const struct bs_spawn *what, char *const *envp, pid_t *ret)
{
	int copies[BS_SPAWN_FDS];
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int err;

	for (size_t i = 0; i < BS_SPAWN_FDS; i++)
		copies[i] = -1;
	err = posix_spawn_file_actions_init(&actions);
	if (err)
		return err;
	err = posix_spawnattr_init(&attributes);
	if (!err) {
		err = plan_descriptors(&actions, what, copies);
		if (!err)
			err = plan_signals(&attributes);
		if (!err)
			err = posix_spawn(ret, what->program, &actions, &attributes,
				(char *const *)(uintptr_t)what->argv, envp);
		(void)posix_spawnattr_destroy(&attributes);
	}
	(void)posix_spawn_file_actions_destroy(&actions);
	for (size_t i = 0; i < BS_SPAWN_FDS; i++)
		bs_close_fd(&copies[i]);
	return err;
}

/* The environment of the new program; *ret_line, in which the key is, must outlive it. */
static enum bs_code prepare(
	const struct bs_spawn *what, char ***ret_envp, struct bs_secret **ret_line, struct bs_error *reterr)
{
	enum bs_code code = what->age_key ? key_line(what->age_key, ret_line, reterr) : BS_OK;

	if (code)
		return code;
	*ret_envp = new_environment(what->envp, *ret_line);
	if (!*ret_envp)
		return bs_error_set(reterr, BS_NO_MEMORY, "no memory to start %s", what->program);
	return BS_OK;
}

enum bs_code bs_spawn(const struct bs_spawn *what, pid_t *ret, struct bs_error *reterr)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *line = NULL;
	BS_CLEANUP(bs_free_ptr) char **envp = NULL;
	pid_t pid = 0;
	enum bs_code code = prepare(what, &envp, &line, reterr);

	if (code)
		return code;
	if (what->fd_count > BS_SPAWN_FDS)
		return bs_error_set(reterr, BS_INTERNAL, "too many descriptors for %s", what->program);

	int err = spawn(what, envp, &pid);

	if (err)
		return bs_error_sys(reterr, err, "cannot start %s", what->program);
	*ret = pid;
	return BS_OK;
}

enum bs_code bs_become(const struct bs_spawn *what, struct bs_error *reterr)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *line = NULL;
	BS_CLEANUP(bs_free_ptr) char **envp = NULL;
	enum bs_code code = prepare(what, &envp, &line, reterr);

	if (code)
		return code;
	(void)signal(SIGPIPE, SIG_DFL);
	(void)execve(what->program, (char *const *)(uintptr_t)what->argv, envp);
	return bs_error_sys(reterr, errno, "cannot start %s", what->program);
}
