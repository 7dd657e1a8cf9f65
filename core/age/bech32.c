/* bech32.c: the text form of age's keys. */
#include "bech32.h"

#include <string.h>

#define CHECKSUM_LEN 6

static const char alphabet[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static char to_lower(char c)
{
	return is_upper(c) ? (char)(c - 'A' + 'a') : c;
}

/*
 * The value of a symbol, or -1. All symbols are compared, without a branch or a load that depends on the
 * character: identities pass through here.
 */
static int symbol_value(char c)
{
	unsigned found = 0;

	c = to_lower(c);
	for (unsigned i = 0; i < 32; i++) {
		unsigned differs = (unsigned char)(c ^ alphabet[i]);

		/* 0 - 1 borrows into the high bits only where nothing differs. */
		found |= (i + 1) & ((differs - 1) >> 8);
	}
	return (int)found - 1;
}

static uint32_t polymod_step(uint32_t sum, unsigned value)
{
	static const uint32_t generators[5] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
	uint32_t top = sum >> 25;

	sum = ((sum & 0x1ffffff) << 5) ^ value;
	for (unsigned i = 0; i < 5; i++)
		sum ^= generators[i] & (0 - ((top >> i) & 1));
	return sum;
}

/* The checksum's state after the human-readable part, which counts in lower case. */
static uint32_t polymod_hrp(const char *hrp, size_t len)
{
	uint32_t sum = 1;

	for (size_t i = 0; i < len; i++)
		sum = polymod_step(sum, (unsigned char)to_lower(hrp[i]) >> 5);
	sum = polymod_step(sum, 0);
	for (size_t i = 0; i < len; i++)
		sum = polymod_step(sum, (unsigned char)to_lower(hrp[i]) & 31);
	return sum;
}

static bool has_one_case(const char *text, size_t len)
{
	bool upper = false, lower = false;

	for (size_t i = 0; i < len; i++) {
		upper |= is_upper(text[i]);
		lower |= is_lower(text[i]);
	}
	return !(upper && lower);
}

/* The whole string's checksum; symbols are known to be of the alphabet after this. */
static bool checksum_holds(const char *hrp, size_t hrp_len, const char *data, size_t data_len)
{
	uint32_t sum = polymod_hrp(hrp, hrp_len);

	for (size_t i = 0; i < data_len; i++) {
		int value = symbol_value(data[i]);

		if (value < 0)
			return false;
		sum = polymod_step(sum, (unsigned)value);
	}
	return sum == 1;
}

bool bs_bech32_decode(
	const char *text, size_t len, const char *hrp, uint8_t *out, size_t room, size_t *ret_len)
{
	size_t hrp_len = strlen(hrp), symbols, done = 0;
	uint32_t bits = 0;
	unsigned held = 0;

	/* The separator is the last '1'. None of the alphabet's symbols is one, so it must stand right behind
	 * hrp. */
	if (len < hrp_len + 1 + CHECKSUM_LEN || memcmp(text, hrp, hrp_len) != 0 || text[hrp_len] != '1')
		return false;
	if (!has_one_case(text, len) || !checksum_holds(text, hrp_len, text + hrp_len + 1, len - hrp_len - 1))
		return false;

	symbols = len - hrp_len - 1 - CHECKSUM_LEN;
	for (size_t i = 0; i < symbols; i++) {
		bits = (bits << 5) | (uint32_t)symbol_value(text[hrp_len + 1 + i]);
		held += 5;
		if (held < 8)
			continue;
		held -= 8;
		if (done == room)
			return false;
		if (out)
			out[done] = (uint8_t)(bits >> held);
		done++;
		bits &= (1u << held) - 1;
	}
	/* What is left over is padding: less than a symbol, and zero. */
	if (held >= 5 || bits)
		return false;
	*ret_len = done;
	return true;
}

void bs_bech32_encode(const char *hrp, const uint8_t *bytes, size_t len, char *out)
{
	size_t hrp_len = strlen(hrp), symbols = (len * 8 + 4) / 5;
	uint32_t sum = polymod_hrp(hrp, hrp_len), bits = 0;
	bool upper = false;
	unsigned held = 0;
	char *at = out;

	memcpy(at, hrp, hrp_len);
	at += hrp_len;
	*at++ = '1';
	for (size_t i = 0, in = 0; i < symbols; i++) {
		unsigned value;

		if (held < 5) {
			bits = (bits << 8) | (in < len ? bytes[in] : 0u);
			in++;
			held += 8;
		}
		held -= 5;
		value = (bits >> held) & 31;
		bits &= (1u << held) - 1;
		sum = polymod_step(sum, value);
		*at++ = alphabet[value];
	}
	for (unsigned i = 0; i < CHECKSUM_LEN; i++)
		sum = polymod_step(sum, 0);
	sum ^= 1;
	for (unsigned i = 0; i < CHECKSUM_LEN; i++)
		*at++ = alphabet[(sum >> (5 * (CHECKSUM_LEN - 1 - i))) & 31];

	for (size_t i = 0; i < hrp_len; i++)
		upper |= is_upper(hrp[i]);
	for (char *c = out + hrp_len + 1; upper && c < at; c++)
		if (is_lower(*c))
			*c = (char)(*c - 'a' + 'A');
}
