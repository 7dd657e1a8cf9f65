/*
 * say.c: lines on stderr.
 *
 * Messages hold names of files and words of the command line, so control characters are escaped whatever
 * stderr is: one line stays one line, and no terminal is told anything. Each line is one write(2).
 */
#include "cli.h"

#include <string.h>

#define LINE_ROOM 4096

static size_t put_escaped(char *out, size_t room, const char *text)
{
	static const char hex[] = "0123456789abcdef";
	size_t len = 0;

	for (const unsigned char *p = (const unsigned char *)text; *p && len + 5 < room; p++) {
		/* C1 controls come as C2 80..9F in UTF-8. */
		bool is_c1 = p[0] == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f;

		if (*p >= 0x20 && *p != 0x7f && !is_c1) {
			out[len++] = (char)*p;
			continue;
		}
		out[len++] = '\\';
		out[len++] = 'x';
		out[len++] = hex[*p >> 4];
		out[len++] = hex[*p & 15];
		if (is_c1 && len + 5 < room) {
			p++;
			out[len++] = '\\';
			out[len++] = 'x';
			out[len++] = hex[*p >> 4];
			out[len++] = hex[*p & 15];
		}
	}
	return len;
}

bool bs_cli_is_colored(const struct bs_cli *cli, int fd)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	if (cli->color != BS_COLOR_AUTO)
		return cli->color == BS_COLOR_ALWAYS;
	return !(no_color && *no_color) && term && strcmp(term, "dumb") != 0 && isatty(fd);
}

static void write_line(const struct bs_cli *cli, const char *color, const char *text)
{
	char line[LINE_ROOM];
	bool is_colored = bs_cli_is_colored(cli, STDERR_FILENO);
	int head = snprintf(line, sizeof(line), "%sbus-secrets:%s ", is_colored ? color : "",
		is_colored ? "\033[0m" : "");
	size_t len = (size_t)head;
	ssize_t written;

	len += put_escaped(line + len, sizeof(line) - 1 - len, text);
	line[len++] = '\n';
	/* Nobody is left to hear that stderr fails. */
	written = write(STDERR_FILENO, line, len);
	(void)written;
}

void bs_cli_say(const struct bs_cli *cli, const char *fmt, ...)
{
	char text[LINE_ROOM];
	va_list ap;

	if (cli->is_quiet)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	write_line(cli, "\033[1m", text);
}

void bs_cli_say_error(const struct bs_cli *cli, const struct bs_error *error)
{
	if (error->msg[0])
		write_line(cli, "\033[1;31m", error->msg);
}

static void on_notice(void *ctx, enum bs_notice_level level, const char *line)
{
	const struct bs_cli *cli = ctx;

	if (level == BS_NOTICE_WARN)
		write_line(cli, "\033[1;33m", line);
	else if (cli->verbosity >= (level == BS_NOTICE_INFO ? 1u : 2u))
		write_line(cli, "\033[2m", line);
}

void bs_cli_say_notices(struct bs_cli *cli)
{
	bs_notice_set(on_notice, cli);
}
