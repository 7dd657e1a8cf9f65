/*
 * test_store_unhappy.c: what is damaged, missing, closed or foreign: a clear line, the right code, nothing
 * written.
 */
#include "store_ground.h"
#include <criterion/parameterized.h>

TestSuite(store_unhappy, .init = ground_start, .fini = ground_end);

/*
 * Files that cannot be read at all: every call answers so, and the file stays as it is. What does not parse
 * is read again for 300 ms by every call, so only a few such cases stand here.
 */
struct file_case {
	char text[160];
	char message[80];
	bool is_slow;
};

ParameterizedTestParameters(store_unhappy, a_broken_file_is_refused_and_left_alone)
{
	static struct file_case cases[] = {
		{"", "is empty", true},
		{"{\"busdk\": {\"secrets\": {\"x\": \"", "datapackage.json: line 1", true},
		{"{}\n}", "datapackage.json: line 2", true},
		{"[]", "its top is not an object", false},
		{"{\"busdk\": []}", "busdk is not an object", false},
		{"{\"busdk\": {\"secrets\": 5}}", "secrets is not an object", false},
		{"{\"busdk\": {\"secrets\": {}}, \"busdk\": {}}", "datapackage.json", false},
		{"{\"busdk\": {\"secrets\": {}, \"secrets\": {}}}", "datapackage.json", false},
		{"{\"a\": \"\xff\"}", "datapackage.json: line 1", true},
		{"{\n<<<<<<< HEAD\n\"a\": 1\n=======\n\"a\": 2\n>>>>>>> b\n}\n",
			"unresolved merge in datapackage.json, line 2", false},
	};

	return cr_make_param_array(struct file_case, cases, sizeof(cases) / sizeof(cases[0]));
}

ParameterizedTest(struct file_case *c, store_unhappy, a_broken_file_is_refused_and_left_alone,
	.init = ground_start, .fini = ground_end)
{
	BS_CLEANUP(bs_free_ptr) char *after = NULL;
	struct bs_store_list list = {0};

	put_file(in_ws("datapackage.json"), c->text);
	cr_assert_eq(get_code(BS_SCOPE_REPO, "x"), BS_MALFORMED, "%s", g.error.msg);
	expect_message(c->message);
	cr_assert_eq(set_text(BS_SCOPE_REPO, "x", "v"), BS_MALFORMED, "%s", g.error.msg);
	expect_message(c->message);
	if (!c->is_slow) {
		cr_assert_eq(bs_store_delete(g.store, BS_SCOPE_REPO, "x", &g.error), BS_MALFORMED);
		cr_assert_eq(bs_store_rename(g.store, BS_SCOPE_REPO, "x", "y", 0, &g.error), BS_MALFORMED);
		cr_assert_eq(bs_store_list(g.store, BS_SCOPE_REPO, &list, &g.error), BS_MALFORMED);
		expect_message(c->message);
		/* In auto the error is the answer: only absence falls through. */
		expect_set(BS_SCOPE_USER, "x", "user");
		cr_assert_eq(get_code(BS_SCOPE_AUTO, "x"), BS_MALFORMED);
	}
	after = get_file(in_ws("datapackage.json"));
	cr_assert_str_eq(after, c->text);
	expect_no_litter(g.dir);
}

/*
 * Values that cannot be documents: refused with the remedy, listed as what they are, and set replaces them.
 */
struct value_case {
	char value[200];
	enum bs_code code;
	enum bs_entry_state state;
	uint64_t size;
};

