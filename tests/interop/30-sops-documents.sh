#!/bin/sh
# 30-sops-documents.sh: our documents under every real sops at hand, and its documents under ours.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/../e2e/lib.sh"

SOPS_BINS=$("$TOP/tests/interop/fetch-sops.sh" 2>"$T/missing" | tr '\n' ' ')
export SOPS_BINS
TOOL=$BUILD/tests/interop/sops_tool

need_sops() {
	[ -n "$SOPS_BINS" ] || skip "$(head -n 1 "$T/missing")"
}

# release PROGRAM: its version, for names of files and messages.
release() {
	"$1" --version 2>/dev/null | sed -n '1s/^sops \([0-9.]*\).*/\1/p'
}

need_release() {
	for sops in $SOPS_BINS; do
		[ "$(release "$sops")" != "$1" ] || return 0
	done
	skip "$(grep "^sops $1" "$T/missing" || echo "sops $1 is not at hand")"
}

test_release_3_9_0_is_at_hand() { need_release 3.9.0; }
test_release_3_11_0_is_at_hand() { need_release 3.11.0; }
test_release_3_13_3_is_at_hand() { need_release 3.13.3; }

# Three people; the first one's key is where sops looks.
people() {
	one=$(make_identity)
	two=$(make_identity "$HOME/two.txt")
	three=$(make_identity "$HOME/three.txt")
	KEYS=$HOME/.config/sops/age/keys.txt
}

# as FILE COMMAND...: with that key file alone.
as() {
	keys=$1
	shift
	SOPS_AGE_KEY_FILE=$keys XDG_CONFIG_HOME=/nonexistent "$@"
}

values() {
	printf 'hello' >hello
	printf 'gr\303\274n "\\\t\n' >text
	printf 'a\0b\377\376\r\n' >bytes
	: >empty
	head -c 1048576 /dev/urandom >large
}

# opens SOPS DOCUMENT FILE: in both ways in which people open a binary document, and from standard input.
opens() {
	"$1" -d --input-type binary --output-type binary "$2" | cmp -s - "$3" || fail "$(release "$1"): $2 is not $3"
	"$1" -d --input-type json --extract '["data"]' "$2" | cmp -s - "$3" || fail "$(release "$1"): --extract of $2"
	"$1" -d --input-type json --output-type binary /proc/self/fd/0 <"$2" | cmp -s - "$3" || fail "$(release "$1"): stdin"
}

# we_open DOCUMENT FILE [KEYS]
we_open() {
	"$TOOL" decrypt "${3:-$KEYS}" <"$1" | cmp -s - "$2" || fail "ours: $1 is not $2"
}

test_real_sops_opens_what_we_write() {
	need_sops
	people
	values
	for value in text bytes empty large; do
		"$TOOL" encrypt "$one" <"$value" >one.json
		"$TOOL" encrypt "$one" "$two" "$three" "$two" <"$value" >three.json
		[ "$(grep -o '"enc"' three.json | wc -l)" = 3 ] || fail "not one envelope for each recipient"
		for sops in $SOPS_BINS; do
			opens "$sops" one.json "$value"
			# Whose key it is does not depend on the value.
			[ "$value" = bytes ] || continue
			for keys in "$KEYS" "$HOME/two.txt" "$HOME/three.txt"; do
				as "$keys" "$sops" -d --input-type json --output-type binary three.json | cmp -s - "$value" ||
					fail "$(release "$sops"): three recipients, $keys"
			done
			expect 128 as "$HOME/two.txt" "$sops" -d --input-type json --output-type binary one.json
		done
		we_open one.json "$value"
		we_open three.json "$value" "$HOME/three.txt"
		expect 1 "$TOOL" decrypt "$HOME/two.txt" <one.json
		expect_err NO_MATCH
	done
}

