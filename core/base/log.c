/* log.c: hands notices to the program's function. */
#include <bus-secrets/log.h>

#include <stdio.h>

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
