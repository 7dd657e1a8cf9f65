#!/bin/sh
# No byte of a value stands in ordinary memory, neither before it is written nor while it is printed.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

search="$TOP/tests/e2e/memory_search.py"
marker=planted-3f9c6d-marker

needs() {
	[ "$(id -u)" = 0 ] || skip 'needs root: the program is not dumpable, so nobody else may look into its memory'
	command -v python3 >/dev/null || skip 'needs python3'
	! grep -q __asan_init "$BUILD/bus-secrets" || skip 'the address sanitizer keeps shadow memory of terabytes'
}

is_asleep() { grep -q '^State:.*S' "/proc/$1/status" 2>/dev/null && [ "$(cat "/proc/$1/comm")" = bus-secrets ]; }

# The value must be there, and in locked memory alone.
only_locked() {
	wait_for 5 is_asleep "$1"
	got=0
	"$search" "$1" "$marker" >searched || got=$?
	[ "$got" = 0 ] || fail "status $got: $(cat searched)"
}

# A value of more than a pipe holds, so that printing it stands still in the middle.
big() { yes "$marker" | head -c 300000; }

test_the_search_finds_what_is_in_ordinary_memory() {
	needs
	PLANTED=$marker sleep 10 &
	pid=$!
	at_exit "kill $pid 2>/dev/null || :"
	wait_for 5 sh -c "[ \"\$(cat /proc/$pid/comm)\" = sleep ]"
	got=0
	"$search" "$pid" "$marker" >searched || got=$?
	[ "$got" = 1 ] || fail "status $got"
	grep -q 'ordinary memory: \[stack\]' searched
}

while_it_prints() {
	needs
	big | bus-secrets set x 2>/dev/null
	mkfifo pipe
	sleep 30 <>pipe &
	holder=$!
	bus-secrets "$@" >pipe 2>"$ERR" &
	pid=$!
	at_exit "kill $pid $holder 2>/dev/null || :"
	only_locked "$pid"
}
test_get() { while_it_prints get x; }
test_get_json() { while_it_prints get x -f json; }
test_resolve() { while_it_prints resolve secret:x; }
test_get_verbose() { while_it_prints --trace get x; }

test_get_json_of_bytes() {
	needs
	{ printf '\377' && big; } | bus-secrets set x 2>/dev/null
	marker=$(bus-secrets get x -f json | cut -c1000-1040)
	mkfifo pipe
	sleep 30 <>pipe &
	holder=$!
	bus-secrets get x -f json >pipe 2>"$ERR" &
	pid=$!
	at_exit "kill $pid $holder 2>/dev/null || :"
	only_locked "$pid"
}

# set has read and encrypted the value when it waits for the lock of the store.
while_it_waits_for_the_lock() {
	needs
	bus-secrets set other v 2>/dev/null
	exec 9<"$HOME/.config/bus"
	flock 9
	"$@" 2>"$ERR" &
	pid=$!
	at_exit "kill $pid 2>/dev/null || :"
	only_locked "$pid"
}
test_set_by_argument() { while_it_waits_for_the_lock bus-secrets set x "$marker"; }
set_by_input() { exec bus-secrets set x <input; }
test_set_by_input() {
	big >input
	while_it_waits_for_the_lock set_by_input
}
test_set_by_input_from_a_pipe() {
	big >input
	mkfifo pipe
	cat input >pipe &
	while_it_waits_for_the_lock sh -c 'exec bus-secrets set x - <pipe'
}

run_tests
