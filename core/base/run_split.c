/* A command line into words, by the rules of google/shlex, which sops uses for SOPS_AGE_KEY_CMD. */
#include "run.h"

#include <bus-secrets/cleanup.h>
#include <string.h>

struct splitter {
	char **words;
	size_t count;
	char *word; /* as long as the command, so that no word outgrows it */
	size_t len;
	bool is_open; /* in a word, which may be empty: "" */
};

static void splitter_release(struct splitter *splitter)
{
	free(splitter->word);
	bs_run_free_words(splitter->words);
}

static void add(struct splitter *splitter, char byte)
{
	splitter->word[splitter->len++] = byte;
	splitter->is_open = true;
}

/* Ends the present word, if there is one. There is room for it: words[] is as long as the command. */
static bool end_word(struct splitter *splitter)
{
	char *copy;

	if (!splitter->is_open)
		return true;
	copy = strndup(splitter->word, splitter->len);
	if (!copy)
		return false;
	splitter->words[splitter->count++] = copy;
	splitter->len = 0;
	splitter->is_open = false;
	return true;
}

/* Takes what stands between the quote at *at and its partner; *at is then the partner, or NULL: there is none. */
static void take_quoted(struct splitter *splitter, const char **at)
{
	char quote = **at;

	splitter->is_open = true;
	for (++*at; **at != quote; ++*at) {
		if (**at == '\\' && quote == '"')
			++*at;
		if (!**at) {
			*at = NULL;
			return;
		}
		add(splitter, **at);
	}
}

static enum bs_code take_words(struct splitter *splitter, const char *command, struct bs_error *reterr)
{
	for (const char *at = command; *at; at++) {
		if (strchr(" \t\r\n", *at)) {
			if (!end_word(splitter))
				return bs_error_set(reterr, BS_NO_MEMORY, "no memory for the command");
		} else if (*at == '#' && !splitter->is_open) {
			at += strcspn(at, "\n");
			if (!*at)
				break;
		} else if (*at == '\'' || *at == '"') {
			take_quoted(splitter, &at);
			if (!at)
				return bs_error_set(reterr, BS_USAGE, "a command has a quote that is not closed");
		} else {
			if (*at == '\\' && !*++at)
				return bs_error_set(reterr, BS_USAGE, "a command ends with a backslash");
			add(splitter, *at);
		}
	}
	if (!end_word(splitter))
		return bs_error_set(reterr, BS_NO_MEMORY, "no memory for the command");
	return BS_OK;
}

enum bs_code bs_run_split(const char *command, char ***ret_words, struct bs_error *reterr)
{
	size_t room = strlen(command) + 2;
	BS_CLEANUP(splitter_release) struct splitter splitter = {
		.words = calloc(room, sizeof(char *)),
		.word = malloc(room),
	};
	enum bs_code code;

	if (!splitter.words || !splitter.word)
		return bs_error_set(reterr, BS_NO_MEMORY, "no memory for the command");
	code = take_words(&splitter, command, reterr);
	if (code)
		return code;
	if (!splitter.count)
		return bs_error_set(reterr, BS_USAGE, "a command is empty");
	*ret_words = BS_TAKE(splitter.words);
	return BS_OK;
}

void bs_run_free_words(char **words)
{
	for (char **word = words; word && *word; word++)
		free(*word);
	free(words);
}
