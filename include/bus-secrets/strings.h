/*
 * strings.h: an owned list of strings without secrets (names, recipients, lines for people).
 *
 * Layer: include; implemented in core/base. Zeroed memory is an empty list.
 */
#ifndef BUS_SECRETS_STRINGS_H
#define BUS_SECRETS_STRINGS_H

#include <bus-secrets/error.h>

struct bs_strings {
	char **items;
	size_t count;
	size_t room;
};

#pragma GCC visibility push(default)

/* Appends a copy. BS_NO_MEMORY. */
enum bs_code bs_strings_add(struct bs_strings *list, const char *text, struct bs_error *reterr) BS_MUST_CHECK;
enum bs_code bs_strings_add_len(struct bs_strings *list, const char *text, size_t len, struct bs_error *reterr)
	BS_MUST_CHECK;
/* As bs_strings_add, unless an equal one is there already. */
enum bs_code bs_strings_add_once(struct bs_strings *list, const char *text, struct bs_error *reterr) BS_MUST_CHECK;
enum bs_code bs_strings_add_all(struct bs_strings *list, const struct bs_strings *more, struct bs_error *reterr)
	BS_MUST_CHECK;
bool bs_strings_has(const struct bs_strings *list, const char *text);
/* By bytes. */
void bs_strings_sort(struct bs_strings *list);
/* "a, b, c", on the heap, the caller's. NULL without memory. */
char *bs_strings_join(const struct bs_strings *list, const char *between);
void bs_strings_release(struct bs_strings *list);

#pragma GCC visibility pop

#endif
