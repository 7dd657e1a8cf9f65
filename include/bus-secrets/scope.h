/*
 * scope.h: the scopes, a table.
 *
 * Layer: include; implemented in core/base.
 */
#ifndef BUS_SECRETS_SCOPE_H
#define BUS_SECRETS_SCOPE_H

#include <bus-secrets/error.h>

enum bs_scope {
	BS_SCOPE_USER,
	BS_SCOPE_REPO,
	BS_SCOPE_AUTO, /* merged view: repo first, then user; nothing is stored there */
};

/* The scopes that hold documents, for loops: BS_SCOPE_USER and BS_SCOPE_REPO. */
#define BS_SCOPE_STORED 2

#pragma GCC visibility push(default)

const char *bs_scope_name(enum bs_scope scope); /* "user", "repo", "auto" */
/* BS_USAGE for an unknown word. */
enum bs_code bs_scope_parse(const char *word, enum bs_scope *ret, struct bs_error *reterr) BS_MUST_CHECK;

#pragma GCC visibility pop

#endif
