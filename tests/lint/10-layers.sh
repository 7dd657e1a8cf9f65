#!/bin/sh
# The rooms keep to themselves: who may include what, and whose symbols an object may want.
. "$(dirname "$0")/../e2e/lib.sh"

test_includes() {
	python3 "$TOP/tests/lint/layers.py" "$TOP"
}

test_the_check_of_includes_can_fail() {
	mkdir -p core/cli
	printf '#include <sodium.h>\n#include "../age/age.h"\n' >core/cli/x.c
	expect 1 python3 "$TOP/tests/lint/layers.py" .
	grep -q 'core/cli/x.c may not include <sodium.h>' "$OUT"
	grep -q 'core/cli/x.c may not include "../age/age.h"' "$OUT"
}

test_public_headers_stand_alone_in_c() {
	cd "$TOP"
	for header in include/bus-secrets/*.h; do
		printf '#include <%s>\nint main(void) { return 0; }\n' "${header#include/}" >"$T/header.c"
		cc -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -Iinclude -fsyntax-only "$T/header.c"
	done
	! grep -lE '#include *<(sodium|nettle|cjson|fuse|yaml|pcre2)' include/bus-secrets/*.h
}

undefined_in() { # pattern, objects...
	pattern=$1
	shift
	nm -A -u "$@" | grep -E " U ($pattern)" || :
}

test_no_fuse_in_core() {
	# shellcheck disable=SC2046
	found=$(undefined_in 'fuse_' $(find "$BUILD/core" -name '*.o'))
	[ -z "$found" ] || fail "$found"
}

test_no_crypto_and_no_json_in_fs_and_cli() {
	objects=$(find "$BUILD/fs" "$BUILD/core/cli" -name '*.o')
	[ -n "$objects" ]
	# shellcheck disable=SC2086
	found=$(undefined_in 'sodium_|crypto_|nettle_|cJSON_|randombytes' $objects)
	[ -z "$found" ] || fail "$found"
}

test_only_sops_uses_nettle() {
	# shellcheck disable=SC2046
	found=$(undefined_in 'nettle_' $(find "$BUILD/core" -name '*.o' ! -path '*/sops/*'))
	[ -z "$found" ] || fail "$found"
}

test_only_reply_and_main_ask_for_errno_and_status() {
	cd "$TOP"
	found=$(grep -lE 'bs_code_errno|fuse_reply_err' fs/*.c | grep -v '^fs/reply.c$' || :)
	[ -z "$found" ] || fail "bs_code_errno or fuse_reply_err outside fs/reply.c: $found"
	found=$(grep -lE 'bs_code_exit' core/*/*.c fs/*.c | grep -Ev '^core/(cli/main|base/error)\.c$' || :)
	[ -z "$found" ] || fail "bs_code_exit outside core/cli/main.c: $found"
}

test_the_library_neither_prints_nor_exits() {
	# shellcheck disable=SC2046
	found=$(undefined_in '(v?printf|puts|perror|exit|abort)$' $(find "$BUILD/core" -name '*.o' ! -path '*/cli/*'))
	[ -z "$found" ] || fail "$found"
}

test_exported_symbols_have_the_prefix() {
	found=$(nm -D --defined-only "$BUILD/libbus-secrets.so.0" | awk '{print $NF}' | grep -v '^bs_' || :)
	[ -z "$found" ] || fail "$found"
}

run_tests
