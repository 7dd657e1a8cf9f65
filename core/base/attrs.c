/* Keeping what a file has besides its bytes: owner if possible, group, mode, ACL, extended attributes. */
#include "replace_private.h"

#include "fault.h"

#include <bus-secrets/cleanup.h>
#include <string.h>
#include <sys/xattr.h>

#define ACL "system.posix_acl_access"
#define MAX_LIST 65536

/* Made by the kernel from the bytes; those of the old bytes would be wrong. */
static bool is_computed(const char *name)
{
	return !strcmp(name, "security.ima") || !strcmp(name, "security.evm");
}

/* The value of an attribute on the heap. NULL with ENODATA: not set. */
static char *get_attr(int fd, const char *name, size_t *ret_len)
{
	BS_CLEANUP(bs_free_ptr) char *value = malloc(MAX_LIST);
	ssize_t len;

	if (!value)
		return NULL;
	len = BS_IO(fgetxattr(fd, name, value, MAX_LIST));
	if (len < 0)
		return NULL;
	*ret_len = (size_t)len;
	return BS_TAKE(value);
}

static enum bs_code keep_one(int from, int to, const char *name, const char *shown, struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) char *want = NULL;
	BS_CLEANUP(bs_free_ptr) char *have = NULL;
	size_t want_len = 0, have_len = 0;

	want = get_attr(from, name, &want_len);
	if (!want && errno == ENODATA)
		return BS_OK;
	if (want) {
		have = get_attr(to, name, &have_len);
		if (have && have_len == want_len && !memcmp(have, want, want_len))
			return BS_OK;
	}
	if (!want || BS_IO(fsetxattr(to, name, want, want_len, 0)))
		return bs_error_sys(reterr, errno, "cannot keep the attribute %s of %s: it is left as it was", name,
			shown);
	return BS_OK;
}

static enum bs_code keep_list(int from, int to, const char *list, size_t len, const char *shown,
	struct bs_error *reterr)
{
	for (size_t at = 0; at < len; at += strlen(list + at) + 1) {
		enum bs_code code = is_computed(list + at) ? BS_OK : keep_one(from, to, list + at, shown, reterr);

		if (code)
			return code;
	}
	return BS_OK;
}

static enum bs_code keep_xattrs(int from, int to, const char *shown, struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) char *list = malloc(MAX_LIST + 1);
	ssize_t len;

	if (!list)
		return bs_error_set(reterr, BS_NO_MEMORY, "no memory for the attributes of %s", shown);
	len = BS_IO(flistxattr(from, list, MAX_LIST));
	if (len < 0 && errno != ENOTSUP && errno != ENOSYS)
		return bs_error_sys(reterr, errno, "cannot read the attributes of %s", shown);
	if (len < 0)
		return BS_OK;
	list[len] = '\0';
	return keep_list(from, to, list, (size_t)len, shown, reterr);
}

/* A directory's default ACL went onto our new file; one that the target does not have goes away again. */
static enum bs_code drop_inherited_acl(int from, int to, const char *shown, struct bs_error *reterr)
{
	if (fgetxattr(from, ACL, NULL, 0) >= 0 || fgetxattr(to, ACL, NULL, 0) < 0)
		return BS_OK;
	if (BS_IO(fremovexattr(to, ACL)))
		return bs_error_sys(reterr, errno, "cannot keep the access list of %s: it is left as it was", shown);
	return BS_OK;
}

enum bs_code bs_attrs_keep(int from, const struct stat *st, int to, const char *shown, struct bs_error *reterr)
{
	struct stat have;
	enum bs_code code;

	if (BS_IO(fstat(to, &have)))
		return bs_error_sys(reterr, errno, "cannot look at the new text of %s", shown);
	/* The owner changes if it must: who may write the file may have it. The group decides who reads it. */
	if ((have.st_uid != st->st_uid || have.st_gid != st->st_gid) && fchown(to, st->st_uid, st->st_gid) &&
		have.st_gid != st->st_gid && BS_IO(fchown(to, (uid_t)-1, st->st_gid)))
		return bs_error_sys(reterr, errno, "cannot keep the group of %s: it is left as it was", shown);
	code = drop_inherited_acl(from, to, shown, reterr);
	if (!code)
		code = keep_xattrs(from, to, shown, reterr);
	if (code)
		return code;
	/* Last, for a change of owner takes bits away. */
	if (BS_IO(fstat(to, &have)) ||
		((have.st_mode & 07777) != (st->st_mode & 07777) && BS_IO(fchmod(to, st->st_mode & 07777))))
		return bs_error_sys(reterr, errno, "cannot keep the mode of %s: it is left as it was", shown);
	return BS_OK;
}
