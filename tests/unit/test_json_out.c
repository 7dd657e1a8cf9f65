/* test_json_out.c: the writer of JSON, and secrets as JSON strings. */
#include <bus-secrets/json_out.h>
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static void expect(struct bs_json_out *out, const char *want)
{
	char *got = bs_json_out_take(out);

	cr_assert_not_null(got);
	cr_assert_str_eq(got, want);
	free(got);
}

Test(json_out, empty_containers_hold_nothing)
{
	struct bs_json_out *out = bs_json_out_new();

	bs_json_out_array(out);
	bs_json_out_object(out);
	bs_json_out_end(out);
	bs_json_out_array(out);
	bs_json_out_end(out);
	bs_json_out_end(out);
	expect(out, "[{},[]]");
}

Test(json_out, commas_stand_between_items_and_nowhere_else)
{
	struct bs_json_out *out = bs_json_out_new();

	bs_json_out_object(out);
	bs_json_out_key(out, "a");
	bs_json_out_array(out);
	bs_json_out_int(out, 1);
	bs_json_out_int(out, -2);
	bs_json_out_object(out);
	bs_json_out_end(out);
	bs_json_out_end(out);
	bs_json_out_key(out, "b");
	bs_json_out_object(out);
	bs_json_out_key(out, "c");
	bs_json_out_bool(out, true);
	bs_json_out_key(out, "d");
	bs_json_out_bool(out, false);
	bs_json_out_end(out);
	bs_json_out_key(out, "e");
	bs_json_out_null(out);
	bs_json_out_key(out, "f");
	bs_json_out_string(out, "x");
	bs_json_out_end(out);
	expect(out, "{\"a\":[1,-2,{}],\"b\":{\"c\":true,\"d\":false},\"e\":null,\"f\":\"x\"}");
}

Test(json_out, numbers_are_written_whole)
{
	struct bs_json_out *out = bs_json_out_new();

	bs_json_out_array(out);
	bs_json_out_int(out, INT64_MIN);
	bs_json_out_int(out, INT64_MAX);
	bs_json_out_end(out);
	expect(out, "[-9223372036854775808,9223372036854775807]");
}

struct string_case {
	char text[32];
	char want[64];
};

