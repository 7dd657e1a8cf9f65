/*
 * ssh_ed25519.c: recipients "ssh-ed25519 AAAA...", as the reference implementation defines them.
 *
 *	-> ssh-ed25519 base64(first 4 bytes of SHA-256(wire)) base64(share)
 *	base64(wrapped file key)
 *
 * X25519 with the Edwards key's Montgomery form, and one multiplication more by a tweak made from the SSH
 * key, so that the point is bound to its use as this SSH key.
 */
#include "ssh.h"

#include "base64.h"
#include "kdf.h"
#include <sodium.h>
#include <string.h>

#define TAG_BYTES 4

static const char info[] = "age-encryption.org/v1/ssh-ed25519";
static const char type[] = "ssh-ed25519";
/* The lengths in front of both parts are of 32 bits, big endian. */
static const uint8_t wire_head[] = {
	0, 0, 0, 11, 's', 's', 'h', '-', 'e', 'd', '2', '5', '5', '1', '9', 0, 0, 0, 32};

_Static_assert(sizeof(wire_head) + BS_AGE_POINT_BYTES == BS_SSH_WIRE_BYTES, "wire form");

struct work {
	struct bs_kdf kdf;
	uint8_t ephemeral[BS_AGE_POINT_BYTES];
	uint8_t first[BS_AGE_POINT_BYTES]; /* the shared point before the tweak */
	uint8_t shared[BS_AGE_POINT_BYTES];
	uint8_t wrap[BS_AGE_WRAP_KEY_BYTES];
};

void bs_ssh_wire(const uint8_t public[static BS_AGE_POINT_BYTES], uint8_t ret[static BS_SSH_WIRE_BYTES])
{
	memcpy(ret, wire_head, sizeof(wire_head));
	memcpy(ret + sizeof(wire_head), public, BS_AGE_POINT_BYTES);
}

static void make_tag(const uint8_t public[static BS_AGE_POINT_BYTES], uint8_t ret[static TAG_BYTES])
{
	uint8_t wire[BS_SSH_WIRE_BYTES], hash[crypto_hash_sha256_BYTES];

	bs_ssh_wire(public, wire);
	crypto_hash_sha256(hash, wire, sizeof(wire));
	memcpy(ret, hash, TAG_BYTES);
}

/* From w->first on; false if a point on the way was of low order. */
static bool derive(struct work *w, const uint8_t share[static BS_AGE_POINT_BYTES],
	const uint8_t public[static BS_AGE_POINT_BYTES])
{
	uint8_t wire[BS_SSH_WIRE_BYTES], salt[2 * BS_AGE_POINT_BYTES], tweak[BS_AGE_POINT_BYTES];

	memcpy(salt, share, BS_AGE_POINT_BYTES);
	if (crypto_sign_ed25519_pk_to_curve25519(salt + BS_AGE_POINT_BYTES, public))
		return false;
	/* The tweak is made of public things only; the key is the salt, and there is no key material. */
	bs_ssh_wire(public, wire);
	bs_kdf_hkdf(&w->kdf, NULL, 0, wire, sizeof(wire), info, tweak);
	if (crypto_scalarmult(w->shared, tweak, w->first))
		return false;
	bs_kdf_hkdf(&w->kdf, w->shared, sizeof(w->shared), salt, sizeof(salt), info, w->wrap);
	return true;
}

static enum bs_code check(const struct bs_age_stanza *stanza, struct bs_error *reterr)
{
	uint8_t share[BS_AGE_POINT_BYTES];

	if (stanza->args == 3 && stanza->body_len == BS_AGE_BODY_BYTES &&
		bs_age_stanza_arg_decode(stanza, 2, share, sizeof(share)))
		return BS_OK;
	return bs_error_set(reterr, BS_MALFORMED, "age header: an ssh-ed25519 entry is not valid");
}

