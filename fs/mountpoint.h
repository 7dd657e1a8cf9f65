/*
 * mountpoint.h: where a mount goes: the directory, what stands in its way, and the kernel's table of mounts.
 *
 * Layer: fs. Everything here happens before anything is unlocked.
 */
#ifndef BS_FS_MOUNTPOINT_H
#define BS_FS_MOUNTPOINT_H

#include <bus-secrets/store.h>

/* The type in the kernel's table of mounts: "fuse" and our subtype. */
#define BS_MOUNT_TYPE "fuse.bus-secrets"
#define BS_MOUNT_SUBTYPE "bus-secrets"

struct bs_mount_entry {
	bool is_found;
	bool is_ours;  /* of our type */
	char dev[24];  /* "major:minor" */
	char type[64];
};

/* The topmost mount on dir. A table that cannot be read has nothing in it. */
void bs_mount_table_find(const char *dir, struct bs_mount_entry *ret);

enum bs_mountpoint_state {
	BS_MOUNTPOINT_MISSING,
	BS_MOUNTPOINT_FREE,  /* an empty directory of ours */
	BS_MOUNTPOINT_ALIVE, /* a mount of our type that answers */
	BS_MOUNTPOINT_DEAD,  /* one whose daemon is gone: ENOTCONN */
};

/*
 * The absolute path that operand (NULL: ~/.bus-secrets) means, links in the directories above it resolved, the last
 * component taken as it is. *ret is on the heap.
 */
enum bs_code bs_mountpoint_resolve(const struct bs_env *env, const char *operand, char **ret, struct bs_error *reterr)
	BS_MUST_CHECK;
/* BS_POLICY, naming why, for a directory that must not be mounted over. */
enum bs_code bs_mountpoint_look(const char *dir, enum bs_mountpoint_state *ret, struct bs_error *reterr) BS_MUST_CHECK;
/* BS_POLICY if a mount on dir would hide a store or the keys, or lie inside a store. store may be NULL. */
enum bs_code bs_mountpoint_check_stores(const char *dir, const struct bs_env *env, struct bs_store *store,
	struct bs_error *reterr) BS_MUST_CHECK;
/* Makes it, 0500, so that nothing can land in it in clear while it is not mounted. */
enum bs_code bs_mountpoint_make(const char *dir, struct bs_error *reterr) BS_MUST_CHECK;

#endif
