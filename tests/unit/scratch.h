/*
 * scratch.h: a directory of its own for a unit test, with a home in it and nothing of the machine's environment.
 *
 * scratch_start() makes it, sets HOME, goes to "ws" in it and takes the variables out that this program reads;
 * scratch_end() removes it. Criterion runs each test in a process of its own, so nothing has to be put back.
 */
#ifndef BS_TEST_SCRATCH_H
#define BS_TEST_SCRATCH_H

#include <bus-secrets/log.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char scratch_dir[64];
static char scratch_notices[8192];

static inline void scratch_keep(void *ctx, enum bs_notice_level level, const char *line)
{
	size_t used = strlen(scratch_notices);

	(void)ctx;
	if (level == BS_NOTICE_WARN && used + strlen(line) + 2 < sizeof(scratch_notices))
		(void)sprintf(scratch_notices + used, "%s\n", line);
}

static inline bool scratch_was_told(const char *text)
{
	return strstr(scratch_notices, text) != NULL;
}

/* "DIR/relative" in one of a few rooms that are used in turn. */
static inline const char *scratch_path(const char *relative)
{
	static char rooms[8][4096];
	static int next;
	char *room = rooms[next++ % 8];

	(void)snprintf(room, sizeof(rooms[0]), "%s/%s", scratch_dir, relative);
	return room;
}

static inline void scratch_mkdir(const char *relative)
{
	char *path = strdup(scratch_path(relative));

	for (char *at = strchr(path + strlen(scratch_dir) + 1, '/'); at; at = strchr(at + 1, '/')) {
		*at = '\0';
		(void)mkdir(path, 0700);
		*at = '/';
	}
	cr_assert(mkdir(path, 0700) == 0 || errno == EEXIST, "%s", path);
	free(path);
}

static inline void scratch_write_mode(const char *relative, const void *bytes, size_t len, mode_t mode)
{
	char *parent = strdup(relative);
	char *slash = strrchr(parent, '/');
	int fd;

	if (slash) {
		*slash = '\0';
		scratch_mkdir(parent);
	}
	free(parent);
	fd = open(scratch_path(relative), O_WRONLY | O_CREAT | O_TRUNC, mode);
	cr_assert(fd >= 0 && write(fd, bytes, len) == (ssize_t)len, "%s", relative);
	(void)fchmod(fd, mode);
	(void)close(fd);
}

static inline void scratch_write(const char *relative, const char *text)
{
	scratch_write_mode(relative, text, strlen(text), 0600);
}

static inline char *scratch_read(const char *relative)
{
	static char text[65536];
	int fd = open(scratch_path(relative), O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		(void)close(fd);
	if (n < 0)
		return NULL;
	text[n] = '\0';
	return text;
}

static inline bool scratch_exists(const char *relative)
{
	struct stat st;

	return lstat(scratch_path(relative), &st) == 0;
}

static inline void scratch_start(void)
{
	static const char *const variables[] = {"XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR",
		"BUS_PREFERENCES_PATH", "BUS_CONFIG_DIR", "BUS_DISCOVERY_ACROSS_FILESYSTEM", "SOPS_AGE_KEY",
		"SOPS_AGE_KEY_FILE", "SOPS_AGE_KEY_CMD", "SOPS_AGE_SSH_PRIVATE_KEY_FILE", "SOPS_AGE_RECIPIENTS",
		"SOPS_CONFIG"};

	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
		(void)unsetenv(variables[i]);
	(void)strcpy(scratch_dir, access("/dev/shm", W_OK) == 0 ? "/dev/shm/bs-unit.XXXXXX" : "/tmp/bs-unit.XXXXXX");
	cr_assert_not_null(mkdtemp(scratch_dir));
	scratch_mkdir("home");
	scratch_mkdir("ws");
	(void)setenv("HOME", scratch_path("home"), 1);
	cr_assert_eq(chdir(scratch_path("ws")), 0);
	scratch_notices[0] = '\0';
	bs_notice_set(scratch_keep, NULL);
}

static inline int scratch_remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void scratch_end(void)
{
	if (chdir("/") == 0)
		(void)nftw(scratch_dir, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Skips the test; Criterion would not call its end. */
#define scratch_skip(reason)          \
	do {                          \
		scratch_end();        \
		cr_skip_test(reason); \
	} while (0)

#endif
