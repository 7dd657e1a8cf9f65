/* test_store_dir.c: the directory layout, and names that stand in both. */
#include "store_ground.h"

static void start(void)
{
	ground_start();
	make_dir_layout();
}

TestSuite(store_dir, .init = start, .fini = ground_end);

static bool is_in_package(const char *name)
{
	BS_CLEANUP(bs_free_ptr) char *text = get_file(in_ws("datapackage.json"));
	char key[160];

	(void)snprintf(key, sizeof(key), "\"%s\"", name);
	return strstr(text, key) != NULL;
}

static bool is_in_dir(const char *name)
{
	char path[200];

	(void)snprintf(path, sizeof(path), ".bus/secrets/%s.sops.json", name);
	return access(in_ws(path), F_OK) == 0;
}

/* A value that stands in datapackage.json although the directory exists. */
static void set_in_package(const char *name, const char *text)
{
	cr_assert_eq(rename(in_ws(".bus/secrets"), in_ws(".bus/away")), 0);
	expect_set(BS_SCOPE_REPO, name, text);
	cr_assert_eq(rename(in_ws(".bus/away"), in_ws(".bus/secrets")), 0);
	cr_assert(is_in_package(name) && !is_in_dir(name));
}

static void set_in_both(const char *name, const char *hidden, const char *counts)
{
	set_in_package(name, hidden);
	expect_set(BS_SCOPE_REPO, name, counts);
	cr_assert(is_in_package(name) && is_in_dir(name));
}

static void expect_rename(const char *from, const char *to, unsigned flags)
{
	cr_assert_eq(
		bs_store_rename(g.store, BS_SCOPE_REPO, from, to, flags, &g.error), BS_OK, "%s", g.error.msg);
	expect_no_litter(in_ws(".bus/secrets"));
	expect_no_litter(g.dir);
}

Test(store_dir, writing_goes_to_the_directory_when_it_exists)
{
	BS_CLEANUP(bs_free_ptr) char *text = NULL;
	struct stat st, package;

	expect_set(BS_SCOPE_REPO, "db.password", "v");
	cr_assert(is_in_dir("db.password") && !is_in_package("db.password"));
	text = get_file(in_ws(".bus/secrets/db.password.sops.json"));
	cr_assert_eq(strchr(text, '\n'), text + strlen(text) - 1, "not one line: %s", text);
	cr_assert_null(strstr(text, ", "), "blanks: %s", text);
	cr_assert_null(strstr(text, ": "), "blanks: %s", text);
	cr_assert_eq(stat(in_ws(".bus/secrets/db.password.sops.json"), &st), 0);
	cr_assert_eq(stat(in_ws("datapackage.json"), &package), 0);
	cr_assert_eq(st.st_mode & 0777, package.st_mode & 0666);
	expect_value(BS_SCOPE_REPO, "db.password", "v");
	expect_no_litter(in_ws(".bus/secrets"));
}

Test(store_dir, a_file_without_the_directory_is_no_layout)
{
	cr_assert_eq(rmdir(in_ws(".bus/secrets")), 0);
	put_file(in_ws(".bus/secrets"), "I am a file");
	expect_set(BS_SCOPE_REPO, "x", "v");
	cr_assert(is_in_package("x"));
	expect_value(BS_SCOPE_REPO, "x", "v");
}

Test(store_dir, a_name_found_in_the_directory_wins)
{
	set_in_both("x", "old", "new");
	expect_value(BS_SCOPE_REPO, "x", "new");
	set_in_package("y", "package");
	expect_value(BS_SCOPE_REPO, "y", "package");
	cr_assert_str_eq(list_names(BS_SCOPE_REPO), "x y");
}

Test(store_dir, the_same_value_is_not_moved_to_the_directory)
{
	struct bs_store_report report = {0};

	set_in_package("x", "v");
	cr_assert_eq(set_bytes(BS_SCOPE_REPO, "x", "v", 1, NULL, &report), BS_OK, "%s", g.error.msg);
	cr_assert(report.is_unchanged);
	cr_assert(!is_in_dir("x"));
}

Test(store_dir, exclusive_sees_the_hidden_layout)
{
	struct bs_store_write options = {.exclusive = true};

	set_in_package("x", "v");
	cr_assert_eq(set_bytes(BS_SCOPE_REPO, "x", "w", 1, &options, NULL), BS_EXISTS);
	cr_assert(!is_in_dir("x"));
}

