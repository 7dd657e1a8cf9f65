#!/bin/sh
# Many writers at once: our own lose nothing of each other's, whatever other programs do to the file meanwhile; what an
# exchange of ours displaced is found in the file or beside it.
# shellcheck disable=SC2034,SC2154
. "$(dirname "$0")/../e2e/lib.sh"

DRIVER=$BUILD/fault/replace_driver
COUNT=${TORTURE:+5000}
COUNT=${COUNT:-500}

# start_writers: four of ours with different names; stop_writers waits for all.
start_writers() {
	PIDS=
	for writer in k l m n; do
		"$DRIVER" many "$PWD/f" $writer "$COUNT" >"$OUT.$writer" 2>&1 &
		PIDS="$PIDS $!"
	done
}

stop_writers() {
	for pid in $PIDS; do
		wait "$pid" || {
			cat "$OUT".? >&2
			fail "a writer failed"
		}
	done
}

# no_litter: nothing hidden is left in the working directory after one more call.
no_litter() {
	"$DRIVER" set "$PWD/f" z next
	hidden=$(find . -name '.?*' | wc -l)
	[ "$hidden" = 0 ] || {
		ls -la >&2
		fail "litter"
	}
}

test_four_writers_lose_nothing() {
	printf 'a=1\n' >f
	start_writers
	stop_writers
	no_litter
	sort f >"$OUT"
	expect_out "$(printf '%s\n' a=1 "k=$COUNT" "l=$COUNT" "m=$COUNT" "n=$COUNT" z=next)"
	grep -qx '0 conflicts' "$OUT.k" || fail "a conflict among our own"
}

test_nothing_is_lost_beside_a_program_that_reads_again_under_our_lock() {
	printf 'a=1\n' >f
	start_writers
	"$DRIVER" foreign-locked "$PWD/f" x "$COUNT"
	stop_writers
	no_litter
	sort f >"$OUT"
	expect_out "$(printf '%s\n' a=1 "k=$COUNT" "l=$COUNT" "m=$COUNT" "n=$COUNT" "x=$COUNT" z=next)"
}

# What a blind writer undoes is its own doing; what our exchanges displaced must not be lost. Its texts grow: each has
# all lines of those before, so a line that is in no file now was lost by us.
blind() {
	export BUS_SECRETS_DISPLACED_LOG="$PWD/../displaced"
	: >"$BUS_SECRETS_DISPLACED_LOG"
	printf 'a=1\n' >f
	start_writers
	"$DRIVER" foreign-blind "$PWD/f" blind "$COUNT"
	stop_writers
	unset BUS_SECRETS_FAULT
	no_litter
	"$DRIVER" check-displaced "$BUS_SECRETS_DISPLACED_LOG" . >"$OUT" || {
		cat "$OUT" >&2
		fail "a displaced text is lost"
	}
	for n in 1 2 "$COUNT"; do
		grep -qhx "blind$n=x" ./* || fail "blind$n is lost"
	done
	echo "MEASURED four writers against a blind one: $(tail -n 1 "$OUT"), $(find . -name '*.bus-conflict-*' | wc -l) conflict files"
}

test_a_blind_writer_is_never_dropped() {
	blind
}

test_a_blind_writer_is_never_dropped_without_leases() {
	export BUS_SECRETS_FAULT=lease:EACCES
	COUNT=60
	blind
}

test_writers_without_exchange_lose_nothing_of_each_other() {
	export BUS_SECRETS_FAULT=exchange:EINVAL,noreplace:EINVAL
	test_four_writers_lose_nothing
}

test_a_lock_that_is_held_is_waited_for_and_then_said() {
	printf 'a=1\n' >f
	flock --no-fork . sleep 30 &
	holder=$!
	at_exit "kill $holder 2>/dev/null || :"
	wait_for 5 sh -c '! flock -n . true'
	start=$(date +%s)
	status=0
	"$DRIVER" set "$PWD/f" k v 2>"$ERR" || status=$?
	took=$(($(date +%s) - start))
	[ "$status" = 18 ] || fail "status $status"
	expect_err 'holds the lock on the directory'
	[ "$took" -ge 9 ] || fail "waited only $took s"
	[ "$took" -le 13 ] || fail "waited $took s"
	[ "$(cat f)" = a=1 ] || fail "written without the lock"
}

run_tests
