/* ops.c: the table of callbacks, what they share, and what is refused. */
#include "ops.h"
#include "attr.h"
#include "reply.h"
#include "view.h"

#include <errno.h>

struct bs_node *bs_ops_node(fuse_req_t req, fuse_ino_t ino)
{
	struct bs_fs *fs = fuse_req_userdata(req);
	struct bs_node *node = bs_node_by_ino(fs->nodes, ino);

	if (!node)
		bs_reply_errno(req, ESTALE);
	return node;
}

struct bs_node *bs_ops_scope_dir(fuse_req_t req, fuse_ino_t parent)
{
	struct bs_node *node = bs_ops_node(req, parent);

	if (node && node->kind != BS_NODE_DIR) {
		/* Scopes are a fixed table: nothing is made or removed beside them. */
		bs_reply_errno(req, node->kind == BS_NODE_ROOT ? EPERM : ENOTDIR);
		return NULL;
	}
	return node;
}

bool bs_ops_refused_write(
	fuse_req_t req, struct bs_fs *fs, enum bs_scope scope, const char *op, const char *name)
{
	const struct bs_view *view = bs_view_get(fs, scope);
	struct bs_error error = {0};

	if (!view->is_there)
		(void)bs_error_set(&error, BS_NO_WORKSPACE,
			"no workspace was here when this was mounted: bus-secrets init --repo makes one");
	else if (!view->is_writable || !(bs_view_file_mode(fs, scope) & 0200))
		(void)bs_error_set(&error, BS_READ_ONLY, "the scope is read-only");
	if (error.code)
		bs_reply_error(req, op, scope, name, &error);
	return error.code != BS_OK;
}

bool bs_ops_reply_entry(fuse_req_t req, struct bs_fs *fs, struct bs_node *node, struct fuse_file_info *fi)
{
	/* Times of validity are 0: what changes in the store is seen at once. */
	struct fuse_entry_param entry = {.ino = node->ino};
	int err;

	if (!bs_attr_get(fs, node, fuse_req_ctx(req)->pid, &entry.attr)) {
		bs_reply_errno(req, ENOENT);
		bs_node_put(fs->nodes, node);
		return false;
	}
	node->lookups++;
	err = fi ? fuse_reply_create(req, &entry, fi) : fuse_reply_entry(req, &entry);
	if (err)
		bs_node_forget(fs->nodes, entry.ino, 1); /* the caller was interrupted */
	return err == 0;
}

static void op_init(void *userdata, struct fuse_conn_info *conn)
{
	const unsigned wanted = FUSE_CAP_ATOMIC_O_TRUNC | FUSE_CAP_PARALLEL_DIROPS;
	struct bs_fs *fs = userdata;

	/*
	 * No splice: values would pass through pipes. No write-back and no readahead: they live on the page
	 * cache.
	 */
	conn->want = conn->capable & wanted;
	conn->max_write = (unsigned)BS_MAX_WRITE;
	conn->max_readahead = 0;
	conn->time_gran = 1;
	fs->was_initialised = true;
}

static void refuse_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	(void)parent;
	(void)name;
	(void)mode;
	bs_reply_errno(req, EPERM);
}

static void refuse_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	(void)parent;
	(void)name;
	bs_reply_errno(req, EPERM);
}

static void refuse_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name)
{
	(void)target;
	(void)parent;
	(void)name;
	bs_reply_errno(req, EPERM);
}

static void refuse_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t parent, const char *name)
{
	(void)ino;
	(void)parent;
	(void)name;
	bs_reply_errno(req, EPERM);
}

static void refuse_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t device)
{
	(void)parent;
	(void)name;
	(void)mode;
	(void)device;
	bs_reply_errno(req, EPERM);
}

/*
 * What is missing here is answered ENOSYS by libfuse: no extended attributes, no locks of our own, no
 * fallocate.
 */
const struct fuse_lowlevel_ops bs_ops = {
	.init = op_init,
	.lookup = bs_op_lookup,
	.forget = bs_op_forget,
	.forget_multi = bs_op_forget_multi,
	.getattr = bs_op_getattr,
	.setattr = bs_op_setattr,
	.access = bs_op_access,
	.statfs = bs_op_statfs,
	.opendir = bs_op_opendir,
	.readdir = bs_op_readdir,
	.releasedir = bs_op_releasedir,
	.open = bs_op_open,
	.create = bs_op_create,
	.read = bs_op_read,
	.write = bs_op_write,
	.flush = bs_op_flush,
	.fsync = bs_op_fsync,
	.release = bs_op_release,
	.copy_file_range = bs_op_copy_file_range,
	.unlink = bs_op_unlink,
	.rename = bs_op_rename,
	.mkdir = refuse_mkdir,
	.rmdir = refuse_rmdir,
	.symlink = refuse_symlink,
	.link = refuse_link,
	.mknod = refuse_mknod,
};
