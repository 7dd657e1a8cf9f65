/* test_json_scan.c: what is JSON and what is not, and what stands in it. */
#include "../../core/json/json.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct text {
	const char *bytes;
	size_t len;
};

#define TEXT(literal) {literal, sizeof(literal) - 1}

/* A copy without a byte behind it, so that a sanitizer sees each read beyond the end. */
static enum bs_code check_copy(struct text text, struct bs_json_value *ret, struct bs_error *reterr)
{
	char *copy = malloc(text.len ? text.len : 1);
	enum bs_code code;

	memcpy(copy, text.bytes, text.len);
	code = bs_json_check(copy, text.len, ret, reterr);
	free(copy);
	return code;
}

static const struct text good[] = {
	TEXT("{}"), TEXT("[]"), TEXT("null"), TEXT("true"), TEXT("false"), TEXT("\"\""), TEXT("0"), TEXT("-0"),
	TEXT(" \t\r\n{ \t\r\n} \t\r\n"), TEXT("[ ]"), TEXT("[[]]"), TEXT("[[],[[]]]"), TEXT("{\"a\":{}}"),
	TEXT("{\"\":0}"), TEXT("{\"a\":1,\"a\":2}"), TEXT("{\"a\\u0000b\":1}"), TEXT("{ \"a\" : 1 , \"b\" : [ 1 , 2 ] }"),
	TEXT("[1,2,3]"), TEXT("[1\n]"), TEXT("\xEF\xBB\xBF{}"), TEXT("\xEF\xBB\xBF \n[]\n"), TEXT("{}\r\n"),
	/* numbers */
	TEXT("1"), TEXT("-1"), TEXT("10"), TEXT("123456789012345678901234567890"), TEXT("0.1"), TEXT("0.10"),
	TEXT("-0.0"), TEXT("1e5"), TEXT("1E5"), TEXT("1e+5"), TEXT("1E-5"), TEXT("1E400"), TEXT("-1.5e-400"),
	TEXT("0e0"), TEXT("0e+00"), TEXT("[0]"), TEXT("{\"a\":-0}"), TEXT("1.0000000000000000000000000001"),
	/* strings */
	TEXT("\"plain\""), TEXT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), TEXT("\"\\u0000\""), TEXT("\"\\uD83D\\uDE00\""),
	TEXT("\"\\uD800\""), TEXT("\"\\uDC00\\uD800\""), TEXT("\"\\uabcd\\uABCD\""), TEXT("\"\x7f\""), TEXT("\"/\""),
	TEXT("\"\xc2\x80\""), TEXT("\"\xdf\xbf\""), TEXT("\"\xe0\xa0\x80\""), TEXT("\"\xed\x9f\xbf\""),
	TEXT("\"\xee\x80\x80\""), TEXT("\"\xef\xbf\xbf\""), TEXT("\"\xf0\x90\x80\x80\""), TEXT("\"\xf4\x8f\xbf\xbf\""),
	TEXT("\"\xe2\x80\xa8\""), TEXT("\"\xef\xbb\xbf\""), TEXT("\"12345678\\\"12345678\""),
	TEXT("\"1234567\\\\\""), TEXT("\"// # comment /* */\""), TEXT("\"\\\\\\\"\""), TEXT("\"[{}]\""),
	TEXT("{\"<<<<<<< HEAD\":\"=======\"}"),
};

Test(json_scan, accepts_the_grammar)
{
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		struct bs_json_value root;
		struct bs_error err = {0};

		cr_assert_eq(check_copy(good[i], &root, &err), BS_OK, "%s: %s", good[i].bytes, err.msg);
		cr_assert(root.len >= 1 && root.off + root.len <= good[i].len, "%s", good[i].bytes);
		cr_assert(!strchr(" \t\r\n", good[i].bytes[root.off]), "%s", good[i].bytes);
		cr_assert(!strchr(" \t\r\n", good[i].bytes[root.off + root.len - 1]), "%s", good[i].bytes);
	}
}

