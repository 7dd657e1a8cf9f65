/* test_sops_doc.c: which documents are taken, which leaf is the value, and what is refused. */
#include "sops_forge.h"

#include <stdio.h>
#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
/* Well formed, but five bytes are no MAC. */
#define SHORT_ENC \
	"ENC[AES256_GCM,data:wd2e6q0=,iv:oKGio6SlpqeoqaqrrK2ur7CxsrO0tba3uLm6u7y9vr8=," \
	"tag:++q/uII5bEYPhvwCDRl0kA==,type:str]"
#define ENC_HELLO "\"@{data:|str|hello}\""

/* The body, where its value is, and what it is. */
static const struct {
	const char *body, *path, *value;
} good[] = {
	{"{\"data\":" ENC_HELLO "}", "data", "hello"},
	{"{\"data\":\"\"}", "data", ""},
	{"{\"value\":\"@{value:|str|hello}\"}", "value", "hello"},
	{"{\"value\":\"\"}", "value", ""},
	{"{\"password\":\"@{password:|str|hello}\"}", "[\"password\"]", "hello"},
	{"{\"db\":{\"password\":\"@{db:password:|str|hello}\"}}", "[\"db\"][\"password\"]", "hello"},
	{"{\"p\":[{\"n\":\"@{p:n:|str|hello}\"}]}", "[\"p\"][0][\"n\"]", "hello"},
	{"{\"p\":[null,[[\"@{p:|str|hello}\"]]]}", "[\"p\"][1][0][0]", "hello"},
	/* `data` is the value, whatever stands beside it. */
	{"{\"data\":" ENC_HELLO ",\"meta\":\"@{meta:|str|{\\\"a\\\":1}\"}", "data", "hello"},
	{"{\"meta\":\"@{meta:|str|x}\",\"data\":" ENC_HELLO "}", "data", "hello"},
	{"{\"data\":" ENC_HELLO ",\"value\":\"@{value:|str|x}\"}", "data", "hello"},
	{"{\"data\":" ENC_HELLO ",\"n\":\"@{n:|int|5}\",\"f\":\"@{f:|float|0.5}\",\"b\":\"@{b:|bool|True}\"}",
		"data", "hello"},
	{"{\"data\":" ENC_HELLO ",\"tags_unencrypted\":\"#{ops}ops\"}", "data", "hello"},
	{"{\"data\":" ENC_HELLO ",\"x_unencrypted\":{\"a\":[1#{1},true#{True},null,\"\\u00e9#{\xc3\xa9}\"]}}",
		"data", "hello"},
	{"{\"data\":" ENC_HELLO ",\"note\":\"\",\"none\":null,\"l\":[],\"m\":{}}", "data", "hello"},
	{"{\"data\":" ENC_HELLO ",\"l\":[\"@{l:|comment| why}\",\"@{l:|str|x}\"]}", "data", "hello"},
	{"{\"l\":[\"@{l:|comment| why}\",\"@{l:|str|hello}\"]}", "[\"l\"][1]", "hello"},
	/* `data` that is a container is no value itself. */
	{"{\"data\":{\"password\":\"@{data:password:|str|hello}\"}}", "[\"data\"][\"password\"]", "hello"},
	/* Types are served as their text. */
	{"{\"data\":\"@{data:|int|5432}\"}", "data", "5432"},
	{"{\"value\":\"@{value:|int|-1}\"}", "value", "-1"},
	{"{\"value\":\"@{value:|float|42}\"}", "value", "42"},
	{"{\"value\":\"@{value:|float|0.0000001}\"}", "value", "0.0000001"},
	{"{\"value\":\"@{value:|bool|True}\"}", "value", "True"},
	{"{\"value\":\"@{value:|time|2026-01-02T03:04:05.5Z}\"}", "value", "2026-01-02T03:04:05.5Z"},
	/* Empty strings in clear places are no value. */
	{"{\"x_unencrypted\":\"\",\"value\":\"\"}", "value", ""},
	{"{\"data\":\"\",\"note\":\"\"}", "data", ""},
	/* Numbers that releases read in two ways verify in either. */
	{"{\"data\":" ENC_HELLO ",\"n_unencrypted\":9007199254740993#{9007199254740993}}", "data", "hello"},
	{"{\"data\":" ENC_HELLO ",\"n_unencrypted\":9007199254740993#{9007199254740992}}", "data", "hello"},
	{"{\"data\":" ENC_HELLO ",\"n_unencrypted\":-0#{0}}", "data", "hello"},
	{"{\"data\":" ENC_HELLO ",\"n_unencrypted\":-0#{-0}}", "data", "hello"},
	{"{\"data\":" ENC_HELLO ",\"n_unencrypted\":1e21#{1000000000000000000000}}", "data", "hello"},
	/* Keys are bound as they decode. */
	{"{\"a\\u00e9\\n\":\"@{a\xc3\xa9\n:|str|hello}\"}", "[\"a\xc3\xa9?\"]", "hello"},
	{"{\"\\u0064ata\":" ENC_HELLO "}", "data", "hello"},
	{"{\"a:b\":{\"c\":\"@{a:b:c:|str|hello}\"}}", "[\"a:b\"][\"c\"]", "hello"},
	{"{\"\":\"@{:|str|hello}\"}", "[\"\"]", "hello"},
	{" {\r\n\t\"data\" : " ENC_HELLO " }", "data", "hello"},
};

