/*
 * sops_forge.h: documents of any shape for tests, under the data key 00 01 .. 1f.
 *
 * In a body `@{AAD|TYPE|TEXT}` becomes the ENC text of a leaf, and TEXT goes on to the MAC; `#{TEXT}` puts TEXT into
 * the MAC alone. The body is a JSON object; `sops` is added as its last member.
 */
#ifndef BS_TEST_SOPS_FORGE_H
#define BS_TEST_SOPS_FORGE_H

#include "../../core/sops/crypt.h"
#include "../../core/base/text.h"
#include "../../core/sops/sops.h"

#include <criterion/criterion.h>
#include <string.h>

#define STAMP "2026-01-02T03:04:05Z"
#define FORGE_AGE "\"age\":[{\"enc\":\"-\",\"recipient\":\"age1x\"}],"
#define FORGE_VERSION ",\"version\":\"3.9.4\""

struct forge {
	const char *stamp; /* default STAMP */
	const char
		*before; /* members of `sops` before lastmodified, each with its comma; default FORGE_AGE */
	const char *after; /* behind mac, each with a comma in front; default FORGE_VERSION */
	const char *aad; /* of the MAC; default stamp */
	bool encrypted_only;
};

static struct bs_secret *forge_key(void)
{
	struct bs_secret *key = NULL;

	cr_assert_eq(bs_secret_new(32, &key, NULL), BS_OK);
	for (uint8_t i = 0; i < 32; i++)
		bs_secret_data(key)[i] = i;
	return key;
}

static enum bs_enc_type forge_type(const char *name, size_t len)
{
	for (int i = BS_ENC_STR; i <= BS_ENC_COMMENT; i++) {
		if (!strncmp(bs_enc_type_name((enum bs_enc_type)i), name, len))
			return (enum bs_enc_type)i;
	}
	cr_assert_fail("no type %s", name);
	return BS_ENC_STR;
}

static void forge_leaf(struct bs_crypt *crypt, const char *part, const char *end, struct bs_text *out)
{
	const char *type = strchr(part, '|') + 1;
	const char *text = strchr(type, '|') + 1;

	bs_crypt_seal(crypt, (const uint8_t *)text, (size_t)(end - text),
		forge_type(type, (size_t)(text - 1 - type)), part, (size_t)(type - 1 - part),
		strncmp(type, "comment", 7) != 0, out);
}

/* The document's text, the caller's to free. */
static char *forge_with(const char *body, struct forge how)
{
	struct bs_secret *key = forge_key();
	struct bs_crypt crypt;
	struct bs_text out = {0};
	const char *stamp = how.stamp ? how.stamp : STAMP;
	const char *aad = how.aad ? how.aad : stamp;

	cr_assert_eq(bs_crypt_init(&crypt, key, NULL), BS_OK);
	bs_crypt_hash_start(&crypt, how.encrypted_only);
	for (const char *at = body; at[1]; at++) {
		const char *end = at[1] == '{' && (*at == '@' || *at == '#') ? strchr(at, '}') : NULL;

		if (!end) {
			bs_text_add(&out, at, 1);
			continue;
		}
		if (*at == '@')
			forge_leaf(&crypt, at + 2, end, &out);
		else
			bs_crypt_hash(&crypt, at + 2, (size_t)(end - at - 2));
		at = end;
	}
	bs_text_add_string(&out, out.bytes[out.len - 1] == '{' ? "\"sops\":{" : ",\"sops\":{");
	bs_text_add_string(&out, how.before ? how.before : FORGE_AGE);
	bs_text_add_string(&out, "\"lastmodified\":\"");
	bs_text_add_string(&out, stamp);
	bs_text_add_string(&out, "\",\"mac\":\"");
	bs_crypt_seal(
		&crypt, bs_crypt_mac_text(&crypt), BS_MAC_TEXT, BS_ENC_STR, aad, strlen(aad), false, &out);
	bs_text_add_string(&out, "\"");
	bs_text_add_string(&out, how.after ? how.after : FORGE_VERSION);
	bs_text_add_string(&out, "}}");
	bs_crypt_release(&crypt);
	bs_secret_free(key);
	return out.bytes;
}

static inline char *forge(const char *body)
{
	return forge_with(body, (struct forge){0});
}

/* Parses and decrypts with the key above. */
static inline enum bs_code forge_open(
	const char *text, size_t len, struct bs_secret **ret, struct bs_error *reterr)
{
	BS_CLEANUP(bs_sops_free_ptr) struct bs_sops_doc *doc = NULL;
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *key = forge_key();
	enum bs_code code = bs_sops_parse(text, len, &doc, reterr);

	return code ? code : bs_sops_decrypt(doc, key, ret, reterr);
}

static inline bool forge_is(const struct bs_secret *value, const char *text)
{
	return value && bs_secret_len(value) == strlen(text) &&
	       !memcmp(bs_secret_bytes(value), text, strlen(text));
}

#endif
