/*
 * fs.h: the worker's world: one struct that every callback gets, and who may touch what of it.
 *
 * Layer: fs. Everything here belongs to the reader thread, but for the notifier and the log, which have locks
 * of their own. Secret bytes are in struct bs_secret and struct bs_secret_buf alone; the rest is names and
 * numbers.
 */
#ifndef BS_FS_FS_H
#define BS_FS_FS_H

#define FUSE_USE_VERSION 312

#include "options.h"

#include <bus-secrets/store.h>
#include <fuse_lowlevel.h>

/* A write(2) of a program arrives in pieces of at most this size; a request is that and its header. */
#define BS_MAX_WRITE ((size_t)64 * 1024)
#define BS_REQUEST_MAX (BS_MAX_WRITE + 4096)

struct bs_nodes;
struct bs_handles;
struct bs_scratches;
struct bs_notifier;

/* What is known of a scope without a key. */
struct bs_view {
	struct bs_store_list list;
	uint64_t stamp;
	bool was_listed;
	bool is_there; /* false: repo without a workspace */
	bool is_writable;
	struct timespec changed; /* when we saw it change: the directory's time */
};

struct bs_fs {
	struct bs_mount_options options;
	struct bs_env *env;
	struct bs_workspace *ws; /* NULL: none */
	struct bs_keys *keys;
	struct bs_store *store;
	struct bs_view views[BS_SCOPE_STORED];
	struct bs_nodes *nodes;
	struct bs_handles *handles;
	struct bs_scratches *scratches;
	struct bs_notifier *notifier;
	struct timespec keys_forgotten; /* monotonic */
	bool was_initialised; /* the kernel's INIT was answered */
	uid_t uid;
	gid_t gid;
};

#endif
