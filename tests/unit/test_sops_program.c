/* test_sops_program.c: documents through a program that stands in for sops. */
#include "sops_forge.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* A shell script in a directory of its own, which is the environment's $DIR. */
struct stand_in {
	char dir[64];
	char program[80];
	char variable[80];
};

static struct stand_in stand_in(const char *script)
{
	struct stand_in s = {.dir = "/tmp/bs-sops-XXXXXX"};
	FILE *f;

	cr_assert_not_null(mkdtemp(s.dir));
	snprintf(s.program, sizeof(s.program), "%s/sops", s.dir);
	snprintf(s.variable, sizeof(s.variable), "DIR=%s", s.dir);
	f = fopen(s.program, "we");
	cr_assert_not_null(f);
	fprintf(f, "#!/bin/sh\n%s\n", script);
	fclose(f);
	cr_assert_eq(chmod(s.program, 0700), 0);
	return s;
}

static void remove_all(struct stand_in *s)
{
	char path[128];

	for (const char *const *name = (const char *const[]){"sops", "args", "in", NULL}; *name; name++) {
		snprintf(path, sizeof(path), "%s/%s", s->dir, *name);
		(void)unlink(path);
	}
	(void)rmdir(s->dir);
}

static enum bs_code run(const struct stand_in *s, const char *body, size_t limit, struct bs_secret **ret,
	struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr)
	char *text = forge_with(body, (struct forge){.before = "\"pgp\":[{\"enc\":\"x\"}],"});
	BS_CLEANUP(bs_sops_free_ptr) struct bs_sops_doc *doc = NULL;
	const char *const envp[] = {s->variable, "PATH=/usr/bin:/bin", NULL};

	cr_assert_eq(bs_sops_parse(text, strlen(text), &doc, NULL), BS_OK);
	return bs_sops_decrypt_by_program(doc, s->program, envp, limit, false, ret, reterr);
}

static void expect_file(const struct stand_in *s, const char *name, const char *text)
{
	char path[128], got[512] = {0};
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", s->dir, name);
	f = fopen(path, "re");
	cr_assert_not_null(f);
	cr_assert(fread(got, 1, sizeof(got) - 1, f) > 0);
	fclose(f);
	cr_expect(!strncmp(got, text, strlen(text)), "%s: %s", name, got);
}

