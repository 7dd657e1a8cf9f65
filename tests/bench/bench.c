/*
 * bench.c: how long things take beside what they are compared with, interleaved in one run; medians.
 *
 *	bench commands ROUNDS NAME COMMAND [NAME COMMAND...]   each COMMAND is run by posix_spawn, words split at blanks,
 *	                                                       output thrown away; prints "NAME median_ms"
 *	bench value ROUNDS NAME                                bs_store_get of the user's value NAME against one nettle
 *	                                                       AES-256-GCM plus one SHA-512 pass over as many bytes
 *	bench set ROUNDS DIR COUNT                             `set` through the library in a preferences file of COUNT
 *	                                                       secrets against writing and fsyncing a file of that size
 */
#include <bus-secrets/harden.h>
#include <bus-secrets/store.h>
#include <errno.h>
#include <fcntl.h>
#include <nettle/gcm.h>
#include <sodium.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define MAX_ROUNDS 1000
#define MAX_COMMANDS 8
#define MAX_WORDS 32

extern char **environ;

static double now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), compare);
	return values[count / 2];
}

_Noreturn static void die(const char *what, const char *why)
{
	fprintf(stderr, "bench: %s: %s\n", what, why);
	exit(1);
}

struct command {
	const char *name;
	char *words[MAX_WORDS + 1];
	double ms[MAX_ROUNDS];
};

static void split(char *text, struct command *command)
{
	size_t n = 0;

	for (char *word = strtok(text, " "); word; word = strtok(NULL, " ")) {
		if (n == MAX_WORDS)
			die(command->name, "too many words");
		command->words[n++] = word;
	}
}

static double run_once(struct command *command, posix_spawn_file_actions_t *actions)
{
	double start = now_ms();
	pid_t pid;
	int status;
	int err = posix_spawnp(&pid, command->words[0], actions, NULL, command->words, environ);

	if (err)
		die(command->words[0], strerror(err));
	if (waitpid(pid, &status, 0) != pid || status)
		die(command->name, "the command failed");
	return now_ms() - start;
}

static void bench_commands(size_t rounds, int argc, char **argv)
{
	static struct command commands[MAX_COMMANDS];
	size_t count = (size_t)argc / 2;
	posix_spawn_file_actions_t actions;

	if (count > MAX_COMMANDS || posix_spawn_file_actions_init(&actions) ||
		posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0))
		die("commands", "too many, or out of memory");
	for (size_t i = 0; i < count; i++) {
		commands[i].name = argv[2 * i];
		split(argv[2 * i + 1], &commands[i]);
		(void)run_once(&commands[i], &actions);
	}
	for (size_t r = 0; r < rounds; r++) {
		for (size_t i = 0; i < count; i++)
			commands[i].ms[r] = run_once(&commands[i], &actions);
	}
	for (size_t i = 0; i < count; i++)
		printf("%s %.3f\n", commands[i].name, median(commands[i].ms, rounds));
	posix_spawn_file_actions_destroy(&actions);
}

struct ground {
	struct bs_env *env;
	struct bs_keys *keys;
	struct bs_store *store;
};

static struct ground open_ground(void)
{
	struct ground g = {0};
	struct bs_error err;

	if (bs_harden_process(NULL, &err) || bs_env_open(&(struct bs_env_options){0}, &g.env, &err) ||
		bs_keys_open(g.env, NULL, &g.keys, &err) || bs_store_open(g.env, NULL, g.keys, &g.store, &err))
		die("store", err.msg);
	return g;
}

static void close_ground(struct ground *g)
{
	bs_store_close(g->store);
	bs_keys_close(g->keys);
	bs_env_close(g->env);
}

