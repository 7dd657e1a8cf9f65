/*
 * tree.h: every value of a document, in file order, with its keys.
 *
 * Layer: core/sops, private. Built in one pass over a text that bs_json_check() accepted, NUL behind it, without
 * recursion; the limits below keep hostile documents from costing more than their size.
 */
#ifndef BS_SOPS_TREE_H
#define BS_SOPS_TREE_H

#include "../json/json.h"

#define BS_TREE_NONE SIZE_MAX
#define BS_TREE_DEPTH_MAX 512
#define BS_TREE_NODES_MAX 65536
#define BS_TREE_PATH_MAX 4096 /* bytes of all keys on a path, each with its colon */

struct bs_tree_node {
	size_t parent; /* index of a node, or BS_TREE_NONE for the root */
	size_t end; /* index behind the last node inside this one */
	size_t index; /* of an array's element */
	const char *key; /* decoded bytes; NULL for an array's element and the root */
	size_t key_len;
	size_t key_off; /* in the text, of the opening quote */
	size_t key_span; /* raw bytes with quotes */
	char *owned_key; /* where key lies if it was escaped in the text */
	size_t path_len; /* of the path down to here, as BS_TREE_PATH_MAX counts */
	struct bs_json_value value;
	bool is_escaped; /* a string whose text is not what it means */
};

struct bs_tree {
	const char *text; /* borrowed */
	struct bs_tree_node *nodes; /* the root, an object, is the first */
	size_t count;
	size_t room;
};

/* BS_MALFORMED for lone surrogates in a key, and beyond the limits. */
enum bs_code bs_tree_build(const char *text, struct bs_json_value root, struct bs_tree *ret,
	struct bs_error *reterr) BS_MUST_CHECK;
void bs_tree_release(struct bs_tree *tree);
/* BS_MALFORMED, naming it, for a key that stands twice in an object, wherever that is. */
enum bs_code bs_tree_refuse_doubles(const struct bs_tree *tree, struct bs_error *reterr) BS_MUST_CHECK;

/* An object's member of that name, or BS_TREE_NONE. */
size_t bs_tree_child(const struct bs_tree *tree, size_t parent, const char *key);
bool bs_tree_is_container(const struct bs_tree_node *node);
bool bs_tree_key_is(const struct bs_tree_node *node, const char *key);
/* Each key on the path with a colon behind it: what a leaf's ciphertext is bound to. Returns the length. */
size_t bs_tree_path(const struct bs_tree *tree, size_t node, char ret[static BS_TREE_PATH_MAX]);
/* As sops takes it for --extract: ["db"]["hosts"][0]; on the heap; NULL without memory. */
char *bs_tree_extract_path(const struct bs_tree *tree, size_t node);

#endif
