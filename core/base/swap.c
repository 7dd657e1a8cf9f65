/*
 * The moves of a replacement, and what is done about what they bring out.
 *
 * The invariant: a displaced file is unlinked only if its bytes equal the base that we read or a text that we wrote.
 * Otherwise it is kept under a conflict name and the call fails.
 */
#include "replace_private.h"

#include "fault.h"

#include <bus-secrets/cleanup.h>
#include <string.h>

/* From here on the temporary name may hold what is not ours to unlink. */
static const char *give_up_temp(struct bs_change *change, char name[static NAME_MAX + 1])
{
	memcpy(name, change->temp, sizeof(change->temp));
	change->temp[0] = '\0';
	return name;
}

static enum bs_code not_on_disk(const struct bs_change *change, struct bs_error *reterr)
{
	return bs_error_sys(reterr, errno, "cannot bring the directory of %s to disk: nothing is changed",
		change->replace->shown);
}

static enum bs_code still_open(const struct bs_change *change, struct bs_error *reterr)
{
	return bs_error_set(reterr, BS_BUSY,
		"another program has %s open for writing: close it there, then try again", change->replace->shown);
}

/* What an exchange back brought out goes if it is the text that we wrote, and only then. */
static enum bs_code drop_own(const struct bs_change *change, const char *swap, struct bs_error *reterr)
{
	const char *shown = change->replace->shown;
	BS_CLEANUP(bs_close_fd) int lease = -1;

	if (bs_displaced_look(change->place.dir, swap, change->text, change->len, &change->temp_st, &lease) !=
		BS_LOOK_SAME) {
		bs_fault_log_displaced(change->place.dir, swap);
		return bs_displaced_keep(change->place.dir, swap, change->place.name, shown, reterr);
	}
	/* If it stays, its name says that it is ours: the next call takes it away. */
	(void)BS_IO(unlinkat(change->place.dir, swap, 0));
	return BS_OK;
}

static enum bs_code exchange_back(const struct bs_change *change, const char *swap, struct bs_error *reterr)
{
	const struct bs_place *place = &change->place;

	if (bs_move_exchange(place->dir, swap, place->name))
		return bs_displaced_keep(place->dir, swap, place->name, change->replace->shown, reterr);
	(void)bs_move_sync(place->dir);
	return drop_own(change, swap, reterr);
}

typedef enum bs_code (*undo_fn)(const struct bs_change *change, const char *swap, struct bs_error *reterr);

/*
 * What came out stands under the name swap. It is unlinked only if it is the text that we read; otherwise the change
 * is undone and made again from the foreign text.
 */
static enum bs_code settle(struct bs_change *change, const char *swap, undo_fn undo, struct bs_error *reterr)
{
	const struct bs_place *place = &change->place;
	BS_CLEANUP(bs_close_fd) int lease = -1;
	enum bs_code code, failed;
	enum bs_look look;

	if (bs_fault("after-exchange") || bs_move_sync(place->dir)) {
		failed = not_on_disk(change, reterr);
		code = undo(change, swap, reterr);
		return code ? code : failed;
	}
	look = bs_displaced_look(place->dir, swap, change->base.bytes, change->base.len, &change->base.st, &lease);
	if (look == BS_LOOK_SAME) {
		(void)bs_fault("after-check");
		(void)BS_IO(unlinkat(place->dir, swap, 0));
		return BS_OK;
	}
	bs_fault_log_displaced(place->dir, swap);
	code = undo(change, swap, reterr);
	if (code)
		return code;
	return look == BS_LOOK_OPEN ? still_open(change, reterr) : bs_change_again(change);
}

/*
 * No exchange on this file system: what a rename overwrites cannot be looked at afterwards, so it is looked at once
 * more before, bytes and all. Between that look and the rename a foreign change can be lost; doctor says so.
 */
static enum bs_code rename_over(struct bs_change *change, struct bs_error *reterr)
{
	const struct bs_place *place = &change->place;

	if (!bs_content_is_in(change->base.fd, change->base.bytes, change->base.len) ||
		!bs_content_is_current(&change->base, place->dir, place->name))
		return bs_change_again(change);
	if (BS_IO(renameat(place->dir, change->temp, place->dir, place->name)))
		return bs_error_sys(reterr, errno, "cannot replace %s", change->replace->shown);
	change->temp[0] = '\0';
	if (bs_move_sync(place->dir))
		return bs_error_sys(reterr, errno, "%s is written, but perhaps not on disk", change->replace->shown);
	return BS_OK;
}

static enum bs_code exchange_failed(struct bs_change *change, struct bs_error *reterr)
{
	if (bs_move_is_unknown(errno))
		return rename_over(change, reterr);
	if (errno == ENOENT)
		return bs_change_again(change); /* the target went away, or the whole directory */
	if (errno == EBUSY)
		return bs_error_set(reterr, BS_UNSUPPORTED,
			"%s is a mount point of its own and cannot be replaced: mount its directory instead",
			change->replace->shown);
	return bs_error_sys(reterr, errno, "cannot replace %s", change->replace->shown);
}

enum bs_code bs_change_exchange(struct bs_change *change, struct bs_error *reterr)
{
	const struct bs_place *place = &change->place;
	char swap[NAME_MAX + 1];

	if (!bs_content_is_current(&change->base, place->dir, place->name))
		return bs_change_again(change);
	if (bs_move_exchange(place->dir, change->temp, place->name))
		return exchange_failed(change, reterr);
	give_up_temp(change, swap);
	return settle(change, swap, exchange_back, reterr);
}

/* A file that was not there comes by a rename that replaces nothing. */
enum bs_code bs_change_create(struct bs_change *change, struct bs_error *reterr)
{
	const struct bs_place *place = &change->place;
	char swap[NAME_MAX + 1];
	enum bs_code code, failed;

	if (bs_move_exclusive(place->dir, change->temp, place->name)) {
		if (errno == EEXIST || errno == ENOENT)
			return bs_change_again(change);
		return bs_error_sys(reterr, errno, "cannot make %s", change->replace->shown);
	}
	give_up_temp(change, swap);
	if (!bs_fault("after-exchange") && !bs_move_sync(place->dir))
		return BS_OK;
	failed = not_on_disk(change, reterr);
	if (bs_move_exclusive(place->dir, place->name, swap))
		return failed;
	code = drop_own(change, swap, reterr);
	return code ? code : failed;
}

/* --- removal --- */

/* Puts back what was taken out, unless there is a new file meanwhile: then what was taken out is kept aside. */
static enum bs_code undo_removal(const struct bs_change *change, const char *swap, struct bs_error *reterr)
{
	const struct bs_place *place = &change->place;

	if (!bs_move_exclusive(place->dir, swap, place->name))
		return BS_OK;
	return bs_displaced_keep(place->dir, swap, place->name, change->replace->shown, reterr);
}

/* A file is removed by renaming it first, so that a foreign change that came last can be seen and brought back. */
enum bs_code bs_change_take_out(struct bs_change *change, struct bs_error *reterr)
{
	const struct bs_place *place = &change->place;
	char swap[NAME_MAX + 1];
	enum bs_code code = bs_change_swap_name(change, swap, reterr);

	if (code)
		return code;
	if (!bs_content_is_current(&change->base, place->dir, place->name))
		return bs_change_again(change);
	if (bs_move_exclusive(place->dir, place->name, swap)) {
		if (errno == ENOENT)
			return bs_change_again(change);
		return bs_error_sys(reterr, errno, "cannot remove %s", change->replace->shown);
	}
	return settle(change, swap, undo_removal, reterr);
}
