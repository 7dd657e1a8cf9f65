/* connect.c: mount(2), or fusermount3 and the descriptor it sends back. */
#include "connect.h"

#include <bus-secrets/mount_table.h>

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define DEVICE "/dev/fuse"

static enum bs_code explain_device(int err, struct bs_error *reterr)
{
	switch (err) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
		return bs_error_set(reterr, BS_UNSUPPORTED,
			DEVICE " is missing: load the module (modprobe fuse); in a container, start it with "
			       "--device " DEVICE);
	case EACCES:
		return bs_error_set(reterr, BS_UNSUPPORTED,
			DEVICE " is closed to you: an administrator can open it with 'chmod 666 " DEVICE "'");
	case EPERM:
		return bs_error_set(reterr, BS_UNSUPPORTED,
			DEVICE " is forbidden here: start the container with --device " DEVICE);
	default:
		return bs_error_sys(reterr, err, "cannot open " DEVICE);
	}
}

static enum bs_code open_device(int *ret_fd, struct bs_error *reterr)
{
	int fd = open(DEVICE, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return explain_device(errno, reterr);
	*ret_fd = fd;
	return BS_OK;
}

enum bs_code bs_connector_init(struct bs_connector *ret, const struct bs_env *env, const struct bs_workspace *ws,
	struct bs_error *reterr)
{
	BS_CLEANUP(bs_close_fd) int fd = -1;
	const char *avoided = ws ? bs_workspace_path(ws) : NULL;
	enum bs_code code = open_device(&fd, reterr);

	*ret = (struct bs_connector){.is_root = geteuid() == 0};
	if (code || ret->is_root)
		return code;
	if (bs_env_find_program(env, "fusermount3", avoided, &ret->fusermount, NULL) == BS_OK)
		return BS_OK;
	if (access("/usr/bin/fusermount3", X_OK) == 0)
		ret->fusermount = strdup("/usr/bin/fusermount3");
	if (!ret->fusermount)
		return bs_error_set(reterr, BS_UNSUPPORTED,
			"fusermount3 is missing, without which only root can mount: install the package "
			"fuse3");
	return BS_OK;
}

void bs_connector_release(struct bs_connector *connector)
{
	free(connector->fusermount);
	connector->fusermount = NULL;
}

static enum bs_code connect_as_root(
	const char *dir, const struct bs_mount_options *options, int *ret_fd, struct bs_error *reterr)
{
	BS_CLEANUP(bs_close_fd) int fd = -1;
	unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC | (options->is_read_only ? MS_RDONLY : 0);
	char data[96];
	enum bs_code code = open_device(&fd, reterr);

	if (code)
		return code;
	(void)snprintf(data, sizeof(data), "fd=%d,rootmode=40000,user_id=%lu,group_id=%lu", fd,
		(unsigned long)geteuid(), (unsigned long)getegid());
	if (mount(BS_MOUNT_SUBTYPE, dir, BS_MOUNT_TYPE, flags, data)) {
		if (errno == EPERM)
			return bs_error_set(reterr, BS_UNSUPPORTED,
				"%s: this root may not mount: a container needs --cap-add SYS_ADMIN", dir);
		return bs_error_sys(reterr, errno, "cannot mount on %s", dir);
	}
	*ret_fd = BS_TAKE_FD(fd);
	return BS_OK;
}

/* One byte with one descriptor beside it. */
static int receive_fd(int from)
{
	char byte;
	struct iovec room = {.iov_base = &byte, .iov_len = 1};
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr message = {.msg_iov = &room,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};
	ssize_t got;
	int fd = -1;

	do
		got = recvmsg(from, &message, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);

	struct cmsghdr *header = got > 0 ? CMSG_FIRSTHDR(&message) : NULL;

	if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
		header->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	return fd;
}

/*
 * fusermount3 wants a mount point that its user may write to; ours is 0500 for good reason. It is opened up
 * for the moment of mounting, and closed again through this descriptor, which leads beneath the mount.
 */
static int open_up(const char *dir, mode_t *ret_mode)
{
	BS_CLEANUP(bs_close_fd) int fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) || (st.st_mode & 0200) || fchmod(fd, (st.st_mode & 07777) | 0200))
		return -1;
	*ret_mode = st.st_mode & 07777;
	return BS_TAKE_FD(fd);
}

static enum bs_code connect_as_user(const char *fusermount, const char *dir,
	const struct bs_mount_options *options, int *ret_fd, struct bs_error *reterr)
{
	char words[] = "fsname=" BS_MOUNT_SUBTYPE ",subtype=" BS_MOUNT_SUBTYPE ",nosuid,nodev,noexec,rX";
	const char *const argv[] = {fusermount, "-o", words, "--", dir, NULL};
	int ends[2];
	pid_t pid = 0;

	words[sizeof(words) - 2] = options->is_read_only ? 'o' : 'w';
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return bs_error_sys(reterr, errno, "cannot talk to %s", fusermount);

	BS_CLEANUP(bs_close_fd) int ours = ends[0];
	BS_CLEANUP(bs_close_fd) int theirs = ends[1];
	mode_t mode = 0;
	BS_CLEANUP(bs_close_fd) int below = open_up(dir, &mode);
	enum bs_code code = bs_mount_fusermount(argv, theirs, &pid, reterr);

	if (code) {
		if (below >= 0)
			(void)fchmod(below, mode);
		return code;
	}
	bs_close_fd(&theirs);

	BS_CLEANUP(bs_close_fd) int fd = receive_fd(ours);
	bool is_well = bs_mount_fusermount_ended(pid);

	if (below >= 0)
		(void)fchmod(below, mode);
	if (!is_well || fd < 0)
		return bs_error_set(reterr, BS_UNSUPPORTED, "%s could not mount on %s", fusermount, dir);
	*ret_fd = BS_TAKE_FD(fd);
	return BS_OK;
}

enum bs_code bs_connect(const struct bs_connector *connector, const char *dir,
	const struct bs_mount_options *options, int *ret_fd, struct bs_error *reterr)
{
	if (connector->is_root)
		return connect_as_root(dir, options, ret_fd, reterr);
	return connect_as_user(connector->fusermount, dir, options, ret_fd, reterr);
}

enum bs_code bs_disconnect(const struct bs_connector *connector, const char *dir, struct bs_error *reterr)
{
	return bs_mount_detach(connector->is_root ? NULL : connector->fusermount, dir, true, reterr);
}