Test(sops_doc, finds_the_value_and_knows_its_size_without_a_key)
{
	for (size_t i = 0; i < COUNT(good); i++) {
		BS_CLEANUP(bs_free_ptr) char *text = forge(good[i].body);
		BS_CLEANUP(bs_sops_free_ptr) struct bs_sops_doc *doc = NULL;
		BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *key = forge_key();
		BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *value = NULL;
		struct bs_error err = {0};

		cr_assert_eq(bs_sops_parse(text, strlen(text), &doc, &err), BS_OK, "%s: %s", good[i].body,
			err.msg);
		cr_expect_str_eq(bs_sops_extract_path(doc), good[i].path);
		cr_expect_eq(bs_sops_is_binary(doc), !strcmp(good[i].path, "data"));
		cr_expect_eq(bs_sops_size(doc), strlen(good[i].value), "%s", good[i].body);
		cr_expect_null(bs_sops_needs_program(doc));
		cr_assert_eq(bs_sops_decrypt(doc, key, &value, &err), BS_OK, "%s: %s", good[i].body, err.msg);
		cr_expect(forge_is(value, good[i].value), "%s", good[i].body);
	}
}

/* Design section 3, specs/sops.md sections 4, 5, 12.2, 16. */
static const struct {
	const char *body, *says;
} bad[] = {
	{"{}", "no encrypted value"},
	{"{\"x_unencrypted\":\"clear\"}", "no encrypted value"},
	{"{\"x_unencrypted\":\"\"}", "no encrypted value"},
	{"{\"data\":null}", "null"},
	{"{\"data\":null,\"value\":\"@{value:|str|x}\"}", "null"},
	{"{\"value\":null}", "no encrypted value"},
	{"{\"data\":\"plain\"}", "in clear"},
	{"{\"data\":5}", "in clear"},
	{"{\"data\":true}", "in clear"},
	{"{\"data\":[]}", "no encrypted value"},
	{"{\"data\":" ENC_HELLO ",\"other\":\"plain\"}", "[\"other\"] stands in clear"},
	{"{\"data\":" ENC_HELLO ",\"other\":5}", "in clear"},
	{"{\"data\":" ENC_HELLO ",\"o\":[false]}", "[\"o\"][0] stands in clear"},
	/* planted emptiness */
	{"{\"data\":\"\",\"value\":\"@{value:|str|x}\"}", "[\"data\"] is empty beside"},
	{"{\"value\":\"@{value:|str|x}\",\"data\":\"\"}", "[\"data\"] is empty beside"},
	{"{\"data\":\"\",\"db\":{\"p\":\"@{db:p:|str|x}\"}}", "[\"data\"] is empty beside"},
	{"{\"value\":\"\",\"data\":" ENC_HELLO "}", "[\"value\"] is empty beside"},
	{"{\"value\":\"\",\"password\":\"@{password:|str|x}\"}", "[\"value\"] is empty beside"},
	{"{\"data\":\"\",\"data\":" ENC_HELLO "}", "twice"},
	{"{\"data\":" ENC_HELLO ",\"data\":\"\"}", "twice"},
	{"{\"data\":" ENC_HELLO ",\"d\\u0061ta\":\"\"}", "[\"data\"] stands twice"},
	{"{\"data\":" ENC_HELLO ",\"m_unencrypted\":{\"a\":[{\"b\":1,\"b\":2}]}}",
		"[\"m_unencrypted\"][\"a\"][0][\"b\"] stands twice"},
	{"{\"data\":" ENC_HELLO ",\"sops\":{}}", "[\"sops\"] stands twice"},
	{"{\"data\":" ENC_HELLO ",\"SOPS\":{}}", "other letters"},
	{"{\"a\":\"@{a:|str|x}\",\"b\":{\"c\":\"@{b:c:|str|y}\"}}", "[\"a\"], [\"b\"][\"c\"]"},
	{"{\"a\":\"\",\"b\":\"\"}", "[\"a\"], [\"b\"]"},
	{"{\"data\":\"@{data:|comment|x}\"}", "no encrypted value"},
	{"{\"data\":\"\",\"l\":[\"@{l:|comment|x}\"]}", "[\"data\"] is empty beside"},
	/* broken leaves */
	{"{\"data\":\"ENC[AES256_GCM,data:]\"}", "no valid encrypted value"},
	{"{\"data\":\"@{data:|str|x} \"}", "no valid encrypted value"},
	{"{\"data\":\" @{data:|str|x}\"}", "in clear"},
	{"{\"data\":\"@{data:|int|007}\"}", "not of the type"},
	{"{\"data\":\"@{data:|int|0.5}\"}", "not of the type"},
	{"{\"data\":\"@{data:|bool|true}\"}", "not of the type"},
	{"{\"data\":\"@{data:|float|0.10000000000000001}\"}", "not of the type"},
	{"{\"data\":\"@{data:|float|1e5}\"}", "not of the type"},
	{"{\"data\":" ENC_HELLO ",\"n_unencrypted\":1e400#{inf}}", "out of range"},
	{"{\"data\":" ENC_HELLO ",\"s_unencrypted\":\"\\ud800\"}", ""},
	{"{\"data\":" ENC_HELLO ",\"\\ud800_unencrypted\":\"\"}", ""},
	{"\xef\xbb\xbf{\"data\":" ENC_HELLO "}", "byte order mark"},
};

