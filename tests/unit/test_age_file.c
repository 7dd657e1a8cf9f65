/* test_age_file.c: whole files, there and back, and damaged. */
#include "../../core/age/age.h"
#include "../../core/age/bech32.h"
#include "../../core/age/stream.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define KEY "AGE-SECRET-KEY-1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM0"
#define RECIPIENT "age1xmwwc06ly3ee5rytxm9mflaz2u56jjj36s0mypdrwsvlul66mv4q47ryef"

/* The worked example: the CCTV vector x25519. */
#define EXAMPLE_HEADER \
	"age-encryption.org/v1\n" \
	"-> X25519 TEiF0ypqr+bpvcqXNyCVJpL7OuwPdVwPL7KQEbFDOCc\n" \
	"hjabGXwSLQ9c3S6Lw2i+S2Tu2fiwQHHslbBN6B41FLE\n" \
	"--- WyJp9F/9FOZh7gJdheq2WIJcwHgYc8NIVh3ddwhrcNg\n"
#define EXAMPLE_NONCE "\xee\xcf\x62\xc7\xce\x91\xb4\x33\x27\x4e\x68\xd4\xf2\xf9\x13\x4c"
#define EXAMPLE_CHUNK "\xb7\x4c\x5b\xfe\xf7\xbe\xaa\x52\xc8\xf0\xbc\x0e\x99\x2c\x1e\x83\x31\xfb\x66"

static const char example[] = EXAMPLE_HEADER EXAMPLE_NONCE EXAMPLE_CHUNK;
#define EXAMPLE_LEN (sizeof(example) - 1)

/* The stanza of the scrypt vector: passphrase "password", work factor 10. */
#define SCRYPT_LINE "-> scrypt rF0/NwblUHHTpgQgRpe5CQ 10\n"
#define SCRYPT_BODY "gUjEymFKMVXQEKdMMHL24oYexjE3TIC0O0zGSqJ2aUY\n"
#define SCRYPT_STANZA SCRYPT_LINE SCRYPT_BODY

static struct bs_secret *secret_of(const void *bytes, size_t len)
{
	struct bs_secret *secret = NULL;

	cr_assert_eq(bs_secret_copy(bytes, len, &secret, NULL), BS_OK);
	return secret;
}

static struct bs_age_identities *identities_of(const char *text, const char *passphrase)
{
	struct bs_age_identities *ids = NULL;

	cr_assert_eq(bs_age_identities_new(&ids, NULL), BS_OK);
	if (text) {
		BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *secret = secret_of(text, strlen(text));

		cr_assert_eq(bs_age_identities_parse(ids, secret, "test", NULL, NULL), BS_OK);
	}
	if (passphrase) {
		BS_CLEANUP(bs_secret_free_ptr)
		struct bs_secret *secret = secret_of(passphrase, strlen(passphrase));

		cr_assert_eq(bs_age_identities_add_passphrase(ids, secret, NULL), BS_OK);
	}
	return ids;
}

/* Decrypts, and frees what came out; nothing may come out of a failure. */
static enum bs_code decrypt(
	const void *file, size_t len, const char *text, const char *passphrase, enum bs_age_failure *failure)
{
	BS_CLEANUP(bs_age_identities_free_ptr)
	struct bs_age_identities *ids = identities_of(text, passphrase);
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *plain = NULL;
	enum bs_code code = bs_age_decrypt(file, len, ids, &plain, failure, NULL);

	cr_assert_eq(plain == NULL, code != BS_OK);
	return code;
}

Test(age_file, worked_example_opens)
{
	BS_CLEANUP(bs_age_identities_free_ptr) struct bs_age_identities *ids = identities_of(KEY, NULL);
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *plain = NULL;

	cr_assert_eq(EXAMPLE_LEN, 203);
	cr_assert_eq(bs_age_decrypt(example, EXAMPLE_LEN, ids, &plain, NULL, NULL), BS_OK);
	cr_assert_eq(bs_secret_len(plain), 3);
	cr_assert_eq(memcmp(bs_secret_bytes(plain), "age", 3), 0);
}

Test(age_file, any_changed_bit_is_noticed)
{
	for (size_t i = 0; i < EXAMPLE_LEN; i++) {
		char file[EXAMPLE_LEN];
		enum bs_age_failure failure = BS_AGE_OK;

		memcpy(file, example, sizeof(file));
		file[i] ^= 1;
		cr_assert_neq(decrypt(file, sizeof(file), KEY, NULL, &failure), BS_OK, "byte %zu", i);
		cr_assert_neq(failure, BS_AGE_OK, "byte %zu", i);
	}
}

