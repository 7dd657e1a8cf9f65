/* recipient.h: recipients as text. Layer: core/age. */
#ifndef BS_AGE_RECIPIENT_H
#define BS_AGE_RECIPIENT_H

#include "stanza.h"

/* A recipient that can be encrypted to here. BS_USAGE for no recipient, BS_UNSUPPORTED for kinds without
 * functions. */
enum bs_code bs_age_recipient_read(
	const char *text, struct bs_age_recipient *ret, struct bs_error *reterr) BS_MUST_CHECK;

#endif
