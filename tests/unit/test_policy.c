/* test_policy.c: who a document is encrypted to; edits of recipients.txt. */
#include "../../core/age/age.h"
#include "../../core/keys/policy.h"
#include "scratch.h"

#include <bus-secrets/keys.h>

/* Public keys of nobody. */
#define A "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
#define B "age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg"
#define RSA "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ"
#define RECIPIENTS "ws/.bus/secrets/recipients.txt"
#define SOMEBODY 54321

static struct bs_env *env;
static struct bs_workspace *ws;
static struct bs_keys *keys;
static char *own;

static void write_key(const char *relative, char **ret_recipient)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *line = NULL;

	cr_assert_eq(bs_age_keygen(&line, ret_recipient, NULL), BS_OK);
	scratch_write_mode(relative, bs_secret_bytes(line), bs_secret_len(line), 0600);
}

static void start(void)
{
	scratch_start();
	scratch_write("ws/datapackage.json", "{}");
	write_key("home/.config/sops/age/keys.txt", &own);
}

static void close_all(void)
{
	keys = bs_keys_close(keys);
	ws = bs_workspace_close(ws);
	env = bs_env_close(env);
}

static void end(void)
{
	close_all();
	free(own);
	scratch_end();
}

TestSuite(policy, .init = start, .fini = end, .timeout = 60);
TestSuite(recipients_file, .init = start, .fini = end, .timeout = 60);

static void open_all(void)
{
	struct bs_error error = {0};

	close_all();
	cr_assert_eq(bs_env_open(NULL, &env, &error), BS_OK, "%s", error.msg);
	cr_assert_eq(bs_workspace_find(env, NULL, &ws, &error), BS_OK, "%s", error.msg);
	cr_assert_eq(bs_keys_open(env, ws, &keys, &error), BS_OK, "%s", error.msg);
}

struct call {
	enum bs_scope scope;
	const char *present[3]; /* of a document that is there; NULL first: an empty list */
	bool is_old;
	bool is_rekey;
};

static enum bs_code ask(const struct call *call, struct bs_strings *ret, enum bs_policy_origin *origin,
	struct bs_error *error)
{
	struct bs_strings present = {0};
	enum bs_code code;

	open_all();
	for (size_t i = 0; i < 3 && call->present[i]; i++)
		cr_assert_eq(bs_strings_add(&present, call->present[i], NULL), BS_OK);
	code = bs_policy_recipients(env, call->scope == BS_SCOPE_REPO ? ws : NULL, keys, call->scope, "x",
		call->is_old ? &present : NULL, call->is_rekey, ret, origin, error);
	bs_strings_release(&present);
	return code;
}

static void expect(const struct call *call, enum bs_policy_origin want_origin, const char *a, const char *b,
	const char *c)
{
	const char *const want[] = {a, b, c};
	enum bs_policy_origin origin = BS_POLICY_NONE;
	struct bs_strings got = {0};
	struct bs_error error = {0};
	size_t count = 0;
	char *joined;

	cr_assert_eq(ask(call, &got, &origin, &error), BS_OK, "%s", error.msg);
	joined = bs_strings_join(&got, " ");
	for (; count < 3 && want[count]; count++)
		cr_assert(bs_strings_has(&got, want[count]), "%s is missing in: %s", want[count], joined);
	cr_assert_eq(got.count, count, "%s", joined);
	cr_assert_eq(origin, want_origin);
	free(joined);
	bs_strings_release(&got);
}

static void expect_refused(const struct call *call, enum bs_code want, const char *word)
{
	struct bs_strings got = {0};
	struct bs_error error = {0};
	enum bs_code code = ask(call, &got, NULL, &error);

	cr_assert_eq(code, want, "%s: %s", bs_code_name(code), error.msg);
	cr_assert_not_null(strstr(error.msg, word), "%s", error.msg);
	cr_assert_eq(got.count, 0);
}

static const struct call new_user = {.scope = BS_SCOPE_USER};
static const struct call new_repo = {.scope = BS_SCOPE_REPO};

/* --- user scope ----------------------------------------------------------------------------------------------- */

Test(policy, user_scope_is_the_user_the_variable_and_those_present)
{
	static const struct call old = {.scope = BS_SCOPE_USER, .is_old = true, .present = {B, RSA}};
	static const struct call rekey = {.scope = BS_SCOPE_USER, .is_old = true, .is_rekey = true, .present = {B}};

	expect(&new_user, BS_POLICY_NONE, own, NULL, NULL);
	expect(&old, BS_POLICY_NONE, own, B, NULL);
	expect(&rekey, BS_POLICY_NONE, own, NULL, NULL);
	(void)setenv("SOPS_AGE_RECIPIENTS", " " A " , " A, 1);
	expect(&new_user, BS_POLICY_NONE, own, A, NULL);
	expect(&rekey, BS_POLICY_NONE, own, A, NULL);
}

