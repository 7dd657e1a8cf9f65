/* strings.c: an owned list of strings. */
#include <bus-secrets/strings.h>

#include <stdlib.h>
#include <string.h>

enum bs_code bs_strings_add_len(struct bs_strings *list, const char *text, size_t len, struct bs_error *reterr)
{
	if (list->count == list->room) {
		size_t room = list->room ? list->room * 2 : 8;
		char **items = reallocarray(list->items, room, sizeof(*items));

		if (!items)
			return bs_error_set(reterr, BS_NO_MEMORY, "out of memory for a list of %zu", room);
		list->items = items;
		list->room = room;
	}

	char *copy = malloc(len + 1);

	if (!copy)
		return bs_error_set(reterr, BS_NO_MEMORY, "out of memory for %zu bytes", len);
	memcpy(copy, text, len);
	copy[len] = '\0';
	list->items[list->count++] = copy;
	return BS_OK;
}

enum bs_code bs_strings_add(struct bs_strings *list, const char *text, struct bs_error *reterr)
{
	return bs_strings_add_len(list, text, strlen(text), reterr);
}

enum bs_code bs_strings_add_once(struct bs_strings *list, const char *text, struct bs_error *reterr)
{
	return bs_strings_has(list, text) ? BS_OK : bs_strings_add(list, text, reterr);
}

enum bs_code bs_strings_add_all(struct bs_strings *list, const struct bs_strings *more, struct bs_error *reterr)
{
	for (size_t i = 0; i < more->count; i++) {
		enum bs_code code = bs_strings_add(list, more->items[i], reterr);

		if (code)
			return code;
	}
	return BS_OK;
}

bool bs_strings_has(const struct bs_strings *list, const char *text)
{
	for (size_t i = 0; i < list->count; i++) {
		if (strcmp(list->items[i], text) == 0)
			return true;
	}
	return false;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void bs_strings_sort(struct bs_strings *list)
{
	if (list->count > 1)
		qsort(list->items, list->count, sizeof(*list->items), compare);
}

char *bs_strings_join(const struct bs_strings *list, const char *between)
{
	size_t gap = strlen(between);
	size_t total = 1;

	for (size_t i = 0; i < list->count; i++)
		total += strlen(list->items[i]) + (i ? gap : 0);

	char *text = malloc(total);
	char *at = text;

	if (!text)
		return NULL;
	for (size_t i = 0; i < list->count; i++) {
		if (i)
			at = stpcpy(at, between);
		at = stpcpy(at, list->items[i]);
	}
	*at = '\0';
	return text;
}

void bs_strings_release(struct bs_strings *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	*list = (struct bs_strings){0};
}
