/* summary.c: what was mounted, in one line. */
#include "summary.h"

#include <bus-secrets/cleanup.h>
#include <bus-secrets/json_out.h>
#include <bus-secrets/log.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

static char *as_text(const struct bs_summary *summary)
{
	char *text = NULL;
	int len;

	if (summary->workspace)
		len = asprintf(&text, "%smounted %s (user: %ld secrets; repo: %ld in %s; keys: %s)",
			summary->is_already ? "already " : "", summary->dir, summary->user_count,
			summary->repo_count, summary->workspace, summary->has_keys ? "ready" : "locked");
	else
		len = asprintf(&text, "%smounted %s (user: %ld secrets; repo: no workspace; keys: %s)",
			summary->is_already ? "already " : "", summary->dir, summary->user_count,
			summary->has_keys ? "ready" : "locked");
	if (len < 0)
		return NULL;
	/* In the foreground it is our terminal, and a workspace's name can be anything. */
	if (isatty(STDOUT_FILENO))
		bs_line_clean(text, strlen(text));
	return text;
}

bool bs_summary_print(const struct bs_summary *summary, bool is_json)
{
	BS_CLEANUP(bs_free_ptr) char *text = is_json ? as_json(summary) : as_text(summary);

	return text && printf("%s\n", text) >= 0 && fflush(stdout) == 0;
}
