#!/bin/sh
# The manual's EXIT STATUS says what the table of errors says, and its commands and options are those of the program.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/../e2e/lib.sh"

PAGE=$TOP/docs/bus-secrets.1

test_exit_statuses_are_those_of_the_table() {
	sed -n 's/^BS_CODE([A-Z_]*, [0-9]*, [A-Z0-9]*, \([0-9]\), "\(.*\)")$/\2 \1/p' "$TOP/include/bus-secrets/error.def" |
		sort >table
	[ "$(wc -l <table)" = "$(grep -c '^BS_CODE(' "$TOP/include/bus-secrets/error.def")" ] || fail 'a row was not understood'
	sed -n '/^\.Sh EXIT STATUS/,/^\.Sh SECURITY/s/^\.It \(.*\) Ta \([0-9]\)$/\1 \2/p' "$PAGE" | sort >page
	diff table page >&2 || fail 'docs/bus-secrets.1 and error.def differ'
}

test_every_status_is_explained() {
	sed -n 's/^BS_CODE([A-Z_]*, [0-9]*, [A-Z0-9]*, \([0-9]\),.*/\1/p' "$TOP/include/bus-secrets/error.def" | sort -u >used
	sed -n '/^\.Sh EXIT STATUS/,/^\.Sh SECURITY/s/^\.It \([0-9]\)$/\1/p' "$PAGE" | sort -u >explained
	same used explained
}

test_only_the_program_turns_codes_into_statuses() {
	found=$(grep -rl 'bs_code_exit(' "$TOP/core" "$TOP/fs" 2>/dev/null | sed "s|$TOP/||" | sort | tr '\n' ' ')
	case $found in
	'core/base/error.c core/cli/main.c ' | 'core/base/error.c core/cli/main.c fs/main.c ') ;;
	*) fail "callers of bs_code_exit: $found" ;;
	esac
}

test_commands_and_options_of_the_program_are_in_the_manual() {
	bus-secrets help --format opencli >document
	python3 - "$PAGE" <<-'PYTHON' || fail 'docs/bus-secrets.1 lags behind'
		import json, sys
		page = open(sys.argv[1]).read()
		doc = json.load(open("document"))
		missing = []
		for command in doc["commands"]:
		    if ".It Cm " + command["name"] not in page:
		        missing.append(command["name"])
		    for option in command["options"]:
		        if "Fl -" + option["name"][2:] not in page:
		            missing.append(command["name"] + " " + option["name"])
		for option in doc["options"]:
		    if "Fl -" + option["name"][2:] not in page:
		        missing.append(option["name"])
		print("missing:", missing)
		sys.exit(bool(missing))
	PYTHON
}

run_tests
