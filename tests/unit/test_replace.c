/* The replacement protocol without faults: what is kept, what is refused, where links lead, what recovery does. */
#include "../../core/base/replace.h"
#include "../../core/base/replace_private.h"

#include <bus-secrets/cleanup.h>
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>

/* Each test stands in a directory of its own. */
static void enter(void)
{
	char dir[] = "/dev/shm/bs-replace.XXXXXX", other[] = "/tmp/bs-replace.XXXXXX";

	if (mkdtemp(dir))
		cr_assert_eq(chdir(dir), 0);
	else
		cr_assert(mkdtemp(other) && !chdir(other));
}

static void leave(void)
{
	char command[4200], dir[4096];

	if (getcwd(dir, sizeof(dir)) && strstr(dir, "bs-replace.")) {
		(void)snprintf(command, sizeof(command), "rm -rf '%s'", dir);
		(void)!system(command);
	}
}

TestSuite(replace, .init = enter, .fini = leave);
TestSuite(replace_links, .init = enter, .fini = leave);
TestSuite(replace_recover, .init = enter, .fini = leave);

/* What a call does; the rest has defaults. */
struct wish {
	const char *path;
	const char *second_path; /* what locate says from the second time on */
	const char *text;	 /* to be written; NULL: nothing to do; "": remove */
	const char *append;	 /* instead: the present text and this */
	const char *merged;	 /* what a merge gives; NULL: cannot tell */
	int located, edited;
	char seen[256]; /* the text that edit got last; "(none)" */
};

static enum bs_code locate(void *ctx, char **ret_path, struct bs_error *reterr)
{
	struct wish *wish = ctx;

	(void)reterr;
	*ret_path = strdup(wish->located++ && wish->second_path ? wish->second_path : wish->path);
	return BS_OK;
}

static enum bs_code edit(void *ctx, const char *text, size_t len, char **ret, size_t *ret_len,
	struct bs_error *reterr)
{
	struct wish *wish = ctx;

	wish->edited++;
	(void)snprintf(wish->seen, sizeof(wish->seen), "%s", text ? text : "(none)");
	if (text && strlen(text) != len)
		return bs_error_set(reterr, BS_INTERNAL, "not NUL-terminated");
	if (wish->append) {
		if (asprintf(ret, "%s%s", text ? text : "", wish->append) < 0)
			return BS_NO_MEMORY;
	} else if (wish->text) {
		*ret = strdup(wish->text);
	} else {
		return BS_OK;
	}
	*ret_len = strlen(*ret);
	return BS_OK;
}

static enum bs_code merge(void *ctx, const char *ours, size_t ours_len, const char *displaced, size_t displaced_len,
	char **ret, size_t *ret_len, struct bs_error *reterr)
{
	const struct wish *wish = ctx;

	(void)ours;
	(void)ours_len;
	(void)displaced;
	(void)displaced_len;
	(void)reterr;
	if (wish->merged) {
		*ret = strdup(wish->merged);
		*ret_len = strlen(*ret);
	}
	return BS_OK;
}

static struct bs_replace of(struct wish *wish)
{
	return (struct bs_replace){
		.locate = locate,
		.edit = edit,
		.merge = merge,
		.ctx = wish,
		.shown = "the file",
		.limit = 100,
		.new_mode = 0640,
		.is_removal = true,
	};
}

static struct bs_error err;
static bool was_written;

static enum bs_code go(const struct bs_replace *replace)
{
	was_written = false;
	err = (struct bs_error){.code = BS_OK};
	return bs_replace(replace, &was_written, &err);
}

static enum bs_code set(const char *path, const char *text)
{
	struct wish wish = {.path = path, .text = text};
	struct bs_replace replace = of(&wish);

