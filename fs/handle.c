/* handle.c: open files, and when what was written into them is committed. */
#include "handle.h"
#include "caller.h"
#include "logfile.h"
#include "value.h"
#include "view.h"

#include <string.h>

struct bs_handles {
	struct bs_handle **items; /* by number - 1; NULL where free */
	size_t room;
};

struct bs_handles *bs_handles_new(void)
{
	return calloc(1, sizeof(struct bs_handles));
}

static void release(struct bs_handle *handle)
{
	(void)bs_secret_free(handle->value);
	(void)bs_secret_buf_free(handle->buf);
	for (size_t i = 0; i < handle->listing.count; i++)
		free(handle->listing.items[i].name);
	free(handle->listing.items);
	free(handle);
}

struct bs_handles *bs_handles_free(struct bs_handles *handles)
{
	for (size_t i = 0; handles && i < handles->room; i++) {
		if (handles->items[i])
			release(handles->items[i]);
	}
	if (handles)
		free(handles->items);
	free(handles);
	return NULL;
}

/* The lowest free place; the table grows by half of its size. */
static bool find_place(struct bs_handles *handles, size_t *ret)
{
	size_t i = 0;

	while (i < handles->room && handles->items[i])
		i++;
	if (i == handles->room) {
		size_t room = handles->room + handles->room / 2 + 16;
		struct bs_handle **items = reallocarray(handles->items, room, sizeof(struct bs_handle *));

		if (!items)
			return false;
		memset(items + handles->room, 0, (room - handles->room) * sizeof(struct bs_handle *));
		handles->items = items;
		handles->room = room;
	}
	*ret = i;
	return true;
}

enum bs_code bs_handle_new(struct bs_fs *fs, enum bs_handle_kind kind, struct bs_node *node,
	struct bs_handle **ret, struct bs_error *reterr)
{
	struct bs_handle *handle = calloc(1, sizeof(*handle));
	size_t place = 0;

	if (!handle || !find_place(fs->handles, &place)) {
		free(handle);
		return bs_error_set(reterr, BS_NO_MEMORY, "no memory for an open file");
	}
	handle->number = place + 1;
	handle->kind = kind;
	handle->node = node;
	handle->scope = node->scope;
	node->open_count++;
	fs->handles->items[place] = handle;
	*ret = handle;
	return BS_OK;
}

void bs_handle_free(struct bs_fs *fs, struct bs_handle *handle)
{
	struct bs_node *node = handle->node;

	fs->handles->items[handle->number - 1] = NULL;
	if (handle->scratch) {
		handle->scratch->open_count--;
		bs_scratch_put(fs, handle->scratch);
	}
	release(handle);
	node->open_count--;
	bs_node_put(fs->nodes, node);
}

struct bs_handle *bs_handle_get(const struct bs_fs *fs, uint64_t number)
{
	return number > 0 && number <= fs->handles->room ? fs->handles->items[number - 1] : NULL;
}

bool bs_handle_is_dirty(const struct bs_handle *handle)
{
	return handle->kind == BS_HANDLE_WRITE && !handle->is_orphan &&
	       (handle->is_written || handle->is_truncated);
}

/* Times belong to the document that was just made. */
static void keep_times(struct bs_fs *fs, struct bs_handle *handle)
{
	const struct bs_store_entry *entry = bs_view_find(fs, handle->scope, handle->name);
	struct bs_node *node = entry ? bs_node_by_name(fs->nodes, handle->scope, handle->name) : NULL;

	handle->has_times = false;
	if (!node)
		return;
	node->has_times = true;
	node->times_version = entry->version;
	node->atime = handle->atime;
	node->mtime = handle->mtime;
}

enum bs_code bs_handle_commit(struct bs_fs *fs, struct bs_handle *handle, struct bs_error *reterr)
{
	enum bs_code code;

	if (!bs_handle_is_dirty(handle))
		return BS_OK;
	if (handle->spoiled)
		return bs_error_set(
			reterr, handle->spoiled, "a write to %s failed: the old value stays", handle->name);
	code = bs_value_set(fs, handle->scope, handle->name, handle->buf, reterr);
	if (code)
		return code;
	handle->is_new = handle->is_written = handle->is_truncated = false;
	handle->flushes = 0;
	if (handle->has_times)
		keep_times(fs, handle);
	return BS_OK;
}

/* A process that cannot be told counts as the opener's: its close must get the commit's error. */
static bool is_opener(const struct bs_handle *handle, pid_t thread)
{
	if (thread == handle->thread || handle->process == 0)
		return true;

	pid_t process = bs_caller_process(thread);

	return process == 0 || process == handle->process;
}

/* Whether a FLUSH by this thread is a close that commits; see the header. */
static bool is_close(struct bs_handle *handle, pid_t thread)
{
	if (!is_opener(handle, thread))
		return bs_caller_is_gone(handle->process);
	return handle->is_written || ++handle->flushes >= 2;
}

enum bs_code bs_handle_flush(
	struct bs_fs *fs, struct bs_handle *handle, pid_t thread, struct bs_error *reterr)
{
	enum bs_code code = BS_OK;

