/*
 * log.h: notices of the library to the program that uses it. The library itself never prints.
 *
 * Layer: include; implemented in core/base.
 *
 * A notice is one line, without a newline, without secret bytes. A program sets one function for the process; before
 * that notices go nowhere.
 */
#ifndef BUS_SECRETS_LOG_H
#define BUS_SECRETS_LOG_H

#include <bus-secrets/error.h>
#include <stddef.h>

enum bs_notice_level {
	BS_NOTICE_WARN,  /* a person should know: shown unless nothing can be shown */
	BS_NOTICE_INFO,  /* what is read, decided and run: -v */
	BS_NOTICE_TRACE, /* every step: --trace */
};

typedef void (*bs_notice_fn)(void *ctx, enum bs_notice_level level, const char *line);

#pragma GCC visibility push(default)

void bs_notice_set(bs_notice_fn fn, void *ctx);
void bs_notice(enum bs_notice_level level, const char *fmt, ...) BS_PRINTF(2, 3);

/*
 * Makes len bytes fit for a line on a terminal: control characters, those of 8 bits included, and what is not UTF-8
 * become question marks.
 */
void bs_line_clean(char *line, size_t len);

#pragma GCC visibility pop

#endif
