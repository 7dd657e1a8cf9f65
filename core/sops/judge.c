/*
 * judge.c: which leaves are encrypted, and which of them is the value (specs/sops.md, sections 4, 5 and 14).
 *
 * Whoever can write a stored document can add members to it without breaking its MAC: an empty string enters no hash.
 * So emptiness is believed only where nothing else is encrypted, and a document that could be understood in two ways
 * is refused.
 */
#include "doc.h"

#include <stdlib.h>
#include <string.h>

bool bs_sops_rule_encrypts(const struct bs_sops_metadata *meta, const char *key, size_t key_len)
{
	bool ends = key_len >= meta->suffix_len &&
		    !memcmp(key + key_len - meta->suffix_len, meta->suffix, meta->suffix_len);

	return meta->rule == BS_RULE_ENCRYPTED_SUFFIX ? ends : !ends;
}

/* For each node whether the rule's suffix ends a key on its path. */
static bool *mark_suffixes(const struct bs_sops_doc *doc)
{
	bool *marks = calloc(doc->tree.count, sizeof(*marks));

	for (size_t i = 1; marks && i < doc->tree.count; i++) {
		const struct bs_tree_node *node = &doc->tree.nodes[i];

		marks[i] = marks[node->parent] ||
			   (node->key && bs_sops_rule_encrypts(&doc->meta, node->key, node->key_len) ==
						 (doc->meta.rule == BS_RULE_ENCRYPTED_SUFFIX));
	}
	return marks;
}

static enum bs_code refuse_leaf(
	const struct bs_sops_doc *doc, size_t node, const char *what, struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) char *path = bs_tree_extract_path(&doc->tree, node);

	return bs_error_set(reterr, BS_MALFORMED, "the document's entry %s %s", path ? path : "?", what);
}

/* The string's text: where it stands, or decoded if it has escapes. */
static enum bs_code leaf_text(const struct bs_sops_doc *doc, struct bs_sops_leaf *leaf, const char **ret,
	size_t *ret_len, struct bs_error *reterr)
{
	struct bs_json_value value = doc->tree.nodes[leaf->node].value;
	enum bs_code code;

	*ret = doc->text + value.off + 1;
	*ret_len = value.len - 2;
	if (!doc->tree.nodes[leaf->node].is_escaped)
		return BS_OK;
	code = bs_json_string_decode(doc->text, value, &leaf->owned_text, ret_len, reterr);
	*ret = leaf->owned_text;
	return code;
}

/*
 * A string where the rule encrypts. If the rule is an expression, only sops knows the places: then whatever looks
 * encrypted is taken for it.
 */
static enum bs_code judge_string(
	const struct bs_sops_doc *doc, struct bs_sops_leaf *leaf, struct bs_error *reterr)
{
	bool is_sure = doc->meta.rule != BS_RULE_EXPRESSION;
	const char *text, *wrong;
	size_t len;
	enum bs_code code = leaf_text(doc, leaf, &text, &len, reterr);
	char what[160];

	if (code)
		return code;
	leaf->state = len ? BS_LEAF_ENCRYPTED : BS_LEAF_EMPTY;
	wrong = len ? bs_enc_parse(text, len, &leaf->enc) : NULL;
	if (!wrong) {
		if (len && leaf->enc.type == BS_ENC_COMMENT)
			leaf->state = BS_LEAF_COMMENT;
		return BS_OK;
	}
	leaf->state = BS_LEAF_CLEAR;
	if (!is_sure)
		return BS_OK;
	if (!bs_enc_is_meant(text, len))
		return refuse_leaf(doc, leaf->node, "stands in clear where it should be encrypted", reterr);
	(void)snprintf(what, sizeof(what), "is no valid encrypted value: %s", wrong);
	return refuse_leaf(doc, leaf->node, what, reterr);
}

static enum bs_code add_leaf(struct bs_sops_doc *doc, size_t node, bool is_encrypted, struct bs_error *reterr)
{
	enum bs_json_kind kind = doc->tree.nodes[node].value.kind;
	struct bs_sops_leaf *leaf = &doc->leaves[doc->leaf_count++];
	enum bs_code code = BS_OK;

	*leaf = (struct bs_sops_leaf){.node = node, .state = BS_LEAF_CLEAR};
	if (kind != BS_JSON_STRING) {
		if (is_encrypted && doc->meta.rule != BS_RULE_EXPRESSION)
			return refuse_leaf(doc, node, "stands in clear where it should be encrypted", reterr);
		return BS_OK;
	}
	if (is_encrypted) {
		code = judge_string(doc, leaf, reterr);
	} else {
		const char *text;
		size_t len;

		code = leaf_text(doc, leaf, &text, &len, reterr);
	}
	doc->encrypted_count += leaf->state == BS_LEAF_ENCRYPTED || leaf->state == BS_LEAF_COMMENT;
	return code;
}

