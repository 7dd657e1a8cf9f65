/* scratch.c: the table of scratch names, and the files. */
#include "scratch.h"

#include <string.h>
#include <time.h>

#define SCRATCH_COUNT 64u

struct bs_scratches {
	struct bs_scratch *first;
};

static bool is_valid(const char *name, size_t len)
{
	return bs_name_check(name, len, NULL) == BS_OK;
}

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Counts alphanumerics from the end backwards; the flags say what was among them. */
static size_t tail_of_alnum(const char *name, size_t len, bool *ret_capital, bool *ret_digit)
{
	size_t count = 0;

	*ret_capital = *ret_digit = false;
	while (count < len && is_alnum(name[len - 1 - count])) {
		char c = name[len - 1 - count++];

		*ret_capital = *ret_capital || (c >= 'A' && c <= 'Z');
		*ret_digit = *ret_digit || (c >= '0' && c <= '9');
	}
	return count;
}

static size_t tail_of_digits(const char *name, size_t len)
{
	size_t count = 0;

	while (count < len && name[len - 1 - count] >= '0' && name[len - 1 - count] <= '9')
		count++;
	return count;
}

/*
 * .NAME.sw?, .NAME.swpx, .NAME.?????? with a capital or a digit, .NAME and six or more digits; name after its
 * dot.
 */
static bool fits_dotted(const char *name, size_t len)
{
	bool has_capital;
	bool has_digit;
	size_t tail = tail_of_alnum(name, len, &has_capital, &has_digit);

	if (len > 4 && memcmp(name + len - 4, ".sw", 3) == 0 && is_valid(name, len - 4))
		return true;
	if (len > 5 && memcmp(name + len - 5, ".swpx", 5) == 0 && is_valid(name, len - 5))
		return true;
	if (tail == 6 && len > 7 && name[len - 7] == '.' && (has_capital || has_digit) &&
		is_valid(name, len - 7))
		return true;
	return tail_of_digits(name, len) >= 6 && is_valid(name, len - 6);
}

static bool has_prefix(const char *name, const char *prefix)
{
	return strncmp(name, prefix, strlen(prefix)) == 0;
}

/* sed?????? of `sed -i`, XX?????? of `perl -i`. */
static bool fits_in_place(const char *name, size_t len)
{
	bool unused;
	size_t prefix = has_prefix(name, "sed") ? 3 : has_prefix(name, "XX") ? 2 : 0;

	return prefix && len == prefix + 6 && tail_of_alnum(name + prefix, 6, &unused, &unused) == 6;
}

bool bs_scratch_fits(const char *name)
{
	size_t len = strlen(name);
	bool has_capital;
	bool has_digit;
	size_t tail = tail_of_alnum(name, len, &has_capital, &has_digit);

	if (len == 0 || len > 255)
		return false;
	if (has_prefix(name, ".#") || has_prefix(name, ".goutputstream-"))
		return true;
	if (has_prefix(name, ".~lock.") && name[len - 1] == '#')
		return true;
	if (name[0] == '#' && name[len - 1] == '#' && len > 2 && is_valid(name + 1, len - 2))
		return true;
	if (name[len - 1] == '~' && is_valid(name, len - 1))
		return true;
	if (name[0] == '.')
		return fits_dotted(name + 1, len - 1);
	if (fits_in_place(name, len))
		return true;
	return tail >= 6 && has_capital && len > tail + 1 && name[len - tail - 1] == '.' &&
	       is_valid(name, len - tail - 1);
}

struct bs_scratches *bs_scratches_new(void)
{
	return calloc(1, sizeof(struct bs_scratches));
}

static void free_scratch(struct bs_scratch *scratch)
{
	(void)bs_secret_buf_free(scratch->buf);
	free(scratch);
}

struct bs_scratches *bs_scratches_free(struct bs_scratches *scratches)
{
	while (scratches && scratches->first) {
		struct bs_scratch *scratch = scratches->first;

		scratches->first = scratch->next;
		free_scratch(scratch);
	}
	free(scratches);
	return NULL;
}

struct bs_scratch *bs_scratch_next(
	const struct bs_fs *fs, enum bs_scope scope, const struct bs_scratch *after)
{
	struct bs_scratch *scratch = after ? after->next : fs->scratches->first;

	while (scratch && (scratch->is_gone || scratch->scope != scope))
		scratch = scratch->next;
	return scratch;
}

struct bs_scratch *bs_scratch_find(const struct bs_fs *fs, enum bs_scope scope, const char *name)
{
	struct bs_scratch *scratch = bs_scratch_next(fs, scope, NULL);

