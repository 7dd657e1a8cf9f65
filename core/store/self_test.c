/*
 * self_test.c: the whole way of a value, there and back, in memory.
 *
 * Layer: core/store.
 */
#include "store_private.h"
#include <string.h>
#include <time.h>

#define PROBE "bus-secrets self-test \xe2\x9c\x93 \x01"

static enum bs_code open_probe(const char *text, size_t len, const struct bs_age_identities *ids,
	struct bs_secret **ret, struct bs_error *reterr)
{
	BS_CLEANUP(bs_sops_free_ptr) struct bs_sops_doc *doc = NULL;
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *key = NULL;
	enum bs_code code = bs_sops_parse(text, len, &doc, reterr);

	if (code || (code = bs_sops_unlock(doc, ids, &key, reterr)))
		return code;
	return bs_sops_decrypt(doc, key, ret, reterr);
}

/* One letter of the ciphertext changed: nothing may come out. */
static enum bs_code check_damaged(
	char *text, size_t len, const struct bs_age_identities *ids, struct bs_error *reterr)
{
	static const char mark[] = "\"data\":\"ENC[AES256_GCM,data:";
	char *at = memmem(text, len, mark, sizeof(mark) - 1);
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *value = NULL;

	if (!at)
		return bs_error_set(
			reterr, BS_INTERNAL, "self-test: a document has not the form it should have");
	at[sizeof(mark) - 1] = at[sizeof(mark) - 1] == 'A' ? 'B' : 'A';
	if (open_probe(text, len, ids, &value, NULL) != BS_INTEGRITY)
		return bs_error_set(reterr, BS_INTERNAL, "self-test: a damaged document was not refused");
	return BS_OK;
}

enum bs_code bs_store_self_test(struct bs_error *reterr)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *value = NULL;
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *back = NULL;
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *line = NULL;
	BS_CLEANUP(bs_age_identities_free_ptr) struct bs_age_identities *ids = NULL;
	BS_CLEANUP(bs_strings_release) struct bs_strings recipients = {0};
	BS_CLEANUP(bs_free_ptr) char *recipient = NULL;
	BS_CLEANUP(bs_free_ptr) char *text = NULL;
	struct bs_sops_write write = {.recipients = &recipients, .now = time(NULL)};
	size_t len = 0, skipped = 0;
	enum bs_code code;

	if ((code = bs_secret_copy(PROBE, sizeof(PROBE), &value, reterr)) ||
		(code = bs_age_keygen(&line, &recipient, reterr)) ||
		(code = bs_age_identities_new(&ids, reterr)) ||
		(code = bs_age_identities_parse(ids, line, "self-test", &skipped, reterr)) ||
		(code = bs_strings_add(&recipients, recipient, reterr)))
		return code;
	write.value = value;
	if ((code = bs_sops_encrypt(&write, &text, &len, NULL, reterr)) ||
		(code = open_probe(text, len, ids, &back, reterr)))
		return code;
	if (!bs_secret_equal(value, back))
		return bs_error_set(reterr, BS_INTERNAL, "self-test: a value came back changed");
	return check_damaged(text, len, ids, reterr);
}