Test(sops_doc, refuses_what_could_mean_two_things)
{
	for (size_t i = 0; i < COUNT(bad); i++) {
		BS_CLEANUP(bs_free_ptr) char *text = forge(bad[i].body);
		BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *value = NULL;
		struct bs_error err = {0};

		cr_expect_eq(forge_open(text, strlen(text), &value, &err), BS_MALFORMED, "%s: %s",
			bad[i].body, err.msg);
		cr_expect(strstr(err.msg, bad[i].says), "%s: %s", bad[i].body, err.msg);
		cr_expect_null(value);
		cr_expect_null(strstr(err.msg, "hello"));
	}
}

Test(sops_doc, what_the_mac_does_not_cover_is_refused)
{
	static const char *const bodies[] = {
		"{\"data\":" ENC_HELLO "#{x}}", /* something more was there */
		"{\"data\":" ENC_HELLO ",\"x_unencrypted\":\"added\"}", /* something was added */
		"{\"data\":" ENC_HELLO ",\"x_unencrypted\":\"a#{b}\"}", /* changed */
		"{\"b\":[\"#{y}@{b:|str|x}\"],\"data\":\"@{data:|str|z}\"}", /* order */
		"{\"data\":\"\"#{hello}}", /* emptied */
		"{\"data\":" ENC_HELLO ",\"n_unencrypted\":5#{5.0}}",
		"{\"data\":" ENC_HELLO ",\"t_unencrypted\":true#{true}}",
		"{\"data\":" ENC_HELLO ",\"l\":[\"@{m:|comment|x}\"]}", /* a comment that was moved */
		"{\"data\":\"@{other:|str|hello}\"}", /* moved from another key */
		"{\"p\":[{\"n\":\"@{p:0:n:|str|hello}\"}]}", /* an index in the path */
		"{\"data\":\"@{data|str|hello}\"}", /* no colon at the end */
	};

	for (size_t i = 0; i < COUNT(bodies); i++) {
		BS_CLEANUP(bs_free_ptr) char *text = forge(bodies[i]);
		BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *value = NULL;
		struct bs_error err = {0};

		cr_expect_eq(forge_open(text, strlen(text), &value, &err), BS_INTEGRITY, "%s: %s", bodies[i],
			err.msg);
		cr_expect_null(value);
	}
}

