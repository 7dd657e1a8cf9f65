/* value.c: between files and the store. */
#include "value.h"
#include "scratch.h"

#include <time.h>

/* A key command may ask its owner something: it is not run again for every read that fails. */
#define COMMAND_PAUSE_S 5

static bool has_command(struct bs_fs *fs)
{
	for (size_t i = 0; i < bs_keys_source_count(fs->keys); i++) {
		struct bs_key_source source = {0};

		bs_keys_probe(fs->keys, i, false, &source);
		if (source.is_command && source.state != BS_KEY_ABSENT)
			return true;
	}
	return false;
}

/* True if the sources are to be read again: a key file may have come since. */
static bool forget_keys(struct bs_fs *fs)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	if (has_command(fs) && now.tv_sec - fs->keys_forgotten.tv_sec < COMMAND_PAUSE_S)
		return false;
	fs->keys_forgotten = now;
	bs_keys_forget(fs->keys);
	return true;
}

static bool is_for_want_of_key(enum bs_code code)
{
	return code == BS_NO_IDENTITY || code == BS_NO_MATCH;
}

enum bs_code bs_value_get(struct bs_fs *fs, enum bs_scope scope, const char *name, struct bs_secret **ret,
	struct bs_error *reterr)
{
	enum bs_code code = bs_store_get(fs->store, scope, name, ret, NULL, reterr);

	if (is_for_want_of_key(code) && forget_keys(fs))
		code = bs_store_get(fs->store, scope, name, ret, NULL, reterr);
	return code;
}

/* Whether an identity at hand fits one of the recipients that a write of this name would have. */
static bool could_read_back(struct bs_fs *fs, enum bs_scope scope, const char *name)
{
	struct bs_strings recipients = {0};
	bool fits = bs_store_recipients(fs->store, scope, name, &recipients, NULL) != BS_OK;

	for (size_t i = 0; i < recipients.count; i++)
		fits = fits || bs_keys_fit(fs->keys, recipients.items[i]);
	bs_strings_release(&recipients);
	return fits;
}

/*
 * A refusal because nothing here could read the value back has an errno of its own: no identity, or none that
 * fits.
 */
static enum bs_code explain_refusal(
	struct bs_fs *fs, enum bs_scope scope, const char *name, enum bs_code code)
{
	if (!bs_keys_are_ready(fs->keys))
		return BS_NO_IDENTITY;
	if (code == BS_POLICY && !could_read_back(fs, scope, name))
		return BS_NO_MATCH;
	return code;
}

enum bs_code bs_value_can_set(
	struct bs_fs *fs, enum bs_scope scope, const char *name, struct bs_error *reterr)
{
	enum bs_code code = bs_store_can_set(fs->store, scope, name, reterr);

	if ((code == BS_POLICY || is_for_want_of_key(code)) && forget_keys(fs))
		code = bs_store_can_set(fs->store, scope, name, reterr);
	if (code == BS_POLICY || is_for_want_of_key(code))
		code = explain_refusal(fs, scope, name, code);
	if (reterr)
		reterr->code = code;
	return code;
}

enum bs_code bs_value_set(struct bs_fs *fs, enum bs_scope scope, const char *name,
	const struct bs_secret_buf *buf, struct bs_error *reterr)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *value = NULL;
	enum bs_code code = bs_secret_buf_copy(buf, &value, reterr);

	if (code == BS_OK)
		code = bs_store_set(fs->store, scope, name, value, NULL, NULL, reterr);
	if (code)
		return code;

	struct bs_scratch *hiding = bs_scratch_hiding(fs, scope, name);

	if (hiding)
		hiding->hides[0] = '\0';
	return BS_OK;
}

enum bs_code bs_value_delete(struct bs_fs *fs, enum bs_scope scope, const char *name, struct bs_error *reterr)
{
	return bs_store_delete(fs->store, scope, name, reterr);
}

enum bs_code bs_value_rename(struct bs_fs *fs, enum bs_scope scope, const char *from, const char *to,
	unsigned flags, struct bs_error *reterr)
{
	return bs_store_rename(fs->store, scope, from, to, flags, reterr);
}
