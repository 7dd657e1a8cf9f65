#include "json_escape.h"

/* The letter behind the backslash for what must be escaped; 'u' for the long form, 0 for a byte as it is. */
static char escape_letter(char byte)
{
	switch (byte) {
	case '"':
	case '\\':
		return byte;
	case '\b':
		return 'b';
	case '\f':
		return 'f';
	case '\n':
		return 'n';
	case '\r':
		return 'r';
	case '\t':
		return 't';
	default:
		return (unsigned char)byte < 0x20 ? 'u' : '\0';
	}
}

size_t bs_json_escaped_len(const char *bytes, size_t len)
{
	size_t sum = 2;

	for (size_t i = 0; i < len; i++) {
		char letter = escape_letter(bytes[i]);

		sum += letter == '\0' ? 1 : letter == 'u' ? 6 : 2;
	}
	return sum;
}

void bs_json_escape(const char *bytes, size_t len, char *out)
{
	static const char hex[] = "0123456789abcdef";

	*out++ = '"';
	for (size_t i = 0; i < len; i++) {
		char letter = escape_letter(bytes[i]);

		if (letter == '\0') {
			*out++ = bytes[i];
			continue;
		}
		*out++ = '\\';
		*out++ = letter;
		if (letter != 'u')
			continue;
		*out++ = '0';
		*out++ = '0';
		*out++ = hex[(unsigned char)bytes[i] >> 4];
		*out++ = hex[(unsigned char)bytes[i] & 0xF];
	}
	*out = '"';
}
