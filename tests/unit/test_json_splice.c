/* test_json_splice.c: one member changes, and no other byte. */
#include "../../core/json/splice.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH 4

struct splice_case {
	const char *text;
	const char *path; /* keys with '/' between them; "" for the root */
	const char *key;
	const char *value; /* NULL: delete */
	const char *want;
};

/* Splits a path of the tables. */
static size_t split(const char *path, char *room, const char *keys[static MAX_DEPTH])
{
	size_t depth = 0;

	strcpy(room, path);
	for (char *key = strtok(room, "/"); key; key = strtok(NULL, "/"))
		keys[depth++] = key;
	return depth;
}

static enum bs_code splice(const struct splice_case *c, char **ret, size_t *ret_len, struct bs_error *reterr)
{
	const char *keys[MAX_DEPTH];
	char room[64];
	struct bs_json_edit edit = {.path = keys, .key = c->key, .key_len = strlen(c->key), .value = c->value};

	edit.depth = split(c->path, room, keys);
	edit.value_len = c->value ? strlen(c->value) : 0;
	return bs_json_splice(c->text, strlen(c->text), &edit, 1, ret, ret_len, reterr);
}

static void expect_all(const struct splice_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct bs_error err = {0};
		char *got = NULL;
		size_t len = 0;

		cr_assert_eq(splice(&cases[i], &got, &len, &err), BS_OK, "%s: %s", cases[i].text, err.msg);
		cr_assert_str_eq(got, cases[i].want, "from %s got %s", cases[i].text, got);
		cr_assert_eq(len, strlen(cases[i].want));
		free(got);
	}
}

#define EXPECT_ALL(cases) expect_all(cases, sizeof(cases) / sizeof(*(cases)))

Test(json_splice, a_value_is_replaced_where_it_stands)
{
	static const struct splice_case cases[] = {
		{"{\"a\":1}", "", "a", "2", "{\"a\":2}"},
		{"{ \"a\" :\t\"x\" , \"b\":2}\n", "", "a", "[]", "{ \"a\" :\t[] , \"b\":2}\n"},
		{"{\"a\":{\"b\":[1,{\"a\":3}]},\"b\":1}", "a", "b", "\"n\"", "{\"a\":{\"b\":\"n\"},\"b\":1}"},
		{"{\"\\u0061\": \"old\"}", "", "a", "\"new\"", "{\"\\u0061\": \"new\"}"},
		{"{\"a\": 1}", "", "a", "1", "{\"a\": 1}"},
		{"\xEF\xBB\xBF{\"a\": 1}", "", "a", "2", "\xEF\xBB\xBF{\"a\": 2}"},
		{"{\"x\":-0,\"y\":1E400,\"a\":1,\"z\":0.10}", "", "a", "2", "{\"x\":-0,\"y\":1E400,\"a\":2,\"z\":0.10}"},
		{"{\"x\":1,\"x\":2,\"a\":1,\"\\ud800\":\"\\udc00\"}", "", "a", "2",
			"{\"x\":1,\"x\":2,\"a\":2,\"\\ud800\":\"\\udc00\"}"},
		{"{\"a\\u0000\":1,\"a\":2}", "", "a", "3", "{\"a\\u0000\":1,\"a\":3}"},
		{"{\r\n\"a\": null\r\n}\r\n", "", "a", "true", "{\r\n\"a\": true\r\n}\r\n"},
	};

	EXPECT_ALL(cases);
}

