/* fuzz_json_scan.c: any bytes as a JSON text; what the checker accepts, the walkers must agree on. */
#include "../../core/json/json.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
	if (!condition)
		abort();
}

/* Each key is found where the list has it, or is refused as a double. */
static void look_into_object(const char *text, struct bs_json_value object)
{
	struct bs_json_members members = {0};

	must(bs_json_members(text, object, &members, NULL) == BS_OK);
	for (size_t i = 0; i < members.count && i < 64; i++) {
		const struct bs_json_member *member = &members.items[i];
		struct bs_json_value value = {0};
		struct bs_json_value again;
		bool found = false;
		enum bs_code code = bs_json_find(text, object, member->key, member->key_len, &found, &value,
			NULL);

		must(code == BS_MALFORMED || (found && value.off == member->value.off));
		must(bs_json_check(text + member->value.off, member->value.len, &again, NULL) == BS_OK);
		must(again.kind == member->value.kind && again.len == member->value.len);
	}
	bs_json_members_release(&members);
}

static void look_into_array(const char *text, struct bs_json_value array)
{
	struct bs_json_value *list = NULL;
	struct bs_json_value again;
	size_t count = 0;

	must(bs_json_elements(text, array, &list, &count, NULL) == BS_OK);
	for (size_t i = 0; i < count && i < 64; i++)
		must(bs_json_check(text + list[i].off, list[i].len, &again, NULL) == BS_OK);
	free(list);
}

/* What decodes comes back when it is encoded and decoded again. */
static void look_into_string(const char *text, struct bs_json_value string)
{
	char *bytes = NULL;
	char *quoted = NULL;
	char *again = NULL;
	struct bs_json_value value;
	size_t len;
	size_t quoted_len;
	size_t again_len;

	if (bs_json_string_decode(text, string, &bytes, &len, NULL))
		return;
	must(bs_json_string_encode(bytes, len, &quoted, &quoted_len, NULL) == BS_OK);
	must(bs_json_check(quoted, quoted_len, &value, NULL) == BS_OK);
	must(bs_json_string_decode(quoted, value, &again, &again_len, NULL) == BS_OK);
	must(again_len == len && memcmp(again, bytes, len) == 0);
	free(bytes);
	free(quoted);
	free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct bs_json_value root;
	struct bs_error err = {0};

	if (bs_json_check(text, size, &root, &err))
		return 0;
	must(root.len > 0 && root.off + root.len <= size);
	if (root.kind == BS_JSON_OBJECT)
		look_into_object(text, root);
	else if (root.kind == BS_JSON_ARRAY)
		look_into_array(text, root);
	else if (root.kind == BS_JSON_STRING)
		look_into_string(text, root);
	return 0;
}
