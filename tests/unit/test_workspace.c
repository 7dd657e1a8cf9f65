/* test_workspace.c: discovery, the known ones, files of a workspace, ids. */
#include "../../core/workspace/workspace_private.h"
#include "scratch.h"

#include <bus-secrets/workspace.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define SOMEBODY 54321

TestSuite(workspace, .init = scratch_start, .fini = scratch_end);
/* A mount of its own, and a kernel without a call: not for valgrind. */
TestSuite(process, .init = scratch_start, .fini = scratch_end, .timeout = 10);

static struct bs_env *open_env(void)
{
	struct bs_env *env = NULL;
	struct bs_error error = {0};

	cr_assert_eq(bs_env_open(NULL, &env, &error), BS_OK, "%s", error.msg);
	return env;
}

static void expect_found(const char *start, const char *path)
{
	struct bs_env *env = open_env();
	struct bs_workspace *ws = NULL;
	struct bs_error error = {0};

	cr_assert_eq(bs_workspace_find(env, start, &ws, &error), BS_OK, "%s", error.msg);
	cr_assert_str_eq(bs_workspace_path(ws), path);
	bs_workspace_close(ws);
	bs_env_close(env);
}

static void expect_none(const char *start, enum bs_code code)
{
	struct bs_env *env = open_env();
	struct bs_workspace *ws = NULL;

	cr_assert_eq(bs_workspace_find(env, start, &ws, NULL), code);
	cr_assert_null(ws);
	bs_env_close(env);
}

static bool am_root(void)
{
	return geteuid() == 0;
}

static void give_away(const char *relative)
{
	cr_assert_eq(lchown(scratch_path(relative), SOMEBODY, SOMEBODY), 0);
}

/* --- discovery ------------------------------------------------------------------------------------------------ */

Test(workspace, is_the_nearest_directory_with_a_datapackage)
{
	scratch_write("ws/datapackage.json", "{}");
	scratch_write("ws/inner/datapackage.json", "{}");
	scratch_mkdir("ws/inner/deep/er");
	scratch_mkdir("ws/beside");
	expect_found(NULL, scratch_path("ws"));
	expect_found(scratch_path("ws/inner/deep/er"), scratch_path("ws/inner"));
	expect_found(scratch_path("ws/beside"), scratch_path("ws"));
}

Test(workspace, a_directory_of_that_name_is_none)
{
	scratch_mkdir("ws/datapackage.json");
	expect_none(NULL, BS_NO_WORKSPACE);
}

Test(workspace, links_on_the_way_are_resolved_first)
{
	scratch_write("ws/datapackage.json", "{}");
	scratch_mkdir("ws/sub");
	scratch_write("other/datapackage.json", "{}");
	cr_assert_eq(symlink(scratch_path("ws/sub"), scratch_path("other/link")), 0);
	expect_found(scratch_path("other/link"), scratch_path("ws"));
}

Test(workspace, the_search_ends_at_home)
{
	scratch_write("datapackage.json", "{}");
	scratch_mkdir("home/project");
	expect_none(scratch_path("home/project"), BS_NO_WORKSPACE);
	scratch_write("home/datapackage.json", "{}");
	expect_found(scratch_path("home/project"), scratch_path("home"));
}

Test(process, the_search_ends_at_another_file_system)
{
	scratch_write("ws/datapackage.json", "{}");
	scratch_mkdir("ws/mounted");
	if (unshare(CLONE_NEWNS) || mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) ||
		mount("none", scratch_path("ws/mounted"), "tmpfs", 0, "size=64k"))
		scratch_skip("needs a mount of its own");
	scratch_mkdir("ws/mounted/sub");
	expect_none(scratch_path("ws/mounted/sub"), BS_NO_WORKSPACE);
	(void)setenv("BUS_DISCOVERY_ACROSS_FILESYSTEM", "0", 1);
	expect_none(scratch_path("ws/mounted/sub"), BS_NO_WORKSPACE);
	(void)setenv("BUS_DISCOVERY_ACROSS_FILESYSTEM", "1", 1);
	expect_found(scratch_path("ws/mounted/sub"), scratch_path("ws"));
	cr_assert_eq(umount(scratch_path("ws/mounted")), 0);
}

Test(workspace, a_start_without_any_is_none)
{
	expect_none("/proc/self", BS_NO_WORKSPACE);
	expect_none(scratch_path("absent"), BS_NOT_FOUND);
}

