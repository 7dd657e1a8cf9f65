/* test_age_header.c: the strict header, both ways. */
#include "../../core/age/header.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdlib.h>
#include <string.h>

#define V "age-encryption.org/v1\n"
#define MAC "WyJp9F/9FOZh7gJdheq2WIJcwHgYc8NIVh3ddwhrcNg"
#define BODY "hjabGXwSLQ9c3S6Lw2i+S2Tu2fiwQHHslbBN6B41FLE"
#define X V "-> X25519 TEiF0ypqr+bpvcqXNyCVJpL7OuwPdVwPL7KQEbFDOCc\n" BODY "\n"
#define FULL "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

struct header_case {
	char why[48];
	char text[512];
	int stanzas;
	int last_body;
};

ParameterizedTestParameters(age_header, takes)
{
	static struct header_case cases[] = {
		{"the worked example", X "--- " MAC "\n", 1, 32},
		{"an empty body", V "-> a\n\n--- " MAC "\n", 1, 0},
		{"a body of one full line", V "-> a\n" FULL "\n\n--- " MAC "\n", 1, 48},
		{"a body of a line and a bit", V "-> a\n" FULL "\nAA\n--- " MAC "\n", 1, 49},
		{"many arguments, any punctuation",
			V "-> a !\"#$ %&'() *+,-./:; <=>?@[\\]^_` {|}~\n\n--- " MAC "\n", 1, 0},
		{"an argument that looks like the end", V "-> --- ->\n\n-> b\nAA\n--- " MAC "\n", 2, 1},
		{"bytes behind it", X "--- " MAC "\n\n-> \xff", 1, 32},
	};

	return cr_make_param_array(struct header_case, cases, sizeof(cases) / sizeof(cases[0]));
}

ParameterizedTest(struct header_case *c, age_header, takes)
{
	struct bs_age_header header = {0};
	uint8_t *text = NULL;
	size_t len;

	cr_assert_eq(
		bs_age_header_read((uint8_t *)c->text, strlen(c->text), &header, NULL), BS_OK, "%s", c->why);
	cr_assert_eq(header.count, (size_t)c->stanzas, "%s", c->why);
	cr_assert_eq(header.stanzas[header.count - 1].body_len, (size_t)c->last_body, "%s", c->why);
	cr_assert_eq(memcmp(c->text + header.covered_len - 3, "--- W", 5), 0, "%s", c->why);
	cr_assert_eq(bs_age_header_write(header.stanzas, header.count, 0, &text, &len, NULL), BS_OK);
	cr_assert_eq(len, header.covered_len, "%s", c->why);
	bs_age_header_write_mac(header.mac, text + len);
	cr_assert(!memcmp(text, c->text, header.len), "%s: written again it differs", c->why);
	free(text);
	bs_age_header_release(&header);
}

struct bad_case {
	char why[48];
	char text[512];
};

ParameterizedTestParameters(age_header, refuses)
{
	static struct bad_case cases[] = {
		{"nothing", ""},
		{"the version alone", "age-encryption.org/v1"},
		{"another version", "age-encryption.org/v1234\n-> a\n\n--- " MAC "\n"},
		{"CR behind the version", "age-encryption.org/v1\r\n-> a\n\n--- " MAC "\n"},
		{"a blank before the version", " " X "--- " MAC "\n"},
		{"no recipient", V "--- " MAC "\n"},
		{"no MAC line", X},
		{"MAC line cut", X "--- " MAC},
		{"MAC without blank", X "---" MAC "\n"},
		{"MAC behind two blanks", X "---  " MAC "\n"},
		{"MAC before a blank", X "--- " MAC " \n"},
		{"MAC and a word", X "--- " MAC " a\n"},
		{"no MAC", X "---\n"},
		{"no MAC behind the blank", X "--- \n"},
		{"MAC padded", X "--- " MAC "=\n"},
		{"MAC a character short", X "--- WyJp9F/9FOZh7gJdheq2WIJcwHgYc8NIVh3ddwhrcN\n"},
		{"MAC not canonical", X "--- WyJp9F/9FOZh7gJdheq2WIJcwHgYc8NIVh3ddwhrcNh\n"},
		{"MAC before CR", X "--- " MAC "\r\n"},
		{"four dashes", X "---- " MAC "\n"},
		{"an arrow alone", V "->\n\n--- " MAC "\n"},
		{"an arrow and a blank", V "-> \n\n--- " MAC "\n"},
		{"an arrow and two blanks", V "->  a\n\n--- " MAC "\n"},
		{"an arrow without a blank", V "->a\n\n--- " MAC "\n"},
		{"a tab for a blank", V "->\ta\n\n--- " MAC "\n"},
		{"two blanks between", V "-> a  b\n\n--- " MAC "\n"},
		{"a blank at the end", V "-> a \n\n--- " MAC "\n"},
		{"a control character", V "-> a\x1f\n\n--- " MAC "\n"},
		{"DEL", V "-> a\x7f\n\n--- " MAC "\n"},
		{"a byte over 127", V "-> \xc3\xa9\n\n--- " MAC "\n"},
		{"CR behind the arguments", V "-> a\r\n\n--- " MAC "\n"},
		{"no body", V "-> a\n--- " MAC "\n"},
		{"no body before another", V "-> a\n-> b\n\n--- " MAC "\n"},
		{"a full line and no short one", V "-> a\n" FULL "\n--- " MAC "\n"},
		{"two short lines", V "-> a\nAA\nAA\n--- " MAC "\n"},
		{"two empty lines", V "-> a\n\n\n--- " MAC "\n"},
		{"a long line", V "-> a\n" FULL "A\n\n--- " MAC "\n"},
		{"a body padded", V "-> a\nAA==\n--- " MAC "\n"},
		{"a body of length 1 mod 4", V "-> a\nAAAAA\n--- " MAC "\n"},
		{"a body not canonical", V "-> a\nAB\n--- " MAC "\n"},
		{"CR in a body", V "-> a\nAA\r\n--- " MAC "\n"},
		{"a blank in a body", V "-> a\nA A\n--- " MAC "\n"},
		{"the URL alphabet", V "-> a\n__\n--- " MAC "\n"},
		{"ends in a stanza", V "-> a"},
		{"ends in a body", V "-> a\nAA"},
	};

	return cr_make_param_array(struct bad_case, cases, sizeof(cases) / sizeof(cases[0]));
}

