/* test_sops_write.c: what is written, what a rewrite keeps, and what it drops. */
#include "sops_forge.h"

#include <stdio.h>
#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define NOW ((time_t)1767323045) /* STAMP */

struct person {
	struct bs_age_identities *ids;
	char *recipient;
};

static struct person person(void)
{
	struct person p = {0};
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *line = NULL;

	cr_assert_eq(bs_age_keygen(&line, &p.recipient, NULL), BS_OK);
	cr_assert_eq(bs_age_identities_new(&p.ids, NULL), BS_OK);
	cr_assert_eq(bs_age_identities_parse(p.ids, line, "test", NULL, NULL), BS_OK);
	return p;
}

static void person_release(struct person *p)
{
	bs_age_identities_free(p->ids);
	free(p->recipient);
}

static struct bs_secret *secret(const void *bytes, size_t len)
{
	struct bs_secret *s = NULL;

	cr_assert_eq(bs_secret_copy(bytes, len, &s, NULL), BS_OK);
	return s;
}

static struct bs_sops_doc *parsed(const char *text)
{
	struct bs_sops_doc *doc = NULL;
	struct bs_error err = {0};

	cr_assert_eq(bs_sops_parse(text, strlen(text), &doc, &err), BS_OK, "%s: %s", text, err.msg);
	return doc;
}

/* Writes for the recipients (separated by blanks) over `old`, under the forged key. */
static enum bs_code write_to(const char *recipients, struct bs_sops_doc *old, const void *value, size_t len,
	char **ret, struct bs_strings *ret_kept, struct bs_error *reterr)
{
	BS_CLEANUP(bs_strings_release) struct bs_strings list = {0};
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *key = old ? forge_key() : NULL;
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *plain = secret(value, len);
	struct bs_sops_write write = {
		.value = plain, .recipients = &list, .old = old, .old_key = key, .now = NOW};
	size_t text_len = 0;
	enum bs_code code;

	while (*recipients) {
		size_t word = strcspn(recipients, " ");

		cr_assert_eq(bs_strings_add_len(&list, recipients, word, NULL), BS_OK);
		recipients += word + (recipients[word] == ' ');
	}
	code = bs_sops_encrypt(&write, ret, &text_len, ret_kept, reterr);
	cr_assert(code || text_len == strlen(*ret));
	return code;
}

/* Opens with an identity, as a reader does. */
static enum bs_code open_with(const struct bs_age_identities *ids, const char *text, struct bs_secret **ret)
{
	BS_CLEANUP(bs_sops_free_ptr) struct bs_sops_doc *doc = parsed(text);
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *key = NULL;
	enum bs_code code = bs_sops_unlock(doc, ids, &key, NULL);

	return code ? code : bs_sops_decrypt(doc, key, ret, NULL);
}

static void expect_value(const struct bs_age_identities *ids, const char *text, const void *value, size_t len)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *got = NULL;

	cr_assert_eq(open_with(ids, text, &got), BS_OK, "%s", text);
	cr_expect(bs_secret_len(got) == len && !memcmp(bs_secret_bytes(got), value, len), "%s", text);
}

static size_t count_of(const char *text, const char *what)
{
	size_t count = 0;

	for (const char *at = text; (at = strstr(at, what)); at++)
		count++;
	return count;
}

Test(sops_write, any_bytes_come_back)
{
	static const char nul[] = "a\0b\xff\xfe\n";
	struct person p = person();
	char *large = malloc(100000);
	const struct {
		const void *bytes;
		size_t len;
	} values[] = {{"", 0}, {"x", 1}, {nul, sizeof(nul)}, {"\n", 1}, {large, 100000}};

	for (size_t i = 0; i < 100000; i++)
		large[i] = (char)(i * 7);
	for (size_t i = 0; i < COUNT(values); i++) {
		BS_CLEANUP(bs_free_ptr) char *text = NULL;

		cr_assert_eq(write_to(p.recipient, NULL, values[i].bytes, values[i].len, &text, NULL, NULL),
			BS_OK);
		expect_value(p.ids, text, values[i].bytes, values[i].len);
	}
	free(large);
	person_release(&p);
}

