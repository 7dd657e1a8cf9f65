/* test_store_race.c: others change the file between our look and our lock, or a call of ours died. */
#include "../../core/store/json_file.h"
#include "store_ground.h"
#include <criterion/parameterized.h>
#include <sys/file.h>
#include <sys/wait.h>

TestSuite(store_race, .init = ground_start, .fini = ground_end);

/*
 * Another process looks at the store, then waits for the lock that we hold. Its 100 ms are enough to make its
 * plan; were they not, it would see the later text at once and had to answer the same.
 */
static pid_t start_behind_lock(const char *dir, int *lock, enum bs_code (*act)(void))
{
	int ready[2];
	char byte;
	pid_t pid;

	*lock = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_assert_eq(flock(*lock, LOCK_EX), 0);
	cr_assert_eq(pipe(ready), 0);
	ground_close(); /* locked memory is not inherited */
	pid = fork();
	cr_assert_geq(pid, 0);
	if (pid == 0) {
		close(*lock);
		if (bs_arena_restart(NULL))
			_exit(100);
		(void)!write(ready[1], "", 1);
		_exit((int)act());
	}
	cr_assert_eq(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	ground_open();
	usleep(100 * 1000);
	return pid;
}

static void expect_end(pid_t pid, int lock, enum bs_code code)
{
	int status;

	close(lock);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status));
	cr_assert_eq(WEXITSTATUS(status), (int)code, "ended with %d, not %d", WEXITSTATUS(status), (int)code);
}

static enum bs_code act_set(void)
{
	ground_open();
	return set_text(BS_SCOPE_USER, "x", "ours");
}

static enum bs_code act_set_exclusive(void)
{
	struct bs_store_write options = {.exclusive = true};

	ground_open();
	return set_bytes(BS_SCOPE_USER, "x", "ours", 4, &options, NULL);
}

static enum bs_code act_rekey(void)
{
	ground_open();
	return bs_store_rekey(g.store, BS_SCOPE_USER, "x", NULL, NULL);
}

/* The preferences as they are after another writer's turn, without its taking the lock. */
static char *text_after(enum bs_code (*act)(void))
{
	char *before = get_file(PREFERENCES), *after;

	cr_assert_eq(act(), BS_OK, "%s", g.error.msg);
	after = get_file(PREFERENCES);
	put_file(PREFERENCES, before ? before : "{\"values\": {}}");
	free(before);
	return after;
}

static enum bs_code set_y(void)
{
	return set_text(BS_SCOPE_USER, "y", "theirs");
}

static enum bs_code set_x_for_two(void)
{
	enum bs_code code;

	setenv("SOPS_AGE_RECIPIENTS", other_recipient(), 1);
	ground_open();
	code = set_text(BS_SCOPE_USER, "x", "theirs");
	unsetenv("SOPS_AGE_RECIPIENTS");
	ground_open();
	return code;
}

Test(store_race, another_member_that_came_meanwhile_stays)
{
	BS_CLEANUP(bs_free_ptr) char *theirs = NULL;
	pid_t pid;
	int lock;

	expect_set(BS_SCOPE_USER, "x", "old");
	theirs = text_after(set_y);
	pid = start_behind_lock(in_home(".config/bus"), &lock, act_set);
	put_file(PREFERENCES, theirs);
	expect_end(pid, lock, BS_OK);
	expect_value(BS_SCOPE_USER, "x", "ours");
	expect_value(BS_SCOPE_USER, "y", "theirs");
	expect_no_litter(in_home(".config/bus"));
}

Test(store_race, the_same_name_written_meanwhile_keeps_its_recipients)
{
	BS_CLEANUP(bs_free_ptr) char *theirs = NULL;
	struct bs_store_entry entry = {0};
	pid_t pid;
	int lock;

	expect_set(BS_SCOPE_USER, "x", "old");
	theirs = text_after(set_x_for_two);
	pid = start_behind_lock(in_home(".config/bus"), &lock, act_set);
	put_file(PREFERENCES, theirs);
	expect_end(pid, lock, BS_OK);
	expect_value(BS_SCOPE_USER, "x", "ours");
	cr_assert_eq(bs_store_stat(g.store, BS_SCOPE_USER, "x", &entry, &g.error), BS_OK);
	cr_assert_eq(entry.recipients.count, 2, "the plan of before was carried out");
	bs_store_entry_release(&entry);
}

Test(store_race, an_exclusive_set_sees_who_was_faster)
{
	BS_CLEANUP(bs_free_ptr) char *theirs = NULL;
	pid_t pid;
	int lock;

	expect_set(BS_SCOPE_USER, "y", "theirs");
	theirs = text_after(set_x_for_two);
	pid = start_behind_lock(in_home(".config/bus"), &lock, act_set_exclusive);
	put_file(PREFERENCES, theirs);
	expect_end(pid, lock, BS_EXISTS);
	expect_value(BS_SCOPE_USER, "x", "theirs");
}

Test(store_race, a_rekey_does_not_bring_back_what_was_deleted)
{
	pid_t pid;
	int lock;

	expect_set(BS_SCOPE_USER, "x", "old");
	pid = start_behind_lock(in_home(".config/bus"), &lock, act_rekey);
	put_file(PREFERENCES, "{\"values\": {}}");
	expect_end(pid, lock, BS_NOT_FOUND);
	cr_assert_eq(get_code(BS_SCOPE_USER, "x"), BS_NOT_FOUND);
}

