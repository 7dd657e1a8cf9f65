/*
 * store.c: the front: opening, listing, looking, reading.
 *
 * Layer: core/store.
 */
#include "store_private.h"
#include <string.h>

enum bs_code bs_store_open(const struct bs_env *env, struct bs_workspace *ws, struct bs_keys *keys,
	struct bs_store **ret, struct bs_error *reterr)
{
	struct bs_store *store = calloc(1, sizeof(*store));

	if (!store)
		return bs_error_set(reterr, BS_NO_MEMORY, "no memory for a store");
	store->env = env;
	store->ws = ws;
	store->keys = keys;
	*ret = store;
	return BS_OK;
}

struct bs_store *bs_store_close(struct bs_store *store)
{
	if (store)
		for (size_t i = 0; i < BS_SCOPE_STORED; i++)
			bs_json_cache_release(&store->cache[i]);
	free(store);
	return NULL;
}

void bs_store_entry_release(struct bs_store_entry *entry)
{
	bs_strings_release(&entry->recipients);
	*entry = (struct bs_store_entry){0};
}

void bs_store_list_release(struct bs_store_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		bs_store_entry_release(&list->items[i]);
	free(list->items);
	*list = (struct bs_store_list){0};
}

/* A list in the making. */
struct listing {
	struct bs_store *store;
	struct bs_store_list list;
	size_t room;
	bool knows_identities;
};

static enum bs_code make_room(struct listing *listing, struct bs_error *reterr)
{
	size_t room = listing->room ? listing->room * 2 : 16;
	struct bs_store_entry *items;

	if (listing->list.count < listing->room)
		return BS_OK;
	items = reallocarray(listing->list.items, room, sizeof(*items));
	if (!items)
		return bs_error_set(reterr, BS_NO_MEMORY, "no memory to list secrets");
	listing->list.items = items;
	listing->room = room;
	return BS_OK;
}

static enum bs_code add_entry(void *ctx, const char *key, size_t key_len, bool is_double,
	const struct bs_stored *stored, struct bs_error *reterr)
{
	struct listing *listing = ctx;
	BS_CLEANUP(bs_sops_free_ptr) struct bs_sops_doc *doc = NULL;
	enum bs_code code;

	if (bs_name_check(key, key_len, NULL))
		return BS_OK;
	code = make_room(listing, reterr);
	if (code)
		return code;
	code = is_double ? BS_MALFORMED : bs_document_parse(stored, key, &doc, NULL);
	if (code == BS_NO_MEMORY)
		return bs_error_set(reterr, code, "no memory to list secrets");
	code = bs_document_entry(listing->store, stored, key, doc, code, listing->knows_identities,
		&listing->list.items[listing->list.count], reterr);
	listing->list.count++;
	return code;
}