Test(json_splice, a_new_member_takes_the_layout_of_its_object)
{
	static const struct splice_case cases[] = {
		{"{\"a\":1}", "", "b", "2", "{\"a\":1,\"b\":2}"},
		{"{\"a\": 1}", "", "b", "2", "{\"a\": 1, \"b\": 2}"},
		{"{ \"a\": 1 }", "", "b", "2", "{ \"a\": 1, \"b\": 2 }"},
		{"{\"a\":1, \"b\":2}", "", "c", "3", "{\"a\":1, \"b\":2, \"c\":3}"},
		{"{\"a\": 1,\"b\": 2}", "", "c", "3", "{\"a\": 1,\"b\": 2,\"c\": 3}"},
		{"{\n\t\"a\": 1\n}\n", "", "b", "2", "{\n\t\"a\": 1,\n\t\"b\": 2\n}\n"},
		{"{\n    \"a\" : 1\n}", "", "b", "2", "{\n    \"a\" : 1,\n    \"b\" : 2\n}"},
		{"{\r\n  \"a\": 1\r\n}\r\n", "", "b", "2", "{\r\n  \"a\": 1,\r\n  \"b\": 2\r\n}\r\n"},
		{"{\n\"a\": 1\n}", "", "b", "2", "{\n\"a\": 1,\n\"b\": 2\n}"},
		{"{ \"a\": 1\n, \"b\": 2\n}", "", "c", "3", "{ \"a\": 1\n, \"b\": 2\n, \"c\": 3\n}"},
		{"{\n  \"a\": 1 ,\n  \"b\": 2\n}", "", "c", "3", "{\n  \"a\": 1 ,\n  \"b\": 2 ,\n  \"c\": 3\n}"},
		{"{\n  \"a\": 1,\n\n  \"b\": 2\n}", "", "c", "3", "{\n  \"a\": 1,\n\n  \"b\": 2,\n  \"c\": 3\n}"},
		{"{\n  \"a\":\n    1\n}", "", "b", "2", "{\n  \"a\":\n    1,\n  \"b\": 2\n}"},
		{"{\n  \"a\": 1 }", "", "b", "2", "{\n  \"a\": 1,\n  \"b\": 2 }"},
		{"{\"a\": 1\n}", "", "b", "2", "{\"a\": 1, \"b\": 2\n}"},
		{"\xEF\xBB\xBF{\"a\":1}", "", "b", "2", "\xEF\xBB\xBF{\"a\":1,\"b\":2}"},
		{"{\n  \"s\": {\"a\": 1}\n}", "s", "b", "2", "{\n  \"s\": {\"a\": 1, \"b\": 2}\n}"},
	};

	EXPECT_ALL(cases);
}

Test(json_splice, a_sorted_object_stays_sorted)
{
	static const struct splice_case cases[] = {
		{"{\"b\":1,\"d\":2}", "", "a", "0", "{\"a\":0,\"b\":1,\"d\":2}"},
		{"{\"b\":1,\"d\":2}", "", "c", "0", "{\"b\":1,\"c\":0,\"d\":2}"},
		{"{\"b\":1,\"d\":2}", "", "e", "0", "{\"b\":1,\"d\":2,\"e\":0}"},
		{"{\"b\": 1}", "", "a", "0", "{\"a\": 0, \"b\": 1}"},
		{"{\n  \"b\": 1\n}", "", "a", "0", "{\n  \"a\": 0,\n  \"b\": 1\n}"},
		{"{\n  \"b\": 1,\n  \"d\": 2\n}", "", "c", "0", "{\n  \"b\": 1,\n  \"c\": 0,\n  \"d\": 2\n}"},
		/* by decoded bytes, not by spelling: A < Z < a */
		{"{\"\\u0041\":1,\"Z\":2}", "", "B", "0", "{\"\\u0041\":1,\"B\":0,\"Z\":2}"},
		{"{\"Z\":1,\"a\":2}", "", "b", "0", "{\"Z\":1,\"a\":2,\"b\":0}"},
		{"{\"a\":1,\"a.b\":2}", "", "a-b", "0", "{\"a\":1,\"a-b\":0,\"a.b\":2}"},
		{"{\"a\":1,\"\\uffff\":2,\"\\ud83d\\ude00\":3}", "", "b", "0",
			"{\"a\":1,\"b\":0,\"\\uffff\":2,\"\\ud83d\\ude00\":3}"},
		{"{\"b\":1,\"b\":2}", "", "a", "0", "{\"a\":0,\"b\":1,\"b\":2}"},
	};

	EXPECT_ALL(cases);
}

