/*
 * creation_rules.c: .sops.yaml, as far as it says who a document is encrypted to.
 *
 * The file belongs to the workspace and is as hostile as anything: its size, anchors and merges are bounded, nothing
 * is walked deeper than the form of a rule, and whatever is not understood is refused with its line.
 */
#include "creation_rules.h"

#include "library.h"
#include "re2.h"
#include "recipients.h"
#include <bus-secrets/cleanup.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <yaml.h>

/* libyaml looks through all anchors at each anchor and alias, and through all open brackets at each token. */
#define ANCHORS_MAX 2048
#define BRACKETS_MAX 4096
#define MERGES_MAX 64

/* Processor time for all rules together: each expression is bounded, but thousands of them are not. */
#define LOOKUP_MS 1000

struct yaml {
	__typeof__(yaml_parser_initialize) *parser_initialize;
	__typeof__(yaml_parser_delete) *parser_delete;
	__typeof__(yaml_parser_set_input_string) *parser_set_input_string;
	__typeof__(yaml_parser_load) *parser_load;
	__typeof__(yaml_document_get_root_node) *document_get_root_node;
	__typeof__(yaml_document_get_node) *document_get_node;
	__typeof__(yaml_document_delete) *document_delete;
};

struct rules {
	struct yaml lib;
	yaml_document_t document;
	bool has_document;
	const char *path;
	struct bs_error *reterr;
};

/* --- nodes ---------------------------------------------------------------------------------------------------- */

static enum bs_code refuse(const struct rules *rules, const yaml_node_t *node, const char *what)
{
	return bs_error_set(rules->reterr, BS_POLICY, BS_SOPS_YAML ", line %zu: %s", node->start_mark.line + 1, what);
}

static const yaml_node_t *node_at(struct rules *rules, int index)
{
	return rules->lib.document_get_node(&rules->document, index);
}

static bool is_text(const yaml_node_t *node, const char *text)
{
	return node->type == YAML_SCALAR_NODE && node->data.scalar.length == strlen(text) &&
		memcmp(node->data.scalar.value, text, strlen(text)) == 0;
}

static bool is_null(const yaml_node_t *node)
{
	static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};

	if (node->type != YAML_SCALAR_NODE || node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return false;
	for (size_t i = 0; i < sizeof(nulls) / sizeof(nulls[0]); i++) {
		if (is_text(node, nulls[i]))
			return true;
	}
	return false;
}

/* Absent, null, an empty text, list or mapping. */
static bool is_empty(const yaml_node_t *node)
{
	if (!node || is_null(node))
		return true;
	if (node->type == YAML_SCALAR_NODE)
		return node->data.scalar.length == 0;
	if (node->type == YAML_SEQUENCE_NODE)
		return node->data.sequence.items.start == node->data.sequence.items.top;
	return node->data.mapping.pairs.start == node->data.mapping.pairs.top;
}

/* The value of a key that stands in the mapping itself; NULL if none does. A key twice is refused, as by sops. */
static enum bs_code own_field(struct rules *rules, const yaml_node_t *mapping, const char *key,
	const yaml_node_t **ret)
{
	*ret = NULL;
	for (yaml_node_pair_t *pair = mapping->data.mapping.pairs.start; pair < mapping->data.mapping.pairs.top; pair++) {
		const yaml_node_t *name = node_at(rules, pair->key);

		if (!name || !is_text(name, key))
			continue;
		if (*ret)
			return refuse(rules, name, "a key stands twice");
		*ret = node_at(rules, pair->value);
	}
	return BS_OK;
}

struct merges {
	const yaml_node_t *items[MERGES_MAX]; /* to be looked at, the next one last */
	size_t count;
	size_t seen;
};

static enum bs_code push(struct rules *rules, struct merges *merges, const yaml_node_t *node)
{
	if (node->type != YAML_MAPPING_NODE)
		return refuse(rules, node, "a merge key (<<) of something that is no mapping");
	if (merges->count == MERGES_MAX || ++merges->seen > MERGES_MAX)
		return refuse(rules, node, "too many merge keys (<<)");
	merges->items[merges->count++] = node;
	return BS_OK;
}

