/* test_sources.c: where identities come from, the own recipient, an identity made and unmade. */
#include "../../core/age/age.h"
#include "../../core/keys/keys_private.h"
#include "scratch.h"

#include <bus-secrets/keys.h>

enum {
	PROFILE_FILE,
	PROFILE_COMMAND,
	PREFERENCE_FILE,
	PREFERENCE_COMMAND,
	ENV_SSH_FILE,
	ENV_KEY,
	ENV_KEY_FILE,
	ENV_KEY_COMMAND,
	KEYS_TXT,
	SSH_FILE,
	COUNT
};

static struct bs_env *env;
static struct bs_workspace *ws;
static struct bs_keys *keys;

static void end(void)
{
	keys = bs_keys_close(keys);
	ws = bs_workspace_close(ws);
	env = bs_env_close(env);
	scratch_end();
}

TestSuite(sources, .init = scratch_start, .fini = end, .timeout = 60);
TestSuite(own, .init = scratch_start, .fini = end, .timeout = 60);
TestSuite(make, .init = scratch_start, .fini = end, .timeout = 60);

static void open_keys(void)
{
	struct bs_error error = {0};

	keys = bs_keys_close(keys);
	ws = bs_workspace_close(ws);
	env = bs_env_close(env);
	cr_assert_eq(bs_env_open(NULL, &env, &error), BS_OK, "%s", error.msg);
	if (scratch_exists("ws/datapackage.json"))
		cr_assert_eq(bs_workspace_find(env, NULL, &ws, &error), BS_OK, "%s", error.msg);
	cr_assert_eq(bs_keys_open(env, ws, &keys, &error), BS_OK, "%s", error.msg);
}

/* A key file with one new identity; its recipient is the caller's. */
static char *write_key(const char *relative)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *line = NULL;
	char *recipient = NULL;
	char text[256];

	cr_assert_eq(bs_age_keygen(&line, &recipient, NULL), BS_OK);
	(void)snprintf(text, sizeof(text), "# a key\n%.*s\n", (int)bs_secret_len(line),
		(const char *)bs_secret_bytes(line));
	scratch_write(relative, text);
	return recipient;
}

static char *key_text(const char *relative)
{
	char *text = strdup(scratch_read(relative));

	text[strcspn(text, "\n")] = ' ';
	return text;
}

static struct bs_key_source probe(size_t i, bool run)
{
	struct bs_key_source source;

	bs_keys_probe(keys, i, run, &source);
	return source;
}

static void expect_state(size_t i, enum bs_key_state state)
{
	struct bs_key_source source = probe(i, true);

	cr_assert_eq(source.state, state, "%s: state %d: %s", source.where, (int)source.state,
		source.problem ? source.problem : "");
	cr_assert_eq(source.state == BS_KEY_BROKEN || source.state == BS_KEY_LOCKED, source.problem != NULL);
}

static void write_preference(const char *key, const char *value)
{
	char text[4096];

	(void)snprintf(text, sizeof(text), "{\"version\": 1, \"values\": {\"%s\": \"%s\"}}", key, value);
	scratch_write("home/.config/bus/preferences.json", text);
}

/* --- sources -------------------------------------------------------------------------------------------------- */

Test(sources, without_anything_all_are_absent)
{
	open_keys();
	cr_assert_eq(bs_keys_source_count(keys), COUNT);
	for (size_t i = 0; i < COUNT; i++)
		expect_state(i, BS_KEY_ABSENT);
	cr_assert_not(bs_keys_are_configured(keys));
	cr_assert_not(bs_keys_are_ready(keys));
}

