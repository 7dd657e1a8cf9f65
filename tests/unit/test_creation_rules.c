/* test_creation_rules.c: expressions as RE2 has them, and .sops.yaml as sops reads it. */
#include "../../core/keys/creation_rules.h"
#include "../../core/keys/re2.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Public keys of nobody: made once with age-keygen. */
#define A "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
#define B "age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg"
#define PATH ".bus/secrets/openai_api_key.sops.json"

/* --- expressions ---------------------------------------------------------------------------------------------- */

enum verdict { NO, YES, REFUSED };

struct regex_case {
	char pattern[64];
	enum verdict verdict;
};

/* The verdicts are those of Go's regexp for the path above. One process for all: there are many. */
static const struct regex_case regex_cases[] = {
	{"", YES},
	{"secrets", YES},
	{"^secrets", NO},
	{"^\\.bus/secrets/", YES},
	{"\\.sops\\.json$", YES},
	{"\\.sops\\.json\\z", YES},
	{"\\.yaml$", NO},
	{"(?i)OPENAI", YES},
	{"OPENAI", NO},
	{"(?i:OPENAI)_API", NO},
	{"a(?i)PI|SOPS", YES},
	{"[[:alpha:]]+_api", YES},
	{"[^/]*_key", YES},
	{"[]/]secrets[]/]", YES},
	{"(prod|openai)_", YES},
	{"(?P<team>prod|openai)_", YES},
	{"(?<team>prod)_", NO},
	{"(?:s){1}ops", YES},
	{"s{2,}", NO},
	{"s{,3}", NO}, /* a literal brace */
	{"^*bus", YES},
	{"\\d", NO},
	{"\\w{6}_\\w{3}", YES},
	{"\\Q.bus/\\E", YES},
	{"\\x2ebus", YES},
	{"\\x{2e}bus", YES},
	{"\\056bus", YES},
	{"\\pL+_", YES},
	{"\\p{Greek}", NO},
	{"\\PL", YES},
	{"\xc3\xa9|key", YES},
	{"(?i)\xe2\x84\xaa" "ey", YES}, /* the Kelvin sign folds to k */
	{"$", YES},
	{"a||b", YES},
	{"()", YES},
	{"key.{1000}", NO},

	{"(a)\\1", REFUSED},
	{"\\9", REFUSED},
	{"(?=key)", REFUSED},
	{"(?!key)", REFUSED},
	{"(?<=_)key", REFUSED},
	{"(?<!_)key", REFUSED},
	{"(?>key)", REFUSED},
	{"key*+", REFUSED},
	{"key++", REFUSED},
	{"key?+", REFUSED},
	{"a**", REFUSED},
	{"a{2}{3}", REFUSED},
	{"(?R)", REFUSED},
	{"(?1)", REFUSED},
	{"(?&n)", REFUSED},
	{"(?P>n)", REFUSED},
	{"(?P=n)", REFUSED},
	{"(?(1)a|b)", REFUSED},
	{"(?C1)", REFUSED},
	{"(?|a|b)", REFUSED},
	{"(?#note)", REFUSED},
	{"(?x) k e y", REFUSED},
	{"(?^i:x)", REFUSED},
	{"(?J)", REFUSED},
	{"(*UTF)key", REFUSED},
	{"(*ACCEPT)", REFUSED},
	{"\\Kkey", REFUSED},
	{"\\Gkey", REFUSED},
	{"\\Rkey", REFUSED},
	{"\\Xkey", REFUSED},
	{"\\Nkey", REFUSED},
	{"\\hkey", REFUSED},
	{"\\Zkey", REFUSED},
	{"\\Ckey", REFUSED},
	{"\\g1", REFUSED},
	{"\\kn", REFUSED},
	{"\\cA", REFUSED},
	{"\\e", REFUSED},
	{"\\o{56}", REFUSED},
	{"\\u0041", REFUSED},
	{"[\\b]", REFUSED},
	{"[\\Qa\\E]", REFUSED},
	{"[z-a]", REFUSED},
	{"[a-\\d]", REFUSED},
	{"[[:foo:]]", REFUSED},
	{"[a", REFUSED},
	{"[]", REFUSED},
	{"(a", REFUSED},
	{"a)", REFUSED},
	{"*a", REFUSED},
	{"a|*", REFUSED},
	{"(?i", REFUSED},
	{"(?i-)", REFUSED},
	{"a\\", REFUSED},
	{"\\x{110000}", REFUSED},
	{"\\x{}", REFUSED},
	{"\\x2", REFUSED},
	{"\\p{Nonsense}", REFUSED},
	{"\\p{L", REFUSED},
	{"a{1001}", REFUSED},
	{"a{3,1}", REFUSED},
	{"(a{500}){3}", REFUSED},
	{"((a{11}){10}){10}", REFUSED},
	{"\xff", REFUSED},
};

