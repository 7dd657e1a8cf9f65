#include "metadata.h"

#include "../age/age.h"
#include "semver.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <bus-secrets/cleanup.h>

struct field {
	const char *name;
	enum bs_sops_field field;
	enum bs_sops_rule rule;
};

static const struct field fields[] = {
	{"age", BS_FIELD_WRITTEN, BS_RULE_ASSUMED},
	{"lastmodified", BS_FIELD_WRITTEN, BS_RULE_ASSUMED},
	{"mac", BS_FIELD_WRITTEN, BS_RULE_ASSUMED},
	{"version", BS_FIELD_WRITTEN, BS_RULE_ASSUMED},
	{"kms", BS_FIELD_KEYS, BS_RULE_ASSUMED},
	{"gcp_kms", BS_FIELD_KEYS, BS_RULE_ASSUMED},
	{"hckms", BS_FIELD_KEYS, BS_RULE_ASSUMED},
	{"azure_kv", BS_FIELD_KEYS, BS_RULE_ASSUMED},
	{"hc_vault", BS_FIELD_KEYS, BS_RULE_ASSUMED},
	{"pgp", BS_FIELD_KEYS, BS_RULE_ASSUMED},
	{"key_groups", BS_FIELD_GROUPS, BS_RULE_ASSUMED},
	{"shamir_threshold", BS_FIELD_GROUPS, BS_RULE_ASSUMED},
	{"unencrypted_suffix", BS_FIELD_RULE, BS_RULE_UNENCRYPTED_SUFFIX},
	{"encrypted_suffix", BS_FIELD_RULE, BS_RULE_ENCRYPTED_SUFFIX},
	{"unencrypted_regex", BS_FIELD_RULE, BS_RULE_EXPRESSION},
	{"encrypted_regex", BS_FIELD_RULE, BS_RULE_EXPRESSION},
	{"unencrypted_comment_regex", BS_FIELD_RULE, BS_RULE_EXPRESSION},
	{"encrypted_comment_regex", BS_FIELD_RULE, BS_RULE_EXPRESSION},
	{"mac_only_encrypted", BS_FIELD_MAC_RULE, BS_RULE_ASSUMED},
};

#define FIELD_COUNT (sizeof(fields) / sizeof(fields[0]))

struct parse {
	const struct bs_tree *tree;
	struct bs_sops_metadata *meta;
	struct bs_error *reterr;
};

static const struct bs_tree_node *node_of(const struct parse *p, size_t node)
{
	return &p->tree->nodes[node];
}

/* A list of maps with `enc` is the envelopes of a kind that came after us: the data key is in there, too. */
static bool holds_envelopes(const struct bs_tree *tree, size_t list)
{
	const struct bs_tree_node *nodes = tree->nodes;

	if (nodes[list].value.kind != BS_JSON_ARRAY)
		return false;
	for (size_t i = list + 1; i < nodes[list].end; i = nodes[i].end) {
		if (nodes[i].value.kind == BS_JSON_OBJECT && bs_tree_child(tree, i, "enc") != BS_TREE_NONE)
			return true;
	}
	return false;
}

static const struct field *find_field(const struct bs_tree_node *node)
{
	for (size_t i = 0; i < FIELD_COUNT; i++) {
		if (bs_tree_key_is(node, fields[i].name))
			return &fields[i];
	}
	return NULL;
}

enum bs_sops_field bs_sops_field_of(const struct bs_tree *tree, size_t node)
{
	const struct field *field = find_field(&tree->nodes[node]);

	if (field)
		return field->field;
	return holds_envelopes(tree, node) ? BS_FIELD_KEYS : BS_FIELD_UNKNOWN;
}

/* sops takes `MAC` for `mac`: a document must not mean one thing to it and another to us. */
static enum bs_code refuse_lookalikes(struct parse *p)
{
	size_t end = node_of(p, p->meta->node)->end;