Test(age_file, any_cut_is_noticed)
{
	for (size_t len = 0; len < EXAMPLE_LEN; len++)
		cr_assert_neq(decrypt(example, len, KEY, NULL, NULL), BS_OK, "%zu bytes", len);
}

struct failure_case {
	char why[48];
	char file[640];
	enum bs_code code;
	enum bs_age_failure failure;
};

#define REST "--- WyJp9F/9FOZh7gJdheq2WIJcwHgYc8NIVh3ddwhrcNg\n" EXAMPLE_NONCE EXAMPLE_CHUNK
#define X25519_BODY "hjabGXwSLQ9c3S6Lw2i+S2Tu2fiwQHHslbBN6B41FLE\n"
#define SHARE "TEiF0ypqr+bpvcqXNyCVJpL7OuwPdVwPL7KQEbFDOCc"
#define V "age-encryption.org/v1\n"
#define SCRYPT_WITH(log_n) V "-> scrypt rF0/NwblUHHTpgQgRpe5CQ" log_n "\n" SCRYPT_BODY REST

ParameterizedTestParameters(age_file, failures_have_their_class)
{
	static struct failure_case cases[] = {
		{"empty", "", BS_MALFORMED, BS_AGE_HEADER},
		{"no age file", "hello\n", BS_MALFORMED, BS_AGE_HEADER},
		{"bad armor", "-----BEGIN AGE ENCRYPTED FILE-----\n\n", BS_MALFORMED, BS_AGE_ARMOR},
		{"other armor", "-----BEGIN PGP MESSAGE-----\n\n", BS_MALFORMED, BS_AGE_ARMOR},
		{"armor around nothing",
			"-----BEGIN AGE ENCRYPTED FILE-----\n-----END AGE ENCRYPTED FILE-----\n",
			BS_MALFORMED, BS_AGE_HEADER},
		{"another key's file",
			V "-> X25519 AEiF0ypqr+bpvcqXNyCVJpL7OuwPdVwPL7KQEbFDOCc\n" X25519_BODY REST,
			BS_NO_MATCH, BS_AGE_NO_MATCH},
		{"an unknown kind alone", V "-> x25519 " SHARE "\n" X25519_BODY REST, BS_NO_MATCH,
			BS_AGE_NO_MATCH},
		{"a stanza more, the MAC is of another",
			V "-> X25519 " SHARE "\n" X25519_BODY "-> a\n\n" REST, BS_INTEGRITY, BS_AGE_HMAC},
		{"an X25519 entry malformed beside a good one",
			V "-> X25519 " SHARE "\n" X25519_BODY "-> X25519 " SHARE " x\n" X25519_BODY REST,
			BS_MALFORMED, BS_AGE_HEADER},
		{"X25519 without share", V "-> X25519\n" X25519_BODY REST, BS_MALFORMED, BS_AGE_HEADER},
		{"X25519 with a body of another length", V "-> X25519 " SHARE "\nAA\n" REST, BS_MALFORMED,
			BS_AGE_HEADER},
		{"share of zeros",
			V "-> X25519 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n" X25519_BODY REST,
			BS_MALFORMED, BS_AGE_HEADER},
		{"share not canonical",
			V "-> X25519 TEiF0ypqr+bpvcqXNyCVJpL7OuwPdVwPL7KQEbFDOCd\n" X25519_BODY REST,
			BS_MALFORMED, BS_AGE_HEADER},
		{"header and no nonce", EXAMPLE_HEADER, BS_MALFORMED, BS_AGE_HEADER},
		{"header and half a nonce", EXAMPLE_HEADER "\xee\xcf\x62", BS_MALFORMED, BS_AGE_HEADER},
		{"no chunk", EXAMPLE_HEADER EXAMPLE_NONCE, BS_INTEGRITY, BS_AGE_PAYLOAD},
		{"half a tag", EXAMPLE_HEADER EXAMPLE_NONCE "\xb7\x4c", BS_INTEGRITY, BS_AGE_PAYLOAD},
		{"a byte behind", EXAMPLE_HEADER EXAMPLE_NONCE EXAMPLE_CHUNK "\x01", BS_INTEGRITY,
			BS_AGE_PAYLOAD},
		{"scrypt beside X25519", V SCRYPT_STANZA "-> X25519 " SHARE "\n" X25519_BODY REST,
			BS_MALFORMED, BS_AGE_HEADER},
		{"X25519 beside scrypt", V "-> X25519 " SHARE "\n" X25519_BODY SCRYPT_STANZA REST,
			BS_MALFORMED, BS_AGE_HEADER},
		{"scrypt beside an unknown one", V SCRYPT_STANZA "-> grease\n\n" REST, BS_MALFORMED,
			BS_AGE_HEADER},
		{"scrypt, the MAC of another", V SCRYPT_STANZA REST, BS_INTEGRITY, BS_AGE_HMAC},
		{"scrypt, another passphrase", V "-> scrypt rF0/NwblUHHTpgQgRpe5CQ 9\n" SCRYPT_BODY REST,
			BS_NO_MATCH, BS_AGE_NO_MATCH},
		{"scrypt without work factor", SCRYPT_WITH(""), BS_MALFORMED, BS_AGE_HEADER},
		{"work factor 0", SCRYPT_WITH(" 0"), BS_MALFORMED, BS_AGE_HEADER},
		{"work factor 010", SCRYPT_WITH(" 010"), BS_MALFORMED, BS_AGE_HEADER},
		{"work factor 01", SCRYPT_WITH(" 01"), BS_MALFORMED, BS_AGE_HEADER},
		{"work factor +9", SCRYPT_WITH(" +9"), BS_MALFORMED, BS_AGE_HEADER},
		{"work factor -9", SCRYPT_WITH(" -9"), BS_MALFORMED, BS_AGE_HEADER},
		{"work factor 9a", SCRYPT_WITH(" 9a"), BS_MALFORMED, BS_AGE_HEADER},
		{"work factor 23, more memory than allowed", SCRYPT_WITH(" 23"), BS_MALFORMED, BS_AGE_HEADER},
		{"work factor 64", SCRYPT_WITH(" 64"), BS_MALFORMED, BS_AGE_HEADER},
		{"work factor beyond 2^63", SCRYPT_WITH(" 9223372036854775818"), BS_MALFORMED, BS_AGE_HEADER},
		{"scrypt with an argument more", SCRYPT_WITH(" 10 x"), BS_MALFORMED, BS_AGE_HEADER},
		{"scrypt with a short salt", V "-> scrypt rF0/NwblUHHTpgQgRpe5 10\n" SCRYPT_BODY REST,
			BS_MALFORMED, BS_AGE_HEADER},
		{"scrypt with a long body",
			V SCRYPT_LINE "gUjEymFKMVXQEKdMMHL24oYexjE3TIC0O0zGSqJ2aUYA\n" REST, BS_MALFORMED,
			BS_AGE_HEADER},
		{"ssh-ed25519 without share", V "-> ssh-ed25519 lbmsoA\n" X25519_BODY REST, BS_MALFORMED,
			BS_AGE_HEADER},
	};

	return cr_make_param_array(struct failure_case, cases, sizeof(cases) / sizeof(cases[0]));
}

