#!/bin/sh
# The end of a mount, and a long life: SIGTERM commits, wipes and unmounts; nothing leaks while serving.
# shellcheck disable=SC2015,SC2016 # fail ends the test; other shells expand
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/mount_lib.sh"

# ended HOW: while a file that was written is open, by a writer that lives on; HOW ends the mount of $keeper, $worker.
ended() {
	printf old | bus-secrets set x 2>/dev/null
	printf untouched | bus-secrets set y
	mounted
	worker=$(worker_pid)
	keeper=$(keeper_pid)
	python3 - "$M/user/" "$PWD/written" <<'END' &
import os, sys, time
at = sys.argv[1]
x = os.open(at + "x", os.O_WRONLY | os.O_TRUNC)
y = os.open(at + "y", os.O_RDONLY)
swap = os.open(at + ".x.swp", os.O_WRONLY | os.O_CREAT)
os.write(x, b"unsaved words")
os.write(swap, b"draft")
open(sys.argv[2], "w").close()
time.sleep(60)
END
	writer=$!
	wait_for 10 test -e written
	stored x old
	"$@"
	wait_for 20 is_gone "$keeper"
	is_gone "$worker" || fail "the worker is left"
	! grep -q "$M" /proc/self/mountinfo || fail "a mount is left"
	[ -z "$(find "$(runtime_dir)" -name '*.mount' -newer "$HOME" 2>/dev/null)" ] || fail "a record is left"
	kill "$writer"
	stored x 'unsaved words'
	stored y untouched
	[ -z "$(ls -A "$M")" ] || fail "the mount point: $(ls -A "$M")"
	mounted
	[ "$(ls -A "$M/user")" = "$(printf 'x\ny')" ] || fail "a temporary file is left"
}
term_keeper() { kill -TERM "$keeper"; }
term_worker() { kill -TERM "$worker"; }
by_force() {
	expect 1 bus-secrets umount
	expect_err "python3 ($writer)"
	expect 0 bus-secrets umount --force
}
body_term_keeper() { ended term_keeper; }
body_term_worker() { ended term_worker; }
body_force() { ended by_force; }
test_sigterm_commits_and_unmounts_as_root() { as_root body_term_keeper; }
test_sigterm_commits_and_unmounts_as_user() { as_user body_term_keeper; }
test_sigterm_to_the_worker_as_user() { as_user body_term_worker; }
test_umount_by_force_as_root() { as_root body_force; }
test_umount_by_force_as_user() { as_user body_force; }

body_plain_umount() {
	mounted
	printf v >"$M/user/x"
	keeper=$(keeper_pid)
	if [ "$(id -u)" = 0 ]; then umount "$M"; else fusermount3 -u "$M"; fi
	wait_for 10 is_gone "$keeper"
	[ -z "$(find "$(runtime_dir)" -name '*.mount' -newer "$HOME" 2>/dev/null)" ] || fail "a record is left"
	expect 1 bus-secrets umount
	mounted
	has "$M/user/x" v
}
test_unmounted_by_others_means_as_root() { as_root body_plain_umount; }
test_unmounted_by_others_means_as_user() { as_user body_plain_umount; }

# descriptors PID: how many, and what they are; the daemon's are only to be seen by root.
descriptors() {
	find "/proc/$1/fd" -type l -printf '%l\n' | sort
}
memory() {
	sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$1/status"
}
body_descriptors() {
	needs_locked_memory
	make_workspace
	printf v | bus-secrets set x 2>/dev/null
	mounted
	worker=$(worker_pid)
	cat "$M/user/x" >out
	printf v >"$M/repo/y"
	descriptors "$worker" >before
	! grep -q "$PWD/ws\|$HOME/.config" before || fail "the daemon keeps: $(cat before)"
	start=$(memory "$worker")
	for i in 1 2 3 4 5 6 7 8 9 10; do
		for j in 1 2 3 4 5; do
			printf %s "$i$j" >"$M/user/n$i" && cat "$M/user/n$i" >out && cp "$M/user/x" "$M/repo/c$i"
		done
		ls -l "$M/user" "$M/repo" >out
		cat "$M/user/missing" 2>out || :
		printf draft >"$M/user/.x.swp" && rm "$M/user/.x.swp"
		mv "$M/user/n$i" "$M/user/m" && rm "$M/user/m" "$M/repo/c$i"
		mkdir "$M/user/d" 2>out || :
	done
	descriptors "$worker" >after
	same before after
	echo "MEASURED resident KiB of the worker, before and after 100 writes: $start $(memory "$worker")"
	[ "$(memory "$worker")" -lt $((start + 2048)) ] || fail "memory grows: $start $(memory "$worker")"
}
test_descriptors_and_memory_stay() { as_root body_descriptors; }

body_hardened() {
	needs_locked_memory
	mounted
	for process in $(worker_pid) $(keeper_pid); do
		if [ "$(id -u)" != 0 ]; then
			! cat "/proc/$process/environ" >out 2>&1 || fail "$process can be inspected"
			! cat "/proc/$process/maps" >out 2>&1 || fail "$process can be inspected"
		fi
		[ "$(readlink "/proc/$process/cwd" 2>/dev/null || echo /)" = / ] || fail "keeps a directory busy"
		grep -q '^Max core file size *0 ' "/proc/$process/limits" || fail "core dumps"
	done
	grep -q '^NoNewPrivs:[[:space:]]*1' "/proc/$(worker_pid)/status" || fail "the worker may gain privileges"
	grep -q " $M nosuid,nodev,noexec\| $M .*nosuid,nodev,noexec" /proc/self/mountinfo || fail "$(grep "$M" /proc/self/mountinfo)"
	locked=$(sed -n 's/^VmLck:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$(worker_pid)/status")
	[ "$locked" -ge 4096 ] || fail "locked memory: $locked KiB"
}
test_processes_are_closed_as_root() { as_root body_hardened; }
test_processes_are_closed_as_user() { as_user body_hardened; }

run_mount_tests "$@"
