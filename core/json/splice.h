/*
 * splice.h: changing members of a JSON text while every other byte stays.
 *
 * Layer: core/json. Rules: specs "Reading and splicing".
 */
#ifndef BS_SPLICE_H
#define BS_SPLICE_H

#include "json.h"

struct bs_json_edit {
	const char *const *path; /* keys of the objects from the root down to the member's object */
	size_t depth;
	const char *key;
	size_t key_len;
	const char *value; /* raw JSON that replaces or becomes the member's value; NULL: delete the member */
	size_t value_len;
};

/*
 * Applies the edits in order and gives the new text, on the heap. A missing object on the path is created
 * (not for a deletion). A new member goes to its sorted place if the object is sorted by bytes, else last, in
 * the object's own indentation and separators. Deleting an absent member: BS_NOT_FOUND. A key twice on the
 * path: BS_MALFORMED. An empty text (len 0) counts as `{}`. The result has been checked again: it parses, the
 * members read back, and all other bytes are equal.
 */
enum bs_code bs_json_splice(const char *text, size_t len, const struct bs_json_edit *edits, size_t count,
	char **ret, size_t *ret_len, struct bs_error *reterr) BS_MUST_CHECK;

#endif
