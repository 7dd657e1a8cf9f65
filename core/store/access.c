/*
 * access.c: rights, room and stamps of the stored files, told from stat alone.
 *
 * Layer: core/store.
 */
#include "store_private.h"
#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>

/*
 * The directory that a path stands in, following a link as the replacing does; on the heap, NULL without
 * memory.
 */
static char *dir_of(const char *path)
{
	char *real = realpath(path, NULL);
	char *dir = real ? real : strdup(path);
	char *slash = dir ? strrchr(dir, '/') : NULL;

	if (!slash) {
		free(dir);
		return NULL;
	}
	slash[slash == dir ? 1 : 0] = '\0';
	return dir;
}

/* The nearest directory upwards that exists, in place: missing ones are made by a write. */
static void climb_to_existing(char *dir)
{
	while (access(dir, F_OK) && errno == ENOENT) {
		char *slash = strrchr(dir, '/');

		if (!slash)
			return;
		slash[slash == dir ? 1 : 0] = '\0';
		if (slash == dir)
			return;
	}
}

/*
 * What its owner made read-only stays as it is, for root too: files are replaced through their directory, so
 * nothing else would stop us, and the mount shows such a file as read-only.
 */
static bool is_closed(const struct stat *st, const char *path, int how)
{
	uid_t me = geteuid();

	return (!(st->st_mode & S_IWUSR) && (me == 0 || me == st->st_uid)) ||
	       faccessat(AT_FDCWD, path, how, AT_EACCESS) != 0;
}

enum bs_code bs_access_check(const char *path, const char *shown, struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) char *dir = dir_of(path);
	struct stat st;

	if (stat(path, &st) == 0) {
		if (is_closed(&st, path, S_ISDIR(st.st_mode) ? W_OK | X_OK : W_OK))
			return bs_error_set(
				reterr, BS_READ_ONLY, "%s is read-only: chmod u+w makes it writable", shown);
		if (S_ISDIR(st.st_mode))
			return BS_OK;
	} else if (errno != ENOENT) {
		return bs_error_sys(reterr, errno, "cannot look at %s", shown);
	}
	if (!dir)
		return bs_error_set(reterr, BS_IO, "cannot tell the directory of %s", shown);
	climb_to_existing(dir);
	if (stat(dir, &st))
		return bs_error_sys(reterr, errno, "cannot look at directory %s", dir);
	if (is_closed(&st, dir, W_OK | X_OK))
		return bs_error_set(reterr, BS_READ_ONLY,
			"%s cannot be replaced: its directory %s is not writable", shown, dir);
	return BS_OK;
}

bool bs_access_is_writable(const char *path)
{
	return bs_access_check(path, path, NULL) == BS_OK;
}

/* A replaced file stands beside its old self for a moment, so the whole text has to fit once more. */
enum bs_code bs_access_room(const char *path, const char *shown, uint64_t more, struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) char *dir = dir_of(path);
	struct statvfs fs;
	struct stat st;
	uint64_t want = more;

	if (!dir)
		return BS_OK;
	climb_to_existing(dir);
	if (stat(path, &st) == 0 && S_ISREG(st.st_mode))
		want += (uint64_t)st.st_size;
	if (statvfs(dir, &fs) || fs.f_blocks == 0)
		return BS_OK;
	if ((uint64_t)fs.f_bavail <= want / (fs.f_frsize ? fs.f_frsize : 1) ||
		(fs.f_files && fs.f_favail == 0))
		return bs_error_set(reterr, BS_NO_SPACE, "no space left to replace %s", shown);
	return BS_OK;
}

/* FNV-1a: no secrets, nobody to defend against; only a change has to show. */
uint64_t bs_hash64(const void *bytes, size_t len, uint64_t seed)
{
	const unsigned char *p = bytes;
	uint64_t h = seed ^ 0xcbf29ce484222325u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * 0x100000001b3u;
	return h;
}

uint64_t bs_access_stamp(int dirfd, const char *path, uint64_t seed)
{
	struct stat st;
	uint64_t parts[9] = {0};

	if (fstatat(dirfd, path, &st, 0)) {
		parts[0] = (uint64_t)errno;
	} else {
		parts[1] = (uint64_t)st.st_dev;
		parts[2] = (uint64_t)st.st_ino;
		parts[3] = (uint64_t)st.st_size;
		parts[4] = (uint64_t)st.st_mtim.tv_sec;
		parts[5] = (uint64_t)st.st_mtim.tv_nsec;
		parts[6] = (uint64_t)st.st_ctim.tv_sec;
		parts[7] = (uint64_t)st.st_ctim.tv_nsec;
		parts[8] = (uint64_t)st.st_mode << 32 | st.st_uid;
	}
	return bs_hash64(parts, sizeof(parts), seed);
}

const char *bs_access_shown(const struct bs_store *store, const char *path)
{
	const char *root = store->ws ? bs_workspace_path(store->ws) : NULL;
	size_t len = root ? strlen(root) : 0;

	if (len && strncmp(path, root, len) == 0 && path[len] == '/' && path[len + 1])
		return path + len + 1;
	return path;
}
