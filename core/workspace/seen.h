/*
 * seen.h: what this user has seen of stored documents (design, section 5). No values, no keys.
 *
 * Layer: core/workspace; used by core/store.
 *
 * One small file per document in the state directory: scope and place, name, hash of the MAC, lastmodified, git HEAD.
 * An unwritable state is done without (an INFO notice).
 */
#ifndef BS_SEEN_H
#define BS_SEEN_H

#include <bus-secrets/workspace.h>

enum bs_seen_verdict {
	BS_SEEN_FINE,          /* new to us, or as before, or newer */
	BS_SEEN_BACK_IN_TIME,  /* older than what was seen, and git HEAD is the same (or there is no git) */
	BS_SEEN_OTHER_NAME,    /* this very document was seen under another name of the place */
};

struct bs_seen_mark {
	const char *place; /* real path of preferences.json or of the workspace */
	const char *git_dir; /* workspace directory for HEAD, or NULL */
	const char *name;
	const char *mac_hash; /* hex */
	const char *lastmodified;
};

/* Compares with what was seen; *ret_other (may be NULL) gets the other name, on the heap. Writes nothing. */
enum bs_seen_verdict bs_seen_check(const struct bs_env *env, const struct bs_seen_mark *mark, char **ret_other);
/* Remembers; is_ours: written by this call, so the old state no longer counts. Cheap when nothing is new. */
void bs_seen_note(const struct bs_env *env, const struct bs_seen_mark *mark, bool is_ours);
void bs_seen_forget(const struct bs_env *env, const char *place, const char *name);

#endif
