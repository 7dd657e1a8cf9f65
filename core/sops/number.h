/*
 * number.h: the one text of an integer or a float (specs/sops.md, sections 2, 12.1 and 14).
 *
 * Layer: core/sops, private.
 */
#ifndef BS_SOPS_NUMBER_H
#define BS_SOPS_NUMBER_H

#include <bus-secrets/secret.h>

/* The longest: a sign, "0.", 323 zeros and 17 digits. */
#define BS_NUMBER_MAX 352

/* How releases read a number that stands in clear: before 3.13.2 every one was a float64. */
enum bs_number_style {
	BS_NUMBER_INT_OR_FLOAT,
	BS_NUMBER_FLOAT,
};

/* The text of a JSON number's literal as it enters the MAC; 0 if it is out of range. Not for secrets. */
size_t bs_number_text(
	const char *literal, size_t len, enum bs_number_style style, char ret[static BS_NUMBER_MAX]);
/* The shortest decimal without an exponent that reads back as the same double. It must be finite. */
size_t bs_number_float_text(double number, char ret[static BS_NUMBER_MAX]);
/* True if the text is exactly what sops writes for an int64, or for a float64. */
bool bs_number_is_int(const char *text, size_t len);
bool bs_number_is_float(const char *text, size_t len);

/* A float as JSON has it, perhaps with an exponent, in the text above. BS_MALFORMED if it is none. */
enum bs_code bs_number_respell(
	const struct bs_secret *json, struct bs_secret **ret, struct bs_error *reterr) BS_MUST_CHECK;

#endif
