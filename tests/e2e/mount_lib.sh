# mount_lib.sh: for tests on a real mount; source it after lib.sh.
#
# What is tested is a function body_...; it runs as root by `as_root body_x` and as an ordinary user by
# `as_user body_x`. When the tests run as root that user is `nobody`, who gets copies of the programs and of the tests
# where he can read them; when they run as a user it is that user, and what needs root is skipped.
#
# In a body $M is the mount point, ~/.bus-secrets; `mounted [OPTIONS...]` mounts it, and what is left mounted is
# unmounted at the end.

# shellcheck shell=sh
M=$HOME/.bus-secrets
export M

mount_setup() {
	[ -c /dev/fuse ] || skip "no /dev/fuse"
	command -v fusermount3 >/dev/null || skip "no fusermount3"
	# Some containers close it; ordinary machines have it open to all.
	if [ "$(id -u)" = 0 ] && [ "$(stat -c %a /dev/fuse)" != 666 ]; then chmod 666 /dev/fuse; fi
	[ -r /dev/fuse ] && [ -w /dev/fuse ] || skip "/dev/fuse is closed to us"
}

# as_root BODY
as_root() {
	mount_setup
	[ "$(id -u)" = 0 ] || skip "not root"
	run_body "$1"
}

# as_user BODY
as_user() {
	mount_setup
	if [ "$(id -u)" != 0 ]; then
		run_body "$1"
		return
	fi
	command -v setpriv >/dev/null || skip "no setpriv"
	programs=$(mktemp -d /tmp/bs-programs.XXXXXX)
	at_exit "rm -rf '$programs'"
	mkdir -p "$programs/build" "$programs/tests/e2e" "$programs/mount-helpers"
	# shellcheck disable=SC2086 # a list of programs that the test wants, too
	cp "$BUILD/bus-secrets" "$BUILD/bus-secretsd" ${ALSO_COPY:-} "$programs/build/"
	cp "$TOP"/tests/e2e/*.sh "$TOP"/tests/e2e/*.py "$programs/tests/e2e/"
	cp "$TOP"/mount-helpers/*.sh "$programs/mount-helpers/"
	chmod -R a+rX "$programs"
	here=$(dirname "$OUT")
	chown -R nobody: "$here"
	status=0
	setpriv --reuid=nobody --regid=nogroup --clear-groups --inh-caps=-all \
		env BUILD="$programs/build" SOPS="${SOPS:-}" USER=nobody LOGNAME=nobody sh "$programs/tests/e2e/$FILE" --body "$1" </dev/null || status=$?
	return "$status"
}

# run_body BODY: the body, here, with everything unmounted at its end.
run_body() {
	M=$HOME/.bus-secrets
	at_exit unmount_all
	"$1"
}

unmount_all() {
	for at in $(sed -n 's/^[0-9]* [0-9]* [0-9:]* [^ ]* \([^ ]*\) .* - fuse.bus-secrets .*/\1/p' /proc/self/mountinfo); do
		case $at in "$(dirname "$OUT")"/*) bus-secrets umount "$at" --force >/dev/null 2>&1 || : ;; esac
	done
}

# mounted [OPTIONS...]: mounts $M.
mounted() {
	expect 0 bus-secrets mount "$M" "$@"
}

# unmounted: takes $M away; nothing may stand in the way.
unmounted() {
	expect 0 bus-secrets umount "$M"
}

# worker_pid, keeper_pid: of $M.
worker_pid() {
	bus-secrets mount "$M" -f json "$@" | sed -n 's/.*"pid":\([0-9]*\).*/\1/p'
}
keeper_pid() {
	sed -n 's/^PPid:[[:space:]]*//p' "/proc/$(worker_pid)/status"
}

# needs_locked_memory: address sanitizer makes mlock do nothing, and keeps freed memory.
needs_locked_memory() {
	! grep -q __asan_init "$BUILD/bus-secretsd" || skip "built with address sanitizer, which locks no memory"
}

# log_of_mount: the daemon's log lines so far.
log_of_mount() {
	cat "$(runtime_dir)"/*.log 2>/dev/null
}
runtime_dir() {
	if [ -n "${XDG_RUNTIME_DIR:-}" ]; then echo "$XDG_RUNTIME_DIR/bus-secrets"; else echo "/tmp/bus-secrets-$(id -u)"; fi
}

# is_gone PID: ended, or only waiting for its parent to notice.
is_gone() {
	case $(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null) in
	'' | Z) return 0 ;;
	*) return 1 ;;
	esac
}

# has FILE TEXT: the file holds exactly the text.
has() {
	printf '%s' "$2" | cmp -s - "$1" || {
		printf 'expected in %s: %s\n' "$1" "$2" >&2
		head -c 300 "$1" >&2
		exit 1
	}
}

# stored NAME TEXT [SCOPE]: what the command line reads.
stored() {
	bus-secrets get "$1" --scope "${3:-user}" >"$OUT.stored" || fail "cannot get $1"
	has "$OUT.stored" "$2"
}

# fails_with ERRNO ACTION PATH [PATH2]: see errno.py for the actions.
fails_with() {
	want=$1
	shift
	got=$(python3 "$TOP/tests/e2e/errno.py" "$@")
	[ "$got" = "$want" ] || fail "$*: expected $want, got $got"
}

# run_mount_tests: instead of run_tests.
run_mount_tests() {
	if [ "${1:-}" = --body ]; then
		set -e
		run_body "$2"
		exit 0
	fi
	run_tests
}
