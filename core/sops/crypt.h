/*
 * crypt.h: AES-256-GCM and the running hash of a document's MAC (specs/sops.md, sections 2, 3 and 6).
 *
 * Layer: core/sops, private. The contexts hold the key's schedule and digests of plaintext: they lie in a secret.
 */
#ifndef BS_SOPS_CRYPT_H
#define BS_SOPS_CRYPT_H

#include "enc.h"
#include "../base/text.h"

#define BS_MAC_TEXT 128 /* SHA-512 in upper-case hex */

struct bs_crypt_state;

struct bs_crypt {
	struct bs_secret *storage;
	struct bs_crypt_state *state; /* in storage */
};

/* Starts the hash, too. The key has 32 bytes. */
enum bs_code bs_crypt_init(
	struct bs_crypt *crypt, const struct bs_secret *key, struct bs_error *reterr) BS_MUST_CHECK;
void bs_crypt_release(struct bs_crypt *crypt);

/* Begins the hash anew; with the prefix of documents whose MAC is of the encrypted leaves only. */
void bs_crypt_hash_start(struct bs_crypt *crypt, bool encrypted_only);
void bs_crypt_hash(struct bs_crypt *crypt, const void *bytes, size_t len);
/* Ends the hash. The text is BS_MAC_TEXT long and lies in the crypt. */
const uint8_t *bs_crypt_mac_text(struct bs_crypt *crypt);

/*
 * Decrypts into ret, which has enc->len bytes, and hashes the plaintext if is_hashed. BS_INTEGRITY, with ret wiped, if
 * the tag is wrong. The error carries no message.
 */
enum bs_code bs_crypt_open(struct bs_crypt *crypt, const struct bs_enc *enc, const void *aad, size_t aad_len,
	bool is_hashed, uint8_t *ret) BS_MUST_CHECK;
/* Appends the ENC text of the plaintext (of at least one byte) under a fresh IV, and hashes it if is_hashed. */
void bs_crypt_seal(struct bs_crypt *crypt, const uint8_t *plain, size_t len, enum bs_enc_type type,
	const void *aad, size_t aad_len, bool is_hashed, struct bs_text *out);

#endif
