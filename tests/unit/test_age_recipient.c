/* test_age_recipient.c: recipients by their written form. */
#include "../../core/age/age.h"
#include "../../core/age/bech32.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdlib.h>
#include <string.h>

#define RECIPIENT "age1xmwwc06ly3ee5rytxm9mflaz2u56jjj36s0mypdrwsvlul66mv4q47ryef"
#define KEY "AGE-SECRET-KEY-1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM0"
#define SSH "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"

struct kind_case {
	char text[160];
	enum bs_age_kind kind;
	enum bs_code code;
};

ParameterizedTestParameters(age_recipient, is_told_by_its_form)
{
	static struct kind_case cases[] = {
		{RECIPIENT, BS_AGE_X25519, BS_OK},
		{SSH, BS_AGE_SSH_ED25519, BS_OK},
		{SSH " someone@somewhere on a laptop", BS_AGE_SSH_ED25519, BS_OK},
		{"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQDD me", BS_AGE_SSH_RSA, BS_OK},
		{"age1foo1dp5s75zv4q", BS_AGE_PLUGIN, BS_OK},
		/* No recipients, whatever they look like. */
		{"", BS_AGE_UNKNOWN, BS_USAGE},
		{"age", BS_AGE_UNKNOWN, BS_USAGE},
		{"age1", BS_AGE_X25519, BS_USAGE},
		{" " RECIPIENT, BS_AGE_UNKNOWN, BS_USAGE},
		{RECIPIENT " ", BS_AGE_X25519, BS_USAGE},
		{RECIPIENT "\n", BS_AGE_X25519, BS_USAGE},
		{"AGE1XMWWC06LY3EE5RYTXM9MFLAZ2U56JJJ36S0MYPDRWSVLUL66MV4Q47RYEF", BS_AGE_UNKNOWN, BS_USAGE},
		{"age1xmwwc06ly3ee5rytxm9mflaz2u56jjj36s0mypdrwsvlul66mv4q47ryee", BS_AGE_X25519, BS_USAGE},
		{"age1pq1qqqq", BS_AGE_HYBRID, BS_USAGE},
		{"age1tag1qqqq", BS_AGE_TAG, BS_USAGE},
		{"age1tagpq1qqqq", BS_AGE_TAG, BS_USAGE},
		{"age1foo1dp5s75zv4p", BS_AGE_PLUGIN, BS_USAGE},
		{"age1FOO1dp5s75zv4q", BS_AGE_PLUGIN, BS_USAGE},
		{"age1../foo1dp5s75zv4q", BS_AGE_PLUGIN, BS_USAGE},
		{"age11dp5s75zv4q", BS_AGE_PLUGIN, BS_USAGE},
		{"ssh-ed25519", BS_AGE_UNKNOWN, BS_USAGE},
		{"ssh-ed25519 ", BS_AGE_SSH_ED25519, BS_USAGE},
		{"ssh-ed25519 AAAA", BS_AGE_SSH_ED25519, BS_USAGE},
		{"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG",
			BS_AGE_SSH_ED25519, BS_USAGE},
		{"ssh-ed25519 AAAAB3NzaC1lZDI1NTE5AAAAIAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
			BS_AGE_SSH_ED25519, BS_USAGE},
		/* The point zero, of low order. */
		{"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
			BS_AGE_SSH_ED25519, BS_USAGE},
		{"ssh-rsa hello", BS_AGE_SSH_RSA, BS_USAGE},
		{"ecdsa-sha2-nistp256 AAAA", BS_AGE_UNKNOWN, BS_USAGE},
		{KEY, BS_AGE_UNKNOWN, BS_USAGE},
	};

	return cr_make_param_array(struct kind_case, cases, sizeof(cases) / sizeof(cases[0]));
}

ParameterizedTest(struct kind_case *c, age_recipient, is_told_by_its_form)
{
	struct bs_error err = {0};

	cr_assert_eq(bs_age_recipient_kind(c->text), c->kind, "%s", c->text);
	cr_assert_eq(bs_age_recipient_check(c->text, &err), c->code, "%s: %s", c->text, err.msg);
	cr_assert_null(strstr(err.msg, "EGTZ"), "an identity in a message: %s", err.msg);
}

static void check_length(const char *hrp, size_t bytes, enum bs_age_kind kind)
{
	static uint8_t key[2000];

	for (size_t len = bytes - 1; len <= bytes + 1; len++) {
		size_t text_len = BS_BECH32_LEN(strlen(hrp), len);
		BS_CLEANUP(bs_free_ptr) char *text = calloc(1, text_len + 1);

		bs_bech32_encode(hrp, key, len, text);
		cr_assert_eq(bs_age_recipient_kind(text), kind, "%s", hrp);
		cr_assert_eq(bs_age_recipient_check(text, NULL), len == bytes ? BS_OK : BS_USAGE, "%s %zu",
			hrp, len);
	}
}

Test(age_recipient, of_kinds_that_are_only_known_is_still_checked)
{
	check_length("age", 32, BS_AGE_X25519);
	check_length("age1pq", 1216, BS_AGE_HYBRID);
	check_length("age1tag", 33, BS_AGE_TAG);
	check_length("age1tagpq", 1249, BS_AGE_TAG);
}

Test(age_recipient, kinds_have_names_and_say_whether_they_are_native)
{
	static const struct {
		enum bs_age_kind kind;
		const char *name;
		bool is_native;
	} cases[] = {
		{BS_AGE_X25519, "X25519", true},
		{BS_AGE_SCRYPT, "passphrase", true},
		{BS_AGE_SSH_ED25519, "ssh-ed25519", true},
		{BS_AGE_SSH_RSA, "ssh-rsa", false},
		{BS_AGE_HYBRID, "post-quantum", false},
		{BS_AGE_TAG, "tag", false},
		{BS_AGE_PLUGIN, "plugin", false},
		{BS_AGE_UNKNOWN, "unknown", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cr_assert_str_eq(bs_age_kind_name(cases[i].kind), cases[i].name);
		cr_assert_eq(bs_age_kind_is_native(cases[i].kind), cases[i].is_native, "%s", cases[i].name);
	}
}
