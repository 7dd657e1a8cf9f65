# lib.sh: the ground every shell test stands on. Source it, define functions test_..., end with run_tests.
#
# A test file gets $T, a scratch directory on a tmpfs, removed at the end; each test function runs in a subshell of
# its own with `set -e` and fresh HOME=$T/<test>/home and working directory $T/<test>/ws (a workspace is made there by
# make_workspace). The environment holds no key, no BUS_, SOPS_ or XDG_ variable; the built programs come first in PATH.
# A test is passed by ending with 0, skipped by `skip REASON`, failed by anything else.
#
# For each test one line is printed: "PASS file: test", "FAIL file: test" (its output follows, indented) or
# "SKIP file: test: reason". tests/run.sh counts them. A line "MEASURED ..." of a test is passed on.
# TESTS="test_a test_b" runs only those; KEEP=1 keeps $T after a failure; VERBOSE=1 shows every test's output.
#
# What a test starts it ends itself: at_exit COMMAND... is run when the test's subshell ends, however it ends.

# shellcheck shell=sh
set -u

TOP=$(cd "$(dirname "$0")/../.." && pwd)
BUILD=${BUILD:-$TOP/build}
case $BUILD in /*) ;; *) BUILD=$TOP/$BUILD ;; esac
FILE=$(basename "$0")
export TOP BUILD FILE

# Caches of tools live in the real home; tests get homes of their own.
export BUS_SECRETS_INTEROP_CACHE="${BUS_SECRETS_INTEROP_CACHE:-$HOME/.cache/bus-secrets-interop}"
for variable in $(env | sed -n 's/^\(\(BUS_\|SOPS_\|XDG_\)[A-Z0-9_]*\)=.*/\1/p'); do
	[ "$variable" = BUS_SECRETS_INTEROP_CACHE ] || unset "$variable"
done
PATH=$BUILD:$PATH
LC_ALL=C.UTF-8
export PATH LC_ALL
unset NO_COLOR

if [ -z "${T:-}" ]; then
	if [ -d /dev/shm ] && [ -w /dev/shm ]; then T=$(mktemp -d /dev/shm/bs-test.XXXXXX); else T=$(mktemp -d); fi
	chmod 755 "$T"
fi
export T

# skip REASON: ends this test as skipped.
skip() {
	echo "$*" >"$SKIP_FILE"
	exit 77
}

# fail TEXT: ends this test as failed.
fail() {
	echo "failed: $*" >&2
	exit 1
}

# at_exit COMMAND...: run when the test ends, last one first.
at_exit() {
	AT_EXIT="$* ; ${AT_EXIT:-}"
	# shellcheck disable=SC2064
	trap "$AT_EXIT" EXIT
}

# expect STATUS COMMAND...: runs it, output into the files $OUT and $ERR, and wants that exit status.
expect() {
	want=$1
	shift
	got=0
	"$@" >"$OUT" 2>"$ERR" || got=$?
	[ "$got" = "$want" ] || {
		echo "expected status $want, got $got: $*" >&2
		sed 's/^/  stdout: /' "$OUT" | head -20 >&2
		sed 's/^/  stderr: /' "$ERR" | head -20 >&2
		exit 1
	}
}

# expect_out TEXT: the last expect's stdout, exactly, with or without a final newline.
expect_out() {
	printf '%s\n' "$1" | cmp -s - "$OUT" || printf '%s' "$1" | cmp -s - "$OUT" || {
		printf 'expected on stdout: %s\n' "$1" >&2
		sed 's/^/  stdout: /' "$OUT" >&2
		exit 1
	}
}

# expect_err PATTERN: the last expect's stderr has a line that matches.
expect_err() {
	grep -q -e "$1" "$ERR" || {
		printf 'expected on stderr: %s\n' "$1" >&2
		sed 's/^/  stderr: /' "$ERR" >&2
		exit 1
	}
}

# expect_no_out, expect_no_err: the last expect printed nothing there.
expect_no_out() {
	[ ! -s "$OUT" ] || fail "unexpected on stdout: $(head -c 200 "$OUT")"
}
expect_no_err() {
	[ ! -s "$ERR" ] || fail "unexpected on stderr: $(head -c 400 "$ERR")"
}

# no FILE...: none of them exists.
no() {
	for no_file in "$@"; do
		[ ! -e "$no_file" ] || fail "there is $no_file"
	done
}

# same FILE1 FILE2
same() {
	cmp "$1" "$2" >&2 || fail "$1 and $2 differ"
}

# wait_for SECONDS COMMAND...: until it succeeds; fails after that time.
wait_for() {
	wait_limit=$(($(date +%s) + $1))
	shift
	until "$@"; do
		[ "$(date +%s)" -lt "$wait_limit" ] || fail "waited in vain for: $*"
		sleep 0.02
	done
}

# make_workspace [DIR]: an empty workspace.
make_workspace() {
	mkdir -p "${1:-.}"
	echo '{}' >"${1:-.}/datapackage.json"
}

# make_identity [FILE]: a key file (default: where sops looks); prints its recipient.
make_identity() {
	identity_file=${1:-$HOME/.config/sops/age/keys.txt}
	mkdir -p "$(dirname "$identity_file")"
	(umask 077 && age-keygen -o "$identity_file" 2>/dev/null)
	age-keygen -y "$identity_file"
}

# programs_for_others [PROGRAM...]: puts copies of the programs first in PATH, in a directory that every user can
# read: the tree may lie in a home that is closed. Prints nothing; further programs are copied, too.
programs_for_others() {
	others=$(mktemp -d /tmp/bs-programs.XXXXXX)
	at_exit "rm -rf '$others'"
	cp "$BUILD/bus-secrets" "$BUILD/bus-secretsd" "$@" "$others/"
	chmod -R a+rX "$others"
	PATH=$others:$PATH
}

run_one() {
	dir=$T/$1
	rm -rf "$dir"
	mkdir -p "$dir/home" "$dir/ws"
	OUT=$dir/out ERR=$dir/err SKIP_FILE=$dir/skip HOME=$dir/home
	export OUT ERR SKIP_FILE HOME
	cd "$dir/ws" || exit 1
	set -e
	"$1"
}

run_tests() {
	failed=0
	chosen=${TESTS:-$(sed -n 's/^\(test_[a-z0-9_]*\)() *{.*/\1/p' "$0")}
	for name in $chosen; do
		# The subshell must not stand in a condition, or set -e would not hold in it.
		set +e
		(run_one "$name") >"$T/$name.log" 2>&1 </dev/null
		status=$?
		case $status in
		0) echo "PASS $FILE: $name" ;;
		77) echo "SKIP $FILE: $name: $(cat "$T/$name/skip" 2>/dev/null)" ;;
		*)
			failed=1
			echo "FAIL $FILE: $name (status $status)"
			tail -n 40 "$T/$name.log" | sed 's/^/    /'
			;;
		esac
		[ -z "${VERBOSE:-}" ] || sed 's/^/    /' "$T/$name.log"
		grep '^MEASURED ' "$T/$name.log"
	done
	cd / || exit 1
	if [ "$failed" = 0 ] || [ -z "${KEEP:-}" ]; then rm -rf "$T"; else echo "kept: $T"; fi
	exit "$failed"
}
