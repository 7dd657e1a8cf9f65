/* ops_name.c: unlink and rename, between secrets and temporary files. */
#include "handle.h"
#include "ops.h"
#include "reply.h"
#include "value.h"
#include "view.h"

#include <errno.h>
#include <string.h>

static bool is_stored(struct bs_fs *fs, enum bs_scope scope, const char *name)
{
	return bs_view_find(fs, scope, name) && !bs_scratch_hiding(fs, scope, name);
}

/* A temporary file that holds a secret's old name takes that secret with it. */
static enum bs_code drop_scratch(struct bs_fs *fs, struct bs_scratch *scratch, struct bs_error *reterr)
{
	enum bs_code code = BS_OK;

	if (scratch->hides[0])
		code = bs_value_delete(fs, scratch->scope, scratch->hides, reterr);
	if (code && code != BS_NOT_FOUND)
		return code;
	bs_scratch_remove(fs, scratch);
	return BS_OK;
}

static enum bs_code unlink_secret(
	struct bs_fs *fs, enum bs_scope scope, const char *name, struct bs_error *reterr)
{
	enum bs_code code = BS_OK;

	if (is_stored(fs, scope, name))
		code = bs_value_delete(fs, scope, name, reterr);
	else if (!bs_handles_are_making(fs, scope, name))
		code = bs_error_set(reterr, BS_NOT_FOUND, "%s is not there", name);
	if (code)
		return code;
	bs_handles_unlinked(fs, scope, name);
	bs_node_removed(fs->nodes, scope, name);
	return BS_OK;
}

void bs_op_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct bs_fs *fs = fuse_req_userdata(req);
	struct bs_node *dir = bs_ops_scope_dir(req, parent);
	struct bs_scratch *scratch = dir ? bs_scratch_find(fs, dir->scope, name) : NULL;
	struct bs_error error = {0};
	enum bs_code code;

	if (!dir)
		return;
	if (!scratch && bs_ops_refused_write(req, fs, dir->scope, "unlink", name))
		return;
	code = scratch ? drop_scratch(fs, scratch, &error) : unlink_secret(fs, dir->scope, name, &error);
	if (code)
		bs_reply_error(req, "unlink", dir->scope, name, &error);
	else
		bs_reply_ok(req);
}

/* What a rename is about. */
struct move {
	enum bs_scope scope;
	const char *from;
	const char *to;
	unsigned flags; /* BS_RENAME_* */
	struct bs_scratch *from_scratch;
	struct bs_scratch *to_scratch;
	bool to_is_there;
};

/* A new name that only writers know yet gets its first value now, so that there is something to rename. */
static enum bs_code settle(struct bs_fs *fs, const struct move *move, struct bs_error *reterr)
{
	for (int round = 0; round < 64 && !is_stored(fs, move->scope, move->from); round++) {
		struct bs_handle *maker = bs_handles_maker(fs, move->scope, move->from);
		enum bs_code code;

		if (!maker)
			return bs_error_set(reterr, BS_NOT_FOUND, "%s is not there", move->from);
		code = bs_handle_commit(fs, maker, reterr);
		if (code)
			return code;
	}
	return BS_OK;
}

static enum bs_code move_secret(struct bs_fs *fs, const struct move *move, struct bs_error *reterr)
{
	bool is_exchange = move->flags & BS_RENAME_EXCHANGE;
	/* To the store a hidden name is still there: for us its place is free. */
	unsigned flags = move->to_is_there ? move->flags : move->flags & ~BS_RENAME_NOREPLACE;
	enum bs_code code = settle(fs, move, reterr);

	if (code == BS_OK && !move->to_is_there)
		code = bs_name_check_new(move->to, strlen(move->to), reterr);
	if (code == BS_OK)
		code = bs_value_rename(fs, move->scope, move->from, move->to, flags, reterr);
	if (code)
		return code;

	struct bs_scratch *hiding = bs_scratch_hiding(fs, move->scope, move->to);

	if (hiding)
		hiding->hides[0] = '\0';
	bs_handles_renamed(fs, move->scope, move->from, move->to, is_exchange);
	if (is_exchange)
		bs_node_exchanged(fs->nodes, move->scope, move->from, move->to);
	else
		bs_node_moved(fs->nodes, move->scope, move->from, move->to, move->to_is_there);
	return BS_OK;
}

/* A temporary file that is renamed onto a secret's name: this is how editors commit. */
static enum bs_code commit_scratch(struct bs_fs *fs, const struct move *move, struct bs_error *reterr)
{
	struct bs_scratch *scratch = move->from_scratch;
	bool is_back = strcmp(scratch->hides, move->to) == 0;
	enum bs_code code = BS_OK;

