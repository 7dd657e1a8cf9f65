/*
 * check.c: everything doctor says of a scope.
 *
 * Layer: core/store. Bad is what cannot be opened or written; the rest is a warning. Every line but the good
 * ones has its remedy. Values are decrypted and dropped at once.
 */
#include "../base/replace.h"
#include "../keys/policy.h"
#include "store_private.h"
#include <string.h>

struct check {
	struct bs_store *store;
	enum bs_scope scope;
	bs_finding_fn fn;
	void *ctx;
	const struct bs_layout *layout; /* the one that is gone through */
	const struct bs_layout *target; /* the one that is written; NULL: cannot be told */
	struct bs_strings users; /* names of the user scope, sorted */
	struct bs_strings before; /* names in the layouts before this one */
};

static void BS_PRINTF(5, 6) say(const struct check *check, enum bs_finding_level level, const char *name,
	const char *remedy, const char *fmt, ...)
{
	char text[BS_ERROR_MSG];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	check->fn(check->ctx, level, check->scope, name, text, remedy);
}

static const char *remedy_of(
	enum bs_code code, enum bs_scope scope, const char *name, char room[static BS_REMEDY_MAX])
{
	if (code == BS_PLAINTEXT || code == BS_MALFORMED || code == BS_INTEGRITY) {
		bs_document_remedy(scope, name, room);
		return room;
	}
	if (code == BS_NO_MATCH) {
		(void)snprintf(room, BS_REMEDY_MAX,
			"have one of its recipients run bus-secrets rekey %.*s --scope %s", BS_NAME_MAX, name,
			bs_scope_name(scope));
		return room;
	}
	if (code == BS_NO_IDENTITY)
		return "provide the identity of one of its recipients: a keys.txt where sops looks for it, "
		       "or "
		       "SOPS_AGE_KEY_FILE";
	if (code == BS_NEED_SOPS)
		return "install sops: https://getsops.io/";
	if (code == BS_TOO_LARGE)
		return "store a smaller value, or raise the limit";
	if (code == BS_POLICY)
		return "correct .bus/secrets/recipients.txt or .sops.yaml";
	return "see to the cause and run bus-secrets doctor again";
}

static int by_text(const void *a, const void *b)
{
	return strcmp(a, *(const char *const *)b);
}

static bool has_sorted(const struct bs_strings *list, const char *name)
{
	return list->count && bsearch(name, list->items, list->count, sizeof(*list->items), by_text);
}

static void say_name(const struct check *check, const char *name)
{
	if (has_sorted(&check->users, name))
		say(check, BS_FINDING_WARN, name, "take another name if both are wanted, or delete one",
			"hides the user scope's own value in auto");
	if (has_sorted(&check->before, name))
		say(check, BS_FINDING_WARN, name, "keep one: get it, delete it (from both), set it again",
			"stands in %s, too; that one is not used",
			check->layout->file ? check->layout->file : "a second place");
}

static void say_recipients(const struct check *check, const char *name, const struct bs_sops_doc *doc)
{
	const struct bs_strings *recipients = bs_sops_recipients(doc);
	const struct bs_strings *kinds = bs_sops_other_kinds(doc);
	BS_CLEANUP(bs_free_ptr) char *joined = kinds->count ? bs_strings_join(kinds, ", ") : NULL;
	char remedy[BS_REMEDY_MAX];

	(void)snprintf(remedy, sizeof(remedy),
		"add a second recipient, then bus-secrets rekey %.*s --scope %s", BS_NAME_MAX, name,
		bs_scope_name(check->scope));
	if (recipients->count + kinds->count == 1)
		say(check, BS_FINDING_WARN, name, remedy, "has a single recipient: no backup recipient");
	if (joined)
		say(check, BS_FINDING_WARN, name,
			"take the entries out with sops if they are no longer wanted",
			"a rewrite here keeps its data key and the entries of kind %s: who holds those keys "
			"goes on reading",
			joined);
}

/* Whether the project's policy could be followed, and whether the document follows it already. */
static void say_policy(const struct check *check, const char *name, const struct bs_sops_doc *doc)
{
	BS_CLEANUP(bs_strings_release) struct bs_strings wanted = {0};
	const struct bs_strings *has = bs_sops_recipients(doc);
	enum bs_policy_origin origin = BS_POLICY_NONE;
	struct bs_error why = {0};
	char remedy[BS_REMEDY_MAX];
	bool is_same = true;

	if (bs_policy_recipients(check->store->env, check->scope == BS_SCOPE_REPO ? check->store->ws : NULL,
		    check->store->keys, check->scope, name, has, false, &wanted, &origin, &why)) {
		/* A malformed policy is not a malformed document. */
		say(check, BS_FINDING_BAD, name,
			why.code == BS_NO_IDENTITY ? "provide a key of yours, or set SOPS_AGE_RECIPIENTS"
						   : remedy_of(BS_POLICY, check->scope, name, remedy),
			"cannot be written: %s", why.msg);
		return;
	}
	for (size_t i = 0; i < wanted.count; i++)
		is_same = is_same && bs_strings_has(has, wanted.items[i]);
	for (size_t i = 0; i < has->count; i++) {
		const char *kind = NULL;

		is_same = is_same && (bs_strings_has(&wanted, has->items[i]) ||
					     !bs_recipient_is_native(has->items[i], &kind));
	}
	if (is_same || origin == BS_POLICY_NONE)
		return;
	(void)snprintf(
		remedy, sizeof(remedy), "bus-secrets rekey %s --scope %s", name, bs_scope_name(check->scope));
	say(check, BS_FINDING_WARN, name, remedy, "its recipients are not those of %s",
		origin == BS_POLICY_RECIPIENTS ? ".bus/secrets/recipients.txt" : ".sops.yaml");
}

