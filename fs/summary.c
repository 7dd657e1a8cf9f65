/* summary.c: what was mounted, in one line. */
#include "summary.h"

#include <bus-secrets/json_out.h>

#include <stdio.h>
#include <stdlib.h>

static void add_scope(struct bs_json_out *json, const char *key, const char *path, long count)
{
	bs_json_out_key(json, key);
	if (!path) {
		bs_json_out_null(json);
		return;
	}
	bs_json_out_object(json);
	bs_json_out_key(json, "path");
	bs_json_out_string(json, path);
	bs_json_out_key(json, "count");
	bs_json_out_int(json, count);
	bs_json_out_end(json);
}

static char *as_json(const struct bs_summary *summary)
{
	struct bs_json_out *json = bs_json_out_new();

	bs_json_out_object(json);
	bs_json_out_key(json, "mount");
	bs_json_out_string(json, summary->dir);
	bs_json_out_key(json, "pid");
	bs_json_out_int(json, summary->pid);
	bs_json_out_key(json, "already");
	bs_json_out_bool(json, summary->is_already);
	bs_json_out_key(json, "workspace");
	bs_json_out_string(json, summary->workspace);
	add_scope(json, "user", summary->user_path, summary->user_count);
	add_scope(json, "repo", summary->repo_path, summary->repo_count);
	bs_json_out_key(json, "keys");
	bs_json_out_string(json, summary->has_keys ? "ready" : "locked");
	bs_json_out_end(json);
	return bs_json_out_take(json);
}

bool bs_summary_print(const struct bs_summary *summary, bool is_json)
{
	int written;

	if (is_json) {
		char *text = as_json(summary);

		written = text ? printf("%s\n", text) : -1;
		free(text);
	} else if (summary->workspace) {
		written = printf("%smounted %s (user: %ld secrets; repo: %ld in %s; keys: %s)\n",
			summary->is_already ? "already " : "", summary->dir, summary->user_count,
			summary->repo_count, summary->workspace, summary->has_keys ? "ready" : "locked");
	} else {
		written = printf("%smounted %s (user: %ld secrets; repo: no workspace; keys: %s)\n",
			summary->is_already ? "already " : "", summary->dir, summary->user_count,
			summary->has_keys ? "ready" : "locked");
	}
	return written >= 0 && fflush(stdout) == 0;
}
