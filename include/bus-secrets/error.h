/*
 * error.h: what went wrong, in one space of codes and one short line.
 *
 * Layer: include; used by every folder.
 *
 * Whatever can fail returns enum bs_code. The function that notices a failure fills a struct bs_error on its
 * caller's stack: the code, the errno of the system call if there was one, and a line that says what failed,
 * on what, and what to do. Nothing is allocated and the line never holds secret bytes. Callers pass the same
 * reterr down and add nothing unless they know something better.
 */
#ifndef BUS_SECRETS_ERROR_H
#define BUS_SECRETS_ERROR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#define BS_MUST_CHECK __attribute__((warn_unused_result))
#define BS_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))

/* Names of errors: BS_OK, BS_USAGE, BS_NOT_FOUND, ...; error.def is the table. */
enum bs_code {
#define BS_CODE(name, number, err, status, text) BS_##name = (number),
#include <bus-secrets/error.def>
#undef BS_CODE
};

/* A message's room in bytes, its NUL included; longer ones are cut at a whole UTF-8 character. */
#define BS_ERROR_MSG 512

struct bs_error {
	enum bs_code code;
	int sys_errno; /* 0 unless a system call failed */
	char msg[BS_ERROR_MSG];
};

#pragma GCC visibility push(default)

/* Fills *reterr (which may be NULL) and returns code, so that a caller can write `return bs_error_set(...)`. */
enum bs_code bs_error_set(struct bs_error *reterr, enum bs_code code, const char *fmt, ...) BS_PRINTF(3, 4);

/*
 * As bs_error_set for a failed system call: the code follows from sys_errno (ENOSPC and EDQUOT: BS_NO_SPACE, EROFS:
 * BS_READ_ONLY, EACCES and EPERM: BS_PERMISSION, ENOENT: BS_NOT_FOUND, ENOMEM: BS_NO_MEMORY, ..., others BS_IO), and
 * ": " and the system's text are put behind the message.
 */
enum bs_code bs_error_sys(struct bs_error *reterr, int sys_errno, const char *fmt, ...) BS_PRINTF(3, 4);

/* The code alone, for a system call's errno. */
enum bs_code bs_code_of_errno(int sys_errno);

/* Columns of error.def. An unknown code gives those of BS_INTERNAL. */
int bs_code_errno(enum bs_code code);
int bs_code_exit(enum bs_code code);
const char *bs_code_text(enum bs_code code);
const char *bs_code_name(enum bs_code code); /* "NOT_FOUND" */

#pragma GCC visibility pop

/* Analysers see one file at a time: this tells them that a failure's code is the one that was given. */
#if defined(BS_ANALYZE) && !defined(BS_ERROR_C)
#define bs_error_set(reterr, code, ...) \
	(__extension__({ (void)(bs_error_set)(reterr, code, __VA_ARGS__); (code); }))
#define bs_error_sys(reterr, sys_errno, ...) \
	(__extension__({ (void)(bs_error_sys)(reterr, sys_errno, __VA_ARGS__); BS_IO; }))
#endif

#endif
