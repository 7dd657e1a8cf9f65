/* view.c: the scopes as directories. */
#include "view.h"
#include "logfile.h"

#include <string.h>
#include <time.h>

#define FILE_MODE 0600u

static void look_at_place(struct bs_fs *fs, enum bs_scope scope, struct bs_view *view)
{
	struct bs_store_place place = {0};
	enum bs_code code = bs_store_get_place(fs->store, scope, &place, NULL);

	view->is_there = code != BS_NO_WORKSPACE;
	view->is_writable = code == BS_OK && place.is_writable && !fs->options.is_read_only;
	bs_store_place_release(&place);
}

static void list_again(struct bs_fs *fs, enum bs_scope scope, struct bs_view *view)
{
	struct bs_store_list fresh = {0};
	struct bs_error error = {0};
	enum bs_code code = bs_store_list(fs->store, scope, &fresh, &error);

	(void)clock_gettime(CLOCK_REALTIME, &view->changed);
	if (code == BS_OK || code == BS_NO_WORKSPACE) {
		bs_store_list_release(&view->list);
		view->list = fresh;
	} else {
		bs_log("%s: %s (names are shown as they were)", bs_scope_name(scope), error.msg);
	}
	look_at_place(fs, scope, view);
}

const struct bs_view *bs_view_get(struct bs_fs *fs, enum bs_scope scope)
{
	struct bs_view *view = &fs->views[scope];
	/* Taken before listing: a change in between is seen by the next call. */
	uint64_t stamp = bs_store_stamp(fs->store, scope);

	if (!view->was_listed || stamp != view->stamp) {
		list_again(fs, scope, view);
		view->stamp = stamp;
		view->was_listed = true;
	}
	return view;
}

static int compare_name(const void *name, const void *entry)
{
	return strcmp(name, ((const struct bs_store_entry *)entry)->name);
}

const struct bs_store_entry *bs_view_find(struct bs_fs *fs, enum bs_scope scope, const char *name)
{
	const struct bs_view *view = bs_view_get(fs, scope);

	if (view->list.count == 0)
		return NULL;
	return bsearch(name, view->list.items, view->list.count, sizeof(view->list.items[0]), compare_name);
}

mode_t bs_view_file_mode(struct bs_fs *fs, enum bs_scope scope)
{
	const struct bs_view *view = bs_view_get(fs, scope);

	if (scope == BS_SCOPE_USER)
		return FILE_MODE;
	if (fs->options.repo_mode)
		return fs->options.repo_mode;
	return view->is_writable ? FILE_MODE : 0400u;
}

mode_t bs_view_dir_mode(struct bs_fs *fs, enum bs_scope scope)
{
	const struct bs_view *view = bs_view_get(fs, scope);

	return scope == BS_SCOPE_USER || (view->is_there && view->is_writable) ? 0700u : 0500u;
}

void bs_view_release(struct bs_fs *fs)
{
	for (int i = 0; i < BS_SCOPE_STORED; i++)
		bs_store_list_release(&fs->views[i].list);
}
