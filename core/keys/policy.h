/*
 * policy.h: which recipients a document gets.
 *
 * Layer: core/keys; used by core/store. Rules: design section 4, "Recipients".
 */
#ifndef BS_POLICY_H
#define BS_POLICY_H

#include <bus-secrets/keys.h>
#include <bus-secrets/scope.h>

enum bs_policy_origin {
	BS_POLICY_NONE,       /* no project policy: documents' own, SOPS_AGE_RECIPIENTS, the user's own */
	BS_POLICY_RECIPIENTS, /* .bus/secrets/recipients.txt */
	BS_POLICY_SOPS_YAML,  /* a creation rule of .sops.yaml */
};

/*
 * The recipients for a document: present are those it has (NULL: it is new). is_rekey: user scope drops the present
 * ones. All native, no doubles, in a stable order. BS_POLICY for a project policy that asks for kinds that cannot be
 * made here or whose expression is refused (the message names them); BS_NO_IDENTITY if nobody would be left.
 */
enum bs_code bs_policy_recipients(const struct bs_env *env, const struct bs_workspace *ws, struct bs_keys *keys,
	enum bs_scope scope, const char *name, const struct bs_strings *present, bool is_rekey,
	struct bs_strings *ret, enum bs_policy_origin *ret_origin, struct bs_error *reterr) BS_MUST_CHECK;

#endif
