/* Fault points of the test build: see fault.h. Elsewhere this file is empty. */
#include "fault.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef BS_FAULTS

static unsigned long io_count;
static bool was_stopped;

static int errno_of(const char *name, size_t len)
{
	static const struct {
		const char *name;
		int value;
	} known[] = {
		{"EIO", EIO}, {"ENOSPC", ENOSPC}, {"EINVAL", EINVAL}, {"EACCES", EACCES}, {"EPERM", EPERM},
		{"EROFS", EROFS}, {"EDQUOT", EDQUOT}, {"ENOMEM", ENOMEM}, {"ENOTSUP", ENOTSUP}, {"EBUSY", EBUSY},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strlen(known[i].name) == len && !memcmp(known[i].name, name, len))
			return known[i].value;
	(void)fprintf(stderr, "BUS_SECRETS_FAULT: unknown action %.*s\n", (int)len, name);
	abort();
}

/* A numbered call passes once; a named point may be passed again by the next attempt, and is not meant then. */
static int stop(bool is_numbered)
{
	if (!is_numbered && __atomic_exchange_n(&was_stopped, true, __ATOMIC_RELAXED))
		return 0;
	return raise(SIGSTOP);
}

static int act(bool is_numbered, const char *action, size_t len)
{
	if (len == 4 && !memcmp(action, "kill", 4))
		return raise(SIGKILL);
	if (len == 4 && !memcmp(action, "stop", 4))
		return stop(is_numbered);
	return errno_of(action, len);
}

/* Whether one item of the variable, up to its colon, names the point. "#7+" is the seventh call and all after it. */
static bool is_meant(const char *item, size_t len, const char *point)
{
	char *end;
	unsigned long from;

	if (strlen(point) == len && !memcmp(item, point, len))
		return true;
	if (*item != '#' || *point != '#' || item[len - 1] != '+')
		return false;
	from = strtoul(item + 1, &end, 10);
	return end == item + len - 1 && strtoul(point + 1, NULL, 10) >= from;
}

int bs_fault(const char *point)
{
	const char *item = getenv("BUS_SECRETS_FAULT");
	int err;

	while (item && *item) {
		size_t len = strcspn(item, ","), named = strcspn(item, ":,");

		if (named < len && is_meant(item, named, point)) {
			err = act(*item == '#', item + named + 1, len - named - 1);
			errno = err ? err : errno;
			return err;
		}
		item += len + (item[len] == ',');
	}
	return 0;
}

bool bs_fault_io(void)
{
	char point[32];

	(void)snprintf(point, sizeof(point), "#%lu", __atomic_add_fetch(&io_count, 1, __ATOMIC_RELAXED));
	return bs_fault(point) != 0;
}

unsigned long bs_fault_io_count(void)
{
	return __atomic_load_n(&io_count, __ATOMIC_RELAXED);
}

void bs_fault_io_restart(void)
{
	__atomic_store_n(&io_count, 0, __ATOMIC_RELAXED);
}

void bs_fault_log_displaced(int dir, const char *name)
{
	const char *path = getenv("BUS_SECRETS_DISPLACED_LOG");
	char bytes[4096];
	ssize_t got;
	int from, to;

	if (!path)
		return;
	from = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	to = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	while (from >= 0 && to >= 0 && (got = read(from, bytes, sizeof(bytes))) > 0)
		if (write(to, bytes, (size_t)got) != got)
			abort();
	if (from >= 0)
		(void)close(from);
	if (to >= 0)
		(void)close(to);
}

#endif
