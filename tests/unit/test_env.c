/* test_env.c: variables, the .env rule, places, preferences, programs. */
#include "../../core/keys/dotenv.h"
#include "../../core/keys/env_private.h"
#include "scratch.h"

#include <bus-secrets/config.h>
#include <bus-secrets/workspace.h>
#include <criterion/parameterized.h>
#include <time.h>

TestSuite(env, .init = scratch_start, .fini = scratch_end);

static struct bs_env *open_env(void)
{
	struct bs_error error = {0};
	struct bs_env *env = NULL;

	cr_assert_eq(bs_env_open(NULL, &env, &error), BS_OK, "%s", error.msg);
	return env;
}

/* --- the judge of .env texts ---------------------------------------------------------------------------------- */

struct dotenv_case {
	char text[160];
	char value[64];
	bool is_same;
};

ParameterizedTestParameters(dotenv, every_dialect_is_seen)
{
	static struct dotenv_case cases[] = {
		{"SOPS_AGE_KEY_CMD=/bin/evil\n", "/bin/evil", true},
		{"SOPS_AGE_KEY_CMD=/bin/evil", "/bin/evil", true},
		{"SOPS_AGE_KEY_CMD=/bin/evil\r\nX=1\r\n", "/bin/evil", true},
		{"X=1\rSOPS_AGE_KEY_CMD=/bin/evil\r", "/bin/evil", true},
		{"export SOPS_AGE_KEY_CMD=/bin/evil\n", "/bin/evil", true},
		{"  \texport   SOPS_AGE_KEY_CMD = /bin/evil  \n", "/bin/evil", true},
		{"SOPS_AGE_KEY_CMD: /bin/evil\n", "/bin/evil", true},
		{"SOPS_AGE_KEY_CMD=\"/bin/evil\"\n", "/bin/evil", true},
		{"SOPS_AGE_KEY_CMD='/bin/evil' # why\n", "/bin/evil", true},
		{"SOPS_AGE_KEY_CMD=/bin/evil # why\n", "/bin/evil", true},
		{"SOPS_AGE_KEY_CMD=/bin/evil#why\n", "/bin/evil", true},
		{"SOPS_AGE_KEY_CMD=`echo /bin/evil`\n", "/bin/evil", true},
		{"D=/bin\nSOPS_AGE_KEY_CMD=$D/evil\n", "/bin/evil", true},
		{"SOPS_AGE_KEY_CMD=${NONE:-/bin/evil}\n", "/bin/evil", true},
		{"SOPS_AGE_KEY_CMD=\"\\x2fbin/evil\"\n", "/bin/evil", true},
		{"SOPS_AGE_KEY_CMD=/bin/ev\\il\n", "/bin/evil", true},
		{"SOPS_AGE_KEY_CMD=/bin/ev\"\"il\n", "/bin/evil", true},
		{"SOPS_AGE_KEY_\\\nCMD=/bin/evil\n", "/bin/evil", true},
		{"SOPS_AGE_\"KEY\"_CMD=/bin/evil\n", "/bin/evil", true},
		{"\"SOPS_AGE_KEY_CMD=/bin/evil\"\n", "/bin/evil", true},
		{"SOPS_AGE_KEY_CMD=\n/bin/evil\n", "/bin/evil", true},
		{"SOPS_AGE_KEY_CMD\n=\n'/bin/evil'\n", "/bin/evil", true},
		{"SOPS_AGE_KEY_CMD=\"\n/bin/evil\"\n", "/bin/evil", true},
		{"A=1 SOPS_AGE_KEY_CMD=/bin/evil\n", "/bin/evil", true},
		{"A=1;SOPS_AGE_KEY_CMD=/bin/evil;B=2\n", "/bin/evil", true},
		{"\xef\xbb\xbfSOPS_AGE_KEY_CMD=/bin/evil\n", "/bin/evil", true},
		{"SOPS_AGE_KEY_CMD=\xc2\xa0/bin/evil\n", "/bin/evil", true},
		{"X=1\xe2\x80\xa8SOPS_AGE_KEY_CMD=/bin/evil\n", "/bin/evil", true},
		{"X=1\vSOPS_AGE_KEY_CMD=/bin/evil\n", "/bin/evil", true},
		{"# note\vSOPS_AGE_KEY_CMD=/bin/evil\n", "/bin/evil", true},
		{"SOPS_AGE_KEY_CMD+=/bin/evil\n", "/bin/evil", true},
		{"SOPS_AGE_KEY_CMD<<END\n/bin/evil\nEND\n", "/bin/evil", true},
		{"SOPS_AGE_KEY_CMD=cat   key.txt\n", "cat key.txt", true},
		{"SOPS_AGE_KEY_CMD='cat key.txt'\n", "cat 'key.txt'", true},
		{"SOPS_AGE_KEY_CMD=other\nSOPS_AGE_KEY_CMD=/bin/evil\n", "/bin/evil", true},
		{"A=\"\n#\" SOPS_AGE_KEY_CMD=/bin/evil\n", "/bin/evil", true},
		{"A='\n # ' SOPS_AGE_KEY_CMD=/bin/evil\n", "/bin/evil", true},
		{"A=\"'\"\nB='\n#';SOPS_AGE_KEY_CMD=/bin/evil\n", "/bin/evil", true},
		{"SOPS_AGE_KEY_CMD=\n", "", true},
		{"SOPS_AGE_KEY_CMD=/bin/other\n", "/bin/evil", false},
		{"SOPS_AGE_KEY_CMD=/bin/evil2\n", "/bin/evil", false},
		{"SOPS_AGE_KEY_CMD=/bin/evil/x\n", "/bin/evil", false},
		{"SOPS_AGE_KEY_CMD=\nOTHER=1\n", "/bin/evil", false},
		{"# SOPS_AGE_KEY_CMD=/bin/evil\n", "/bin/evil", false},
		{"  # SOPS_AGE_KEY_CMD=/bin/evil\n", "/bin/evil", false},
		{"# SOPS_AGE_KEY_CMD=\"/bin/evil\"\n", "/bin/evil", false},
		{"MY_SOPS_AGE_KEY_CMD=/bin/evil\n", "/bin/evil", false},
		{"SOPS_AGE_KEY_CMD2=/bin/evil\n", "/bin/evil", false},
		{"SOPS_AGE_KEY_FILE=/bin/evil\n", "/bin/evil", false},
		{"", "/bin/evil", false},
		{"\n\n\n", "/bin/evil", false},
		{"SOPS_AGE_KEY_CMD", "/bin/evil", false},
	};

	return cr_make_param_array(struct dotenv_case, cases, sizeof(cases) / sizeof(cases[0]));
}

