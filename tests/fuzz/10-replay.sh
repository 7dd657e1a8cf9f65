#!/bin/sh
# Every fuzz target over the inputs that are kept for it, without a fuzzer: one line per target.
. "$(dirname "$0")/../e2e/lib.sh"

replay() {
	[ -d "$TOP/tests/fuzz/corpus/$1" ] || fail "fuzz_$1.c has no directory tests/fuzz/corpus/$1"
	"$BUILD/tests/fuzz/fuzz_$1" "$TOP/tests/fuzz/corpus/$1"
}

all=
for target in "$TOP"/tests/fuzz/fuzz_*.c; do
	target=$(basename "$target" .c)
	target=${target#fuzz_}
	eval "test_$target() { replay $target; }"
	all="$all test_$target"
done
TESTS=${TESTS:-$all}

run_tests
