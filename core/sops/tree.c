#include "tree.h"

#include "../json/walk.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bus-secrets/cleanup.h>

/* The place in the text, and the containers that are open there. */
struct walk {
	const char *text;
	size_t len;
	size_t off;
	size_t open; /* the innermost container */
	size_t depth;
	struct bs_tree *tree;
	struct bs_error *reterr;
};

static void skip_blanks(struct walk *w)
{
	while (w->text[w->off] == ' ' || w->text[w->off] == '\t' || w->text[w->off] == '\n' ||
		w->text[w->off] == '\r')
		w->off++;
}

/* The offset behind the string that begins at off. The text was checked: there is a closing quote. */
static size_t string_end(const struct walk *w, size_t off, bool *ret_is_escaped)
{
	const char *at = w->text + off + 1, *end = w->text + w->len, *quote = NULL;

	*ret_is_escaped = false;
	for (;;) {
		const char *escape;

		/* Found once for many backslashes before it: no byte is looked at more than twice. */
		if (!quote || quote < at)
			quote = memchr(at, '"', (size_t)(end - at));
		escape = memchr(at, '\\', (size_t)(quote - at));
		if (!escape)
			return (size_t)(quote - w->text) + 1;
		*ret_is_escaped = true;
		at = escape + 2;
	}
}

/* A new last node. */
static enum bs_code add_node(struct walk *w)
{
	struct bs_tree *tree = w->tree;

	if (tree->count == BS_TREE_NODES_MAX)
		return bs_error_set(
			w->reterr, BS_MALFORMED, "the document has more than %d entries", BS_TREE_NODES_MAX);
	if (tree->count == tree->room) {
		size_t room = tree->room ? tree->room * 2 : 16;
		struct bs_tree_node *nodes = realloc(tree->nodes, room * sizeof(*nodes));

		if (!nodes)
			return bs_error_set(w->reterr, BS_NO_MEMORY, "no memory for the document");
		tree->nodes = nodes;
		tree->room = room;
	}
	tree->nodes[tree->count++] = (struct bs_tree_node){.parent = w->open};
	return BS_OK;
}

static enum bs_code take_key(struct walk *w, struct bs_tree_node *node)
{
	size_t start = w->off;
	struct bs_json_value value = {.kind = BS_JSON_STRING, .off = start};
	bool is_escaped;

	w->off = string_end(w, start, &is_escaped);
	value.len = w->off - start;
	node->key_off = start;
	node->key_span = value.len;
	if (is_escaped) {
		enum bs_code code =
			bs_json_string_decode(w->text, value, &node->owned_key, &node->key_len, w->reterr);

		if (code)
			return code;
		node->key = node->owned_key;
	} else {
		node->key = w->text + start + 1;
		node->key_len = value.len - 2;
	}
	skip_blanks(w);
	w->off++; /* the colon */
	skip_blanks(w);
	return BS_OK;
}

/* A key and its value, or an array's element; a container is only entered. */
static enum bs_code take_node(struct walk *w, size_t index)
{
	bool in_object = w->open != BS_TREE_NONE && w->tree->nodes[w->open].value.kind == BS_JSON_OBJECT;
	struct bs_tree_node *node;
	enum bs_code code = add_node(w);

	if (code)
		return code;
	node = &w->tree->nodes[w->tree->count - 1];
	if (in_object)
		code = take_key(w, node);
	if (code)
		return code;
	node->index = index;
	node->path_len = (w->open == BS_TREE_NONE ? 0 : w->tree->nodes[w->open].path_len) +
			 (in_object ? node->key_len + 1 : 0);
	if (node->path_len > BS_TREE_PATH_MAX)
		return bs_error_set(w->reterr, BS_MALFORMED, "the document has a path of more than %d bytes",
			BS_TREE_PATH_MAX);
	node->value.off = w->off;
	node->value.kind = bs_json_kind_of(w->text[w->off]);
	node->end = w->tree->count;
	if (bs_tree_is_container(node)) {
		if (++w->depth > BS_TREE_DEPTH_MAX)
			return bs_error_set(w->reterr, BS_MALFORMED,
				"the document is nested deeper than %d levels", BS_TREE_DEPTH_MAX);
		w->open = w->tree->count - 1;
		w->off++;
	} else if (node->value.kind == BS_JSON_STRING) {
		w->off = string_end(w, w->off, &node->is_escaped);
	} else {
		w->off += strcspn(w->text + w->off, ",]} \t\n\r");
	}
	node->value.len = w->off - node->value.off;
	return BS_OK;
}

/* Behind a container's last value. Goes on to the one around it. */
static void close_container(struct walk *w)
{
	struct bs_tree_node *node = &w->tree->nodes[w->open];

	w->off++;
	node->value.len = w->off - node->value.off;
	node->end = w->tree->count;
	w->open = node->parent;
	w->depth--;
}

static enum bs_code walk(struct walk *w)
{
	size_t index = 0;
	enum bs_code code = take_node(w, 0);

