/* ssh.h: SSH's forms of ed25519 keys. Layer: core/age. */
#ifndef BS_AGE_SSH_H
#define BS_AGE_SSH_H

#include "stanza.h"

/* string "ssh-ed25519", string key: what base64 stands for in a public key's line. */
#define BS_SSH_WIRE_BYTES 51

extern const struct bs_age_row bs_age_ssh_ed25519;

void bs_ssh_wire(const uint8_t public[static BS_AGE_POINT_BYTES], uint8_t ret[static BS_SSH_WIRE_BYTES]);

/* True for the text of a private key of whatever form, which is not a list of identities then. */
bool bs_ssh_is_key(const struct bs_secret *text);
/* True if a passphrase protects it. */
bool bs_ssh_is_locked(const struct bs_secret *text);
/*
 * The X25519 scalar and the public key of an unprotected OpenSSH ed25519 key. BS_NO_IDENTITY: of another
 * kind, or protected; BS_MALFORMED.
 */
enum bs_code bs_ssh_read_key(const struct bs_secret *text, const char *where, struct bs_secret **ret_scalar,
	uint8_t ret_public[static BS_AGE_POINT_BYTES], struct bs_error *reterr) BS_MUST_CHECK;

#endif
