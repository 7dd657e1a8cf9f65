/*
 * store_ground.h: the ground of the store's tests: a home, a workspace and keys of its own, on a tmpfs.
 *
 * Every Criterion test is a process of its own, so one ground a test is enough; .init and .fini make and
 * remove it.
 */
#ifndef BS_STORE_GROUND_H
#define BS_STORE_GROUND_H

#include <bus-secrets/store.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct ground {
	char root[64];
	char home[96];
	char dir[96]; /* the workspace */
	char own[128]; /* our recipient */
	struct bs_env *env;
	struct bs_workspace *ws;
	struct bs_keys *keys;
	struct bs_store *store;
	struct bs_error error; /* of the last call */
};

static struct ground g __attribute__((unused));

#define UNUSED __attribute__((unused))

static UNUSED void put_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	cr_assert_geq(fd, 0, "%s: %s", path, strerror(errno));
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

/* On the heap; NULL if there is none. */
static UNUSED char *get_file(const char *path)
{
	FILE *file = fopen(path, "re");
	size_t len = 0, room = 0;
	char *text = NULL;
	ssize_t got = file ? getdelim(&text, &room, 0, file) : -1;

	if (file)
		fclose(file);
	if (got < 0) {
		free(text);
		return file ? strdup("") : NULL;
	}
	len = (size_t)got;
	(void)len;
	return text;
}

static UNUSED const char *in_home(const char *path)
{
	static char rooms[4][PATH_MAX];
	static int next;
	char *room = rooms[next++ % 4];

	(void)snprintf(room, PATH_MAX, "%s/%s", g.home, path);
	return room;
}

static UNUSED const char *in_ws(const char *path)
{
	static char rooms[4][PATH_MAX];
	static int next;
	char *room = rooms[next++ % 4];

	(void)snprintf(room, PATH_MAX, "%s/%s", g.dir, path);
	return room;
}

#define PREFERENCES in_home(".config/bus/preferences.json")

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	(void)chmod(path, 0700);
	return remove(path);
}

static UNUSED void make_dirs(const char *path)
{
	char copy[PATH_MAX];

	(void)snprintf(copy, sizeof(copy), "%s", path);
	for (char *at = copy + 1; (at = strchr(at, '/')); *at++ = '/') {
		*at = '\0';
		(void)mkdir(copy, 0755);
	}
	cr_assert(mkdir(copy, 0755) == 0 || errno == EEXIST);
}

static UNUSED void make_dir_layout(void)
{
	make_dirs(in_ws(".bus/secrets"));
}

static UNUSED void ground_close(void)
{
	g.store = bs_store_close(g.store);
	g.keys = bs_keys_close(g.keys);
	g.ws = bs_workspace_close(g.ws);
	g.env = bs_env_close(g.env);
}

/* Opens everything afresh, as another call would. */
static UNUSED void ground_open(void)
{
	struct bs_env_options options = {.chdir = g.dir};
	enum bs_code code;

	ground_close();
	cr_assert_eq(bs_env_open(&options, &g.env, &g.error), BS_OK, "%s", g.error.msg);
	code = bs_workspace_find(g.env, NULL, &g.ws, &g.error);
	cr_assert(code == BS_OK || code == BS_NO_WORKSPACE, "%s", g.error.msg);
	cr_assert_eq(bs_keys_open(g.env, g.ws, &g.keys, &g.error), BS_OK, "%s", g.error.msg);
	cr_assert_eq(bs_store_open(g.env, g.ws, g.keys, &g.store, &g.error), BS_OK, "%s", g.error.msg);
}

static UNUSED void ground_make_dirs(void)
{
	static const char *const variables[] = {"BUS_PREFERENCES_PATH", "BUS_CONFIG_DIR", "XDG_CONFIG_HOME",
		"XDG_STATE_HOME", "SOPS_AGE_KEY", "SOPS_AGE_KEY_FILE", "SOPS_AGE_KEY_CMD",
		"SOPS_AGE_RECIPIENTS", "SOPS_AGE_SSH_PRIVATE_KEY_FILE"};

	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
		unsetenv(variables[i]);
	(void)snprintf(g.root, sizeof(g.root), "/dev/shm/bs-store.XXXXXX");
	cr_assert_not_null(mkdtemp(g.root));
	(void)snprintf(g.home, sizeof(g.home), "%s/home", g.root);
	(void)snprintf(g.dir, sizeof(g.dir), "%s/ws", g.root);
	cr_assert_eq(mkdir(g.home, 0700), 0);
	cr_assert_eq(mkdir(g.dir, 0755), 0);
	setenv("HOME", g.home, 1);
	put_file(in_ws("datapackage.json"), "{}\n");
}

