/* decrypt.h: decryption of a binary file by steps, as the test vectors judge it. Layer: core/age. */
#ifndef BS_AGE_DECRYPT_H
#define BS_AGE_DECRYPT_H

#include "age.h"
#include <stdint.h>

/*
 * As bs_age_decrypt for a file without armor. With BS_AGE_PAYLOAD *ret is the authentic beginning, which is
 * the caller's to free and not to be used.
 */
enum bs_code bs_age_decrypt_binary(const uint8_t *file, size_t len, const struct bs_age_identities *ids,
	struct bs_secret **ret, enum bs_age_failure *ret_failure, struct bs_error *reterr) BS_MUST_CHECK;

#endif
