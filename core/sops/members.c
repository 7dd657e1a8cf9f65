/* members.c: the object `sops` of a document being written (specs/sops.md, sections 7 and 8). */
#include "write.h"

#include "../base/json_escape.h"

#include <stdlib.h>
#include <string.h>

#include <bus-secrets/cleanup.h>

#define NEW_VERSION "3.9.4" /* real, and not newer than what people run */

/* Members as they will be written, `"key":value`, in any order until they are sorted. */
struct members {
	struct bs_text *items;
	size_t count;
	size_t room;
};

/* JSON without the blanks between its tokens. */
static void put_compact(struct bs_text *out, const char *json, size_t len)
{
	bool in_string = false;
	size_t start = 0;

	for (size_t i = 0; i < len; i++) {
		char c = json[i];

		if (in_string && c == '\\') {
			i++;
		} else if (c == '"') {
			in_string = !in_string;
		} else if (!in_string && (c == ' ' || c == '\t' || c == '\n' || c == '\r')) {
			bs_text_add(out, json + start, i - start);
			start = i + 1;
		}
	}
	bs_text_add(out, json + start, len - start);
}

static void put_string(struct bs_text *out, const char *bytes, size_t len)
{
	char *to = bs_text_extend(out, bs_json_escaped_len(bytes, len));

	if (to)
		bs_json_escape(bytes, len, to);
}

/* Room was made for every call there can be. */
static struct bs_text *add(struct members *m, const char *key, size_t key_len)
{
	struct bs_text *out = &m->items[m->count++];

	bs_text_add(out, key, key_len);
	bs_text_add_string(out, ":");
	return out;
}

static void add_string(struct members *m, const char *key, const char *text)
{
	struct bs_text *out = add(m, key, strlen(key));

	put_string(out, text, strlen(text));
}

/* One whole age file for each recipient, with one stanza: so kinds that do not mix can stand side by side. */
static enum bs_code put_envelope(struct bs_writer *w, const char *recipient, struct bs_text *out)
{
	BS_CLEANUP(bs_strings_release) struct bs_strings one = {0};
	BS_CLEANUP(bs_free_ptr) char *enc = NULL;
	size_t enc_len;
	enum bs_code code = bs_strings_add(&one, recipient, w->reterr);

	if (!code)
		code = bs_age_encrypt(&one, NULL, w->data_key, true, &enc, &enc_len, w->reterr);
	if (code)
		return code;
	bs_text_add_string(out, "{\"enc\":");
	put_string(out, enc, enc_len);
	bs_text_add_string(out, ",\"recipient\":");
	put_string(out, recipient, strlen(recipient));
	bs_text_add_string(out, "}");
	return BS_OK;
}

static void separate(struct bs_text *out)
{
	if (out->len && out->bytes[out->len - 1] != '[')
		bs_text_add_string(out, ",");
}

static void put_kept(struct bs_writer *w, const struct bs_sops_entry *entry, struct bs_text *out)
{
	const struct bs_sops_doc *old = w->write->old;
	struct bs_json_value value = old->tree.nodes[entry->node].value;

	separate(out);
	put_compact(out, old->text + value.off, value.len);
}

static bool is_age(const struct bs_sops_entry *entry)
{
	return !strcmp(entry->list, "age");
}

static enum bs_code add_age(struct bs_writer *w, struct members *m)
{
	const struct bs_sops_metadata *meta = w->kept.count ? &w->write->old->meta : NULL;
	struct bs_text *out = add(m, "\"age\"", 5);

	bs_text_add_string(out, "[");
	for (size_t i = 0; i < w->recipients.count; i++) {
		enum bs_code code;

		separate(out);
		code = put_envelope(w, w->recipients.items[i], out);
		if (code)
			return code;
	}
	for (size_t i = 0; meta && i < meta->entry_count; i++) {
		if (meta->entries[i].foreign && is_age(&meta->entries[i]))
			put_kept(w, &meta->entries[i], out);
	}
	bs_text_add_string(out, "]");
	return BS_OK;
}

