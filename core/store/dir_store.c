/*
 * dir_store.c: documents as files of their own: .bus/secrets/<name>.sops.json of a workspace.
 *
 * Layer: core/store. A file's whole text is the document, so there is nothing to splice; everything that is
 * opened is resolved beneath the workspace and belongs to its owner.
 */
#include "../base/fault.h"
#include "../base/replace.h"
#include "store_private.h"
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>

#define SUFFIX ".sops.json"
#define FILE_MAX (BS_NAME_MAX + sizeof(SUFFIX))

static void file_name(const char *name, char ret[static FILE_MAX])
{
	(void)snprintf(ret, FILE_MAX, "%.*s" SUFFIX, BS_NAME_MAX, name);
}

static void relative_name(const struct bs_layout *layout, const char *name, char ret[static 256])
{
	(void)snprintf(ret, 256, "%s/%.*s" SUFFIX, layout->file, BS_NAME_MAX, name);
}

static enum bs_code dir_path(
	struct bs_store *store, const struct bs_layout *layout, char **ret, struct bs_error *reterr)
{
	if (asprintf(ret, "%s/%s", bs_workspace_path(store->ws), layout->file) < 0) {
		*ret = NULL;
		return bs_error_set(reterr, BS_NO_MEMORY, "no memory for a path");
	}
	return BS_OK;
}

/* One step without following a link: ELOOP for a link, wherever it leads. */
static int open_step(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 && errno == ENOTDIR) {
		bool is_link = fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode);

		errno = is_link ? ELOOP : ENOTDIR;
	}
	return fd;
}

/* Kernels before 5.6 and some sandboxes have no openat2: there a link on the way is refused. */
static int open_beneath(int dirfd, const char *path)
{
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	int fd = (int)syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
	BS_CLEANUP(bs_close_fd) int parent = -1;
	const char *slash = strchr(path, '/');
	char first[32];

	if (fd >= 0 || (errno != ENOSYS && errno != EPERM))
		return fd;
	if (!slash || (size_t)(slash - path) >= sizeof(first))
		return open_step(dirfd, path);
	(void)snprintf(first, sizeof(first), "%.*s", (int)(slash - path), path);
	parent = open_step(dirfd, first);
	return parent < 0 ? -1 : open_step(parent, slash + 1);
}

/* *ret_fd is -1 where the layout is not in use. */
static enum bs_code open_dir(
	const struct bs_store *store, const struct bs_layout *layout, int *ret_fd, struct bs_error *reterr)
{
	BS_CLEANUP(bs_close_fd) int fd = open_beneath(bs_workspace_dirfd(store->ws), layout->file);
	struct stat st;

	*ret_fd = -1;
	if (fd < 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			return BS_OK;
		if (errno == EXDEV || errno == ELOOP)
			return bs_error_set(reterr, BS_POLICY,
				"%s leads out of the workspace: it is not used", layout->file);
		return bs_error_sys(reterr, errno, "cannot open %s", layout->file);
	}
	if (fstat(fd, &st))
		return bs_error_sys(reterr, errno, "cannot look at %s", layout->file);
	if (st.st_uid != geteuid() && st.st_uid != 0 && !bs_workspace_is_consented(store->ws))
		return bs_error_set(reterr, BS_POLICY,
			"%s belongs to another user: bus-secrets workspace add says that you trust it",
			layout->file);
	*ret_fd = BS_TAKE_FD(fd);
	return BS_OK;
}

static enum bs_code dir_is_there(
	struct bs_store *store, const struct bs_layout *layout, bool *ret, struct bs_error *reterr)
{
	BS_CLEANUP(bs_close_fd) int fd = -1;
	enum bs_code code = open_dir(store, layout, &fd, reterr);

	*ret = fd >= 0;
	return code;
}

/* A half-written document begins with a brace; what does not will not become one by waiting. */
static bool is_whole(void *ctx, const char *text, size_t len)
{
	struct bs_json_value root;
	size_t blanks = 0;

	(void)ctx;
	while (blanks < len && strchr(" \t\r\n", text[blanks]))
		blanks++;
	if (blanks == len)
		return false;
	return text[blanks] != '{' || bs_json_check(text, len, &root, NULL) == BS_OK;
}

