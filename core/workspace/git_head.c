/*
 * git_head.c: the commit of HEAD, from the files of .git.
 *
 * Nothing is executed: git reads a repository's configuration, which may name commands. A `.git` file (of a worktree
 * or a submodule) names a directory elsewhere; it is followed only where git itself made the pair: a worktree's
 * directory points back at this very file, a submodule's lies in .git/modules of a directory above.
 */
#include "git_head.h"

#include "../base/cstr.h"
#include "../base/hash.h"
#include "workspace_private.h"
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define LEVELS_MAX 64
#define SMALL_MAX 4096
#define PACKED_MAX ((size_t)4 * 1024 * 1024)

/* Opens a regular file of a trusted owner, no link at its end. */
static int open_own(const char *dir, const char *name, struct stat *ret_st)
{
	BS_CLEANUP(bs_close_fd) int fd = -1;
	BS_CLEANUP(bs_free_ptr) char *path = NULL;

	if (bs_cstr_format(&path, NULL, "%s/%s", dir, name))
		return -1;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, ret_st) < 0 || !S_ISREG(ret_st->st_mode) || !bs_owner_is_trusted(ret_st->st_uid))
		return -1;
	return BS_TAKE_FD(fd);
}

/* The first line of a small file, without blanks at its end; NULL if it cannot be read or has several. */
static char *read_line(const char *dir, const char *name)
{
	struct stat st;
	BS_CLEANUP(bs_close_fd) int fd = open_own(dir, name, &st);
	BS_CLEANUP(bs_free_ptr) char *text = NULL;
	size_t len = 0;

	if (fd < 0 || bs_cstr_read_fd(fd, SMALL_MAX, name, &text, &len, NULL))
		return NULL;
	while (len && (text[len - 1] == '\n' || text[len - 1] == '\r' || text[len - 1] == ' '))
		text[--len] = '\0';
	return strlen(text) == len && !strchr(text, '\n') ? BS_TAKE(text) : NULL;
}

static bool is_object_id(const char *text, size_t len)
{
	if (len != 40 && len != 64)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!(text[i] >= '0' && text[i] <= '9') && !(text[i] >= 'a' && text[i] <= 'f'))
			return false;
	}
	return true;
}

/* "refs/..." of ordinary components: it becomes part of a path. */
static bool is_ref_name(const char *name)
{
	if (strncmp(name, "refs/", 5) != 0 || strlen(name) > 1024 || strstr(name, "//") || strstr(name, "/."))
		return false;
	for (const char *at = name; *at; at++) {
		if ((unsigned char)*at <= ' ' || *at == 0x7f || strchr("~^:?*[\\", *at))
			return false;
	}
	return true;
}

static void hash_word(const char *kind, const void *bytes, size_t len, char ret[static BS_GIT_HEAD_MAX])
{
	char hex[BS_HASH_HEX];

	bs_hash_hex(bytes, len, hex);
	(void)snprintf(ret, BS_GIT_HEAD_MAX, "%s:%.64s", kind, hex);
}

/* A line "<id> <name>" of packed-refs. A file that is too large stands for itself by its size and time. */
static void packed_ref(const char *common, const char *ref, char ret[static BS_GIT_HEAD_MAX])
{
	struct stat st;
	BS_CLEANUP(bs_close_fd) int fd = open_own(common, "packed-refs", &st);
	BS_CLEANUP(bs_free_ptr) char *text = NULL;
	size_t ref_len = strlen(ref);
	size_t len = 0;

	if (fd < 0)
		return;
	if (bs_cstr_read_fd(fd, PACKED_MAX, "packed-refs", &text, &len, NULL)) {
		struct {
			off_t size;
			struct timespec time;
		} mark;

		memset(&mark, 0, sizeof(mark));
		mark.size = st.st_size;
		mark.time = st.st_mtim;
		hash_word("packed", &mark, sizeof(mark), ret);
		return;
	}
	for (const char *line = text; line < text + len;) {
		const char *end = memchr(line, '\n', (size_t)(text + len - line));
		size_t span = (size_t)((end ? end : text + len) - line);
		const char *blank = memchr(line, ' ', span);
		size_t id = blank ? (size_t)(blank - line) : 0;

		if (blank && is_object_id(line, id) && span - id - 1 == ref_len &&
			memcmp(blank + 1, ref, ref_len) == 0) {
			(void)snprintf(ret, BS_GIT_HEAD_MAX, "%.*s", (int)id, line);
			return;
		}
		line = end ? end + 1 : text + len;
	}
}

