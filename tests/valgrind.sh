#!/bin/sh
# valgrind.sh PROGRAM...: unit tests under valgrind. Criterion ignores what a test's child ends with, so each process
# writes a log of its own, and any error or definite leak in any log is a failure. (Lines that begin with "--" are
# valgrind's remarks about itself: system calls that it does not know answer ENOSYS, and the code goes another way.)
set -u

logs=$(mktemp -d)
chmod 777 "$logs"
trap 'rm -rf "$logs"' EXIT

# Not for valgrind: suite `process` (guard pages that are meant to be hit, limits and users that are changed) and
# suite `scrypt_slow` (minutes of nothing but libsodium's scrypt).
filter='!(process|scrypt_slow)/*'

one() {
	name=$(basename "$1")
	status=0
	timeout -k 10 "${LIMIT:-900}" valgrind --quiet --vgdb=no --trace-children=yes \
		--trace-children-skip="/bin/*,/usr/bin/*" --leak-check=full --errors-for-leak-kinds=definite \
		--show-leak-kinds=definite --log-file="$logs/$name.%p" "$1" --filter "$filter" -j1 >"$logs/$name-out" 2>&1 </dev/null || status=$?
	if [ "$status" != 0 ]; then
		echo "FAIL $name: status $status"
		sed 's/^/    /' "$logs/$name-out" | tail -30
	elif cat "$logs/$name".* 2>/dev/null | grep -q '^=='; then
		echo "FAIL $name: valgrind"
		grep -h '^==' "$logs/$name".* | head -60 | sed 's/^/    /'
	else
		echo "PASS $name: valgrind"
	fi
}

# Two halves at a time, for two cores; one program's result is printed when it is there.
half() {
	which=$1
	shift
	i=0
	for test in "$@"; do
		i=$((i + 1))
		[ $((i % 2)) != "$which" ] || one "$test"
	done >"$logs/half-$which"
}
half 0 "$@" &
half 1 "$@"
wait
cat "$logs/half-0" "$logs/half-1"
failed=$(cat "$logs/half-0" "$logs/half-1" | grep -c '^FAIL')
echo "$(cat "$logs/half-0" "$logs/half-1" | grep -c '^PASS') passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