static void say_document(const struct check *check, const char *name, const struct bs_sops_doc *doc)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *value = NULL;
	BS_CLEANUP(bs_free_ptr) char *warning = bs_note_warning(check->store, check->scope, name, doc);
	struct bs_error why = {0};
	char remedy[BS_REMEDY_MAX];

	if (bs_document_decrypt(check->store, doc, &value, NULL, &why))
		say(check, BS_FINDING_BAD, name, remedy_of(why.code, check->scope, name, remedy),
			"cannot be opened: %s", why.msg);
	else
		say(check, BS_FINDING_OK, name, NULL, "can be opened");
	/* A set of the value that stands there is unchanged and writes nothing: it confirms nothing. */
	(void)snprintf(remedy, sizeof(remedy),
		"look at the history; bus-secrets set writes the value that is right, bus-secrets rekey %.*s "
		"--scope %s "
		"confirms this one",
		BS_NAME_MAX, name, bs_scope_name(check->scope));
	if (warning)
		say(check, BS_FINDING_WARN, name, remedy, "%s", warning);
	say_recipients(check, name, doc);
	say_policy(check, name, doc);
}

/* Control characters of a foreign key do not reach a terminal. */
static void printable(const char *key, size_t len, char ret[static BS_NAME_MAX + 1])
{
	size_t n = len < BS_NAME_MAX ? len : BS_NAME_MAX;

	for (size_t i = 0; i < n; i++)
		ret[i] = (unsigned char)key[i] < ' ' || (unsigned char)key[i] >= 0x7f ? '?' : key[i];
	ret[n] = '\0';
}

static void say_bad_name(const struct check *check, const char *key, size_t key_len)
{
	char shown[BS_NAME_MAX + 1], fold[BS_NAME_MAX + 1], remedy[BS_NAME_MAX + 80];

	printable(key, key_len, shown);
	if (bs_name_fold(key, key_len, fold))
		(void)snprintf(
			remedy, sizeof(remedy), "rename it by hand, the nearest valid name is %s", fold);
	else
		(void)snprintf(remedy, sizeof(remedy), "rename it by hand");
	say(check, BS_FINDING_WARN, NULL, remedy, "\"%s\" is no valid name: not shown, left untouched",
		shown);
}

/*
 * What is not used any more may still be read by everybody: a set after "write it again" went to the other
 * layout.
 */
static enum bs_code check_hidden(
	const struct check *check, const char *name, const struct bs_stored *stored, struct bs_error *reterr)
{
	BS_CLEANUP(bs_sops_free_ptr) struct bs_sops_doc *doc = NULL;
	struct bs_error why = {0};
	enum bs_code code = stored->error.code ? BS_OK : bs_sops_parse(stored->text, stored->len, &doc, &why);

	if (code == BS_NO_MEMORY)
		return bs_error_set(reterr, code, "%s", why.msg);
	if (code == BS_PLAINTEXT)
		say(check, BS_FINDING_WARN, name,
			"delete it (from both), set it again, and take the old one for known",
			"what stands in %s, too, is not encrypted",
			check->layout->file ? check->layout->file : "a second place");
	return BS_OK;
}

static enum bs_code check_one(void *ctx, const char *key, size_t key_len, bool is_double,
	const struct bs_stored *stored, struct bs_error *reterr)
{
	const struct check *check = ctx;
	BS_CLEANUP(bs_sops_free_ptr) struct bs_sops_doc *doc = NULL;
	struct bs_error why = {0};
	char remedy[BS_REMEDY_MAX];

	if (bs_name_check(key, key_len, NULL)) {
		say_bad_name(check, key, key_len);
		return BS_OK;
	}
	say_name(check, key);
	if (has_sorted(&check->before, key))
		return check_hidden(check, key, stored, reterr);
	if (is_double)
		(void)bs_error_set(&why, BS_MALFORMED, "the key stands twice in %s", stored->where);
	else if (stored->error.code)
		why = stored->error;
	else if (bs_sops_parse(stored->text, stored->len, &doc, &why))
		doc = NULL;
	if (why.code == BS_NO_MEMORY)
		return bs_error_set(reterr, why.code, "%s", why.msg);
	if (why.code == BS_PLAINTEXT)
		(void)bs_error_set(&why, BS_PLAINTEXT, "the stored value is not an encrypted document");
	if (doc)
		say_document(check, key, doc);
	else
		say(check, BS_FINDING_BAD, key,
			is_double ? "take one of them out by hand"
				  : remedy_of(why.code, check->scope, key, remedy),
			"cannot be opened: %s", why.msg);
	return BS_OK;
}

