/*
 * re2.h: regular expressions as sops understands them (RE2's syntax as in Go), for PCRE2.
 *
 * Layer: core/keys.
 */
#ifndef BS_RE2_H
#define BS_RE2_H

#include <bus-secrets/error.h>

#define BS_RE2_MAX 4096

/*
 * An expression that means the same to PCRE2 (with BS_RE2 flags: UTF, DOLLAR_ENDONLY, no UCP), on the heap.
 * BS_POLICY for what RE2 refuses: back-references, look-around, possessive and atomic groups, recursion, conditions,
 * call-outs, verbs, repeats beyond 1000, bad syntax; the message says what and at which byte.
 */
enum bs_code bs_re2_translate(const char *pattern, char **ret, struct bs_error *reterr) BS_MUST_CHECK;

/* Whether path holds a match. BS_POLICY also for an expression that takes too long; BS_UNSUPPORTED without PCRE2. */
enum bs_code bs_re2_search(const char *pattern, const char *path, bool *ret, struct bs_error *reterr) BS_MUST_CHECK;

#endif