Test(sources, keys_txt_is_read_with_all_its_identities)
{
	char *first = write_key("home/.config/sops/age/keys.txt");
	char *second = write_key("second.txt");
	char *both;
	struct bs_key_source source;

	cr_assert(asprintf(&both, "%s\r\n", scratch_read("home/.config/sops/age/keys.txt")) > 0);
	both = realloc(both, strlen(both) + 512);
	strcat(both, scratch_read("second.txt"));
	scratch_write("home/.config/sops/age/keys.txt", both);
	open_keys();
	source = probe(KEYS_TXT, false);
	cr_assert_eq(source.state, BS_KEY_READY);
	cr_assert_eq(source.identities, 2);
	cr_assert_str_eq(source.kind, "keys.txt");
	cr_assert_str_eq(source.where, scratch_path("home/.config/sops/age/keys.txt"));
	cr_assert(bs_keys_fit(keys, first) && bs_keys_fit(keys, second));
	cr_assert(bs_keys_are_configured(keys) && bs_keys_are_ready(keys));
	free(first);
	free(second);
	free(both);
}

Test(sources, a_wide_mode_is_warned_of_once)
{
	char *recipient = write_key("home/.config/sops/age/keys.txt");

	cr_assert_eq(chmod(scratch_path("home/.config/sops/age/keys.txt"), 0640), 0);
	open_keys();
	expect_state(KEYS_TXT, BS_KEY_READY);
	cr_assert(scratch_was_told("mode 0640"));
	scratch_notices[0] = '\0';
	expect_state(KEYS_TXT, BS_KEY_READY);
	cr_assert_not(scratch_was_told("mode"));
	free(recipient);
}

Test(sources, variables_of_sops_are_read)
{
	char *in_file = write_key("file.txt");
	char *in_text = write_key("text.txt");
	char *in_command = write_key("command.txt");
	char command[256];
	char *text = key_text("text.txt");

	(void)snprintf(command, sizeof(command), "cat '%s'", scratch_path("command.txt"));
	(void)setenv("SOPS_AGE_KEY_FILE", "../file.txt", 1);
	(void)setenv("SOPS_AGE_KEY", text, 1);
	(void)setenv("SOPS_AGE_KEY_CMD", command, 1);
	open_keys();
	cr_assert_eq(probe(ENV_KEY_COMMAND, false).state, BS_KEY_UNREAD);
	cr_assert_not(bs_keys_fit(keys, in_command));
	cr_assert(bs_keys_fit(keys, in_file));
	/* A comment swallows the rest of its line, in the variable as in a file. */
	expect_state(ENV_KEY, BS_KEY_BROKEN);
	expect_state(ENV_KEY_COMMAND, BS_KEY_READY);
	cr_assert(bs_keys_fit(keys, in_command));
	cr_assert(probe(ENV_KEY_COMMAND, true).is_command);

	(void)setenv("SOPS_AGE_KEY", strstr(text, "AGE-"), 1);
	open_keys();
	expect_state(ENV_KEY, BS_KEY_READY);
	cr_assert(bs_keys_fit(keys, in_text));
	free(in_file);
	free(in_text);
	free(in_command);
	free(text);
}

Test(sources, the_key_variable_takes_several_keys_in_a_line)
{
	char *a = write_key("a.txt");
	char *b = write_key("b.txt");
	char *text_a = key_text("a.txt");
	char *text_b = key_text("b.txt");
	char value[1024];

	text_a[strcspn(text_a, "\n")] = '\0';
	text_b[strcspn(text_b, "\n")] = '\0';
	(void)snprintf(value, sizeof(value), "  %s\t %s \n # comment with words\n", strstr(text_a, "AGE-"),
		strstr(text_b, "AGE-"));
	(void)setenv("SOPS_AGE_KEY", value, 1);
	open_keys();
	cr_assert_eq(probe(ENV_KEY, false).identities, 2);
	cr_assert(bs_keys_fit(keys, a) && bs_keys_fit(keys, b));
	free(a);
	free(b);
	free(text_a);
	free(text_b);
}

Test(sources, preferences_name_files_and_commands)
{
	char *recipient = write_key("home/my/key.txt");
	char values[512];

	write_preference("bus-secrets.age_key_file", "~/my/key.txt");
	open_keys();
	expect_state(PREFERENCE_FILE, BS_KEY_READY);
	cr_assert(bs_keys_fit(keys, recipient));
	(void)snprintf(values, sizeof(values), "cat %s", scratch_path("home/my/key.txt"));
	write_preference("bus-secrets.age_key_cmd", values);
	open_keys();
	expect_state(PREFERENCE_FILE, BS_KEY_ABSENT);
	expect_state(PREFERENCE_COMMAND, BS_KEY_READY);
	write_preference("bus-secrets.age_key_file", "my/key.txt");
	open_keys();
	expect_state(PREFERENCE_FILE, BS_KEY_BROKEN);
	cr_assert(bs_keys_are_configured(keys));
	free(recipient);
}