ParameterizedTest(struct dotenv_case *c, dotenv, every_dialect_is_seen)
{
	struct bs_dotenv dotenv = {.text = c->text, .len = strlen(c->text)};

	cr_assert_eq(bs_dotenv_may_set(&dotenv, "SOPS_AGE_KEY_CMD", c->value), c->is_same, "%s", c->text);
}

Test(dotenv, utf16_is_read_as_its_ascii)
{
	static const char ascii[] = "SOPS_AGE_KEY_CMD=/bin/evil\n";
	char wide[2 * sizeof(ascii)] = "\xff\xfe";
	struct bs_dotenv dotenv = {.text = wide, .len = sizeof(wide)};

	for (size_t i = 0; i + 1 < sizeof(ascii); i++)
		wide[2 + 2 * i] = ascii[i];
	cr_assert(bs_dotenv_may_set(&dotenv, "SOPS_AGE_KEY_CMD", "/bin/evil"));
	cr_assert_not(bs_dotenv_may_set(&dotenv, "SOPS_AGE_KEY_FILE", "/bin/evil"));
}

/* --- the rule ------------------------------------------------------------------------------------------------- */

Test(env, a_variable_that_the_dotenv_here_sets_is_ignored_and_told_of)
{
	struct bs_env *env;

	scratch_write("ws/.env", "SOPS_AGE_KEY_CMD=/bin/evil\nSOPS_AGE_RECIPIENTS=age1foreign\nBUS_CONFIG_DIR=store\n");
	(void)setenv("SOPS_AGE_KEY_CMD", "/bin/evil", 1);
	(void)setenv("SOPS_AGE_RECIPIENTS", "age1foreign", 1);
	(void)setenv("BUS_CONFIG_DIR", "store", 1);
	(void)setenv("SOPS_AGE_KEY_FILE", "/home/me/key", 1);
	env = open_env();
	cr_assert_null(bs_env_get(env, "SOPS_AGE_KEY_CMD"));
	cr_assert_null(bs_env_get(env, "SOPS_AGE_RECIPIENTS"));
	cr_assert_null(bs_env_get(env, "BUS_CONFIG_DIR"));
	cr_assert_str_eq(bs_env_get(env, "SOPS_AGE_KEY_FILE"), "/home/me/key");
	cr_assert(bs_strings_has(bs_env_ignored(env), "SOPS_AGE_KEY_CMD"));
	cr_assert_eq(bs_env_ignored(env)->count, 3);
	cr_assert(scratch_was_told("SOPS_AGE_KEY_CMD"));
	bs_env_close(env);
}

