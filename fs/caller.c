/*
 * caller.c: asking /proc. Only reading status is safe there: exe, cwd and the like may lead back into the
 * mount.
 */
#include "caller.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

pid_t bs_caller_process(pid_t thread)
{
	char path[40];
	char text[1024];

	if (thread <= 0)
		return 0;
	(void)snprintf(path, sizeof(path), "/proc/%ld/status", (long)thread);

	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return 0;

	ssize_t got = read(fd, text, sizeof(text) - 1);

	(void)close(fd);
	if (got <= 0)
		return 0;
	text[got] = '\0';

	const char *line = strstr(text, "\nTgid:");

	return line ? (pid_t)strtol(line + 6, NULL, 10) : 0;
}

bool bs_caller_is_gone(pid_t process)
{
	return process > 0 && kill(process, 0) != 0 && errno == ESRCH;
}
