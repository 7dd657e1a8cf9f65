/*
 * hash.h: a hash of public bytes, for ids and file names.
 *
 * Layer: core/base; for folders that may not use libsodium. Not for secrets.
 */
#ifndef BS_HASH_H
#define BS_HASH_H

#include <stddef.h>

#define BS_HASH_HEX 65

/* SHA-256 in lower case hex, NUL-terminated. */
void bs_hash_hex(const void *bytes, size_t len, char ret[static BS_HASH_HEX]);

#endif
