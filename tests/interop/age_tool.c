/*
 * age_tool.c: the library's age files on standard input and output, for tests against the real age.
 *
 *	age_tool keygen
 *	age_tool encrypt [-a] [-p PASSPHRASE-FILE] [RECIPIENT...]
 *	age_tool decrypt [-p PASSPHRASE-FILE] [KEY-FILE...]
 *	age_tool recipients KEY-FILE...
 *	age_tool bench KEY-FILE COUNT     decrypts standard input COUNT times, prints microseconds for one
 */
#include "../../core/age/age.h"

#include <fcntl.h>
#include <string.h>
#include <time.h>

static struct bs_error error;

static _Noreturn void die(void)
{
	fprintf(stderr, "age_tool: %s (%s)\n", error.msg, bs_code_name(error.code));
	exit(1);
}

static void check(enum bs_code code)
{
	if (code)
		die();
}

static struct bs_secret *read_file(const char *path)
{
	BS_CLEANUP(bs_close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct bs_secret *secret = NULL;

	if (fd < 0)
		check(bs_error_sys(&error, errno, "%s", path));
	check(bs_secret_read_fd(fd, BS_SECRET_MAX, &secret, &error));
	return secret;
}

/* A line without its newline: passphrases. */
static struct bs_secret *read_passphrase(const char *path)
{
	struct bs_secret *secret = read_file(path);
	size_t len = bs_secret_len(secret);

	if (len && bs_secret_bytes(secret)[len - 1] == '\n')
		bs_secret_shorten(secret, len - 1);
	return secret;
}

static struct bs_age_identities *read_identities(char **paths, int count, const struct bs_secret *passphrase)
{
	struct bs_age_identities *ids = NULL;

	check(bs_age_identities_new(&ids, &error));
	for (int i = 0; i < count; i++) {
		BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *text = read_file(paths[i]);

		check(bs_age_identities_parse(ids, text, paths[i], NULL, &error));
	}
	if (passphrase)
		check(bs_age_identities_add_passphrase(ids, passphrase, &error));
	return ids;
}

static int keygen(void)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *line = NULL;
	BS_CLEANUP(bs_free_ptr) char *recipient = NULL;

	check(bs_age_keygen(&line, &recipient, &error));
	printf("# public key: %s\n", recipient);
	fflush(stdout);
	check(bs_secret_write_fd(1, line, &error));
	return puts("") == EOF;
}

static int encrypt(char **recipients, int count, const struct bs_secret *passphrase, bool armor)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *plain = read_file("/proc/self/fd/0");
	BS_CLEANUP(bs_free_ptr) char *file = NULL;
	struct bs_strings list = {0};
	size_t len = 0;

	for (int i = 0; i < count; i++)
		check(bs_strings_add(&list, recipients[i], &error));
	check(bs_age_encrypt(count ? &list : NULL, passphrase, plain, armor, &file, &len, &error));
	bs_strings_release(&list);
	return fwrite(file, 1, len, stdout) != len;
}

static int decrypt(const struct bs_age_identities *ids)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *file = read_file("/proc/self/fd/0"), *plain = NULL;

	check(bs_age_decrypt(bs_secret_bytes(file), bs_secret_len(file), ids, &plain, NULL, &error));
	check(bs_secret_write_fd(1, plain, &error));
	return 0;
}

static int bench(const struct bs_age_identities *ids, long count)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *file = read_file("/proc/self/fd/0");
	struct timespec from, to;

	clock_gettime(CLOCK_MONOTONIC, &from);
	for (long i = 0; i < count; i++) {
		BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *plain = NULL;

		check(bs_age_decrypt(bs_secret_bytes(file), bs_secret_len(file), ids, &plain, NULL, &error));
	}
	clock_gettime(CLOCK_MONOTONIC, &to);
	printf("%.1f\n",
		((double)(to.tv_sec - from.tv_sec) * 1e6 + (double)(to.tv_nsec - from.tv_nsec) / 1e3) /
			(double)count);
	return 0;
}

static int recipients(const struct bs_age_identities *ids)
{
	for (size_t i = 0; i < bs_age_identities_count(ids); i++) {
		BS_CLEANUP(bs_free_ptr) char *recipient = bs_age_identities_recipient(ids, i);

		puts(recipient ? recipient : "-");
	}
	return 0;
}

int main(int argc, char **argv)
{
	BS_CLEANUP(bs_age_identities_free_ptr) struct bs_age_identities *ids = NULL;
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *passphrase = NULL;
	const char *verb = argc > 1 ? argv[1] : "";
	bool armor = false;
	int at = 2;

	if (at < argc && !strcmp(argv[at], "-a")) {
		armor = true;
		at++;
	}
	if (at + 1 < argc && !strcmp(argv[at], "-p")) {
		passphrase = read_passphrase(argv[at + 1]);
		at += 2;
	}
	if (!strcmp(verb, "keygen"))
		return keygen();
	if (!strcmp(verb, "encrypt"))
		return encrypt(argv + at, argc - at, passphrase, armor);
	if (!strcmp(verb, "bench") && argc == 4) {
		ids = read_identities(argv + 2, 1, NULL);
		return bench(ids, strtol(argv[3], NULL, 10));
	}
	ids = read_identities(argv + at, argc - at, passphrase);
	if (!strcmp(verb, "decrypt"))
		return decrypt(ids);
	if (!strcmp(verb, "recipients"))
		return recipients(ids);
	fprintf(stderr, "usage: age_tool keygen|encrypt|decrypt|recipients|bench ...\n");
	return 2;
}