	return go(&replace);
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	cr_assert(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	(void)close(fd);
}

static const char *content(const char *path)
{
	static char text[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		(void)close(fd);
	if (got < 0)
		return "(none)";
	text[got] = '\0';
	return text;
}

static struct stat status(const char *path)
{
	struct stat st;

	cr_assert_eq(lstat(path, &st), 0);
	return st;
}

/* Entries of the directory, "." and ".." not counted; *ret_conflict: the conflict file's name if there is one. */
static int count(const char *path, char *ret_conflict)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;
	int entries = 0;

	while ((entry = readdir(dir))) {
		entries += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
		if (ret_conflict && strstr(entry->d_name, ".bus-conflict-"))
			strcpy(ret_conflict, entry->d_name);
	}
	(void)closedir(dir);
	return entries;
}

static void expect_file(const char *path, const char *text)
{
	cr_assert_str_eq(content(path), text);
}

/* --- writing --- */

Test(replace, makes_a_file_with_the_mode_asked_for_whatever_the_umask)
{
	(void)umask(077);
	cr_assert_eq(set("f", "new"), BS_OK, "%s", err.msg);
	cr_assert(was_written);
	expect_file("f", "new");
	cr_assert_eq(status("f").st_mode, S_IFREG | 0640);
	cr_assert_eq(count(".", NULL), 1);
}

Test(replace, the_edit_works_from_the_present_text)
{
	struct wish wish = {.path = "f", .append = "+"};
	struct bs_replace replace = of(&wish);

	cr_assert_eq(go(&replace), BS_OK);
	cr_assert_str_eq(wish.seen, "(none)");
	cr_assert_eq(go(&replace), BS_OK);
	cr_assert_str_eq(wish.seen, "+");
	expect_file("f", "++");
	cr_assert_eq(count(".", NULL), 1);
}

Test(replace, an_unchanged_text_is_not_written)
{
	struct stat before, after;

	put("f", "same");
	before = status("f");
	cr_assert_eq(set("f", "same"), BS_OK);
	after = status("f");
	cr_assert_not(was_written);
	cr_assert(before.st_ino == after.st_ino && before.st_ctim.tv_nsec == after.st_ctim.tv_nsec);
}

Test(replace, nothing_to_do_writes_nothing_and_makes_no_directory)
{
	struct wish wish = {.path = "a/b/f"};
	struct bs_replace replace = of(&wish);

	replace.new_dir_mode = 0700;
	cr_assert_eq(go(&replace), BS_OK);
	cr_assert_not(was_written);
	cr_assert_eq(count(".", NULL), 0);
}

Test(replace, a_missing_directory_is_an_error_unless_it_may_be_made)
{
	struct wish wish = {.path = "a/b/f", .text = "new"};
	struct bs_replace replace = of(&wish);

	cr_assert_eq(go(&replace), BS_NOT_FOUND);
	cr_assert(strstr(err.msg, "the file"));
	cr_assert_eq(count(".", NULL), 0);
	(void)umask(0);
	replace.new_dir_mode = 0700;
	cr_assert_eq(go(&replace), BS_OK, "%s", err.msg);
	expect_file("a/b/f", "new");
	cr_assert_eq(status("a").st_mode, S_IFDIR | 0700);
	cr_assert_eq(status("a/b").st_mode, S_IFDIR | 0700);
}

struct mode {
	mode_t mode;
};

ParameterizedTestParameters(replace, keeps_the_mode)
{
	static struct mode modes[] = {{0600}, {0640}, {0644}, {0660}, {0666}, {0200}, {0755}};

	return cr_make_param_array(struct mode, modes, sizeof(modes) / sizeof(modes[0]));
}

ParameterizedTest(struct mode *mode, replace, keeps_the_mode)
{
	put("f", "old");
	(void)chmod("f", mode->mode);
	if (!(mode->mode & 0400) && geteuid() != 0)
		return;
	cr_assert_eq(set("f", "new"), BS_OK, "%s", err.msg);
	expect_file("f", "new");
	cr_assert_eq(status("f").st_mode & 07777, mode->mode);
}

Test(replace, keeps_owner_and_group_where_it_may)
{
	if (geteuid() != 0)
		cr_skip_test("needs root");
	put("f", "old");
	cr_assert_eq(chown("f", 1234, 2345), 0);
	cr_assert_eq(chmod("f", 02660), 0);
	cr_assert_eq(set("f", "new"), BS_OK, "%s", err.msg);
	cr_assert_eq(status("f").st_uid, 1234);
	cr_assert_eq(status("f").st_gid, 2345);
	cr_assert_eq(status("f").st_mode & 07777, 02660);
}

Test(replace, a_group_that_cannot_be_kept_is_a_refusal)
{
	pid_t pid;
	int ended;

	if (geteuid() != 0)
		cr_skip_test("needs root");
	put("f", "old");
	cr_assert_eq(chown("f", 1234, 2345) | chmod("f", 0600) | chown(".", 1234, 1234), 0);
	pid = fork();
	if (pid == 0) {
		cr_assert_eq(setgid(1234) | setuid(1234), 0);
		_exit((int)set("f", "new"));
	}
	cr_assert_eq(waitpid(pid, &ended, 0), pid);
	cr_assert_eq(WEXITSTATUS(ended), BS_PERMISSION);
	expect_file("f", "old");
	cr_assert_eq(count(".", NULL), 1);
}

Test(replace, keeps_extended_attributes)
{
	char value[16] = "";

	put("f", "old");
	if (setxattr("f", "user.note", "kept", 4, 0) && errno == ENOTSUP)
		cr_skip_test("no extended attributes here");
	cr_assert_eq(set("f", "new"), BS_OK, "%s", err.msg);
	cr_assert_eq(getxattr("f", "user.note", value, sizeof(value)), 4);
	cr_assert_str_eq(value, "kept");
}

/* An access list: u::rw- u:1234:rw- g::r-- m::rw- o::---, as acl(5) lays it out. */
static const unsigned char access_list[] = {2, 0, 0, 0, /* version */
	1, 0, 6, 0, 255, 255, 255, 255, 2, 0, 6, 0, 0xd2, 4, 0, 0, 4, 0, 4, 0, 255, 255, 255, 255, 0x10, 0, 6, 0, 255,
	255, 255, 255, 0x20, 0, 0, 0, 255, 255, 255, 255};

Test(replace, keeps_the_access_list)
{
	unsigned char value[100];

	put("f", "old");
	if (setxattr("f", "system.posix_acl_access", access_list, sizeof(access_list), 0))
		cr_skip_test("no access lists here");
	cr_assert_eq(set("f", "new"), BS_OK, "%s", err.msg);
	cr_assert_eq(getxattr("f", "system.posix_acl_access", value, sizeof(value)), sizeof(access_list));
	cr_assert_eq(memcmp(value, access_list, sizeof(access_list)), 0);
	cr_assert_eq(status("f").st_mode & 07777, 0660);
}

Test(replace, takes_no_access_list_from_the_directory)
{
	put("f", "old");
	if (setxattr(".", "system.posix_acl_default", access_list, sizeof(access_list), 0))
		cr_skip_test("no access lists here");
	cr_assert_eq(set("f", "new"), BS_OK, "%s", err.msg);
	cr_assert_lt(getxattr("f", "system.posix_acl_access", NULL, 0), 0);
	cr_assert_eq(status("f").st_mode & 07777, 0600);
	cr_assert_eq(set("g", "new"), BS_OK, "%s", err.msg);
	cr_assert_eq(status("g").st_mode & 07007, 0000, "the named user of the default list gains nothing new");
}

/* --- refusals --- */

static void expect_refused(enum bs_code code, enum bs_code want, const char *says)
{
	cr_assert_eq(code, want, "%s", err.msg);
	cr_assert_eq(err.code, want);
	cr_assert(strstr(err.msg, "the file") && strstr(err.msg, says), "%s", err.msg);
	cr_assert_not(was_written);
}

Test(replace, a_file_with_two_names_is_refused)
{
	put("f", "old");
	cr_assert_eq(link("f", "g"), 0);
	expect_refused(set("f", "new"), BS_POLICY, "2 names");
	expect_file("f", "old");
	cr_assert_eq(count(".", NULL), 2);
}

Test(replace, a_read_only_file_is_refused_for_root_too)
{
	put("f", "old");
	(void)chmod("f", 0444);
	expect_refused(set("f", "new"), BS_READ_ONLY, "read-only");
	expect_refused(set("f", ""), BS_READ_ONLY, "read-only");
	expect_file("f", "old");
	cr_assert_eq(count(".", NULL), 1);
}

Test(replace, a_file_over_the_limit_is_refused)
{
	char text[102];

	memset(text, 'x', 101);
	text[101] = '\0';
	put("f", text);
	expect_refused(set("f", "new"), BS_TOO_LARGE, "larger than the limit of 100 bytes");
	put("f", "old");
	expect_refused(set("f", text), BS_TOO_LARGE, "become larger");
	expect_file("f", "old");
	text[100] = '\0';
	cr_assert_eq(set("f", text), BS_OK);
	cr_assert_eq(count(".", NULL), 1);
}

Test(replace, what_is_no_regular_file_is_refused_without_waiting, .timeout = 5)
{
	cr_assert_eq(mkfifo("fifo", 0600) | mkdir("dir", 0700), 0);
	expect_refused(set("fifo", "new"), BS_POLICY, "not a regular file");
	expect_refused(set("dir", "new"), BS_POLICY, "not a regular file");
	cr_assert_neq(set("dir/", "new"), BS_OK);
	cr_assert_neq(set("dir/.", "new"), BS_OK);
	cr_assert_neq(set("dir/..", "new"), BS_OK);
	cr_assert_neq(set("", "new"), BS_OK);
	cr_assert_eq(count(".", NULL), 2);
}

Test(replace, a_name_without_room_for_the_temporary_one_is_refused)
{
	char name[260];

	memset(name, 'n', sizeof(name));
	name[250] = '\0';
	expect_refused(set(name, "new"), BS_POLICY, "too long");
	cr_assert_eq(count(".", NULL), 0);
	memset(name, 'n', sizeof(name) - 1);
	name[259] = '\0';
	cr_assert_neq(set(name, "new"), BS_OK);
}

Test(replace, a_directory_without_write_permission_is_refused)
{
	pid_t pid;
	int ended;

	put("f", "old");
	cr_assert_eq(chmod("f", 0666) | chmod(".", 0755), 0);
	if (geteuid() != 0)
		cr_assert_eq(chmod(".", 0555), 0);
	pid = fork();
	if (pid == 0) {
		if (geteuid() == 0)
			cr_assert_eq(setgid(1234) | setuid(1234), 0);
		_exit((int)set("f", "new"));
	}
	cr_assert_eq(waitpid(pid, &ended, 0), pid);
	(void)chmod(".", 0755);
	cr_assert_eq(WEXITSTATUS(ended), BS_PERMISSION);
	expect_file("f", "old");
	cr_assert_eq(count(".", NULL), 1);
}

static enum bs_code failing_edit(void *ctx, const char *text, size_t len, char **ret, size_t *ret_len,
	struct bs_error *reterr)
{
	(void)ctx;
	(void)text;
	(void)len;
	(void)ret;
	(void)ret_len;
	return bs_error_set(reterr, BS_MALFORMED, "the file is not a document");
}

Test(replace, an_error_of_the_edit_is_the_calls_and_writes_nothing)
{
	struct wish wish = {.path = "f"};
	struct bs_replace replace = of(&wish);

	replace.edit = failing_edit;
	put("f", "old");
	expect_refused(go(&replace), BS_MALFORMED, "not a document");
	expect_file("f", "old");
	cr_assert_eq(count(".", NULL), 1);
}

Test(replace, the_error_may_be_null)
{
	struct wish wish = {.path = "no/f", .text = "new"};
	struct bs_replace replace = of(&wish);

	cr_assert_eq(bs_replace(&replace, &was_written, NULL), BS_NOT_FOUND);
}

Test(replace, leaves_no_descriptor_open)
{
	int before = open(".", O_RDONLY | O_CLOEXEC), after;

	(void)close(before);
	cr_assert_eq(set("f", "one"), BS_OK);
	cr_assert_eq(set("f", "two"), BS_OK);
	cr_assert_eq(link("f", "g"), 0);
	cr_assert_eq(set("f", "three"), BS_POLICY);
	cr_assert_eq(unlink("g"), 0);
	cr_assert_eq(set("f", ""), BS_OK);
	after = open(".", O_RDONLY | O_CLOEXEC);
	(void)close(after);
	cr_assert_eq(after, before);
}

/* --- removal --- */

Test(replace, an_empty_text_removes_the_file_where_that_is_asked_for)
{
	put("f", "old");
	cr_assert_eq(set("f", ""), BS_OK, "%s", err.msg);
	cr_assert(was_written);
	cr_assert_eq(count(".", NULL), 0);
	cr_assert_eq(set("f", ""), BS_OK);
	cr_assert_not(was_written);
}

Test(replace, an_empty_text_is_a_text_elsewhere)
{
	struct wish wish = {.path = "f", .text = ""};
	struct bs_replace replace = of(&wish);

	put("f", "old");
	replace.is_removal = false;
	cr_assert_eq(go(&replace), BS_OK);
	cr_assert(was_written);
	expect_file("f", "");
}

/* --- lock and place --- */

Test(replace, waits_for_the_directory_lock)
{
	struct timespec pause = {.tv_nsec = 150 * 1000 * 1000};
	int lock = -1, ended;
	pid_t pid;

	put("f", "old");
	cr_assert_eq(bs_lock_dir(".", &lock, NULL), BS_OK);
	pid = fork();
	if (pid == 0) {
		(void)close(lock);
		_exit((int)set("f", "new"));
	}
	(void)nanosleep(&pause, NULL);
	expect_file("f", "old");
	cr_assert_eq(waitpid(pid, &ended, WNOHANG), 0);
	(void)close(lock);
	cr_assert_eq(waitpid(pid, &ended, 0), pid);
	cr_assert_eq(ended, 0);
	expect_file("f", "new");
}

Test(replace, locking_what_is_no_directory_is_an_error)
{
	int lock = -1;

	put("f", "old");
	cr_assert_eq(bs_lock_dir("f", &lock, &err), BS_NOT_FOUND);
	cr_assert_eq(bs_lock_dir("none", &lock, &err), BS_NOT_FOUND);
	cr_assert_eq(lock, -1);
}

Test(replace, a_file_that_moved_before_the_lock_is_written_in_its_new_place)
{
	struct wish wish = {.path = "old/f", .second_path = "new/f", .text = "text"};
	struct bs_replace replace = of(&wish);

	cr_assert_eq(mkdir("old", 0700) | mkdir("new", 0700), 0);
	cr_assert_eq(go(&replace), BS_OK, "%s", err.msg);
	cr_assert_eq(count("old", NULL), 0, "the old one is not made again");
	expect_file("new/f", "text");
}

Test(replace, tmpfs_and_disk_file_systems_can_exchange)
{
	cr_assert_not(bs_replace_is_weak("."));
	cr_assert_not(bs_replace_is_weak("none"));
	cr_assert_eq(count(".", NULL), 0);
}

/* --- reading --- */

static enum bs_code get(const char *path, char **ret, size_t *ret_len)
{
	struct wish wish = {.path = path};
	struct bs_replace replace = of(&wish);