ParameterizedTestParameters(store_unhappy, a_value_that_is_no_document_is_never_served)
{
	static struct value_case cases[] = {
		{"\"hunter2\"", BS_PLAINTEXT, BS_ENTRY_PLAINTEXT, 7},
		{"\"\"", BS_PLAINTEXT, BS_ENTRY_PLAINTEXT, 0},
		{"5", BS_PLAINTEXT, BS_ENTRY_PLAINTEXT, 1},
		{"null", BS_PLAINTEXT, BS_ENTRY_PLAINTEXT, 4},
		{"\"{\\\"data\\\": \\\"x\\\"}\"", BS_PLAINTEXT, BS_ENTRY_PLAINTEXT, 13},
		{"{\"data\": \"x\", \"sops\": {}}", BS_MALFORMED, BS_ENTRY_MALFORMED, 25},
		{"[]", BS_MALFORMED, BS_ENTRY_MALFORMED, 2},
		{"\"\\ud800\"", BS_MALFORMED, BS_ENTRY_MALFORMED, 8},
		{"\"{\\\"data\\\": \\\"x\\\", \\\"sops\\\": {}}\"", BS_MALFORMED, BS_ENTRY_MALFORMED, 25},
		{"\"{\\\"data\\\": \\\"ENC[AES256_GCM,data:AA\"", BS_MALFORMED, BS_ENTRY_MALFORMED, 32},
	};

	return cr_make_param_array(struct value_case, cases, sizeof(cases) / sizeof(cases[0]));
}

ParameterizedTest(struct value_case *c, store_unhappy, a_value_that_is_no_document_is_never_served,
	.init = ground_start, .fini = ground_end)
{
	char text[400];
	struct bs_store_entry entry = {0};
	struct bs_store_list list = {0};

	(void)snprintf(text, sizeof(text), "{\"busdk\": {\"secrets\": {\"x\": %s}}, \"n\": 1.0}", c->value);
	put_file(in_ws("datapackage.json"), text);
	cr_assert_eq(get_code(BS_SCOPE_REPO, "x"), c->code, "%s: %s", c->value, g.error.msg);
	expect_message("datapackage.json: secret x: ");
	expect_message("; write it again: bus-secrets set x --scope repo");
	cr_assert_null(strstr(g.error.msg, "hunter2"));
	cr_assert_eq(bs_store_stat(g.store, BS_SCOPE_REPO, "x", &entry, &g.error), BS_OK);
	cr_assert_eq(entry.state, c->state);
	cr_assert_eq(entry.size, c->size, "%s: size %llu", c->value, (unsigned long long)entry.size);
	cr_assert_eq(bs_store_list(g.store, BS_SCOPE_AUTO, &list, &g.error), BS_OK);
	cr_assert_eq(list.count, 1);
	cr_assert_eq(list.items[0].state, c->state);
	bs_store_list_release(&list);
	cr_assert_eq(bs_store_rekey(g.store, BS_SCOPE_REPO, "x", NULL, &g.error), c->code);
	expect_set(BS_SCOPE_REPO, "x", "now it is one");
	expect_value(BS_SCOPE_REPO, "x", "now it is one");
	cr_assert_eq(bs_store_delete(g.store, BS_SCOPE_REPO, "x", &g.error), BS_OK);
}

Test(store_unhappy, a_name_twice_is_refused_and_nothing_is_written)
{
	static const char text[] = "{\"busdk\": {\"secrets\": {\"x\": \"a\", \"y\": \"b\", \"x\": \"c\"}}}";
	BS_CLEANUP(bs_free_ptr) char *after = NULL;
	struct bs_store_list list = {0};

	put_file(in_ws("datapackage.json"), text);
	cr_assert_eq(get_code(BS_SCOPE_REPO, "x"), BS_MALFORMED);
	cr_assert_eq(set_text(BS_SCOPE_REPO, "x", "v"), BS_MALFORMED);
	cr_assert_eq(bs_store_list(g.store, BS_SCOPE_REPO, &list, &g.error), BS_OK);
	cr_assert_eq(list.count, 2);
	cr_assert_eq(list.items[0].state, BS_ENTRY_MALFORMED);
	cr_assert_eq(list.items[1].state, BS_ENTRY_PLAINTEXT);
	bs_store_list_release(&list);
	after = get_file(in_ws("datapackage.json"));
	cr_assert_str_eq(after, text);
}

