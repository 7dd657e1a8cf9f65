/* encrypt.c: from a plaintext to a file, for recipients or for a passphrase. */
#include "armor.h"
#include "kdf.h"
#include "recipient.h"
#include "stream.h"
#include <sodium.h>
#include <string.h>

struct work {
	struct bs_kdf kdf;
	uint8_t file_key[BS_AGE_FILE_KEY_BYTES];
	uint8_t mac_key[BS_KDF_BYTES];
};

/* Who the file is for: parsed, and the file key wrapped for each. */
struct audience {
	struct bs_age_recipient *recipients;
	struct bs_age_wrapped *wrapped;
	struct bs_age_stanza *stanzas;
	size_t count;
};

static void audience_release(struct audience *audience)
{
	free(audience->recipients);
	free(audience->wrapped);
	free(audience->stanzas);
}

static enum bs_code audience_read(struct audience *audience, const struct bs_strings *recipients,
	const struct bs_secret *passphrase, struct bs_error *reterr)
{
	bool is_passphrase = passphrase != NULL, is_list = recipients && recipients->count;

	if (is_passphrase == is_list)
		return bs_error_set(reterr, BS_USAGE, "encryption wants recipients or a passphrase, not %s",
			is_list ? "both" : "neither");
	if (is_passphrase && !bs_secret_len(passphrase))
		return bs_error_set(reterr, BS_USAGE, "the passphrase is empty");
	audience->count = is_list ? recipients->count : 1;
	audience->recipients = calloc(audience->count, sizeof(*audience->recipients));
	audience->wrapped = calloc(audience->count, sizeof(*audience->wrapped));
	audience->stanzas = calloc(audience->count, sizeof(*audience->stanzas));
	if (!audience->recipients || !audience->wrapped || !audience->stanzas)
		return bs_error_set(reterr, BS_NO_MEMORY, "no memory for %zu recipients", audience->count);
	if (is_passphrase) {
		audience->recipients[0] =
			(struct bs_age_recipient){.row = &bs_age_scrypt, .passphrase = passphrase};
		return BS_OK;
	}
	for (size_t i = 0; i < audience->count; i++) {
		enum bs_code code =
			bs_age_recipient_read(recipients->items[i], &audience->recipients[i], reterr);

		if (code)
			return code;
	}
	return BS_OK;
}

static enum bs_code audience_wrap(struct audience *audience,
	const uint8_t file_key[static BS_AGE_FILE_KEY_BYTES], struct bs_error *reterr)
{
	for (size_t i = 0; i < audience->count; i++) {
		const struct bs_age_recipient *recipient = &audience->recipients[i];
		struct bs_age_wrapped *wrapped = &audience->wrapped[i];
		enum bs_code code = recipient->row->wrap(recipient, file_key, wrapped, reterr);

		if (code)
			return code;
		audience->stanzas[i] = (struct bs_age_stanza){
			.line = wrapped->line,
			.line_len = strlen(wrapped->line),
			.body = wrapped->body,
			.body_len = sizeof(wrapped->body),
		};
	}
	return BS_OK;
}

/* Header, nonce and payload in one piece on the heap, with a NUL behind it. */
static enum bs_code write_file(const struct audience *audience, struct work *w,
	const struct bs_secret *plaintext, uint8_t **ret, size_t *ret_len, struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) uint8_t *file = NULL;
	uint8_t mac[BS_AGE_MAC_BYTES], *nonce;
	size_t sealed_len = bs_age_stream_sealed_len(bs_secret_len(plaintext)), len;
	enum bs_code code = bs_age_header_write(audience->stanzas, audience->count,
		BS_AGE_STREAM_NONCE_BYTES + sealed_len, &file, &len, reterr);

	if (code)
		return code;
	bs_kdf_hkdf(&w->kdf, w->file_key, sizeof(w->file_key), NULL, 0, "header", w->mac_key);
	bs_kdf_hmac(&w->kdf, w->mac_key, file, len, mac);
	bs_age_header_write_mac(mac, file + len);
	len += BS_AGE_MAC_LINE_REST;
	nonce = file + len;
	randombytes_buf(nonce, BS_AGE_STREAM_NONCE_BYTES);
	len += BS_AGE_STREAM_NONCE_BYTES;
	code = bs_age_stream_seal(
		w->file_key, nonce, bs_secret_bytes(plaintext), bs_secret_len(plaintext), file + len, reterr);
	if (code)
		return code;
	len += sealed_len;
	file[len] = '\0';
	*ret = BS_TAKE(file);
	*ret_len = len;
	return BS_OK;
}

enum bs_code bs_age_encrypt(const struct bs_strings *recipients, const struct bs_secret *passphrase,
	const struct bs_secret *plaintext, bool armor, char **ret, size_t *ret_len, struct bs_error *reterr)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *memory = NULL;
	BS_CLEANUP(audience_release) struct audience audience = {0};
	BS_CLEANUP(bs_free_ptr) uint8_t *file = NULL;
	struct work *w;
	size_t len;
	enum bs_code code;

	if (sodium_init() < 0)
		return bs_error_set(reterr, BS_INTERNAL, "libsodium cannot be initialised");
	code = audience_read(&audience, recipients, passphrase, reterr);
	if (!code)
		code = bs_secret_new(sizeof(*w), &memory, reterr);
	if (code)
		return code;
	w = (void *)bs_secret_data(memory);
	randombytes_buf(w->file_key, sizeof(w->file_key));
	code = audience_wrap(&audience, w->file_key, reterr);
	if (!code)
		code = write_file(&audience, w, plaintext, &file, &len, reterr);
	if (code)
		return code;
	if (armor)
		return bs_age_armor_seal(file, len, ret, ret_len, reterr);
	*ret = (char *)BS_TAKE(file);
	*ret_len = len;
	return BS_OK;
}
