/*
 * make.c: the embedded default: an identity made here, and undone.
 *
 * The file is written by one fixed form. What was made here and not touched since is exactly what that form gives for
 * the identity in it; any other line, key or character makes the file somebody's own, which is never deleted.
 */
#include "sources.h"

#include "../base/cstr.h"
#include <bus-secrets/strings.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define HEAD "# created: "
#define MIDDLE                                                                                 \
	"\n# made by bus-secrets init; back this file up: what is encrypted to it alone is lost without it\n" \
	"# public key: "
#define TIME_LEN (sizeof("2026-01-02T03:04:05Z") - 1)
#define FILE_MAX 4096

/* "~/.config/sops/age/keys.txt" without its last component, every missing directory 0700. */
static enum bs_code make_directory(const char *path, struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) char *copy = strdup(path);

	if (!copy)
		return bs_error_set(reterr, BS_NO_MEMORY, "out of memory for a path");
	for (char *at = strchr(copy + 1, '/'); at; at = strchr(at + 1, '/')) {
		*at = '\0';
		if (mkdir(copy, 0700) < 0 && errno != EEXIST)
			return bs_error_sys(reterr, errno, "cannot make %s", copy);
		*at = '/';
	}
	return BS_OK;
}

static void time_text(char ret[static TIME_LEN + 1])
{
	time_t now = time(NULL);
	struct tm parts;

	if (!gmtime_r(&now, &parts) || strftime(ret, TIME_LEN + 1, "%Y-%m-%dT%H:%M:%SZ", &parts) != TIME_LEN)
		memcpy(ret, "1970-01-01T00:00:00Z", TIME_LEN + 1);
}

/* The whole file in locked memory. */
static enum bs_code compose(const char *created, const char *recipient, const struct bs_secret *line,
	struct bs_secret **ret, struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) char *comment = NULL;
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *text = NULL;
	enum bs_code code = bs_cstr_format(&comment, reterr, HEAD "%s" MIDDLE "%s\n", created, recipient);
	size_t comment_len;

	if (code)
		return code;
	comment_len = strlen(comment);
	code = bs_secret_new(comment_len + bs_secret_len(line) + 1, &text, reterr);
	if (code)
		return code;
	memcpy(bs_secret_data(text), comment, comment_len);
	memcpy(bs_secret_data(text) + comment_len, bs_secret_bytes(line), bs_secret_len(line));
	bs_secret_data(text)[comment_len + bs_secret_len(line)] = '\n';
	*ret = BS_TAKE(text);
	return BS_OK;
}

/* Written aside, synced, then linked to its name, which fails if anything stands there. */
static enum bs_code write_new(const char *path, const struct bs_secret *text, struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) char *part = NULL;
	BS_CLEANUP(bs_close_fd) int fd = -1;
	enum bs_code code = bs_cstr_format(&part, reterr, "%s.bus-part-%ld", path, (long)getpid());

	if (code)
		return code;
	(void)unlink(part);
	fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return bs_error_sys(reterr, errno, "cannot make %s", path);
	code = bs_secret_write_fd(fd, text, reterr);
	if (!code && (fchmod(fd, 0600) < 0 || fsync(fd) < 0))
		code = bs_error_sys(reterr, errno, "cannot write %s", path);
	if (!code && link(part, path) < 0)
		code = errno == EEXIST ? bs_error_set(reterr, BS_EXISTS, "%s is there already", path)
				       : bs_error_sys(reterr, errno, "cannot make %s", path);
	(void)unlink(part);
	return code;
}

static void sync_directory(const char *path)
{
	BS_CLEANUP(bs_free_ptr) char *dir = strdup(path);
	BS_CLEANUP(bs_close_fd) int fd = -1;
	char *slash = dir ? strrchr(dir, '/') : NULL;

	if (!slash)
		return;
	slash[1] = '\0';
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		(void)fsync(fd);
}

enum bs_code bs_keys_make(const struct bs_env *env, char **ret_path, char **ret_recipient, struct bs_error *reterr)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *line = NULL;
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *text = NULL;
	BS_CLEANUP(bs_free_ptr) char *recipient = NULL;
	BS_CLEANUP(bs_free_ptr) char *path = NULL;
	char created[TIME_LEN + 1];
	struct stat st;
	enum bs_code code = bs_cstr_format(&path, reterr, "%s", bs_env_keys_txt(env));

	if (code)
		return code;
	if (lstat(path, &st) == 0)
		return bs_error_set(reterr, BS_EXISTS, "%s is there already", path);
	time_text(created);
	code = bs_age_keygen(&line, &recipient, reterr);
	if (!code)
		code = compose(created, recipient, line, &text, reterr);
	if (!code)
		code = make_directory(path, reterr);
	if (!code)
		code = write_new(path, text, reterr);
	if (code)
		return code;
	sync_directory(path);
	*ret_path = BS_TAKE(path);
	*ret_recipient = BS_TAKE(recipient);
	return BS_OK;
}

