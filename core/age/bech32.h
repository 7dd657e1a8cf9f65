/*
 * bech32.h: Bech32 (BIP 173, checksum constant 1) without its limit of 90 characters.
 *
 * Layer: core/age. No byte of what is decoded or encoded is kept anywhere but in the caller's buffers, so
 * that identities go from one secret into another.
 */
#ifndef BS_AGE_BECH32_H
#define BS_AGE_BECH32_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Characters of a whole string, without a NUL. */
#define BS_BECH32_LEN(hrp_len, bytes) ((hrp_len) + 1 + ((bytes)*8 + 4) / 5 + 6)

/*
 * Checks text (case, alphabet, checksum, padding bits) and that its human-readable part is hrp, case
 * included. The data goes to out; more than room bytes is a failure. out may be NULL with a room, to check
 * alone.
 */
bool bs_bech32_decode(
	const char *text, size_t len, const char *hrp, uint8_t *out, size_t room, size_t *ret_len);
/* Writes exactly BS_BECH32_LEN(strlen(hrp), len) characters, upper case if hrp is, and no NUL. */
void bs_bech32_encode(const char *hrp, const uint8_t *bytes, size_t len, char *out);

#endif
