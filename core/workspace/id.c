/* id.c: the name that a workspace has in the mount. */
#include "workspace_private.h"

#include "../base/hash.h"
#include <bus-secrets/name.h>
#include <string.h>

#define ID_HEX 6

_Static_assert(BS_NAME_MAX + 1 + ID_HEX + 1 <= BS_WORKSPACE_ID_MAX, "room for the longest id");

void bs_workspace_id(const struct bs_workspace *ws, char ret[static BS_WORKSPACE_ID_MAX])
{
	const char *base = strrchr(ws->path, '/') + 1;
	char hex[BS_HASH_HEX];
	char folded[BS_NAME_MAX + 1];

	bs_hash_hex(ws->path, strlen(ws->path), hex);
	if (!bs_name_fold(base, strlen(base), folded))
		(void)stpcpy(folded, "root");
	hex[ID_HEX] = '\0';
	(void)stpcpy(stpcpy(stpcpy(ret, folded), "-"), hex);
}
