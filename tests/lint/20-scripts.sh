#!/bin/sh
# Shell scripts and man pages are well formed; the tree holds no promise unkept and nothing of the machine it was made on.
. "$(dirname "$0")/../e2e/lib.sh"

test_shellcheck() {
	cd "$TOP"
	command -v shellcheck >/dev/null || skip "shellcheck is not installed"
	# SC1091: sourced by a path that is computed. SC2164: set -e holds in every test. SC2317: tests are called by
	# name. SC2119, SC2120: helpers whose arguments may be left away.
	find tests mount-helpers .ci -type f | while read -r f; do
		head -1 "$f" | grep -q '^#!.*sh$' && echo "$f"
	done | xargs shellcheck -x -e SC1091,SC2119,SC2120,SC2164,SC2317 tests/e2e/lib.sh
}

test_man_pages() {
	command -v mandoc >/dev/null || skip "mandoc is not installed"
	cd "$TOP/docs"
	for page in *.[1578]; do
		mandoc -T lint -W warning "$page" || fail "$page"
	done
}

test_no_promise_unkept() {
	cd "$TOP"
	! grep -rnE '\b(TO[D]O|FIX[M]E|XX[X])\b|not (yet )?impl[e]mented' --include='*.c' --include='*.h' --include='*.sh' core fs include mount-helpers
}

test_no_file_over_700_lines() {
	cd "$TOP"
	found=$(find core fs include -name '*.[ch]' -exec wc -l {} + | awk '$2 != "total" && $1 > 700')
	[ -z "$found" ] || fail "$found"
}

test_docs_and_readme_are_there() {
	cd "$TOP"
	for f in README.md LICENSE docs/bus-secrets.1 docs/bus-secrets.5 docs/bus-secretsd.8 docs/architecture.md docs/threat-model.md; do
		[ -s "$f" ] || fail "$f is missing"
	done
	# Links between documents lead somewhere.
	for f in README.md docs/*.md; do
		sed -n 's/.*](\([^)#:]*\)).*/\1/p' "$f" | while read -r link; do
			[ -e "$(dirname "$f")/$link" ] || fail "$f: $link leads nowhere"
		done
	done
}

run_tests
