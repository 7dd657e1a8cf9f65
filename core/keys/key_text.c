/* key_text.c: identities out of a key file's text, which may itself be an age file under a passphrase. */
#include "sources.h"

#include "../base/cstr.h"
#include <bus-secrets/prompt.h>

#define PASSPHRASE_MAX 1024

static enum bs_code ask(const char *where, struct bs_secret **ret, struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) char *question = NULL;
	enum bs_code code = bs_cstr_format(&question, reterr, "Passphrase for %s: ", where);

	return code ? code : bs_prompt_secret(question, PASSPHRASE_MAX, ret, reterr);
}

/* Opens an age file with a passphrase from the terminal. */
static enum bs_code unlock(const struct bs_secret *file, const char *where, struct bs_secret **ret,
	struct bs_error *reterr)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *passphrase = NULL;
	BS_CLEANUP(bs_age_identities_free_ptr) struct bs_age_identities *ids = NULL;
	struct bs_error inner = {0};
	enum bs_code code = ask(where, &passphrase, &inner);

	if (!code)
		code = bs_age_identities_new(&ids, &inner);
	if (!code)
		code = bs_age_identities_add_passphrase(ids, passphrase, &inner);
	if (!code)
		code = bs_age_decrypt(bs_secret_bytes(file), bs_secret_len(file), ids, ret, NULL, &inner);
	if (code == BS_NO_MATCH)
		return bs_error_set(reterr, code, "%s: wrong passphrase", where);
	return code ? bs_error_set(reterr, code, "%s: %s", where, inner.msg) : BS_OK;
}

enum bs_code bs_key_text_identities(const struct bs_secret *text, const char *where, bool may_prompt,
	struct bs_age_identities *ret, bool *ret_is_locked, struct bs_error *reterr)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *inner = NULL;
	const uint8_t *bytes = bs_secret_bytes(text);
	size_t len = bs_secret_len(text);
	size_t skipped = 0;
	enum bs_code code;

	*ret_is_locked = false;
	if (!bs_age_is_file(bytes, len)) {
		code = bs_age_identities_parse(ret, text, where, &skipped, reterr);
		/* An ssh key under a passphrase: asking is for ssh-agent or sops, but it is no broken source. */
		*ret_is_locked = code && bs_age_keyfile_is_locked(text);
		return code;
	}
	if (!bs_age_wants_passphrase(bytes, len))
		return bs_error_set(reterr, BS_NO_IDENTITY, "%s: encrypted, but not with a passphrase", where);
	*ret_is_locked = true;
	if (!may_prompt)
		return bs_error_set(reterr, BS_NO_IDENTITY, "%s: locked by a passphrase", where);
	code = unlock(text, where, &inner, reterr);
	if (code)
		return code;
	*ret_is_locked = false;
	return bs_age_identities_parse(ret, inner, where, &skipped, reterr);
}
