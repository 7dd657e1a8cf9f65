/*
 * reply.h: answers that are errors: the only place that asks the table of errors for an errno.
 *
 * Layer: fs. Each callback ends in exactly one reply: one of these, or fuse_reply_entry() and its kin.
 */
#ifndef BS_FS_REPLY_H
#define BS_FS_REPLY_H

#include "fs.h"

void bs_reply_ok(fuse_req_t req);
void bs_reply_errno(fuse_req_t req, int err);
/*
 * Replies the error's errno and logs its line, unless it is one that programs meet all the time (not found,
 * exists).
 */
void bs_reply_error(
	fuse_req_t req, const char *op, enum bs_scope scope, const char *name, const struct bs_error *error);

#endif