static int by_name(const void *a, const void *b)
{
	const struct bs_store_entry *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/*
 * Sorts and keeps the first of those that have one name: what was added first wins. Entries of the same name
 * are told apart by where they were added, which a sort that is not stable does not keep; so the two parts
 * are sorted each for itself and merged.
 */
static enum bs_code merge_lists(struct bs_store_list *first, struct bs_store_list *second,
	struct bs_store_list *ret, struct bs_error *reterr)
{
	struct bs_store_entry *items = calloc(first->count + second->count + 1, sizeof(*items));
	size_t i = 0, k = 0, n = 0;

	if (!items)
		return bs_error_set(reterr, BS_NO_MEMORY, "no memory to list secrets");
	while (i < first->count || k < second->count) {
		int order = i == first->count    ? 1
			    : k == second->count ? -1
						 : strcmp(first->items[i].name, second->items[k].name);

		if (order <= 0)
			items[n++] = first->items[i++];
		else
			items[n++] = second->items[k++];
		if (order == 0)
			bs_store_entry_release(&second->items[k++]);
	}
	free(first->items);
	free(second->items);
	*first = *second = (struct bs_store_list){0};
	*ret = (struct bs_store_list){.items = items, .count = n};
	return BS_OK;
}

static enum bs_code list_layout(struct bs_store *store, const struct bs_layout *layout, bool knows_identities,
	struct bs_store_list *ret, struct bs_error *reterr)
{
	struct listing listing = {.store = store, .knows_identities = knows_identities};
	enum bs_code code = layout->ops->each(store, layout, true, add_entry, &listing, reterr);

	if (code) {
		bs_store_list_release(&listing.list);
		return code;
	}
	if (listing.list.count > 1)
		qsort(listing.list.items, listing.list.count, sizeof(*listing.list.items), by_name);
	*ret = listing.list;
	return BS_OK;
}

static enum bs_code list_scope(
	struct bs_store *store, enum bs_scope scope, struct bs_store_list *ret, struct bs_error *reterr)
{
	BS_CLEANUP(bs_store_list_release) struct bs_store_list list = {0};
	bool knows_identities = bs_document_knows_identities(store);
	const struct bs_layout *layout;

	for (size_t i = 0; (layout = bs_layout_at(scope, i)); i++) {
		BS_CLEANUP(bs_store_list_release) struct bs_store_list more = {0};
		enum bs_code code = list_layout(store, layout, knows_identities, &more, reterr);

		if (code || (code = merge_lists(&list, &more, &list, reterr)))
			return code;
	}
	*ret = list;
	list = (struct bs_store_list){0};
	return BS_OK;
}

static enum bs_code collect_name(void *ctx, const char *key, size_t key_len, bool is_double,
	const struct bs_stored *stored, struct bs_error *reterr)
{
	(void)is_double;
	(void)stored;
	return bs_name_check(key, key_len, NULL) ? BS_OK : bs_strings_add_len(ctx, key, key_len, reterr);
}

/* Both are sorted. Preferences that cannot be read hide nothing: then no entry is marked. */
static void mark_shadows(struct bs_store *store, struct bs_store_list *list)
{
	const struct bs_layout *layout = bs_layout_at(BS_SCOPE_USER, 0);
	BS_CLEANUP(bs_strings_release) struct bs_strings names = {0};
	size_t k = 0;

	if (layout->ops->each(store, layout, false, collect_name, &names, NULL))
		return;
	for (size_t i = 0; i < list->count; i++) {
		while (k < names.count && strcmp(names.items[k], list->items[i].name) < 0)
			k++;
		list->items[i].shadows = k < names.count && strcmp(names.items[k], list->items[i].name) == 0;
	}
}

enum bs_code bs_store_list(
	struct bs_store *store, enum bs_scope scope, struct bs_store_list *ret, struct bs_error *reterr)
{
	BS_CLEANUP(bs_store_list_release) struct bs_store_list repo = {0};
	BS_CLEANUP(bs_store_list_release) struct bs_store_list user = {0};
	enum bs_code code;

	if (scope == BS_SCOPE_REPO || (scope == BS_SCOPE_AUTO && store->ws)) {
		code = bs_scope_check(store, BS_SCOPE_REPO, reterr);
		if (code || (code = list_scope(store, BS_SCOPE_REPO, &repo, reterr)))
			return code;
		mark_shadows(store, &repo);
	}
	if (scope != BS_SCOPE_REPO) {
		code = list_scope(store, BS_SCOPE_USER, &user, reterr);
		if (code)
			return code;
	}
	return merge_lists(&repo, &user, ret, reterr);
}

/* In which scope a name of the merged view stands: repo first, and only its absence there falls through. */
static enum bs_code find_in(struct bs_store *store, enum bs_scope scope, const char *name,
	struct bs_stored *ret, struct bs_error *reterr)
{
	enum bs_code code = bs_name_check(name, strlen(name), reterr);

	if (code)
		return code;
	if (scope != BS_SCOPE_AUTO) {
		code = bs_scope_check(store, scope, reterr);
		return code ? code : bs_stored_find(store, scope, name, ret, reterr);
	}
	if (store->ws) {
		code = bs_stored_find(store, BS_SCOPE_REPO, name, ret, reterr);
		if (code != BS_NOT_FOUND)
			return code;
	}
	code = bs_stored_find(store, BS_SCOPE_USER, name, ret, reterr);
	if (code == BS_NOT_FOUND)
		return bs_error_set(reterr, code, "no secret %s in scope %s", name,
			store->ws ? "repo or user" : "user, and no workspace here");
	return code;
}

static bool is_shadowing(struct bs_store *store, const struct bs_stored *stored, const char *name)
{
	return stored->layout->scope == BS_SCOPE_REPO &&
	       bs_stored_exists(store, BS_SCOPE_USER, name, NULL) == BS_OK;
}

enum bs_code bs_store_stat(struct bs_store *store, enum bs_scope scope, const char *name,
	struct bs_store_entry *ret, struct bs_error *reterr)
{
	BS_CLEANUP(bs_stored_release) struct bs_stored stored = {0};
	BS_CLEANUP(bs_sops_free_ptr) struct bs_sops_doc *doc = NULL;
	struct bs_store_entry entry;
	enum bs_code code = find_in(store, scope, name, &stored, reterr);

	if (code)
		return code;
	code = bs_document_parse(&stored, name, &doc, reterr);
	if (code && code != BS_PLAINTEXT && code != BS_MALFORMED)
		return code;
	code = bs_document_entry(
		store, &stored, name, doc, code, bs_document_knows_identities(store), &entry, reterr);
	if (code) {
		bs_store_entry_release(&entry);
		return code;
	}
	entry.shadows = is_shadowing(store, &stored, name);
	*ret = entry;
	return BS_OK;
}

/* What failed, with the remedy that the code calls for. */
static enum bs_code fail_get(
	const struct bs_stored *stored, const char *name, const struct bs_error *why, struct bs_error *reterr)
{
	char remedy[BS_REMEDY_MAX];

	bs_document_remedy(stored->layout->scope, name, remedy);
	return bs_document_fail(stored, name, why, why->code == BS_INTEGRITY ? remedy : NULL, reterr);
}

enum bs_code bs_store_get(struct bs_store *store, enum bs_scope scope, const char *name,
	struct bs_secret **ret, struct bs_store_entry *ret_entry, struct bs_error *reterr)
{
	BS_CLEANUP(bs_stored_release) struct bs_stored stored = {0};
	BS_CLEANUP(bs_sops_free_ptr) struct bs_sops_doc *doc = NULL;
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *value = NULL;
	struct bs_error why = {0};
	enum bs_code code = find_in(store, scope, name, &stored, reterr);

	if (code || (code = bs_document_parse(&stored, name, &doc, reterr)))
		return code;
	if (bs_document_decrypt(store, doc, &value, NULL, &why))
		return fail_get(&stored, name, &why, reterr);
	bs_note_seen(store, stored.layout->scope, name, doc, false);
	if (ret_entry) {
		struct bs_store_entry entry;

		code = bs_document_entry(store, &stored, name, doc, BS_OK, false, &entry, reterr);
		if (code) {
			bs_store_entry_release(&entry);
			return code;
		}
		entry.shadows = is_shadowing(store, &stored, name);
		*ret_entry = entry;
	}
	*ret = BS_TAKE(value);
	return BS_OK;
}

enum bs_code bs_store_get_place(
	struct bs_store *store, enum bs_scope scope, struct bs_store_place *ret, struct bs_error *reterr)
{
	const struct bs_layout *layout;
	struct bs_store_place place = {0};
	struct stat st;
	enum bs_code code = bs_scope_check(store, scope, reterr);

	if (code || (code = bs_layout_target(store, scope, &layout, reterr)) ||
		(code = layout->ops->path(store, layout, &place.path, reterr)))
		return code;
	place.exists = stat(place.path, &st) == 0;
	if (place.exists) {
		place.mode = st.st_mode & 07777;
		place.uid = st.st_uid;
		place.gid = st.st_gid;
	}
	place.is_writable = bs_access_is_writable(place.path);
	*ret = place;
	return BS_OK;
}

void bs_store_place_release(struct bs_store_place *place)
{
	free(place->path);
	*place = (struct bs_store_place){0};
}

uint64_t bs_store_stamp(struct bs_store *store, enum bs_scope scope)
{
	const struct bs_layout *layout;
	uint64_t parts[8] = {0};
	size_t n = 0;

	if (scope == BS_SCOPE_AUTO) {
		parts[0] = bs_store_stamp(store, BS_SCOPE_REPO);
		parts[1] = bs_store_stamp(store, BS_SCOPE_USER);
		return bs_hash64(parts, sizeof(parts), 2);
	}
	if (bs_scope_check(store, scope, NULL))
		return 0;
	for (size_t i = 0; n < 8 && (layout = bs_layout_at(scope, i)); i++)
		parts[n++] = layout->ops->stamp(store, layout);
	return bs_hash64(parts, sizeof(parts), 1);
}

char *bs_store_seen_warning(struct bs_store *store, enum bs_scope scope, const char *name)
{
	BS_CLEANUP(bs_stored_release) struct bs_stored stored = {0};
	BS_CLEANUP(bs_sops_free_ptr) struct bs_sops_doc *doc = NULL;

	if (find_in(store, scope, name, &stored, NULL) || bs_document_parse(&stored, name, &doc, NULL))
		return NULL;
	return bs_note_warning(store, stored.layout->scope, name, doc);
}
