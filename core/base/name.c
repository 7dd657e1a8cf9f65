/* name.c: the grammar of names, [a-z0-9_-]+(\.[a-z0-9_-]+)*. */
#include <bus-secrets/name.h>

#include <string.h>

static bool is_name_byte(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

static bool fits_grammar(const char *name, size_t len)
{
	bool after_dot = true; /* a segment must begin here */

	for (size_t i = 0; i < len; i++) {
		if (name[i] == '.') {
			if (after_dot)
				return false;
			after_dot = true;
		} else if (is_name_byte((unsigned char)name[i])) {
			after_dot = false;
		} else {
			return false;
		}
	}
	return !after_dot;
}

bool bs_name_fold(const char *name, size_t len, char ret[static BS_NAME_MAX + 1])
{
	size_t used = 0;

	for (size_t i = 0; i < len && used < BS_NAME_MAX; i++) {
		unsigned char c = (unsigned char)name[i];

		if (c >= 'A' && c <= 'Z')
			c = (unsigned char)(c - 'A' + 'a');
		if (c == '.' && (used == 0 || ret[used - 1] == '.'))
			continue;
		if (c == '-' && used == 0)
			continue;
		ret[used++] = c == '.' || is_name_byte(c) ? (char)c : '_';
	}
	while (used > 0 && ret[used - 1] == '.')
		used--;
	ret[used] = '\0';
	return used > 0;
}

/* Names come from anywhere: what is shown of them is printable ASCII. */
static void shown(const char *name, size_t len, char ret[static 64])
{
	size_t n = 0;

	for (size_t i = 0; i < len && n < 60; i++) {
		unsigned char c = (unsigned char)name[i];

		ret[n++] = c >= 0x20 && c < 0x7f ? (char)c : '?';
	}
	strcpy(ret + n, n < len ? "..." : "");
}

static enum bs_code refuse(const char *name, size_t len, struct bs_error *reterr)
{
	char nearest[BS_NAME_MAX + 1];
	char text[64];

	shown(name, len, text);
	if (bs_name_fold(name, len, nearest))
		return bs_error_set(reterr, BS_NAME,
			"invalid name '%s': lower-case letters, digits, '-', '_' and single inner dots; try '%s'", text,
			nearest);
	return bs_error_set(reterr, BS_NAME,
		"invalid name '%s': lower-case letters, digits, '-', '_' and single inner dots", text);
}

enum bs_code bs_name_check(const char *name, size_t len, struct bs_error *reterr)
{
	if (len > BS_NAME_MAX)
		return bs_error_set(reterr, BS_NAME_LONG, "invalid name of %zu bytes: at most %d are allowed", len,
			BS_NAME_MAX);
	return fits_grammar(name, len) ? BS_OK : refuse(name, len, reterr);
}

enum bs_code bs_name_check_new(const char *name, size_t len, struct bs_error *reterr)
{
	enum bs_code code = bs_name_check(name, len, reterr);

	if (code)
		return code;
	return name[0] == '-' ? refuse(name, len, reterr) : BS_OK;
}
