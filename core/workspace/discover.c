/* discover.c: the workspace of a call. */
#include "workspace_private.h"

#include "../base/cstr.h"
#include <bus-secrets/harden.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* A path has at most PATH_MAX / 2 components; the loop ends at "/" anyway. */
#define MAX_LEVELS 2048

bool bs_owner_is_trusted(uid_t uid)
{
	return uid == geteuid() || uid == 0;
}

static bool may_cross_filesystems(const struct bs_env *env)
{
	const char *value = bs_env_get(env, "BUS_DISCOVERY_ACROSS_FILESYSTEM");

	return value && *value && strcmp(value, "0") != 0 && strcmp(value, "false") != 0;
}

/* Whether the directory has a datapackage.json, and whose it is; a dangling link counts as one. */
static bool has_datapackage(const char *dir, struct stat *ret)
{
	BS_CLEANUP(bs_free_ptr) char *path = NULL;

	if (bs_cstr_format(&path, NULL, "%s/%s", dir, BS_DATAPACKAGE))
		return false;
	return lstat(path, ret) == 0 && !S_ISDIR(ret->st_mode);
}

static enum bs_code foreign(struct bs_error *reterr, const char *dir, const char *what, uid_t uid)
{
	return bs_error_set(reterr, BS_POLICY,
		"%s%s%s belongs to another user (uid %ju); `bus-secrets workspace add %s` if you trust it", dir,
		*what ? "/" : "", what, (uintmax_t)uid, dir);
}

/* Cuts the last component off; false at "/". */
static bool to_parent(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash || path[1] == '\0')
		return false;
	slash[slash == path] = '\0';
	return true;
}

enum bs_code bs_discover(const struct bs_env *env, const char *start, const struct bs_known_list *known, char **ret,
	struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) char *dir = strdup(start);
	bool crosses = may_cross_filesystems(env);
	struct stat home = {0};
	struct stat file;
	struct stat st;
	dev_t device = 0;

	if (!dir)
		return bs_error_set(reterr, BS_NO_MEMORY, "out of memory for a path");
	bool has_home = stat(bs_env_home(env), &home) == 0;

	for (int level = 0; level < MAX_LEVELS; level++) {
		if (stat(dir, &st) < 0)
			return bs_error_sys(reterr, errno, "%s", dir);
		if (level && st.st_dev != device && !crosses)
			return BS_OK;
		device = st.st_dev;

		bool is_consented = !known || bs_known_consents(known, dir);
		bool is_found = has_datapackage(dir, &file);

		if (!is_consented && !bs_owner_is_trusted(st.st_uid))
			return is_found ? foreign(reterr, dir, "", st.st_uid) : BS_OK;
		if (is_found && !is_consented && !bs_owner_is_trusted(file.st_uid))
			return foreign(reterr, dir, BS_DATAPACKAGE, file.st_uid);
		if (is_found) {
			*ret = BS_TAKE(dir);
			return BS_OK;
		}
		if (has_home && st.st_dev == home.st_dev && st.st_ino == home.st_ino)
			return BS_OK;
		if (!to_parent(dir))
			return BS_OK;
	}
	return BS_OK;
}

/* The directory that the preference names, which must itself be a workspace. */
static enum bs_code preferred(const struct bs_env *env, const struct bs_known_list *known, char **ret,
	struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) char *value = NULL;
	BS_CLEANUP(bs_free_ptr) char *path = NULL;
	BS_CLEANUP(bs_free_ptr) char *real = NULL;
	struct stat file;
	struct stat st;
	enum bs_code code = bs_env_preference(env, "bus-secrets.workspace", &value, reterr);

	if (code || !value || !*value)
		return code;
	if (value[0] == '~' && value[1] == '/')
		code = bs_cstr_format(&path, reterr, "%s/%s", bs_env_home(env), value + 2);
	else
		code = bs_cstr_format(&path, reterr, "%s", value);
	if (code)
		return code;
	real = path[0] == '/' ? realpath(path, NULL) : NULL;
	if (!real || stat(real, &st) < 0 || !has_datapackage(real, &file))
		return bs_error_set(reterr, BS_NO_WORKSPACE,
			"preference bus-secrets.workspace: %s is not a directory with a " BS_DATAPACKAGE, value);
	if (!bs_known_consents(known, real) && !bs_owner_is_trusted(st.st_uid))
		return foreign(reterr, real, "", st.st_uid);
	if (!bs_known_consents(known, real) && !bs_owner_is_trusted(file.st_uid))
		return foreign(reterr, real, BS_DATAPACKAGE, file.st_uid);
	*ret = BS_TAKE(real);
	return BS_OK;
}

