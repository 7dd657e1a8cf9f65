#!/bin/sh
# The same change again and again, each time with something else at the next system call of the protocol: the process
# dies, the call fails, another program writes the file. See sweep.c for what must hold afterwards.
# shellcheck disable=SC2034,SC2154
. "$(dirname "$0")/../e2e/lib.sh"

DRIVER=$BUILD/fault/replace_driver

# sweep "ACTIONS" "FOREIGN..." [FAULTS]
sweep() {
	for action in $1; do
		for op in set new remove; do
			for foreign in $2; do
				"$DRIVER" sweep "$action" $op "$foreign" ${3+"$3"} >"$OUT" || {
					echo "$action $op $foreign ${3-}:" >&2
					head -20 "$OUT" >&2
					exit 1
				}
			done
		done
	done
}

test_death_at_every_call() {
	sweep kill none
}

test_every_call_fails_in_turn() {
	sweep "EIO ENOSPC" none
}

test_every_call_from_one_on_fails() {
	sweep "EIO+ ENOSPC+" none
}

test_another_program_writes_at_every_call() {
	sweep stop "rename in-place slow delete"
}

test_another_program_writes_at_every_call_and_we_die() {
	sweep stop-kill "rename in-place slow delete"
}

# Two events in one run: what an exchange displaced and nobody looked at any more; what came between it and the
# exchange back.
test_another_program_writes_and_we_die_later() {
	sweep stop-die "rename in-place"
}

test_another_program_writes_twice() {
	sweep stop-twice "rename in-place delete"
}

test_without_leases() {
	sweep "kill stop stop-kill EIO" rename lease:EACCES
}

# Without an exchange there is a window, between the last look and the rename, in which a foreign change can be lost:
# the weaker promise, which doctor tells. Dying and failing calls lose nothing there either.
test_without_exchange() {
	sweep "kill EIO ENOSPC" none exchange:EINVAL
	sweep "kill EIO ENOSPC" none exchange:EINVAL,noreplace:EINVAL
}

# The points that the protocol is explained by, each with a process that dies there and one that another program
# overtakes there.
test_death_at_every_named_point() {
	for point in mid-write after-temp after-rename after-exchange after-check; do
		for foreign in none before; do
			rm -rf d && mkdir d
			printf 'a=1\n' >d/f
			(BUS_SECRETS_FAULT=$point:stop exec "$DRIVER" set "$PWD/d/f" k ours) &
			pid=$!
			wait_for 5 grep -q '^State:.*T' "/proc/$pid/status"
			if [ $foreign = before ]; then
				{ cat d/f && echo f=foreign; } >d/g
				mv d/g d/f
			fi
			kill -KILL "$pid"
			wait "$pid" 2>/dev/null || true
			case $(tr '\n' ' ' <d/f) in
			'a=1 ' | 'a=1 k=ours ' | 'a=1 f=foreign ' | 'a=1 k=ours f=foreign ') ;;
			*) fail "$point, $foreign: $(cat d/f)" ;;
			esac
			"$DRIVER" set "$PWD/d/f" z next
			[ "$(find d -mindepth 1 | wc -l)" = 1 ] || fail "$point, $foreign: litter: $(ls -A d)"
			[ $foreign = none ] || grep -qx f=foreign d/f || fail "$point: the foreign change is lost"
		done
	done
}

run_tests
