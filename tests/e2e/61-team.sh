#!/bin/sh
# A team: recipients join and leave recipients.txt, rekey follows, and the real sops and age agree.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

SOPS_BINS=$("$TOP/tests/interop/fetch-sops.sh" 2>"$T/missing" | tr '\n' ' ')
export SOPS_BINS

need_sops() {
	[ -n "$SOPS_BINS" ] || skip "$(head -n 1 "$T/missing")"
}

# Alice, whose machine this is, and Bob; each has a home of their own.
team() {
	alice=$(make_identity)
	bob=$(make_identity "$HOME/bob/.config/sops/age/keys.txt")
	make_workspace
	mkdir -p .bus/secrets
	printf '# the team\n%s # alice\n' "$alice" >.bus/secrets/recipients.txt
}

as_bob() {
	env HOME="$HOME/bob" XDG_STATE_HOME="$HOME/bob/state" "$@"
}

join() {
	echo "$1" >>.bus/secrets/recipients.txt
}

leave() {
	grep -v "^$1" .bus/secrets/recipients.txt >rest
	cat rest >.bus/secrets/recipients.txt
}

recipients_of() {
	grep -o '"recipient": *"[^"]*"' "$1" | sed 's/.*"\(age1[^"]*\)"/\1/' | sort
}

expect_recipients() {
	file=$1
	shift
	recipients_of "$file" >have
	printf '%s\n' "$@" | sort | cmp -s - have || fail "$file is for $(tr '\n' ' ' <have)"
}

test_who_joins_can_read_after_rekey() {
	team
	expect 0 bus-secrets set --scope repo one first
	expect_recipients .bus/secrets/one.sops.json "$alice"
	expect 1 as_bob bus-secrets get one
	join "$bob"
	expect 1 as_bob bus-secrets get one
	expect 0 bus-secrets set --scope repo two second
	expect_recipients .bus/secrets/two.sops.json "$alice" "$bob"
	expect 0 as_bob bus-secrets get two
	expect_out second
	expect 0 bus-secrets rekey --scope repo
	grep -q "$bob" "$OUT" "$ERR" || fail 'rekey does not say who came'
	expect_recipients .bus/secrets/one.sops.json "$alice" "$bob"
	expect 0 as_bob bus-secrets get one
	expect_out first
}

test_who_left_opens_no_new_document() {
	team
	join "$bob"
	expect 0 bus-secrets set --scope repo one first
	expect 0 bus-secrets set --scope repo two second
	cp .bus/secrets/one.sops.json before.sops.json
	leave "$bob"
	expect 0 bus-secrets rekey --scope repo
	grep -q "$bob" "$OUT" "$ERR" || fail 'rekey does not say who went'
	for name in one two; do
		expect_recipients ".bus/secrets/$name.sops.json" "$alice"
		expect 1 as_bob bus-secrets get "$name"
	done
	expect 0 bus-secrets get one
	expect_out first
	# A new data key: what Bob took from the old document opens nothing of the new one.
	old=$(grep -o '"data": *"[^"]*"' before.sops.json)
	new=$(grep -o '"data": *"[^"]*"' .bus/secrets/one.sops.json)
	[ "$old" != "$new" ] || fail 'the value was not encrypted anew'
	expect 0 bus-secrets set --scope repo three third
	expect 1 as_bob bus-secrets get three
}

test_set_drops_who_left_and_says_so() {
	team
	join "$bob"
	expect 0 bus-secrets set --scope repo one first
	leave "$bob"
	# The same value: nothing but the recipients makes it a write.
	expect 0 bus-secrets set --scope repo one first
	grep -q "$bob" "$OUT" "$ERR" || fail 'set does not name who went'
	expect_recipients .bus/secrets/one.sops.json "$alice"
}

