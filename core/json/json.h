/*
 * json.h: a strict reader of JSON texts (RFC 8259) that leaves every byte where it is.
 *
 * Layer: core/json (base and include below it; no crypto, no store).
 *
 * bs_json_check() decides validity once; the other calls work on a text that it accepted and on spans of it.
 * Nesting is only skipped, iteratively, to any depth. Keys are compared by their decoded bytes with length. A
 * leading BOM is accepted and stays.
 */
#ifndef BS_JSON_H
#define BS_JSON_H

#include <bus-secrets/error.h>

enum bs_json_kind {
	BS_JSON_OBJECT,
	BS_JSON_ARRAY,
	BS_JSON_STRING,
	BS_JSON_NUMBER,
	BS_JSON_TRUE,
	BS_JSON_FALSE,
	BS_JSON_NULL,
};

/* A value's place in its text; a string's span includes the quotes. */
struct bs_json_value {
	enum bs_json_kind kind;
	size_t off;
	size_t len;
};

struct bs_json_member {
	size_t key_off; /* of the opening quote */
	size_t key_span; /* raw bytes with quotes */
	/* Decoded, NUL-terminated, may hold NUL inside (then key_len > strlen). A lone surrogate becomes the
	 * three bytes that UTF-8 would give it: not valid text, so it is listed and equals no other. */
	char *key;
	size_t key_len;
	struct bs_json_value value;
};

struct bs_json_members {
	struct bs_json_member *items; /* in file order, doubles included */
	size_t count;
};

/*
 * Strict check of the whole text: grammar, UTF-8, no trailing garbage. BS_MALFORMED with the line in the
 * message ("line 3: ..."); merge-conflict markers at a line's start are named as such: "unresolved merge,
 * line N".
 */
enum bs_code bs_json_check(const char *text, size_t len, struct bs_json_value *ret_root,
	struct bs_error *reterr)
	BS_MUST_CHECK;

/* The members of an object. */
enum bs_code bs_json_members(const char *text, struct bs_json_value object, struct bs_json_members *ret,
	struct bs_error *reterr) BS_MUST_CHECK;
void bs_json_members_release(struct bs_json_members *members);
/* The elements of an array as values; *ret is on the heap. */
enum bs_code bs_json_elements(const char *text, struct bs_json_value array, struct bs_json_value **ret,
	size_t *ret_count, struct bs_error *reterr) BS_MUST_CHECK;

/*
 * Finds one member of an object without building a list. *ret_found false: absent. BS_MALFORMED if the key
 * stands twice.
 */
enum bs_code bs_json_find(const char *text, struct bs_json_value object, const char *key, size_t key_len,
	bool *ret_found, struct bs_json_value *ret, struct bs_error *reterr) BS_MUST_CHECK;

/* A string's decoded bytes, NUL-terminated on the heap. Lone surrogate escapes: BS_MALFORMED. */
enum bs_code bs_json_string_decode(const char *text, struct bs_json_value string, char **ret, size_t *ret_len,
	struct bs_error *reterr) BS_MUST_CHECK;
/* A JSON string with quotes from UTF-8 bytes, escaping as little as RFC 8259 allows; on the heap. */
enum bs_code bs_json_string_encode(const char *bytes, size_t len, char **ret, size_t *ret_len,
	struct bs_error *reterr)
	BS_MUST_CHECK;

#endif