Test(store_dir, delete_takes_both)
{
	set_in_both("x", "old", "new");
	cr_assert_eq(bs_store_delete(g.store, BS_SCOPE_REPO, "x", &g.error), BS_OK, "%s", g.error.msg);
	cr_assert(!is_in_dir("x") && !is_in_package("x"));
	cr_assert_eq(get_code(BS_SCOPE_REPO, "x"), BS_NOT_FOUND);
	set_in_package("y", "v");
	cr_assert_eq(bs_store_delete(g.store, BS_SCOPE_REPO, "y", &g.error), BS_OK, "%s", g.error.msg);
	cr_assert(!is_in_package("y"));
	cr_assert_eq(bs_store_delete(g.store, BS_SCOPE_REPO, "y", &g.error), BS_NOT_FOUND);
}

Test(store_dir, delete_that_cannot_take_both_takes_none)
{
	set_in_both("x", "old", "new");
	cr_assert_eq(chmod(in_ws("datapackage.json"), 0444), 0);
	cr_assert_eq(bs_store_delete(g.store, BS_SCOPE_REPO, "x", &g.error), BS_READ_ONLY);
	cr_assert(is_in_dir("x") && is_in_package("x"));
	cr_assert_eq(chmod(in_ws("datapackage.json"), 0644), 0);
	cr_assert_eq(chmod(in_ws(".bus/secrets/x.sops.json"), 0444), 0);
	cr_assert_eq(bs_store_delete(g.store, BS_SCOPE_REPO, "x", &g.error), BS_READ_ONLY);
	cr_assert(is_in_dir("x"));
	expect_value(BS_SCOPE_REPO, "x", "new");
}

Test(store_dir, rename_within_the_directory)
{
	expect_set(BS_SCOPE_REPO, "a", "1");
	expect_set(BS_SCOPE_REPO, "b", "2");
	cr_assert_eq(
		bs_store_rename(g.store, BS_SCOPE_REPO, "a", "b", BS_RENAME_NOREPLACE, &g.error), BS_EXISTS);
	expect_rename("a", "b", BS_RENAME_EXCHANGE);
	expect_value(BS_SCOPE_REPO, "a", "2");
	expect_value(BS_SCOPE_REPO, "b", "1");
	expect_rename("a", "c", BS_RENAME_NOREPLACE);
	expect_rename("c", "b", 0);
	cr_assert_str_eq(list_names(BS_SCOPE_REPO), "b");
	expect_value(BS_SCOPE_REPO, "b", "2");
	cr_assert_eq(bs_store_rename(g.store, BS_SCOPE_REPO, "a", "b", 0, &g.error), BS_NOT_FOUND);
}

Test(store_dir, no_old_value_rises_after_a_rename)
{
	set_in_both("a", "old a", "new a");
	set_in_both("b", "old b", "new b");
	expect_rename("a", "b", 0);
	expect_value(BS_SCOPE_REPO, "b", "new a");
	cr_assert_eq(get_code(BS_SCOPE_REPO, "a"), BS_NOT_FOUND);
	cr_assert(!is_in_package("a") && !is_in_package("b"));
	expect_set(BS_SCOPE_REPO, "c", "c");
	set_in_package("d", "old d");
	expect_rename("c", "d", 0);
	expect_value(BS_SCOPE_REPO, "d", "c");
	cr_assert(!is_in_package("d"));
}

Test(store_dir, rename_of_a_name_that_stands_in_the_package_alone)
{
	set_in_package("a", "1");
	expect_set(BS_SCOPE_REPO, "b", "2");
	cr_assert_eq(
		bs_store_rename(g.store, BS_SCOPE_REPO, "a", "b", BS_RENAME_NOREPLACE, &g.error), BS_EXISTS);
	cr_assert_eq(
		bs_store_rename(g.store, BS_SCOPE_REPO, "b", "a", BS_RENAME_NOREPLACE, &g.error), BS_EXISTS);
	expect_rename("a", "b", 0);
	expect_value(BS_SCOPE_REPO, "b", "1");
	cr_assert_str_eq(list_names(BS_SCOPE_REPO), "b");
	cr_assert(!is_in_package("a"));
}

Test(store_dir, exchange_across_the_layouts)
{
	set_in_package("a", "1");
	expect_set(BS_SCOPE_REPO, "b", "2");
	expect_rename("a", "b", BS_RENAME_EXCHANGE);
	expect_value(BS_SCOPE_REPO, "a", "2");
	expect_value(BS_SCOPE_REPO, "b", "1");
	cr_assert(!is_in_package("a") && !is_in_package("b"));
	set_in_package("c", "3");
	set_in_package("d", "4");
	expect_rename("c", "d", BS_RENAME_EXCHANGE);
	expect_value(BS_SCOPE_REPO, "c", "4");
	expect_value(BS_SCOPE_REPO, "d", "3");
	cr_assert(!is_in_package("c") && !is_in_package("d"));
}

