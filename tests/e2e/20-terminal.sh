#!/bin/sh
# A terminal: asking without echo, and what control characters become.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

command -v python3 >/dev/null || { echo "SKIP $FILE: all: needs python3"; exit 0; }
terminal=$TOP/tests/e2e/terminal.py

test_a_value_is_asked_for_twice_without_echo() {
	expect 0 "$terminal" --expect 'x: ' --send 'planted one\n' --expect 'again: ' --send 'planted one\n' -- bus-secrets set x
	! grep -q planted "$OUT" || fail 'the terminal showed the value'
	expect 0 bus-secrets get x
	printf 'planted one' | cmp - "$OUT"
}

test_two_different_values_write_nothing() {
	expect 1 "$terminal" --expect 'x: ' --send 'one\n' --expect 'again: ' --send 'two\n' -- bus-secrets set x
	grep -q 'differ' "$OUT"
	no "$HOME/.config"
	expect 1 bus-secrets get x
}

test_nothing_typed_writes_nothing() {
	expect 2 "$terminal" --expect 'x: ' --send '\n' -- bus-secrets set x
	no "$HOME/.config"
}

test_interrupting_a_question_restores_the_terminal() {
	for step in 1 2; do
		if [ "$step" = 1 ]; then
			expect 1 "$terminal" --expect 'x: ' --send 'abc\x03' -- bus-secrets set x
		else
			expect 1 "$terminal" --expect 'x: ' --send 'abc\n' --expect 'again: ' --send 'ab\x03' -- bus-secrets set x
		fi
		no "$HOME/.config"
		! grep -q abc "$OUT" || fail 'the terminal showed the value'
	done
}

test_end_of_input_at_a_question_writes_nothing() {
	got=0
	"$terminal" --expect 'x: ' --send '\x04' -- bus-secrets set x >"$OUT" || got=$?
	[ "$got" = 1 ] || [ "$got" = 2 ] || fail "status $got"
	no "$HOME/.config"
}

test_wrong_usage_is_said_before_asking() {
	expect 2 "$terminal" -- bus-secrets set 'Bad Name'
	! grep -q 'alue of' "$OUT" || fail 'it asked'
	expect 1 "$terminal" -- bus-secrets set x --scope repo
	! grep -q 'alue of' "$OUT" || fail 'it asked'
}

test_dash_reads_a_terminal_to_its_end() {
	expect 0 "$terminal" --send 'typed\n\x04' -- bus-secrets set x -
	expect 0 bus-secrets get x
	printf 'typed\n' | cmp - "$OUT"
}

test_a_newline_is_added_on_a_terminal_only() {
	bus-secrets set x value
	expect 0 "$terminal" -- bus-secrets get x
	printf 'value\r\n' | cmp - "$OUT"
	printf 'two\nlines\n' | bus-secrets set x
	expect 0 "$terminal" -- bus-secrets get x
	printf 'two\r\nlines\r\n' | cmp - "$OUT"
	bus-secrets set x ''
	expect 0 "$terminal" -- bus-secrets get x
	printf '\r\n' | cmp - "$OUT"
}

test_control_characters_are_shown_escaped_unless_raw() {
	printf 'a\033[2Jb\007c\rd\177e\302\233f\377g\342\200\256h\tü' | bus-secrets set x
	expect 0 "$terminal" -- bus-secrets get x
	printf 'a\\x1b[2Jb\\x07c\\x0dd\\x7fe\\xc2\\x9bf\\xffg\\xe2\\x80\\xaeh\tü\r\n' | cmp - "$OUT"
	expect 0 "$terminal" -- bus-secrets get x --raw
	printf 'a\033[2Jb\007c\rd\177e\302\233f\377g\342\200\256h\tü' | cmp - "$OUT"
	expect 0 bus-secrets get x
	printf 'a\033[2Jb\007c\rd\177e\302\233f\377g\342\200\256h\tü' | cmp - "$OUT"
	expect 0 "$terminal" -- bus-secrets resolve secret:x
	! grep -q "$(printf '\033')" "$OUT" || fail 'resolve let an escape through'
	expect 0 "$terminal" -- bus-secrets get x -o /dev/tty
	! grep -q "$(printf '\033')" "$OUT" || fail '-o let an escape through'
}

test_json_on_a_terminal_has_no_control_characters() {
	printf 'a\033[2Jb' | bus-secrets set x
	expect 0 "$terminal" -- bus-secrets get x -f json
	! grep -q "$(printf '\033')" "$OUT" || fail 'an escape got through'
}

test_color_on_a_terminal_unless_told() {
	export TERM=xterm
	expect 2 "$terminal" -- bus-secrets nonsense
	grep -q "$(printf '\033')" "$OUT"
	for off in 'env NO_COLOR=1 bus-secrets' 'env TERM=dumb bus-secrets' 'bus-secrets --no-color' 'bus-secrets --color never'; do
		# shellcheck disable=SC2086
		expect 2 "$terminal" -- $off nonsense
		! grep -q "$(printf '\033')" "$OUT" || fail "color with: $off"
	done
	expect 2 "$terminal" -- env NO_COLOR=1 bus-secrets --color always nonsense
	grep -q "$(printf '\033')" "$OUT"
	expect 2 "$terminal" -- env NO_COLOR= bus-secrets nonsense
	grep -q "$(printf '\033')" "$OUT"
}

test_help_and_list_do_not_color_data() {
	export TERM=xterm
	bus-secrets set x v
	for words in help list 'get x'; do
		# shellcheck disable=SC2086
		expect 0 "$terminal" -- bus-secrets --color always $words
		! grep -q "$(printf '\033')" "$OUT" || fail "color in: $words"
	done
}

run_tests
