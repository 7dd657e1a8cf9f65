#!/bin/sh
# Two layouts, one name: whatever step a delete or a rename dies or fails at, no old value counts again, and no value is
# lost.
# shellcheck disable=SC2034,SC2154
. "$(dirname "$0")/../e2e/lib.sh"

CLI=$BUILD/fault/bus-secrets
DRIVER=$BUILD/fault/store_driver
STEP=4 start=0
[ -z "${TORTURE:-}" ] || STEP=1

# In datapackage.json and, newer, in .bus/secrets: a, b. In datapackage.json alone: c, d. In .bus/secrets alone: e.
make_ground() {
	make_identity >/dev/null
	make_workspace
	for name in a b c d; do
		value=hidden-$name
		case $name in c | d) value=value-$name ;; esac
		printf %s "$value" | "$CLI" set "$name" --scope repo -
	done
	mkdir -p .bus/secrets
	for name in a b e; do printf %s "value-$name" | "$CLI" set "$name" --scope repo -; done
	mkdir ../kept
	cp -a .bus datapackage.json ../kept/
}

restore() {
	rm -rf .bus datapackage.json
	cp -a ../kept/.bus ../kept/datapackage.json .
}

values() { "$DRIVER" show a b c d e | tr '\n' ' '; }

# sweep ACTION BEFORE AFTER COMMAND...: with ACTION at the system calls of the change in turn (TORTURE=1: at every one,
# else at every fourth); what stands there then is BEFORE or AFTER. A second call, undisturbed, ends in AFTER.
sweep() {
	action=$1 before=$2 after=$3
	shift 3
	restore
	calls=$("$DRIVER" "$@" | sed -n 's/^calls //p')
	[ "$(values)" = "$after" ] || fail "$*, undisturbed: $(values)"
	start=$((start % STEP + 1))
	n=$start disturbed=0
	while [ "$n" -le "$calls" ]; do
		restore
		status=0
		BUS_SECRETS_FAULT="#$n:$action" "$DRIVER" "$@" >"$OUT" 2>"$ERR" || status=$?
		[ "$status" = 0 ] || disturbed=$((disturbed + 1))
		got=$(values)
		case $got in
		"$after") ;;
		"$before")
			[ "$status" != 0 ] || fail "$* with $action at call $n: said yes, did nothing"
			"$DRIVER" "$@" >"$OUT" 2>"$ERR" || fail "$* after $action at call $n: $(cat "$ERR")"
			[ "$(values)" = "$after" ] || fail "$* again after $action at call $n: $(values)"
			;;
		*) fail "$* with $action at call $n (status $status): $got" ;;
		esac
		n=$((n + STEP))
	done
	echo "$*: $calls calls, $disturbed runs disturbed by $action"
	[ "$action" != kill ] || [ "$disturbed" -gt 0 ] || fail "$*: no run was disturbed"
}

before='a=value-a b=value-b c=value-c d=value-d e=value-e '

sweep_all() {
	make_ground
	[ "$(values)" = "$before" ] || fail "the ground: $(values)"
	sweep "$1" "$before" 'a=(NOT_FOUND) b=value-b c=value-c d=value-d e=value-e ' delete a
	sweep "$1" "$before" 'a=value-a b=value-b c=(NOT_FOUND) d=value-d e=value-e ' delete c
	sweep "$1" "$before" 'a=(NOT_FOUND) b=value-a c=value-c d=value-d e=value-e ' rename a b
	sweep "$1" "$before" 'a=value-a b=value-b c=(NOT_FOUND) d=value-c e=value-e ' rename c d
	sweep "$1" "$before" 'a=value-a b=value-b c=value-e d=value-d e=(NOT_FOUND) ' rename e c
	sweep "$1" "$before" 'a=value-a b=value-b c=(NOT_FOUND) d=value-d e=value-c ' rename c e
	sweep "$1" "$before" 'a=value-c b=value-b c=value-a d=value-d e=value-e ' rename a c exchange
}

test_death_at_every_step() { sweep_all kill; }
test_a_failure_at_every_step() { sweep_all EIO; }

run_tests
