/*
 * unlock.c: with which keys a document opens.
 *
 * Layer: core/store. The sources are asked in their order and each only when the ones before it did not do;
 * sops is run only for documents that no identity of ours opens and that name keys of kinds which sops might
 * have.
 */
#include "store_private.h"
#include <bus-secrets/log.h>
#include <string.h>

#define TEXT_MAX 320
#define SHOWN_RECIPIENTS 3

/* "age1..., age1... and 4 more" */
static void name_some(const struct bs_strings *list, char ret[static TEXT_MAX])
{
	size_t used = 0;

	ret[0] = '\0';
	for (size_t i = 0; i < list->count && used < TEXT_MAX; i++) {
		int n;

		if (i == SHOWN_RECIPIENTS) {
			(void)snprintf(ret + used, TEXT_MAX - used, " and %zu more", list->count - i);
			return;
		}
		n = snprintf(ret + used, TEXT_MAX - used, "%s%.90s", i ? ", " : "", list->items[i]);
		if (n < 0)
			return;
		used += (size_t)n;
	}
}

/* The first source that is there but does not serve: most likely what the person has to see to. */
static const char *first_problem(struct bs_store *store, const char **ret_where)
{
	for (size_t i = 0; i < bs_keys_source_count(store->keys); i++) {
		struct bs_key_source source = {0};

		bs_keys_probe(store->keys, i, false, &source);
		if (source.state == BS_KEY_LOCKED || source.state == BS_KEY_BROKEN) {
			*ret_where = source.where;
			return source.problem                  ? source.problem
			       : source.state == BS_KEY_LOCKED ? "wants a passphrase"
							       : "cannot be used";
		}
	}
	return NULL;
}

static enum bs_code fail_without_key(
	struct bs_store *store, const struct bs_sops_doc *doc, bool has_identities, struct bs_error *reterr)
{
	char wanted[TEXT_MAX];
	const char *where = NULL;
	const char *problem = first_problem(store, &where);
	enum bs_code code = has_identities ? BS_NO_MATCH : BS_NO_IDENTITY;

	name_some(bs_sops_recipients(doc), wanted);
	if (problem && where && strstr(problem, where))
		where = NULL; /* it says where itself */
	if (problem)
		return bs_error_set(reterr, code, "%s; it is encrypted to %s; %s%s%s",
			has_identities ? "no identity fits" : "no identity at hand", wanted,
			where ? where : "", where ? ": " : "", problem);
	if (has_identities)
		return bs_error_set(reterr, code,
			"no identity fits; it is encrypted to %s: one of them can add you by bus-secrets "
			"rekey",
			wanted);
	return bs_error_set(reterr, code,
		"no identity at hand; it is encrypted to %s: bus-secrets doctor lists where keys are looked "
		"for",
		wanted);
}

static enum bs_code fail_for_sops(const struct bs_sops_doc *doc, struct bs_error *reterr)
{
	char kinds[TEXT_MAX];
	const char *why = bs_sops_needs_program(doc);

	name_some(bs_sops_other_kinds(doc), kinds);
	if (why)
		return bs_error_set(reterr, BS_NEED_SOPS,
			"only sops can open it (%s): install sops (https://getsops.io/)", why);
	return bs_error_set(reterr, BS_NEED_SOPS,
		"it wants a key of kind %s, which only sops can use: install sops (https://getsops.io/)",
		kinds);
}

enum bs_code bs_document_unlock(struct bs_store *store, const struct bs_sops_doc *doc, struct bs_secret **ret,
	struct bs_error *reterr)
{
	bool has_identities = false;

	for (size_t i = 0; i < bs_keys_source_count(store->keys); i++) {
		const struct bs_age_identities *ids = NULL;
		struct bs_error why = {0};
		enum bs_code code = bs_keys_identities(store->keys, i, &ids, &why);

		if (code == BS_NO_IDENTITY || (code == BS_OK && bs_age_identities_count(ids) == 0))
			continue;
		if (code == BS_OK) {
			has_identities = true;
			code = bs_sops_unlock(doc, ids, ret, &why);
			if (code == BS_OK)
				return BS_OK;
			if (code == BS_NO_MATCH || code == BS_NEED_SOPS)
				continue;
		}
		return bs_error_set(reterr, code, "%s", why.msg);
	}
	if (bs_sops_other_kinds(doc)->count)
		return fail_for_sops(doc, reterr);
	return fail_without_key(store, doc, has_identities, reterr);
}

static enum bs_code decrypt_by_sops(struct bs_store *store, const struct bs_sops_doc *doc,
	struct bs_secret **ret, struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) char *program = NULL;
	const char **envp = NULL;
	enum bs_code code = bs_env_find_program(
		store->env, "sops", store->ws ? bs_workspace_path(store->ws) : NULL, &program, NULL);

	if (code)
		return fail_for_sops(doc, reterr);
	code = bs_keys_sops_environment(store->keys, &envp, reterr);
	if (code)
		return code;
	bs_notice(BS_NOTICE_INFO, "running %s", program);
	code = bs_sops_decrypt_by_program(
		doc, program, envp, bs_env_value_limit(store->env), false, ret, reterr);
	bs_keys_free_environment(envp);
	return code;
}

static enum bs_code check_limit(const struct bs_store *store, uint64_t size, struct bs_error *reterr)
{
	size_t limit = bs_env_value_limit(store->env);

	if (size <= limit)
		return BS_OK;
	return bs_error_set(reterr, BS_TOO_LARGE, "the value has %llu bytes, the limit is %zu",
		(unsigned long long)size, limit);
}

enum bs_code bs_document_decrypt(struct bs_store *store, const struct bs_sops_doc *doc,
	struct bs_secret **ret, struct bs_secret **ret_key, struct bs_error *reterr)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *key = NULL;
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *value = NULL;
	enum bs_code code = check_limit(store, bs_sops_size(doc), reterr);

	if (code)
		return code;
	if (bs_sops_needs_program(doc)) {
		code = decrypt_by_sops(store, doc, &value, reterr);
	} else {
		code = bs_document_unlock(store, doc, &key, reterr);
		if (code == BS_NEED_SOPS)
			code = decrypt_by_sops(store, doc, &value, reterr);
		else if (code == BS_OK)
			code = bs_sops_decrypt(doc, key, &value, reterr);
	}
	if (code || (code = check_limit(store, bs_secret_len(value), reterr)))
		return code;
	*ret = BS_TAKE(value);
	if (ret_key)
		*ret_key = BS_TAKE(key);
	return BS_OK;
}

bool bs_document_can_open(struct bs_store *store, const struct bs_strings *recipients)
{
	for (size_t i = 0; i < recipients->count; i++)
		if (bs_keys_fit(store->keys, recipients->items[i]))
			return true;
	for (size_t k = 0; k < bs_keys_source_count(store->keys); k++) {
		const struct bs_age_identities *ids = NULL;

		if (bs_keys_identities(store->keys, k, &ids, NULL))
			continue;
		for (size_t i = 0; i < recipients->count; i++)
			if (bs_age_identities_fit(ids, recipients->items[i]))
				return true;
	}
	return false;
}
