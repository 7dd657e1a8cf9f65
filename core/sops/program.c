/*
 * program.c: a document through the real sops. It goes in by standard input, because it may be a member of a larger
 * file, and its type is said in words, because a name that ends in .json makes sops print JSON.
 */
#include "doc.h"

#include "../base/run.h"

#include <string.h>

#include <bus-secrets/cleanup.h>

#define TIMEOUT_MS 60000 /* a hardware key waits for a finger */

/* sops splits the path at each bracket and knows no escapes in it. */
static bool can_extract(const struct bs_sops_doc *doc)
{
	const struct bs_tree_node *nodes = doc->tree.nodes;

	for (size_t i = doc->leaves[doc->value].node; i; i = nodes[i].parent) {
		for (size_t k = 0; k < nodes[i].key_len; k++) {
			if ((unsigned char)nodes[i].key[k] < 0x20 || strchr("[]\"\x7f", nodes[i].key[k]))
				return false;
		}
	}
	return true;
}

/* The exit status of sops (specs/sops.md, section 13); why holds its last line. */
static enum bs_code judge_status(
	const struct bs_sops_doc *doc, int status, const struct bs_error *why, struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) char *kinds = bs_strings_join(&doc->meta.foreign, ", ");

	switch (status) {
	case 0:
		return BS_OK;
	case 25:
	case 51:
		return bs_error_set(
			reterr, BS_INTEGRITY, "the document does not authenticate (%s)", why->msg);
	case 128:
		return bs_error_set(reterr, BS_NO_MATCH,
			"sops has no key at hand that opens the document%s%s",
			kinds && *kinds ? "; it is encrypted to keys of kind " : "", kinds ? kinds : "");
	default:
		return bs_error_set(
			reterr, BS_NEED_SOPS, "the document needs sops, which failed (%s)", why->msg);
	}
}

/* --extract prints JSON: true where the value's own text is True, 1e+21 where it is a one and zeros. */
static enum bs_code respell(const struct bs_sops_doc *doc, struct bs_secret **value, struct bs_error *reterr)
{
	const struct bs_sops_leaf *leaf = &doc->leaves[doc->value];
	struct bs_secret *text = NULL;
	enum bs_code code;

	if (leaf->state == BS_LEAF_ENCRYPTED && leaf->enc.type == BS_ENC_FLOAT)
		code = bs_number_respell(*value, &text, reterr);
	else if (leaf->state == BS_LEAF_ENCRYPTED && leaf->enc.type == BS_ENC_BOOL)
		code = bs_secret_len(*value) == 4 ? bs_secret_copy("True", 4, &text, reterr)
						  : bs_secret_copy("False", 5, &text, reterr);
	else
		return BS_OK;
	if (code)
		return code;
	(void)bs_secret_free(*value);
	*value = text;
	return BS_OK;
}

/* The size was told before without a key; what sops did not find encrypted there has another. */
static enum bs_code check_size(
	const struct bs_sops_doc *doc, const struct bs_secret *value, struct bs_error *reterr)
{
	if (bs_secret_len(value) == bs_sops_size(doc))
		return BS_OK;
	return bs_error_set(
		reterr, BS_MALFORMED, "sops gives a value of another length than the document has");
}

enum bs_code bs_sops_decrypt_by_program(const struct bs_sops_doc *doc, const char *program,
	const char *const *envp, size_t limit, bool has_terminal, struct bs_secret **ret,
	struct bs_error *reterr)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *value = NULL;
	BS_CLEANUP(bs_free_ptr) char *path = bs_tree_extract_path(&doc->tree, doc->leaves[doc->value].node);
	bool is_binary = bs_sops_is_binary(doc);
	const char *const binary[] = {
		program, "-d", "--input-type", "json", "--output-type", "binary", "/proc/self/fd/0", NULL};
	const char *const extract[] = {program, "-d", "--input-type", "json", "--output-type", "json",
		"--extract", path, "/proc/self/fd/0", NULL};
	struct bs_run run = {
		.program = program,
		.argv = is_binary ? binary : extract,
		.envp = envp,
		.input = doc->text,
		.input_len = doc->len,
		.output_limit = limit,
		.timeout_ms = TIMEOUT_MS,
		.has_terminal = has_terminal,
	};
	struct bs_error why = {0};
	enum bs_code code;
	int status = 0;

	if (!path)
		return bs_error_set(reterr, BS_NO_MEMORY, "no memory for the document");
	if (!is_binary && !can_extract(doc))
		return bs_error_set(reterr, BS_UNSUPPORTED, "sops has no way to name the entry %s", path);
	code = bs_run(&run, &value, &status, &why);
	/* The document was found: what is not found is sops. */
	if (code == BS_NOT_FOUND || code == BS_PERMISSION)
		code = BS_NEED_SOPS;
	if (code)
		return bs_error_set(reterr, code, "%s", why.msg);
	code = judge_status(doc, status, &why, reterr);
	if (!code && !is_binary)
		code = respell(doc, &value, reterr);
	if (!code)
		code = check_size(doc, value, reterr);
	if (!code)
		*ret = BS_TAKE(value);
	return code;
}
