#!/bin/sh
# list: sorted, never decrypts, says what is no document.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

both() {
	make_workspace
	bus-secrets init --repo >/dev/null 2>&1
	bus-secrets set both mine
	bus-secrets set zeta v
	bus-secrets set alpha v
	bus-secrets set both ours --scope repo
	bus-secrets set middle v --scope repo
}

# put_user NAME TEXT: a stored text that we did not make.
put_user() {
	python3 - "$HOME/.config/bus/preferences.json" "$1" "$2" <<-'PYTHON'
		import json, os, sys
		path, name, text = sys.argv[1:]
		doc = json.load(open(path)) if os.path.exists(path) else {"version": 1, "values": {}}
		doc["values"]["secrets." + name] = text
		os.makedirs(os.path.dirname(path), exist_ok=True)
		json.dump(doc, open(path, "w"))
	PYTHON
}

test_names_are_sorted_one_a_line() {
	both
	expect 0 bus-secrets list --scope user
	expect_out "$(printf 'alpha\nboth\nzeta')"
	expect 0 bus-secrets list --scope repo
	expect_out "$(printf 'both\nmiddle')"
	expect_no_err
}

test_auto_is_the_union_each_once() {
	both
	expect 0 bus-secrets list
	expect_out "$(printf 'alpha\nboth\nmiddle\nzeta')"
	expect 0 bus-secrets list --scope auto
	expect_out "$(printf 'alpha\nboth\nmiddle\nzeta')"
}

test_sorted_by_bytes() {
	bus-secrets init >/dev/null 2>&1
	for name in b a.b a-b a_b a 1 z; do bus-secrets set "$name" v; done
	expect 0 bus-secrets list
	LC_ALL=C sort "$OUT" >sorted
	same sorted "$OUT"
}

test_no_workspace() {
	bus-secrets set x v
	expect 0 bus-secrets list
	expect_out x
	expect 1 bus-secrets list --scope repo
	expect_no_out
	expect_err 'no workspace'
}

test_nothing_stored() {
	expect 0 bus-secrets list
	expect_no_out
	expect 0 bus-secrets list -f json
	expect_out '[]'
	make_workspace
	expect 0 bus-secrets list --scope repo
	expect_no_out
}

test_no_key_is_needed() {
	both
	rm -r "$HOME/.config/sops"
	expect 0 bus-secrets list
	expect_out "$(printf 'alpha\nboth\nmiddle\nzeta')"
}

test_plaintext_and_malformed_are_listed_and_named() {
	both
	put_user plain 'in the clear'
	put_user broken '{"data":"ENC[","sops":{}}'
	expect 1 bus-secrets list --scope user
	expect_out "$(printf 'alpha\nboth\nbroken\nplain\nzeta')"
	[ "$(wc -l <"$ERR")" = 2 ] || fail "not a line each: $(cat "$ERR")"
	grep -q 'plain .*plain text.*bus-secrets set' "$ERR"
	grep -q 'broken .*not a valid document' "$ERR"
	! grep -q clear "$ERR" || fail 'the value is shown'
	expect 1 bus-secrets -q list
	expect_no_out
	expect 1 bus-secrets list -o file
	no file
	expect 1 bus-secrets list -o /dev/stdout
	grep -qx plain "$OUT"
	expect 1 bus-secrets get plain
	expect_no_out
	expect_err 'bus-secrets set'
}

test_json() {
	both
	put_user plain 'in the clear'
	expect 1 bus-secrets list -f json
	cp "$OUT" list
	python3 - "$(age-keygen -y "$HOME/.config/sops/age/keys.txt")" <<-'PYTHON' || fail "$(cat list)"
		import json, re, sys
		rows = {r["name"]: r for r in json.load(open("list"))}
		assert list(rows) == ["alpha", "both", "middle", "plain", "zeta"], list(rows)
		for r in rows.values():
		    assert set(r) == {"name", "scope", "size", "modified", "state", "shadows", "recipients"}, r
		assert rows["both"]["scope"] == "repo" and rows["both"]["shadows"] is True and rows["both"]["size"] == 4
		assert rows["alpha"]["scope"] == "user" and rows["alpha"]["shadows"] is False and rows["alpha"]["size"] == 1
		assert rows["plain"]["state"] == "plaintext"
		assert all(r["state"] == "ok" for n, r in rows.items() if n != "plain")
		assert rows["alpha"]["recipients"] == [sys.argv[1]]
		assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", rows["alpha"]["modified"])
	PYTHON
}

test_foreign_is_a_state_and_no_failure() {
	both
	other=$(make_identity "$HOME/other.txt")
	bus-secrets set foreign v
	mv "$HOME/.config/sops/age/keys.txt" "$HOME/first.txt"
	cp "$HOME/other.txt" "$HOME/.config/sops/age/keys.txt"
	expect 0 bus-secrets list --scope user -f json
	python3 -c 'import json,sys
rows={r["name"]:r for r in json.load(open(sys.argv[1]))}
assert rows["foreign"]["state"]=="foreign" and sys.argv[2] not in rows["foreign"]["recipients"]' "$OUT" "$other"
}

run_tests
