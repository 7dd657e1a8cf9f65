/* Asking on a terminal: what is typed, what is edited, what is shown, and what the terminal is like afterwards. */
#include <bus-secrets/prompt.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>

#define QUESTION "Value: "

struct talk {
	int master;
	pid_t pid;
	char screen[8192]; /* all that the terminal showed */
	size_t len;
};

/* The child asks on a terminal of its own, and answers through a pipe: code, length, bytes. */
static struct talk begin(size_t max, int *ret_answer)
{
	struct talk talk = {.master = posix_openpt(O_RDWR | O_NOCTTY)};
	int answer[2];

	cr_assert_geq(talk.master, 0);
	cr_assert_eq(grantpt(talk.master) | unlockpt(talk.master), 0);
	cr_assert_eq(pipe(answer), 0);
	talk.pid = fork();
	if (talk.pid == 0) {
		struct bs_secret *secret = NULL;
		struct bs_error err = {.code = BS_OK};
		uint32_t head[2];
		int slave;

		(void)setsid();
		slave = open(ptsname(talk.master), O_RDWR);
		(void)ioctl(slave, TIOCSCTTY, 0);
		(void)close(talk.master);
		/* Else whether the signal or the end of the terminal is noticed first is a race. */
		(void)signal(SIGHUP, SIG_IGN);
		head[0] = (uint32_t)bs_prompt_secret(QUESTION, max, &secret, &err);
		head[1] = secret ? (uint32_t)bs_secret_len(secret) : 0;
		if (write(answer[1], head, sizeof(head)) != sizeof(head))
			_exit(1);
		if (secret)
			_exit(bs_secret_write_fd(answer[1], secret, NULL));
		_exit(0);
	}
	(void)close(answer[1]);
	*ret_answer = answer[0];
	return talk;
}

#define PATIENCE_MS 30000 /* valgrind is slow */

/* Reads the screen until it shows text. */
static void expect_shown(struct talk *talk, const char *text)
{
	struct pollfd fd = {.fd = talk->master, .events = POLLIN};

	while (!strstr(talk->screen, text)) {
		ssize_t got;

		cr_assert_gt(poll(&fd, 1, PATIENCE_MS), 0, "not shown: %s", text);
		got = read(talk->master, talk->screen + talk->len, sizeof(talk->screen) - talk->len - 1);
		cr_assert_gt(got, 0, "not shown: %s", text);
		talk->len += (size_t)got;
	}
}

static void type(struct talk *talk, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t put = write(talk->master, bytes, len);

		cr_assert_gt(put, 0);
		bytes += put;
		len -= (size_t)put;
	}
}

struct reply {
	enum bs_code code;
	uint32_t len;
	char bytes[16384];
};

static struct reply end(struct talk *talk, int answer)
{
	static struct reply reply;
	struct pollfd fd = {.fd = answer, .events = POLLIN};
	uint32_t head[2];
	ssize_t got;

	cr_assert_gt(poll(&fd, 1, PATIENCE_MS), 0, "no answer");
	cr_assert_eq(read(answer, head, sizeof(head)), (ssize_t)sizeof(head));
	reply.code = head[0];
	reply.len = head[1];
	for (uint32_t at = 0; at < head[1]; at += (uint32_t)got) {
		got = read(answer, reply.bytes + at, sizeof(reply.bytes) - at);
		cr_assert_gt(got, 0);
	}
	(void)waitpid(talk->pid, NULL, 0);
	return reply;
}

/* Arrays and not pointers: a parameter is handed to another process. */
struct typed {
	char keys[40];
	char answer[20];
	enum bs_code code;
};

ParameterizedTestParameters(prompt, what_is_typed_is_the_answer)
{
	static struct typed cases[] = {
		{"secret\n", "secret", BS_OK},
		{"secret\r", "secret", BS_OK},
		{"\n", "", BS_OK},
		{"a b\tc\n", "a b\tc", BS_OK},
		{"gr\303\274n\n", "gr\303\274n", BS_OK},
		{"secrex\177t\n", "secret", BS_OK},
		{"gr\303\274\177un\n", "grun", BS_OK},
		{"\177\177a\n", "a", BS_OK},
		{"wrong\025right\n", "right", BS_OK},
		{"text\004", "text", BS_OK},
		{"\004", "", BS_INTERRUPTED},
		{"abc\003", "", BS_INTERRUPTED},
		{"abc\034", "", BS_INTERRUPTED},
		{"0123456789abcdef\n", "0123456789abcdef", BS_OK},
		{"0123456789abcdefg\n", "", BS_TOO_LARGE},
	};

	return cr_make_param_array(struct typed, cases, sizeof(cases) / sizeof(cases[0]));
}