Test(re2, means_what_it_means_to_sops, .timeout = 30)
{
	for (size_t i = 0; i < sizeof(regex_cases) / sizeof(regex_cases[0]); i++) {
		const struct regex_case *c = &regex_cases[i];
		struct bs_error error = {0};
		bool is_match = false;
		enum bs_code code = bs_re2_search(c->pattern, PATH, &is_match, &error);

		if (c->verdict == REFUSED) {
			cr_expect_eq(code, BS_POLICY, "%s was taken", c->pattern);
			cr_expect_not_null(strstr(error.msg, "refused"), "%s", error.msg);
			continue;
		}
		cr_expect_eq(code, BS_OK, "%s: %s", c->pattern, error.msg);
		cr_expect_eq(is_match, c->verdict == YES, "%s", c->pattern);
	}
}

Test(re2, an_expression_that_backtracks_for_ever_is_ended, .timeout = 10)
{
	char path[201];
	struct bs_error error = {0};
	bool is_match = false;

	memset(path, 'a', 200);
	path[200] = '\0';
	cr_assert_eq(bs_re2_search("(a|aa)+[bc]", path, &is_match, &error), BS_POLICY);
	cr_assert_not_null(strstr(error.msg, "steps"), "%s", error.msg);
}

Test(re2, depth_and_length_are_bounded)
{
	static char pattern[BS_RE2_MAX + 2];
	bool is_match = false;

	memset(pattern, '(', 2000);
	cr_assert_eq(bs_re2_search(pattern, PATH, &is_match, NULL), BS_POLICY);
	memset(pattern, 'a', BS_RE2_MAX + 1);
	cr_assert_eq(bs_re2_search(pattern, PATH, &is_match, NULL), BS_POLICY);
}

/* --- rules ---------------------------------------------------------------------------------------------------- */

struct rule_case {
	char text[512];
	enum bs_code code;
	char want[160];  /* recipients joined by blanks, or a word of the message */
};

