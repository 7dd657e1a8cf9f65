/* summary.h: the line that `mount` prints, as text or JSON. Layer: fs. */
#ifndef BS_FS_SUMMARY_H
#define BS_FS_SUMMARY_H

#include <stdbool.h>
#include <sys/types.h>

struct bs_summary {
	bool is_already; /* it was mounted before */
	const char *dir;
	pid_t pid;
	const char *workspace; /* NULL: none */
	const char *user_path;
	const char *repo_path; /* NULL without a workspace */
	long user_count;
	long repo_count;
	bool has_keys;
};

/* On standard output; false if that failed. */
bool bs_summary_print(const struct bs_summary *summary, bool is_json);

#endif