Test(sops_write, a_new_document_is_what_a_current_sops_writes_on_one_line)
{
	struct person p = person(), q = person();
	BS_CLEANUP(bs_free_ptr) char *text = NULL, *recipients = NULL;
	const char *at, *order[] = {"{\"data\":\"ENC[AES256_GCM,data:",
				"\",\"sops\":{\"age\":[{\"enc\":\"-----BEGIN AGE ",
				"\\n-----END AGE ENCRYPTED FILE-----\\n\",\"recipient\":\"age1",
				"\"},{\"enc\":", "\"recipient\":\"age1",
				"\"}],\"lastmodified\":\"" STAMP "\",\"mac\":\"ENC[AES256_GCM,data:",
				",type:str]\",\"version\":\"3.9.4\"}}"};

	cr_assert(asprintf(&recipients, "%s %s %s", p.recipient, q.recipient, p.recipient) > 0);
	cr_assert_eq(write_to(recipients, NULL, "hello", 5, &text, NULL, NULL), BS_OK);
	at = text;
	for (size_t i = 0; i < COUNT(order); i++) {
		at = strstr(at, order[i]);
		cr_assert_not_null(at, "%s in %s", order[i], text);
		at += strlen(order[i]);
	}
	cr_expect_eq(*at, '\0');
	cr_expect_null(strpbrk(text, "\n\t\r"));
	cr_expect_eq(count_of(text, "\"enc\""), 2, "doubles of recipients stayed");
	cr_expect_null(strstr(text, ": "));
	cr_expect_null(strstr(text, "unencrypted_suffix"));
	expect_value(p.ids, text, "hello", 5);
	expect_value(q.ids, text, "hello", 5);
	person_release(&p);
	person_release(&q);
}

/* The body before, the value that is written, the beginning of the document behind it. */
static const struct {
	const char *body, *value, *begins;
} shapes[] = {
	{"{\"data\":\"@{data:|str|x}\"}", "hello", "{\"data\":\"ENC["},
	{"{\"data\":\"@{data:|str|x}\"}", "", "{\"data\":\"\",\"sops\""},
	{"{\"data\":\"\"}", "hello", "{\"data\":\"ENC["},
	{"{\"data\":\"@{data:|int|5}\"}", "hello", "{\"data\":\"ENC["},
	{"{\"value\":\"@{value:|str|x}\"}", "hello", "{\"value\":\"ENC["},
	{"{\"value\":\"@{value:|str|x}\"}", "", "{\"value\":\"\",\"sops\""},
	{"{\"value\":\"\"}", "hello", "{\"value\":\"ENC["},
	{"{\"value\":\"@{value:|bool|True}\"}", "h\xc3\xa9llo\n", "{\"value\":\"ENC["},
	{"{\"value\":\"@{value:|str|x}\"}", "\xff", "{\"data\":\"ENC["},
	{"{\"password\":\"@{password:|str|x}\"}", "hello", "{\"password\":\"ENC["},
	{"{\"password\":\"@{password:|str|x}\"}", "\xff", "{\"data\":\"ENC["},
	{"{\"db\":{\"password\":\"@{db:password:|str|x}\"}}", "hello", "{\"db\":{\"password\":\"ENC["},
	{"{\"db\":{\"password\":\"@{db:password:|str|x}\"}}", "\xff", "{\"data\":\"ENC["},
	{"{\"a\":[[],\"@{a:|str|x}\"]}", "hello", "{\"a\":[[],\"ENC["},
	{"{\"a\":[[],\"@{a:|str|x}\",{}]}", "\xff", "{\"data\":\"ENC["},
	{"{\"data\":{\"k\":\"@{data:k:|str|x}\"}}", "hello", "{\"data\":{\"k\":\"ENC["},
	{"{\"value\":\"@{value:|str|x}\",\"note\":\"\"}", "", "{\"data\":\"\",\"note\":\"\",\"sops\""},
	{"{ \"value\" :\r\n\t\"@{value:|str|x}\" ,\"n_unencrypted\" : [ 1.50e0#{1.5} , true#{True}, \"a b "
	 "\\u00e9#{a b \xc3\xa9}\" ] }",
		"hello", "{\"value\":\"ENC["},
};

