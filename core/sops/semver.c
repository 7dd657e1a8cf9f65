#include "semver.h"

#include <stddef.h>
#include <string.h>

static bool is_number_part(const char *text, size_t len)
{
	return len && strspn(text, "0123456789") >= len && (text[0] != '0' || len == 1);
}

/* -rc.1 or +build: dotted words; a number in front of + has no leading zeros. */
static bool is_suffix(const char *text, size_t len, bool strict_numbers)
{
	static const char letters[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-";

	for (;;) {
		size_t word = strspn(text, letters);

		if (!word || word > len)
			return false;
		if (strict_numbers && strspn(text, "0123456789") >= word && !is_number_part(text, word))
			return false;
		if (word == len)
			return true;
		if (text[word] != '.')
			return false;
		text += word + 1;
		len -= word + 1;
	}
}

bool bs_semver_is_valid(const char *version)
{
	const char *v = version, *plus;

	if (!strncmp(v, "1.", 2))
		return true;
	if (*v == 'v')
		v++;
	for (int i = 0; i < 3; i++) {
		size_t len = strspn(v, "0123456789");

		if (!is_number_part(v, len) || (i < 2 && v[len] != '.'))
			return false;
		v += len + (i < 2);
	}
	plus = strchrnul(v, '+');
	if (*plus && !is_suffix(plus + 1, strlen(plus + 1), false))
		return false;
	return plus == v || (*v == '-' && is_suffix(v + 1, (size_t)(plus - v - 1), true));
}
