/*
 * mount_table.h: the kernel's table of mounts, and taking one of ours out of it.
 *
 * Layer: include; implemented in core/base, without FUSE: for the daemon and for the command `umount`.
 */
#ifndef BUS_SECRETS_MOUNT_TABLE_H
#define BUS_SECRETS_MOUNT_TABLE_H

#include <bus-secrets/cleanup.h>
#include <bus-secrets/error.h>

/* The source and subtype of our mounts, and the type they have in the table. */
#define BS_MOUNT_SUBTYPE "bus-secrets"
#define BS_MOUNT_TYPE "fuse." BS_MOUNT_SUBTYPE

struct bs_mount_entry {
	bool is_found;
	bool is_ours; /* of our type */
	char dev[24]; /* "major:minor" */
	char type[64];
};

#pragma GCC visibility push(default)

/*
 * The absolute path that operand (NULL: .bus-secrets in home) means from cwd: links in the directories above
 * it resolved, the last component taken as it is, for a dead mount must not be touched. *ret is on the heap.
 * BS_USAGE for what can be no mount point.
 */
enum bs_code bs_mount_resolve(const char *home, const char *cwd, const char *operand, char **ret,
	struct bs_error *reterr) BS_MUST_CHECK;

/* The topmost mount on dir. A table that cannot be read has nothing in it. */
void bs_mount_table_find(const char *dir, struct bs_mount_entry *ret);

/* A mount of ours whose daemon is gone. Asks the mount itself, and so waits for a daemon that is there. */
bool bs_mount_is_dead(const char *dir);

/*
 * Takes the mount off dir: by umount2(2), or by fusermount3 where a path of that is given. Lazily: at once,
 * whatever uses it. BS_BUSY if something uses it, BS_PERMISSION.
 */
enum bs_code bs_mount_detach(
	const char *fusermount, const char *dir, bool is_lazy, struct bs_error *reterr) BS_MUST_CHECK;

/*
 * Starts fusermount3 with nothing of our environment; comm (-1: none) is where a connection comes back
 * through.
 */
enum bs_code bs_mount_fusermount(
	const char *const *argv, int comm, pid_t *ret, struct bs_error *reterr) BS_MUST_CHECK;
/* Waits for it; true if it ended with 0. */
bool bs_mount_fusermount_ended(pid_t pid);

#pragma GCC visibility pop

#endif