Test(store_dir, only_documents_of_valid_names_are_listed)
{
	expect_set(BS_SCOPE_REPO, "x", "v");
	put_file(in_ws(".bus/secrets/Bad.sops.json"), "{}");
	put_file(in_ws(".bus/secrets/notes.txt"), "hello");
	put_file(in_ws(".bus/secrets/config.json"), "{}");
	put_file(in_ws(".bus/secrets/.x.sops.json.bus-part-1"), "{}");
	put_file(in_ws(".bus/secrets/.sops.json"), "{}");
	cr_assert_str_eq(list_names(BS_SCOPE_REPO), "x");
}

Test(store_dir, the_stamp_sees_a_rewrite_in_place)
{
	BS_CLEANUP(bs_free_ptr) char *text = NULL;
	uint64_t stamp;

	expect_set(BS_SCOPE_REPO, "x", "v");
	stamp = bs_store_stamp(g.store, BS_SCOPE_REPO);
	text = get_file(in_ws(".bus/secrets/x.sops.json"));
	put_file(in_ws(".bus/secrets/x.sops.json"), text);
	cr_assert_neq(bs_store_stamp(g.store, BS_SCOPE_REPO), stamp);
}

Test(store_dir, a_directory_that_leads_out_is_not_used)
{
	char outside[128];

	(void)snprintf(outside, sizeof(outside), "%s/outside", g.root);
	make_dirs(outside);
	expect_set(BS_SCOPE_REPO, "x", "v");
	cr_assert_eq(rename(in_ws(".bus/secrets/x.sops.json"),
			     strcat(strcpy((char[256]){0}, outside), "/x.sops.json")),
		0);
	cr_assert_eq(rmdir(in_ws(".bus/secrets")), 0);
	cr_assert_eq(symlink(outside, in_ws(".bus/secrets")), 0);
	cr_assert_eq(get_code(BS_SCOPE_REPO, "x"), BS_POLICY);
	expect_message(".bus/secrets leads out of the workspace");
	cr_assert_eq(set_text(BS_SCOPE_REPO, "y", "v"), BS_POLICY);
	cr_assert_neq(access(strcat(strcpy((char[256]){0}, outside), "/y.sops.json"), F_OK), 0);
}

Test(store_dir, a_document_that_leads_out_is_not_read_and_not_written)
{
	char outside[128];

	(void)snprintf(outside, sizeof(outside), "%s/outside.json", g.root);
	expect_set(BS_SCOPE_REPO, "x", "v");
	cr_assert_eq(rename(in_ws(".bus/secrets/x.sops.json"), outside), 0);
	cr_assert_eq(symlink(outside, in_ws(".bus/secrets/x.sops.json")), 0);
	cr_assert_eq(get_code(BS_SCOPE_REPO, "x"), BS_POLICY);
	cr_assert_eq(set_text(BS_SCOPE_REPO, "x", "w"), BS_POLICY);
	cr_assert_str_eq(list_names(BS_SCOPE_REPO), "x");
}

Test(store_dir, files_of_another_user_are_refused_until_consented)
{
	if (geteuid() != 0)
		return;
	expect_set(BS_SCOPE_REPO, "x", "v");
	cr_assert_eq(chown(in_ws(".bus/secrets/x.sops.json"), 12345, 12345), 0);
	cr_assert_eq(get_code(BS_SCOPE_REPO, "x"), BS_POLICY);
	cr_assert_eq(set_text(BS_SCOPE_REPO, "x", "w"), BS_POLICY);
	cr_assert_eq(chown(in_ws(".bus/secrets"), 12345, 12345), 0);
	cr_assert_eq(get_code(BS_SCOPE_REPO, "y"), BS_POLICY);
	expect_message("another user");
}

Test(store_dir, an_empty_document_is_no_document_and_set_replaces_it)
{
	put_file(in_ws(".bus/secrets/x.sops.json"), "");
	cr_assert_eq(get_code(BS_SCOPE_REPO, "x"), BS_PLAINTEXT, "%s", g.error.msg);
	expect_message("write it again: bus-secrets set x --scope repo");
	expect_set(BS_SCOPE_REPO, "x", "v");
	expect_value(BS_SCOPE_REPO, "x", "v");
}

Test(store_dir, a_value_in_the_clear_that_is_set_again_goes_from_the_other_layout)
{
	BS_CLEANUP(bs_free_ptr) char *text = NULL;

	put_file(in_ws("datapackage.json"),
		"{\"busdk\": {\"secrets\": {\"x\": \"hunter2\", \"y\": \"other\", \"z\": 5}}}");
	expect_set(BS_SCOPE_REPO, "x", "v");
	expect_set(BS_SCOPE_REPO, "z", "v");
	expect_value(BS_SCOPE_REPO, "x", "v");
	text = get_file(in_ws("datapackage.json"));
	cr_assert_str_eq(text, "{\"busdk\": {\"secrets\": {\"y\": \"other\"}}}");
}
