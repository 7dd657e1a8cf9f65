/* Running programs: output into locked memory, input, limits, time-out, signals; splitting command lines. */
#include "../../core/base/run.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

static const char *const no_env[] = {NULL};

struct answer {
	enum bs_code code;
	int status;
	struct bs_secret *output;
	struct bs_error err;
};

static struct bs_run shell(const char *const *argv)
{
	return (struct bs_run){
		.program = "/bin/sh",
		.argv = argv,
		.envp = no_env,
		.output_limit = 1 << 20,
		.timeout_ms = 60000,
	};
}

static struct answer run_with(const struct bs_run *run)
{
	struct answer answer = {.status = -1};

	answer.code = bs_run(run, &answer.output, &answer.status, &answer.err);
	return answer;
}

static struct answer run_script(const char *script)
{
	const char *const argv[] = {"sh", "-c", script, NULL};
	struct bs_run run = shell(argv);

	return run_with(&run);
}

static void expect_output(const struct answer *answer, const void *bytes, size_t len)
{
	cr_assert_eq(answer->code, BS_OK, "%s", answer->err.msg);
	cr_assert_eq(bs_secret_len(answer->output), len);
	cr_assert_eq(memcmp(bs_secret_bytes(answer->output), bytes, len), 0, "%.*s",
		(int)bs_secret_len(answer->output), (const char *)bs_secret_bytes(answer->output));
}

static long elapsed_ms(struct timespec since)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - since.tv_sec) * 1000 + (now.tv_nsec - since.tv_nsec) / 1000000;
}

static struct timespec now(void)
{
	struct timespec at;

	(void)clock_gettime(CLOCK_MONOTONIC, &at);
	return at;
}

Test(run, gives_output_byte_for_byte)
{
	struct answer answer = run_script("printf 'a\\000b\\n\\377'");

	expect_output(&answer, "a\0b\n\377", 5);
	cr_assert_eq(answer.status, 0);
	bs_secret_free(answer.output);
}

Test(run, gives_an_empty_output)
{
	struct answer answer = run_script(":");

	expect_output(&answer, "", 0);
	bs_secret_free(answer.output);
}

Test(run, standard_input_is_dev_null_unless_given)
{
	struct answer answer = run_script("cat; test -c /proc/self/fd/0 && printf null");

	expect_output(&answer, "null", 4);
	bs_secret_free(answer.output);
}

Test(run, large_input_and_output_at_once_do_not_block)
{
	const char *const argv[] = {"sh", "-c", "cat", NULL};
	size_t len = 700 * 1024;
	char *input = malloc(len);
	struct bs_run run = shell(argv);
	struct answer answer;

	for (size_t i = 0; i < len; i++)
		input[i] = (char)(i * 31);
	run.input = input;
	run.input_len = len;
	answer = run_with(&run);
	expect_output(&answer, input, len);
	free(input);
	bs_secret_free(answer.output);
}

Test(run, a_key_is_standard_input_and_can_be_opened_by_path)
{
	const char *const argv[] = {"sh", "-c", "cat /proc/self/fd/0", NULL};
	struct bs_run run = shell(argv);
	struct bs_secret *key = NULL;
	struct answer answer;

	cr_assert_eq(bs_secret_copy("k\0ey", 4, &key, NULL), BS_OK);
	run.key = key;
	answer = run_with(&run);
	expect_output(&answer, "k\0ey", 4);
	bs_secret_free(answer.output);
	bs_secret_free(key);
}

Test(run, a_program_that_does_not_read_its_input_is_no_failure)
{
	const char *const argv[] = {"sh", "-c", "exec <&-; printf ok", NULL};
	size_t len = 512 * 1024;
	char *input = calloc(1, len);
	struct bs_run run = shell(argv);
	struct answer answer;

	run.input = input;
	run.input_len = len;
	answer = run_with(&run);
	expect_output(&answer, "ok", 2);
	free(input);
	bs_secret_free(answer.output);
}

/* Arrays and not pointers: a parameter is handed to another process. */
struct ending {
	char script[80];
	int status;
	char message[60];
};

ParameterizedTestParameters(run, says_how_it_ended)
{
	static struct ending endings[] = {
		{"exit 3", 3, "/bin/sh ended with status 3"},
		{"kill -TERM $$", 128 + SIGTERM, "/bin/sh was ended by signal 15"},
		{"echo first >&2; echo the reason >&2; exit 1", 1, "/bin/sh: the reason"},
		{"printf 'the reason\\n\\n\\n' >&2; exit 1", 1, "/bin/sh: the reason"},
		{"printf 'a\\033[2Jb\\177c\\302\\233d\\377e' >&2; exit 1", 1, "/bin/sh: a?[2Jb?c??d?e"},
		{"printf 'gr\\303\\274n' >&2; exit 1", 1, "/bin/sh: gr\303\274n"},
	};

	return cr_make_param_array(struct ending, endings, sizeof(endings) / sizeof(endings[0]));
}