	for (size_t i = p->meta->node + 1; i < end; i = node_of(p, i)->end) {
		const struct bs_tree_node *node = node_of(p, i);

		for (size_t k = 0; k < FIELD_COUNT; k++) {
			const char *name = fields[k].name;

			if (node->key_len == strlen(name) && !strncasecmp(node->key, name, node->key_len) &&
				memcmp(node->key, name, node->key_len) != 0)
				return bs_error_set(p->reterr, BS_MALFORMED,
					"the field sops.%s is written in other letters", name);
		}
	}
	return BS_OK;
}

/* The field's node, or BS_TREE_NONE if it is missing or null. */
static size_t present(const struct parse *p, size_t object, const char *name)
{
	size_t node = bs_tree_child(p->tree, object, name);

	return node != BS_TREE_NONE && node_of(p, node)->value.kind == BS_JSON_NULL ? BS_TREE_NONE : node;
}

/* A field's text without NUL inside; *ret stays NULL if it is missing or null. */
static enum bs_code take_string(struct parse *p, const char *name, char **ret)
{
	size_t node = present(p, p->meta->node, name);
	enum bs_code code;
	size_t len;

	if (node == BS_TREE_NONE)
		return BS_OK;
	if (node_of(p, node)->value.kind != BS_JSON_STRING)
		return bs_error_set(p->reterr, BS_MALFORMED, "the field sops.%s is no string", name);
	code = bs_json_string_decode(p->tree->text, node_of(p, node)->value, ret, &len, p->reterr);
	if (!code && strlen(*ret) != len)
		code = bs_error_set(p->reterr, BS_MALFORMED, "the field sops.%s holds a NUL", name);
	return code;
}

static enum bs_code parse_stamps(struct parse *p)
{
	struct bs_sops_metadata *meta = p->meta;
	enum bs_code code = take_string(p, "lastmodified", &meta->lastmodified);
	const char *wrong;

	if (!code)
		code = take_string(p, "version", &meta->version);
	if (!code)
		code = take_string(p, "mac", &meta->mac);
	if (code)
		return code;
	if (!meta->lastmodified || !bs_rfc3339_parse(meta->lastmodified, strlen(meta->lastmodified),
					   meta->mac_aad, &meta->modified))
		return bs_error_set(p->reterr, BS_MALFORMED,
			"the field sops.lastmodified is missing or no RFC 3339 time");
	if (!meta->version || !bs_semver_is_valid(meta->version))
		return bs_error_set(
			p->reterr, BS_MALFORMED, "the field sops.version is missing or no version X.Y.Z");
	if (!meta->mac || !*meta->mac)
		return bs_error_set(p->reterr, BS_MALFORMED, "the document has no MAC (sops.mac)");
	wrong = bs_enc_parse(meta->mac, strlen(meta->mac), &meta->mac_enc);
	if (!wrong && (meta->mac_enc.type != BS_ENC_STR || meta->mac_enc.len != 128))
		wrong = "it is no encrypted SHA-512";
	if (wrong)
		return bs_error_set(p->reterr, BS_MALFORMED, "the field sops.mac is malformed: %s", wrong);
	return BS_OK;
}

static enum bs_code parse_rules(struct parse *p)
{
	struct bs_sops_metadata *meta = p->meta;
	size_t flag = present(p, meta->node, "mac_only_encrypted");

	for (size_t i = 0; i < FIELD_COUNT; i++) {
		BS_CLEANUP(bs_free_ptr) char *text = NULL;
		enum bs_code code;

		if (fields[i].field != BS_FIELD_RULE)
			continue;
		code = take_string(p, fields[i].name, &text);
		if (code)
			return code;
		if (!text || !*text)
			continue;
		if (meta->rule_field)
			return bs_error_set(p->reterr, BS_MALFORMED,
				"the document has two rules: sops.%s and sops.%s", meta->rule_field,
				fields[i].name);
		meta->rule = fields[i].rule;
		meta->rule_field = fields[i].name;
		meta->suffix = BS_TAKE(text);
	}
	if (!meta->suffix) {
		meta->suffix = strdup("_unencrypted");
		if (!meta->suffix)
			return bs_error_set(p->reterr, BS_NO_MEMORY, "no memory for the document");
	}
	meta->suffix_len = strlen(meta->suffix);
	if (flag == BS_TREE_NONE)
		return BS_OK;
	if (node_of(p, flag)->value.kind != BS_JSON_TRUE && node_of(p, flag)->value.kind != BS_JSON_FALSE)
		return bs_error_set(p->reterr, BS_MALFORMED,
			"the field sops.mac_only_encrypted is neither true nor false");
	meta->mac_only_encrypted = node_of(p, flag)->value.kind == BS_JSON_TRUE;
	return BS_OK;
}

