/*
 * doc.h: what a parsed document consists of.
 *
 * Layer: core/sops, private.
 */
#ifndef BS_SOPS_DOC_H
#define BS_SOPS_DOC_H

#include "crypt.h"
#include "metadata.h"
#include "number.h"
#include "sops.h"

enum bs_leaf_state {
	BS_LEAF_ENCRYPTED,
	BS_LEAF_COMMENT, /* encrypted, too, but never the value and not hashed */
	BS_LEAF_EMPTY, /* the empty string where a value would be encrypted */
	BS_LEAF_CLEAR,
};

/* A value that is neither null nor inside `sops`. */
struct bs_sops_leaf {
	size_t node;
	enum bs_leaf_state state;
	struct bs_enc enc; /* of what is encrypted */
	char *owned_text; /* where enc points to if the text had escapes */
};

struct bs_sops_doc {
	char *text;
	size_t len;
	struct bs_tree tree;
	struct bs_sops_metadata meta;
	struct bs_sops_leaf *leaves; /* in file order */
	size_t leaf_count;
	size_t encrypted_count; /* comments included */
	size_t value; /* index of the leaf that is the value */
	char *extract_path;
	char *needs_program;
};

/* True if a member of that name at the top is encrypted by the document's rule. */
bool bs_sops_rule_encrypts(const struct bs_sops_metadata *meta, const char *key, size_t key_len);

/* Finds the leaves and the value among them (design, section 3). */
enum bs_code bs_sops_judge(struct bs_sops_doc *doc, struct bs_error *reterr) BS_MUST_CHECK;

/* Hashes a leaf that stands in clear. BS_MALFORMED for a number out of range. */
enum bs_code bs_sops_hash_clear(struct bs_crypt *crypt, const struct bs_sops_doc *doc,
	const struct bs_sops_leaf *leaf, enum bs_number_style style, struct bs_error *reterr) BS_MUST_CHECK;

/* Decrypts a leaf that is encrypted, hashing it if is_hashed, and refuses a text that sops would not write. */
enum bs_code bs_sops_open_leaf(struct bs_crypt *crypt, const struct bs_sops_doc *doc,
	const struct bs_sops_leaf *leaf, bool is_hashed, struct bs_secret **ret,
	struct bs_error *reterr) BS_MUST_CHECK;

#endif
