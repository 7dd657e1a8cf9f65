/* logfile.c: a capped log. */
#include "logfile.h"

#include <bus-secrets/cleanup.h>

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define LOG_CAP ((off_t)1024 * 1024)
#define LINE_MAX_BYTES 1024

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char *log_path;
static int log_fd = -1;

static void take_notice(void *ctx, enum bs_notice_level level, const char *line)
{
	(void)ctx;
	if (level == BS_NOTICE_WARN)
		bs_log("%s", line);
}

enum bs_code bs_log_open(const char *path, struct bs_error *reterr)
{
	if (path) {
		log_path = strdup(path);
		if (!log_path)
			return bs_error_set(reterr, BS_NO_MEMORY, "no memory for the log's name");
	}
	bs_notice_set(take_notice, NULL);
	return BS_OK;
}

void bs_log_close(void)
{
	bs_notice_set(NULL, NULL);
	bs_close_fd(&log_fd);
	free(log_path);
	log_path = NULL;
}

/* The present file's descriptor, after the full one was put aside. -1: nowhere to write. */
static int current_fd(void)
{
	struct stat st;
	char *old = NULL;

	if (!log_path)
		return STDERR_FILENO;
	if (log_fd >= 0 && fstat(log_fd, &st) == 0 && st.st_size >= LOG_CAP) {
		if (asprintf(&old, "%s.1", log_path) >= 0) {
			(void)rename(log_path, old);
			free(old);
		}
		bs_close_fd(&log_fd);
	}
	if (log_fd < 0)
		log_fd = open(log_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	return log_fd;
}

void bs_log(const char *fmt, ...)
{
	char line[LINE_MAX_BYTES];
	struct timespec now;
	struct tm tm;
	size_t len = 0;
	va_list args;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	if (gmtime_r(&now.tv_sec, &tm))
		len = strftime(line, sizeof(line), "%Y-%m-%dT%H:%M:%SZ ", &tm);
	va_start(args, fmt);
	(void)vsnprintf(line + len, sizeof(line) - len - 1, fmt, args);
	va_end(args);
	len = strlen(line);
	/* Names come from whoever writes to the mount: nothing of them may end the line or steer a terminal. */
	bs_line_clean(line, len);
	line[len++] = '\n';
	(void)pthread_mutex_lock(&lock);
	if (write(current_fd(), line, len) < 0 && log_path)
		bs_close_fd(&log_fd);
	(void)pthread_mutex_unlock(&lock);
}
