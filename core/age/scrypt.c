/*
 * scrypt.c: files for a passphrase (C2SP age.md, "The scrypt recipient type").
 *
 *	-> scrypt base64(salt) LOGN
 *	base64(wrapped file key)
 *
 * scrypt's own memory, 2^LOGN KiB, is libsodium's: it is neither locked nor in the arena (256 MiB would
 * exceed every usual limit), holds values from which the wrapping key follows, and is unmapped when the call
 * ends.
 */
#include "stanza.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#define SALT_BYTES 16
#define WRITE_LOG_N 18 /* as the reference implementation: 256 MiB, a second */
/* What the reference implementation opens: 4 GiB. More is refused before any of it is allocated. */
#define READ_LOG_N_MAX 22

static const char label[] = "age-encryption.org/v1/scrypt";

#define LABEL_LEN (sizeof(label) - 1)

/* `[1-9][0-9]*` up to the limit; 0 for everything else. */
static unsigned read_log_n(const struct bs_age_stanza *stanza)
{
	unsigned log_n = 0;
	size_t len;
	const char *text = bs_age_stanza_arg(stanza, 2, &len);

	if (!text || len > 2 || text[0] == '0')
		return 0;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return 0;
		log_n = log_n * 10 + (unsigned)(text[i] - '0');
	}
	return log_n <= READ_LOG_N_MAX ? log_n : 0;
}

static enum bs_code check(const struct bs_age_stanza *stanza, struct bs_error *reterr)
{
	uint8_t salt[SALT_BYTES];

	if (stanza->args != 3 || stanza->body_len != BS_AGE_BODY_BYTES ||
		!bs_age_stanza_arg_decode(stanza, 1, salt, sizeof(salt)))
		return bs_error_set(reterr, BS_MALFORMED, "age header: the passphrase entry is not valid");
	if (!read_log_n(stanza))
		return bs_error_set(reterr, BS_MALFORMED,
			"age header: the passphrase entry's work factor is not a number from 1 to %d",
			READ_LOG_N_MAX);
	return BS_OK;
}

static enum bs_code derive(const struct bs_secret *passphrase, const uint8_t salt[static SALT_BYTES],
	unsigned log_n, struct bs_secret **ret, struct bs_error *reterr)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *key = NULL;
	uint8_t labelled[LABEL_LEN + SALT_BYTES];
	enum bs_code code = bs_secret_new(BS_AGE_WRAP_KEY_BYTES, &key, reterr);

	if (code)
		return code;
	memcpy(labelled, label, LABEL_LEN);
	memcpy(labelled + LABEL_LEN, salt, SALT_BYTES);
	if (crypto_pwhash_scryptsalsa208sha256_ll(bs_secret_bytes(passphrase), bs_secret_len(passphrase),
		    labelled, sizeof(labelled), UINT64_C(1) << log_n, 8, 1, bs_secret_data(key),
		    BS_AGE_WRAP_KEY_BYTES))
		return bs_error_set(reterr, BS_NO_MEMORY,
			"the passphrase entry's work factor %u needs %lu MiB of memory", log_n,
			((1ul << log_n) + 1023) / 1024);
	*ret = BS_TAKE(key);
	return BS_OK;
}

static enum bs_code unwrap(const struct bs_age_stanza *stanza, const struct bs_age_identity *identity,
	uint8_t file_key[static BS_AGE_FILE_KEY_BYTES], struct bs_error *reterr)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *key = NULL;
	uint8_t salt[SALT_BYTES];
	enum bs_code code = check(stanza, reterr);

	if (code || !bs_age_stanza_arg_decode(stanza, 1, salt, sizeof(salt)))
		return BS_MALFORMED;
	code = derive(identity->secret, salt, read_log_n(stanza), &key, reterr);
	if (code)
		return code;
	return bs_age_key_open(bs_secret_bytes(key), stanza->body, file_key) ? BS_OK : BS_NO_MATCH;
}

static enum bs_code wrap(const struct bs_age_recipient *recipient,
	const uint8_t file_key[static BS_AGE_FILE_KEY_BYTES], struct bs_age_wrapped *ret,
	struct bs_error *reterr)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *key = NULL;
	uint8_t salt[SALT_BYTES];
	enum bs_code code;

	randombytes_buf(salt, sizeof(salt));
	code = derive(recipient->passphrase, salt, WRITE_LOG_N, &key, reterr);
	if (code)
		return code;
	strcpy(ret->line, "scrypt");
	bs_age_line_add(ret, salt, sizeof(salt));
	sprintf(ret->line + strlen(ret->line), " %d", WRITE_LOG_N);
	bs_age_key_seal(bs_secret_bytes(key), file_key, ret->body);
	return BS_OK;
}

const struct bs_age_row bs_age_scrypt = {
	.kind = BS_AGE_SCRYPT,
	.type = "scrypt",
	.name = "passphrase",
	.is_alone = true,
	.check = check,
	.unwrap = unwrap,
	.wrap = wrap,
};