/* Where refs are kept as tables, the list of tables changes with every one of them. */
static void table_list(const char *common, char ret[static BS_GIT_HEAD_MAX])
{
	struct stat st;
	BS_CLEANUP(bs_close_fd) int fd = open_own(common, "reftable/tables.list", &st);
	BS_CLEANUP(bs_free_ptr) char *text = NULL;
	size_t len = 0;

	if (fd >= 0 && bs_cstr_read_fd(fd, PACKED_MAX, "tables.list", &text, &len, NULL) == BS_OK)
		hash_word("table", text, len, ret);
}

static void resolve(const char *git_dir, const char *common, char ret[static BS_GIT_HEAD_MAX])
{
	BS_CLEANUP(bs_free_ptr) char *head = read_line(git_dir, "HEAD");
	BS_CLEANUP(bs_free_ptr) char *id = NULL;
	const char *ref;

	if (!head)
		return;
	if (is_object_id(head, strlen(head))) {
		(void)stpcpy(ret, head);
		return;
	}
	if (strncmp(head, "ref:", 4) != 0)
		return;
	ref = head + 4 + strspn(head + 4, " \t");
	if (strcmp(ref, "refs/heads/.invalid") == 0) {
		table_list(common, ret);
		return;
	}
	if (!is_ref_name(ref))
		return;
	id = read_line(common, ref);
	if (id && is_object_id(id, strlen(id)))
		(void)stpcpy(ret, id);
	else
		packed_ref(common, ref, ret);
}

/* --- .git files ----------------------------------------------------------------------------------------------- */

static char *absolute(const char *base, const char *path)
{
	BS_CLEANUP(bs_free_ptr) char *joined = NULL;

	if (bs_cstr_format(&joined, NULL, "%s%s%s", path[0] == '/' ? "" : base, path[0] == '/' ? "" : "/", path))
		return NULL;
	return realpath(joined, NULL);
}

/* Git's own back-pointer: the file `gitdir` of a worktree's directory names the `.git` file. */
static bool points_back(const char *git_dir, const char *dot_git)
{
	BS_CLEANUP(bs_free_ptr) char *line = read_line(git_dir, "gitdir");
	BS_CLEANUP(bs_free_ptr) char *back = line ? absolute(git_dir, line) : NULL;
	BS_CLEANUP(bs_free_ptr) char *here = realpath(dot_git, NULL);

	return back && here && strcmp(back, here) == 0;
}

/* "<above>/.git/modules/...", where <above> is a directory that dir lies in. */
static bool is_module_of_parent(const char *git_dir, const char *dir)
{
	const char *modules = strstr(git_dir, "/.git/modules/");
	size_t above = modules ? (size_t)(modules - git_dir) : 0;

	return modules && strncmp(git_dir, dir, above) == 0 && dir[above] == '/';
}

static void from_file(const char *dir, const char *dot_git, char ret[static BS_GIT_HEAD_MAX])
{
	static const char key[] = "gitdir: ";
	BS_CLEANUP(bs_free_ptr) char *line = read_line(dir, ".git");
	BS_CLEANUP(bs_free_ptr) char *git_dir = NULL;
	BS_CLEANUP(bs_free_ptr) char *common_line = NULL;
	BS_CLEANUP(bs_free_ptr) char *common = NULL;

	if (!line || strncmp(line, key, sizeof(key) - 1) != 0)
		return;
	git_dir = absolute(dir, line + sizeof(key) - 1);
	if (!git_dir)
		return;
	if (is_module_of_parent(git_dir, dir)) {
		resolve(git_dir, git_dir, ret);
		return;
	}
	if (!points_back(git_dir, dot_git))
		return;
	/* A worktree's HEAD is its own, its branches stand in the directory that it belongs to: two levels up. */
	common_line = read_line(git_dir, "commondir");
	common = absolute(git_dir, common_line ? common_line : "../..");
	if (common && strncmp(git_dir, common, strlen(common)) == 0 && git_dir[strlen(common)] == '/')
		resolve(git_dir, common, ret);
}

void bs_git_head(const char *dir, char ret[static BS_GIT_HEAD_MAX])
{
	BS_CLEANUP(bs_free_ptr) char *at = strdup(dir);
	struct stat first;
	struct stat st;

	ret[0] = '\0';
	if (!at || stat(at, &first) < 0)
		return;
	for (int level = 0; level < LEVELS_MAX; level++) {
		BS_CLEANUP(bs_free_ptr) char *dot_git = NULL;
		char *slash;

		if (stat(at, &st) < 0 || st.st_dev != first.st_dev || bs_cstr_format(&dot_git, NULL, "%s/.git", at))
			return;
		if (lstat(dot_git, &st) == 0) {
			if (!bs_owner_is_trusted(st.st_uid))
				return;
			if (S_ISDIR(st.st_mode))
				resolve(dot_git, dot_git, ret);
			else
				from_file(at, dot_git, ret);
			return;
		}
		slash = strrchr(at, '/');
		if (!slash || slash == at)
			return;
		*slash = '\0';
	}
}