test_real_sops_refuses_what_we_refuse() {
	need_sops
	people
	values
	"$TOOL" encrypt "$one" <hello >a.json
	"$TOOL" encrypt "$one" <text >b.json
	python3 - <<-'EOF'
		import json
		a, b = json.load(open("a.json")), json.load(open("b.json"))
		def changed(name, change):
		    doc = json.load(open("a.json"))
		    change(doc)
		    json.dump(doc, open(name, "w"))
		changed("x1.json", lambda d: d.update(data=b["data"]))
		changed("x2.json", lambda d: d["sops"].update(mac=b["sops"]["mac"]))
		changed("x3.json", lambda d: d["sops"].update(lastmodified="2020-01-01T00:00:00Z"))
		changed("x4.json", lambda d: d.update(data=""))
		changed("x5.json", lambda d: d.update(more_unencrypted="x"))
	EOF
	for changed in x?.json; do
		for sops in $SOPS_BINS; do
			! "$sops" -d --input-type json --output-type binary "$changed" >/dev/null 2>&1 ||
				fail "$(release "$sops") opens $changed"
		done
		expect 1 "$TOOL" decrypt "$KEYS" <"$changed"
		expect_err 'INTEGRITY'
	done
}

test_we_open_binary_documents_of_real_sops() {
	need_sops
	people
	values
	for sops in $SOPS_BINS; do
		for value in text bytes empty large; do
			"$sops" -e --age "$one,$two" --input-type binary --output-type binary "$value" >doc
			we_open doc "$value"
			we_open doc "$value" "$HOME/two.txt"
			"$TOOL" rewrite doc "$KEYS" "$one" <text >again.json
			"$sops" -d --input-type json --output-type binary again.json | cmp -s - text ||
				fail "$(release "$sops"): rewritten"
		done
	done
}

# SOPS JSON TEXT: a JSON document whose only leaf is served as TEXT.
json_is() {
	printf '%s' "$2" >plain.json
	"$1" -e --age "$one" plain.json >doc.json
	printf '%s' "$3" >wanted
	we_open doc.json wanted
	# The same document under the same sops, through our call of it.
	"$TOOL" program "$1" <doc.json | cmp -s - wanted || fail "$(release "$1"): $2 by --extract"
	# A rewrite keeps the shape, and sops finds the new value in it.
	"$TOOL" rewrite doc.json "$KEYS" "$one" <text >again.json
	place=$("$TOOL" inspect <doc.json | sed -n 's/^path //p')
	[ "$("$TOOL" inspect <again.json | sed -n 's/^path //p')" = "$place" ] || fail "$2 lost its shape"
	case $place in \[*) ;; *) place="[\"$place\"]" ;; esac
	"$1" -d --extract "$place" again.json | cmp -s - text || fail "$(release "$1"): rewritten $2"
	we_open again.json text
}

test_we_open_json_documents_of_real_sops() {
	need_sops
	people
	values
	for sops in $SOPS_BINS; do
		json_is "$sops" '{"value": "gr\u00fcn <&> \"x\"\n\t/"}' "$(printf 'gr\303\274n <&> "x"\n\t/')"
		json_is "$sops" '{"data": "x"}' 'x'
		json_is "$sops" '{"value": ""}' ''
		json_is "$sops" '{"db": {"password": "x"}}' 'x'
		json_is "$sops" '{"list": [null, {"a b": ["x"]}]}' 'x'
		json_is "$sops" '{"value": 5432}' '5432'
		json_is "$sops" '{"value": -0.5}' '-0.5'
		json_is "$sops" '{"value": 1e21}' '1000000000000000000000'
		json_is "$sops" '{"value": 1e-7}' '0.0000001'
		json_is "$sops" '{"value": true}' 'True'
		json_is "$sops" '{"value": false}' 'False'
	done
}

test_number_texts_are_those_of_real_sops() {
	need_sops
	people
	numbers='1.0, 1e21, 1e-7, 0.1, 25.40, 123456789012, 5.684341886080802e-14, 1.7976931348623157e308, 5e-324, 0, 7'
	printf '{"data": "v", "n_unencrypted": [%s], "n": [%s]}' "$numbers" "$numbers" >plain.json
	printf v >wanted
	for sops in $SOPS_BINS; do
		"$sops" -e --age "$one" plain.json >doc.json
		we_open doc.json wanted
		"$TOOL" rewrite doc.json "$KEYS" "$one" <wanted >again.json
		"$sops" -d doc.json >before
		"$sops" -d again.json >after || fail "$(release "$sops")"
		same before after
	done
}

# after SOPS DOCUMENT FILE: it was changed by that sops; we read it and write it again, and sops reads that.
after() {
	we_open "$2" "$3"
	"$TOOL" rewrite "$2" "$KEYS" "$one" <text >again.json
	opens "$1" again.json text
}

