/*
 * store_private.h: the room between store.h and the places where documents stand.
 *
 * Layer: core/store (base, json, sops, age, keys, workspace, include; no libsodium, no nettle).
 *
 * A scope has one or more layouts, in the order in which they are asked: the first one that has a name wins,
 * and the first one that is there is written (places.c holds the table). A layout moves stored texts; it
 * knows nothing of encryption. What a text is worth is judged by document.c, with which keys it opens by
 * unlock.c.
 */
#ifndef BS_STORE_PRIVATE_H
#define BS_STORE_PRIVATE_H

#include "../json/json.h"
#include "../keys/keys_private.h"
#include "../sops/sops.h"
#include <bus-secrets/store.h>
#include <sys/stat.h>

struct bs_layout;

/* A JSON file as it was last read: kept while nothing about the file changes. */
struct bs_json_cache {
	char *path;
	char *text;
	size_t len;
	struct stat st;
	struct bs_json_value box; /* the object that holds the secrets */
	bool has_box;
	bool is_settled; /* the file was old enough when read: an equal stat means equal bytes */
};

struct bs_store {
	const struct bs_env *env;
	struct bs_workspace *ws;
	struct bs_keys *keys;
	struct bs_json_cache cache[BS_SCOPE_STORED];
};

/* What stands under a name. Zeroed memory is an empty one; release with bs_stored_release(). */
struct bs_stored {
	const struct bs_layout *layout;
	char *text; /* the document; a JSON value that is no string: as it is written */
	size_t len;
	struct bs_error error; /* code not BS_OK: cannot be a document, and why */
	char where[256]; /* how messages name the file, cut if it is very long */
};

/* What a change makes of the text under a name. */
enum bs_change_kind {
	BS_CHANGE_NONE,
	BS_CHANGE_PUT,
	BS_CHANGE_DROP,
};

struct bs_change {
	enum bs_change_kind kind;
	char *text; /* BS_CHANGE_PUT: on the heap */
	size_t len;
};

/*
 * Called under the lock with what stands under the name now (NULL: nothing), again whenever a foreign change
 * turned up; so it works from what it is given.
 */
typedef enum bs_code (*bs_change_fn)(
	void *ctx, const struct bs_stored *present, struct bs_change *ret, struct bs_error *reterr);

/*
 * Every key of a layout in sorted order, those outside the grammar included; is_double: it stands there
 * twice.
 */
typedef enum bs_code (*bs_each_fn)(void *ctx, const char *key, size_t key_len, bool is_double,
	const struct bs_stored *stored, struct bs_error *reterr);

struct bs_layout_ops {
	/* Whether the layout is in use here; BS_POLICY for one that leads out of the workspace. */
	enum bs_code (*is_there)(
		struct bs_store *store, const struct bs_layout *layout, bool *ret, struct bs_error *reterr);
	/* BS_NOT_FOUND without a message: the name is not there. */
	enum bs_code (*read)(struct bs_store *store, const struct bs_layout *layout, const char *name,
		struct bs_stored *ret, struct bs_error *reterr);
	/* with_text false: keys alone, stored is NULL. */
	enum bs_code (*each)(struct bs_store *store, const struct bs_layout *layout, bool with_text,
		bs_each_fn fn, void *ctx, struct bs_error *reterr);
	enum bs_code (*change)(struct bs_store *store, const struct bs_layout *layout, const char *name,
		bs_change_fn fn, void *ctx, bool *ret_was_written, struct bs_error *reterr);
	/* Both names within this layout; BS_NOT_FOUND, BS_EXISTS as renameat2. */
	enum bs_code (*rename)(struct bs_store *store, const struct bs_layout *layout, const char *from,
		const char *to, unsigned flags, struct bs_error *reterr);
	/* The path that is written: a file, or a directory of files; on the heap. */
	enum bs_code (*path)(
		struct bs_store *store, const struct bs_layout *layout, char **ret, struct bs_error *reterr);
	uint64_t (*stamp)(struct bs_store *store, const struct bs_layout *layout);
};

struct bs_layout {
	const struct bs_layout_ops *ops;
	enum bs_scope scope;
	const char *file; /* within the workspace; NULL: the user's preferences */
	const char *objects[2]; /* JSON files: keys of the objects down to the one that holds the secrets */
	size_t depth;
	const char *prefix; /* JSON files: what stands before the name in a key */
};