ParameterizedTestParameters(json_out, strings_are_escaped_and_repaired)
{
	static struct string_case cases[] = {
		{"", "\"\""},
		{"plain /", "\"plain /\""},
		{"a\"b\\c", "\"a\\\"b\\\\c\""},
		{"\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\""},
		{"\x01\x1f\x7f", "\"\\u0001\\u001f\x7f\""},
		{"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\""},
		{"a\xff", "\"a\xef\xbf\xbd\""},
		{"\xc3", "\"\xef\xbf\xbd\""},
		{"\xc0\x80.", "\"\xef\xbf\xbd\xef\xbf\xbd.\""},
		{"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
		{"\xf4\x90\x80\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
	};

	return cr_make_param_array(struct string_case, cases, sizeof(cases) / sizeof(*cases));
}

ParameterizedTest(struct string_case *c, json_out, strings_are_escaped_and_repaired)
{
	struct bs_json_out *out = bs_json_out_new();

	bs_json_out_string(out, c->text);
	expect(out, c->want);
}

Test(json_out, a_missing_string_is_null)
{
	struct bs_json_out *out = bs_json_out_new();

	bs_json_out_string(out, NULL);
	expect(out, "null");
}

Test(json_out, all_calls_accept_null)
{
	bs_json_out_object(NULL);
	bs_json_out_array(NULL);
	bs_json_out_end(NULL);
	bs_json_out_key(NULL, "k");
	bs_json_out_string(NULL, "s");
	bs_json_out_string(NULL, NULL);
	bs_json_out_int(NULL, 1);
	bs_json_out_bool(NULL, true);
	bs_json_out_null(NULL);
	cr_assert_null(bs_json_out_take(NULL));
	cr_assert_null(bs_json_out_free(NULL));
}

Test(json_out, nesting_beyond_the_limit_fails_as_a_whole)
{
	struct bs_json_out *out = bs_json_out_new();

	for (int i = 0; i < 65; i++)
		bs_json_out_array(out);
	cr_assert_null(bs_json_out_take(out));
}

Test(json_out, sixty_four_levels_are_written)
{
	struct bs_json_out *out = bs_json_out_new();
	char *text;

	for (int i = 0; i < 64; i++)
		bs_json_out_array(out);
	for (int i = 0; i < 64; i++)
		bs_json_out_end(out);
	text = bs_json_out_take(out);
	cr_assert_not_null(text);
	cr_assert_eq(strlen(text), 128);
	free(text);
}

Test(json_out, ten_thousand_items_are_written_whole)
{
	struct bs_json_out *out = bs_json_out_new();
	size_t commas = 0;
	char *text;

	bs_json_out_array(out);
	for (int i = 0; i < 10000; i++)
		bs_json_out_string(out, "name");
	bs_json_out_end(out);
	text = bs_json_out_take(out);
	cr_assert_not_null(text);
	for (const char *p = text; *p; p++)
		commas += *p == ',';
	cr_assert_eq(commas, 9999);
	cr_assert_eq(strlen(text), 10000 * 6 + 9999 + 2);
	free(text);
}

static void expect_secret(enum bs_code code, struct bs_secret *got, const char *want, size_t want_len)
{
	cr_assert_eq(code, BS_OK);
	cr_assert_eq(bs_secret_len(got), want_len);
	cr_assert_eq(memcmp(bs_secret_bytes(got), want, want_len), 0);
}

static struct bs_secret *secret_of(const void *bytes, size_t len)
{
	struct bs_secret *secret = NULL;

	cr_assert_eq(bs_secret_copy(bytes, len, &secret, NULL), BS_OK);
	return secret;
}

Test(json_out, a_secret_is_escaped_with_its_nul_bytes)
{
	struct bs_secret *value = secret_of("a\0\"\n\xc3\xa4", 6);
	struct bs_secret *quoted = NULL;
	enum bs_code code = bs_json_out_escape_secret(value, &quoted, NULL);

	expect_secret(code, quoted, "\"a\\u0000\\\"\\n\xc3\xa4\"", 15);
	bs_secret_free(quoted);
	bs_secret_free(value);
}

Test(json_out, an_empty_secret_is_an_empty_string)
{
	struct bs_secret *value = secret_of("", 0);
	struct bs_secret *quoted = NULL;
	enum bs_code code = bs_json_out_escape_secret(value, &quoted, NULL);

	expect_secret(code, quoted, "\"\"", 2);
	bs_secret_free(quoted);
	quoted = NULL;
	code = bs_json_out_base64_secret(value, &quoted, NULL);
	expect_secret(code, quoted, "\"\"", 2);
	bs_secret_free(quoted);
	bs_secret_free(value);
}

Test(json_out, a_secret_that_is_not_text_has_no_string_form)
{
	struct bs_secret *value = secret_of("plain\xff", 6);
	struct bs_secret *quoted = NULL;
	struct bs_error err;

	cr_assert_eq(bs_json_out_escape_secret(value, &quoted, &err), BS_MALFORMED);
	cr_assert_null(quoted);
	cr_assert_null(strstr(err.msg, "plain"));
	bs_secret_free(value);
}

struct base64_case {
	char bytes[8];
	size_t len;
	char want[16];
};

/* RFC 4648, section 10, and the two digits that are neither letter nor digit. */
ParameterizedTestParameters(json_out, base64_as_in_rfc_4648)
{
	static struct base64_case cases[] = {
		{"f", 1, "\"Zg==\""},
		{"fo", 2, "\"Zm8=\""},
		{"foo", 3, "\"Zm9v\""},
		{"foob", 4, "\"Zm9vYg==\""},
		{"fooba", 5, "\"Zm9vYmE=\""},
		{"foobar", 6, "\"Zm9vYmFy\""},
		{"\xfb\xef\xff", 3, "\"++//\""},
		{"\0\0\0", 3, "\"AAAA\""},
	};

	return cr_make_param_array(struct base64_case, cases, sizeof(cases) / sizeof(*cases));
}

ParameterizedTest(struct base64_case *c, json_out, base64_as_in_rfc_4648)
{
	struct bs_secret *value = secret_of(c->bytes, c->len);
	struct bs_secret *quoted = NULL;
	enum bs_code code = bs_json_out_base64_secret(value, &quoted, NULL);

	expect_secret(code, quoted, c->want, strlen(c->want));
	bs_secret_free(quoted);
	bs_secret_free(value);
}

Test(json_out, base64_has_all_digits_in_order)
{
	static const char digits[] = "\"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/\"";
	struct bs_secret *quoted = NULL;
	struct bs_secret *value;
	uint8_t bytes[48];
	enum bs_code code;

	for (unsigned i = 0; i < 16; i++) {
		unsigned bits = (4 * i) << 18 | (4 * i + 1) << 12 | (4 * i + 2) << 6 | (4 * i + 3);

		bytes[3 * i] = (uint8_t)(bits >> 16);
		bytes[3 * i + 1] = (uint8_t)(bits >> 8);
		bytes[3 * i + 2] = (uint8_t)bits;
	}
	value = secret_of(bytes, sizeof(bytes));
	code = bs_json_out_base64_secret(value, &quoted, NULL);
	expect_secret(code, quoted, digits, sizeof(digits) - 1);
	bs_secret_free(quoted);
	bs_secret_free(value);
}
