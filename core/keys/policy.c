/*
 * policy.c: which recipients a document gets (design, section 4).
 *
 * A project policy that is there but cannot be understood is an error and never "no policy": else a damaged file
 * would decide who can read a secret.
 */
#include "policy.h"

#include "../base/cstr.h"
#include "creation_rules.h"
#include "recipients.h"
#include "sources.h"
#include <bus-secrets/log.h>
#include <string.h>

/* A file of another user is told of and not used; a link that leads out is an error like any other damage. */
static bool is_foreign(enum bs_code code, const struct bs_error *error)
{
	return code == BS_POLICY && error->sys_errno == 0;
}

/* A policy file's text; *ret is NULL if there is none that is used. */
static enum bs_code read_policy_file(const struct bs_workspace *ws, const char *name, size_t max, char **ret,
	size_t *ret_len, struct bs_error *reterr)
{
	struct bs_error inner = {0};
	enum bs_code code = bs_workspace_read_file(ws, name, max, ret, ret_len, &inner);

	if (code == BS_NOT_FOUND)
		return BS_OK;
	if (is_foreign(code, &inner)) {
		bs_notice(BS_NOTICE_WARN, "not used: %s", inner.msg);
		return BS_OK;
	}
	if (code)
		return bs_error_set(reterr, code, "project policy: %s", inner.msg);
	return BS_OK;
}

static enum bs_code from_recipients_file(const struct bs_workspace *ws, bool *ret_is_there, struct bs_strings *ret,
	struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) char *text = NULL;
	size_t len = 0;
	enum bs_code code = read_policy_file(ws, BS_RECIPIENTS_FILE, BS_RECIPIENTS_FILE_MAX, &text, &len, reterr);

	*ret_is_there = text != NULL;
	if (code || !text)
		return code;
	code = bs_recipients_parse_file(text, len, ret, reterr);
	if (!code && !ret->count)
		return bs_error_set(reterr, BS_POLICY, BS_RECIPIENTS_FILE " names nobody");
	return code;
}

static enum bs_code from_sops_yaml(const struct bs_workspace *ws, const char *name, bool *ret_is_there,
	struct bs_strings *ret, struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) char *text = NULL;
	BS_CLEANUP(bs_free_ptr) char *path = NULL;
	size_t len = 0;
	enum bs_code code = read_policy_file(ws, BS_SOPS_YAML, BS_SOPS_YAML_MAX, &text, &len, reterr);

	*ret_is_there = false;
	if (code || !text)
		return code;
	code = bs_cstr_format(&path, reterr, ".bus/secrets/%s.sops.json", name);
	return code ? code : bs_creation_rules_recipients(text, len, path, ret_is_there, ret, reterr);
}

/* SOPS_AGE_RECIPIENTS: an empty variable counts as none, an empty item or a line break is an error, as in sops. */
static enum bs_code add_from_environment(const struct bs_env *env, struct bs_strings *ret, struct bs_error *reterr)
{
	static const char variable[] = "SOPS_AGE_RECIPIENTS";
	const char *value = bs_env_get(env, variable);

	if (!value || !*value)
		return BS_OK;
	if (strpbrk(value, "\r\n"))
		return bs_error_set(reterr, BS_MALFORMED, "%s: a line break in the list", variable);
	return bs_recipients_add_commas(ret, value, false, variable, reterr);
}

/* Those that the document has; what cannot be made here keeps its envelope elsewhere. */
static enum bs_code add_present(const struct bs_strings *present, struct bs_strings *ret, struct bs_error *reterr)
{
	enum bs_code code = BS_OK;

	for (size_t i = 0; present && i < present->count && !code; i++) {
		if (bs_recipient_is_native(present->items[i], NULL) &&
			bs_age_recipient_check(present->items[i], NULL) == BS_OK)
			code = bs_strings_add_once(ret, present->items[i], reterr);
	}
	return code;
}

/* Without an own key the others do; a key that is configured but cannot be read is told of by the store's check. */
static enum bs_code add_own(struct bs_keys *keys, bool with_profile, struct bs_strings *ret, struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) char *own = NULL;
	struct bs_error inner = {0};
	enum bs_code code = bs_keys_own(keys, with_profile, &own, &inner);

	if (!code)
		return bs_strings_add_once(ret, own, reterr);
	if (code == BS_NO_IDENTITY && ret->count)
		return BS_OK;
	return bs_error_set(reterr, code, "%s", inner.msg);
}

static enum bs_code for_user(const struct bs_env *env, struct bs_keys *keys, const struct bs_strings *present,
	bool is_rekey, struct bs_strings *ret, struct bs_error *reterr)
{
	enum bs_code code = add_from_environment(env, ret, reterr);

	if (!code && !is_rekey)
		code = add_present(present, ret, reterr);
	return code ? code : add_own(keys, false, ret, reterr);
}

static enum bs_code for_project(const struct bs_env *env, const struct bs_workspace *ws, struct bs_keys *keys,
	const char *name, const struct bs_strings *present, struct bs_strings *ret, enum bs_policy_origin *ret_origin,
	struct bs_error *reterr)
{
	bool is_there = false;
	enum bs_code code = from_recipients_file(ws, &is_there, ret, reterr);

	*ret_origin = BS_POLICY_RECIPIENTS;
	if (code || is_there)
		return code;
	code = from_sops_yaml(ws, name, &is_there, ret, reterr);
	*ret_origin = BS_POLICY_SOPS_YAML;
	if (code || is_there)
		return code;
	*ret_origin = BS_POLICY_NONE;
	code = add_present(present, ret, reterr);

	bool is_new = ret->count == 0;

	if (!code)
		code = add_from_environment(env, ret, reterr);
	return code || !is_new ? code : add_own(keys, true, ret, reterr);
}

enum bs_code bs_policy_recipients(const struct bs_env *env, const struct bs_workspace *ws, struct bs_keys *keys,
	enum bs_scope scope, const char *name, const struct bs_strings *present, bool is_rekey,
	struct bs_strings *ret, enum bs_policy_origin *ret_origin, struct bs_error *reterr)
{
	BS_CLEANUP(bs_strings_release) struct bs_strings list = {0};
	enum bs_policy_origin origin = BS_POLICY_NONE;
	enum bs_code code;

	if (scope == BS_SCOPE_AUTO)
		return bs_error_set(reterr, BS_USAGE, "nothing is stored in scope auto");
	if (scope == BS_SCOPE_REPO && !ws)
		return bs_error_set(reterr, BS_NO_WORKSPACE, "no workspace here: bus-secrets init --repo makes one");
	code = scope == BS_SCOPE_USER ? for_user(env, keys, present, is_rekey, &list, reterr)
				      : for_project(env, ws, keys, name, present, &list, &origin, reterr);
	if (code)
		return code;
	if (ret_origin)
		*ret_origin = origin;
	bs_strings_release(ret);
	*ret = list;
	list = (struct bs_strings){0};
	return BS_OK;
}
