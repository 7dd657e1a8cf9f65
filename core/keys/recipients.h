/*
 * recipients.h: lists of recipients as people write them.
 *
 * Layer: core/keys.
 */
#ifndef BS_RECIPIENTS_H
#define BS_RECIPIENTS_H

#include <bus-secrets/strings.h>

#define BS_RECIPIENTS_FILE ".bus/secrets/recipients.txt"
#define BS_RECIPIENTS_FILE_MAX ((size_t)1024 * 1024)

/*
 * Adds one recipient unless it is there. shown says where it stands, for messages. BS_POLICY for a kind that cannot
 * be made here, named; BS_MALFORMED for what is no recipient.
 */
enum bs_code bs_recipients_add(struct bs_strings *list, const char *text, size_t len, const char *shown,
	struct bs_error *reterr) BS_MUST_CHECK;
/* "a, b": blanks around are trimmed. are_empty_skipped: as in rules; otherwise an empty item is BS_MALFORMED. */
enum bs_code bs_recipients_add_commas(struct bs_strings *list, const char *text, bool are_empty_skipped,
	const char *shown, struct bs_error *reterr) BS_MUST_CHECK;
/* recipients.txt: one a line, # comments. */
enum bs_code bs_recipients_parse_file(const char *text, size_t len, struct bs_strings *ret, struct bs_error *reterr)
	BS_MUST_CHECK;

#endif
