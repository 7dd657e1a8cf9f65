/* ops_file.c: opening, reading, writing and closing files. */
#include "attr.h"
#include "caller.h"
#include "handle.h"
#include "notify.h"
#include "ops.h"
#include "reply.h"
#include "value.h"
#include "view.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* Direct I/O keeps values out of the page cache; a reader has nothing to say at close, so it need not ask. */
static void fill_info(struct fuse_file_info *fi, const struct bs_handle *handle)
{
	fi->fh = handle->number;
	fi->direct_io = 1;
	fi->keep_cache = 0;
	fi->noflush = handle->kind != BS_HANDLE_WRITE;
}

static bool wants_write(int flags)
{
	return (flags & O_ACCMODE) != O_RDONLY;
}

static bool wants_read(int flags)
{
	return (flags & O_ACCMODE) != O_WRONLY;
}

/* Modes that were set by chmod hold for everybody but root, as on a disk. */
static bool mode_allows(struct bs_fs *fs, mode_t mode, int flags)
{
	if (fs->uid == 0)
		return true;
	return (!wants_read(flags) || (mode & 0400)) && (!wants_write(flags) || (mode & 0200));
}

static enum bs_code open_reader(struct bs_fs *fs, struct bs_handle *handle, struct bs_error *reterr)
{
	handle->kind = BS_HANDLE_READ;
	handle->is_readable = true;
	return bs_value_get(fs, handle->scope, handle->name, &handle->value, reterr);
}

/* All that can be known is said now, before a byte is accepted. */
static enum bs_code open_writer(
	struct bs_fs *fs, struct bs_handle *handle, int flags, struct bs_error *reterr)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *value = NULL;
	enum bs_code code = bs_value_can_set(fs, handle->scope, handle->name, reterr);

	handle->is_readable = wants_read(flags);
	handle->is_writable = true;
	if (code == BS_OK)
		code = bs_secret_buf_new(fs->options.limit, &handle->buf, reterr);
	if (code == BS_OK && !handle->is_new && !(flags & O_TRUNC))
		code = bs_value_get(fs, handle->scope, handle->name, &value, reterr);
	if (code == BS_OK && value)
		code = bs_secret_buf_write(
			handle->buf, 0, bs_secret_bytes(value), bs_secret_len(value), reterr);
	handle->is_truncated = handle->is_new || (flags & O_TRUNC);
	return code;
}

/* A handle on a secret; NULL after the errno was replied. */
static struct bs_handle *open_secret(
	fuse_req_t req, struct bs_node *node, const char *name, bool is_new, int flags)
{
	struct bs_fs *fs = fuse_req_userdata(req);
	struct bs_handle *handle = NULL;
	struct bs_error error = {0};
	enum bs_code code = bs_handle_new(fs, BS_HANDLE_WRITE, node, &handle, &error);

	if (code == BS_OK) {
		(void)snprintf(handle->name, sizeof(handle->name), "%s", name);
		handle->is_new = is_new;
		handle->thread = fuse_req_ctx(req)->pid;
		if (wants_write(flags))
			handle->process = bs_caller_process(handle->thread);
		code = wants_write(flags) ? open_writer(fs, handle, flags, &error)
					  : open_reader(fs, handle, &error);
	}
	if (code == BS_OK)
		return handle;
	bs_reply_error(req, "open", node->scope, name, &error);
	if (handle)
		bs_handle_free(fs, handle);
	return NULL;
}