Test(sources, a_profile_selects_the_users_own_preferences)
{
	char *recipient = write_key("home/team.txt");

	scratch_write("ws/datapackage.json", "{}");
	scratch_write("ws/.bus/secrets/config.json", "{\"profile\": \"team\"}");
	write_preference("bus-secrets.profiles.team.age_key_file", "~/team.txt");
	open_keys();
	expect_state(PROFILE_FILE, BS_KEY_READY);
	cr_assert(bs_keys_fit(keys, recipient));
	scratch_write("ws/.bus/secrets/config.json", "{\"profile\": \"other\"}");
	open_keys();
	expect_state(PROFILE_FILE, BS_KEY_ABSENT);
	free(recipient);
}

Test(sources, a_profile_is_a_name_and_nothing_else)
{
	static const char *const configs[] = {"{\"profile\": \"../x\"}", "{\"profile\": \"a.age_key_cmd\"}",
		"{\"profile\": \"\"}", "{\"profile\": 5}", "{\"profile\": \"a\\u0000b\"}", "[]", "{\"profile\": \"a\"",
		"{\"profile\": \"a\", \"profile\": \"b\"}", "{\"profile\": \"Upper\"}"};

	scratch_write("ws/datapackage.json", "{}");
	for (size_t i = 0; i < sizeof(configs) / sizeof(configs[0]); i++) {
		scratch_write("ws/.bus/secrets/config.json", configs[i]);
		scratch_notices[0] = '\0';
		open_keys();
		cr_assert_eq(probe(PROFILE_FILE, true).state, BS_KEY_ABSENT, "%s", configs[i]);
		cr_assert(scratch_was_told("config.json"), "%s", configs[i]);
	}
}

Test(sources, nothing_else_in_a_workspaces_config_counts)
{
	scratch_write("ws/datapackage.json", "{}");
	scratch_write("ws/.bus/secrets/config.json",
		"{\"age_key_file\": \"/etc/passwd\", \"age_key_cmd\": \"touch /dev/shm/ran\", "
		"\"bus-secrets.age_key_cmd\": \"touch /dev/shm/ran\"}");
	open_keys();
	for (size_t i = 0; i < COUNT; i++)
		expect_state(i, BS_KEY_ABSENT);
}

struct broken_case {
	const char *text;
	const char *problem;
};

Test(sources, broken_files_are_told_of_without_their_text)
{
	static const struct broken_case cases[] = {
		{"", "no identity"},
		{"# only a comment\n", "no identity"},
		{"AGE-SECRET-KEY-1PLANTED\n", "line 1"},
		{" AGE-SECRET-KEY-1PLANTED\n", "line 1"},
		{"AGE-PLUGIN-YUBIKEY-1PLANTED\n", "plugin"},
		{"-----BEGIN OPENSSH PRIVATE KEY-----\nPLANTED\n", "OpenSSH"},
		{"\xff\xfePLANTED", "UTF-8"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bs_key_source source;

		scratch_write("home/.config/sops/age/keys.txt", cases[i].text);
		open_keys();
		source = probe(KEYS_TXT, true);
		cr_assert_eq(source.state, BS_KEY_BROKEN, "case %zu: %d", i, (int)source.state);
		cr_assert_not_null(strstr(source.problem, cases[i].problem), "case %zu: %s", i, source.problem);
		cr_assert_null(strstr(source.problem, "PLANTED"));
		cr_assert(bs_keys_are_configured(keys));
		cr_assert_not(bs_keys_are_ready(keys));
	}
}

Test(sources, places_that_are_no_files_are_broken)
{
	(void)setenv("SOPS_AGE_KEY_FILE", scratch_path("absent"), 1);
	scratch_mkdir("home/.config/sops/age/keys.txt");
	open_keys();
	expect_state(ENV_KEY_FILE, BS_KEY_BROKEN);
	expect_state(KEYS_TXT, BS_KEY_BROKEN);
	(void)setenv("SOPS_AGE_KEY_FILE", "/dev/zero", 1);
	open_keys();
	expect_state(ENV_KEY_FILE, BS_KEY_BROKEN);
}

Test(sources, a_passphrase_file_is_locked_without_a_question)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *passphrase = NULL;
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *plain = NULL;
	char *recipient = write_key("plain.txt");
	char *text = scratch_read("plain.txt");
	char *file = NULL;
	size_t len = 0;

	cr_assert_eq(bs_secret_copy("pw", 2, &passphrase, NULL), BS_OK);
	cr_assert_eq(bs_secret_copy(text, strlen(text), &plain, NULL), BS_OK);
	cr_assert_eq(bs_age_encrypt(NULL, passphrase, plain, true, &file, &len, NULL), BS_OK);
	scratch_write("home/.config/sops/age/keys.txt", file);
	open_keys();
	expect_state(KEYS_TXT, BS_KEY_LOCKED);
	cr_assert(bs_keys_are_configured(keys));
	cr_assert_not(bs_keys_are_ready(keys));
	cr_assert_not(bs_keys_fit(keys, recipient));
	free(file);
	free(recipient);
}

