/*
 * age.h: age v1 files (C2SP age.md), read and written natively.
 *
 * Layer: core/age (base, include, libsodium). The stanza kinds are a table in stanza.c: X25519, scrypt and
 * ssh-ed25519; further kinds are further rows.
 */
#ifndef BS_AGE_H
#define BS_AGE_H

#include <bus-secrets/secret.h>
#include <bus-secrets/strings.h>

/* What is wrong with an age file; the classes of the CCTV test vectors. */
enum bs_age_failure {
	BS_AGE_OK,
	BS_AGE_HEADER,
	BS_AGE_ARMOR,
	BS_AGE_PAYLOAD,
	BS_AGE_NO_MATCH,
	BS_AGE_HMAC,
};

/* Kinds of recipients by their written form. */
enum bs_age_kind {
	BS_AGE_X25519,
	BS_AGE_SCRYPT, /* has no written form */
	BS_AGE_SSH_ED25519,
	BS_AGE_SSH_RSA,
	BS_AGE_HYBRID, /* age1pq1 */
	BS_AGE_TAG, /* age1tag1, age1tagpq1 */
	BS_AGE_PLUGIN, /* age1NAME1 */
	BS_AGE_UNKNOWN,
};

/* An owned list of identities, in locked memory. */
struct bs_age_identities;

enum bs_code bs_age_identities_new(struct bs_age_identities **ret, struct bs_error *reterr) BS_MUST_CHECK;
struct bs_age_identities *bs_age_identities_free(struct bs_age_identities *ids);
size_t bs_age_identities_count(const struct bs_age_identities *ids);
/*
 * Adds the identities of a key file's text (rules: keyfile.c). Lines of kinds that this build
 * does not know (AGE-PLUGIN-, AGE-SECRET-KEY-PQ-) are counted in *ret_skipped and passed over; any other bad
 * line is BS_MALFORMED, naming where and the line's number, never its text. No identity at all:
 * BS_NO_IDENTITY. The text may also be an OpenSSH private key file of an ed25519 key; one of another kind is
 * BS_NO_IDENTITY. So is a text that a passphrase protects. ret_skipped may be NULL. What fails has added
 * nothing.
 */
enum bs_code bs_age_identities_parse(struct bs_age_identities *ids, const struct bs_secret *text,
	const char *where, size_t *ret_skipped, struct bs_error *reterr) BS_MUST_CHECK;
/* True if the text is a key file, of age or of SSH, that a passphrase protects. */
bool bs_age_keyfile_is_locked(const struct bs_secret *text);
enum bs_code bs_age_identities_add_passphrase(struct bs_age_identities *ids,
	const struct bs_secret *passphrase, struct bs_error *reterr) BS_MUST_CHECK;
/* The recipient of identity i as text ("age1..."), on the heap; NULL for a passphrase. */
char *bs_age_identities_recipient(const struct bs_age_identities *ids, size_t i);
bool bs_age_identities_fit(const struct bs_age_identities *ids, const char *recipient);

enum bs_age_kind bs_age_recipient_kind(const char *recipient);
const char *bs_age_kind_name(
	enum bs_age_kind kind); /* for messages: "post-quantum", "plugin", "ssh-rsa", ... */
/* True if the kind can be encrypted to (and opened) here. */
bool bs_age_kind_is_native(enum bs_age_kind kind);
/* BS_USAGE for what is no recipient; checks checksum and length of native kinds. */
enum bs_code bs_age_recipient_check(const char *recipient, struct bs_error *reterr) BS_MUST_CHECK;

/* A new X25519 identity: its key file line ("AGE-SECRET-KEY-1...", no newline) and its recipient (on the
 * heap). */
enum bs_code bs_age_keygen(
	struct bs_secret **ret_line, char **ret_recipient, struct bs_error *reterr) BS_MUST_CHECK;

/* True if a text begins like an age file, binary or armored. */
bool bs_age_is_file(const void *bytes, size_t len);
/* True if an age file's only stanza is scrypt: a passphrase opens it. */
bool bs_age_wants_passphrase(const void *bytes, size_t len);

/*
 * Encrypts to all recipients together, or to a passphrase (work factor 2^18; then recipients is NULL). The
 * file is on the heap, NUL behind it.
 */
enum bs_code bs_age_encrypt(const struct bs_strings *recipients, const struct bs_secret *passphrase,
	const struct bs_secret *plaintext, bool armor, char **ret, size_t *ret_len,
	struct bs_error *reterr) BS_MUST_CHECK;

/*
 * Decrypts a whole file, armored or not. Nothing is given before everything was checked. BS_NO_MATCH,
 * BS_MALFORMED (header, armor), BS_INTEGRITY (HMAC, payload); *ret_failure (may be NULL) says which.
 */
enum bs_code bs_age_decrypt(const void *file, size_t len, const struct bs_age_identities *ids,
	struct bs_secret **ret, enum bs_age_failure *ret_failure, struct bs_error *reterr) BS_MUST_CHECK;

static inline void bs_age_identities_free_ptr(struct bs_age_identities **p)
{
	*p = bs_age_identities_free(*p);
}

#endif