static enum bs_code open_at(char *path, const struct bs_known_list *known, struct bs_workspace **ret,
	struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) char *owned = path;
	BS_CLEANUP(bs_workspace_close_ptr) struct bs_workspace *ws = calloc(1, sizeof(*ws));
	struct stat st;

	if (!ws)
		return bs_error_set(reterr, BS_NO_MEMORY, "out of memory for the workspace");
	ws->dirfd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (ws->dirfd < 0 || fstat(ws->dirfd, &st) < 0)
		return bs_error_sys(reterr, errno, "workspace %s", path);
	ws->is_consented = bs_known_consents(known, path);
	/* Once more on what is open now: it may have been exchanged meanwhile. */
	if (!ws->is_consented && !bs_owner_is_trusted(st.st_uid))
		return foreign(reterr, path, "", st.st_uid);
	ws->path = BS_TAKE(owned);
	*ret = BS_TAKE(ws);
	return BS_OK;
}

enum bs_code bs_workspace_find(const struct bs_env *env, const char *start, struct bs_workspace **ret,
	struct bs_error *reterr)
{
	BS_CLEANUP(bs_known_release) struct bs_known_list known = {0};
	BS_CLEANUP(bs_free_ptr) char *real = NULL;
	BS_CLEANUP(bs_free_ptr) char *path = NULL;
	enum bs_code code = bs_known_read(env, &known, reterr);

	if (code)
		return code;
	real = realpath(start ? start : bs_env_cwd(env), NULL);
	if (!real)
		return bs_error_sys(reterr, errno, "%s", start ? start : bs_env_cwd(env));
	code = bs_discover(env, real, &known, &path, reterr);
	if (!code && !path && !start)
		code = preferred(env, &known, &path, reterr);
	if (code)
		return code;
	if (!path)
		return bs_error_set(reterr, BS_NO_WORKSPACE, "no workspace here: bus-secrets init --repo makes one");
	return open_at(BS_TAKE(path), &known, ret, reterr);
}

struct bs_workspace *bs_workspace_close(struct bs_workspace *ws)
{
	if (!ws)
		return NULL;
	free(ws->path);
	bs_close_fd(&ws->dirfd);
	free(ws);
	return NULL;
}

/*
 * An empty datapackage.json, whole or not at all: written aside, then linked to its name if that is still free. A
 * project's file like others, hence with the mode that an editor would give it.
 */
static enum bs_code make_datapackage(const char *dir, struct bs_error *reterr)
{
	static const char text[] = "{}\n";
	BS_CLEANUP(bs_close_fd) int dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	BS_CLEANUP(bs_close_fd) int fd = -1;
	BS_CLEANUP(bs_free_ptr) char *part = NULL;
	struct stat st;
	enum bs_code code = bs_cstr_format(&part, reterr, "." BS_DATAPACKAGE ".bus-part-%ld", (long)getpid());

	if (code)
		return code;
	if (dirfd < 0 || fstat(dirfd, &st) < 0)
		return bs_error_sys(reterr, errno, "%s", dir);
	if (!bs_owner_is_trusted(st.st_uid))
		return foreign(reterr, dir, "", st.st_uid);
	fd = openat(dirfd, part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return bs_error_sys(reterr, errno, "cannot make %s/%s", dir, BS_DATAPACKAGE);
	code = bs_cstr_write_fd(fd, text, sizeof(text) - 1, BS_DATAPACKAGE, reterr);
	if (!code && (fchmod(fd, 0666 & ~bs_caller_umask()) < 0 || fsync(fd) < 0))
		code = bs_error_sys(reterr, errno, "cannot write %s/%s", dir, BS_DATAPACKAGE);
	if (!code && linkat(dirfd, part, dirfd, BS_DATAPACKAGE, 0) < 0 && errno != EEXIST)
		code = bs_error_sys(reterr, errno, "cannot make %s/%s", dir, BS_DATAPACKAGE);
	(void)unlinkat(dirfd, part, 0);
	if (!code)
		(void)fsync(dirfd);
	return code;
}

enum bs_code bs_workspace_init(const struct bs_env *env, struct bs_workspace **ret, bool *ret_was_made,
	struct bs_error *reterr)
{
	struct bs_error inner = {0};
	enum bs_code code = bs_workspace_find(env, NULL, ret, &inner);

	*ret_was_made = false;
	if (code != BS_NO_WORKSPACE) {
		if (code && reterr)
			*reterr = inner;
		return code;
	}
	code = make_datapackage(bs_env_cwd(env), reterr);
	if (code)
		return code;
	*ret_was_made = true;
	return bs_workspace_find(env, bs_env_cwd(env), ret, reterr);
}

const char *bs_workspace_path(const struct bs_workspace *ws)
{
	return ws->path;
}

int bs_workspace_dirfd(const struct bs_workspace *ws)
{
	return ws->dirfd;
}

bool bs_workspace_is_consented(const struct bs_workspace *ws)
{
	return ws->is_consented;
}
