/*
 * preferences.h: the members of preferences.json that are this program's: values."bus-secrets.*".
 *
 * Layer: core/keys. Thread-safe. The file also holds every secret of the user scope, so it may be large: what was
 * found is kept while the file stays the same.
 */
#ifndef BS_PREFERENCES_H
#define BS_PREFERENCES_H

#include <bus-secrets/error.h>

struct bs_preferences;

struct bs_preferences *bs_preferences_new(void); /* NULL without memory */
struct bs_preferences *bs_preferences_free(struct bs_preferences *preferences);

/*
 * Values of keys that begin with "bus-secrets.", all on the heap; NULL if absent or null, "true" and "false" for
 * these. BS_MALFORMED for a bad file, a key that stands twice and other kinds of values.
 */
enum bs_code bs_preferences_get(struct bs_preferences *preferences, const char *path, const char *const *keys,
	size_t count, char **ret, struct bs_error *reterr) BS_MUST_CHECK;

#endif
