/* mountpoint.c: the directory that is mounted over. */
#include "mountpoint.h"

#include <bus-secrets/mount_table.h>

#include <string.h>
#include <sys/stat.h>

/* Opened for reading only: the directory may be 0500. */
static enum bs_code check_empty(const char *dir, struct bs_error *reterr)
{
	BS_CLEANUP(bs_close_dir) DIR *stream = opendir(dir);

	if (!stream)
		return bs_error_sys(reterr, errno, "cannot read %s", dir);
	for (;;) {
		struct dirent *entry = readdir(stream);

		if (!entry)
			return BS_OK;
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			return bs_error_set(reterr, BS_POLICY,
				"%s is not empty: mount on an empty directory, or move what is in it away",
				dir);
	}
}

enum bs_code bs_mountpoint_look(const char *dir, enum bs_mountpoint_state *ret, struct bs_error *reterr)
{
	struct bs_mount_entry entry;
	struct stat st;

	bs_mount_table_find(dir, &entry);
	if (entry.is_found && !entry.is_ours)
		return bs_error_set(
			reterr, BS_POLICY, "%s is a mount point of type %s already", dir, entry.type);
	if (entry.is_found) {
		*ret = bs_mount_is_dead(dir) ? BS_MOUNTPOINT_DEAD : BS_MOUNTPOINT_ALIVE;
		return BS_OK;
	}
	if (lstat(dir, &st)) {
		if (errno != ENOENT)
			return bs_error_sys(reterr, errno, "cannot look at %s", dir);
		*ret = BS_MOUNTPOINT_MISSING;
		return BS_OK;
	}
	if (S_ISLNK(st.st_mode))
		return bs_error_set(
			reterr, BS_POLICY, "%s is a symbolic link: mount on the directory itself", dir);
	if (!S_ISDIR(st.st_mode))
		return bs_error_set(reterr, BS_POLICY, "%s is not a directory", dir);
	if (st.st_uid != geteuid())
		return bs_error_set(reterr, BS_POLICY, "%s belongs to another user (uid %lu)", dir,
			(unsigned long)st.st_uid);
	*ret = BS_MOUNTPOINT_FREE;
	return check_empty(dir, reterr);
}

/* path with everything of it that exists resolved, so that two names of one place compare equal. */
static char *resolve_existing(const char *path)
{
	BS_CLEANUP(bs_free_ptr) char *head = strdup(path);
	char *resolved = NULL;
	size_t len = head ? strlen(head) : 0;

	while (head && len > 0) {
		BS_CLEANUP(bs_free_ptr) char *real = realpath(head, NULL);

		if (real) {
			if (asprintf(&resolved, "%s%s", strcmp(real, "/") == 0 ? "" : real, path + len) < 0)
				return NULL;
			return resolved;
		}
		while (len > 0 && head[len - 1] != '/')
			len--;
		while (len > 0 && head[len - 1] == '/')
			len--;
		head[len] = '\0';
	}
	return strdup(path);
}

static bool is_beneath(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return strncmp(path, dir, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

static enum bs_code check_place(
	const char *dir, const char *place, bool is_store_dir, struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) char *real = place ? resolve_existing(place) : NULL;

	if (!real)
		return BS_OK;
	if (is_beneath(real, dir))
		return bs_error_set(reterr, BS_POLICY, "a mount on %s would hide %s", dir, real);
	if (is_store_dir && is_beneath(dir, real))
		return bs_error_set(
			reterr, BS_POLICY, "%s lies inside of %s, where values are stored", dir, real);
	return BS_OK;
}

static enum bs_code check_scope(
	const char *dir, struct bs_store *store, enum bs_scope scope, struct bs_error *reterr)
{
	struct bs_store_place place = {0};
	struct stat st;
	enum bs_code code = bs_store_get_place(store, scope, &place, NULL);

	if (code)
		return BS_OK; /* no workspace: no place to hide */
	code = check_place(dir, place.path, stat(place.path, &st) == 0 && S_ISDIR(st.st_mode), reterr);
	if (code == BS_OK && scope == BS_SCOPE_USER) {
		char *slash = strrchr(place.path, '/');

		if (slash && slash != place.path) {
			*slash = '\0';
			code = check_place(dir, place.path, true, reterr);
		}
	}
	bs_store_place_release(&place);
	return code;
}

enum bs_code bs_mountpoint_check_stores(
	const char *dir, const struct bs_env *env, struct bs_store *store, struct bs_error *reterr)
{
	enum bs_code code = check_place(dir, bs_env_keys_txt(env), false, reterr);

	if (code == BS_OK)
		code = check_place(dir, bs_env_state_dir(env), true, reterr);
	if (code == BS_OK)
		code = check_place(dir, bs_env_get(env, "SOPS_AGE_KEY_FILE"), false, reterr);
	for (int scope = 0; scope < BS_SCOPE_STORED && store && code == BS_OK; scope++)
		code = check_scope(dir, store, (enum bs_scope)scope, reterr);
	return code;
}

enum bs_code bs_mountpoint_make(const char *dir, struct bs_error *reterr)
{
	if (mkdir(dir, 0500))
		return bs_error_sys(reterr, errno, "cannot make %s", dir);
	return BS_OK;
}
