#!/bin/sh
# resolve: secret:<name> becomes the value, anything else comes back unchanged.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

test_repo_before_user() {
	make_workspace
	bus-secrets init --repo >/dev/null 2>&1
	bus-secrets set x mine
	expect 0 bus-secrets resolve secret:x
	expect_out mine
	bus-secrets set x ours --scope repo
	expect 0 bus-secrets resolve secret:x
	printf ours | cmp - "$OUT"
	expect 0 bus-secrets resolve secret:x --scope user
	expect_out mine
	expect 0 bus-secrets resolve secret:x --scope repo
	expect_out ours
}

test_anything_else_comes_back_unchanged() {
	for value in plain '' 'Secret:x' ' secret:x' 'secret' 'secret :x' 'sécret:x' - 'a:b' "$(printf 'two\nlines\n\n')"; do
		expect 0 bus-secrets resolve "$value"
		printf '%s' "$value" | cmp - "$OUT"
		expect_no_err
	done
	expect 0 bus-secrets resolve -- --scope
	expect_out --scope
	no "$HOME/.config"
}

test_invalid_and_reserved_names() {
	for name in '' 'Bad Name' ../x .x a..b user/x repo/x user/ x/y; do
		expect 2 bus-secrets resolve "secret:$name"
		expect_no_out
	done
	expect 2 bus-secrets resolve secret:user/x
	expect_err reserved
}

test_unknown_name() {
	expect 1 bus-secrets resolve secret:nothing
	expect_no_out
	expect 1 bus-secrets resolve secret:nothing --scope user
	expect 1 bus-secrets resolve secret:nothing --scope repo
}

# A repo value that cannot be decrypted is the answer; only absence falls through to the user's.
test_an_unreadable_repo_value_does_not_fall_through() {
	make_workspace
	bus-secrets init --repo >/dev/null 2>&1
	bus-secrets set x mine
	bus-secrets set x ours --scope repo
	make_identity "$HOME/other.txt" >.bus/secrets/recipients.txt
	bus-secrets set x theirs --scope repo --blind 2>/dev/null
	expect 1 bus-secrets resolve secret:x
	expect_no_out
	expect 1 bus-secrets get x
	expect_no_out
}

test_bytes_are_exact_and_json() {
	printf 'a\0b\377\n' >raw
	bus-secrets set x <raw
	expect 0 bus-secrets resolve secret:x
	same raw "$OUT"
	bus-secrets set x v
	expect 0 bus-secrets -f json resolve secret:x
	expect_out '{"name":"x","scope":"user","value":"v"}'
	expect 0 bus-secrets -f json resolve plain
	expect_out '{"value":"plain"}'
	expect 0 bus-secrets -q resolve secret:x
	expect_no_out
	expect 0 bus-secrets -q resolve plain
	expect_no_out
}

run_tests
