/* test_seen.c: what was seen of documents, and HEAD out of git's files. */
#include "../../core/workspace/git_head.h"
#include "../../core/workspace/seen.h"
#include "scratch.h"

#include <bus-secrets/workspace.h>
#include <dirent.h>

#define ID_1 "1111111111111111111111111111111111111111"
#define ID_2 "2222222222222222222222222222222222222222"
#define ID_3 "3333333333333333333333333333333333333333"

static struct bs_env *env;

static void start(void)
{
	scratch_start();
	cr_assert_eq(bs_env_open(NULL, &env, NULL), BS_OK);
}

static void end(void)
{
	env = bs_env_close(env);
	scratch_end();
}

TestSuite(seen, .init = start, .fini = end);
TestSuite(git_head, .init = start, .fini = end);

/* --- seen ----------------------------------------------------------------------------------------------------- */

static struct bs_seen_mark mark(const char *name, char mac, const char *lastmodified)
{
	static char hashes[8][65];
	static int next;
	char *hash = hashes[next++ % 8];

	memset(hash, mac, 64);
	hash[64] = '\0';
	return (struct bs_seen_mark){.place = scratch_path("ws"), .git_dir = scratch_path("ws"), .name = name,
		.mac_hash = hash, .lastmodified = lastmodified};
}

#define OLD "2026-01-01T00:00:00Z"
#define NEW "2026-01-02T00:00:00Z"

static void note(const char *name, char mac, const char *lastmodified, bool is_ours)
{
	struct bs_seen_mark m = mark(name, mac, lastmodified);

	bs_seen_note(env, &m, is_ours);
}

static void expect(const char *name, char mac, const char *lastmodified, enum bs_seen_verdict verdict)
{
	struct bs_seen_mark m = mark(name, mac, lastmodified);

	cr_assert_eq(bs_seen_check(env, &m, NULL), verdict, "%s %c %s", name, mac, lastmodified);
}

Test(seen, what_is_new_or_newer_or_the_same_is_fine)
{
	expect("a", '1', OLD, BS_SEEN_FINE);
	note("a", '1', OLD, false);
	expect("a", '1', OLD, BS_SEEN_FINE);
	expect("a", '2', NEW, BS_SEEN_FINE);
	expect("a", '2', OLD, BS_SEEN_FINE); /* written in the same second */
}

Test(seen, an_older_document_went_back_in_time_until_we_write)
{
	note("a", '2', NEW, false);
	expect("a", '1', OLD, BS_SEEN_BACK_IN_TIME);
	note("a", '1', OLD, false);
	expect("a", '1', OLD, BS_SEEN_BACK_IN_TIME);
	expect("a", '2', NEW, BS_SEEN_FINE);
	note("a", '3', OLD, true);
	expect("a", '3', OLD, BS_SEEN_FINE);
	expect("a", '1', OLD, BS_SEEN_FINE);
}

Test(seen, times_are_compared_not_texts)
{
	note("a", '2', "2026-01-02T00:30:00+01:00", false);
	expect("a", '1', "2026-01-01T23:29:59Z", BS_SEEN_BACK_IN_TIME);
	expect("a", '1', "2026-01-01T23:30:01Z", BS_SEEN_FINE);
	expect("a", '1', "2026-01-01T23:29:59.5z", BS_SEEN_BACK_IN_TIME);
	expect("a", '1', "yesterday", BS_SEEN_FINE);
}

Test(seen, a_branch_switch_is_no_alarm)
{
	scratch_write("ws/.git/HEAD", ID_1 "\n");
	note("a", '2', NEW, false);
	expect("a", '1', OLD, BS_SEEN_BACK_IN_TIME);
	scratch_write("ws/.git/HEAD", ID_2 "\n");
	expect("a", '1', OLD, BS_SEEN_FINE);
	note("a", '1', OLD, false);
	expect("a", '2', NEW, BS_SEEN_FINE);
}