/* Files with NUL bytes would be cut at them here; the worked example has none. */
ParameterizedTest(struct failure_case *c, age_file, failures_have_their_class)
{
	enum bs_age_failure failure = BS_AGE_OK;
	enum bs_code code = decrypt(c->file, strlen(c->file), KEY, "password", &failure);

	cr_assert_eq(code, c->code, "%s: code %s", c->why, bs_code_name(code));
	cr_assert_eq(failure, c->failure, "%s: failure %d", c->why, failure);
}

Test(age_file, without_identities_nothing_fits)
{
	BS_CLEANUP(bs_age_identities_free_ptr) struct bs_age_identities *ids = identities_of(NULL, NULL);
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *plain = NULL;
	enum bs_age_failure failure;
	struct bs_error err = {0};

	cr_assert_eq(bs_age_decrypt(example, EXAMPLE_LEN, ids, &plain, &failure, &err), BS_NO_MATCH);
	cr_assert_eq(failure, BS_AGE_NO_MATCH);
	cr_assert(strstr(err.msg, "X25519"), "%s", err.msg);
}

Test(age_file, says_of_which_kinds_a_file_is_that_none_fits)
{
	static const char file[] =
		V "-> ssh-rsa AAAAAA\n\n-> mlkem768x25519 AA\n\n-> ssh-rsa BBBBBB\n\n-> odd\n\n" REST;
	BS_CLEANUP(bs_age_identities_free_ptr) struct bs_age_identities *ids = identities_of(KEY, NULL);
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *plain = NULL;
	struct bs_error err = {0};

	cr_assert_eq(bs_age_decrypt(file, sizeof(file) - 1, ids, &plain, NULL, &err), BS_NO_MATCH);
	cr_assert(strstr(err.msg, "ssh-rsa, post-quantum)"), "%s", err.msg);
}