ParameterizedTest(struct ending *ending, run, says_how_it_ended)
{
	struct answer answer = run_script(ending->script);

	cr_assert_eq(answer.code, BS_OK);
	cr_assert_eq(answer.status, ending->status);
	cr_assert_str_eq(answer.err.msg, ending->message);
	bs_secret_free(answer.output);
}

Test(run, a_long_line_of_errors_is_cut)
{
	struct answer answer = run_script("head -c 100000 /dev/zero | tr '\\0' x >&2; exit 1");

	cr_assert_eq(answer.code, BS_OK);
	cr_assert(strlen(answer.err.msg) < 300);
	bs_secret_free(answer.output);
}

Test(run, output_over_the_limit_is_refused_and_the_program_ended)
{
	const char *const argv[] = {"sh", "-c", "while :; do echo xxxxxxxxxxxxxxxx; done", NULL};
	struct bs_run run = shell(argv);
	struct answer answer;

	run.output_limit = 1000;
	answer = run_with(&run);
	cr_assert_eq(answer.code, BS_TOO_LARGE);
	cr_assert_eq(waitpid(-1, NULL, WNOHANG), -1, "the child is reaped");
}

Test(run, output_of_just_the_limit_is_accepted)
{
	const char *const argv[] = {"sh", "-c", "printf 0123456789", NULL};
	struct bs_run run = shell(argv);
	struct answer answer;

	run.output_limit = 10;
	answer = run_with(&run);
	expect_output(&answer, "0123456789", 10);
	bs_secret_free(answer.output);
}

Test(run, time_out_ends_the_program_and_what_it_started)
{
	const char *const argv[] = {"sh", "-c", "sleep 60 & echo $!; wait", NULL};
	struct bs_run run = shell(argv);
	struct timespec start = now();
	struct answer answer;

	run.timeout_ms = 150;
	answer = run_with(&run);
	cr_assert_eq(answer.code, BS_INTERRUPTED);
	cr_assert(strstr(answer.err.msg, "150 ms"), "%s", answer.err.msg);
	cr_assert(elapsed_ms(start) < 30000);
	cr_assert_eq(waitpid(-1, NULL, WNOHANG), -1, "the child is reaped");
}

Test(run, what_a_program_leaves_behind_is_not_waited_for)
{
	struct timespec start = now();
	struct answer answer = run_script("sleep 15 & printf '%s ' $!");
	char pid[16] = "";

	cr_assert_eq(answer.code, BS_OK, "%s", answer.err.msg);
	cr_assert(elapsed_ms(start) < 12000);
	memcpy(pid, bs_secret_bytes(answer.output), bs_secret_len(answer.output));
	cr_assert_eq(kill((pid_t)strtol(pid, NULL, 10), SIGKILL), 0);
	bs_secret_free(answer.output);
}

struct failing {
	char program[40];
	char directory[40];
	enum bs_code code;
};

ParameterizedTestParameters(run, what_cannot_be_run_is_an_error)
{
	static struct failing cases[] = {
		{"/nonexistent/program", "", BS_NOT_FOUND},
		{"/etc/passwd", "", BS_PERMISSION},
		{"/", "", BS_PERMISSION},
		{"/bin/sh", "/nonexistent", BS_NOT_FOUND},
	};

	return cr_make_param_array(struct failing, cases, sizeof(cases) / sizeof(cases[0]));
}

ParameterizedTest(struct failing *failing, run, what_cannot_be_run_is_an_error)
{
	const char *const argv[] = {"sh", "-c", ":", NULL};
	struct bs_run run = shell(argv);
	struct answer answer;

	run.program = failing->program;
	run.directory = failing->directory[0] ? failing->directory : NULL;
	answer = run_with(&run);
	cr_assert_eq(answer.code, failing->code, "%s", answer.err.msg);
	cr_assert_null(answer.output);
	cr_assert_eq(answer.status, -1, "outputs change only on success");
	cr_assert_eq(waitpid(-1, NULL, WNOHANG), -1, "the child is reaped");
}

/* Suite `process`: under valgrind the program would be valgrind, with descriptors of its own. */
Test(process, inherits_no_descriptor_no_environment_and_no_blocked_signal)
{
	int stray = open("/dev/null", O_RDONLY); /* without O_CLOEXEC */
	struct answer answer;
	sigset_t set;

	(void)sigfillset(&set);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	(void)signal(SIGTERM, SIG_IGN);
	answer = run_script("ls /proc/self/fd | wc -w | tr -d '\\n'; env | grep -v '^PWD=\\|^SHLVL=\\|^_=\\|^OLDPWD=';"
			    "grep '^SigBlk:' /proc/self/status | tr -d '\\n\\t';"
			    "ign=$(sed -n 's/^SigIgn:\t//p' /proc/self/status); printf 'SigIgn:%x' $((0x$ign & ~0x180000000))");
	/* Signals 32 and 33 are the C library's own, which it does not let anybody reset; make hands one on ignored. */
	expect_output(&answer, "4SigBlk:0000000000000000SigIgn:0", 32);
	(void)close(stray);
	bs_secret_free(answer.output);
}