Test(sops_write, a_rewrite_keeps_the_shape_while_it_can)
{
	struct person p = person();

	for (size_t i = 0; i < COUNT(shapes); i++) {
		BS_CLEANUP(bs_free_ptr) char *before = forge(shapes[i].body);
		BS_CLEANUP(bs_sops_free_ptr) struct bs_sops_doc *old = parsed(before);
		BS_CLEANUP(bs_free_ptr) char *text = NULL;
		struct bs_error err = {0};

		cr_assert_eq(write_to(p.recipient, old, shapes[i].value, strlen(shapes[i].value), &text, NULL,
				     &err),
			BS_OK, "%s: %s", shapes[i].body, err.msg);
		cr_expect(!strncmp(text, shapes[i].begins, strlen(shapes[i].begins)), "%s became %s",
			shapes[i].body, text);
		cr_expect_null(strpbrk(text, "\n\t\r"));
		expect_value(p.ids, text, shapes[i].value, strlen(shapes[i].value));
	}
	person_release(&p);
}

Test(sops_write, a_nul_is_no_text)
{
	struct person p = person();
	BS_CLEANUP(bs_free_ptr) char *before = forge("{\"value\":\"@{value:|str|x}\"}");
	BS_CLEANUP(bs_sops_free_ptr) struct bs_sops_doc *old = parsed(before);
	BS_CLEANUP(bs_free_ptr) char *text = NULL;

	cr_assert_eq(write_to(p.recipient, old, "a\0b", 3, &text, NULL, NULL), BS_OK);
	cr_expect(!strncmp(text, "{\"data\":", 8));
	expect_value(p.ids, text, "a\0b", 3);
	person_release(&p);
}

/* A document with all kinds of neighbours. */
#define NEIGHBOURS \
	"{\"n_unencrypted\":[1.50e0#{1.5},-0.0#{-0}, " \
	"{\"k\\u00e9\":\"a\\/b#{a/b}\"},null],\"data\":\"@{data:|str|x}\"," \
	"\"meta\":\"@{meta:|str|{\"a\":1}\",\"list\":[\"@{list:|comment|c}\",\"@{list:|int|5}\",\"@{list:|" \
	"float|0.5}\",\"@{list:|bool|False}\",\"\"]," \
	"\"none\":null,\"o\":{},\"l\":[ ]}"

Test(sops_write, neighbours_stay)
{
	struct person p = person();
	BS_CLEANUP(bs_free_ptr)
	char *before =
		forge_with(NEIGHBOURS, (struct forge){.after = ",\"version\":\"3.13.3\",\"future\": { \"a\" "
							       ": [ 1 , \"x y\" ] } ,\"a_field\":5"});
	BS_CLEANUP(bs_sops_free_ptr) struct bs_sops_doc *old = parsed(before);
	BS_CLEANUP(bs_free_ptr) char *text = NULL;
	struct bs_error err = {0};

	cr_assert_eq(write_to(p.recipient, old, "new", 3, &text, NULL, &err), BS_OK, "%s", err.msg);
	expect_value(p.ids, text, "new", 3);
	cr_expect(
		!strncmp(text,
			"{\"n_unencrypted\":[1.50e0,-0.0,{\"k\\u00e9\":\"a\\/b\"},null],\"data\":\"ENC[", 60),
		"%s", text);
	cr_expect(strstr(text, ",\"none\":null,\"o\":{},\"l\":[],\"sops\":{\"a_field\":5,\"age\":["), "%s",
		text);
	cr_expect(strstr(text, "\"future\":{\"a\":[1,\"x y\"]},\"lastmodified\""), "%s", text);
	cr_expect(
		strstr(text, "\"unencrypted_suffix\":\"_unencrypted\",\"version\":\"3.13.3\"}}"), "%s", text);
	cr_expect_eq(count_of(text, ",type:int]"), 1);
	cr_expect_eq(count_of(text, ",type:float]"), 1);
	cr_expect_eq(count_of(text, ",type:bool]"), 1);
	cr_expect_eq(count_of(text, ",type:comment]"), 1);
	cr_expect_eq(count_of(text, ",type:str]"), 3);
	person_release(&p);
}