struct dir_call {
	struct bs_store *store;
	const struct bs_layout *layout;
	const char *name;
	bs_change_fn fn;
	void *ctx;
};

static enum bs_code locate(void *ctx, char **ret_path, struct bs_error *reterr)
{
	const struct dir_call *call = ctx;
	char relative[256];

	relative_name(call->layout, call->name, relative);
	if (asprintf(ret_path, "%s/%s", bs_workspace_path(call->store->ws), relative) < 0) {
		*ret_path = NULL;
		return bs_error_set(reterr, BS_NO_MEMORY, "no memory for a path");
	}
	return BS_OK;
}

static void fill_stored(const struct bs_layout *layout, const char *name, struct bs_stored *ret)
{
	char relative[256];

	*ret = (struct bs_stored){.layout = layout};
	relative_name(layout, name, relative);
	(void)snprintf(ret->where, sizeof(ret->where), "%s", relative);
}

static enum bs_code edit_file(
	void *ctx, const char *text, size_t len, char **ret, size_t *ret_len, struct bs_error *reterr)
{
	const struct dir_call *call = ctx;
	BS_CLEANUP(bs_change_release) struct bs_change change = {0};
	BS_CLEANUP(bs_stored_release) struct bs_stored present = {0};
	enum bs_code code;

	if (text) {
		fill_stored(call->layout, call->name, &present);
		present.text = malloc(len + 1);
		if (!present.text)
			return bs_error_set(reterr, BS_NO_MEMORY, "no memory for a document");
		memcpy(present.text, text, len);
		present.text[len] = '\0';
		present.len = len;
	}
	code = call->fn(call->ctx, text ? &present : NULL, &change, reterr);
	if (code || change.kind == BS_CHANGE_NONE || (change.kind == BS_CHANGE_DROP && !text))
		return code;
	if (change.kind == BS_CHANGE_DROP) {
		*ret = calloc(1, 1);
		*ret_len = 0;
	} else if (change.len && change.text[change.len - 1] == '\n') {
		*ret_len = change.len;
		*ret = BS_TAKE(change.text);
	} else {
		/* A line ends in a newline; git and editors would say so. */
		*ret = malloc(change.len + 2);
		if (*ret) {
			memcpy(*ret, change.text, change.len);
			memcpy(*ret + change.len, "\n", 2);
		}
		*ret_len = change.len + 1;
	}
	return *ret ? BS_OK : bs_error_set(reterr, BS_NO_MEMORY, "no memory for a document");
}

/*
 * A new file gets the bits for reading and writing that datapackage.json has: whoever shares one shares the
 * other.
 */
static mode_t mode_like_package(const struct bs_store *store)
{
	struct stat st;

	if (fstatat(bs_workspace_dirfd(store->ws), "datapackage.json", &st, 0) || !S_ISREG(st.st_mode))
		return 0600;
	return (st.st_mode & 0666) | 0600;
}

static struct bs_replace protocol(struct dir_call *call, const char *shown)
{
	return (struct bs_replace){
		.locate = locate,
		.edit = edit_file,
		.is_whole = is_whole,
		.ctx = call,
		.shown = shown,
		.limit = BS_STORE_FILE_LIMIT,
		.new_mode = mode_like_package(call->store),
		.beneath = bs_workspace_path(call->store->ws),
		.is_removal = true,
	};
}

/* BS_NOT_FOUND without a message. */
static enum bs_code read_document(struct bs_store *store, const struct bs_layout *layout, const char *name,
	struct bs_stored *ret, struct bs_error *reterr)
{
	struct dir_call call = {.store = store, .layout = layout, .name = name};
	BS_CLEANUP(bs_stored_release) struct bs_stored stored = {0};
	struct bs_replace replace;
	enum bs_code code;

