/*
 * Asking on the terminal without echo.
 *
 * The terminal's line mode is not used: it cuts lines at 4,095 bytes without a word. So the few keys that edit a line
 * are handled here, and every byte goes from the terminal straight into a secret.
 */
#include <bus-secrets/prompt.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <termios.h>

#define CHUNK 64

static volatile sig_atomic_t caught;

static void note_signal(int number)
{
	caught = number;
}

static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGALRM};
#define ENDING (sizeof(ending) / sizeof(ending[0]))

struct prompt {
	int fd;
	struct termios before;
	bool is_changed; /* the terminal; to be put back */
	struct sigaction old[ENDING];
	size_t handlers; /* of ours that are set */
	sigset_t mask;
	bool is_masked;
	struct bs_secret *chunk;
	struct bs_secret_buf *line;
	bool is_over; /* more than max bytes came */
};

static void prompt_release(struct prompt *prompt)
{
	if (prompt->is_changed)
		(void)tcsetattr(prompt->fd, TCSAFLUSH, &prompt->before);
	while (prompt->handlers > 0) {
		prompt->handlers--;
		(void)sigaction(ending[prompt->handlers], &prompt->old[prompt->handlers], NULL);
	}
	if (prompt->is_masked)
		(void)sigprocmask(SIG_SETMASK, &prompt->mask, NULL);
	bs_close_fd(&prompt->fd);
	prompt->chunk = bs_secret_free(prompt->chunk);
	prompt->line = bs_secret_buf_free(prompt->line);
}

/*
 * The signals that would end us are let in only while we wait in ppoll(), so that none is missed between a look at
 * `caught` and the wait. One that is ignored stays ignored.
 */
static void set_handlers(struct prompt *prompt)
{
	struct sigaction ours = {.sa_handler = note_signal};
	sigset_t blocked;

	caught = 0;
	(void)sigemptyset(&ours.sa_mask);
	(void)sigemptyset(&blocked);
	for (size_t i = 0; i < ENDING; i++)
		(void)sigaddset(&blocked, ending[i]);
	prompt->is_masked = !sigprocmask(SIG_BLOCK, &blocked, &prompt->mask);
	for (; prompt->handlers < ENDING; prompt->handlers++) {
		struct sigaction *old = &prompt->old[prompt->handlers];

		(void)sigaction(ending[prompt->handlers], NULL, old);
		if (old->sa_handler != SIG_IGN)
			(void)sigaction(ending[prompt->handlers], &ours, NULL);
	}
}

static enum bs_code set_terminal(struct prompt *prompt, struct bs_error *reterr)
{
	struct termios quiet;

	if (tcgetattr(prompt->fd, &prompt->before))
		return bs_error_sys(reterr, errno, "cannot ask on the terminal");
	quiet = prompt->before;
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL | ICANON | IEXTEN);
	quiet.c_lflag |= ISIG;
	quiet.c_iflag |= ICRNL;
	quiet.c_cc[VMIN] = 1;
	quiet.c_cc[VTIME] = 0;
	quiet.c_cc[VSUSP] = _POSIX_VDISABLE; /* a stopped question would leave the terminal mute */
	if (tcsetattr(prompt->fd, TCSAFLUSH, &quiet))
		return bs_error_sys(reterr, errno, "cannot turn off the terminal's echo");
	prompt->is_changed = true;
	return BS_OK;
}

static void say(int fd, const char *text)
{
	size_t len = strlen(text);
	ssize_t put;

	while (len > 0 && (put = write(fd, text, len)) > 0) {
		text += put;
		len -= (size_t)put;
	}
}

/* Takes the last character off, which may have several bytes. */
static enum bs_code erase(struct prompt *prompt, struct bs_error *reterr)
{
	size_t len = bs_secret_buf_len(prompt->line);
	const uint8_t *bytes = bs_secret_buf_bytes(prompt->line);

	while (len > 0 && (bytes[len - 1] & 0xc0) == 0x80)
		len--;
	return bs_secret_buf_resize(prompt->line, len > 0 ? len - 1 : 0, reterr);
}

/* *ret_is_done: the answer is complete. */
static enum bs_code take_byte(struct prompt *prompt, uint8_t byte, size_t max, bool *ret_is_done,
	struct bs_error *reterr)
{
	const cc_t *keys = prompt->before.c_cc;
	size_t len = bs_secret_buf_len(prompt->line);

	if (byte == '\n' || byte == '\r') {
		*ret_is_done = true;
		return BS_OK;
	}
	if (byte == keys[VEOF] && byte != _POSIX_VDISABLE) {
		*ret_is_done = true;
		return len ? BS_OK : bs_error_set(reterr, BS_INTERRUPTED, "no answer was given");
	}
	if (byte == keys[VERASE] || byte == 0x7f || byte == '\b')
		return erase(prompt, reterr);
	if (byte == keys[VKILL]) {
		prompt->is_over = false;
		return bs_secret_buf_resize(prompt->line, 0, reterr);
	}
	if (len == max) {
		/* The rest of the line is read all the same, or it would be typed into the shell. */
		prompt->is_over = true;
		return BS_OK;
	}
	return bs_secret_buf_write(prompt->line, len, &byte, 1, reterr);
}

static enum bs_code interrupted(struct bs_error *reterr)
{
	return bs_error_set(reterr, BS_INTERRUPTED, "the question was interrupted");
}

/* Waits for input with the signals let in. */
static enum bs_code wait_for_key(struct prompt *prompt, struct bs_error *reterr)
{
	struct pollfd fd = {.fd = prompt->fd, .events = POLLIN};

	for (;;) {
		int ready = caught ? -1 : ppoll(&fd, 1, NULL, &prompt->mask);

		if (caught)
			return interrupted(reterr);
		if (ready > 0)
			return BS_OK;
		if (ready < 0 && errno != EINTR)
			return bs_error_sys(reterr, errno, "cannot read the answer");
	}
}

static enum bs_code read_answer(struct prompt *prompt, size_t max, struct bs_error *reterr)
{
	bool is_done = false;
	enum bs_code code;

	while (!is_done) {
		const uint8_t *bytes = bs_secret_bytes(prompt->chunk);
		ssize_t got;

		code = wait_for_key(prompt, reterr);
		if (code)
			return code;
		got = read(prompt->fd, bs_secret_data(prompt->chunk), CHUNK);
		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (got <= 0)
			return interrupted(reterr);
		for (ssize_t i = 0; i < got && !is_done; i++) {
			code = take_byte(prompt, bytes[i], max, &is_done, reterr);
			if (code)
				return code;
		}
	}
	if (prompt->is_over)
		return bs_error_set(reterr, BS_TOO_LARGE, "the answer has more than %zu bytes", max);
	return BS_OK;
}

enum bs_code bs_prompt_secret(const char *question, size_t max, struct bs_secret **ret, struct bs_error *reterr)
{
	BS_CLEANUP(prompt_release) struct prompt prompt = {.fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)};
	enum bs_code code;

	if (prompt.fd < 0)
		return bs_error_set(reterr, BS_UNSUPPORTED, "there is no terminal to ask on: %s", strerror(errno));
	code = bs_secret_new(CHUNK, &prompt.chunk, reterr);
	if (!code)
		code = bs_secret_buf_new(max, &prompt.line, reterr);
	if (code)
		return code;
	set_handlers(&prompt);
	code = set_terminal(&prompt, reterr);
	if (code)
		return code;
	say(prompt.fd, question);
	code = read_answer(&prompt, max, reterr);
	say(prompt.fd, "\n");
	if (code)
		return code;
	return bs_secret_buf_copy(prompt.line, ret, reterr);
}
