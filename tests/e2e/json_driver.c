/*
 * json_driver.c: applies one edit per request, for json_property.py.
 *
 * Requests and answers are fields of a 32-bit little-endian length and that many bytes. Request: "set" or
 * "delete", the path's keys with '/' between them, the key, the value, the text. Answer: the code's name, the
 * message, the new text.
 */
#include "../../core/json/splice.h"

#include <bus-secrets/cleanup.h>
#include <stdint.h>
#include <string.h>

#define MAX_FIELD ((uint32_t)64 * 1024 * 1024)
#define MAX_DEPTH 8

struct field {
	char *bytes;
	size_t len;
};

/* The bytes are copied to memory of exactly their size, so that a sanitizer sees each read beyond it. */
static bool read_field(struct field *field)
{
	uint8_t head[4];
	uint32_t len;

	if (fread(head, 1, sizeof(head), stdin) != sizeof(head))
		return false;
	len = (uint32_t)head[0] | (uint32_t)head[1] << 8 | (uint32_t)head[2] << 16 | (uint32_t)head[3] << 24;
	if (len > MAX_FIELD)
		return false;
	field->bytes = malloc(len > 0 ? len : 1);
	field->len = len;
	return field->bytes && fread(field->bytes, 1, len, stdin) == len;
}

/* bytes may be NULL if len is 0. */
static void write_field(const char *bytes, size_t len)
{
	uint8_t head[4] = {(uint8_t)len, (uint8_t)(len >> 8), (uint8_t)(len >> 16), (uint8_t)(len >> 24)};

	(void)fwrite(head, 1, sizeof(head), stdout);
	if (len > 0)
		(void)fwrite(bytes, 1, len, stdout);
}

/* Cuts "a/b" into its keys. */
static size_t cut_path(char *path, const char **keys)
{
	size_t depth = 0;

	for (char *key = strtok(path, "/"); key && depth < MAX_DEPTH; key = strtok(NULL, "/"))
		keys[depth++] = key;
	return depth;
}

static bool read_request(struct field fields[static 5])
{
	for (size_t i = 0; i < 5; i++) {
		if (!read_field(&fields[i]))
			return false;
	}
	return true;
}

static void answer(const struct field fields[static 5])
{
	const char *keys[MAX_DEPTH];
	char *path = strndup(fields[1].bytes, fields[1].len);
	struct bs_json_edit edit = {.path = keys, .key = fields[2].bytes, .key_len = fields[2].len};
	struct bs_error err = {0};
	char *text = NULL;
	size_t len = 0;
	enum bs_code code;

	if (!path)
		exit(1);
	edit.depth = cut_path(path, keys);
	if (fields[0].len == 3) {
		edit.value = fields[3].bytes;
		edit.value_len = fields[3].len;
	}
	code = bs_json_splice(fields[4].bytes, fields[4].len, &edit, 1, &text, &len, &err);
	write_field(bs_code_name(code), strlen(bs_code_name(code)));
	write_field(err.msg, strlen(err.msg));
	write_field(text, len);
	(void)fflush(stdout);
	free(text);
	free(path);
}

int main(void)
{
	for (;;) {
		struct field fields[5] = {{0}};
		bool is_whole = read_request(fields);

		if (is_whole)
			answer(fields);
		for (size_t i = 0; i < 5; i++)
			free(fields[i].bytes);
		if (!is_whole)
			break;
	}
	return ferror(stdout) ? 1 : 0;
}
