/*
 * replace_driver: drives the replacement protocol on small text files of lines "key=value", and plays the other
 * programs that write them.
 *
 *	set FILE KEY VALUE        one change of ours; prints nothing
 *	del FILE KEY              removes the line; the last line goes with the file
 *	many FILE KEY COUNT       COUNT changes of ours: KEY=1, 2, ...; one that meets a conflict is made again
 *	get FILE                  prints the text as a reader sees it
 *	weak DIR                  prints weak or strong
 *	foreign-locked FILE KEY COUNT   another program that takes our lock and reads again before it writes
 *	foreign-blind FILE KEY COUNT    one that never reads: each text has its own lines KEY1=.. KEYn=.. and no other
 *	check-displaced LOG DIR   every line of the log is in a file of DIR that is not hidden
 *	sweep ACTION OP FOREIGN [FAULTS]   see sweep.c
 *
 * BENEATH in the environment: the directory that links may not leave. The exit status is the bs_code.
 */
#include "replace_driver.h"

#include "../../core/base/fault.h"

#include <bus-secrets/cleanup.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIMIT ((size_t)1 << 24)

static enum bs_code locate(void *ctx, char **ret_path, struct bs_error *reterr)
{
	const struct edit *edit = ctx;

	(void)reterr;
	*ret_path = strdup(edit->file);
	return *ret_path ? BS_OK : BS_NO_MEMORY;
}

/* The line of key in text; NULL: none. */
const char *find_line(const char *text, const char *key, size_t *ret_len)
{
	size_t key_len = strlen(key);

	for (const char *at = text; at && *at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL) {
		if (strncmp(at, key, key_len) || at[key_len] != '=')
			continue;
		*ret_len = strcspn(at, "\n") + 1;
		return at;
	}
	return NULL;
}

/* The text with key's line replaced, added or (value NULL) removed. */
char *with_line(const char *text, const char *key, const char *value)
{
	size_t len = 0, size = strlen(text) + strlen(key) + (value ? strlen(value) : 0) + 3;
	const char *line = find_line(text, key, &len);
	char *made = malloc(size);

	if (!made)
		abort();
	if (!line)
		line = text + strlen(text);
	if (value)
		(void)snprintf(made, size, "%.*s%s=%s\n%s", (int)(line - text), text, key, value, line + len);
	else
		(void)snprintf(made, size, "%.*s%s", (int)(line - text), text, line + len);
	return made;
}

static enum bs_code edit_text(void *ctx, const char *text, size_t len, char **ret, size_t *ret_len,
	struct bs_error *reterr)
{
	const struct edit *edit = ctx;
	size_t line_len;

	(void)len;
	if (text && *text && text[strlen(text) - 1] != '\n')
		return bs_error_set(reterr, BS_MALFORMED, "%s is not whole", edit->file);
	if (!edit->value && (!text || !find_line(text, edit->key, &line_len)))
		return BS_OK;
	*ret = with_line(text ? text : "", edit->key, edit->value);
	*ret_len = strlen(*ret);
	return BS_OK;
}

/* Our change is a line that the foreign text does not have or has otherwise. Only "k" and "z" are ours. */
static enum bs_code merge_text(void *ctx, const char *ours, size_t ours_len, const char *displaced,
	size_t displaced_len, char **ret, size_t *ret_len, struct bs_error *reterr)
{
	size_t len;
	const char *line = find_line(ours, "k", &len);
	char value[64] = "";

	(void)ctx;
	(void)ours_len;
	(void)displaced_len;
	(void)reterr;
	if (!line || len - 3 >= sizeof(value))
		return BS_OK;
	memcpy(value, line + 2, len - 3);
	*ret = with_line(displaced, "k", value);
	*ret_len = strlen(*ret);
	return BS_OK;
}

static bool is_whole(void *ctx, const char *text, size_t len)
{
	(void)ctx;
	return text[len - 1] == '\n';
}

struct bs_replace replace_of(struct edit *edit)
{
	return (struct bs_replace){
		.locate = locate,
		.edit = edit_text,
		.merge = merge_text,
		.is_whole = is_whole,
		.ctx = edit,
		.shown = edit->file,
		.limit = LIMIT,
		.new_mode = 0600,
		.new_dir_mode = getenv("MAKE_DIRS") ? 0700 : 0,
		.beneath = getenv("BENEATH"),
		.is_removal = !edit->value,
	};
}

int change(const char *file, const char *key, const char *value)
{
	struct edit edit = {.file = file, .key = key, .value = value};
	struct bs_replace replace = replace_of(&edit);
	struct bs_error err = {.code = BS_OK};
	bool was_written = false;
	enum bs_code code = bs_replace(&replace, &was_written, &err);

	if (code)
		(void)fprintf(stderr, "%s\n", err.msg);
	return (int)code;
}

static int get(const char *file)
{
	struct edit edit = {.file = file, .value = ""};
	struct bs_replace replace = replace_of(&edit);
	struct bs_error err = {.code = BS_OK};
	char *text = NULL;
	size_t len = 0;
	enum bs_code code = bs_replace_read(&replace, &text, &len, &err);

	if (code)
		(void)fprintf(stderr, "%s\n", err.msg);
	else if (text)
		(void)fwrite(text, 1, len, stdout);
	free(text);
	return code ? (int)code : text ? 0 : BS_NOT_FOUND;
}

