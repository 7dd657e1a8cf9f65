/*
 * semver.h: the version that a document names (specs/sops.md, section 7).
 *
 * Layer: core/sops, private.
 */
#ifndef BS_SOPS_SEMVER_H
#define BS_SOPS_SEMVER_H

#include <stdbool.h>

/* X.Y.Z as the sops command wants it; whatever begins with "1." it takes for an old document. */
bool bs_semver_is_valid(const char *version);

#endif
