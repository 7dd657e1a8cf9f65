/* The names of temporary and conflict files, made and recognised. */
#include "replace_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CONFLICT ".bus-conflict-"

/*
 * FNV-1a of 64 bits, folded to 32. Not cryptographic, and need not be: it tells our own texts after a crash from what
 * another program wrote by accident at the same moment; whoever would forge a collision may write the directory.
 */
uint32_t bs_content_hash(const char *bytes, size_t len)
{
	uint64_t hash = 0xcbf29ce484222325;
	uint32_t folded;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)bytes[i]) * 0x100000001b3;
	folded = (uint32_t)(hash ^ hash >> 32);
	return folded == BS_NO_FILE ? 1 : folded;
}

static bool is_fit(int printed)
{
	return printed > 0 && printed <= NAME_MAX;
}

bool bs_litter_part_name(char ret[static NAME_MAX + 1], const char *file)
{
	return is_fit(snprintf(ret, NAME_MAX + 1, ".%s.bus-part-%ld", file, (long)getpid()));
}

bool bs_litter_swap_name(char ret[static NAME_MAX + 1], const char *file, uint32_t base, uint32_t next)
{
	return is_fit(snprintf(ret, NAME_MAX + 1, ".%s.bus-%ld-%08" PRIx32 "-%08" PRIx32, file, (long)getpid(), base,
		next));
}

bool bs_litter_conflict_name(char ret[static NAME_MAX + 1], const char *file, unsigned attempt)
{
	char when[32], more[16] = "";
	time_t now = time(NULL);
	struct tm utc;

	if (!gmtime_r(&now, &utc) || !strftime(when, sizeof(when), "%Y%m%dT%H%M%SZ", &utc))
		return false;
	if (attempt)
		(void)snprintf(more, sizeof(more), "-%u", attempt);
	return is_fit(snprintf(ret, NAME_MAX + 1, "%s" CONFLICT "%s%s", file, when, more));
}

/* The last ".bus-" of a name, which may hold others: a stored file can be called anything. */
static const char *last_mark(const char *name, const char *mark)
{
	const char *found = NULL;

	for (const char *at = name; (at = strstr(at, mark)); at++)
		found = at;
	return found;
}

/* Takes decimal digits off *at; false if there are none. */
static bool take_pid(const char **at)
{
	size_t digits = strspn(*at, "0123456789");

	*at += digits;
	return digits > 0 && digits <= 10;
}

static bool take_hash(const char **at, uint32_t *ret)
{
	char *end;

	if (**at != '-' || strspn(*at + 1, "0123456789abcdef") < 8)
		return false;
	*ret = (uint32_t)strtoul(*at + 1, &end, 16);
	if (end != *at + 9)
		return false;
	*at = end;
	return true;
}

static enum bs_litter_kind parse_hidden(const char *mark, struct bs_litter *litter)
{
	const char *at = mark + strlen(".bus-");

	if (!strncmp(at, "part-", 5)) {
		at += 5;
		return take_pid(&at) && !*at ? BS_LITTER_PART : BS_LITTER_NONE;
	}
	if (take_pid(&at) && take_hash(&at, &litter->base) && take_hash(&at, &litter->next) && !*at)
		return BS_LITTER_SWAP;
	return BS_LITTER_NONE;
}

struct bs_litter bs_litter_parse(const char *name)
{
	struct bs_litter litter = {.kind = BS_LITTER_NONE};
	const char *file = name, *mark = last_mark(name, CONFLICT);

	if (mark && mark > name && mark[strlen(CONFLICT)] &&
		!mark[strlen(CONFLICT) + strspn(mark + strlen(CONFLICT), "0123456789TZ-")]) {
		litter.kind = BS_LITTER_CONFLICT;
	} else {
		mark = last_mark(name, ".bus-");
		if (*name != '.' || !mark || mark - name < 2)
			return litter;
		file = name + 1;
		litter.kind = parse_hidden(mark, &litter);
	}
	if (litter.kind != BS_LITTER_NONE && (size_t)(mark - file) <= NAME_MAX)
		memcpy(litter.file, file, (size_t)(mark - file));
	return litter;
}

bool bs_replace_is_litter(const char *name)
{
	return bs_litter_parse(name).kind != BS_LITTER_NONE;
}
