/* scope.c: the table of scopes. */
#include <bus-secrets/scope.h>

#include <string.h>

static const char *const names[] = {
	[BS_SCOPE_USER] = "user",
	[BS_SCOPE_REPO] = "repo",
	[BS_SCOPE_AUTO] = "auto",
};

const char *bs_scope_name(enum bs_scope scope)
{
	return names[scope];
}

enum bs_code bs_scope_parse(const char *word, enum bs_scope *ret, struct bs_error *reterr)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(word, names[i]) == 0) {
			*ret = (enum bs_scope)i;
			return BS_OK;
		}
	}
	return bs_error_set(reterr, BS_USAGE, "unknown scope '%.40s': it is one of user, repo, auto", word);
}
