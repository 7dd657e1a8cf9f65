#!/bin/sh
# delete and rekey.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

test_delete() {
	make_workspace
	bus-secrets init --repo >/dev/null 2>&1
	bus-secrets set x mine
	bus-secrets set x ours --scope repo
	expect 0 bus-secrets delete x
	expect_no_out
	expect_no_err
	expect 1 bus-secrets get x --scope user
	expect 0 bus-secrets get x --scope repo
	expect_out ours
	expect 0 bus-secrets delete x --scope repo
	expect 1 bus-secrets get x
	expect 1 bus-secrets delete x
	expect_err x
	expect 1 bus-secrets delete x --scope repo
	expect 2 bus-secrets delete x --scope auto
}

test_delete_json() {
	bus-secrets set x v
	expect 0 bus-secrets -f json delete x
	expect_out '{"name":"x","scope":"user","deleted":true}'
}

test_delete_without_a_workspace() {
	expect 1 bus-secrets delete x --scope repo
	expect_err 'no workspace'
}

# The old value must not rise again.
test_delete_takes_both_layouts() {
	make_workspace
	bus-secrets init >/dev/null 2>&1
	bus-secrets set x old --scope repo
	grep -q '"x"' datapackage.json
	mkdir -p .bus/secrets
	age-keygen -y "$HOME/.config/sops/age/keys.txt" >.bus/secrets/recipients.txt
	bus-secrets set x new --scope repo
	[ -e .bus/secrets/x.sops.json ]
	expect 0 bus-secrets get x --scope repo
	expect_out new
	expect 0 bus-secrets delete x --scope repo
	expect 1 bus-secrets get x --scope repo
	no .bus/secrets/x.sops.json
	! grep -q '"x"' datapackage.json || fail 'the old value is still there'
}

team() {
	make_workspace
	bus-secrets init --repo >/dev/null 2>&1
	other=$(make_identity "$HOME/other.txt")
	bus-secrets set x v --scope repo
	bus-secrets set y w --scope repo
}

test_rekey_follows_the_policy_and_says_who_came_and_went() {
	team
	echo "$other" >>.bus/secrets/recipients.txt
	expect 0 bus-secrets rekey --scope repo
	grep -q "^x: .*came: $other" "$OUT"
	grep -q "^y: .*came: $other" "$OUT"
	expect 0 env SOPS_AGE_KEY_FILE="$HOME/other.txt" HOME="$PWD" bus-secrets get x --scope repo
	expect_out v
	sed -i "/$other/d" .bus/secrets/recipients.txt
	expect 0 bus-secrets rekey x --scope repo
	grep -q "^x: .*went: $other" "$OUT"
	expect 1 env SOPS_AGE_KEY_FILE="$HOME/other.txt" HOME="$PWD" bus-secrets get x --scope repo
	expect 0 env SOPS_AGE_KEY_FILE="$HOME/other.txt" HOME="$PWD" bus-secrets get y --scope repo
	expect 0 bus-secrets get x --scope repo
	expect_out v
}

test_rekey_makes_a_new_data_key_though_nothing_differs() {
	bus-secrets set x v
	cp "$HOME/.config/bus/preferences.json" before
	expect 0 bus-secrets rekey
	grep -q '^x: rekeyed' "$OUT"
	! cmp -s before "$HOME/.config/bus/preferences.json" || fail 'nothing changed'
	expect 0 bus-secrets get x
	expect_out v
}

test_rekey_names_what_it_cannot_open_and_does_the_others() {
	team
	make_identity "$HOME/third.txt" >third
	mv .bus/secrets/recipients.txt kept
	cp third .bus/secrets/recipients.txt
	bus-secrets set m closed --scope repo --blind 2>/dev/null
	cp kept .bus/secrets/recipients.txt
	cp -r .bus before
	expect 1 bus-secrets rekey --scope repo
	expect_err '^bus-secrets: .*m'
	[ "$(wc -l <"$ERR")" = 1 ]
	grep -q '^x: ' "$OUT"
	grep -q '^y: ' "$OUT"
	same before/secrets/m.sops.json .bus/secrets/m.sops.json
	! cmp -s before/secrets/x.sops.json .bus/secrets/x.sops.json || fail 'x was not done'
	expect 1 bus-secrets rekey --scope repo -f json
	python3 -c 'import json,sys
rows={r["name"]:r for r in json.load(open(sys.argv[1]))}
assert set(rows)=={"m","x","y"} and rows["x"]["rekeyed"] and not rows["m"]["rekeyed"] and rows["m"]["error"]' "$OUT"
}

test_rekey_of_names() {
	bus-secrets set x v
	bus-secrets set y v
	expect 1 bus-secrets rekey x absent
	grep -q '^x: rekeyed' "$OUT"
	expect_err absent
	expect 0 bus-secrets rekey x x y
	[ "$(wc -l <"$OUT")" = 2 ]
	expect 0 bus-secrets rekey -q
	expect_no_out
	expect 1 bus-secrets rekey --scope repo
	expect_err 'no workspace'
}

run_tests