Test(env, the_dotenv_of_the_chdir_directory_counts_too)
{
	struct bs_env_options options = {.chdir = "sub"};
	struct bs_env *env = NULL;

	scratch_write("ws/sub/.env", "SOPS_AGE_KEY_FILE=/evil\n");
	(void)setenv("SOPS_AGE_KEY_FILE", "/evil", 1);
	cr_assert_eq(bs_env_open(&options, &env, NULL), BS_OK);
	cr_assert_null(bs_env_get(env, "SOPS_AGE_KEY_FILE"));
	cr_assert_str_eq(bs_env_cwd(env), scratch_path("ws/sub"));
	bs_env_close(env);
}

Test(env, another_value_than_the_dotenv_has_is_the_users_own)
{
	struct bs_env *env;

	scratch_write("ws/.env", "SOPS_AGE_KEY_FILE=/evil\n");
	(void)setenv("SOPS_AGE_KEY_FILE", "/mine", 1);
	env = open_env();
	cr_assert_str_eq(bs_env_get(env, "SOPS_AGE_KEY_FILE"), "/mine");
	cr_assert_str_empty(scratch_notices);
	bs_env_close(env);
}

Test(env, a_preference_trusts_the_dotenv)
{
	struct bs_env *env;

	scratch_write("home/.config/bus/preferences.json", "{\"values\": {\"bus-secrets.trust_dotenv\": true}}");
	scratch_write("ws/.env", "SOPS_AGE_KEY_FILE=/k\n");
	(void)setenv("SOPS_AGE_KEY_FILE", "/k", 1);
	env = open_env();
	cr_assert_str_eq(bs_env_get(env, "SOPS_AGE_KEY_FILE"), "/k");
	cr_assert_eq(bs_env_ignored(env)->count, 0);
	cr_assert_str_empty(scratch_notices);
	bs_env_close(env);
}

Test(env, preferences_placed_by_the_dotenv_do_not_trust_it)
{
	struct bs_env *env;

	scratch_write("ws/preferences.json", "{\"values\": {\"bus-secrets.trust_dotenv\": true}}");
	scratch_write("ws/.env", "BUS_PREFERENCES_PATH=preferences.json\nSOPS_AGE_KEY_FILE=/k\n");
	(void)setenv("BUS_PREFERENCES_PATH", "preferences.json", 1);
	(void)setenv("SOPS_AGE_KEY_FILE", "/k", 1);
	env = open_env();
	cr_assert_null(bs_env_get(env, "SOPS_AGE_KEY_FILE"));
	cr_assert_null(bs_env_get(env, "BUS_PREFERENCES_PATH"));
	bs_env_close(env);
}

