/*
 * output.c: what goes to stdout or to -o FILE.
 *
 * Everything is collected and written in one go when the command has succeeded, so that a failure leaves an
 * old FILE as it is and the temporary file beside it lives for a moment only. Text is on the heap; a value
 * stays in its secret and is written from there with write(2).
 */
#include "cli.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

struct bs_out {
	char *text;
	size_t len;
	size_t room;
	bool has_failed; /* no memory: said by bs_out_finish() */
	struct bs_secret *value;
	size_t value_at; /* where in text it stands */
	int fd; /* what is written through; -1: a file that is to be replaced */
	int dir; /* its directory */
	const char *base;
};

static struct bs_out *out_of(struct bs_cli *cli)
{
	if (!cli->out) {
		cli->out = calloc(1, sizeof(*cli->out));
		if (cli->out) {
			cli->out->fd = STDOUT_FILENO;
			cli->out->dir = -1;
		}
	}
	return cli->out;
}

void bs_out_drop(struct bs_cli *cli)
{
	struct bs_out *out = cli->out;

	if (!out)
		return;
	out->value = bs_secret_free(out->value);
	if (out->fd > STDERR_FILENO)
		bs_close_fd(&out->fd);
	bs_close_fd(&out->dir);
	free(out->text);
	free(out);
	cli->out = NULL;
}

static bool make_room(struct bs_out *out, size_t more)
{
	size_t room = out->room ? out->room : 256;
	char *text;

	while (room - out->len < more)
		room *= 2;
	if (room == out->room)
		return true;
	text = realloc(out->text, room);
	if (!text) {
		out->has_failed = true;
		return false;
	}
	out->text = text;
	out->room = room;
	return true;
}

void bs_out_text(struct bs_cli *cli, const char *fmt, ...)
{
	struct bs_out *out = out_of(cli);
	va_list ap;
	int need;

	if (!out)
		return;
	va_start(ap, fmt);
	need = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (need < 0 || !make_room(out, (size_t)need + 1))
		return;
	va_start(ap, fmt);
	vsnprintf(out->text + out->len, (size_t)need + 1, fmt, ap);
	va_end(ap);
	out->len += (size_t)need;
}

void bs_out_line(struct bs_cli *cli, const char *line)
{
	bool is_terminal = bs_out_is_terminal(cli);

	for (; *line; line++) {
		unsigned char c = (unsigned char)*line;
		bool is_c1 = c == 0xc2 && (line[1] & 0xe0) == 0x80;

		if (is_terminal && (c < 0x20 || c == 0x7f || is_c1))
			bs_out_text(cli, "\\x%02x", c);
		else
			bs_out_text(cli, "%c", c);
		/* Its second byte, left alone, would be a control character where characters have eight bits. */
		if (is_terminal && is_c1)
			bs_out_text(cli, "\\x%02x", (unsigned char)*++line);
	}
	bs_out_text(cli, "\n");
}

void bs_out_json(struct bs_cli *cli, struct bs_json_out *json)
{
	BS_CLEANUP(bs_free_ptr) char *text = bs_json_out_take(json);
	struct bs_out *out = out_of(cli);

	if (text)
		bs_out_text(cli, "%s\n", text);
	else if (out)
		out->has_failed = true;
}

void bs_out_secret(struct bs_cli *cli, struct bs_secret *value)
{
	struct bs_out *out = out_of(cli);

	if (!out) {
		bs_secret_free(value);
		return;
	}
	out->value = value;
	out->value_at = out->len;
}

bool bs_out_is_terminal(const struct bs_cli *cli)
{
	int saved = errno;
	bool is_terminal = isatty(cli->out ? cli->out->fd : STDOUT_FILENO) == 1;

	errno = saved;
	return is_terminal;
}

bool bs_out_is_stream(const struct bs_cli *cli)
{
	return cli->out && cli->out->fd >= 0;
}

/*
 * /dev/stdout and its kin lead through these links; what they name is written through, a regular file
 * included.
 */