	while (!code && w->open != BS_TREE_NONE) {
		skip_blanks(w);
		switch (w->text[w->off]) {
		case '}':
		case ']':
			index = w->tree->nodes[w->open].index + 1;
			close_container(w);
			break;
		case ',':
			w->off++;
			break;
		default: {
			size_t before = w->open;

			code = take_node(w, index);
			index = w->open == before ? index + 1 : 0;
		}
		}
	}
	return code;
}

static int compare_keys(const struct bs_tree_node *a, const struct bs_tree_node *b)
{
	if (a->parent != b->parent)
		return a->parent < b->parent ? -1 : 1;
	if (a->key_len != b->key_len)
		return a->key_len < b->key_len ? -1 : 1;
	return memcmp(a->key, b->key, a->key_len);
}

static int compare_indexes(const void *a, const void *b, void *nodes)
{
	const struct bs_tree_node *all = nodes;

	return compare_keys(&all[*(const size_t *)a], &all[*(const size_t *)b]);
}

enum bs_code bs_tree_refuse_doubles(const struct bs_tree *tree, struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) size_t *order = calloc(tree->count, sizeof(*order));
	size_t count = 0;

	if (!order)
		return bs_error_set(reterr, BS_NO_MEMORY, "no memory for the document");
	for (size_t i = 0; i < tree->count; i++) {
		if (tree->nodes[i].key)
			order[count++] = i;
	}
	qsort_r(order, count, sizeof(*order), compare_indexes, tree->nodes);
	for (size_t i = 1; i < count; i++) {
		if (!compare_keys(&tree->nodes[order[i - 1]], &tree->nodes[order[i]])) {
			BS_CLEANUP(bs_free_ptr) char *path = bs_tree_extract_path(tree, order[i]);

			return bs_error_set(reterr, BS_MALFORMED, "the key %s stands twice in the document",
				path ? path : "?");
		}
	}
	return BS_OK;
}

enum bs_code bs_tree_build(
	const char *text, struct bs_json_value root, struct bs_tree *ret, struct bs_error *reterr)
{
	struct bs_tree tree = {.text = text};
	struct walk w = {
		.text = text,
		.len = root.off + root.len,
		.off = root.off,
		.open = BS_TREE_NONE,
		.tree = &tree,
		.reterr = reterr,
	};
	enum bs_code code = walk(&w);

	if (code)
		bs_tree_release(&tree);
	else
		*ret = tree;
	return code;
}

void bs_tree_release(struct bs_tree *tree)
{
	for (size_t i = 0; i < tree->count; i++)
		free(tree->nodes[i].owned_key);
	free(tree->nodes);
	*tree = (struct bs_tree){0};
}

size_t bs_tree_child(const struct bs_tree *tree, size_t parent, const char *key)
{
	for (size_t i = parent + 1; i < tree->nodes[parent].end; i = tree->nodes[i].end) {
		if (bs_tree_key_is(&tree->nodes[i], key))
			return i;
	}
	return BS_TREE_NONE;
}

bool bs_tree_is_container(const struct bs_tree_node *node)
{
	return node->value.kind == BS_JSON_OBJECT || node->value.kind == BS_JSON_ARRAY;
}

bool bs_tree_key_is(const struct bs_tree_node *node, const char *key)
{
	return node->key && node->key_len == strlen(key) && !memcmp(node->key, key, node->key_len);
}

size_t bs_tree_path(const struct bs_tree *tree, size_t node, char ret[static BS_TREE_PATH_MAX])
{
	size_t len = tree->nodes[node].path_len;
	size_t off = len;

	/* From the end to the front, up the tree: array elements add nothing. */
	for (; node != BS_TREE_NONE; node = tree->nodes[node].parent) {
		const struct bs_tree_node *n = &tree->nodes[node];

		if (!n->key)
			continue;
		ret[--off] = ':';
		off -= n->key_len;
		memcpy(ret + off, n->key, n->key_len);
	}
	return len;
}

/* What could move a terminal's cursor becomes a question mark; sops has no escapes in a path either way. */
static void put_step(FILE *f, const struct bs_tree_node *node)
{
	if (!node->key) {
		(void)fprintf(f, "[%zu]", node->index);
		return;
	}
	(void)fputs("[\"", f);
	for (size_t i = 0; i < node->key_len; i++) {
		unsigned char c = (unsigned char)node->key[i];

		(void)fputc(c < 0x20 || c == 0x7f ? '?' : c, f);
	}
	(void)fputs("\"]", f);
}

char *bs_tree_extract_path(const struct bs_tree *tree, size_t node)
{
	size_t steps[BS_TREE_DEPTH_MAX + 1];
	size_t depth = 0;
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return NULL;
	for (; tree->nodes[node].parent != BS_TREE_NONE; node = tree->nodes[node].parent)
		steps[depth++] = node;
	while (depth)
		put_step(f, &tree->nodes[steps[--depth]]);
	if (fclose(f)) {
		free(text);
		return NULL;
	}
	return text;
}
