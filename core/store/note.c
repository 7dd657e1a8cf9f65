/*
 * note.c: what this user has seen of a document, asked and remembered.
 *
 * Layer: core/store.
 */
#include "../workspace/seen.h"
#include "store_private.h"
#include <string.h>

/* The place is the real file or workspace: the same store reached by another path is the same one. */
static char *place_of(const struct bs_store *store, enum bs_scope scope)
{
	BS_CLEANUP(bs_free_ptr) char *path = NULL;
	char *real;

	if (scope == BS_SCOPE_REPO)
		return strdup(bs_workspace_path(store->ws));
	if (bs_env_preferences_path(store->env, &path, NULL))
		return NULL;
	real = realpath(path, NULL);
	return real ? real : BS_TAKE(path);
}

/* hash is the caller's room, for the mark borrows it. */
static struct bs_seen_mark mark_of(const struct bs_store *store, enum bs_scope scope, const char *place,
	const char *name, const struct bs_sops_doc *doc, char hash[static BS_MAC_HASH_HEX])
{
	bs_sops_mac_hash(doc, hash);
	return (struct bs_seen_mark){
		.place = place,
		.git_dir = scope == BS_SCOPE_REPO ? bs_workspace_path(store->ws) : NULL,
		.name = name,
		.mac_hash = hash,
		.lastmodified = bs_sops_lastmodified(doc),
	};
}

void bs_note_seen(struct bs_store *store, enum bs_scope scope, const char *name,
	const struct bs_sops_doc *doc, bool is_ours)
{
	BS_CLEANUP(bs_free_ptr) char *place = place_of(store, scope);
	char hash[BS_MAC_HASH_HEX];
	struct bs_seen_mark mark;

	if (!place)
		return;
	mark = mark_of(store, scope, place, name, doc, hash);
	bs_seen_note(store->env, &mark, is_ours);
}

void bs_note_gone(struct bs_store *store, enum bs_scope scope, const char *name)
{
	BS_CLEANUP(bs_free_ptr) char *place = place_of(store, scope);

	if (place)
		bs_seen_forget(store->env, place, name);
}

char *bs_note_warning(
	struct bs_store *store, enum bs_scope scope, const char *name, const struct bs_sops_doc *doc)
{
	BS_CLEANUP(bs_free_ptr) char *place = place_of(store, scope);
	BS_CLEANUP(bs_free_ptr) char *other = NULL;
	char hash[BS_MAC_HASH_HEX];
	struct bs_seen_mark mark;
	char *line = NULL;
	int n = 0;

	if (!place)
		return NULL;
	mark = mark_of(store, scope, place, name, doc, hash);
	switch (bs_seen_check(store->env, &mark, &other)) {
	case BS_SEEN_FINE:
		return NULL;
	case BS_SEEN_BACK_IN_TIME:
		n = asprintf(&line,
			"secret %s in scope %s went back in time: a newer document was seen before this one "
			"of %s",
			name, bs_scope_name(scope), mark.lastmodified);
		break;
	case BS_SEEN_OTHER_NAME:
		n = asprintf(&line, "the document of secret %s in scope %s was seen before under the name %s",
			name, bs_scope_name(scope), other ? other : "of another secret");
		break;
	}
	return n < 0 ? NULL : line;
}
