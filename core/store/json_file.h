/*
 * json_file.h: one JSON file of the table: where it is, reading it with a cache, replacing it.
 *
 * Layer: core/store; used by json_store.c.
 */
#ifndef BS_JSON_FILE_H
#define BS_JSON_FILE_H

#include "../base/replace.h"
#include "../json/splice.h"
#include "store_private.h"

/* "secrets." and a name. */
#define BS_JSON_KEY_MAX (BS_NAME_MAX + 16)

struct bs_json_file {
	struct bs_store *store;
	const struct bs_layout *layout;
	char *path; /* at the time of bs_json_file_open() */
	const char *shown; /* how messages name it; part of path */
	const char *checked; /* the text judged last, while its reader holds it; NULL: none was valid */
	size_t checked_len;
	struct bs_json_value root; /* of that text */
};

enum bs_code bs_json_file_open(struct bs_store *store, const struct bs_layout *layout,
	struct bs_json_file *ret, struct bs_error *reterr) BS_MUST_CHECK;
void bs_json_file_release(struct bs_json_file *file);
/* Looked up afresh at each call; on the heap. */
enum bs_code bs_json_file_path(const struct bs_store *store, const struct bs_layout *layout, char **ret,
	struct bs_error *reterr) BS_MUST_CHECK;
/* The key of a name; gives its length. */
size_t bs_json_file_key(const struct bs_layout *layout, const char *name, char ret[static BS_JSON_KEY_MAX]);

/* The file's text and box, borrowed from the store until the next load; text NULL: there is no file. */
enum bs_code bs_json_file_load(
	struct bs_json_file *file, const struct bs_json_cache **ret, struct bs_error *reterr) BS_MUST_CHECK;
/* The object that holds the secrets in a text. BS_MALFORMED, naming file and line. */
enum bs_code bs_json_file_box(const struct bs_json_file *file, const char *text, size_t len, bool *ret_has,
	struct bs_json_value *ret, struct bs_error *reterr) BS_MUST_CHECK;
/* What a writer begins with where there is no file (*text NULL). BS_NO_WORKSPACE: it may not be made. */
enum bs_code bs_json_file_start(const struct bs_json_file *file, const char **text, size_t *len,
	struct bs_error *reterr) BS_MUST_CHECK;
enum bs_code bs_json_file_splice(const struct bs_json_file *file, const char *text, size_t len,
	const struct bs_json_edit *edits, size_t count, char **ret, size_t *ret_len,
	struct bs_error *reterr) BS_MUST_CHECK;
/* The replacement protocol with this file's rules. */
enum bs_code bs_json_file_replace(struct bs_json_file *file, bs_replace_edit_fn edit, void *ctx,
	bool *ret_was_written, struct bs_error *reterr) BS_MUST_CHECK;
/*
 * Brings the one change that ours has onto displaced, a foreign text; *ret stays NULL if that cannot be told
 * (bs_replace_merge_fn).
 */
enum bs_code bs_json_file_merge(const struct bs_json_file *file, const char *ours, size_t ours_len,
	const char *displaced, size_t displaced_len, char **ret, size_t *ret_len,
	struct bs_error *reterr) BS_MUST_CHECK;
/* For qsort: members by the bytes of their keys. */
int bs_json_member_order(const void *a, const void *b);
/* Puts the file before a message of the JSON reader; gives why->code. */
enum bs_code bs_json_file_fail(
	const struct bs_json_file *file, const struct bs_error *why, struct bs_error *reterr);

#endif
