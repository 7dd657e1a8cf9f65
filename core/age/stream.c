/*
 * stream.c: STREAM with ChaCha20-Poly1305.
 *
 * Chunk k is sealed under the nonce k (88 bits, big endian) and one byte that is 1 in the last chunk alone.
 * So chunks can be neither moved, nor dropped from the end, nor added. Only an empty plaintext has an empty
 * chunk.
 */
#include "stream.h"

#include "kdf.h"
#include <sodium.h>
#include <string.h>

#define TAG_BYTES crypto_aead_chacha20poly1305_ietf_ABYTES
#define SEALED_CHUNK_BYTES (BS_AGE_CHUNK_BYTES + TAG_BYTES)
#define CHUNK_NONCE_BYTES crypto_aead_chacha20poly1305_ietf_NPUBBYTES

struct work {
	struct bs_kdf kdf;
	uint8_t key[BS_KDF_BYTES];
};

static enum bs_code payload_key(const uint8_t file_key[static BS_AGE_FILE_KEY_BYTES],
	const uint8_t nonce[static BS_AGE_STREAM_NONCE_BYTES], struct bs_secret **ret,
	const uint8_t **ret_key, struct bs_error *reterr)
{
	enum bs_code code = bs_secret_new(sizeof(struct work), ret, reterr);
	struct work *w;

	if (code)
		return code;
	w = (void *)bs_secret_data(*ret);
	bs_kdf_hkdf(&w->kdf, file_key, BS_AGE_FILE_KEY_BYTES, nonce, BS_AGE_STREAM_NONCE_BYTES, "payload",
		w->key);
	*ret_key = w->key;
	return BS_OK;
}

/* 64 of the 88 bits are enough: 2^64 chunks are not a file. */
static void chunk_nonce(uint64_t k, bool is_last, uint8_t ret[static CHUNK_NONCE_BYTES])
{
	memset(ret, 0, CHUNK_NONCE_BYTES);
	for (unsigned i = 0; i < 8; i++)
		ret[3 + i] = (uint8_t)(k >> (56 - 8 * i));
	ret[11] = is_last;
}

static bool open_chunk(
	const uint8_t *key, uint64_t k, bool is_last, const uint8_t *sealed, size_t len, uint8_t *out)
{
	uint8_t nonce[CHUNK_NONCE_BYTES];

	chunk_nonce(k, is_last, nonce);
	return crypto_aead_chacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed, len, NULL, 0, nonce, key) ==
	       0;
}

size_t bs_age_stream_sealed_len(size_t len)
{
	size_t chunks = len ? (len - 1) / BS_AGE_CHUNK_BYTES + 1 : 1;

	return len + chunks * TAG_BYTES;
}

enum bs_code bs_age_stream_seal(const uint8_t file_key[static BS_AGE_FILE_KEY_BYTES],
	const uint8_t nonce[static BS_AGE_STREAM_NONCE_BYTES], const uint8_t *plain, size_t len, uint8_t *out,
	struct bs_error *reterr)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *memory = NULL;
	uint8_t sub_nonce[CHUNK_NONCE_BYTES];
	const uint8_t *key;
	enum bs_code code = payload_key(file_key, nonce, &memory, &key, reterr);

	if (code)
		return code;
	for (uint64_t k = 0;; k++) {
		bool is_last = len <= BS_AGE_CHUNK_BYTES;
		size_t part = is_last ? len : BS_AGE_CHUNK_BYTES;

		chunk_nonce(k, is_last, sub_nonce);
		crypto_aead_chacha20poly1305_ietf_encrypt(
			out, NULL, plain, part, NULL, 0, NULL, sub_nonce, key);
		if (is_last)
			return BS_OK;
		out += part + TAG_BYTES;
		plain += part;
		len -= part;
	}
}

/* What the chunks can hold, whether they are authentic or not; the last may be too short for its tag. */
static size_t plain_room(size_t sealed_len)
{
	size_t full = sealed_len / SEALED_CHUNK_BYTES, rest = sealed_len % SEALED_CHUNK_BYTES;

	return full * BS_AGE_CHUNK_BYTES + (rest > TAG_BYTES ? rest - TAG_BYTES : 0);
}

/*
 * Opens chunks into out until the last one. Returns NULL when the payload is whole, otherwise what is wrong;
 * *ret_done counts what was authentic in either case.
 */
static const char *open_chunks(
	const uint8_t *key, const uint8_t *sealed, size_t len, uint8_t *out, size_t *ret_done)
{
	size_t done = 0;

	*ret_done = 0;
	for (uint64_t k = 0; len; k++) {
		size_t part = len < SEALED_CHUNK_BYTES ? len : SEALED_CHUNK_BYTES;
		bool is_last = part < SEALED_CHUNK_BYTES;

		if (part < TAG_BYTES || (part == TAG_BYTES && k))
			return "ends in the middle";
		/* A full chunk may be the last one, too; whether it is, its own nonce tells, not the file's
		 * end. */
		if (is_last || !open_chunk(key, k, false, sealed, part, out + done)) {
			is_last = true;
			if (!open_chunk(key, k, true, sealed, part, out + done))
				return "is damaged";
		}
		done += part - TAG_BYTES;
		*ret_done = done;
		sealed += part;
		len -= part;
		if (is_last)
			return len ? "is followed by something" : NULL;
	}
	return "ends in the middle";
}

enum bs_code bs_age_stream_open(const uint8_t file_key[static BS_AGE_FILE_KEY_BYTES],
	const uint8_t nonce[static BS_AGE_STREAM_NONCE_BYTES], const uint8_t *sealed, size_t len,
	struct bs_secret **ret, struct bs_error *reterr)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *memory = NULL, *plain = NULL;
	const uint8_t *key;
	const char *problem;
	size_t done;
	enum bs_code code = payload_key(file_key, nonce, &memory, &key, reterr);

	if (!code)
		code = bs_secret_new(plain_room(len), &plain, reterr);
	if (code)
		return code;
	problem = open_chunks(key, sealed, len, bs_secret_data(plain), &done);
	bs_secret_shorten(plain, done);
	*ret = BS_TAKE(plain);
	return problem ? bs_error_set(reterr, BS_INTEGRITY, "age payload: %s", problem) : BS_OK;
}
