/* hash.c: SHA-256 of public bytes. */
#include "hash.h"

#include <sodium.h>

_Static_assert(BS_HASH_HEX == crypto_hash_sha256_BYTES * 2 + 1, "room for the hex digits and a NUL");

void bs_hash_hex(const void *bytes, size_t len, char ret[static BS_HASH_HEX])
{
	unsigned char digest[crypto_hash_sha256_BYTES];

	(void)crypto_hash_sha256(digest, bytes, len);
	(void)sodium_bin2hex(ret, BS_HASH_HEX, digest, sizeof(digest));
}
