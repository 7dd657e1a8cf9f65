/*
 * keys.h: identities and where they come from.
 *
 * Layer: include; implemented in core/keys. Not thread-safe: one struct bs_keys is used by one thread at a time.
 *
 * Sources in their order (design, section 4): the profile that the workspace names, looked up in the user's own
 * preferences (`bus-secrets.profiles.<name>.age_key_file`, `.age_key_cmd`); the preferences `bus-secrets.age_key_file`
 * and `bus-secrets.age_key_cmd`; SOPS_AGE_SSH_PRIVATE_KEY_FILE, SOPS_AGE_KEY, SOPS_AGE_KEY_FILE, SOPS_AGE_KEY_CMD;
 * keys.txt of sops; ~/.ssh/id_ed25519. A source is read when it is first needed; a failing one is remembered and
 * passed over. Nothing is ever asked on a terminal unless bs_keys_allow_prompt() was called.
 */
#ifndef BUS_SECRETS_KEYS_H
#define BUS_SECRETS_KEYS_H

#include <bus-secrets/workspace.h>

struct bs_keys;

enum bs_key_state {
	BS_KEY_ABSENT, /* not configured, or the default place is empty */
	BS_KEY_READY,  /* at least one identity that can be used */
	BS_KEY_LOCKED, /* there, but wants a passphrase */
	BS_KEY_BROKEN, /* configured, but unreadable, missing or without an identity of a kind we know */
	BS_KEY_UNREAD, /* a command that has not been run */
};

struct bs_key_source {
	const char *kind;  /* "profile", "preference", "env", "keys.txt", "ssh" */
	const char *where; /* path, or variable, or "command"; never a key */
	enum bs_key_state state;
	size_t identities;
	const char *problem; /* one line, or NULL */
	bool is_command;
};

#pragma GCC visibility push(default)

/* ws may be NULL. Both env and ws must outlive it. Reads no source yet. */
enum bs_code bs_keys_open(const struct bs_env *env, const struct bs_workspace *ws, struct bs_keys **ret,
	struct bs_error *reterr) BS_MUST_CHECK;
struct bs_keys *bs_keys_close(struct bs_keys *keys);
/* Passphrases may be asked for on the terminal, once a source. */
void bs_keys_allow_prompt(struct bs_keys *keys, bool is_allowed);
/* Forgets what was read, so that the next use reads the sources again. */
void bs_keys_forget(struct bs_keys *keys);

size_t bs_keys_source_count(const struct bs_keys *keys);
/* Reads source i if that has not been done (a command only if run_commands); the strings are borrowed from keys. */
void bs_keys_probe(struct bs_keys *keys, size_t i, bool run_commands, struct bs_key_source *ret);
/* True if any source is configured or found, readable or not: then no identity is ever made by itself. */
bool bs_keys_are_configured(struct bs_keys *keys);
/* True if an identity can be used now, without a prompt; runs no command. */
bool bs_keys_are_ready(struct bs_keys *keys);

/*
 * The user's own recipient: of the first identity of the configured key file, else of keys.txt; never of
 * SOPS_AGE_KEY or an ssh key. BS_NO_IDENTITY if there is none. *ret is on the heap.
 */
enum bs_code bs_keys_own_recipient(struct bs_keys *keys, char **ret, struct bs_error *reterr) BS_MUST_CHECK;
/* True if an identity read so far (files are read, commands are not run) has this recipient. */
bool bs_keys_fit(struct bs_keys *keys, const char *recipient);

/*
 * Makes an identity at the place of keys.txt: 0600 in a 0700 directory, marked by a comment as made here. BS_EXISTS
 * if something is there. *ret_path and *ret_recipient are on the heap.
 */
enum bs_code bs_keys_make(const struct bs_env *env, char **ret_path, char **ret_recipient, struct bs_error *reterr)
	BS_MUST_CHECK;
/*
 * Undoes bs_keys_make: deletes the file if it was made here, was not changed since and does not hold the identity of
 * one of in_use; then renames it beside itself (*ret_renamed, on the heap) if force, else BS_POLICY. BS_NOT_FOUND if
 * there is none that was made here.
 */
enum bs_code bs_keys_unmake(const struct bs_env *env, const struct bs_strings *in_use, bool force, char **ret_renamed,
	struct bs_error *reterr) BS_MUST_CHECK;

/* True for a recipient that documents can be encrypted to here; otherwise *ret_kind names what it is. */
bool bs_recipient_is_native(const char *recipient, const char **ret_kind);

/* Adds a recipient to recipients.txt of the workspace, which is made if missing, unless it is there already. */
enum bs_code bs_recipients_file_add(const struct bs_workspace *ws, const char *recipient, bool *ret_was_added,
	struct bs_error *reterr) BS_MUST_CHECK;
/* Takes it out again; BS_NOT_FOUND if it is not there. */
enum bs_code bs_recipients_file_remove(const struct bs_workspace *ws, const char *recipient, struct bs_error *reterr)
	BS_MUST_CHECK;

#pragma GCC visibility pop

static inline void bs_keys_close_ptr(struct bs_keys **p)
{
	*p = bs_keys_close(*p);
}

#endif
