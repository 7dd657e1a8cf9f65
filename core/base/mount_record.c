/* mount_record.c: records of living mounts: lines "word text", locked by the daemon. */
#include <bus-secrets/mount_record.h>

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#define RECORD_MAX ((size_t)16 * 1024)

static void wait_ms(long ms)
{
	const struct timespec time = {.tv_nsec = ms * 1000 * 1000};

	(void)nanosleep(&time, NULL);
}

/* FNV-1a: the name need only be the same each time; who finds a record compares the directory in it. */
char *bs_mount_record_path(const char *runtime_dir, const char *dir, const char *suffix)
{
	uint64_t hash = 0xcbf29ce484222325u;
	char *path = NULL;

	for (const char *p = dir; *p; p++)
		hash = (hash ^ (unsigned char)*p) * 0x100000001b3u;
	if (asprintf(&path, "%s/%016" PRIx64 "%s", runtime_dir, hash, suffix) < 0)
		return NULL;
	return path;
}

static int open_record(const char *path, int flags)
{
	return open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
}

/*
 * Whether the locked file is still the one under that name: a daemon that ends removes its record while
 * holding it.
 */
static bool is_current(int fd, const char *path)
{
	struct stat held;
	struct stat named;

	return fstat(fd, &held) == 0 && lstat(path, &named) == 0 && held.st_dev == named.st_dev &&
	       held.st_ino == named.st_ino;
}

enum bs_code bs_mount_record_lock(
	const char *runtime_dir, const char *dir, int *ret_fd, struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) char *path = bs_mount_record_path(runtime_dir, dir, ".mount");

	if (!path)
		return bs_error_set(reterr, BS_NO_MEMORY, "no memory for the record of %s", dir);
	/*
	 * Several rounds: a command may be asking for a moment, or a daemon that ends may have removed the
	 * file.
	 */
	for (int round = 0; round < 5; round++) {
		BS_CLEANUP(bs_close_fd) int fd = open_record(path, O_RDWR | O_CREAT);

		if (fd < 0)
			return bs_error_sys(reterr, errno, "cannot open %s", path);
		if (flock(fd, LOCK_EX | LOCK_NB) == 0 && is_current(fd, path)) {
			*ret_fd = BS_TAKE_FD(fd);
			return BS_OK;
		}
		wait_ms(2);
	}
	return bs_error_set(reterr, BS_BUSY, "%s: a daemon serves it already", dir);
}

enum bs_code bs_mount_record_write(int fd, const struct bs_mount_record *record, struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) char *text = NULL;
	int len = asprintf(&text, "dir %s\noptions %s\nworkspace %s\nkeeper %ld\nworker %ld\n", record->dir,
		record->options, record->workspace ? record->workspace : "", (long)record->keeper,
		(long)record->worker);

	if (len < 0)
		return bs_error_set(reterr, BS_NO_MEMORY, "no memory for the record of %s", record->dir);
	if (pwrite(fd, text, (size_t)len, 0) != len || ftruncate(fd, len))
		return bs_error_sys(reterr, errno, "cannot write the record of %s", record->dir);
	return BS_OK;
}

static void take_line(struct bs_mount_record *record, const char *line)
{
	const char *text = strchr(line, ' ');

	if (!text++)
		return;
	if (strncmp(line, "dir ", 4) == 0 && !record->dir)
		record->dir = strdup(text);
	else if (strncmp(line, "options ", 8) == 0 && !record->options)
		record->options = strdup(text);
	else if (strncmp(line, "workspace ", 10) == 0 && !record->workspace && *text)
		record->workspace = strdup(text);
	else if (strncmp(line, "keeper ", 7) == 0)
		record->keeper = (pid_t)strtol(text, NULL, 10);
	else if (strncmp(line, "worker ", 7) == 0)
		record->worker = (pid_t)strtol(text, NULL, 10);
}

static enum bs_code read_once(const char *path, const char *dir, struct bs_mount_record *ret,
	bool *ret_is_alive, struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) char *text = calloc(1, RECORD_MAX + 1);
	BS_CLEANUP(bs_close_fd) int fd = -1;
	struct bs_mount_record found = {0};
	char *rest = NULL;

	if (!text)
		return bs_error_set(reterr, BS_NO_MEMORY, "no memory for the record of %s", dir);
	fd = open_record(path, O_RDONLY);
	if (fd < 0 && errno == ENOENT)
		return bs_error_set(reterr, BS_NOT_FOUND, "%s is not mounted", dir);
	if (fd < 0)
		return bs_error_sys(reterr, errno, "cannot open %s", path);
	if (pread(fd, text, RECORD_MAX, 0) < 0)
		return bs_error_sys(reterr, errno, "cannot read %s", path);

	/*
	 * A shared lock, so that two commands that look at the same moment do not take each other for a
	 * daemon.
	 */
	bool is_alive = flock(fd, LOCK_SH | LOCK_NB) != 0;

	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		take_line(&found, line);
	if (!found.dir || !found.options || strcmp(found.dir, dir) != 0) {
		bs_mount_record_release(&found);
		return bs_error_set(reterr, is_alive ? BS_BUSY : BS_NOT_FOUND, "%s is not mounted%s", dir,
			is_alive ? " yet" : "");
	}
	*ret = found;
	*ret_is_alive = is_alive;
	return BS_OK;
}

enum bs_code bs_mount_record_read(const char *runtime_dir, const char *dir, struct bs_mount_record *ret,
	bool *ret_is_alive, struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) char *path = bs_mount_record_path(runtime_dir, dir, ".mount");
	enum bs_code code = BS_BUSY;

	if (!path)
		return bs_error_set(reterr, BS_NO_MEMORY, "no memory for the record of %s", dir);
	/* A locked record without a text is one that is being written. */
	for (int round = 0; round < 100 && code == BS_BUSY; round++) {
		if (round > 0)
			wait_ms(10);
		code = read_once(path, dir, ret, ret_is_alive, reterr);
	}
	return code;
}

void bs_mount_record_release(struct bs_mount_record *record)
{
	free(record->dir);
	free(record->options);
	free(record->workspace);
	*record = (struct bs_mount_record){0};
}
