/*
 * creation_rules.h: the creation rules of a .sops.yaml.
 *
 * Layer: core/keys; libyaml and PCRE2 are loaded when there is such a file, and by nothing else.
 */
#ifndef BS_CREATION_RULES_H
#define BS_CREATION_RULES_H

#include <bus-secrets/strings.h>

#define BS_SOPS_YAML ".sops.yaml"
#define BS_SOPS_YAML_MAX ((size_t)256 * 1024)

/*
 * The recipients of the first rule that matches path (specs/sops.md section 11). *ret_has_rules is false if the file
 * has no creation rules: then it is as if there were none. BS_POLICY for a file, rule or expression that is refused,
 * with the line; BS_UNSUPPORTED when a library is missing, naming its package.
 */
enum bs_code bs_creation_rules_recipients(const char *text, size_t len, const char *path, bool *ret_has_rules,
	struct bs_strings *ret, struct bs_error *reterr) BS_MUST_CHECK;

#endif
