/* test_store.c: what the store promises of both scopes, before anything goes wrong. */
#include "store_ground.h"
#include <criterion/parameterized.h>

TestSuite(store, .init = ground_start, .fini = ground_end);

Test(store, a_value_comes_back_byte_for_byte)
{
	static const char bytes[] = "a\0b\xff\n";
	char *big = malloc(1024 * 1024);

	memset(big, 0xa5, 1024 * 1024);
	for (int scope = BS_SCOPE_USER; scope <= BS_SCOPE_REPO; scope++) {
		cr_assert_eq(set_bytes(scope, "bytes", bytes, sizeof(bytes), NULL, NULL), BS_OK, "%s",
			g.error.msg);
		cr_assert_eq(set_bytes(scope, "empty", "", 0, NULL, NULL), BS_OK, "%s", g.error.msg);
		cr_assert_eq(set_bytes(scope, "big", big, 1024 * 1024, NULL, NULL), BS_OK, "%s", g.error.msg);
		ground_open();
		expect_bytes(scope, "bytes", bytes, sizeof(bytes));
		expect_bytes(scope, "empty", "", 0);
		expect_bytes(scope, "big", big, 1024 * 1024);
	}
	free(big);
}

Test(store, preferences_are_made_private_and_of_version_one)
{
	BS_CLEANUP(bs_free_ptr) char *text = NULL;
	struct stat st;

	expect_set(BS_SCOPE_USER, "a.b", "v");
	cr_assert_eq(stat(PREFERENCES, &st), 0);
	cr_assert_eq(st.st_mode & 07777, 0600);
	cr_assert_eq(stat(in_home(".config/bus"), &st), 0);
	cr_assert_eq(st.st_mode & 07777, 0700);
	text = get_file(PREFERENCES);
	cr_assert_not_null(strstr(text, "\"version\": 1"), "%s", text);
	cr_assert_not_null(strstr(text, "\"secrets.a.b\""), "%s", text);
	cr_assert_not_null(strstr(text, "{\\\"data\\\":\\\"ENC["), "%s", text);
}

Test(store, a_dot_in_a_name_is_part_of_the_key)
{
	BS_CLEANUP(bs_free_ptr) char *text = NULL;

	expect_set(BS_SCOPE_REPO, "db.password", "v");
	text = get_file(in_ws("datapackage.json"));
	cr_assert_not_null(strstr(text, "\"db.password\""), "%s", text);
	expect_value(BS_SCOPE_REPO, "db.password", "v");
}

Test(store, no_other_byte_of_the_file_changes)
{
	static const char before[] =
		"{\r\n\t\"name\": \"x\",\t\"n\": 1.50e+3,\r\n\t\"busdk\": {\"other\": [1,2 ]}}\r\n\r\n";
	BS_CLEANUP(bs_free_ptr) char *text = NULL;

	put_file(in_ws("datapackage.json"), before);
	expect_set(BS_SCOPE_REPO, "x", "v");
	cr_assert_eq(bs_store_delete(g.store, BS_SCOPE_REPO, "x", &g.error), BS_OK, "%s", g.error.msg);
	text = get_file(in_ws("datapackage.json"));
	cr_assert_not_null(
		strstr(text, "\t\"name\": \"x\",\t\"n\": 1.50e+3,\r\n\t\"busdk\": {\"other\": [1,2 ]"), "%s",
		text);
	cr_assert_not_null(strstr(text, "}\r\n\r\n"), "%s", text);
}

Test(store, an_unchanged_value_writes_nothing)
{
	struct bs_store_report report = {0};
	struct stat before, after;

	expect_set(BS_SCOPE_USER, "x", "v");
	cr_assert_eq(stat(PREFERENCES, &before), 0);
	cr_assert_eq(set_bytes(BS_SCOPE_USER, "x", "v", 1, NULL, &report), BS_OK, "%s", g.error.msg);
	cr_assert(report.is_unchanged && !report.is_new && !report.is_rewrapped);
	cr_assert_eq(stat(PREFERENCES, &after), 0);
	cr_assert_eq(before.st_ino, after.st_ino);
	bs_store_report_release(&report);
}

