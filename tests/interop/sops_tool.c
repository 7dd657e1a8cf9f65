/*
 * sops_tool.c: the library's SOPS documents on standard input and output, for tests against the real sops.
 *
 *	sops_tool encrypt RECIPIENT...              value in, document out
 *	sops_tool rewrite OLD KEY-FILE RECIPIENT... value in, document out, in the shape of the document OLD
 *	sops_tool decrypt KEY-FILE...               document in, value out
 *	sops_tool program SOPS                      document in, value out, by that program
 *	sops_tool inspect                           document in; what can be told without a key
 */
#include "../../core/sops/sops.h"

#include <fcntl.h>
#include <string.h>

extern char **environ;

static struct bs_error error;

static void check(enum bs_code code)
{
	if (!code)
		return;
	fprintf(stderr, "sops_tool: %s (%s)\n", error.msg, bs_code_name(code));
	exit(1);
}

static struct bs_secret *read_fd(int fd)
{
	struct bs_secret *secret = NULL;

	check(bs_secret_read_fd(fd, BS_SECRET_MAX, &secret, &error));
	return secret;
}

static struct bs_secret *read_file(const char *path)
{
	BS_CLEANUP(bs_close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		check(bs_error_sys(&error, errno, "%s", path));
	return read_fd(fd);
}

static struct bs_sops_doc *parse(struct bs_secret *text)
{
	struct bs_sops_doc *doc = NULL;

	check(bs_sops_parse((const char *)bs_secret_bytes(text), bs_secret_len(text), &doc, &error));
	bs_secret_free(text);
	return doc;
}

static struct bs_age_identities *read_identities(char **paths, int count)
{
	struct bs_age_identities *ids = NULL;

	check(bs_age_identities_new(&ids, &error));
	for (int i = 0; i < count; i++) {
		BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *text = read_file(paths[i]);

		check(bs_age_identities_parse(ids, text, paths[i], NULL, &error));
	}
	return ids;
}

static void print(const struct bs_secret *value)
{
	check(bs_secret_write_fd(STDOUT_FILENO, value, &error));
}

static void encrypt(struct bs_sops_doc *old, const struct bs_secret *old_key, char **recipients, int count)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *value = read_fd(STDIN_FILENO);
	BS_CLEANUP(bs_strings_release) struct bs_strings list = {0};
	BS_CLEANUP(bs_strings_release) struct bs_strings kept = {0};
	BS_CLEANUP(bs_free_ptr) char *text = NULL;
	struct bs_sops_write write = {
		.value = value, .recipients = &list, .old = old, .old_key = old_key, .now = time(NULL)};
	size_t len;

	for (int i = 0; i < count; i++)
		check(bs_strings_add(&list, recipients[i], &error));
	check(bs_sops_encrypt(&write, &text, &len, &kept, &error));
	for (size_t i = 0; i < kept.count; i++)
		fprintf(stderr, "kept %s\n", kept.items[i]);
	if (fwrite(text, 1, len, stdout) != len)
		exit(1);
}

static void rewrite(char **args, int count)
{
	BS_CLEANUP(bs_sops_free_ptr) struct bs_sops_doc *old = parse(read_file(args[0]));
	BS_CLEANUP(bs_age_identities_free_ptr) struct bs_age_identities *ids = read_identities(args + 1, 1);
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *key = NULL;

	check(bs_sops_unlock(old, ids, &key, &error));
	encrypt(old, key, args + 2, count - 2);
}

static void decrypt(char **paths, int count)
{
	BS_CLEANUP(bs_sops_free_ptr) struct bs_sops_doc *doc = parse(read_fd(STDIN_FILENO));
	BS_CLEANUP(bs_age_identities_free_ptr) struct bs_age_identities *ids = read_identities(paths, count);
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *key = NULL;
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *value = NULL;

	check(bs_sops_unlock(doc, ids, &key, &error));
	check(bs_sops_decrypt(doc, key, &value, &error));
	if (bs_secret_len(value) != bs_sops_size(doc))
		check(bs_error_set(&error, BS_INTERNAL, "the size was foretold wrongly"));
	print(value);
}

static void by_program(const char *program)
{
	BS_CLEANUP(bs_sops_free_ptr) struct bs_sops_doc *doc = parse(read_fd(STDIN_FILENO));
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *value = NULL;

	check(bs_sops_decrypt_by_program(
		doc, program, (const char *const *)environ, BS_SECRET_MAX, false, &value, &error));
	print(value);
}

static void inspect(void)
{
	BS_CLEANUP(bs_sops_free_ptr) struct bs_sops_doc *doc = parse(read_fd(STDIN_FILENO));
	const struct bs_strings *recipients = bs_sops_recipients(doc), *kinds = bs_sops_other_kinds(doc);
	const char *needs = bs_sops_needs_program(doc);

	printf("path %s\nsize %llu\nlastmodified %s\n", bs_sops_extract_path(doc),
		(unsigned long long)bs_sops_size(doc), bs_sops_lastmodified(doc));
	for (size_t i = 0; i < recipients->count; i++)
		printf("recipient %s\n", recipients->items[i]);
	for (size_t i = 0; i < kinds->count; i++)
		printf("kind %s\n", kinds->items[i]);
	if (needs)
		printf("needs sops: %s\n", needs);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "encrypt"))
		encrypt(NULL, NULL, argv + 2, argc - 2);
	else if (!strcmp(what, "rewrite") && argc >= 4)
		rewrite(argv + 2, argc - 2);
	else if (!strcmp(what, "decrypt"))
		decrypt(argv + 2, argc - 2);
	else if (!strcmp(what, "program") && argc == 3)
		by_program(argv[2]);
	else if (!strcmp(what, "inspect"))
		inspect();
	else
		return 2;
	return 0;
}
