#!/bin/sh
# Invalid names are wrong usage for every command, and a call that fails writes nothing.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

# All that is stored, with modes, inodes and times; the state of what was seen is not a store.
snapshot() {
	find "$HOME" "$PWD" -path "$HOME/.local" -prune -o -type f -printf '%p %m %i %s %T@ ' -exec sha256sum {} \; |
		grep -v " $PWD/snap-" | sort
}

long=$(printf '%0128d' 0)

both_scopes() {
	make_workspace
	bus-secrets init --repo >/dev/null 2>&1
	bus-secrets set kept value
	bus-secrets set kept value --scope repo
}

test_invalid_names_are_wrong_usage() {
	both_scopes
	snapshot >snap-before
	for name in 'Bad Name' ../x .x a..b x. "${long}0" '' a/b 'é' @status 'a b' "a$(printf '\t')b"; do
		for scope in user repo; do
			expect 2 bus-secrets set "$name" v --scope "$scope"
			expect 2 bus-secrets get "$name" --scope "$scope"
			expect 2 bus-secrets delete "$name" --scope "$scope"
			expect 2 bus-secrets rekey "$name" --scope "$scope"
			expect 2 bus-secrets rekey kept "$name" --scope "$scope"
			expect 2 bus-secrets resolve "secret:$name" --scope "$scope"
		done
		expect_no_out
	done
	snapshot >snap-after
	same snap-before snap-after
}

test_the_message_offers_the_nearest_name() {
	expect 2 bus-secrets set OPENAI_API_KEY v
	expect_err openai_api_key
}

test_names_of_the_whole_grammar_are_accepted() {
	for name in a 0 _ x-y a.b.c "$long" 9-_z; do
		bus-secrets set "$name" "value of $name"
		expect 0 bus-secrets get "$name"
		expect_out "value of $name"
	done
}

test_a_new_name_does_not_begin_with_a_dash() {
	expect 2 bus-secrets set -- -x v
	[ ! -e "$HOME/.config" ]
	expect 1 bus-secrets get -- -x
	expect 1 bus-secrets delete -- -x
}

test_a_failed_call_writes_nothing() {
	both_scopes
	snapshot >snap-before
	expect 2 bus-secrets set x v --scope nowhere
	expect 2 bus-secrets set x </dev/null
	expect 2 bus-secrets set
	expect 2 bus-secrets set x v --bogus
	expect 2 bus-secrets set x v w
	expect 1 bus-secrets get absent
	expect 1 bus-secrets delete absent
	expect 1 bus-secrets delete absent --scope repo
	expect 1 bus-secrets rekey absent
	expect 1 bus-secrets resolve secret:absent
	expect 1 bus-secrets set x v -o /nonexistent/file
	got=0
	bus-secrets -f json set x v 2>/dev/null >&- || got=$?
	[ "$got" = 1 ]
	expect 1 bus-secrets -C /nonexistent set x v
	snapshot >snap-after
	same snap-before snap-after
}

# Without anything there, a failure leaves not even a directory.
test_a_failed_first_call_leaves_nothing() {
	for words in 'get x' 'delete x' 'set x v --scope repo' 'rekey x' 'resolve secret:x' 'set Bad v' 'uninit'; do
		# shellcheck disable=SC2086
		bus-secrets $words >/dev/null 2>&1 && fail "success: $words"
		[ -z "$(find "$HOME" "$PWD" -type f)" ] || fail "left behind by: $words: $(find "$HOME" "$PWD" -type f)"
	done
}

run_tests