Test(store, the_same_value_for_other_recipients_is_written_and_said)
{
	struct bs_store_report report = {0};
	char list[512];

	make_dir_layout();
	(void)snprintf(list, sizeof(list), "%s\n", g.own);
	put_file(in_ws(".bus/secrets/recipients.txt"), list);
	expect_set(BS_SCOPE_REPO, "x", "v");
	(void)snprintf(list, sizeof(list), "%s\n%s\n", g.own, other_recipient());
	put_file(in_ws(".bus/secrets/recipients.txt"), list);
	cr_assert_eq(set_bytes(BS_SCOPE_REPO, "x", "v", 1, NULL, &report), BS_OK, "%s", g.error.msg);
	cr_assert(report.is_rewrapped && !report.is_unchanged);
	cr_assert_eq(report.came.count, 1);
	cr_assert_str_eq(report.came.items[0], other_recipient());
	cr_assert_eq(report.went.count, 0);
	bs_store_report_release(&report);
	(void)snprintf(list, sizeof(list), "%s\n", g.own);
	put_file(in_ws(".bus/secrets/recipients.txt"), list);
	cr_assert_eq(
		bs_store_rekey(g.store, BS_SCOPE_REPO, "x", &report, &g.error), BS_OK, "%s", g.error.msg);
	cr_assert_eq(report.went.count, 1);
	cr_assert_str_eq(report.went.items[0], other_recipient());
	expect_value(BS_SCOPE_REPO, "x", "v");
	bs_store_report_release(&report);
}

Test(store, rekey_writes_even_when_nothing_differs)
{
	BS_CLEANUP(bs_free_ptr) char *before = NULL;
	BS_CLEANUP(bs_free_ptr) char *after = NULL;

	expect_set(BS_SCOPE_USER, "x", "v");
	before = get_file(PREFERENCES);
	cr_assert_eq(bs_store_rekey(g.store, BS_SCOPE_USER, "x", NULL, &g.error), BS_OK, "%s", g.error.msg);
	after = get_file(PREFERENCES);
	cr_assert_str_neq(before, after);
	expect_value(BS_SCOPE_USER, "x", "v");
	cr_assert_eq(bs_store_rekey(g.store, BS_SCOPE_USER, "y", NULL, &g.error), BS_NOT_FOUND);
}

Test(store, exclusive_refuses_a_name_that_is_there)
{
	struct bs_store_write options = {.exclusive = true};

	cr_assert_eq(set_bytes(BS_SCOPE_USER, "x", "1", 1, &options, NULL), BS_OK, "%s", g.error.msg);
	cr_assert_eq(set_bytes(BS_SCOPE_USER, "x", "2", 1, &options, NULL), BS_EXISTS);
	expect_value(BS_SCOPE_USER, "x", "1");
}

Test(store, auto_takes_repo_before_user_and_lists_each_name_once)
{
	struct bs_store_entry entry = {0};
	struct bs_store_report report = {0};

	expect_set(BS_SCOPE_USER, "both", "user");
	expect_set(BS_SCOPE_USER, "mine", "user");
	cr_assert_eq(set_bytes(BS_SCOPE_REPO, "both", "repo", 4, NULL, &report), BS_OK, "%s", g.error.msg);
	cr_assert(report.shadows && report.is_new);
	bs_store_report_release(&report);
	expect_set(BS_SCOPE_REPO, "a", "repo");
	cr_assert_str_eq(list_names(BS_SCOPE_AUTO), "a both mine");
	cr_assert_str_eq(list_names(BS_SCOPE_USER), "both mine");
	cr_assert_str_eq(list_names(BS_SCOPE_REPO), "a both");
	expect_value(BS_SCOPE_AUTO, "both", "repo");
	expect_value(BS_SCOPE_AUTO, "mine", "user");
	cr_assert_eq(bs_store_stat(g.store, BS_SCOPE_AUTO, "both", &entry, &g.error), BS_OK);
	cr_assert_eq(entry.scope, BS_SCOPE_REPO);
	cr_assert(entry.shadows);
	bs_store_entry_release(&entry);
	cr_assert_eq(bs_store_stat(g.store, BS_SCOPE_AUTO, "a", &entry, &g.error), BS_OK);
	cr_assert(!entry.shadows);
	bs_store_entry_release(&entry);
}