static int many(const char *file, const char *key, int count)
{
	char value[32];
	int status = 0, conflicts = 0;

	for (int i = 1; i <= count; i++) {
		(void)snprintf(value, sizeof(value), "%d", i);
		/* A person who reads of a conflict or a busy file tries again. */
		while ((status = change(file, key, value)) && (status == BS_CONFLICT || status == BS_BUSY))
			if (++conflicts > 1000)
				return status;
		if (status)
			return status;
	}
	(void)printf("%d conflicts\n", conflicts);
	return 0;
}

/* --- other programs --- */

char *slurp(const char *file)
{
	BS_CLEANUP(bs_close_fd) int fd = open(file, O_RDONLY | O_CLOEXEC);
	BS_CLEANUP(bs_free_ptr) char *text = NULL;
	struct stat st;
	ssize_t got;

	if (fd < 0 || fstat(fd, &st))
		return NULL;
	text = calloc(1, (size_t)st.st_size + 1);
	got = text ? read(fd, text, (size_t)st.st_size) : -1;
	return got < 0 ? NULL : BS_TAKE(text);
}

static void put(int fd, const char *text)
{
	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) || close(fd))
		abort();
}

void foreign_rename(const char *file, const char *text)
{
	char temp[4096];

	(void)snprintf(temp, sizeof(temp), "%s.tmp%d", file, (int)getpid());
	put(open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), text);
	if (rename(temp, file))
		abort();
}

void foreign_in_place(const char *file, const char *text)
{
	put(open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), text);
}

/* Opens now, writes a while later: the way of a slow editor. */
void foreign_slow(const char *file, const char *key, const char *value, int ready)
{
	int fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	char text[4096] = "";
	char *made;

	if (fd < 0 || pread(fd, text, sizeof(text) - 1, 0) < 0)
		abort();
	if (write(ready, "", 1) != 1)
		abort();
	usleep(30000);
	made = with_line(text, key, value);
	if (ftruncate(fd, 0) || lseek(fd, 0, SEEK_SET))
		abort();
	put(fd, made);
	free(made);
}

static int foreign_locked(const char *file, const char *key, int count)
{
	char value[32];
	char *dir = strdup(file), *text, *made;

	*strrchr(dir, '/') = '\0';
	for (int i = 1; i <= count; i++) {
		int lock = -1;

		if (bs_lock_dir(dir, &lock, NULL))
			return 1;
		(void)snprintf(value, sizeof(value), "%d", i);
		text = slurp(file);
		made = with_line(text ? text : "", key, value);
		foreign_rename(file, made);
		free(text);
		free(made);
		(void)close(lock);
		usleep(200);
	}
	free(dir);
	return 0;
}

static int foreign_blind(const char *file, const char *key, int count)
{
	size_t at = 0, room = (size_t)count * 32 + 1;
	char *text = calloc(1, room);

	for (int i = 1; i <= count; i++) {
		at += (size_t)snprintf(text + at, room - at, "%s%d=x\n", key, i);
		if (i % 2)
			foreign_rename(file, text);
		else
			foreign_in_place(file, text);
		usleep((useconds_t)(i * 37 % 1500));
	}
	free(text);
	return 0;
}

static bool is_line_in(const char *dir, const char *line)
{
	BS_CLEANUP(bs_close_dir) DIR *entries = opendir(dir);
	const struct dirent *entry;
	char path[4096], key[256];
	size_t len;

	(void)snprintf(key, sizeof(key), "%.*s", (int)strcspn(line, "=\n"), line);
	while (entries && (entry = readdir(entries))) {
		BS_CLEANUP(bs_free_ptr) char *text = NULL;

		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		text = slurp(path);
		if (text && find_line(text, key, &len))
			return true;
	}
	return false;
}

/* The lines of displaced texts of a blind writer have keys of their own, so a line is found by its key. */
static int check_displaced(const char *log, const char *dir)
{
	BS_CLEANUP(bs_free_ptr) char *text = slurp(log);
	int lines = 0, lost = 0;

	for (const char *at = text; at && *at; at += strcspn(at, "\n") + 1) {
		lines++;
		if (is_line_in(dir, at))
			continue;
		lost++;
		(void)printf("lost: %.*s\n", (int)strcspn(at, "\n"), at);
	}
	(void)printf("%d displaced lines, %d lost\n", lines, lost);
	return lost > 0;
}

int main(int argc, char **argv)
{
	const char *verb = argc > 2 ? argv[1] : "";

	if (!strcmp(verb, "set") && argc == 5)
		return change(argv[2], argv[3], argv[4]);
	if (!strcmp(verb, "del") && argc == 4)
		return change(argv[2], argv[3], NULL);
	if (!strcmp(verb, "many") && argc == 5)
		return many(argv[2], argv[3], atoi(argv[4]));
	if (!strcmp(verb, "get") && argc == 3)
		return get(argv[2]);
	if (!strcmp(verb, "weak") && argc == 3)
		return puts(bs_replace_is_weak(argv[2]) ? "weak" : "strong") < 0;
	if (!strcmp(verb, "foreign-locked") && argc == 5)
		return foreign_locked(argv[2], argv[3], atoi(argv[4]));
	if (!strcmp(verb, "foreign-blind") && argc == 5)
		return foreign_blind(argv[2], argv[3], atoi(argv[4]));
	if (!strcmp(verb, "check-displaced") && argc == 4)
		return check_displaced(argv[2], argv[3]);
	if (!strcmp(verb, "sweep") && argc >= 5)
		return sweep(argv[2], argv[3], argv[4], argc > 5 ? argv[5] : "");
	(void)fprintf(stderr, "replace_driver: wrong arguments\n");
	return 2;
}