static const struct text bad[] = {
	/* nothing, or not one value */
	TEXT(""), TEXT(" "), TEXT("\n"), TEXT("\xEF\xBB\xBF"), TEXT("\xEF\xBB"), TEXT("{}{}"), TEXT("{} x"), TEXT("1 2"),
	TEXT("{}\0"), TEXT("\0"), TEXT("{}}"), TEXT("[]]"), TEXT("[],"), TEXT("{},"), TEXT("null,"), TEXT("\"a\"b"),
	TEXT(" \xEF\xBB\xBF{}"), TEXT("\xEF\xBB\xBF\xEF\xBB\xBF{}"), TEXT("{}\xEF\xBB\xBF"), TEXT("\xFE\xFF\0{\0}"),
	TEXT("{\0}\0"), TEXT("// c\n{}"), TEXT("{}/**/"), TEXT("/**/"), TEXT("# c\n{}"), TEXT("\f{}"), TEXT("\v[]"),
	TEXT("\xC2\xA0{}"), TEXT("\xE2\x80\xA8{}"), TEXT("{}\x1a"),
	/* objects and arrays */
	TEXT("{"), TEXT("["), TEXT("}"), TEXT("]"), TEXT("{]"), TEXT("[}"), TEXT("[{]}"), TEXT("{\"a\":[}]"), TEXT("{,}"),
	TEXT("[,]"), TEXT("[1,]"), TEXT("[,1]"), TEXT("[1,,2]"), TEXT("[1 2]"), TEXT("[1"), TEXT("[1,"), TEXT("{\"a\""),
	TEXT("{\"a\":"), TEXT("{\"a\":1"), TEXT("{\"a\":1,"), TEXT("{\"a\":1,}"), TEXT("{\"a\"}"), TEXT("{\"a\",1}"),
	TEXT("{\"a\" 1}"), TEXT("{\"a\":}"), TEXT("{\"a\"::1}"), TEXT("{\"a\":1 \"b\":2}"), TEXT("{a:1}"), TEXT("{'a':1}"),
	TEXT("{1:1}"), TEXT("{null:1}"), TEXT("{[]:1}"), TEXT("{\"a\":1,,\"b\":2}"), TEXT("{\"a\":1;\"b\":2}"),
	TEXT("[1:2]"), TEXT("[\"a\":1]"), TEXT("(1)"), TEXT("[...]"), TEXT("{\"a\":1,...}"), TEXT("[[[[]]]"), TEXT("[[]]]"),
	/* words */
	TEXT("nul"), TEXT("nulll"), TEXT("Null"), TEXT("TRUE"), TEXT("tru"), TEXT("truefalse"), TEXT("[true false]"),
	TEXT("undefined"), TEXT("NaN"), TEXT("[NaN]"), TEXT("Infinity"), TEXT("-Infinity"), TEXT("nan"), TEXT("fals"),
	TEXT("t"), TEXT("f"), TEXT("n"), TEXT("x"),
	/* numbers */
	TEXT("-"), TEXT("+1"), TEXT("01"), TEXT("-01"), TEXT("00"), TEXT("1."), TEXT(".1"), TEXT("-.1"), TEXT("1.e1"),
	TEXT("1e"), TEXT("1e+"), TEXT("1E-"), TEXT("0x10"), TEXT("1_000"), TEXT("1,0"), TEXT("--1"), TEXT("1-"), TEXT("-a"),
	TEXT("[1.]"), TEXT("[-]"), TEXT("[01]"), TEXT("{\"a\":01}"), TEXT("1e1.5"), TEXT("1.2.3"), TEXT("0e"), TEXT("1 e1"),
	TEXT("\xEF\xBC\x91"), TEXT("1f"), TEXT("1L"), TEXT("0b1"),
	/* strings */
	TEXT("\""), TEXT("\"a"), TEXT("\"\\\""), TEXT("\"\\"), TEXT("\"\\u"), TEXT("\"\\u00"), TEXT("\"\\u000\""),
	TEXT("\"\\u00g0\""), TEXT("\"\\u 000\""), TEXT("\"\\U0041\""), TEXT("\"\\x41\""), TEXT("\"\\0\""), TEXT("\"\\a\""),
	TEXT("\"\\v\""), TEXT("\"\\'\""), TEXT("\"\\e\""), TEXT("\"\\\n\""), TEXT("\"\\\0\""), TEXT("'a'"), TEXT("`a`"),
	TEXT("\"\n\""), TEXT("\"\r\""), TEXT("\"\t\""), TEXT("\"\0\""), TEXT("\"a\0b\""), TEXT("\"\x1f\""), TEXT("\"\x01\""),
	TEXT("\"12345678\x1f\""), TEXT("\"1234567\n12345678\""), TEXT("\"\\u\xc3\xa4zz\""), TEXT("\"\\\xc3\xa4\""),
	TEXT("{\"a\n\":1}"), TEXT("{\"\\q\":1}"), TEXT("a\"\""), TEXT("\"\\uD800\\\""), TEXT("\"\\u123\"45\""),
	/* UTF-8 */
	TEXT("\"\x80\""), TEXT("\"\xbf\""), TEXT("\"\xc0\x80\""), TEXT("\"\xc1\xbf\""), TEXT("\"\xc2\""), TEXT("\"\xc2"),
	TEXT("\"\xc2\x41\""), TEXT("\"\xe0\x80\x80\""), TEXT("\"\xe0\x9f\xbf\""), TEXT("\"\xe2\x82\""), TEXT("\"\xe2\x82"),
	TEXT("\"\xed\xa0\x80\""), TEXT("\"\xed\xbf\xbf\""), TEXT("\"\xed\xa0\xbd\xed\xb8\x80\""), TEXT("\"\xf0\x80\x80\x80\""),
	TEXT("\"\xf0\x8f\xbf\xbf\""), TEXT("\"\xf0\x9f\x98\""), TEXT("\"\xf0\x9f\x98"), TEXT("\"\xf4\x90\x80\x80\""),
	TEXT("\"\xf5\x80\x80\x80\""), TEXT("\"\xf8\x88\x80\x80\x80\""), TEXT("\"\xfe\""), TEXT("\"\xff\""),
	TEXT("\"\xe9\""), TEXT("{\"\xff\":1}"), TEXT("{\"foreign\":[\"\xff\"]}"), TEXT("\"1234567\xff\"12345678\""),
	TEXT("\xff{}"), TEXT("{}\xff"), TEXT("[\xe2\x82\xac]"),
};