/* Members of `sops`: before lastmodified, behind mac. */
static const struct {
	const char *body;
	struct forge how;
	enum bs_code code;
	const char *says;
} metadata[] = {
	{NULL, {0}, BS_OK, NULL},
	{NULL, {.after = FORGE_VERSION ",\"unencrypted_suffix\":\"_unencrypted\""}, BS_OK, NULL},
	{NULL,
		{.before = FORGE_AGE
			"\"kms\":null,\"gcp_kms\":[],\"azure_kv\":null,\"hc_vault\":null,\"pgp\":null,"},
		BS_OK, NULL},
	{NULL,
		{.before = "\"key_groups\":[{\"age\":[{\"enc\":\"-\"}],\"hc_vault\":null}],\"shamir_"
			   "threshold\":3,"},
		BS_OK, NULL},
	{NULL, {.before = FORGE_AGE "\"key_groups\":[{},{}],"}, BS_OK, NULL},
	{NULL, {.before = FORGE_AGE "\"future\":{\"a\":[1]},\"x\":null,"}, BS_OK, NULL},
	{NULL,
		{.after = FORGE_VERSION
			",\"mac_only_encrypted\":false,\"encrypted_regex\":null,\"encrypted_suffix\":\"\""},
		BS_OK, NULL},
	{NULL, {.stamp = "2026-01-02T03:04:05.25+00:00", .aad = STAMP}, BS_OK, NULL},
	{NULL, {.stamp = "2026-01-02T03:04:05+02:00"}, BS_OK, NULL},
	{"{\"data\":" ENC_HELLO ",\"x_unencrypted\":\"clear\"}",
		{.after = FORGE_VERSION ",\"mac_only_encrypted\":true", .encrypted_only = true}, BS_OK, NULL},
	{"{\"data_enc\":\"@{data_enc:|str|hello}\",\"other\":5#{5}}",
		{.after = FORGE_VERSION ",\"encrypted_suffix\":\"_enc\""}, BS_OK, NULL},
	{"{\"s_enc\":{\"k\":\"@{s_enc:k:|str|hello}\"}}",
		{.after = FORGE_VERSION ",\"encrypted_suffix\":\"_enc\""}, BS_OK, NULL},
	{"{\"data\":" ENC_HELLO ",\"x_c\":\"#{ops}ops\"}",
		{.after = FORGE_VERSION ",\"unencrypted_suffix\":\"_c\""}, BS_OK, NULL},
	/* versions */
	{NULL, {.after = ",\"version\":\"99.0.0\""}, BS_OK, NULL},
	{NULL, {.after = ",\"version\":\"v3.9.4\""}, BS_OK, NULL},
	{NULL, {.after = ",\"version\":\"3.9.4-rc.1+x.01\""}, BS_OK, NULL},
	{NULL, {.after = ",\"version\":\"1.x y\""}, BS_OK, NULL},
	{NULL, {.after = ""}, BS_MALFORMED, "sops.version"},
	{NULL, {.after = ",\"version\":null"}, BS_MALFORMED, "sops.version"},
	{NULL, {.after = ",\"version\":\"\""}, BS_MALFORMED, "sops.version"},
	{NULL, {.after = ",\"version\":\"3.9\""}, BS_MALFORMED, "sops.version"},
	{NULL, {.after = ",\"version\":\"3.09.4\""}, BS_MALFORMED, "sops.version"},
	{NULL, {.after = ",\"version\":\"3.9.4.1\""}, BS_MALFORMED, "sops.version"},
	{NULL, {.after = ",\"version\":\"3.9.4 \""}, BS_MALFORMED, "sops.version"},
	{NULL, {.after = ",\"version\":\"3.9.4-\""}, BS_MALFORMED, "sops.version"},
	{NULL, {.after = ",\"version\":\"3.9.4-01\""}, BS_MALFORMED, "sops.version"},
	{NULL, {.after = ",\"version\":\"latest\""}, BS_MALFORMED, "sops.version"},
	{NULL, {.after = ",\"version\":3"}, BS_MALFORMED, "sops.version"},
	{NULL, {.after = ",\"version\":\"3.9.4\\u0000\""}, BS_MALFORMED, "NUL"},
	/* rules */
	{NULL, {.after = FORGE_VERSION ",\"unencrypted_suffix\":\"_u\",\"encrypted_suffix\":\"_e\""},
		BS_MALFORMED, "two rules"},
	{NULL, {.after = FORGE_VERSION ",\"unencrypted_suffix\":\"_u\",\"encrypted_regex\":\"x\""},
		BS_MALFORMED, "two rules"},
	{NULL, {.after = FORGE_VERSION ",\"unencrypted_suffix\":5"}, BS_MALFORMED, "no string"},
	{NULL, {.after = FORGE_VERSION ",\"mac_only_encrypted\":\"true\""}, BS_MALFORMED,
		"mac_only_encrypted"},
	{NULL, {.after = FORGE_VERSION ",\"mac_only_encrypted\":true"}, BS_INTEGRITY, "MAC"},
	{NULL, {.after = FORGE_VERSION ",\"encrypted_suffix\":\"_e\""}, BS_MALFORMED, "no encrypted value"},
	{NULL, {.after = FORGE_VERSION ",\"encrypted_regex\":\"^data$\""}, BS_NEED_SOPS, "encrypted_regex"},
	{NULL, {.after = FORGE_VERSION ",\"unencrypted_regex\":\"x\""}, BS_NEED_SOPS, "unencrypted_regex"},
	{NULL, {.after = FORGE_VERSION ",\"encrypted_comment_regex\":\"x\""}, BS_NEED_SOPS,
		"encrypted_comment_regex"},
	{NULL, {.after = FORGE_VERSION ",\"unencrypted_comment_regex\":\"x\""}, BS_NEED_SOPS,
		"unencrypted_comment_regex"},
	/* keys */
	{NULL, {.before = ""}, BS_MALFORMED, "no keys"},
	{NULL, {.before = "\"age\":null,"}, BS_MALFORMED, "no keys"},
	{NULL, {.before = "\"age\":[],\"key_groups\":[],"}, BS_MALFORMED, "no keys"},
	{NULL, {.before = "\"age\":{},"}, BS_MALFORMED, "no list"},
	{NULL, {.before = "\"age\":[\"x\"],"}, BS_MALFORMED, "no object"},
	{NULL, {.before = "\"Age\":[{\"enc\":\"-\"}],"}, BS_MALFORMED, "other letters"},
	{NULL, {.before = FORGE_AGE "\"MAC\":\"x\","}, BS_MALFORMED, "other letters"},
	{NULL, {.before = FORGE_AGE "\"mac\":\"\","}, BS_MALFORMED, "twice"},
	{NULL, {.before = FORGE_AGE "\"mac\\u0000x\":\"\","}, BS_OK, NULL},
	{NULL,
		{.before = "\"key_groups\":[{\"age\":[{\"enc\":\"-\"}]},{\"age\":[{\"enc\":\"-\"}]},{\"pgp\":"
			   "[{}]}],\"shamir_threshold\":2,"},
		BS_NEED_SOPS, "2 of 3 key groups"},
	{NULL, {.before = "\"key_groups\":[{\"age\":[{\"enc\":\"-\"}]},{\"age\":[{\"enc\":\"-\"}]}],"},
		BS_NEED_SOPS, "2 of 2 key groups"},
	{NULL, {.before = "\"key_groups\":[5],"}, BS_MALFORMED, "no object"},
	/* stamps and MAC */
	{NULL, {.stamp = "2026-01-02 03:04:05Z"}, BS_MALFORMED, "lastmodified"},
	{NULL, {.stamp = ""}, BS_MALFORMED, "lastmodified"},
	{NULL, {.stamp = "2026-01-02T03:04:05Z", .aad = "2026-01-02T03:04:06Z"}, BS_INTEGRITY, "MAC"},
	{NULL, {.stamp = "2026-01-02T03:04:05+00:00"}, BS_INTEGRITY, "MAC"},
};

