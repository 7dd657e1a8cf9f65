/*
 * write.h: a document being written, in two halves: the tree with its leaves, then `sops`.
 *
 * Layer: core/sops, private.
 */
#ifndef BS_SOPS_WRITE_H
#define BS_SOPS_WRITE_H

#include "doc.h"

/* Where the value goes in a document that is rewritten. */
enum bs_write_shape {
	BS_SHAPE_SAME,
	BS_SHAPE_RENAMED, /* where it was at the top, under the name `data` */
	BS_SHAPE_FRONT, /* taken out from where it was, put in front as `data` */
};

struct bs_writer {
	const struct bs_sops_write *write;
	enum bs_write_shape shape;
	bool has_clear; /* clear neighbours are written: the rule for them has to stand in the document */
	struct bs_crypt crypt; /* of the new data key */
	struct bs_crypt old_crypt;
	struct bs_strings recipients; /* without doubles */
	struct bs_strings kept; /* kinds of envelopes that stay */
	struct bs_secret *data_key;
	struct bs_text out;
	struct bs_error *reterr;
};

/* Everything up to `sops`, without the closing brace; leaves are encrypted and hashed on the way. */
enum bs_code bs_write_body(struct bs_writer *w) BS_MUST_CHECK;
/* The members of `sops`, sorted as current releases of sops do, with the braces. */
enum bs_code bs_write_metadata(struct bs_writer *w) BS_MUST_CHECK;

#endif
