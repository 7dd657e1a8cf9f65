/*
 * cleanup.h: locals that clean up after themselves.
 *
 * Layer: include; used by every folder.
 *
 * A local that owns something is declared with BS_CLEANUP(function) and starts as NULL or -1. On success the
 * function moves it out with BS_TAKE(pointer) or BS_TAKE_FD(fd); on every other return it is cleaned up.
 */
#ifndef BUS_SECRETS_CLEANUP_H
#define BUS_SECRETS_CLEANUP_H

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define BS_CLEANUP(fn) __attribute__((cleanup(fn)))

/* Gives the pointer away and leaves NULL behind. */
#define BS_TAKE(p)                     \
	(__extension__({               \
		__typeof__(p) t_ = (p); \
		(p) = NULL;            \
		t_;                    \
	}))

/* Gives the descriptor away and leaves -1 behind. */
#define BS_TAKE_FD(fd)          \
	(__extension__({        \
		int t_ = (fd);  \
		(fd) = -1;      \
		t_;             \
	}))

/* Defines name_ptr(type **), for BS_CLEANUP, from a free function that takes the pointer itself. */
#define BS_DEFINE_CLEANUP(type, free_fn)                        \
	static inline void free_fn##_ptr(type **p)              \
	{                                                       \
		if (*p)                                         \
			free_fn(*p);                            \
		*p = NULL;                                      \
	}

/* For ordinary heap memory without secrets: BS_CLEANUP(bs_free_ptr) on a pointer of any type. */
static inline void bs_free_ptr(void *p)
{
	void **pp = p;

	free(*pp);
	*pp = NULL;
}

/* Keeps errno, so that a failing call's errno is still there after the cleanups. */
static inline void bs_close_fd(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
	errno = saved;
}

static inline void bs_close_dir(DIR **dir)
{
	if (*dir)
		(void)closedir(*dir);
	*dir = NULL;
}

static inline void bs_close_file(FILE **file)
{
	if (*file)
		(void)fclose(*file);
	*file = NULL;
}

#endif