/* places.c */
extern const struct bs_layout_ops bs_json_layout;
extern const struct bs_layout_ops bs_dir_layout;
/* Layout i of a scope in the order of asking, NULL behind the last. */
const struct bs_layout *bs_layout_at(enum bs_scope scope, size_t i);
/* The one that is written now. */
enum bs_code bs_layout_target(struct bs_store *store, enum bs_scope scope, const struct bs_layout **ret,
	struct bs_error *reterr) BS_MUST_CHECK;
/* The text that counts for a name: BS_NOT_FOUND with a message. */
enum bs_code bs_stored_find(struct bs_store *store, enum bs_scope scope, const char *name,
	struct bs_stored *ret, struct bs_error *reterr) BS_MUST_CHECK;
/* BS_OK, or BS_NOT_FOUND, or what is wrong with the scope's files. */
enum bs_code bs_stored_exists(
	struct bs_store *store, enum bs_scope scope, const char *name, struct bs_error *reterr) BS_MUST_CHECK;
bool bs_stored_equal(const struct bs_stored *a, const struct bs_stored *b);
void bs_stored_release(struct bs_stored *stored);
void bs_change_release(struct bs_change *change);
/* BS_USAGE for auto, BS_NO_WORKSPACE for repo without one. */
enum bs_code bs_scope_check(
	const struct bs_store *store, enum bs_scope scope, struct bs_error *reterr) BS_MUST_CHECK;

/* access.c: rights and room, asked before anything is done. */
enum bs_code bs_access_check(const char *path, const char *shown, struct bs_error *reterr) BS_MUST_CHECK;
enum bs_code bs_access_room(
	const char *path, const char *shown, uint64_t more, struct bs_error *reterr) BS_MUST_CHECK;
bool bs_access_is_writable(const char *path);
uint64_t bs_access_stamp(int dirfd, const char *path, uint64_t seed);
uint64_t bs_hash64(const void *bytes, size_t len, uint64_t seed);
/* A path as messages name it: relative to the workspace where it lies in it. Borrowed from path. */
const char *bs_access_shown(const struct bs_store *store, const char *path);

/* document.c */
/* BS_PLAINTEXT, BS_MALFORMED with the remedy in the message. */
enum bs_code bs_document_parse(const struct bs_stored *stored, const char *name, struct bs_sops_doc **ret,
	struct bs_error *reterr) BS_MUST_CHECK;
/* Puts place and name before a message and the remedy behind it (NULL: none); gives why->code. */
enum bs_code bs_document_fail(const struct bs_stored *stored, const char *name, const struct bs_error *why,
	const char *remedy, struct bs_error *reterr);
/* "write it again: bus-secrets set NAME --scope SCOPE" */
#define BS_REMEDY_MAX (BS_NAME_MAX + 160)
void bs_document_remedy(enum bs_scope scope, const char *name, char ret[static BS_REMEDY_MAX]);
/* What can be told without a key; doc NULL: the text is no document, code says why. */
enum bs_code bs_document_entry(struct bs_store *store, const struct bs_stored *stored, const char *name,
	const struct bs_sops_doc *doc, enum bs_code code, bool knows_identities, struct bs_store_entry *ret,
	struct bs_error *reterr) BS_MUST_CHECK;
/* True if every key source was read and one holds an identity: only then a document can be called foreign. */
bool bs_document_knows_identities(struct bs_store *store);

/* unlock.c */
/* The data key, by the identities in their order. BS_NO_IDENTITY, BS_NO_MATCH, BS_NEED_SOPS. */
enum bs_code bs_document_unlock(struct bs_store *store, const struct bs_sops_doc *doc, struct bs_secret **ret,
	struct bs_error *reterr) BS_MUST_CHECK;
/*
 * The value, natively or through sops. *ret_key (may be NULL) is the data key, NULL where sops did it.
 */
enum bs_code bs_document_decrypt(struct bs_store *store, const struct bs_sops_doc *doc,
	struct bs_secret **ret, struct bs_secret **ret_key, struct bs_error *reterr) BS_MUST_CHECK;
/* True if an identity at hand opens what is encrypted to these. Runs key commands if nothing else does. */
bool bs_document_can_open(struct bs_store *store, const struct bs_strings *recipients);

/* note.c: what was seen. */
void bs_note_seen(struct bs_store *store, enum bs_scope scope, const char *name,
	const struct bs_sops_doc *doc, bool is_ours);
void bs_note_gone(struct bs_store *store, enum bs_scope scope, const char *name);
char *bs_note_warning(
	struct bs_store *store, enum bs_scope scope, const char *name, const struct bs_sops_doc *doc);

/* json_store.c */
void bs_json_cache_release(struct bs_json_cache *cache);

#endif
