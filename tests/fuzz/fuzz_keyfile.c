/* fuzz_keyfile.c: key files: age identities, SSH private keys; and the same text as a recipient. */
#include "../../core/age/age.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_identities(const struct bs_age_identities *ids)
{
	for (size_t i = 0; i < bs_age_identities_count(ids); i++) {
		char *recipient = bs_age_identities_recipient(ids, i);

		/* Each has a recipient that is valid, and fits it. */
		if (!recipient || bs_age_recipient_check(recipient, NULL) ||
			!bs_age_identities_fit(ids, recipient))
			abort();
		free(recipient);
	}
}

static void check_recipient(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);
	struct bs_error err = {0};

	if (!text)
		abort();
	if (bs_age_recipient_check(text, &err) && !err.msg[0])
		abort();
	if (!bs_age_recipient_check(text, NULL) && bs_age_recipient_kind(text) == BS_AGE_UNKNOWN)
		abort();
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bs_age_identities *ids = NULL;
	struct bs_secret *text = NULL;
	struct bs_error err = {0};
	enum bs_code code;

	if (bs_age_identities_new(&ids, NULL) || bs_secret_copy(data, size, &text, NULL))
		abort();
	bs_age_keyfile_is_locked(text);
	code = bs_age_identities_parse(ids, text, "key", NULL, &err);
	if ((code == BS_OK) != (bs_age_identities_count(ids) != 0) || (code && !err.msg[0]))
		abort();
	check_identities(ids);
	bs_age_identities_free(ids);
	bs_secret_free(text);
	check_recipient(data, size);
	return 0;
}
