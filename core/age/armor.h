/*
 * armor.h: ASCII armor of age files (C2SP age.md, "ASCII armor").
 *
 * Layer: core/age. Armor is a transport alone: what it holds is judged as a binary file afterwards.
 */
#ifndef BS_AGE_ARMOR_H
#define BS_AGE_ARMOR_H

#include <bus-secrets/error.h>
#include <stdint.h>

/* True if the first line that is not blank begins as a PEM label does, whichever: no binary file does. */
bool bs_age_armor_is_there(const uint8_t *bytes, size_t len);
/* The binary file, on the heap. BS_MALFORMED. */
enum bs_code bs_age_armor_open(const uint8_t *text, size_t len, uint8_t **ret, size_t *ret_len,
	struct bs_error *reterr) BS_MUST_CHECK;
/* The text, with a newline at its end and a NUL behind it, on the heap. */
enum bs_code bs_age_armor_seal(
	const uint8_t *file, size_t len, char **ret, size_t *ret_len, struct bs_error *reterr) BS_MUST_CHECK;

#endif
