/* replace_driver.h: what the driver and its sweeps share. */
#ifndef BS_TESTS_REPLACE_DRIVER_H
#define BS_TESTS_REPLACE_DRIVER_H

#include "../../core/base/replace.h"

#include <stdio.h>

struct edit {
	const char *file;
	const char *key;
	const char *value; /* NULL: remove the line */
};

struct bs_replace replace_of(struct edit *edit);
/* One change of ours; its bs_code. */
int change(const char *file, const char *key, const char *value);

const char *find_line(const char *text, const char *key, size_t *ret_len);
char *with_line(const char *text, const char *key, const char *value);
/* A file's text on the heap; NULL if it cannot be read. */
char *slurp(const char *file);

void foreign_rename(const char *file, const char *text);
void foreign_in_place(const char *file, const char *text);
/* Opens the file, says so by a byte to `ready`, reads, and writes a while later. */
void foreign_slow(const char *file, const char *key, const char *value, int ready);

/* In the working directory, on the file "f". 0: every case held. */
int sweep(const char *action, const char *op, const char *foreign, const char *faults);

#endif
