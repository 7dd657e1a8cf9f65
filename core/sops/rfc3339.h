/*
 * rfc3339.h: points in time as sops writes and reads them (specs/sops.md, sections 2 and 6).
 *
 * Layer: core/sops, private.
 */
#ifndef BS_SOPS_RFC3339_H
#define BS_SOPS_RFC3339_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#define BS_RFC3339_MAX 26 /* 2006-01-02T15:04:05+07:00 and a NUL */

/*
 * Strict RFC 3339. ret gets the form that sops authenticates: without a fraction, +00:00 as Z, other offsets as they
 * are.
 */
bool bs_rfc3339_parse(const char *text, size_t len, char ret[static BS_RFC3339_MAX], time_t *ret_time);
/* YYYY-MM-DDTHH:MM:SSZ; false outside the years 0 to 9999. */
bool bs_rfc3339_format(time_t when, char ret[static BS_RFC3339_MAX]);
/* True if the text is what sops writes for a leaf of type time: up to nanoseconds, no zeros at their end. */
bool bs_rfc3339_is_canonical(const char *text, size_t len);

#endif