/* What `<<` of a mapping names, so that the first comes to be looked at first. */
static enum bs_code push_merged(struct rules *rules, struct merges *merges, const yaml_node_t *mapping)
{
	const yaml_node_t *merged = NULL;
	enum bs_code code = own_field(rules, mapping, "<<", &merged);

	if (code || !merged)
		return code;
	if (merged->type != YAML_SEQUENCE_NODE)
		return push(rules, merges, merged);
	for (yaml_node_item_t *item = merged->data.sequence.items.top;
		!code && item > merged->data.sequence.items.start;) {
		const yaml_node_t *node = node_at(rules, *--item);

		if (node)
			code = push(rules, merges, node);
	}
	return code;
}

/* A field of a mapping, its own or a merged one; NULL if there is none. */
static enum bs_code field(struct rules *rules, const yaml_node_t *mapping, const char *key, const yaml_node_t **ret)
{
	struct merges merges = {.items = {mapping}, .count = 1};
	enum bs_code code = BS_OK;

	*ret = NULL;
	while (!code && merges.count) {
		const yaml_node_t *node = merges.items[--merges.count];

		code = own_field(rules, node, key, ret);
		if (!code && *ret)
			return BS_OK;
		if (!code)
			code = push_merged(rules, &merges, node);
	}
	return code;
}

/* --- recipients of a rule ------------------------------------------------------------------------------------- */

static enum bs_code add_text(struct rules *rules, const yaml_node_t *node, bool are_empty_skipped,
	struct bs_strings *ret)
{
	struct bs_error inner = {0};
	const char *text;
	char shown[64];
	enum bs_code code;

	if (node->type != YAML_SCALAR_NODE)
		return refuse(rules, node, "a recipient is not a text");
	text = (const char *)node->data.scalar.value;
	if (strlen(text) != node->data.scalar.length)
		return refuse(rules, node, "a NUL character in a recipient");
	(void)snprintf(shown, sizeof(shown), BS_SOPS_YAML ", line %zu", node->start_mark.line + 1);
	code = bs_recipients_add_commas(ret, text, are_empty_skipped, shown, &inner);
	if (!code)
		return BS_OK;
	return bs_error_set(rules->reterr, code == BS_NO_MEMORY ? code : BS_POLICY, "%s", inner.msg);
}

static enum bs_code add_list(struct rules *rules, const yaml_node_t *list, struct bs_strings *ret)
{
	enum bs_code code = BS_OK;

	for (yaml_node_item_t *item = list->data.sequence.items.start; !code && item < list->data.sequence.items.top;
		item++) {
		const yaml_node_t *node = node_at(rules, *item);

		if (node)
			code = add_text(rules, node, false, ret);
	}
	return code;
}

/* Key lists that are not age's: which of them are not empty. */
static enum bs_code refuse_other_kinds(struct rules *rules, const yaml_node_t *mapping, const char *const *kinds,
	size_t count)
{
	BS_CLEANUP(bs_strings_release) struct bs_strings asked = {0};
	BS_CLEANUP(bs_free_ptr) char *names = NULL;
	enum bs_code code = BS_OK;

	for (size_t i = 0; i < count && !code; i++) {
		const yaml_node_t *node = NULL;

		code = field(rules, mapping, kinds[i], &node);
		if (!code && !is_empty(node))
			code = bs_strings_add(&asked, kinds[i], rules->reterr);
	}
	if (code || !asked.count)
		return code;
	names = bs_strings_join(&asked, ", ");
	return bs_error_set(rules->reterr, BS_POLICY,
		BS_SOPS_YAML ", line %zu: the rule asks for keys that cannot be made here: %s",
		mapping->start_mark.line + 1, names ? names : "?");
}

static enum bs_code from_group(struct rules *rules, const yaml_node_t *groups, struct bs_strings *ret)
{
	static const char *const kinds[] = {"pgp", "kms", "gcp_kms", "hckms", "azure_keyvault", "hc_vault", "merge"};
	const yaml_node_t *group;
	const yaml_node_t *age = NULL;
	enum bs_code code;