/*
 * Makes an identity in a home of its own; its recipient into ret, its key file stays at HOME/keys.txt's
 * place.
 */
static UNUSED void make_identity_in(const char *home, char ret[static 128])
{
	BS_CLEANUP(bs_env_close_ptr) struct bs_env *env = NULL;
	BS_CLEANUP(bs_free_ptr) char *path = NULL;
	BS_CLEANUP(bs_free_ptr) char *recipient = NULL;
	struct bs_env_options options = {.chdir = g.root};
	char *before = strdup(getenv("HOME"));

	make_dirs(home);
	setenv("HOME", home, 1);
	cr_assert_eq(bs_env_open(&options, &env, &g.error), BS_OK, "%s", g.error.msg);
	cr_assert_eq(bs_keys_make(env, &path, &recipient, &g.error), BS_OK, "%s", g.error.msg);
	(void)snprintf(ret, 128, "%s", recipient);
	setenv("HOME", before, 1);
	free(before);
}

/* The recipient of somebody else. */
static UNUSED const char *other_recipient(void)
{
	static char recipient[128];
	char home[128];

	if (!recipient[0]) {
		(void)snprintf(home, sizeof(home), "%s/other", g.root);
		make_identity_in(home, recipient);
	}
	return recipient;
}

static UNUSED void ground_start(void)
{
	ground_make_dirs();
	make_identity_in(g.home, g.own);
	ground_open();
}

static UNUSED void ground_start_without_keys(void)
{
	ground_make_dirs();
	ground_open();
}

static UNUSED void ground_end(void)
{
	ground_close();
	if (g.root[0])
		(void)nftw(g.root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static UNUSED enum bs_code set_bytes(enum bs_scope scope, const char *name, const void *bytes, size_t len,
	const struct bs_store_write *options, struct bs_store_report *report)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *value = NULL;

	memset(&g.error, 0, sizeof(g.error));
	cr_assert_eq(bs_secret_copy(bytes, len, &value, NULL), BS_OK);
	return bs_store_set(g.store, scope, name, value, options, report, &g.error);
}

static UNUSED enum bs_code set_text(enum bs_scope scope, const char *name, const char *text)
{
	return set_bytes(scope, name, text, strlen(text), NULL, NULL);
}

static UNUSED enum bs_code get_code(enum bs_scope scope, const char *name)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *value = NULL;

	memset(&g.error, 0, sizeof(g.error));
	return bs_store_get(g.store, scope, name, &value, NULL, &g.error);
}

static UNUSED void expect_bytes(enum bs_scope scope, const char *name, const void *bytes, size_t len)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *value = NULL;

	cr_assert_eq(bs_store_get(g.store, scope, name, &value, NULL, &g.error), BS_OK, "%s: %s", name,
		g.error.msg);
	cr_assert_eq(bs_secret_len(value), len, "%s has %zu bytes", name, bs_secret_len(value));
	cr_assert(len == 0 || memcmp(bs_secret_bytes(value), bytes, len) == 0, "%s has another value", name);
}

static UNUSED void expect_value(enum bs_scope scope, const char *name, const char *text)
{
	expect_bytes(scope, name, text, strlen(text));
}

static UNUSED void expect_set(enum bs_scope scope, const char *name, const char *text)
{
	cr_assert_eq(set_text(scope, name, text), BS_OK, "%s", g.error.msg);
}

/* The last error's message holds this. */
static UNUSED void expect_message(const char *part)
{
	cr_assert_not_null(strstr(g.error.msg, part), "message: %s", g.error.msg);
	cr_assert_null(strchr(g.error.msg, '\n'), "message: %s", g.error.msg);
}

/* Names of a listing, joined by blanks. */
static UNUSED const char *list_names(enum bs_scope scope)
{
	static char room[4096];
	struct bs_store_list list = {0};
	size_t used = 0;

	cr_assert_eq(bs_store_list(g.store, scope, &list, &g.error), BS_OK, "%s", g.error.msg);
	room[0] = '\0';
	for (size_t i = 0; i < list.count; i++)
		used += (size_t)snprintf(
			room + used, sizeof(room) - used, "%s%s", i ? " " : "", list.items[i].name);
	bs_store_list_release(&list);
	return room;
}

/* No part file and no conflict file in a directory. */
static UNUSED void expect_no_litter(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		cr_assert_null(strstr(entry->d_name, ".bus-"), "litter: %s", entry->d_name);
	if (dir)
		closedir(dir);
}

#endif
