/*
 * store.h: the scopes of a call: list, stat, read, write, rename and remove secrets.
 *
 * Layer: include; implemented in core/store. Not thread-safe: one struct bs_store is used by one thread at a time;
 * several processes may use the same files (specs/store.md: lock of the directory, exchange protocol).
 *
 *	bs_env_open -> bs_workspace_find (may fail: NULL) -> bs_keys_open -> bs_store_open
 *
 * Listing and stat need no key, never ask and run nothing. Reading verifies the MAC before a byte is given. Whatever
 * fails has written nothing, except where the text says so.
 */
#ifndef BUS_SECRETS_STORE_H
#define BUS_SECRETS_STORE_H

#include <bus-secrets/keys.h>
#include <bus-secrets/name.h>
#include <bus-secrets/scope.h>
#include <time.h>

struct bs_store;

enum bs_entry_state {
	BS_ENTRY_OK,
	BS_ENTRY_PLAINTEXT, /* stored, but not an encrypted document: never served */
	BS_ENTRY_MALFORMED, /* a document that cannot be one: several values, a key twice, ... */
	BS_ENTRY_FOREIGN,   /* no recipient that any of our identities fits */
};

/* What can be told without a key. Strings are owned; release with bs_store_entry_release(). */
struct bs_store_entry {
	char name[BS_NAME_MAX + 1];
	enum bs_scope scope; /* user or repo, also when asked for auto */
	enum bs_entry_state state;
	uint64_t size;            /* of the value, bytes, exact; of the stored text unless OK or FOREIGN */
	struct timespec modified; /* lastmodified, nanoseconds from a hash of the document; 0 if unknown */
	uint64_t version;         /* changes with every change of the stored document */
	bool shadows;             /* repo entry: the user scope has the name, too */
	struct bs_strings recipients;
};

struct bs_store_list {
	struct bs_store_entry *items; /* sorted by name */
	size_t count;
};

/* Where a scope is kept. */
struct bs_store_place {
	char *path;        /* the file that is written: preferences.json, datapackage.json; or the directory .bus/secrets */
	bool exists;
	bool is_writable;  /* by this process now */
	mode_t mode;       /* of the file; 0 if it does not exist */
	uid_t uid;
	gid_t gid;
};

struct bs_store_write {
	bool blind;     /* also when no identity at hand can read it back */
	bool exclusive; /* BS_EXISTS if the name is there */
};

/* What a write did, for telling a person. Release with bs_store_report_release(). */
struct bs_store_report {
	bool is_unchanged;  /* nothing was written: same value, same recipients */
	bool is_new;
	bool is_rewrapped;  /* same value, written because recipients differ */
	bool shadows;       /* the user's own value of the name is now hidden in auto */
	struct bs_strings came; /* recipients */
	struct bs_strings went;
	struct bs_strings kept_kinds; /* kinds of envelopes that were kept because they cannot be made here */
};

enum bs_finding_level {
	BS_FINDING_OK,
	BS_FINDING_WARN,
	BS_FINDING_BAD, /* cannot be opened or written: doctor exits 1 */
};

/* One line for doctor: what, on which name (NULL: the scope), and the remedy (NULL: none needed). */
typedef void (*bs_finding_fn)(void *ctx, enum bs_finding_level level, enum bs_scope scope, const char *name,
	const char *text, const char *remedy);

#define BS_RENAME_NOREPLACE 1u
#define BS_RENAME_EXCHANGE 2u

#pragma GCC visibility push(default)

/* ws may be NULL: then repo answers BS_NO_WORKSPACE, and auto is user. All three must outlive the store. */
enum bs_code bs_store_open(const struct bs_env *env, struct bs_workspace *ws, struct bs_keys *keys,
	struct bs_store **ret, struct bs_error *reterr) BS_MUST_CHECK;
struct bs_store *bs_store_close(struct bs_store *store);

/*
 * All valid names, sorted, with state; auto: the union, each once, repo first. A missing store is an empty list; no
 * workspace is BS_NO_WORKSPACE for repo. BS_MALFORMED for a file that cannot be read at all, naming the line.
 */
enum bs_code bs_store_list(struct bs_store *store, enum bs_scope scope, struct bs_store_list *ret,
	struct bs_error *reterr) BS_MUST_CHECK;
void bs_store_list_release(struct bs_store_list *list);
enum bs_code bs_store_stat(struct bs_store *store, enum bs_scope scope, const char *name, struct bs_store_entry *ret,
	struct bs_error *reterr) BS_MUST_CHECK;