Test(seen, head_is_remembered_anew_with_an_unchanged_document)
{
	scratch_write("ws/.git/HEAD", ID_1 "\n");
	note("a", '2', NEW, false);
	scratch_write("ws/.git/HEAD", ID_2 "\n");
	note("a", '2', NEW, false);
	expect("a", '1', OLD, BS_SEEN_BACK_IN_TIME);
}

Test(seen, a_document_under_another_name_is_told_with_the_name)
{
	struct bs_seen_mark moved = mark("b", '1', OLD);
	char *other = NULL;

	note("a", '1', OLD, false);
	cr_assert_eq(bs_seen_check(env, &moved, &other), BS_SEEN_OTHER_NAME);
	cr_assert_str_eq(other, "a");
	free(other);
	bs_seen_note(env, &moved, false);
	cr_assert_eq(bs_seen_check(env, &moved, NULL), BS_SEEN_OTHER_NAME);
	expect("a", '1', OLD, BS_SEEN_FINE);
	bs_seen_note(env, &moved, true);
	cr_assert_eq(bs_seen_check(env, &moved, NULL), BS_SEEN_FINE);
}

Test(seen, two_exchanged_documents_are_both_told)
{
	note("a", '1', OLD, false);
	note("b", '2', NEW, false);
	expect("a", '2', NEW, BS_SEEN_OTHER_NAME);
	expect("b", '1', OLD, BS_SEEN_OTHER_NAME);
}

Test(seen, our_own_rename_is_no_alarm)
{
	note("a", '1', OLD, true);
	bs_seen_forget(env, scratch_path("ws"), "a");
	note("b", '1', OLD, true);
	expect("b", '1', OLD, BS_SEEN_FINE);
	note("a", '2', OLD, false);
	expect("a", '2', OLD, BS_SEEN_FINE);
}

Test(seen, places_do_not_mix)
{
	struct bs_seen_mark elsewhere = mark("b", '1', OLD);

	note("a", '1', OLD, false);
	elsewhere.place = scratch_path("other");
	cr_assert_eq(bs_seen_check(env, &elsewhere, NULL), BS_SEEN_FINE);
}

Test(seen, damaged_memory_counts_as_none)
{
	char path[512];
	struct dirent *entry;
	DIR *dir;

	note("a", '2', NEW, false);
	dir = opendir(scratch_path("home/.local/state/bus-secrets/seen"));
	cr_assert_not_null(dir);
	while ((entry = readdir(dir)) && entry->d_name[0] == '.')
		;
	(void)snprintf(path, sizeof(path), "home/.local/state/bus-secrets/seen/%s/n.a", entry->d_name);
	closedir(dir);
	cr_assert(scratch_exists(path));
	scratch_write(path, "2 nonsense");
	expect("a", '1', OLD, BS_SEEN_FINE);
	note("a", '1', OLD, false);
	expect("a", '1', OLD, BS_SEEN_FINE);
}

Test(seen, a_mark_outside_the_grammar_is_not_kept)
{
	struct bs_seen_mark bad = mark("../x", '1', OLD);

	bs_seen_note(env, &bad, true);
	bs_seen_forget(env, scratch_path("ws"), "../../workspaces");
	bad = mark("a", '1', "x\ny");
	bs_seen_note(env, &bad, true);
	bad.mac_hash = "short";
	bs_seen_note(env, &bad, true);
	cr_assert_not(scratch_exists("home/.local/state/bus-secrets/seen"));
}

Test(seen, an_unwritable_state_is_done_without)
{
	struct bs_env *other = NULL;
	struct bs_seen_mark m = mark("a", '1', OLD);

	(void)setenv("XDG_STATE_HOME", "/proc/nowhere", 1);
	cr_assert_eq(bs_env_open(NULL, &other, NULL), BS_OK);
	bs_seen_note(other, &m, true);
	cr_assert_eq(bs_seen_check(other, &m, NULL), BS_SEEN_FINE);
	bs_env_close(other);
}

/* --- HEAD ----------------------------------------------------------------------------------------------------- */