Test(sops_program, gets_the_document_on_standard_input_and_its_types_in_words)
{
	static const struct {
		const char *body, *args;
	} cases[] = {
		{"{\"data\":\"@{data:|str|xy}\"}", "-d --input-type json --output-type binary /proc/self/fd/0\n"},
		{"{\"value\":\"@{value:|str|xy}\"}",
			"-d --input-type json --output-type json --extract [\"value\"] /proc/self/fd/0\n"},
		{"{\"a b\":[{\"c\":\"@{a b:c:|str|xy}\"}]}",
			"-d --input-type json --output-type json --extract [\"a b\"][0][\"c\"] /proc/self/fd/0\n"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct stand_in s = stand_in("echo \"$@\" >$DIR/args; cat >$DIR/in; printf 'a\\000'");
		BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *value = NULL;
		struct bs_error err = {0};

		cr_assert_eq(run(&s, cases[i].body, 100, &value, &err), BS_OK, "%s", err.msg);
		cr_expect(bs_secret_len(value) == 2 && !memcmp(bs_secret_bytes(value), "a", 2));
		expect_file(&s, "args", cases[i].args);
		expect_file(&s, "in", "{\"");
		remove_all(&s);
	}
}

Test(sops_program, its_exit_status_is_understood)
{
	static const struct {
		const char *script;
		enum bs_code code;
		const char *says;
	} cases[] = {
		{"echo 'MAC mismatch' >&2; exit 51", BS_INTEGRITY, "MAC mismatch"},
		{"echo 'bad value' >&2; exit 25", BS_INTEGRITY, "bad value"},
		{"exit 128", BS_NO_MATCH, "pgp"},
		{"echo 'no gpg' >&2; exit 1", BS_NEED_SOPS, "no gpg"},
		{"kill -9 $$", BS_NEED_SOPS, "signal 9"},
		{"printf 'partly'; exit 51", BS_INTEGRITY, "51"},
		{"head -c 101 /dev/zero", BS_TOO_LARGE, "100"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct stand_in s = stand_in(cases[i].script);
		BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *value = NULL;
		struct bs_error err = {0};

		cr_expect_eq(run(&s, "{\"data\":\"@{data:|str|x}\"}", 100, &value, &err), cases[i].code,
			"%s: %s", cases[i].script, err.msg);
		cr_expect(strstr(err.msg, cases[i].says), "%s: %s", cases[i].script, err.msg);
		cr_expect_null(value);
		remove_all(&s);
	}
}

Test(sops_program, that_is_missing_is_not_the_secret_that_is_missing)
{
	struct stand_in s = stand_in("exit 0");
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *value = NULL;
	struct bs_error err = {0};

	cr_assert_eq(unlink(s.program), 0);
	cr_expect_eq(
		run(&s, "{\"data\":\"@{data:|str|x}\"}", 100, &value, &err), BS_NEED_SOPS, "%s", err.msg);
	remove_all(&s);
}

Test(sops_program, gives_each_type_in_the_values_own_text)
{
	static const struct {
		const char *script, *body, *value;
	} cases[] = {
		{"printf true", "{\"value\":\"@{value:|bool|True}\"}", "True"},
		{"printf false", "{\"value\":\"@{value:|bool|False}\"}", "False"},
		{"printf 1e+21", "{\"value\":\"@{value:|float|1000000000000000000000}\"}",
			"1000000000000000000000"},
		{"printf 1e-07", "{\"value\":\"@{value:|float|0.0000001}\"}", "0.0000001"},
		{"printf -- -0.5", "{\"value\":\"@{value:|float|-0.5}\"}", "-0.5"},
		{"printf 42", "{\"value\":\"@{value:|int|42}\"}", "42"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct stand_in s = stand_in(cases[i].script);
		BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *value = NULL;
		struct bs_error err = {0};

		cr_expect_eq(
			run(&s, cases[i].body, 100, &value, &err), BS_OK, "%s: %s", cases[i].script, err.msg);
		cr_expect(forge_is(value, cases[i].value), "%s", cases[i].script);
		remove_all(&s);
	}
}

Test(sops_program, is_not_believed_when_the_value_has_another_size)
{
	static const struct {
		const char *script, *body;
	} cases[] = {
		{"printf ENC[AES256_GCM", "{\"data\":\"@{data:|str|x}\"}"},
		{"exit 0", "{\"data\":\"@{data:|str|x}\"}"},
		{"printf x", "{\"value\":\"@{value:|float|0.5}\"}"},
		{"exit 0", "{\"value\":\"@{value:|float|0.5}\"}"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct stand_in s = stand_in(cases[i].script);
		BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *value = NULL;

		cr_expect_eq(run(&s, cases[i].body, 100, &value, NULL), BS_MALFORMED, "%s", cases[i].script);
		cr_expect_null(value);
		remove_all(&s);
	}
}

Test(sops_program, is_not_asked_for_a_path_it_cannot_read)
{
	static const char *const bodies[] = {"{\"a\\\"b\":\"@{a\"b:|str|x}\"}", "{\"a]\":\"@{a]:|str|x}\"}",
		"{\"[a\":\"@{[a:|str|x}\"}", "{\"a\\n\":\"@{a\n:|str|x}\"}",
		"{\"a\\u0000\":\"@{x:|str|x}\"}"};

	for (size_t i = 0; i < COUNT(bodies); i++) {
		struct stand_in s = stand_in("exit 0");
		BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *value = NULL;
		struct bs_error err = {0};

		cr_expect_eq(
			run(&s, bodies[i], 100, &value, &err), BS_UNSUPPORTED, "%s: %s", bodies[i], err.msg);
		remove_all(&s);
	}
}