test_real_sops_changes_what_we_wrote() {
	need_sops
	people
	values
	cat >editor <<-'EOF'
		#!/bin/sh
		cat "$NEW" >"$1"
	EOF
	chmod 755 editor
	for sops in $SOPS_BINS; do
		"$TOOL" encrypt "$one" <hello >doc.json
		"$sops" set doc.json '["data"]' '"gr\u00fcn \u0000"'
		printf 'gr\303\274n \0' >wanted
		after "$sops" doc.json wanted

		"$TOOL" encrypt "$one" <bytes >doc.json
		"$sops" rotate -i --add-age "$two" --input-type json --output-type json doc.json
		we_open doc.json bytes "$HOME/two.txt"
		cp doc.json double.json
		"$sops" rotate -i --rm-age "$two" --input-type json --output-type json doc.json
		after "$sops" doc.json bytes
		expect 1 "$TOOL" decrypt "$HOME/two.txt" <doc.json

		# A recipient twice, as sops leaves it, is named once and written once.
		"$sops" rotate -i --add-age "$two" --input-type json --output-type json double.json
		[ "$(grep -o '"recipient"' double.json | wc -l)" = 3 ] || fail "$(release "$sops") drops doubles"
		# shellcheck disable=SC2046
		"$TOOL" rewrite double.json "$KEYS" $("$TOOL" inspect <double.json | sed -n 's/^recipient //p') <text >again.json
		[ "$(grep -o '"recipient"' again.json | wc -l)" = 2 ] || fail "doubles are written"
		opens "$sops" again.json text

		"$TOOL" encrypt "$one" "$two" <bytes >doc.json
		printf 'creation_rules:\n  - age: %s,%s\n' "$one" "$three" >.sops.yaml
		"$sops" updatekeys -y doc.json >/dev/null 2>&1 || fail "$(release "$sops"): updatekeys"
		we_open doc.json bytes "$HOME/three.txt"
		expect 1 "$TOOL" decrypt "$HOME/two.txt" <doc.json
		after "$sops" doc.json bytes
		rm .sops.yaml

		"$TOOL" encrypt "$one" <hello >doc
		NEW=$PWD/bytes EDITOR=$PWD/editor "$sops" doc
		after "$sops" doc bytes
		NEW=/dev/null EDITOR=$PWD/editor "$sops" doc
		after "$sops" doc empty
	done
}

test_neighbours_live_through_a_rewrite() {
	need_sops
	people
	values
	for sops in $SOPS_BINS; do
		cat >plain.json <<-'EOF'
			{"note_unencrypted": "a\/b \u00e9", "data": "old", "meta": "{\"expires\": \"2027-01-01\"}",
			 "list": ["x", "x", 5, 0.5, true, null, ""], "more_unencrypted": {"n": [1, 2.50, false], "s": ["<&>"]}, "o": {}, "none": null}
		EOF
		"$sops" -e --age "$one" plain.json >doc.json
		printf old >wanted
		we_open doc.json wanted
		"$TOOL" rewrite doc.json "$KEYS" "$one" "$two" <text >again.json
		we_open again.json text "$HOME/two.txt"
		[ "$(wc -l <again.json)" = 0 ] || fail "more than one line"
		"$sops" -d doc.json | python3 -c 'import json, sys
doc = json.load(sys.stdin); doc["data"] = open("text").read(); json.dump(doc, sys.stdout)' >before
		"$sops" -d again.json | python3 -c 'import json, sys; json.dump(json.load(sys.stdin), sys.stdout)' >after
		same before after
		"$sops" -d --input-type json --output-type binary again.json | cmp -s - text || fail "$(release "$sops"): as binary"
		# And an old key opens nothing new.
		expect 1 "$TOOL" decrypt "$HOME/three.txt" <again.json
	done
}