static void expect_head(const char *dir, const char *want)
{
	char head[BS_GIT_HEAD_MAX];

	bs_git_head(scratch_path(dir), head);
	cr_assert_str_eq(head, want);
}

Test(git_head, is_found_detached_loose_and_packed)
{
	expect_head("ws", "");
	scratch_write("ws/.git/HEAD", ID_1 "\n");
	expect_head("ws", ID_1);
	scratch_write("ws/.git/HEAD", "ref: refs/heads/main\n");
	expect_head("ws", "");
	scratch_write("ws/.git/packed-refs",
		"# pack-refs with: peeled fully-peeled sorted \n" ID_3 " refs/heads/main2\n" ID_2
		" refs/heads/main\n^" ID_3 "\n");
	expect_head("ws", ID_2);
	scratch_write("ws/.git/refs/heads/main", ID_1 "\n");
	expect_head("ws", ID_1);
	scratch_mkdir("ws/sub/dir");
	expect_head("ws/sub/dir", ID_1);
}

Test(git_head, of_a_repository_with_ref_tables_changes_with_them)
{
	char before[BS_GIT_HEAD_MAX];
	char after[BS_GIT_HEAD_MAX];

	scratch_write("ws/.git/HEAD", "ref: refs/heads/.invalid\n");
	scratch_write("ws/.git/reftable/tables.list", "0x1-0x1-a.ref\n");
	bs_git_head(scratch_path("ws"), before);
	scratch_write("ws/.git/reftable/tables.list", "0x1-0x2-b.ref\n");
	bs_git_head(scratch_path("ws"), after);
	cr_assert(before[0] && after[0] && strcmp(before, after) != 0);
}

Test(git_head, of_a_worktree_follows_its_pair_of_pointers)
{
	char text[4096];

	scratch_write("main/.git/refs/heads/side", ID_2 "\n");
	scratch_write("main/.git/worktrees/wt/HEAD", "ref: refs/heads/side\n");
	scratch_write("main/.git/worktrees/wt/commondir", "../..\n");
	(void)snprintf(text, sizeof(text), "%s\n", scratch_path("ws/.git"));
	scratch_write("main/.git/worktrees/wt/gitdir", text);
	(void)snprintf(text, sizeof(text), "gitdir: %s\n", scratch_path("main/.git/worktrees/wt"));
	scratch_write("ws/.git", text);
	expect_head("ws", ID_2);
	/* The same file in another directory is no pair. */
	scratch_write("stolen/.git", text);
	expect_head("stolen", "");
	scratch_write("main/.git/worktrees/wt/commondir", "/\n");
	expect_head("ws", "");
}

Test(git_head, of_a_submodule_lies_in_its_parents_modules)
{
	scratch_write("ws/.git/modules/lib/HEAD", ID_3 "\n");
	scratch_write("ws/lib/.git", "gitdir: ../.git/modules/lib\n");
	expect_head("ws/lib", ID_3);
	scratch_write("elsewhere/.git", "gitdir: ../ws/.git/modules/lib\n");
	expect_head("elsewhere", "");
}

Test(git_head, hostile_files_give_none, .timeout = 10)
{
	static const char *const heads[] = {"", "\n", "ref: ../../../etc/passwd\n", "ref: refs/../../secret\n",
		"ref: refs/heads/a b\n", "ref:\n", "deadbeef\n", "ref: refs/heads/main\nref: refs/heads/x\n",
		"GGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGG\n"};

	scratch_write("ws/secret", ID_1 "\n");
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		scratch_write("ws/.git/HEAD", heads[i]);
		expect_head("ws", "");
	}
	cr_assert_eq(unlink(scratch_path("ws/.git/HEAD")), 0);
	cr_assert_eq(symlink("../secret", scratch_path("ws/.git/HEAD")), 0);
	expect_head("ws", "");
	cr_assert_eq(unlink(scratch_path("ws/.git/HEAD")), 0);
	cr_assert_eq(mkfifo(scratch_path("ws/.git/HEAD"), 0600), 0);
	expect_head("ws", "");
}
