/*
 * armor.c: a strict reader and writer of age's armor.
 *
 * Not a PEM reader: those forgive headers, blanks and checksum lines, and age does not. CRLF line ends are
 * taken, and blank lines before and after, up to 1024 bytes each as the reference implementation allows.
 */
#include "armor.h"

#include "base64.h"
#include <bus-secrets/cleanup.h>
#include <string.h>

#define BLANKS_MAX 1024

static const char begin_line[] = "-----BEGIN AGE ENCRYPTED FILE-----";
static const char end_line[] = "-----END AGE ENCRYPTED FILE-----";

struct reader {
	const char *at, *end;
	size_t line;
};

/* The next line without its LF or CRLF. False at the end of the text. */
static bool next_line(struct reader *r, const char **ret, size_t *ret_len)
{
	const char *lf;
	size_t len;

	if (r->at == r->end)
		return false;
	lf = memchr(r->at, '\n', (size_t)(r->end - r->at));
	len = (size_t)((lf ? lf : r->end) - r->at);
	*ret = r->at;
	r->at += len + (lf ? 1 : 0);
	r->line++;
	*ret_len = len && (*ret)[len - 1] == '\r' ? len - 1 : len;
	return true;
}

static bool is_blank(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] != ' ' && (text[i] < '\t' || text[i] > '\r'))
			return false;
	return true;
}

static bool is_line(const char *line, size_t len, const char *wanted)
{
	return len == strlen(wanted) && !memcmp(line, wanted, len);
}

bool bs_age_armor_is_there(const uint8_t *bytes, size_t len)
{
	static const char label[] = "-----BEGIN";
	const char *text = (const char *)bytes;
	size_t i = 0;

	while (i < len && i < BLANKS_MAX && is_blank(text + i, 1))
		i++;
	return len - i >= strlen(label) && !memcmp(text + i, label, strlen(label));
}

static enum bs_code read_begin(struct reader *r, struct bs_error *reterr)
{
	const char *line;
	size_t len, blanks = 0;

	while (next_line(r, &line, &len)) {
		if (is_line(line, len, begin_line))
			return BS_OK;
		blanks += (size_t)(r->at - line);
		if (!is_blank(line, len) || blanks > BLANKS_MAX)
			break;
	}
	return bs_error_set(reterr, BS_MALFORMED, "age armor: does not begin with %s", begin_line);
}

/* Everything between BEGIN and END; END itself is read, too. */
static enum bs_code read_body(
	struct reader *r, uint8_t *out, size_t room, size_t *ret_len, struct bs_error *reterr)
{
	bool is_last = false;
	const char *line;
	size_t len, got;

	*ret_len = 0;
	while (next_line(r, &line, &len)) {
		if (is_line(line, len, end_line))
			return BS_OK;
		/* A line that is not full ends the text: only END may follow. */
		if (is_last || !len || len > BS_BASE64_COLUMNS ||
			!bs_base64_decode(BS_BASE64_PADDED, line, len, out + *ret_len, room - *ret_len, &got))
			return bs_error_set(
				reterr, BS_MALFORMED, "age armor: line %zu is not valid", r->line);
		*ret_len += got;
		is_last = got < BS_BASE64_LINE_BYTES;
	}
	return bs_error_set(reterr, BS_MALFORMED, "age armor: ends without %s", end_line);
}

enum bs_code bs_age_armor_open(
	const uint8_t *text, size_t len, uint8_t **ret, size_t *ret_len, struct bs_error *reterr)
{
	struct reader r = {.at = (const char *)text, .end = (const char *)text + len};
	size_t room = len / 4 * 3 + 3, got;
	BS_CLEANUP(bs_free_ptr) uint8_t *out = malloc(room);
	enum bs_code code;

	if (!out)
		return bs_error_set(reterr, BS_NO_MEMORY, "age armor: no memory for %zu bytes", room);
	code = read_begin(&r, reterr);
	if (!code)
		code = read_body(&r, out, room, &got, reterr);
	if (code)
		return code;
	if (r.end - r.at >= BLANKS_MAX || !is_blank(r.at, (size_t)(r.end - r.at)))
		return bs_error_set(reterr, BS_MALFORMED, "age armor: something follows %s", end_line);
	*ret = BS_TAKE(out);
	*ret_len = got;
	return BS_OK;
}

enum bs_code bs_age_armor_seal(
	const uint8_t *file, size_t len, char **ret, size_t *ret_len, struct bs_error *reterr)
{
	size_t lines = len / BS_BASE64_LINE_BYTES + 1;
	size_t room = lines * (BS_BASE64_COLUMNS + 1) + strlen(begin_line) + strlen(end_line) + 3;
	char *text = malloc(room), *at = text;

	if (!text)
		return bs_error_set(reterr, BS_NO_MEMORY, "age armor: no memory for %zu bytes", room);
	at = stpcpy(stpcpy(at, begin_line), "\n");
	for (size_t i = 0; i < len; i += BS_BASE64_LINE_BYTES) {
		size_t left = len - i;

		at += bs_base64_encode(BS_BASE64_PADDED, file + i,
			left < BS_BASE64_LINE_BYTES ? left : BS_BASE64_LINE_BYTES, at);
		*at++ = '\n';
	}
	at = stpcpy(stpcpy(at, end_line), "\n");
	*ret = text;
	*ret_len = (size_t)(at - text);
	return BS_OK;
}
