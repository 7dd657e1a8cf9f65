/*
 * mountpoint.h: where a mount goes: the directory, and what stands in its way.
 *
 * Layer: fs. Everything here happens before anything is unlocked.
 */
#ifndef BS_FS_MOUNTPOINT_H
#define BS_FS_MOUNTPOINT_H

#include <bus-secrets/store.h>

enum bs_mountpoint_state {
	BS_MOUNTPOINT_MISSING,
	BS_MOUNTPOINT_FREE, /* an empty directory of ours */
	BS_MOUNTPOINT_ALIVE, /* a mount of our type that answers */
	BS_MOUNTPOINT_DEAD, /* one whose daemon is gone: ENOTCONN */
};

/* BS_POLICY, naming why, for a directory that must not be mounted over. */
enum bs_code bs_mountpoint_look(
	const char *dir, enum bs_mountpoint_state *ret, struct bs_error *reterr) BS_MUST_CHECK;
/* BS_POLICY if a mount on dir would hide a store or the keys, or lie inside a store. store may be NULL. */
enum bs_code bs_mountpoint_check_stores(const char *dir, const struct bs_env *env, struct bs_store *store,
	struct bs_error *reterr) BS_MUST_CHECK;
/* Makes it, 0500, so that nothing can land in it in clear while it is not mounted. */
enum bs_code bs_mountpoint_make(const char *dir, struct bs_error *reterr) BS_MUST_CHECK;

#endif
