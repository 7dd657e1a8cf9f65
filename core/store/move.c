/*
 * move.c: deleting and renaming, so that no old value ever rises again.
 *
 * Layer: core/store. Where a scope has two layouts, a name may stand in both, and the first one counts. Two
 * files cannot be changed at one moment; so the steps are put in an order in which each one either changes
 * nothing that can be seen, or is the one atomic step that changes everything. A call that dies in between
 * leaves at most a hidden copy, which doctor names, and never an old value that counts again.
 */
#include "store_private.h"
#include <bus-secrets/log.h>
#include <string.h>

#define TRIES 8

static enum bs_code drop(
	void *ctx, const struct bs_stored *present, struct bs_change *ret, struct bs_error *reterr)
{
	(void)ctx;
	(void)reterr;
	if (present)
		ret->kind = BS_CHANGE_DROP;
	return BS_OK;
}

static enum bs_code read_at(struct bs_store *store, const struct bs_layout *layout, const char *name,
	bool *ret_is_there, struct bs_stored *ret, struct bs_error *reterr)
{
	enum bs_code code = layout->ops->read(store, layout, name, ret, reterr);

	*ret_is_there = code == BS_OK;
	return code == BS_NOT_FOUND ? BS_OK : code;
}

static enum bs_code is_at(struct bs_store *store, const struct bs_layout *layout, const char *name, bool *ret,
	struct bs_error *reterr)
{
	BS_CLEANUP(bs_stored_release) struct bs_stored stored = {0};

	return read_at(store, layout, name, ret, &stored, reterr);
}

static enum bs_code drop_at(struct bs_store *store, const struct bs_layout *layout, const char *name,
	bool *ret_was_there, struct bs_error *reterr)
{
	bool is_there = false, was_written = false;
	enum bs_code code = is_at(store, layout, name, &is_there, reterr);

	if (code == BS_OK && is_there)
		code = layout->ops->change(store, layout, name, drop, NULL, &was_written, reterr);
	*ret_was_there = was_written;
	return code;
}

/* Whether the first layout that has the name can be written: asked before anything hidden is taken away. */
static enum bs_code check_rights(
	struct bs_store *store, const struct bs_layout *layout, struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) char *path = NULL;
	enum bs_code code = layout->ops->path(store, layout, &path, reterr);

	return code ? code : bs_access_check(path, bs_access_shown(store, path), reterr);
}

/* The last layout first: what is hidden goes while it is hidden. */
static enum bs_code delete_everywhere(struct bs_store *store, enum bs_scope scope, const char *name,
	bool *ret_was_there, struct bs_error *reterr)
{
	size_t count = 0;
	enum bs_code code;

	while (bs_layout_at(scope, count)) {
		const struct bs_layout *layout = bs_layout_at(scope, count++);
		bool is_there = false;

		code = is_at(store, layout, name, &is_there, reterr);
		if (code || (is_there && (code = check_rights(store, layout, reterr))))
			return code;
	}
	while (count--) {
		bool was_there = false;

		code = drop_at(store, bs_layout_at(scope, count), name, &was_there, reterr);
		if (code)
			return code;
		*ret_was_there = *ret_was_there || was_there;
	}
	return BS_OK;
}

enum bs_code bs_store_delete(
	struct bs_store *store, enum bs_scope scope, const char *name, struct bs_error *reterr)
{
	bool was_there = false;
	enum bs_code code = bs_name_check(name, strlen(name), reterr);

	if (code || (code = bs_scope_check(store, scope, reterr)) ||
		(code = delete_everywhere(store, scope, name, &was_there, reterr)))
		return code;
	if (!was_there)
		return bs_error_set(
			reterr, BS_NOT_FOUND, "no secret %s in scope %s", name, bs_scope_name(scope));
	bs_note_gone(store, scope, name);
	return BS_OK;
}

/* A rename on its way. Layout 0 is the target; further ones lie behind it. */
struct move {
	struct bs_store *store;
	enum bs_scope scope;
	const char *from;
	const char *to;
	unsigned flags;
	const struct bs_layout *target;
};

/* Puts what counts for a name into the target layout as well: it was read from a layout behind it. */
static enum bs_code put_copy(
	void *ctx, const struct bs_stored *present, struct bs_change *ret, struct bs_error *reterr)
{
	const struct bs_stored *copy = ctx;

	if (present)
		return BS_OK;
	ret->text = strndup(copy->text ? copy->text : "", copy->len);
	if (!ret->text)
		return bs_error_set(reterr, BS_NO_MEMORY, "no memory for a document");
	ret->len = copy->len;
	ret->kind = BS_CHANGE_PUT;
	return BS_OK;
}

static enum bs_code lift(const struct move *move, const char *name, struct bs_error *reterr)
{
	BS_CLEANUP(bs_stored_release) struct bs_stored stored = {0};
	bool was_written;
	enum bs_code code = bs_stored_find(move->store, move->scope, name, &stored, reterr);