	if (groups->type != YAML_SEQUENCE_NODE)
		return refuse(rules, groups, "key_groups is not a list");
	if (groups->data.sequence.items.top - groups->data.sequence.items.start > 1)
		return refuse(rules, groups, "several key groups (Shamir) cannot be made here");
	group = node_at(rules, *groups->data.sequence.items.start);
	if (!group || group->type != YAML_MAPPING_NODE)
		return refuse(rules, groups, "the key group is not a mapping");
	code = refuse_other_kinds(rules, group, kinds, sizeof(kinds) / sizeof(kinds[0]));
	if (!code)
		code = field(rules, group, "age", &age);
	if (code || is_empty(age))
		return code;
	if (age->type != YAML_SEQUENCE_NODE)
		return refuse(rules, age, "age of a key group is not a list");
	return add_list(rules, age, ret);
}

static enum bs_code from_flat(struct rules *rules, const yaml_node_t *rule, struct bs_strings *ret)
{
	static const char *const kinds[] = {"pgp", "kms", "gcp_kms", "hckms", "azure_keyvault", "hc_vault_transit_uri"};
	const yaml_node_t *age = NULL;
	enum bs_code code = refuse_other_kinds(rules, rule, kinds, sizeof(kinds) / sizeof(kinds[0]));

	if (!code)
		code = field(rules, rule, "age", &age);
	if (code || is_empty(age))
		return code;
	if (age->type == YAML_SEQUENCE_NODE)
		return add_list(rules, age, ret);
	return add_text(rules, age, true, ret);
}

static enum bs_code refuse_threshold(struct rules *rules, const yaml_node_t *rule)
{
	const yaml_node_t *threshold = NULL;
	enum bs_code code = field(rules, rule, "shamir_threshold", &threshold);

	if (code || is_empty(threshold) || is_text(threshold, "0") || is_text(threshold, "1"))
		return code;
	return refuse(rules, threshold, "a Shamir threshold cannot be kept here");
}

static enum bs_code from_rule(struct rules *rules, const yaml_node_t *rule, struct bs_strings *ret)
{
	const yaml_node_t *groups = NULL;
	enum bs_code code = BS_OK;

	if (!is_null(rule)) {
		code = refuse_threshold(rules, rule);
		if (!code)
			code = field(rules, rule, "key_groups", &groups);
		if (!code)
			code = is_empty(groups) ? from_flat(rules, rule, ret) : from_group(rules, groups, ret);
	}
	if (!code && !ret->count)
		return refuse(rules, rule, "the rule names no age recipient");
	return code;
}

/* --- which rule ----------------------------------------------------------------------------------------------- */

static enum bs_code matches(struct rules *rules, const yaml_node_t *rule, bool *ret)
{
	const yaml_node_t *regex = NULL;
	struct bs_error inner = {0};
	enum bs_code code;

	*ret = true;
	if (is_null(rule))
		return BS_OK;
	if (rule->type != YAML_MAPPING_NODE)
		return refuse(rules, rule, "a creation rule is not a mapping");
	code = field(rules, rule, "path_regex", &regex);
	if (code || !regex || is_null(regex))
		return code;
	if (regex->type != YAML_SCALAR_NODE ||
		strlen((const char *)regex->data.scalar.value) != regex->data.scalar.length)
		return refuse(rules, regex, "path_regex is not a text");
	if (!regex->data.scalar.length)
		return BS_OK;
	code = bs_re2_search((const char *)regex->data.scalar.value, rules->path, ret, &inner);
	if (!code)
		return BS_OK;
	return bs_error_set(rules->reterr, code, BS_SOPS_YAML ", line %zu: path_regex: %s",
		regex->start_mark.line + 1, inner.msg);
}

static int64_t spent_ms(void)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static enum bs_code first_match(struct rules *rules, const yaml_node_t *list, struct bs_strings *ret)
{
	int64_t start = spent_ms();

	for (yaml_node_item_t *item = list->data.sequence.items.start; item < list->data.sequence.items.top; item++) {
		const yaml_node_t *rule = node_at(rules, *item);
		bool is_match = false;
		enum bs_code code;

		if (!rule)
			return refuse(rules, list, "a rule that cannot be read");
		code = matches(rules, rule, &is_match);
		if (code)
			return code;
		if (is_match)
			return from_rule(rules, rule, ret);
		if (spent_ms() - start > LOOKUP_MS)
			return refuse(rules, rule, "the expressions up to here take too long");
	}
	return bs_error_set(rules->reterr, BS_POLICY, BS_SOPS_YAML ": no creation rule matches %s", rules->path);
}