Test(sops_write, rules_stay)
{
	static const struct {
		const char *body, *after, *stays;
	} cases[] = {
		{"{\"data\":\"@{data:|str|x}\"}", ",\"unencrypted_suffix\":\"_unencrypted\"",
			"\"unencrypted_suffix\":\"_unencrypted\",\"version\":"},
		{"{\"data\":\"@{data:|str|x}\",\"k_c\":\"#{v}v\"}", ",\"unencrypted_suffix\":\"_c\"",
			"\"unencrypted_suffix\":\"_c\",\"version\":"},
		{"{\"data_e\":\"@{data_e:|str|x}\",\"k\":5#{5}}", ",\"encrypted_suffix\":\"_e\"",
			"{\"data_e\":\"ENC["},
		{"{\"data_e\":\"@{data_e:|str|x}\",\"k\":5#{5}}", ",\"encrypted_suffix\":\"_e\"",
			"\"encrypted_suffix\":\"_e\",\"lastmodified\":"},
	};
	struct person p = person();

	for (size_t i = 0; i < COUNT(cases); i++) {
		BS_CLEANUP(bs_free_ptr) char *after = NULL, *before = NULL, *text = NULL;
		BS_CLEANUP(bs_sops_free_ptr) struct bs_sops_doc *old = NULL;

		cr_assert(asprintf(&after, FORGE_VERSION "%s", cases[i].after) > 0);
		before = forge_with(cases[i].body, (struct forge){.after = after});
		old = parsed(before);
		cr_assert_eq(write_to(p.recipient, old, "new", 3, &text, NULL, NULL), BS_OK);
		cr_expect(strstr(text, cases[i].stays), "%s", text);
		expect_value(p.ids, text, "new", 3);
	}
	person_release(&p);
}

Test(sops_write, mac_only_encrypted_stays)
{
	struct person p = person();
	BS_CLEANUP(bs_free_ptr)
	char *before = forge_with("{\"data\":\"@{data:|str|x}\",\"k_unencrypted\":5}",
		(struct forge){
			.after = FORGE_VERSION ",\"mac_only_encrypted\":true", .encrypted_only = true});
	BS_CLEANUP(bs_sops_free_ptr) struct bs_sops_doc *old = parsed(before);
	BS_CLEANUP(bs_free_ptr) char *text = NULL;

	cr_assert_eq(write_to(p.recipient, old, "new", 3, &text, NULL, NULL), BS_OK);
	cr_expect(strstr(text, "\"mac_only_encrypted\":true,\"unencrypted_suffix\""), "%s", text);
	expect_value(p.ids, text, "new", 3);
	person_release(&p);
}

/* What the new recipients cannot keep out: the old data key. */
Test(sops_write, a_rewrite_has_a_new_data_key_and_new_envelopes)
{
	struct person stays = person(), leaves = person();
	BS_CLEANUP(bs_free_ptr) char *both = NULL, *first = NULL, *second = NULL;
	BS_CLEANUP(bs_sops_free_ptr) struct bs_sops_doc *old = NULL, *new = NULL;
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *key = NULL, *old_key = NULL, *value = NULL;

	cr_assert(asprintf(&both, "%s %s", stays.recipient, leaves.recipient) > 0);
	cr_assert_eq(write_to(both, NULL, "one", 3, &first, NULL, NULL), BS_OK);
	old = parsed(first);
	cr_assert_eq(bs_sops_unlock(old, leaves.ids, &old_key, NULL), BS_OK);
	cr_assert_eq(write_to(stays.recipient, old, "two", 3, &second, NULL, NULL), BS_OK);
	new = parsed(second);
	cr_expect_eq(bs_sops_unlock(new, leaves.ids, &key, NULL), BS_NO_MATCH);
	cr_expect_eq(bs_sops_decrypt(new, old_key, &value, NULL), BS_INTEGRITY);
	cr_expect_eq(bs_sops_unlock(new, stays.ids, &key, NULL), BS_OK);
	cr_expect(!bs_secret_equal(key, old_key));
	person_release(&stays);
	person_release(&leaves);
}

#define PGP \
	"{\"created_at\":\"2026-01-01T00:00:00Z\",\"enc\":\"-----BEGIN PGP " \
	"MESSAGE-----\\n\\u002b\\n\",\"fp\":\"AB CD\"}"
#define PQ "{\"enc\":\"-\",\"recipient\":\"age1pq1zz\"}"