Test(env, a_dotenv_that_cannot_be_judged_hides_all, .timeout = 10)
{
	struct bs_env *env;

	cr_assert_eq(mkfifo(scratch_path("ws/.env"), 0600), 0);
	(void)setenv("SOPS_AGE_KEY_FILE", "/k", 1);
	env = open_env();
	cr_assert_null(bs_env_get(env, "SOPS_AGE_KEY_FILE"));
	cr_assert_not_null(bs_env_home(env));
	bs_env_close(env);
}

Test(env, a_virtual_environment_named_dotenv_is_none)
{
	struct bs_env *env;

	scratch_mkdir("ws/.env");
	(void)setenv("SOPS_AGE_KEY_FILE", "/k", 1);
	env = open_env();
	cr_assert_str_eq(bs_env_get(env, "SOPS_AGE_KEY_FILE"), "/k");
	bs_env_close(env);
}

Test(env, a_key_in_the_environment_is_moved_and_overwritten)
{
	struct bs_env *env;
	char *block;

	(void)setenv("SOPS_AGE_KEY", "AGE-SECRET-KEY-PLANTED", 1);
	block = getenv("SOPS_AGE_KEY");
	env = open_env();
	cr_assert_null(getenv("SOPS_AGE_KEY"));
	cr_assert_eq(block[0], '\0');
	cr_assert_null(bs_env_get(env, "SOPS_AGE_KEY"));
	cr_assert_eq(bs_secret_len(bs_env_age_key(env)), strlen("AGE-SECRET-KEY-PLANTED"));
	cr_assert_eq(memcmp(bs_secret_bytes(bs_env_age_key(env)), "AGE-SECRET-KEY-PLANTED", 22), 0);
	bs_env_close(env);
}

/* --- places --------------------------------------------------------------------------------------------------- */

Test(env, places_follow_home_and_xdg)
{
	struct bs_env *env = open_env();

	cr_assert_str_eq(bs_env_config_dir(env), scratch_path("home/.config"));
	cr_assert_str_eq(bs_env_state_dir(env), scratch_path("home/.local/state/bus-secrets"));
	cr_assert_str_eq(bs_env_keys_txt(env), scratch_path("home/.config/sops/age/keys.txt"));
	cr_assert_eq(bs_env_value_limit(env), BS_VALUE_LIMIT);
	bs_env_close(env);

	(void)setenv("XDG_CONFIG_HOME", "/xc", 1);
	(void)setenv("XDG_STATE_HOME", "relative", 1);
	env = open_env();
	cr_assert_str_eq(bs_env_keys_txt(env), "/xc/sops/age/keys.txt");
	cr_assert_str_eq(bs_env_state_dir(env), scratch_path("home/.local/state/bus-secrets"));
	bs_env_close(env);
}

Test(env, without_home_the_passwd_entry_counts)
{
	struct bs_env *env;

	(void)unsetenv("HOME");
	env = open_env();
	cr_assert_eq(bs_env_home(env)[0], '/');
	bs_env_close(env);
	(void)setenv("HOME", "relative", 1);
	env = open_env();
	cr_assert_eq(bs_env_home(env)[0], '/');
	bs_env_close(env);
}

Test(env, a_chdir_that_is_no_directory_is_not_found)
{
	struct bs_env_options options = {.chdir = "absent"};
	struct bs_env *env = NULL;

	cr_assert_eq(bs_env_open(&options, &env, NULL), BS_NOT_FOUND);
	scratch_write("ws/file", "");
	options.chdir = "file";
	cr_assert_eq(bs_env_open(&options, &env, NULL), BS_NOT_FOUND);
	cr_assert_null(env);
}

static void expect_preferences_at(const struct bs_env *env, const char *path)
{
	char *got = NULL;

	cr_assert_eq(bs_env_preferences_path(env, &got, NULL), BS_OK);
	cr_assert_str_eq(got, path);
	free(got);
}

