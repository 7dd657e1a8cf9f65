/* test_sops_enc.c: encrypted values: their base64, their text, their cipher, the numbers and times in them. */
#include "../../core/sops/b64.h"
#include "../../core/sops/crypt.h"
#include "../../core/sops/number.h"
#include "../../core/sops/rfc3339.h"

#include <criterion/criterion.h>
#include <locale.h>
#include <nettle/gcm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define IV "oKGio6SlpqeoqaqrrK2ur7CxsrO0tba3uLm6u7y9vr8="
#define TAG "++q/uII5bEYPhvwCDRl0kA=="
#define HELLO "ENC[AES256_GCM,data:wd2e6q0=,iv:" IV ",tag:" TAG ",type:str]"

static struct bs_secret *example_key(void)
{
	struct bs_secret *key = NULL;

	cr_assert_eq(bs_secret_new(32, &key, NULL), BS_OK);
	for (uint8_t i = 0; i < 32; i++)
		bs_secret_data(key)[i] = i;
	return key;
}

static void start(struct bs_crypt *crypt)
{
	struct bs_secret *key = example_key();

	cr_assert_eq(bs_crypt_init(crypt, key, NULL), BS_OK);
	bs_secret_free(key);
}

Test(b64, every_length_comes_back)
{
	uint8_t bytes[300], back[300 + 1];
	char text[404];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 167 + 13);
	for (size_t len = 1; len <= sizeof(bytes); len++) {
		size_t coded = bs_b64_coded_len(len), found;

		bs_b64_encode(bytes, len, text);
		cr_assert(bs_b64_check(text, coded, &found), "%zu", len);
		cr_assert_eq(found, len);
		back[len] = 0xa5;
		cr_assert_eq(bs_b64_decode(text, coded, back), len);
		cr_assert(!memcmp(bytes, back, len), "%zu", len);
		cr_assert_eq(back[len], 0xa5, "wrote behind the end at %zu", len);
	}
}

Test(b64, no_character_outside_the_alphabet_passes)
{
	char text[132];
	size_t len;

	for (int c = 0; c < 256; c++) {
		bool is_right =
			c && strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", c);

		for (size_t at = 0; at < 128; at += 9) {
			memset(text, 'A', sizeof(text));
			text[at] = (char)c;
			cr_assert_eq(bs_b64_check(text, sizeof(text), &len), is_right, "%d at %zu", c, at);
		}
	}
}

Test(b64, refuses_what_is_not_canonical)
{
	static const char *const bad[] = {"", "A", "AA", "AAA", "AAAAA", "====", "A===", "=AAA", "AA=A",
		"AB==", "AAB=", "AA==AAAA", "AAA=AAAA", "AA\n==", "AAA ", "AA-_", "AAAA\nAAA", "AAAAAA=\n"};
	size_t len;

	for (size_t i = 0; i < COUNT(bad); i++)
		cr_expect(!bs_b64_check(bad[i], strlen(bad[i]), &len), "%s", bad[i]);
	cr_expect(bs_b64_check("AA==", 4, &len) && len == 1);
	cr_expect(bs_b64_check("AAA=", 4, &len) && len == 2);
	cr_expect(bs_b64_check("/w==", 4, &len) && len == 1);
}

