/* test_sops_integrity.c: a document that was changed is refused, or its value is what it was. */
#include "sops_forge.h"

#include <stdio.h>
#include <stdlib.h>

#define BODY \
	"{\"data\":\"@{data:|str|correct horse " \
	"battery}\",\"meta\":\"@{meta:|str|m}\",\"t_unencrypted\":\"#{ops}ops\"}"
#define VALUE "correct horse battery"

/* The span of what stands between `from` and `to`, for a document's protected places. */
static void span(const char *text, const char *from, const char *to, size_t *ret_start, size_t *ret_end)
{
	const char *start = strstr(text, from);

	cr_assert_not_null(start, "%s", from);
	start += strlen(from);
	*ret_start = (size_t)(start - text);
	*ret_end = *ret_start + (size_t)(strstr(start, to) - start);
}

/* Opens a changed text; the value, if there is one, has to be the old one. */
static bool still_opens(const char *text, size_t len, const char *what, size_t at)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *value = NULL;
	struct bs_error err = {0};
	enum bs_code code = forge_open(text, len, &value, &err);

	if (code) {
		cr_assert(code == BS_MALFORMED || code == BS_INTEGRITY || code == BS_PLAINTEXT ||
				  code == BS_NEED_SOPS,
			"%s at %zu: %s", what, at, err.msg);
		cr_assert(err.msg[0], "%s at %zu: refused without a word", what, at);
		cr_assert_null(strstr(err.msg, "horse"));
		return false;
	}
	cr_assert(forge_is(value, VALUE), "%s at %zu gave another value", what, at);
	return true;
}

Test(sops_integrity, no_changed_byte_changes_the_value)
{
	static const char marks[] = "A/=\"}0Zz ,:\\\x80";
	BS_CLEANUP(bs_free_ptr) char *text = forge(BODY);
	size_t len = strlen(text);

	cr_assert(still_opens(text, len, "nothing", 0));
	for (size_t at = 0; at < len; at++) {
		char was = text[at];

		for (int bit = 0; bit < 8; bit++) {
			text[at] = (char)(was ^ 1 << bit);
			(void)still_opens(text, len, "a flipped bit", at);
		}
		for (size_t i = 0; i < sizeof(marks); i++) {
			text[at] = marks[i];
			(void)still_opens(text, len, "another byte", at);
		}
		text[at] = was;
	}
}

Test(sops_integrity, every_byte_of_the_protected_places_counts)
{
	static const char *const places[][2] = {
		{"{\"data\":\"ENC[AES256_GCM,data:", ","},
		{",iv:", ","},
		{",tag:", ","},
		{"\"meta\":\"ENC[AES256_GCM,data:", "\""},
		{"\"mac\":\"ENC[AES256_GCM,", "\""},
		{"\"lastmodified\":\"", "\""},
		{"\"t_unencrypted\":\"", "\""},
	};
	BS_CLEANUP(bs_free_ptr) char *text = forge(BODY);
	size_t len = strlen(text);

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		size_t start, end;

		span(text, places[i][0], places[i][1], &start, &end);
		for (size_t at = start; at < end; at++) {
			char was = text[at];

			for (int c = 1; c < 256; c++) {
				text[at] = (char)c;
				if (text[at] != was)
					cr_assert(!still_opens(text, len, places[i][0], at), "%zu: %c for %c",
						at, c, was);
			}
			text[at] = was;
		}
	}
}

Test(sops_integrity, no_cut_or_added_byte_changes_the_value)
{
	BS_CLEANUP(bs_free_ptr) char *text = forge(BODY);
	size_t len = strlen(text);
	char *room = malloc(len + 1);

	for (size_t at = 0; at < len; at++) {
		cr_assert(!still_opens(text, at, "an end", at));
		memcpy(room, text, at);
		memcpy(room + at, text + at + 1, len - at - 1);
		(void)still_opens(room, len - 1, "a missing byte", at);
		room[at] = 'A';
		memcpy(room + at + 1, text + at, len - at);
		(void)still_opens(room, len + 1, "an added byte", at);
	}
	free(room);
}