Test(env, preferences_are_looked_up_in_the_stated_order)
{
	struct bs_env *env = open_env();

	expect_preferences_at(env, scratch_path("home/.config/bus/preferences.json"));
	scratch_write("home/.config/busdk/preferences.json", "{}");
	expect_preferences_at(env, scratch_path("home/.config/busdk/preferences.json"));
	scratch_write("home/.config/bus/preferences.json", "{}");
	expect_preferences_at(env, scratch_path("home/.config/bus/preferences.json"));
	bs_env_close(env);
	(void)setenv("BUS_CONFIG_DIR", "/b", 1);
	env = open_env();
	expect_preferences_at(env, "/b/preferences.json");
	bs_env_close(env);
	(void)setenv("BUS_PREFERENCES_PATH", "/p.json", 1);
	env = open_env();
	expect_preferences_at(env, "/p.json");
	bs_env_close(env);
	(void)setenv("BUS_PREFERENCES_PATH", "p.json", 1);
	env = open_env();
	expect_preferences_at(env, scratch_path("ws/p.json"));
	bs_env_close(env);
}

Test(env, the_runtime_directory_is_closed_to_others)
{
	struct bs_env *env;
	struct stat st;
	char *dir = NULL;

	scratch_mkdir("run");
	(void)setenv("XDG_RUNTIME_DIR", scratch_path("run"), 1);
	env = open_env();
	cr_assert_eq(bs_env_runtime_dir(env, &dir, NULL), BS_OK);
	cr_assert_str_eq(dir, scratch_path("run/bus-secrets"));
	cr_assert_eq(stat(dir, &st), 0);
	cr_assert_eq(st.st_mode & 07777, 0700);
	free(dir);
	cr_assert_eq(rmdir(scratch_path("run/bus-secrets")), 0);
	cr_assert_eq(symlink("/tmp", scratch_path("run/bus-secrets")), 0);
	cr_assert_eq(bs_env_runtime_dir(env, &dir, NULL), BS_POLICY);
	bs_env_close(env);
}

/* --- preferences ---------------------------------------------------------------------------------------------- */

struct preference_case {
	char text[160];
	enum bs_code code;
	char value[16]; /* "": absent */
};

ParameterizedTestParameters(preferences, are_read_strictly)
{
	static struct preference_case cases[] = {
		{"{\"values\": {\"bus-secrets.k\": \"v\"}}", BS_OK, "v"},
		{"{\"values\": {\"bus-secrets.k\": \"a\\u0062\"}}", BS_OK, "ab"},
		{"{\"values\": {\"bus-secrets.k\": true}}", BS_OK, "true"},
		{"{\"values\": {\"bus-secrets.k\": null}}", BS_OK, ""},
		{"{\"values\": {\"b\\u0075s-secrets.k\": \"v\"}}", BS_OK, "v"},
		{"{\"values\": {\"other\": \"v\"}}", BS_OK, ""},
		{"{\"values\": {\"bus-secrets.k\\u0000x\": \"v\"}}", BS_OK, ""},
		{"{\"values\": {\"\\ud800\": 1, \"bus-secrets.k\": \"v\"}}", BS_OK, "v"},
		{"{\"values\": {\"bus-secrets.other\": \"\\ud800\", \"bus-secrets.k\": \"v\"}}", BS_OK, "v"},
		{"{\"values\": {\"bus-secrets.k\": \"\\ud800\"}}", BS_MALFORMED, ""},
		{"{}", BS_OK, ""},
		{"{\"values\": {\"bus-secrets.k\": 5}}", BS_MALFORMED, ""},
		{"{\"values\": {\"bus-secrets.k\": \"a\\u0000b\"}}", BS_MALFORMED, ""},
		{"{\"values\": {\"bus-secrets.k\": \"v\", \"bus-secrets.k\": \"w\"}}", BS_MALFORMED, ""},
		{"{\"values\": {}, \"values\": {\"bus-secrets.k\": \"v\"}}", BS_MALFORMED, ""},
		{"{\"values\": []}", BS_MALFORMED, ""},
		{"[]", BS_MALFORMED, ""},
		{"{\"values\": ", BS_MALFORMED, ""},
		{"<<<<<<< HEAD\n{}\n", BS_MALFORMED, ""},
	};

	return cr_make_param_array(struct preference_case, cases, sizeof(cases) / sizeof(cases[0]));
}