ParameterizedTest(struct typed *typed, prompt, what_is_typed_is_the_answer)
{
	int answer;
	struct talk talk = begin(16, &answer);
	struct reply reply;

	expect_shown(&talk, QUESTION);
	type(&talk, typed->keys, strlen(typed->keys));
	reply = end(&talk, answer);
	cr_assert_eq(reply.code, typed->code);
	cr_assert_eq(reply.len, strlen(typed->answer));
	cr_assert_eq(memcmp(reply.bytes, typed->answer, reply.len), 0);
}

Test(prompt, shows_nothing_of_what_is_typed)
{
	int answer;
	struct talk talk = begin(100, &answer);

	expect_shown(&talk, QUESTION);
	type(&talk, "hunter2\n", 8);
	expect_shown(&talk, "\n");
	cr_assert_eq(end(&talk, answer).code, BS_OK);
	cr_assert_null(strstr(talk.screen, "h"));
	cr_assert_str_eq(talk.screen, QUESTION "\r\n");
}

Test(prompt, takes_a_line_longer_than_a_terminal_line)
{
	static char line[10001];
	int answer;
	struct talk talk = begin(20000, &answer);
	struct reply reply;

	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\n';
	expect_shown(&talk, QUESTION);
	type(&talk, line, sizeof(line));
	reply = end(&talk, answer);
	cr_assert_eq(reply.code, BS_OK);
	cr_assert_eq(reply.len, 10000);
}

static void expect_terminal_as_before(int ending)
{
	struct termios before, after;
	int answer;
	struct talk talk = begin(100, &answer);

	/* The pty's settings before the question are a fresh pty's. */
	{
		int fresh = posix_openpt(O_RDWR | O_NOCTTY);

		cr_assert_eq(tcgetattr(fresh, &before), 0);
		(void)close(fresh);
	}
	expect_shown(&talk, QUESTION);
	cr_assert_eq(tcgetattr(talk.master, &after), 0);
	cr_assert_eq(after.c_lflag & (tcflag_t)ECHO, 0);
	if (ending)
		(void)kill(talk.pid, ending);
	else
		type(&talk, "x\n", 2);
	cr_assert_eq(end(&talk, answer).code, ending ? BS_INTERRUPTED : BS_OK);
	cr_assert_eq(tcgetattr(talk.master, &after), 0);
	cr_assert_eq(after.c_lflag, before.c_lflag);
	cr_assert_eq(after.c_iflag, before.c_iflag);
	cr_assert_eq(memcmp(after.c_cc, before.c_cc, sizeof(after.c_cc)), 0);
}

Test(prompt, puts_the_terminal_back_after_an_answer)
{
	expect_terminal_as_before(0);
}

Test(prompt, puts_the_terminal_back_after_sigint)
{
	expect_terminal_as_before(SIGINT);
}

Test(prompt, puts_the_terminal_back_after_sigterm)
{
	expect_terminal_as_before(SIGTERM);
}

Test(prompt, a_terminal_that_hangs_up_is_an_interruption)
{
	int answer;
	struct talk talk = begin(100, &answer);

	expect_shown(&talk, QUESTION);
	(void)close(talk.master);
	cr_assert_eq(end(&talk, answer).code, BS_INTERRUPTED);
}

Test(prompt, without_a_terminal_says_so)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct bs_secret *secret = NULL;
		struct bs_error err = {.code = BS_OK};

		(void)setsid();
		_exit(bs_prompt_secret(QUESTION, 10, &secret, &err) == BS_UNSUPPORTED && strstr(err.msg, "terminal")
				? 0
				: 1);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert_eq(status, 0);
}