	if (code || stored.layout == move->target)
		return code;
	code = check_rights(move->store, stored.layout, reterr);
	if (code)
		return code;
	return move->target->ops->change(
		move->store, move->target, name, put_copy, &stored, &was_written, reterr);
}

/* Takes copies of a name out of the layouts behind the target, which hides them. */
static enum bs_code drop_hidden(const struct move *move, const char *name, struct bs_error *reterr)
{
	const struct bs_layout *layout;
	bool is_behind = false;

	for (size_t i = 0; (layout = bs_layout_at(move->scope, i)); i++) {
		bool was_there;
		enum bs_code code;

		if (is_behind && (code = drop_at(move->store, layout, name, &was_there, reterr)))
			return code;
		is_behind = is_behind || layout == move->target;
	}
	return BS_OK;
}

/* Asks all that can be asked before the first step. */
static enum bs_code check_move(const struct move *move, struct bs_error *reterr)
{
	enum bs_code code = bs_stored_exists(move->store, move->scope, move->from, reterr);
	enum bs_code to;

	if (code || (code = check_rights(move->store, move->target, reterr)))
		return code;
	to = bs_stored_exists(move->store, move->scope, move->to, reterr);
	if (to == BS_OK && (move->flags & BS_RENAME_NOREPLACE))
		return bs_error_set(reterr, BS_EXISTS, "secret %s exists already in scope %s", move->to,
			bs_scope_name(move->scope));
	if (to == BS_NOT_FOUND && !(move->flags & BS_RENAME_EXCHANGE))
		return bs_name_check_new(move->to, strlen(move->to), reterr);
	return to;
}

/*
 * 1. A name that only a layout behind the target has is put into the target as well: nothing to be seen.
 * 2. Copies that the target hides are dropped: nothing to be seen.
 * 3. The target renames: the one step that counts.
 * 4. A copy of the new name that stood behind the target is hidden now and dropped.
 */
static enum bs_code move_once(const struct move *move, struct bs_error *reterr)
{
	bool is_to_there = false;
	struct bs_error why = {0};
	enum bs_code code = check_move(move, reterr);

	if (code || (code = lift(move, move->from, reterr)) || (code = drop_hidden(move, move->from, reterr)))
		return code;
	if ((move->flags & BS_RENAME_EXCHANGE) && (code = lift(move, move->to, reterr)))
		return code;
	code = is_at(move->store, move->target, move->to, &is_to_there, reterr);
	if (code || (is_to_there && (code = drop_hidden(move, move->to, reterr))))
		return code;
	code = move->target->ops->rename(
		move->store, move->target, move->from, move->to, move->flags, reterr);
	if (code == BS_OK && drop_hidden(move, move->to, &why))
		bs_notice(BS_NOTICE_WARN,
			"secret %s was renamed, but a hidden copy of its old value stays: %s", move->to,
			why.msg);
	return code;
}

static void note_move(const struct move *move)
{
	const char *names[2] = {move->to, move->flags & BS_RENAME_EXCHANGE ? move->from : NULL};

	bs_note_gone(move->store, move->scope, move->from);
	bs_note_gone(move->store, move->scope, move->to);
	for (size_t i = 0; i < 2 && names[i]; i++) {
		BS_CLEANUP(bs_stored_release) struct bs_stored stored = {0};
		BS_CLEANUP(bs_sops_free_ptr) struct bs_sops_doc *doc = NULL;

		if (bs_stored_find(move->store, move->scope, names[i], &stored, NULL) == BS_OK &&
			bs_document_parse(&stored, names[i], &doc, NULL) == BS_OK)
			bs_note_seen(move->store, move->scope, names[i], doc, true);
	}
}

enum bs_code bs_store_rename(struct bs_store *store, enum bs_scope scope, const char *from, const char *to,
	unsigned flags, struct bs_error *reterr)
{
	struct move move = {.store = store, .scope = scope, .from = from, .to = to, .flags = flags};
	enum bs_code code = bs_name_check(from, strlen(from), reterr);

	if (code || (code = bs_name_check(to, strlen(to), reterr)) ||
		(code = bs_scope_check(store, scope, reterr)) ||
		(code = bs_layout_target(store, scope, &move.target, reterr)))
		return code;
	if (flags & ~(BS_RENAME_NOREPLACE | BS_RENAME_EXCHANGE) ||
		flags == (BS_RENAME_NOREPLACE | BS_RENAME_EXCHANGE))
		return bs_error_set(reterr, BS_USAGE, "flags of a rename that exclude each other");
	if (strcmp(from, to) == 0) {
		code = check_move(&move, reterr);
		return code;
	}
	/* What another writer changes between the steps shows as an absent name; then look at all again. */
	for (int i = 0; i < TRIES; i++) {
		code = move_once(&move, reterr);
		if (code != BS_NOT_FOUND || bs_stored_exists(store, scope, from, NULL) != BS_OK ||
			((flags & BS_RENAME_EXCHANGE) && bs_stored_exists(store, scope, to, NULL) != BS_OK))
			break;
	}
	if (code == BS_OK)
		note_move(&move);
	return code;
}