Test(store_unhappy, a_planted_key_with_a_nul_is_not_the_name)
{
	put_file(in_ws("datapackage.json"), "{\"busdk\": {\"secrets\": {\"openai_api_key\\u0000x\": \"a\", "
					    "\"Bad Name\": \"b\", \"a..b\": \"c\"}}}");
	cr_assert_eq(get_code(BS_SCOPE_REPO, "openai_api_key"), BS_NOT_FOUND);
	cr_assert_str_eq(list_names(BS_SCOPE_REPO), "");
	expect_set(BS_SCOPE_REPO, "openai_api_key", "v");
	expect_value(BS_SCOPE_REPO, "openai_api_key", "v");
	cr_assert_str_eq(list_names(BS_SCOPE_REPO), "openai_api_key");
}

Test(store_unhappy, names_outside_the_grammar_are_refused_before_anything_is_read)
{
	static const char *const names[] = {"Bad Name", "../x", ".x", "x.", "a..b", "", "x/y", "\xc3\xa4"};
	char longest[140];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		cr_assert_eq(get_code(BS_SCOPE_AUTO, names[i]), BS_NAME, "%s", names[i]);
		cr_assert_eq(set_text(BS_SCOPE_USER, names[i], "v"), BS_NAME, "%s", names[i]);
		cr_assert_eq(
			bs_store_delete(g.store, BS_SCOPE_USER, names[i], NULL), BS_NAME, "%s", names[i]);
		cr_assert_eq(bs_store_rename(g.store, BS_SCOPE_USER, "x", names[i], 0, NULL), BS_NAME, "%s",
			names[i]);
	}
	memset(longest, 'a', 129);
	longest[129] = '\0';
	cr_assert_eq(set_text(BS_SCOPE_USER, longest, "v"), BS_NAME_LONG);
	longest[128] = '\0';
	expect_set(BS_SCOPE_USER, longest, "v");
	expect_value(BS_SCOPE_USER, longest, "v");
	make_dir_layout();
	expect_set(BS_SCOPE_REPO, longest, "v");
	expect_value(BS_SCOPE_REPO, longest, "v");
}

Test(store_unhappy, without_a_workspace_repo_says_so_and_auto_is_user)
{
	struct bs_store_list list = {0};

	expect_set(BS_SCOPE_USER, "x", "v");
	cr_assert_eq(remove(in_ws("datapackage.json")), 0);
	ground_open();
	cr_assert_null(g.ws);
	cr_assert_eq(get_code(BS_SCOPE_REPO, "x"), BS_NO_WORKSPACE);
	expect_message("bus-secrets init --repo");
	cr_assert_eq(set_text(BS_SCOPE_REPO, "x", "v"), BS_NO_WORKSPACE);
	cr_assert_eq(bs_store_list(g.store, BS_SCOPE_REPO, &list, &g.error), BS_NO_WORKSPACE);
	cr_assert_str_eq(list_names(BS_SCOPE_AUTO), "x");
	expect_value(BS_SCOPE_AUTO, "x", "v");
	cr_assert_eq(bs_store_check(g.store, BS_SCOPE_REPO, NULL, NULL, &g.error), BS_NO_WORKSPACE);
	cr_assert_eq(bs_store_stamp(g.store, BS_SCOPE_REPO), 0);
}

Test(store_unhappy, a_package_that_vanishes_empties_the_scope_and_is_not_made_again)
{
	expect_set(BS_SCOPE_REPO, "x", "v");
	cr_assert_eq(remove(in_ws("datapackage.json")), 0);
	cr_assert_eq(get_code(BS_SCOPE_REPO, "x"), BS_NOT_FOUND);
	cr_assert_str_eq(list_names(BS_SCOPE_REPO), "");
	cr_assert_eq(set_text(BS_SCOPE_REPO, "x", "v"), BS_NO_WORKSPACE, "%s", g.error.msg);
	cr_assert_neq(access(in_ws("datapackage.json"), F_OK), 0);
}

