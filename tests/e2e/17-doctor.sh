#!/bin/sh
# doctor: what it finds, the remedies, and when its status is 1.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

test_all_is_well() {
	make_workspace
	bus-secrets init --repo >/dev/null 2>&1
	bus-secrets set x planted-value
	bus-secrets set y planted-value --scope repo
	expect 0 bus-secrets doctor
	grep -q '^ok .*self-test' "$OUT"
	grep -q '^ok .*keys.txt' "$OUT"
	grep -q "$(age-keygen -y "$HOME/.config/sops/age/keys.txt")" "$OUT"
	grep -q 'x' "$OUT"
	! grep -q '^bad' "$OUT" || fail 'bad findings'
	! grep -q planted "$OUT" "$ERR" || fail 'a value is shown'
}

test_nothing_is_there() {
	expect 0 bus-secrets doctor
	grep -q '^warn .*no identity.* -> .*bus-secrets init' "$OUT"
}

test_every_key_source_is_named_found_or_not() {
	expect 0 env SOPS_AGE_KEY_FILE="$HOME/absent.txt" bus-secrets doctor
	grep -q 'absent.txt' "$OUT"
	grep -q 'keys.txt' "$OUT"
	grep -q 'id_ed25519' "$OUT"
	! grep -q AGE-SECRET "$OUT" || fail 'a key is shown'
}

test_a_document_that_cannot_be_opened_is_a_failure() {
	bus-secrets set x v
	rm -r "$HOME/.config/sops"
	make_identity >/dev/null
	expect 1 bus-secrets doctor
	grep -q '^bad .*x.* -> ' "$OUT"
	expect 1 bus-secrets -q doctor
	expect_no_out
	expect_err x
}

test_a_damaged_document_is_a_failure() {
	bus-secrets set x v
	bus-secrets set y v
	sed -i 's/ENC\[AES256_GCM,data:[A-Za-z0-9+]/ENC[AES256_GCM,data:_/' "$HOME/.config/bus/preferences.json"
	expect 1 bus-secrets doctor
	grep -q '^bad' "$OUT"
}

test_plaintext_is_a_failure_with_its_remedy() {
	mkdir -p "$HOME/.config/bus"
	echo '{"version":1,"values":{"secrets.x":"in the clear"}}' >"$HOME/.config/bus/preferences.json"
	expect 1 bus-secrets doctor
	grep -q '^bad .*x.*bus-secrets set' "$OUT"
	! grep -q 'the clear' "$OUT" || fail 'the value is shown'
}

test_an_unreadable_store_is_a_failure() {
	mkdir -p "$HOME/.config/bus"
	echo '{"version":' >"$HOME/.config/bus/preferences.json"
	expect 1 bus-secrets doctor
	grep -q '^bad .*preferences.json' "$OUT"
}

test_a_broken_key_file_is_named_once() {
	bus-secrets set x v
	echo garbage >"$HOME/.config/sops/age/keys.txt"
	expect 1 bus-secrets doctor
	grep -q '^warn key source .*keys.txt: line 1 is not an age identity' "$OUT"
	! grep -v '^ok' "$OUT" | grep 'bus-secrets init' || fail 'init refuses beside a broken source'
	! grep '/keys.txt.*/keys.txt: line 1' "$OUT" || fail 'named twice'
	for command in 'get x' init; do
		# shellcheck disable=SC2086
		expect 1 bus-secrets $command
		expect_err 'keys.txt: line 1 is not an age identity'
		! grep 'keys.txt.*keys.txt' "$ERR" || fail "$command: named twice"
	done
}

test_a_damaged_policy_is_to_be_corrected() {
	make_workspace
	bus-secrets init --repo >/dev/null 2>&1
	bus-secrets set x v --scope repo
	echo age1xyz >>.bus/secrets/recipients.txt
	expect 1 bus-secrets doctor
	grep -q '^bad .*x: cannot be written: .*recipients.txt, line 2.* -> correct ' "$OUT"
	! grep 'bus-secrets set x' "$OUT" || fail 'setting it again does not help'
}

test_a_single_recipient_is_a_warning() {
	bus-secrets set x v
	expect 0 bus-secrets doctor
	grep -q '^warn .*no backup recipient' "$OUT"
}

test_shadowed_names_are_a_warning() {
	make_workspace
	bus-secrets init --repo >/dev/null 2>&1
	bus-secrets set x v
	bus-secrets set x w --scope repo
	expect 0 bus-secrets doctor
	grep -q '^warn repo x: .*\(hides\|shadow\)' "$OUT"
}

test_names_in_both_layouts_are_a_warning() {
	make_workspace
	bus-secrets init >/dev/null 2>&1
	bus-secrets set x old --scope repo
	mkdir -p .bus/secrets
	bus-secrets init --repo >/dev/null 2>&1
	bus-secrets set x new --scope repo
	expect 0 bus-secrets doctor
	grep -q '^warn repo x: .*datapackage.json' "$OUT"
}

test_a_document_that_went_back_in_time_is_a_warning() {
	bus-secrets set x old
	cp "$HOME/.config/bus/preferences.json" old
	sleep 1.1
	bus-secrets set x new
	expect 0 bus-secrets get x
	cp old "$HOME/.config/bus/preferences.json"
	expect 0 bus-secrets doctor
	grep -q '^warn .*x.*\(older\|back in time\)' "$OUT"
	expect 0 bus-secrets get x
	expect_out old
	expect_no_err
	expect 0 bus-secrets -v get x
	expect_err '\(older\|back in time\)'
}

test_a_document_that_moved_to_another_name_is_a_warning() {
	bus-secrets set x v
	sed -i 's/"secrets.x"/"secrets.y"/' "$HOME/.config/bus/preferences.json"
	expect 0 bus-secrets get y
	expect_out v
	expect 0 bus-secrets doctor
	grep -q '^warn .*y.*x' "$OUT"
}

test_names_outside_the_grammar_are_listed() {
	mkdir -p "$HOME/.config/bus"
	echo '{"version":1,"values":{"secrets.Bad Name":"x"}}' >"$HOME/.config/bus/preferences.json"
	expect 0 bus-secrets doctor
	grep -q 'Bad Name' "$OUT"
	expect 0 bus-secrets list
	expect_no_out
}

test_json() {
	make_workspace
	bus-secrets init --repo >/dev/null 2>&1
	bus-secrets set x v
	expect 0 bus-secrets doctor -f json
	python3 - "$OUT" "$PWD" <<-'PYTHON'
		import json, sys
		r = json.load(open(sys.argv[1]))
		assert r["ok"] is True and r["version"] and r["workspace"] == sys.argv[2], r
		for f in r["findings"]:
		    assert set(f) == {"level", "area", "name", "text", "remedy"} and f["level"] in ("ok", "warn", "bad"), f
		assert any(f["area"] == "self-test" for f in r["findings"])
	PYTHON
	rm -r "$HOME/.config/sops"
	expect 1 bus-secrets doctor -f json
	python3 -c 'import json,sys; r=json.load(open(sys.argv[1])); assert r["ok"] is False' "$OUT"
}

test_doctor_writes_nothing_and_asks_nothing() {
	make_workspace
	bus-secrets init --repo >/dev/null 2>&1
	bus-secrets set x v
	find "$HOME/.config" . -type f -exec sha256sum {} + | sort >"$T/before"
	expect 0 timeout 10 bus-secrets doctor
	find "$HOME/.config" . -type f -exec sha256sum {} + | sort >"$T/after"
	same "$T/before" "$T/after"
}

run_tests
