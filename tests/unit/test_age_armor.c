/* test_age_armor.c: the strict armor, both ways. */
#include "../../core/age/armor.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdlib.h>
#include <string.h>

#define BEGIN "-----BEGIN AGE ENCRYPTED FILE-----"
#define END "-----END AGE ENCRYPTED FILE-----"
#define FULL "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

struct armor_case {
	char why[48];
	char text[320];
	int len; /* of what is inside */
};

static enum bs_code open_text(const char *text, uint8_t **ret, size_t *ret_len)
{
	return bs_age_armor_open((const uint8_t *)text, strlen(text), ret, ret_len, NULL);
}

ParameterizedTestParameters(age_armor, takes)
{
	static struct armor_case cases[] = {
		{"a short line", BEGIN "\nYWdl\n" END "\n", 3},
		{"a full last line", BEGIN "\n" FULL "\n" END "\n", 48},
		{"padding", BEGIN "\n" FULL "\nYQ==\n" END "\n", 49},
		{"CRLF", BEGIN "\r\n" FULL "\r\nYWdl\r\n" END "\r\n", 51},
		{"no newline at the end", BEGIN "\nYWdl\n" END, 3},
		{"blank lines around", " \n\t\r\n\n" BEGIN "\nYWdl\n" END "\n \n\t\n", 3},
		{"nothing inside", BEGIN "\n" END "\n", 0},
	};

	return cr_make_param_array(struct armor_case, cases, sizeof(cases) / sizeof(cases[0]));
}

ParameterizedTest(struct armor_case *c, age_armor, takes)
{
	uint8_t *bytes = NULL;
	size_t len = 0;

	cr_assert(bs_age_armor_is_there((uint8_t *)c->text, strlen(c->text)), "%s", c->why);
	cr_assert_eq(open_text(c->text, &bytes, &len), BS_OK, "%s", c->why);
	cr_assert_eq(len, (size_t)c->len, "%s", c->why);
	free(bytes);
}

ParameterizedTestParameters(age_armor, refuses)
{
	static struct armor_case cases[] = {
		{"nothing", "", 0},
		{"BEGIN alone", BEGIN, 0},
		{"no END", BEGIN "\nYWdl\n", 0},
		{"END cut", BEGIN "\nYWdl\n-----END AGE ENCRYPTED FILE----", 0},
		{"another label", "-----BEGIN AGE SOMETHING-----\nYWdl\n" END "\n", 0},
		{"lower case", "-----begin age encrypted file-----\nYWdl\n" END "\n", 0},
		{"a blank before BEGIN", " " BEGIN "\nYWdl\n" END "\n", 0},
		{"a blank behind BEGIN", BEGIN " \nYWdl\n" END "\n", 0},
		{"a blank before END", BEGIN "\nYWdl\n " END "\n", 0},
		{"a blank behind a line", BEGIN "\nYWdl \n" END "\n", 0},
		{"text before", "hello\n" BEGIN "\nYWdl\n" END "\n", 0},
		{"text after", BEGIN "\nYWdl\n" END "\nhello\n", 0},
		{"text behind END", BEGIN "\nYWdl\n" END "hello\n", 0},
		{"an empty first line", BEGIN "\n\nYWdl\n" END "\n", 0},
		{"an empty line in between", BEGIN "\n" FULL "\n\nYWdl\n" END "\n", 0},
		{"an empty last line", BEGIN "\nYWdl\n\n" END "\n", 0},
		{"a PEM header", BEGIN "\nKey: value\n\nYWdl\n" END "\n", 0},
		{"a PGP checksum", BEGIN "\nYWdl\n=AAAA\n" END "\n", 0},
		{"a long line", BEGIN "\n" FULL "AAAA\n" END "\n", 0},
		{"a short line that is not last", BEGIN "\nYWdl\nYWdl\n" END "\n", 0},
		{"a padded full line, then more", BEGIN "\n" FULL "\nYQ==\nYWdl\n" END "\n", 0},
		{"padding on a line of its own", BEGIN "\nYQ\n==\n" END "\n", 0},
		{"padding missing", BEGIN "\nYQ\n" END "\n", 0},
		{"bits behind the last byte", BEGIN "\nYR==\n" END "\n", 0},
		{"the URL alphabet", BEGIN "\n_-__\n" END "\n", 0},
		{"CR in a line", BEGIN "\nYW\rdl\n" END "\n", 0},
		{"two CRs", BEGIN "\nYWdl\r\r\n" END "\n", 0},
		{"END twice", BEGIN "\nYWdl\n" END "\n" END "\n", 0},
	};

	return cr_make_param_array(struct armor_case, cases, sizeof(cases) / sizeof(cases[0]));
}

ParameterizedTest(struct armor_case *c, age_armor, refuses)
{
	uint8_t *bytes = NULL;
	size_t len = 0;

	cr_assert_eq(open_text(c->text, &bytes, &len), BS_MALFORMED, "%s", c->why);
	cr_assert_null(bytes);
}

Test(age_armor, bounds_the_blanks_around)
{
	char text[4096];
	uint8_t *bytes = NULL;
	size_t len;

	memset(text, '\n', sizeof(text));
	strcpy(text + 1024, BEGIN "\nYWdl\n" END "\n");
	cr_assert_eq(open_text(text, &bytes, &len), BS_OK);
	free(bytes);
	memset(text, '\n', sizeof(text));
	strcpy(text + 1025, BEGIN "\nYWdl\n" END "\n");
	cr_assert_eq(open_text(text, &bytes, &len), BS_MALFORMED);
	cr_assert_not(bs_age_armor_is_there((uint8_t *)text, strlen(text)));

	strcpy(text, BEGIN "\nYWdl\n" END "\n");
	len = strlen(text);
	memset(text + len, '\n', 1024);
	text[len + 1024] = '\0';
	cr_assert_eq(open_text(text, &bytes, &len), BS_MALFORMED);
}

Test(age_armor, gives_back_every_length_in_full_lines)
{
	uint8_t bytes[200];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	for (size_t len = 0; len <= sizeof(bytes); len++) {
		uint8_t *back = NULL;
		char *text = NULL;
		size_t text_len, back_len;

		cr_assert_eq(bs_age_armor_seal(bytes, len, &text, &text_len, NULL), BS_OK);
		cr_assert_eq(strlen(text), text_len);
		cr_assert_eq(strncmp(text, BEGIN "\n", strlen(BEGIN) + 1), 0);
		cr_assert_str_eq(text + text_len - strlen(END) - 1, END "\n");
		cr_assert_null(strstr(text, "\n\n"), "%zu: an empty line", len);
		cr_assert_eq(open_text(text, &back, &back_len), BS_OK, "%zu", len);
		cr_assert_eq(back_len, len);
		cr_assert(!memcmp(back, bytes, len));
		free(back);
		free(text);
	}
}

Test(age_armor, is_not_seen_in_a_binary_file)
{
	static const char *const texts[] = {
		"age-encryption.org/v1\n", "", "----BEGIN", "x-----BEGIN AGE", "\x80"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		cr_assert_not(bs_age_armor_is_there((const uint8_t *)texts[i], strlen(texts[i])));
}
