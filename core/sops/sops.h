/*
 * sops.h: SOPS documents with one value (specs/sops.md), read and written natively.
 *
 * Layer: core/sops (base, json, age, include, libsodium, nettle). The only user of nettle.
 */
#ifndef BS_SOPS_H
#define BS_SOPS_H

#include "../age/age.h"
#include <stdint.h>
#include <time.h>

#define BS_DATA_KEY_BYTES 32
#define BS_MAC_HASH_HEX 65

/* A parsed document: its text, the tree's leaves in file order, the metadata. Public data only. */
struct bs_sops_doc;

/*
 * Parses and judges a document without a key: BS_PLAINTEXT if the text is no JSON object with a `sops` object,
 * BS_MALFORMED for anything refused by design section 3 (a key twice anywhere, empty `data` beside an encrypted leaf,
 * several encrypted leaves without `data`: named, bad ENC forms, more than one rule, bad version or lastmodified).
 * The text is copied.
 */
enum bs_code bs_sops_parse(
	const char *text, size_t len, struct bs_sops_doc **ret, struct bs_error *reterr) BS_MUST_CHECK;
struct bs_sops_doc *bs_sops_free(struct bs_sops_doc *doc);

uint64_t bs_sops_size(const struct bs_sops_doc *doc); /* of the value, bytes, exact */
const char *bs_sops_lastmodified(const struct bs_sops_doc *doc); /* as written */
struct timespec bs_sops_modified(const struct bs_sops_doc *doc); /* nanoseconds from a hash of the document */
uint64_t bs_sops_version(const struct bs_sops_doc *doc); /* hash of the text */
/* SHA-256 of the MAC's ENC text, in hex with NUL: what "seen" keeps. */
void bs_sops_mac_hash(const struct bs_sops_doc *doc, char ret[static BS_MAC_HASH_HEX]);
/* Recipients of age entries, as written. */
const struct bs_strings *bs_sops_recipients(const struct bs_sops_doc *doc);
/* Kinds of key entries that are not native: "pgp", "kms", "hc_vault", "ssh-rsa", "post-quantum", ... */
const struct bs_strings *bs_sops_other_kinds(const struct bs_sops_doc *doc);
/* NULL, or why the document cannot be judged natively (rules by regular expression, Shamir groups): sops has to. */
const char *bs_sops_needs_program(const struct bs_sops_doc *doc);
/* The value's place: "data", "value", or a path "[\"db\"][\"password\"]" for --extract. */
const char *bs_sops_extract_path(const struct bs_sops_doc *doc);
bool bs_sops_is_binary(const struct bs_sops_doc *doc); /* the value is top-level `data` */

/*
 * The data key, by any identity from any age entry; a broken entry is passed over. BS_NO_MATCH if none opens (also
 * when ids is empty), BS_NEED_SOPS if only other kinds could.
 */
enum bs_code bs_sops_unlock(const struct bs_sops_doc *doc, const struct bs_age_identities *ids,
	struct bs_secret **ret_data_key, struct bs_error *reterr) BS_MUST_CHECK;

/* The value, after the tag of every leaf and the MAC were checked. BS_INTEGRITY. */
enum bs_code bs_sops_decrypt(const struct bs_sops_doc *doc, const struct bs_secret *data_key,
	struct bs_secret **ret, struct bs_error *reterr) BS_MUST_CHECK;

struct bs_sops_write {
	const struct bs_secret *value;
	const struct bs_strings *recipients; /* native ones; doubles are dropped */
	const struct bs_sops_doc *old; /* the document that is rewritten, or NULL: shape, neighbours, rules */
	const struct bs_secret
		*old_key; /* its data key; needed if it has further leaves or foreign envelopes */
	time_t now;
};

/*
 * Writes a document as one line without blanks, on the heap: new data key and envelopes; but if old has envelopes of
 * kinds that cannot be made here, its data key and those entries stay, and *ret_kept (may be NULL) gets the kinds.
 * `lastmodified` is `now`, in UTC. Further leaves are checked under the old MAC first: BS_INTEGRITY. Without an
 * old_key that this needs: BS_NEED_SOPS if old has foreign envelopes, else BS_NO_MATCH. BS_UNSUPPORTED if old's form
 * cannot hold the value, BS_POLICY for a recipient of a kind that is not native, or none.
 */
enum bs_code bs_sops_encrypt(const struct bs_sops_write *write, char **ret, size_t *ret_len,
	struct bs_strings *ret_kept, struct bs_error *reterr) BS_MUST_CHECK;

/*
 * Decrypts through the real sops: program is its absolute path, envp its environment. The document goes in by
 * standard input, the value comes out into locked memory. BS_NO_MATCH (128), BS_INTEGRITY (51, 25), BS_NEED_SOPS.
 */
enum bs_code bs_sops_decrypt_by_program(const struct bs_sops_doc *doc, const char *program,
	const char *const *envp, size_t limit, bool has_terminal, struct bs_secret **ret,
	struct bs_error *reterr) BS_MUST_CHECK;

static inline void bs_sops_free_ptr(struct bs_sops_doc **p)
{
	*p = bs_sops_free(*p);
}

#endif