struct size_case {
	size_t len;
	bool armor;
	int recipients;
};

ParameterizedTestParameters(age_file, comes_back)
{
	static struct size_case cases[] = {
		{0, false, 1},
		{0, true, 1},
		{1, false, 1},
		{1, true, 3},
		{32, true, 1},
		{48, true, 2},
		{65535, false, 1},
		{65536, false, 1},
		{65536, true, 3},
		{65537, false, 1},
		{131072, false, 3},
		{131073, true, 1},
		{200000, false, 1},
	};

	return cr_make_param_array(struct size_case, cases, sizeof(cases) / sizeof(cases[0]));
}

ParameterizedTest(struct size_case *c, age_file, comes_back)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *value = NULL;
	struct bs_strings recipients = {0};
	struct bs_secret *keys[3] = {NULL};
	char *file = NULL;
	size_t len;

	cr_assert_eq(bs_secret_new(c->len, &value, NULL), BS_OK);
	randombytes_buf(bs_secret_data(value), c->len);
	for (int i = 0; i < c->recipients; i++) {
		BS_CLEANUP(bs_free_ptr) char *recipient = NULL;

		cr_assert_eq(bs_age_keygen(&keys[i], &recipient, NULL), BS_OK);
		cr_assert_eq(bs_strings_add(&recipients, recipient, NULL), BS_OK);
	}
	cr_assert_eq(bs_age_encrypt(&recipients, NULL, value, c->armor, &file, &len, NULL), BS_OK);
	cr_assert_eq(file[len], '\0');
	cr_assert(bs_age_is_file(file, len));
	cr_assert_not(bs_age_wants_passphrase(file, len));
	for (int i = 0; i < c->recipients; i++) {
		BS_CLEANUP(bs_age_identities_free_ptr)
		struct bs_age_identities *ids = identities_of(NULL, NULL);
		BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *back = NULL;

		cr_assert_eq(bs_age_identities_parse(ids, keys[i], "key", NULL, NULL), BS_OK);
		cr_assert_eq(bs_age_decrypt(file, len, ids, &back, NULL, NULL), BS_OK, "recipient %d", i);
		cr_assert(bs_secret_equal(value, back));
		bs_secret_free(keys[i]);
	}
	cr_assert_eq(decrypt(file, len, KEY, "password", NULL), BS_NO_MATCH);
	bs_strings_release(&recipients);
	free(file);
}

Test(age_file, for_an_ssh_key_comes_back_through_no_other)
{
	static const char ssh[] =
		"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4 me";
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *value = secret_of("v", 1);
	struct bs_strings recipients = {0};
	char *file = NULL;
	size_t len;

	cr_assert_eq(bs_strings_add(&recipients, ssh, NULL), BS_OK);
	cr_assert_eq(bs_age_encrypt(&recipients, NULL, value, false, &file, &len, NULL), BS_OK);
	cr_assert(strstr(file, "-> ssh-ed25519 lbmsoA "));
	cr_assert_eq(decrypt(file, len, KEY, NULL, NULL), BS_NO_MATCH);
	bs_strings_release(&recipients);
	free(file);
}

Test(scrypt_slow, for_a_passphrase_comes_back, .timeout = 600)
{
	BS_CLEANUP(bs_secret_free_ptr)
	struct bs_secret *value = secret_of("value", 5),
			 *word = secret_of("a word", 6);
	char *file = NULL;
	size_t len;

	cr_assert_eq(bs_age_encrypt(NULL, word, value, true, &file, &len, NULL), BS_OK);
	cr_assert(bs_age_wants_passphrase(file, len));
	cr_assert_eq(decrypt(file, len, KEY, "a word", NULL), BS_OK);
	free(file);
}

