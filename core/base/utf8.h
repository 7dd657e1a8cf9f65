/*
 * utf8.h: the length of one UTF-8 sequence (RFC 3629), for every reader and writer of text.
 *
 * Layer: core/base.
 */
#ifndef BS_UTF8_H
#define BS_UTF8_H

#include <stdbool.h>
#include <stddef.h>

static inline bool bs_utf8_is_tail(unsigned char byte)
{
	return (byte & 0xC0) == 0x80;
}

/*
 * Bytes of the sequence at text, 1 to 4, or 0 if none of at most left bytes is valid there: overlong forms,
 * surrogates and what lies above U+10FFFF are not.
 */
static inline size_t bs_utf8_step(const unsigned char *text, size_t left)
{
	if (left == 0)
		return 0;
	if (text[0] < 0x80)
		return 1;
	if (text[0] < 0xC2 || text[0] > 0xF4 || left < 2 || !bs_utf8_is_tail(text[1]))
		return 0;
	if (text[0] < 0xE0)
		return 2;
	if (left < 3 || !bs_utf8_is_tail(text[2]))
		return 0;
	if (text[0] < 0xF0) {
		if ((text[0] == 0xE0 && text[1] < 0xA0) || (text[0] == 0xED && text[1] > 0x9F))
			return 0;
		return 3;
	}
	if (left < 4 || !bs_utf8_is_tail(text[3]))
		return 0;
	if ((text[0] == 0xF0 && text[1] < 0x90) || (text[0] == 0xF4 && text[1] > 0x8F))
		return 0;
	return 4;
}

/* True if all of it is UTF-8; a NUL is a character like any other. */
static inline bool bs_utf8_is_valid(const char *text, size_t len)
{
	size_t pos = 0;

	while (pos < len) {
		size_t step = bs_utf8_step((const unsigned char *)text + pos, len - pos);

		if (step == 0)
			return false;
		pos += step;
	}
	return true;
}

#endif