Test(store, stat_tells_size_time_and_recipients_without_a_key)
{
	struct bs_store_entry entry = {0};
	uint64_t version;

	expect_set(BS_SCOPE_USER, "x", "hello");
	cr_assert_eq(remove(in_home(".config/sops/age/keys.txt")), 0);
	ground_open();
	cr_assert_eq(bs_store_stat(g.store, BS_SCOPE_USER, "x", &entry, &g.error), BS_OK, "%s", g.error.msg);
	cr_assert_eq(entry.size, 5);
	cr_assert_eq(entry.state, BS_ENTRY_OK);
	cr_assert_gt(entry.modified.tv_sec, 1600000000);
	cr_assert_eq(entry.recipients.count, 1);
	cr_assert_str_eq(entry.recipients.items[0], g.own);
	version = entry.version;
	bs_store_entry_release(&entry);
	cr_assert_eq(get_code(BS_SCOPE_USER, "x"), BS_NO_IDENTITY);
	expect_message(g.own);
	cr_assert_eq(bs_store_stat(g.store, BS_SCOPE_USER, "x", &entry, &g.error), BS_OK);
	cr_assert_eq(entry.version, version);
	bs_store_entry_release(&entry);
}

Test(store, version_and_stamp_change_with_the_document)
{
	struct bs_store_entry entry = {0};
	uint64_t version, stamp = bs_store_stamp(g.store, BS_SCOPE_USER),
			  both = bs_store_stamp(g.store, BS_SCOPE_AUTO);

	expect_set(BS_SCOPE_USER, "x", "1");
	cr_assert_neq(bs_store_stamp(g.store, BS_SCOPE_USER), stamp);
	cr_assert_neq(bs_store_stamp(g.store, BS_SCOPE_AUTO), both);
	stamp = bs_store_stamp(g.store, BS_SCOPE_USER);
	cr_assert_eq(bs_store_stamp(g.store, BS_SCOPE_USER), stamp);
	cr_assert_eq(bs_store_stat(g.store, BS_SCOPE_USER, "x", &entry, &g.error), BS_OK);
	version = entry.version;
	bs_store_entry_release(&entry);
	expect_set(BS_SCOPE_USER, "x", "2");
	cr_assert_eq(bs_store_stat(g.store, BS_SCOPE_USER, "x", &entry, &g.error), BS_OK);
	cr_assert_neq(entry.version, version);
	bs_store_entry_release(&entry);
}

Test(store, delete_takes_the_member_alone_and_says_what_is_absent)
{
	expect_set(BS_SCOPE_USER, "x", "1");
	expect_set(BS_SCOPE_USER, "y", "2");
	cr_assert_eq(bs_store_delete(g.store, BS_SCOPE_USER, "x", &g.error), BS_OK, "%s", g.error.msg);
	cr_assert_str_eq(list_names(BS_SCOPE_USER), "y");
	cr_assert_eq(bs_store_delete(g.store, BS_SCOPE_USER, "x", &g.error), BS_NOT_FOUND);
	expect_message("no secret x in scope user");
	expect_no_litter(in_home(".config/bus"));
}