ParameterizedTestParameters(creation_rules, first_match_decides)
{
	static struct rule_case cases[] = {
		{"creation_rules:\n  - age: " A "\n", BS_OK, A},
		{"creation_rules:\n  - age: \" " A " , " B ",, \"\n", BS_OK, A " " B},
		{"creation_rules:\n  - age: >-\n      " A ",\n      " B "\n", BS_OK, A " " B},
		{"creation_rules:\n  - age: [" A ", " B ", " A "]\n", BS_OK, A " " B},
		{"creation_rules:\n  - key_groups:\n    - age:\n      - " A "\n      - " B "\n", BS_OK, A " " B},
		{"creation_rules:\n  - key_groups:\n    - age: [" B "]\n    age: " A "\n", BS_OK, B},
		{"creation_rules:\n  - key_groups: []\n    age: " A "\n", BS_OK, A},
		{"creation_rules:\n  - path_regex: \\.yaml$\n    age: " A "\n  - age: " B "\n", BS_OK, B},
		{"creation_rules:\n  - path_regex: ^\\.bus/secrets/openai\n    age: " A "\n  - age: " B "\n", BS_OK, A},
		{"creation_rules:\n  - path_regex: ''\n    age: " A "\n", BS_OK, A},
		{"creation_rules:\n  - path_regex:\n    age: " A "\n", BS_OK, A},
		{"{\"creation_rules\": [{\"age\": \"" A "\", \"encrypted_regex\": \"^x$\", \"pgp\": \"\"}]}", BS_OK, A},
		{"k: &k " A "\ncreation_rules:\n  - age: *k\n", BS_OK, A},
		{"d: &d {age: " A "}\ncreation_rules:\n  - <<: *d\n    path_regex: key\n", BS_OK, A},
		{"d: &d {age: " A "}\ncreation_rules:\n  - <<: *d\n    age: " B "\n", BS_OK, B},
		{"a: &a {age: " A "}\nb: &b {age: " B "}\ncreation_rules:\n  - <<: [*b, *a]\n", BS_OK, B},
		{"creation_rules:\n  - age: " A "\n    shamir_threshold: 1\n", BS_OK, A},
		{"creation_rules:\n  - age: " A "\n---\nother: [\n", BS_OK, A},

		{"", BS_OK, "none"},
		{"# nothing\n", BS_OK, "none"},
		{"stores: {json: {indent: 2}}\n", BS_OK, "none"},
		{"creation_rules:\n", BS_OK, "none"},
		{"creation_rules: ~\n", BS_OK, "none"},

		{"creation_rules: []\n", BS_POLICY, "no creation rule matches"},
		{"creation_rules:\n  - path_regex: \\.yaml$\n    age: " A "\n", BS_POLICY, "no creation rule matches"},
		{"creation_rules:\n  - path_regex: (?=x)\n    age: " A "\n", BS_POLICY, "line 2"},
		{"creation_rules:\n  - path_regex: '['\n    age: " A "\n  - age: " B "\n", BS_POLICY, "line 2"},
		{"creation_rules:\n  - path_regex: [a]\n    age: " A "\n", BS_POLICY, "path_regex"},
		{"creation_rules:\n  - {}\n", BS_POLICY, "no age recipient"},
		{"creation_rules:\n  -\n", BS_POLICY, "no age recipient"},
		{"creation_rules:\n  - age: ''\n", BS_POLICY, "no age recipient"},
		{"creation_rules:\n  - age: nonsense\n", BS_POLICY, "line 2"},
		{"creation_rules:\n  - age: [[" A "]]\n", BS_POLICY, "not a text"},
		{"creation_rules:\n  - age: {x: " A "}\n", BS_POLICY, "not a text"},
		{"creation_rules:\n  - pgp: 85D77543B3D624B63CEA9E6DBC17301B491B3F21\n    age: " A "\n", BS_POLICY, "pgp"},
		{"creation_rules:\n  - kms: arn:aws:kms:x\n", BS_POLICY, "kms"},
		{"creation_rules:\n  - gcp_kms: projects/x\n    hc_vault_transit_uri: https://v\n", BS_POLICY,
			"gcp_kms, hc_vault_transit_uri"},
		{"creation_rules:\n  - azure_keyvault: [https://v]\n", BS_POLICY, "azure_keyvault"},
		{"creation_rules:\n  - hckms: [x]\n    age: " A "\n", BS_POLICY, "hckms"},
		{"d: &d {pgp: ABC}\ncreation_rules:\n  - <<: *d\n    age: " A "\n", BS_POLICY, "pgp"},
		{"creation_rules:\n  - key_groups:\n    - age: [" A "]\n      pgp: [ABC]\n", BS_POLICY, "pgp"},
		{"creation_rules:\n  - key_groups:\n    - merge: [{age: [" B "]}]\n      age: [" A "]\n", BS_POLICY, "merge"},
		{"creation_rules:\n  - key_groups:\n    - age: [" A "]\n    - age: [" B "]\n", BS_POLICY, "Shamir"},
		{"creation_rules:\n  - age: " A "\n    shamir_threshold: 2\n", BS_POLICY, "Shamir"},
		{"creation_rules:\n  - age: ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ\n", BS_POLICY, "ssh-rsa"},
		{"creation_rules:\n  - age: " A "\n    age: " B "\n", BS_POLICY, "twice"},
		{"creation_rules:\n  - age: " A "\ncreation_rules:\n  - age: " B "\n", BS_POLICY, "twice"},
		{"creation_rules: {age: " A "}\n", BS_POLICY, "not a list"},
		{"creation_rules: yes please\n", BS_POLICY, "not a list"},
		{"creation_rules:\n  - plain\n", BS_POLICY, "not a mapping"},
		{"- age: " A "\n", BS_POLICY, "not a mapping"},
		{"creation_rules:\n\t- age: " A "\n", BS_POLICY, "line 2"},
		{"creation_rules: [\n", BS_POLICY, "line"},
		{"creation_rules:\n  - age: *nobody\n", BS_POLICY, "line 2"},
		{"creation_rules:\n  - &r\n    <<: *r\n    path_regex: key\n", BS_POLICY, "merge keys"},
		{"creation_rules:\n  - <<: text\n", BS_POLICY, "merge key"},
		{"creation_rules: \"\xff\"\n", BS_POLICY, "line"},
	};

	return cr_make_param_array(struct rule_case, cases, sizeof(cases) / sizeof(cases[0]));
}

