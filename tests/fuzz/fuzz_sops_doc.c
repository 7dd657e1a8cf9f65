/*
 * fuzz_sops_doc.c: any text as a document. What is taken has one value, whose size was foretold; what decrypts under
 * the key 00 01 .. 1f (the kept inputs do) can be written again, and gives the same value then.
 */
#include "../../core/sops/sops.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define RECIPIENT "age1xmwwc06ly3ee5rytxm9mflaz2u56jjj36s0mypdrwsvlul66mv4q47ryef"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
	if (!condition)
		abort();
}

static struct bs_secret *key(void)
{
	struct bs_secret *secret = NULL;

	must(bs_secret_new(BS_DATA_KEY_BYTES, &secret, NULL) == BS_OK);
	for (uint8_t i = 0; i < BS_DATA_KEY_BYTES; i++)
		bs_secret_data(secret)[i] = i;
	return secret;
}

static void rewrite(
	const struct bs_sops_doc *doc, const struct bs_secret *old_key, const struct bs_secret *value)
{
	BS_CLEANUP(bs_strings_release) struct bs_strings recipients = {0};
	BS_CLEANUP(bs_sops_free_ptr) struct bs_sops_doc *again = NULL;
	BS_CLEANUP(bs_free_ptr) char *text = NULL;
	struct bs_sops_write write = {
		.value = value, .recipients = &recipients, .old = doc, .old_key = old_key};
	size_t len = 0;
	enum bs_code code;

	must(bs_strings_add(&recipients, RECIPIENT, NULL) == BS_OK);
	code = bs_sops_encrypt(&write, &text, &len, NULL, NULL);
	must(code == BS_OK || code == BS_UNSUPPORTED);
	if (code)
		return;
	must(!memchr(text, '\n', len) && strlen(text) == len);
	must(bs_sops_parse(text, len, &again, NULL) == BS_OK);
	must(bs_sops_size(again) == bs_secret_len(value));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	BS_CLEANUP(bs_sops_free_ptr) struct bs_sops_doc *doc = NULL;
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *data_key = NULL, *value = NULL;
	struct bs_error err = {0};
	enum bs_code code = bs_sops_parse((const char *)data, size, &doc, &err);

	must(code == BS_OK || ((code == BS_PLAINTEXT || code == BS_MALFORMED) && err.msg[0]));
	if (code)
		return 0;
	data_key = key();
	code = bs_sops_decrypt(doc, data_key, &value, &err);
	must(code == BS_OK || code == BS_INTEGRITY || code == BS_MALFORMED || code == BS_NEED_SOPS);
	must((code == BS_NEED_SOPS) == (bs_sops_needs_program(doc) != NULL));
	must(bs_sops_extract_path(doc) && bs_sops_lastmodified(doc) && bs_sops_modified(doc).tv_nsec >= 0);
	if (code)
		return 0;
	must(bs_secret_len(value) == bs_sops_size(doc));
	rewrite(doc, data_key, value);
	return 0;
}
