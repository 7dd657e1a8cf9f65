/*
 * seen.c: what this user has seen of stored documents.
 *
 * seen/<hash of the place>/n.<name> holds one line, "1 MAC-HASH LASTMODIFIED HEAD", of the newest document seen under
 * that name; m.<half of the MAC's hash> holds the name under which a document was first seen. A finding does not
 * change what is remembered, so that it is found again until a write of our own settles it.
 */
#include "seen.h"

#include "../base/cstr.h"
#include "../base/hash.h"
#include "git_head.h"
#include "workspace_private.h"
#include <bus-secrets/log.h>
#include <bus-secrets/name.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>

#define RECORD_MAX 512
#define MAC_HASH_LEN 64
#define MAC_FILE_LEN 32
#define NO_HEAD "-"

struct record {
	char mac_hash[MAC_HASH_LEN + 1];
	char lastmodified[64];
	char head[BS_GIT_HEAD_MAX];
};

struct file_names {
	char by_name[BS_NAME_MAX + 3];
	char by_mac[MAC_FILE_LEN + 3];
};

/* --- files ---------------------------------------------------------------------------------------------------- */

static bool is_sane(const struct bs_seen_mark *mark)
{
	size_t modified = strlen(mark->lastmodified);

	return bs_name_check(mark->name, strlen(mark->name), NULL) == BS_OK && strlen(mark->mac_hash) == MAC_HASH_LEN &&
		modified && modified < sizeof(((struct record *)NULL)->lastmodified) &&
		!strpbrk(mark->lastmodified, " \n");
}

static void mac_file(const char *mac_hash, char ret[static MAC_FILE_LEN + 3])
{
	(void)snprintf(ret, MAC_FILE_LEN + 3, "m.%.*s", MAC_FILE_LEN, mac_hash);
}

static void name_file(const char *name, char ret[static BS_NAME_MAX + 3])
{
	(void)snprintf(ret, BS_NAME_MAX + 3, "n.%s", name);
}

static enum bs_code open_place(const struct bs_env *env, const char *place, bool make, int *ret_fd,
	struct bs_error *reterr)
{
	char hex[BS_HASH_HEX];
	char below[sizeof("seen/") + 32];

	bs_hash_hex(place, strlen(place), hex);
	(void)snprintf(below, sizeof(below), "seen/%.32s", hex);
	return bs_state_open(env, below, make, ret_fd, reterr);
}

static bool read_record(int dirfd, const char *name, struct record *ret)
{
	BS_CLEANUP(bs_free_ptr) char *text = NULL;
	char file[BS_NAME_MAX + 3];
	size_t len = 0;

	name_file(name, file);
	if (bs_state_read(dirfd, file, RECORD_MAX, &text, &len, NULL) || !text)
		return false;
	memset(ret, 0, sizeof(*ret));
	return sscanf(text, "1 %64s %63s %79s", ret->mac_hash, ret->lastmodified, ret->head) == 3;
}

/* The name under which a document was first seen, as long as that name still has it or has nothing. */
static char *first_name(int dirfd, const char *mac_hash)
{
	BS_CLEANUP(bs_free_ptr) char *text = NULL;
	struct record record;
	char file[MAC_FILE_LEN + 3];
	size_t len = 0;

	mac_file(mac_hash, file);
	if (bs_state_read(dirfd, file, BS_NAME_MAX + 1, &text, &len, NULL) || !text)
		return NULL;
	if (len && text[len - 1] == '\n')
		text[--len] = '\0';
	if (bs_name_check(text, len, NULL) != BS_OK)
		return NULL;
	if (read_record(dirfd, text, &record) && strcmp(record.mac_hash, mac_hash) != 0)
		return NULL;
	return BS_TAKE(text);
}

/* --- judging -------------------------------------------------------------------------------------------------- */

static bool take_two(const char **at, int *ret)
{
	if ((*at)[0] < '0' || (*at)[0] > '9' || (*at)[1] < '0' || (*at)[1] > '9')
		return false;
	*ret = ((*at)[0] - '0') * 10 + ((*at)[1] - '0');
	*at += 2;
	return true;
}

static bool take_sign(const char **at, char sign)
{
	bool is_there = **at == sign || (sign == 'T' && **at == 't') || (sign == 'Z' && **at == 'z');

	*at += is_there;
	return is_there;
}

/* RFC 3339 to seconds; fractions do not count. */
static bool parse_time(const char *text, int64_t *ret)
{
	struct tm parts = {0};
	const char *at = text;
	int century, year, month, day, hour, minute, second;
	int zone_hour = 0;
	int zone_minute = 0;
	int sign = 0;

	if (!take_two(&at, &century) || !take_two(&at, &year) || !take_sign(&at, '-') || !take_two(&at, &month) ||
		!take_sign(&at, '-') || !take_two(&at, &day) || !take_sign(&at, 'T') || !take_two(&at, &hour) ||
		!take_sign(&at, ':') || !take_two(&at, &minute) || !take_sign(&at, ':') || !take_two(&at, &second))
		return false;
	if (take_sign(&at, '.'))
		at += strspn(at, "0123456789");
	if (*at == '+' || *at == '-') {
		sign = *at++ == '+' ? 1 : -1;
		if (!take_two(&at, &zone_hour) || !take_sign(&at, ':') || !take_two(&at, &zone_minute))
			return false;
	} else if (!take_sign(&at, 'Z')) {
		return false;
	}
	parts = (struct tm){.tm_year = century * 100 + year - 1900, .tm_mon = month - 1, .tm_mday = day,
		.tm_hour = hour, .tm_min = minute, .tm_sec = second};
	*ret = (int64_t)timegm(&parts) - sign * (zone_hour * 60 + zone_minute) * 60;
	return *at == '\0';
}

