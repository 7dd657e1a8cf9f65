/*
 * key_command.c: a command of the user's that prints a key file.
 *
 * Its words come from the user's preferences or environment, never from a workspace; its program is an absolute path
 * or is found in PATH outside of workspaces. It runs in the home directory: programs that look for their settings or
 * modules in the working directory would otherwise take a workspace's.
 */
#include "sources.h"

#include "../base/run.h"
#include "env_private.h"
#include <bus-secrets/log.h>
#include <string.h>

#define OUTPUT_MAX ((size_t)1024 * 1024)
#define TIMEOUT_MS 30000

static enum bs_code find(const struct bs_keys *keys, const char *word, char **ret, struct bs_error *reterr)
{
	if (word[0] != '/')
		return bs_env_find_program(keys->env, word, keys->ws ? bs_workspace_path(keys->ws) : NULL, ret, reterr);
	*ret = strdup(word);
	return *ret ? BS_OK : bs_error_set(reterr, BS_NO_MEMORY, "out of memory for a command");
}

static void free_words(char ***words)
{
	if (*words)
		bs_run_free_words(*words);
}

static enum bs_code run_words(const struct bs_keys *keys, char **words, struct bs_secret **ret, int *ret_status,
	struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) char *program = NULL;
	BS_CLEANUP(bs_free_ptr) const char **envp = NULL;
	enum bs_code code = find(keys, words[0], &program, reterr);

	if (!code)
		code = bs_env_for_program(keys->env, NULL, &envp, reterr);
	if (code)
		return code;

	struct bs_run run = {
		.program = program,
		.argv = (const char *const *)words,
		.envp = envp,
		.directory = bs_env_home(keys->env),
		.output_limit = OUTPUT_MAX,
		.timeout_ms = TIMEOUT_MS,
		.has_terminal = keys->may_prompt,
	};

	bs_notice(BS_NOTICE_INFO, "running key command %s", program);
	return bs_run(&run, ret, ret_status, reterr);
}

enum bs_code bs_key_command_run(const struct bs_keys *keys, const struct bs_source *source, const char *label,
	struct bs_secret **ret, struct bs_error *reterr)
{
	BS_CLEANUP(free_words) char **words = NULL;
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *output = NULL;
	struct bs_error inner = {0};
	int status = 0;
	enum bs_code code = bs_run_split(source->command, &words, &inner);

	if (!code && (!words || !words[0]))
		return bs_error_set(reterr, BS_NO_IDENTITY, "%s: the command is empty", label);
	if (!code)
		code = run_words(keys, words, &output, &status, &inner);
	if (code)
		return bs_error_set(reterr, code == BS_NOT_FOUND ? BS_NO_IDENTITY : code, "%s: %s", label, inner.msg);
	if (status)
		return bs_error_set(reterr, BS_NO_IDENTITY, "%s: the command failed with status %d%s%s", label, status,
			inner.msg[0] ? ": " : "", inner.msg);
	*ret = BS_TAKE(output);
	return BS_OK;
}