Test(sops_doc, judges_the_metadata)
{
	for (size_t i = 0; i < COUNT(metadata); i++) {
		BS_CLEANUP(bs_free_ptr)
		char *text = forge_with(
			metadata[i].body ? metadata[i].body : "{\"data\":" ENC_HELLO "}", metadata[i].how);
		BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *value = NULL;
		struct bs_error err = {0};

		cr_expect_eq(forge_open(text, strlen(text), &value, &err), metadata[i].code, "%s: %s", text,
			err.msg);
		if (metadata[i].code)
			cr_expect(strstr(err.msg, metadata[i].says), "%s: %s", text, err.msg);
		else
			cr_expect(forge_is(value, "hello"), "%s", text);
	}
}

/* Replaces what stands between the quotes behind `"mac":`. */
static char *with_mac(const char *text, const char *mac)
{
	const char *start = strstr(text, "\"mac\":") + 6, *end = strchr(start + 1, '"') + 1;
	char *changed = NULL;

	cr_assert(asprintf(&changed, "%.*s%s%s", (int)(start - text), text, mac, end) > 0);
	return changed;
}

Test(sops_doc, wants_a_whole_mac)
{
	static const char *const macs[] = {"\"\"", "null", "5", "\"x\"", "\"" SHORT_ENC "\""};
	BS_CLEANUP(bs_free_ptr) char *text = forge("{\"data\":" ENC_HELLO "}");

	for (size_t i = 0; i < COUNT(macs); i++) {
		BS_CLEANUP(bs_free_ptr) char *changed = with_mac(text, macs[i]);
		BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *value = NULL;
		struct bs_error err = {0};

		cr_expect_eq(forge_open(changed, strlen(changed), &value, &err), BS_MALFORMED, "%s: %s",
			macs[i], err.msg);
		cr_expect(strstr(err.msg, "mac") || strstr(err.msg, "MAC"), "%s", err.msg);
	}
}

