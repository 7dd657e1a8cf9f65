/* identities.c: the list of identities, and what recipients they are. */
#include "identities.h"

#include "recipient.h"
#include <sodium.h>
#include <string.h>

enum bs_code bs_age_identities_new(struct bs_age_identities **ret, struct bs_error *reterr)
{
	struct bs_age_identities *ids;

	/* Picks the fast curve code; does nothing the second time. */
	if (sodium_init() < 0)
		return bs_error_set(reterr, BS_INTERNAL, "libsodium cannot be initialised");
	ids = calloc(1, sizeof(*ids));
	if (!ids)
		return bs_error_set(reterr, BS_NO_MEMORY, "no memory for identities");
	*ret = ids;
	return BS_OK;
}

struct bs_age_identities *bs_age_identities_free(struct bs_age_identities *ids)
{
	if (!ids)
		return NULL;
	bs_age_identities_cut(ids, 0);
	free(ids->items);
	free(ids);
	return NULL;
}

void bs_age_identities_cut(struct bs_age_identities *ids, size_t count)
{
	while (ids->count > count)
		bs_secret_free(ids->items[--ids->count].secret);
}

size_t bs_age_identities_count(const struct bs_age_identities *ids)
{
	return ids->count;
}

enum bs_code bs_age_identities_add(struct bs_age_identities *ids, const struct bs_age_row *row,
	struct bs_secret **secret, const uint8_t *public, struct bs_error *reterr)
{
	struct bs_age_identity *identity;

	if (ids->count == ids->room) {
		size_t room = ids->room ? ids->room * 2 : 4;
		struct bs_age_identity *more = reallocarray(ids->items, room, sizeof(*more));

		if (!more)
			return bs_error_set(reterr, BS_NO_MEMORY, "no memory for %zu identities", room);
		ids->items = more;
		ids->room = room;
	}
	identity = &ids->items[ids->count++];
	*identity = (struct bs_age_identity){.row = row, .secret = BS_TAKE(*secret)};
	if (public)
		memcpy(identity->public, public, sizeof(identity->public));
	return BS_OK;
}

enum bs_code bs_age_identities_add_passphrase(
	struct bs_age_identities *ids, const struct bs_secret *passphrase, struct bs_error *reterr)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *copy = NULL;
	enum bs_code code;

	if (!bs_secret_len(passphrase))
		return bs_error_set(reterr, BS_USAGE, "the passphrase is empty");
	code = bs_secret_copy(bs_secret_bytes(passphrase), bs_secret_len(passphrase), &copy, reterr);
	if (code)
		return code;
	return bs_age_identities_add(ids, &bs_age_scrypt, &copy, NULL, reterr);
}

char *bs_age_identities_recipient(const struct bs_age_identities *ids, size_t i)
{
	const struct bs_age_row *row = i < ids->count ? ids->items[i].row : NULL;

	return row && row->write ? row->write(ids->items[i].public) : NULL;
}

bool bs_age_identities_fit(const struct bs_age_identities *ids, const char *recipient)
{
	struct bs_age_recipient parsed;

	if (bs_age_recipient_read(recipient, &parsed, NULL))
		return false;
	for (size_t i = 0; i < ids->count; i++) {
		const struct bs_age_identity *identity = &ids->items[i];

		if (identity->row == parsed.row &&
			!memcmp(identity->public, parsed.public, sizeof(parsed.public)))
			return true;
	}
	return false;
}