/* Also cuts at a NUL, which no recipient has. */
static void trim(char *text, size_t len)
{
	size_t start = strspn(text, " \t\r\n");

	while (len > start && strchr(" \t\r\n", text[len - 1]))
		len--;
	memmove(text, text + start, len - start);
	text[len - start] = '\0';
}

static bool is_printable(const char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return false;
	}
	return true;
}

/* A damaged entry is no reason to refuse the document: another one may open it. */
static enum bs_code read_age(struct parse *p, struct bs_sops_entry *entry)
{
	size_t enc = bs_tree_child(p->tree, entry->node, "enc");
	size_t recipient = bs_tree_child(p->tree, entry->node, "recipient");
	enum bs_age_kind kind;
	size_t len;

	if (enc != BS_TREE_NONE && node_of(p, enc)->value.kind == BS_JSON_STRING) {
		enum bs_code code = bs_json_string_decode(
			p->tree->text, node_of(p, enc)->value, &entry->enc, &entry->enc_len, p->reterr);

		if (code)
			return code;
	}
	if (recipient == BS_TREE_NONE || node_of(p, recipient)->value.kind != BS_JSON_STRING)
		return BS_OK;
	if (bs_json_string_decode(p->tree->text, node_of(p, recipient)->value, &entry->recipient, &len, NULL))
		return BS_OK;
	trim(entry->recipient, len);
	if (!is_printable(entry->recipient)) {
		free(BS_TAKE(entry->recipient));
		return BS_OK;
	}
	kind = bs_age_recipient_kind(entry->recipient);
	if (kind != BS_AGE_UNKNOWN && !bs_age_kind_is_native(kind))
		entry->foreign = bs_age_kind_name(kind);
	return *entry->recipient ? bs_strings_add_once(&p->meta->recipients, entry->recipient, p->reterr)
				 : BS_OK;
}

/* A kind's name goes into messages; one that is no plain word does not. */
static char *list_name(const struct bs_tree_node *list)
{
	for (size_t i = 0; i < list->key_len; i++) {
		char c = list->key[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '_')
			return strdup("unknown");
	}
	return strndup(list->key, list->key_len < 64 ? list->key_len : 64);
}

static enum bs_code add_entry(struct parse *p, const struct bs_tree_node *list, size_t node)
{
	struct bs_sops_metadata *meta = p->meta;
	struct bs_sops_entry *entry;
	enum bs_code code = BS_OK;

	if (meta->entry_count == BS_SOPS_ENTRIES_MAX)
		return bs_error_set(p->reterr, BS_MALFORMED, "the document is encrypted to more than %d keys",
			BS_SOPS_ENTRIES_MAX);
	entry = realloc(meta->entries, (meta->entry_count + 1) * sizeof(*entry));
	if (!entry)
		return bs_error_set(p->reterr, BS_NO_MEMORY, "no memory for the document");
	meta->entries = entry;
	entry += meta->entry_count;
	*entry = (struct bs_sops_entry){.node = node, .list = list_name(list)};
	if (!entry->list)
		return bs_error_set(p->reterr, BS_NO_MEMORY, "no memory for the document");
	meta->entry_count++;
	if (!strcmp(entry->list, "age"))
		code = read_age(p, entry);
	else
		entry->foreign = entry->list;
	if (!code && entry->foreign)
		code = bs_strings_add_once(&meta->foreign, entry->foreign, p->reterr);
	return code;
}

