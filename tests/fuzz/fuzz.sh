#!/bin/sh
# fuzz.sh: runs each fuzzer of $BUILD for FUZZ_SECONDS (default 10), from its kept inputs; FUZZERS="a b" chooses some.
# What it finds on the way stays in $BUILD/corpus; an input that fails is named and kept in $BUILD/crashes.
set -u

TOP=$(cd "$(dirname "$0")/../.." && pwd)
BUILD=${BUILD:-build-fuzz}
SECONDS_EACH=${FUZZ_SECONDS:-10}
cd "$TOP" || exit 1
failed=0
mkdir -p "$BUILD/crashes"
for source in tests/fuzz/fuzz_*.c; do
	target=$(basename "$source" .c)
	target=${target#fuzz_}
	case " ${FUZZERS:-$target} " in *" $target "*) ;; *) continue ;; esac
	mkdir -p "$BUILD/corpus/$target"
	if nice "$BUILD/fuzz/fuzz_$target" -max_total_time="$SECONDS_EACH" -timeout=10 -rss_limit_mb=1024 -verbosity=0 \
		-print_final_stats=1 -artifact_prefix="$BUILD/crashes/$target-" "$BUILD/corpus/$target" \
		"tests/fuzz/corpus/$target" >"$BUILD/$target.log" 2>&1 </dev/null; then
		echo "PASS fuzz: $target, $(sed -n 's/^stat::number_of_executed_units: *//p' "$BUILD/$target.log") inputs"
	else
		echo "FAIL fuzz: $target"
		tail -n 40 "$BUILD/$target.log" | sed 's/^/    /'
		failed=1
	fi
done
exit "$failed"
