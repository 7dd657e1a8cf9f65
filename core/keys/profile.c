/* profile.c: the key profile that a workspace names. It is a name, never a path or a command. */
#include "sources.h"

#include "../json/json.h"
#include <string.h>

#define CONFIG_FILE ".bus/secrets/config.json"
#define CONFIG_MAX ((size_t)64 * 1024)
#define PROFILE_MAX 64

static bool is_profile_name(const char *name, size_t len)
{
	if (!len || len > PROFILE_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!(name[i] >= 'a' && name[i] <= 'z') && !(name[i] >= '0' && name[i] <= '9') && name[i] != '_' &&
			name[i] != '-')
			return false;
	}
	return true;
}

static enum bs_code parse(const char *text, size_t len, char **ret, struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) char *name = NULL;
	struct bs_json_value root;
	struct bs_json_value value;
	bool is_found = false;
	size_t name_len = 0;
	enum bs_code code = bs_json_check(text, len, &root, reterr);

	if (code)
		return code;
	if (root.kind != BS_JSON_OBJECT)
		return bs_error_set(reterr, BS_MALFORMED, "it is not a JSON object");
	code = bs_json_find(text, root, "profile", strlen("profile"), &is_found, &value, reterr);
	if (code || !is_found || value.kind == BS_JSON_NULL)
		return code;
	if (value.kind != BS_JSON_STRING)
		return bs_error_set(reterr, BS_MALFORMED, "the profile is not a name");
	code = bs_json_string_decode(text, value, &name, &name_len, reterr);
	if (code)
		return code;
	if (!is_profile_name(name, name_len))
		return bs_error_set(reterr, BS_MALFORMED, "the profile is not a name (lower case letters, digits, _ and -)");
	*ret = BS_TAKE(name);
	return BS_OK;
}

enum bs_code bs_profile_name(const struct bs_workspace *ws, char **ret, struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) char *text = NULL;
	struct bs_error inner = {0};
	size_t len = 0;
	enum bs_code code = bs_workspace_read_file(ws, CONFIG_FILE, CONFIG_MAX, &text, &len, reterr);

	if (code == BS_NOT_FOUND)
		return BS_OK;
	if (code)
		return code;
	code = parse(text, len, ret, &inner);
	return code ? bs_error_set(reterr, code, CONFIG_FILE ": %s", inner.msg) : BS_OK;
}
