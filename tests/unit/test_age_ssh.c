/* test_age_ssh.c: ssh-ed25519 recipients and private key files. */
#include "../../core/age/base64.h"
#include "../../core/age/ssh.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define BEGIN "-----BEGIN OPENSSH PRIVATE KEY-----\n"
#define END "-----END OPENSSH PRIVATE KEY-----\n"
#define RECIPIENT "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
#define STANZA "ssh-ed25519 lbmsoA 17XoHTNuV4sTuNcG6C0GHjA4yWvOZs3PUNVmuW3buhA"
#define BODY "eexTy9WdTi9FU15lcICaNC3jJ1qzNYrZ3ny73qRuIdI"

/* How a key file of the worked example's key (seed 00 01 .. 1f) differs from a right one. */
struct file_case {
	char why[40];
	char cipher[16], type[16], inner_type[16]; /* "": as it should be */
	int count; /* of keys, minus 1 */
	int check_off; /* added to the second check number */
	int seed_off; /* added to the seed's first byte */
	int public_off; /* added to the first byte of the public key inside */
	int outer_off; /* ... of the one outside */
	int padding; /* bytes too many */
	int pad_off; /* added to the padding's last byte */
	int cut; /* bytes cut from the end */
	enum bs_code code;
	char says[16];
};

struct buffer {
	uint8_t bytes[1024];
	size_t len;
};

static void put(struct buffer *b, const void *bytes, size_t len)
{
	cr_assert_leq(b->len + len, sizeof(b->bytes));
	memcpy(b->bytes + b->len, bytes, len);
	b->len += len;
}

static void put_u32(struct buffer *b, uint32_t n)
{
	uint8_t bytes[4] = {(uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};

	put(b, bytes, 4);
}

static void put_string(struct buffer *b, const void *bytes, size_t len)
{
	put_u32(b, (uint32_t)len);
	put(b, bytes, len);
}

static void put_text(struct buffer *b, const char *text, const char *otherwise)
{
	put_string(b, *text ? text : otherwise, strlen(*text ? text : otherwise));
}

static void put_private(
	struct buffer *b, const struct file_case *c, const uint8_t *public, const uint8_t *pair)
{
	uint8_t inner[32], seeded[64];
	size_t padding;

	memcpy(inner, public, 32);
	inner[0] = (uint8_t)(inner[0] + c->public_off);
	memcpy(seeded, pair, 64);
	seeded[0] = (uint8_t)(seeded[0] + c->seed_off);
	seeded[32] = inner[0];
	put_u32(b, 77);
	put_u32(b, 77u + (uint32_t)c->check_off);
	put_text(b, c->inner_type, "ssh-ed25519");
	put_string(b, inner, 32);
	put_string(b, seeded, 64);
	put_string(b, "a comment", 9);
	padding = (8 - b->len % 8) % 8 + (size_t)c->padding;
	for (size_t i = 1; i <= padding; i++) {
		uint8_t byte = (uint8_t)(i + (i == padding ? (size_t)c->pad_off : 0));

		put(b, &byte, 1);
	}
}

/* The file's text, on the heap. */
static char *make_file(const struct file_case *c)
{
	uint8_t seed[32], public[32], pair[64];
	struct buffer file = {.len = 0}, outer = {.len = 0}, inner = {.len = 0};
	char *text = calloc(1, 4096), *at;

	for (size_t i = 0; i < 32; i++)
		seed[i] = (uint8_t)i;
	cr_assert_eq(crypto_sign_ed25519_seed_keypair(public, pair, seed), 0);
	put_text(&outer, c->type, "ssh-ed25519");
	public[0] = (uint8_t)(public[0] + c->outer_off);
	put_string(&outer, public, 32);
	public[0] = (uint8_t)(public[0] - c->outer_off);
	put_private(&inner, c, public, pair);

	put(&file, "openssh-key-v1", 15);
	put_text(&file, c->cipher, "none");
	put_string(&file, "none", 4);
	put_string(&file, "", 0);
	put_u32(&file, 1 + (uint32_t)c->count);
	put_string(&file, outer.bytes, outer.len);
	put_string(&file, inner.bytes, inner.len);
	file.len -= (size_t)c->cut;

	at = stpcpy(text, BEGIN);
	for (size_t i = 0; i < file.len; i += 51) {
		at += bs_base64_encode(
			BS_BASE64_PADDED, file.bytes + i, file.len - i < 51 ? file.len - i : 51, at);
		*at++ = '\n';
	}
	strcpy(at, END);
	return text;
}

static enum bs_code parse(const char *text, struct bs_age_identities *ids, struct bs_error *err)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *secret = NULL;

	cr_assert_eq(bs_secret_copy(text, strlen(text), &secret, NULL), BS_OK);
	return bs_age_identities_parse(ids, secret, "id", NULL, err);
}

