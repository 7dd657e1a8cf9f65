/*
 * header.c: the header's grammar (C2SP age.md, "Header").
 *
 * Every line ends with LF alone, every blank is one blank, every base64 line is canonical, and a body ends
 * with the first line that is not full, even if that is an empty one.
 */
#include "header.h"

#include "base64.h"
#include <bus-secrets/cleanup.h>
#include <string.h>

static const char version_line[] = "age-encryption.org/v1";
static const char dashes[] = "---";

struct reader {
	const char *start, *at, *end;
	size_t line;
};

static enum bs_code bad_line(const struct reader *r, const char *what, struct bs_error *reterr)
{
	return bs_error_set(reterr, BS_MALFORMED, "age header: line %zu: %s", r->line, what);
}

static enum bs_code next_line(struct reader *r, const char **ret, size_t *ret_len, struct bs_error *reterr)
{
	const char *lf = memchr(r->at, '\n', (size_t)(r->end - r->at));

	r->line++;
	if (!lf)
		return bad_line(r, "ends in the middle of the header", reterr);
	*ret = r->at;
	*ret_len = (size_t)(lf - r->at);
	r->at = lf + 1;
	return BS_OK;
}

static enum bs_code read_version(struct reader *r, struct bs_error *reterr)
{
	const char *line;
	size_t len;

	if (next_line(r, &line, &len, NULL) || len != strlen(version_line) ||
		memcmp(line, version_line, len) != 0)
		return bs_error_set(reterr, BS_MALFORMED, "age header: does not begin with %s", version_line);
	return BS_OK;
}

/* "-> " and arguments of visible ASCII, exactly one blank between them. */
static enum bs_code read_args(struct reader *r, struct bs_age_stanza *stanza, struct bs_error *reterr)
{
	const char *line;
	size_t len;
	enum bs_code code = next_line(r, &line, &len, reterr);

	if (code)
		return code;
	if (len < 4 || memcmp(line, "-> ", 3) != 0)
		return bad_line(r, "is not the beginning of a recipient's entry", reterr);
	stanza->line = line + 3;
	stanza->line_len = len - 3;
	stanza->args = 1;
	for (size_t i = 3; i < len; i++) {
		if (line[i] == ' ') {
			if (line[i - 1] == ' ' || i + 1 == len)
				return bad_line(r, "has an empty argument", reterr);
			stanza->args++;
		} else if (line[i] < 0x21 || line[i] > 0x7e) {
			return bad_line(r, "has a character that is not allowed", reterr);
		}
	}
	return BS_OK;
}

static enum bs_code read_body(
	struct reader *r, struct bs_age_stanza *stanza, uint8_t *out, struct bs_error *reterr)
{
	stanza->body = out;
	stanza->body_len = 0;
	for (;;) {
		const char *line;
		size_t len, got;
		enum bs_code code = next_line(r, &line, &len, reterr);

		if (code)
			return code;
		if (len > BS_BASE64_COLUMNS || !bs_base64_decode(BS_BASE64_BARE, line, len,
						       out + stanza->body_len, BS_BASE64_LINE_BYTES, &got))
			return bad_line(r, "is not canonical base64 of at most 64 characters", reterr);
		stanza->body_len += got;
		if (len < BS_BASE64_COLUMNS)
			return BS_OK;
	}
}

static enum bs_code read_mac(struct reader *r, struct bs_age_header *header, struct bs_error *reterr)
{
	const char *line;
	size_t len;
	enum bs_code code;

	header->covered_len = (size_t)(r->at - r->start) + strlen(dashes);
	code = next_line(r, &line, &len, reterr);
	if (code)
		return code;
	if (len < 4 || line[3] != ' ' ||
		!bs_base64_decode_exact(BS_BASE64_BARE, line + 4, len - 4, header->mac, sizeof(header->mac)))
		return bad_line(r, "is not a valid MAC line", reterr);
	header->len = (size_t)(r->at - r->start);
	return BS_OK;
}

static enum bs_code add_stanza(struct bs_age_header *header, size_t *room, struct bs_error *reterr)
{
	struct bs_age_stanza *more;

	if (header->count < *room)
		return BS_OK;
	*room = *room ? *room * 2 : 4;
	more = reallocarray(header->stanzas, *room, sizeof(*more));
	if (!more)
		return bs_error_set(reterr, BS_NO_MEMORY, "age header: no memory for %zu recipients", *room);
	header->stanzas = more;
	return BS_OK;
}

static enum bs_code read_header(struct reader *r, struct bs_age_header *header, struct bs_error *reterr)
{
	enum bs_code code = read_version(r, reterr);
	uint8_t *body = header->bodies;
	size_t room = 0;

