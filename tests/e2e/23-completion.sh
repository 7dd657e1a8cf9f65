#!/bin/sh
# Completion for bash, and the installed place of it.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

command -v bash >/dev/null || { echo "SKIP $FILE: all: needs bash"; exit 0; }

# complete WORD...: what is offered for the last word, as bash would split the line.
offered() {
	bash --norc -c '
		. "$1"; shift
		COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
		_bus_secrets
		printf "%s\n" "${COMPREPLY[@]}"
	' - "$TOP/core/cli/bus-secrets.bash" "$@" >offered
}

# has WORD..., hasnt WORD...: of what was offered.
has() {
	for word in "$@"; do
		grep -qxe "$word" offered || fail "not offered: $word; but: $(tr '\n' ' ' <offered)"
	done
}
hasnt() {
	for word in "$@"; do
		! grep -qxe "$word" offered || fail "offered: $word"
	done
}

stored() {
	make_workspace
	bus-secrets init --repo >/dev/null 2>&1
	bus-secrets set alpha v
	bus-secrets set alpine v
	bus-secrets set beta v --scope repo
}

test_commands() {
	offered bus-secrets ''
	has set get list resolve delete rekey init uninit doctor workspace mount umount help
	offered bus-secrets re
	has resolve rekey
	hasnt set
	offered bus-secrets help g
	has get
	offered bus-secrets workspace ''
	has add remove list path
}

test_names() {
	stored
	for command in get delete rekey; do
		offered bus-secrets "$command" al
		has alpha alpine
		hasnt beta
	done
	offered bus-secrets get --scope repo ''
	has beta
	hasnt alpha
	offered bus-secrets get --scope = user ''
	has alpha alpine
	hasnt beta user
	cd /
	offered_dir=$OLDPWD
	cd "$OLDPWD"
	offered bus-secrets -C "$offered_dir" get b
	has beta
}

test_names_are_offered_also_when_list_exits_with_1() {
	stored
	sed -i 's/"secrets.alpha": *"[^"]*\(\\"[^"]*\)*"/"secrets.alpha": "in the clear"/' "$HOME/.config/bus/preferences.json"
	expect 1 bus-secrets list
	offered bus-secrets get ''
	has alpha alpine beta
}

test_references_for_resolve() {
	stored
	offered bus-secrets resolve sec
	has secret:alpha
	# bash parts the line at a colon.
	offered bus-secrets resolve secret :
	has alpha beta
	offered bus-secrets resolve secret : al
	has alpha alpine
	hasnt beta
}

test_options_and_their_words() {
	offered bus-secrets set x --
	has --scope --trim --blind --help --output
	hasnt --raw
	offered bus-secrets --
	has --chdir --format --color
	offered bus-secrets get x --scope ''
	has auto user repo
	offered bus-secrets set x --scope ''
	has user repo
	hasnt auto
	offered bus-secrets --color ''
	has auto always never
	offered bus-secrets list -f ''
	has text json
	offered bus-secrets init --print-env ''
	has sh
}

test_nothing_is_written_and_nothing_said() {
	offered bus-secrets get ''
	[ ! -s "$T/$name.log" ] || fail "$(cat "$T/$name.log")"
	no "$HOME/.config" "$HOME/.local"
}

run_tests
