/* decrypt.c: a document's value, after every tag and the MAC were checked (specs/sops.md, sections 6 and 14). */
#include "doc.h"

#include <sodium.h>
#include <string.h>

#include <bus-secrets/cleanup.h>

static enum bs_code refuse_leaf(const struct bs_sops_doc *doc, const struct bs_sops_leaf *leaf,
	enum bs_code code, const char *what, struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) char *path = bs_tree_extract_path(&doc->tree, leaf->node);

	return bs_error_set(reterr, code, "the document's entry %s %s", path ? path : "?", what);
}

enum bs_code bs_sops_open_leaf(struct bs_crypt *crypt, const struct bs_sops_doc *doc,
	const struct bs_sops_leaf *leaf, bool is_hashed, struct bs_secret **ret, struct bs_error *reterr)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *plain = NULL;
	char aad[BS_TREE_PATH_MAX];
	enum bs_code code = bs_secret_new(leaf->enc.len, &plain, reterr);

	if (code)
		return code;
	code = bs_crypt_open(crypt, &leaf->enc, aad, bs_tree_path(&doc->tree, leaf->node, aad), is_hashed,
		bs_secret_data(plain));
	if (code)
		return refuse_leaf(doc, leaf, code,
			"does not authenticate: it was changed or moved, or the key is wrong", reterr);
	if (!bs_enc_is_canonical(leaf->enc.type, bs_secret_bytes(plain), bs_secret_len(plain)))
		return refuse_leaf(doc, leaf, BS_MALFORMED, "is not of the type that it claims", reterr);
	*ret = BS_TAKE(plain);
	return BS_OK;
}

static enum bs_code hash_string(struct bs_crypt *crypt, const struct bs_sops_doc *doc,
	struct bs_json_value value, struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) char *text = NULL;
	size_t len;
	enum bs_code code = bs_json_string_decode(doc->text, value, &text, &len, reterr);

	if (!code)
		bs_crypt_hash(crypt, text, len);
	return code;
}

enum bs_code bs_sops_hash_clear(struct bs_crypt *crypt, const struct bs_sops_doc *doc,
	const struct bs_sops_leaf *leaf, enum bs_number_style style, struct bs_error *reterr)
{
	struct bs_json_value value = doc->tree.nodes[leaf->node].value;
	char number[BS_NUMBER_MAX];
	size_t len;

	switch (value.kind) {
	case BS_JSON_STRING:
		return hash_string(crypt, doc, value, reterr);
	case BS_JSON_TRUE:
		bs_crypt_hash(crypt, "True", 4);
		return BS_OK;
	case BS_JSON_FALSE:
		bs_crypt_hash(crypt, "False", 5);
		return BS_OK;
	case BS_JSON_NUMBER:
		len = bs_number_text(doc->text + value.off, value.len, style, number);
		if (!len)
			return refuse_leaf(doc, leaf, BS_MALFORMED, "is a number out of range", reterr);
		bs_crypt_hash(crypt, number, len);
		return BS_OK;
	case BS_JSON_OBJECT:
	case BS_JSON_ARRAY:
	case BS_JSON_NULL:
	default:
		return BS_OK;
	}
}

/* Every leaf in file order; the one that is the value comes out. */
static enum bs_code walk(struct bs_crypt *crypt, const struct bs_sops_doc *doc, enum bs_number_style style,
	struct bs_secret **ret, struct bs_error *reterr)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *value = NULL;
	enum bs_code code = BS_OK;

	bs_crypt_hash_start(crypt, doc->meta.mac_only_encrypted);
	for (size_t i = 0; i < doc->leaf_count && !code; i++) {
		const struct bs_sops_leaf *leaf = &doc->leaves[i];
		BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *plain = NULL;

		if (leaf->state == BS_LEAF_ENCRYPTED || leaf->state == BS_LEAF_COMMENT) {
			code = bs_sops_open_leaf(
				crypt, doc, leaf, leaf->state == BS_LEAF_ENCRYPTED, &plain, reterr);
			if (!code && i == doc->value)
				value = BS_TAKE(plain);
		} else if (leaf->state == BS_LEAF_CLEAR && !doc->meta.mac_only_encrypted) {
			code = bs_sops_hash_clear(crypt, doc, leaf, style, reterr);
		}
	}
	if (!code && !value)
		code = bs_secret_new(0, &value, reterr);
	if (!code)
		*ret = BS_TAKE(value);
	return code;
}

static enum bs_code check_mac(struct bs_crypt *crypt, const struct bs_sops_doc *doc, struct bs_error *reterr)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *mac = NULL;
	const char *aad = doc->meta.mac_aad;
	const uint8_t *text = bs_crypt_mac_text(crypt);
	enum bs_code code = bs_secret_new(doc->meta.mac_enc.len, &mac, reterr);

	if (code)
		return code;
	if (bs_crypt_open(crypt, &doc->meta.mac_enc, aad, strlen(aad), false, bs_secret_data(mac)))
		return bs_error_set(reterr, BS_INTEGRITY,
			"the document's MAC does not authenticate: it or lastmodified was changed, or the "
			"key is wrong");
	if (bs_secret_len(mac) != BS_MAC_TEXT || sodium_memcmp(bs_secret_bytes(mac), text, BS_MAC_TEXT) != 0)
		return bs_error_set(reterr, BS_INTEGRITY,
			"the document's MAC is wrong: an entry was changed, added or removed");
	return BS_OK;
}

/* A number in clear which releases read in different ways (beyond 2^53, or -0). */
static bool has_odd_numbers(const struct bs_sops_doc *doc)
{
	for (size_t i = 0; i < doc->leaf_count; i++) {
		struct bs_json_value value = doc->tree.nodes[doc->leaves[i].node].value;
		char now[BS_NUMBER_MAX], before[BS_NUMBER_MAX];
		size_t len;

		if (value.kind != BS_JSON_NUMBER)
			continue;
		len = bs_number_text(doc->text + value.off, value.len, BS_NUMBER_INT_OR_FLOAT, now);
		if (len != bs_number_text(doc->text + value.off, value.len, BS_NUMBER_FLOAT, before) ||
			memcmp(now, before, len) != 0)
			return true;
	}
	return false;
}

enum bs_code bs_sops_decrypt(const struct bs_sops_doc *doc, const struct bs_secret *data_key,
	struct bs_secret **ret, struct bs_error *reterr)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *value = NULL;
	struct bs_crypt crypt;
	enum bs_code code;

	if (doc->needs_program)
		return bs_error_set(reterr, BS_NEED_SOPS, "the document needs sops (https://getsops.io/): %s",
			doc->needs_program);
	code = bs_crypt_init(&crypt, data_key, reterr);
	if (code)
		return code;
	code = walk(&crypt, doc, BS_NUMBER_INT_OR_FLOAT, &value, reterr);
	if (!code)
		code = check_mac(&crypt, doc, reterr);
	if (code == BS_INTEGRITY && value && has_odd_numbers(doc)) {
		value = bs_secret_free(value);
		code = walk(&crypt, doc, BS_NUMBER_FLOAT, &value, reterr);
		if (!code)
			code = check_mac(&crypt, doc, reterr);
	}
	bs_crypt_release(&crypt);
	if (!code)
		*ret = BS_TAKE(value);
	return code;
}
