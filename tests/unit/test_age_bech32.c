/* test_age_bech32.c: keys as text. */
#include "../../core/age/bech32.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdlib.h>
#include <string.h>

/* The pair of the worked example. */
#define RECIPIENT "age1xmwwc06ly3ee5rytxm9mflaz2u56jjj36s0mypdrwsvlul66mv4q47ryef"
#define IDENTITY "AGE-SECRET-KEY-1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM0"

static bool decodes(const char *text, const char *hrp, size_t room)
{
	uint8_t out[64];
	size_t len;

	return bs_bech32_decode(text, strlen(text), hrp, room ? out : NULL, room, &len);
}

Test(age_bech32, decodes_the_worked_identity)
{
	static const uint8_t want[32] = {0xca, 0x16, 0x26, 0x25, 0x2c, 0x53, 0xcf, 0x1a, 0x4d, 0xc4, 0x66,
		0x95, 0xe7, 0xfc, 0xc4, 0x65, 0x94, 0xcb, 0x4c, 0xca, 0xde, 0xdb, 0x67, 0x12, 0xdf, 0xda,
		0x07, 0x53, 0xf3, 0xae, 0x35, 0x5e};
	char again[sizeof(IDENTITY)] = "";
	uint8_t out[32];
	size_t len;

	cr_assert(bs_bech32_decode(IDENTITY, strlen(IDENTITY), "AGE-SECRET-KEY-", out, sizeof(out), &len));
	cr_assert_eq(len, 32);
	cr_assert(!memcmp(out, want, 32));
	cr_assert_eq(BS_BECH32_LEN(strlen("AGE-SECRET-KEY-"), 32), strlen(IDENTITY));
	bs_bech32_encode("AGE-SECRET-KEY-", out, 32, again);
	cr_assert_str_eq(again, IDENTITY);
}

struct text_case {
	char text[128], hrp[96];
};

ParameterizedTestParameters(age_bech32, takes_strings_that_bip_173_calls_valid)
{
	static struct text_case cases[] = {
		{"A12UEL5L", "A"},
		{"a12uel5l", "a"},
		{"an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5tgs",
			"an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbi"
			"o"},
		{"abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw", "abcdef"},
		{"?1ezyfcl", "?"},
	};

	return cr_make_param_array(struct text_case, cases, sizeof(cases) / sizeof(cases[0]));
}

ParameterizedTest(struct text_case *c, age_bech32, takes_strings_that_bip_173_calls_valid)
{
	cr_assert(decodes(c->text, c->hrp, 64), "%s", c->text);
}

ParameterizedTestParameters(age_bech32, refuses)
{
	static struct text_case cases[] = {
		{"", "age"},
		{"age", "age"},
		{"age1", "age"},
		{"age1qqqqq", "age"}, /* shorter than a checksum */
		{"AGE1XMWWC06LY3EE5RYTXM9MFLAZ2U56JJJ36S0MYPDRWSVLUL66MV4Q47RYEF",
			"age"}, /* other case of the prefix */
		{"age1Xmwwc06ly3ee5rytxm9mflaz2u56jjj36s0mypdrwsvlul66mv4q47ryef", "age"}, /* mixed case */
		{"age1xmwwc06ly3ee5rytxm9mflaz2u56jjj36s0mypdrwsvlul66mv4q47ryeg", "age"}, /* checksum */
		{"age1xmwwc06ly3ee5rytxm9mflaz2u56jjj36s0mypdrwsvlul66mv4q47rye", "age"}, /* a symbol short */
		{"age1bmwwc06ly3ee5rytxm9mflaz2u56jjj36s0mypdrwsvlul66mv4q47ryef",
			"age"}, /* b is no symbol */
		{RECIPIENT " ", "age"},
		{" " RECIPIENT, "age"},
		{RECIPIENT, "ag"},
		{RECIPIENT, "agf"},
		{"A1LQFN3A", "A"}, /* Bech32m's checksum */
		{"A1G7SGD8", "A"}, /* checksum over the upper-case prefix */
		{"split1cheo2y9e2w", "split"}, /* o is no symbol */
		{"de1lg7wt\xff", "de"},
	};

	return cr_make_param_array(struct text_case, cases, sizeof(cases) / sizeof(cases[0]));
}

