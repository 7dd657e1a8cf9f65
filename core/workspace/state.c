/* state.c: small files in the user's state directory. */
#include "workspace_private.h"

#include "../base/cstr.h"
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#define LOCK_WAIT_MS 10000
#define LOCK_STEP_MS 10

/* Every missing directory of the path, 0700. */
static enum bs_code make_path(const char *path, struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) char *copy = strdup(path);

	if (!copy)
		return bs_error_set(reterr, BS_NO_MEMORY, "out of memory for a path");
	for (char *at = strchr(copy + 1, '/');; at = strchr(at + 1, '/')) {
		if (at)
			*at = '\0';
		if (mkdir(copy, 0700) < 0 && errno != EEXIST)
			return bs_error_sys(reterr, errno, "cannot make %s", copy);
		if (!at)
			return BS_OK;
		*at = '/';
	}
}

enum bs_code bs_state_open(const struct bs_env *env, const char *below, bool make, int *ret_fd,
	struct bs_error *reterr)
{
	BS_CLEANUP(bs_close_fd) int fd = -1;
	BS_CLEANUP(bs_free_ptr) char *path = NULL;
	struct stat st;
	enum bs_code code = bs_cstr_format(&path, reterr, "%s%s%s", bs_env_state_dir(env), below ? "/" : "",
		below ? below : "");

	if (code)
		return code;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT && make) {
		code = make_path(path, reterr);
		if (code)
			return code;
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	}
	if (fd < 0 || fstat(fd, &st) < 0)
		return bs_error_sys(reterr, errno, "%s", path);
	if (st.st_uid != geteuid())
		return bs_error_set(reterr, BS_POLICY, "%s belongs to another user", path);
	/* What says which workspaces are trusted must not be writable by others. */
	if ((st.st_mode & 077) && fchmod(fd, 0700) < 0)
		return bs_error_sys(reterr, errno, "cannot close %s to others", path);
	*ret_fd = BS_TAKE_FD(fd);
	return BS_OK;
}

enum bs_code bs_state_read(int dirfd, const char *name, size_t max, char **ret, size_t *ret_len,
	struct bs_error *reterr)
{
	BS_CLEANUP(bs_close_fd) int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;

	*ret = NULL;
	*ret_len = 0;
	if (fd < 0 && errno == ENOENT)
		return BS_OK;
	if (fd < 0 || fstat(fd, &st) < 0)
		return bs_error_sys(reterr, errno, "state file %s", name);
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid())
		return bs_error_set(reterr, BS_POLICY, "state file %s is not a file of yours; remove it", name);
	return bs_cstr_read_fd(fd, max, name, ret, ret_len, reterr);
}

enum bs_code bs_state_write(int dirfd, const char *name, const char *text, size_t len, struct bs_error *reterr)
{
	BS_CLEANUP(bs_close_fd) int fd = -1;
	BS_CLEANUP(bs_free_ptr) char *part = NULL;
	enum bs_code code = bs_cstr_format(&part, reterr, ".part-%ld-%.64s", (long)gettid(), name);

	if (code)
		return code;
	(void)unlinkat(dirfd, part, 0);
	fd = openat(dirfd, part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return bs_error_sys(reterr, errno, "cannot write state file %s", name);
	code = bs_cstr_write_fd(fd, text, len, name, reterr);
	if (!code && renameat(dirfd, part, dirfd, name) < 0)
		code = bs_error_sys(reterr, errno, "cannot write state file %s", name);
	if (code)
		(void)unlinkat(dirfd, part, 0);
	return code;
}

enum bs_code bs_state_lock(int dirfd, struct bs_error *reterr)
{
	for (int waited = 0;; waited += LOCK_STEP_MS) {
		struct timespec step = {.tv_nsec = LOCK_STEP_MS * 1000000L};

		if (flock(dirfd, LOCK_EX | LOCK_NB) == 0)
			return BS_OK;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return bs_error_sys(reterr, errno, "cannot lock the state directory");
		if (waited >= LOCK_WAIT_MS)
			return bs_error_set(reterr, BS_BUSY, "the state directory stays locked by another program");
		(void)nanosleep(&step, NULL);
	}
}
