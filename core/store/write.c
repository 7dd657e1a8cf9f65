/*
 * write.c: storing a value, and giving a document the recipients of the day.
 *
 * Layer: core/store. Everything slow (keys, encryption) happens before the lock: a plan is made for the text
 * that is there now. If another text is found under the lock, a new plan is made for that one, so that what
 * others wrote in between counts: its recipients and neighbours are the ones that are kept.
 */
#include "../keys/policy.h"
#include "store_private.h"
#include <bus-secrets/log.h>
#include <string.h>
#include <time.h>

struct plan {
	struct bs_store *store;
	enum bs_scope scope;
	const char *name;
	const struct bs_secret *value; /* NULL: the one that is there, a rekey */
	struct bs_store_write options;
	const struct bs_layout *target;
	const struct bs_stored *base; /* what the target held when the plan was made; NULL: nothing */
	struct bs_stored fresh; /* owns base after the plan was made anew */
	char *text; /* the new document; NULL: nothing is to be written */
	size_t len;
	struct bs_store_report report;
};

static void release_plan(struct plan *plan)
{
	bs_stored_release(&plan->fresh);
	free(BS_TAKE(plan->text));
	bs_store_report_release(&plan->report);
}

void bs_store_report_release(struct bs_store_report *report)
{
	bs_strings_release(&report->came);
	bs_strings_release(&report->went);
	bs_strings_release(&report->kept_kinds);
	*report = (struct bs_store_report){0};
}

static enum bs_code add_missing(const struct bs_strings *from, const struct bs_strings *in,
	struct bs_strings *ret, struct bs_error *reterr)
{
	for (size_t i = 0; from && i < from->count; i++) {
		const char *kind = NULL;
		enum bs_code code = BS_OK;

		if ((!in || !bs_strings_has(in, from->items[i])) &&
			bs_recipient_is_native(from->items[i], &kind))
			code = bs_strings_add_once(ret, from->items[i], reterr);
		if (code)
			return code;
	}
	return BS_OK;
}

static const char *origin_shown(enum bs_policy_origin origin)
{
	switch (origin) {
	case BS_POLICY_RECIPIENTS:
		return " (by .bus/secrets/recipients.txt)";
	case BS_POLICY_SOPS_YAML:
		return " (by .sops.yaml)";
	case BS_POLICY_NONE:
		break;
	}
	return "";
}

/* The recipients of the day, of which one must be ours unless the writer goes blind. */
static enum bs_code choose_recipients(const struct plan *plan, const struct bs_sops_doc *doc,
	struct bs_strings *ret, struct bs_error *reterr)
{
	struct bs_store *store = plan->store;
	enum bs_policy_origin origin;
	enum bs_code code = bs_policy_recipients(store->env, plan->scope == BS_SCOPE_REPO ? store->ws : NULL,
		store->keys, plan->scope, plan->name, doc ? bs_sops_recipients(doc) : NULL, !plan->value, ret,
		&origin, reterr);

	if (code || plan->options.blind || bs_document_can_open(store, ret))
		return code;
	return bs_error_set(reterr, BS_NO_MATCH,
		"secret %s in scope %s: none of its recipients%s is yours: --blind writes it all the same",
		plan->name, bs_scope_name(plan->scope), origin_shown(origin));
}

/*
 * The old document's key and, where it may be the same, its value. That it does not open stops no write: then
 * it simply is not the same. A rekey is nothing without it.
 */
static enum bs_code open_old(const struct plan *plan, const struct bs_stored *present,
	const struct bs_sops_doc *doc, struct bs_secret **ret_key, struct bs_secret **ret_value,
	struct bs_error *reterr)
{
	struct bs_error why = {0};
	enum bs_code code;

	if (!plan->value) {
		code = bs_document_decrypt(plan->store, doc, ret_value, ret_key, &why);
		return code ? bs_document_fail(present, plan->name, &why, NULL, reterr) : BS_OK;
	}
	if (bs_sops_needs_program(doc))
		return BS_OK;
	code = bs_document_unlock(plan->store, doc, ret_key, &why);
	if (code == BS_OK && bs_sops_size(doc) == bs_secret_len(plan->value))
		code = bs_sops_decrypt(doc, *ret_key, ret_value, &why);
	return code == BS_NO_MEMORY || code == BS_INTERRUPTED ? bs_error_set(reterr, code, "%s", why.msg)
							      : BS_OK;
}

