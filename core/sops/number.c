#include "number.h"

#include <locale.h>
#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bus-secrets/secret.h>

#define DIGITS 17 /* always enough for a double */

/* A decimal: 0.d1d2d3... times ten to the point. */
struct decimal {
	char digits[DIGITS + 1];
	size_t count;
	int point;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool bs_number_is_int(const char *text, size_t len)
{
	bool is_negative = len && text[0] == '-';
	const char *digits = text + is_negative;
	size_t count = len - is_negative;

	if (!count || count > 19)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!is_digit(digits[i]))
			return false;
	}
	if (digits[0] == '0')
		return count == 1 && !is_negative;
	/* Digits of equal number compare as their numbers do. */
	return count < 19 ||
	       memcmp(digits, is_negative ? "9223372036854775808" : "9223372036854775807", 19) <= 0;
}

/* `d.ddde+xx` from the decimal, to let strtod judge it. */
static bool reads_back(const struct decimal *d, double number)
{
	char text[DIGITS + 16];

	(void)snprintf(text, sizeof(text), "0.%.*se%d", (int)d->count, d->digits, d->point);
	return strtod(text, NULL) == number;
}

/* One unit more (or less) in the last digit; false if that would change the number of digits downwards. */
static bool step(struct decimal *d, bool up)
{
	size_t i = d->count;

	while (i && d->digits[i - 1] == (up ? '9' : '0')) {
		d->digits[i - 1] = up ? '0' : '9';
		i--;
	}
	if (!i && !up)
		return false;
	if (!i) {
		d->digits[0] = '1';
		d->point++;
	} else {
		d->digits[i - 1] = (char)(d->digits[i - 1] + (up ? 1 : -1));
	}
	return d->digits[0] != '0';
}

/*
 * printf gives the nearest decimal of each length, and the first length at which one reads back is the shortest. At a
 * power of two the doubles below lie closer than those above: there the nearest may miss while its neighbour, though
 * farther, still reads back. Without that look aside 46 powers of two come out a digit too long.
 */
static struct decimal shortest(double number)
{
	for (int precision = 0;; precision++) {
		char text[DIGITS + 16];
		struct decimal d = {.count = (size_t)precision + 1}, aside;

		(void)snprintf(text, sizeof(text), "%.*e", precision, number);
		d.digits[0] = text[0];
		memcpy(d.digits + 1, text + 2, (size_t)precision);
		d.point = (int)strtol(strchr(text, 'e') + 1, NULL, 10) + 1;
		if (precision == DIGITS - 1 || reads_back(&d, number))
			return d;
		aside = d;
		if (step(&aside, true) && reads_back(&aside, number))
			return aside;
		aside = d;
		if (step(&aside, false) && reads_back(&aside, number))
			return aside;
	}
}

static size_t expand(struct decimal d, char *out)
{
	char *start = out;

	while (d.count > 1 && d.digits[d.count - 1] == '0')
		d.count--;
	if (d.point <= 0) {
		*out++ = '0';
		*out++ = '.';
		for (int i = d.point; i < 0; i++)
			*out++ = '0';
	}
	for (size_t i = 0; i < d.count; i++) {
		if (i && d.point > 0 && i == (size_t)d.point)
			*out++ = '.';
		*out++ = d.digits[i];
	}
	for (int i = (int)d.count; i < d.point; i++)
		*out++ = '0';
	return (size_t)(out - start);
}

size_t bs_number_float_text(double number, char ret[static BS_NUMBER_MAX])
{
	char *out = ret;
	/* printf and strtod speak the program's language; only "C" has the point. */
	locale_t plain = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
	locale_t before = plain ? uselocale(plain) : (locale_t)0;

	if (signbit(number))
		*out++ = '-';
	number = fabs(number);
	if (number > 0)
		out += expand(shortest(number), out);
	else
		*out++ = '0';
	if (plain) {
		(void)uselocale(before);
		freelocale(plain);
	}
	return (size_t)(out - ret);
}

/* strtod of a NUL-terminated text, whatever the program's locale. */
static bool read_double(const char *text, double *ret)
{
	locale_t plain = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
	char *end;

	if (!plain)
		return false;
	*ret = strtod_l(text, &end, plain);
	freelocale(plain);
	return !*end && end != text && isfinite(*ret);
}

/* What a float's text is made of: a sign, digits, perhaps a point with digits behind it. */
static bool looks_like_float(const char *text, size_t len)
{
	size_t i = len && text[0] == '-', start = i;

	while (i < len && is_digit(text[i]))
		i++;
	if (i == start || (text[start] == '0' && i - start > 1))
		return false;
	if (i == len)
		return true;
	start = i + 1;
	for (i = start; i < len && is_digit(text[i]); i++)
		;
	return text[start - 1] == '.' && i == len && i > start;
}

/* A float may be a secret: its copies lie where secrets do. */
struct float_check {
	char copy[BS_NUMBER_MAX + 1];
	char text[BS_NUMBER_MAX];
};

bool bs_number_is_float(const char *text, size_t len)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *room = NULL;
	struct float_check *check;
	bool is_same;
	double number;

	if (len > BS_NUMBER_MAX || !looks_like_float(text, len) || bs_secret_new(sizeof(*check), &room, NULL))
		return false;
	check = (struct float_check *)bs_secret_data(room);
	memcpy(check->copy, text, len);
	is_same = read_double(check->copy, &number) && bs_number_float_text(number, check->text) == len &&
		  !memcmp(check->text, text, len);
	sodium_memzero(&number, sizeof(number));
	sodium_stackzero(4096);
	return is_same;
}

enum bs_code bs_number_respell(const struct bs_secret *json, struct bs_secret **ret, struct bs_error *reterr)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *room = NULL;
	size_t len = bs_secret_len(json);
	struct float_check *check;
	double number;
	enum bs_code code = bs_secret_new(sizeof(*check), &room, reterr);

	if (code)
		return code;
	check = (struct float_check *)bs_secret_data(room);
	if (len <= BS_NUMBER_MAX)
		memcpy(check->copy, bs_secret_bytes(json), len);
	if (len > BS_NUMBER_MAX || !read_double(check->copy, &number))
		return bs_error_set(reterr, BS_MALFORMED, "a number that is none");
	code = bs_secret_copy(check->text, bs_number_float_text(number, check->text), ret, reterr);
	sodium_memzero(&number, sizeof(number));
	sodium_stackzero(4096);
	return code;
}

size_t bs_number_text(
	const char *literal, size_t len, enum bs_number_style style, char ret[static BS_NUMBER_MAX])
{
	BS_CLEANUP(bs_free_ptr) char *copy = NULL;
	double number;

	if (style == BS_NUMBER_INT_OR_FLOAT && bs_number_is_int(literal, len)) {
		memcpy(ret, literal, len);
		return len;
	}
	if (style == BS_NUMBER_INT_OR_FLOAT && len == 2 && !memcmp(literal, "-0", 2)) {
		ret[0] = '0';
		return 1;
	}
	copy = strndup(literal, len);
	if (!copy || !read_double(copy, &number))
		return 0;
	return bs_number_float_text(number, ret);
}
