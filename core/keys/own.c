/*
 * own.c: the user's own recipient.
 *
 * Of the first configured key file, else of keys.txt. A key file that is configured but cannot be read ends the
 * search: falling through to another would silently encrypt to another key. Never SOPS_AGE_KEY, a command or an ssh
 * key: a throw-away key in a job's environment must not be what a secret is encrypted to.
 */
#include "sources.h"

#include <string.h>

static enum bs_code none(struct bs_error *reterr)
{
	return bs_error_set(reterr, BS_NO_IDENTITY,
		"no key file of yours to encrypt to: `bus-secrets init` makes one, SOPS_AGE_RECIPIENTS names others");
}

/* A file source that is there, or that somebody configured. */
static bool counts(const struct bs_keys *keys, size_t i)
{
	const struct bs_source *source = &keys->sources[i];

	return source->state != BS_KEY_ABSENT && (source->where || source->state == BS_KEY_BROKEN);
}

/* The first native age identity of the file: a key file may also be an ssh key. */
static enum bs_code first_of(const struct bs_source *source, char **ret, struct bs_error *reterr)
{
	for (size_t i = 0; i < bs_age_identities_count(source->ids); i++) {
		BS_CLEANUP(bs_free_ptr) char *recipient = bs_age_identities_recipient(source->ids, i);

		if (recipient && bs_age_recipient_kind(recipient) == BS_AGE_X25519) {
			*ret = BS_TAKE(recipient);
			return BS_OK;
		}
	}
	return bs_error_set(reterr, BS_NO_IDENTITY, "your own key is not known: %s holds no age identity", source->where);
}

enum bs_code bs_keys_own(struct bs_keys *keys, bool with_profile, char **ret, struct bs_error *reterr)
{
	if (keys->preferences_problem.code)
		return bs_error_set(reterr, keys->preferences_problem.code, "your own key is not known: %s",
			keys->preferences_problem.msg);
	for (size_t i = 0; i < BS_SOURCE_COUNT; i++) {
		const struct bs_source_row *row = &bs_source_rows[i];
		const struct bs_source *source = &keys->sources[i];

		if (!row->gives_own || (row->is_chosen_by_workspace && !with_profile))
			continue;
		bs_source_read(keys, i, false);
		if (!counts(keys, i))
			continue;
		if (source->state != BS_KEY_READY)
			return bs_error_set(reterr, BS_NO_IDENTITY, "your own key is not known: %s",
				source->problem ? source->problem : row->label);
		return first_of(source, ret, reterr);
	}
	return none(reterr);
}

enum bs_code bs_keys_own_recipient(struct bs_keys *keys, char **ret, struct bs_error *reterr)
{
	return bs_keys_own(keys, true, ret, reterr);
}