static const char *const bad_enc[] = {
	"",
	"ENC[",
	"ENC[AES256_GCM,data:",
	" " HELLO,
	HELLO " ",
	HELLO "\n",
	HELLO "]",
	HELLO HELLO,
	"enc[AES256_GCM,data:wd2e6q0=,iv:" IV ",tag:" TAG ",type:str]",
	"ENC[AES256_CBC,data:wd2e6q0=,iv:" IV ",tag:" TAG ",type:str]",
	"ENC[AES256_GCM,data:,iv:" IV ",tag:" TAG ",type:str]",
	"ENC[AES256_GCM,iv:" IV ",data:wd2e6q0=,tag:" TAG ",type:str]",
	"ENC[AES256_GCM,data:wd2e6q0=,tag:" TAG ",iv:" IV ",type:str]",
	"ENC[AES256_GCM,data:wd2e6q0=,iv:" IV ",tag:" TAG "]",
	"ENC[AES256_GCM,data:wd2e6q0=,iv:" IV ",tag:" TAG ",type:]",
	"ENC[AES256_GCM,data:wd2e6q0=,iv:" IV ",tag:" TAG ",type:bytes]",
	"ENC[AES256_GCM,data:wd2e6q0=,iv:" IV ",tag:" TAG ",type:Str]",
	"ENC[AES256_GCM,data:wd2e6q0=,iv:" IV ",tag:" TAG ",type:str",
	"ENC[AES256_GCM,data:wd2e6q0=,iv:" IV ",tag:" TAG ",type:str,type:int]",
	"ENC[AES256_GCM,data:wd2e6q0=,iv:" IV ",tag:" TAG ", type:str]",
	"ENC[AES256_GCM, data:wd2e6q0=,iv:" IV ",tag:" TAG ",type:str]",
	"ENC[AES256_GCM,data:wd2e6q0,iv:" IV ",tag:" TAG ",type:str]",
	"ENC[AES256_GCM,data:wd2e 6q0=,iv:" IV ",tag:" TAG ",type:str]",
	"ENC[AES256_GCM,data:wd2e6q1=,iv:" IV ",tag:" TAG ",type:str]",
	"ENC[AES256_GCM,data:wd-e6q0=,iv:" IV ",tag:" TAG ",type:str]",
	"ENC[AES256_GCM,data:wd2e6q0=,iv:,tag:" TAG ",type:str]",
	"ENC[AES256_GCM,data:wd2e6q0=,iv:AAAAAAAAAA==,tag:" TAG ",type:str]",
	"ENC[AES256_GCM,data:wd2e6q0=,iv:" IV ",tag:,type:str]",
	"ENC[AES256_GCM,data:wd2e6q0=,iv:" IV ",tag:++q/uII5bEYPhvwCDRl0,type:str]",
	"ENC[AES256_GCM,data:wd2e6q0=,iv:" IV ",tag:++q/uII5bEYPhvwCDRl0kAA=,type:str]",
};

Test(enc, refuses_what_is_not_exactly_the_form)
{
	struct bs_enc enc;

	for (size_t i = 0; i < COUNT(bad_enc); i++)
		cr_expect(bs_enc_parse(bad_enc[i], strlen(bad_enc[i]), &enc), "%s", bad_enc[i]);
	for (size_t len = 0; len < strlen(HELLO); len++)
		cr_expect(bs_enc_parse(HELLO, len, &enc), "cut at %zu", len);
	cr_expect_null(bs_enc_parse(HELLO, strlen(HELLO), &enc));
	cr_expect_eq(enc.len, 5);
	cr_expect_eq(enc.type, BS_ENC_STR);
}

Test(crypt, opens_the_worked_example)
{
	struct bs_crypt crypt;
	struct bs_enc enc;
	uint8_t plain[5];

	start(&crypt);
	cr_assert_null(bs_enc_parse(HELLO, strlen(HELLO), &enc));
	cr_expect_eq(bs_crypt_open(&crypt, &enc, "db:password:", 12, false, plain), BS_OK);
	cr_expect(!memcmp(plain, "hello", 5));
	cr_expect_eq(bs_crypt_open(&crypt, &enc, "db:password", 11, false, plain), BS_INTEGRITY);
	cr_expect(!memcmp(plain, "\0\0\0\0\0", 5), "a plaintext that failed its tag stayed");
	bs_crypt_release(&crypt);
}

