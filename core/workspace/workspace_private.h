/*
 * workspace_private.h: a workspace, the known ones, and the state directory, as core/workspace sees them.
 *
 * Layer: core/workspace.
 */
#ifndef BS_WORKSPACE_PRIVATE_H
#define BS_WORKSPACE_PRIVATE_H

#include <bus-secrets/workspace.h>

struct bs_workspace {
	char *path; /* real path */
	int dirfd;
	bool is_consented;
};

#define BS_DATAPACKAGE "datapackage.json"

/* One known workspace. */
struct bs_known {
	char *path;
	bool by_hand;
};

struct bs_known_list {
	struct bs_known *items;
	size_t count;
};

/* A missing or unreadable state gives an empty list. */
enum bs_code bs_known_read(const struct bs_env *env, struct bs_known_list *ret, struct bs_error *reterr) BS_MUST_CHECK;
void bs_known_release(struct bs_known_list *list);
/* True if the directory is one that was added by hand, or lies in one. */
bool bs_known_consents(const struct bs_known_list *list, const char *path);

/* True for files and directories that may be used without consent: our own and root's. */
bool bs_owner_is_trusted(uid_t uid);

/*
 * The nearest directory with a datapackage.json from a real path upwards; *ret stays NULL if there is none. With
 * known NULL owners are not looked at. BS_POLICY for one that belongs to somebody else.
 */
enum bs_code bs_discover(const struct bs_env *env, const char *start, const struct bs_known_list *known, char **ret,
	struct bs_error *reterr) BS_MUST_CHECK;

/* The state directory, made with mode 0700 if missing and `make`; it must be ours. *ret_fd is the caller's. */
enum bs_code bs_state_open(const struct bs_env *env, const char *below, bool make, int *ret_fd,
	struct bs_error *reterr) BS_MUST_CHECK;
/* A small file there; *ret is NULL if it does not exist. */
enum bs_code bs_state_read(int dirfd, const char *name, size_t max, char **ret, size_t *ret_len,
	struct bs_error *reterr) BS_MUST_CHECK;
/* Replaces it by a rename: readers see the old or the new text. */
enum bs_code bs_state_write(int dirfd, const char *name, const char *text, size_t len, struct bs_error *reterr)
	BS_MUST_CHECK;
/* The writers' lock on the directory, waited for at most 10 s; released by closing dirfd. */
enum bs_code bs_state_lock(int dirfd, struct bs_error *reterr) BS_MUST_CHECK;

#endif