Test(json_splice, in_an_unsorted_object_a_new_member_is_the_last)
{
	static const struct splice_case cases[] = {
		{"{\"b\":1,\"a\":2}", "", "c", "0", "{\"b\":1,\"a\":2,\"c\":0}"},
		{"{\"z\":1,\"a\":2}", "", "b", "0", "{\"z\":1,\"a\":2,\"b\":0}"},
		{"{\"a\":1,\"z\":2,\"b\":3}", "", "c", "0", "{\"a\":1,\"z\":2,\"b\":3,\"c\":0}"},
		{"{\n  \"name\": 1,\n  \"a\": 2\n}", "", "b", "0", "{\n  \"name\": 1,\n  \"a\": 2,\n  \"b\": 0\n}"},
	};

	EXPECT_ALL(cases);
}

Test(json_splice, an_empty_object_is_filled_as_its_surroundings_are)
{
	static const struct splice_case cases[] = {
		{"{}", "", "a", "1", "{\n  \"a\": 1\n}"},
		{"{}\r\n", "", "a", "1", "{\r\n  \"a\": 1\r\n}\r\n"},
		{"{ }", "", "a", "1", "{ \"a\": 1 }"},
		{"{\n}", "", "a", "1", "{\n  \"a\": 1\n}"},
		{"{\r\n}", "", "a", "1", "{\r\n  \"a\": 1\r\n}"},
		{"{\n\n}", "", "a", "1", "{\n\n  \"a\": 1\n}"},
		{"{\"s\":{}}", "s", "a", "1", "{\"s\":{\"a\":1}}"},
		{"{\"s\": {}}", "s", "a", "1", "{\"s\": {\"a\": 1}}"},
		{"{ \"s\": {} }", "s", "a", "1", "{ \"s\": { \"a\": 1 } }"},
		{"{\n\t\"s\": {}\n}", "s", "a", "1", "{\n\t\"s\": {\n\t\t\"a\": 1\n\t}\n}"},
		{"{\n   \"s\": {\n   }\n}", "s", "a", "1", "{\n   \"s\": {\n      \"a\": 1\n   }\n}"},
		{"{\n    \"s\": { }\n}", "s", "a", "1", "{\n    \"s\": { \"a\": 1 }\n}"},
		{"{\n\"s\": {}\n}", "s", "a", "1", "{\n\"s\": {\n\"a\": 1\n}\n}"},
	};

	EXPECT_ALL(cases);
}

Test(json_splice, missing_objects_are_made_as_their_surroundings_are)
{
	static const struct splice_case cases[] = {
		{"", "busdk/secrets", "a", "1",
			"{\n  \"busdk\": {\n    \"secrets\": {\n      \"a\": 1\n    }\n  }\n}\n"},
		{"{}", "s", "a", "1", "{\n  \"s\": {\n    \"a\": 1\n  }\n}"},
		{"{\"x\":1}", "p/q", "a", "1", "{\"p\":{\"q\":{\"a\":1}},\"x\":1}"},
		{"{\"a\": 1}", "p/q", "a", "1", "{\"a\": 1, \"p\": {\"q\": {\"a\": 1}}}"},
		{"{ \"a\": 1 }", "p", "a", "1", "{ \"a\": 1, \"p\": { \"a\": 1 } }"},
		{"{\n\t\"name\": \"n\",\n\t\"list\": [\n\t\t1\n\t]\n}\n", "p/q", "a", "1",
			"{\n\t\"name\": \"n\",\n\t\"list\": [\n\t\t1\n\t],\n\t\"p\": {\n\t\t\"q\": {\n\t\t\t\"a\": 1\n\t\t}\n\t}\n}\n"},
		{"{\r\n \"p\": {\r\n  \"x\": 1\r\n }\r\n}", "p/q", "a", "1",
			"{\r\n \"p\": {\r\n  \"q\": {\r\n   \"a\": 1\r\n  },\r\n  \"x\": 1\r\n }\r\n}"},
		{"{\n    \"p\": {}\n}\n", "p/q", "a", "1",
			"{\n    \"p\": {\n        \"q\": {\n            \"a\": 1\n        }\n    }\n}\n"},
		{"{\n  \"p\": {\"x\":1}\n}\n", "p/q", "a", "1", "{\n  \"p\": {\"q\":{\"a\":1},\"x\":1}\n}\n"},
	};

	EXPECT_ALL(cases);
}

