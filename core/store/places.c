/*
 * places.c: the table of places where documents stand, and what holds for all of them.
 *
 * Layer: core/store.
 */
#include "store_private.h"
#include <string.h>

/*
 * In the order of asking. A further scope or layout is a further row. The repository's directory comes before
 * its datapackage.json: a name found there wins, and where the directory exists it is what is written.
 */
static const struct bs_layout layouts[] = {
	{
		.ops = &bs_json_layout,
		.scope = BS_SCOPE_USER,
		.objects = {"values"},
		.depth = 1,
		.prefix = "secrets.",
	},
	{
		.ops = &bs_dir_layout,
		.scope = BS_SCOPE_REPO,
		.file = ".bus/secrets",
	},
	{
		.ops = &bs_json_layout,
		.scope = BS_SCOPE_REPO,
		.file = "datapackage.json",
		.objects = {"busdk", "secrets"},
		.depth = 2,
		.prefix = "",
	},
};

const struct bs_layout *bs_layout_at(enum bs_scope scope, size_t i)
{
	for (size_t k = 0; k < sizeof(layouts) / sizeof(layouts[0]); k++) {
		if (layouts[k].scope != scope)
			continue;
		if (i-- == 0)
			return &layouts[k];
	}
	return NULL;
}

enum bs_code bs_scope_check(const struct bs_store *store, enum bs_scope scope, struct bs_error *reterr)
{
	if (scope != BS_SCOPE_USER && scope != BS_SCOPE_REPO)
		return bs_error_set(reterr, BS_USAGE,
			"nothing is stored in scope auto, it is a view: say --scope user or --scope repo");
	if (scope == BS_SCOPE_REPO && !store->ws)
		return bs_error_set(
			reterr, BS_NO_WORKSPACE, "no workspace here: bus-secrets init --repo makes one");
	return BS_OK;
}

enum bs_code bs_layout_target(
	struct bs_store *store, enum bs_scope scope, const struct bs_layout **ret, struct bs_error *reterr)
{
	const struct bs_layout *layout;

	for (size_t i = 0; (layout = bs_layout_at(scope, i)); i++) {
		bool is_there = false;
		enum bs_code code = layout->ops->is_there(store, layout, &is_there, reterr);

		if (code)
			return code;
		if (is_there) {
			*ret = layout;
			return BS_OK;
		}
	}
	return bs_error_set(reterr, BS_NO_WORKSPACE,
		"the workspace has no datapackage.json any more: bus-secrets init --repo makes one");
}

enum bs_code bs_stored_find(struct bs_store *store, enum bs_scope scope, const char *name,
	struct bs_stored *ret, struct bs_error *reterr)
{
	const struct bs_layout *layout;

	for (size_t i = 0; (layout = bs_layout_at(scope, i)); i++) {
		enum bs_code code = layout->ops->read(store, layout, name, ret, reterr);

		if (code != BS_NOT_FOUND)
			return code;
	}
	return bs_error_set(reterr, BS_NOT_FOUND, "no secret %s in scope %s", name, bs_scope_name(scope));
}

enum bs_code bs_stored_exists(
	struct bs_store *store, enum bs_scope scope, const char *name, struct bs_error *reterr)
{
	struct bs_stored stored = {0};
	enum bs_code code = bs_stored_find(store, scope, name, &stored, reterr);

	bs_stored_release(&stored);
	return code;
}

/* Errors count, too: a number is not the same as a string that holds its digits. */
bool bs_stored_equal(const struct bs_stored *a, const struct bs_stored *b)
{
	if (!a || !b)
		return a == b;
	return a->layout == b->layout && a->error.code == b->error.code && a->len == b->len &&
	       (a->len == 0 || memcmp(a->text, b->text, a->len) == 0);
}

void bs_stored_release(struct bs_stored *stored)
{
	free(stored->text);
	*stored = (struct bs_stored){0};
}

void bs_change_release(struct bs_change *change)
{
	free(change->text);
	*change = (struct bs_change){0};
}
