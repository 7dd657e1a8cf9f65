/*
 * name.h: valid names of secrets.
 *
 * Layer: include; implemented in core/base.
 *
 * A name matches [a-z0-9_-]+(\.[a-z0-9_-]+)* and has at most BS_NAME_MAX bytes. A new name does not begin with '-';
 * an old one that does is still read and removed.
 */
#ifndef BUS_SECRETS_NAME_H
#define BUS_SECRETS_NAME_H

#include <bus-secrets/error.h>

#define BS_NAME_MAX 128

#pragma GCC visibility push(default)

/* BS_NAME or BS_NAME_LONG, with the nearest valid spelling in the message where there is one. */
enum bs_code bs_name_check(const char *name, size_t len, struct bs_error *reterr) BS_MUST_CHECK;
/* As bs_name_check, for a name that is about to be made. */
enum bs_code bs_name_check_new(const char *name, size_t len, struct bs_error *reterr) BS_MUST_CHECK;
/*
 * Folds any bytes to the nearest valid spelling: lower case, every byte outside the alphabet to '_', dots where they
 * may not stand and a leading '-' dropped, cut at BS_NAME_MAX. False if nothing is left.
 */
bool bs_name_fold(const char *name, size_t len, char ret[static BS_NAME_MAX + 1]);

#pragma GCC visibility pop

#endif
