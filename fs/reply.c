/* reply.c: error to errno. */
#include "reply.h"
#include "logfile.h"

void bs_reply_ok(fuse_req_t req)
{
	(void)fuse_reply_err(req, 0);
}

void bs_reply_errno(fuse_req_t req, int err)
{
	(void)fuse_reply_err(req, err);
}

void bs_reply_error(
	fuse_req_t req, const char *op, enum bs_scope scope, const char *name, const struct bs_error *error)
{
	if (error->code != BS_NOT_FOUND && error->code != BS_EXISTS)
		bs_log("%s %s/%s: %s", op, bs_scope_name(scope), name,
			error->msg[0] ? error->msg : bs_code_text(error->code));
	(void)fuse_reply_err(req, bs_code_errno(error->code));
}
