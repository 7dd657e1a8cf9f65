/* options.h: mount options: the words after -o. Layer: fs. */
#ifndef BS_FS_OPTIONS_H
#define BS_FS_OPTIONS_H

#include <bus-secrets/config.h>

enum bs_mmap_policy {
	BS_MMAP_INVAL, /* what gets into the page cache is thrown out again at once */
	BS_MMAP_DENY, /* reads for the page cache are refused: EINVAL */
};

struct bs_mount_options {
	bool is_read_only;
	mode_t repo_mode; /* 0: as datapackage.json is */
	enum bs_mmap_policy mmap;
	enum bs_lock_policy memlock;
	size_t limit; /* bytes of a value */
};

#define BS_MOUNT_OPTIONS_TEXT 160

/* What holds without -o. */
void bs_mount_options_init(struct bs_mount_options *options);
/*
 * Applies a list "a,b=c"; later words win. BS_USAGE for a word that is none of ours and none of mount(8)'s.
 */
enum bs_code bs_mount_options_apply(
	struct bs_mount_options *options, const char *list, struct bs_error *reterr) BS_MUST_CHECK;
/* The effective options in a fixed order: equal texts, equal mounts. It can be applied again. */
void bs_mount_options_text(const struct bs_mount_options *options, char ret[static BS_MOUNT_OPTIONS_TEXT]);

#endif
