/*
 * json_merge.c: one change of ours and a foreign text brought together, after a crash.
 *
 * Layer: core/store.
 */
#include "json_file.h"
#include <string.h>

/* One text with the members of its box. */
struct side {
	const char *text;
	size_t len;
	struct bs_json_members members;
};

static enum bs_code open_side(const struct bs_json_file *file, struct side *side, struct bs_error *reterr)
{
	struct bs_json_value box;
	bool has_box = false;
	enum bs_code code = bs_json_file_box(file, side->text, side->len, &has_box, &box, reterr);

	if (code || !has_box)
		return code;
	return bs_json_members(side->text, box, &side->members, reterr);
}

int bs_json_member_order(const void *a, const void *b)
{
	const struct bs_json_member *x = a, *y = b;
	size_t len = x->key_len < y->key_len ? x->key_len : y->key_len;
	int order = memcmp(x->key, y->key, len);

	return order ? order : (x->key_len > y->key_len) - (x->key_len < y->key_len);
}

/* What the two sides do not have in common: how many secrets, and the last of them. */
struct difference {
	size_t count;
	const struct bs_json_member *member;
	bool is_in_ours; /* else ours has it no more */
};

/* Only valid names count: no call of ours changes another member. */
static void note_difference(const struct bs_layout *layout, const struct bs_json_member *member,
	bool is_in_ours, struct difference *ret)
{
	size_t prefix_len = strlen(layout->prefix);

	if (member->key_len < prefix_len || memcmp(member->key, layout->prefix, prefix_len) != 0 ||
		bs_name_check(member->key + prefix_len, member->key_len - prefix_len, NULL))
		return;
	ret->count++;
	ret->member = member;
	ret->is_in_ours = is_in_ours;
}

static bool is_same_value(const struct side *ours, const struct bs_json_member *x, const struct side *theirs,
	const struct bs_json_member *y)
{
	return x->value.len == y->value.len &&
	       memcmp(ours->text + x->value.off, theirs->text + y->value.off, x->value.len) == 0;
}

/* Both are sorted by key: a walk along them. */
static struct difference compare_sides(
	const struct bs_layout *layout, const struct side *ours, const struct side *theirs)
{
	const struct bs_json_members *a = &ours->members, *b = &theirs->members;
	struct difference ret = {0};
	size_t i = 0, k = 0;

	while (i < a->count && k < b->count) {
		int order = bs_json_member_order(&a->items[i], &b->items[k]);

		if (order < 0) {
			note_difference(layout, &a->items[i++], true, &ret);
		} else if (order > 0) {
			note_difference(layout, &b->items[k++], false, &ret);
		} else {
			if (!is_same_value(ours, &a->items[i], theirs, &b->items[k]))
				note_difference(layout, &a->items[i], true, &ret);
			i++;
			k++;
		}
	}
	while (i < a->count)
		note_difference(layout, &a->items[i++], true, &ret);
	while (k < b->count)
		note_difference(layout, &b->items[k++], false, &ret);
	return ret;
}

/*
 * A call of ours died after it had put a foreign text aside. Its base is not known any more, but if the two
 * texts differ in one secret only, that one is what the call had changed, and it goes onto the foreign text.
 * With more differences somebody else changed secrets, too, and nobody can tell whose word is the last: *ret
 * stays NULL.
 */
enum bs_code bs_json_file_merge(const struct bs_json_file *file, const char *ours, size_t ours_len,
	const char *displaced, size_t displaced_len, char **ret, size_t *ret_len, struct bs_error *reterr)
{
	const struct bs_layout *layout = file->layout;
	struct side mine = {.text = ours, .len = ours_len};
	struct side theirs = {.text = displaced, .len = displaced_len};
	struct bs_json_edit edit = {.path = layout->objects, .depth = layout->depth};
	struct difference difference = {0};
	enum bs_code code = BS_OK;

	if (open_side(file, &mine, NULL) || open_side(file, &theirs, NULL))
		goto out;
	if (mine.members.count > 1)
		qsort(mine.members.items, mine.members.count, sizeof(*mine.members.items),
			bs_json_member_order);
	if (theirs.members.count > 1)
		qsort(theirs.members.items, theirs.members.count, sizeof(*theirs.members.items),
			bs_json_member_order);
	difference = compare_sides(layout, &mine, &theirs);
	if (difference.count > 1)
		goto out;
	if (difference.member) {
		edit.key = difference.member->key;
		edit.key_len = difference.member->key_len;
		edit.value = difference.is_in_ours ? ours + difference.member->value.off : NULL;
		edit.value_len = difference.is_in_ours ? difference.member->value.len : 0;
		code = bs_json_file_splice(file, displaced, displaced_len, &edit, 1, ret, ret_len, reterr);
		goto out;
	}
	*ret = strndup(displaced, displaced_len);
	*ret_len = displaced_len;
	if (!*ret)
		code = bs_error_set(reterr, BS_NO_MEMORY, "no memory to merge %s", file->shown);
out:
	bs_json_members_release(&mine.members);
	bs_json_members_release(&theirs.members);
	return code;
}
