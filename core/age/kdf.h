/*
 * kdf.h: HKDF-SHA-256 and HMAC-SHA-256 as age uses them: always 32 bytes out.
 *
 * Layer: core/age. libsodium 1.0.18 has no HKDF; with 32 bytes out it is two HMACs.
 */
#ifndef BS_AGE_KDF_H
#define BS_AGE_KDF_H

#include <sodium.h>
#include <stddef.h>
#include <stdint.h>

#define BS_KDF_BYTES 32

/* Where keys stand while they are derived: a part of some struct bs_secret of the caller. */
struct bs_kdf {
	crypto_auth_hmacsha256_state hmac;
	uint8_t prk[BS_KDF_BYTES];
};

void bs_kdf_hmac(struct bs_kdf *kdf, const uint8_t key[static BS_KDF_BYTES], const void *msg, size_t len,
	uint8_t ret[static BS_KDF_BYTES]);
/* An empty salt or an empty ikm is NULL and 0; info is a string. */
void bs_kdf_hkdf(struct bs_kdf *kdf, const uint8_t *ikm, size_t ikm_len, const uint8_t *salt, size_t salt_len,
	const char *info, uint8_t ret[static BS_KDF_BYTES]);

#endif