static enum bs_code collect(struct bs_sops_doc *doc, struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) bool *marks = mark_suffixes(doc);
	const struct bs_tree *tree = &doc->tree;
	bool marked_are_encrypted = doc->meta.rule == BS_RULE_ENCRYPTED_SUFFIX;

	doc->leaves = calloc(tree->count, sizeof(*doc->leaves));
	if (!doc->leaves || !marks)
		return bs_error_set(reterr, BS_NO_MEMORY, "no memory for the document");
	for (size_t i = 1; i < tree->count; i++) {
		enum bs_code code;

		if (i == doc->meta.node) {
			i = tree->nodes[i].end - 1;
			continue;
		}
		if (bs_tree_is_container(&tree->nodes[i]) || tree->nodes[i].value.kind == BS_JSON_NULL)
			continue;
		code = add_leaf(doc, i,
			doc->meta.rule == BS_RULE_EXPRESSION || marks[i] == marked_are_encrypted, reterr);
		if (code)
			return code;
	}
	return BS_OK;
}

/* Names the leaves of one state, for a person to choose among them. */
static enum bs_code refuse_several(
	const struct bs_sops_doc *doc, enum bs_leaf_state state, struct bs_error *reterr)
{
	struct bs_strings names = {0};
	BS_CLEANUP(bs_free_ptr) char *joined = NULL;
	size_t named = 0;

	for (size_t i = 0; i < doc->leaf_count && named < 8; i++) {
		BS_CLEANUP(bs_free_ptr) char *path = NULL;

		if (doc->leaves[i].state != state)
			continue;
		path = bs_tree_extract_path(&doc->tree, doc->leaves[i].node);
		if (path && !bs_strings_add(&names, path, NULL))
			named++;
	}
	joined = bs_strings_join(&names, ", ");
	bs_strings_release(&names);
	return bs_error_set(reterr, BS_MALFORMED, "the document has several values and none named data: %s",
		joined ? joined : "?");
}

/* The leaf at the top under this name, whatever its kind; NULL if there is none or it is a container or null. */
static const struct bs_sops_leaf *top_leaf(const struct bs_sops_doc *doc, const char *key)
{
	size_t node = bs_tree_child(&doc->tree, 0, key);

	for (size_t i = 0; node != BS_TREE_NONE && i < doc->leaf_count; i++) {
		if (doc->leaves[i].node == node)
			return &doc->leaves[i];
	}
	return NULL;
}

static bool is_empty_string(const struct bs_sops_doc *doc, const struct bs_sops_leaf *leaf)
{
	const struct bs_json_value *value = &doc->tree.nodes[leaf->node].value;

	return value->kind == BS_JSON_STRING && value->len == 2;
}

static enum bs_code refuse_planted(const struct bs_sops_doc *doc, struct bs_error *reterr)
{
	static const char *const names[] = {"data", "value"};
	size_t data = bs_tree_child(&doc->tree, 0, "data");

	if (data != BS_TREE_NONE && doc->tree.nodes[data].value.kind == BS_JSON_NULL)
		return refuse_leaf(doc, data, "is null", reterr);
	for (size_t i = 0; doc->encrypted_count && i < 2; i++) {
		const struct bs_sops_leaf *leaf = top_leaf(doc, names[i]);

		if (leaf && is_empty_string(doc, leaf))
			return refuse_leaf(doc, leaf->node,
				"is empty beside an encrypted one: somebody may have put it there", reterr);
	}
	return BS_OK;
}

/* The only leaf of that state. */
static enum bs_code only(struct bs_sops_doc *doc, enum bs_leaf_state state, struct bs_error *reterr)
{
	size_t count = 0;

	for (size_t i = 0; i < doc->leaf_count; i++) {
		if (doc->leaves[i].state != state)
			continue;
		doc->value = i;
		count++;
	}
	if (count > 1)
		return refuse_several(doc, state, reterr);
	if (!count)
		return bs_error_set(reterr, BS_MALFORMED, "the document has no encrypted value");
	return BS_OK;
}

static enum bs_code choose(struct bs_sops_doc *doc, struct bs_error *reterr)
{
	const struct bs_sops_leaf *data = top_leaf(doc, "data");
	enum bs_leaf_state wanted = doc->encrypted_count ? BS_LEAF_ENCRYPTED : BS_LEAF_EMPTY;
	enum bs_code code = refuse_planted(doc, reterr);

	if (code)
		return code;
	if (!data || data->state != wanted)
		return only(doc, wanted, reterr);
	doc->value = (size_t)(data - doc->leaves);
	return BS_OK;
}

static enum bs_code set_extract_path(struct bs_sops_doc *doc, struct bs_error *reterr)
{
	size_t node = doc->leaves[doc->value].node;
	const struct bs_tree_node *n = &doc->tree.nodes[node];
	bool is_top = n->parent == 0;

	if (is_top && bs_tree_key_is(n, "data"))
		doc->extract_path = strdup("data");
	else if (is_top && bs_tree_key_is(n, "value"))
		doc->extract_path = strdup("value");
	else
		doc->extract_path = bs_tree_extract_path(&doc->tree, node);
	return doc->extract_path ? BS_OK : bs_error_set(reterr, BS_NO_MEMORY, "no memory for the document");
}

enum bs_code bs_sops_judge(struct bs_sops_doc *doc, struct bs_error *reterr)
{
	enum bs_code code = collect(doc, reterr);

	if (!code)
		code = choose(doc, reterr);
	if (!code)
		code = set_extract_path(doc, reterr);
	return code;
}