/* The other lists, which also come out of a document's only key group; entries of one list follow each other. */
static void add_foreign_lists(struct bs_writer *w, struct members *m)
{
	const struct bs_sops_doc *old = w->write->old;
	size_t open = BS_TREE_NONE;
	struct bs_text *out = NULL;

	for (size_t i = 0; i < old->meta.entry_count; i++) {
		const struct bs_sops_entry *entry = &old->meta.entries[i];
		size_t list = old->tree.nodes[entry->node].parent;
		const struct bs_tree_node *node = &old->tree.nodes[list];

		if (is_age(entry))
			continue;
		if (!out || list != open) {
			if (out)
				bs_text_add_string(out, "]");
			out = add(m, old->text + node->key_off, node->key_span);
			bs_text_add_string(out, "[");
			open = list;
		}
		put_kept(w, entry, out);
	}
	if (out)
		bs_text_add_string(out, "]");
}

static void add_unknown(const struct bs_sops_doc *old, struct members *m)
{
	const struct bs_tree_node *nodes = old->tree.nodes;

	for (size_t i = old->meta.node + 1; i < nodes[old->meta.node].end; i = nodes[i].end) {
		if (bs_sops_field_of(&old->tree, i) != BS_FIELD_UNKNOWN)
			continue;
		put_compact(add(m, old->text + nodes[i].key_off, nodes[i].key_span),
			old->text + nodes[i].value.off, nodes[i].value.len);
	}
}

static void add_rules(struct bs_writer *w, struct members *m)
{
	const struct bs_sops_metadata *meta = w->write->old ? &w->write->old->meta : NULL;

	if (meta && meta->rule == BS_RULE_UNENCRYPTED_SUFFIX)
		add_string(m, "\"unencrypted_suffix\"", meta->suffix);
	else if (meta && meta->rule == BS_RULE_ENCRYPTED_SUFFIX)
		add_string(m, "\"encrypted_suffix\"", meta->suffix);
	else if (w->has_clear)
		add_string(m, "\"unencrypted_suffix\"", "_unencrypted");
	if (meta && meta->mac_only_encrypted)
		bs_text_add_string(add(m, "\"mac_only_encrypted\"", 20), "true");
}

static enum bs_code add_mac(struct bs_writer *w, struct members *m)
{
	char stamp[BS_RFC3339_MAX];
	struct bs_text *out;

	if (!bs_rfc3339_format(w->write->now, stamp))
		return bs_error_set(
			w->reterr, BS_INTERNAL, "the clock shows no time that can be written down");
	add_string(m, "\"lastmodified\"", stamp);
	out = add(m, "\"mac\"", 5);
	bs_text_add_string(out, "\"");
	bs_crypt_seal(&w->crypt, bs_crypt_mac_text(&w->crypt), BS_MAC_TEXT, BS_ENC_STR, stamp, strlen(stamp),
		false, out);
	bs_text_add_string(out, "\"");
	return BS_OK;
}

/* By bytes of the text: a key's closing quote sorts before whatever could stand there in a longer key. */
static int compare(const void *a, const void *b)
{
	const struct bs_text *x = a, *y = b;
	int order = memcmp(x->bytes, y->bytes, x->len < y->len ? x->len : y->len);

	return order ? order : (x->len > y->len) - (x->len < y->len);
}

static enum bs_code put_sorted(struct bs_writer *w, struct members *m)
{
	for (size_t i = 0; i < m->count; i++) {
		if (m->items[i].has_failed)
			return bs_error_set(w->reterr, BS_NO_MEMORY, "no memory for the document");
	}
	qsort(m->items, m->count, sizeof(*m->items), compare);
	for (size_t i = 0; i < m->count; i++) {
		bs_text_add_string(&w->out, i ? "," : "{");
		bs_text_add(&w->out, m->items[i].bytes, m->items[i].len);
	}
	bs_text_add_string(&w->out, "}");
	return BS_OK;
}

enum bs_code bs_write_metadata(struct bs_writer *w)
{
	const struct bs_sops_doc *old = w->write->old;
	struct members m = {.room = 8 + (old ? old->tree.nodes[old->meta.node].end - old->meta.node : 0)};
	enum bs_code code;

	m.items = calloc(m.room, sizeof(*m.items));
	if (!m.items)
		return bs_error_set(w->reterr, BS_NO_MEMORY, "no memory for the document");
	code = add_age(w, &m);
	if (!code)
		code = add_mac(w, &m);
	if (!code) {
		add_rules(w, &m);
		add_string(&m, "\"version\"", old ? old->meta.version : NEW_VERSION);
		if (w->kept.count)
			add_foreign_lists(w, &m);
		if (old)
			add_unknown(old, &m);
		code = put_sorted(w, &m);
	}
	for (size_t i = 0; i < m.count; i++)
		bs_text_release(&m.items[i]);
	free(m.items);
	return code;
}
