/*
 * x25519.c: recipients "age1..." and identities "AGE-SECRET-KEY-1..." (C2SP age.md, "The X25519 recipient
 * type").
 *
 *	-> X25519 base64(share)
 *	base64(wrapped file key)
 *
 * The scalar is kept and written as it was drawn; clamping is a matter of the multiplication.
 */
#include "stanza.h"

#include "bech32.h"
#include "kdf.h"
#include <sodium.h>
#include <string.h>

static const char info[] = "age-encryption.org/v1/X25519";
static const char hrp[] = "age";

/* All that is secret on the way from one key to the other. */
struct work {
	struct bs_kdf kdf;
	uint8_t ephemeral[BS_AGE_POINT_BYTES];
	uint8_t shared[BS_AGE_POINT_BYTES];
	uint8_t wrap[BS_AGE_WRAP_KEY_BYTES];
};

static void derive(struct work *w, const uint8_t share[static BS_AGE_POINT_BYTES],
	const uint8_t recipient[static BS_AGE_POINT_BYTES])
{
	uint8_t salt[2 * BS_AGE_POINT_BYTES];

	memcpy(salt, share, BS_AGE_POINT_BYTES);
	memcpy(salt + BS_AGE_POINT_BYTES, recipient, BS_AGE_POINT_BYTES);
	bs_kdf_hkdf(&w->kdf, w->shared, sizeof(w->shared), salt, sizeof(salt), info, w->wrap);
}

static enum bs_code check(const struct bs_age_stanza *stanza, struct bs_error *reterr)
{
	uint8_t share[BS_AGE_POINT_BYTES];

	/* The body's length is fixed before any key touches it: a key of another length is an oracle. */
	if (stanza->args == 2 && stanza->body_len == BS_AGE_BODY_BYTES &&
		bs_age_stanza_arg_decode(stanza, 1, share, sizeof(share)))
		return BS_OK;
	return bs_error_set(reterr, BS_MALFORMED, "age header: an X25519 entry is not valid");
}

static enum bs_code unwrap(const struct bs_age_stanza *stanza, const struct bs_age_identity *identity,
	uint8_t file_key[static BS_AGE_FILE_KEY_BYTES], struct bs_error *reterr)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *memory = NULL;
	uint8_t share[BS_AGE_POINT_BYTES];
	enum bs_code code = bs_secret_new(sizeof(struct work), &memory, reterr);
	struct work *w;

	if (code)
		return code;
	w = (void *)bs_secret_data(memory);
	/* libsodium answers -1 to a result of all zeros, which a share of low order gives for every key. */
	if (!bs_age_stanza_arg_decode(stanza, 1, share, sizeof(share)) ||
		crypto_scalarmult(w->shared, bs_secret_bytes(identity->secret), share))
		return bs_error_set(
			reterr, BS_MALFORMED, "age header: an X25519 entry has a share of low order");
	derive(w, share, identity->public);
	return bs_age_key_open(w->wrap, stanza->body, file_key) ? BS_OK : BS_NO_MATCH;
}

static enum bs_code wrap(const struct bs_age_recipient *recipient,
	const uint8_t file_key[static BS_AGE_FILE_KEY_BYTES], struct bs_age_wrapped *ret,
	struct bs_error *reterr)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *memory = NULL;
	uint8_t share[BS_AGE_POINT_BYTES];
	enum bs_code code = bs_secret_new(sizeof(struct work), &memory, reterr);
	struct work *w;

	if (code)
		return code;
	w = (void *)bs_secret_data(memory);
	randombytes_buf(w->ephemeral, sizeof(w->ephemeral));
	if (crypto_scalarmult_base(share, w->ephemeral) ||
		crypto_scalarmult(w->shared, w->ephemeral, recipient->public))
		return bs_error_set(
			reterr, BS_USAGE, "this X25519 recipient is a point of low order: not a real key");
	derive(w, share, recipient->public);
	strcpy(ret->line, "X25519");
	bs_age_line_add(ret, share, sizeof(share));
	bs_age_key_seal(w->wrap, file_key, ret->body);
	return BS_OK;
}

static bool read_text(const char *text, uint8_t ret[static BS_AGE_POINT_BYTES])
{
	size_t len;

	return bs_bech32_decode(text, strlen(text), hrp, ret, BS_AGE_POINT_BYTES, &len) &&
	       len == BS_AGE_POINT_BYTES;
}

static char *write_text(const uint8_t public[static BS_AGE_POINT_BYTES])
{
	char *text = calloc(1, BS_BECH32_LEN(strlen(hrp), BS_AGE_POINT_BYTES) + 1);

	if (text)
		bs_bech32_encode(hrp, public, BS_AGE_POINT_BYTES, text);
	return text;
}

const struct bs_age_row bs_age_x25519 = {
	.kind = BS_AGE_X25519,
	.type = "X25519",
	.name = "X25519",
	.check = check,
	.unwrap = unwrap,
	.wrap = wrap,
	.read = read_text,
	.write = write_text,
};