ParameterizedTest(struct bad_case *c, age_header, refuses)
{
	struct bs_age_header header = {0};
	struct bs_error err = {0};

	cr_assert_eq(bs_age_header_read((uint8_t *)c->text, strlen(c->text), &header, &err), BS_MALFORMED,
		"%s", c->why);
	cr_assert_null(header.stanzas);
	cr_assert_neq(err.msg[0], '\0');
}

Test(age_header, refuses_a_nul_in_the_arguments)
{
	static const char text[] = V "-> a\0b\n\n--- " MAC "\n";
	struct bs_age_header header = {0};

	cr_assert_eq(
		bs_age_header_read((const uint8_t *)text, sizeof(text) - 1, &header, NULL), BS_MALFORMED);
}

Test(age_header, covers_what_the_worked_example_says)
{
	static const char text[] = X "--- " MAC "\n";
	struct bs_age_header header = {0};

	cr_assert_eq(bs_age_header_read((const uint8_t *)text, sizeof(text) - 1, &header, NULL), BS_OK);
	cr_assert_eq(header.covered_len, 123);
	cr_assert_eq(header.len, 168);
	bs_age_header_release(&header);
}

Test(age_header, names_the_line)
{
	static const char text[] = V "-> a\n\n-> b\nA A\n--- " MAC "\n";
	struct bs_age_header header = {0};
	struct bs_error err = {0};

	cr_assert_eq(
		bs_age_header_read((const uint8_t *)text, sizeof(text) - 1, &header, &err), BS_MALFORMED);
	cr_assert(strstr(err.msg, "line 5"), "%s", err.msg);
}

/* A post-quantum line has 1512 characters; nothing here has a buffer of fixed size. */
Test(age_header, takes_lines_and_bodies_of_any_length)
{
	static uint8_t body[3000];
	char *line = malloc(20001);
	struct bs_age_header header = {0};
	uint8_t *text = NULL;
	size_t len;

	memset(line, 'x', 20000);
	line[20000] = '\0';
	for (size_t body_len = 0; body_len <= sizeof(body); body_len += 24) {
		struct bs_age_stanza stanza = {
			.line = line, .line_len = 20000, .body = body, .body_len = body_len};

		cr_assert_eq(bs_age_header_write(&stanza, 1, 0, &text, &len, NULL), BS_OK);
		bs_age_header_write_mac(body, text + len);
		cr_assert_eq(bs_age_header_read(text, len + BS_AGE_MAC_LINE_REST, &header, NULL), BS_OK,
			"%zu", body_len);
		cr_assert_eq(header.stanzas[0].line_len, 20000);
		cr_assert_eq(header.stanzas[0].body_len, body_len);
		bs_age_header_release(&header);
		free(text);
	}
	free(line);
}

Test(age_header, is_capped)
{
	size_t len = BS_AGE_HEADER_MAX + 200;
	char *text = malloc(len);
	struct bs_age_header header = {0};

	/* "-> a" repeated beyond the cap, well formed to its end. */
	memcpy(text, V, strlen(V));
	for (size_t at = strlen(V); at < len; at += 6)
		memcpy(text + at, "-> a\n\n", len - at < 6 ? len - at : 6);
	memcpy(text + len - 49, "\n--- " MAC "\n", 49);
	cr_assert_eq(bs_age_header_read((uint8_t *)text, len, &header, NULL), BS_MALFORMED);
	free(text);
}

Test(age_header, gives_arguments_one_by_one)
{
	static const char text[] = V "-> a bc AQ d\n\n--- " MAC "\n";
	struct bs_age_header header = {0};
	const struct bs_age_stanza *stanza;
	const char *arg;
	uint8_t byte;
	size_t len;

	cr_assert_eq(bs_age_header_read((const uint8_t *)text, sizeof(text) - 1, &header, NULL), BS_OK);
	stanza = &header.stanzas[0];
	cr_assert_eq(stanza->args, 4);
	arg = bs_age_stanza_arg(stanza, 1, &len);
	cr_assert_eq(len, 2);
	cr_assert_eq(memcmp(arg, "bc", 2), 0);
	arg = bs_age_stanza_arg(stanza, 3, &len);
	cr_assert_eq(len, 1);
	cr_assert_eq(*arg, 'd');
	cr_assert_null(bs_age_stanza_arg(stanza, 4, &len));
	cr_assert(bs_age_stanza_is(stanza, "a"));
	cr_assert_not(bs_age_stanza_is(stanza, "A"));
	cr_assert_not(bs_age_stanza_is(stanza, "a bc"));
	cr_assert(bs_age_stanza_arg_decode(stanza, 2, &byte, 1));
	cr_assert_eq(byte, 1);
	cr_assert_not(bs_age_stanza_arg_decode(stanza, 2, &byte, 0));
	cr_assert_not(bs_age_stanza_arg_decode(stanza, 4, &byte, 1));
	bs_age_header_release(&header);
}
