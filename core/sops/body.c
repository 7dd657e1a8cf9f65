/*
 * body.c: the leaves of a document being written. A rewrite goes through the old document's nodes in file order: what
 * it does not know stays as it is, what is encrypted is encrypted again under the new key.
 */
#include "write.h"

#include <string.h>

#include <bus-secrets/cleanup.h>

/* An encrypted leaf; the empty string is never encrypted (specs/sops.md, section 4). */
static void put_encrypted(struct bs_writer *w, const struct bs_secret *plain, enum bs_enc_type type,
	const char *aad, size_t aad_len)
{
	bs_text_add_string(&w->out, "\"");
	if (bs_secret_len(plain))
		bs_crypt_seal(&w->crypt, bs_secret_bytes(plain), bs_secret_len(plain), type, aad, aad_len,
			type != BS_ENC_COMMENT, &w->out);
	bs_text_add_string(&w->out, "\"");
}

static void put_data(struct bs_writer *w)
{
	bs_text_add_string(&w->out, "\"data\":");
	put_encrypted(w, w->write->value, BS_ENC_STR, "data:", 5);
}

static void put_raw(struct bs_writer *w, const struct bs_tree_node *node)
{
	bs_text_add(&w->out, w->write->old->text + node->value.off, node->value.len);
}

static enum bs_code put_leaf(struct bs_writer *w, const struct bs_sops_leaf *leaf)
{
	const struct bs_sops_doc *old = w->write->old;
	const struct bs_tree_node *node = &old->tree.nodes[leaf->node];
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *plain = NULL;
	char aad[BS_TREE_PATH_MAX];
	size_t aad_len = bs_tree_path(&old->tree, leaf->node, aad);
	enum bs_code code;

	if (leaf == &old->leaves[old->value]) {
		put_encrypted(w, w->write->value, BS_ENC_STR, aad, aad_len);
		return BS_OK;
	}
	if (leaf->state == BS_LEAF_ENCRYPTED || leaf->state == BS_LEAF_COMMENT) {
		code = bs_sops_open_leaf(&w->old_crypt, old, leaf, false, &plain, w->reterr);
		if (!code)
			put_encrypted(w, plain, leaf->enc.type, aad, aad_len);
		return code;
	}
	put_raw(w, node);
	if (leaf->state == BS_LEAF_EMPTY)
		return BS_OK;
	w->has_clear = true;
	return old->meta.mac_only_encrypted
		       ? BS_OK
		       : bs_sops_hash_clear(&w->crypt, old, leaf, BS_NUMBER_INT_OR_FLOAT, w->reterr);
}

static char closing(const struct bs_tree_node *node)
{
	return node->value.kind == BS_JSON_OBJECT ? '}' : ']';
}

/* Behind an opening bracket stands no comma. */
static void put_comma(struct bs_writer *w)
{
	if (w->out.len && !strchr("{[", w->out.bytes[w->out.len - 1]))
		bs_text_add_string(&w->out, ",");
}

/* Closes containers until `node` is the innermost one that is open. */
static void close_down_to(struct bs_writer *w, size_t *open, size_t node)
{
	const struct bs_tree *tree = &w->write->old->tree;

	while (*open != node) {
		char bracket = closing(&tree->nodes[*open]);

		bs_text_add(&w->out, &bracket, 1);
		*open = tree->nodes[*open].parent;
	}
}

static enum bs_code put_node(struct bs_writer *w, size_t index, size_t *open, size_t *leaf)
{
	const struct bs_sops_doc *old = w->write->old;
	const struct bs_tree_node *node = &old->tree.nodes[index];
	bool is_leaf = *leaf < old->leaf_count && old->leaves[*leaf].node == index;
	const struct bs_sops_leaf *found = is_leaf ? &old->leaves[(*leaf)++] : NULL;
	bool is_value = is_leaf && found == &old->leaves[old->value];

	if (is_value && w->shape == BS_SHAPE_FRONT)
		return BS_OK;
	close_down_to(w, open, node->parent);
	put_comma(w);
	if (is_value && w->shape == BS_SHAPE_RENAMED) {
		put_data(w);
		return BS_OK;
	}
	if (node->key) {
		bs_text_add(&w->out, old->text + node->key_off, node->key_span);
		bs_text_add_string(&w->out, ":");
	}
	if (bs_tree_is_container(node)) {
		bs_text_add_string(&w->out, node->value.kind == BS_JSON_OBJECT ? "{" : "[");
		*open = index;
		return BS_OK;
	}
	if (is_leaf)
		return put_leaf(w, found);
	put_raw(w, node);
	return BS_OK;
}

enum bs_code bs_write_body(struct bs_writer *w)
{
	const struct bs_sops_doc *old = w->write->old;
	size_t open = 0, leaf = 0;
	enum bs_code code = BS_OK;

	bs_crypt_hash_start(&w->crypt, old && old->meta.mac_only_encrypted);
	bs_text_add_string(&w->out, "{");
	if (!old || w->shape == BS_SHAPE_FRONT)
		put_data(w);
	for (size_t i = 1; old && i < old->tree.count && !code; i++) {
		if (i == old->meta.node)
			i = old->tree.nodes[i].end - 1;
		else
			code = put_node(w, i, &open, &leaf);
		if (w->out.has_failed)
			return bs_error_set(w->reterr, BS_NO_MEMORY, "no memory for the document");
	}
	if (old)
		close_down_to(w, &open, 0);
	return code;
}
