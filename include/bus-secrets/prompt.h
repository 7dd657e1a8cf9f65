/*
 * prompt.h: asking a person for secret bytes on the controlling terminal.
 *
 * Layer: include; implemented in core/base. Not for the daemon, which never asks.
 */
#ifndef BUS_SECRETS_PROMPT_H
#define BUS_SECRETS_PROMPT_H

#include <bus-secrets/secret.h>

#pragma GCC visibility push(default)

/*
 * Asks on /dev/tty without echo; the answer has no newline and at most max bytes. The terminal is put back as it
 * was, also when a signal ends the question (BS_INTERRUPTED). BS_UNSUPPORTED if there is no terminal.
 */
enum bs_code bs_prompt_secret(const char *question, size_t max, struct bs_secret **ret, struct bs_error *reterr)
	BS_MUST_CHECK;

#pragma GCC visibility pop

#endif