static bool is_older(const char *time, const char *than)
{
	int64_t a;
	int64_t b;

	return parse_time(time, &a) && parse_time(than, &b) && a < b;
}

static void head_of(const struct bs_seen_mark *mark, char ret[static BS_GIT_HEAD_MAX])
{
	ret[0] = '\0';
	if (mark->git_dir)
		bs_git_head(mark->git_dir, ret);
	if (!ret[0])
		(void)stpcpy(ret, NO_HEAD);
}

static enum bs_seen_verdict judge(int dirfd, const struct bs_seen_mark *mark, const struct record *seen,
	const char *head, char **ret_other)
{
	BS_CLEANUP(bs_free_ptr) char *other = NULL;

	if (seen && strcmp(seen->mac_hash, mark->mac_hash) == 0)
		return BS_SEEN_FINE;
	other = first_name(dirfd, mark->mac_hash);
	if (other && strcmp(other, mark->name) != 0) {
		if (ret_other)
			*ret_other = BS_TAKE(other);
		return BS_SEEN_OTHER_NAME;
	}
	if (seen && strcmp(seen->head, head) == 0 && is_older(mark->lastmodified, seen->lastmodified))
		return BS_SEEN_BACK_IN_TIME;
	return BS_SEEN_FINE;
}

enum bs_seen_verdict bs_seen_check(const struct bs_env *env, const struct bs_seen_mark *mark, char **ret_other)
{
	BS_CLEANUP(bs_close_fd) int dirfd = -1;
	char head[BS_GIT_HEAD_MAX];
	struct record seen;

	if (ret_other)
		*ret_other = NULL;
	if (!is_sane(mark) || open_place(env, mark->place, false, &dirfd, NULL))
		return BS_SEEN_FINE;
	head_of(mark, head);
	return judge(dirfd, mark, read_record(dirfd, mark->name, &seen) ? &seen : NULL, head, ret_other);
}

/* --- remembering ---------------------------------------------------------------------------------------------- */

/* The index entry of a document, if it leads to this name. */
static void drop_mac(int dirfd, const char *mac_hash, const char *name)
{
	BS_CLEANUP(bs_free_ptr) char *text = NULL;
	char file[MAC_FILE_LEN + 3];
	size_t len = 0;

	mac_file(mac_hash, file);
	if (bs_state_read(dirfd, file, BS_NAME_MAX + 1, &text, &len, NULL) || !text)
		return;
	text[strcspn(text, "\n")] = '\0';
	if (strcmp(text, name) == 0)
		(void)unlinkat(dirfd, file, 0);
}

static enum bs_code write_record(int dirfd, const struct bs_seen_mark *mark, const struct record *seen,
	const char *head, struct bs_error *reterr)
{
	char text[RECORD_MAX];
	char file[BS_NAME_MAX + 3];
	char index[MAC_FILE_LEN + 3];
	int len = snprintf(text, sizeof(text), "1 %s %s %s\n", mark->mac_hash, mark->lastmodified, head);
	enum bs_code code;

	name_file(mark->name, file);
	code = bs_state_write(dirfd, file, text, (size_t)len, reterr);
	if (code)
		return code;
	if (seen && strcmp(seen->mac_hash, mark->mac_hash) != 0)
		drop_mac(dirfd, seen->mac_hash, mark->name);
	mac_file(mark->mac_hash, index);
	len = snprintf(text, sizeof(text), "%s\n", mark->name);
	return bs_state_write(dirfd, index, text, (size_t)len, reterr);
}

static bool is_same(const struct record *seen, const struct bs_seen_mark *mark, const char *head)
{
	return strcmp(seen->mac_hash, mark->mac_hash) == 0 && strcmp(seen->lastmodified, mark->lastmodified) == 0 &&
		strcmp(seen->head, head) == 0;
}

void bs_seen_note(const struct bs_env *env, const struct bs_seen_mark *mark, bool is_ours)
{
	BS_CLEANUP(bs_close_fd) int dirfd = -1;
	struct bs_error error = {0};
	char head[BS_GIT_HEAD_MAX];
	struct record record;
	const struct record *seen = NULL;
	enum bs_code code;

	if (!is_sane(mark))
		return;
	code = open_place(env, mark->place, true, &dirfd, &error);
	if (!code) {
		head_of(mark, head);
		seen = read_record(dirfd, mark->name, &record) ? &record : NULL;
		if (seen && is_same(seen, mark, head))
			return;
		if (!is_ours && judge(dirfd, mark, seen, head, NULL) != BS_SEEN_FINE)
			return;
		code = write_record(dirfd, mark, seen, head, &error);
	}
	if (code)
		bs_notice(BS_NOTICE_INFO, "what was seen is not remembered: %s", error.msg);
}

void bs_seen_forget(const struct bs_env *env, const char *place, const char *name)
{
	BS_CLEANUP(bs_close_fd) int dirfd = -1;
	struct record seen;
	char file[BS_NAME_MAX + 3];

	if (bs_name_check(name, strlen(name), NULL) || open_place(env, place, false, &dirfd, NULL))
		return;
	if (read_record(dirfd, name, &seen))
		drop_mac(dirfd, seen.mac_hash, name);
	name_file(name, file);
	(void)unlinkat(dirfd, file, 0);
}
