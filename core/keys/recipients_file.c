/* recipients_file.c: edits of a workspace's recipients.txt; every other line stays as it is. */
#include "recipients.h"

#include "../age/age.h"
#include "../base/cstr.h"
#include "../base/replace.h"
#include <bus-secrets/cleanup.h>
#include <bus-secrets/harden.h>
#include <bus-secrets/keys.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

struct edit {
	const struct bs_workspace *ws;
	const char *recipient;
	bool is_removal;
	bool was_there;
};

static enum bs_code locate(void *ctx, char **ret_path, struct bs_error *reterr)
{
	const struct edit *edit = ctx;

	return bs_cstr_format(ret_path, reterr, "%s/" BS_RECIPIENTS_FILE, bs_workspace_path(edit->ws));
}

/* The line's recipient, without blanks and comment, is the one we look for. */
static bool line_holds(const char *line, size_t len, const char *recipient)
{
	struct bs_strings one = {0};
	bool holds = bs_recipients_parse_file(line, len, &one, NULL) == BS_OK && bs_strings_has(&one, recipient);

	bs_strings_release(&one);
	return holds;
}

/* Copies the text without the lines that hold the recipient; *ret_found says whether there were any. */
static char *without(const char *text, size_t len, const char *recipient, size_t *ret_len, bool *ret_found)
{
	char *copy = malloc(len + 1);
	size_t out = 0;

	*ret_found = false;
	for (size_t at = 0; copy && at < len;) {
		const char *newline = memchr(text + at, '\n', len - at);
		size_t line = newline ? (size_t)(newline - text) + 1 - at : len - at;

		if (line_holds(text + at, line, recipient)) {
			*ret_found = true;
		} else {
			memcpy(copy + out, text + at, line);
			out += line;
		}
		at += line;
	}
	if (copy)
		copy[out] = '\0';
	*ret_len = out;
	return copy;
}

static enum bs_code removed(struct edit *edit, const char *text, size_t len, char **ret, size_t *ret_len,
	struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) char *copy = without(text ? text : "", len, edit->recipient, ret_len, &edit->was_there);

	if (!copy)
		return bs_error_set(reterr, BS_NO_MEMORY, "out of memory for " BS_RECIPIENTS_FILE);
	if (edit->was_there)
		*ret = BS_TAKE(copy);
	return BS_OK;
}

static enum bs_code added(struct edit *edit, const char *text, size_t len, char **ret, size_t *ret_len,
	struct bs_error *reterr)
{
	BS_CLEANUP(bs_strings_release) struct bs_strings present = {0};
	enum bs_code code;
	bool is_open;

	if (!text)
		len = 0;
	/* A file with a bad line is not written to: it would stay an error whatever is added. */
	code = bs_recipients_parse_file(text ? text : "", len, &present, reterr);
	if (code)
		return code;
	edit->was_there = bs_strings_has(&present, edit->recipient);
	if (edit->was_there)
		return BS_OK;
	is_open = len && text[len - 1] != '\n';
	*ret_len = len + is_open + strlen(edit->recipient) + 1;
	*ret = malloc(*ret_len + 1);
	if (!*ret)
		return bs_error_set(reterr, BS_NO_MEMORY, "out of memory for " BS_RECIPIENTS_FILE);
	if (len)
		memcpy(*ret, text, len);
	(void)sprintf(*ret + len, "%s%s\n", is_open ? "\n" : "", edit->recipient);
	return BS_OK;
}

static enum bs_code apply(void *ctx, const char *text, size_t len, char **ret, size_t *ret_len,
	struct bs_error *reterr)
{
	struct edit *edit = ctx;

	return edit->is_removal ? removed(edit, text, len, ret, ret_len, reterr)
				: added(edit, text, len, ret, ret_len, reterr);
}

static bool is_whole(void *ctx, const char *text, size_t len)
{
	(void)ctx;
	(void)text;
	(void)len;
	return true; /* an empty list is one */
}

/* Empty directories only: an empty .bus/secrets left behind would choose the layout of later writes. */
static void remove_dirs(const struct bs_workspace *ws)
{
	(void)unlinkat(bs_workspace_dirfd(ws), ".bus/secrets", AT_REMOVEDIR);
	(void)unlinkat(bs_workspace_dirfd(ws), ".bus", AT_REMOVEDIR);
}

static enum bs_code run(struct edit *edit, struct bs_error *reterr)
{
	bool had_dir = faccessat(bs_workspace_dirfd(edit->ws), ".bus/secrets", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	enum bs_code code;
	struct bs_replace replace = {
		.locate = locate,
		.edit = apply,
		.is_whole = is_whole,
		.ctx = edit,
		.shown = BS_RECIPIENTS_FILE,
		.limit = BS_RECIPIENTS_FILE_MAX,
		.new_mode = 0666 & ~bs_caller_umask(),
		.new_dir_mode = 0777 & ~bs_caller_umask(),
		.beneath = bs_workspace_path(edit->ws),
		.is_removal = edit->is_removal, /* a list of nobody would refuse every write */
	};
	bool was_written = false;

	code = bs_replace(&replace, &was_written, reterr);
	if (edit->is_removal ? !code : code && !had_dir)
		remove_dirs(edit->ws);
	return code;
}

/* A recipients.txt that would not be used (another user's, a link that leads out) is not written either. */
static enum bs_code check_present(const struct bs_workspace *ws, struct bs_error *reterr)
{
	BS_CLEANUP(bs_close_fd) int fd = -1;
	enum bs_code code = bs_workspace_open_file(ws, BS_RECIPIENTS_FILE, &fd, reterr);

	return code == BS_NOT_FOUND ? BS_OK : code;
}

enum bs_code bs_recipients_file_add(const struct bs_workspace *ws, const char *recipient, bool *ret_was_added,
	struct bs_error *reterr)
{
	struct edit edit = {.ws = ws, .recipient = recipient};
	enum bs_code code = bs_age_recipient_check(recipient, reterr);

	if (!code)
		code = check_present(ws, reterr);
	if (!code)
		code = run(&edit, reterr);
	if (!code)
		*ret_was_added = !edit.was_there;
	return code;
}

enum bs_code bs_recipients_file_remove(const struct bs_workspace *ws, const char *recipient, struct bs_error *reterr)
{
	struct edit edit = {.ws = ws, .recipient = recipient, .is_removal = true};
	enum bs_code code = check_present(ws, reterr);
	BS_CLEANUP(bs_close_fd) int fd = -1;

	if (!code && bs_workspace_open_file(ws, BS_RECIPIENTS_FILE, &fd, NULL) == BS_OK)
		code = run(&edit, reterr);
	if (!code && !edit.was_there)
		return bs_error_set(reterr, BS_NOT_FOUND, "%s does not stand in " BS_RECIPIENTS_FILE, recipient);
	return code;
}