Test(store_unhappy, a_value_over_the_limit_is_refused_both_ways)
{
	struct bs_env_options options = {.chdir = g.dir, .value_limit = 4};

	expect_set(BS_SCOPE_USER, "x", "12345");
	ground_close();
	cr_assert_eq(bs_env_open(&options, &g.env, &g.error), BS_OK);
	cr_assert_eq(bs_keys_open(g.env, NULL, &g.keys, &g.error), BS_OK);
	cr_assert_eq(bs_store_open(g.env, NULL, g.keys, &g.store, &g.error), BS_OK);
	cr_assert_eq(get_code(BS_SCOPE_USER, "x"), BS_TOO_LARGE);
	expect_message("5 bytes");
	cr_assert_eq(set_text(BS_SCOPE_USER, "y", "12345"), BS_TOO_LARGE);
	expect_set(BS_SCOPE_USER, "y", "1234");
}

Test(store_unhappy, a_file_over_the_limit_is_named_with_it)
{
	expect_set(BS_SCOPE_REPO, "x", "v");
	cr_assert_eq(truncate(in_ws("datapackage.json"), 64 * 1024 * 1024 + 1), 0);
	cr_assert_eq(get_code(BS_SCOPE_REPO, "x"), BS_TOO_LARGE, "%s", g.error.msg);
	expect_message("datapackage.json");
	cr_assert_eq(set_text(BS_SCOPE_REPO, "x", "w"), BS_TOO_LARGE);
	expect_set(BS_SCOPE_USER, "x", "v");
	cr_assert_eq(truncate(PREFERENCES, 64 * 1024 * 1024 + 1), 0);
	cr_assert_eq(get_code(BS_SCOPE_USER, "x"), BS_TOO_LARGE, "%s", g.error.msg);
	expect_message("preferences.json");
}

Test(store_unhappy, read_only_files_and_directories_stay_untouched)
{
	BS_CLEANUP(bs_free_ptr) char *before = NULL;
	BS_CLEANUP(bs_free_ptr) char *after = NULL;

	expect_set(BS_SCOPE_USER, "x", "v");
	before = get_file(PREFERENCES);
	cr_assert_eq(chmod(PREFERENCES, 0400), 0);
	cr_assert_eq(set_text(BS_SCOPE_USER, "x", "w"), BS_READ_ONLY);
	expect_message("preferences.json is read-only");
	cr_assert_eq(bs_store_delete(g.store, BS_SCOPE_USER, "x", &g.error), BS_READ_ONLY);
	cr_assert_eq(bs_store_rename(g.store, BS_SCOPE_USER, "x", "y", 0, &g.error), BS_READ_ONLY);
	cr_assert_eq(bs_store_rekey(g.store, BS_SCOPE_USER, "x", NULL, &g.error), BS_READ_ONLY);
	/* The same value again needs no writing. */
	expect_value(BS_SCOPE_USER, "x", "v");
	cr_assert_eq(chmod(PREFERENCES, 0600), 0);
	cr_assert_eq(chmod(in_home(".config/bus"), 0500), 0);
	cr_assert_eq(set_text(BS_SCOPE_USER, "x", "w"), BS_READ_ONLY);
	expect_message("not writable");
	after = get_file(PREFERENCES);
	cr_assert_str_eq(before, after);
}

Test(store_unhappy, a_wrong_key_is_named_with_who_could_read)
{
	struct bs_store_entry entry = {0};
	char other[128];

	expect_set(BS_SCOPE_USER, "x", "v");
	cr_assert_eq(remove(in_home(".config/sops/age/keys.txt")), 0);
	make_identity_in(g.home, other);
	ground_open();
	cr_assert_eq(get_code(BS_SCOPE_USER, "x"), BS_NO_MATCH);
	expect_message(g.own);
	cr_assert_eq(bs_store_rekey(g.store, BS_SCOPE_USER, "x", NULL, &g.error), BS_NO_MATCH);
	cr_assert_eq(bs_store_stat(g.store, BS_SCOPE_USER, "x", &entry, &g.error), BS_OK);
	cr_assert_eq(entry.state, BS_ENTRY_FOREIGN);
	cr_assert_eq(entry.size, 1);
	bs_store_entry_release(&entry);
	/* The user scope gives it to us and to whom it had. */
	expect_set(BS_SCOPE_USER, "x", "w");
	expect_value(BS_SCOPE_USER, "x", "w");
	cr_assert_eq(bs_store_stat(g.store, BS_SCOPE_USER, "x", &entry, &g.error), BS_OK);
	cr_assert_eq(entry.recipients.count, 2);
	cr_assert_eq(entry.state, BS_ENTRY_OK);
	bs_store_entry_release(&entry);
}

