/*
 * document.c: what a stored text is worth, told without a key.
 *
 * Layer: core/store.
 */
#include "store_private.h"
#include <string.h>

void bs_document_remedy(enum bs_scope scope, const char *name, char ret[static BS_REMEDY_MAX])
{
	(void)snprintf(ret, BS_REMEDY_MAX, "write it again: bus-secrets set %.*s --scope %s", BS_NAME_MAX,
		name, bs_scope_name(scope));
}

enum bs_code bs_document_fail(const struct bs_stored *stored, const char *name, const struct bs_error *why,
	const char *remedy, struct bs_error *reterr)
{
	(void)bs_error_set(reterr, why->code, "%s: secret %s: %s%s%s", stored->where, name, why->msg,
		remedy ? "; " : "", remedy ? remedy : "");
	if (reterr)
		reterr->sys_errno = why->sys_errno;
	return why->code;
}

enum bs_code bs_document_parse(
	const struct bs_stored *stored, const char *name, struct bs_sops_doc **ret, struct bs_error *reterr)
{
	struct bs_error why = stored->error;
	char remedy[BS_REMEDY_MAX];

	if (why.code == BS_OK && bs_sops_parse(stored->text, stored->len, ret, &why) == BS_OK)
		return BS_OK;
	bs_document_remedy(stored->layout->scope, name, remedy);
	if (why.code == BS_PLAINTEXT)
		(void)bs_error_set(&why, BS_PLAINTEXT, "the stored value is not an encrypted document");
	return bs_document_fail(stored, name, &why,
		why.code == BS_PLAINTEXT || why.code == BS_MALFORMED ? remedy : NULL, reterr);
}

bool bs_document_knows_identities(struct bs_store *store)
{
	bool has_identity = false;

	for (size_t i = 0; i < bs_keys_source_count(store->keys); i++) {
		struct bs_key_source source = {0};

		bs_keys_probe(store->keys, i, false, &source);
		if (source.state == BS_KEY_LOCKED || source.state == BS_KEY_UNREAD)
			return false;
		has_identity = has_identity || (source.state == BS_KEY_READY && source.identities);
	}
	return has_identity;
}

/*
 * Where sops has a say (other kinds of keys), only trying would tell; so such a document is never called
 * foreign.
 */
static bool is_foreign(struct bs_store *store, const struct bs_sops_doc *doc)
{
	const struct bs_strings *recipients = bs_sops_recipients(doc);

	if (bs_sops_other_kinds(doc)->count || bs_sops_needs_program(doc))
		return false;
	for (size_t i = 0; i < recipients->count; i++)
		if (bs_keys_fit(store->keys, recipients->items[i]))
			return false;
	return true;
}

enum bs_code bs_document_entry(struct bs_store *store, const struct bs_stored *stored, const char *name,
	const struct bs_sops_doc *doc, enum bs_code code, bool knows_identities, struct bs_store_entry *ret,
	struct bs_error *reterr)
{
	*ret = (struct bs_store_entry){.scope = stored->layout->scope};
	(void)snprintf(ret->name, sizeof(ret->name), "%s", name);
	if (!doc) {
		ret->state = code == BS_PLAINTEXT ? BS_ENTRY_PLAINTEXT : BS_ENTRY_MALFORMED;
		ret->size = stored->len;
		ret->version = bs_hash64(stored->text ? stored->text : "", stored->len, 1);
		return BS_OK;
	}
	ret->state = knows_identities && is_foreign(store, doc) ? BS_ENTRY_FOREIGN : BS_ENTRY_OK;
	ret->size = bs_sops_size(doc);
	ret->modified = bs_sops_modified(doc);
	ret->version = bs_sops_version(doc);
	return bs_strings_add_all(&ret->recipients, bs_sops_recipients(doc), reterr);
}
