#!/bin/sh
# set and get: every way in, byte for byte out.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

in_scopes() {
	make_workspace
	bus-secrets init --repo >/dev/null 2>&1
	for scope in user repo; do
		"$@"
	done
}

by_argument() {
	bus-secrets set "arg-$scope" 'a value with  blanks' --scope "$scope"
	expect 0 bus-secrets get "arg-$scope" --scope "$scope"
	printf 'a value with  blanks' | cmp - "$OUT"
}
test_value_by_argument() { in_scopes by_argument; }

by_input() {
	bus-secrets set "in-$scope" --scope "$scope" <raw
	expect 0 bus-secrets get "in-$scope" --scope "$scope"
	same raw "$OUT"
	bus-secrets set "dash-$scope" - --scope "$scope" <raw
	expect 0 bus-secrets get "dash-$scope" --scope "$scope"
	same raw "$OUT"
}
test_value_by_standard_input_with_nul_bytes() {
	printf 'a\0b\nc\r\n\0\377\376' >raw
	in_scopes by_input
}
test_value_of_one_mebibyte() {
	head -c 1048576 /dev/urandom >raw
	in_scopes by_input
}
test_value_that_is_text() {
	printf 'line one\nline two\n' >raw
	in_scopes by_input
}

empty() {
	bus-secrets set "e-$scope" '' --scope "$scope"
	expect 0 bus-secrets get "e-$scope" --scope "$scope"
	expect_no_out
	expect 0 bus-secrets list --scope "$scope"
	grep -qx "e-$scope" "$OUT"
}
test_the_empty_value() { in_scopes empty; }

test_dash_is_standard_input_and_a_dash_behind_dashes() {
	printf 'from input' | bus-secrets set x -
	expect 0 bus-secrets get x
	expect_out 'from input'
	printf 'from input' | bus-secrets set x -- -
	expect 0 bus-secrets get x
	expect_out -
	bus-secrets set x -- --trim
	expect 0 bus-secrets get x
	expect_out --trim
	bus-secrets set -- x -v
	expect 0 bus-secrets get x
	expect_out -v
}

# The rule on standard input that is closed or holds nothing.
test_no_value_is_wrong_usage_and_writes_nothing() {
	bus-secrets set x before
	expect 2 bus-secrets set x </dev/null
	expect 2 bus-secrets set x <&-
	expect 2 bus-secrets set y </dev/null
	expect 0 bus-secrets get x
	expect_out before
	expect 1 bus-secrets get y
	expect 2 bus-secrets set x --trim </dev/null
}
test_dash_takes_an_empty_standard_input() {
	bus-secrets set x before
	bus-secrets set x - </dev/null
	expect 0 bus-secrets get x
	expect_no_out
	bus-secrets set x before
	bus-secrets set x - <&-
	expect 0 bus-secrets get x
	expect_no_out
}

test_trim_drops_exactly_one_newline() {
	printf 'v\n\n' | bus-secrets set x --trim
	expect 0 bus-secrets get x
	printf 'v\n' | cmp - "$OUT"
	printf 'v\r\n' | bus-secrets set x --trim
	expect 0 bus-secrets get x
	printf 'v\r' | cmp - "$OUT"
	printf 'v' | bus-secrets set x --trim
	expect 0 bus-secrets get x
	printf 'v' | cmp - "$OUT"
	printf '\n' | bus-secrets set x --trim
	expect 0 bus-secrets get x
	expect_no_out
}

test_hint_for_one_line_with_its_newline() {
	bus-secrets init >/dev/null 2>&1
	printf 'v\n' >line
	expect 0 bus-secrets set x <line
	expect_err 'newline.*--trim'
	expect 0 bus-secrets get x
	same line "$OUT"
	expect 0 bus-secrets set -q x2 <line
	expect_no_err
	for text in 'v' 'a\nb\n' 'v\n\n'; do
		# shellcheck disable=SC2059
		printf "$text" >other
		expect 0 bus-secrets set y <other
		expect_no_err
	done
	expect 0 bus-secrets set z --trim <line
	expect_no_err
}

test_a_value_over_the_limit_is_refused_before_anything_is_written() {
	head -c 1048577 /dev/zero >big
	expect 1 bus-secrets set x <big
	expect_err '1048576'
	[ ! -e "$HOME/.config" ] || fail 'something was written'
	bus-secrets set x before
	expect 1 bus-secrets set x - <big
	expect 0 bus-secrets get x
	expect_out before
	# With --trim the newline is not part of the value.
	{ head -c 1048576 /dev/zero && echo; } >edge
	expect 1 bus-secrets set x <edge
	expect 0 bus-secrets set x --trim <edge
	expect 0 bus-secrets get x
	head -c 1048576 /dev/zero | cmp - "$OUT"
}

test_an_unchanged_value_writes_nothing() {
	bus-secrets set x v
	store=$HOME/.config/bus/preferences.json
	before=$(sha256sum "$store"; stat -c '%i %Y %Z' "$store")
	expect 0 bus-secrets -v set x v
	expect_err unchanged
	[ "$before" = "$(sha256sum "$store"; stat -c '%i %Y %Z' "$store")" ]
	expect 0 bus-secrets -f json set x v
	python3 -c 'import json,sys; r=json.load(open(sys.argv[1])); assert r["written"] is False and r["name"]=="x"' "$OUT"
	bus-secrets set x w
	[ "$before" != "$(sha256sum "$store"; stat -c '%i %Y %Z' "$store")" ]
}

