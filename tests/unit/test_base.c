/* test_base.c: errors, names, scopes and lists. */
#include <bus-secrets/error.h>
#include <bus-secrets/log.h>
#include <bus-secrets/name.h>
#include <bus-secrets/scope.h>
#include <bus-secrets/strings.h>
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Test(error, every_code_has_its_columns)
{
	cr_assert_eq(bs_code_errno(BS_NO_IDENTITY), ENOKEY);
	cr_assert_eq(bs_code_errno(BS_NO_MATCH), EKEYREJECTED);
	cr_assert_eq(bs_code_errno(BS_INTEGRITY), EBADMSG);
	cr_assert_eq(bs_code_errno(BS_MALFORMED), EUCLEAN);
	cr_assert_eq(bs_code_errno(BS_NEED_SOPS), ENOPKG);
	cr_assert_eq(bs_code_exit(BS_NAME), 2);
	cr_assert_eq(bs_code_exit(BS_NOT_FOUND), 1);
	cr_assert_str_eq(bs_code_name(BS_OK), "OK");
	cr_assert_eq(bs_code_errno((enum bs_code)9999), bs_code_errno(BS_INTERNAL));
}

Test(error, a_message_can_be_built_from_the_one_that_stands_there)
{
	struct bs_error err;

	(void)bs_error_set(&err, BS_IO, "first");
	cr_assert_eq(bs_error_set(&err, BS_MALFORMED, "second: %s", err.msg), BS_MALFORMED);
	cr_assert_str_eq(err.msg, "second: first");
	cr_assert_eq(bs_error_set(NULL, BS_BUSY, "x"), BS_BUSY);
}

Test(error, a_long_message_is_cut_at_a_whole_character)
{
	struct bs_error err;
	char text[BS_ERROR_MSG * 2];

	for (size_t i = 0; i + 2 < sizeof(text); i += 2)
		memcpy(text + i, "\xc3\xa4", 2);
	text[sizeof(text) - 2] = '\0';
	(void)bs_error_set(&err, BS_IO, "x%s", text);
	cr_assert(strlen(err.msg) < BS_ERROR_MSG);
	cr_assert_eq(strlen(err.msg) % 2, 1);
	(void)bs_error_set(&err, BS_IO, "%s", text);
	cr_assert_eq(strlen(err.msg) % 2, 0);
}

Test(error, a_system_error_names_itself_and_its_code)
{
	struct bs_error err;

	cr_assert_eq(bs_error_sys(&err, ENOSPC, "cannot write %s", "f"), BS_NO_SPACE);
	cr_assert_str_eq(err.msg, "cannot write f: No space left on device");
	cr_assert_eq(err.sys_errno, ENOSPC);
	cr_assert_eq(bs_code_of_errno(EDQUOT), BS_NO_SPACE);
	cr_assert_eq(bs_code_of_errno(EXDEV), BS_IO);
}

struct name_case {
	char name[160];
	int code;
	char fold[40];
};

ParameterizedTestParameters(name, grammar)
{
	static struct name_case cases[] = {
		{"x", BS_OK, "x"},
		{"openai_api_key", BS_OK, "openai_api_key"},
		{"a.b-c_d.0", BS_OK, "a.b-c_d.0"},
		{"-x", BS_OK, "x"},
		{"", BS_NAME, ""},
		{".", BS_NAME, ""},
		{"..", BS_NAME, ""},
		{".x", BS_NAME, "x"},
		{"x.", BS_NAME, "x"},
		{"a..b", BS_NAME, "a.b"},
		{"Bad Name", BS_NAME, "bad_name"},
		{"../x", BS_NAME, "_x"},
		{"OPENAI_API_KEY", BS_NAME, "openai_api_key"},
		{".pgpass", BS_NAME, "pgpass"},
		{"a/b", BS_NAME, "a_b"},
		{"\xc3\xa4", BS_NAME, "__"},
		{"a\nb", BS_NAME, "a_b"},
	};
	return cr_make_param_array(struct name_case, cases, sizeof(cases) / sizeof(cases[0]));
}

ParameterizedTest(struct name_case *c, name, grammar)
{
	struct bs_error err = {0};
	char fold[BS_NAME_MAX + 1];

	cr_assert_eq((int)bs_name_check(c->name, strlen(c->name), &err), c->code, "%s: %s", c->name, err.msg);
	cr_assert_eq(bs_name_fold(c->name, strlen(c->name), fold), c->fold[0] != '\0');
	cr_assert_str_eq(fold, c->fold);
	for (const char *p = err.msg; *p; p++)
		cr_assert((unsigned char)*p >= 0x20 && (unsigned char)*p < 0x7f, "unprintable byte in a message");
}

Test(name, length_and_nul_and_leading_dash)
{
	char name[140];

	memset(name, 'a', sizeof(name));
	cr_assert_eq(bs_name_check(name, 128, NULL), BS_OK);
	cr_assert_eq(bs_name_check(name, 129, NULL), BS_NAME_LONG);
	cr_assert_eq(bs_name_check("a\0b", 3, NULL), BS_NAME);
	cr_assert_eq(bs_name_check_new("-x", 2, NULL), BS_NAME);
	cr_assert_eq(bs_name_check_new("x-", 2, NULL), BS_OK);
}

Test(scope, words)
{
	enum bs_scope scope;

	cr_assert_eq(bs_scope_parse("repo", &scope, NULL), BS_OK);
	cr_assert_eq(scope, BS_SCOPE_REPO);
	cr_assert_str_eq(bs_scope_name(BS_SCOPE_AUTO), "auto");
	cr_assert_eq(bs_scope_parse("Repo", &scope, NULL), BS_USAGE);
	cr_assert_eq(bs_scope_parse("", &scope, NULL), BS_USAGE);
}

Test(strings, lists)
{
	struct bs_strings list = {0};

	for (int i = 0; i < 20; i++) {
		char text[8];

		(void)snprintf(text, sizeof(text), "%02d", 19 - i / 2 * 2);
		cr_assert_eq(bs_strings_add_once(&list, text, NULL), BS_OK);
	}
	cr_assert_eq(list.count, 10);
	bs_strings_sort(&list);
	cr_assert_str_eq(list.items[0], "01");
	cr_assert(bs_strings_has(&list, "19"));
	cr_assert_not(bs_strings_has(&list, "18"));
	char *joined = bs_strings_join(&list, ", ");

	cr_assert_eq(strncmp(joined, "01, 03, ", 8), 0);
	free(joined);
	bs_strings_release(&list);
	cr_assert_eq(list.count, 0);
	joined = bs_strings_join(&list, ",");
	cr_assert_str_eq(joined, "");
	free(joined);
}

Test(log, a_clean_line_steers_no_terminal)
{
	char line[] = "a\033]0;x\a\n\x7f\302\233m\233 \303\244\342\202\254\303";

	bs_line_clean(line, sizeof(line) - 1);
	cr_assert_str_eq(line, "a?]0;x?" "?" "?" "?" "?m? \303\244\342\202\254?");
}
