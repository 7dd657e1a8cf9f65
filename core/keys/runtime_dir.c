/* runtime_dir.c: the directory for sockets and logs of the running programs. */
#include "env_private.h"

#include "../base/cstr.h"
#include <string.h>
#include <sys/stat.h>

/* Makes it if missing; in any case it must be a directory of ours that nobody else can write or enter. */
static enum bs_code own_directory(const char *path, struct bs_error *reterr)
{
	struct stat st;

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return bs_error_sys(reterr, errno, "cannot make %s", path);
	if (lstat(path, &st) < 0)
		return bs_error_sys(reterr, errno, "%s", path);
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid())
		return bs_error_set(reterr, BS_POLICY, "%s is not a directory of yours; remove it", path);
	if ((st.st_mode & 077) && chmod(path, 0700) < 0)
		return bs_error_sys(reterr, errno, "cannot close %s to others", path);
	return BS_OK;
}

enum bs_code bs_env_runtime_dir(const struct bs_env *env, char **ret, struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) char *path = NULL;
	const char *runtime = bs_env_get(env, "XDG_RUNTIME_DIR");
	struct stat st;
	enum bs_code code;

	if (runtime && runtime[0] == '/' && stat(runtime, &st) == 0 && S_ISDIR(st.st_mode) &&
		st.st_uid == geteuid() && !(st.st_mode & 022))
		code = bs_cstr_format(&path, reterr, "%s/bus-secrets", runtime);
	else
		code = bs_cstr_format(&path, reterr, "/tmp/bus-secrets-%ju", (uintmax_t)geteuid());
	if (!code)
		code = own_directory(path, reterr);
	if (code)
		return code;
	*ret = BS_TAKE(path);
	return BS_OK;
}