struct command_case {
	const char *command;
	const char *problem;
};

Test(sources, commands_that_fail_are_told_of)
{
	static const struct command_case cases[] = {
		{"false", "status 1"},
		{"sh -c 'echo why not >&2; exit 3'", "why not"},
		{"echo no key", "line 1"},
		{"true", "no identity"},
		{"no-such-program-anywhere", "no such program"},
		{"./key.sh", "not a program"},
		{"/nonexistent/program", "No such file"},
		{"'open quote", "SOPS_AGE_KEY_CMD"},
		{"  ", "empty"},
		{"head -c 2000000 /dev/zero", "SOPS_AGE_KEY_CMD"},
	};

	scratch_write_mode("ws/key.sh", "#!/bin/sh\ntouch ran\n", 20, 0755);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bs_key_source source;

		(void)setenv("SOPS_AGE_KEY_CMD", cases[i].command, 1);
		open_keys();
		source = probe(ENV_KEY_COMMAND, true);
		cr_assert_eq(source.state, BS_KEY_BROKEN, "%s", cases[i].command);
		cr_assert_not_null(strstr(source.problem, cases[i].problem), "%s: %s", cases[i].command, source.problem);
	}
	cr_assert_not(scratch_exists("ws/ran"));
}

Test(sources, commands_run_at_home_without_our_secrets)
{
	char *text = write_key("k.txt");
	char *key = key_text("k.txt");

	scratch_write("ws/.env", "SOPS_AGE_RECIPIENTS=age1foreign\n");
	(void)setenv("SOPS_AGE_RECIPIENTS", "age1foreign", 1);
	(void)setenv("SOPS_AGE_KEY", strstr(key, "AGE-"), 1);
	(void)setenv("SOPS_AGE_KEY_CMD", "sh -c 'pwd > cwd; env > vars; echo'", 1);
	open_keys();
	expect_state(ENV_KEY_COMMAND, BS_KEY_BROKEN);
	cr_assert_eq(strncmp(scratch_read("home/cwd"), scratch_path("home"), strlen(scratch_path("home"))), 0);
	cr_assert_null(strstr(scratch_read("home/vars"), "AGE-SECRET"));
	cr_assert_null(strstr(scratch_read("home/vars"), "age1foreign"));
	free(text);
	free(key);
}

Test(sources, what_was_read_is_forgotten_on_demand)
{
	char *first = write_key("home/.config/sops/age/keys.txt");
	char *second;

	open_keys();
	cr_assert(bs_keys_fit(keys, first));
	second = write_key("home/.config/sops/age/keys.txt");
	cr_assert_not(bs_keys_fit(keys, second));
	bs_keys_forget(keys);
	cr_assert(bs_keys_fit(keys, second));
	cr_assert_not(bs_keys_fit(keys, first));
	free(first);
	free(second);
}