static struct bs_handle *open_scratch(
	fuse_req_t req, struct bs_node *node, struct bs_scratch *scratch, int flags)
{
	struct bs_fs *fs = fuse_req_userdata(req);
	struct bs_handle *handle = NULL;
	struct bs_error error = {0};
	enum bs_code code = BS_OK;

	if (wants_write(flags) && (flags & O_TRUNC))
		code = bs_scratch_resize(fs, scratch, 0, &error);
	if (code == BS_OK)
		code = bs_handle_new(fs, BS_HANDLE_SCRATCH, node, &handle, &error);
	if (code) {
		bs_reply_error(req, "open", node->scope, scratch->name, &error);
		return NULL;
	}
	handle->is_readable = wants_read(flags);
	handle->is_writable = wants_write(flags);
	handle->thread = fuse_req_ctx(req)->pid;
	handle->process = bs_caller_process(handle->thread);
	handle->scratch = scratch;
	scratch->open_count++;
	return handle;
}

/* What stands under the node's name, opened; NULL after the errno was replied. */
static struct bs_handle *open_existing(fuse_req_t req, struct bs_node *node, int flags)
{
	struct bs_fs *fs = fuse_req_userdata(req);
	struct bs_node *target = bs_node_target(fs->nodes, node);
	struct bs_scratch *scratch = target ? bs_scratch_find(fs, target->scope, target->name) : NULL;
	bool is_stored;

	if (!target) {
		bs_reply_errno(req, ENOMEM);
		return NULL;
	}
	if (scratch && mode_allows(fs, scratch->mode, flags))
		return open_scratch(req, node, scratch, flags);
	is_stored = !scratch && bs_view_find(fs, target->scope, target->name) &&
		    !bs_scratch_hiding(fs, target->scope, target->name);
	if (wants_write(flags) && !scratch &&
		bs_ops_refused_write(req, fs, target->scope, "open", target->name))
		return NULL;
	if (scratch || !mode_allows(fs, bs_attr_mode(fs, target), flags)) {
		bs_reply_errno(req, EACCES);
		return NULL;
	}
	if (!is_stored && !(wants_write(flags) && bs_handles_are_making(fs, target->scope, target->name))) {
		bs_reply_errno(req, ENOENT);
		return NULL;
	}
	return open_secret(req, node, target->name, !is_stored, flags);
}

void bs_op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct bs_fs *fs = fuse_req_userdata(req);
	struct bs_node *node = bs_ops_node(req, ino);
	struct bs_handle *handle = node ? open_existing(req, node, fi->flags) : NULL;

	if (!handle)
		return;
	fill_info(fi, handle);
	/* Interrupted: nobody will release it. */
	if (fuse_reply_open(req, fi))
		bs_handle_free(fs, handle);
}

/* The name may be made: a secret's, or one of the table of temporary files. */
static bool may_be_made(fuse_req_t req, struct bs_fs *fs, enum bs_scope scope, const char *name)
{
	struct bs_error error = {0};

	if (!bs_view_get(fs, scope)->is_there)
		return !bs_ops_refused_write(req, fs, scope, "create", name);
	if (bs_name_check_new(name, strlen(name), &error) == BS_OK)
		return !bs_ops_refused_write(req, fs, scope, "create", name);
	if (bs_scratch_fits(name))
		return true;
	bs_reply_error(req, "create", scope, name, &error);
	return false;
}

/* The handle of a new name; NULL after the errno was replied. */
static struct bs_handle *make_new(
	fuse_req_t req, struct bs_node *node, const char *name, mode_t mode, int flags)
{
	struct bs_fs *fs = fuse_req_userdata(req);
	struct bs_scratch *scratch = NULL;
	struct bs_handle *handle;
	struct bs_error error = {0};

	if (!may_be_made(req, fs, node->scope, name))
		return NULL;
	if (bs_name_check_new(name, strlen(name), NULL) == BS_OK) {
		node->mode = mode & 0666;
		node->has_mode = (mode & 0600) != 0600;
		/* A file that is made can be read and written by its maker whatever mode it gets. */
		handle = open_secret(req, node, name, true, O_RDWR | (flags & ~O_ACCMODE));
		node->has_mode = node->has_mode && handle;
		return handle;
	}
	if (bs_scratch_make(fs, node->scope, name, mode, &scratch, &error)) {
		bs_reply_error(req, "create", node->scope, name, &error);
		return NULL;
	}
	return open_scratch(req, node, scratch, flags);
}

