/*
 * view.h: names, sizes, modes and times of a scope: never decrypts, never asks.
 *
 * Layer: fs. The store is listed again only when its stamp changed. A store that cannot be listed keeps its
 * last good list: opening a name in it then says why.
 */
#ifndef BS_FS_VIEW_H
#define BS_FS_VIEW_H

#include "fs.h"

/* Brings the view up to date. Never fails: what could not be listed was logged. */
const struct bs_view *bs_view_get(struct bs_fs *fs, enum bs_scope scope);
/* NULL if the name is not there. Borrowed until the next call. */
const struct bs_store_entry *bs_view_find(struct bs_fs *fs, enum bs_scope scope, const char *name);
/* The mode of the scope's secrets, and of its directory. */
mode_t bs_view_file_mode(struct bs_fs *fs, enum bs_scope scope);
mode_t bs_view_dir_mode(struct bs_fs *fs, enum bs_scope scope);
void bs_view_release(struct bs_fs *fs);

#endif