Test(sops_write, envelopes_that_cannot_be_made_stay_byte_for_byte_with_their_key)
{
	struct person p = person();
	BS_CLEANUP(bs_free_ptr)
	char *before = forge_with("{\"data\":\"@{data:|str|x}\"}",
		(struct forge){.before = "\"pgp\":[" PGP " , " PGP
					 "],\"kms\":null,\"new_kms\":[{\"enc\":\"x\"}],\"age\":[" PQ
					 ",{\"enc\":\"-\",\"recipient\":\"age1gone\"}],"});
	BS_CLEANUP(bs_sops_free_ptr) struct bs_sops_doc *old = parsed(before), *new = NULL;
	BS_CLEANUP(bs_free_ptr) char *text = NULL, *with_kept = NULL;
	BS_CLEANUP(bs_strings_release) struct bs_strings kept = {0};
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *key = NULL, *old_key = forge_key();
	struct bs_error err = {0};

	cr_assert(asprintf(&with_kept, "%s age1pq1zz", p.recipient) > 0);
	cr_assert_eq(write_to(with_kept, old, "new", 3, &text, &kept, &err), BS_OK, "%s", err.msg);
	cr_expect_eq(kept.count, 3);
	cr_expect(bs_strings_has(&kept, "pgp") && bs_strings_has(&kept, "new_kms"));
	cr_expect(strstr(text, "\"pgp\":[" PGP "," PGP "],"), "%s", text);
	cr_expect(strstr(text, "\"new_kms\":[{\"enc\":\"x\"}],"), "%s", text);
	cr_expect(strstr(text, "}," PQ "],\"lastmodified\""), "%s", text);
	cr_expect_null(strstr(text, "age1gone"));
	cr_expect_null(strstr(text, "kms\":null"));
	new = parsed(text);
	cr_assert_eq(bs_sops_unlock(new, p.ids, &key, NULL), BS_OK);
	cr_expect(bs_secret_equal(key, old_key), "the data key must stay with them");
	expect_value(p.ids, text, "new", 3);
	person_release(&p);
}

Test(sops_write, the_only_key_group_becomes_flat)
{
	struct person p = person();
	BS_CLEANUP(bs_free_ptr)
	char *before = forge_with("{\"data\":\"@{data:|str|x}\"}",
		(struct forge){.before = "\"shamir_threshold\":1,\"key_groups\":[{\"pgp\":[" PGP
					 "],\"age\":[{\"enc\":\"-\",\"recipient\":\"age1gone\"}]}],"});
	BS_CLEANUP(bs_sops_free_ptr) struct bs_sops_doc *old = parsed(before);
	BS_CLEANUP(bs_free_ptr) char *text = NULL;

	cr_assert_eq(write_to(p.recipient, old, "new", 3, &text, NULL, NULL), BS_OK);
	cr_expect(strstr(text, "\"pgp\":[" PGP "],\"version\""), "%s", text);
	cr_expect_null(strstr(text, "key_groups"));
	cr_expect_null(strstr(text, "shamir"));
	expect_value(p.ids, text, "new", 3);
	person_release(&p);
}

static const struct {
	const char *body;
	struct forge how;
	const char *value;
	bool with_key;
	enum bs_code code;
	const char *says;
} refusals[] = {
	{"{\"data\":\"@{data:|str|x}\",\"meta\":\"@{meta:|str|m}\"}", {0}, "", true, BS_UNSUPPORTED,
		"empty value"},
	{"{\"data\":\"@{data:|str|x}\",\"meta\":\"@{meta:|str|m}\"}", {0}, "v", false, BS_NO_MATCH,
		"opens them"},
	{"{\"data\":\"@{data:|str|x}\",\"meta\":\"@{meta:|str|m}#{z}\"}", {0}, "v", true, BS_INTEGRITY,
		"MAC"},
	{"{\"data\":\"@{data:|str|x}\",\"k_unencrypted\":\"planted\"}", {0}, "v", true, BS_INTEGRITY, "MAC"},
	{"{\"data\":\"@{data:|str|x}\",\"meta\":\"@{other:|str|m}\"}", {0}, "v", true, BS_INTEGRITY,
		"authenticate"},
	{"{\"data\":\"@{data:|str|x}\"}", {.before = FORGE_AGE "\"pgp\":[{}],"}, "v", false, BS_NEED_SOPS,
		"opens them"},
	{"{\"data\":\"@{data:|str|x}\"}", {.after = FORGE_VERSION ",\"encrypted_regex\":\"^d\""}, "v", true,
		BS_NEED_SOPS, "encrypted_regex"},
	{"{\"data\":{\"k\":\"@{data:k:|str|x}\"}}", {0}, "\xff", true, BS_UNSUPPORTED, "no text"},
	{"{\"k_e\":\"@{k_e:|str|x}\"}", {.after = FORGE_VERSION ",\"encrypted_suffix\":\"_e\""}, "\xff", true,
		BS_UNSUPPORTED, "no text"},
	{"{\"data\":\"\",\"value\":\"\"}", {0}, "v", true, BS_UNSUPPORTED, "cannot hold"},
};

