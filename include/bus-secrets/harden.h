/*
 * harden.h: what a program does before its first secret.
 *
 * Layer: include; implemented in core/base.
 */
#ifndef BUS_SECRETS_HARDEN_H
#define BUS_SECRETS_HARDEN_H

#include <bus-secrets/error.h>
#include <sys/types.h>

#pragma GCC visibility push(default)

/*
 * Descriptors 0-2 open (onto /dev/null where closed; *ret_closed gets bit 1<<fd for those that were, and may be
 * NULL), umask 077, no core dumps, not dumpable, SIGPIPE ignored. Also initialises the cryptographic libraries.
 * Not no-new-privileges: that would stop the setuid fusermount3; the worker sets it itself.
 */
enum bs_code bs_harden_process(unsigned *ret_closed, struct bs_error *reterr) BS_MUST_CHECK;

/*
 * The umask that the process came with: the one that bs_harden_process() found, or the present one where it was not
 * called. For files of a project, which are shared as the user shares others; 077 if it cannot be told.
 */
mode_t bs_caller_umask(void);

#pragma GCC visibility pop

#endif