Test(sops_doc, a_value_in_clear_is_told_from_a_damaged_document)
{
	static const struct {
		const char *text;
		enum bs_code code;
	} cases[] = {
		{"", BS_PLAINTEXT},
		{"hunter2", BS_PLAINTEXT},
		{"{}", BS_PLAINTEXT},
		{"\"x\"", BS_PLAINTEXT},
		{"[1]", BS_PLAINTEXT},
		{"{\"user\":\"hunter2\",\"user\":\"hunter2\"}", BS_PLAINTEXT},
		{"{\"sops\":5}", BS_PLAINTEXT},
		{"{\"sops\":[]}", BS_PLAINTEXT},
		{"{\"hunter2\":", BS_PLAINTEXT},
		{"{\"sops\":{}}", BS_MALFORMED},
		{"{\"data\":\"ENC[AES256_GCM,data:", BS_MALFORMED},
		{"{\n<<<<<<< ours\n\"data\":\"ENC[AES256_GCM,data:x]\"\n", BS_MALFORMED},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		BS_CLEANUP(bs_sops_free_ptr) struct bs_sops_doc *doc = NULL;
		struct bs_error err = {0};

		cr_expect_eq(bs_sops_parse(cases[i].text, strlen(cases[i].text), &doc, &err), cases[i].code,
			"%s: %s", cases[i].text, err.msg);
		cr_expect_null(strstr(err.msg, "hunter2"));
		cr_expect(cases[i].code != BS_PLAINTEXT || strstr(err.msg, "bus-secrets set"), "%s", err.msg);
	}
}

/* A body with `depth` arrays around an encrypted leaf. */
static char *nested(size_t depth)
{
	struct bs_text body = {0};

	bs_text_add_string(&body, "{\"a\":");
	for (size_t i = 0; i < depth; i++)
		bs_text_add_string(&body, "[");
	bs_text_add_string(&body, "\"@{a:|str|hello}\"");
	for (size_t i = 0; i < depth; i++)
		bs_text_add_string(&body, "]");
	bs_text_add_string(&body, "}");
	return body.bytes;
}

