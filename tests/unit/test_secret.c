/* test_secret.c: the memory secrets live in. */
#include <bus-secrets/secret.h>
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

Test(secret, free_accepts_null)
{
	cr_assert_null(bs_secret_free(NULL));
	cr_assert_null(bs_secret_buf_free(NULL));
}

Test(secret, is_born_zero_and_aligned_and_is_wiped_when_freed)
{
	struct bs_secret *s;

	for (int round = 0; round < 3; round++) {
		cr_assert_eq(bs_secret_new(100, &s, NULL), BS_OK);
		volatile uint8_t *at = bs_secret_data(s);

		cr_assert_eq((uintptr_t)at % 16, 0);
		for (int i = 0; i < 100; i++)
			cr_assert_eq(at[i], 0);
		for (int i = 0; i < 100; i++)
			at[i] = 0xaa;
		bs_secret_free(s);
		for (int i = 0; i < 100; i++)
			cr_assert_eq(at[i], 0, "byte %d is still there", i);
	}
}

Test(secret, lies_in_locked_memory)
{
	struct bs_arena_status status;
	struct bs_secret *s;

	cr_assert_eq(bs_arena_start(64 * 1024, BS_LOCK_REFUSE, NULL), BS_OK);
	cr_assert_eq(bs_secret_new(10, &s, NULL), BS_OK);
	bs_arena_get_status(&status);
	cr_assert_eq(status.locked, status.size);
	cr_assert_geq(status.used, 10);
	bs_secret_free(s);
	bs_arena_get_status(&status);
	cr_assert_eq(status.used, 0);
	cr_assert_eq(bs_arena_start(64 * 1024, BS_LOCK_REFUSE, NULL), BS_INTERNAL);
}

static void forbid_locked_memory(void)
{
	struct rlimit limit = {0, 0};

#ifdef __SANITIZE_ADDRESS__
	cr_skip_test("the address sanitizer answers mlock itself");
#endif
	cr_assert_eq(setrlimit(RLIMIT_MEMLOCK, &limit), 0);
	/* Root is not bound by the limit. */
	if (geteuid() == 0)
		cr_assert_eq(setresuid(65534, 65534, 65534), 0);
}

Test(process, refuses_memory_that_cannot_be_locked)
{
	struct bs_error err;

	forbid_locked_memory();
	cr_assert_eq(bs_arena_start(64 * 1024, BS_LOCK_REFUSE, &err), BS_NO_MEMORY);
	cr_assert(strstr(err.msg, "ulimit -l"), "%s", err.msg);
}

Test(process, is_honest_about_a_failed_lock)
{
	struct bs_arena_status status;
	struct bs_secret *s;

	forbid_locked_memory();
	cr_assert_eq(bs_arena_start(64 * 1024, BS_LOCK_WARN, NULL), BS_OK);
	cr_assert_eq(bs_secret_new(10, &s, NULL), BS_OK);
	bs_arena_get_status(&status);
	cr_assert_eq(status.locked, 0);
	cr_assert_neq(status.lock_errno, 0);
	bs_secret_free(s);
}

Test(secret, grows_by_further_pieces_and_gives_them_back)
{
	struct bs_arena_status before, during, after;
	struct bs_secret *s[40] = {0};
	struct bs_secret *first;

	cr_assert_eq(bs_secret_new(16, &first, NULL), BS_OK);
	bs_arena_get_status(&before);
	for (int i = 0; i < 40; i++)
		cr_assert_eq(bs_secret_new(100 * 1024, &s[i], NULL), BS_OK);
	bs_arena_get_status(&during);
	cr_assert_gt(during.size, 40 * 100 * 1024);
	for (int i = 0; i < 40; i++)
		bs_secret_free(s[(i * 7) % 40]);
	bs_arena_get_status(&after);
	cr_assert_eq(after.used, before.used);
	cr_assert_eq(after.size, before.size);
	bs_secret_free(first);
}

Test(secret, freed_room_is_joined_again)
{
	struct bs_arena_status before, after;
	struct bs_secret *s[100];

	cr_assert_eq(bs_arena_start(64 * 1024, BS_LOCK_WARN, NULL), BS_OK);
	bs_arena_get_status(&before);
	for (size_t round = 0; round < 50; round++) {
		for (size_t i = 0; i < 100; i++)
			cr_assert_eq(bs_secret_new((i * 37 + round) % 500, &s[i], NULL), BS_OK);
		for (size_t i = 0; i < 100; i++)
			bs_secret_free(s[(i * 31) % 100]);
	}
	cr_assert_eq(bs_secret_new(60 * 1024, &s[0], NULL), BS_OK);
	bs_arena_get_status(&after);
	cr_assert_eq(after.size, before.size, "the arena fell to pieces");
	bs_secret_free(s[0]);
}

static void walk_past(int direction)
{
	struct bs_secret *s;
	struct bs_arena_status status;

	if (bs_arena_start(4096, BS_LOCK_WARN, NULL) || bs_secret_new(1, &s, NULL))
		return;
	bs_arena_get_status(&status);
	volatile uint8_t *at = bs_secret_data(s);

	for (size_t i = 0; i < status.size + 4096; i++)
		(void)*(direction < 0 ? at - i : at + i);
}

Test(process, a_guard_page_stands_behind_the_arena, .signal = SIGSEGV)
{
	walk_past(1);
}

Test(process, a_guard_page_stands_before_the_arena, .signal = SIGSEGV)
{
	walk_past(-1);
}