Test(run, works_with_the_standard_descriptors_closed)
{
	struct answer answer;
	const char *const argv[] = {"sh", "-c", "cat; printf out", NULL};
	struct bs_run run = shell(argv);
	int saved[3];

	for (int i = 0; i < 3; i++) {
		saved[i] = fcntl(i, F_DUPFD_CLOEXEC, 10);
		(void)close(i);
	}
	run.input = "in";
	run.input_len = 2;
	answer = run_with(&run);
	for (int i = 0; i < 3; i++)
		(void)dup2(saved[i], i);
	expect_output(&answer, "inout", 5);
	bs_secret_free(answer.output);
}

static void do_nothing(int number)
{
	(void)number;
}

static volatile bool is_over;

/* Again and again: a signal that comes before the wait began is not noticed. */
static void *interrupt(void *thread)
{
	struct timespec pause = {.tv_nsec = 100 * 1000 * 1000};

	while (!is_over) {
		(void)nanosleep(&pause, NULL);
		(void)pthread_kill(*(pthread_t *)thread, SIGUSR1);
	}
	return NULL;
}

Test(run, a_signal_to_us_ends_it)
{
	struct sigaction handler = {.sa_handler = do_nothing, .sa_flags = SA_RESTART};
	pthread_t self = pthread_self(), other;
	struct timespec start = now();
	struct answer answer;

	(void)sigaction(SIGUSR1, &handler, NULL);
	cr_assert_eq(pthread_create(&other, NULL, interrupt, &self), 0);
	answer = run_script("sleep 50");
	is_over = true;
	(void)pthread_join(other, NULL);
	cr_assert_eq(answer.code, BS_INTERRUPTED);
	cr_assert(elapsed_ms(start) < 30000);
	cr_assert_eq(waitpid(-1, NULL, WNOHANG), -1, "the child is reaped");
}

Test(run, leaves_no_descriptor_open)
{
	int before = open("/dev/null", O_RDONLY | O_CLOEXEC), after;

	(void)close(before);
	for (int i = 0; i < 5; i++) {
		struct answer answer = run_script("echo x; echo y >&2; exit 1");

		bs_secret_free(answer.output);
	}
	after = open("/dev/null", O_RDONLY | O_CLOEXEC);
	cr_assert_eq(after, before);
	(void)close(after);
}

/* --- splitting --- */

struct split {
	char command[60];
	char words[60]; /* joined by | */
};

ParameterizedTestParameters(run_split, splits_as_sops_does)
{
	static struct split cases[] = {
		{"one", "one"},
		{"  one\ttwo\n three\r", "one|two|three"},
		{"'a b' \"c d\"", "a b|c d"},
		{"a'b'\"c\"d", "abcd"},
		{"'' \"\" x", "||x"},
		{"a\\ b", "a b"},
		{"\"a\\\"b\\c\"", "a\"bc"},
		{"'a\\b'", "a\\b"},
		{"$HOME `id` $(id) | ; & > *", "$HOME|`id`|$(id)|||;|&|>|*"},
		{"a # comment\nb", "a|b"},
		{"a#b", "a#b"},
		{"\\#a", "#a"},
		{"# comment\ncmd", "cmd"},
		{"\\\na", "\na"},
	};

	return cr_make_param_array(struct split, cases, sizeof(cases) / sizeof(cases[0]));
}

ParameterizedTest(struct split *split, run_split, splits_as_sops_does)
{
	char joined[256] = "";
	char **words = NULL;

	cr_assert_eq(bs_run_split(split->command, &words, NULL), BS_OK);
	for (char **word = words; *word; word++) {
		strcat(joined, word == words ? "" : "|");
		strcat(joined, *word);
	}
	cr_assert_str_eq(joined, split->words);
	bs_run_free_words(words);
}

ParameterizedTestParameters(run_split, refuses_what_has_no_end_or_no_word)
{
	static struct split cases[] = {{"'a", ""}, {"\"a", ""}, {"\"a\\", ""}, {"a\\", ""}, {"", ""}, {" \t", ""},
		{"# only", ""}, {"\"", ""}, {"'", ""}, {"\"\\\"", ""}};

	return cr_make_param_array(struct split, cases, sizeof(cases) / sizeof(cases[0]));
}

ParameterizedTest(struct split *split, run_split, refuses_what_has_no_end_or_no_word)
{
	struct bs_error err = {.code = BS_OK};
	char **words = NULL;

	cr_assert_eq(bs_run_split(split->command, &words, &err), BS_USAGE);
	cr_assert_null(words);
	cr_assert(strlen(err.msg) > 0);
}

Test(run_split, free_accepts_null)
{
	bs_run_free_words(NULL);
}