/* --- undoing it ----------------------------------------------------------------------------------------------- */

/* The last line of a file in our form, without its newline; NULL if it does not look like one. */
static enum bs_code key_line(const struct bs_secret *text, struct bs_secret **ret, struct bs_error *reterr)
{
	const uint8_t *bytes = bs_secret_bytes(text);
	size_t len = bs_secret_len(text);
	size_t start;

	if (len < sizeof(HEAD) + TIME_LEN || bytes[len - 1] != '\n')
		return BS_OK;
	start = --len;
	while (start && bytes[start - 1] != '\n')
		start--;
	return bs_secret_copy(bytes + start, len - start, ret, reterr);
}

/* The recipient of the one identity in a file that is as it was made; *ret stays NULL for any other file. */
static enum bs_code made_here(const struct bs_secret *text, char **ret, struct bs_error *reterr)
{
	BS_CLEANUP(bs_age_identities_free_ptr) struct bs_age_identities *ids = NULL;
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *line = NULL;
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *again = NULL;
	BS_CLEANUP(bs_free_ptr) char *recipient = NULL;
	char created[TIME_LEN + 1] = {0};
	size_t skipped = 0;
	enum bs_code code = key_line(text, &line, reterr);

	if (code || !line || memcmp(bs_secret_bytes(text), HEAD, sizeof(HEAD) - 1) != 0)
		return code;
	code = bs_age_identities_new(&ids, reterr);
	if (code)
		return code;
	if (bs_age_identities_parse(ids, line, "keys.txt", &skipped, NULL) || bs_age_identities_count(ids) != 1)
		return BS_OK;
	recipient = bs_age_identities_recipient(ids, 0);
	if (!recipient)
		return BS_OK;
	memcpy(created, bs_secret_bytes(text) + sizeof(HEAD) - 1, TIME_LEN);
	code = compose(created, recipient, line, &again, reterr);
	if (!code && bs_secret_equal(again, text))
		*ret = BS_TAKE(recipient);
	return code;
}

static enum bs_code read_made(const char *path, char **ret_recipient, struct bs_error *reterr)
{
	BS_CLEANUP(bs_close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *text = NULL;
	struct stat st;
	enum bs_code code = BS_OK;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= FILE_MAX)
		code = bs_secret_read_fd(fd, FILE_MAX, &text, reterr);
	if (!code && text)
		code = made_here(text, ret_recipient, reterr);
	if (!code && !*ret_recipient)
		return bs_error_set(reterr, BS_NOT_FOUND, "%s %s", path,
			fd < 0 ? "is not there" : "was not made by bus-secrets, or was changed since: it stays");
	return code;
}

static enum bs_code set_aside(const char *path, char **ret_renamed, struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) char *to = NULL;
	enum bs_code code = bs_cstr_format(&to, reterr, "%s.kept-%jd", path, (intmax_t)time(NULL));

	if (code)
		return code;
	if (renameat2(AT_FDCWD, path, AT_FDCWD, to, RENAME_NOREPLACE) < 0)
		return bs_error_sys(reterr, errno, "cannot rename %s to %s", path, to);
	*ret_renamed = BS_TAKE(to);
	return BS_OK;
}

enum bs_code bs_keys_unmake(const struct bs_env *env, const struct bs_strings *in_use, bool force, char **ret_renamed,
	struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) char *recipient = NULL;
	const char *path = bs_env_keys_txt(env);
	enum bs_code code = read_made(path, &recipient, reterr);

	if (code)
		return code;
	*ret_renamed = NULL;
	if (bs_strings_has(in_use, recipient)) {
		if (!force)
			return bs_error_set(reterr, BS_POLICY,
				"%s stays: stored secrets are encrypted to it; --force renames it", path);
		code = set_aside(path, ret_renamed, reterr);
	} else if (unlink(path) < 0) {
		code = bs_error_sys(reterr, errno, "cannot delete %s", path);
	}
	if (!code)
		sync_directory(path);
	return code;
}
