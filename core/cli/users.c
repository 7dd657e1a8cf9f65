/*
 * users.c: looking for the users of a mount in /proc. Links are read and never followed: following one that
 * leads into the mount would ask the very daemon that is to end.
 */
#include "users.h"

#include <bus-secrets/cleanup.h>

#include <fcntl.h>
#include <limits.h>
#include <string.h>

static bool leads_into(int at, const char *link, const char *dir)
{
	char target[PATH_MAX];
	ssize_t len = readlinkat(at, link, target, sizeof(target) - 1);
	size_t dir_len = strlen(dir);

	if (len < 0)
		return false;
	target[len] = '\0';
	return strncmp(target, dir, dir_len) == 0 && (target[dir_len] == '\0' || target[dir_len] == '/');
}

static bool is_user(int process, const char *dir)
{
	BS_CLEANUP(bs_close_dir) DIR *fds = NULL;
	int fd;

	if (leads_into(process, "cwd", dir) || leads_into(process, "root", dir))
		return true;
	fd = openat(process, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fds = fd >= 0 ? fdopendir(fd) : NULL;
	if (!fds)
		bs_close_fd(&fd);
	for (struct dirent *entry = fds ? readdir(fds) : NULL; entry; entry = readdir(fds)) {
		if (leads_into(dirfd(fds), entry->d_name, dir))
			return true;
	}
	return false;
}

static void add_user(int process, const char *pid, struct bs_strings *ret)
{
	BS_CLEANUP(bs_close_fd) int fd = openat(process, "comm", O_RDONLY | O_CLOEXEC);
	char name[64] = "";
	char text[384];
	ssize_t len = fd >= 0 ? read(fd, name, sizeof(name) - 1) : -1;

	name[len > 0 ? len : 0] = '\0';
	name[strcspn(name, "\n")] = '\0';
	(void)snprintf(text, sizeof(text), "%s (%s)", name[0] ? name : "a process", pid);
	if (bs_strings_add(ret, text, NULL))
		return;
}

void bs_users_of(const char *dir, size_t max, struct bs_strings *ret)
{
	BS_CLEANUP(bs_close_dir) DIR *proc = opendir("/proc");

	for (struct dirent *entry = proc ? readdir(proc) : NULL; entry && ret->count < max;
		entry = readdir(proc)) {
		BS_CLEANUP(bs_close_fd) int process = -1;

		/* What this command itself inherited goes with it. */
		if (entry->d_name[0] < '1' || entry->d_name[0] > '9' ||
			strtol(entry->d_name, NULL, 10) == getpid())
			continue;
		process = openat(dirfd(proc), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (process >= 0 && is_user(process, dir))
			add_user(process, entry->d_name, ret);
	}
}
