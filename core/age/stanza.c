/* stanza.c: the table of recipient kinds, and what all native kinds share. */
#include "stanza.h"

#include "base64.h"
#include "ssh.h"
#include <sodium.h>
#include <string.h>

static const struct bs_age_row ssh_rsa = {.kind = BS_AGE_SSH_RSA, .type = "ssh-rsa", .name = "ssh-rsa"};
static const struct bs_age_row hybrid = {
	.kind = BS_AGE_HYBRID, .type = "mlkem768x25519", .name = "post-quantum"};
static const struct bs_age_row tag = {.kind = BS_AGE_TAG, .type = "p256tag", .name = "tag"};
static const struct bs_age_row tag_hybrid = {.kind = BS_AGE_TAG, .type = "mlkem768p256tag", .name = "tag"};
static const struct bs_age_row plugin = {.kind = BS_AGE_PLUGIN, .name = "plugin"};
static const struct bs_age_row unknown = {.kind = BS_AGE_UNKNOWN, .name = "unknown"};

static const struct bs_age_row *const rows[] = {
	&bs_age_x25519,
	&bs_age_scrypt,
	&bs_age_ssh_ed25519,
	&ssh_rsa,
	&hybrid,
	&tag,
	&tag_hybrid,
	&plugin,
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

const struct bs_age_row *bs_age_row_of_kind(enum bs_age_kind kind)
{
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i]->kind == kind)
			return rows[i];
	return &unknown;
}

const struct bs_age_row *bs_age_row_of_stanza(const struct bs_age_stanza *stanza)
{
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i]->type && bs_age_stanza_is(stanza, rows[i]->type))
			return rows[i];
	return NULL;
}

const char *bs_age_kind_name(enum bs_age_kind kind)
{
	return bs_age_row_of_kind(kind)->name;
}

bool bs_age_kind_is_native(enum bs_age_kind kind)
{
	return bs_age_row_of_kind(kind)->unwrap != NULL;
}

static const uint8_t zero_nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];

void bs_age_key_seal(const uint8_t wrap[static BS_AGE_WRAP_KEY_BYTES],
	const uint8_t file_key[static BS_AGE_FILE_KEY_BYTES], uint8_t ret[static BS_AGE_BODY_BYTES])
{
	crypto_aead_chacha20poly1305_ietf_encrypt(
		ret, NULL, file_key, BS_AGE_FILE_KEY_BYTES, NULL, 0, NULL, zero_nonce, wrap);
}

bool bs_age_key_open(const uint8_t wrap[static BS_AGE_WRAP_KEY_BYTES],
	const uint8_t body[static BS_AGE_BODY_BYTES], uint8_t ret[static BS_AGE_FILE_KEY_BYTES])
{
	return crypto_aead_chacha20poly1305_ietf_decrypt(
		       ret, NULL, NULL, body, BS_AGE_BODY_BYTES, NULL, 0, zero_nonce, wrap) == 0;
}

void bs_age_line_add(struct bs_age_wrapped *wrapped, const uint8_t *bytes, size_t len)
{
	char *at = wrapped->line + strlen(wrapped->line);

	*at++ = ' ';
	bs_base64_encode(BS_BASE64_BARE, bytes, len, at);
}
