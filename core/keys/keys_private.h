/*
 * keys_private.h: what the store asks of the keys beyond the public header.
 *
 * Layer: core/keys; used by core/store.
 */
#ifndef BS_KEYS_PRIVATE_H
#define BS_KEYS_PRIVATE_H

#include "../age/age.h"
#include <bus-secrets/keys.h>

/*
 * The identities of source i, read now if they were not (a command is run; a passphrase is asked for if that is
 * allowed). Borrowed from keys. BS_NO_IDENTITY: this source has none (absent, broken or locked).
 */
enum bs_code bs_keys_identities(struct bs_keys *keys, size_t i, const struct bs_age_identities **ret,
	struct bs_error *reterr) BS_MUST_CHECK;

/*
 * The environment for a real sops that is to find the same identities: the list ends with NULL, is on the heap and is
 * freed by bs_keys_free_environment(). Its strings are borrowed from keys, until it is closed or forgets.
 */
enum bs_code bs_keys_sops_environment(struct bs_keys *keys, const char ***ret, struct bs_error *reterr)
	BS_MUST_CHECK;
void bs_keys_free_environment(const char **envp);

#endif
