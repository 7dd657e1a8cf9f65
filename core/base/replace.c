/*
 * The replacement protocol: how a stored file that other programs write too gets its next text.
 *
 * One attempt, under the lock of the directory:
 *
 *	recover    what calls before us left when they died
 *	read       the present text, the base
 *	edit       our change to it
 *	temp       the new text, whole and on disk, under a name that says what it replaces
 *	stat       the target, last of all; anything but the base: another attempt
 *	exchange   temp and target; the directory to disk
 *	look       at what came out, the displaced file: if it is the base, it goes; if not, exchange back and another
 *	           attempt, from the foreign text
 *
 * Dying anywhere leaves the old text or the new one in place, and beside it at most what recover.c knows how to clear
 * up.
 */
#include "replace_private.h"

#include "fault.h"

#include <bus-secrets/cleanup.h>
#include <string.h>

#define MAX_ATTEMPTS 64
#define ATTEMPT_PAUSE_US 500

static void change_release(struct bs_change *change)
{
	if (change->temp[0])
		(void)BS_IO(unlinkat(change->place.dir, change->temp, 0));
	free(change->text);
	bs_content_release(&change->base);
	bs_place_release(&change->place);
}

static enum bs_code merge_lost(struct bs_change *change, struct bs_error *reterr)
{
	const struct bs_replace *replace = change->replace;

	if (!change->lost->exists || !change->base.exists || !replace->merge)
		return BS_OK;
	return replace->merge(replace->ctx, change->lost->bytes, change->lost->len, change->base.bytes,
		change->base.len, &change->text, &change->len, reterr);
}

static enum bs_code make_text(struct bs_change *change, struct bs_error *reterr)
{
	const struct bs_replace *replace = change->replace;
	const char *from = change->base.bytes;
	size_t from_len = change->base.len, len = 0;
	char *text = NULL;
	enum bs_code code = merge_lost(change, reterr);

	if (code)
		return code;
	if (change->text) {
		from = change->text;
		from_len = change->len;
	}
	code = replace->edit(replace->ctx, from, from_len, &text, &len, reterr);
	if (code)
		return code;
	if (text) {
		free(change->text);
		change->text = text;
		change->len = len;
		change->is_removal = replace->is_removal && len == 0;
	}
	if (change->text && change->len > replace->limit)
		return bs_error_set(reterr, BS_TOO_LARGE, "%s would become larger than the limit of %zu bytes",
			replace->shown, replace->limit);
	return BS_OK;
}

static bool is_nothing_to_do(const struct bs_change *change)
{
	const struct bs_content *base = &change->base;

	if (!change->text || (change->is_removal && !base->exists))
		return true;
	return !change->is_removal && base->exists && base->len == change->len &&
		!memcmp(base->bytes, change->text, base->len);
}

static enum bs_code put_in_place(struct bs_change *change, struct bs_error *reterr)
{
	enum bs_code code;

	if (change->is_removal)
		return bs_change_take_out(change, reterr);
	code = bs_change_make_temp(change, reterr);
	if (code || change->is_again)
		return code;
	return change->base.exists ? bs_change_exchange(change, reterr) : bs_change_create(change, reterr);
}

/* The directory is not there. It is made only if there is something to write into it. */
static enum bs_code without_dir(struct bs_change *change, bool *ret_is_wanted, struct bs_error *reterr)
{
	enum bs_code code = make_text(change, reterr);

	if (code || is_nothing_to_do(change))
		return code;
	if (!change->replace->new_dir_mode)
		return bs_error_set(reterr, BS_NOT_FOUND, "the directory of %s does not exist", change->replace->shown);
	*ret_is_wanted = true;
	return bs_change_again(change);
}

static enum bs_code attempt(struct bs_change *change, bool *may_make_dirs, bool *ret_was_written,
	struct bs_error *reterr)
{
	const struct bs_replace *replace = change->replace;
	enum bs_code code = bs_place_open(replace, *may_make_dirs ? BS_PLACE_MAKE : BS_PLACE_LOCK, &change->place,
		reterr);

	if (code)
		return code;
	if (change->place.dir < 0)
		return without_dir(change, may_make_dirs, reterr);
	code = bs_replace_recover(replace, &change->place, change->lost, reterr);
	if (!code)
		code = bs_content_read(replace, &change->place, &change->base, reterr);
	if (!code)
		code = make_text(change, reterr);
	if (code || is_nothing_to_do(change))
		return code;
	code = bs_change_check(change, reterr);
	if (!code)
		code = put_in_place(change, reterr);
	*ret_was_written = !code && !change->is_again;
	return code;
}

enum bs_code bs_replace(const struct bs_replace *replace, bool *ret_was_written, struct bs_error *reterr)
{
	BS_CLEANUP(bs_content_release) struct bs_content lost = {.fd = -1};
	bool may_make_dirs = false, was_written = false;

	for (int i = 0; i < MAX_ATTEMPTS; i++) {
		BS_CLEANUP(change_release) struct bs_change change = {
			.replace = replace,
			.place = {.dir = -1},
			.base = {.fd = -1},
			.lost = &lost,
		};
		enum bs_code code = attempt(&change, &may_make_dirs, &was_written, reterr);

		if (code)
			return code;
		if (!change.is_again) {
			*ret_was_written = was_written;
			return BS_OK;
		}
		bs_pause_us(ATTEMPT_PAUSE_US);
	}
	return bs_error_set(reterr, BS_BUSY, "%s keeps being changed by another program: try again", replace->shown);
}

enum bs_code bs_replace_read(const struct bs_replace *replace, char **ret_text, size_t *ret_len,
	struct bs_error *reterr)
{
	BS_CLEANUP(bs_place_release) struct bs_place place = {.dir = -1};
	BS_CLEANUP(bs_content_release) struct bs_content text = {.fd = -1};
	enum bs_code code = bs_place_open(replace, BS_PLACE_READ, &place, reterr);

	if (!code && place.dir >= 0)
		code = bs_content_read(replace, &place, &text, reterr);
	if (code)
		return code;
	*ret_len = text.len;
	*ret_text = BS_TAKE(text.bytes);
	return BS_OK;
}