Test(workspace, foreign_directories_are_refused_until_consented)
{
	struct bs_env *env = open_env();
	char *path = NULL;

	if (!am_root())
		scratch_skip("only root can give a directory away");
	scratch_write("theirs/datapackage.json", "{}");
	scratch_mkdir("theirs/sub");
	give_away("theirs/datapackage.json");
	give_away("theirs/sub");
	give_away("theirs");
	expect_none(scratch_path("theirs"), BS_POLICY);
	expect_none(scratch_path("theirs/sub"), BS_NO_WORKSPACE);
	cr_assert_eq(bs_workspaces_add(env, scratch_path("theirs"), false, NULL, NULL), BS_OK);
	expect_none(scratch_path("theirs"), BS_POLICY);
	cr_assert_eq(bs_workspaces_add(env, scratch_path("theirs/sub"), true, &path, NULL), BS_OK);
	cr_assert_str_eq(path, scratch_path("theirs"));
	free(path);
	expect_found(scratch_path("theirs"), scratch_path("theirs"));
	expect_found(scratch_path("theirs/sub"), scratch_path("theirs"));
	cr_assert_eq(bs_workspaces_remove(env, scratch_path("theirs"), NULL, NULL), BS_OK);
	expect_none(scratch_path("theirs"), BS_POLICY);
	bs_env_close(env);
}

Test(workspace, a_foreign_datapackage_in_a_shared_directory_is_refused)
{
	if (!am_root())
		scratch_skip("only root can give a file away");
	scratch_write("ws/datapackage.json", "{}");
	give_away("ws/datapackage.json");
	expect_none(NULL, BS_POLICY);
}

Test(workspace, the_preference_counts_where_nothing_is_found)
{
	char text[4096];

	scratch_write("chosen/datapackage.json", "{}");
	(void)snprintf(text, sizeof(text), "{\"values\": {\"bus-secrets.workspace\": \"%s\"}}", scratch_path("chosen"));
	scratch_write("home/.config/bus/preferences.json", text);
	expect_found(NULL, scratch_path("chosen"));
	expect_none(scratch_path("ws"), BS_NO_WORKSPACE); /* a directory that was asked for by name */
	scratch_write("ws/datapackage.json", "{}");
	expect_found(NULL, scratch_path("ws"));
}

Test(workspace, a_bad_preference_is_told_of)
{
	static const char *const values[] = {"absent", "../ws", "~/absent", "/dev/null"};
	char text[256];

	scratch_write("home/proj/datapackage.json", "{}");
	for (size_t i = 0; i < 4; i++) {
		(void)snprintf(text, sizeof(text), "{\"values\": {\"bus-secrets.workspace\": \"%s\"}}", values[i]);
		scratch_write("home/.config/bus/preferences.json", text);
		expect_none(NULL, BS_NO_WORKSPACE);
	}
	scratch_write("home/.config/bus/preferences.json", "{\"values\": {\"bus-secrets.workspace\": \"~/proj\"}}");
	expect_found(NULL, scratch_path("home/proj"));
	scratch_write("home/.config/bus/preferences.json", "not json");
	expect_none(NULL, BS_MALFORMED);
}

/* --- making one ----------------------------------------------------------------------------------------------- */

Test(workspace, init_makes_an_empty_one_once)
{
	struct bs_env *env = open_env();
	struct bs_workspace *ws = NULL;
	bool was_made = false;

	cr_assert_eq(bs_workspace_init(env, &ws, &was_made, NULL), BS_OK);
	cr_assert(was_made);
	cr_assert_str_eq(bs_workspace_path(ws), scratch_path("ws"));
	cr_assert_str_eq(scratch_read("ws/datapackage.json"), "{}\n");
	ws = bs_workspace_close(ws);
	scratch_write("ws/datapackage.json", "{\"a\": 1}");
	cr_assert_eq(bs_workspace_init(env, &ws, &was_made, NULL), BS_OK);
	cr_assert_not(was_made);
	cr_assert_str_eq(scratch_read("ws/datapackage.json"), "{\"a\": 1}");
	bs_workspace_close(ws);
	bs_env_close(env);
}

Test(workspace, init_writes_nothing_into_a_foreign_directory)
{
	struct bs_env *env;
	struct bs_workspace *ws = NULL;
	bool was_made = true;

	if (!am_root())
		scratch_skip("only root can give a directory away");
	give_away("ws");
	env = open_env();
	cr_assert_eq(bs_workspace_init(env, &ws, &was_made, NULL), BS_POLICY);
	cr_assert_not(was_made);
	cr_assert_not(scratch_exists("ws/datapackage.json"));
	bs_env_close(env);
}