test_an_unchanged_value_is_rewritten_when_recipients_differ_and_said() {
	make_workspace
	bus-secrets init --repo >/dev/null 2>&1
	bus-secrets set x v --scope repo
	other=$(make_identity "$HOME/other.txt")
	echo "$other" >>.bus/secrets/recipients.txt
	expect 0 bus-secrets set x v --scope repo
	expect_err recipients
	expect_err "$other"
	expect 0 bus-secrets -v set x v --scope repo
	expect_err unchanged
}

test_blind_is_needed_where_nobody_here_could_read_it_back() {
	make_workspace
	bus-secrets init >/dev/null 2>&1
	mkdir -p .bus/secrets
	make_identity "$HOME/other.txt" >.bus/secrets/recipients.txt
	expect 1 bus-secrets set x v --scope repo
	expect_err '--blind'
	[ ! -e .bus/secrets/x.sops.json ]
	expect 0 bus-secrets set x v --scope repo --blind
	expect 1 bus-secrets get x --scope repo
	expect_no_out
	expect 0 env SOPS_AGE_KEY_FILE="$HOME/other.txt" bus-secrets get x --scope repo
	expect_out v
}

test_get_json() {
	bus-secrets set x 'say "hi"'
	expect 0 bus-secrets get x -f json
	expect_out '{"name":"x","scope":"user","value":"say \"hi\""}'
	printf 'a\377' | bus-secrets set x
	expect 0 bus-secrets get x -f json
	expect_out '{"name":"x","scope":"user","value_base64":"Yf8="}'
	printf 'a\0\001\tü\n' >raw
	bus-secrets set x <raw
	expect 0 bus-secrets get x -f json
	python3 -c 'import json,sys; v=json.load(open(sys.argv[1])); assert v["value"].encode()==open("raw","rb").read(), v' "$OUT"
	bus-secrets set x ''
	expect 0 bus-secrets get x -f json
	expect_out '{"name":"x","scope":"user","value":""}'
}

test_get_of_one_mebibyte_as_json() {
	head -c 1048576 /dev/urandom >raw
	bus-secrets set x <raw
	expect 0 bus-secrets get x -f json
	python3 -c 'import base64,json,sys
assert base64.b64decode(json.load(open(sys.argv[1]))["value_base64"]) == open("raw","rb").read()' "$OUT"
}

test_get_is_repo_first_unless_told() {
	make_workspace
	bus-secrets init --repo >/dev/null 2>&1
	bus-secrets set x mine
	expect 0 bus-secrets get x
	expect_out mine
	bus-secrets set x ours --scope repo
	expect 0 bus-secrets get x
	expect_out ours
	expect 0 bus-secrets get x --scope auto
	expect_out ours
	expect 0 bus-secrets get x --scope user
	expect_out mine
	expect 0 bus-secrets get x --scope repo -f json
	expect_out '{"name":"x","scope":"repo","value":"ours"}'
	expect 0 bus-secrets -v get x
	expect_err shadow
}

test_set_verbose_names_who_can_read_it() {
	make_workspace
	bus-secrets init --repo >/dev/null 2>&1
	other=$(make_identity "$HOME/other.txt")
	echo "$other" >>.bus/secrets/recipients.txt
	expect 0 bus-secrets -v set x v --scope repo
	expect_err "x: encrypted to: .*$other"
	expect 0 bus-secrets -v set x v
	expect_err 'x: encrypted to: '
	! grep "$other" "$ERR" || fail 'the workspace chose who reads the user'"'"'s own'
	expect 0 bus-secrets set y v --scope repo
	expect_no_err
}

test_set_says_when_the_workspace_shadows() {
	make_workspace
	bus-secrets init --repo >/dev/null 2>&1
	bus-secrets set x mine
	expect 0 bus-secrets set x ours --scope repo
	expect_err shadow
	expect 0 bus-secrets set x mine2
	expect_err shadow
}

test_get_quiet_is_an_existence_test() {
	bus-secrets set x v
	expect 0 bus-secrets get -q x
	expect_no_out
	expect_no_err
	expect 1 bus-secrets -q get y
	expect_no_out
	[ -s "$ERR" ]
	expect 0 bus-secrets -q -f json get x
	expect_no_out
}

test_get_of_an_unknown_name() {
	expect 1 bus-secrets get nothing
	expect_err nothing
	expect_no_out
	expect 1 bus-secrets get nothing --scope user
	expect 1 bus-secrets get nothing --scope repo
	expect_err 'no workspace here: bus-secrets init --repo makes one'
}

test_set_repo_without_a_workspace() {
	expect 1 bus-secrets set x v --scope repo
	expect_err '^bus-secrets: no workspace here: bus-secrets init --repo makes one$'
	no datapackage.json "$HOME/.config"
}

test_set_json_report() {
	bus-secrets init >/dev/null 2>&1
	expect 0 bus-secrets set x v -f json
	python3 - "$OUT" <<-'PYTHON'
		import json, sys
		r = json.load(open(sys.argv[1]))
		assert r["name"] == "x" and r["scope"] == "user" and r["written"] and r["new"] and not r["rewrapped"], r
	PYTHON
	expect 0 bus-secrets set y v
	expect_no_out
	expect_no_err
}

run_tests