Test(store_unhappy, a_write_that_nobody_here_could_read_back_is_refused_unless_blind)
{
	struct bs_store_write options = {.blind = true};
	char list[256];

	make_dir_layout();
	(void)snprintf(list, sizeof(list), "%s\n", other_recipient());
	put_file(in_ws(".bus/secrets/recipients.txt"), list);
	cr_assert_eq(set_text(BS_SCOPE_REPO, "x", "v"), BS_NO_MATCH, "%s", g.error.msg);
	expect_message("--blind");
	cr_assert_eq(bs_store_can_set(g.store, BS_SCOPE_REPO, "x", &g.error), BS_NO_MATCH);
	cr_assert_neq(access(in_ws(".bus/secrets/x.sops.json"), F_OK), 0);
	cr_assert_eq(set_bytes(BS_SCOPE_REPO, "x", "v", 1, &options, NULL), BS_OK, "%s", g.error.msg);
	cr_assert_eq(get_code(BS_SCOPE_REPO, "x"), BS_NO_MATCH);
}

Test(store_unhappy, a_foreign_document_without_policy_is_not_taken_over)
{
	struct bs_store_write options = {.blind = true};
	char list[256];

	make_dir_layout();
	(void)snprintf(list, sizeof(list), "%s\n", other_recipient());
	put_file(in_ws(".bus/secrets/recipients.txt"), list);
	cr_assert_eq(set_bytes(BS_SCOPE_REPO, "x", "v", 1, &options, NULL), BS_OK, "%s", g.error.msg);
	cr_assert_eq(remove(in_ws(".bus/secrets/recipients.txt")), 0);
	cr_assert_eq(set_text(BS_SCOPE_REPO, "x", "w"), BS_NO_MATCH, "%s", g.error.msg);
	(void)snprintf(list, sizeof(list), "%s\n", g.own);
	put_file(in_ws(".bus/secrets/recipients.txt"), list);
	expect_set(BS_SCOPE_REPO, "x", "w");
	expect_value(BS_SCOPE_REPO, "x", "w");
}

Test(store_unhappy, a_damaged_document_is_refused_and_set_again)
{
	static const char *const marks[] = {
		"ENC[AES256_GCM,data:", ",iv:", ",tag:", "\\\"mac\\\":\\\"ENC[AES256_GCM,data:"};

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		BS_CLEANUP(bs_free_ptr) char *text = NULL;
		char *at;

		expect_set(BS_SCOPE_USER, "x", "a value of some length");
		text = get_file(PREFERENCES);
		at = strstr(text, marks[i]);
		cr_assert_not_null(at, "%s in %s", marks[i], text);
		at += strlen(marks[i]);
		*at = *at == 'A' ? 'B' : 'A';
		put_file(PREFERENCES, text);
		cr_assert_eq(get_code(BS_SCOPE_USER, "x"), BS_INTEGRITY, "%s: %s", marks[i], g.error.msg);
		expect_message("write it again: bus-secrets set x --scope user");
		cr_assert_eq(bs_store_rekey(g.store, BS_SCOPE_USER, "x", NULL, &g.error), BS_INTEGRITY);
		expect_set(BS_SCOPE_USER, "x", "again");
		expect_value(BS_SCOPE_USER, "x", "again");
		cr_assert_eq(bs_store_delete(g.store, BS_SCOPE_USER, "x", &g.error), BS_OK);
	}
}

Test(store_unhappy, an_unreadable_file_is_named)
{
	if (geteuid() == 0)
		return;
	expect_set(BS_SCOPE_USER, "x", "v");
	cr_assert_eq(chmod(PREFERENCES, 0), 0);
	cr_assert_eq(get_code(BS_SCOPE_USER, "x"), BS_PERMISSION);
	expect_message("preferences.json");
}

