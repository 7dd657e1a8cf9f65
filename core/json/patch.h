/*
 * patch.h: the places of a text that one edit changes.
 *
 * Layer: core/json, private to the splice.
 */
#ifndef BS_JSON_PATCH_H
#define BS_JSON_PATCH_H

#include "splice.h"
#include "walk.h"

#include <stdlib.h>

/* At off, cut bytes go and the put bytes come. */
struct bs_json_change {
	size_t off;
	size_t cut;
	const char *put;
	size_t put_len;
};

#define BS_JSON_CHANGES ((size_t)2)

/* Changes by rising offsets that do not touch each other. */
struct bs_json_patch {
	struct bs_json_change changes[BS_JSON_CHANGES];
	size_t count;
	char *owned; /* what put points into, if it was made for it */
};

static inline void bs_json_patch_release(struct bs_json_patch *patch)
{
	free(patch->owned);
	*patch = (struct bs_json_patch){0};
}

/*
 * Sets a member that is absent: at the sorted place if the object is sorted, else last. objects[] are the
 * spans of the objects on the edit's path that exist, from the root down (at least the root); the missing
 * ones are created around the member.
 */
enum bs_code bs_json_patch_insert(const char *text, size_t len, const struct bs_json_value *objects,
	size_t count, const struct bs_json_edit *edit, struct bs_json_patch *ret,
	struct bs_error *reterr) BS_MUST_CHECK;

/* Removes a member that is there, once: false if it is not. */
bool bs_json_patch_remove(const char *text, struct bs_json_value object, const char *key, size_t key_len,
	struct bs_json_patch *ret);

#endif