Test(sops_doc, has_limits_on_what_a_document_may_cost)
{
	static const struct {
		size_t depth;
		enum bs_code code;
	} cases[] = {{1, BS_OK}, {500, BS_OK}, {511, BS_OK}, {512, BS_MALFORMED}, {100000, BS_MALFORMED}};
	struct bs_text wide = {0}, path = {0};
	struct bs_sops_doc *doc = NULL;
	struct bs_error err;

	for (size_t i = 0; i < COUNT(cases); i++) {
		BS_CLEANUP(bs_free_ptr) char *body = nested(cases[i].depth);
		BS_CLEANUP(bs_free_ptr) char *text = forge(body);
		BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *value = NULL;

		cr_expect_eq(forge_open(text, strlen(text), &value, &err), cases[i].code, "%zu: %s",
			cases[i].depth, err.msg);
		cr_expect(!cases[i].code || strstr(err.msg, "nested deeper than 512"), "%s", err.msg);
	}
	bs_text_add_string(&wide, "{\"a\":[");
	for (size_t i = 0; i < 70000; i++)
		bs_text_add_string(&wide, "[],");
	bs_text_add_string(&wide, "0],\"sops\":{}}");
	cr_expect_eq(bs_sops_parse(wide.bytes, wide.len, &doc, &err), BS_MALFORMED);
	cr_expect(strstr(err.msg, "entries"), "%s", err.msg);
	bs_text_release(&wide);
	bs_text_add_string(&path, "{\"");
	memset(bs_text_extend(&path, 5000), 'k', 5000);
	bs_text_add_string(&path, "\":0,\"sops\":{}}");
	cr_expect_eq(bs_sops_parse(path.bytes, path.len, &doc, &err), BS_MALFORMED);
	cr_expect(strstr(err.msg, "path"), "%s", err.msg);
	bs_text_release(&path);
}

Test(sops_doc, tells_what_it_is_without_a_key)
{
	BS_CLEANUP(bs_free_ptr)
	char *text = forge_with("{\"data\":" ENC_HELLO "}",
		(struct forge){.before = "\"age\":[{\"enc\":\"-\",\"recipient\":\" age1one "
					 "\"},{\"enc\":5},{\"recipient\":\"age1one\"},"
					 "{\"enc\":\"-\",\"recipient\":\"age1pq1two\"},{\"enc\":\"-\","
					 "\"recipient\":\"ssh-rsa AAAA me\"},"
					 "{\"enc\":\"-\",\"recipient\":\"bad\\u001b[2J\"}],\"pgp\":[{},{}],"
					 "\"new_kms\":[{\"enc\":\"\"}],"});
	BS_CLEANUP(bs_sops_free_ptr) struct bs_sops_doc *doc = NULL, *other = NULL;
	const struct bs_strings *kinds, *recipients;
	char hash[BS_MAC_HASH_HEX];

	cr_assert_eq(bs_sops_parse(text, strlen(text), &doc, NULL), BS_OK);
	recipients = bs_sops_recipients(doc);
	kinds = bs_sops_other_kinds(doc);
	cr_expect_eq(recipients->count, 3);
	cr_expect(bs_strings_has(recipients, "age1one") && bs_strings_has(recipients, "age1pq1two") &&
		  bs_strings_has(recipients, "ssh-rsa AAAA me"));
	cr_expect_eq(kinds->count, 4);
	cr_expect(bs_strings_has(kinds, "pgp") && bs_strings_has(kinds, "new_kms") &&
		  bs_strings_has(kinds, bs_age_kind_name(BS_AGE_HYBRID)) &&
		  bs_strings_has(kinds, bs_age_kind_name(BS_AGE_SSH_RSA)));
	cr_expect_str_eq(bs_sops_lastmodified(doc), STAMP);
	cr_expect_eq(bs_sops_modified(doc).tv_sec, 1767323045);
	cr_expect(bs_sops_modified(doc).tv_nsec >= 0 && bs_sops_modified(doc).tv_nsec < 1000000000);
	bs_sops_mac_hash(doc, hash);
	cr_expect_eq(strlen(hash), 64);
	free(text);
	text = forge("{\"data\":" ENC_HELLO "}");
	cr_assert_eq(bs_sops_parse(text, strlen(text), &other, NULL), BS_OK);
	cr_expect_neq(bs_sops_version(doc), bs_sops_version(other));
	cr_expect_neq(bs_sops_modified(doc).tv_nsec, bs_sops_modified(other).tv_nsec);
}
