/* Finding where a stored file lies: links followed, contained, locked, looked up again under the lock. */
#include "replace_private.h"

#include "fault.h"

#include <bus-secrets/cleanup.h>
#include <fcntl.h>
#include <string.h>

#define MAX_LINKS 40
#define MAX_DEPTH 4096
#define MAX_MOVES 16

void bs_place_release(struct bs_place *place)
{
	/* Closing unlocks as well, unless a child forked by another thread holds the descriptor for a moment. */
	bs_close_fd(&place->dir);
}

/* Splits path in place. The directory part of "name" is "." and of "/name" is "/". */
static int split(char *path, const char **ret_dir, const char **ret_name)
{
	char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;

	if (!*name || !strcmp(name, ".") || !strcmp(name, "..")) {
		errno = EISDIR;
		return -1;
	}
	if (strlen(name) > NAME_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	*ret_name = name;
	*ret_dir = !slash ? "." : slash == path ? "/" : path;
	if (slash && slash != path)
		*slash = '\0';
	return 0;
}

/*
 * Whether the directory fd lies in, or is, the directory `beneath`. Climbs from the descriptor instead of comparing
 * paths: the answer holds for what is going to be written, whatever is renamed meanwhile, and needs no /proc.
 */
static int is_beneath(int fd, const char *beneath)
{
	BS_CLEANUP(bs_close_fd) int top = BS_IO(open(beneath, O_PATH | O_DIRECTORY | O_CLOEXEC));
	BS_CLEANUP(bs_close_fd) int at = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	struct stat want, have, last = {.st_ino = 0};
	int up;

	if (top < 0 || at < 0 || BS_IO(fstat(top, &want)))
		return -1;
	for (int depth = 0; depth < MAX_DEPTH; depth++) {
		if (BS_IO(fstat(at, &have)))
			return -1;
		if (have.st_dev == want.st_dev && have.st_ino == want.st_ino)
			return 1;
		if (depth && have.st_dev == last.st_dev && have.st_ino == last.st_ino)
			return 0; /* the root is its own parent */
		last = have;
		up = BS_IO(openat(at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC));
		if (up < 0)
			return -1;
		(void)close(at);
		at = up;
	}
	return 0;
}

static enum bs_code check_beneath(const struct bs_replace *replace, int dir, struct bs_error *reterr)
{
	int answer;

	if (!replace->beneath)
		return BS_OK;
	answer = is_beneath(dir, replace->beneath);
	if (answer < 0)
		return bs_error_sys(reterr, errno, "cannot tell whether %s lies in %s", replace->shown,
			replace->beneath);
	if (!answer)
		return bs_error_set(reterr, BS_POLICY, "%s is a link that leads out of %s: it is not followed",
			replace->shown, replace->beneath);
	return BS_OK;
}

/* A new directory's name to disk; *at is no descriptor to sync by. */
static int sync_dir(int at)
{
	BS_CLEANUP(bs_close_fd) int fd = BS_IO(openat(at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));

	return fd < 0 ? -1 : bs_move_sync(fd);
}

/*
 * A directory just made gets the whole of new_dir_mode: the umask of a hardened process takes more than its caller's
 * would. What it inherited (set-group-ID) stays.
 */
static int set_dir_mode(const struct bs_replace *replace, int at, const char *part)
{
	BS_CLEANUP(bs_close_fd) int fd = -1;
	struct stat st;

	if (!(replace->new_dir_mode & 077))
		return 0;
	fd = BS_IO(openat(at, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
	if (fd < 0 || BS_IO(fstat(fd, &st)))
		return -1;
	return BS_IO(fchmod(fd, (st.st_mode & 07000) | replace->new_dir_mode));
}

static int make_dir(const struct bs_replace *replace, int at, const char *part)
{
	if (BS_IO(mkdirat(at, part, replace->new_dir_mode)))
		return errno == EEXIST ? 0 : -1;
	return set_dir_mode(replace, at, part) || sync_dir(at) ? -1 : 0;
}

/* Steps from *at into one component, making it if it is not there. *is_checked: `beneath` was looked at already. */
static enum bs_code step(const struct bs_replace *replace, int *at, const char *part, bool *is_checked,
	struct bs_error *reterr)
{
	int next = BS_IO(openat(*at, part, O_PATH | O_DIRECTORY | O_CLOEXEC));
	enum bs_code code;

	if (next < 0 && errno == ENOENT) {
		code = *is_checked ? BS_OK : check_beneath(replace, *at, reterr);
		if (code)
			return code;
		*is_checked = true;
		if (make_dir(replace, *at, part))
			return bs_error_sys(reterr, errno, "cannot make the directory of %s", replace->shown);
		/* EEXIST with O_NOFOLLOW: a link that dangles fails here, another's fresh directory is as good. */
		next = BS_IO(openat(*at, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
	}
	if (next < 0)
		return bs_error_sys(reterr, errno, "cannot open the directory of %s", replace->shown);
	(void)close(*at);
	*at = next;
	return BS_OK;
}

/* As mkdir -p, on descriptors. Consumes dir. */
static enum bs_code make_dirs(const struct bs_replace *replace, char *dir, struct bs_error *reterr)
{
	BS_CLEANUP(bs_close_fd) int at =
		BS_IO(open(*dir == '/' ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
	bool is_checked = false;
	enum bs_code code;
	char *rest = dir;
	const char *part;

	if (at < 0)
		return bs_error_sys(reterr, errno, "cannot open the directory of %s", replace->shown);
	while ((part = strsep(&rest, "/"))) {
		if (!*part)
			continue;
		code = step(replace, &at, part, &is_checked, reterr);
		if (code)
			return code;
	}
	return BS_OK;
}

/* The text of the link name in dir on the heap; NULL with errno 0: no link; NULL with ENOENT: nothing there. */
static char *read_link(int dir, const char *name)
{
	BS_CLEANUP(bs_free_ptr) char *target = malloc(PATH_MAX);
	ssize_t len;

	if (!target)
		return NULL;
	len = BS_IO(readlinkat(dir, name, target, PATH_MAX));
	if (len < 0) {
		errno = errno == EINVAL ? 0 : errno;
		return NULL;
	}
	if (len == 0 || len == PATH_MAX) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	target[len] = '\0';
	return BS_TAKE(target);
}

static enum bs_code dangling(const struct bs_replace *replace, struct bs_error *reterr)
{
	return bs_error_set(reterr, BS_POLICY,
		"%s is a symbolic link to a file that does not exist: make that file or remove the link",
		replace->shown);
}

/*
 * One hop: opens the directory part of path relative to *at and reads the name in it. *ret_target: it is a link, to
 * this. *at becomes -1 if the directory is not there.
 */
static enum bs_code hop(const struct bs_replace *replace, int flags, char *path, bool is_followed,
	struct bs_place *place, char **ret_target, struct bs_error *reterr)
{
	const char *dir, *name;
	int next;

	if (split(path, &dir, &name))
		return bs_error_sys(reterr, errno, "%s cannot be a file", replace->shown);
	next = BS_IO(openat(place->dir < 0 ? AT_FDCWD : place->dir, dir, flags));
	if (next < 0 && errno == ENOENT) {
		bs_place_release(place);
		return is_followed ? dangling(replace, reterr) : BS_OK;
	}
	if (next < 0)
		return bs_error_sys(reterr, errno, "cannot open the directory of %s", replace->shown);
	bs_place_release(place);
	place->dir = next;
	memcpy(place->name, name, strlen(name) + 1);
	*ret_target = read_link(next, name);
	if (*ret_target || !errno)
		return BS_OK;
	if (errno != ENOENT)
		return bs_error_sys(reterr, errno, "cannot read %s", replace->shown);
	return is_followed ? dangling(replace, reterr) : BS_OK;
}

static enum bs_code resolve(const struct bs_replace *replace, int flags, char **path, struct bs_place *place,
	struct bs_error *reterr)
{
	for (int hops = 0; hops <= MAX_LINKS; hops++) {
		char *target = NULL;
		enum bs_code code = hop(replace, flags, *path, hops > 0, place, &target, reterr);

		if (code)
			return code;
		if (!target)
			return place->dir < 0 ? BS_OK : check_beneath(replace, place->dir, reterr);
		free(*path);
		*path = target;
	}
	return bs_error_set(reterr, BS_POLICY, "%s is a symbolic link that goes in circles", replace->shown);
}

static enum bs_code find(const struct bs_replace *replace, enum bs_place_how how, struct bs_place *ret,
	struct bs_error *reterr)
{
	int flags = (how == BS_PLACE_READ ? O_PATH : O_RDONLY) | O_DIRECTORY | O_CLOEXEC;
	BS_CLEANUP(bs_free_ptr) char *path = NULL;
	BS_CLEANUP(bs_free_ptr) char *dir = NULL;
	char *slash;
	enum bs_code code = replace->locate(replace->ctx, &path, reterr);

	ret->dir = -1;
	if (code)
		return code;
	if (how == BS_PLACE_MAKE) {
		dir = strdup(path);
		if (!dir)
			return bs_error_set(reterr, BS_NO_MEMORY, "no memory for the path of %s", replace->shown);
		slash = strrchr(dir, '/');
		if (slash) {
			slash[slash == dir] = '\0';
			code = make_dirs(replace, dir, reterr);
			if (code)
				return code;
		}
	}
	code = resolve(replace, flags, &path, ret, reterr);
	if (code)
		bs_place_release(ret);
	return code;
}

static bool is_same_place(const struct bs_place *a, const struct bs_place *b)
{
	struct stat x, y;

	if (a->dir < 0 || b->dir < 0 || strcmp(a->name, b->name) != 0)
		return false;
	return !BS_IO(fstat(a->dir, &x)) && !BS_IO(fstat(b->dir, &y)) && x.st_dev == y.st_dev &&
		x.st_ino == y.st_ino;
}

/*
 * Between finding the directory and having its lock another program may have moved the file or the directory, so it
 * is found once more under the lock; if that leads elsewhere, elsewhere is locked.
 */
enum bs_code bs_place_open(const struct bs_replace *replace, enum bs_place_how how, struct bs_place *ret,
	struct bs_error *reterr)
{
	for (int moves = 0; moves < MAX_MOVES; moves++) {
		BS_CLEANUP(bs_place_release) struct bs_place place = {.dir = -1};
		BS_CLEANUP(bs_place_release) struct bs_place again = {.dir = -1};
		enum bs_code code = find(replace, how, &place, reterr);

		if (code)
			return code;
		if (how == BS_PLACE_READ || place.dir < 0) {
			*ret = place;
			place.dir = -1;
			return BS_OK;
		}
		code = bs_lock_fd(place.dir, replace->shown, reterr);
		if (!code)
			code = find(replace, BS_PLACE_READ, &again, reterr);
		if (code)
			return code;
		if (is_same_place(&place, &again)) {
			*ret = place;
			place.dir = -1;
			return BS_OK;
		}
	}
	return bs_error_set(reterr, BS_BUSY, "%s keeps being moved by another program: try again", replace->shown);
}
