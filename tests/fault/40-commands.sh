#!/bin/sh
# The real program with its fault points: what the protocol promises holds for `set` and `delete` in every layout.
# shellcheck disable=SC2034,SC2154
. "$(dirname "$0")/../e2e/lib.sh"

CLI=$BUILD/fault/bus-secrets

# ground LAYOUT: sets SCOPE, the stored FILE of secret x and its directory DIR, with x=old and y=other in it.
ground() {
	[ -e "$HOME/.config/sops/age/keys.txt" ] || make_identity >/dev/null
	chmod 600 "$HOME/.config/sops/age/keys.txt"
	rm -rf "$HOME/.config/bus" datapackage.json .bus
	SCOPE=repo
	printf '{ "name": "kept" }\n' >datapackage.json
	case $1 in
	user)
		SCOPE=user
		DIR=$HOME/.config/bus FILE=$DIR/preferences.json
		;;
	package) DIR=. FILE=datapackage.json ;;
	directory)
		mkdir -p .bus/secrets
		DIR=.bus/secrets FILE=$DIR/x.sops.json
		;;
	esac
	printf old | "$CLI" set x --scope "$SCOPE" -
	printf other | "$CLI" set y --scope "$SCOPE" -
}

# value NAME
value() {
	"$CLI" get "$1" --scope "$SCOPE" 2>/dev/null || echo "(none)"
}

# settle: one more call, after which nothing hidden is left and the other secret is as it was.
settle() {
	printf next | "$CLI" set z --scope "$SCOPE" - || printf next | "$CLI" set z --scope "$SCOPE" -
	# In the directory layout x's own leavings are x's next call's.
	[ "$1" != directory ] || "$CLI" delete x --scope "$SCOPE" 2>/dev/null || :
	find "$DIR" -maxdepth 1 -name '.*.bus-*' >"$OUT"
	[ ! -s "$OUT" ] || fail "$1 $2: litter: $(cat "$OUT")"
	[ "$(value y)" = other ] || fail "$1 $2: another secret is lost"
	[ "$(value z)" = next ] || fail "$1 $2: the next call did not write"
	[ "$SCOPE" = user ] || grep -q '"name": "kept"' datapackage.json || fail "$1 $2: a foreign member is lost"
}

test_death_at_every_point_leaves_the_old_value_or_the_new() {
	for layout in user package directory; do
		for point in mid-write after-temp after-rename after-exchange after-check; do
			ground "$layout"
			expect 137 sh -c "printf new | BUS_SECRETS_FAULT=$point:kill $CLI set x --scope $SCOPE -; exit \$?"
			case $(value x) in old | new) ;; *) fail "$layout $point: $(value x)" ;; esac
			settle "$layout" "$point"
		done
		for point in after-exchange after-check; do
			ground "$layout"
			expect 137 sh -c "BUS_SECRETS_FAULT=$point:kill $CLI delete x --scope $SCOPE; exit \$?"
			case $(value x) in old | '(none)') ;; *) fail "$layout $point: $(value x)" ;; esac
			settle "$layout" "delete, $point"
		done
	done
}

# Every fifth call fails in turn; the driver's sweeps do all of them.
test_a_failing_call_keeps_the_old_value_and_says_so() {
	for layout in user package directory; do
		n=1 failures=0
		while [ "$n" -lt 90 ]; do
			ground "$layout"
			status=0
			printf new | BUS_SECRETS_FAULT="#$n:ENOSPC" "$CLI" set x --scope "$SCOPE" - 2>"$ERR" || status=$?
			case $status:$(value x) in
			0:new) ;;
			1:old)
				tail -n 1 "$ERR" | grep -q '^bus-secrets: .*No space left' || fail "$layout $n: $(cat "$ERR")"
				failures=$((failures + 1))
				;;
			*) fail "$layout $n: status $status, value $(value x): $(cat "$ERR")" ;;
			esac
			settle "$layout" "call $n"
			n=$((n + 5))
		done
		[ $failures -ge 3 ] || fail "$layout: only $failures failed"
	done
}

# A foreign program replaces the file while ours is stopped between two steps.
test_a_foreign_change_is_merged_or_kept() {
	for layout in user package; do
		for point in mid-write after-rename after-exchange; do
			for ending in CONT KILL; do
				ground "$layout"
				(
					printf new >value
					BUS_SECRETS_FAULT=$point:stop exec "$CLI" set x --scope "$SCOPE" - <value
				) &
				pid=$!
				wait_for 5 grep -q '^State:.*T' "/proc/$pid/status"
				sed '1s/^{/{ "foreign": [1,  2.50],/' "$FILE" >"$DIR/theirs"
				mv "$DIR/theirs" "$FILE"
				kill -"$ending" "$pid"
				status=0
				wait "$pid" || status=$?
				[ "$ending" = KILL ] || [ $status = 0 ] || fail "$layout $point: status $status"
				[ "$ending" = KILL ] || [ "$(value x)" = new ] || fail "$layout $point: $(value x)"
				settle "$layout" "$point $ending"
				grep -qF '"foreign": [1,  2.50],' "$FILE" || fail "$layout $point $ending: the foreign change is lost"
			done
		done
	done
}

test_four_programs_at_once_lose_nothing() {
	for layout in user package directory; do
		ground "$layout"
		pids=
		for name in k l m n; do
			(
				i=0
				while [ "$i" -lt 15 ]; do
					i=$((i + 1))
					printf %d "$i" | "$CLI" set "$name" --scope "$SCOPE" - || exit 1
				done
			) &
			pids="$pids $!"
		done
		for pid in $pids; do wait "$pid" || fail "$layout: a writer failed"; done
		for name in k l m n; do
			[ "$(value "$name")" = 15 ] || fail "$layout: $name is $(value "$name")"
		done
		settle "$layout" writers
	done
}

run_tests
