/* files.c: reading files of a workspace, never anything outside of it. */
#include "workspace_private.h"

#include "../base/cstr.h"
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define READ_FLAGS (O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)

static int open_beneath(int dirfd, const char *relative)
{
	struct open_how how = {
		.flags = READ_FLAGS,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	int fd = -1;

	/* EAGAIN: a rename elsewhere made the kernel unsure; bounded, as its manual page asks. */
	for (int i = 0; i < 16; i++) {
		fd = (int)syscall(SYS_openat2, dirfd, relative, &how, sizeof(how));
		if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
			break;
	}
	return fd;
}

/* Opens dir/rest component by component, following no link. */
static int walk(int dirfd, char *rest)
{
	BS_CLEANUP(bs_close_fd) int at = fcntl(dirfd, F_DUPFD_CLOEXEC, 3);
	char *save = NULL;
	char *name = strtok_r(rest, "/", &save);

	while (at >= 0 && name) {
		char *next = strtok_r(NULL, "/", &save);
		int flags = next ? O_PATH | O_DIRECTORY | O_CLOEXEC : READ_FLAGS;
		int fd = openat(at, name, flags | O_NOFOLLOW);

		bs_close_fd(&at);
		at = fd;
		name = next;
	}
	return BS_TAKE_FD(at);
}

/*
 * Where the kernel has no openat2(2), or a sandbox refuses it: links are resolved by name, the result must lie in the
 * workspace, and is then opened without following any link, so that an exchange meanwhile ends in ELOOP.
 */
static int open_beneath_by_walking(const struct bs_workspace *ws, const char *relative)
{
	BS_CLEANUP(bs_free_ptr) char *path = NULL;
	BS_CLEANUP(bs_free_ptr) char *real = NULL;
	size_t len = strlen(ws->path);

	if (bs_cstr_format(&path, NULL, "%s/%s", ws->path, relative)) {
		errno = ENOMEM;
		return -1;
	}
	real = realpath(path, NULL);
	if (!real)
		return -1;
	if (len == 1)
		len = 0;
	if (strncmp(real, ws->path, len) != 0 || real[len] != '/') {
		errno = EXDEV;
		return -1;
	}
	return walk(ws->dirfd, real + len);
}

/* Whether a file is missing because a link on its way leads nowhere: then somebody meant it to be there. */
static bool has_dangling_link(int dirfd, const char *relative)
{
	BS_CLEANUP(bs_free_ptr) char *path = strdup(relative);
	struct stat st;

	for (char *at = path; at;) {
		at = strchr(at, '/');
		if (at)
			*at = '\0';
		if (fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode) &&
			fstatat(dirfd, path, &st, 0) < 0)
			return true;
		if (at)
			*at++ = '/';
	}
	return false;
}

static enum bs_code refuse_link(const char *relative, const char *how, struct bs_error *reterr)
{
	enum bs_code code = bs_error_set(reterr, BS_POLICY, "%s leads %s by a link", relative, how);

	if (reterr)
		reterr->sys_errno = EXDEV;
	return code;
}

enum bs_code bs_workspace_open_file(const struct bs_workspace *ws, const char *relative, int *ret_fd,
	struct bs_error *reterr)
{
	BS_CLEANUP(bs_close_fd) int fd = open_beneath(ws->dirfd, relative);
	struct stat st;

	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		fd = open_beneath_by_walking(ws, relative);
	if (fd < 0 && (errno == EXDEV || errno == ELOOP))
		return refuse_link(relative, "out of the workspace", reterr);
	if (fd < 0 && errno == ENOENT) {
		if (has_dangling_link(ws->dirfd, relative))
			return refuse_link(relative, "nowhere", reterr);
		errno = ENOENT;
	}
	if (fd < 0 || fstat(fd, &st) < 0)
		return bs_error_sys(reterr, errno, "%s", relative);
	if (!S_ISREG(st.st_mode))
		return bs_error_set(reterr, BS_MALFORMED, "%s is not a regular file", relative);
	if (!ws->is_consented && !bs_owner_is_trusted(st.st_uid))
		return bs_error_set(reterr, BS_POLICY,
			"%s belongs to another user (uid %ju); `bus-secrets workspace add` if you trust it", relative,
			(uintmax_t)st.st_uid);
	*ret_fd = BS_TAKE_FD(fd);
	return BS_OK;
}

enum bs_code bs_workspace_read_file(const struct bs_workspace *ws, const char *relative, size_t max, char **ret,
	size_t *ret_len, struct bs_error *reterr)
{
	BS_CLEANUP(bs_close_fd) int fd = -1;
	enum bs_code code = bs_workspace_open_file(ws, relative, &fd, reterr);

	return code ? code : bs_cstr_read_fd(fd, max, relative, ret, ret_len, reterr);
}
