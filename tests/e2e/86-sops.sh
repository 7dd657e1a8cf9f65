#!/bin/sh
# Values that a real sops wrote into the workspace, read through the mount; and what the mount writes, read by it.
# shellcheck disable=SC2015 # fail ends the test
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/mount_lib.sh"

# with_sops RUN BODY: for each real sops at hand.
with_sops() {
	mount_setup
	programs_of_sops=$("$TOP/tests/interop/fetch-sops.sh" 2>"$OUT.missing") || skip "$(head -n 1 "$OUT.missing")"
	for ALSO_COPY in $programs_of_sops; do
		if [ "$1" = as_user ] && [ "$(id -u)" = 0 ]; then SOPS=$(basename "$ALSO_COPY"); else SOPS=$ALSO_COPY; fi
		rm -rf "$HOME" datapackage.json .bus
		mkdir -p "$HOME" && cd "$(dirname "$OUT")/ws"
		("$1" "$2")
		echo "MEASURED through the mount with $("$ALSO_COPY" --version 2>/dev/null | head -1)"
	done
}

by_sops() { # TEXT: a document of it on standard output
	printf '%s' "$1" >"$OUT.clear"
	"$SOPS" --encrypt --age "$recipient" --input-type binary --output-type json "$OUT.clear"
}

body_sops() {
	make_workspace
	recipient=$(make_identity)
	SOPS_AGE_KEY_FILE=$HOME/.config/sops/age/keys.txt
	export SOPS_AGE_KEY_FILE
	by_sops 'sk-written by sops' >doc.json
	python3 -c 'import json
doc = open("doc.json").read()
json.dump({"name": "a project", "busdk": {"secrets": {"openai_api_key": doc}}}, open("datapackage.json", "w"), indent=2)'
	printf 'by the command' | bus-secrets set other --scope repo
	mounted
	at=$M/repo/openai_api_key
	has "$at" 'sk-written by sops'
	[ "$(stat -c %s "$at")" = 18 ] || fail "size"
	[ "$(head -c 10 "$at")" = sk-written ] || fail "head"
	cp "$at" copy && has copy 'sk-written by sops'
	[ "$(python3 -c 'import sys; print(open(sys.argv[1]).read())' "$at")" = 'sk-written by sops' ] || fail "python3"
	[ "$(cat "$M/repo/other")" = 'by the command' ] || fail "cat"
	# The other layout, and the other way round.
	printf 'by the mount' >"$M/repo/other"
	printf 'by the mount, new' >"$M/repo/new"
	for name in other new; do
		python3 -c 'import json, sys
sys.stdout.write(json.load(open("datapackage.json"))["busdk"]["secrets"][sys.argv[1]])' $name >doc.sops
		"$SOPS" --decrypt --input-type binary --output-type binary doc.sops >clear
		same clear "$M/repo/$name"
	done
	mkdir -p .bus/secrets
	echo "$recipient" >.bus/secrets/recipients.txt
	by_sops 'in a file of its own' >.bus/secrets/filed.sops.json
	has "$M/repo/filed" 'in a file of its own'
	printf 'changed' >"$M/repo/filed"
	"$SOPS" --decrypt --input-type binary --output-type binary .bus/secrets/filed.sops.json >clear
	has clear changed
	unmounted
}
test_sops_and_the_mount_as_root() { with_sops as_root body_sops; }
test_sops_and_the_mount_as_user() { with_sops as_user body_sops; }

run_mount_tests "$@"