Test(store, rename_moves_the_document_as_it_is)
{
	expect_set(BS_SCOPE_USER, "a", "1");
	expect_set(BS_SCOPE_USER, "b", "2");
	cr_assert_eq(
		bs_store_rename(g.store, BS_SCOPE_USER, "a", "b", BS_RENAME_NOREPLACE, &g.error), BS_EXISTS);
	cr_assert_eq(bs_store_rename(g.store, BS_SCOPE_USER, "a", "c", BS_RENAME_EXCHANGE, &g.error),
		BS_NOT_FOUND);
	cr_assert_eq(bs_store_rename(g.store, BS_SCOPE_USER, "a", "b", BS_RENAME_EXCHANGE, &g.error), BS_OK);
	expect_value(BS_SCOPE_USER, "a", "2");
	expect_value(BS_SCOPE_USER, "b", "1");
	cr_assert_eq(bs_store_rename(g.store, BS_SCOPE_USER, "a", "c", BS_RENAME_NOREPLACE, &g.error), BS_OK);
	cr_assert_str_eq(list_names(BS_SCOPE_USER), "b c");
	cr_assert_eq(bs_store_rename(g.store, BS_SCOPE_USER, "c", "b", 0, &g.error), BS_OK);
	cr_assert_str_eq(list_names(BS_SCOPE_USER), "b");
	expect_value(BS_SCOPE_USER, "b", "2");
	cr_assert_eq(bs_store_rename(g.store, BS_SCOPE_USER, "b", "b", 0, &g.error), BS_OK);
	cr_assert_eq(bs_store_rename(g.store, BS_SCOPE_USER, "x", "b", 0, &g.error), BS_NOT_FOUND);
	cr_assert_eq(bs_store_rename(g.store, BS_SCOPE_USER, "b", "-b", 0, &g.error), BS_NAME);
	cr_assert_eq(bs_store_rename(g.store, BS_SCOPE_USER, "b", "B", 0, &g.error), BS_NAME);
	cr_assert_eq(bs_store_rename(g.store, BS_SCOPE_USER, "b", "c", 3, &g.error), BS_USAGE);
}

Test(store, place_says_what_is_written_and_whether_it_can_be)
{
	struct bs_store_place place = {0};

	cr_assert_eq(bs_store_get_place(g.store, BS_SCOPE_USER, &place, &g.error), BS_OK);
	cr_assert_str_eq(place.path, PREFERENCES);
	cr_assert(!place.exists && place.is_writable && place.mode == 0);
	bs_store_place_release(&place);
	cr_assert_eq(chmod(in_ws("datapackage.json"), 0444), 0);
	cr_assert_eq(bs_store_get_place(g.store, BS_SCOPE_REPO, &place, &g.error), BS_OK);
	cr_assert(place.exists && !place.is_writable && place.mode == 0444);
	bs_store_place_release(&place);
	cr_assert_eq(bs_store_get_place(g.store, BS_SCOPE_AUTO, &place, &g.error), BS_USAGE);
}

Test(store, recipients_of_a_new_document_are_the_users_own)
{
	struct bs_strings list = {0};

	cr_assert_eq(
		bs_store_recipients(g.store, BS_SCOPE_USER, "x", &list, &g.error), BS_OK, "%s", g.error.msg);
	cr_assert_eq(list.count, 1);
	cr_assert_str_eq(list.items[0], g.own);
	bs_strings_release(&list);
}

Test(store, can_set_writes_nothing_and_answers_as_set_would)
{
	cr_assert_eq(bs_store_can_set(g.store, BS_SCOPE_USER, "x", &g.error), BS_OK, "%s", g.error.msg);
	cr_assert_neq(access(PREFERENCES, F_OK), 0);
	cr_assert_eq(bs_store_can_set(g.store, BS_SCOPE_USER, "X", &g.error), BS_NAME);
	cr_assert_eq(bs_store_can_set(g.store, BS_SCOPE_AUTO, "x", &g.error), BS_USAGE);
	cr_assert_eq(chmod(in_ws("datapackage.json"), 0444), 0);
	cr_assert_eq(bs_store_can_set(g.store, BS_SCOPE_REPO, "x", &g.error), BS_READ_ONLY);
	expect_message("datapackage.json");
}

