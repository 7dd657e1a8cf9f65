/*
 * decrypt.c: from a file to its plaintext.
 *
 * The order is fixed: the whole header is parsed and every entry of a known kind is checked, then the file
 * key is found, then the header's MAC is checked, and only then the payload is looked at.
 */
#include "decrypt.h"

#include "armor.h"
#include "identities.h"
#include "kdf.h"
#include "stream.h"
#include <sodium.h>
#include <string.h>

struct work {
	struct bs_kdf kdf;
	uint8_t file_key[BS_AGE_FILE_KEY_BYTES];
	uint8_t mac_key[BS_KDF_BYTES];
	uint8_t mac[BS_AGE_MAC_BYTES];
};

static enum bs_code check_stanzas(const struct bs_age_header *header, struct bs_error *reterr)
{
	for (size_t i = 0; i < header->count; i++) {
		const struct bs_age_row *row = bs_age_row_of_stanza(&header->stanzas[i]);
		enum bs_code code;

		if (!row || !row->check)
			continue;
		code = row->check(&header->stanzas[i], reterr);
		if (code)
			return code;
		/* Else a holder of another entry's key, who learns the file key, could put another payload
		 * behind the passphrase's entry. */
		if (row->is_alone && header->count > 1)
			return bs_error_set(reterr, BS_MALFORMED,
				"age header: a %s entry stands beside others", row->name);
	}
	return BS_OK;
}

/* "a, b" of the kinds in a header that are known by name, each once. */
static void list_kinds(const struct bs_age_header *header, char *out, size_t room)
{
	const struct bs_age_row *seen[BS_AGE_UNKNOWN] = {NULL};
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < header->count; i++) {
		const struct bs_age_row *row = bs_age_row_of_stanza(&header->stanzas[i]);

		if (!row || seen[row->kind])
			continue;
		seen[row->kind] = row;
		if (len < room)
			len += (size_t)snprintf(out + len, room - len, "%s%s", len ? ", " : "", row->name);
	}
	if (!len)
		snprintf(out, room, "unknown");
}

static enum bs_code find_file_key(const struct bs_age_header *header, const struct bs_age_identities *ids,
	uint8_t file_key[static BS_AGE_FILE_KEY_BYTES], struct bs_error *reterr)
{
	char kinds[128];

	for (size_t i = 0; i < ids->count; i++) {
		const struct bs_age_identity *identity = &ids->items[i];

		for (size_t k = 0; k < header->count; k++) {
			enum bs_code code;

			if (!bs_age_stanza_is(&header->stanzas[k], identity->row->type))
				continue;
			code = identity->row->unwrap(&header->stanzas[k], identity, file_key, reterr);
			if (code != BS_NO_MATCH)
				return code;
		}
	}
	list_kinds(header, kinds, sizeof(kinds));
	return bs_error_set(reterr, BS_NO_MATCH,
		"age file: no identity fits (%zu at hand; the file is for: %s)", ids->count, kinds);
}

static bool mac_holds(struct work *w, const uint8_t *file, const struct bs_age_header *header)
{
	bs_kdf_hkdf(&w->kdf, w->file_key, sizeof(w->file_key), NULL, 0, "header", w->mac_key);
	bs_kdf_hmac(&w->kdf, w->mac_key, file, header->covered_len, w->mac);
	return sodium_memcmp(w->mac, header->mac, sizeof(w->mac)) == 0;
}

static enum bs_code open_payload(const uint8_t *file, size_t len, const struct bs_age_header *header,
	const uint8_t file_key[static BS_AGE_FILE_KEY_BYTES], struct bs_secret **ret, struct bs_error *reterr)
{
	size_t start = header->len + BS_AGE_STREAM_NONCE_BYTES;

	return bs_age_stream_open(file_key, file + header->len, file + start, len - start, ret, reterr);
}

/* What the class of a failure is, by the step that failed. */
static enum bs_code fail(enum bs_age_failure *ret_failure, enum bs_age_failure failure, enum bs_code code)
{
	*ret_failure = code == BS_NO_MATCH ? BS_AGE_NO_MATCH : failure;
	return code;
}

enum bs_code bs_age_decrypt_binary(const uint8_t *file, size_t len, const struct bs_age_identities *ids,
	struct bs_secret **ret, enum bs_age_failure *ret_failure, struct bs_error *reterr)
{
	BS_CLEANUP(bs_age_header_release) struct bs_age_header header = {0};
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *memory = NULL;
	struct work *w;
	enum bs_code code = bs_secret_new(sizeof(*w), &memory, reterr);

	*ret_failure = BS_AGE_OK;
	if (code)
		return code;
	w = (void *)bs_secret_data(memory);
	code = bs_age_header_read(file, len, &header, reterr);
	if (!code)
		code = check_stanzas(&header, reterr);
	if (!code && len - header.len < BS_AGE_STREAM_NONCE_BYTES)
		code = bs_error_set(reterr, BS_MALFORMED, "age header: ends before the payload");
	if (!code)
		code = find_file_key(&header, ids, w->file_key, reterr);
	if (code)
		return fail(ret_failure, BS_AGE_HEADER, code);
	if (!mac_holds(w, file, &header))
		return fail(ret_failure, BS_AGE_HMAC,
			bs_error_set(reterr, BS_INTEGRITY,
				"age header: its MAC does not hold; the file was changed"));
	code = open_payload(file, len, &header, w->file_key, ret, reterr);
	return code ? fail(ret_failure, BS_AGE_PAYLOAD, code) : BS_OK;
}

enum bs_code bs_age_decrypt(const void *file, size_t len, const struct bs_age_identities *ids,
	struct bs_secret **ret, enum bs_age_failure *ret_failure, struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) uint8_t *binary = NULL;
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *plain = NULL;
	enum bs_age_failure failure = BS_AGE_OK;
	enum bs_code code = BS_OK;
	const uint8_t *bytes = file;

	if (len && bs_age_armor_is_there(file, len)) {
		code = bs_age_armor_open(file, len, &binary, &len, reterr);
		failure = code ? BS_AGE_ARMOR : BS_AGE_OK;
		bytes = binary;
	}
	if (!code)
		code = bs_age_decrypt_binary(bytes, len, ids, &plain, &failure, reterr);
	if (ret_failure)
		*ret_failure = failure;
	if (!code)
		*ret = BS_TAKE(plain);
	return code;
}

bool bs_age_is_file(const void *bytes, size_t len)
{
	static const char binary[] = "age-encryption", armored[] = "-----BEGIN AGE";
	const char *text = bytes;

	if (len >= strlen(binary) && !memcmp(text, binary, strlen(binary)))
		return true;
	if (!len || !bs_age_armor_is_there(bytes, len))
		return false;
	/* Armor begins at the first dash: only blanks stand before it. */
	text = memchr(bytes, '-', len);
	len -= (size_t)(text - (const char *)bytes);
	return len >= strlen(armored) && !memcmp(text, armored, strlen(armored));
}

bool bs_age_wants_passphrase(const void *bytes, size_t len)
{
	BS_CLEANUP(bs_age_header_release) struct bs_age_header header = {0};
	BS_CLEANUP(bs_free_ptr) uint8_t *binary = NULL;
	const uint8_t *file = bytes;

	if (len && bs_age_armor_is_there(bytes, len)) {
		if (bs_age_armor_open(bytes, len, &binary, &len, NULL))
			return false;
		file = binary;
	}
	return !bs_age_header_read(file, len, &header, NULL) && header.count == 1 &&
	       bs_age_row_of_stanza(&header.stanzas[0]) == &bs_age_scrypt;
}
