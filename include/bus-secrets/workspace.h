/*
 * workspace.h: the workspace of a call, its files, and the workspaces this user knows.
 *
 * Layer: include; implemented in core/workspace.
 *
 * A workspace is the nearest directory with a datapackage.json, upwards from the directory of the call; the search
 * stops above HOME, at a file-system boundary (unless BUS_DISCOVERY_ACROSS_FILESYSTEM is set) and at directories of
 * other owners (root's are allowed), unless the workspace was added by hand. Then the preference
 * `bus-secrets.workspace`. Files of a workspace that belong to another uid (not root) are refused with BS_POLICY
 * unless the workspace was added by hand, and nothing is opened that lies outside of it: links may not lead out.
 */
#ifndef BUS_SECRETS_WORKSPACE_H
#define BUS_SECRETS_WORKSPACE_H

#include <bus-secrets/config.h>

/* "<folded base name>-<6 hex digits>" and a NUL. */
#define BS_WORKSPACE_ID_MAX 160

struct bs_workspace;

#pragma GCC visibility push(default)

/*
 * The workspace that start (NULL: the call's directory, else the preference) lies in. BS_NO_WORKSPACE, BS_POLICY
 * (foreign owner).
 */
enum bs_code bs_workspace_find(const struct bs_env *env, const char *start, struct bs_workspace **ret,
	struct bs_error *reterr) BS_MUST_CHECK;
struct bs_workspace *bs_workspace_close(struct bs_workspace *ws);
/* Makes a datapackage.json holding {} in the call's directory if the call has no workspace yet. */
enum bs_code bs_workspace_init(const struct bs_env *env, struct bs_workspace **ret, bool *ret_was_made,
	struct bs_error *reterr) BS_MUST_CHECK;

const char *bs_workspace_path(const struct bs_workspace *ws); /* real path, absolute, borrowed */
int bs_workspace_dirfd(const struct bs_workspace *ws);        /* borrowed */
bool bs_workspace_is_consented(const struct bs_workspace *ws); /* added by hand */
/* Folded base name, '-', six hex digits of the SHA-256 of the real path. */
void bs_workspace_id(const struct bs_workspace *ws, char ret[static BS_WORKSPACE_ID_MAX]);

/*
 * Opens a file of the workspace for reading, relative to its directory, resolved beneath it, regular, of the right
 * owner. BS_NOT_FOUND, BS_POLICY (another user's; or, with sys_errno EXDEV, a link that leads out or nowhere),
 * BS_PERMISSION, BS_MALFORMED (not a regular file).
 */
enum bs_code bs_workspace_open_file(const struct bs_workspace *ws, const char *relative, int *ret_fd,
	struct bs_error *reterr) BS_MUST_CHECK;
/* Its text, at most max bytes, NUL-terminated on the heap. Ciphertext and settings only. */
enum bs_code bs_workspace_read_file(const struct bs_workspace *ws, const char *relative, size_t max, char **ret,
	size_t *ret_len, struct bs_error *reterr) BS_MUST_CHECK;

/*
 * The known workspaces, kept in the state directory: `workspace add` (by hand: that is also the consent to files of
 * other owners) and `set --scope repo` (not by hand; done silently, and without where the state is unwritable).
 */
enum bs_code bs_workspaces_add(const struct bs_env *env, const char *dir, bool by_hand, char **ret_path,
	struct bs_error *reterr) BS_MUST_CHECK;
/* BS_NOT_FOUND if it was not known. */
enum bs_code bs_workspaces_remove(const struct bs_env *env, const char *dir, char **ret_path, struct bs_error *reterr)
	BS_MUST_CHECK;
/* Real paths, sorted. */
enum bs_code bs_workspaces_list(const struct bs_env *env, struct bs_strings *ret, struct bs_error *reterr)
	BS_MUST_CHECK;

#pragma GCC visibility pop

static inline void bs_workspace_close_ptr(struct bs_workspace **p)
{
	*p = bs_workspace_close(*p);
}

#endif