Test(sops_write, refuses_what_it_could_not_keep_honest)
{
	struct person p = person();

	for (size_t i = 0; i < COUNT(refusals); i++) {
		BS_CLEANUP(bs_free_ptr) char *before = forge_with(refusals[i].body, refusals[i].how);
		BS_CLEANUP(bs_sops_free_ptr) struct bs_sops_doc *old = parsed(before);
		BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *key = forge_key();
		BS_CLEANUP(bs_secret_free_ptr)
		struct bs_secret *value = secret(refusals[i].value, strlen(refusals[i].value));
		BS_CLEANUP(bs_strings_release) struct bs_strings list = {0};
		struct bs_sops_write write = {.value = value,
			.recipients = &list,
			.old = old,
			.old_key = refusals[i].with_key ? key : NULL,
			.now = NOW};
		struct bs_error err = {0};
		char *text = NULL;
		size_t len;

		cr_assert_eq(bs_strings_add(&list, p.recipient, NULL), BS_OK);
		cr_expect_eq(bs_sops_encrypt(&write, &text, &len, NULL, &err), refusals[i].code, "%s: %s",
			refusals[i].body, err.msg);
		cr_expect(strstr(err.msg, refusals[i].says), "%s: %s", refusals[i].body, err.msg);
		cr_expect_null(text);
	}
	person_release(&p);
}

Test(sops_write, wants_recipients_that_it_can_wrap_for)
{
	static const struct {
		const char *recipients;
		enum bs_code code;
	} cases[] = {{"", BS_POLICY}, {"age1pq1qqq", BS_POLICY}, {"age1yubikey1qqq", BS_POLICY},
		{"nonsense", BS_POLICY},
		{"age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq", BS_USAGE}};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char *text = NULL;
		struct bs_error err = {0};

		cr_expect_eq(write_to(cases[i].recipients, NULL, "v", 1, &text, NULL, &err), cases[i].code,
			"%s: %s", cases[i].recipients, err.msg);
		cr_expect_null(text);
	}
}

Test(sops_unlock, passes_over_broken_envelopes_and_planted_keys)
{
	struct person p = person(), q = person();
	BS_CLEANUP(bs_free_ptr) char *text = NULL;
	BS_CLEANUP(bs_secret_free_ptr)
	struct bs_secret *key = forge_key(),
			 *short_key = secret("0123456789abcdef", 16),
			 *wrong = secret("0123456789abcdef0123456789abcdef", 32), *got = NULL, *value = NULL;
	BS_CLEANUP(bs_strings_release) struct bs_strings to = {0};
	BS_CLEANUP(bs_sops_free_ptr) struct bs_sops_doc *doc = NULL;
	struct bs_secret *const keys[] = {short_key, wrong, key};
	struct bs_text list = {0};

	cr_assert_eq(bs_strings_add(&to, p.recipient, NULL), BS_OK);
	bs_text_add_string(&list, "\"age\":[{},{\"enc\":null},{\"enc\":\"x\",\"recipient\":\"nonsense\"}");
	for (size_t i = 0; i < COUNT(keys); i++) {
		BS_CLEANUP(bs_free_ptr) char *file = NULL;
		size_t len;

		cr_assert_eq(bs_age_encrypt(&to, NULL, keys[i], true, &file, &len, NULL), BS_OK);
		bs_text_add_string(&list, ",{\"enc\":\"");
		for (size_t k = 0; k < len; k++)
			bs_text_add(&list, file[k] == '\n' ? "\\n" : file + k, file[k] == '\n' ? 2 : 1);
		bs_text_add_string(&list, "\"}");
	}
	bs_text_add_string(&list, "],");
	text = forge_with("{\"data\":\"@{data:|str|hello}\"}", (struct forge){.before = list.bytes});
	bs_text_release(&list);
	doc = parsed(text);
	cr_assert_eq(bs_sops_unlock(doc, p.ids, &got, NULL), BS_OK);
	cr_expect(bs_secret_equal(got, key));
	cr_expect_eq(bs_sops_decrypt(doc, got, &value, NULL), BS_OK);
	got = bs_secret_free(got);
	cr_expect_eq(bs_sops_unlock(doc, q.ids, &got, NULL), BS_NO_MATCH);
	person_release(&p);
	person_release(&q);
}

