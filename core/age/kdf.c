/* kdf.c: HKDF-SHA-256 (RFC 5869) with one block of output, on libsodium's HMAC. */
#include "kdf.h"

#include <string.h>

void bs_kdf_hmac(struct bs_kdf *kdf, const uint8_t key[static BS_KDF_BYTES], const void *msg, size_t len,
	uint8_t ret[static BS_KDF_BYTES])
{
	crypto_auth_hmacsha256_init(&kdf->hmac, key, BS_KDF_BYTES);
	crypto_auth_hmacsha256_update(&kdf->hmac, msg, len);
	crypto_auth_hmacsha256_final(&kdf->hmac, ret);
}

void bs_kdf_hkdf(struct bs_kdf *kdf, const uint8_t *ikm, size_t ikm_len, const uint8_t *salt, size_t salt_len,
	const char *info, uint8_t ret[static BS_KDF_BYTES])
{
	static const uint8_t nothing[BS_KDF_BYTES];
	static const uint8_t one = 1;

	/* HMAC pads its key with zeros, so 32 zero bytes and no salt at all are the same key. */
	if (!salt_len) {
		salt = nothing;
		salt_len = sizeof(nothing);
	}
	crypto_auth_hmacsha256_init(&kdf->hmac, salt, salt_len);
	if (ikm_len)
		crypto_auth_hmacsha256_update(&kdf->hmac, ikm, ikm_len);
	crypto_auth_hmacsha256_final(&kdf->hmac, kdf->prk);

	crypto_auth_hmacsha256_init(&kdf->hmac, kdf->prk, sizeof(kdf->prk));
	crypto_auth_hmacsha256_update(&kdf->hmac, (const unsigned char *)info, strlen(info));
	crypto_auth_hmacsha256_update(&kdf->hmac, &one, 1);
	crypto_auth_hmacsha256_final(&kdf->hmac, ret);
}
