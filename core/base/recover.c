/* Clearing up after calls that died, under the lock and before anything else. */
#include "replace_private.h"

#include "fault.h"

#include <bus-secrets/cleanup.h>
#include <fcntl.h>
#include <string.h>

/*
 * A swap file holds one of three things; the two hashes in its name tell which. Our new text: the exchange did not
 * take place, or was undone. The base: the exchange is done and its displaced file was as expected. Anything else: a
 * foreign text that the exchange displaced, and the call died before it looked.
 */
static bool is_ours(const struct bs_litter *litter, const struct bs_content *text)
{
	uint32_t hash = bs_content_hash(text->bytes, text->len);

	return hash == litter->base || hash == litter->next;
}

static bool is_equal(const struct bs_content *a, const struct bs_content *b)
{
	return a->exists && b->exists && a->len == b->len && !memcmp(a->bytes, b->bytes, a->len);
}

/* Whether our one change, which the present file has, can be told from it and put onto the foreign text. */
static bool is_mergeable(const struct bs_replace *replace, const struct bs_litter *litter,
	const struct bs_content *present, const struct bs_content *foreign)
{
	BS_CLEANUP(bs_free_ptr) char *merged = NULL;
	size_t len;

	if (!replace->merge || !present->exists || bs_content_hash(present->bytes, present->len) != litter->next)
		return false;
	return !replace->merge(replace->ctx, present->bytes, present->len, foreign->bytes, foreign->len, &merged,
		       &len, NULL) &&
		merged;
}

static enum bs_code drop(const struct bs_place *place, const char *name, const char *shown, struct bs_error *reterr)
{
	if (BS_IO(unlinkat(place->dir, name, 0)) && errno != ENOENT)
		return bs_error_sys(reterr, errno, "cannot remove %s, left beside %s by a call that died", name, shown);
	return BS_OK;
}

/*
 * Puts a foreign text back in its place. Our own, which comes out, goes to *ret_lost: it is in memory and will be
 * merged by the call that goes on from here. If that dies too, an unacknowledged change of ours is gone and nothing
 * else.
 */
static enum bs_code put_back(const struct bs_replace *replace, const struct bs_place *place, const char *name,
	struct bs_content *present, struct bs_content *ret_lost, struct bs_error *reterr)
{
	BS_CLEANUP(bs_close_fd) int lease = -1;

	if (bs_move_exchange(place->dir, name, place->name))
		return bs_displaced_keep(place->dir, name, place->name, replace->shown, reterr);
	(void)bs_move_sync(place->dir);
	if (bs_displaced_look(place->dir, name, present->bytes, present->len, &present->st, &lease) != BS_LOOK_SAME)
		return bs_displaced_keep(place->dir, name, place->name, replace->shown, reterr);
	bs_content_release(ret_lost);
	*ret_lost = *present;
	*present = (struct bs_content){.fd = -1};
	return drop(place, name, replace->shown, reterr);
}

/* A foreign text found in a swap file of the stored file that this call is about. */
static enum bs_code save_foreign(const struct bs_replace *replace, const struct bs_place *place, const char *name,
	const struct bs_litter *litter, const struct bs_content *foreign, struct bs_content *ret_lost,
	struct bs_error *reterr)
{
	BS_CLEANUP(bs_content_release) struct bs_content present = {.fd = -1};

	if (bs_content_read_once(place->dir, place->name, replace->limit, &present) && errno != ENOENT)
		return bs_displaced_keep(place->dir, name, place->name, replace->shown, reterr);
	if (is_equal(&present, foreign))
		return drop(place, name, replace->shown, reterr);
	/* A removal that took out more than it knew: the removal is what is given up. */
	if (litter->next == BS_NO_FILE && !present.exists && !bs_move_exclusive(place->dir, name, place->name))
		return BS_OK;
	if (is_mergeable(replace, litter, &present, foreign))
		return put_back(replace, place, name, &present, ret_lost, reterr);
	return bs_displaced_keep(place->dir, name, place->name, replace->shown, reterr);
}

static enum bs_code clear_swap(const struct bs_replace *replace, const struct bs_place *place, const char *name,
	const struct bs_litter *litter, struct bs_content *ret_lost, struct bs_error *reterr)
{
	BS_CLEANUP(bs_content_release) struct bs_content text = {.fd = -1};
	bool is_mine = !strcmp(litter->file, place->name);

	if (bs_content_read_once(place->dir, name, replace->limit, &text)) {
		if (errno == ENOENT || errno == ELOOP || !is_mine)
			return BS_OK;
		if (errno == EFBIG || errno == EACCES)
			return bs_displaced_keep(place->dir, name, place->name, replace->shown, reterr);
		return bs_error_sys(reterr, errno, "cannot read %s, left beside %s by a call that died", name,
			replace->shown);
	}
	if (is_ours(litter, &text)) {
		if (is_mine)
			return drop(place, name, replace->shown, reterr);
		(void)BS_IO(unlinkat(place->dir, name, 0));
		return BS_OK;
	}
	/* Foreign texts of other stored files wait for the call that knows how to merge them. */
	if (!is_mine)
		return BS_OK;
	return save_foreign(replace, place, name, litter, &text, ret_lost, reterr);
}

enum bs_code bs_replace_recover(const struct bs_replace *replace, const struct bs_place *place,
	struct bs_content *ret_lost, struct bs_error *reterr)
{
	BS_CLEANUP(bs_close_fd) int fd = BS_IO(openat(place->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	BS_CLEANUP(bs_close_dir) DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	enum bs_code code = BS_OK;

	if (!dir)
		return bs_error_sys(reterr, errno, "cannot list the directory of %s", replace->shown);
	fd = -1;
	while (!code && (errno = 0, entry = readdir(dir))) {
		struct bs_litter litter = bs_litter_parse(entry->d_name);

		/* We hold the lock, so whoever wrote it is dead. One that does not go away hurts nobody. */
		if (litter.kind == BS_LITTER_PART)
			(void)BS_IO(unlinkat(place->dir, entry->d_name, 0));
		if (litter.kind == BS_LITTER_SWAP)
			code = clear_swap(replace, place, entry->d_name, &litter, ret_lost, reterr);
	}
	if (!code && errno)
		code = bs_error_sys(reterr, errno, "cannot list the directory of %s", replace->shown);
	return code;
}