Test(age_file, two_of_one_value_share_no_byte_of_key)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *value = secret_of("value", 5);
	struct bs_strings recipients = {0};
	char *first = NULL, *second = NULL;
	size_t len, second_len, header = strlen(EXAMPLE_HEADER);

	cr_assert_eq(bs_strings_add(&recipients, RECIPIENT, NULL), BS_OK);
	cr_assert_eq(bs_age_encrypt(&recipients, NULL, value, false, &first, &len, NULL), BS_OK);
	cr_assert_eq(bs_age_encrypt(&recipients, NULL, value, false, &second, &second_len, NULL), BS_OK);
	cr_assert_eq(len, second_len);
	cr_assert_eq(len, header + 16 + 5 + 16);
	cr_assert_neq(memcmp(first + 32, second + 32, 43), 0, "share");
	cr_assert_neq(memcmp(first + 76, second + 76, 43), 0, "body");
	cr_assert_neq(memcmp(first + header, second + header, 16), 0, "nonce");
	cr_assert_neq(memcmp(first + header + 16, second + header + 16, 21), 0, "payload");
	bs_strings_release(&recipients);
	free(first);
	free(second);
}

struct refused_case {
	char recipient[120];
	enum bs_code code;
};

ParameterizedTestParameters(age_file, is_not_made_for)
{
	static struct refused_case cases[] = {
		{"hello", BS_USAGE},
		{"age1xmwwc06ly3ee5rytxm9mflaz2u56jjj36s0mypdrwsvlul66mv4q47ryee", BS_USAGE},
		{"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQDD", BS_UNSUPPORTED},
		{"age1foo1dp5s75zv4q", BS_UNSUPPORTED},
		{KEY, BS_USAGE},
	};

	return cr_make_param_array(struct refused_case, cases, sizeof(cases) / sizeof(cases[0]));
}

ParameterizedTest(struct refused_case *c, age_file, is_not_made_for)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *value = secret_of("v", 1);
	struct bs_strings recipients = {0};
	struct bs_error err = {0};
	char *file = NULL;
	size_t len;

	/* One bad recipient among good ones: nothing is made. */
	cr_assert_eq(bs_strings_add(&recipients, RECIPIENT, NULL), BS_OK);
	cr_assert_eq(bs_strings_add(&recipients, c->recipient, NULL), BS_OK);
	cr_assert_eq(bs_age_encrypt(&recipients, NULL, value, false, &file, &len, &err), c->code, "%s: %s",
		c->recipient, err.msg);
	cr_assert_null(file);
	cr_assert_null(strstr(err.msg, "EGTZ"), "%s", err.msg);
	bs_strings_release(&recipients);
}

Test(age_file, is_not_made_for_a_point_of_low_order)
{
	static const uint8_t zero[32], one[32] = {1};
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *value = secret_of("v", 1);

	for (int i = 0; i < 2; i++) {
		struct bs_strings recipients = {0};
		struct bs_error err = {0};
		char text[BS_BECH32_LEN(3, 32) + 1] = "", *file = NULL;
		size_t len;

		bs_bech32_encode("age", i ? one : zero, 32, text);
		cr_assert_eq(bs_age_recipient_check(text, NULL), BS_OK, "well formed");
		cr_assert_eq(bs_strings_add(&recipients, text, NULL), BS_OK);
		cr_assert_eq(bs_age_encrypt(&recipients, NULL, value, false, &file, &len, &err), BS_USAGE);
		cr_assert(strstr(err.msg, "low order"), "%s", err.msg);
		cr_assert_null(file);
		bs_strings_release(&recipients);
	}
}

Test(age_file, is_made_for_recipients_or_a_passphrase)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *value = secret_of("v", 1), *empty = secret_of("", 0);
	struct bs_strings none = {0}, one = {0};
	char *file = NULL;
	size_t len;

	cr_assert_eq(bs_strings_add(&one, RECIPIENT, NULL), BS_OK);
	cr_assert_eq(bs_age_encrypt(NULL, NULL, value, false, &file, &len, NULL), BS_USAGE);
	cr_assert_eq(bs_age_encrypt(&none, NULL, value, false, &file, &len, NULL), BS_USAGE);
	cr_assert_eq(bs_age_encrypt(&one, value, value, false, &file, &len, NULL), BS_USAGE);
	cr_assert_eq(bs_age_encrypt(NULL, empty, value, false, &file, &len, NULL), BS_USAGE);
	cr_assert_null(file);
	bs_strings_release(&one);
}