	while (scratch && strcmp(scratch->name, name) != 0)
		scratch = bs_scratch_next(fs, scope, scratch);
	return scratch;
}

struct bs_scratch *bs_scratch_hiding(const struct bs_fs *fs, enum bs_scope scope, const char *name)
{
	struct bs_scratch *scratch = bs_scratch_next(fs, scope, NULL);

	while (scratch && strcmp(scratch->hides, name) != 0)
		scratch = bs_scratch_next(fs, scope, scratch);
	return scratch;
}

/*
 * A file may be twice a value's limit (vim's swap file of a full value is larger than it), all of them four
 * times.
 */
static size_t file_quota(const struct bs_fs *fs)
{
	size_t quota = 2 * fs->options.limit + 64 * 1024;

	return quota < BS_SECRET_MAX ? quota : BS_SECRET_MAX;
}

static enum bs_code check_quota(
	const struct bs_fs *fs, const struct bs_scratch *growing, size_t len, struct bs_error *reterr)
{
	size_t count = 0;
	size_t total = 0;

	for (const struct bs_scratch *scratch = fs->scratches->first; scratch; scratch = scratch->next) {
		count++;
		total += scratch == growing ? 0 : bs_secret_buf_len(scratch->buf);
	}
	if (count > SCRATCH_COUNT || len > file_quota(fs) || total > 2 * file_quota(fs) - len)
		return bs_error_set(
			reterr, BS_NO_SPACE, "temporary files take too much memory: %zu of them", count);
	return BS_OK;
}

enum bs_code bs_scratch_make(struct bs_fs *fs, enum bs_scope scope, const char *name, mode_t mode,
	struct bs_scratch **ret, struct bs_error *reterr)
{
	struct bs_scratch *scratch;
	enum bs_code code = check_quota(fs, NULL, 0, reterr);

	if (code)
		return code;
	scratch = calloc(1, sizeof(*scratch));
	if (!scratch)
		return bs_error_set(reterr, BS_NO_MEMORY, "no memory for the temporary file %s", name);
	code = bs_secret_buf_new(file_quota(fs), &scratch->buf, reterr);
	if (code) {
		free(scratch);
		return code;
	}
	scratch->scope = scope;
	scratch->mode = mode & 0600;
	(void)snprintf(scratch->name, sizeof(scratch->name), "%s", name);
	(void)clock_gettime(CLOCK_REALTIME, &scratch->mtime);
	scratch->next = fs->scratches->first;
	fs->scratches->first = scratch;
	*ret = scratch;
	return BS_OK;
}

enum bs_code bs_scratch_write(struct bs_fs *fs, struct bs_scratch *scratch, size_t off, const void *bytes,
	size_t len, struct bs_error *reterr)
{
	enum bs_code code = BS_OK;

	if (off > file_quota(fs) || len > file_quota(fs) - off)
		return bs_error_set(reterr, BS_NO_SPACE, "%s: too large for a temporary file", scratch->name);
	if (off + len > bs_secret_buf_len(scratch->buf))
		code = check_quota(fs, scratch, off + len, reterr);
	if (code == BS_OK)
		code = bs_secret_buf_write(scratch->buf, off, bytes, len, reterr);
	if (code == BS_OK)
		(void)clock_gettime(CLOCK_REALTIME, &scratch->mtime);
	return code;
}

enum bs_code bs_scratch_resize(
	struct bs_fs *fs, struct bs_scratch *scratch, size_t len, struct bs_error *reterr)
{
	enum bs_code code = check_quota(fs, scratch, len, reterr);

	if (code == BS_OK)
		code = bs_secret_buf_resize(scratch->buf, len, reterr);
	if (code == BS_OK)
		(void)clock_gettime(CLOCK_REALTIME, &scratch->mtime);
	return code;
}

void bs_scratch_put(struct bs_fs *fs, struct bs_scratch *scratch)
{
	struct bs_scratch **at = &fs->scratches->first;

	if (!scratch->is_gone || scratch->open_count)
		return;
	while (*at && *at != scratch)
		at = &(*at)->next;
	if (*at)
		*at = scratch->next;
	free_scratch(scratch);
}

void bs_scratch_remove(struct bs_fs *fs, struct bs_scratch *scratch)
{
	scratch->is_gone = true;
	scratch->hides[0] = '\0';
	bs_scratch_put(fs, scratch);
}

void bs_scratch_rename(struct bs_fs *fs, struct bs_scratch *scratch, const char *to)
{
	struct bs_scratch *there = bs_scratch_find(fs, scratch->scope, to);

	if (there && there != scratch)
		bs_scratch_remove(fs, there);
	(void)snprintf(scratch->name, sizeof(scratch->name), "%s", to);
}
