/*
 * worker.h: the process that serves the mount.
 *
 * Layer: fs. Started by its parent, the keeper, with the connection to the kernel already made. It may not
 * mount, unmount or gain privileges; when it ends its parent takes the mount away.
 */
#ifndef BS_FS_WORKER_H
#define BS_FS_WORKER_H

#include "options.h"

/* The descriptors that it is started with. */
enum {
	BS_WORKER_FUSE = 3, /* the connection */
	BS_WORKER_READY = 4, /* where struct bs_worker_ready goes once it serves */
	BS_WORKER_RECORD = 5, /* the locked record of the mount: held, not used */
	BS_WORKER_FDS,
};

struct bs_worker_ready {
	int32_t user_count;
	int32_t repo_count; /* -1: no workspace */
	int32_t has_keys; /* an identity is there, or a command that gives one */
};

struct bs_worker_start {
	const char *options; /* mount options */
	const char *chdir; /* -C, or NULL */
	const char *log; /* path, or NULL: standard error */
};

/*
 * Serves until the mount is gone or a signal ends it; the process's exit status. Failures are told on stderr.
 */
int bs_worker_run(const struct bs_worker_start *start);

#endif