static enum bs_code encrypt_plan(struct plan *plan, const struct bs_stored *present,
	const struct bs_sops_doc *doc, const struct bs_secret *key, const struct bs_secret *value,
	const struct bs_strings *recipients, struct bs_error *reterr)
{
	struct bs_sops_write write = {
		.value = value,
		.recipients = recipients,
		.old = doc,
		.old_key = key,
		.now = time(NULL),
	};
	struct bs_error why = {0};
	enum bs_code code = bs_sops_encrypt(&write, &plan->text, &plan->len, &plan->report.kept_kinds, &why);

	/*
	 * Neighbours that fail their check are damaged for good; writing again is the remedy that was
	 * promised.
	 */
	if (doc && plan->value && (code == BS_INTEGRITY || code == BS_MALFORMED)) {
		bs_notice(BS_NOTICE_WARN, "%s: secret %s: the damaged document is written anew (%s)",
			present->where, plan->name, why.msg);
		bs_strings_release(&plan->report.kept_kinds);
		write.old = NULL;
		write.old_key = NULL;
		code = bs_sops_encrypt(&write, &plan->text, &plan->len, &plan->report.kept_kinds, &why);
	}
	if (code == BS_OK)
		return BS_OK;
	return present ? bs_document_fail(present, plan->name, &why, NULL, reterr)
		       : bs_error_set(reterr, code, "secret %s: %s", plan->name, why.msg);
}

/* A plan for the text that counts for the name now; present NULL: there is none. */
static enum bs_code make_plan(struct plan *plan, const struct bs_stored *present, struct bs_error *reterr)
{
	BS_CLEANUP(bs_sops_free_ptr) struct bs_sops_doc *doc = NULL;
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *key = NULL;
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *old = NULL;
	BS_CLEANUP(bs_strings_release) struct bs_strings recipients = {0};
	struct bs_store_report *report = &plan->report;
	const struct bs_strings *had = NULL;
	struct bs_error why = {0};
	enum bs_code code;

	free(BS_TAKE(plan->text));
	bs_store_report_release(report);
	report->is_new = !present;
	if (present && bs_document_parse(present, plan->name, &doc, &why)) {
		/* What cannot be a document is replaced: that is the remedy which its message names. */
		if (!plan->value || (why.code != BS_PLAINTEXT && why.code != BS_MALFORMED))
			return bs_error_set(reterr, why.code, "%s", why.msg);
	}
	code = choose_recipients(plan, doc, &recipients, reterr);
	if (code || (doc && (code = open_old(plan, present, doc, &key, &old, reterr))))
		return code;
	had = doc ? bs_sops_recipients(doc) : NULL;
	if ((code = add_missing(&recipients, had, &report->came, reterr)) ||
		(code = add_missing(had, &recipients, &report->went, reterr)))
		return code;
	if (plan->value && old && bs_secret_equal(old, plan->value)) {
		report->is_rewrapped = report->came.count || report->went.count;
		report->is_unchanged = !report->is_rewrapped;
		if (report->is_unchanged)
			return BS_OK;
	}
	return encrypt_plan(plan, present, doc, key, plan->value ? plan->value : old, &recipients, reterr);
}

static enum bs_code replan(struct plan *plan, const struct bs_stored *present, struct bs_error *reterr)
{
	BS_CLEANUP(bs_stored_release) struct bs_stored lower = {0};
	const struct bs_stored *counts = present;
	enum bs_code code;

	bs_stored_release(&plan->fresh);
	plan->base = NULL;
	if (!present) {
		code = bs_stored_find(plan->store, plan->scope, plan->name, &lower, reterr);
		if (code == BS_OK)
			counts = &lower;
		else if (code != BS_NOT_FOUND || !plan->value)
			return code;
	} else {
		plan->fresh = *present;
		plan->fresh.text = malloc(present->len + 1);
		if (!plan->fresh.text)
			return bs_error_set(reterr, BS_NO_MEMORY, "no memory for a document");
		memcpy(plan->fresh.text, present->text ? present->text : "", present->len);
		plan->fresh.text[present->len] = '\0';
		plan->base = &plan->fresh;
	}
	return make_plan(plan, counts, reterr);
}