test_nobody_locks_themselves_out() {
	team
	printf '%s\n' "$bob" >.bus/secrets/recipients.txt
	expect 1 bus-secrets set --scope repo one first
	no .bus/secrets/one.sops.json
	expect 0 bus-secrets set --blind --scope repo one first
	expect_recipients .bus/secrets/one.sops.json "$bob"
	expect 1 bus-secrets get one
	expect 0 as_bob bus-secrets get one
	expect_out first
}

test_the_old_layout_follows_the_same_list() {
	team
	join "$bob"
	rm -rf saved && mv .bus/secrets/recipients.txt saved
	rm -r .bus
	printf 'creation_rules:\n  - path_regex: \\.sops\\.json$\n    age: %s,%s\n' "$alice" "$bob" >.sops.yaml
	expect 0 bus-secrets set --scope repo one first
	grep -q ENC datapackage.json
	expect 0 as_bob bus-secrets get one
	printf 'creation_rules:\n  - age: [%s]\n' "$alice" >.sops.yaml
	expect 0 bus-secrets rekey --scope repo
	expect 1 as_bob bus-secrets get one
	expect 0 bus-secrets get one
	expect_out first
}

# Real sops, as each of the two, on documents of ours and through its own updatekeys and rotate.
test_real_sops_agrees_on_who_reads() {
	need_sops
	team
	join "$bob"
	expect 0 bus-secrets set --scope repo one first
	for sops in $SOPS_BINS; do
		[ "$("$sops" -d --input-type binary --output-type binary .bus/secrets/one.sops.json)" = first ]
		[ "$(as_bob "$sops" -d --input-type binary --output-type binary .bus/secrets/one.sops.json)" = first ]
	done
	leave "$bob"
	expect 0 bus-secrets rekey --scope repo
	for sops in $SOPS_BINS; do
		[ "$("$sops" -d --input-type binary --output-type binary .bus/secrets/one.sops.json)" = first ]
		status=0
		as_bob "$sops" -d .bus/secrets/one.sops.json >/dev/null 2>&1 || status=$?
		[ "$status" = 128 ] || fail "$sops ends with $status for who left"
	done
}

# The recipients that a rule gives, asked of both: a new document by sops and one of ours for the same path.
test_real_sops_agrees_on_creation_rules() {
	need_sops
	team
	rm -r .bus
	mkdir -p .bus/secrets
	# shellcheck disable=SC2086
	set -- $SOPS_BINS
	for rule in "age: '$alice'" "age: '$alice,$bob'" "{path_regex: '^\\.bus/', age: '$alice,$bob'}" \
		"{path_regex: 'x\\.sops\\.json\$', age: '$alice'}" "{path_regex: '[[:alpha:]]\\.sops', age: '$alice'}" \
		"{key_groups: [{age: ['$alice', '$bob']}]}" "{path_regex: '(?i)SECRETS/X', age: '$alice'}" \
		"{path_regex: 'yaml\$', age: '$bob'}" "{path_regex: '(?=x)', age: '$alice'}" "{path_regex: '['}" \
		"{path_regex: '^secrets', age: '$alice'}" "{path_regex: 'x{1001}', age: '$alice'}"; do
		rm -f .bus/secrets/* theirs.json
		printf 'creation_rules:\n  - %s\n' "$rule" >.sops.yaml
		printf v >.bus/secrets/x.sops.json
		theirs=0
		"$1" -e --input-type binary --output-type json .bus/secrets/x.sops.json >theirs.json 2>theirs.err || theirs=$?
		rm .bus/secrets/x.sops.json
		ours=0
		bus-secrets set --scope repo x v >/dev/null 2>ours.err || ours=$?
		if [ "$theirs" = 0 ]; then
			[ "$ours" = 0 ] || fail "$rule: only sops takes it: $(cat ours.err)"
			recipients_of theirs.json >want
			recipients_of .bus/secrets/x.sops.json | cmp - want || fail "$rule: other recipients"
		else
			[ "$ours" = 1 ] || fail "$rule: only we take it: $(cat theirs.err)"
			no .bus/secrets/x.sops.json
		fi
	done
}

run_tests
