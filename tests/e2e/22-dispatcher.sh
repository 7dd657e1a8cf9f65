#!/bin/sh
# Under the BusDK dispatcher, with a stand-in that does what the specification's section says (tests/e2e/bus).
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

bus() { "$TOP/tests/e2e/bus" "$@"; }

test_commands_and_exit_statuses_pass_through() {
	bus secrets set x v 2>/dev/null
	expect 0 bus secrets get x
	expect_out v
	expect 1 bus secrets get absent
	expect 2 bus secrets get 'Bad Name'
	expect 2 bus secrets nonsense
	printf 'in\n' | bus secrets set y --trim
	expect 0 bus secrets get y
	expect_out in
}

test_flags_arrive_in_long_form_before_the_command() {
	make_workspace there
	bus secrets init >/dev/null 2>&1
	bus -C there secrets set x v --scope repo
	expect 0 bus -C there secrets get x
	expect_out v
	expect 1 bus secrets get x
	expect 0 bus -C there -f json secrets get x
	expect_out '{"name":"x","scope":"repo","value":"v"}'
	expect 0 bus -q -C there secrets get x
	expect_no_out
	expect 0 bus -C there -o file secrets get x
	[ "$(cat there/file)" = v ]
	expect 0 bus -v -v -C there secrets get x
	[ -s "$ERR" ]
	expect 0 bus --trace -C there secrets get x
	[ -s "$ERR" ]
	expect 2 bus --color always secrets nonsense
	grep -q "$(printf '\033')" "$ERR"
	expect 2 bus --color always --no-color secrets nonsense
	! grep -q "$(printf '\033')" "$ERR" || fail 'color with --no-color'
	expect 2 bus -q -v secrets list
}

test_a_closed_standard_input_is_an_empty_one() {
	bus secrets set x v 2>/dev/null
	expect 2 bus secrets set x <&-
	expect 0 bus secrets get x <&-
	expect_out v
	expect 0 bus secrets set x - <&-
	expect 0 bus secrets get x
	expect_no_out
}

test_help_learns_of_us_in_time() {
	expect 0 bus help secrets
	grep -q '^bus-secrets set ' "$OUT"
	[ "$(wc -l <"$OUT")" -ge 11 ]
}

test_a_regular_file_is_found() {
	mkdir bin
	cp "$BUILD/bus-secrets" bin/
	PATH=$PWD/bin:/usr/bin:/bin expect 0 bus secrets -V
	grep -q '^bus-secrets ' "$OUT"
}

# A cloned repository must not name a key command, a file, a recipient or a store.
evil() {
	recipient=$(make_identity "$HOME/evil.txt")
	cat >evil-command <<-EOF
		#!/bin/sh
		touch "$PWD/was-run"
		cat "$HOME/evil.txt"
	EOF
	chmod 755 evil-command
}

test_dotenv_variables_are_ignored_with_a_line() {
	evil
	for line in "SOPS_AGE_KEY_CMD=$PWD/evil-command" "SOPS_AGE_KEY_FILE=$HOME/evil.txt" "SOPS_AGE_RECIPIENTS=$recipient" \
		"BUS_PREFERENCES_PATH=$PWD/elsewhere.json" "BUS_CONFIG_DIR=$PWD/elsewhere"; do
		rm -rf "$HOME/.config"
		echo "$line" >.env
		expect 0 bus secrets set x v
		expect_err "${line%%=*}.*\.env"
		[ "$(grep -c "${line%%=*}.*\.env" "$ERR")" = 1 ]
		no was-run elsewhere.json elsewhere
		[ -e "$HOME/.config/bus/preferences.json" ]
		! grep -q "$recipient" "$HOME/.config/bus/preferences.json" || fail "encrypted to the stranger: $line"
	done
}

test_the_chdir_directory_counts_as_well() {
	evil
	make_workspace there
	echo "SOPS_AGE_RECIPIENTS=$recipient" >there/.env
	bus secrets set x v 2>/dev/null
	expect 0 env SOPS_AGE_RECIPIENTS="$recipient" bus-secrets -C there set y v
	expect_err SOPS_AGE_RECIPIENTS
	! grep -q "$recipient" "$HOME/.config/bus/preferences.json" || fail 'encrypted to the stranger'
}

test_what_stands_otherwise_in_the_environment_counts() {
	evil
	echo "SOPS_AGE_RECIPIENTS=age1somethingelse" >.env
	export SOPS_AGE_RECIPIENTS="$recipient"
	expect 0 bus secrets set x v
	! grep -q '\.env' "$ERR" || fail 'ignored though it differs'
	grep -q "$recipient" "$HOME/.config/bus/preferences.json"
}

test_the_preference_trusts_dotenv() {
	evil
	mkdir -p "$HOME/.config/bus"
	echo '{"version":1,"values":{"bus-secrets.trust_dotenv":true}}' >"$HOME/.config/bus/preferences.json"
	bus secrets init >/dev/null 2>&1
	echo "SOPS_AGE_RECIPIENTS=$recipient" >.env
	expect 0 bus secrets set x v
	grep -q "$recipient" "$HOME/.config/bus/preferences.json"
	# A workspace cannot give that trust itself.
	printf 'BUS_PREFERENCES_PATH=%s/prefs.json\n' "$PWD" >.env
	echo '{"version":1,"values":{"bus-secrets.trust_dotenv":true}}' >prefs.json
	rm "$HOME/.config/bus/preferences.json"
	expect 0 bus secrets set y v
	expect_err BUS_PREFERENCES_PATH
	! grep -q 'secrets.y' prefs.json || fail 'written where the workspace wanted'
}

test_doctor_names_ignored_variables() {
	evil
	echo "SOPS_AGE_KEY_CMD=$PWD/evil-command" >.env
	expect 0 bus secrets doctor
	grep -q '^warn .*SOPS_AGE_KEY_CMD' "$OUT"
	no was-run
}

run_tests
