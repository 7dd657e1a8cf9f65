/*
 * keyfile.c: identities from a key file's text, and new ones.
 *
 * A line is a comment (# in column 0), empty, or one identity with nothing around it. The text is a secret as
 * a whole and is read where it lies; messages give line numbers alone.
 */
#include "identities.h"

#include "bech32.h"
#include "ssh.h"
#include <sodium.h>
#include <string.h>

#define TEXT_MAX ((size_t)16 * 1024 * 1024)

static const char hrp[] = "AGE-SECRET-KEY-";

#define KEY_BYTES 32
#define KEY_LINE_LEN BS_BECH32_LEN(sizeof(hrp) - 1, KEY_BYTES)

static bool begins(const char *line, size_t len, const char *with)
{
	return len >= strlen(with) && !memcmp(line, with, strlen(with));
}

static bool is_foreign(const char *line, size_t len)
{
	return begins(line, len, "AGE-PLUGIN-") || begins(line, len, "AGE-SECRET-KEY-PQ-1");
}

static enum bs_code add_x25519(
	struct bs_age_identities *ids, const char *line, size_t len, struct bs_error *reterr)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *key = NULL;
	uint8_t public[BS_AGE_POINT_BYTES];
	size_t got;
	enum bs_code code = bs_secret_new(KEY_BYTES, &key, reterr);

	if (code)
		return code;
	if (!bs_bech32_decode(line, len, hrp, bs_secret_data(key), KEY_BYTES, &got) || got != KEY_BYTES ||
		crypto_scalarmult_base(public, bs_secret_bytes(key)))
		return BS_MALFORMED;
	return bs_age_identities_add(ids, &bs_age_x25519, &key, public, reterr);
}

static enum bs_code read_lines(struct bs_age_identities *ids, const struct bs_secret *text, const char *where,
	size_t *ret_skipped, struct bs_error *reterr)
{
	const char *at = (const char *)bs_secret_bytes(text), *end = at + bs_secret_len(text);

	*ret_skipped = 0;
	for (size_t number = 1; at < end; number++) {
		const char *line = at, *lf = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((lf ? lf : end) - line);
		enum bs_code code = BS_OK;

		at = lf ? lf + 1 : end;
		if (len && line[len - 1] == '\r')
			len--;
		if (!len || line[0] == '#')
			continue;
		if (is_foreign(line, len))
			++*ret_skipped;
		else
			code = add_x25519(ids, line, len, reterr);
		if (code == BS_MALFORMED)
			return bs_error_set(
				reterr, code, "%s: line %zu is not an age identity", where, number);
		if (code)
			return code;
	}
	return BS_OK;
}

static enum bs_code none_found(const char *where, size_t skipped, struct bs_error *reterr)
{
	if (skipped)
		return bs_error_set(reterr, BS_NO_IDENTITY,
			"%s: holds only identities that cannot be used here (plugin or post-quantum)", where);
	return bs_error_set(reterr, BS_NO_IDENTITY, "%s: holds no identity", where);
}

static enum bs_code read_ssh_key(struct bs_age_identities *ids, const struct bs_secret *text,
	const char *where, struct bs_error *reterr)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *scalar = NULL;
	uint8_t public[BS_AGE_POINT_BYTES];
	enum bs_code code = bs_ssh_read_key(text, where, &scalar, public, reterr);

	return code ? code : bs_age_identities_add(ids, &bs_age_ssh_ed25519, &scalar, public, reterr);
}

bool bs_age_keyfile_is_locked(const struct bs_secret *text)
{
	return bs_age_wants_passphrase(bs_secret_bytes(text), bs_secret_len(text)) || bs_ssh_is_locked(text);
}

enum bs_code bs_age_identities_parse(struct bs_age_identities *ids, const struct bs_secret *text,
	const char *where, size_t *ret_skipped, struct bs_error *reterr)
{
	size_t before = ids->count, skipped = 0;
	enum bs_code code;

	if (bs_secret_len(text) > TEXT_MAX)
		return bs_error_set(reterr, BS_TOO_LARGE, "%s: too large for a key file", where);
	if (bs_age_is_file(bs_secret_bytes(text), bs_secret_len(text)))
		return bs_error_set(reterr, BS_NO_IDENTITY, "%s: locked: it is an encrypted age file", where);
	if (!bs_secret_is_text(text))
		return bs_error_set(reterr, BS_MALFORMED, "%s: is not a key file: not UTF-8 text", where);
	code = bs_ssh_is_key(text) ? read_ssh_key(ids, text, where, reterr)
				   : read_lines(ids, text, where, &skipped, reterr);
	if (!code && ids->count == before)
		code = none_found(where, skipped, reterr);
	if (code) {
		bs_age_identities_cut(ids, before);
		return code;
	}
	if (ret_skipped)
		*ret_skipped = skipped;
	return BS_OK;
}

enum bs_code bs_age_keygen(struct bs_secret **ret_line, char **ret_recipient, struct bs_error *reterr)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *key = NULL, *line = NULL;
	uint8_t public[BS_AGE_POINT_BYTES];
	char *recipient;
	enum bs_code code = sodium_init() < 0
				    ? bs_error_set(reterr, BS_INTERNAL, "libsodium cannot be initialised")
				    : bs_secret_new(KEY_BYTES, &key, reterr);

	if (!code)
		code = bs_secret_new(KEY_LINE_LEN, &line, reterr);
	if (code)
		return code;
	randombytes_buf(bs_secret_data(key), KEY_BYTES);
	if (crypto_scalarmult_base(public, bs_secret_bytes(key)))
		return bs_error_set(reterr, BS_INTERNAL, "no key could be made");
	recipient = bs_age_x25519.write(public);
	if (!recipient)
		return bs_error_set(reterr, BS_NO_MEMORY, "no memory for a recipient");
	bs_bech32_encode(hrp, bs_secret_bytes(key), KEY_BYTES, (char *)bs_secret_data(line));
	*ret_line = BS_TAKE(line);
	*ret_recipient = recipient;
	return BS_OK;
}
