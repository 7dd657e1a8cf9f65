/* ops_dir.c: looking names up, and listing them. */
#include "handle.h"
#include "ops.h"
#include "reply.h"
#include "view.h"

#include <errno.h>
#include <string.h>

static struct bs_node *lookup_scope(struct bs_fs *fs, const char *name)
{
	for (int i = 0; i < BS_SCOPE_STORED; i++) {
		if (strcmp(name, bs_scope_name((enum bs_scope)i)) == 0)
			return bs_nodes_dir(fs->nodes, (enum bs_scope)i);
	}
	return NULL;
}

/*
 * A name that is being made for the first time is there for the process that makes it; everybody else meets
 * it when its first value is whole.
 */
static bool is_there(struct bs_fs *fs, enum bs_scope scope, const char *name, pid_t thread)
{
	if (bs_scratch_find(fs, scope, name))
		return true;
	if (bs_view_find(fs, scope, name) && !bs_scratch_hiding(fs, scope, name))
		return true;
	return bs_handles_writer_of(fs, scope, name, thread) != NULL;
}

void bs_op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct bs_fs *fs = fuse_req_userdata(req);
	struct bs_node *dir = bs_ops_node(req, parent);
	struct bs_node *node = NULL;

	if (!dir)
		return;
	if (dir->kind == BS_NODE_ROOT) {
		node = lookup_scope(fs, name);
	} else if (dir->kind == BS_NODE_DIR && is_there(fs, dir->scope, name, fuse_req_ctx(req)->pid)) {
		node = bs_node_by_name(fs->nodes, dir->scope, name);
		if (!node) {
			bs_reply_errno(req, ENOMEM);
			return;
		}
	}
	if (node)
		(void)bs_ops_reply_entry(req, fs, node, NULL);
	else
		bs_reply_errno(req, ENOENT);
}

void bs_op_forget(fuse_req_t req, fuse_ino_t ino, uint64_t count)
{
	struct bs_fs *fs = fuse_req_userdata(req);

	bs_node_forget(fs->nodes, ino, count);
	fuse_reply_none(req);
}

void bs_op_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets)
{
	struct bs_fs *fs = fuse_req_userdata(req);

	for (size_t i = 0; i < count; i++)
		bs_node_forget(fs->nodes, forgets[i].ino, forgets[i].nlookup);
	fuse_reply_none(req);
}

static bool add_listed(
	struct bs_listing *listing, size_t *room, fuse_ino_t ino, mode_t type, const char *name)
{
	if (listing->count == *room) {
		size_t more = *room * 2 + 32;
		struct bs_listed *items = reallocarray(listing->items, more, sizeof(*items));

		if (!items)
			return false;
		listing->items = items;
		*room = more;
	}

	struct bs_listed *item = &listing->items[listing->count];

	*item = (struct bs_listed){.ino = ino, .type = type, .name = strdup(name)};
	if (!item->name)
		return false;
	listing->count++;
	return true;
}

static void release_listing(struct bs_listing *listing)
{
	for (size_t i = 0; i < listing->count; i++)
		free(listing->items[i].name);
	free(listing->items);
	*listing = (struct bs_listing){0};
}

static bool list_scope(struct bs_fs *fs, enum bs_scope scope, struct bs_listing *listing, size_t *room)
{
	const struct bs_view *view = bs_view_get(fs, scope);
	bool ok = true;

	for (size_t i = 0; i < view->list.count && ok; i++) {
		const char *name = view->list.items[i].name;

		if (!bs_scratch_hiding(fs, scope, name))
			ok = add_listed(listing, room, bs_node_number(fs->nodes, scope, name), S_IFREG, name);
	}
	for (struct bs_scratch *scratch = bs_scratch_next(fs, scope, NULL); scratch && ok;
		scratch = bs_scratch_next(fs, scope, scratch))
		ok = add_listed(listing, room, bs_node_number(fs->nodes, scope, scratch->name), S_IFREG,
			scratch->name);
	return ok;
}

static bool list_again(struct bs_fs *fs, struct bs_handle *handle)
{
	struct bs_listing *listing = &handle->listing;
	size_t room = 0;
	bool ok;

	release_listing(listing);
	ok = add_listed(listing, &room, handle->node->ino, S_IFDIR, ".") &&
	     add_listed(listing, &room, FUSE_ROOT_ID, S_IFDIR, "..");
	if (handle->node->kind == BS_NODE_DIR)
		return ok && list_scope(fs, handle->scope, listing, &room);
	for (int i = 0; i < BS_SCOPE_STORED && ok; i++) {
		const struct bs_node *dir = bs_nodes_dir(fs->nodes, (enum bs_scope)i);

		ok = add_listed(listing, &room, dir->ino, S_IFDIR, bs_scope_name((enum bs_scope)i));
	}
	return ok;
}

void bs_op_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct bs_fs *fs = fuse_req_userdata(req);
	struct bs_node *node = bs_ops_node(req, ino);
	struct bs_handle *handle = NULL;
	struct bs_error error = {0};

	if (!node)
		return;
	if (bs_handle_new(fs, BS_HANDLE_DIR, node, &handle, &error)) {
		bs_reply_errno(req, ENOMEM);
		return;
	}
	fi->fh = handle->number;
	if (fuse_reply_open(req, fi))
		bs_handle_free(fs, handle);
}

/* The names are taken when the directory is read from its beginning: rewinddir(3) sees what is new. */
void bs_op_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	struct bs_fs *fs = fuse_req_userdata(req);
	struct bs_handle *handle = bs_handle_get(fs, fi->fh);
	BS_CLEANUP(bs_free_ptr) char *answer = NULL;
	size_t used = 0;

	(void)ino;
	if (!handle || handle->kind != BS_HANDLE_DIR || off < 0) {
		bs_reply_errno(req, EBADF);
		return;
	}
	if (off == 0 && !list_again(fs, handle)) {
		bs_reply_errno(req, ENOMEM);
		return;
	}
	size = size < BS_MAX_WRITE ? size : BS_MAX_WRITE;
	answer = malloc(size);
	if (!answer) {
		bs_reply_errno(req, ENOMEM);
		return;
	}
	for (size_t i = (size_t)off; i < handle->listing.count; i++) {
		const struct bs_listed *item = &handle->listing.items[i];
		const struct stat st = {.st_ino = item->ino, .st_mode = item->type};
		size_t len =
			fuse_add_direntry(req, answer + used, size - used, item->name, &st, (off_t)(i + 1));

		if (len > size - used)
			break;
		used += len;
	}
	(void)fuse_reply_buf(req, answer, used);
}

void bs_op_releasedir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct bs_fs *fs = fuse_req_userdata(req);
	struct bs_handle *handle = bs_handle_get(fs, fi->fh);

	(void)ino;
	if (handle)
		bs_handle_free(fs, handle);
	bs_reply_ok(req);
}
