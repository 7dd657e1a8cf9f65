/*
 * run.h: running a program with its output into locked memory.
 *
 * Layer: core/base.
 */
#ifndef BS_RUN_H
#define BS_RUN_H

#include <bus-secrets/secret.h>

struct bs_run {
	const char *program;     /* absolute path */
	const char *const *argv; /* ends with NULL */
	const char *const *envp; /* ends with NULL */
	const char *directory;   /* working directory, or NULL: "/" */
	const void *input;       /* standard input (ciphertext only), or NULL: /dev/null */
	size_t input_len;
	const struct bs_secret *key; /* given to the program as standard input instead, or NULL */
	size_t output_limit;     /* bytes */
	unsigned timeout_ms;
	bool has_terminal;       /* standard error is passed through; otherwise its last line becomes the message */
};

/*
 * Runs it and waits. *ret_status is the exit status (128 + signal); if that is not 0, reterr->msg says what the
 * program said last, or how it ended, though the call itself returns BS_OK. With has_terminal the program stays in
 * our process group and may ask; without, it has a session of its own, and all of that ends with it on time-out.
 * It never outlives the calling thread. BS_NOT_FOUND, BS_PERMISSION if it cannot be executed; BS_INTERRUPTED on
 * time-out or a signal to us, after the child was killed and reaped; BS_TOO_LARGE over the output limit;
 * BS_NEED_SOPS is for callers to say.
 */
enum bs_code bs_run(const struct bs_run *run, struct bs_secret **ret_output, int *ret_status, struct bs_error *reterr)
	BS_MUST_CHECK;
/*
 * Splits a command line into words as sops does (google/shlex): blanks separate; '...' takes all as it is; in "..." and
 * outside a backslash takes the next byte as it is; # at a word's start begins a comment to the line's end. No variables,
 * no pipes, no patterns. BS_USAGE for an open quote, a backslash at the end, or no word at all. words[] on the heap.
 */
enum bs_code bs_run_split(const char *command, char ***ret_words, struct bs_error *reterr) BS_MUST_CHECK;
void bs_run_free_words(char **words);

#endif
