#!/bin/sh
# run.sh PROGRAM...: runs tests one after another and counts them; the last line is "N passed, N failed, N skipped".
#
# A shell test or driver prints lines PASS, FAIL and SKIP itself; a Criterion program is run with --tap and its lines
# are translated. Criterion ignores the exit status of a test's child process, so sanitizers are told to write a log
# for each process, and any log is a failure. Every program has LIMIT seconds (default 300).
set -u

LIMIT=${LIMIT:-300}
logs=$(mktemp -d)
chmod 777 "$logs"
trap 'rm -rf "$logs"' EXIT
all=$logs/all
: >"$all"
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}handle_segv=0:allow_user_segv_handler=1:log_path=$logs/san"
export UBSAN_OPTIONS="print_stacktrace=1:log_path=$logs/san"
export LSAN_OPTIONS="${LSAN_OPTIONS:+$LSAN_OPTIONS:}log_path=$logs/san"

tap_to_lines() {
	sed -n -e 's/^ok - \(.*\)# SKIP *\(.*\)$/SKIP '"$1"': \1: \2/p' -e t \
		-e 's/^ok - \([^ ]*\).*/PASS '"$1"': \1/p' -e 's/^not ok - \(.*\)/FAIL '"$1"': \1/p' -e 's/^  /    /p'
}

for test in "$@"; do
	name=$(basename "$test")
	out=$logs/$name.out
	status=0
	case $test in
	*/unit/test_*)
		timeout -k 10 "$LIMIT" "$test" --tap -j1 >"$logs/tap" 2>&1 </dev/null || status=$?
		tap_to_lines "$name" <"$logs/tap" >"$out"
		if [ "$status" != 0 ] && ! grep -q '^FAIL' "$out" || ! grep -q '^PASS\|^FAIL\|^SKIP' "$out"; then
			echo "FAIL $name: status $status" >>"$out"
			sed 's/^/    /' "$logs/tap" >>"$out"
		fi
		;;
	*)
		timeout -k 10 "$LIMIT" "$test" >"$out" 2>&1 </dev/null || status=$?
		if [ "$status" != 0 ] && [ "$status" != 77 ] && ! grep -q '^FAIL' "$out"; then
			echo "FAIL $name: status $status" >>"$out"
		fi
		grep -q '^PASS\|^FAIL\|^SKIP' "$out" || echo "FAIL $name: printed no result" >>"$out"
		;;
	esac
	cat "$out"
	grep '^PASS\|^FAIL\|^SKIP' "$out" >>"$all"
	for log in "$logs"/san*; do
		[ -s "$log" ] || continue
		echo "FAIL $name: sanitizer" | tee -a "$all"
		head -60 "$log" | sed 's/^/    /'
		rm -f "$log"
	done
done

passed=$(grep -c '^PASS' "$all")
failed=$(grep -c '^FAIL' "$all")
skipped=$(grep -c '^SKIP' "$all")
if [ "$failed" -gt 0 ]; then
	echo "--- failed:"
	grep '^FAIL' "$all"
fi
if [ "$skipped" -gt 0 ]; then
	echo "--- skipped:"
	grep '^SKIP' "$all"
fi
[ -z "${SUMMARY:-}" ] || cp "$all" "$SUMMARY"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
