/* test_age_keyfile.c: identities from key files, and new ones. */
#include "../../core/age/age.h"
#include "../../core/age/bech32.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdlib.h>
#include <string.h>

#define KEY "AGE-SECRET-KEY-1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM0"
#define RECIPIENT "age1xmwwc06ly3ee5rytxm9mflaz2u56jjj36s0mypdrwsvlul66mv4q47ryef"
#define PLUGIN "AGE-PLUGIN-FOO-1JSTQDA"
#define HYBRID "AGE-SECRET-KEY-PQ-1XYZ"

static enum bs_code parse(
	struct bs_age_identities *ids, const char *text, size_t len, size_t *skipped, struct bs_error *err)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *secret = NULL;

	cr_assert_eq(bs_secret_copy(text, len, &secret, NULL), BS_OK);
	return bs_age_identities_parse(ids, secret, "keys.txt", skipped, err);
}

static struct bs_age_identities *new_list(void)
{
	struct bs_age_identities *ids = NULL;

	cr_assert_eq(bs_age_identities_new(&ids, NULL), BS_OK);
	return ids;
}

struct good_case {
	char why[40];
	char text[400];
	int count, skipped;
};

ParameterizedTestParameters(age_keyfile, takes)
{
	static struct good_case cases[] = {
		{"one line", KEY, 1, 0},
		{"one line and a newline", KEY "\n", 1, 0},
		{"comments and empty lines", "# created: today\n\n#\n" KEY "\n\n# end", 1, 0},
		{"a comment that is an identity", "#" KEY "\n" KEY "\n", 1, 0},
		{"CRLF", "# a\r\n\r\n" KEY "\r\n", 1, 0},
		{"two", KEY "\n" KEY "\n", 2, 0},
		{"others beside it", PLUGIN "\n" KEY "\n" HYBRID "\n", 1, 2},
		{"a comment of UTF-8", "# Schl\xc3\xbcssel\n" KEY "\n", 1, 0},
	};

	return cr_make_param_array(struct good_case, cases, sizeof(cases) / sizeof(cases[0]));
}

ParameterizedTest(struct good_case *c, age_keyfile, takes)
{
	BS_CLEANUP(bs_age_identities_free_ptr) struct bs_age_identities *ids = new_list();
	BS_CLEANUP(bs_free_ptr) char *recipient = NULL;
	size_t skipped = 99;

	cr_assert_eq(parse(ids, c->text, strlen(c->text), &skipped, NULL), BS_OK, "%s", c->why);
	cr_assert_eq(bs_age_identities_count(ids), (size_t)c->count, "%s", c->why);
	cr_assert_eq(skipped, (size_t)c->skipped, "%s", c->why);
	recipient = bs_age_identities_recipient(ids, 0);
	cr_assert_str_eq(recipient, RECIPIENT);
	cr_assert(bs_age_identities_fit(ids, RECIPIENT));
}

struct bad_case {
	char why[40];
	char text[400];
	enum bs_code code;
	char says[24];
};

ParameterizedTestParameters(age_keyfile, refuses)
{
	static struct bad_case cases[] = {
		{"nothing", "", BS_NO_IDENTITY, "no identity"},
		{"comments alone", "# " KEY "\n", BS_NO_IDENTITY, "no identity"},
		{"a plugin alone", PLUGIN "\n", BS_NO_IDENTITY, "plugin"},
		{"a post-quantum one alone", HYBRID "\n", BS_NO_IDENTITY, "post-quantum"},
		{"a recipient", "\n" RECIPIENT "\n", BS_MALFORMED, "line 2"},
		{"words", "hello\n", BS_MALFORMED, "line 1"},
		{"a blank before", "# a\n " KEY "\n", BS_MALFORMED, "line 2"},
		{"a blank behind", KEY " \n", BS_MALFORMED, "line 1"},
		{"a blank before a comment", " # a\n" KEY "\n", BS_MALFORMED, "line 1"},
		{"two CRs", KEY "\r\r\n", BS_MALFORMED, "line 1"},
		{"a bad line behind a good one", KEY "\nhello\n", BS_MALFORMED, "line 2"},
		{"a character changed",
			"AGE-SECRET-KEY-1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LMQ",
			BS_MALFORMED, "line 1"},
		{"a character less",
			"AGE-SECRET-KEY-1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM",
			BS_MALFORMED, "line 1"},
		{"lower case", "age-secret-key-1egtzvffv20835nwyv6270lxyvk2vknx2mmdkwyklmgr48uawx40q2p2lm0",
			BS_MALFORMED, "line 1"},
		{"not UTF-8", KEY "\n# \xff\n", BS_MALFORMED, "UTF-8"},
		{"an age file", "age-encryption.org/v1\n-> scrypt", BS_NO_IDENTITY, "locked"},
		{"an armored age file", "-----BEGIN AGE ENCRYPTED FILE-----\n", BS_NO_IDENTITY, "locked"},
		{"another private key", "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n", BS_NO_IDENTITY, "form"},
	};

	return cr_make_param_array(struct bad_case, cases, sizeof(cases) / sizeof(cases[0]));
}

