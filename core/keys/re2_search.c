/* re2_search.c: looking for a translated expression in a path, with bounds, by PCRE2 loaded for it. */
#include "re2.h"

#include "library.h"
#include <bus-secrets/cleanup.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

/* RE2 takes time linear in the text; PCRE2 backtracks, so a path of 200 bytes gets a bounded number of steps. */
#define MATCH_LIMIT 500000u
#define DEPTH_LIMIT 20000u
#define HEAP_LIMIT_KIB 8192u

struct pcre2 {
	__typeof__(pcre2_compile_8) *compile;
	__typeof__(pcre2_code_free_8) *code_free;
	__typeof__(pcre2_match_data_create_8) *match_data_create;
	__typeof__(pcre2_match_data_free_8) *match_data_free;
	__typeof__(pcre2_match_context_create_8) *match_context_create;
	__typeof__(pcre2_match_context_free_8) *match_context_free;
	__typeof__(pcre2_set_match_limit_8) *set_match_limit;
	__typeof__(pcre2_set_depth_limit_8) *set_depth_limit;
	__typeof__(pcre2_set_heap_limit_8) *set_heap_limit;
	__typeof__(pcre2_match_8) *match;
};

struct search {
	struct pcre2 lib;
	pcre2_code_8 *code;
	pcre2_match_data_8 *data;
	pcre2_match_context_8 *context;
};

static enum bs_code load(struct pcre2 *lib, struct bs_error *reterr)
{
	const struct bs_library_symbol symbols[] = {
		{"pcre2_compile_8", &lib->compile},
		{"pcre2_code_free_8", &lib->code_free},
		{"pcre2_match_data_create_8", &lib->match_data_create},
		{"pcre2_match_data_free_8", &lib->match_data_free},
		{"pcre2_match_context_create_8", &lib->match_context_create},
		{"pcre2_match_context_free_8", &lib->match_context_free},
		{"pcre2_set_match_limit_8", &lib->set_match_limit},
		{"pcre2_set_depth_limit_8", &lib->set_depth_limit},
		{"pcre2_set_heap_limit_8", &lib->set_heap_limit},
		{"pcre2_match_8", &lib->match},
	};

	return bs_library_load("libpcre2-8.so.0", "libpcre2-8-0", "path_regex of .sops.yaml", symbols,
		sizeof(symbols) / sizeof(symbols[0]), reterr);
}

static void search_release(struct search *search)
{
	if (search->context)
		search->lib.match_context_free(search->context);
	if (search->data)
		search->lib.match_data_free(search->data);
	if (search->code)
		search->lib.code_free(search->code);
}

/* Without UCP "\d" and "\w" are ASCII, and "$" is the text's very end: as in RE2. */
static enum bs_code compile(struct search *search, const char *pattern, struct bs_error *reterr)
{
	const uint32_t options = PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_UCP | PCRE2_NEVER_BACKSLASH_C;
	PCRE2_SIZE offset = 0;
	int error = 0;

	search->code = search->lib.compile((PCRE2_SPTR8)pattern, strlen(pattern), options, &error, &offset, NULL);
	if (!search->code)
		return bs_error_set(reterr, BS_POLICY, "the expression is refused (PCRE2 error %d)", error);
	search->data = search->lib.match_data_create(1, NULL);
	search->context = search->lib.match_context_create(NULL);
	if (!search->data || !search->context)
		return bs_error_set(reterr, BS_NO_MEMORY, "out of memory for an expression");
	(void)search->lib.set_match_limit(search->context, MATCH_LIMIT);
	(void)search->lib.set_depth_limit(search->context, DEPTH_LIMIT);
	(void)search->lib.set_heap_limit(search->context, HEAP_LIMIT_KIB);
	return BS_OK;
}

enum bs_code bs_re2_search(const char *pattern, const char *path, bool *ret, struct bs_error *reterr)
{
	BS_CLEANUP(search_release) struct search search = {0};
	BS_CLEANUP(bs_free_ptr) char *translated = NULL;
	enum bs_code code = bs_re2_translate(pattern, &translated, reterr);
	int found;

	if (!code)
		code = load(&search.lib, reterr);
	if (!code)
		code = compile(&search, translated, reterr);
	if (code)
		return code;
	found = search.lib.match(search.code, (PCRE2_SPTR8)path, strlen(path), 0, 0, search.data, search.context);
	if (found < 0 && found != PCRE2_ERROR_NOMATCH)
		return bs_error_set(reterr, BS_POLICY, "the expression takes too many steps (PCRE2 error %d)", found);
	*ret = found >= 0;
	return BS_OK;
}