/* What any implementation has to do to a value: decipher it and hash it, with the same libraries. */
static double reference_pass(uint8_t *out, const uint8_t *in, size_t len)
{
	static struct gcm_aes256_ctx ctx;
	uint8_t key[32] = {1}, iv[32] = {2}, tag[16], hash[crypto_hash_sha512_BYTES];
	double start = now_ms();

	gcm_aes256_set_key(&ctx, key);
	gcm_aes256_set_iv(&ctx, sizeof(iv), iv);
	gcm_aes256_decrypt(&ctx, len, out, in);
	gcm_aes256_digest(&ctx, sizeof(tag), tag);
	(void)crypto_hash_sha512(hash, out, len);
	return now_ms() - start;
}

static void bench_value(size_t rounds, const char *name)
{
	static double ours[MAX_ROUNDS], reference[MAX_ROUNDS];
	struct ground g = open_ground();
	struct bs_error err;
	size_t len = 0;

	for (size_t r = 0; r < rounds; r++) {
		struct bs_secret *value;
		double start = now_ms();

		if (bs_store_get(g.store, BS_SCOPE_USER, name, &value, NULL, &err))
			die(name, err.msg);
		ours[r] = now_ms() - start;
		len = bs_secret_len(value);
		bs_secret_free(value);

		uint8_t *in = calloc(2, len);

		if (!in)
			die(name, "out of memory");
		memset(in, 0x55, 2 * len);
		reference[r] = reference_pass(in + len, in, len);
		free(in);
	}
	printf("ours %.3f\nreference %.3f\nbytes %zu\n", median(ours, rounds), median(reference, rounds), len);
	close_ground(&g);
}

static double write_and_sync(const char *dir, const char *bytes, size_t len)
{
	int dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	double start = now_ms();
	int fd = openat(dirfd, "reference", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	for (size_t done = 0; done < len;) {
		ssize_t n = write(fd, bytes + done, len - done);

		if (n <= 0)
			die(dir, strerror(errno));
		done += (size_t)n;
	}
	if (fsync(fd) || close(fd))
		die(dir, strerror(errno));
	double ms = now_ms() - start;

	(void)close(dirfd);
	return ms;
}

static void bench_set(size_t rounds, const char *dir)
{
	static double ours[MAX_ROUNDS], reference[MAX_ROUNDS];
	struct ground g = open_ground();
	struct bs_error err;
	struct bs_store_place place;
	struct stat st;

	if (bs_store_get_place(g.store, BS_SCOPE_USER, &place, &err) || stat(place.path, &st))
		die(dir, "no store");
	char *bytes = calloc(1, (size_t)st.st_size);

	if (!bytes)
		die(dir, "out of memory");
	for (size_t r = 0; r < rounds; r++) {
		struct bs_secret *value;
		char text[64];
		int len = snprintf(text, sizeof(text), "value of round %zu", r);

		if (bs_secret_copy(text, (size_t)len, &value, &err))
			die(dir, err.msg);
		double start = now_ms();

		if (bs_store_set(g.store, BS_SCOPE_USER, "bench", value, NULL, NULL, &err))
			die(dir, err.msg);
		ours[r] = now_ms() - start;
		bs_secret_free(value);
		reference[r] = write_and_sync(dir, bytes, (size_t)st.st_size);
	}
	printf("ours %.3f\nreference %.3f\nbytes %lld\n", median(ours, rounds), median(reference, rounds),
		(long long)st.st_size);
	free(bytes);
	bs_store_place_release(&place);
	close_ground(&g);
}

int main(int argc, char **argv)
{
	size_t rounds = argc > 2 ? (size_t)atoi(argv[2]) : 0;

	if (argc < 4 || rounds < 1 || rounds > MAX_ROUNDS)
		die("usage", "bench commands|value|set ROUNDS ...");
	if (strcmp(argv[1], "commands") == 0)
		bench_commands(rounds, argc - 3, argv + 3);
	else if (strcmp(argv[1], "value") == 0)
		bench_value(rounds, argv[3]);
	else if (strcmp(argv[1], "set") == 0)
		bench_set(rounds, argv[3]);
	else
		die(argv[1], "unknown");
	return 0;
}
