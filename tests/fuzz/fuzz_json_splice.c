/*
 * fuzz_json_splice.c: one member of any text is set, set again and deleted. The first byte chooses the path
 * and the key, the rest is the text. The splice checks its own results: that check must never be the one that
 * fails.
 */
#include "../../core/json/splice.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
	if (!condition)
		abort();
}

/* Applies one edit to *text, which is replaced. */
static enum bs_code edit_in_place(char **text, size_t *len, struct bs_json_edit edit, const char *value)
{
	char *made = NULL;
	size_t made_len = 0;
	enum bs_code code;

	edit.value = value;
	edit.value_len = value ? strlen(value) : 0;
	code = bs_json_splice(*text, *len, &edit, 1, &made, &made_len, NULL);
	must(code == BS_OK || code == BS_MALFORMED || (!value && code == BS_NOT_FOUND));
	if (code)
		return code;
	free(*text);
	*text = made;
	*len = made_len;
	return BS_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const path[] = {"a", "b"};
	static const char *const keys[] = {"a", "b", "secrets.x", ""};
	struct bs_json_edit edit = {.path = path};
	size_t len = size - 1;
	char *text;

	if (size == 0)
		return 0;
	edit.depth = data[0] % 3;
	edit.key = keys[data[0] / 3 % 4];
	edit.key_len = strlen(edit.key);
	text = malloc(size);
	memcpy(text, data + 1, len);
	(void)edit_in_place(&text, &len, edit, NULL);
	if (edit_in_place(&text, &len, edit, "[1]") == BS_OK) {
		size_t set_len = len;

		must(edit_in_place(&text, &len, edit, "\"x\"") == BS_OK && len == set_len);
		must(edit_in_place(&text, &len, edit, NULL) == BS_OK && len < set_len);
		must(edit_in_place(&text, &len, edit, NULL) == BS_NOT_FOUND);
	}
	free(text);
	return 0;
}