/* Section 16: the whole fixture, its keys, and the MAC over it. */
static const struct {
	const char *aad, *data, *tag, *type, *plain;
} fixture[] = {
	{"db:password:", "0cHFi7Y=", "9+3zpKeVK2hlBdK7I/StbA==", "str", "hello"},
	{"db:port:", "Wk/Kdw==", "sJs8MKaclSvqsaXVqHvrzg==", "int", "5432"},
	{"db:ratio:", "Wlp2", "wH0iRj549/P28tL2aPcpUQ==", "float", "0.5"},
	{"db:tls:", "On4aDA==", "7iAPMRq04fFvK1Ezt/hUDg==", "bool", "True"},
	{"db:hosts:", "kQ==", "RIZAiwwmtQbuomGqlAqHgA==", "str", "a"},
	{"db:hosts:", "2g==", "52aiwBi18caWfqWWckHYSA==", "str", "b"},
	{"2026-01-02T03:04:05Z",
		"fQUyxUUe1Ji9gmGuJDTT4y7I+T+"
		"33aHASM3KkwUFNLccim7FUNJ1UkeMk0Lldk5ZwNN81nKVenNhG3vj5Nq3oLbR9ehrUGKj5n03as8x"
		"HW2HCqmDS4UXJ+PUknrpo72L6KxeIRWS0mXLu0Tai40ggkb5v4hy0l1DzbVtqlXkbZQ=",
		"xmHSzkWQvUct5yIKYX1XRw==", "str",
		"D96437ABCCDBDE1FED7CF3991393F75B088B384D469BB5A9D886C5F0908FCF9AEAD7619F9B8EC47BDAD26DB4291A"
		"8890B239681"
		"7ADDB33AC9079F5E8A7228144"},
};

Test(crypt, opens_the_fixture_and_finds_its_mac)
{
	struct bs_crypt crypt;

	start(&crypt);
	for (size_t i = 0; i < COUNT(fixture); i++) {
		char text[512], iv64[45] = {0};
		uint8_t iv[32], plain[128];
		struct bs_enc enc;

		memset(iv, (int)i + 1, sizeof(iv));
		bs_b64_encode(iv, sizeof(iv), iv64);
		snprintf(text, sizeof(text), "ENC[AES256_GCM,data:%s,iv:%s,tag:%s,type:%s]", fixture[i].data,
			iv64, fixture[i].tag, fixture[i].type);
		cr_assert_null(bs_enc_parse(text, strlen(text), &enc), "%s", text);
		cr_assert_eq(enc.len, strlen(fixture[i].plain));
		if (i == 6) {
			bs_crypt_hash(&crypt, "ops", 3);
			cr_expect(!memcmp(bs_crypt_mac_text(&crypt), fixture[i].plain, BS_MAC_TEXT));
		}
		cr_assert_eq(
			bs_crypt_open(&crypt, &enc, fixture[i].aad, strlen(fixture[i].aad), i < 6, plain),
			BS_OK);
		cr_expect(!memcmp(plain, fixture[i].plain, enc.len));
		cr_expect(bs_enc_is_canonical(enc.type, plain, enc.len));
	}
	bs_crypt_release(&crypt);
}

Test(crypt, hashes_as_the_examples_do)
{
	struct bs_crypt crypt;

	start(&crypt);
	cr_expect(!memcmp(bs_crypt_mac_text(&crypt), "CF83E1357EEFB8BD", 16), "SHA-512 of nothing");
	bs_crypt_hash_start(&crypt, true);
	bs_crypt_hash(&crypt, "hello54320.5Trueab", 18);
	cr_expect(!memcmp(bs_crypt_mac_text(&crypt),
		"84E1E7E76AA05C93EA68D82AF1A7E30D945F212208939A23B39E86BC5D481D6599BDD6727D8C70D97488A64954F9"
		"113BCA76A4"
		"13E034D691A5E24B1311F6B6BD",
		BS_MAC_TEXT));
	bs_crypt_release(&crypt);
}

