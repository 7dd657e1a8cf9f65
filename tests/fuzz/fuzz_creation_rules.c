/*
 * fuzz_creation_rules.c: .sops.yaml, and its first line as an expression.
 *
 * What is taken names at least one recipient, and only kinds that can be encrypted to; a translated expression is
 * one that PCRE2 takes or refuses for its size, never a syntax of its own.
 */
#include "../../core/keys/creation_rules.h"
#include "../../core/keys/re2.h"

#include <bus-secrets/keys.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define PATH ".bus/secrets/openai_api_key.sops.json"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_expression(const char *pattern)
{
	bool is_match = false;
	char *translated = NULL;

	(void)!bs_re2_search(pattern, PATH, &is_match, NULL);
	if (bs_re2_translate(pattern, &translated, NULL) != BS_OK)
		return;
	/* Nothing that is PCRE2's alone may come out. */
	if (strstr(translated, "(?=") || strstr(translated, "(?!") || strstr(translated, "(?>") ||
		strstr(translated, "(*") || strstr(translated, "(?P") || strstr(translated, "(?<"))
		abort();
	free(translated);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bs_strings list = {0};
	bool has_rules = false;
	char *copy = malloc(size + 1);

	if (!copy)
		return 0;
	memcpy(copy, data, size);
	copy[size] = '\0';
	if (bs_creation_rules_recipients(copy, size, PATH, &has_rules, &list, NULL) == BS_OK) {
		if (has_rules != (list.count > 0))
			abort();
		for (size_t i = 0; i < list.count; i++) {
			if (!bs_recipient_is_native(list.items[i], NULL))
				abort();
		}
	}
	bs_strings_release(&list);
	copy[strcspn(copy, "\n")] = '\0';
	try_expression(copy);
	free(copy);
	return 0;
}
