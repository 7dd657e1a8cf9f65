#!/bin/sh
# valgrind.sh PROGRAM...: unit tests under valgrind. Criterion ignores what a test's child ends with, so each process
# writes a log of its own, and any error or definite leak in any log is a failure. (Lines that begin with "--" are
# valgrind's remarks about itself: system calls that it does not know answer ENOSYS, and the code goes another way.)
set -u

logs=$(mktemp -d)
chmod 777 "$logs"
trap 'rm -rf "$logs"' EXIT
passed=0 failed=0
for test in "$@"; do
	name=$(basename "$test")
	# Suite `process`: guard pages that are meant to be hit, limits and users that are changed; not for valgrind.
	filter='!(process)/*'
	timeout -k 10 "${LIMIT:-900}" valgrind --quiet --vgdb=no --trace-children=yes --leak-check=full \
		--errors-for-leak-kinds=definite --show-leak-kinds=definite --log-file="$logs/$name.%p" \
		"$test" --filter "$filter" -j1 >"$logs/out" 2>&1 </dev/null
	status=$?
	if [ "$status" != 0 ]; then
		failed=$((failed + 1))
		echo "FAIL $name: status $status"
		sed 's/^/    /' "$logs/out" | tail -30
	elif cat "$logs/$name".* 2>/dev/null | grep -q '^=='; then
		failed=$((failed + 1))
		echo "FAIL $name: valgrind"
		grep -h '^==' "$logs/$name".* | head -60 | sed 's/^/    /'
	else
		passed=$((passed + 1))
		echo "PASS $name: valgrind"
	fi
	rm -f "$logs/$name".*
done
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