/* --- the file ------------------------------------------------------------------------------------------------- */

static enum bs_code load_library(struct yaml *lib, struct bs_error *reterr)
{
	const struct bs_library_symbol symbols[] = {
		{"yaml_parser_initialize", &lib->parser_initialize},
		{"yaml_parser_delete", &lib->parser_delete},
		{"yaml_parser_set_input_string", &lib->parser_set_input_string},
		{"yaml_parser_load", &lib->parser_load},
		{"yaml_document_get_root_node", &lib->document_get_root_node},
		{"yaml_document_get_node", &lib->document_get_node},
		{"yaml_document_delete", &lib->document_delete},
	};

	return bs_library_load("libyaml-0.so.2", "libyaml-0-2", BS_SOPS_YAML, symbols,
		sizeof(symbols) / sizeof(symbols[0]), reterr);
}

static enum bs_code check_size(const char *text, size_t len, struct bs_error *reterr)
{
	size_t anchors = 0;
	size_t brackets = 0;

	for (size_t i = 0; i < len; i++) {
		anchors += text[i] == '&' || text[i] == '*';
		brackets += text[i] == '[' || text[i] == '{';
	}
	if (len > BS_SOPS_YAML_MAX || anchors > ANCHORS_MAX || brackets > BRACKETS_MAX)
		return bs_error_set(reterr, BS_POLICY, BS_SOPS_YAML " is too large, or has too many anchors or brackets");
	return BS_OK;
}

/* The first document, as sops reads it. */
static enum bs_code load_document(struct rules *rules, const char *text, size_t len)
{
	yaml_parser_t parser;
	enum bs_code code = BS_OK;

	if (!rules->lib.parser_initialize(&parser))
		return bs_error_set(rules->reterr, BS_NO_MEMORY, "out of memory for " BS_SOPS_YAML);
	rules->lib.parser_set_input_string(&parser, (const unsigned char *)text, len);
	rules->has_document = rules->lib.parser_load(&parser, &rules->document);
	if (!rules->has_document)
		code = bs_error_set(rules->reterr, parser.error == YAML_MEMORY_ERROR ? BS_NO_MEMORY : BS_POLICY,
			BS_SOPS_YAML ", line %zu: %s", parser.problem_mark.line + 1,
			parser.problem ? parser.problem : "not YAML");
	rules->lib.parser_delete(&parser);
	return code;
}

static enum bs_code judge(struct rules *rules, bool *ret_has_rules, struct bs_strings *ret)
{
	const yaml_node_t *root = rules->lib.document_get_root_node(&rules->document);
	const yaml_node_t *list = NULL;
	enum bs_code code;

	*ret_has_rules = false;
	if (!root || is_null(root))
		return BS_OK;
	if (root->type != YAML_MAPPING_NODE)
		return refuse(rules, root, "it is not a mapping");
	code = field(rules, root, "creation_rules", &list);
	if (code || !list || is_null(list))
		return code;
	if (list->type != YAML_SEQUENCE_NODE)
		return refuse(rules, list, "creation_rules is not a list");
	*ret_has_rules = true;
	return first_match(rules, list, ret);
}

enum bs_code bs_creation_rules_recipients(const char *text, size_t len, const char *path, bool *ret_has_rules,
	struct bs_strings *ret, struct bs_error *reterr)
{
	struct rules rules = {.path = path, .reterr = reterr};
	enum bs_code code = check_size(text, len, reterr);

	if (!code)
		code = load_library(&rules.lib, reterr);
	if (!code)
		code = load_document(&rules, text, len);
	if (!code)
		code = judge(&rules, ret_has_rules, ret);
	if (rules.has_document)
		rules.lib.document_delete(&rules.document);
	return code;
}
