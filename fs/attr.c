/* attr.c: attributes from the list of the store, or from what is being written. */
#include "attr.h"
#include "handle.h"
#include "view.h"

#include <string.h>

mode_t bs_attr_mode(struct bs_fs *fs, const struct bs_node *node)
{
	mode_t mode = bs_view_file_mode(fs, node->scope);

	return node->has_mode ? mode & node->mode : mode;
}

static void set_times(struct stat *st, struct timespec time)
{
	st->st_atim = st->st_mtim = st->st_ctim = time;
}

static void set_size(struct stat *st, size_t size)
{
	st->st_size = (off_t)size;
	st->st_blocks = (blkcnt_t)((size + 511) / 512);
}

static void fill_dir(struct bs_fs *fs, const struct bs_node *node, struct stat *st)
{
	if (node->kind == BS_NODE_ROOT) {
		st->st_mode = S_IFDIR | 0500;
		st->st_nlink = 2 + BS_SCOPE_STORED;
		set_times(st, bs_view_get(fs, BS_SCOPE_USER)->changed);
		return;
	}
	st->st_mode = S_IFDIR | bs_view_dir_mode(fs, node->scope);
	st->st_nlink = 2;
	set_times(st, bs_view_get(fs, node->scope)->changed);
}

static void fill_entry(
	struct bs_fs *fs, const struct bs_node *node, const struct bs_store_entry *entry, struct stat *st)
{
	set_size(st, entry->size);
	set_times(st, entry->modified.tv_sec ? entry->modified : fs->views[node->scope].changed);
	if (node->has_times && node->times_version == entry->version) {
		st->st_atim = node->atime;
		st->st_mtim = node->mtime;
	}
}

static void fill_scratch(const struct bs_scratch *scratch, struct stat *st)
{
	st->st_mode = S_IFREG | scratch->mode;
	set_size(st, bs_secret_buf_len(scratch->buf));
	set_times(st, scratch->mtime);
}

static void fill_written(const struct bs_handle *writer, struct stat *st)
{
	set_size(st, bs_secret_buf_len(writer->buf));
	(void)clock_gettime(CLOCK_REALTIME, &st->st_mtim);
	if (writer->has_times) {
		st->st_atim = writer->atime;
		st->st_mtim = writer->mtime;
	}
}

/* A name that is not there (yet, or any more), but open. */
static bool fill_open(struct bs_fs *fs, const struct bs_node *node, struct stat *st)
{
	const struct bs_handle *handle = bs_handles_on(fs, node);
	size_t len = 0;

	if (!handle)
		return false;
	(void)bs_handle_bytes(handle, &len);
	(void)clock_gettime(CLOCK_REALTIME, &st->st_mtim);
	set_times(st, st->st_mtim);
	if (handle->kind == BS_HANDLE_WRITE)
		fill_written(handle, st);
	set_size(st, len);
	st->st_nlink = handle->is_new && !handle->is_orphan ? 1 : 0;
	return true;
}

static bool fill_file(struct bs_fs *fs, struct bs_node *node, pid_t thread, struct stat *st)
{
	const struct bs_scratch *scratch = bs_scratch_find(fs, node->scope, node->name);
	const struct bs_store_entry *entry = bs_view_find(fs, node->scope, node->name);
	const struct bs_handle *writer = bs_handles_writer_of(fs, node->scope, node->name, thread);

	st->st_mode = S_IFREG | bs_attr_mode(fs, node);
	st->st_nlink = 1;
	if (scratch) {
		fill_scratch(scratch, st);
		return true;
	}
	if (!entry || bs_scratch_hiding(fs, node->scope, node->name))
		return fill_open(fs, node, st);
	fill_entry(fs, node, entry, st);
	if (writer)
		fill_written(writer, st);
	return true;
}

bool bs_attr_get(struct bs_fs *fs, struct bs_node *node, pid_t thread, struct stat *ret)
{
	struct bs_node *target = bs_node_target(fs->nodes, node);

	memset(ret, 0, sizeof(*ret));
	if (!target)
		return false;
	ret->st_ino = target->ino;
	ret->st_uid = fs->uid;
	ret->st_gid = fs->gid;
	ret->st_blksize = 4096;
	if (target->kind != BS_NODE_FILE) {
		fill_dir(fs, target, ret);
		return true;
	}
	if (fill_file(fs, target, thread, ret))
		return true;
	return target != node && fill_open(fs, node, ret);
}
