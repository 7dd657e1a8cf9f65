#include "b64.h"

#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* A character's six bits; anything outside the alphabet counts as 0, for only checked text is decoded. */
#define SIX(c) \
	((c) >= 'A' && (c) <= 'Z'          ? (c) - 'A' \
		: (c) >= 'a' && (c) <= 'z' ? (c) - 'a' + 26 \
		: (c) >= '0' && (c) <= '9' ? (c) - '0' + 52 \
		: (c) == '+'               ? 62 \
		: (c) == '/'               ? 63 \
					   : 0)
#define ROW4(n, s) \
	(uint32_t) SIX(n) << (s), (uint32_t)SIX((n) + 1) << (s), (uint32_t)SIX((n) + 2) << (s), \
		(uint32_t)SIX((n) + 3) << (s)
#define ROW16(n, s) ROW4(n, s), ROW4((n) + 4, s), ROW4((n) + 8, s), ROW4((n) + 12, s)
#define ROW64(n, s) ROW16(n, s), ROW16((n) + 16, s), ROW16((n) + 32, s), ROW16((n) + 48, s)
#define ROW256(s) \
	{ \
		ROW64(0, s), ROW64(64, s), ROW64(128, s), ROW64(192, s) \
	}

/* One table for each place in a group, its bits already where they belong. */
static const uint32_t place[4][256] = {ROW256(18), ROW256(12), ROW256(6), ROW256(0)};

static uint32_t group(const uint8_t *text)
{
	return place[0][text[0]] | place[1][text[1]] | place[2][text[2]] | place[3][text[3]];
}

/* 1 if the character is outside the alphabet; without branches, so that the compiler does many at once. */
static uint8_t is_foreign(uint8_t c)
{
	uint8_t upper = (uint8_t)(c - 'A') < 26;
	uint8_t lower = (uint8_t)(c - 'a') < 26;
	uint8_t rest = (uint8_t)(c - '/') < 11; /* '/' stands right before '0' */
	uint8_t plus = c == '+';

	return (uint8_t)((upper | lower | rest | plus) ^ 1);
}

static bool alphabet_only(const uint8_t *text, size_t len)
{
	uint8_t bad = 0;
	size_t i = 0;

	for (; len - i >= 64; i += 64) {
		uint8_t block[64];

		for (size_t k = 0; k < 64; k++)
			block[k] = is_foreign(text[i + k]);
		for (size_t k = 0; k < 64; k++)
			bad |= block[k];
	}
	for (; i < len; i++)
		bad |= is_foreign(text[i]);
	return !bad;
}

bool bs_b64_check(const char *text, size_t len, size_t *ret_len)
{
	const uint8_t *bytes = (const uint8_t *)text;
	size_t padding = 0;

	if (!len || len % 4)
		return false;
	while (padding < 2 && bytes[len - 1 - padding] == '=')
		padding++;
	if (!alphabet_only(bytes, len - padding))
		return false;
	if (padding == 1 && (place[3][bytes[len - 2]] & 3))
		return false;
	if (padding == 2 && (place[3][bytes[len - 3]] & 15))
		return false;
	*ret_len = len / 4 * 3 - padding;
	return true;
}

size_t bs_b64_decode(const char *text, size_t len, uint8_t *ret)
{
	const uint8_t *in = (const uint8_t *)text;
	uint8_t *out = ret;
	size_t left = len;
	uint32_t last;

	/* Two groups at a time as eight bytes, of which the last two are overwritten by the next ones. */
	for (; left >= 16; left -= 8, in += 8, out += 6) {
		uint64_t six = (uint64_t)group(in) << 40 | (uint64_t)group(in + 4) << 16;

		six = __builtin_bswap64(six);
		memcpy(out, &six, 8);
	}
	for (; left > 4; left -= 4, in += 4, out += 3) {
		uint32_t three = group(in);

		out[0] = (uint8_t)(three >> 16);
		out[1] = (uint8_t)(three >> 8);
		out[2] = (uint8_t)three;
	}
	if (!left)
		return (size_t)(out - ret);
	last = group(in);
	*out++ = (uint8_t)(last >> 16);
	if (in[2] != '=')
		*out++ = (uint8_t)(last >> 8);
	if (in[3] != '=')
		*out++ = (uint8_t)last;
	return (size_t)(out - ret);
}

void bs_b64_encode(const uint8_t *bytes, size_t len, char *ret)
{
	for (; len >= 3; len -= 3, bytes += 3, ret += 4) {
		uint32_t three = (uint32_t)bytes[0] << 16 | (uint32_t)bytes[1] << 8 | bytes[2];

		ret[0] = alphabet[three >> 18];
		ret[1] = alphabet[three >> 12 & 63];
		ret[2] = alphabet[three >> 6 & 63];
		ret[3] = alphabet[three & 63];
	}
	if (!len)
		return;
	ret[0] = alphabet[bytes[0] >> 2];
	if (len == 1) {
		ret[1] = alphabet[(bytes[0] & 3) << 4];
		ret[2] = '=';
	} else {
		ret[1] = alphabet[(bytes[0] & 3) << 4 | bytes[1] >> 4];
		ret[2] = alphabet[(bytes[1] & 15) << 2];
	}
	ret[3] = '=';
}
