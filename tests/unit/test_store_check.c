/* test_store_check.c: what doctor says of a scope, each finding with its remedy. */
#include "store_ground.h"

TestSuite(store_check, .init = ground_start, .fini = ground_end);

static char said[64 * 1024];
static size_t said_len;

/* One line a finding: "BAD repo x: text (remedy)". */
static void keep(void *ctx, enum bs_finding_level level, enum bs_scope scope, const char *name,
	const char *text, const char *remedy)
{
	static const char *const levels[] = {"OK", "WARN", "BAD"};

	(void)ctx;
	cr_assert_null(strchr(text, '\n'), "%s", text);
	cr_assert(level == BS_FINDING_OK || (remedy && remedy[0]), "no remedy: %s", text);
	said_len += (size_t)snprintf(said + said_len, sizeof(said) - said_len, "%s %s %s: %s (%s)\n",
		levels[level], bs_scope_name(scope), name ? name : "-", text, remedy ? remedy : "");
	cr_assert_lt(said_len, sizeof(said));
}

static void check(enum bs_scope scope)
{
	said_len = 0;
	said[0] = '\0';
	cr_assert_eq(bs_store_check(g.store, scope, keep, NULL, &g.error), BS_OK, "%s", g.error.msg);
}

/* A line begins so and holds that. */
static bool was_said(const char *start, const char *part)
{
	for (char *line = said; *line; line = strchr(line, '\n') + 1) {
		size_t len = strcspn(line, "\n");

		if (strncmp(line, start, strlen(start)) == 0 && memmem(line, len, part, strlen(part)))
			return true;
	}
	return false;
}

#define EXPECT_SAID(start, part) \
	cr_assert(was_said(start, part), "not said: %s ... %s\n%s", start, part, said)
#define EXPECT_NOT_SAID(start, part) \
	cr_assert(!was_said(start, part), "said: %s ... %s\n%s", start, part, said)

Test(store_check, an_empty_store_has_nothing_to_say)
{
	check(BS_SCOPE_USER);
	cr_assert_str_eq(said, "");
	check(BS_SCOPE_REPO);
	EXPECT_NOT_SAID("BAD", "");
}

Test(store_check, a_good_document_with_one_recipient)
{
	expect_set(BS_SCOPE_USER, "x", "hunter2");
	check(BS_SCOPE_USER);
	EXPECT_SAID("OK user x", "can be opened");
	EXPECT_SAID("WARN user x", "no backup recipient");
	EXPECT_SAID("WARN user x", "rekey x --scope user");
	EXPECT_NOT_SAID("BAD", "");
	cr_assert_null(strstr(said, "hunter2"));
}

Test(store_check, two_recipients_are_a_backup)
{
	setenv("SOPS_AGE_RECIPIENTS", other_recipient(), 1);
	ground_open();
	expect_set(BS_SCOPE_USER, "x", "v");
	check(BS_SCOPE_USER);
	EXPECT_SAID("OK user x", "can be opened");
	EXPECT_NOT_SAID("WARN", "");
}

Test(store_check, what_is_no_document_and_names_outside_the_grammar)
{
	put_file(in_ws("datapackage.json"), "{\"busdk\": {\"secrets\": {\"plain\": \"hunter2\", \"object\": "
					    "{}, \"Bad Name\": \"x\", \"a\\u0007b\": \"\","
					    " \"twice\": \"\", \"twice\": \"\"}}}");
	check(BS_SCOPE_REPO);
	EXPECT_SAID("BAD repo plain",
		"not an encrypted document (write it again: bus-secrets set plain --scope repo)");
	EXPECT_SAID("BAD repo object", "write it again");
	EXPECT_SAID("BAD repo twice", "stands twice");
	EXPECT_SAID("WARN repo -", "\"Bad Name\" is no valid name");
	EXPECT_SAID("WARN repo -", "the nearest valid name is bad_name");
	EXPECT_SAID("WARN repo -", "\"a?b\" is no valid name");
	cr_assert_null(strstr(said, "hunter2"));
}

