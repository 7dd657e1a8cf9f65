#include "crypt.h"

#include "b64.h"

#include <nettle/gcm.h>
#include <sodium.h>
#include <string.h>

/* A piece that stays in the processor's nearest memory: whole AES blocks, whole base64 groups. */
#define PIECE ((size_t)12288)
#define PIECE_CODED (PIECE / 3 * 4)

struct bs_crypt_state {
	struct gcm_aes256_ctx gcm;
	crypto_hash_sha512_state hash;
	uint8_t digest[crypto_hash_sha512_BYTES];
	uint8_t mac_text[BS_MAC_TEXT];
};

enum bs_code bs_crypt_init(struct bs_crypt *crypt, const struct bs_secret *key, struct bs_error *reterr)
{
	enum bs_code code;
	void *state;

	if (bs_secret_len(key) != AES256_KEY_SIZE)
		return bs_error_set(reterr, BS_INTERNAL, "a data key that has not 32 bytes");
	code = bs_secret_new(sizeof(*crypt->state), &crypt->storage, reterr);
	if (code)
		return code;
	state = bs_secret_data(crypt->storage);
	crypt->state = state;
	gcm_aes256_set_key(&crypt->state->gcm, bs_secret_bytes(key));
	bs_crypt_hash_start(crypt, false);
	return BS_OK;
}

void bs_crypt_release(struct bs_crypt *crypt)
{
	crypt->storage = bs_secret_free(crypt->storage);
	crypt->state = NULL;
}

void bs_crypt_hash_start(struct bs_crypt *crypt, bool encrypted_only)
{
	uint8_t prefix[crypto_hash_sha256_BYTES];

	(void)crypto_hash_sha512_init(&crypt->state->hash);
	if (!encrypted_only)
		return;
	(void)crypto_hash_sha256(prefix, (const unsigned char *)"sops", 4);
	bs_crypt_hash(crypt, prefix, sizeof(prefix));
}

void bs_crypt_hash(struct bs_crypt *crypt, const void *bytes, size_t len)
{
	(void)crypto_hash_sha512_update(&crypt->state->hash, bytes, len);
}

const uint8_t *bs_crypt_mac_text(struct bs_crypt *crypt)
{
	struct bs_crypt_state *state = crypt->state;

	(void)crypto_hash_sha512_final(&state->hash, state->digest);
	for (size_t i = 0; i < sizeof(state->digest); i++) {
		state->mac_text[2 * i] = (uint8_t) "0123456789ABCDEF"[state->digest[i] >> 4];
		state->mac_text[2 * i + 1] = (uint8_t) "0123456789ABCDEF"[state->digest[i] & 15];
	}
	return state->mac_text;
}

static void start(struct bs_crypt *crypt, const uint8_t *iv, size_t iv_len, const void *aad, size_t aad_len)
{
	gcm_aes256_set_iv(&crypt->state->gcm, iv_len, iv);
	gcm_aes256_update(&crypt->state->gcm, aad_len, aad);
}

/* Decoded, decrypted in place and hashed piece by piece, so that a large value passes through the cache once. */
enum bs_code bs_crypt_open(struct bs_crypt *crypt, const struct bs_enc *enc, const void *aad, size_t aad_len,
	bool is_hashed, uint8_t *ret)
{
	uint8_t iv[BS_ENC_IV_MAX], tag[BS_ENC_TAG_BYTES], right_tag[BS_ENC_TAG_BYTES];
	size_t done = 0;

	start(crypt, iv, bs_b64_decode(enc->iv, enc->iv_len, iv), aad, aad_len);
	for (size_t off = 0; off < enc->data_len; off += PIECE_CODED) {
		size_t left = enc->data_len - off;
		size_t len =
			bs_b64_decode(enc->data + off, left < PIECE_CODED ? left : PIECE_CODED, ret + done);

		gcm_aes256_decrypt(&crypt->state->gcm, len, ret + done, ret + done);
		if (is_hashed)
			bs_crypt_hash(crypt, ret + done, len);
		done += len;
	}
	(void)bs_b64_decode(enc->tag, enc->tag_len, tag);
	gcm_aes256_digest(&crypt->state->gcm, sizeof(right_tag), right_tag);
	if (!sodium_memcmp(tag, right_tag, sizeof(tag)))
		return BS_OK;
	sodium_memzero(ret, enc->len);
	return BS_INTEGRITY;
}

static void add_base64(struct bs_text *out, const uint8_t *bytes, size_t len)
{
	char *to = bs_text_extend(out, bs_b64_coded_len(len));

	if (to)
		bs_b64_encode(bytes, len, to);
}

void bs_crypt_seal(struct bs_crypt *crypt, const uint8_t *plain, size_t len, enum bs_enc_type type,
	const void *aad, size_t aad_len, bool is_hashed, struct bs_text *out)
{
	uint8_t iv[BS_ENC_IV_BYTES], tag[BS_ENC_TAG_BYTES], piece[PIECE];

	randombytes_buf(iv, sizeof(iv));
	start(crypt, iv, sizeof(iv), aad, aad_len);
	bs_text_add_string(out, "ENC[AES256_GCM,data:");
	while (len) {
		size_t now = len < PIECE ? len : PIECE;

		gcm_aes256_encrypt(&crypt->state->gcm, now, piece, plain);
		if (is_hashed)
			bs_crypt_hash(crypt, plain, now);
		add_base64(out, piece, now);
		plain += now;
		len -= now;
	}
	gcm_aes256_digest(&crypt->state->gcm, sizeof(tag), tag);
	bs_text_add_string(out, ",iv:");
	add_base64(out, iv, sizeof(iv));
	bs_text_add_string(out, ",tag:");
	add_base64(out, tag, sizeof(tag));
	bs_text_add_string(out, ",type:");
	bs_text_add_string(out, bs_enc_type_name(type));
	bs_text_add_string(out, "]");
}