Test(json_scan, refuses_everything_else)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct bs_json_value root;
		struct bs_error err = {0};

		cr_assert_eq(check_copy(bad[i], &root, &err), BS_MALFORMED, "case %zu: %s", i, bad[i].bytes);
		cr_assert_eq(strncmp(err.msg, "line ", 5), 0, "case %zu: %s", i, err.msg);
	}
}

/* Each prefix of a text that ends with its root's bracket is no JSON, and nothing is read beyond its end. */
Test(json_scan, no_prefix_of_an_object_is_whole)
{
	static const char text[] = "{\"a\": [1, -2.5e+7, true, \"x\\u00e9\\n\xe2\x82\xac\", null, {}], \"b\": {\"c\": false}}";

	for (size_t len = 0; len < sizeof(text) - 1; len++) {
		struct bs_json_value root;

		cr_assert_eq(check_copy((struct text){text, len}, &root, NULL), BS_MALFORMED, "%zu", len);
	}
}

/* The reader of eight bytes at a time must see each stop byte at each place of the word. */
Test(json_scan, a_stop_byte_is_seen_at_every_place)
{
	static const char stops[] = {'\n', '\0', '\x1f', '\x80', '\xff', '"', '\\'};
	char text[64];

	for (size_t at = 1; at < sizeof(text) - 1; at++) {
		for (size_t i = 0; i < sizeof(stops); i++) {
			struct bs_json_value root;

			memset(text, 'x', sizeof(text));
			text[0] = text[sizeof(text) - 1] = '"';
			cr_assert_eq(check_copy((struct text){text, sizeof(text)}, &root, NULL), BS_OK);
			text[at] = stops[i];
			cr_assert_eq(check_copy((struct text){text, sizeof(text)}, &root, NULL), BS_MALFORMED,
				"%zu %zu", at, i);
		}
	}
}

struct line_case {
	const char *text;
	const char *want;
};

