/*
 * known.c: the workspaces that this user knows.
 *
 * Kept in the state directory as `workspaces`, one a line: "hand PATH" or "auto PATH", where bytes up to space, `%`
 * and DEL are written %XX. Lines that are not understood are dropped by the next writer.
 */
#include "workspace_private.h"

#include "../base/cstr.h"
#include <bus-secrets/log.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define KNOWN_FILE "workspaces"
#define KNOWN_MAX_BYTES ((size_t)1024 * 1024)
#define KNOWN_MAX 4096

void bs_known_release(struct bs_known_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i].path);
	free(list->items);
	*list = (struct bs_known_list){0};
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* In place; false for a bad escape. */
static bool decode_path(char *text)
{
	char *to = text;

	for (const char *at = text; *at; at++) {
		if (*at != '%') {
			*to++ = *at;
			continue;
		}
		int high = hex_digit(at[1]);
		int low = high < 0 ? -1 : hex_digit(at[2]);

		if (low < 0 || (high == 0 && low == 0))
			return false;
		*to++ = (char)(high * 16 + low);
		at += 2;
	}
	*to = '\0';
	return text[0] == '/';
}

static bool is_plain(unsigned char c)
{
	return c > 0x20 && c != '%' && c != 0x7f;
}

static char *put_entry(char *to, const struct bs_known *entry)
{
	static const char digits[] = "0123456789ABCDEF";

	to = stpcpy(to, entry->by_hand ? "hand " : "auto ");
	for (const char *at = entry->path; *at; at++) {
		unsigned char c = (unsigned char)*at;

		if (is_plain(c)) {
			*to++ = *at;
			continue;
		}
		*to++ = '%';
		*to++ = digits[c >> 4];
		*to++ = digits[c & 15];
	}
	*to++ = '\n';
	return to;
}

static enum bs_code append(struct bs_known_list *list, const char *path, bool by_hand, struct bs_error *reterr)
{
	struct bs_known *items = realloc(list->items, (list->count + 1) * sizeof(*items));

	if (!items)
		return bs_error_set(reterr, BS_NO_MEMORY, "out of memory for the known workspaces");
	list->items = items;
	items[list->count].path = strdup(path);
	if (!items[list->count].path)
		return bs_error_set(reterr, BS_NO_MEMORY, "out of memory for the known workspaces");
	items[list->count++].by_hand = by_hand;
	return BS_OK;
}

/* The entry's place, or the count if there is none. */
static size_t find(const struct bs_known_list *list, const char *path)
{
	size_t i = 0;

	while (i < list->count && strcmp(list->items[i].path, path) != 0)
		i++;
	return i;
}

static enum bs_code parse(char *text, struct bs_known_list *ret, struct bs_error *reterr)
{
	char *save = NULL;
	enum bs_code code = BS_OK;

	for (char *line = strtok_r(text, "\n", &save); line && !code && ret->count < KNOWN_MAX;
		line = strtok_r(NULL, "\n", &save)) {
		bool by_hand = strncmp(line, "hand ", 5) == 0;

		if (!by_hand && strncmp(line, "auto ", 5) != 0)
			continue;
		if (decode_path(line + 5) && find(ret, line + 5) == ret->count)
			code = append(ret, line + 5, by_hand, reterr);
	}
	return code;
}

static enum bs_code read_at(int dirfd, struct bs_known_list *ret, struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) char *text = NULL;
	size_t len = 0;
	enum bs_code code = bs_state_read(dirfd, KNOWN_FILE, KNOWN_MAX_BYTES, &text, &len, reterr);

	if (!code && text)
		code = parse(text, ret, reterr);
	if (code)
		bs_known_release(ret);
	return code;
}

enum bs_code bs_known_read(const struct bs_env *env, struct bs_known_list *ret, struct bs_error *reterr)
{
	BS_CLEANUP(bs_close_fd) int dirfd = -1;
	struct bs_error inner = {0};
	enum bs_code code = bs_state_open(env, NULL, false, &dirfd, &inner);

	*ret = (struct bs_known_list){0};
	if (!code)
		code = read_at(dirfd, ret, &inner);
	if (code == BS_NO_MEMORY)
		return bs_error_set(reterr, code, "%s", inner.msg);
	if (code && code != BS_NOT_FOUND)
		bs_notice(BS_NOTICE_INFO, "known workspaces are done without: %s", inner.msg);
	return BS_OK;
}

static bool is_within(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	if (len == 1)
		return true;
	return strncmp(path, dir, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

bool bs_known_consents(const struct bs_known_list *list, const char *path)
{
	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i].by_hand && is_within(path, list->items[i].path))
			return true;
	}
	return false;
}

static enum bs_code write_at(int dirfd, const struct bs_known_list *list, struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) char *text = NULL;
	size_t room = 1;
	char *at;

	for (size_t i = 0; i < list->count; i++)
		room += strlen(list->items[i].path) * 3 + sizeof("auto \n");
	text = malloc(room);
	if (!text)
		return bs_error_set(reterr, BS_NO_MEMORY, "out of memory for the known workspaces");
	at = text;
	for (size_t i = 0; i < list->count; i++)
		at = put_entry(at, &list->items[i]);
	return bs_state_write(dirfd, KNOWN_FILE, text, (size_t)(at - text), reterr);
}