/* --- files ---------------------------------------------------------------------------------------------------- */

static struct bs_workspace *open_ws(void)
{
	struct bs_env *env = open_env();
	struct bs_workspace *ws = NULL;

	scratch_write("ws/datapackage.json", "{}");
	cr_assert_eq(bs_workspace_find(env, NULL, &ws, NULL), BS_OK);
	bs_env_close(env);
	return ws;
}

static enum bs_code try_read(const struct bs_workspace *ws, const char *relative, struct bs_error *error)
{
	char *text = NULL;
	size_t len = 0;
	enum bs_code code = bs_workspace_read_file(ws, relative, 100, &text, &len, error);

	if (!code)
		cr_assert_eq(strlen(text), len);
	free(text);
	return code;
}

/* From now on openat2(2) gives ENOSYS, as on an old kernel or in an old container engine. */
static void take_openat2_away(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = sizeof(code) / sizeof(code[0]), .filter = code};

	cr_assert_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	cr_assert_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
	cr_assert(syscall(SYS_openat2, AT_FDCWD, ".", NULL, 0) == -1 && errno == ENOSYS);
}

static void expect_beneath_only(void)
{
	struct bs_workspace *ws = open_ws();
	struct bs_error error = {0};

	scratch_write("outside.txt", "canary");
	scratch_write("ws/a/b.txt", "inside");
	cr_assert_eq(symlink("a/b.txt", scratch_path("ws/in")), 0);
	cr_assert_eq(symlink("../outside.txt", scratch_path("ws/out")), 0);
	cr_assert_eq(symlink(scratch_path("outside.txt"), scratch_path("ws/absolute")), 0);
	cr_assert_eq(symlink("..", scratch_path("ws/up")), 0);
	cr_assert_eq(symlink("/proc/self/root", scratch_path("ws/magic")), 0);
	cr_assert_eq(symlink("loop", scratch_path("ws/loop")), 0);
	cr_assert_eq(mkfifo(scratch_path("ws/fifo"), 0600), 0);
	scratch_write("ws/long", "");
	cr_assert_eq(truncate(scratch_path("ws/long"), 101), 0);

	cr_assert_eq(try_read(ws, "a/b.txt", NULL), BS_OK);
	cr_assert_eq(try_read(ws, "in", NULL), BS_OK);
	cr_assert_eq(try_read(ws, "out", &error), BS_POLICY);
	cr_assert_eq(error.sys_errno, EXDEV);
	cr_assert_eq(try_read(ws, "absolute", NULL), BS_POLICY);
	cr_assert_eq(try_read(ws, "up/outside.txt", NULL), BS_POLICY);
	cr_assert_eq(try_read(ws, "../outside.txt", NULL), BS_POLICY);
	cr_assert_eq(try_read(ws, "magic/etc/passwd", NULL), BS_POLICY);
	cr_assert_eq(try_read(ws, "loop", NULL), BS_POLICY);
	cr_assert_eq(try_read(ws, "fifo", NULL), BS_MALFORMED);
	cr_assert_eq(try_read(ws, "a", NULL), BS_MALFORMED);
	cr_assert_eq(try_read(ws, "absent", NULL), BS_NOT_FOUND);
	cr_assert_eq(try_read(ws, "long", NULL), BS_TOO_LARGE);
	bs_workspace_close(ws);
}

Test(workspace, files_are_read_beneath_it_only, .timeout = 10)
{
	expect_beneath_only();
}

Test(process, files_are_read_beneath_it_only_without_openat2)
{
	take_openat2_away();
	expect_beneath_only();
}

Test(workspace, files_of_others_are_not_read)
{
	struct bs_workspace *ws = open_ws();
	struct bs_error error = {0};

	if (!am_root())
		scratch_skip("only root can give a file away");
	scratch_write("ws/theirs", "x");
	give_away("ws/theirs");
	cr_assert_eq(try_read(ws, "theirs", &error), BS_POLICY);
	cr_assert_eq(error.sys_errno, 0);
	cr_assert_not_null(strstr(error.msg, "another user"));
	bs_workspace_close(ws);
}

/* --- the known ones ------------------------------------------------------------------------------------------- */

static size_t count_known(const struct bs_env *env)
{
	struct bs_strings list = {0};
	size_t count;

	cr_assert_eq(bs_workspaces_list(env, &list, NULL), BS_OK);
	count = list.count;
	bs_strings_release(&list);
	return count;
}