	fill_stored(layout, name, &stored);
	code = bs_workspace_read_file(
		store->ws, stored.where, BS_STORE_FILE_LIMIT, &stored.text, &stored.len, reterr);
	if (code)
		return code;
	if (!is_whole(NULL, stored.text, stored.len)) {
		free(BS_TAKE(stored.text));
		replace = protocol(&call, stored.where);
		code = bs_replace_read(&replace, &stored.text, &stored.len, reterr);
		if (code || !stored.text)
			return code ? code : BS_NOT_FOUND;
	}
	*ret = stored;
	stored.text = NULL;
	return BS_OK;
}

static enum bs_code dir_read(struct bs_store *store, const struct bs_layout *layout, const char *name,
	struct bs_stored *ret, struct bs_error *reterr)
{
	BS_CLEANUP(bs_close_fd) int fd = -1;
	enum bs_code code = open_dir(store, layout, &fd, reterr);

	if (code)
		return code;
	return fd < 0 ? BS_NOT_FOUND : read_document(store, layout, name, ret, reterr);
}

/* The keys of a directory, sorted: files that end in .sops.json and are not one of our own part files. */
static enum bs_code list_keys(int fd, struct bs_strings *ret, struct bs_error *reterr)
{
	BS_CLEANUP(bs_close_fd) int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	BS_CLEANUP(bs_close_dir) DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;

	if (!dir)
		return bs_error_sys(reterr, errno, "cannot list .bus/secrets");
	(void)BS_TAKE_FD(copy);
	for (errno = 0; (entry = readdir(dir)); errno = 0) {
		size_t len = strlen(entry->d_name);
		enum bs_code code;

		if (len < sizeof(SUFFIX) - 1 ||
			strcmp(entry->d_name + len - (sizeof(SUFFIX) - 1), SUFFIX) != 0 ||
			bs_replace_is_litter(entry->d_name))
			continue;
		code = bs_strings_add_len(ret, entry->d_name, len - (sizeof(SUFFIX) - 1), reterr);
		if (code)
			return code;
	}
	if (errno)
		return bs_error_sys(reterr, errno, "cannot list .bus/secrets");
	bs_strings_sort(ret);
	return BS_OK;
}

static enum bs_code dir_each(struct bs_store *store, const struct bs_layout *layout, bool with_text,
	bs_each_fn fn, void *ctx, struct bs_error *reterr)
{
	BS_CLEANUP(bs_close_fd) int fd = -1;
	BS_CLEANUP(bs_strings_release) struct bs_strings keys = {0};
	enum bs_code code = open_dir(store, layout, &fd, reterr);

	if (code || fd < 0 || (code = list_keys(fd, &keys, reterr)))
		return code;
	for (size_t i = 0; i < keys.count; i++) {
		size_t len = strlen(keys.items[i]);
		BS_CLEANUP(bs_stored_release) struct bs_stored stored = {0};
		struct bs_error why = {0};

		if (with_text && bs_name_check(keys.items[i], len, NULL) == BS_OK) {
			code = read_document(store, layout, keys.items[i], &stored, &why);
			if (code == BS_NOT_FOUND)
				continue;
			if (code == BS_NO_MEMORY)
				return bs_error_set(reterr, code, "%s", why.msg);
			if (code) {
				/* One file that cannot be read is that name's trouble, not the list's. */
				fill_stored(layout, keys.items[i], &stored);
				stored.error = why;
			}
		}
		code = fn(ctx, keys.items[i], len, false, with_text ? &stored : NULL, reterr);
		if (code)
			return code;
	}
	return BS_OK;
}