Test(crypt, takes_the_iv_length_from_the_file)
{
	static const size_t lengths[] = {8, 12, 13, 16, 32, 64, 128};
	struct bs_crypt crypt;

	start(&crypt);
	for (size_t i = 0; i < COUNT(lengths); i++) {
		struct bs_secret *key = example_key();
		struct gcm_aes256_ctx gcm;
		uint8_t iv[128], tag[16], sealed[5], plain[5];
		char text[400], iv64[200] = {0}, tag64[25] = {0}, data64[9] = {0};
		struct bs_enc enc;

		memset(iv, 9, sizeof(iv));
		gcm_aes256_set_key(&gcm, bs_secret_bytes(key));
		gcm_aes256_set_iv(&gcm, lengths[i], iv);
		gcm_aes256_update(&gcm, 2, (const uint8_t *)"a:");
		gcm_aes256_encrypt(&gcm, 5, sealed, (const uint8_t *)"hello");
		gcm_aes256_digest(&gcm, 16, tag);
		bs_b64_encode(iv, lengths[i], iv64);
		bs_b64_encode(tag, 16, tag64);
		bs_b64_encode(sealed, 5, data64);
		snprintf(text, sizeof(text), "ENC[AES256_GCM,data:%s,iv:%s,tag:%s,type:str]", data64, iv64,
			tag64);
		cr_assert_null(bs_enc_parse(text, strlen(text), &enc), "%s", text);
		cr_expect_eq(bs_crypt_open(&crypt, &enc, "a:", 2, false, plain), BS_OK, "%zu", lengths[i]);
		bs_secret_free(key);
	}
	bs_crypt_release(&crypt);
}

/* Sizes around the borders of AES blocks, base64 groups and the pieces in which large values are done. */
Test(crypt, seals_and_opens_every_size_under_fresh_ivs)
{
	static const size_t sizes[] = {
		1, 2, 3, 15, 16, 17, 47, 48, 49, 12287, 12288, 12289, 24575, 24576, 24577, 100001};
	struct bs_crypt crypt;

	start(&crypt);
	for (size_t i = 0; i < COUNT(sizes); i++) {
		BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *plain = NULL;
		BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *back = NULL;
		BS_CLEANUP(bs_text_release) struct bs_text one = {0};
		BS_CLEANUP(bs_text_release) struct bs_text two = {0};
		struct bs_enc enc, other;

		cr_assert_eq(bs_secret_new(sizes[i], &plain, NULL), BS_OK);
		cr_assert_eq(bs_secret_new(sizes[i], &back, NULL), BS_OK);
		for (size_t k = 0; k < sizes[i]; k++)
			bs_secret_data(plain)[k] = (uint8_t)(k * 31 + i);
		bs_crypt_seal(&crypt, bs_secret_bytes(plain), sizes[i], BS_ENC_STR, "data:", 5, false, &one);
		bs_crypt_seal(&crypt, bs_secret_bytes(plain), sizes[i], BS_ENC_STR, "data:", 5, false, &two);
		cr_assert_null(bs_enc_parse(one.bytes, one.len, &enc));
		cr_assert_null(bs_enc_parse(two.bytes, two.len, &other));
		cr_expect(memcmp(enc.iv, other.iv, enc.iv_len) != 0, "an IV came twice");
		cr_assert_eq(enc.len, sizes[i]);
		cr_expect_eq(bs_crypt_open(&crypt, &enc, "data:", 5, false, bs_secret_data(back)), BS_OK);
		cr_expect(bs_secret_equal(plain, back), "%zu", sizes[i]);
	}
	bs_crypt_release(&crypt);
}

