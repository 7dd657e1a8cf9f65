/*
 * walk.h: moving through a text that bs_json_check() has accepted.
 *
 * Layer: core/json, private. Nothing here judges: it only steps, in O(1) memory, each byte once. All steps
 * are bounded by the span they are given, so a text that was not checked gives nonsense, never a read outside
 * of it.
 */
#ifndef BS_JSON_WALK_H
#define BS_JSON_WALK_H

#include "json.h"

#define BS_JSON_BOM "\xEF\xBB\xBF"
#define BS_JSON_BOM_LEN ((size_t)3)

static inline bool bs_json_is_space(char byte)
{
	return byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r';
}

/* The place of the next byte that is not white space; end if there is none. */
size_t bs_json_skip_space(const char *text, size_t pos, size_t end);
/* The kind of a value by its first byte. */
enum bs_json_kind bs_json_kind_of(char first);
/* The value that begins at pos. */
struct bs_json_value bs_json_value_at(const char *text, size_t pos, size_t end);

static inline size_t bs_json_end(struct bs_json_value value)
{
	return value.off + value.len;
}

/* A member as it stands in the text. */
struct bs_json_raw_member {
	size_t key_off; /* of the opening quote */
	size_t key_span;
	struct bs_json_value value;
};

struct bs_json_cursor {
	const char *text;
	size_t pos;
	size_t end; /* of the closing bracket */
};

struct bs_json_cursor bs_json_cursor_start(const char *text, struct bs_json_value container);
/* False at the end. */
bool bs_json_next_member(struct bs_json_cursor *cursor, struct bs_json_raw_member *ret);
bool bs_json_next_element(struct bs_json_cursor *cursor, struct bs_json_value *ret);

/* The line of a place, counted from 1. */
size_t bs_json_line(const char *text, size_t pos);

/*
 * Compares a key of the text, decoded, with bytes: as memcmp, the shorter one first. A lone surrogate counts
 * as the three bytes that UTF-8 would give it: no valid text has them, so such a key equals nothing but
 * itself.
 */
int bs_json_key_compare(const char *text, const struct bs_json_raw_member *member, const char *key,
	size_t key_len);
/* The same for two keys of the text. */
int bs_json_keys_compare(const char *text, const struct bs_json_raw_member *a,
	const struct bs_json_raw_member *b);
/*
 * Decodes the inside of a string to out, which has room for len bytes (decoding never grows). Returns the
 * decoded length; *ret_is_lone if there was a lone surrogate.
 */
size_t bs_json_unescape(const char *inside, size_t len, char *out, bool *ret_is_lone);

#endif
