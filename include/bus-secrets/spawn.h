/*
 * spawn.h: starting a program of our own that opens the same environment again.
 *
 * Layer: include; implemented in core/base.
 *
 * bs_env_open() takes SOPS_AGE_KEY out of the environment block. A program that starts another one of ours
 * (the command `mount` the daemon, the daemon its worker) keeps what the block pointed to before, and the key
 * goes into the new program's block straight from locked memory: no copy on the heap, none in a file.
 *
 *	char **was = bs_environ_keep();	first thing in main
 *	bs_env_open(...)
 *	bs_spawn(&(struct bs_spawn){.envp = was, .age_key = bs_env_age_key(env), ...}, &pid, reterr)
 */
#ifndef BUS_SECRETS_SPAWN_H
#define BUS_SECRETS_SPAWN_H

#include <bus-secrets/secret.h>

#define BS_SPAWN_FDS 8

struct bs_spawn {
	const char *program; /* path */
	const char *const *argv; /* ends with NULL */
	char *const *envp; /* ends with NULL; of bs_environ_keep() */
	const struct bs_secret *age_key; /* becomes SOPS_AGE_KEY, or NULL */
	const int *fds; /* fds[i] becomes descriptor i, -1: closed; everything behind them is closed */
	size_t fd_count; /* at most BS_SPAWN_FDS */
	int dirfd; /* of its working directory, or -1: ours */
};

#pragma GCC visibility push(default)

/*
 * A copy of the list of pointers to the variables (not of the variables), on the heap. NULL without memory.
 */
char **bs_environ_keep(void);

/*
 * Signals are unblocked and at their defaults in the new program (SIGPIPE too). *ret is the caller's to wait
 * for.
 */
enum bs_code bs_spawn(const struct bs_spawn *what, pid_t *ret, struct bs_error *reterr) BS_MUST_CHECK;

/* As bs_spawn, but becomes the program: returns only if that failed. what->fds and dirfd are not used. */
enum bs_code bs_become(const struct bs_spawn *what, struct bs_error *reterr) BS_MUST_CHECK;

#pragma GCC visibility pop

#endif
