/*
 * dotenv.h: whether a `.env` sets a variable to the value that it has.
 *
 * Layer: core/keys.
 */
#ifndef BS_DOTENV_H
#define BS_DOTENV_H

#include <stdbool.h>
#include <stddef.h>

/* The text of a directory's `.env`. */
struct bs_dotenv {
	char *text;
	size_t len;
	bool is_unknown; /* it is there, but cannot be judged: too large, not a regular file */
};

/* A directory without one, or with a directory of that name, gives an empty text. */
void bs_dotenv_load(const char *dir, struct bs_dotenv *ret);
void bs_dotenv_release(struct bs_dotenv *dotenv);

/*
 * Whether this text, in any dialect of the format that some program reads, may set name to value. In doubt: true.
 */
bool bs_dotenv_may_set(const struct bs_dotenv *dotenv, const char *name, const char *value);

#endif
