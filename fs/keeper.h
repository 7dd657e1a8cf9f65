/*
 * keeper.h: the process that makes the connection to the kernel, starts the worker on it, and cleans up after
 * it.
 *
 * Layer: fs. It parses no stored value and, once the worker runs, holds no key.
 */
#ifndef BS_FS_KEEPER_H
#define BS_FS_KEEPER_H

#include <stdbool.h>
#include <stddef.h>

struct bs_keeper_start {
	const char *program; /* our own executable */
	char *const *envp; /* of bs_environ_keep() */
	const char *operand; /* DIR, or NULL */
	const char *options; /* mount options as given, "" if none */
	const char *chdir; /* -C, or NULL */
	bool is_foreground;
	bool is_json;
	int told_fd; /* where the exit status of the start goes, one byte; -1: nowhere */
};

/* Serves until the mount is gone; the exit status. Everything is said on standard output and error. */
int bs_keeper_run(const struct bs_keeper_start *start);

#endif
