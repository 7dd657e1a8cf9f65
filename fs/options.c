/* options.c: mount options, one table. */
#include "options.h"

#include <stdlib.h>
#include <string.h>

typedef enum bs_code (*option_fn)(
	struct bs_mount_options *options, const char *value, struct bs_error *reterr);

static enum bs_code take_ro(struct bs_mount_options *options, const char *value, struct bs_error *reterr)
{
	(void)value;
	(void)reterr;
	options->is_read_only = true;
	return BS_OK;
}

static enum bs_code take_rw(struct bs_mount_options *options, const char *value, struct bs_error *reterr)
{
	(void)value;
	(void)reterr;
	options->is_read_only = false;
	return BS_OK;
}

static enum bs_code take_repo(struct bs_mount_options *options, const char *value, struct bs_error *reterr)
{
	(void)options;
	if (strcmp(value, "fixed") == 0)
		return BS_OK;
	if (strcmp(value, "caller") == 0)
		return bs_error_set(reterr, BS_USAGE,
			"repo=caller is not supported by this version: the repository scope is that of the "
			"workspace "
			"given at mount (repo=fixed)");
	return bs_error_set(reterr, BS_USAGE, "repo=%s: only repo=fixed is known", value);
}

/* No x bit ever, no writing for others, and the owner reads. */
static enum bs_code take_repo_mode(
	struct bs_mount_options *options, const char *value, struct bs_error *reterr)
{
	char *end = NULL;
	unsigned long mode = strtoul(value, &end, 8);

	if (!*value || *end || mode > 0666 || (mode & 0111) || !(mode & 0400) || (mode & 0022))
		return bs_error_set(reterr, BS_USAGE,
			"repo_mode=%s: wanted is an octal mode such as 0600, 0400 or 0440", value);
	options->repo_mode = (mode_t)mode;
	return BS_OK;
}

static enum bs_code take_mmap(struct bs_mount_options *options, const char *value, struct bs_error *reterr)
{
	if (strcmp(value, "inval") != 0 && strcmp(value, "deny") != 0)
		return bs_error_set(reterr, BS_USAGE, "mmap=%s: inval or deny", value);
	options->mmap = value[0] == 'd' ? BS_MMAP_DENY : BS_MMAP_INVAL;
	return BS_OK;
}

static enum bs_code take_memlock(struct bs_mount_options *options, const char *value, struct bs_error *reterr)
{
	if (strcmp(value, "refuse") != 0 && strcmp(value, "warn") != 0)
		return bs_error_set(reterr, BS_USAGE, "memlock=%s: refuse or warn", value);
	options->memlock = value[0] == 'w' ? BS_LOCK_WARN : BS_LOCK_REFUSE;
	return BS_OK;
}

static enum bs_code take_limit(struct bs_mount_options *options, const char *value, struct bs_error *reterr)
{
	char *end = NULL;
	unsigned long long limit = strtoull(value, &end, 10);

	if (value[0] < '0' || value[0] > '9' || *end || limit < 1 || limit > BS_SECRET_MAX)
		return bs_error_set(
			reterr, BS_USAGE, "limit=%s: wanted are bytes, 1 to %zu", value, BS_SECRET_MAX);
	options->limit = (size_t)limit;
	return BS_OK;
}

static const struct {
	const char *word;
	bool has_value;
	option_fn take;
} known[] = {
	{"ro", false, take_ro},
	{"rw", false, take_rw},
	{"repo", true, take_repo},
	{"repo_mode", true, take_repo_mode},
	{"mmap", true, take_mmap},
	{"memlock", true, take_memlock},
	{"limit", true, take_limit},
};

/*
 * mount(8), fstab and systemd say these; none changes what we do: the mount is nosuid, nodev and noexec
 * anyway.
 */
static const char *const standard[] = {"async", "atime", "auto", "defaults", "dev", "diratime", "dirsync",
	"exec", "group", "lazytime", "noatime", "noauto", "nodev", "nodiratime", "noexec", "nofail",
	"nolazytime", "norelatime", "nostrictatime", "nosuid", "nouser", "owner", "relatime", "strictatime",
	"suid", "sync", "user", "users", "_netdev"};

static bool is_standard(const char *word)
{
	if (strncmp(word, "x-", 2) == 0 || strncmp(word, "comment=", 8) == 0)
		return true;
	for (size_t i = 0; i < sizeof(standard) / sizeof(standard[0]); i++) {
		if (strcmp(word, standard[i]) == 0)
			return true;
	}
	return false;
}

static enum bs_code apply_word(struct bs_mount_options *options, char *word, struct bs_error *reterr)
{
	char *value = strchr(word, '=');

	if (is_standard(word) || !*word)
		return BS_OK;
	if (value)
		*value++ = '\0';
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(word, known[i].word) != 0)
			continue;
		if (known[i].has_value != (value != NULL))
			return bs_error_set(reterr, BS_USAGE, "mount option %s %s value", word,
				known[i].has_value ? "wants a" : "takes no");
		return known[i].take(options, value ? value : "", reterr);
	}
	if (strcmp(word, "allow_other") == 0 || strcmp(word, "allow_root") == 0)
		return bs_error_set(reterr, BS_USAGE,
			"mount option %s: a mount with user/ has one audience, you, and is never opened to "
			"others",
			word);
	return bs_error_set(reterr, BS_USAGE, "unknown mount option: %s", word);
}

void bs_mount_options_init(struct bs_mount_options *options)
{
	*options = (struct bs_mount_options){.memlock = BS_LOCK_REFUSE, .limit = BS_VALUE_LIMIT};
}

enum bs_code bs_mount_options_apply(
	struct bs_mount_options *options, const char *list, struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) char *copy = strdup(list);
	enum bs_code code = BS_OK;
	char *rest = NULL;

	if (!copy)
		return bs_error_set(reterr, BS_NO_MEMORY, "no memory for the mount options");
	for (char *word = strtok_r(copy, ",", &rest); word && code == BS_OK;
		word = strtok_r(NULL, ",", &rest))
		code = apply_word(options, word, reterr);
	return code;
}

void bs_mount_options_text(const struct bs_mount_options *options, char ret[static BS_MOUNT_OPTIONS_TEXT])
{
	char mode[24] = "";

	if (options->repo_mode)
		(void)snprintf(mode, sizeof(mode), ",repo_mode=%04o", (unsigned)options->repo_mode);
	(void)snprintf(ret, BS_MOUNT_OPTIONS_TEXT, "%s,repo=fixed%s,mmap=%s,memlock=%s,limit=%zu",
		options->is_read_only ? "ro" : "rw", mode, options->mmap == BS_MMAP_DENY ? "deny" : "inval",
		options->memlock == BS_LOCK_WARN ? "warn" : "refuse", options->limit);
}