Test(store_check, a_damaged_and_a_foreign_document_are_bad)
{
	BS_CLEANUP(bs_free_ptr) char *text = NULL;
	char other[128];
	char *at;

	expect_set(BS_SCOPE_USER, "x", "a value");
	text = get_file(PREFERENCES);
	at = strstr(text, "ENC[AES256_GCM,data:") + strlen("ENC[AES256_GCM,data:");
	*at = *at == 'A' ? 'B' : 'A';
	put_file(PREFERENCES, text);
	check(BS_SCOPE_USER);
	EXPECT_SAID("BAD user x", "write it again: bus-secrets set x --scope user");
	cr_assert_eq(remove(in_home(".config/sops/age/keys.txt")), 0);
	ground_open();
	check(BS_SCOPE_USER);
	EXPECT_SAID("BAD user x", "cannot be opened: no identity at hand");
	make_identity_in(g.home, other);
	ground_open();
	check(BS_SCOPE_USER);
	EXPECT_SAID("BAD user x", "cannot be opened: no identity fits");
	EXPECT_SAID("BAD user x", "rekey");
}

Test(store_check, shadowed_names_and_names_in_both_layouts)
{
	expect_set(BS_SCOPE_USER, "x", "user");
	expect_set(BS_SCOPE_REPO, "x", "package");
	check(BS_SCOPE_REPO);
	EXPECT_SAID("WARN repo x", "hides the user scope's own value");
	EXPECT_NOT_SAID("WARN repo x", "datapackage.json, too");
	make_dir_layout();
	expect_set(BS_SCOPE_REPO, "x", "directory");
	check(BS_SCOPE_REPO);
	EXPECT_SAID("WARN repo x", "stands in datapackage.json, too");
	check(BS_SCOPE_USER);
	EXPECT_NOT_SAID("WARN user x", "hides");
}

Test(store_check, a_value_in_the_clear_behind_another_layout)
{
	make_dir_layout();
	expect_set(BS_SCOPE_REPO, "x", "v");
	put_file(in_ws("datapackage.json"), "{\"busdk\":{\"secrets\":{\"x\":\"in the clear\"}}}");
	check(BS_SCOPE_REPO);
	EXPECT_SAID("OK repo x", "can be opened");
	EXPECT_SAID("WARN repo x", "what stands in datapackage.json, too, is not encrypted");
	cr_assert_null(strstr(said, "in the clear"));
}

Test(store_check, recipients_that_are_not_those_of_the_policy)
{
	char list[512];

	make_dir_layout();
	expect_set(BS_SCOPE_REPO, "x", "v");
	(void)snprintf(list, sizeof(list), "%s\n%s\n", g.own, other_recipient());
	put_file(in_ws(".bus/secrets/recipients.txt"), list);
	check(BS_SCOPE_REPO);
	EXPECT_SAID("WARN repo x", "its recipients are not those of .bus/secrets/recipients.txt (bus-secrets "
				   "rekey x --scope repo)");
	cr_assert_eq(bs_store_rekey(g.store, BS_SCOPE_REPO, "x", NULL, &g.error), BS_OK);
	check(BS_SCOPE_REPO);
	EXPECT_NOT_SAID("WARN", "");
	put_file(in_ws(".bus/secrets/recipients.txt"), "not a recipient\n");
	check(BS_SCOPE_REPO);
	EXPECT_SAID("BAD repo x", "cannot be written");
}