static int descriptor_behind(const char *path)
{
	static const char *const heads[] = {"/dev/fd/", "/proc/self/fd/"};
	char *end = NULL;
	long fd = -1;

	if (!strcmp(path, "/dev/stdout"))
		return STDOUT_FILENO;
	if (!strcmp(path, "/dev/stderr"))
		return STDERR_FILENO;
	for (size_t i = 0; i < 2; i++) {
		size_t len = strlen(heads[i]);

		if (strncmp(path, heads[i], len) != 0)
			continue;
		fd = strtol(path + len, &end, 10);
		if (end == path + len || *end || fd < 0 || fd > 1 << 20)
			return -1;
		return (int)fd;
	}
	return -1;
}

/*
 * A FIFO waits here for its reader: before anything is done, and with no value on the command line any
 * more.
 */
static enum bs_code open_through(struct bs_out *out, const char *path, struct bs_error *reterr)
{
	out->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	if (out->fd < 0)
		return bs_error_sys(reterr, errno, "cannot open '%s' for writing", path);
	return BS_OK;
}

static enum bs_code open_descriptor(struct bs_cli *cli, struct bs_out *out, int fd, struct bs_error *reterr)
{
	const char *path = cli->output;

	/* /dev/null stands there now. */
	if (fd <= STDERR_FILENO && cli->closed & 1u << fd)
		return bs_error_set(reterr, BS_IO, "cannot write to '%s': it is closed", path);
	out->fd = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (out->fd < 0)
		return bs_error_sys(reterr, errno, "cannot write to '%s'", path);
	return BS_OK;
}

/*
 * The directory of a file that will be replaced; it must take a new file, which is said before anything is
 * done.
 */
static enum bs_code open_directory(struct bs_out *out, const char *path, struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) char *dir = NULL;
	const char *slash = strrchr(path, '/');

	out->base = slash ? slash + 1 : path;
	if (!*out->base || !strcmp(out->base, ".") || !strcmp(out->base, ".."))
		return bs_error_set(reterr, BS_USAGE, "output '%s' is no file name: give a file", path);
	dir = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	if (!dir)
		return bs_error_set(reterr, BS_NO_MEMORY, "no memory for the output");
	out->fd = -1;
	out->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (out->dir < 0 && errno == EACCES)
		out->dir = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (out->dir < 0)
		return bs_error_sys(reterr, errno, "cannot write output '%s'", path);
	if (faccessat(out->dir, ".", W_OK | X_OK, AT_EACCESS) != 0)
		return bs_error_sys(reterr, errno, "cannot write output '%s'", path);
	return BS_OK;
}

static enum bs_code open_target(struct bs_cli *cli, struct bs_out *out, struct bs_error *reterr)
{
	int fd = descriptor_behind(cli->output);
	struct stat st;

	if (fd >= 0)
		return open_descriptor(cli, out, fd, reterr);
	if (stat(cli->output, &st) == 0 && !S_ISREG(st.st_mode)) {
		if (S_ISDIR(st.st_mode))
			return bs_error_set(
				reterr, BS_IO, "output '%s' is a directory: give a file", cli->output);
		return open_through(out, cli->output, reterr);
	}
	return open_directory(out, cli->output, reterr);
}

enum bs_code bs_out_check(struct bs_cli *cli, struct bs_error *reterr)
{
	bool is_stdout = !cli->output || !strcmp(cli->output, "-");
	struct bs_out *out = out_of(cli);
	enum bs_code code;

	if (!out)
		return bs_error_set(reterr, BS_NO_MEMORY, "no memory for the output");
	if (cli->is_quiet)
		return BS_OK;
	if (!is_stdout) {
		/* FILE is relative to the directory after -C. */
		code = bs_cli_open_env(cli, reterr);
		return code == BS_OK ? open_target(cli, out, reterr) : code;
	}
	if (cli->closed & 1u << STDOUT_FILENO && !(cli->command->is_silent && cli->format == BS_FORMAT_TEXT))
		return bs_error_set(reterr, BS_IO, "standard output is closed: nothing was done");
	return BS_OK;
}