Test(json_splice, a_deletion_takes_the_member_one_comma_and_its_line)
{
	static const struct splice_case cases[] = {
		{"{\"a\":1}", "", "a", NULL, "{}"},
		{"{ \"a\": 1 }", "", "a", NULL, "{ }"},
		{"{ \"a\": 1\t}", "", "a", NULL, "{ \t}"},
		{"{\"a\":1,\"b\":2}", "", "a", NULL, "{\"b\":2}"},
		{"{\"a\":1,\"b\":2}", "", "b", NULL, "{\"a\":1}"},
		{"{\"a\": 1, \"b\": 2, \"c\": 3}", "", "a", NULL, "{\"b\": 2, \"c\": 3}"},
		{"{\"a\": 1, \"b\": 2, \"c\": 3}", "", "b", NULL, "{\"a\": 1, \"c\": 3}"},
		{"{\"a\": 1, \"b\": 2, \"c\": 3}", "", "c", NULL, "{\"a\": 1, \"b\": 2}"},
		{"{ \"a\": 1, \"b\": 2 }", "", "b", NULL, "{ \"a\": 1 }"},
		{"{\n  \"a\": 1\n}\n", "", "a", NULL, "{\n}\n"},
		{"{\n  \"a\": 1,\n  \"b\": 2\n}\n", "", "a", NULL, "{\n  \"b\": 2\n}\n"},
		{"{\n  \"a\": 1,\n  \"b\": 2\n}\n", "", "b", NULL, "{\n  \"a\": 1\n}\n"},
		{"{\r\n\t\"a\": 1,\r\n\t\"b\": 2,\r\n\t\"c\": 3\r\n}", "", "b", NULL,
			"{\r\n\t\"a\": 1,\r\n\t\"c\": 3\r\n}"},
		{"{\r\n\t\"a\": 1,\r\n\t\"b\": 2\r\n}", "", "b", NULL, "{\r\n\t\"a\": 1\r\n}"},
		{"{\n  \"a\": 1,\n\n  \"b\": 2,\n\n  \"c\": 3\n}", "", "b", NULL,
			"{\n  \"a\": 1,\n\n\n  \"c\": 3\n}"},
		{"{\n  \"a\": 1,\n\n  \"b\": 2\n}", "", "b", NULL, "{\n  \"a\": 1\n\n}"},
		{"{\n  \"a\": 1 ,  \n  \"b\": 2\t \n}", "", "b", NULL, "{\n  \"a\": 1  \n}"},
		{"{\n  \"a\": {\n    \"x\": 1\n  },\n  \"b\": 2\n}", "", "a", NULL, "{\n  \"b\": 2\n}"},
		{"{ \"a\": 1\n, \"b\": 2\n, \"c\": 3\n}", "", "a", NULL, "{ \"b\": 2\n, \"c\": 3\n}"},
		{"{ \"a\": 1\n, \"b\": 2\n, \"c\": 3\n}", "", "b", NULL, "{ \"a\": 1\n, \"c\": 3\n}"},
		{"{ \"a\": 1\n, \"b\": 2\n, \"c\": 3\n}", "", "c", NULL, "{ \"a\": 1\n, \"b\": 2\n}"},
		{"{\n    \"a\": 1\n  , \"b\": 2\n}", "", "a", NULL, "{\n    \"b\": 2\n}"},
		{"{\n  \"a\": 1, \"b\": 2,\n  \"c\": 3\n}", "", "a", NULL, "{\n  \"b\": 2,\n  \"c\": 3\n}"},
		{"{\n  \"a\": 1, \"b\": 2,\n  \"c\": 3\n}", "", "b", NULL, "{\n  \"a\": 1,\n  \"c\": 3\n}"},
		{"{\"a\": 1,\n \"b\": 2}", "", "b", NULL, "{\"a\": 1}"},
		{"{\n  \"x\": 0,\n  \"a\": 1, \"b\": 2\n}", "", "a", NULL, "{\n  \"x\": 0,\n  \"b\": 2\n}"},
		{"\xEF\xBB\xBF{\"a\":1}", "", "a", NULL, "\xEF\xBB\xBF{}"},
		{"{\"s\": {\"a\": 1}, \"a\": 2}", "s", "a", NULL, "{\"s\": {}, \"a\": 2}"},
		{"{\"\\u0061\": 1, \"a\\u0000\": 2}", "", "a", NULL, "{\"a\\u0000\": 2}"},
	};

	EXPECT_ALL(cases);
}

