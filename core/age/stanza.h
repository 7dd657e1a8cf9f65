/*
 * stanza.h: the kinds of recipients, one table row each.
 *
 * Layer: core/age. A row says how a kind is written in a header and as a recipient's text, how its stanza is
 * checked, and how it wraps and unwraps the file key. A row without functions is a kind that is only known by
 * name.
 */
#ifndef BS_AGE_STANZA_H
#define BS_AGE_STANZA_H

#include "age.h"
#include "header.h"

#define BS_AGE_FILE_KEY_BYTES 16
#define BS_AGE_WRAP_KEY_BYTES 32
/* A wrapped file key: the key and the tag of ChaCha20-Poly1305. */
#define BS_AGE_BODY_BYTES 32
#define BS_AGE_POINT_BYTES 32
/* A written stanza's line, its NUL included: the longest type, a tag and a point. */
#define BS_AGE_LINE_MAX 96

struct bs_age_row;

struct bs_age_recipient {
	const struct bs_age_row *row;
	uint8_t public[BS_AGE_POINT_BYTES]; /* X25519, or Ed25519 as SSH has it */
	const struct bs_secret *passphrase; /* scrypt; borrowed */
};

struct bs_age_identity {
	const struct bs_age_row *row;
	uint8_t public[BS_AGE_POINT_BYTES]; /* of its recipient */
	struct bs_secret *secret; /* X25519's scalar (for SSH, too), or the passphrase */
};

struct bs_age_wrapped {
	char line[BS_AGE_LINE_MAX];
	uint8_t body[BS_AGE_BODY_BYTES];
};

struct bs_age_row {
	enum bs_age_kind kind;
	const char *type; /* of the stanza; NULL: has none of its own */
	const char *name; /* for people */
	bool is_alone; /* may not stand beside other stanzas */

	/* BS_MALFORMED for a stanza that no writer of this kind makes: it condemns the whole header. */
	enum bs_code (*check)(const struct bs_age_stanza *stanza, struct bs_error *reterr);
	/* The file key. BS_NO_MATCH: not for this identity. BS_MALFORMED: as check, seen with the key. */
	enum bs_code (*unwrap)(const struct bs_age_stanza *stanza, const struct bs_age_identity *identity,
		uint8_t file_key[static BS_AGE_FILE_KEY_BYTES], struct bs_error *reterr);
	enum bs_code (*wrap)(const struct bs_age_recipient *recipient,
		const uint8_t file_key[static BS_AGE_FILE_KEY_BYTES], struct bs_age_wrapped *ret,
		struct bs_error *reterr);
	/* The recipient's text to its public bytes and back, on the heap; NULL where there is no text. */
	bool (*read)(const char *text, uint8_t ret[static BS_AGE_POINT_BYTES]);
	char *(*write)(const uint8_t public[static BS_AGE_POINT_BYTES]);
};

extern const struct bs_age_row bs_age_x25519;
extern const struct bs_age_row bs_age_scrypt;

/* Never NULL: an unknown kind has a row, too. */
const struct bs_age_row *bs_age_row_of_kind(enum bs_age_kind kind);
/* NULL for a type that this build has not heard of. */
const struct bs_age_row *bs_age_row_of_stanza(const struct bs_age_stanza *stanza);

/* The file key under a wrapping key that is used once, so the nonce is zero. */
void bs_age_key_seal(const uint8_t wrap[static BS_AGE_WRAP_KEY_BYTES],
	const uint8_t file_key[static BS_AGE_FILE_KEY_BYTES], uint8_t ret[static BS_AGE_BODY_BYTES]);
bool bs_age_key_open(const uint8_t wrap[static BS_AGE_WRAP_KEY_BYTES],
	const uint8_t body[static BS_AGE_BODY_BYTES], uint8_t ret[static BS_AGE_FILE_KEY_BYTES]);
/* A line's last part: a blank and base64 of bytes, behind what is in the line already. */
void bs_age_line_add(struct bs_age_wrapped *wrapped, const uint8_t *bytes, size_t len);

#endif
