/* ops_attr.c: stat, chmod, truncate and their kin. */
#include "attr.h"
#include "handle.h"
#include "ops.h"
#include "reply.h"
#include "value.h"
#include "view.h"

#include <errno.h>
#include <sys/statvfs.h>
#include <time.h>

static void reply_attr(fuse_req_t req, struct bs_fs *fs, struct bs_node *node)
{
	struct stat st;

	if (!bs_attr_get(fs, node, fuse_req_ctx(req)->pid, &st)) {
		bs_reply_errno(req, ENOENT);
		return;
	}
	(void)fuse_reply_attr(req, &st, 0);
}

void bs_op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct bs_fs *fs = fuse_req_userdata(req);
	struct bs_node *node = bs_ops_node(req, ino);

	(void)fi;
	if (node)
		reply_attr(req, fs, node);
}

/*
 * ftruncate(2): the handle's own buffer, committed as any writing is. A new length of zero is a bare
 * truncation.
 */
static enum bs_code resize_handle(
	struct bs_fs *fs, struct bs_handle *handle, size_t len, struct bs_error *reterr)
{
	enum bs_code code;

	if (handle->kind == BS_HANDLE_SCRATCH)
		return bs_scratch_resize(fs, handle->scratch, len, reterr);
	code = bs_secret_buf_resize(handle->buf, len, reterr);
	if (code)
		return code;
	if (len)
		handle->is_written = true;
	else
		handle->spoiled = BS_OK;
	handle->is_truncated = true;
	handle->has_failed = false;
	return BS_OK;
}

/* truncate(2) by name: no handle will be closed, so it is committed at once. */
static enum bs_code resize_stored(
	struct bs_fs *fs, const struct bs_node *node, size_t len, struct bs_error *reterr)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *value = NULL;
	BS_CLEANUP(bs_secret_buf_free_ptr) struct bs_secret_buf *buf = NULL;
	enum bs_code code = bs_value_can_set(fs, node->scope, node->name, reterr);

	if (code == BS_OK)
		code = bs_secret_buf_new(fs->options.limit, &buf, reterr);
	if (code == BS_OK && len > 0)
		code = bs_value_get(fs, node->scope, node->name, &value, reterr);
	if (code == BS_OK && value)
		code = bs_secret_buf_write(buf, 0, bs_secret_bytes(value), bs_secret_len(value), reterr);
	if (code == BS_OK)
		code = bs_secret_buf_resize(buf, len, reterr);
	if (code == BS_OK)
		code = bs_value_set(fs, node->scope, node->name, buf, reterr);
	return code;
}

/* True if it was refused and replied. */
static bool set_size(
	fuse_req_t req, struct bs_fs *fs, struct bs_node *node, off_t size, struct fuse_file_info *fi)
{
	struct bs_handle *handle = fi ? bs_handle_get(fs, fi->fh) : NULL;
	struct bs_scratch *scratch = bs_scratch_find(fs, node->scope, node->name);
	struct bs_error error = {0};
	enum bs_code code;

	if (size < 0 || node->kind != BS_NODE_FILE || (handle && !handle->is_writable)) {
		bs_reply_errno(req, node->kind == BS_NODE_FILE ? EINVAL : EISDIR);
		return true;
	}
	if (handle && handle->kind != BS_HANDLE_DIR) {
		code = resize_handle(fs, handle, (size_t)size, &error);
	} else if (scratch) {
		code = bs_scratch_resize(fs, scratch, (size_t)size, &error);
	} else {
		if (bs_ops_refused_write(req, fs, node->scope, "truncate", node->name))
			return true;
		code = resize_stored(fs, node, (size_t)size, &error);
	}
	if (code)
		bs_reply_error(req, "truncate", node->scope, node->name, &error);
	return code != BS_OK;
}

/*
 * Bits beyond the scope's are dropped without a word, so that cp -p, tar and install work (vfat's "quiet").
 */
static int set_mode(struct bs_fs *fs, struct bs_node *node, mode_t mode)
{
	struct bs_scratch *scratch = bs_scratch_find(fs, node->scope, node->name);

	if (mode & 07000)
		return EPERM;
	if (node->kind != BS_NODE_FILE)
		return 0;
	if (scratch) {
		scratch->mode = mode & 0600;
		return 0;
	}
	node->mode = mode & 0666;
	node->has_mode = (mode & 0600) != 0600 || fs->options.repo_mode;
	return 0;
}

