/*
 * dotenv.c: whether a `.env` may have set a variable.
 *
 * There is no one format: readers differ in `export`, quotes, escapes, comments, blanks around '=' or ':', line ends,
 * values over several lines, and `$` expansion. We must not miss an assignment that any of them makes, and a false
 * alarm only makes one variable ignored (with a line that says so). So nothing is parsed as one dialect would: quotes
 * and backslashes are taken out, the name is looked for wherever it stands in front of an assignment sign outside of
 * comments, and a value that could become anything (`$`, backslash, backtick, an open quote) counts as the same.
 */
#include "dotenv.h"

#include "../base/cstr.h"
#include <bus-secrets/cleanup.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#define DOTENV_MAX ((size_t)1024 * 1024)

/* The text without quotes, backslashes, NUL bytes (so UTF-16 of ASCII reads as ASCII) and comment lines. */
struct plain {
	char *text;
	uint32_t *raw; /* where each byte stood */
	size_t len;
};

static void plain_release(struct plain *plain)
{
	free(plain->text);
	free(plain->raw);
}

void bs_dotenv_load(const char *dir, struct bs_dotenv *ret)
{
	BS_CLEANUP(bs_close_fd) int fd = -1;
	BS_CLEANUP(bs_free_ptr) char *path = NULL;
	struct stat st;

	*ret = (struct bs_dotenv){0};
	if (bs_cstr_format(&path, NULL, "%s/.env", dir)) {
		ret->is_unknown = true;
		return;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == EACCES || errno == ELOOP))
		return; /* whoever loaded it runs as the same user: it could not be read there either */
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
		return; /* Python's virtual environments */
	if (fd < 0 || !S_ISREG(st.st_mode) || bs_cstr_read_fd(fd, DOTENV_MAX, path, &ret->text, &ret->len, NULL))
		ret->is_unknown = true;
}

void bs_dotenv_release(struct bs_dotenv *dotenv)
{
	free(dotenv->text);
	*dotenv = (struct bs_dotenv){0};
}

static bool is_quote(unsigned char c)
{
	return c == '"' || c == '\'' || c == '`';
}

static bool is_blank(unsigned char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f';
}

