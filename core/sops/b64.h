/*
 * b64.h: the standard alphabet with padding (RFC 4648 section 4), for ciphertext.
 *
 * Layer: core/sops, private. Table driven: what passes through here is public on its coded side, and the
 * constant-time decoders of the libraries cost more than the decryption itself.
 */
#ifndef BS_SOPS_B64_H
#define BS_SOPS_B64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Characters of the coded form of len bytes. */
static inline size_t bs_b64_coded_len(size_t len)
{
	return (len / 3 + (len % 3 != 0)) * 4;
}

/* Strict: whole groups, alphabet, padding at the end only, unused bits zero. *ret_len: bytes when decoded. */
bool bs_b64_check(const char *text, size_t len, size_t *ret_len);
/* Decodes what bs_b64_check() accepted, or a part of it that begins and ends at a group's border. */
size_t bs_b64_decode(const char *text, size_t len, uint8_t *ret);
/* Writes bs_b64_coded_len(len) characters, no NUL. */
void bs_b64_encode(const uint8_t *bytes, size_t len, char *ret);

#endif