/* One age file to as many recipients; sops writes one for each. */
static enum bs_code unlock_one_envelope(const struct person *p, size_t recipients)
{
	BS_CLEANUP(bs_strings_release) struct bs_strings to = {0};
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *key = forge_key(), *got = NULL;
	BS_CLEANUP(bs_sops_free_ptr) struct bs_sops_doc *doc = NULL;
	BS_CLEANUP(bs_free_ptr) char *file = NULL, *text = NULL;
	struct bs_text list = {0};
	size_t len;

	while (to.count + 1 < recipients) {
		struct person other = person();

		cr_assert_eq(bs_strings_add(&to, other.recipient, NULL), BS_OK);
		person_release(&other);
	}
	cr_assert_eq(bs_strings_add(&to, p->recipient, NULL), BS_OK);
	cr_assert_eq(bs_age_encrypt(&to, NULL, key, true, &file, &len, NULL), BS_OK);
	bs_text_add_string(&list, "\"age\":[{\"enc\":\"");
	for (size_t k = 0; k < len; k++)
		bs_text_add(&list, file[k] == '\n' ? "\\n" : file + k, file[k] == '\n' ? 2 : 1);
	bs_text_add_string(&list, "\"}],");
	text = forge_with("{\"data\":\"@{data:|str|x}\"}", (struct forge){.before = list.bytes});
	bs_text_release(&list);
	doc = parsed(text);
	return bs_sops_unlock(doc, p->ids, &got, NULL);
}

Test(sops_unlock, an_envelope_for_a_crowd_is_passed_over)
{
	struct person p = person();

	cr_expect_eq(unlock_one_envelope(&p, 10), BS_OK);
	cr_expect_eq(unlock_one_envelope(&p, 40), BS_NO_MATCH);
	person_release(&p);
}

Test(sops_unlock, says_when_only_sops_could_help)
{
	struct person p = person();
	static const struct {
		const char *keys;
		enum bs_code code;
		const char *says;
	} cases[] = {
		{FORGE_AGE, BS_NO_MATCH, "age1x"},
		{"\"pgp\":[{}],", BS_NEED_SOPS, "pgp"},
		{FORGE_AGE "\"kms\":[{}],\"hc_vault\":[{}],", BS_NEED_SOPS, "kms, hc_vault"},
		{"\"age\":[{\"enc\":\"-\",\"recipient\":\"age1pq1x\"}],", BS_NEED_SOPS,
			"https://getsops.io/"},
		{"\"key_groups\":[{\"age\":[{\"enc\":\"-\"}]},{\"age\":[{\"enc\":\"-\"}]}],", BS_NEED_SOPS,
			"Shamir"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		BS_CLEANUP(bs_free_ptr)
		char *text =
			forge_with("{\"data\":\"@{data:|str|x}\"}", (struct forge){.before = cases[i].keys});
		BS_CLEANUP(bs_sops_free_ptr) struct bs_sops_doc *doc = parsed(text);
		BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *key = NULL;
		BS_CLEANUP(bs_age_identities_free_ptr) struct bs_age_identities *none = NULL;
		struct bs_error err = {0};

		cr_assert_eq(bs_age_identities_new(&none, NULL), BS_OK);
		cr_expect_eq(bs_sops_unlock(doc, p.ids, &key, &err), cases[i].code, "%s", err.msg);
		cr_expect(strstr(err.msg, cases[i].says), "%s", err.msg);
		cr_expect_eq(bs_sops_unlock(doc, none, &key, &err), cases[i].code, "%s", err.msg);
	}
	person_release(&p);
}
