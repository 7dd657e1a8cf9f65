/* recipient.c: which kind a recipient's text is of, and whether it is a valid one. */
#include "recipient.h"

#include "base64.h"
#include "bech32.h"
#include <string.h>

/* Messages show recipients, which are public, but not a whole key file that was pasted in the wrong place. */
#define SHOWN 80

/* Bech32 kinds with a fixed length. Order matters: all of them begin with "age1", and plugins do, too. */
static const struct form {
	const char *hrp;
	enum bs_age_kind kind;
	size_t bytes;
} forms[] = {
	{"age1tag", BS_AGE_TAG, 33},
	{"age1tagpq", BS_AGE_TAG, 1249},
	{"age1pq", BS_AGE_HYBRID, 1216},
};

static const struct form *find_form(const char *text)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		size_t len = strlen(forms[i].hrp);

		if (!strncmp(text, forms[i].hrp, len) && text[len] == '1')
			return &forms[i];
	}
	return NULL;
}

enum bs_age_kind bs_age_recipient_kind(const char *recipient)
{
	const struct form *form = find_form(recipient);

	if (form)
		return form->kind;
	if (!strncmp(recipient, "age1", 4))
		return strchr(recipient + 4, '1') ? BS_AGE_PLUGIN : BS_AGE_X25519;
	if (!strncmp(recipient, "ssh-ed25519 ", 12))
		return BS_AGE_SSH_ED25519;
	if (!strncmp(recipient, "ssh-rsa ", 8))
		return BS_AGE_SSH_RSA;
	return BS_AGE_UNKNOWN;
}

static bool is_plugin_name(const char *name, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		bool is_letter = (name[i] >= 'a' && name[i] <= 'z') || (name[i] >= '0' && name[i] <= '9');

		if (!is_letter && !strchr("-_.+", name[i]))
			return false;
	}
	return len != 0;
}

/* "age1NAME1...": the checksum must hold for whatever stands before the last '1'. */
static bool is_plugin(const char *text)
{
	const char *separator = strrchr(text, '1');
	char hrp[128];
	size_t hrp_len = (size_t)(separator - text), len;

	if (hrp_len >= sizeof(hrp) || !is_plugin_name(text + 4, hrp_len - 4))
		return false;
	memcpy(hrp, text, hrp_len);
	hrp[hrp_len] = '\0';
	return bs_bech32_decode(text, strlen(text), hrp, NULL, SIZE_MAX, &len);
}

/* The type stands again inside, behind its length, so the base64 of "\0\0\0\7ssh-rsa" is how all of them
 * begin. */
static bool is_ssh_rsa(const char *text)
{
	return !strncmp(text, "ssh-rsa AAAAB3NzaC1yc2E", 23);
}

static bool is_valid(enum bs_age_kind kind, const char *text)
{
	const struct bs_age_row *row = bs_age_row_of_kind(kind);
	const struct form *form = find_form(text);
	uint8_t public[BS_AGE_POINT_BYTES];
	size_t len;

	if (row->read)
		return row->read(text, public);
	if (form)
		return bs_bech32_decode(text, strlen(text), form->hrp, NULL, form->bytes, &len) &&
		       len == form->bytes;
	if (kind == BS_AGE_PLUGIN)
		return is_plugin(text);
	return kind == BS_AGE_SSH_RSA && is_ssh_rsa(text);
}

enum bs_code bs_age_recipient_check(const char *recipient, struct bs_error *reterr)
{
	enum bs_age_kind kind = bs_age_recipient_kind(recipient);

	if (is_valid(kind, recipient))
		return BS_OK;
	/* An identity in place of a recipient is a secret: it must not get into a message. */
	if (!strncasecmp(recipient, "age-", 4))
		return bs_error_set(
			reterr, BS_USAGE, "an identity was given where a recipient (age1...) belongs");
	if (kind == BS_AGE_UNKNOWN)
		return bs_error_set(reterr, BS_USAGE, "not an age recipient (age1..., ssh-ed25519 ...)");
	return bs_error_set(
		reterr, BS_USAGE, "not a valid %s recipient: %.*s", bs_age_kind_name(kind), SHOWN, recipient);
}

enum bs_code bs_age_recipient_read(const char *text, struct bs_age_recipient *ret, struct bs_error *reterr)
{
	enum bs_age_kind kind = bs_age_recipient_kind(text);
	const struct bs_age_row *row = bs_age_row_of_kind(kind);
	struct bs_age_recipient recipient = {.row = row};
	enum bs_code code = bs_age_recipient_check(text, reterr);

	if (code)
		return code;
	if (!row->wrap || !row->read)
		return bs_error_set(reterr, BS_UNSUPPORTED, "cannot encrypt to %s recipients here: %.*s",
			row->name, SHOWN, text);
	if (!row->read(text, recipient.public))
		return bs_error_set(
			reterr, BS_USAGE, "not a valid %s recipient: %.*s", row->name, SHOWN, text);
	*ret = recipient;
	return BS_OK;
}