	if (bs_handle_is_dirty(handle) && !handle->has_failed && is_close(handle, thread))
		code = bs_handle_commit(fs, handle, reterr);
	handle->has_failed = handle->has_failed || code != BS_OK;
	return code;
}

void bs_handles_commit_all(struct bs_fs *fs)
{
	for (size_t i = 0; i < fs->handles->room; i++) {
		struct bs_handle *handle = fs->handles->items[i];
		struct bs_error error = {0};

		if (handle && !handle->has_failed && bs_handle_commit(fs, handle, &error))
			bs_log("end: %s/%s: %s (the old value stays)", bs_scope_name(handle->scope),
				handle->name, error.msg);
	}
}

const uint8_t *bs_handle_bytes(const struct bs_handle *handle, size_t *ret_len)
{
	const struct bs_secret_buf *buf =
		handle->kind == BS_HANDLE_SCRATCH ? handle->scratch->buf : handle->buf;

	if (handle->kind == BS_HANDLE_READ) {
		*ret_len = bs_secret_len(handle->value);
		return bs_secret_bytes(handle->value);
	}
	*ret_len = bs_secret_buf_len(buf);
	return bs_secret_buf_bytes(buf);
}

/* A handle of a secret of this name, from place i on; NULL if there is none. */
static struct bs_handle *next_of(const struct bs_fs *fs, size_t *i, enum bs_scope scope, const char *name)
{
	while (*i < fs->handles->room) {
		struct bs_handle *handle = fs->handles->items[(*i)++];

		if (handle && (handle->kind == BS_HANDLE_WRITE || handle->kind == BS_HANDLE_READ) &&
			!handle->is_orphan && handle->scope == scope && strcmp(handle->name, name) == 0)
			return handle;
	}
	return NULL;
}

struct bs_handle *bs_handles_writer_of(
	const struct bs_fs *fs, enum bs_scope scope, const char *name, pid_t thread)
{
	struct bs_handle *handle;
	pid_t process = 0;
	size_t i = 0;

	while ((handle = next_of(fs, &i, scope, name))) {
		if (!bs_handle_is_dirty(handle))
			continue;
		if (handle->thread == thread)
			return handle;
		if (process == 0)
			process = bs_caller_process(thread);
		if (process != 0 && process == handle->process)
			return handle;
	}
	return NULL;
}

struct bs_handle *bs_handles_maker(const struct bs_fs *fs, enum bs_scope scope, const char *name)
{
	struct bs_handle *handle;
	size_t i = 0;

	while ((handle = next_of(fs, &i, scope, name))) {
		if (handle->is_new)
			return handle;
	}
	return NULL;
}

bool bs_handles_are_making(const struct bs_fs *fs, enum bs_scope scope, const char *name)
{
	return bs_handles_maker(fs, scope, name) != NULL;
}

struct bs_handle *bs_handles_on(const struct bs_fs *fs, const struct bs_node *node)
{
	for (size_t i = 0; i < fs->handles->room; i++) {
		struct bs_handle *handle = fs->handles->items[i];

		if (handle && handle->node == node && handle->kind != BS_HANDLE_DIR)
			return handle;
	}
	return NULL;
}

void bs_handles_unlinked(struct bs_fs *fs, enum bs_scope scope, const char *name)
{
	struct bs_handle *handle;
	size_t i = 0;

	while ((handle = next_of(fs, &i, scope, name)))
		handle->is_orphan = true;
}

static void retarget(struct bs_handle *handle, const char *to)
{
	(void)snprintf(handle->name, sizeof(handle->name), "%s", to);
}

void bs_handles_renamed(
	struct bs_fs *fs, enum bs_scope scope, const char *from, const char *to, bool is_exchange)
{
	if (!is_exchange)
		bs_handles_unlinked(fs, scope, to);
	for (size_t i = 0; i < fs->handles->room; i++) {
		struct bs_handle *handle = fs->handles->items[i];

		if (!handle || handle->is_orphan || handle->scope != scope ||
			(handle->kind != BS_HANDLE_WRITE && handle->kind != BS_HANDLE_READ))
			continue;
		if (strcmp(handle->name, from) == 0)
			retarget(handle, to);
		else if (is_exchange && strcmp(handle->name, to) == 0)
			retarget(handle, from);
	}
}

enum bs_code bs_handles_adopt(
	struct bs_fs *fs, struct bs_scratch *scratch, const char *to, struct bs_error *reterr)
{
	for (size_t i = 0; i < fs->handles->room; i++) {
		struct bs_handle *handle = fs->handles->items[i];
		size_t len = bs_secret_buf_len(scratch->buf);
		enum bs_code code;

		if (!handle || handle->scratch != scratch)
			continue;
		code = bs_secret_buf_new(fs->options.limit, &handle->buf, reterr);
		if (code == BS_OK)
			code = bs_secret_buf_write(
				handle->buf, 0, bs_secret_buf_bytes(scratch->buf), len, reterr);
		if (code)
			return code;
		handle->kind = BS_HANDLE_WRITE;
		handle->scratch = NULL;
		scratch->open_count--;
		retarget(handle, to);
	}
	return BS_OK;
}