ParameterizedTest(struct bad_case *c, age_keyfile, refuses)
{
	BS_CLEANUP(bs_age_identities_free_ptr) struct bs_age_identities *ids = new_list();
	struct bs_error err = {0};
	size_t skipped = 99;

	cr_assert_eq(parse(ids, KEY, strlen(KEY), NULL, NULL), BS_OK);
	cr_assert_eq(
		parse(ids, c->text, strlen(c->text), &skipped, &err), c->code, "%s: %s", c->why, err.msg);
	cr_assert_eq(bs_age_identities_count(ids), 1, "%s: something was added", c->why);
	cr_assert_eq(skipped, 99);
	cr_assert(strstr(err.msg, "keys.txt"), "%s", err.msg);
	cr_assert(strstr(err.msg, c->says), "%s: %s", c->why, err.msg);
	/* No part of any line is in the message. */
	cr_assert_null(strstr(err.msg, "EGTZ"), "%s", err.msg);
	cr_assert_null(strstr(err.msg, "egtz"), "%s", err.msg);
	cr_assert_null(strstr(err.msg, "hello"), "%s", err.msg);
}

Test(age_keyfile, refuses_nul_bytes)
{
	static const char text[] = "# \0\n" KEY "\n";
	BS_CLEANUP(bs_age_identities_free_ptr) struct bs_age_identities *ids = new_list();

	cr_assert_eq(parse(ids, text, sizeof(text) - 1, NULL, NULL), BS_MALFORMED);
}

Test(age_keyfile, refuses_an_identity_of_another_length)
{
	static const uint8_t key[33] = {1};
	BS_CLEANUP(bs_age_identities_free_ptr) struct bs_age_identities *ids = new_list();

	for (size_t len = 31; len <= 33; len++) {
		char text[100] = "";

		bs_bech32_encode("AGE-SECRET-KEY-", key, len, text);
		cr_assert_eq(parse(ids, text, strlen(text), NULL, NULL), len == 32 ? BS_OK : BS_MALFORMED,
			"%zu", len);
	}
}

Test(age_keyfile, makes_keys_that_can_be_read)
{
	BS_CLEANUP(bs_age_identities_free_ptr) struct bs_age_identities *ids = new_list();
	struct bs_secret *line = NULL, *other = NULL;
	char *recipient = NULL, *other_recipient = NULL, *again;

	cr_assert_eq(bs_age_keygen(&line, &recipient, NULL), BS_OK);
	cr_assert_eq(bs_age_keygen(&other, &other_recipient, NULL), BS_OK);
	cr_assert_eq(bs_secret_len(line), strlen(KEY));
	cr_assert_not(bs_secret_equal(line, other));
	cr_assert_str_neq(recipient, other_recipient);
	cr_assert_eq(bs_age_identities_parse(ids, line, "new", NULL, NULL), BS_OK);
	again = bs_age_identities_recipient(ids, 0);
	cr_assert_str_eq(again, recipient);
	cr_assert(bs_age_identities_fit(ids, recipient));
	cr_assert_not(bs_age_identities_fit(ids, other_recipient));
	cr_assert_eq(bs_age_recipient_check(recipient, NULL), BS_OK);
	bs_secret_free(line);
	bs_secret_free(other);
	free(recipient);
	free(other_recipient);
	free(again);
}

Test(age_keyfile, has_no_recipient_for_a_passphrase)
{
	BS_CLEANUP(bs_age_identities_free_ptr) struct bs_age_identities *ids = new_list();
	struct bs_secret *word = NULL, *empty = NULL;

	cr_assert_eq(bs_secret_copy("word", 4, &word, NULL), BS_OK);
	cr_assert_eq(bs_secret_new(0, &empty, NULL), BS_OK);
	cr_assert_eq(bs_age_identities_add_passphrase(ids, empty, NULL), BS_USAGE);
	cr_assert_eq(bs_age_identities_add_passphrase(ids, word, NULL), BS_OK);
	cr_assert_eq(bs_age_identities_count(ids), 1);
	cr_assert_null(bs_age_identities_recipient(ids, 0));
	cr_assert_null(bs_age_identities_recipient(ids, 1));
	cr_assert_not(bs_age_identities_fit(ids, RECIPIENT));
	bs_secret_free(word);
	bs_secret_free(empty);
}

Test(age_keyfile, free_accepts_null)
{
	cr_assert_null(bs_age_identities_free(NULL));
}

Test(age_keyfile, tells_a_locked_one)
{
	static const struct {
		const char *text;
		bool is_locked;
	} cases[] = {
		{"", false},
		{KEY, false},
		{"age-encryption.org/v1\n-> scrypt rF0/NwblUHHTpgQgRpe5CQ 10\n"
		 "gUjEymFKMVXQEKdMMHL24oYexjE3TIC0O0zGSqJ2aUY\n"
		 "--- WyJp9F/9FOZh7gJdheq2WIJcwHgYc8NIVh3ddwhrcNg\n",
			true},
		{"age-encryption.org/v1\n-> X25519 TEiF0ypqr+bpvcqXNyCVJpL7OuwPdVwPL7KQEbFDOCc\n"
		 "hjabGXwSLQ9c3S6Lw2i+S2Tu2fiwQHHslbBN6B41FLE\n"
		 "--- WyJp9F/9FOZh7gJdheq2WIJcwHgYc8NIVh3ddwhrcNg\n",
			false},
		{"-----BEGIN AGE ENCRYPTED FILE-----\n", false},
		{"-----BEGIN OPENSSH PRIVATE KEY-----\n", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bs_secret *text = NULL;

		cr_assert_eq(bs_secret_copy(cases[i].text, strlen(cases[i].text), &text, NULL), BS_OK);
		cr_assert_eq(bs_age_keyfile_is_locked(text), cases[i].is_locked, "case %zu", i);
		bs_secret_free(text);
	}
}