ParameterizedTest(struct preference_case *c, preferences, are_read_strictly, .init = scratch_start,
	.fini = scratch_end)
{
	struct bs_error error = {0};
	struct bs_env *env;
	char *value = NULL;

	scratch_write("home/.config/bus/preferences.json", c->text);
	env = open_env();
	cr_assert_eq(bs_env_preference(env, "bus-secrets.k", &value, &error), c->code, "%s: %s", c->text, error.msg);
	if (c->value[0])
		cr_assert_str_eq(value, c->value);
	else
		cr_assert_null(value);
	if (c->code)
		cr_assert_not_null(strstr(error.msg, "preferences.json"));
	free(value);
	bs_env_close(env);
}

Test(env, absent_preferences_hold_nothing)
{
	struct bs_env *env = open_env();
	char *value = NULL;
	bool is_set = true;

	cr_assert_eq(bs_env_preference(env, "bus-secrets.k", &value, NULL), BS_OK);
	cr_assert_null(value);
	cr_assert_eq(bs_env_preference_bool(env, "bus-secrets.k", &is_set, NULL), BS_OK);
	cr_assert_not(is_set);
	bs_env_close(env);
}

Test(env, preferences_follow_the_file)
{
	struct bs_env *env = open_env();
	struct timespec settle = {.tv_nsec = 60000000};

	for (size_t i = 0; i < 6; i++) {
		char text[128];
		char want[16];
		char *value = NULL;

		(void)snprintf(want, sizeof(want), "%zu", i);
		(void)snprintf(text, sizeof(text), "{\"values\": {\"bus-secrets.k\": \"%s\"}}", want);
		scratch_write("home/.config/bus/preferences.json", text);
		if (i % 2)
			(void)nanosleep(&settle, NULL);
		for (size_t k = 0; k < 3; k++) {
			cr_assert_eq(bs_env_preference(env, "bus-secrets.k", &value, NULL), BS_OK);
			cr_assert_str_eq(value, want);
			free(value);
			value = NULL;
		}
	}
	bs_env_close(env);
}

/* --- programs ------------------------------------------------------------------------------------------------- */

Test(env, programs_are_found_outside_of_workspaces_only)
{
	struct bs_env *env;
	char path[8192];
	char *found = NULL;

	scratch_write_mode("ws/bin/tool", "#!/bin/sh\n", 10, 0755);
	scratch_write_mode("known/bin/tool", "#!/bin/sh\n", 10, 0755);
	scratch_write_mode("linked/unused", "", 0, 0755);
	scratch_write_mode("fine/bin/tool", "#!/bin/sh\n", 10, 0755);
	scratch_write("known/datapackage.json", "{}");
	cr_assert_eq(symlink(scratch_path("ws/bin/tool"), scratch_path("linked/tool")), 0);
	cr_assert_eq(symlink(scratch_path("ws/bin"), scratch_path("alias")), 0);
	(void)snprintf(path, sizeof(path), "bin:.::%s:%s:%s:%s:%s", scratch_path("ws/bin"), scratch_path("alias"),
		scratch_path("linked"), scratch_path("known/bin"), scratch_path("fine/bin"));
	(void)setenv("PATH", path, 1);
	env = open_env();
	cr_assert_eq(bs_workspaces_add(env, scratch_path("known"), false, NULL, NULL), BS_OK);
	cr_assert_eq(bs_env_find_program(env, "tool", scratch_path("ws"), &found, NULL), BS_OK);
	cr_assert_str_eq(found, scratch_path("fine/bin/tool"));
	free(found);
	found = NULL;
	cr_assert_eq(chmod(scratch_path("fine/bin/tool"), 0600), 0);
	cr_assert_eq(bs_env_find_program(env, "tool", scratch_path("ws"), &found, NULL), BS_NOT_FOUND);
	cr_assert_eq(bs_env_find_program(env, "../tool", NULL, &found, NULL), BS_NOT_FOUND);
	cr_assert_eq(bs_env_find_program(env, "", NULL, &found, NULL), BS_NOT_FOUND);
	cr_assert_null(found);
	bs_env_close(env);
}

