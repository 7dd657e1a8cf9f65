#include "doc.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <bus-secrets/cleanup.h>

/*
 * What is no document at all is a value that somebody stored in clear: it is neither kept nor quoted. A text that was
 * a document once (cut off, or with a merge's markers in it) is called damaged instead, with the place.
 */
static enum bs_code judge_text(
	const char *text, size_t len, struct bs_json_value *ret_root, struct bs_error *reterr)
{
	bool was_document = memmem(text, len, "ENC[AES256_GCM,", 15) != NULL;
	struct bs_error why = {0};
	enum bs_code code = bs_json_check(text, len, ret_root, &why);

	if (code && code != BS_MALFORMED)
		return bs_error_set(reterr, code, "%s", why.msg);
	if (code && was_document)
		return bs_error_set(reterr, BS_MALFORMED, "the document is damaged: %s", why.msg);
	if (code || ret_root->kind != BS_JSON_OBJECT)
		return bs_error_set(reterr, BS_PLAINTEXT,
			"the stored value is not an encrypted document; write it again with bus-secrets set");
	if (ret_root->off && !memcmp(text, "\xef\xbb\xbf", 3))
		return bs_error_set(reterr, BS_MALFORMED, "the document begins with a byte order mark");
	return BS_OK;
}

/* sops also takes `SOPS` for its metadata: then it would read another document than we. */
static enum bs_code refuse_lookalike(const struct bs_tree *tree, struct bs_error *reterr)
{
	for (size_t i = 1; i < tree->count; i = tree->nodes[i].end) {
		const struct bs_tree_node *node = &tree->nodes[i];

		if (node->key_len == 4 && !strncasecmp(node->key, "sops", 4) &&
			memcmp(node->key, "sops", 4) != 0)
			return bs_error_set(
				reterr, BS_MALFORMED, "the document has sops in other letters, too");
	}
	return BS_OK;
}

static enum bs_code find_metadata(struct bs_sops_doc *doc, struct bs_error *reterr)
{
	size_t node = bs_tree_child(&doc->tree, 0, "sops");
	enum bs_code code;

	if (node == BS_TREE_NONE || doc->tree.nodes[node].value.kind != BS_JSON_OBJECT)
		return bs_error_set(reterr, BS_PLAINTEXT,
			"the stored value is not an encrypted document; write it again with bus-secrets set");
	code = bs_tree_refuse_doubles(&doc->tree, reterr);
	if (!code)
		code = refuse_lookalike(&doc->tree, reterr);
	if (code)
		return code;
	return bs_sops_metadata_parse(&doc->tree, node, &doc->meta, reterr);
}

static enum bs_code set_needs(struct bs_sops_doc *doc, struct bs_error *reterr)
{
	int len = 0;

	if (doc->meta.groups > 1)
		len = asprintf(&doc->needs_program, "it needs %zu of %zu key groups (Shamir)",
			doc->meta.groups_needed, doc->meta.groups);
	else if (doc->meta.rule == BS_RULE_EXPRESSION)
		len = asprintf(
			&doc->needs_program, "its rule %s is a regular expression", doc->meta.rule_field);
	if (len < 0) {
		doc->needs_program = NULL;
		return bs_error_set(reterr, BS_NO_MEMORY, "no memory for the document");
	}
	return BS_OK;
}

enum bs_code bs_sops_parse(const char *text, size_t len, struct bs_sops_doc **ret, struct bs_error *reterr)
{
	BS_CLEANUP(bs_sops_free_ptr) struct bs_sops_doc *doc = NULL;
	struct bs_json_value root;
	enum bs_code code = judge_text(text, len, &root, reterr);

	if (code)
		return code;
	doc = calloc(1, sizeof(*doc));
	if (doc)
		doc->text = malloc(len + 1);
	if (!doc || !doc->text)
		return bs_error_set(reterr, BS_NO_MEMORY, "no memory for the document");
	memcpy(doc->text, text, len);
	doc->text[len] = '\0';
	doc->len = len;
	code = bs_tree_build(doc->text, root, &doc->tree, reterr);
	if (!code)
		code = find_metadata(doc, reterr);
	if (!code)
		code = set_needs(doc, reterr);
	if (!code)
		code = bs_sops_judge(doc, reterr);
	/* A value in clear is none of our business: leave no copy of it. */
	if (code == BS_PLAINTEXT)
		sodium_memzero(doc->text, len);
	if (!code)
		*ret = BS_TAKE(doc);
	return code;
}

struct bs_sops_doc *bs_sops_free(struct bs_sops_doc *doc)
{
	if (!doc)
		return NULL;
	for (size_t i = 0; i < doc->leaf_count; i++)
		free(doc->leaves[i].owned_text);
	free(doc->leaves);
	bs_sops_metadata_release(&doc->meta);
	bs_tree_release(&doc->tree);
	free(doc->extract_path);
	free(doc->needs_program);
	free(doc->text);
	free(doc);
	return NULL;
}

uint64_t bs_sops_size(const struct bs_sops_doc *doc)
{
	const struct bs_sops_leaf *leaf = &doc->leaves[doc->value];

	return leaf->state == BS_LEAF_ENCRYPTED ? leaf->enc.len : 0;
}

const char *bs_sops_lastmodified(const struct bs_sops_doc *doc)
{
	return doc->meta.lastmodified;
}

/* The format has whole seconds only; two writes within one must still differ. */
struct timespec bs_sops_modified(const struct bs_sops_doc *doc)
{
	return (struct timespec){
		.tv_sec = doc->meta.modified,
		.tv_nsec = (long)(bs_sops_version(doc) % 1000000000),
	};
}

/* Tells versions of one document apart; nothing is proven by it, so the key is no secret. */
uint64_t bs_sops_version(const struct bs_sops_doc *doc)
{
	static const uint8_t key[crypto_shorthash_KEYBYTES] = "bus-secrets vers";
	uint8_t hash[crypto_shorthash_BYTES];
	uint64_t number;

	(void)crypto_shorthash(hash, (const uint8_t *)doc->text, doc->len, key);
	memcpy(&number, hash, sizeof(number));
	return number;
}

void bs_sops_mac_hash(const struct bs_sops_doc *doc, char ret[static BS_MAC_HASH_HEX])
{
	uint8_t hash[crypto_hash_sha256_BYTES];

	(void)crypto_hash_sha256(hash, (const uint8_t *)doc->meta.mac, strlen(doc->meta.mac));
	(void)sodium_bin2hex(ret, BS_MAC_HASH_HEX, hash, sizeof(hash));
}

const struct bs_strings *bs_sops_recipients(const struct bs_sops_doc *doc)
{
	return &doc->meta.recipients;
}

const struct bs_strings *bs_sops_other_kinds(const struct bs_sops_doc *doc)
{
	return &doc->meta.foreign;
}

const char *bs_sops_needs_program(const struct bs_sops_doc *doc)
{
	return doc->needs_program;
}

const char *bs_sops_extract_path(const struct bs_sops_doc *doc)
{
	return doc->extract_path;
}

bool bs_sops_is_binary(const struct bs_sops_doc *doc)
{
	return !strcmp(doc->extract_path, "data");
}