	if (!move->to_is_there)
		code = bs_name_check_new(move->to, strlen(move->to), reterr);
	if (code == BS_OK)
		code = bs_value_can_set(fs, move->scope, move->to, reterr);
	if (code == BS_OK)
		code = bs_value_set(fs, move->scope, move->to, scratch->buf, reterr);
	if (code == BS_OK && scratch->hides[0] && !is_back)
		code = bs_value_delete(fs, move->scope, scratch->hides, reterr);
	if (code)
		return code;
	bs_handles_unlinked(fs, move->scope, move->to);
	code = bs_handles_adopt(fs, scratch, move->to, reterr);
	if (code)
		return code;
	bs_scratch_remove(fs, scratch);
	bs_node_moved(fs->nodes, move->scope, move->from, move->to, move->to_is_there);
	return BS_OK;
}

/*
 * `mv x x~`: the value goes to locked memory, the secret stays in the store, hidden, until the copy's fate is
 * known.
 */
static enum bs_code hide_secret(struct bs_fs *fs, const struct move *move, struct bs_error *reterr)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *value = NULL;
	struct bs_scratch *scratch = NULL;
	enum bs_code code = settle(fs, move, reterr);

	if (code == BS_OK)
		code = bs_value_get(fs, move->scope, move->from, &value, reterr);
	if (code == BS_OK && move->to_scratch)
		code = drop_scratch(fs, move->to_scratch, reterr);
	if (code == BS_OK)
		code = bs_scratch_make(fs, move->scope, move->to, 0600, &scratch, reterr);
	if (code)
		return code;
	code = bs_scratch_write(fs, scratch, 0, bs_secret_bytes(value), bs_secret_len(value), reterr);
	if (code) {
		bs_scratch_remove(fs, scratch);
		return code;
	}
	(void)snprintf(scratch->hides, sizeof(scratch->hides), "%s", move->from);
	bs_node_moved(fs->nodes, move->scope, move->from, move->to, false);
	return BS_OK;
}

static enum bs_code move_scratch(struct bs_fs *fs, const struct move *move, struct bs_error *reterr)
{
	enum bs_code code = move->to_scratch ? drop_scratch(fs, move->to_scratch, reterr) : BS_OK;

	if (code)
		return code;
	bs_scratch_rename(fs, move->from_scratch, move->to);
	bs_node_moved(fs->nodes, move->scope, move->from, move->to, false);
	return BS_OK;
}

/* Whether the new name is a secret's, as against a temporary file's; what is neither is refused. */
static enum bs_code judge_target(const struct move *move, bool *ret_is_secret, struct bs_error *reterr)
{
	struct bs_error error = {0};

	*ret_is_secret = bs_name_check(move->to, strlen(move->to), &error) == BS_OK;
	if (*ret_is_secret || move->to_scratch || bs_scratch_fits(move->to))
		return BS_OK;
	if (reterr)
		*reterr = error;
	return error.code;
}

static enum bs_code move_by_kind(struct bs_fs *fs, const struct move *move, struct bs_error *reterr)
{
	bool to_secret = false;
	enum bs_code code = judge_target(move, &to_secret, reterr);

	if (code)
		return code;
	if ((move->flags & BS_RENAME_EXCHANGE) && (move->from_scratch || !to_secret))
		return bs_error_set(reterr, BS_USAGE, "temporary files are not exchanged");
	if (move->from_scratch)
		return to_secret ? commit_scratch(fs, move, reterr) : move_scratch(fs, move, reterr);
	return to_secret ? move_secret(fs, move, reterr) : hide_secret(fs, move, reterr);
}

void bs_op_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t new_parent,
	const char *new_name, unsigned flags)
{
	struct bs_fs *fs = fuse_req_userdata(req);
	struct bs_node *dir = bs_ops_scope_dir(req, parent);
	struct bs_node *new_dir = dir ? bs_ops_scope_dir(req, new_parent) : NULL;
	struct bs_error error = {0};

	if (!dir || !new_dir)
		return;
	/* Across scopes the recipients differ: mv copies, which encrypts anew, and then removes. */
	if (dir != new_dir || (flags & ~(unsigned)(RENAME_NOREPLACE | RENAME_EXCHANGE))) {
		bs_reply_errno(req, dir != new_dir ? EXDEV : EINVAL);
		return;
	}

	struct move move = {
		.scope = dir->scope,
		.from = name,
		.to = new_name,
		.flags = (flags & RENAME_NOREPLACE ? BS_RENAME_NOREPLACE : 0) |
			 (flags & RENAME_EXCHANGE ? BS_RENAME_EXCHANGE : 0),
		.from_scratch = bs_scratch_find(fs, dir->scope, name),
		.to_scratch = bs_scratch_find(fs, dir->scope, new_name),
		.to_is_there = is_stored(fs, dir->scope, new_name),
	};

	if ((!move.from_scratch || bs_name_check(new_name, strlen(new_name), NULL) == BS_OK) &&
		bs_ops_refused_write(req, fs, dir->scope, "rename", name))
		return;
	if ((flags & RENAME_NOREPLACE) && (move.to_is_there || move.to_scratch))
		bs_reply_errno(req, EEXIST);
	else if (move_by_kind(fs, &move, &error))
		bs_reply_error(req, "rename", dir->scope, name, &error);
	else
		bs_reply_ok(req);
}