test_rules_of_real_sops_are_followed() {
	need_sops
	people
	values
	printf '{"x_clear": "c", "data": "v", "n_clear": 5, "b": null}' >suffix.json
	printf '{"data_secret": "v", "clear": "c", "n": 5}' >encrypted.json
	printf '{"data": "v", "x_unencrypted": "c"}' >mac.json
	printf v >wanted
	for sops in $SOPS_BINS; do
		"$sops" -e --age "$one" --unencrypted-suffix _clear suffix.json >doc1.json
		"$sops" -e --age "$one" --encrypted-suffix _secret encrypted.json >doc2.json
		"$sops" -e --age "$one" --mac-only-encrypted mac.json >doc3.json
		for doc in doc1.json doc2.json doc3.json; do
			we_open "$doc" wanted
			"$TOOL" rewrite "$doc" "$KEYS" "$one" <text >again.json
			we_open again.json text
			"$sops" -d again.json | grep -q 'grün' || fail "$(release "$sops"): $doc"
		done
	done
}

# by_program SOPS DOCUMENT FILE WHY: only that sops can open it, and we say why.
by_program() {
	expect 1 "$TOOL" decrypt "$KEYS" <"$2"
	expect_err 'NEED_SOPS'
	expect_err "$4"
	"$TOOL" inspect <"$2" | grep -q -e "$4" || fail "$2 does not say why"
	"$TOOL" program "$1" <"$2" | cmp -s - "$3" || fail "$(release "$1"): $2"
	expect 1 env SOPS_AGE_KEY_FILE="$HOME/none.txt" XDG_CONFIG_HOME=/nonexistent "$TOOL" program "$1" <"$2"
	expect_err 'NO_MATCH'
}

test_yaml_that_became_json_is_read() {
	need_sops
	people
	values
	printf 'data: v\nl:\n  # a comment\n  - a\n' >plain.yaml
	printf v >wanted
	for sops in $SOPS_BINS; do
		"$sops" -e --age "$one" --input-type yaml --output-type json plain.yaml >doc.json
		we_open doc.json wanted
		"$TOOL" rewrite doc.json "$KEYS" "$one" <text >again.json
		"$sops" -d --input-type json --output-type binary again.json | cmp -s - text || fail "$(release "$sops"): rewritten"
	done
}

test_what_needs_sops_goes_through_sops() {
	need_sops
	people
	make_identity "$HOME/none.txt" >/dev/null
	printf '{"value": "v", "clear": "c"}' >plain.json
	printf v >wanted
	for sops in $SOPS_BINS; do
		"$sops" -e --age "$one" --encrypted-regex '^val' plain.json >doc.json
		by_program "$sops" doc.json wanted encrypted_regex
		expect 1 "$TOOL" rewrite doc.json "$KEYS" "$one" </dev/null
		expect_err 'NEED_SOPS'
		"$sops" -e --age "$one" --unencrypted-regex '^clear$' plain.json >doc.json
		by_program "$sops" doc.json wanted unencrypted_regex
		cat >.sops.yaml <<-EOF
			creation_rules:
			  - shamir_threshold: 2
			    key_groups:
			      - age: [$one]
			      - age: [$one]
			      - age: [$three]
		EOF
		printf '{"data": "v"}' >shamir.json
		"$sops" -e shamir.json >doc.json
		rm .sops.yaml
		by_program "$sops" doc.json wanted '2 of 3 key groups'
		# An entry of a kind that is not ours, which does not open; ours beside it does.
		"$TOOL" encrypt "$one" <wanted >ours.json
		python3 - <<-'EOF'
			import json
			doc = json.load(open("ours.json"))
			doc["sops"]["pgp"] = [{"created_at": "2026-01-01T00:00:00Z", "enc": "-----BEGIN PGP MESSAGE-----\n\nAA==\n-----END PGP MESSAGE-----", "fp": "0123"}]
			json.dump(doc, open("pgp.json", "w"))
		EOF
		we_open pgp.json wanted
		expect 1 "$TOOL" decrypt "$HOME/two.txt" <pgp.json
		expect_err 'NEED_SOPS'
		expect_err 'pgp'
		"$TOOL" program "$sops" <pgp.json | cmp -s - wanted || fail "$(release "$sops"): pgp beside age"
		"$TOOL" rewrite pgp.json "$KEYS" "$one" "$two" <wanted >again.json
		grep -q 'BEGIN PGP MESSAGE' again.json || fail "the pgp entry is gone"
		as "$HOME/two.txt" "$sops" -d --input-type json --output-type binary again.json | cmp -s - wanted ||
			fail "$(release "$sops"): rewritten beside pgp"
		sed 's/"v"/true/' plain.json >bool.json
		"$sops" -e --age "$one" --encrypted-regex '^val' bool.json >doc.json
		[ "$("$TOOL" program "$sops" <doc.json)" = True ] || fail "$(release "$sops"): a bool by --extract"
	done
}

