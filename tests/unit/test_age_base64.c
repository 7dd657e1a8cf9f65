/* test_age_base64.c: nothing but canonical base64 is taken. */
#include "../../core/age/base64.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* libsodium 1.0.18 takes bytes over 127 for '+' and '/'. */
Test(age_base64, takes_its_alphabet_and_no_other_byte)
{
	for (int c = 0; c < 256; c++) {
		bool is_symbol = c && strchr(alphabet, c);

		for (size_t at = 0; at < 4; at++) {
			char text[4] = {'A', 'A', 'A', 'A'};
			uint8_t out[3];
			size_t len;

			text[at] = (char)c;
			/* One '=' at the end is padding. */
			cr_assert_eq(bs_base64_decode(BS_BASE64_PADDED, text, 4, out, 3, &len),
				is_symbol || (c == '=' && at == 3), "byte %d at %zu", c, at);
			cr_assert_eq(bs_base64_decode(BS_BASE64_BARE, text, 4, out, 3, &len), is_symbol,
				"byte %d at %zu", c, at);
			if (is_symbol) {
				uint32_t bits = (uint32_t)(strchr(alphabet, c) - alphabet) << (6 * (3 - at));

				cr_assert_eq((uint32_t)out[0] << 16 | (uint32_t)out[1] << 8 | out[2], bits);
			}
		}
	}
}

Test(age_base64, takes_line_ends_only_where_lines_are_meant)
{
	uint8_t out[8];
	size_t len;

	cr_assert(bs_base64_decode_lines("\nYW\r\ndl\n", 8, out, sizeof(out), &len));
	cr_assert_eq(len, 3);
	cr_assert_eq(memcmp(out, "age", 3), 0);
	cr_assert_not(bs_base64_decode_lines("YW dl", 5, out, sizeof(out), &len));
	cr_assert_not(bs_base64_decode_lines("YW\xffl", 4, out, sizeof(out), &len));
	cr_assert_not(bs_base64_decode(BS_BASE64_PADDED, "YW\ndl", 5, out, sizeof(out), &len));
}

struct text_case {
	char text[16];
	int bare, padded; /* bytes, -1: refused */
};

ParameterizedTestParameters(age_base64, is_canonical)
{
	static struct text_case cases[] = {
		{"", 0, 0},
		{"A", -1, -1},
		{"AA", 1, -1},
		{"AAA", 2, -1},
		{"AAAA", 3, 3},
		{"AA==", -1, 1},
		{"AAA=", -1, 2},
		{"AA=", -1, -1},
		{"A===", -1, -1},
		{"====", -1, -1},
		{"AB", -1, -1},
		{"AAB", -1, -1},
		{"AB==", -1, -1},
		{"AAB=", -1, -1},
		{"AQ", 1, -1},
		{"AAAA=", -1, -1},
		{"AA==AA", -1, -1},
		{" AAAA", -1, -1},
		{"AAAA ", -1, -1},
		{"AA==\n", -1, -1},
	};

	return cr_make_param_array(struct text_case, cases, sizeof(cases) / sizeof(cases[0]));
}

ParameterizedTest(struct text_case *c, age_base64, is_canonical)
{
	uint8_t out[16];
	size_t len;

	for (int padded = 0; padded < 2; padded++) {
		int want = padded ? c->padded : c->bare;
		bool ok = bs_base64_decode(padded ? BS_BASE64_PADDED : BS_BASE64_BARE, c->text,
			strlen(c->text), out, sizeof(out), &len);

		cr_assert_eq(ok, want >= 0, "'%s' padded %d", c->text, padded);
		if (ok)
			cr_assert_eq(len, (size_t)want, "'%s'", c->text);
	}
}

Test(age_base64, never_writes_more_than_there_is_room_for)
{
	uint8_t out[4] = {0, 0, 0x55, 0x55};
	size_t len;

	cr_assert_not(bs_base64_decode(BS_BASE64_BARE, "AAAA", 4, out, 2, &len));
	cr_assert_eq(out[2], 0x55);
	cr_assert_not(bs_base64_decode_exact(BS_BASE64_BARE, "AAA", 3, out, 3));
	cr_assert_not(bs_base64_decode_exact(BS_BASE64_BARE, "AAAA", 4, out, 2));
	cr_assert(bs_base64_decode_exact(BS_BASE64_BARE, "AAA", 3, out, 2));
}
