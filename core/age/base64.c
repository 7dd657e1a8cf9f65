/* base64.c: libsodium's strict decoder, with its many arguments in one place. */
#include "base64.h"

#include <sodium.h>
#include <string.h>

static int variant(enum bs_base64 kind)
{
	return kind == BS_BASE64_PADDED ? sodium_base64_VARIANT_ORIGINAL
					: sodium_base64_VARIANT_ORIGINAL_NO_PADDING;
}

/*
 * libsodium 1.0.18 compares characters as signed ones and so takes each byte over 127 for '+' or '/'. Every
 * byte is looked at, without a branch on it: SSH keys pass through here.
 */
static bool is_ascii(const char *text, size_t len)
{
	unsigned char any = 0;

	for (size_t i = 0; i < len; i++)
		any |= (unsigned char)text[i];
	return any < 0x80;
}

static bool decode(const char *text, size_t len, const char *ignore, uint8_t *out, size_t room,
	size_t *ret_len, int kind)
{
	/* Without an `end` libsodium refuses whatever is left over, and non-zero trailing bits. */
	return is_ascii(text, len) &&
	       sodium_base642bin(out, room, text, len, ignore, ret_len, NULL, kind) == 0;
}

bool bs_base64_decode(
	enum bs_base64 kind, const char *text, size_t len, uint8_t *out, size_t room, size_t *ret_len)
{
	return decode(text, len, NULL, out, room, ret_len, variant(kind));
}

bool bs_base64_decode_lines(const char *text, size_t len, uint8_t *out, size_t room, size_t *ret_len)
{
	return decode(text, len, "\r\n", out, room, ret_len, variant(BS_BASE64_PADDED));
}

bool bs_base64_decode_exact(enum bs_base64 kind, const char *text, size_t text_len, uint8_t *out, size_t len)
{
	size_t got;

	return bs_base64_decode(kind, text, text_len, out, len, &got) && got == len;
}

size_t bs_base64_encode(enum bs_base64 kind, const uint8_t *bytes, size_t len, char *out)
{
	size_t room = sodium_base64_encoded_len(len, variant(kind));

	sodium_bin2base64(out, room, bytes, len, variant(kind));
	return room - 1;
}