static int check_owner(const struct bs_fs *fs, const struct stat *attr, int to_set)
{
	if ((to_set & FUSE_SET_ATTR_UID) && attr->st_uid != fs->uid)
		return EPERM;
	if ((to_set & FUSE_SET_ATTR_GID) && attr->st_gid != fs->gid)
		return EPERM;
	return 0;
}

static void set_times(
	struct bs_fs *fs, struct bs_node *node, const struct stat *attr, int to_set, pid_t thread)
{
	const struct bs_store_entry *entry;
	struct bs_scratch *scratch = bs_scratch_find(fs, node->scope, node->name);
	struct bs_handle *writer = bs_handles_writer_of(fs, node->scope, node->name, thread);
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	const struct timespec mtime = to_set & FUSE_SET_ATTR_MTIME_NOW ? now : attr->st_mtim;
	const struct timespec atime = to_set & FUSE_SET_ATTR_ATIME_NOW ? now : attr->st_atim;

	if (scratch) {
		if (to_set & FUSE_SET_ATTR_MTIME)
			scratch->mtime = mtime;
		return;
	}
	if (writer) {
		writer->has_times = true;
		writer->atime = atime;
		writer->mtime = to_set & FUSE_SET_ATTR_MTIME ? mtime : now;
		return;
	}
	entry = node->kind == BS_NODE_FILE ? bs_view_find(fs, node->scope, node->name) : NULL;
	if (!entry)
		return;
	if (!node->has_times || node->times_version != entry->version)
		node->atime = node->mtime = entry->modified;
	if (to_set & FUSE_SET_ATTR_ATIME)
		node->atime = atime;
	if (to_set & FUSE_SET_ATTR_MTIME)
		node->mtime = mtime;
	node->has_times = true;
	node->times_version = entry->version;
}

void bs_op_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set, struct fuse_file_info *fi)
{
	struct bs_fs *fs = fuse_req_userdata(req);
	struct bs_node *asked = bs_ops_node(req, ino);
	struct bs_node *node = asked ? bs_node_target(fs->nodes, asked) : NULL;
	int err;

	if (!asked)
		return;
	if (!node) {
		bs_reply_errno(req, ENOMEM);
		return;
	}
	err = check_owner(fs, attr, to_set);
	if (!err && (to_set & FUSE_SET_ATTR_MODE))
		err = set_mode(fs, node, attr->st_mode);
	if (err) {
		bs_reply_errno(req, err);
		return;
	}
	if ((to_set & FUSE_SET_ATTR_SIZE) && set_size(req, fs, node, attr->st_size, fi))
		return;
	if (to_set & (FUSE_SET_ATTR_ATIME | FUSE_SET_ATTR_MTIME))
		set_times(fs, node, attr, to_set, fuse_req_ctx(req)->pid);
	reply_attr(req, fs, asked);
}

/* The kernel lets nobody but the mount's user get here, so the owner's bits are the ones that count. */
void bs_op_access(fuse_req_t req, fuse_ino_t ino, int mask)
{
	struct bs_fs *fs = fuse_req_userdata(req);
	struct bs_node *node = bs_ops_node(req, ino);
	struct stat st;

	if (!node)
		return;
	if (!bs_attr_get(fs, node, fuse_req_ctx(req)->pid, &st)) {
		bs_reply_errno(req, ENOENT);
		return;
	}
	if ((mask & W_OK) && node->kind != BS_NODE_ROOT && !bs_view_get(fs, node->scope)->is_writable)
		bs_reply_errno(req, EROFS);
	else if ((((mode_t)mask << 6) & 0700) & ~st.st_mode)
		bs_reply_errno(req, EACCES);
	else
		bs_reply_ok(req);
}

void bs_op_statfs(fuse_req_t req, fuse_ino_t ino)
{
	const struct bs_fs *fs = fuse_req_userdata(req);
	const fsblkcnt_t blocks = (fsblkcnt_t)(BS_STORE_FILE_LIMIT / 4096);
	struct statvfs st = {.f_bsize = 4096,
		.f_frsize = 4096,
		.f_blocks = blocks,
		.f_bfree = blocks,
		.f_bavail = blocks,
		.f_files = 1000000,
		.f_ffree = 1000000,
		.f_favail = 1000000,
		.f_namemax = 255};

	(void)ino;
	if (fs->options.is_read_only)
		st.f_flag = ST_RDONLY;
	(void)fuse_reply_statfs(req, &st);
}