void bs_op_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, struct fuse_file_info *fi)
{
	struct bs_fs *fs = fuse_req_userdata(req);
	struct bs_node *dir = bs_ops_scope_dir(req, parent);
	struct bs_node *node = dir ? bs_node_by_name(fs->nodes, dir->scope, name) : NULL;
	struct bs_handle *handle;

	if (!dir)
		return;
	if (!node) {
		bs_reply_errno(req, ENOMEM);
		return;
	}
	node->open_count++; /* held while we work on it */

	bool is_there = bs_scratch_find(fs, dir->scope, name) ||
			(bs_view_find(fs, dir->scope, name) && !bs_scratch_hiding(fs, dir->scope, name)) ||
			bs_handles_are_making(fs, dir->scope, name);

	if (is_there && (fi->flags & O_EXCL)) {
		bs_reply_errno(req, EEXIST);
		handle = NULL;
	} else {
		handle = is_there ? open_existing(req, node, fi->flags)
				  : make_new(req, node, name, mode, fi->flags);
	}
	if (handle) {
		uint64_t number = handle->number;

		fill_info(fi, handle);
		if (!bs_ops_reply_entry(req, fs, node, fi))
			bs_handle_free(fs, bs_handle_get(fs, number));
	}
	node->open_count--;
	bs_node_put(fs->nodes, node);
}

/*
 * True if it was refused. A read without a lock owner is one that fills the page cache (sendfile, mmap,
 * splice).
 */
static bool refuse_cached(
	fuse_req_t req, struct bs_fs *fs, struct bs_handle *handle, const struct fuse_file_info *fi)
{
	if (fi->lock_owner != 0)
		return false;
	handle->was_cached = true;
	if (fs->options.mmap != BS_MMAP_DENY)
		return false;
	bs_reply_errno(req, EINVAL);
	/* The kernel has made a page for the answer; it is empty, but nobody should have to wonder. */
	bs_notifier_drop_pages(fs->notifier, handle->node->ino);
	return true;
}

void bs_op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	struct bs_fs *fs = fuse_req_userdata(req);
	struct bs_handle *handle = bs_handle_get(fs, fi->fh);
	const uint8_t *bytes;
	size_t len = 0;

	(void)ino;
	if (!handle || !handle->is_readable || off < 0) {
		bs_reply_errno(req, EBADF);
		return;
	}
	if (refuse_cached(req, fs, handle, fi))
		return;
	bytes = bs_handle_bytes(handle, &len);
	if ((uint64_t)off >= len)
		size = 0;
	else if (size > len - (size_t)off)
		size = len - (size_t)off;
	/* Straight from locked memory to the kernel: libfuse does not copy here. */
	(void)fuse_reply_buf(req, size ? (const char *)bytes + off : NULL, size);
	if (fi->lock_owner == 0)
		bs_notifier_drop_pages(fs->notifier, handle->node->ino);
}

static enum bs_code write_handle(struct bs_fs *fs, struct bs_handle *handle, size_t off, const void *bytes,
	size_t len, struct bs_error *reterr)
{
	enum bs_code code;

	if (handle->kind == BS_HANDLE_SCRATCH)
		return bs_scratch_write(fs, handle->scratch, off, bytes, len, reterr);
	code = bs_secret_buf_write(handle->buf, off, bytes, len, reterr);
	handle->is_written = true;
	handle->has_failed = false;
	if (code)
		handle->spoiled = code;
	return code;
}