static enum bs_code carry_out(
	void *ctx, const struct bs_stored *present, struct bs_change *ret, struct bs_error *reterr)
{
	struct plan *plan = ctx;

	if (present && plan->options.exclusive)
		return bs_error_set(
			reterr, BS_EXISTS, "secret %s exists already in %s", plan->name, present->where);
	if (!bs_stored_equal(present, plan->base)) {
		enum bs_code code = replan(plan, present, reterr);

		if (code)
			return code;
	}
	if (!plan->text)
		return BS_OK;
	ret->text = strndup(plan->text, plan->len);
	if (!ret->text)
		return bs_error_set(reterr, BS_NO_MEMORY, "no memory for a document");
	ret->len = plan->len;
	ret->kind = BS_CHANGE_PUT;
	return BS_OK;
}

/*
 * What can be known before any key is asked: name, place, rights, and what stands there (text NULL: nothing).
 */
static enum bs_code look_first(struct plan *plan, struct bs_stored *ret_present, struct bs_error *reterr)
{
	size_t len = strlen(plan->name);
	BS_CLEANUP(bs_free_ptr) char *path = NULL;
	const struct bs_layout_ops *ops;
	enum bs_code code = bs_name_check(plan->name, len, reterr);

	if (code || (code = bs_scope_check(plan->store, plan->scope, reterr)) ||
		(code = bs_layout_target(plan->store, plan->scope, &plan->target, reterr)))
		return code;
	ops = plan->target->ops;
	code = bs_stored_find(plan->store, plan->scope, plan->name, ret_present, reterr);
	if (code == BS_NOT_FOUND && plan->value)
		code = bs_name_check_new(plan->name, len, reterr);
	if (code || (code = ops->path(plan->store, plan->target, &path, reterr)))
		return code;
	if (ret_present->layout && plan->options.exclusive)
		return bs_error_set(
			reterr, BS_EXISTS, "secret %s exists already in %s", plan->name, ret_present->where);
	return bs_access_check(path, bs_access_shown(plan->store, path), reterr);
}

/* After a write: what was seen, and that this workspace is one of ours. */
static void remember(struct plan *plan)
{
	BS_CLEANUP(bs_sops_free_ptr) struct bs_sops_doc *doc = NULL;
	BS_CLEANUP(bs_free_ptr) char *path = NULL;

	if (bs_sops_parse(plan->text, plan->len, &doc, NULL) == BS_OK)
		bs_note_seen(plan->store, plan->scope, plan->name, doc, true);
	if (plan->scope == BS_SCOPE_REPO &&
		bs_workspaces_add(plan->store->env, bs_workspace_path(plan->store->ws), false, &path, NULL))
		bs_notice(BS_NOTICE_INFO, "the workspace could not be added to the known ones");
}

static enum bs_code drop_same(
	void *ctx, const struct bs_stored *present, struct bs_change *ret, struct bs_error *reterr)
{
	(void)reterr;
	if (bs_stored_equal(present, ctx))
		ret->kind = BS_CHANGE_DROP;
	return BS_OK;
}

/*
 * A value in the clear was told to be set again. Where that wrote another layout than the one it stands in,
 * it goes from there: hidden behind the new document it would still be read by everybody. A document may
 * stay.
 */
static void drop_in_clear(const struct plan *plan, struct bs_stored *old)
{
	BS_CLEANUP(bs_sops_free_ptr) struct bs_sops_doc *doc = NULL;
	struct bs_error why = {0};
	bool was_written;
	enum bs_code code;

	if (!old->layout || old->layout == plan->target)
		return;
	code = old->error.code ? old->error.code : bs_sops_parse(old->text, old->len, &doc, NULL);
	if (code != BS_PLAINTEXT && code != BS_MALFORMED)
		return;
	if (old->layout->ops->change(
		    plan->store, old->layout, plan->name, drop_same, old, &was_written, &why))
		bs_notice(BS_NOTICE_WARN,
			"%s: secret %s: its old value, which is no document, stays there: %s", old->where,
			plan->name, why.msg);
}