Test(age_file, is_told_from_other_texts)
{
	static const char *const others[] = {
		"", "age", "{\"sops\": {}}", "-----BEGIN PGP MESSAGE-----\n", KEY, "\n\n"};

	cr_assert(bs_age_is_file(example, EXAMPLE_LEN));
	cr_assert(bs_age_is_file("\n-----BEGIN AGE ENCRYPTED FILE-----\n", 36));
	cr_assert_not(bs_age_is_file(NULL, 0));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		cr_assert_not(bs_age_is_file(others[i], strlen(others[i])), "%s", others[i]);
		cr_assert_not(bs_age_wants_passphrase(others[i], strlen(others[i])), "%s", others[i]);
	}
	cr_assert(bs_age_wants_passphrase(V SCRYPT_STANZA REST, strlen(V SCRYPT_STANZA REST)));
	cr_assert_not(bs_age_wants_passphrase(
		V SCRYPT_STANZA SCRYPT_STANZA REST, strlen(V SCRYPT_STANZA SCRYPT_STANZA REST)));
}

static const uint8_t file_key[BS_AGE_FILE_KEY_BYTES] = "YELLOW SUBMARIN";
static const uint8_t nonce[BS_AGE_STREAM_NONCE_BYTES] = "a payload nonce";

/* Seals len bytes; room is left behind. */
static uint8_t *seal(size_t len, size_t *ret_len)
{
	BS_CLEANUP(bs_free_ptr) uint8_t *plain = calloc(1, len + 1);
	uint8_t *sealed = calloc(1, bs_age_stream_sealed_len(len) + 100);

	cr_assert_eq(bs_age_stream_seal(file_key, nonce, plain, len, sealed, NULL), BS_OK);
	*ret_len = bs_age_stream_sealed_len(len);
	return sealed;
}

static void check_released(
	const uint8_t *sealed, size_t len, enum bs_code want, size_t released, const char *why)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *plain = NULL;

	cr_assert_eq(bs_age_stream_open(file_key, nonce, sealed, len, &plain, NULL), want, "%s", why);
	cr_assert_eq(bs_secret_len(plain), released, "%s: %zu released", why, bs_secret_len(plain));
}

Test(age_stream, has_one_chunk_for_each_64_kib_and_one_for_nothing)
{
	cr_assert_eq(bs_age_stream_sealed_len(0), 16);
	cr_assert_eq(bs_age_stream_sealed_len(1), 17);
	cr_assert_eq(bs_age_stream_sealed_len(65536), 65536 + 16);
	cr_assert_eq(bs_age_stream_sealed_len(65537), 65537 + 32);
	cr_assert_eq(bs_age_stream_sealed_len(131072), 131072 + 32);
}

Test(age_stream, cut_or_lengthened_is_refused_wherever)
{
	size_t len, two = 65552 + 65552;
	uint8_t *sealed = seal(131072 + 5, &len);
	static const size_t cuts[] = {0, 1, 15, 16, 17, 65551, 65552, 65553, 65552 + 15, 65552 + 16,
		65552 + 17, 131103, 131104, 131105, 131104 + 15, 131104 + 16, 131104 + 20};

	cr_assert_eq(len, two + 21);
	check_released(sealed, len, BS_OK, 131077, "whole");
	for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++)
		check_released(sealed, cuts[i], BS_INTEGRITY, cuts[i] / 65552 * 65536, "cut");
	check_released(sealed, len + 1, BS_INTEGRITY, 131072, "a byte behind");
	free(sealed);
	sealed = seal(131072, &len);
	check_released(sealed, len, BS_OK, 131072, "a full last chunk");
	check_released(sealed, len + 1, BS_INTEGRITY, 131072, "a byte behind a full last chunk");
	check_released(sealed, len + 16, BS_INTEGRITY, 131072, "a tag behind a full last chunk");
	free(sealed);
}

Test(age_stream, exchanged_chunks_are_refused)
{
	size_t len;
	uint8_t *sealed = seal(3 * 65536, &len), *first = malloc(65552);

	memcpy(first, sealed, 65552);
	memmove(sealed, sealed + 65552, 65552);
	memcpy(sealed + 65552, first, 65552);
	check_released(sealed, len, BS_INTEGRITY, 0, "exchanged");
	memcpy(sealed, first, 65552);
	check_released(sealed, len, BS_INTEGRITY, 65536, "the first twice");
	free(first);
	free(sealed);
}
