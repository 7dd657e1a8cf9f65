/*
 * enc.h: the text form of one encrypted value (specs/sops.md, section 2).
 *
 * Layer: core/sops, private. Stricter than sops where sops overlooks bytes: nothing stands behind the bracket, base64
 * is canonical, the tag has 16 bytes.
 */
#ifndef BS_SOPS_ENC_H
#define BS_SOPS_ENC_H

#include <bus-secrets/secret.h>

#define BS_ENC_IV_BYTES 32 /* of what we write */
#define BS_ENC_IV_MAX 128
#define BS_ENC_TAG_BYTES 16

enum bs_enc_type {
	BS_ENC_STR,
	BS_ENC_INT,
	BS_ENC_FLOAT,
	BS_ENC_BOOL,
	BS_ENC_TIME,
	BS_ENC_COMMENT, /* YAML that was turned into JSON; no value, and not in the MAC */
};

/* Spans of base64 in the text that was parsed. */
struct bs_enc {
	const char *data;
	size_t data_len;
	size_t len; /* of the plaintext, in bytes */
	const char *iv;
	size_t iv_len;
	const char *tag;
	size_t tag_len;
	enum bs_enc_type type;
};

/* True if the text claims to be an encrypted value. */
bool bs_enc_is_meant(const char *text, size_t len);
/* NULL, or what is wrong with it. */
const char *bs_enc_parse(const char *text, size_t len, struct bs_enc *ret);
const char *bs_enc_type_name(enum bs_enc_type type);
/* True if the decrypted bytes are the one text that a value of this type is hashed and written as (section 14). */
bool bs_enc_is_canonical(enum bs_enc_type type, const uint8_t *bytes, size_t len);

#endif