	while (!code) {
		struct bs_age_stanza *stanza;

		if ((size_t)(r->end - r->at) >= strlen(dashes) && !memcmp(r->at, dashes, strlen(dashes)))
			break;
		code = add_stanza(header, &room, reterr);
		if (code)
			break;
		stanza = &header->stanzas[header->count++];
		code = read_args(r, stanza, reterr);
		if (!code)
			code = read_body(r, stanza, body, reterr);
		if (!code)
			body += stanza->body_len;
	}
	if (code)
		return code;
	/* The grammar asks for one; a file for nobody is damaged, not "for somebody else". */
	if (!header->count)
		return bs_error_set(reterr, BS_MALFORMED, "age header: names no recipient");
	return read_mac(r, header, reterr);
}

enum bs_code bs_age_header_read(
	const uint8_t *file, size_t len, struct bs_age_header *ret, struct bs_error *reterr)
{
	const char *text = (const char *)file;
	size_t seen = len < BS_AGE_HEADER_MAX ? len : BS_AGE_HEADER_MAX;
	struct reader r = {.start = text, .at = text, .end = text + seen};
	BS_CLEANUP(bs_age_header_release) struct bs_age_header header = {0};
	enum bs_code code;

	if (!len)
		return bs_error_set(reterr, BS_MALFORMED, "age header: the file is empty");
	/* Bodies are never longer than their text; one line more, because each is decoded with a whole line's
	 * room. */
	header.bodies = malloc(seen + BS_BASE64_LINE_BYTES);
	if (!header.bodies)
		return bs_error_set(reterr, BS_NO_MEMORY, "age header: no memory for %zu bytes", seen);
	code = read_header(&r, &header, reterr);
	if (code)
		return code;
	*ret = header;
	header = (struct bs_age_header){0};
	return BS_OK;
}

void bs_age_header_release(struct bs_age_header *header)
{
	free(header->stanzas);
	free(header->bodies);
	*header = (struct bs_age_header){0};
}

/* Characters of a body: full lines, and one that is not full. */
static size_t body_text_len(size_t len)
{
	return BS_BASE64_LEN(len) + len / BS_BASE64_LINE_BYTES + 1;
}

static char *write_body(const struct bs_age_stanza *stanza, char *at)
{
	size_t done = 0;

	for (;;) {
		size_t left = stanza->body_len - done;
		size_t part = left < BS_BASE64_LINE_BYTES ? left : BS_BASE64_LINE_BYTES;

		at += bs_base64_encode(BS_BASE64_BARE, stanza->body + done, part, at);
		*at++ = '\n';
		done += part;
		if (part < BS_BASE64_LINE_BYTES)
			return at;
	}
}

enum bs_code bs_age_header_write(const struct bs_age_stanza *stanzas, size_t count, size_t extra,
	uint8_t **ret, size_t *ret_len, struct bs_error *reterr)
{
	size_t room = strlen(version_line) + 1 + strlen(dashes) + BS_AGE_MAC_LINE_REST + extra + 1;
	char *text, *at;

	for (size_t i = 0; i < count; i++)
		room += 3 + stanzas[i].line_len + 1 + body_text_len(stanzas[i].body_len);
	text = malloc(room);
	if (!text)
		return bs_error_set(reterr, BS_NO_MEMORY, "age header: no memory for %zu bytes", room);
	at = stpcpy(stpcpy(text, version_line), "\n");
	for (size_t i = 0; i < count; i++) {
		at = mempcpy(stpcpy(at, "-> "), stanzas[i].line, stanzas[i].line_len);
		*at++ = '\n';
		at = write_body(&stanzas[i], at);
	}
	at = stpcpy(at, dashes);
	*ret = (uint8_t *)text;
	*ret_len = (size_t)(at - text);
	return BS_OK;
}

void bs_age_header_write_mac(const uint8_t mac[static BS_AGE_MAC_BYTES], uint8_t *at)
{
	char *text = (char *)at;

	*text++ = ' ';
	text += bs_base64_encode(BS_BASE64_BARE, mac, BS_AGE_MAC_BYTES, text);
	*text = '\n';
}

const char *bs_age_stanza_arg(const struct bs_age_stanza *stanza, size_t i, size_t *ret_len)
{
	const char *arg = stanza->line, *end = stanza->line + stanza->line_len;

	if (i >= stanza->args)
		return NULL;
	for (;; i--) {
		const char *blank = memchr(arg, ' ', (size_t)(end - arg));

		if (i == 0 || !blank) {
			*ret_len = (size_t)((blank ? blank : end) - arg);
			return arg;
		}
		arg = blank + 1;
	}
}

bool bs_age_stanza_is(const struct bs_age_stanza *stanza, const char *type)
{
	size_t len;
	const char *arg = bs_age_stanza_arg(stanza, 0, &len);

	return arg && len == strlen(type) && !memcmp(arg, type, len);
}

bool bs_age_stanza_arg_decode(const struct bs_age_stanza *stanza, size_t i, uint8_t *out, size_t len)
{
	size_t text_len;
	const char *text = bs_age_stanza_arg(stanza, i, &text_len);

	return text && bs_base64_decode_exact(BS_BASE64_BARE, text, text_len, out, len);
}
