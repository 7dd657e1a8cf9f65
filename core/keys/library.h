/*
 * library.h: a shared library that is loaded only when something asks for it.
 *
 * Layer: core/keys.
 */
#ifndef BS_LIBRARY_H
#define BS_LIBRARY_H

#include <bus-secrets/error.h>

struct bs_library_symbol {
	const char *name;
	void *slot; /* the address of a function pointer */
};

/*
 * Loads it and fills the slots; stays loaded. BS_UNSUPPORTED, naming the Debian package and what wants it, if it or
 * one of the symbols is missing.
 */
enum bs_code bs_library_load(const char *file, const char *package, const char *wanted_by,
	const struct bs_library_symbol *symbols, size_t count, struct bs_error *reterr) BS_MUST_CHECK;

#endif
