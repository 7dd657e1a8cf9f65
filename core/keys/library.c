/* library.c: loading a shared library by its file name, from the system's own places. */
#include "library.h"

#include <dlfcn.h>
#include <string.h>

enum bs_code bs_library_load(const char *file, const char *package, const char *wanted_by,
	const struct bs_library_symbol *symbols, size_t count, struct bs_error *reterr)
{
	void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);

	if (!library)
		return bs_error_set(reterr, BS_UNSUPPORTED, "%s cannot be read without %s; install the package %s",
			wanted_by, file, package);
	for (size_t i = 0; i < count; i++) {
		void *symbol = dlsym(library, symbols[i].name);

		if (!symbol)
			return bs_error_set(reterr, BS_UNSUPPORTED, "%s: %s has no %s; update the package %s", wanted_by,
				file, symbols[i].name, package);
		/* ISO C has no cast from an object's to a function's pointer; POSIX says that the bytes are the same. */
		memcpy(symbols[i].slot, &symbol, sizeof(symbol));
	}
	return BS_OK;
}