test_layouts_of_every_release_are_read() {
	need_sops
	people
	values
	for sops in $SOPS_BINS; do
		"$sops" -e --age "$one" --input-type binary --output-type binary bytes >doc.json
		sed 's/$/\r/' doc.json >crlf.json
		python3 - <<-'EOF'
			import json
			doc = json.load(open("doc.json"))
			sops = doc["sops"]
			def write(name, value, **how):
			    open(name, "w").write(json.dumps(value, **how))
			write("line.json", doc, separators=(",", ":"))
			write("spaces.json", doc, indent=7)
			write("first.json", {"sops": sops, "data": doc["data"]})
			write("reversed.json", {**doc, "sops": dict(reversed(list(sops.items())))})
			write("nulls.json", {**doc, "sops": {**sops, "kms": None, "pgp": [], "hc_vault": None, "key_groups": []}})
			write("group.json", {**doc, "sops": {**{k: v for k, v in sops.items() if k != "age"}, "key_groups": [{"hc_vault": None, "age": sops["age"]}]}})
			open("slashes.json", "w").write(json.dumps(doc).replace("/", "\\/").replace("+", "\\u002b"))
		EOF
		for form in crlf line spaces first reversed nulls group slashes; do
			"$sops" -d --input-type json --output-type binary "$form.json" | cmp -s - bytes ||
				fail "$(release "$sops") does not open $form.json"
			we_open "$form.json" bytes
			"$TOOL" rewrite "$form.json" "$KEYS" "$one" <text >again.json
			"$sops" -d --input-type json --output-type binary again.json | cmp -s - text ||
				fail "$(release "$sops"): rewritten $form.json"
		done
	done
}

test_ssh_recipients_are_those_of_real_sops() {
	need_sops
	command -v ssh-keygen >/dev/null || skip "ssh-keygen is not installed"
	people
	values
	ssh-keygen -q -t ed25519 -N '' -C 'me at home' -f key
	ssh=$(cat key.pub)
	"$TOOL" encrypt "$two" "$ssh" <bytes >ours.json
	we_open ours.json bytes "$PWD/key"
	for sops in $SOPS_BINS; do
		as "$HOME/two.txt" "$sops" -d --input-type json --output-type binary ours.json | cmp -s - bytes ||
			fail "$(release "$sops"): beside an ssh entry"
		case $(release "$sops") in 3.9.*) continue ;; esac # knows no ssh keys
		SOPS_AGE_SSH_PRIVATE_KEY_FILE=$PWD/key XDG_CONFIG_HOME=/nonexistent "$sops" -d --input-type json \
			--output-type binary ours.json | cmp -s - bytes || fail "$(release "$sops"): by the ssh key"
		"$sops" -e --age "$ssh" --input-type binary --output-type binary bytes >theirs.json
		we_open theirs.json bytes "$PWD/key"
		"$TOOL" rewrite theirs.json "$PWD/key" "$ssh" "$one" <text >again.json
		opens "$sops" again.json text
	done
}

test_real_age_opens_our_envelopes_and_we_its() {
	command -v age >/dev/null || skip "age is not installed"
	people
	values
	"$TOOL" encrypt "$one" "$two" <bytes >doc.json
	python3 -c 'import json
for i, entry in enumerate(json.load(open("doc.json"))["sops"]["age"]): open(f"enc{i}", "w").write(entry["enc"])'
	(umask 077 && age -d -i "$KEYS" enc0 >key)
	[ "$(wc -c <key)" = 32 ] || fail "the data key has not 32 bytes"
	age -d -i "$HOME/two.txt" enc1 | cmp -s - key || fail "another data key in the second envelope"
	age -a -r "$three" <key >theirs
	python3 -c 'import json
doc = json.load(open("doc.json"))
doc["sops"]["age"] = [{"recipient": "x", "enc": open("theirs").read()}]
json.dump(doc, open("doc.json", "w"))'
	we_open doc.json bytes "$HOME/three.txt"
	rm key
}

run_tests