/* The text with its first `what` replaced. */
static char *replaced(const char *text, const char *what, const char *with)
{
	const char *at = strstr(text, what);
	char *changed = NULL;

	cr_assert_not_null(at, "%s", what);
	cr_assert(asprintf(&changed, "%.*s%s%s", (int)(at - text), text, with, at + strlen(what)) > 0);
	return changed;
}

/* A member's encrypted text. */
static char *enc_of(const char *text, const char *key)
{
	char *from = NULL;
	size_t start, end;

	cr_assert(asprintf(&from, "\"%s\":\"", key) > 0);
	span(text, from, "\"", &start, &end);
	free(from);
	return strndup(text + start, end - start);
}

static void refused(const char *text, const char *what, const char *with, enum bs_code code)
{
	BS_CLEANUP(bs_free_ptr) char *changed = replaced(text, what, with);
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *value = NULL;
	struct bs_error err = {0};

	cr_expect_eq(forge_open(changed, strlen(changed), &value, &err), code, "%s: %s", with, err.msg);
	cr_expect(err.msg[0]);
}

Test(sops_integrity, leaves_cannot_be_removed_added_or_exchanged)
{
	BS_CLEANUP(bs_free_ptr) char *one = forge(BODY);
	BS_CLEANUP(bs_free_ptr) char *two = forge("{\"data\":\"@{data:|str|other}\"}");
	BS_CLEANUP(bs_free_ptr)
	char *array = forge("{\"data\":\"@{data:|str|x}\",\"l\":[\"@{l:|str|a}\",\"@{l:|str|b}\"]}");
	BS_CLEANUP(bs_free_ptr) char *data = enc_of(one, "data");
	BS_CLEANUP(bs_free_ptr) char *meta = enc_of(one, "meta");
	BS_CLEANUP(bs_free_ptr) char *other = enc_of(two, "data");
	BS_CLEANUP(bs_free_ptr) char *meta_member = NULL;
	const char *a = strstr(array, "[\"ENC") + 2, *b = strstr(a, "\",\"ENC") + 3;
	size_t a_len = (size_t)(b - a) - 3, b_len = (size_t)(strchr(b, '"') - b);
	BS_CLEANUP(bs_free_ptr) char *swapped = NULL;
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *value = NULL;

	cr_assert(asprintf(&meta_member, "\"meta\":\"%s\",", meta) > 0);
	refused(one, meta_member, "", BS_INTEGRITY); /* removed */
	refused(one, ",\"t_unencrypted\":\"ops\"", "", BS_INTEGRITY); /* a clear one removed */
	refused(one, meta_member, "\"meta\":\"\",", BS_INTEGRITY); /* emptied */
	refused(one, "{\"data\"", "{\"data\":\"\",\"data\"", BS_MALFORMED); /* empty data in front */
	refused(one, "\"data\"", "\"other\"", BS_MALFORMED); /* renamed: two and no data */
	refused(one, data, other, BS_INTEGRITY); /* of another document */
	refused(one, data, meta, BS_INTEGRITY); /* of another key */
	refused(one, data, "", BS_MALFORMED);
	refused(one, data, "null", BS_MALFORMED);
	refused(two, "\"data\"", "\"value\"", BS_INTEGRITY);
	refused(two, "{\"data\"", "{\"value\":\"\",\"data\"", BS_MALFORMED);
	/* Two elements of one array share what they are bound to: only the MAC sees it. */
	cr_assert(asprintf(&swapped, "%.*s%.*s\",\"%.*s%s", (int)(a - array), array, (int)b_len, b,
			  (int)a_len, a, b + b_len) > 0);
	cr_assert_eq(strlen(swapped), strlen(array));
	cr_expect_eq(forge_open(swapped, strlen(swapped), &value, NULL), BS_INTEGRITY);
	cr_expect_eq(forge_open(array, strlen(array), &value, NULL), BS_OK);
}