Test(json_scan, a_message_names_the_line_and_what_is_wrong)
{
	static const struct line_case cases[] = {
		{"{\n \"a\": 1\n \"b\": 2\n}", "line 3: a comma or the object's end is expected here"},
		{"[\n1\n2]", "line 3: a comma or the array's end is expected here"},
		{"{\r\n\"a\": 01}", "line 2: a comma or the object's end is expected here"},
		{"{\"a\": \"x\ny\"}", "line 1: a control character inside a string"},
		{"\n\n\"\xff\"", "line 3: not valid UTF-8"},
		{"{\"a\": 1,\n}", "line 2: a key in quotes is expected here"},
		{"{} {}", "line 1: something follows the end of the document"},
		{"", "line 1: the text ends where a value is expected"},
		{"{\"a\": \"\\x\"}", "line 1: an escape that JSON does not know"},
		{"{\"a\" 1}", "line 1: a colon is expected after the key"},
		{"[-]", "line 1: a number without a digit where one belongs"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct bs_json_value root;
		struct bs_error err = {0};

		cr_assert_eq(bs_json_check(cases[i].text, strlen(cases[i].text), &root, &err), BS_MALFORMED);
		cr_assert_str_eq(err.msg, cases[i].want);
	}
}

Test(json_scan, an_unresolved_merge_is_named_with_its_line)
{
	static const struct line_case cases[] = {
		{"{\n<<<<<<< HEAD\n\"a\": 1\n=======\n\"a\": 2\n>>>>>>> x\n}\n", "unresolved merge, line 2"},
		{"{\r\n\"b\": 0,\r\n<<<<<<< HEAD\r\n\"a\": 1\r\n=======\r\n", "unresolved merge, line 3"},
		{"{\n\"a\": 1,\n=======\n\"a\": 2\n}", "unresolved merge, line 3"},
		{"{\n\"a\": 1\n>>>>>>> theirs\n}", "unresolved merge, line 3"},
		{"{\n||||||| base\n}", "unresolved merge, line 2"},
		{"<<<<<<<", "unresolved merge, line 1"},
		{"{\n<<<<<<<< HEAD\n}", "line 2: a key in quotes is expected here"},
		{"{\n <<<<<<< HEAD\n}", "line 2: a key in quotes is expected here"},
		{"{\n<<<<<<\n}", "line 2: a key in quotes is expected here"},
		{"{\n======\n", "line 2: a key in quotes is expected here"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct bs_json_value root;
		struct bs_error err = {0};

		cr_assert_eq(bs_json_check(cases[i].text, strlen(cases[i].text), &root, &err), BS_MALFORMED);
		cr_assert_str_eq(err.msg, cases[i].want, "%s", err.msg);
	}
}

/* depth times open, a number, and depth times close. */
static char *nested(size_t depth, const char *open, const char *close, size_t *ret_len)
{
	size_t open_len = strlen(open);
	size_t close_len = strlen(close);
	char *text = malloc(depth * (open_len + close_len) + 1);
	char *out = text;

	for (size_t i = 0; i < depth; i++, out += open_len)
		memcpy(out, open, open_len);
	*out++ = '1';
	for (size_t i = 0; i < depth; i++, out += close_len)
		memcpy(out, close, close_len);
	*ret_len = (size_t)(out - text);
	return text;
}

struct depth_case {
	size_t depth;
	const char *open;
	const char *close;
};

Test(json_scan, depth_is_no_limit)
{
	static const struct depth_case cases[] = {
		{5000, "[", "]"}, {5000, "{\"a\":", "}"}, {1000000, "[", "]"}, {500000, "{\"a\":[", "]}"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct bs_json_value root;
		size_t len;
		char *text = nested(cases[i].depth, cases[i].open, cases[i].close, &len);

		cr_assert_eq(bs_json_check(text, len, &root, NULL), BS_OK);
		cr_assert_eq(root.len, len);
		cr_assert_eq(bs_json_check(text, len - 1, &root, NULL), BS_MALFORMED);
		text[len - 1] = text[len - 1] == ']' ? '}' : ']';
		cr_assert_eq(bs_json_check(text, len, &root, NULL), BS_MALFORMED);
		free(text);
	}
}

Test(json_scan, a_million_open_brackets_are_refused)
{
	size_t len = 1000000;
	char *text = malloc(len);
	struct bs_json_value root;

	memset(text, '[', len);
	cr_assert_eq(bs_json_check(text, len, &root, NULL), BS_MALFORMED);
	free(text);
}

static struct bs_json_value root_of(const char *text)
{
	struct bs_json_value root = {0};
	struct bs_error err = {0};

	cr_assert_eq(bs_json_check(text, strlen(text), &root, &err), BS_OK, "%s: %s", text, err.msg);
	return root;
}

struct find_case {
	const char *text;
	const char *key;
	size_t key_len;
	const char *want; /* NULL: absent */
};

#define KEY(literal) literal, sizeof(literal) - 1

Test(json_find, compares_keys_by_their_decoded_bytes)
{
	static const struct find_case cases[] = {
		{"{\"a\": 1}", KEY("a"), "1"},
		{"{\"\\u0061\": 1}", KEY("a"), "1"},
		{"{\"a\\u0000b\": 1}", KEY("a"), NULL},
		{"{\"a\\u0000b\": 1}", KEY("a\0b"), "1"},
		{"{\"a\": 1}", KEY("a\0"), NULL},
		{"{\"ab\": 1}", KEY("a"), NULL},
		{"{\"a\": 1}", KEY("ab"), NULL},
		{"{\"\\u0061b\": 1}", KEY("a"), NULL},
		{"{\"\\u0061\": 1}", KEY("ab"), NULL},
		{"{\"\": 1}", KEY(""), "1"},
		{"{\"A\": 1}", KEY("a"), NULL},
		{"{\"\xc3\xa9\": 1}", KEY("\xc3\xa9"), "1"},
		{"{\"e\xcc\x81\": 1}", KEY("\xc3\xa9"), NULL},
		{"{\"\\u00E9\": 1}", KEY("\xc3\xa9"), "1"},
		{"{\"\\ud83d\\ude00\": 1}", KEY("\xf0\x9f\x98\x80"), "1"},
		{"{\"\\ud83d\": 1}", KEY("\xef\xbf\xbd"), NULL},
		{"{\"\\ud83d\": 1, \"\\ud83d\": 2}", KEY("x"), NULL},
		{"{\"\\/\": 1}", KEY("/"), "1"},
		{"{\"\\\"\\\\\\b\\f\\n\\r\\t\": 1}", KEY("\"\\\b\f\n\r\t"), "1"},
		{"{\"x\": {\"a\": 1}}", KEY("a"), NULL},
		{"{\"x\": [{\"a\": 1}], \"y\": \"\\\"a\\\":3\"}", KEY("a"), NULL},
		{"{}", KEY("a"), NULL},
		{"{\"a\": [1, {\"b\": \"}\"}] , \"c\": 2}", KEY("a"), "[1, {\"b\": \"}\"}]"},
		{"{\"a\" : \"x\\\\\" , \"c\": \"y\"}", KEY("c"), "\"y\""},
		{"{\"a\":\"\\\\\\\"\",\"c\":-0}", KEY("c"), "-0"},
		{"{\"a\":1E400\n,\"c\":true}", KEY("a"), "1E400"},
		{"{\"x\":1,\"x\":2,\"a\":null}", KEY("a"), "null"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct find_case *c = &cases[i];
		struct bs_json_value root = root_of(c->text);
		struct bs_json_value value = {0};
		bool found = false;

		cr_assert_eq(bs_json_find(c->text, root, c->key, c->key_len, &found, &value, NULL), BS_OK);
		cr_assert_eq(found, c->want != NULL, "%s", c->text);
		if (!found)
			continue;
		cr_assert_eq(value.len, strlen(c->want), "%s", c->text);
		cr_assert_eq(memcmp(c->text + value.off, c->want, value.len), 0, "%s", c->text);
	}
}

Test(json_find, a_key_twice_is_refused_however_it_is_spelled)
{
	static const char *const texts[] = {
		"{\"a\": 1, \"a\": 1}", "{\"a\": 1, \"b\": 2, \"\\u0061\": 3}", "{\"\\u0061\": 1, \"a\": 3}",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct bs_json_value value = {0};
		struct bs_error err = {0};
		bool found = false;

		cr_assert_eq(bs_json_find(texts[i], root_of(texts[i]), "a", 1, &found, &value, &err), BS_MALFORMED);
		cr_assert_str_eq(err.msg, "line 1: the key \"a\" stands twice");
		cr_assert(!found);
	}
}

Test(json_find, what_is_not_an_object_has_no_members)
{
	static const char *const texts[] = {"[]", "\"a\"", "1", "null", "true"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct bs_json_value root = root_of(texts[i]);
		struct bs_json_members members = {0};
		struct bs_json_value value;
		bool found;

		cr_assert_eq(bs_json_find(texts[i], root, "a", 1, &found, &value, NULL), BS_MALFORMED);
		cr_assert_eq(bs_json_members(texts[i], root, &members, NULL), BS_MALFORMED);
		cr_assert_eq(members.count, 0);
	}
}

Test(json_members, all_are_listed_in_their_order)
{
	static const char text[] = "{\"b\": 1, \"a\\u0000b\": [2], \"b\": \"x\", \"\": {}, \"\\ud800\": null}";
	static const struct find_case want[] = {
		{"", KEY("b"), "1"},
		{"", KEY("a\0b"), "[2]"},
		{"", KEY("b"), "\"x\""},
		{"", KEY(""), "{}"},
		{"", KEY("\xed\xa0\x80"), "null"},
	};
	struct bs_json_members members = {0};

	cr_assert_eq(bs_json_members(text, root_of(text), &members, NULL), BS_OK);
	cr_assert_eq(members.count, sizeof(want) / sizeof(*want));
	for (size_t i = 0; i < members.count; i++) {
		const struct bs_json_member *m = &members.items[i];

		cr_assert_eq(m->key_len, want[i].key_len);
		cr_assert_eq(memcmp(m->key, want[i].key, m->key_len + 1), 0);
		cr_assert_eq(memcmp(text + m->value.off, want[i].want, strlen(want[i].want)), 0);
		cr_assert_eq(text[m->key_off], '"');
		cr_assert_eq(text[m->key_off + m->key_span - 1], '"');
	}
	bs_json_members_release(&members);
	cr_assert_null(members.items);
	bs_json_members_release(&members);
}

Test(json_members, an_empty_object_has_none)
{
	struct bs_json_members members = {.count = 7};

	cr_assert_eq(bs_json_members(" { } ", root_of(" { } "), &members, NULL), BS_OK);
	cr_assert_eq(members.count, 0);
	bs_json_members_release(&members);
}

Test(json_elements, all_are_listed_in_their_order)
{
	static const char text[] = "[1, \"]\", [2, [3]], {\"a\": [4]}, null , true,false]";
	static const char *const want[] = {"1", "\"]\"", "[2, [3]]", "{\"a\": [4]}", "null", "true", "false"};
	struct bs_json_value *list = NULL;
	size_t count = 0;

	cr_assert_eq(bs_json_elements(text, root_of(text), &list, &count, NULL), BS_OK);
	cr_assert_eq(count, 7);
	for (size_t i = 0; i < count; i++) {
		cr_assert_eq(list[i].len, strlen(want[i]));
		cr_assert_eq(memcmp(text + list[i].off, want[i], list[i].len), 0);
	}
	free(list);
	cr_assert_eq(bs_json_elements("[ ]", root_of("[ ]"), &list, &count, NULL), BS_OK);
	cr_assert_eq(count, 0);
	free(list);
	cr_assert_eq(bs_json_elements("{}", root_of("{}"), &list, &count, NULL), BS_MALFORMED);
}

Test(json_string, decodes_every_escape)
{
	static const struct find_case cases[] = {
		{"\"\"", KEY(""), NULL},
		{"\"abc\"", KEY("abc"), NULL},
		{"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", KEY("\"\\/\b\f\n\r\t"), NULL},
		{"\"a\\u0000b\"", KEY("a\0b"), NULL},
		{"\"\\u0041\\u00e9\\u20AC\\uD83D\\uDE00\\uFFFF\"", KEY("A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xef\xbf\xbf"), NULL},
		{"\"\\\\u0041\"", KEY("\\u0041"), NULL},
		{"\"\xc3\xa9\\n\xf0\x9f\x98\x80\"", KEY("\xc3\xa9\n\xf0\x9f\x98\x80"), NULL},
		{"\"\\udbff\\udfff\"", KEY("\xf4\x8f\xbf\xbf"), NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *bytes = NULL;
		size_t len = 0;

		cr_assert_eq(bs_json_string_decode(cases[i].text, root_of(cases[i].text), &bytes, &len, NULL), BS_OK);
		cr_assert_eq(len, cases[i].key_len, "%s", cases[i].text);
		cr_assert_eq(memcmp(bytes, cases[i].key, len + 1), 0, "%s", cases[i].text);
		free(bytes);
	}
}

Test(json_string, half_a_surrogate_pair_is_refused)
{
	static const char *const texts[] = {
		"\"\\ud800\"", "\"\\udc00\"", "\"\\udc00\\ud800\"", "\"\\ud800x\"", "\"\\ud800\\n\"", "\"\\ud800\\ud800\\udc00\"",
		"\"x\\udfff\"", "\"\\ud83d\\u0041\"", "1", "[]",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		char *bytes = NULL;
		size_t len = 0;

		cr_assert_eq(bs_json_string_decode(texts[i], root_of(texts[i]), &bytes, &len, NULL), BS_MALFORMED);
		cr_assert_null(bytes);
	}
}

Test(json_string, every_text_comes_back)
{
	static const struct text texts[] = {
		TEXT(""), TEXT("a\0b"), TEXT("\"\\/\b\f\n\r\t\x01\x1f\x7f"), TEXT("\xc3\xa9\xe2\x80\xa8\xf0\x9f\x98\x80<>&"),
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		char *quoted = NULL;
		char *back = NULL;
		size_t quoted_len = 0;
		size_t len = 0;
		struct bs_json_value value;

		cr_assert_eq(bs_json_string_encode(texts[i].bytes, texts[i].len, &quoted, &quoted_len, NULL), BS_OK);
		cr_assert_eq(strlen(quoted), quoted_len);
		cr_assert_eq(bs_json_check(quoted, quoted_len, &value, NULL), BS_OK);
		cr_assert_eq(bs_json_string_decode(quoted, value, &back, &len, NULL), BS_OK);
		cr_assert_eq(len, texts[i].len);
		cr_assert_eq(memcmp(back, texts[i].bytes, len), 0);
		free(quoted);
		free(back);
	}
}

Test(json_string, only_what_must_be_is_escaped)
{
	char *quoted = NULL;
	size_t len = 0;

	cr_assert_eq(bs_json_string_encode("/<>&'\x7f\xc3\xa9\"\\\n\x01", 12, &quoted, &len, NULL), BS_OK);
	cr_assert_str_eq(quoted, "\"/<>&'\x7f\xc3\xa9\\\"\\\\\\n\\u0001\"");
	free(quoted);
	quoted = NULL;
	cr_assert_eq(bs_json_string_encode("a\xff", 2, &quoted, &len, NULL), BS_MALFORMED);
	cr_assert_null(quoted);
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* 10,000 documents as sops makes them, one string each. */
static char *large_store(size_t *ret_len)
{
	size_t len = 0;
	char *text = malloc(10000 * 1100 + 64);

	len += (size_t)sprintf(text + len, "{\"version\": 1, \"values\": {");
	for (int i = 0; i < 10000; i++) {
		len += (size_t)sprintf(text + len, "%s\n\t\"secrets.n%05d\": \"{\\\"data\\\":\\\"ENC[", i ? "," : "", i);
		for (int line = 0; line < 14; line++) {
			memset(text + len, 'A', 64);
			len += 64;
			len += (size_t)sprintf(text + len, "\\\\n");
		}
		len += (size_t)sprintf(text + len, "]\\\"}\"");
	}
	len += (size_t)sprintf(text + len, "}}\n");
	*ret_len = len;
	return text;
}

/* Far below what the machine does, far above what a quadratic or naive reader would: sanitizers are slow. */
Test(json_scan, ten_thousand_secrets_are_read_fast)
{
	struct bs_json_value root;
	struct bs_json_value values;
	struct bs_json_value value;
	struct bs_json_members members = {0};
	size_t len;
	char *text = large_store(&len);
	double start = seconds();
	double check;
	bool found;

	cr_assert_eq(bs_json_check(text, len, &root, NULL), BS_OK);
	check = seconds() - start;
	start = seconds();
	cr_assert_eq(bs_json_find(text, root, "values", 6, &found, &values, NULL), BS_OK);
	cr_assert_eq(bs_json_find(text, values, "secrets.n09999", 14, &found, &value, NULL), BS_OK);
	cr_assert(found);
	cr_log_info("MEASURED check %.0f MB/s, find %.0f MB/s", (double)len / 1e6 / check,
		(double)len / 1e6 / (seconds() - start));
	start = seconds();
	cr_assert_eq(bs_json_members(text, values, &members, NULL), BS_OK);
	cr_assert_eq(members.count, 10000);
	cr_assert(check + seconds() - start < 2.0);
	bs_json_members_release(&members);
	free(text);
}
