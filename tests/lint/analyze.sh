#!/bin/sh
# shellcheck disable=SC2317,SC2016,SC2086
# analyze.sh: gcc -fanalyzer, clang-tidy, cppcheck and shellcheck over the product; any finding fails.
#
# clang's unix.Malloc and DeadStores and cppcheck's memleak do not understand the cleanup attribute: they are off.
set -u
cd "$(dirname "$0")/../.." || exit 1
failed=0
flags="-DBS_ANALYZE -std=c11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -Iinclude $(pkg-config --cflags libsodium nettle fuse3)"
sources=$(ls core/*/*.c fs/*.c 2>/dev/null)

run() { # NAME COMMAND...
	name=$1
	shift
	if "$@" >"$out" 2>&1; then
		echo "PASS analyze: $name"
	else
		echo "FAIL analyze: $name"
		sed 's/^/    /' "$out" | head -100
		failed=1
	fi
}
out=$(mktemp)
trap 'rm -f "$out"' EXIT

analyzer() {
	# Off: "use of uninitialized value" does not follow a pointer through the cleanup attribute's void pointer, and
	# "malloc leak" loses what was stored in a reallocated array. LeakSanitizer and valgrind look for leaks.
	for file in $sources; do
		echo "$file"
	done | xargs -P 2 -I{} gcc $flags -O1 -Wall -Werror -fanalyzer \
		-Wno-analyzer-use-of-uninitialized-value -Wno-analyzer-malloc-leak -c -o /dev/null {}
}

tidy() {
	printf '%s\n' $sources | xargs -P 2 -n 1 sh -c 'clang-tidy --quiet --warnings-as-errors="*" \
		--checks="-*,clang-analyzer-*,-clang-analyzer-unix.Malloc,-clang-analyzer-deadcode.DeadStores,-clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling,-clang-analyzer-security.insecureAPI.strcpy,bugprone-*,-bugprone-easily-swappable-parameters,-bugprone-assignment-in-if-condition,-bugprone-reserved-identifier,-bugprone-branch-clone,-bugprone-narrowing-conversions,-bugprone-implicit-widening-of-multiplication-result,-bugprone-suspicious-include,-bugprone-not-null-terminated-result,-bugprone-signal-handler,cert-err34-c,misc-redundant-expression" \
		"$@" -- $FLAGS 2>/dev/null' tidy
}

check() {
	cppcheck -j 2 --quiet --std=c11 --enable=warning,portability,performance --inline-suppr --error-exitcode=1 \
		--suppress=memleak --suppress=resourceLeak --suppress=unknownMacro --suppress=missingIncludeSystem \
		-D_GNU_SOURCE -UBS_ANALYZE -DBS_MUST_CHECK= -Iinclude $sources
}

FLAGS=$flags
export FLAGS
if [ -z "${ONLY:-}" ] || [ "$ONLY" = gcc ]; then run "gcc -fanalyzer" analyzer; fi
if [ -z "${ONLY:-}" ] || [ "$ONLY" = tidy ]; then run clang-tidy tidy; fi
if [ -z "${ONLY:-}" ] || [ "$ONLY" = cppcheck ]; then run cppcheck check; fi
exit "$failed"