Test(sources, unreadable_preferences_count_as_configured)
{
	scratch_write("home/.config/bus/preferences.json", "{");
	open_keys();
	cr_assert(bs_keys_are_configured(keys));
	cr_assert(scratch_was_told("preferences"));
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

Test(sources, a_real_sops_is_given_the_same)
{
	char *a = write_key("home/a.txt");
	char *b = write_key("b.txt");
	char *text = key_text("b.txt");
	const char **envp = NULL;

	write_preference("bus-secrets.age_key_file", "~/a.txt");
	(void)setenv("SOPS_AGE_KEY", strstr(text, "AGE-"), 1);
	(void)setenv("SOPS_AGE_KEY_FILE", scratch_path("b.txt"), 1);
	(void)setenv("SOPS_AGE_KEY_CMD", "", 1);
	open_keys();
	cr_assert_eq(bs_keys_sops_environment(keys, &envp, NULL), BS_OK);
	cr_assert_str_eq(entry_of(envp, "SOPS_AGE_KEY_FILE"), scratch_path("home/a.txt"));
	cr_assert_str_eq(entry_of(envp, "SOPS_AGE_KEY"), strstr(text, "AGE-"));
	cr_assert_str_eq(entry_of(envp, "HOME"), scratch_path("home"));
	bs_keys_free_environment(envp);
	free(a);
	free(b);
	free(text);
}

/* --- the own recipient ---------------------------------------------------------------------------------------- */

static void expect_own(const char *recipient)
{
	struct bs_error error = {0};
	char *own = NULL;

	open_keys();
	cr_assert_eq(bs_keys_own_recipient(keys, &own, &error), BS_OK, "%s", error.msg);
	cr_assert_str_eq(own, recipient);
	free(own);
}

static void expect_no_own(void)
{
	char *own = NULL;

	open_keys();
	cr_assert_neq(bs_keys_own_recipient(keys, &own, NULL), BS_OK);
	cr_assert_null(own);
}

Test(own, is_the_first_identity_of_the_configured_file_else_of_keys_txt)
{
	char *usual = write_key("home/.config/sops/age/keys.txt");
	char *variable = write_key("variable.txt");
	char *preferred = write_key("home/preferred.txt");

	expect_own(usual);
	(void)setenv("SOPS_AGE_KEY_FILE", scratch_path("variable.txt"), 1);
	expect_own(variable);
	write_preference("bus-secrets.age_key_file", "~/preferred.txt");
	expect_own(preferred);
	free(usual);
	free(variable);
	free(preferred);
}

Test(own, is_never_that_of_a_key_in_the_environment_or_of_a_command)
{
	char *recipient = write_key("k.txt");
	char *text = key_text("k.txt");
	char command[256];

	(void)snprintf(command, sizeof(command), "cat %s", scratch_path("k.txt"));
	(void)setenv("SOPS_AGE_KEY", strstr(text, "AGE-"), 1);
	(void)setenv("SOPS_AGE_KEY_CMD", command, 1);
	expect_no_own();
	free(recipient);
	free(text);
}

Test(own, is_not_looked_for_behind_a_file_that_cannot_be_read)
{
	char *usual = write_key("home/.config/sops/age/keys.txt");

	(void)setenv("SOPS_AGE_KEY_FILE", scratch_path("absent"), 1);
	expect_no_own();
	(void)unsetenv("SOPS_AGE_KEY_FILE");
	expect_own(usual);
	scratch_write("home/.config/bus/preferences.json", "{");
	expect_no_own();
	free(usual);
}

/* --- making and unmaking -------------------------------------------------------------------------------------- */

#define KEYS_FILE "home/.config/sops/age/keys.txt"

static char *make_one(void)
{
	struct bs_error error = {0};
	char *path = NULL;
	char *recipient = NULL;

	open_keys();
	cr_assert_eq(bs_keys_make(env, &path, &recipient, &error), BS_OK, "%s", error.msg);
	cr_assert_str_eq(path, scratch_path(KEYS_FILE));
	free(path);
	return recipient;
}

Test(make, an_identity_is_private_complete_and_usable)
{
	char *recipient = make_one();
	struct stat st;

	cr_assert_eq(stat(scratch_path(KEYS_FILE), &st), 0);
	cr_assert_eq(st.st_mode & 07777, 0600);
	cr_assert_eq(st.st_nlink, 1);
	cr_assert_eq(stat(scratch_path("home/.config/sops/age"), &st), 0);
	cr_assert_eq(st.st_mode & 07777, 0700);
	cr_assert_not_null(strstr(scratch_read(KEYS_FILE), recipient));
	cr_assert_not_null(strstr(scratch_read(KEYS_FILE), "back this file up"));
	expect_own(recipient);
	free(recipient);
}

Test(make, nothing_that_is_there_is_replaced)
{
	char *path = NULL;
	char *recipient = NULL;

	open_keys();
	scratch_write(KEYS_FILE, "mine");
	cr_assert_eq(bs_keys_make(env, &path, &recipient, NULL), BS_EXISTS);
	cr_assert_str_eq(scratch_read(KEYS_FILE), "mine");
	cr_assert_eq(unlink(scratch_path(KEYS_FILE)), 0);
	cr_assert_eq(symlink("/nonexistent", scratch_path(KEYS_FILE)), 0);
	cr_assert_eq(bs_keys_make(env, &path, &recipient, NULL), BS_EXISTS);
	cr_assert_null(path);
	cr_assert_null(recipient);
}

static enum bs_code unmake(const struct bs_strings *in_use, bool force, char **renamed)
{
	open_keys();
	return bs_keys_unmake(env, in_use, force, renamed, NULL);
}

Test(make, what_was_made_here_is_deleted_again)
{
	struct bs_strings none = {0};
	char *renamed = NULL;

	free(make_one());
	cr_assert_eq(unmake(&none, false, &renamed), BS_OK);
	cr_assert_null(renamed);
	cr_assert_not(scratch_exists(KEYS_FILE));
	cr_assert_eq(unmake(&none, true, &renamed), BS_NOT_FOUND);
}

Test(make, what_was_changed_since_or_made_elsewhere_stays)
{
	struct bs_strings none = {0};
	char *renamed = NULL;
	char *text;

	free(make_one());
	text = strdup(scratch_read(KEYS_FILE));
	for (size_t i = 0; i < 4; i++) {
		char *changed = NULL;

		if (i == 0)
			cr_assert(asprintf(&changed, "%s# mine\n", text) > 0);
		else if (i == 1)
			cr_assert(asprintf(&changed, "# mine\n%s", text) > 0);
		else if (i == 2)
			cr_assert(asprintf(&changed, "%.*s", (int)strlen(text) - 1, text) > 0);
		else
			cr_assert(asprintf(&changed, "%s%s", text, strstr(text, "AGE-")) > 0);
		scratch_write(KEYS_FILE, changed);
		cr_assert_eq(unmake(&none, true, &renamed), BS_NOT_FOUND, "change %zu", i);
		cr_assert_str_eq(scratch_read(KEYS_FILE), changed);
		free(changed);
	}
	free(write_key(KEYS_FILE));
	cr_assert_eq(unmake(&none, true, &renamed), BS_NOT_FOUND);
	cr_assert(scratch_exists(KEYS_FILE));
	free(text);
}

Test(make, an_identity_in_use_is_only_ever_renamed)
{
	struct bs_strings in_use = {0};
	char *recipient = make_one();
	char *text = strdup(scratch_read(KEYS_FILE));
	char *renamed = NULL;

	cr_assert_eq(bs_strings_add(&in_use, recipient, NULL), BS_OK);
	cr_assert_eq(unmake(&in_use, false, &renamed), BS_POLICY);
	cr_assert_str_eq(scratch_read(KEYS_FILE), text);
	cr_assert_eq(unmake(&in_use, true, &renamed), BS_OK);
	cr_assert_not_null(renamed);
	cr_assert_not(scratch_exists(KEYS_FILE));
	cr_assert_str_eq(scratch_read(renamed + strlen(scratch_dir) + 1), text);
	free(renamed);
	free(recipient);
	free(text);
	bs_strings_release(&in_use);
}
