#include "rfc3339.h"

#include <stdio.h>
#include <string.h>

/* What stands where, from the front; the fraction and the offset follow. */
struct moment {
	int year, month, day, hour, minute, second;
	size_t fraction_off, fraction_len; /* digits behind the point */
	int offset_minutes;
	bool is_zulu;
};

static bool number_at(const char *text, size_t off, size_t count, int *ret)
{
	int number = 0;

	for (size_t i = off; i < off + count; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		number = number * 10 + (text[i] - '0');
	}
	*ret = number;
	return true;
}

static int days_in(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && is_leap);
}

static bool in_range(const struct moment *m)
{
	return m->month >= 1 && m->month <= 12 && m->day >= 1 && m->day <= days_in(m->year, m->month) &&
	       m->hour <= 23 && m->minute <= 59 && m->second <= 59;
}

static bool parse_offset(const char *text, size_t len, struct moment *m)
{
	int hours, minutes;

	if (len == 1 && text[0] == 'Z') {
		m->is_zulu = true;
		return true;
	}
	if (len != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':' ||
		!number_at(text, 1, 2, &hours) || !number_at(text, 4, 2, &minutes) || hours > 23 ||
		minutes > 59)
		return false;
	m->offset_minutes = (hours * 60 + minutes) * (text[0] == '-' ? -1 : 1);
	return true;
}

static bool parse(const char *text, size_t len, struct moment *m)
{
	size_t off = 19;

	*m = (struct moment){0};
	if (len < 20 || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' ||
		text[16] != ':')
		return false;
	if (!number_at(text, 0, 4, &m->year) || !number_at(text, 5, 2, &m->month) ||
		!number_at(text, 8, 2, &m->day) || !number_at(text, 11, 2, &m->hour) ||
		!number_at(text, 14, 2, &m->minute) || !number_at(text, 17, 2, &m->second) || !in_range(m))
		return false;
	if (text[off] == '.') {
		m->fraction_off = ++off;
		while (off < len && text[off] >= '0' && text[off] <= '9')
			off++;
		m->fraction_len = off - m->fraction_off;
		if (!m->fraction_len)
			return false;
	}
	return parse_offset(text + off, len - off, m);
}

static time_t to_time(const struct moment *m)
{
	struct tm tm = {
		.tm_year = m->year - 1900,
		.tm_mon = m->month - 1,
		.tm_mday = m->day,
		.tm_hour = m->hour,
		.tm_min = m->minute,
		.tm_sec = m->second,
	};

	return timegm(&tm) - (time_t)m->offset_minutes * 60;
}

bool bs_rfc3339_parse(const char *text, size_t len, char ret[static BS_RFC3339_MAX], time_t *ret_time)
{
	struct moment m;

	if (!parse(text, len, &m))
		return false;
	memcpy(ret, text, 19);
	if (m.is_zulu || !m.offset_minutes) {
		memcpy(ret + 19, "Z", 2);
	} else {
		memcpy(ret + 19, text + len - 6, 6);
		ret[25] = '\0';
	}
	*ret_time = to_time(&m);
	return true;
}

bool bs_rfc3339_format(time_t when, char ret[static BS_RFC3339_MAX])
{
	struct tm tm;

	if (!gmtime_r(&when, &tm) || tm.tm_year < -1900 || tm.tm_year > 8099)
		return false;
	return strftime(ret, BS_RFC3339_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm) == 20;
}

bool bs_rfc3339_is_canonical(const char *text, size_t len)
{
	struct moment m;

	if (!parse(text, len, &m) || m.fraction_len > 9)
		return false;
	if (m.fraction_len && text[m.fraction_off + m.fraction_len - 1] == '0')
		return false;
	return m.is_zulu || m.offset_minutes;
}