static enum bs_code dir_change(struct bs_store *store, const struct bs_layout *layout, const char *name,
	bs_change_fn fn, void *ctx, bool *ret_was_written, struct bs_error *reterr)
{
	struct dir_call call = {.store = store, .layout = layout, .name = name, .fn = fn, .ctx = ctx};
	BS_CLEANUP(bs_free_ptr) char *path = NULL;
	BS_CLEANUP(bs_close_fd) int fd = -1;
	char relative[256];
	struct bs_replace replace;
	enum bs_code code = open_dir(store, layout, &fd, reterr);

	if (code || (code = locate(&call, &path, reterr)))
		return code;
	relative_name(layout, name, relative);
	if (fd < 0)
		return bs_error_set(reterr, BS_NOT_FOUND, "%s is gone", layout->file);
	code = bs_access_check(path, relative, reterr);
	if (code)
		return code;
	replace = protocol(&call, relative);
	return bs_replace(&replace, ret_was_written, reterr);
}

/*
 * Under the directory's lock, so that the weak way of a file system without these flags cannot race with
 * ours.
 */
static int rename_at(int fd, const char *from, const char *to, unsigned flags)
{
	unsigned how = flags & BS_RENAME_EXCHANGE ? RENAME_EXCHANGE : flags ? RENAME_NOREPLACE : 0;

	if (BS_IO(renameat2(fd, from, fd, to, how)) == 0)
		return 0;
	if (errno != EINVAL || how == RENAME_EXCHANGE)
		return -1;
	if (how == RENAME_NOREPLACE && faccessat(fd, to, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
		errno = EEXIST;
		return -1;
	}
	return BS_IO(renameat(fd, from, fd, to));
}

static enum bs_code dir_rename(struct bs_store *store, const struct bs_layout *layout, const char *from,
	const char *to, unsigned flags, struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) char *path = NULL;
	BS_CLEANUP(bs_close_fd) int fd = -1;
	BS_CLEANUP(bs_close_fd) int lock = -1;
	char from_file[FILE_MAX], to_file[FILE_MAX];
	struct bs_error why = {0};
	enum bs_code code = open_dir(store, layout, &fd, reterr);

	if (code || (code = dir_path(store, layout, &path, reterr)))
		return code;
	if (fd < 0)
		return bs_error_set(reterr, BS_NOT_FOUND, "%s is gone", layout->file);
	code = bs_access_check(path, layout->file, reterr);
	if (code)
		return code;
	if ((code = bs_lock_dir(path, &lock, &why)))
		return bs_error_set(reterr, code, "cannot lock %s: %s", layout->file,
			code == BS_BUSY ? "another call has held it for 10 s; try again"
					: bs_code_text(code));
	file_name(from, from_file);
	file_name(to, to_file);
	if (rename_at(fd, from_file, to_file, flags)) {
		if (errno == EINVAL)
			return bs_error_set(reterr, BS_UNSUPPORTED,
				"the file system of %s cannot exchange two files", layout->file);
		return bs_error_sys(
			reterr, errno, "cannot rename secret %s to %s in %s", from, to, layout->file);
	}
	if (BS_IO(fsync(fd)) && errno != EINVAL)
		return bs_error_sys(reterr, errno, "renamed, but cannot sync %s", layout->file);
	return BS_OK;
}

/* A rewrite in place, as sops does it, leaves the directory's own times alone: every file counts. */
static uint64_t dir_stamp(struct bs_store *store, const struct bs_layout *layout)
{
	BS_CLEANUP(bs_close_fd) int fd = -1;
	BS_CLEANUP(bs_strings_release) struct bs_strings keys = {0};
	uint64_t stamp;

	if (open_dir(store, layout, &fd, NULL) || fd < 0)
		return 0;
	stamp = bs_access_stamp(fd, ".", 1);
	if (list_keys(fd, &keys, NULL))
		return stamp;
	for (size_t i = 0; i < keys.count; i++) {
		char file[NAME_MAX + 1];

		(void)snprintf(file, sizeof(file), "%s" SUFFIX, keys.items[i]);
		stamp = bs_access_stamp(fd, file, bs_hash64(file, strlen(file), stamp));
	}
	return stamp;
}

const struct bs_layout_ops bs_dir_layout = {
	.is_there = dir_is_there,
	.read = dir_read,
	.each = dir_each,
	.change = dir_change,
	.rename = dir_rename,
	.path = dir_path,
	.stamp = dir_stamp,
};