static enum bs_code add_locked(const struct bs_env *env, const char *path, bool by_hand, struct bs_error *reterr)
{
	BS_CLEANUP(bs_close_fd) int dirfd = -1;
	BS_CLEANUP(bs_known_release) struct bs_known_list list = {0};
	enum bs_code code = bs_state_open(env, NULL, true, &dirfd, reterr);

	if (!code)
		code = bs_state_lock(dirfd, reterr);
	if (!code)
		code = read_at(dirfd, &list, reterr);
	if (code)
		return code;

	size_t there = find(&list, path);

	if (there < list.count && (list.items[there].by_hand || !by_hand))
		return BS_OK;
	if (there < list.count)
		list.items[there].by_hand = true;
	else if (list.count >= KNOWN_MAX)
		return bs_error_set(reterr, BS_TOO_LARGE, "%d workspaces are known; remove some", KNOWN_MAX);
	else
		code = append(&list, path, by_hand, reterr);
	return code ? code : write_at(dirfd, &list, reterr);
}

/* The workspace that the directory lies in, or the directory itself: it may get a datapackage.json later. */
static enum bs_code directory_of(const struct bs_env *env, const char *dir, char **ret, struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) char *real = realpath(dir, NULL);
	struct stat st;
	enum bs_code code;

	if (!real || stat(real, &st) < 0)
		return bs_error_sys(reterr, errno, "%s", dir);
	if (!S_ISDIR(st.st_mode))
		return bs_error_set(reterr, BS_NOT_FOUND, "%s: not a directory", dir);
	code = bs_discover(env, real, NULL, ret, reterr);
	if (!code && !*ret)
		*ret = BS_TAKE(real);
	return code;
}

enum bs_code bs_workspaces_add(const struct bs_env *env, const char *dir, bool by_hand, char **ret_path,
	struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) char *path = NULL;
	struct bs_error inner = {0};
	enum bs_code code = directory_of(env, dir, &path, reterr);

	if (code)
		return code;
	code = add_locked(env, path, by_hand, &inner);
	/* Not by hand it is a convenience: without a state directory that can be written, it is done without. */
	if (code && !by_hand)
		bs_notice(BS_NOTICE_INFO, "workspace %s is not remembered: %s", path, inner.msg);
	if (code && by_hand)
		return bs_error_set(reterr, code, "workspace %s cannot be added: %s", path, inner.msg);
	if (ret_path)
		*ret_path = BS_TAKE(path);
	return BS_OK;
}

/* What the list calls a directory: its real path, also of one that is gone, or the workspace that it lies in. */
static size_t match(const struct bs_env *env, const struct bs_known_list *list, const char *dir)
{
	BS_CLEANUP(bs_free_ptr) char *real = realpath(dir, NULL);
	BS_CLEANUP(bs_free_ptr) char *found = NULL;
	BS_CLEANUP(bs_free_ptr) char *absolute = NULL;
	size_t at = real ? find(list, real) : list->count;

	if (!real && bs_cstr_format(&absolute, NULL, "%s%s%s", dir[0] == '/' ? "" : bs_env_cwd(env),
			     dir[0] == '/' ? "" : "/", dir) == BS_OK)
		return find(list, absolute);
	if (at == list->count && real && bs_discover(env, real, NULL, &found, NULL) == BS_OK && found)
		return find(list, found);
	return at;
}

enum bs_code bs_workspaces_remove(const struct bs_env *env, const char *dir, char **ret_path, struct bs_error *reterr)
{
	BS_CLEANUP(bs_close_fd) int dirfd = -1;
	BS_CLEANUP(bs_known_release) struct bs_known_list list = {0};
	BS_CLEANUP(bs_free_ptr) char *path = NULL;
	size_t at = 0;
	enum bs_code code = bs_state_open(env, NULL, false, &dirfd, reterr);

	if (!code)
		code = bs_state_lock(dirfd, reterr);
	if (!code)
		code = read_at(dirfd, &list, reterr);
	if (!code)
		at = match(env, &list, dir);
	if (code == BS_NOT_FOUND || (!code && at >= list.count))
		return bs_error_set(reterr, BS_NOT_FOUND, "%s is not a known workspace", dir);
	if (code)
		return code;
	path = list.items[at].path;
	for (list.count--; at < list.count; at++)
		list.items[at] = list.items[at + 1];
	code = write_at(dirfd, &list, reterr);
	if (!code && ret_path)
		*ret_path = BS_TAKE(path);
	return code;
}

enum bs_code bs_workspaces_list(const struct bs_env *env, struct bs_strings *ret, struct bs_error *reterr)
{
	BS_CLEANUP(bs_known_release) struct bs_known_list list = {0};
	enum bs_code code = bs_known_read(env, &list, reterr);

	for (size_t i = 0; !code && i < list.count; i++)
		code = bs_strings_add(ret, list.items[i].path, reterr);
	bs_strings_sort(ret);
	return code;
}