void bs_store_entry_release(struct bs_store_entry *entry);

/*
 * The value; *ret_entry (may be NULL) says where it was found. auto: repo first; only absence there falls through to
 * user. BS_NOT_FOUND, BS_NO_WORKSPACE, BS_NO_IDENTITY, BS_NO_MATCH, BS_INTEGRITY, BS_MALFORMED, BS_PLAINTEXT,
 * BS_NEED_SOPS, BS_TOO_LARGE.
 */
enum bs_code bs_store_get(struct bs_store *store, enum bs_scope scope, const char *name, struct bs_secret **ret,
	struct bs_store_entry *ret_entry, struct bs_error *reterr) BS_MUST_CHECK;

/*
 * Stores a value, encrypted to the recipients of the policy of the day. options and ret may be NULL. What stands there
 * and cannot be a document is replaced. BS_NO_MATCH if no identity at hand could read it back (unless blind),
 * BS_NO_IDENTITY if there is nobody to encrypt to, BS_POLICY, BS_READ_ONLY, BS_NO_SPACE, BS_TOO_LARGE, BS_BUSY (locked
 * for more than 10 s), BS_CONFLICT (a foreign text was kept aside; the message names it).
 */
enum bs_code bs_store_set(struct bs_store *store, enum bs_scope scope, const char *name, const struct bs_secret *value,
	const struct bs_store_write *options, struct bs_store_report *ret, struct bs_error *reterr) BS_MUST_CHECK;
void bs_store_report_release(struct bs_store_report *report);
/* Whether bs_store_set for this name could work now: name, rights, store, recipients; writes nothing. */
enum bs_code bs_store_can_set(struct bs_store *store, enum bs_scope scope, const char *name, struct bs_error *reterr)
	BS_MUST_CHECK;

/* From both layouts of the repository scope, the hidden copy first. BS_NOT_FOUND. */
enum bs_code bs_store_delete(struct bs_store *store, enum bs_scope scope, const char *name, struct bs_error *reterr)
	BS_MUST_CHECK;
/*
 * The document moves as it is, in one atomic change; flags BS_RENAME_*, not both. BS_NOT_FOUND, BS_EXISTS,
 * BS_UNSUPPORTED (the file system cannot exchange two files).
 */
enum bs_code bs_store_rename(struct bs_store *store, enum bs_scope scope, const char *from, const char *to,
	unsigned flags, struct bs_error *reterr) BS_MUST_CHECK;
/* New data key and exactly the recipients that policy gives today, even when nothing differs. */
enum bs_code bs_store_rekey(struct bs_store *store, enum bs_scope scope, const char *name,
	struct bs_store_report *ret, struct bs_error *reterr) BS_MUST_CHECK;

/* Recipients that a new document of this name would get today. */
enum bs_code bs_store_recipients(struct bs_store *store, enum bs_scope scope, const char *name,
	struct bs_strings *ret, struct bs_error *reterr) BS_MUST_CHECK;
/* ret->path is on the heap: bs_store_place_release(). */
enum bs_code bs_store_get_place(struct bs_store *store, enum bs_scope scope, struct bs_store_place *ret,
	struct bs_error *reterr) BS_MUST_CHECK;
void bs_store_place_release(struct bs_store_place *place);
/* Changes whenever the scope's files may have changed (from stat alone): a cheap question before listing again. */
uint64_t bs_store_stamp(struct bs_store *store, enum bs_scope scope);

/*
 * Everything doctor says of a scope: opens each document without showing it, runs key commands, never prompts (also
 * not later: bs_keys_allow_prompt() is turned off). Files that cannot be read are findings, not failures.
 */
enum bs_code bs_store_check(struct bs_store *store, enum bs_scope scope, bs_finding_fn fn, void *ctx,
	struct bs_error *reterr) BS_MUST_CHECK;
/* What was seen of this document before (design, section 5): a line if it went back in time or stood under another
 * name, else NULL; on the heap. For `get -v` and `set`. */
char *bs_store_seen_warning(struct bs_store *store, enum bs_scope scope, const char *name);
/* Encrypts and decrypts a value in memory: the self-test of doctor. */
enum bs_code bs_store_self_test(struct bs_error *reterr) BS_MUST_CHECK;

#pragma GCC visibility pop

static inline void bs_store_close_ptr(struct bs_store **p)
{
	*p = bs_store_close(*p);
}

#endif
