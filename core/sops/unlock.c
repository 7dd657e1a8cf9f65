/* unlock.c: a document's data key out of its envelopes (specs/sops.md, section 8). */
#include "doc.h"

#include <string.h>

#include <bus-secrets/cleanup.h>

/* Whether the key opens the document's own MAC. */
static bool key_fits(const struct bs_sops_doc *doc, const struct bs_secret *key)
{
	struct bs_crypt crypt;
	uint8_t *mac;
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *room = NULL;
	bool fits;

	if (bs_secret_new(doc->meta.mac_enc.len, &room, NULL) || bs_crypt_init(&crypt, key, NULL))
		return false;
	mac = bs_secret_data(room);
	fits = !bs_crypt_open(
		&crypt, &doc->meta.mac_enc, doc->meta.mac_aad, strlen(doc->meta.mac_aad), false, mac);
	bs_crypt_release(&crypt);
	return fits;
}

static enum bs_code refuse(const struct bs_sops_doc *doc, struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) char *recipients = bs_strings_join(&doc->meta.recipients, ", ");
	BS_CLEANUP(bs_free_ptr) char *kinds = bs_strings_join(&doc->meta.foreign, ", ");

	if (doc->meta.foreign.count)
		return bs_error_set(reterr, BS_NEED_SOPS,
			"no identity at hand opens the document; its keys of kind %s need sops "
			"(https://getsops.io/)",
			kinds ? kinds : "?");
	return bs_error_set(reterr, BS_NO_MATCH,
		"no identity at hand opens the document, which is encrypted to %s",
		recipients && *recipients ? recipients : "keys without names");
}

/*
 * A broken envelope, one that is too large, and one that holds a key of the wrong length, is passed over. Too large is
 * what has more than a few entries, for each costs a multiplication with each identity: a document full of them would
 * keep a mount busy for minutes. One that holds another key could be planted in front of the good one to make the
 * document look damaged: so a key that does not open the MAC is kept only until a better one is found.
 */
enum bs_code bs_sops_unlock(const struct bs_sops_doc *doc, const struct bs_age_identities *ids,
	struct bs_secret **ret_data_key, struct bs_error *reterr)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *misfit = NULL;

	if (doc->meta.groups > 1)
		return bs_error_set(reterr, BS_NEED_SOPS, "the document needs sops (https://getsops.io/): %s",
			doc->needs_program);
	for (size_t i = 0; i < doc->meta.entry_count; i++) {
		const struct bs_sops_entry *entry = &doc->meta.entries[i];
		BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *key = NULL;

		if (!entry->enc || entry->enc_len > BS_SOPS_ENVELOPE_MAX ||
			bs_age_decrypt(entry->enc, entry->enc_len, ids, &key, NULL, NULL) ||
			bs_secret_len(key) != BS_DATA_KEY_BYTES)
			continue;
		if (key_fits(doc, key)) {
			*ret_data_key = BS_TAKE(key);
			return BS_OK;
		}
		if (!misfit)
			misfit = BS_TAKE(key);
	}
	if (!misfit)
		return refuse(doc, reterr);
	*ret_data_key = BS_TAKE(misfit);
	return BS_OK;
}