static const struct {
	enum bs_enc_type type;
	const char *good, *bad; /* separated by blanks */
} canonical[] = {
	{BS_ENC_STR, "x 007", NULL},
	{BS_ENC_INT, "0 5 -5 9223372036854775807 -9223372036854775808",
		"007 +5 -0 - 5.0 5e0 9223372036854775808 -9223372036854775809 99999999999999999999 0x5 "
		"1_000"},
	{BS_ENC_FLOAT, "42 -42 0.5 25.4 0 -0 0.0000001 1000000000000000000000 12345678901234567000 0.1",
		"0.10 1.0 .5 5. 1e21 +1 00.5 0.10000000000000001 Inf NaN - 12345678901234567890 1e400 --1 "
		"0.5.5"},
	{BS_ENC_BOOL, "True False", "true false TRUE 1 0 T Tru Falsee"},
	{BS_ENC_TIME, "2026-01-02T03:04:05Z 2026-01-02T03:04:05.5Z 2026-01-02T03:04:05.123456789+02:00",
		"2026-01-02 2026-01-02T03:04:05+00:00 2026-01-02T03:04:05.50Z "
		"2026-01-02T03:04:05.1234567891Z x"},
};

static void expect_words(enum bs_enc_type type, const char *words, bool is_good)
{
	while (words && *words) {
		size_t len = strcspn(words, " ");

		cr_expect_eq(bs_enc_is_canonical(type, (const uint8_t *)words, len), is_good, "%s: %.*s",
			bs_enc_type_name(type), (int)len, words);
		words += len + (words[len] == ' ');
	}
}

Test(enc, only_the_text_that_sops_writes_is_of_its_type)
{
	for (size_t i = 0; i < COUNT(canonical); i++) {
		expect_words(canonical[i].type, canonical[i].good, true);
		expect_words(canonical[i].type, canonical[i].bad, false);
	}
}

Test(number, is_hashed_in_its_one_text)
{
	static const struct {
		const char *literal, *now, *before;
	} cases[] = {
		{"0", "0", "0"},
		{"-0", "0", "-0"},
		{"5", "5", "5"},
		{"-17", "-17", "-17"},
		{"1.0", "1", "1"},
		{"1e21", "1000000000000000000000", "1000000000000000000000"},
		{"1e-7", "0.0000001", "0.0000001"},
		{"0.1", "0.1", "0.1"},
		{"-0.0", "-0", "-0"},
		{"25.40", "25.4", "25.4"},
		{"1E3", "1000", "1000"},
		{"9007199254740993", "9007199254740993", "9007199254740992"},
		{"9223372036854775807", "9223372036854775807", ""},
		{"12345678901234567890", "12345678901234567000", "12345678901234567000"},
		{"5e-1", "0.5", "0.5"},
		{"123456.789e2", "12345678.9", "12345678.9"},
		/* Powers of two where the nearest decimal of the shortest length does not read back. */
		{"5.684341886080802e-14", "0.00000000000005684341886080802",
			"0.00000000000005684341886080802"},
		{"7.120236347223045e-307", NULL, NULL},
		{"6.150157786156811e+259", NULL, NULL},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[BS_NUMBER_MAX];
		size_t len = strlen(cases[i].literal);
		size_t got = bs_number_text(cases[i].literal, len, BS_NUMBER_INT_OR_FLOAT, text);

		if (cases[i].now)
			cr_expect(got == strlen(cases[i].now) && !memcmp(text, cases[i].now, got),
				"%s gave %.*s", cases[i].literal, (int)got, text);
		else
			cr_expect(memmem(text, got, i % 2 ? "7120236347223045" : "6150157786156811", 16),
				"%.*s", (int)got, text);
		got = bs_number_text(cases[i].literal, len, BS_NUMBER_FLOAT, text);
		if (cases[i].before && *cases[i].before)
			cr_expect(got == strlen(cases[i].before) && !memcmp(text, cases[i].before, got),
				"%s gave %.*s", cases[i].literal, (int)got, text);
	}
	for (const char *const *bad = (const char *const[]){"1e400", "-1e309", NULL}; *bad; bad++) {
		char text[BS_NUMBER_MAX];

		cr_expect_eq(bs_number_text(*bad, strlen(*bad), BS_NUMBER_INT_OR_FLOAT, text), 0, "%s", *bad);
	}
}

