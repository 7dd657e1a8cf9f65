/*
 * connect.h: the connection to the kernel: made and ended by the parent of the worker, which may not do
 * either.
 *
 * Layer: fs. As root by mount(2) on our own descriptor of /dev/fuse, else through the setuid fusermount3.
 */
#ifndef BS_FS_CONNECT_H
#define BS_FS_CONNECT_H

#include "options.h"

#include <bus-secrets/workspace.h>

/* How mounts are made here. Release with bs_connector_release(). */
struct bs_connector {
	bool is_root;
	char *fusermount; /* path; NULL as root */
};

/*
 * BS_UNSUPPORTED, with the remedy, where /dev/fuse or fusermount3 are missing or closed to us. ws is the workspace of
 * the call or NULL: a fusermount3 in it is none.
 */
enum bs_code bs_connector_init(struct bs_connector *ret, const struct bs_env *env, const struct bs_workspace *ws,
	struct bs_error *reterr) BS_MUST_CHECK;
void bs_connector_release(struct bs_connector *connector);

/* Mounts on dir, private to this user, nosuid, nodev and noexec. *ret_fd is the connection. */
enum bs_code bs_connect(const struct bs_connector *connector, const char *dir,
	const struct bs_mount_options *options, int *ret_fd, struct bs_error *reterr) BS_MUST_CHECK;
/* Takes the mount off dir at once, whatever uses it. */
enum bs_code bs_disconnect(
	const struct bs_connector *connector, const char *dir, struct bs_error *reterr) BS_MUST_CHECK;

#endif