Test(process, is_not_there_after_fork)
{
	struct bs_secret *s;
	int status;

	cr_assert_eq(bs_secret_copy("secret", 6, &s, NULL), BS_OK);
	pid_t pid = fork();

	if (pid == 0) {
		int fds[2];

		/* write(2) says EFAULT where a load would die, so the child can tell. */
		if (pipe(fds) || write(fds[1], bs_secret_bytes(s), 6) != -1 || errno != EFAULT)
			_exit(1);
		_exit(bs_arena_restart(NULL) || bs_secret_new(6, &s, NULL) ? 2 : 0);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert_eq(status, 0);
	bs_secret_free(s);
}

Test(secret, limits_equality_and_shortening)
{
	struct bs_secret *a, *b;

	cr_assert_eq(bs_secret_new(BS_SECRET_MAX + 1, &a, NULL), BS_TOO_LARGE);
	cr_assert_eq(bs_secret_copy("abc", 3, &a, NULL), BS_OK);
	cr_assert_eq(bs_secret_copy("abcd", 4, &b, NULL), BS_OK);
	cr_assert_not(bs_secret_equal(a, b));
	bs_secret_shorten(b, 3);
	cr_assert(bs_secret_equal(a, b));
	cr_assert_eq(bs_secret_bytes(b)[3], 0);
	bs_secret_free(a);
	bs_secret_free(b);
}

struct text_case {
	char bytes[8];
	size_t len;
	int is_text;
};

ParameterizedTestParameters(secret, text)
{
	static struct text_case cases[] = {
		{"", 0, 1},
		{"a", 1, 1},
		{"a\0b", 3, 0},
		{"\xc3\xa4", 2, 1},
		{"\xc3", 1, 0},
		{"\xc0\x80", 2, 0},
		{"\xed\xa0\x80", 3, 0},
		{"\xf4\x8f\xbf\xbf", 4, 1},
		{"\xf4\x90\x80\x80", 4, 0},
		{"\xff", 1, 0},
		{"\xe0\x80\x80", 3, 0},
		{"\xf0\x80\x80\x80", 4, 0},
		{"\xe2\x82\xac", 3, 1},
		{"\xe2\x82", 2, 0},
	};
	return cr_make_param_array(struct text_case, cases, sizeof(cases) / sizeof(cases[0]));
}

ParameterizedTest(struct text_case *c, secret, text)
{
	struct bs_secret *s;

	cr_assert_eq(bs_secret_copy(c->bytes, c->len, &s, NULL), BS_OK);
	cr_assert_eq(bs_secret_is_text(s), c->is_text != 0);
	bs_secret_free(s);
}

Test(secret, reads_and_writes_descriptors_within_the_limit)
{
	struct bs_secret *s, *back;
	FILE *file = tmpfile();

	cr_assert_eq(bs_secret_new(100000, &s, NULL), BS_OK);
	for (size_t i = 0; i < 100000; i++)
		bs_secret_data(s)[i] = (uint8_t)(i * 7);
	cr_assert_eq(bs_secret_write_fd(fileno(file), s, NULL), BS_OK);
	cr_assert_eq(lseek(fileno(file), 0, SEEK_SET), 0);
	cr_assert_eq(bs_secret_read_fd(fileno(file), 100000, &back, NULL), BS_OK);
	cr_assert(bs_secret_equal(s, back));
	bs_secret_free(back);
	cr_assert_eq(lseek(fileno(file), 0, SEEK_SET), 0);
	cr_assert_eq(bs_secret_read_fd(fileno(file), 99999, &back, NULL), BS_TOO_LARGE);
	cr_assert_eq(bs_secret_read_fd(-1, 10, &back, NULL), BS_IO);
	(void)fclose(file);
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	cr_assert_eq(bs_secret_write_fd(full, s, NULL), BS_NO_SPACE);
	close(full);
	bs_secret_free(s);
}

Test(secret_buf, grows_shrinks_and_fills_gaps_with_zero)
{
	struct bs_secret_buf *buf;
	struct bs_secret *s;

	cr_assert_eq(bs_secret_buf_new(10000, &buf, NULL), BS_OK);
	cr_assert_eq(bs_secret_buf_write(buf, 0, "abc", 3, NULL), BS_OK);
	cr_assert_eq(bs_secret_buf_write(buf, 5000, "x", 1, NULL), BS_OK);
	cr_assert_eq(bs_secret_buf_len(buf), 5001);
	cr_assert_eq(bs_secret_buf_bytes(buf)[4000], 0);
	cr_assert_eq(bs_secret_buf_resize(buf, 2, NULL), BS_OK);
	cr_assert_eq(bs_secret_buf_resize(buf, 6, NULL), BS_OK);
	cr_assert_eq(memcmp(bs_secret_buf_bytes(buf), "ab\0\0\0\0", 6), 0);
	cr_assert_eq(bs_secret_buf_write(buf, 9999, "xy", 2, NULL), BS_TOO_LARGE);
	cr_assert_eq(bs_secret_buf_write(buf, SIZE_MAX, "x", 1, NULL), BS_TOO_LARGE);
	cr_assert_eq(bs_secret_buf_resize(buf, 10001, NULL), BS_TOO_LARGE);
	cr_assert_eq(bs_secret_buf_copy(buf, &s, NULL), BS_OK);
	cr_assert_eq(bs_secret_len(s), 6);
	bs_secret_free(s);
	bs_secret_buf_free(buf);
}