Test(json_splice, what_is_added_and_deleted_again_leaves_no_trace)
{
	static const char *const texts[] = {
		"{\"b\":1}", "{\"b\": 1, \"d\": 2}\n", "{ \"b\": 1 }", "{\n  \"b\": 1\n}\n", "{\n\t\"b\": 1,\n\t\"d\": 2\n}",
		"{\r\n  \"b\": 1,\r\n  \"d\": 2\r\n}\r\n", "{\n  \"b\": 1,\n\n  \"d\": 2\n\n}", "{ \"b\": 1\n, \"d\": 2\n}",
		"{\n  \"b\": 1 }", "{\"b\": 1\n}", "{\n  \"b\": 1, \"d\": 2\n}", "{\n  \"d\": 1 ,\n  \"b\": 2\n}", "{ }", "{\n}",
		"{\n\n}\n",
	};
	static const char *const keys[] = {"a", "c", "e"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		for (size_t k = 0; k < sizeof(keys) / sizeof(*keys); k++) {
			struct bs_json_edit edits[] = {
				{.key = keys[k], .key_len = 1, .value = "[\n0]", .value_len = 4},
				{.key = keys[k], .key_len = 1},
			};
			char *got = NULL;
			size_t len;

			cr_assert_eq(bs_json_splice(texts[i], strlen(texts[i]), edits, 2, &got, &len, NULL), BS_OK);
			cr_assert_str_eq(got, texts[i]);
			free(got);
		}
	}
}

struct refusal_case {
	struct splice_case splice;
	enum bs_code code;
};

Test(json_splice, what_is_not_safe_to_change_is_refused)
{
	static const struct refusal_case cases[] = {
		{{"{\"a\": 1, \"a\": 2}", "", "a", "3", NULL}, BS_MALFORMED},
		{{"{\"a\": 1, \"a\": 2}", "", "a", NULL, NULL}, BS_MALFORMED},
		{{"{\"a\": 1, \"\\u0061\": 2}", "", "a", "3", NULL}, BS_MALFORMED},
		{{"{\"s\": {}, \"s\": {\"a\": 1}}", "s", "a", "3", NULL}, BS_MALFORMED},
		{{"{\"s\": {}, \"s\": {\"a\": 1}}", "s", "a", NULL, NULL}, BS_MALFORMED},
		{{"{\"s\": []}", "s", "a", "3", NULL}, BS_MALFORMED},
		{{"{\"s\": null}", "s", "a", "3", NULL}, BS_MALFORMED},
		{{"{\"s\": \"x\"}", "s", "a", NULL, NULL}, BS_MALFORMED},
		{{"{\"p\": {\"q\": 1}}", "p/q/r", "a", "3", NULL}, BS_MALFORMED},
		{{"[]", "", "a", "3", NULL}, BS_MALFORMED},
		{{"null", "", "a", "3", NULL}, BS_MALFORMED},
		{{"{\"a\": 1", "", "a", "3", NULL}, BS_MALFORMED},
		{{"{\"a\": 1} x", "", "a", "3", NULL}, BS_MALFORMED},
		{{" ", "", "a", "3", NULL}, BS_MALFORMED},
		{{"{\"b\": \"\xff\"}", "", "a", "3", NULL}, BS_MALFORMED},
		{{"{\"b\": [01]}", "", "a", "3", NULL}, BS_MALFORMED},
		{{"{}", "", "a", NULL, NULL}, BS_NOT_FOUND},
		{{"", "", "a", NULL, NULL}, BS_NOT_FOUND},
		{{"{\"b\": 1}", "", "a", NULL, NULL}, BS_NOT_FOUND},
		{{"{\"b\": 1}", "s/t", "a", NULL, NULL}, BS_NOT_FOUND},
		{{"{\"s\": {}}", "s", "a", NULL, NULL}, BS_NOT_FOUND},
		{{"{\"s\": {}}", "s/t", "a", NULL, NULL}, BS_NOT_FOUND},
		/* a value that is not exactly one value would smuggle in more */
		{{"{}", "", "a", "1, \"b\": 2", NULL}, BS_MALFORMED},
		{{"{}", "", "a", "1}", NULL}, BS_MALFORMED},
		{{"{}", "", "a", " 1", NULL}, BS_MALFORMED},
		{{"{}", "", "a", "1 ", NULL}, BS_MALFORMED},
		{{"{}", "", "a", "\xEF\xBB\xBF" "1", NULL}, BS_MALFORMED},
		{{"{}", "", "a", "", NULL}, BS_MALFORMED},
		{{"{}", "", "a\xff", "1", NULL}, BS_MALFORMED},
		{{"{}", "\xff", "a", "1", NULL}, BS_MALFORMED},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct bs_error err = {0};
		char *got = NULL;
		size_t len = 77;

		cr_assert_eq(splice(&cases[i].splice, &got, &len, &err), cases[i].code, "case %zu: %s", i, err.msg);
		cr_assert_null(got);
		cr_assert_eq(len, 77);
		cr_assert_neq(err.msg[0], '\0');
	}
}

