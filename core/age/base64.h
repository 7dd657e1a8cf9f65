/*
 * base64.h: strict base64 as age wants it (RFC 4648 section 4, canonical).
 *
 * Layer: core/age. In headers without padding, in armor with it. Nothing is skipped: no blank, no CR, no
 * stray bit.
 */
#ifndef BS_AGE_BASE64_H
#define BS_AGE_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum bs_base64 {
	BS_BASE64_BARE, /* header arguments and bodies */
	BS_BASE64_PADDED, /* armor, SSH keys */
};

/* A line of both kinds: 64 characters stand for 48 bytes. */
#define BS_BASE64_COLUMNS 64
#define BS_BASE64_LINE_BYTES 48
/* Characters of n bytes without padding. */
#define BS_BASE64_LEN(n) (((n)*4 + 2) / 3)

/* False unless all of text is canonical and fits in room; *ret_len is at most room. */
bool bs_base64_decode(
	enum bs_base64 kind, const char *text, size_t len, uint8_t *out, size_t room, size_t *ret_len);
/* As bs_base64_decode of padded text, with line ends anywhere in it: the body of a PEM file. */
bool bs_base64_decode_lines(const char *text, size_t len, uint8_t *out, size_t room, size_t *ret_len);
/* True if text stands for exactly len bytes. */
bool bs_base64_decode_exact(enum bs_base64 kind, const char *text, size_t text_len, uint8_t *out, size_t len);
/* Writes the text and a NUL; out has room for it, a multiple of four characters, and the NUL. Returns the
 * length. */
size_t bs_base64_encode(enum bs_base64 kind, const uint8_t *bytes, size_t len, char *out);

#endif