static bool is_word(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Bytes after which some reader begins a new line: controls but tab, NEL (C2 85), LS and PS (E2 80 A8/A9). */
static size_t line_break(const char *text, size_t len, size_t at)
{
	unsigned char c = (unsigned char)text[at];

	if (c < 0x20 && c != '\t' && c != '\0')
		return 1;
	if (at + 1 < len && c == 0xc2 && (unsigned char)text[at + 1] == 0x85)
		return 2;
	if (at + 2 < len && c == 0xe2 && (unsigned char)text[at + 1] == 0x80 &&
		((unsigned char)text[at + 2] & 0xfe) == 0xa8)
		return 3;
	return 0;
}

/*
 * A comment ends with its line, or at a quote: a value over several lines may end there, and for some readers another
 * assignment follows on the same line.
 */
static size_t skip_comment(const char *text, size_t len, size_t at)
{
	while (at < len && !is_quote((unsigned char)text[at]) && !line_break(text, len, at))
		at++;
	return at;
}

static bool is_comment(const char *text, size_t len, size_t at)
{
	while (at < len && (text[at] == ' ' || text[at] == '\t'))
		at++;
	return at < len && text[at] == '#';
}

/* A backslash at a line's end joins the next line for some readers: both bytes go, and the break with them. */
static size_t escape_len(const char *text, size_t len, size_t at)
{
	if (at + 2 < len && text[at + 1] == '\r' && text[at + 2] == '\n')
		return 3;
	return at + 1 < len && (text[at + 1] == '\n' || text[at + 1] == '\r') ? 2 : 1;
}

static bool plain_make(const char *text, size_t len, struct plain *ret)
{
	bool at_line_start = true;

	ret->len = 0;
	ret->text = malloc(len + 1);
	ret->raw = calloc(len + 1, sizeof(*ret->raw));
	if (!ret->text || !ret->raw)
		return false;
	for (size_t i = 0; i < len;) {
		unsigned char c = (unsigned char)text[i];

		if (at_line_start && is_comment(text, len, i)) {
			i = skip_comment(text, len, i);
			at_line_start = false;
			continue;
		}
		size_t broken = line_break(text, len, i);

		at_line_start = broken > 0;
		if (c == '\\') {
			i += escape_len(text, len, i);
			continue;
		}
		if (!is_quote(c) && c != '\0') {
			ret->raw[ret->len] = (uint32_t)i;
			ret->text[ret->len++] = broken ? '\n' : (char)c;
		}
		i += broken ? broken : 1;
	}
	ret->text[ret->len] = '\0';
	ret->raw[ret->len] = (uint32_t)len;
	return true;
}

/* Whether the rest of the raw line could become anything: expansion, escapes, a quote that is left open. */
static bool is_doubtful(const char *text, size_t len, size_t at)
{
	size_t quotes[3] = {0};

	for (; at < len && !line_break(text, len, at); at++) {
		if (text[at] == '$' || text[at] == '\\')
			return true;
		quotes[0] += text[at] == '"';
		quotes[1] += text[at] == '\'';
		quotes[2] += text[at] == '`';
	}
	return quotes[0] % 2 || quotes[1] % 2 || quotes[2];
}

static size_t skip_blanks(const struct plain *plain, size_t at, bool also_high)
{
	while (at < plain->len &&
		(is_blank((unsigned char)plain->text[at]) || (also_high && (unsigned char)plain->text[at] >= 0x80)))
		at++;
	return at;
}

/* Compares the value with the text at a place; runs of blanks are one, quotes and backslashes are none. */
static bool value_stands_at(const struct plain *plain, size_t at, const char *value)
{
	const char *v = value;

	while (*v && (is_blank((unsigned char)*v) || is_quote((unsigned char)*v) || *v == '\\'))
		v++;
	at = skip_blanks(plain, at, (unsigned char)*v < 0x80);
	for (; *v; v++) {
		unsigned char c = (unsigned char)*v;

		if (is_quote(c) || c == '\\')
			continue;
		if (is_blank(c)) {
			while (is_blank((unsigned char)v[1]))
				v++;
			if (!v[1])
				break;
			if (at < plain->len && !is_blank((unsigned char)plain->text[at]))
				return false;
			at = skip_blanks(plain, at, false);
			continue;
		}
		if (at >= plain->len || (unsigned char)plain->text[at] != c)
			return false;
		at++;
	}
	/* More of the same word makes it another value. */
	return at >= plain->len || !(is_word((unsigned char)plain->text[at]) || strchr("/.-~@+=,:", plain->text[at]));
}

/* A value over several lines, or with something that some reader takes for a line's end, is not compared. */
static bool has_break(const char *value)
{
	size_t len = strlen(value);

	for (size_t i = 0; i < len; i++) {
		if (line_break(value, len, i))
			return true;
	}
	return false;
}

/* The value that begins behind the assignment sign at `at`. */
static bool assigns(const struct bs_dotenv *dotenv, const struct plain *plain, size_t at, const char *value)
{
	if (plain->text[at] != '=' && plain->text[at] != ':')
		return true; /* `+=`, `?=`, `<<`: no dialect we know */
	at++;
	if (at < plain->len && plain->text[at] == '=')
		at++; /* `:=` */

	size_t raw = at < plain->len ? plain->raw[at - 1] + 1 : dotenv->len;

	if (!*value || has_break(value))
		return true;
	if (is_doubtful(dotenv->text, dotenv->len, raw))
		return true;

	/* Some readers let the value begin on a later line. */
	size_t begin = skip_blanks(plain, at, false);

	if (begin < plain->len && memchr(plain->text + at, '\n', begin - at) &&
		is_doubtful(dotenv->text, dotenv->len, plain->raw[begin]) &&
		is_quote((unsigned char)dotenv->text[plain->raw[begin] ? plain->raw[begin] - 1 : 0]))
		return true;
	return value_stands_at(plain, at, value);
}

bool bs_dotenv_may_set(const struct bs_dotenv *dotenv, const char *name, const char *value)
{
	BS_CLEANUP(plain_release) struct plain plain = {0};
	size_t name_len = strlen(name);

	if (dotenv->is_unknown)
		return true;
	if (!dotenv->len)
		return false;
	if (!plain_make(dotenv->text, dotenv->len, &plain))
		return true;
	for (size_t i = 0; i + name_len < plain.len; i++) {
		if (memcmp(plain.text + i, name, name_len) != 0 ||
			(i > 0 && is_word((unsigned char)plain.text[i - 1])))
			continue;
		size_t at = i + name_len;

		if (is_word((unsigned char)plain.text[at]))
			continue;
		at = skip_blanks(&plain, at, true);
		if (at < plain.len && strchr("=:+?<", plain.text[at]) && assigns(dotenv, &plain, at, value))
			return true;
	}
	return false;
}
