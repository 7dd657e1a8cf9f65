/*
 * stream.h: the payload: chunks of 64 KiB, each sealed by itself (C2SP age.md, "Payload").
 *
 * Layer: core/age.
 */
#ifndef BS_AGE_STREAM_H
#define BS_AGE_STREAM_H

#include "stanza.h"

#define BS_AGE_CHUNK_BYTES ((size_t)65536)
#define BS_AGE_STREAM_NONCE_BYTES 16

/* Bytes of a sealed plaintext, without the nonce. */
size_t bs_age_stream_sealed_len(size_t len);
/* Writes bs_age_stream_sealed_len(len) bytes. */
enum bs_code bs_age_stream_seal(const uint8_t file_key[static BS_AGE_FILE_KEY_BYTES],
	const uint8_t nonce[static BS_AGE_STREAM_NONCE_BYTES], const uint8_t *plain, size_t len, uint8_t *out,
	struct bs_error *reterr) BS_MUST_CHECK;
/*
 * The plaintext. On BS_INTEGRITY *ret is what was authentic before the damage, for the test vectors; it is
 * only a beginning and must not be used.
 */
enum bs_code bs_age_stream_open(const uint8_t file_key[static BS_AGE_FILE_KEY_BYTES],
	const uint8_t nonce[static BS_AGE_STREAM_NONCE_BYTES], const uint8_t *sealed, size_t len,
	struct bs_secret **ret, struct bs_error *reterr) BS_MUST_CHECK;

#endif