Test(store_check, a_document_that_went_back_in_time_or_under_another_name)
{
	BS_CLEANUP(bs_free_ptr) char *old = NULL;
	BS_CLEANUP(bs_free_ptr) char *warning = NULL;

	make_dir_layout();
	expect_set(BS_SCOPE_REPO, "x", "old");
	old = get_file(in_ws(".bus/secrets/x.sops.json"));
	usleep(1100 * 1000); /* lastmodified counts in seconds */
	expect_set(BS_SCOPE_REPO, "x", "new");
	check(BS_SCOPE_REPO);
	EXPECT_NOT_SAID("WARN repo x", "back in time");
	put_file(in_ws(".bus/secrets/x.sops.json"), old);
	expect_value(BS_SCOPE_REPO, "x", "old");
	check(BS_SCOPE_REPO);
	EXPECT_SAID("WARN repo x", "went back in time");
	warning = bs_store_seen_warning(g.store, BS_SCOPE_AUTO, "x");
	cr_assert_not_null(warning);
	EXPECT_SAID("WARN repo x", "rekey x --scope repo confirms");
	expect_set(BS_SCOPE_REPO, "x", "newer");
	check(BS_SCOPE_REPO);
	EXPECT_NOT_SAID("WARN repo x", "back in time");
	cr_assert_null(bs_store_seen_warning(g.store, BS_SCOPE_AUTO, "x"));
	free(old);
	old = get_file(in_ws(".bus/secrets/x.sops.json"));
	put_file(in_ws(".bus/secrets/y.sops.json"), old);
	check(BS_SCOPE_REPO);
	EXPECT_SAID("WARN repo y", "under the name x");
}

Test(store_check, our_own_moves_are_no_alarm)
{
	make_dir_layout();
	expect_set(BS_SCOPE_REPO, "x", "1");
	expect_set(BS_SCOPE_REPO, "y", "2");
	cr_assert_eq(bs_store_rename(g.store, BS_SCOPE_REPO, "x", "y", BS_RENAME_EXCHANGE, &g.error), BS_OK);
	check(BS_SCOPE_REPO);
	EXPECT_NOT_SAID("WARN", "seen before");
	cr_assert_eq(bs_store_rename(g.store, BS_SCOPE_REPO, "x", "z", 0, &g.error), BS_OK);
	check(BS_SCOPE_REPO);
	EXPECT_NOT_SAID("WARN", "seen before");
	cr_assert_eq(bs_store_delete(g.store, BS_SCOPE_REPO, "z", &g.error), BS_OK);
	expect_set(BS_SCOPE_REPO, "x", "3");
	check(BS_SCOPE_REPO);
	EXPECT_NOT_SAID("WARN", "back in time");
}

Test(store_check, conflict_files_and_what_a_killed_call_left)
{
	expect_set(BS_SCOPE_USER, "x", "v");
	put_file(in_home(".config/bus/preferences.json.bus-conflict-20260102T030405"), "{}");
	put_file(in_home(".config/bus/.preferences.json.bus-part-999999"), "{");
	check(BS_SCOPE_USER);
	EXPECT_SAID("WARN user -", "preferences.json.bus-conflict-20260102T030405 holds a foreign change");
	EXPECT_SAID("WARN user -", "bus-part-999999 was left by a call that was killed");
}

Test(store_check, files_that_cannot_be_read_or_written_are_bad)
{
	expect_set(BS_SCOPE_REPO, "x", "v");
	cr_assert_eq(chmod(in_ws("datapackage.json"), 0444), 0);
	check(BS_SCOPE_REPO);
	EXPECT_SAID("BAD repo -", "nothing can be written: datapackage.json is read-only");
	EXPECT_SAID("OK repo x", "can be opened");
	/* Not what is written: then only a warning. */
	make_dir_layout();
	check(BS_SCOPE_REPO);
	EXPECT_NOT_SAID("BAD", "");
	EXPECT_SAID("WARN repo -", "nothing can be written: datapackage.json is read-only");
	cr_assert_eq(chmod(in_ws("datapackage.json"), 0644), 0);
	put_file(in_ws("datapackage.json"), "{\n<<<<<<< a\n}");
	check(BS_SCOPE_REPO);
	EXPECT_SAID("BAD repo -", "unresolved merge in datapackage.json, line 2");
}