	err = (struct bs_error){.code = BS_OK};
	return bs_replace_read(&replace, ret, ret_len, &err);
}

Test(replace, reading_gives_the_text_or_nothing)
{
	BS_CLEANUP(bs_free_ptr) char *text = NULL;
	size_t len = 9;

	cr_assert_eq(get("f", &text, &len), BS_OK);
	cr_assert_null(text);
	cr_assert_eq(get("no/f", &text, &len), BS_OK);
	cr_assert_null(text);
	put("f", "old");
	cr_assert_eq(get("f", &text, &len), BS_OK);
	cr_assert_str_eq(text, "old");
	cr_assert_eq(len, 3);
}

Test(replace, reading_takes_no_lock)
{
	BS_CLEANUP(bs_free_ptr) char *text = NULL;
	size_t len;
	int lock = -1;

	put("f", "old");
	cr_assert_eq(bs_lock_dir(".", &lock, NULL), BS_OK);
	cr_assert_eq(get("f", &text, &len), BS_OK);
	(void)close(lock);
}

static void *write_later(void *path)
{
	struct timespec pause = {.tv_nsec = 60 * 1000 * 1000};

	(void)nanosleep(&pause, NULL);
	put(path, "whole");
	return NULL;
}

Test(replace, an_empty_file_is_read_again_for_a_while)
{
	BS_CLEANUP(bs_free_ptr) char *text = NULL;
	char path[] = "f";
	pthread_t other;
	size_t len;

	put("f", "");
	cr_assert_eq(pthread_create(&other, NULL, write_later, path), 0);
	cr_assert_eq(get("f", &text, &len), BS_OK);
	(void)pthread_join(other, NULL);
	cr_assert_str_eq(text, "whole");
}

Test(replace, what_stays_empty_is_read_as_empty)
{
	BS_CLEANUP(bs_free_ptr) char *text = NULL;
	size_t len = 9;
	int64_t start = bs_clock_ms();

	put("f", "");
	cr_assert_eq(get("f", &text, &len), BS_OK);
	cr_assert(text && len == 0);
	cr_assert(bs_clock_ms() - start >= 300 && bs_clock_ms() - start < 2000);
}

/* --- links --- */

struct link_case {
	char target[40];
	char beneath[16]; /* relative to the test's directory; "": anywhere */
	enum bs_code code;
	char written[16];
};

ParameterizedTestParameters(replace_links, are_followed_to_a_file_that_exists_where_they_may_lead)
{
	static struct link_case cases[] = {
		{"target", "", BS_OK, "in/target"},
		{"./sub/target", "", BS_OK, "in/sub/target"},
		{"../out/target", "", BS_OK, "out/target"},
		{"chain", "", BS_OK, "in/sub/target"},
		{"absolute", "", BS_OK, "out/target"},
		{"target", "in", BS_OK, "in/target"},
		{"chain", "in", BS_OK, "in/sub/target"},
		{"../in/sub/target", "in", BS_OK, "in/sub/target"},
		{"../out/target", "in", BS_POLICY, ""},
		{"absolute", "in", BS_POLICY, ""},
		{"absolute", "out", BS_OK, "out/target"},
		{"away/target", "in", BS_POLICY, ""},
		{"../in-two/target", "in", BS_POLICY, ""},
		{"missing", "", BS_POLICY, ""},
		{"no/such/dir", "", BS_POLICY, ""},
		{"../out/missing", "in", BS_POLICY, ""},
		{"loop", "", BS_POLICY, ""},
		{"sub", "", BS_POLICY, ""},
		{"f", "", BS_POLICY, ""},
	};

	return cr_make_param_array(struct link_case, cases, sizeof(cases) / sizeof(cases[0]));
}

ParameterizedTest(struct link_case *c, replace_links, are_followed_to_a_file_that_exists_where_they_may_lead)
{
	static const char *const files[] = {"in/target", "in/sub/target", "out/target", "in-two/target"};
	char here[3000], beneath[4000], absolute[4000];
	struct wish wish = {.path = "in/f", .text = "new"};
	struct bs_replace replace = of(&wish);

	cr_assert(getcwd(here, sizeof(here)));
	cr_assert_eq(mkdir("in", 0700) | mkdir("in/sub", 0700) | mkdir("out", 0700) | mkdir("in-two", 0700), 0);
	for (size_t i = 0; i < 4; i++)
		put(files[i], "old");
	(void)snprintf(absolute, sizeof(absolute), "%s/out/target", here);
	cr_assert_eq(symlink(absolute, "in/absolute") | symlink("sub/target", "in/chain"), 0);
	cr_assert_eq(symlink("loop2", "in/loop") | symlink("loop", "in/loop2") | symlink("../out", "in/away"), 0);
	cr_assert_eq(symlink(c->target, "in/f"), 0);
	(void)snprintf(beneath, sizeof(beneath), "%s/%s", here, c->beneath);
	replace.beneath = c->beneath[0] ? beneath : NULL;

	cr_assert_eq(go(&replace), c->code, "%s", err.msg);
	for (size_t i = 0; i < 4; i++)
		expect_file(files[i], strcmp(files[i], c->written) == 0 ? "new" : "old");
	cr_assert(S_ISLNK(status("in/f").st_mode), "the link stays a link");
	cr_assert_eq(count("in", NULL), 8);
	cr_assert_eq(count("out", NULL), 1);
	if (c->code) {
		cr_assert(strstr(err.msg, "the file"), "%s", err.msg);
		cr_assert_str_eq(wish.seen, "", "refused before anything is read");
	}
}

Test(replace_links, a_directory_that_is_a_link_may_not_lead_out_either)
{
	char here[3000], beneath[4000];
	struct wish wish = {.path = "in/dir/f", .text = "new"};
	struct bs_replace replace = of(&wish);

	cr_assert(getcwd(here, sizeof(here)));
	(void)snprintf(beneath, sizeof(beneath), "%s/in", here);
	replace.beneath = beneath;
	replace.new_dir_mode = 0700;
	cr_assert_eq(mkdir("in", 0700) | mkdir("out", 0700) | symlink("../out", "in/dir"), 0);
	cr_assert_eq(go(&replace), BS_POLICY);
	wish.path = "in/dir/made/f";
	cr_assert_eq(go(&replace), BS_POLICY);
	cr_assert_eq(count("out", NULL), 0);
	wish.path = "in/deep/er/f";
	cr_assert_eq(go(&replace), BS_OK, "%s", err.msg);
	expect_file("in/deep/er/f", "new");
}

Test(replace_links, directories_are_not_made_through_a_link_that_dangles)
{
	struct wish wish = {.path = "dir/f", .text = "new"};
	struct bs_replace replace = of(&wish);

	replace.new_dir_mode = 0700;
	cr_assert_eq(symlink("elsewhere", "dir"), 0);
	cr_assert_neq(go(&replace), BS_OK);
	cr_assert_eq(count(".", NULL), 1);
}

Test(replace_links, reading_follows_the_same_rules)
{
	char here[3000];
	struct wish wish = {.path = "in/f"};
	struct bs_replace replace = of(&wish);
	char *text = NULL;
	size_t len;

	cr_assert(getcwd(here, sizeof(here)));
	cr_assert_eq(mkdir("in", 0700) | symlink("../target", "in/f"), 0);
	cr_assert_eq(bs_replace_read(&replace, &text, &len, &err), BS_POLICY, "dangling");
	put("target", "old");
	cr_assert_eq(bs_replace_read(&replace, &text, &len, &err), BS_OK);
	cr_assert_str_eq(text, "old");
	free(BS_TAKE(text));
	strcat(here, "/in");
	replace.beneath = here;
	cr_assert_eq(bs_replace_read(&replace, &text, &len, &err), BS_POLICY, "leads out");
	cr_assert_null(text);
}

Test(replace_links, the_lock_is_the_targets_directory)
{
	int lock = -1, ended;
	pid_t pid;

	cr_assert_eq(mkdir("a", 0700) | mkdir("b", 0700) | symlink("../b/f", "a/f"), 0);
	put("b/f", "old");
	cr_assert_eq(bs_lock_dir("a", &lock, NULL), BS_OK);
	pid = fork();
	if (pid == 0) {
		(void)close(lock);
		_exit((int)set("a/f", "new"));
	}
	cr_assert_eq(waitpid(pid, &ended, 0), pid);
	cr_assert_eq(ended, 0);
	expect_file("b/f", "new");
	(void)close(lock);
}

/* --- names of litter --- */

struct name_case {
	char name[80];
	enum bs_litter_kind kind;
	char file[40];
};

ParameterizedTestParameters(replace_litter, is_known_by_its_name_and_nothing_else_is)
{
	static struct name_case cases[] = {
		{".f.bus-part-1", BS_LITTER_PART, "f"},
		{".a.json.bus-part-4194304", BS_LITTER_PART, "a.json"},
		{".f.bus-12-0123abcd-89ef4567", BS_LITTER_SWAP, "f"},
		{".f.bus-part-1.bus-part-2", BS_LITTER_PART, "f.bus-part-1"},
		{"f.bus-conflict-20250102T030405Z", BS_LITTER_CONFLICT, "f"},
		{"f.bus-conflict-20250102T030405Z-2", BS_LITTER_CONFLICT, "f"},
		{".f.bus-conflict-20250102T030405Z", BS_LITTER_CONFLICT, ".f"},
		{"f", BS_LITTER_NONE, ""},
		{"", BS_LITTER_NONE, ""},
		{".", BS_LITTER_NONE, ""},
		{"f.bus-part-1", BS_LITTER_NONE, ""},
		{"..bus-part-1", BS_LITTER_NONE, ""},
		{".bus-part-1", BS_LITTER_NONE, ""},
		{".f.bus-part-", BS_LITTER_NONE, ""},
		{".f.bus-part-1x", BS_LITTER_NONE, ""},
		{".f.bus-part-12345678901", BS_LITTER_NONE, ""},
		{".f.bus-", BS_LITTER_NONE, ""},
		{".f.bus-12-0123abcd", BS_LITTER_NONE, ""},
		{".f.bus-12-0123abcd-89ef456", BS_LITTER_NONE, ""},
		{".f.bus-12-0123abcd-89ef45678", BS_LITTER_NONE, ""},
		{".f.bus-12-0123ABCD-89ef4567", BS_LITTER_NONE, ""},
		{".f.bus-12-0123abcd-89ef4567.json", BS_LITTER_NONE, ""},
		{".f.bus--0123abcd-89ef4567", BS_LITTER_NONE, ""},
		{"f.bus-conflict-", BS_LITTER_NONE, ""},
		{".bus-conflict-2025", BS_LITTER_NONE, ""},
		{"f.bus-conflict-notes", BS_LITTER_NONE, ""},
	};

	return cr_make_param_array(struct name_case, cases, sizeof(cases) / sizeof(cases[0]));
}

ParameterizedTest(struct name_case *c, replace_litter, is_known_by_its_name_and_nothing_else_is)
{
	struct bs_litter litter = bs_litter_parse(c->name);

	cr_assert_eq(litter.kind, c->kind);
	cr_assert_str_eq(litter.file, c->file);
	cr_assert_eq(bs_replace_is_litter(c->name), c->kind != BS_LITTER_NONE);
}

Test(replace_litter, names_that_are_made_are_recognised)
{
	char name[NAME_MAX + 1];
	struct bs_litter litter;

	cr_assert(bs_litter_part_name(name, "a.json"));
	cr_assert_eq(bs_litter_parse(name).kind, BS_LITTER_PART);
	cr_assert(bs_litter_swap_name(name, "a.json", 0x12, 0xfedcba98));
	litter = bs_litter_parse(name);
	cr_assert(litter.kind == BS_LITTER_SWAP && litter.base == 0x12 && litter.next == 0xfedcba98);
	cr_assert_str_eq(litter.file, "a.json");
	cr_assert(bs_litter_conflict_name(name, "a.json", 0));
	cr_assert_eq(bs_litter_parse(name).kind, BS_LITTER_CONFLICT);
	cr_assert(bs_litter_conflict_name(name, "a.json", 7));
	cr_assert_eq(bs_litter_parse(name).kind, BS_LITTER_CONFLICT);
}

Test(replace_litter, no_text_has_the_hash_that_means_no_file)
{
	cr_assert_neq(bs_content_hash("", 0), BS_NO_FILE);
	cr_assert_neq(bs_content_hash("a", 1), bs_content_hash("b", 1));
	cr_assert_neq(bs_content_hash("a", 1), bs_content_hash("a\0", 2));
}

/* --- recovery --- */

/* Leaves in the directory what a call for file with these texts would have left, holding text. */
static void put_swap(const char *file, const char *base, const char *next, const char *text)
{
	char name[NAME_MAX + 1];

	cr_assert(bs_litter_swap_name(name, file, base ? bs_content_hash(base, strlen(base)) : BS_NO_FILE,
		next ? bs_content_hash(next, strlen(next)) : BS_NO_FILE));
	put(name, text);
}

Test(replace_recover, part_files_of_any_stored_file_are_cleared)
{
	put("f", "old");
	put(".f.bus-part-1", "ol");
	put(".g.json.bus-part-2", "half");
	cr_assert_eq(mkdir(".h.bus-part-3", 0700), 0);
	cr_assert_eq(set("f", "new"), BS_OK, "%s", err.msg);
	cr_assert_eq(count(".", NULL), 2, "the file, and the directory that is not ours");
}

Test(replace_recover, an_exchange_that_did_not_happen_is_cleared)
{
	put("f", "base");
	put_swap("f", "base", "next", "next");
	cr_assert_eq(set("f", "new"), BS_OK, "%s", err.msg);
	expect_file("f", "new");
	cr_assert_eq(count(".", NULL), 1);
}

Test(replace_recover, an_exchange_that_was_not_looked_at_is_finished)
{
	put("f", "next");
	put_swap("f", "base", "next", "base");
	cr_assert_eq(set("f", "new"), BS_OK, "%s", err.msg);
	cr_assert_eq(count(".", NULL), 1);
}

Test(replace_recover, is_done_by_a_call_that_has_nothing_to_write)
{
	struct wish wish = {.path = "f"};
	struct bs_replace replace = of(&wish);

	put("f", "next");
	put_swap("f", "base", "next", "base");
	cr_assert_eq(go(&replace), BS_OK);
	cr_assert_eq(count(".", NULL), 1);
}

Test(replace_recover, a_foreign_text_gets_our_change_merged_onto_it)
{
	struct wish wish = {.path = "f", .append = "+new", .merged = "foreign+next"};
	struct bs_replace replace = of(&wish);

	put("f", "next");
	put_swap("f", "base", "next", "foreign");
	cr_assert_eq(go(&replace), BS_OK, "%s", err.msg);
	cr_assert_str_eq(wish.seen, "foreign+next");
	expect_file("f", "foreign+next+new");
	cr_assert_eq(count(".", NULL), 1);
}

Test(replace_recover, the_merge_is_written_even_if_there_is_nothing_else)
{
	struct wish wish = {.path = "f", .merged = "foreign+next"};
	struct bs_replace replace = of(&wish);

	put("f", "next");
	put_swap("f", "base", "next", "foreign");
	cr_assert_eq(go(&replace), BS_OK, "%s", err.msg);
	cr_assert(was_written);
	expect_file("f", "foreign+next");
	cr_assert_eq(count(".", NULL), 1);
}

static void expect_conflict(enum bs_code code, const char *kept)
{
	char name[NAME_MAX + 1] = "";

	expect_refused(code, BS_CONFLICT, ".bus-conflict-");
	cr_assert_eq(count(".", name), 2);
	expect_file(name, kept);
	cr_assert(strstr(err.msg, name), "%s", err.msg);
}

Test(replace_recover, a_foreign_text_that_cannot_be_merged_is_kept_aside_and_said)
{
	put("f", "next");
	put_swap("f", "base", "next", "foreign");
	expect_conflict(set("f", "new"), "foreign");
	expect_file("f", "next");
	cr_assert_eq(set("f", "new"), BS_OK, "said once");
	cr_assert_eq(count(".", NULL), 2);
}

Test(replace_recover, a_foreign_text_beside_a_file_that_changed_again_is_kept_aside)
{
	struct wish wish = {.path = "f", .append = "+new", .merged = "wrong"};
	struct bs_replace replace = of(&wish);

	put("f", "later");
	put_swap("f", "base", "next", "foreign");
	expect_conflict(go(&replace), "foreign");
	expect_file("f", "later");
}

Test(replace_recover, a_foreign_text_that_the_file_has_by_now_is_no_conflict)
{
	put("f", "foreign");
	put_swap("f", "base", "next", "foreign");
	cr_assert_eq(set("f", "new"), BS_OK, "%s", err.msg);
	cr_assert_eq(count(".", NULL), 1);
}

Test(replace_recover, a_foreign_text_over_the_limit_is_kept_aside)
{
	char text[200];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	put("f", "next");
	put_swap("f", "base", "next", text);
	expect_conflict(set("f", "new"), text);
}

Test(replace_recover, conflict_files_do_not_replace_each_other)
{
	for (int i = 0; i < 4; i++) {
		put("f", "next");
		put_swap("f", "base", "next", "foreign");
		cr_assert_eq(set("f", "new"), BS_CONFLICT);
	}
	cr_assert_eq(count(".", NULL), 5);
}

Test(replace_recover, a_removal_that_died_is_finished)
{
	put_swap("f", "base", NULL, "base");
	cr_assert_eq(set("f", ""), BS_OK, "%s", err.msg);
	cr_assert_eq(count(".", NULL), 0);
}

Test(replace_recover, a_removal_that_took_a_foreign_text_is_undone)
{
	struct wish wish = {.path = "f", .append = "+new"};
	struct bs_replace replace = of(&wish);

	put_swap("f", "base", NULL, "foreign");
	cr_assert_eq(go(&replace), BS_OK, "%s", err.msg);
	expect_file("f", "foreign+new");
	cr_assert_eq(count(".", NULL), 1);
}

Test(replace_recover, other_files_are_cleared_of_what_is_ours_and_keep_what_is_foreign)
{
	put("f", "old");
	put("g", "next");
	put_swap("g", "base", "next", "base");
	put_swap("h", "base", "next", "foreign");
	cr_assert_eq(set("f", "new"), BS_OK, "%s", err.msg);
	cr_assert_eq(count(".", NULL), 3);
}

Test(replace_recover, links_and_directories_with_our_names_are_left_alone)
{
	char name[NAME_MAX + 1];

	put("f", "old");
	put("victim", "victim");
	cr_assert(bs_litter_swap_name(name, "f", 1, 2));
	cr_assert_eq(symlink("victim", name), 0);
	cr_assert(bs_litter_swap_name(name, "f", 1, 3));
	cr_assert_eq(mkdir(name, 0700), 0);
	cr_assert_eq(set("f", "new"), BS_OK, "%s", err.msg);
	expect_file("victim", "victim");
	cr_assert_eq(count(".", NULL), 4);
}
