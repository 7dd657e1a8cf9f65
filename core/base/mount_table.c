/* mount_table.c: reading the table of mounts, and fusermount3. */
#include <bus-secrets/mount_table.h>
#include <bus-secrets/spawn.h>

#include <limits.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <sys/wait.h>

/* fusermount3 is told by number which of its descriptors the connection goes back through. */
#define COMM_FD 3

/* Undoes the octal escapes of mountinfo in place. */
static void unescape(char *text)
{
	char *out = text;

	for (const char *p = text; *p; p++) {
		if (p[0] == '\\' && p[1] >= '0' && p[1] <= '3' && p[2] >= '0' && p[2] <= '7' && p[3] >= '0' &&
			p[3] <= '7') {
			*out++ = (char)((p[1] - '0') * 64 + (p[2] - '0') * 8 + (p[3] - '0'));
			p += 3;
		} else {
			*out++ = *p;
		}
	}
	*out = '\0';
}

/* "36 35 98:0 /root /mnt opts [fields] - type source options": the fields we want, cut out of line. */
static bool split_line(char *line, char **ret_dev, char **ret_dir, char **ret_type)
{
	char *rest = NULL;
	char *separator = strstr(line, " - ");
	char *fields[5];

	if (!separator)
		return false;
	*separator = '\0';
	*ret_type = strtok_r(separator + 3, " \n", &rest);
	rest = NULL;
	for (size_t i = 0; i < 5; i++) {
		fields[i] = strtok_r(i ? NULL : line, " ", &rest);
		if (!fields[i])
			return false;
	}
	*ret_dev = fields[2];
	*ret_dir = fields[4];
	unescape(*ret_dir);
	return *ret_type != NULL;
}

void bs_mount_table_find(const char *dir, struct bs_mount_entry *ret)
{
	BS_CLEANUP(bs_close_file) FILE *table = fopen("/proc/self/mountinfo", "re");
	BS_CLEANUP(bs_free_ptr) char *line = NULL;
	size_t room = 0;

	*ret = (struct bs_mount_entry){0};
	while (table && getline(&line, &room, table) > 0) {
		char *dev = NULL;
		char *at = NULL;
		char *type = NULL;

		if (!split_line(line, &dev, &at, &type) || strcmp(at, dir) != 0)
			continue;
		/* Later lines lie on top of earlier ones. */
		ret->is_found = true;
		ret->is_ours = strcmp(type, BS_MOUNT_TYPE) == 0;
		(void)snprintf(ret->dev, sizeof(ret->dev), "%s", dev);
		(void)snprintf(ret->type, sizeof(ret->type), "%s", type);
	}
}

/* path without trailing slashes and without its last component, which *ret_last points at. */
static void split_path(char *path, const char **ret_last)
{
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		path[--len] = '\0';

	char *slash = strrchr(path, '/');

	*slash = '\0';
	*ret_last = slash + 1;
}

enum bs_code bs_mount_resolve(
	const char *home, const char *cwd, const char *operand, char **ret, struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) char *path = NULL;
	BS_CLEANUP(bs_free_ptr) char *parent = NULL;
	const char *last = NULL;
	int len;

	if (operand && !*operand)
		return bs_error_set(reterr, BS_USAGE, "the directory to mount on is empty");
	if (!operand)
		len = asprintf(&path, "%s/.bus-secrets", home);
	else if (operand[0] == '/')
		len = asprintf(&path, "%s", operand);
	else
		len = asprintf(&path, "%s/%s", cwd, operand);
	if (len < 0)
		return bs_error_set(reterr, BS_NO_MEMORY, "no memory for the mount point");
	if (strpbrk(path, "\n\r"))
		return bs_error_set(reterr, BS_USAGE, "a mount point cannot have a line break in its name");
	split_path(path, &last);
	if (strcmp(last, ".") == 0 || strcmp(last, "..") == 0 || !*last)
		return bs_error_set(reterr, BS_USAGE, "%s: the mount point must be named by its own name",
			operand ? operand : "~");
	parent = realpath(*path ? path : "/", NULL);
	if (!parent)
		return bs_error_sys(reterr, errno, "%s: cannot mount in it", path);
	if (asprintf(ret, "%s/%s", strcmp(parent, "/") == 0 ? "" : parent, last) < 0)
		return bs_error_set(reterr, BS_NO_MEMORY, "no memory for the mount point");
	return BS_OK;
}

bool bs_mount_fusermount_ended(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return false;
	}
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Its own words go to our standard error. */
enum bs_code bs_mount_fusermount(const char *const *argv, int comm, pid_t *ret, struct bs_error *reterr)
{
	char variable[] = "_FUSE_COMMFD=3";
	char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	char *envp[] = {path, comm >= 0 ? variable : NULL, NULL};
	const int fds[COMM_FD + 1] = {-1, -1, STDERR_FILENO, comm};
	const struct bs_spawn what = {.program = argv[0],
		.argv = argv,
		.envp = envp,
		.fds = fds,
		.fd_count = comm >= 0 ? COMM_FD + 1 : COMM_FD,
		.dirfd = -1};

	return bs_spawn(&what, ret, reterr);
}

bool bs_mount_is_dead(const char *dir)
{
	struct statfs fs;

	return statfs(dir, &fs) && errno == ENOTCONN;
}

static enum bs_code detach_by_helper(
	const char *fusermount, const char *dir, bool is_lazy, struct bs_error *reterr)
{
	const char *const lazily[] = {fusermount, "-u", "-q", "-z", "--", dir, NULL};
	const char *const normally[] = {fusermount, "-u", "-q", "--", dir, NULL};
	struct bs_mount_entry entry;
	pid_t pid = 0;
	enum bs_code code = bs_mount_fusermount(is_lazy ? lazily : normally, -1, &pid, reterr);

	if (code || bs_mount_fusermount_ended(pid))
		return code;
	bs_mount_table_find(dir, &entry);
	if (entry.is_found && !is_lazy)
		return bs_error_set(reterr, BS_BUSY, "%s is in use", dir);
	return bs_error_set(reterr, BS_IO, "%s could not unmount %s", fusermount, dir);
}

enum bs_code bs_mount_detach(const char *fusermount, const char *dir, bool is_lazy, struct bs_error *reterr)
{
	if (fusermount)
		return detach_by_helper(fusermount, dir, is_lazy, reterr);
	if (umount2(dir, UMOUNT_NOFOLLOW | (is_lazy ? MNT_DETACH : 0)) == 0)
		return BS_OK;
	if (errno == EBUSY)
		return bs_error_set(reterr, BS_BUSY, "%s is in use", dir);
	return bs_error_sys(reterr, errno, "cannot unmount %s", dir);
}
