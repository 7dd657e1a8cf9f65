#!/bin/sh
# Changing one member of a file that belongs to others: generated files, and every byte outside the member as before.
. "$(dirname "$0")/lib.sh"

COUNT=${TORTURE:+20000}
COUNT=${COUNT:-2000}
SEED=${JSON_SEED:-1}

driver() {
	python3 "$TOP/tests/e2e/json_property.py" driver "$BUILD/tests/e2e/json_driver" "$@"
}

test_user_scope_files_keep_every_other_byte() {
	driver user "$COUNT" "$SEED" "$T/deep-user"
}

test_repo_scope_files_keep_every_other_byte() {
	driver repo "$COUNT" "$SEED" "$T/deep-repo"
}

test_results_5000_levels_deep_are_read_by_another_parser() {
	command -v node >/dev/null || skip "no node"
	for store in user repo; do
		[ -f "$T/deep-$store" ] || driver "$store" 200 "$SEED" "$T/deep-$store"
		node --stack-size=4000 "$TOP/tests/e2e/json_deep.js" "$T/deep-$store"
	done
}

commands() {
	make_identity >/dev/null
	python3 "$TOP/tests/e2e/json_property.py" cli "$BUILD/bus-secrets" "$@"
}

test_set_and_delete_keep_every_other_byte_of_preferences() {
	commands user $((COUNT / 10)) "$SEED"
}

test_set_and_delete_keep_every_other_byte_of_a_datapackage() {
	commands repo $((COUNT / 10)) "$SEED"
}

run_tests