Test(policy, user_scope_takes_nothing_from_the_workspace)
{
	char *profile = NULL;

	write_key("home/team.txt", &profile);
	scratch_write(RECIPIENTS, A "\n");
	scratch_write("ws/.sops.yaml", "creation_rules:\n  - age: " B "\n");
	scratch_write("ws/.bus/secrets/config.json", "{\"profile\": \"team\"}");
	scratch_write("ws/.env", "SOPS_AGE_RECIPIENTS=" A "\n");
	scratch_write("home/.config/bus/preferences.json",
		"{\"values\": {\"bus-secrets.profiles.team.age_key_file\": \"~/team.txt\"}}");
	(void)setenv("SOPS_AGE_RECIPIENTS", A, 1);
	expect(&new_user, BS_POLICY_NONE, own, NULL, NULL);
	free(profile);
}

Test(policy, without_anybody_there_is_nothing_to_encrypt_to)
{
	cr_assert_eq(unlink(scratch_path("home/.config/sops/age/keys.txt")), 0);
	expect_refused(&new_user, BS_NO_IDENTITY, "init");
	expect_refused(&new_repo, BS_NO_IDENTITY, "init");
	(void)setenv("SOPS_AGE_RECIPIENTS", A, 1);
	expect(&new_user, BS_POLICY_NONE, A, NULL, NULL);
	expect(&new_repo, BS_POLICY_NONE, A, NULL, NULL);
}

Test(policy, a_bad_variable_is_an_error)
{
	static const char *const bad[] = {A ",", "," A, A ",," B, A "\n" B, "nonsense", RSA};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		(void)setenv("SOPS_AGE_RECIPIENTS", bad[i], 1);
		expect_refused(&new_user, i == 5 ? BS_POLICY : BS_MALFORMED, "SOPS_AGE_RECIPIENTS");
	}
	(void)setenv("SOPS_AGE_RECIPIENTS", "", 1);
	expect(&new_user, BS_POLICY_NONE, own, NULL, NULL);
}

/* --- repository scope ----------------------------------------------------------------------------------------- */

Test(policy, without_a_policy_a_document_keeps_its_own)
{
	static const struct call old = {.scope = BS_SCOPE_REPO, .is_old = true, .present = {B, RSA}};
	static const struct call foreign = {.scope = BS_SCOPE_REPO, .is_old = true};

	expect(&new_repo, BS_POLICY_NONE, own, NULL, NULL);
	expect(&old, BS_POLICY_NONE, B, NULL, NULL);
	expect(&foreign, BS_POLICY_NONE, own, NULL, NULL);
	(void)setenv("SOPS_AGE_RECIPIENTS", A, 1);
	expect(&new_repo, BS_POLICY_NONE, own, A, NULL);
	expect(&old, BS_POLICY_NONE, A, B, NULL);
}

Test(policy, recipients_txt_decides_alone)
{
	static const struct call old = {.scope = BS_SCOPE_REPO, .is_old = true, .present = {B}};

	scratch_write(RECIPIENTS, "\xef\xbb\xbf# the team\r\n\r\n  " A "  # alice\r\n" A "\r\n");
	scratch_write("ws/.sops.yaml", "creation_rules:\n  - age: " B "\n");
	(void)setenv("SOPS_AGE_RECIPIENTS", B, 1);
	expect(&new_repo, BS_POLICY_RECIPIENTS, A, NULL, NULL);
	expect(&old, BS_POLICY_RECIPIENTS, A, NULL, NULL);
}

Test(policy, the_creation_rule_decides_where_there_is_no_list)
{
	static const struct call old = {.scope = BS_SCOPE_REPO, .is_old = true, .present = {A}};

	scratch_write("ws/.sops.yaml",
		"creation_rules:\n  - path_regex: ^\\.bus/secrets/x\\.sops\\.json$\n    age: " B "\n  - age: " A "\n");
	expect(&new_repo, BS_POLICY_SOPS_YAML, B, NULL, NULL);
	expect(&old, BS_POLICY_SOPS_YAML, B, NULL, NULL);
	scratch_write("ws/.sops.yaml", "stores: {}\n");
	expect(&new_repo, BS_POLICY_NONE, own, NULL, NULL);
	scratch_write("ws/.sops.yaml", "creation_rules:\n  - pgp: ABCD\n");
	expect_refused(&new_repo, BS_POLICY, "pgp");
}

