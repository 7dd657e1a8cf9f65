#!/bin/sh
# -o FILE and standard output: replaced on success only, written through where it is no file, failing when full or closed.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

stored() {
	printf value | bus-secrets set x 2>/dev/null
}

# Nothing of ours may stay beside a target.
no_litter() {
	[ -z "$(find . -name '.bus-secrets-out*')" ] || fail 'a temporary file was left'
}

test_a_new_file_has_mode_0600_whatever_the_umask() {
	stored
	for mask in 000 022 077 777; do
		rm -f file
		(umask "$mask" && expect 0 bus-secrets get x -o file)
		[ "$(stat -c %a file)" = 600 ]
		[ "$(cat file)" = value ]
	done
	expect_no_out
	no_litter
}

test_an_existing_file_keeps_neither_mode_nor_content() {
	stored
	echo 'an old content that is longer than the new one' >file
	chmod 666 file
	ln file second
	expect 0 bus-secrets get x --output=file
	[ "$(stat -c %a file)" = 600 ]
	[ "$(cat file)" = value ]
	grep -q 'an old content' second
}

test_a_symbolic_link_is_replaced() {
	stored
	echo target >target
	ln -s target link
	ln -s nowhere dangling
	for link in link dangling; do
		expect 0 bus-secrets get x -o "$link"
		[ ! -L "$link" ]
		[ "$(cat "$link")" = value ]
	done
	[ "$(cat target)" = target ]
	no nowhere
}

test_a_failure_leaves_the_old_file() {
	stored
	echo old >file
	for words in 'get absent' 'get Bad' 'list --scope repo' 'resolve secret:absent' 'nonsense' 'get x --bogus'; do
		# shellcheck disable=SC2086
		bus-secrets -o file $words 2>/dev/null && fail "success: $words"
		[ "$(cat file)" = old ]
		# shellcheck disable=SC2086
		bus-secrets -o new $words 2>/dev/null && fail "success: $words"
		no new
	done
	no_litter
}

test_a_directory_that_takes_no_file() {
	stored
	expect 1 bus-secrets get x -o /nonexistent/file
	expect_err /nonexistent/file
	mkdir dir
	expect 1 bus-secrets get x -o dir
	expect_err dir
	[ -d dir ]
	expect 1 bus-secrets get x -o dir/
	expect 2 bus-secrets get x -o new/
	no new
	if [ "$(id -u)" != 0 ]; then
		chmod 500 dir
		expect 1 bus-secrets get x -o dir/file
		chmod 700 dir
	fi
}

test_a_full_disk_leaves_the_old_file() {
	[ "$(id -u)" = 0 ] || skip 'needs root for a small tmpfs'
	stored
	head -c 300000 /dev/zero | bus-secrets set big
	mkdir small
	mount -t tmpfs -o size=64k tmpfs small 2>/dev/null || skip 'cannot mount a tmpfs here'
	at_exit "umount '$PWD/small'"
	echo old >small/file
	expect 1 bus-secrets get big -o small/file
	expect_err 'No space left'
	[ "$(cat small/file)" = old ]
	[ "$(find small -mindepth 1 | wc -l)" = 1 ]
}

test_dev_stdout_is_written_through() {
	stored
	expect 0 bus-secrets get x -o /dev/stdout
	expect_out value
	# Some machines have none; what is there must not have become a file.
	[ ! -e /dev/stdout ] || [ -L /dev/stdout ]
	printf 'before ' >file
	bus-secrets get x -o /dev/stdout >>file
	[ "$(cat file)" = 'before value' ]
	expect 0 bus-secrets get x -o /dev/fd/1
	expect_out value
	expect 0 bus-secrets get x -o /proc/self/fd/1
	expect_out value
	expect 0 bus-secrets get x -o /dev/null
	[ -c /dev/null ]
	bus-secrets get x -o /dev/stderr 2>through
	[ "$(cat through)" = value ]
}

test_a_fifo_is_written_through() {
	stored
	mkfifo pipe
	timeout 10 cat pipe >got-it &
	reader=$!
	at_exit "kill $reader 2>/dev/null || :"
	expect 0 timeout 10 bus-secrets get x -o pipe
	wait "$reader"
	[ "$(cat got-it)" = value ]
	[ -p pipe ]
	mkfifo pipe2
	ln -s pipe2 to-pipe
	timeout 10 cat pipe2 >got-it &
	reader=$!
	expect 0 timeout 10 bus-secrets get x -o to-pipe
	wait "$reader"
	[ "$(cat got-it)" = value ]
	[ -L to-pipe ]
}

test_dash_is_standard_output() {
	stored
	expect 0 bus-secrets get x -o -
	expect_out value
	no ./-
}

test_quiet_beats_output() {
	stored
	expect 0 bus-secrets -q get x -o file
	no file
	expect_no_out
	echo old >file
	expect 0 bus-secrets -q list -o file
	[ "$(cat file)" = old ]
	expect 0 bus-secrets -q -o /nonexistent/file get x
}

test_every_kind_of_output_goes_there() {
	stored
	expect 0 bus-secrets -V -o file
	grep -q '^bus-secrets ' file
	expect 0 bus-secrets list -f json -o file
	python3 -m json.tool file >/dev/null
	expect 0 bus-secrets help -o file
	grep -q '^usage' file
	expect 0 bus-secrets set y v -o file
	[ ! -s file ]
	expect 0 bus-secrets doctor -o file
	grep -q self-test file
}

# status_of COMMAND...: its status, with its stderr kept.
status_of() {
	"$@" 2>"$ERR" || echo $? >&3
}

test_a_full_standard_output_is_a_failure() {
	stored
	for words in 'get x' 'get x -f json' list 'resolve plain' 'resolve secret:x' help -h -V doctor 'help --format opencli' \
		'get x -o /dev/full' 'set x w -f json'; do
		# shellcheck disable=SC2086
		status_of bus-secrets $words >/dev/full 3>status
		[ "$(cat status)" = 1 ] || fail "not 1: $words"
		grep -q 'No space left' "$ERR" || fail "no word about it: $words"
	done
	expect 0 bus-secrets get -q x
	bus-secrets get -q x >/dev/full
}

test_a_closed_standard_output_is_a_failure() {
	stored
	for words in 'get x' 'get x -f json' list 'resolve plain' help -h -V doctor init 'rekey x' 'get x -o -' 'get x -o /dev/stdout'; do
		# shellcheck disable=SC2086
		status_of bus-secrets $words 3>status >&-
		[ "$(cat status)" = 1 ] || fail "not 1: $words"
		[ -s "$ERR" ] || fail "no word about it: $words"
	done
	# What prints nothing does not need it.
	bus-secrets set y v >&-
	bus-secrets get -q y >&-
	bus-secrets get y -o file >&-
	[ "$(cat file)" = v ]
	bus-secrets delete y >&-
}

test_a_reader_that_goes_away_is_a_failure() {
	head -c 1000000 /dev/zero | bus-secrets set big
	{ bus-secrets get big 2>"$ERR" || echo $? >status; } | true
	[ "$(cat status)" = 1 ]
	expect_err 'standard output'
}

test_closed_standard_error() {
	stored
	bus-secrets get x 2>&- >file
	[ "$(cat file)" = value ]
	got=0
	bus-secrets get absent 2>&- >file || got=$?
	[ "$got" = 1 ]
	[ ! -s file ] || fail 'the error landed in the output'
}

run_tests