static const char *entry_of(const char **envp, const char *name)
{
	size_t len = strlen(name);

	for (; *envp; envp++) {
		if (strncmp(*envp, name, len) == 0 && (*envp)[len] == '=')
			return *envp + len + 1;
	}
	return NULL;
}

Test(env, programs_get_no_ignored_variable_and_no_key)
{
	static const char *const more[] = {"SOPS_AGE_KEY_FILE=/other", NULL};
	const char **envp = NULL;
	struct bs_env *env;

	scratch_write("ws/.env", "SOPS_AGE_KEY_CMD=/bin/evil\nPATH=/evil\nBASH_ENV=evil.sh\n");
	(void)setenv("BASH_ENV", "evil.sh", 1);
	(void)setenv("SOPS_AGE_KEY_CMD", "/bin/evil", 1);
	(void)setenv("SOPS_AGE_KEY_FILE", "/k", 1);
	(void)setenv("SOPS_AGE_KEY", "AGE-SECRET-KEY-1", 1);
	(void)setenv("PATH", "/evil", 1);
	(void)setenv("KEPT", "yes", 1);
	env = open_env();
	cr_assert_eq(bs_env_for_program(env, more, &envp, NULL), BS_OK);
	cr_assert_null(entry_of(envp, "SOPS_AGE_KEY_CMD"));
	cr_assert_null(entry_of(envp, "SOPS_AGE_KEY"));
	cr_assert_null(entry_of(envp, "BASH_ENV"));
	cr_assert_str_eq(entry_of(envp, "SOPS_AGE_KEY_FILE"), "/other");
	cr_assert_str_eq(entry_of(envp, "KEPT"), "yes");
	cr_assert_str_eq(entry_of(envp, "HOME"), scratch_path("home"));
	cr_assert(strstr(entry_of(envp, "PATH"), "/usr/bin") != NULL);
	free(envp);
	bs_env_close(env);
}

Test(env, what_the_dotenv_set_does_not_reach_a_program)
{
	const char **envp = NULL;
	struct bs_env *env;

	scratch_write("ws/.env", "SOPS_GPG_EXEC=/evil\nBASH_ENV='$(evil)'\nAWS_PROFILE=team\n");
	(void)setenv("SOPS_GPG_EXEC", "/evil", 1);
	(void)setenv("BASH_ENV", "$(evil)", 1);
	(void)setenv("AWS_PROFILE", "mine", 1);
	env = open_env();
	cr_assert_eq(bs_env_for_program(env, NULL, &envp, NULL), BS_OK);
	cr_assert_null(entry_of(envp, "SOPS_GPG_EXEC"));
	cr_assert_null(entry_of(envp, "BASH_ENV"));
	cr_assert_str_eq(entry_of(envp, "AWS_PROFILE"), "mine");
	free(envp);
	bs_env_close(env);
}

Test(env, a_trusted_dotenv_reaches_programs)
{
	const char **envp = NULL;
	struct bs_env *env;

	scratch_write("ws/.env", "AWS_PROFILE=team\n");
	scratch_mkdir("home/.config/bus");
	scratch_write("home/.config/bus/preferences.json", "{\"values\": {\"bus-secrets.trust_dotenv\": true}}");
	(void)setenv("AWS_PROFILE", "team", 1);
	env = open_env();
	cr_assert_eq(bs_env_for_program(env, NULL, &envp, NULL), BS_OK);
	cr_assert_str_eq(entry_of(envp, "AWS_PROFILE"), "team");
	free(envp);
	bs_env_close(env);
}
