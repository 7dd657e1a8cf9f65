/*
 * identities.h: the inside of struct bs_age_identities.
 *
 * Layer: core/age. The list is ordinary memory; the keys in it are secrets.
 */
#ifndef BS_AGE_IDENTITIES_H
#define BS_AGE_IDENTITIES_H

#include "stanza.h"

struct bs_age_identities {
	struct bs_age_identity *items;
	size_t count;
	size_t room;
};

/* Appends an identity and takes *secret, leaving NULL; public may be NULL (passphrases). */
enum bs_code bs_age_identities_add(struct bs_age_identities *ids, const struct bs_age_row *row,
	struct bs_secret **secret, const uint8_t *public, struct bs_error *reterr) BS_MUST_CHECK;
/* Frees the last ones until count are left. */
void bs_age_identities_cut(struct bs_age_identities *ids, size_t count);

#endif
