/* recipients.c: lists of recipients as people write them. */
#include "recipients.h"

#include "../age/age.h"
#include <bus-secrets/cleanup.h>
#include <bus-secrets/keys.h>
#include <string.h>

bool bs_recipient_is_native(const char *recipient, const char **ret_kind)
{
	enum bs_age_kind kind = bs_age_recipient_kind(recipient);

	if (ret_kind)
		*ret_kind = bs_age_kind_name(kind);
	return bs_age_kind_is_native(kind);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void trim(const char **text, size_t *len)
{
	while (*len && is_blank((*text)[0])) {
		++*text;
		--*len;
	}
	while (*len && is_blank((*text)[*len - 1]))
		--*len;
}

enum bs_code bs_recipients_add(struct bs_strings *list, const char *text, size_t len, const char *shown,
	struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) char *recipient = strndup(text, len);
	struct bs_error inner = {0};
	const char *kind = NULL;

	if (!recipient)
		return bs_error_set(reterr, BS_NO_MEMORY, "out of memory for a recipient");
	if (strlen(recipient) != len)
		return bs_error_set(reterr, BS_MALFORMED, "%s: a NUL byte in a recipient", shown);
	if (bs_age_recipient_check(recipient, &inner))
		return bs_error_set(reterr, BS_MALFORMED, "%s: %s", shown, inner.msg);
	if (!bs_recipient_is_native(recipient, &kind))
		return bs_error_set(reterr, BS_POLICY, "%s asks for a recipient of kind %s, which cannot be made here",
			shown, kind);
	return bs_strings_add_once(list, recipient, reterr);
}

enum bs_code bs_recipients_add_commas(struct bs_strings *list, const char *text, bool are_empty_skipped,
	const char *shown, struct bs_error *reterr)
{
	enum bs_code code = BS_OK;

	for (const char *at = text; !code;) {
		const char *item = at;
		size_t span = strcspn(at, ",");
		size_t len = span;

		trim(&item, &len);
		if (len)
			code = bs_recipients_add(list, item, len, shown, reterr);
		else if (!are_empty_skipped)
			code = bs_error_set(reterr, BS_MALFORMED, "%s: an empty item in the list", shown);
		if (!at[span])
			break;
		at += span + 1;
	}
	return code;
}

/* A comment begins with # at the line's start or behind a blank. */
static size_t without_comment(const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (line[i] == '#' && (i == 0 || line[i - 1] == ' ' || line[i - 1] == '\t'))
			return i;
	}
	return len;
}

enum bs_code bs_recipients_parse_file(const char *text, size_t len, struct bs_strings *ret, struct bs_error *reterr)
{
	const char *end = text + len;
	char shown[64];
	enum bs_code code = BS_OK;

	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		text += 3;
	for (size_t number = 1; text < end && !code; number++) {
		const char *line = text;
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t line_len = (size_t)((newline ? newline : end) - line);

		text = newline ? newline + 1 : end;
		line_len = without_comment(line, line_len);
		trim(&line, &line_len);
		if (!line_len)
			continue;
		(void)snprintf(shown, sizeof(shown), BS_RECIPIENTS_FILE ", line %zu", number);
		code = bs_recipients_add(ret, line, line_len, shown, reterr);
	}
	return code;
}