Test(store_unhappy, a_directory_in_the_files_place_is_named)
{
	make_dirs(PREFERENCES);
	cr_assert_neq(get_code(BS_SCOPE_USER, "x"), BS_OK);
	expect_message("preferences.json");
	cr_assert_neq(set_text(BS_SCOPE_USER, "x", "v"), BS_OK);
	expect_message("preferences.json");
}

Test(store_unhappy, a_package_that_leads_out_or_is_anothers_is_refused)
{
	char outside[128];
	BS_CLEANUP(bs_free_ptr) char *after = NULL;

	(void)snprintf(outside, sizeof(outside), "%s/outside.json", g.root);
	put_file(outside, "{}\n");
	expect_set(BS_SCOPE_REPO, "x", "v");
	cr_assert_eq(remove(in_ws("datapackage.json")), 0);
	cr_assert_eq(symlink(outside, in_ws("datapackage.json")), 0);
	cr_assert_eq(get_code(BS_SCOPE_REPO, "x"), BS_POLICY, "%s", g.error.msg);
	cr_assert_eq(set_text(BS_SCOPE_REPO, "x", "v"), BS_POLICY, "%s", g.error.msg);
	after = get_file(outside);
	cr_assert_str_eq(after, "{}\n");
	if (geteuid() != 0)
		return;
	cr_assert_eq(remove(in_ws("datapackage.json")), 0);
	put_file(in_ws("datapackage.json"), "{}");
	cr_assert_eq(chown(in_ws("datapackage.json"), 12345, 12345), 0);
	cr_assert_eq(get_code(BS_SCOPE_REPO, "x"), BS_POLICY);
	cr_assert_eq(set_text(BS_SCOPE_REPO, "x", "v"), BS_POLICY);
}

Test(store_unhappy, a_file_with_two_names_is_not_replaced)
{
	expect_set(BS_SCOPE_USER, "x", "v");
	cr_assert_eq(link(PREFERENCES, in_home("second")), 0);
	cr_assert_eq(set_text(BS_SCOPE_USER, "x", "w"), BS_POLICY);
	expect_value(BS_SCOPE_USER, "x", "v");
}

TestSuite(store_keyless, .init = ground_start_without_keys, .fini = ground_end);

Test(store_keyless, without_an_identity_nothing_is_written)
{
	cr_assert_eq(set_text(BS_SCOPE_USER, "x", "v"), BS_NO_IDENTITY, "%s", g.error.msg);
	cr_assert_eq(set_text(BS_SCOPE_REPO, "x", "v"), BS_NO_IDENTITY, "%s", g.error.msg);
	cr_assert_neq(access(PREFERENCES, F_OK), 0);
	cr_assert_neq(access(in_home(".config/bus"), F_OK), 0);
}

#define A43 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static const char pgp_document[] =
	"{\"data\":\"ENC[AES256_GCM,data:wd2e6q0=,iv:oKGio6SlpqeoqaqrrK2ur7CxsrO0tba3uLm6u7y9vr8=,"
	"tag:++q/"
	"uII5bEYPhvwCDRl0kA==,type:str]\",\"sops\":{\"pgp\":[{\"created_at\":\"2026-01-02T03:04:05Z\","
	"\"enc\":\"x\",\"fp\":\"00112233445566778899AABBCCDDEEFF00112233\"}],"
	"\"lastmodified\":\"2026-01-02T03:04:05Z\",\"mac\":\"ENC[AES256_GCM,data:" A43 A43 A43 "AAAAAAAAA"
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=,iv:oKGio6SlpqeoqaqrrK2ur7CxsrO0tba3uLm6u7y9vr8=,tag:++q/"
	"uII5bEYPhvwCDRl0kA==,type:str]\","
	"\"version\":\"3.9.4\"}}";

Test(store_keyless, a_document_of_other_kinds_asks_for_sops_by_name)
{
	struct bs_store_entry entry = {0};

	setenv("PATH", "/nowhere", 1);
	ground_open();
	make_dir_layout();
	put_file(in_ws(".bus/secrets/x.sops.json"), pgp_document);
	cr_assert_eq(get_code(BS_SCOPE_REPO, "x"), BS_NEED_SOPS, "%s", g.error.msg);
	expect_message("pgp");
	expect_message("install sops (https://getsops.io/)");
	cr_assert_eq(bs_store_stat(g.store, BS_SCOPE_REPO, "x", &entry, &g.error), BS_OK, "%s", g.error.msg);
	cr_assert_eq(entry.state, BS_ENTRY_OK);
	cr_assert_eq(entry.size, 5);
	bs_store_entry_release(&entry);
}