Test(workspace, known_ones_are_kept_sorted_and_once)
{
	struct bs_env *env = open_env();
	struct bs_strings list = {0};
	struct stat st;

	cr_assert_eq(count_known(env), 0);
	scratch_mkdir("b dir % x");
	scratch_mkdir("a\nb");
	cr_assert_eq(bs_workspaces_add(env, scratch_path("b dir % x"), false, NULL, NULL), BS_OK);
	cr_assert_eq(bs_workspaces_add(env, scratch_path("b dir % x/"), true, NULL, NULL), BS_OK);
	cr_assert_eq(bs_workspaces_add(env, scratch_path("a\nb"), false, NULL, NULL), BS_OK);
	cr_assert_eq(bs_workspaces_list(env, &list, NULL), BS_OK);
	cr_assert_eq(list.count, 2);
	cr_assert_str_eq(list.items[0], scratch_path("a\nb"));
	cr_assert_str_eq(list.items[1], scratch_path("b dir % x"));
	bs_strings_release(&list);
	cr_assert_eq(stat(bs_env_state_dir(env), &st), 0);
	cr_assert_eq(st.st_mode & 07777, 0700);
	cr_assert_eq(bs_workspaces_add(env, scratch_path("absent"), true, NULL, NULL), BS_NOT_FOUND);
	bs_env_close(env);
}

Test(workspace, a_known_one_that_is_gone_can_be_removed)
{
	struct bs_env *env = open_env();
	char *path = NULL;

	scratch_mkdir("gone");
	cr_assert_eq(bs_workspaces_remove(env, scratch_path("gone"), NULL, NULL), BS_NOT_FOUND);
	cr_assert_eq(bs_workspaces_add(env, scratch_path("gone"), true, NULL, NULL), BS_OK);
	cr_assert_eq(rmdir(scratch_path("gone")), 0);
	cr_assert_eq(bs_workspaces_remove(env, scratch_path("gone"), &path, NULL), BS_OK);
	cr_assert_str_eq(path, scratch_path("gone"));
	free(path);
	cr_assert_eq(count_known(env), 0);
	cr_assert_eq(bs_workspaces_remove(env, scratch_path("gone"), NULL, NULL), BS_NOT_FOUND);
	bs_env_close(env);
}

Test(workspace, a_damaged_list_is_read_as_far_as_it_goes)
{
	struct bs_env *env = open_env();

	scratch_write("home/.local/state/bus-secrets/workspaces",
		"auto /a\n\nnonsense\nhand relative\nhand /b%2\nhand /c%00d\nhand /d%20e\nauto /a\nauto /f");
	cr_assert_eq(count_known(env), 3);
	bs_env_close(env);
}

Test(workspace, a_list_by_a_link_or_of_another_user_is_not_believed)
{
	struct bs_env *env = open_env();

	scratch_write("planted", "hand /\n");
	scratch_mkdir("home/.local/state/bus-secrets");
	cr_assert_eq(symlink(scratch_path("planted"), scratch_path("home/.local/state/bus-secrets/workspaces")), 0);
	cr_assert_eq(count_known(env), 0);
	if (am_root()) {
		cr_assert_eq(unlink(scratch_path("home/.local/state/bus-secrets/workspaces")), 0);
		scratch_write("home/.local/state/bus-secrets/workspaces", "hand /\n");
		give_away("home/.local/state/bus-secrets/workspaces");
		cr_assert_eq(count_known(env), 0);
	}
	bs_env_close(env);
}

Test(workspace, without_a_state_directory_only_consent_fails)
{
	struct bs_env *env;

	(void)setenv("XDG_STATE_HOME", "/proc/nowhere", 1);
	env = open_env();
	cr_assert_eq(bs_workspaces_add(env, scratch_path("ws"), false, NULL, NULL), BS_OK);
	cr_assert_neq(bs_workspaces_add(env, scratch_path("ws"), true, NULL, NULL), BS_OK);
	cr_assert_eq(count_known(env), 0);
	bs_env_close(env);
}

/* --- ids ------------------------------------------------------------------------------------------------------ */

Test(workspace, the_id_is_the_folded_name_and_a_hash)
{
	char project[] = "/srv/My Project";
	char root[] = "/";
	struct bs_workspace ws = {.path = project, .dirfd = -1};
	char id[BS_WORKSPACE_ID_MAX];

	/* printf '%s' '/srv/My Project' | sha256sum */
	bs_workspace_id(&ws, id);
	cr_assert_str_eq(id, "my_project-b220ac");
	ws.path = root;
	bs_workspace_id(&ws, id);
	cr_assert_str_eq(id, "root-8a5eda");
}