static enum bs_code write_plan(struct plan *plan, struct bs_store_report *ret, struct bs_error *reterr)
{
	BS_CLEANUP(bs_stored_release) struct bs_stored present = {0};
	bool was_written = false;
	enum bs_code code = look_first(plan, &present, reterr);

	if (code)
		return code;
	plan->base = present.layout == plan->target ? &present : NULL;
	code = make_plan(plan, present.layout ? &present : NULL, reterr);
	if (code)
		return code;
	if (plan->text) {
		code = plan->target->ops->change(
			plan->store, plan->target, plan->name, carry_out, plan, &was_written, reterr);
		if (code)
			return code;
	}
	if (was_written && plan->text) {
		drop_in_clear(plan, &present);
		remember(plan);
	}
	if (plan->scope == BS_SCOPE_REPO && ret)
		plan->report.shadows =
			bs_stored_exists(plan->store, BS_SCOPE_USER, plan->name, NULL) == BS_OK;
	if (ret) {
		*ret = plan->report;
		plan->report = (struct bs_store_report){0};
	}
	return BS_OK;
}

static enum bs_code check_value(const struct bs_store *store, const char *name, const struct bs_secret *value,
	struct bs_error *reterr)
{
	if (bs_secret_len(value) <= bs_env_value_limit(store->env))
		return BS_OK;
	return bs_error_set(reterr, BS_TOO_LARGE, "the value for secret %s has %zu bytes, the limit is %zu",
		name, bs_secret_len(value), bs_env_value_limit(store->env));
}

enum bs_code bs_store_set(struct bs_store *store, enum bs_scope scope, const char *name,
	const struct bs_secret *value, const struct bs_store_write *options, struct bs_store_report *ret,
	struct bs_error *reterr)
{
	BS_CLEANUP(release_plan)
	struct plan plan = {.store = store, .scope = scope, .name = name, .value = value};
	enum bs_code code = bs_name_check(name, strlen(name), reterr);

	if (code || (code = check_value(store, name, value, reterr)))
		return code;
	if (options)
		plan.options = *options;
	return write_plan(&plan, ret, reterr);
}

enum bs_code bs_store_rekey(struct bs_store *store, enum bs_scope scope, const char *name,
	struct bs_store_report *ret, struct bs_error *reterr)
{
	BS_CLEANUP(release_plan) struct plan plan = {.store = store, .scope = scope, .name = name};

	return write_plan(&plan, ret, reterr);
}

enum bs_code bs_store_can_set(
	struct bs_store *store, enum bs_scope scope, const char *name, struct bs_error *reterr)
{
	BS_CLEANUP(bs_stored_release) struct bs_stored present = {0};
	BS_CLEANUP(bs_sops_free_ptr) struct bs_sops_doc *doc = NULL;
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *empty = NULL;
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *key = NULL;
	BS_CLEANUP(bs_strings_release) struct bs_strings recipients = {0};
	BS_CLEANUP(bs_free_ptr) char *path = NULL;
	struct plan plan = {.store = store, .scope = scope, .name = name};
	enum bs_code code = bs_secret_new(0, &empty, reterr);

	if (code)
		return code;
	plan.value = empty;
	code = look_first(&plan, &present, reterr);
	if (code || (code = plan.target->ops->path(store, plan.target, &path, reterr)) ||
		(code = bs_access_room(path, bs_access_shown(store, path), 4096, reterr)))
		return code;
	if (present.layout) {
		code = bs_document_parse(&present, name, &doc, reterr);
		if (code && code != BS_PLAINTEXT && code != BS_MALFORMED)
			return code;
	}
	code = choose_recipients(&plan, doc, &recipients, reterr);
	if (code == BS_OK && doc && bs_sops_other_kinds(doc)->count)
		code = bs_document_unlock(store, doc, &key, reterr);
	return code;
}

enum bs_code bs_store_recipients(struct bs_store *store, enum bs_scope scope, const char *name,
	struct bs_strings *ret, struct bs_error *reterr)
{
	enum bs_policy_origin origin;
	enum bs_code code = bs_name_check(name, strlen(name), reterr);

	if (code || (code = bs_scope_check(store, scope, reterr)))
		return code;
	return bs_policy_recipients(store->env, scope == BS_SCOPE_REPO ? store->ws : NULL, store->keys, scope,
		name, NULL, false, ret, &origin, reterr);
}