/* A program in place of sops: what it prints is the value, what it ends with is the answer. */
static void put_sops(const char *script)
{
	char path[256], bin[128];

	(void)snprintf(bin, sizeof(bin), "%s/bin", g.root);
	(void)snprintf(path, sizeof(path), "%s/sops", bin);
	make_dirs(bin);
	put_file(path, script);
	cr_assert_eq(chmod(path, 0755), 0);
	(void)snprintf(path, sizeof(path), "%s:/usr/bin:/bin", bin);
	setenv("PATH", path, 1);
	ground_open();
}

Test(store_keyless, a_document_of_other_kinds_is_opened_by_sops_from_path)
{
	make_dir_layout();
	put_file(in_ws(".bus/secrets/x.sops.json"), pgp_document);
	put_sops("#!/bin/sh\nread -r line\ncase $line in *00112233445566*) printf hello ;; esac\n");
	expect_value(BS_SCOPE_REPO, "x", "hello");
	put_sops("#!/bin/sh\ncat >/dev/null\necho no key >&2\nexit 128\n");
	cr_assert_eq(get_code(BS_SCOPE_REPO, "x"), BS_NO_MATCH);
	expect_message("no key");
	put_sops("#!/bin/sh\ncat >/dev/null\nexit 51\n");
	cr_assert_eq(get_code(BS_SCOPE_REPO, "x"), BS_INTEGRITY);
	put_sops("#!/bin/sh\ncat >/dev/null\nhead -c 3000000 /dev/zero\n");
	cr_assert_eq(get_code(BS_SCOPE_REPO, "x"), BS_TOO_LARGE, "%s", g.error.msg);
}

Test(store_keyless, a_sops_inside_the_workspace_is_not_run)
{
	make_dir_layout();
	put_file(in_ws(".bus/secrets/x.sops.json"), pgp_document);
	put_file(in_ws("sops"), "#!/bin/sh\nprintf planted\n");
	cr_assert_eq(chmod(in_ws("sops"), 0755), 0);
	setenv("PATH", g.dir, 1);
	ground_open();
	cr_assert_eq(get_code(BS_SCOPE_REPO, "x"), BS_NEED_SOPS, "%s", g.error.msg);
}

TestSuite(store_other_kinds, .init = ground_start, .fini = ground_end);

Test(store_other_kinds, a_write_that_had_to_keep_their_envelopes_is_refused_but_delete_works)
{
	BS_CLEANUP(bs_free_ptr) char *after = NULL;

	setenv("PATH", "/nowhere", 1);
	ground_open();
	make_dir_layout();
	put_file(in_ws(".bus/secrets/x.sops.json"), pgp_document);
	setenv("SOPS_AGE_RECIPIENTS", g.own, 1);
	ground_open();
	cr_assert_eq(
		bs_store_can_set(g.store, BS_SCOPE_REPO, "x", &g.error), BS_NEED_SOPS, "%s", g.error.msg);
	cr_assert_eq(set_text(BS_SCOPE_REPO, "x", "v"), BS_NEED_SOPS, "%s", g.error.msg);
	cr_assert_eq(
		bs_store_rekey(g.store, BS_SCOPE_REPO, "x", NULL, &g.error), BS_NEED_SOPS, "%s", g.error.msg);
	after = get_file(in_ws(".bus/secrets/x.sops.json"));
	cr_assert_str_eq(after, pgp_document);
	cr_assert_eq(bs_store_delete(g.store, BS_SCOPE_REPO, "x", &g.error), BS_OK, "%s", g.error.msg);
	expect_set(BS_SCOPE_REPO, "x", "v");
	expect_value(BS_SCOPE_REPO, "x", "v");
}