Test(age_ssh, private_key_is_an_identity)
{
	static const struct file_case good = {.code = BS_OK};
	BS_CLEANUP(bs_age_identities_free_ptr) struct bs_age_identities *ids = NULL;
	BS_CLEANUP(bs_free_ptr) char *text = make_file(&good);
	BS_CLEANUP(bs_free_ptr) char *recipient = NULL;
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *secret = NULL;
	size_t skipped = 99;

	cr_assert_eq(bs_secret_copy(text, strlen(text), &secret, NULL), BS_OK);
	cr_assert_eq(bs_age_identities_new(&ids, NULL), BS_OK);
	cr_assert_eq(bs_age_identities_parse(ids, secret, "id", &skipped, NULL), BS_OK);
	cr_assert_eq(skipped, 0);
	cr_assert_eq(bs_age_identities_count(ids), 1);
	recipient = bs_age_identities_recipient(ids, 0);
	cr_assert_str_eq(recipient, RECIPIENT);
	cr_assert(bs_age_identities_fit(ids, RECIPIENT " a comment"));
}

ParameterizedTestParameters(age_ssh, private_key_is_refused)
{
	static struct file_case cases[] = {
		{.why = "a passphrase", .cipher = "aes256-ctr", .code = BS_NO_IDENTITY, .says = "locked"},
		{.why = "RSA", .type = "ssh-rsa", .code = BS_NO_IDENTITY, .says = "kind"},
		{.why = "RSA inside", .inner_type = "ssh-rsa", .code = BS_MALFORMED, .says = "valid"},
		{.why = "no key", .count = -1, .code = BS_MALFORMED, .says = "valid"},
		{.why = "two keys", .count = 1, .code = BS_MALFORMED, .says = "valid"},
		{.why = "check numbers differ", .check_off = 1, .code = BS_MALFORMED, .says = "valid"},
		{.why = "another seed", .seed_off = 1, .code = BS_MALFORMED, .says = "valid"},
		{.why = "another public key inside", .public_off = 1, .code = BS_MALFORMED, .says = "valid"},
		{.why = "another public key",
			.public_off = 1,
			.outer_off = 1,
			.code = BS_MALFORMED,
			.says = "valid"},
		{.why = "another public key outside", .outer_off = 1, .code = BS_MALFORMED, .says = "valid"},
		{.why = "padding too long", .padding = 8, .code = BS_MALFORMED, .says = "valid"},
		{.why = "padding not whole", .padding = 1, .code = BS_MALFORMED, .says = "valid"},
		{.why = "padding of other bytes", .pad_off = 1, .code = BS_MALFORMED, .says = "valid"},
		{.why = "one byte cut", .cut = 1, .code = BS_MALFORMED, .says = "valid"},
		{.why = "most of it cut", .cut = 200, .code = BS_MALFORMED, .says = "valid"},
	};

	return cr_make_param_array(struct file_case, cases, sizeof(cases) / sizeof(cases[0]));
}

ParameterizedTest(struct file_case *c, age_ssh, private_key_is_refused)
{
	BS_CLEANUP(bs_age_identities_free_ptr) struct bs_age_identities *ids = NULL;
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *secret = NULL;
	BS_CLEANUP(bs_free_ptr) char *text = make_file(c);
	struct bs_error err = {0};

	cr_assert_eq(bs_age_identities_new(&ids, NULL), BS_OK);
	cr_assert_eq(parse(text, ids, &err), c->code, "%s: %s", c->why, err.msg);
	cr_assert(strstr(err.msg, c->says), "%s: %s", c->why, err.msg);
	cr_assert_eq(bs_age_identities_count(ids), 0);
	cr_assert_eq(bs_secret_copy(text, strlen(text), &secret, NULL), BS_OK);
	cr_assert_eq(bs_age_keyfile_is_locked(secret), !strcmp(c->cipher, "aes256-ctr"));
}

Test(age_ssh, private_key_cut_anywhere_is_refused)
{
	static const struct file_case good = {.code = BS_OK};
	BS_CLEANUP(bs_age_identities_free_ptr) struct bs_age_identities *ids = NULL;
	BS_CLEANUP(bs_free_ptr) char *text = make_file(&good);

	cr_assert_eq(bs_age_identities_new(&ids, NULL), BS_OK);
	/* Without its last newline it is whole. */
	for (size_t len = strlen(text) - 1; len-- > strlen("-----BEGIN ");) {
		text[len] = '\0';
		cr_assert_neq(parse(text, ids, NULL), BS_OK, "%zu", len);
	}
	cr_assert_eq(bs_age_identities_count(ids), 0);
}