Test(number, knows_no_language)
{
	char text[BS_NUMBER_MAX], comma[8];
	char dir[] = "/tmp/bs-locale.XXXXXX", command[128];

	/* Few machines have one with a decimal comma, but most can make one. */
	cr_assert(mkdtemp(dir));
	(void)snprintf(command, sizeof(command), "localedef -f UTF-8 -i de_DE %s/de_DE.UTF-8 2>/dev/null", dir);
	(void)!system(command);
	(void)setenv("LOCPATH", dir, 1);
	const char *chosen = setlocale(LC_ALL, "de_DE.UTF-8");
	(void)snprintf(command, sizeof(command), "rm -rf %s", dir);
	(void)!system(command);
	if (!chosen)
		cr_skip_test("localedef cannot make de_DE: the package locales is missing");
	(void)snprintf(comma, sizeof(comma), "%.1f", 0.5);
	cr_assert_str_eq(comma, "0,5");
	cr_expect_eq(bs_number_text("0.5", 3, BS_NUMBER_INT_OR_FLOAT, text), 3);
	cr_expect(!memcmp(text, "0.5", 3));
}

Test(rfc3339, takes_what_sops_takes_and_gives_the_form_it_hashes)
{
	static const struct {
		const char *text, *aad;
		long long when;
	} good[] = {
		{"2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z", 1767323045},
		{"2026-01-02T03:04:05.999Z", "2026-01-02T03:04:05Z", 1767323045},
		{"2026-01-02T03:04:05+00:00", "2026-01-02T03:04:05Z", 1767323045},
		{"2026-01-02T03:04:05-00:00", "2026-01-02T03:04:05Z", 1767323045},
		{"2026-01-02T05:04:05.5+02:00", "2026-01-02T05:04:05+02:00", 1767323045},
		{"2026-01-01T23:34:05-03:30", "2026-01-01T23:34:05-03:30", 1767323045},
		{"2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z", 1709164800},
		{"1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z", 0},
		{"0000-01-01T00:00:00Z", "0000-01-01T00:00:00Z", -62167219200},
	};
	static const char *const bad[] = {"", "2026-01-02", "2026-01-02T03:04:05", "2026-01-02t03:04:05Z",
		"2026-01-02T03:04:05z", "2026-01-02 03:04:05Z", "2026-01-02T03:04:60Z",
		"2026-02-30T03:04:05Z", "2025-02-29T03:04:05Z", "2100-02-29T03:04:05Z",
		"2026-13-02T03:04:05Z", "2026-00-02T03:04:05Z", "2026-01-00T03:04:05Z",
		"2026-01-02T24:00:00Z", "2026-01-02T03:60:05Z", "2026-01-02T03:04:05.Z",
		"2026-01-02T03:04:05+0200", "2026-01-02T03:04:05+02", "2026-01-02T03:04:05+24:00",
		"2026-01-02T03:04:05Zx", "2026-01-02T03:04:05 Z", " 2026-01-02T03:04:05Z",
		"2026-1-02T03:04:05ZZ", "+026-01-02T03:04:05Z", "2026-01-02T03:04:05+02:00Z"};
	char aad[BS_RFC3339_MAX];
	time_t when;

	for (size_t i = 0; i < COUNT(good); i++) {
		cr_assert(
			bs_rfc3339_parse(good[i].text, strlen(good[i].text), aad, &when), "%s", good[i].text);
		cr_expect_str_eq(aad, good[i].aad);
		cr_expect_eq((long long)when, good[i].when, "%s: %lld", good[i].text, (long long)when);
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		cr_expect(!bs_rfc3339_parse(bad[i], strlen(bad[i]), aad, &when), "%s", bad[i]);
	cr_expect(bs_rfc3339_format(1767323045, aad));
	cr_expect_str_eq(aad, "2026-01-02T03:04:05Z");
	cr_expect(!bs_rfc3339_format((time_t)1 << 60, aad));
}