Test(policy, rules_of_directories_above_do_not_count)
{
	scratch_write(".sops.yaml", "creation_rules:\n  - age: " B "\n");
	scratch_write("home/.sops.yaml", "creation_rules:\n  - age: " B "\n");
	expect(&new_repo, BS_POLICY_NONE, own, NULL, NULL);
}

Test(policy, a_damaged_list_is_never_no_policy)
{
	static const struct {
		const char *text;
		enum bs_code code;
		const char *word;
	} cases[] = {
		{"", BS_POLICY, "nobody"},
		{"# nobody\n", BS_POLICY, "nobody"},
		{A "\nnonsense\n", BS_MALFORMED, "line 2"},
		{A " " B "\n", BS_MALFORMED, "line 1"},
		{"AGE-SECRET-KEY-1PLANTED\n", BS_MALFORMED, "identity"},
		{RSA "\n", BS_POLICY, "ssh-rsa"},
		{"age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t\n", BS_POLICY, "plugin"},
		{"<<<<<<< HEAD\n" A "\n", BS_MALFORMED, "line 1"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		scratch_write(RECIPIENTS, cases[i].text);
		expect_refused(&new_repo, cases[i].code, cases[i].word);
	}
}

Test(policy, a_list_that_cannot_be_read_is_never_no_policy)
{
	scratch_write("outside.txt", B "\n");
	scratch_mkdir("ws/.bus/secrets");
	cr_assert_eq(symlink("../../../outside.txt", scratch_path(RECIPIENTS)), 0);
	expect_refused(&new_repo, BS_POLICY, "leads out");
	cr_assert_eq(unlink(scratch_path(RECIPIENTS)), 0);
	scratch_mkdir(RECIPIENTS);
	expect_refused(&new_repo, BS_MALFORMED, "regular");
	cr_assert_eq(rmdir(scratch_path(RECIPIENTS)), 0);
	cr_assert_eq(symlink("../outside.txt", scratch_path("ws/.sops.yaml")), 0);
	expect_refused(&new_repo, BS_POLICY, "leads out");
	cr_assert_eq(unlink(scratch_path("ws/.sops.yaml")), 0);
	cr_assert_eq(symlink("absent", scratch_path("ws/.sops.yaml")), 0);
	expect_refused(&new_repo, BS_POLICY, "nowhere");
	cr_assert_eq(unlink(scratch_path("ws/.sops.yaml")), 0);
	cr_assert_eq(symlink("absent", scratch_path(RECIPIENTS)), 0);
	expect_refused(&new_repo, BS_POLICY, "nowhere");
	cr_assert_eq(unlink(scratch_path(RECIPIENTS)), 0);
	cr_assert_eq(rmdir(scratch_path("ws/.bus/secrets")), 0);
	cr_assert_eq(rmdir(scratch_path("ws/.bus")), 0);
	cr_assert_eq(symlink("absent", scratch_path("ws/.bus")), 0);
	expect_refused(&new_repo, BS_POLICY, "nowhere");
	cr_assert_eq(unlink(scratch_path("ws/.bus")), 0);
	expect(&new_repo, BS_POLICY_NONE, own, NULL, NULL);
	if (geteuid() == 0)
		return;
	scratch_write_mode(RECIPIENTS, A, strlen(A), 0);
	expect_refused(&new_repo, BS_PERMISSION, "recipients.txt");
}

Test(policy, lists_of_other_users_are_told_of_and_not_used)
{
	if (geteuid() != 0)
		scratch_skip("only root can give a file away");
	scratch_write(RECIPIENTS, B "\n");
	scratch_write("ws/.sops.yaml", "creation_rules:\n  - age: " B "\n");
	cr_assert_eq(chown(scratch_path(RECIPIENTS), SOMEBODY, SOMEBODY), 0);
	cr_assert_eq(chown(scratch_path("ws/.sops.yaml"), SOMEBODY, SOMEBODY), 0);
	expect(&new_repo, BS_POLICY_NONE, own, NULL, NULL);
	cr_assert(scratch_was_told("recipients.txt") && scratch_was_told(".sops.yaml"));
	cr_assert_eq(bs_workspaces_add(env, scratch_path("ws"), true, NULL, NULL), BS_OK);
	expect(&new_repo, BS_POLICY_RECIPIENTS, B, NULL, NULL);
}

Test(policy, a_new_repo_document_is_for_the_profile)
{
	char *profile = NULL;

	write_key("home/team.txt", &profile);
	scratch_write("ws/.bus/secrets/config.json", "{\"profile\": \"team\"}");
	scratch_write("home/.config/bus/preferences.json",
		"{\"values\": {\"bus-secrets.profiles.team.age_key_file\": \"~/team.txt\"}}");
	expect(&new_repo, BS_POLICY_NONE, profile, NULL, NULL);
	free(profile);
}

Test(policy, scopes_without_a_store_have_none)
{
	static const struct call merged = {.scope = BS_SCOPE_AUTO};
	struct bs_strings got = {0};

	expect_refused(&merged, BS_USAGE, "auto");
	cr_assert_eq(bs_policy_recipients(env, NULL, keys, BS_SCOPE_REPO, "x", NULL, false, &got, NULL, NULL),
		BS_NO_WORKSPACE);
}

/* --- recipients.txt ------------------------------------------------------------------------------------------- */

static void add(const char *recipient, enum bs_code want, bool want_added)
{
	struct bs_error error = {0};
	bool was_added = false;

	open_all();
	cr_assert_eq(bs_recipients_file_add(ws, recipient, &was_added, &error), want, "%s", error.msg);
	cr_assert_eq(was_added, want_added);
}

static void take_out(const char *recipient, enum bs_code want)
{
	struct bs_error error = {0};

	open_all();
	cr_assert_eq(bs_recipients_file_remove(ws, recipient, &error), want, "%s", error.msg);
}

Test(recipients_file, is_made_and_grows_by_lines)
{
	add(A, BS_OK, true);
	cr_assert_str_eq(scratch_read(RECIPIENTS), A "\n");
	add(B, BS_OK, true);
	add(A, BS_OK, false);
	cr_assert_str_eq(scratch_read(RECIPIENTS), A "\n" B "\n");
	add("nonsense", BS_USAGE, false);
	cr_assert_str_eq(scratch_read(RECIPIENTS), A "\n" B "\n");
}

Test(recipients_file, keeps_what_others_wrote)
{
	scratch_write(RECIPIENTS, "# team\r\n\r\n" A " # alice\r\n# end");
	add(B, BS_OK, true);
	cr_assert_str_eq(scratch_read(RECIPIENTS), "# team\r\n\r\n" A " # alice\r\n# end\n" B "\n");
	take_out(A, BS_OK);
	cr_assert_str_eq(scratch_read(RECIPIENTS), "# team\r\n\r\n# end\n" B "\n");
	take_out(A, BS_NOT_FOUND);
	take_out(B, BS_OK);
	cr_assert_str_eq(scratch_read(RECIPIENTS), "# team\r\n\r\n# end\n");
}

Test(recipients_file, removing_from_none_makes_none)
{
	take_out(A, BS_NOT_FOUND);
	cr_assert_not(scratch_exists("ws/.bus"));
}

Test(recipients_file, a_damaged_one_is_not_written)
{
	scratch_write(RECIPIENTS, "nonsense\n");
	add(A, BS_MALFORMED, false);
	cr_assert_str_eq(scratch_read(RECIPIENTS), "nonsense\n");
}

Test(recipients_file, nothing_is_written_outside_of_the_workspace)
{
	scratch_write("outside.txt", "# mine\n");
	scratch_mkdir("elsewhere");
	scratch_mkdir("ws/.bus/secrets");
	cr_assert_eq(symlink("../../../outside.txt", scratch_path(RECIPIENTS)), 0);
	add(A, BS_POLICY, false);
	cr_assert_str_eq(scratch_read("outside.txt"), "# mine\n");
	cr_assert_eq(unlink(scratch_path(RECIPIENTS)), 0);
	cr_assert_eq(symlink("../../../dangling.txt", scratch_path(RECIPIENTS)), 0);
	add(A, BS_POLICY, false);
	cr_assert_not(scratch_exists("dangling.txt"));
	cr_assert_eq(unlink(scratch_path(RECIPIENTS)), 0);
	cr_assert_eq(rmdir(scratch_path("ws/.bus/secrets")), 0);
	cr_assert_eq(symlink("../../elsewhere", scratch_path("ws/.bus/secrets")), 0);
	add(A, BS_POLICY, false);
	cr_assert_not(scratch_exists("elsewhere/recipients.txt"));
}