static enum bs_code collect(void *ctx, const char *key, size_t key_len, bool is_double,
	const struct bs_stored *stored, struct bs_error *reterr)
{
	(void)is_double;
	(void)stored;
	return bs_name_check(key, key_len, NULL) ? BS_OK : bs_strings_add_len(ctx, key, key_len, reterr);
}

/* Files of ours that lie about beside a stored file: base NULL for a directory of documents. */
static void check_litter(const struct check *check, const char *dir_path, const char *base)
{
	BS_CLEANUP(bs_close_dir) DIR *dir = opendir(dir_path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		const char *name = entry->d_name;

		if (!bs_replace_is_litter(name) || (base && !strstr(name, base)))
			continue;
		if (strstr(name, ".bus-conflict-"))
			say(check, BS_FINDING_WARN, NULL, "compare it with the stored file, then delete it",
				"%s/%s holds a foreign change that was kept aside",
				bs_access_shown(check->store, dir_path), name);
		else
			say(check, BS_FINDING_WARN, NULL, "the next write of that file clears it up",
				"%s/%s was left by a call that was killed",
				bs_access_shown(check->store, dir_path), name);
	}
}

static enum bs_code check_place(const struct check *check, struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) char *path = NULL;
	BS_CLEANUP(bs_free_ptr) char *real = NULL;
	struct bs_error why = {0};
	const char *dir, *base = NULL;
	struct stat st;
	enum bs_code code = check->layout->ops->path(check->store, check->layout, &path, reterr);

	if (code)
		return code;
	if (bs_access_check(path, bs_access_shown(check->store, path), &why))
		say(check, check->layout == check->target ? BS_FINDING_BAD : BS_FINDING_WARN, NULL,
			"give yourself the right to write there, or leave it as it is",
			"nothing can be written: %s", why.msg);
	real = realpath(path, NULL);
	if (!real || stat(real, &st))
		return BS_OK;
	dir = real;
	if (!S_ISDIR(st.st_mode)) {
		char *slash = strrchr(real, '/');

		if (!slash || slash == real)
			return BS_OK;
		*slash = '\0';
		base = slash + 1;
	}
	if (bs_replace_is_weak(dir))
		say(check, BS_FINDING_WARN, NULL, "keep it on a local file system if others write it, too",
			"the file system of %s cannot exchange files: a foreign change of the same moment "
			"may be lost",
			dir);
	check_litter(check, dir, base);
	return BS_OK;
}

static enum bs_code check_layout(struct check *check, struct bs_error *reterr)
{
	const struct bs_layout *layout = check->layout;
	struct bs_error why = {0};
	bool is_there = false;
	enum bs_code code = layout->ops->is_there(check->store, layout, &is_there, &why);

	if (code == BS_OK && is_there)
		code = layout->ops->each(check->store, layout, true, check_one, check, &why);
	if (code == BS_NO_MEMORY)
		return bs_error_set(reterr, code, "%s", why.msg);
	if (code) {
		say(check, BS_FINDING_BAD, NULL,
			code == BS_POLICY ? "bus-secrets workspace add says that you trust it"
					  : "mend the file, or restore it from a backup or from git",
			"cannot be read: %s", why.msg);
		return BS_OK;
	}
	if (!is_there)
		return BS_OK;
	code = check_place(check, reterr);
	if (code == BS_OK)
		code = layout->ops->each(check->store, layout, false, collect, &check->before, reterr);
	return code;
}

enum bs_code bs_store_check(
	struct bs_store *store, enum bs_scope scope, bs_finding_fn fn, void *ctx, struct bs_error *reterr)
{
	const struct bs_layout *users = bs_layout_at(BS_SCOPE_USER, 0);
	struct check check = {.store = store, .scope = scope, .fn = fn, .ctx = ctx};
	enum bs_code code = bs_scope_check(store, scope, reterr);

	if (code)
		return code;
	bs_keys_allow_prompt(store->keys, false);
	if (bs_layout_target(store, scope, &check.target, NULL))
		check.target = NULL; /* what is wrong with it is found below */
	if (scope == BS_SCOPE_REPO && users->ops->each(store, users, false, collect, &check.users, NULL))
		bs_strings_release(&check.users);
	for (size_t i = 0; code == BS_OK && (check.layout = bs_layout_at(scope, i)); i++)
		code = check_layout(&check, reterr);
	bs_strings_release(&check.users);
	bs_strings_release(&check.before);
	return code;
}
