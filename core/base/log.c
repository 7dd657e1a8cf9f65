/* log.c: hands notices to the program's function. */
#include <bus-secrets/log.h>

#include "utf8.h"

#include <stdio.h>
#include <string.h>

static bs_notice_fn notice_fn;
static void *notice_ctx;

void bs_notice_set(bs_notice_fn fn, void *ctx)
{
	notice_fn = fn;
	notice_ctx = ctx;
}

void bs_notice(enum bs_notice_level level, const char *fmt, ...)
{
	char line[BS_ERROR_MSG];
	va_list ap;

	if (!notice_fn)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	notice_fn(notice_ctx, level, line);
}

void bs_line_clean(char *line, size_t len)
{
	for (size_t i = 0; i < len;) {
		const unsigned char *at = (const unsigned char *)line + i;
		size_t step = bs_utf8_step(at, len - i);

		if (step == 0 || *at < 0x20 || *at == 0x7f || (*at == 0xc2 && at[1] < 0xa0)) {
			step = step ? step : 1;
			memset(line + i, '?', step);
		}
		i += step;
	}
}