Test(store_race, a_file_that_became_damaged_meanwhile_is_left_alone)
{
	BS_CLEANUP(bs_free_ptr) char *after = NULL;
	pid_t pid;
	int lock;

	expect_set(BS_SCOPE_USER, "x", "old");
	pid = start_behind_lock(in_home(".config/bus"), &lock, act_set);
	put_file(PREFERENCES, "{\n<<<<<<< a\n");
	expect_end(pid, lock, BS_MALFORMED);
	after = get_file(PREFERENCES);
	cr_assert_str_eq(after, "{\n<<<<<<< a\n");
}

enum { WRITERS = 4, WRITES = 12 };

static void write_many(enum bs_scope scope, int writer)
{
	ground_open();
	for (int i = 0; i < WRITES; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "w%d.n%d", writer, i);
		if (set_text(scope, name, name)) {
			(void)fprintf(stderr, "%s: %s\n", name, g.error.msg);
			_exit(1);
		}
	}
	_exit(0);
}

static void expect_nothing_lost(enum bs_scope scope)
{
	struct bs_store_list list = {0};
	pid_t pids[WRITERS];
	int status;

	ground_close();
	for (int i = 0; i < WRITERS; i++) {
		pids[i] = fork();
		cr_assert_geq(pids[i], 0);
		if (pids[i] == 0) {
			if (bs_arena_restart(NULL))
				_exit(100);
			write_many(scope, i);
		}
	}
	for (int i = 0; i < WRITERS; i++) {
		cr_assert_eq(waitpid(pids[i], &status, 0), pids[i]);
		cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	ground_open();
	cr_assert_eq(bs_store_list(g.store, scope, &list, &g.error), BS_OK, "%s", g.error.msg);
	cr_assert_eq(list.count, WRITERS * WRITES);
	for (size_t i = 0; i < list.count; i++)
		expect_value(scope, list.items[i].name, list.items[i].name);
	bs_store_list_release(&list);
}

Test(store_race, writers_of_a_file_lose_nothing_of_each_other)
{
	expect_nothing_lost(BS_SCOPE_USER);
	expect_no_litter(in_home(".config/bus"));
}

Test(store_race, writers_of_a_directory_lose_nothing_of_each_other)
{
	make_dir_layout();
	expect_nothing_lost(BS_SCOPE_REPO);
	expect_no_litter(in_ws(".bus/secrets"));
}

/* A call died; ours is what it wrote, displaced what it had put aside; merged NULL: cannot tell. */
struct merge_case {
	char ours[120];
	char displaced[120];
	char merged[120];
};

ParameterizedTestParameters(store_race, one_change_goes_onto_the_foreign_text)
{
	static struct merge_case cases[] = {
		/* changed, added, removed, while something else of the file changed, too */
		{"{\"values\":{\"secrets.x\":\"2\"}}", "{ \"values\":{\"a\":1,\"secrets.x\":\"1\"}}",
			"{ \"values\":{\"a\":1,\"secrets.x\":\"2\"}}"},
		{"{\"values\":{\"secrets.x\":\"1\"}}", "{ \"values\":{ }}",
			"{ \"values\":{ \"secrets.x\":\"1\" }}"},
		{"{\"values\":{}}", "{ \"values\":{\"a\":1,\"secrets.x\":\"1\"}}", "{ \"values\":{\"a\":1}}"},
		/* the change is there already */
		{"{\"values\":{\"secrets.x\":\"1\"}}", "{ \"n\": 1, \"values\":{\"secrets.x\":\"1\"}}",
			"{ \"n\": 1, \"values\":{\"secrets.x\":\"1\"}}"},
		/* members that no call of ours writes do not count */
		{"{\"values\":{\"secrets.x\":\"2\",\"secrets.B\":\"1\"}}",
			"{\"values\":{\"secrets.x\":\"1\",\"secrets.B\":\"2\"}}",
			"{\"values\":{\"secrets.x\":\"2\",\"secrets.B\":\"2\"}}"},
		/* two secrets differ: nobody can tell */
		{"{\"values\":{\"secrets.x\":\"2\",\"secrets.y\":\"1\"}}",
			"{\"values\":{\"secrets.x\":\"1\",\"secrets.y\":\"2\"}}", ""},
		{"{\"values\":{\"secrets.x\":\"1\"}}", "{\"values\":{\"secrets.y\":\"1\"}}", ""},
		/* a text that cannot be understood */
		{"{\"values\":{\"secrets.x\":\"1\"}}", "{\"values\":[]}", ""},
		{"{\"values\":{\"secrets.x\":\"1\"}}", "{\"values\":{\"sec", ""},
		{"{\"values\":{\"secrets.x\":\"1\"}}", "", ""},
	};

	return cr_make_param_array(struct merge_case, cases, sizeof(cases) / sizeof(cases[0]));
}

ParameterizedTest(struct merge_case *c, store_race, one_change_goes_onto_the_foreign_text,
	.init = ground_start, .fini = ground_end)
{
	BS_CLEANUP(bs_json_file_release) struct bs_json_file file = {0};
	BS_CLEANUP(bs_free_ptr) char *merged = NULL;
	size_t len = 0;

	cr_assert_eq(bs_json_file_open(g.store, bs_layout_at(BS_SCOPE_USER, 0), &file, &g.error), BS_OK);
	cr_assert_eq(bs_json_file_merge(&file, c->ours, strlen(c->ours), c->displaced, strlen(c->displaced),
			     &merged, &len, &g.error),
		BS_OK, "%s", g.error.msg);
	if (!c->merged[0]) {
		cr_assert_null(merged, "merged: %s", merged);
		return;
	}
	cr_assert_not_null(merged);
	cr_assert_eq(len, strlen(merged));
	cr_assert_str_eq(merged, c->merged);
}
