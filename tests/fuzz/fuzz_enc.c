/*
 * fuzz_enc.c: any text as an encrypted value, and any bytes as the plaintext of each type. What the reader takes is
 * written back from its parts, byte for byte.
 */
#include "../../core/sops/b64.h"
#include "../../core/sops/crypt.h"
#include "../../core/sops/rfc3339.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
	if (!condition)
		abort();
}

/* Decodes and codes again: base64 has one form only. */
static void one_form(const char *text, size_t len)
{
	uint8_t *bytes = malloc(len);
	char *again = malloc(len);
	size_t count;

	must(bs_b64_check(text, len, &count) && bs_b64_coded_len(count) == len);
	must(bs_b64_decode(text, len, bytes) == count);
	bs_b64_encode(bytes, count, again);
	must(!memcmp(text, again, len));
	free(bytes);
	free(again);
}

static void open_it(const struct bs_enc *enc)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *key = NULL, *plain = NULL;
	struct bs_crypt crypt;

	must(bs_secret_new(32, &key, NULL) == BS_OK && bs_secret_new(enc->len, &plain, NULL) == BS_OK);
	for (uint8_t i = 0; i < 32; i++)
		bs_secret_data(key)[i] = i;
	must(bs_crypt_init(&crypt, key, NULL) == BS_OK);
	if (bs_crypt_open(&crypt, enc, "data:", 5, true, bs_secret_data(plain)))
		for (size_t i = 0; i < enc->len; i++)
			must(bs_secret_bytes(plain)[i] == 0);
	bs_crypt_release(&crypt);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Without a byte behind it, so that a sanitizer sees each read beyond the end. */
	char *text = malloc(size ? size : 1), stamp[BS_RFC3339_MAX];
	struct bs_enc enc;
	time_t when;

	memcpy(text, data, size);
	if (!bs_enc_parse(text, size, &enc)) {
		one_form(enc.data, enc.data_len);
		one_form(enc.iv, enc.iv_len);
		one_form(enc.tag, enc.tag_len);
		must(size == strlen("ENC[AES256_GCM,data:,iv:,tag:,type:]") + enc.data_len + enc.iv_len +
				     enc.tag_len + strlen(bs_enc_type_name(enc.type)));
		open_it(&enc);
	}
	for (int type = BS_ENC_STR; type <= BS_ENC_COMMENT; type++)
		(void)bs_enc_is_canonical((enum bs_enc_type)type, (const uint8_t *)text, size);
	if (bs_rfc3339_parse(text, size, stamp, &when))
		must(bs_rfc3339_parse(stamp, strlen(stamp), stamp, &when));
	free(text);
	return 0;
}
