/*
 * header.h: the text in front of an age file, read strictly and written in the same form.
 *
 * Layer: core/age. The reader keeps positions in the file's own bytes: the MAC is of those, never of a header
 * that was written again.
 */
#ifndef BS_AGE_HEADER_H
#define BS_AGE_HEADER_H

#include <bus-secrets/error.h>
#include <stdint.h>

#define BS_AGE_MAC_BYTES 32
/* Our own cap; the format has none. A post-quantum stanza is 1.6 KiB, an X25519 one 114 bytes. */
#define BS_AGE_HEADER_MAX ((size_t)1024 * 1024)

/* One wrapped file key. Nothing in it is secret. */
struct bs_age_stanza {
	const char *line; /* the arguments behind "-> ", each followed by one blank but the last; no NUL */
	size_t line_len;
	size_t args; /* count, the type included */
	const uint8_t *body;
	size_t body_len;
};

struct bs_age_header {
	struct bs_age_stanza *stanzas;
	size_t count;
	uint8_t *bodies; /* what the stanzas' bodies point into */
	size_t covered_len; /* bytes under the MAC: up to and including the three dashes */
	size_t len; /* the payload begins here */
	uint8_t mac[BS_AGE_MAC_BYTES];
};

/* Zeroed memory is an empty header. The file must outlive the header. BS_MALFORMED, naming the line. */
enum bs_code bs_age_header_read(
	const uint8_t *file, size_t len, struct bs_age_header *ret, struct bs_error *reterr) BS_MUST_CHECK;
void bs_age_header_release(struct bs_age_header *header);

/*
 * The header up to and including the three dashes, on the heap, with room behind it for the MAC line's rest
 * (BS_AGE_MAC_LINE_REST) and extra bytes more.
 */
enum bs_code bs_age_header_write(const struct bs_age_stanza *stanzas, size_t count, size_t extra,
	uint8_t **ret, size_t *ret_len, struct bs_error *reterr) BS_MUST_CHECK;
#define BS_AGE_MAC_LINE_REST 45 /* blank, 43 characters, LF */
/* Writes the MAC line's rest; at has one byte more of room. */
void bs_age_header_write_mac(const uint8_t mac[static BS_AGE_MAC_BYTES], uint8_t *at);

/* Argument i, 0 is the type; NULL if there are fewer. */
const char *bs_age_stanza_arg(const struct bs_age_stanza *stanza, size_t i, size_t *ret_len);
bool bs_age_stanza_is(const struct bs_age_stanza *stanza, const char *type);
/* True if argument i is canonical base64 of exactly len bytes. */
bool bs_age_stanza_arg_decode(const struct bs_age_stanza *stanza, size_t i, uint8_t *out, size_t len);

#endif