Test(age_ssh, private_key_may_have_no_text_around)
{
	static const struct file_case good = {.code = BS_OK};
	BS_CLEANUP(bs_age_identities_free_ptr) struct bs_age_identities *ids = NULL;
	BS_CLEANUP(bs_free_ptr) char *text = make_file(&good);

	cr_assert_eq(bs_age_identities_new(&ids, NULL), BS_OK);
	strcat(text, "\n \r\n");
	cr_assert_eq(parse(text, ids, NULL), BS_OK);
	strcat(text, "AGE-SECRET-KEY-1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM0\n");
	cr_assert_eq(parse(text, ids, NULL), BS_MALFORMED);
}

/* A header with one stanza line and body, read. */
static void read_header(const char *line, const char *body, struct bs_age_header *header)
{
	static char text[1024];

	snprintf(text, sizeof(text),
		"age-encryption.org/v1\n-> %s\n%s\n--- WyJp9F/9FOZh7gJdheq2WIJcwHgYc8NIVh3ddwhrcNg\n", line,
		body);
	cr_assert_eq(bs_age_header_read((uint8_t *)text, strlen(text), header, NULL), BS_OK);
}

static void make_identity(struct bs_age_identity *identity)
{
	static const struct file_case good = {.code = BS_OK};
	BS_CLEANUP(bs_free_ptr) char *text = make_file(&good);
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *secret = NULL;

	*identity = (struct bs_age_identity){.row = &bs_age_ssh_ed25519};
	cr_assert_eq(bs_secret_copy(text, strlen(text), &secret, NULL), BS_OK);
	cr_assert_eq(bs_ssh_read_key(secret, "id", &identity->secret, identity->public, NULL), BS_OK);
}

Test(age_ssh, worked_example_opens)
{
	struct bs_age_header header = {0};
	struct bs_age_identity identity;
	uint8_t file_key[BS_AGE_FILE_KEY_BYTES];

	make_identity(&identity);
	read_header(STANZA, BODY, &header);
	cr_assert_eq(bs_age_row_of_stanza(&header.stanzas[0]), &bs_age_ssh_ed25519);
	cr_assert_eq(identity.row->check(&header.stanzas[0], NULL), BS_OK);
	cr_assert_eq(identity.row->unwrap(&header.stanzas[0], &identity, file_key, NULL), BS_OK);
	cr_assert_eq(memcmp(file_key, "YELLOW SUBMARINE", 16), 0);
	bs_secret_free(identity.secret);
	bs_age_header_release(&header);
}

struct stanza_case {
	char why[32];
	char line[128], body[64];
	enum bs_code check, unwrap;
};

ParameterizedTestParameters(age_ssh, stanza_is_judged)
{
	static struct stanza_case cases[] = {
		{"another tag", "ssh-ed25519 lbmsoQ 17XoHTNuV4sTuNcG6C0GHjA4yWvOZs3PUNVmuW3buhA", BODY, BS_OK,
			BS_NO_MATCH},
		{"a tag that is none", "ssh-ed25519 x 17XoHTNuV4sTuNcG6C0GHjA4yWvOZs3PUNVmuW3buhA", BODY,
			BS_OK, BS_NO_MATCH},
		{"our tag, another body", STANZA, "AexTy9WdTi9FU15lcICaNC3jJ1qzNYrZ3ny73qRuIdI", BS_OK,
			BS_MALFORMED},
		{"our tag, a share of low order",
			"ssh-ed25519 lbmsoA AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", BODY, BS_OK,
			BS_MALFORMED},
		{"no share", "ssh-ed25519 lbmsoA", BODY, BS_MALFORMED, BS_OK},
		{"an argument more", STANZA " x", BODY, BS_MALFORMED, BS_OK},
		{"a short share", "ssh-ed25519 lbmsoA 17XoHTNuV4sTuNcG6C0GHjA4yWvOZs3PUNVmuW3buA", BODY,
			BS_MALFORMED, BS_OK},
		{"a share not canonical", "ssh-ed25519 lbmsoA 17XoHTNuV4sTuNcG6C0GHjA4yWvOZs3PUNVmuW3buhB",
			BODY, BS_MALFORMED, BS_OK},
		{"a long body", STANZA, BODY "A", BS_MALFORMED, BS_OK},
		{"no body", STANZA, "", BS_MALFORMED, BS_OK},
	};

	return cr_make_param_array(struct stanza_case, cases, sizeof(cases) / sizeof(cases[0]));
}

ParameterizedTest(struct stanza_case *c, age_ssh, stanza_is_judged)
{
	struct bs_age_header header = {0};
	struct bs_age_identity identity;
	uint8_t file_key[BS_AGE_FILE_KEY_BYTES];

	make_identity(&identity);
	read_header(c->line, c->body, &header);
	cr_assert_eq(identity.row->check(&header.stanzas[0], NULL), c->check, "%s", c->why);
	if (c->check == BS_OK)
		cr_assert_eq(identity.row->unwrap(&header.stanzas[0], &identity, file_key, NULL), c->unwrap,
			"%s", c->why);
	bs_secret_free(identity.secret);
	bs_age_header_release(&header);
}