static int write_all(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Text, value, text: the value goes from locked memory to the descriptor and nowhere else. */
static enum bs_code write_to(const struct bs_out *out, int fd, const char *shown, struct bs_error *reterr)
{
	enum bs_code code;

	if (out->value) {
		if (write_all(fd, out->text, out->value_at) != 0)
			return bs_error_sys(reterr, errno, "cannot write to %s", shown);
		code = bs_secret_write_fd(fd, out->value, reterr);
		if (code != BS_OK)
			return bs_error_sys(reterr, reterr && reterr->sys_errno ? reterr->sys_errno : EIO,
				"cannot write to %s", shown);
	}
	if (write_all(fd, out->text + (out->value ? out->value_at : 0),
		    out->len - (out->value ? out->value_at : 0)))
		return bs_error_sys(reterr, errno, "cannot write to %s", shown);
	return BS_OK;
}

/* fchmod: open's mode is subject to the umask, which may take the owner's bits, too. */
static enum bs_code write_temporary(
	const struct bs_out *out, const char *shown, const char *name, struct bs_error *reterr)
{
	BS_CLEANUP(bs_close_fd)
	int fd = openat(out->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	enum bs_code code;

	if (fd < 0)
		return bs_error_sys(reterr, errno, "cannot write output %s", shown);
	code = fchmod(fd, 0600) == 0 ? write_to(out, fd, shown, reterr)
				     : bs_error_sys(reterr, errno, "cannot set the mode of output %s", shown);
	if (code == BS_OK && close(BS_TAKE_FD(fd)) != 0)
		code = bs_error_sys(reterr, errno, "cannot write to %s", shown);
	if (code == BS_OK && renameat(out->dir, name, out->dir, out->base) != 0)
		code = bs_error_sys(reterr, errno, "cannot write output %s", shown);
	if (code != BS_OK)
		(void)unlinkat(out->dir, name, 0);
	return code;
}

/* Signals wait while the temporary file is there, so that none leaves it behind. */
static enum bs_code replace_file(const struct bs_out *out, const char *shown, struct bs_error *reterr)
{
	char name[64];
	struct timespec now;
	sigset_t all, old;
	enum bs_code code;

	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(name, sizeof(name), ".bus-secrets-out-%ld-%09ld", (long)getpid(), now.tv_nsec);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	code = write_temporary(out, shown, name, reterr);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return code;
}

static enum bs_code write_stdout(const struct bs_cli *cli, const struct bs_out *out, struct bs_error *reterr)
{
	enum bs_code code;

	if (!out->len && !out->value)
		return BS_OK;
	if (cli->closed & 1u << STDOUT_FILENO)
		return bs_error_set(reterr, BS_IO, "standard output is closed");
	code = write_to(out, STDOUT_FILENO, "standard output", reterr);
	/* Some file systems tell of a full disk only now. */
	if (code == BS_OK && close(STDOUT_FILENO) != 0)
		return bs_error_sys(reterr, errno, "cannot write to standard output");
	return code;
}

enum bs_code bs_out_finish(struct bs_cli *cli, struct bs_error *reterr)
{
	struct bs_out *out = out_of(cli);
	char shown[256];

	if (!out || out->has_failed)
		return bs_error_set(reterr, BS_NO_MEMORY, "no memory for the output");
	if (cli->is_quiet)
		return BS_OK;
	if (out->fd == STDOUT_FILENO)
		return write_stdout(cli, out, reterr);
	snprintf(shown, sizeof(shown), "'%.240s'", cli->output);
	if (out->fd >= 0)
		return write_to(out, out->fd, shown, reterr);
	return replace_file(out, shown, reterr);
}

enum bs_code bs_out_help(struct bs_cli *cli, struct bs_error *reterr)
{
	struct bs_out *out = out_of(cli);

	if (!out || out->has_failed)
		return bs_error_set(reterr, BS_NO_MEMORY, "no memory for the output");
	return write_stdout(cli, out, reterr);
}