/* The lists of envelopes in `object`: `sops` itself, or one group of keys. */
static enum bs_code add_lists(struct parse *p, size_t object)
{
	for (size_t i = object + 1; i < node_of(p, object)->end; i = node_of(p, i)->end) {
		const struct bs_tree_node *list = node_of(p, i);
		bool is_age = bs_tree_key_is(list, "age");

		if (!is_age && bs_sops_field_of(p->tree, i) != BS_FIELD_KEYS)
			continue;
		if (list->value.kind == BS_JSON_NULL)
			continue;
		if (list->value.kind != BS_JSON_ARRAY)
			return bs_error_set(p->reterr, BS_MALFORMED, "a field of keys in sops is no list");
		for (size_t k = i + 1; k < list->end; k = node_of(p, k)->end) {
			enum bs_code code;

			if (node_of(p, k)->value.kind != BS_JSON_OBJECT)
				return bs_error_set(p->reterr, BS_MALFORMED, "a key in sops is no object");
			code = add_entry(p, list, k);
			if (code)
				return code;
		}
	}
	return BS_OK;
}

/* Only looked at where no list stands beside it, as sops does. */
static enum bs_code add_groups(struct parse *p)
{
	size_t groups = present(p, p->meta->node, "key_groups");
	size_t threshold = present(p, p->meta->node, "shamir_threshold");
	const struct bs_tree_node *list;

	if (groups == BS_TREE_NONE)
		return BS_OK;
	list = node_of(p, groups);
	if (list->value.kind != BS_JSON_ARRAY)
		return bs_error_set(p->reterr, BS_MALFORMED, "the field sops.key_groups is no list");
	for (size_t i = groups + 1; i < list->end; i = node_of(p, i)->end) {
		enum bs_code code;

		if (node_of(p, i)->value.kind != BS_JSON_OBJECT)
			return bs_error_set(p->reterr, BS_MALFORMED, "a group of keys in sops is no object");
		code = add_lists(p, i);
		if (code)
			return code;
		p->meta->groups++;
	}
	p->meta->groups_needed = p->meta->groups;
	if (threshold != BS_TREE_NONE && node_of(p, threshold)->value.kind == BS_JSON_NUMBER) {
		long needed = strtol(p->tree->text + node_of(p, threshold)->value.off, NULL, 10);

		if (needed > 0 && (size_t)needed < p->meta->groups)
			p->meta->groups_needed = (size_t)needed;
	}
	return BS_OK;
}

enum bs_code bs_sops_metadata_parse(
	const struct bs_tree *tree, size_t node, struct bs_sops_metadata *ret, struct bs_error *reterr)
{
	struct bs_sops_metadata meta = {.node = node};
	struct parse p = {.tree = tree, .meta = &meta, .reterr = reterr};
	enum bs_code code = refuse_lookalikes(&p);

	if (!code)
		code = parse_stamps(&p);
	if (!code)
		code = parse_rules(&p);
	if (!code)
		code = add_lists(&p, node);
	if (!code && !meta.entry_count)
		code = add_groups(&p);
	if (!code && !meta.entry_count)
		code = bs_error_set(
			reterr, BS_MALFORMED, "the document names no keys (sops.age is missing or empty)");
	if (code)
		bs_sops_metadata_release(&meta);
	else
		*ret = meta;
	return code;
}

void bs_sops_metadata_release(struct bs_sops_metadata *meta)
{
	for (size_t i = 0; i < meta->entry_count; i++) {
		free(meta->entries[i].list);
		free(meta->entries[i].recipient);
		free(meta->entries[i].enc);
	}
	free(meta->entries);
	free(meta->lastmodified);
	free(meta->mac);
	free(meta->version);
	free(meta->suffix);
	bs_strings_release(&meta->recipients);
	bs_strings_release(&meta->foreign);
	*meta = (struct bs_sops_metadata){0};
}
