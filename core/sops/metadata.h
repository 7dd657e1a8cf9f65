/*
 * metadata.h: the object `sops` of a document (specs/sops.md, section 7).
 *
 * Layer: core/sops, private. Field names count exactly as they are written.
 */
#ifndef BS_SOPS_METADATA_H
#define BS_SOPS_METADATA_H

#include "enc.h"
#include "rfc3339.h"
#include "tree.h"

#include <bus-secrets/strings.h>

#define BS_SOPS_ENTRIES_MAX 1024
#define BS_SOPS_ENVELOPE_MAX 4096 /* bytes; the largest kind has some 2400 */

/* Where a rule says that values are encrypted. */
enum bs_sops_rule {
	BS_RULE_ASSUMED, /* none: "_unencrypted" is taken as the unencrypted suffix */
	BS_RULE_UNENCRYPTED_SUFFIX,
	BS_RULE_ENCRYPTED_SUFFIX,
	BS_RULE_EXPRESSION, /* by regular expression or comment: for sops to judge */
};

/* One envelope of the data key. */
struct bs_sops_entry {
	char *list; /* "age", "pgp", ... */
	size_t node; /* the entry in the tree */
	const char *foreign; /* the kind's name if we cannot wrap for it, else NULL; borrowed */
	char *recipient; /* age only, blanks trimmed; may be missing */
	char *enc; /* age only; NULL if it is no string */
	size_t enc_len;
};

struct bs_sops_metadata {
	size_t node;
	char *lastmodified;
	char mac_aad[BS_RFC3339_MAX];
	time_t modified;
	char *mac;
	struct bs_enc mac_enc; /* spans of mac */
	char *version;
	enum bs_sops_rule rule;
	const char *rule_field; /* its name, or NULL */
	char *suffix;
	size_t suffix_len;
	bool mac_only_encrypted;
	size_t groups; /* 2 and more: the data key is in Shamir shares */
	size_t groups_needed;
	struct bs_sops_entry *entries;
	size_t entry_count;
	struct bs_strings recipients;
	struct bs_strings foreign;
};

/* BS_MALFORMED for whatever sops itself would refuse, and for fields that only differ in case from known ones. */
enum bs_code bs_sops_metadata_parse(const struct bs_tree *tree, size_t node, struct bs_sops_metadata *ret,
	struct bs_error *reterr) BS_MUST_CHECK;
void bs_sops_metadata_release(struct bs_sops_metadata *meta);

/* What a member of `sops` is, for a rewrite. */
enum bs_sops_field {
	BS_FIELD_WRITTEN, /* is written anew: age, lastmodified, mac, version */
	BS_FIELD_KEYS, /* a list of envelopes of a kind that is not ours */
	BS_FIELD_GROUPS, /* key_groups, shamir_threshold */
	BS_FIELD_RULE,
	BS_FIELD_MAC_RULE, /* mac_only_encrypted */
	BS_FIELD_UNKNOWN,
};
enum bs_sops_field bs_sops_field_of(const struct bs_tree *tree, size_t node);

#endif