static enum bs_code judge(const char *text, size_t len, struct bs_strings *list, struct bs_error *error, bool *has)
{
	return bs_creation_rules_recipients(text, len, PATH, has, list, error);
}

ParameterizedTest(struct rule_case *c, creation_rules, first_match_decides)
{
	struct bs_strings list = {0};
	struct bs_error error = {0};
	bool has_rules = true;
	enum bs_code code = judge(c->text, strlen(c->text), &list, &error, &has_rules);

	cr_assert_eq(code, c->code, "%s\n%s", c->text, error.msg);
	if (code) {
		cr_assert_not_null(strstr(error.msg, c->want), "%s\n%s", c->text, error.msg);
		cr_assert_not_null(strstr(error.msg, ".sops.yaml"), "%s", error.msg);
	} else if (strcmp(c->want, "none") == 0) {
		cr_assert_not(has_rules, "%s", c->text);
		cr_assert_eq(list.count, 0);
	} else {
		char *joined = bs_strings_join(&list, " ");

		cr_assert(has_rules);
		cr_assert_str_eq(joined, c->want, "%s", c->text);
		free(joined);
	}
	bs_strings_release(&list);
}

/* A text that doubles with each alias is not expanded, and many anchors do not take long. */
Test(creation_rules, bombs_do_not_go_off, .timeout = 10)
{
	static char text[200000];
	struct bs_strings list = {0};
	struct bs_error error = {0};
	bool has_rules = false;
	size_t len = 0;

	len += (size_t)sprintf(text + len, "a0: &a0 [x, x]\n");
	for (int i = 1; i < 60; i++)
		len += (size_t)sprintf(text + len, "a%d: &a%d [*a%d, *a%d]\n", i, i, i - 1, i - 1);
	len += (size_t)sprintf(text + len, "creation_rules:\n  - age: *a59\n");
	cr_assert_eq(judge(text, len, &list, &error, &has_rules), BS_POLICY, "%s", error.msg);

	for (len = 0; len < sizeof(text) - 64;)
		len += (size_t)sprintf(text + len, "a%zu: &a%zu x\n", len, len);
	cr_assert_eq(judge(text, len, &list, &error, &has_rules), BS_POLICY, "%s", error.msg);

	memset(text, '[', 100000);
	cr_assert_eq(judge(text, 100000, &list, &error, &has_rules), BS_POLICY, "%s", error.msg);

	for (len = 0; len < 100000; len += 2)
		memcpy(text + len, "- ", 2);
	cr_assert_eq(judge(text, len, &list, &error, &has_rules), BS_POLICY, "%s", error.msg);
	bs_strings_release(&list);
}

/* Each of them stays below the bound of one expression. */
Test(creation_rules, many_slow_expressions_are_ended, .timeout = 20)
{
	static const char rule[] = "- path_regex: .?.?.?.?.?.?.?.?.?.?.?.?.?(0|9)\n";
	static char text[2000 * sizeof(rule) + 32] = "creation_rules:\n";
	char *at = text + strlen(text);
	struct bs_strings list = {0};
	struct bs_error error = {0};
	bool has_rules = false;

	for (size_t i = 0; i < 2000; i++)
		at = stpcpy(at, rule);
	cr_assert_eq(judge(text, strlen(text), &list, &error, &has_rules), BS_POLICY);
	cr_assert_not_null(strstr(error.msg, "too long"), "%s", error.msg);
}

Test(creation_rules, a_file_that_is_too_large_is_refused)
{
	size_t len = BS_SOPS_YAML_MAX + 1;
	char *text = malloc(len);
	struct bs_strings list = {0};
	bool has_rules = false;

	memset(text, '#', len);
	cr_assert_eq(judge(text, len, &list, NULL, &has_rules), BS_POLICY);
	free(text);
}