Test(store, the_self_test_passes)
{
	cr_assert_eq(bs_store_self_test(&g.error), BS_OK, "%s", g.error.msg);
}

Test(store, a_name_that_begins_with_a_dash_is_read_and_removed_but_not_made)
{
	BS_CLEANUP(bs_free_ptr) char *text = NULL;
	char *at;

	cr_assert_eq(set_text(BS_SCOPE_USER, "-x", "v"), BS_NAME);
	cr_assert_neq(access(PREFERENCES, F_OK), 0);
	expect_set(BS_SCOPE_USER, "_x", "v");
	text = get_file(PREFERENCES);
	at = strstr(text, "secrets._x");
	at[strlen("secrets.")] = '-';
	put_file(PREFERENCES, text);
	expect_value(BS_SCOPE_USER, "-x", "v");
	expect_set(BS_SCOPE_USER, "-x", "w");
	expect_value(BS_SCOPE_USER, "-x", "w");
	cr_assert_eq(bs_store_delete(g.store, BS_SCOPE_USER, "-x", &g.error), BS_OK, "%s", g.error.msg);
}

Test(store, set_makes_the_workspace_a_known_one)
{
	struct bs_strings known = {0};

	expect_set(BS_SCOPE_REPO, "x", "v");
	cr_assert_eq(bs_workspaces_list(g.env, &known, &g.error), BS_OK);
	cr_assert_eq(known.count, 1);
	cr_assert_str_eq(known.items[0], g.dir);
	bs_strings_release(&known);
}

Test(store, a_preferences_file_that_is_a_link_stays_one)
{
	struct stat st;

	make_dirs(in_home(".config/bus"));
	make_dirs(in_home("dotfiles"));
	put_file(in_home("dotfiles/p.json"), "{\"values\": {\"theme\": \"dark\"}}");
	cr_assert_eq(symlink("../../dotfiles/p.json", PREFERENCES), 0);
	expect_set(BS_SCOPE_USER, "x", "v");
	cr_assert_eq(lstat(PREFERENCES, &st), 0);
	cr_assert(S_ISLNK(st.st_mode));
	expect_value(BS_SCOPE_USER, "x", "v");
}

/* Preferences of so many secrets; gives the seconds of CPU that listing them takes. */
static double seconds_to_list(int count)
{
	BS_CLEANUP(bs_free_ptr) char *text = NULL;
	BS_CLEANUP(bs_free_ptr) char *whole = NULL;
	BS_CLEANUP(bs_free_ptr) char *document = NULL;
	struct bs_store_list list = {0};
	const char *from;
	size_t len, used;
	clock_t start;

	expect_set(BS_SCOPE_USER, "x", "v");
	text = get_file(PREFERENCES);
	from = strchr(strstr(text, "secrets.x"), '{') - 1;
	len = (size_t)(strchr(from, '\n') - from);
	document = strndup(from, len);
	whole = malloc((size_t)count * (len + 32) + len + 64);
	used = (size_t)sprintf(whole, "{\"values\": {\"secrets.x\": %s\n", document);
	for (int i = 1; i < count; i++)
		used += (size_t)sprintf(whole + used, ",\n\"secrets.n%05d\": %s", i, document);
	(void)sprintf(whole + used, "}}\n");
	put_file(PREFERENCES, whole);
	start = clock();
	cr_assert_eq(bs_store_list(g.store, BS_SCOPE_USER, &list, &g.error), BS_OK, "%s", g.error.msg);
	start = clock() - start;
	cr_assert_eq(list.count, count);
	cr_assert_str_eq(list.items[count - 1].name, "x");
	bs_store_list_release(&list);
	put_file(PREFERENCES, text);
	return (double)start / CLOCKS_PER_SEC;
}

Test(store, listing_takes_linear_time)
{
	double few = seconds_to_list(400), many = seconds_to_list(8000);

	/* Twenty times as many; a quadratic list would take 400 times as long. */
	cr_assert_lt(many, few * 100 + 0.1, "%f s for 400, %f s for 8000", few, many);
}
