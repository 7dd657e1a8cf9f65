/*
 * value.h: values and the store: the only place that reads, writes, renames and removes secrets.
 *
 * Layer: fs. Keys that were not there when the mount began are looked for again when a value wants them.
 */
#ifndef BS_FS_VALUE_H
#define BS_FS_VALUE_H

#include "fs.h"

enum bs_code bs_value_get(struct bs_fs *fs, enum bs_scope scope, const char *name, struct bs_secret **ret,
	struct bs_error *reterr) BS_MUST_CHECK;
/*
 * What can be known before a byte is accepted: name, rights, store, recipients. BS_NO_IDENTITY or BS_NO_MATCH
 * if what is written could not be read back.
 */
enum bs_code bs_value_can_set(
	struct bs_fs *fs, enum bs_scope scope, const char *name, struct bs_error *reterr) BS_MUST_CHECK;
/* Stores what is in buf; a secret that was hidden under that name is replaced by it. */
enum bs_code bs_value_set(struct bs_fs *fs, enum bs_scope scope, const char *name,
	const struct bs_secret_buf *buf, struct bs_error *reterr) BS_MUST_CHECK;
enum bs_code bs_value_delete(
	struct bs_fs *fs, enum bs_scope scope, const char *name, struct bs_error *reterr) BS_MUST_CHECK;
enum bs_code bs_value_rename(struct bs_fs *fs, enum bs_scope scope, const char *from, const char *to,
	unsigned flags, struct bs_error *reterr) BS_MUST_CHECK;

#endif