ParameterizedTest(struct text_case *c, age_bech32, refuses)
{
	cr_assert_not(decodes(c->text, c->hrp, 64), "%s", c->text);
}

Test(age_bech32, refuses_more_than_there_is_room_for)
{
	cr_assert(decodes(RECIPIENT, "age", 32));
	cr_assert_not(decodes(RECIPIENT, "age", 31));
}

/* Symbols on their own, to write strings that the encoder never writes. */
static const char symbols[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

static uint32_t polymod(const uint8_t *values, size_t len)
{
	static const uint32_t generators[5] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
	uint32_t sum = 1;

	for (size_t i = 0; i < len; i++) {
		uint32_t top = sum >> 25;

		sum = ((sum & 0x1ffffff) << 5) ^ values[i];
		for (int k = 0; k < 5; k++)
			if (top >> k & 1)
				sum ^= generators[k];
	}
	return sum;
}

/* "x1", count symbols of which the last is last, and a checksum that holds. */
static void write_symbols(char *out, size_t count, uint8_t last)
{
	uint8_t values[64] = {'x' >> 5, 0, 'x' & 31};
	uint32_t sum;

	values[3 + count - 1] = last;
	sum = polymod(values, 3 + count + 6) ^ 1;
	for (int i = 0; i < 6; i++)
		values[3 + count + (size_t)i] = sum >> (5 * (5 - i)) & 31;
	strcpy(out, "x1");
	for (size_t i = 0; i < count + 6; i++)
		out[2 + i] = symbols[values[3 + i]];
	out[2 + count + 6] = '\0';
}

Test(age_bech32, wants_padding_to_be_zero_and_less_than_a_symbol)
{
	char text[64];

	write_symbols(text, 8, 0); /* 40 bits, 5 bytes */
	cr_assert(decodes(text, "x", 5));
	write_symbols(text, 10, 0); /* 50 bits: two of padding */
	cr_assert(decodes(text, "x", 6));
	write_symbols(text, 10, 1);
	cr_assert_not(decodes(text, "x", 6));
	write_symbols(text, 10, 4); /* a bit of the data */
	cr_assert(decodes(text, "x", 6));
	write_symbols(text, 9, 0); /* 45 bits: five of padding, a symbol too many */
	cr_assert_not(decodes(text, "x", 6));
}

Test(age_bech32, has_no_limit_of_90_characters)
{
	static uint8_t bytes[1216], back[1216];
	size_t len, text_len = BS_BECH32_LEN(strlen("age1pq"), sizeof(bytes));
	char *text = calloc(1, text_len + 1);

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7);
	cr_assert_eq(text_len, 1959);
	bs_bech32_encode("age1pq", bytes, sizeof(bytes), text);
	cr_assert_eq(strlen(text), text_len);
	cr_assert(bs_bech32_decode(text, text_len, "age1pq", back, sizeof(back), &len));
	cr_assert_eq(len, sizeof(bytes));
	cr_assert(!memcmp(bytes, back, len));
	/* The separator is the last '1', not the one in the prefix. */
	cr_assert_not(bs_bech32_decode(text, text_len, "age", back, sizeof(back), &len));
	free(text);
}

Test(age_bech32, gives_back_every_length)
{
	uint8_t bytes[40], back[40];
	char text[100];

	for (size_t len = 0; len <= sizeof(bytes); len++) {
		size_t got;

		memset(bytes, (int)(0xa5 + len), sizeof(bytes));
		bs_bech32_encode("age1x-", bytes, len, text);
		cr_assert(
			bs_bech32_decode(text, BS_BECH32_LEN(6, len), "age1x-", back, len, &got), "%zu", len);
		cr_assert_eq(got, len);
		cr_assert(!memcmp(bytes, back, len));
	}
}