void bs_op_write(
	fuse_req_t req, fuse_ino_t ino, const char *bytes, size_t size, off_t off, struct fuse_file_info *fi)
{
	struct bs_fs *fs = fuse_req_userdata(req);
	struct bs_handle *handle = bs_handle_get(fs, fi->fh);
	struct bs_error error = {0};
	size_t at = (size_t)off;

	(void)ino;
	/*
	 * A page of the page cache that is written back is none of ours: there is no shared mapping to write
	 * to.
	 */
	if (!handle || !handle->is_writable || off < 0 || fi->writepage) {
		bs_reply_errno(req, EBADF);
		return;
	}
	/* The kernel's offset for appending comes from a size that may be old: ours is the buffer's end. */
	if (fi->flags & O_APPEND)
		(void)bs_handle_bytes(handle, &at);
	if (write_handle(fs, handle, at, bytes, size, &error))
		bs_reply_error(req, "write", handle->scope, handle->node->name, &error);
	else
		(void)fuse_reply_write(req, size);
}

void bs_op_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct bs_fs *fs = fuse_req_userdata(req);
	struct bs_handle *handle = bs_handle_get(fs, fi->fh);
	struct bs_error error = {0};

	(void)ino;
	if (handle && bs_handle_flush(fs, handle, fuse_req_ctx(req)->pid, &error))
		bs_reply_error(req, "close", handle->scope, handle->name, &error);
	else
		bs_reply_ok(req);
}

void bs_op_fsync(fuse_req_t req, fuse_ino_t ino, int is_data, struct fuse_file_info *fi)
{
	struct bs_fs *fs = fuse_req_userdata(req);
	struct bs_handle *handle = bs_handle_get(fs, fi->fh);
	struct bs_error error = {0};

	(void)ino;
	(void)is_data;
	if (handle && bs_handle_commit(fs, handle, &error))
		bs_reply_error(req, "fsync", handle->scope, handle->name, &error);
	else
		bs_reply_ok(req);
}

/* Nobody waits for it: what fails now can only be written down. */
void bs_op_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct bs_fs *fs = fuse_req_userdata(req);
	struct bs_handle *handle = bs_handle_get(fs, fi->fh);
	struct bs_error error = {0};

	(void)ino;
	if (!handle) {
		bs_reply_ok(req);
		return;
	}
	if (!handle->has_failed && bs_handle_commit(fs, handle, &error))
		bs_reply_error(req, "last close", handle->scope, handle->name, &error);
	else
		bs_reply_ok(req);
	if (handle->was_cached)
		bs_notifier_drop_pages(fs->notifier, handle->node->ino);
	bs_handle_free(fs, handle);
}

/* From memory to memory: without this the kernel would copy through the page cache. */
void bs_op_copy_file_range(fuse_req_t req, fuse_ino_t ino_in, off_t off_in, struct fuse_file_info *fi_in,
	fuse_ino_t ino_out, off_t off_out, struct fuse_file_info *fi_out, size_t len, int flags)
{
	struct bs_fs *fs = fuse_req_userdata(req);
	struct bs_handle *from = bs_handle_get(fs, fi_in->fh);
	struct bs_handle *to = bs_handle_get(fs, fi_out->fh);
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *part = NULL;
	struct bs_error error = {0};
	enum bs_code code = BS_OK;
	const uint8_t *bytes;
	size_t there = 0;

	(void)ino_in;
	(void)ino_out;
	if (!from || !to || !from->is_readable || !to->is_writable || off_in < 0 || off_out < 0 || flags) {
		bs_reply_errno(req, EINVAL);
		return;
	}
	bytes = bs_handle_bytes(from, &there);
	there = (uint64_t)off_in < there ? there - (size_t)off_in : 0;
	len = len < there ? len : there;
	/* A copy in between: both may be one buffer, which may move while it grows. */
	if (len)
		code = bs_secret_copy(bytes + off_in, len, &part, &error);
	if (code == BS_OK && len)
		code = write_handle(fs, to, (size_t)off_out, bs_secret_bytes(part), len, &error);
	if (code)
		bs_reply_error(req, "copy", to->scope, to->node->name, &error);
	else
		(void)fuse_reply_write(req, len);
}