Test(json_splice, a_key_is_written_with_its_nul_byte)
{
	struct bs_json_edit edit = {.key = "a\0\"b", .key_len = 4, .value = "1", .value_len = 1};
	static const char text[] = "{\"a\": 0}";
	char *got = NULL;
	size_t len;

	cr_assert_eq(bs_json_splice(text, sizeof(text) - 1, &edit, 1, &got, &len, NULL), BS_OK);
	cr_assert_str_eq(got, "{\"a\": 0, \"a\\u0000\\\"b\": 1}");
	free(got);
}

Test(json_splice, edits_are_applied_in_their_order)
{
	static const char *const values[] = {"values"};
	struct bs_json_edit edits[] = {
		{.key = "version", .key_len = 7, .value = "1", .value_len = 1},
		{.path = values, .depth = 1, .key = "b", .key_len = 1, .value = "2", .value_len = 1},
		{.path = values, .depth = 1, .key = "a", .key_len = 1, .value = "1", .value_len = 1},
		{.path = values, .depth = 1, .key = "b", .key_len = 1},
		{.path = values, .depth = 1, .key = "a", .key_len = 1, .value = "{}", .value_len = 2},
	};
	char *got = NULL;
	size_t len;

	cr_assert_eq(bs_json_splice("", 0, edits, 5, &got, &len, NULL), BS_OK);
	cr_assert_str_eq(got, "{\n  \"values\": {\n    \"a\": {}\n  },\n  \"version\": 1\n}\n");
	free(got);
}

Test(json_splice, one_refused_edit_refuses_all)
{
	struct bs_json_edit edits[] = {
		{.key = "a", .key_len = 1, .value = "1", .value_len = 1},
		{.key = "absent", .key_len = 6},
	};
	char *got = NULL;
	size_t len;

	cr_assert_eq(bs_json_splice("{}", 2, edits, 2, &got, &len, NULL), BS_NOT_FOUND);
	cr_assert_null(got);
}

Test(json_splice, no_edit_gives_a_copy)
{
	char *got = NULL;
	size_t len;

	cr_assert_eq(bs_json_splice("{ }\n", 4, NULL, 0, &got, &len, NULL), BS_OK);
	cr_assert_str_eq(got, "{ }\n");
	free(got);
}

Test(json_splice, depth_beside_the_path_is_no_limit)
{
	size_t depth = 200000;
	size_t len = 0;
	char *text = malloc(2 * depth + 64);
	struct bs_json_edit edit = {.key = "b", .key_len = 1, .value = "1", .value_len = 1};
	char *got = NULL;
	size_t got_len;

	len += (size_t)sprintf(text, "{\"a\":");
	memset(text + len, '[', depth);
	memset(text + len + depth, ']', depth);
	len += 2 * depth;
	text[len++] = '}';
	cr_assert_eq(bs_json_splice(text, len, &edit, 1, &got, &got_len, NULL), BS_OK);
	cr_assert_eq(got_len, len + 6);
	cr_assert_str_eq(got + got_len - 9, "]],\"b\":1}");
	free(got);
	free(text);
}