static enum bs_code unwrap(const struct bs_age_stanza *stanza, const struct bs_age_identity *identity,
	uint8_t file_key[static BS_AGE_FILE_KEY_BYTES], struct bs_error *reterr)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *memory = NULL;
	uint8_t share[BS_AGE_POINT_BYTES], tag[TAG_BYTES], wanted[TAG_BYTES];
	enum bs_code code;
	struct work *w;

	make_tag(identity->public, wanted);
	if (!bs_age_stanza_arg_decode(stanza, 1, tag, sizeof(tag)) || memcmp(tag, wanted, sizeof(tag)) != 0)
		return BS_NO_MATCH;
	code = bs_secret_new(sizeof(*w), &memory, reterr);
	if (code)
		return code;
	w = (void *)bs_secret_data(memory);
	if (!bs_age_stanza_arg_decode(stanza, 2, share, sizeof(share)) ||
		crypto_scalarmult(w->first, bs_secret_bytes(identity->secret), share) ||
		!derive(w, share, identity->public))
		return bs_error_set(
			reterr, BS_MALFORMED, "age header: an ssh-ed25519 entry has a share of low order");
	/* The tag says that it is ours, so this is damage, as the reference implementation has it, too. */
	if (!bs_age_key_open(w->wrap, stanza->body, file_key))
		return bs_error_set(
			reterr, BS_MALFORMED, "age header: the ssh-ed25519 entry for this key is damaged");
	return BS_OK;
}

static enum bs_code wrap(const struct bs_age_recipient *recipient,
	const uint8_t file_key[static BS_AGE_FILE_KEY_BYTES], struct bs_age_wrapped *ret,
	struct bs_error *reterr)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *memory = NULL;
	uint8_t share[BS_AGE_POINT_BYTES], point[BS_AGE_POINT_BYTES], tag[TAG_BYTES];
	enum bs_code code = bs_secret_new(sizeof(struct work), &memory, reterr);
	struct work *w;

	if (code)
		return code;
	w = (void *)bs_secret_data(memory);
	randombytes_buf(w->ephemeral, sizeof(w->ephemeral));
	if (crypto_sign_ed25519_pk_to_curve25519(point, recipient->public) ||
		crypto_scalarmult_base(share, w->ephemeral) ||
		crypto_scalarmult(w->first, w->ephemeral, point) || !derive(w, share, recipient->public))
		return bs_error_set(reterr, BS_USAGE, "this ssh-ed25519 recipient is not a real key");
	make_tag(recipient->public, tag);
	strcpy(ret->line, type);
	bs_age_line_add(ret, tag, sizeof(tag));
	bs_age_line_add(ret, share, sizeof(share));
	bs_age_key_seal(w->wrap, file_key, ret->body);
	return BS_OK;
}

/* "ssh-ed25519 BASE64", and behind a blank whatever comment. */
static bool read_text(const char *text, uint8_t ret[static BS_AGE_POINT_BYTES])
{
	uint8_t wire[BS_SSH_WIRE_BYTES], point[BS_AGE_POINT_BYTES];
	size_t type_len = strlen(type);
	const char *key = text + type_len + 1;

	if (strncmp(text, type, type_len) != 0 || text[type_len] != ' ' ||
		!bs_base64_decode_exact(BS_BASE64_PADDED, key, strcspn(key, " \t"), wire, sizeof(wire)) ||
		memcmp(wire, wire_head, sizeof(wire_head)) != 0 ||
		crypto_sign_ed25519_pk_to_curve25519(point, wire + sizeof(wire_head)))
		return false;
	memcpy(ret, wire + sizeof(wire_head), BS_AGE_POINT_BYTES);
	return true;
}

static char *write_text(const uint8_t public[static BS_AGE_POINT_BYTES])
{
	uint8_t wire[BS_SSH_WIRE_BYTES];
	char *text = malloc(sizeof(type) + BS_BASE64_LEN(BS_SSH_WIRE_BYTES) + 1);

	if (!text)
		return NULL;
	bs_ssh_wire(public, wire);
	bs_base64_encode(BS_BASE64_PADDED, wire, sizeof(wire), stpcpy(stpcpy(text, type), " "));
	return text;
}

const struct bs_age_row bs_age_ssh_ed25519 = {
	.kind = BS_AGE_SSH_ED25519,
	.type = type,
	.name = type,
	.check = check,
	.unwrap = unwrap,
	.wrap = wrap,
	.read = read_text,
	.write = write_text,
};
