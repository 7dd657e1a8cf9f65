#!/bin/sh
# What a call leaves to be seen: its command line, what -v and --trace say, what its children get.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

shown_as() { tr '\0' ' ' <"/proc/$1/cmdline"; }

# Waits until the program runs as bus-secrets and stands still in a system call that blocks.
is_blocked() {
	[ "$(cat "/proc/$1/comm" 2>/dev/null)" = bus-secrets ] && grep -q '^State:.*S' "/proc/$1/status" 2>/dev/null &&
		! grep -q planted "/proc/$1/cmdline"
}

test_a_value_argument_is_overwritten_while_it_waits() {
	bus-secrets set x v
	exec 9<"$HOME/.config/bus"
	flock 9
	bus-secrets set x planted-value >"$OUT" 2>"$ERR" &
	pid=$!
	at_exit "kill $pid 2>/dev/null || :"
	wait_for 5 is_blocked "$pid"
	shown=$(shown_as "$pid")
	case $shown in *planted*) fail "the command line shows: $shown" ;; esac
	case $shown in *set*) ;; *) fail "not the call: $shown" ;; esac
	flock -u 9
	wait "$pid"
	expect 0 bus-secrets get x
	expect_out planted-value
}

test_also_behind_dashes_and_for_resolve() {
	bus-secrets set x v
	mkfifo pipe
	for words in 'set -- x -planted-value' 'resolve planted-value' 'resolve -- --planted' 'set x --trim planted-value'; do
		# Opening the pipe waits for a reader.
		# shellcheck disable=SC2086
		timeout 10 bus-secrets -o pipe $words >"$OUT" 2>"$ERR" &
		waiting=$!
		wait_for 5 pgrep -P "$waiting" -x bus-secrets >pid
		wait_for 5 is_blocked "$(cat pid)"
		shown=$(shown_as "$(cat pid)")
		case $shown in *planted*) fail "the command line shows: $shown" ;; esac
		cat pipe >/dev/null
		wait "$waiting"
	done
}

test_verbose_and_trace_never_show_a_value_or_a_key() {
	make_workspace
	bus-secrets init --repo >/dev/null 2>&1
	key=$(sed -n 's/^AGE-SECRET-KEY-//p' "$HOME/.config/sops/age/keys.txt")
	for words in 'set x planted-value' 'set x planted-value --scope repo' 'get x' 'resolve secret:x' 'resolve planted-value' \
		list rekey doctor 'delete x'; do
		for flag in -v -vv --trace; do
			# shellcheck disable=SC2086
			bus-secrets $flag $words >/dev/null 2>>said || :
		done
	done
	[ -s said ]
	! grep -q planted said || fail "$(grep planted said)"
	! grep -qF "$key" said || fail 'a key is shown'
	! grep -v '^bus-secrets: ' said || fail 'a line without our name'
}

test_verbose_says_more_and_trace_most() {
	make_workspace
	bus-secrets init --repo >/dev/null 2>&1
	bus-secrets set x v
	expect 0 bus-secrets get x
	expect_no_err
	expect 0 bus-secrets -v get x
	expect_err 'keys.txt: 1 identity$'
	expect_out v
	expect_err "$PWD"
	cp "$ERR" verbose
	expect 0 bus-secrets --trace get x
	[ "$(wc -l <"$ERR")" -gt "$(wc -l <verbose)" ]
	expect_err "scope user: $HOME/.config/bus/preferences.json"
	expect_err "scope repo: .*datapackage.json\|scope repo: .*secrets"
	expect_err 'key source keys.txt: .*ready'
	expect 0 bus-secrets -q --trace get x
	expect_no_out
}

# A key command sees neither the value nor the arguments of the call.
test_a_value_is_not_passed_on() {
	recipient=$(make_identity "$HOME/key.txt")
	cat >"$HOME/key-command" <<-EOF
		#!/bin/sh
		tr '\\0' '\\n' <"/proc/\$PPID/cmdline" >>"$PWD/seen"
		env >>"$PWD/seen"
		echo "\$@" >>"$PWD/seen"
		cat "$HOME/key.txt"
	EOF
	chmod 755 "$HOME/key-command"
	expect 0 env SOPS_AGE_KEY_CMD="$HOME/key-command" SOPS_AGE_RECIPIENTS="$recipient" bus-secrets set x planted-value
	expect 0 env SOPS_AGE_KEY_CMD="$HOME/key-command" bus-secrets get x
	expect_out planted-value
	[ -s seen ] || fail 'the command was not run'
	! grep -q planted seen || fail "$(grep planted seen)"
}

# Root may lock without a limit, so this needs another user.
test_memory_that_cannot_be_locked_is_said() {
	! grep -q __asan_init "$BUILD/bus-secrets" || skip 'the address sanitizer answers mlock itself'
	[ "$(id -u)" != 0 ] || as='setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all --bounding-set=-all'
	[ -z "${as:-}" ] || command -v setpriv >/dev/null || skip 'needs setpriv'
	programs_for_others
	chmod -R a+rwX "$T"
	cat >limited <<-'EOF'
		ulimit -l 0
		exec bus-secrets "$@"
	EOF
	# shellcheck disable=SC2086
	expect 0 ${as:-} sh limited set x v
	expect_err 'could not be locked'
	# shellcheck disable=SC2086
	expect 0 ${as:-} sh limited get x
	expect_out v
	expect_err 'could not be locked.*ulimit -l'
	# shellcheck disable=SC2086
	expect 0 ${as:-} sh limited doctor
	grep -q '^warn memory' "$OUT"
}

run_tests
