#include "write.h"

#include <sodium.h>
#include <string.h>

#include <bus-secrets/cleanup.h>

#define DELETE_FIRST "; delete it first, or change it with sops"

static bool keeps(const struct bs_sops_doc *old, const char *recipient)
{
	for (size_t i = 0; old && i < old->meta.entry_count; i++) {
		const struct bs_sops_entry *entry = &old->meta.entries[i];

		if (entry->foreign && entry->recipient && !strcmp(entry->recipient, recipient))
			return true;
	}
	return false;
}

/* Doubles go. A recipient of a kind that we cannot wrap for is fine where its envelope stays. */
static enum bs_code choose_recipients(struct bs_writer *w)
{
	const struct bs_strings *wanted = w->write->recipients;
	const struct bs_sops_doc *old = w->write->old;
	enum bs_code code = BS_OK;

	if (old)
		code = bs_strings_add_all(&w->kept, &old->meta.foreign, w->reterr);
	for (size_t i = 0; !code && wanted && i < wanted->count; i++) {
		enum bs_age_kind kind = bs_age_recipient_kind(wanted->items[i]);

		if (bs_age_kind_is_native(kind))
			code = bs_strings_add_once(&w->recipients, wanted->items[i], w->reterr);
		else if (!keeps(old, wanted->items[i]))
			code = bs_error_set(w->reterr, BS_POLICY, "cannot encrypt to %s: a key of kind %s",
				wanted->items[i], bs_age_kind_name(kind));
	}
	if (!code && !w->recipients.count && !w->kept.count)
		code = bs_error_set(w->reterr, BS_POLICY, "no recipient to encrypt to");
	return code;
}

static size_t empty_count(const struct bs_sops_doc *doc)
{
	size_t count = 0;

	for (size_t i = 0; i < doc->leaf_count; i++)
		count += doc->leaves[i].state == BS_LEAF_EMPTY;
	return count;
}

/*
 * A value that is no text can only stand as `data`: everywhere else sops would print it mangled. An empty one can
 * stand elsewhere only if nothing else could be taken for it.
 */
static enum bs_code choose_shape(struct bs_writer *w)
{
	const struct bs_sops_doc *old = w->write->old;
	const struct bs_sops_leaf *leaf = old ? &old->leaves[old->value] : NULL;
	bool is_empty = !bs_secret_len(w->write->value);

	if (!old)
		return BS_OK;
	if (is_empty && old->encrypted_count > (leaf->state == BS_LEAF_ENCRYPTED))
		return bs_error_set(w->reterr, BS_UNSUPPORTED,
			"an empty value cannot stand beside the document's other encrypted "
			"entries" DELETE_FIRST);
	if (bs_sops_is_binary(old))
		return BS_OK;
	if (bs_secret_is_text(w->write->value) &&
		(!is_empty || empty_count(old) == (leaf->state == BS_LEAF_EMPTY)))
		return BS_OK;
	if (bs_tree_child(&old->tree, 0, "data") != BS_TREE_NONE ||
		!bs_sops_rule_encrypts(&old->meta, "data", 4))
		return bs_error_set(w->reterr, BS_UNSUPPORTED,
			"the document's form cannot hold a value that is no text" DELETE_FIRST);
	w->shape = old->tree.nodes[leaf->node].parent == 0 ? BS_SHAPE_RENAMED : BS_SHAPE_FRONT;
	return BS_OK;
}

/*
 * The old document's neighbours get a new MAC: they must have been right under the old one, or a planted entry would
 * become an honest one.
 */
static enum bs_code open_old(struct bs_writer *w)
{
	const struct bs_sops_write *write = w->write;
	const struct bs_sops_doc *old = write->old;
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *value = NULL;
	bool needs_key;
	enum bs_code code;

	if (!old)
		return BS_OK;
	if (old->needs_program)
		return bs_error_set(w->reterr, BS_NEED_SOPS,
			"the document cannot be rewritten here: %s" DELETE_FIRST, old->needs_program);
	needs_key =
		w->kept.count || old->encrypted_count > (old->leaves[old->value].state == BS_LEAF_ENCRYPTED);
	if (needs_key && !write->old_key)
		return bs_error_set(w->reterr, w->kept.count ? BS_NEED_SOPS : BS_NO_MATCH,
			"the document has entries or keys that stay, and nothing at hand opens "
			"them" DELETE_FIRST);
	if (!write->old_key || (!needs_key && old->leaf_count == 1))
		return BS_OK;
	code = bs_sops_decrypt(old, write->old_key, &value, w->reterr);
	return code ? code : bs_crypt_init(&w->old_crypt, write->old_key, w->reterr);
}

static enum bs_code make_key(struct bs_writer *w)
{
	enum bs_code code = bs_secret_new(BS_DATA_KEY_BYTES, &w->data_key, w->reterr);

	if (code)
		return code;
	if (!w->kept.count)
		randombytes_buf(bs_secret_data(w->data_key), BS_DATA_KEY_BYTES);
	else if (bs_secret_len(w->write->old_key) == BS_DATA_KEY_BYTES)
		memcpy(bs_secret_data(w->data_key), bs_secret_bytes(w->write->old_key), BS_DATA_KEY_BYTES);
	return bs_crypt_init(&w->crypt, w->data_key, w->reterr);
}

static enum bs_code produce(struct bs_writer *w)
{
	enum bs_code code = choose_recipients(w);

	if (!code)
		code = open_old(w);
	if (!code)
		code = choose_shape(w);
	if (!code)
		code = make_key(w);
	if (!code)
		code = bs_write_body(w);
	if (code)
		return code;
	bs_text_add_string(&w->out, ",\"sops\":");
	code = bs_write_metadata(w);
	bs_text_add_string(&w->out, "}");
	return code;
}

/* What we would refuse to read, we do not write: as where a neighbour's name gets a meaning only by the new value. */
static enum bs_code check_result(const struct bs_writer *w)
{
	BS_CLEANUP(bs_sops_free_ptr) struct bs_sops_doc *doc = NULL;
	struct bs_error why = {0};

	if (!bs_sops_parse(w->out.bytes, w->out.len, &doc, &why) &&
		bs_sops_size(doc) == bs_secret_len(w->write->value))
		return BS_OK;
	return bs_error_set(w->reterr, w->write->old ? BS_UNSUPPORTED : BS_INTERNAL,
		"the document's form cannot hold this value (%s)" DELETE_FIRST, why.msg);
}

static void release(struct bs_writer *w)
{
	bs_crypt_release(&w->crypt);
	bs_crypt_release(&w->old_crypt);
	bs_strings_release(&w->recipients);
	bs_strings_release(&w->kept);
	w->data_key = bs_secret_free(w->data_key);
	bs_text_release(&w->out);
}

enum bs_code bs_sops_encrypt(const struct bs_sops_write *write, char **ret, size_t *ret_len,
	struct bs_strings *ret_kept, struct bs_error *reterr)
{
	struct bs_writer w = {.write = write, .reterr = reterr};
	enum bs_code code = produce(&w);

	if (!code && w.out.has_failed)
		code = bs_error_set(reterr, BS_NO_MEMORY, "no memory for the document");
	if (!code)
		code = check_result(&w);
	if (!code && ret_kept)
		code = bs_strings_add_all(ret_kept, &w.kept, reterr);
	if (!code) {
		*ret_len = w.out.len;
		*ret = BS_TAKE(w.out.bytes);
	}
	release(&w);
	return code;
}
