#!/bin/sh
# A planted value: not in the daemon's memory but for the locked part, and there only while it is needed; not in the
# page cache; not in the daemon's files.
# shellcheck disable=SC2015 # fail ends the test
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/mount_lib.sh"

PLANTED="planted-$(head -c 12 /dev/urandom | od -An -tx1 | tr -d ' \n')"
# Its beginning alone would be a find, too: a part of a buffer that was reused.
PART=${PLANTED%????????}

scan() {
	python3 "$TOP/tests/e2e/memory.py" scan "$1" "$PLANTED" "$PART"
}

body_memory() {
	needs_locked_memory
	make_workspace
	mounted
	worker=$(worker_pid)
	keeper=$(keeper_pid)
	[ -z "$(scan "$worker")" ] || fail "there before it was planted"
	# The search itself finds what is there: a file that is being written holds it, in locked memory alone.
	exec 5>"$M/user/x"
	printf '%s' "$PLANTED" >&5
	[ "$(scan "$worker")" = locked ] || fail "while written: $(scan "$worker")"
	exec 5>&-
	[ -z "$(scan "$worker")" ] || fail "after writing: $(scan "$worker")"
	exec 5<"$M/user/x"
	cat <&5 >out
	has out "$PLANTED"
	case $(scan "$worker") in *unlocked*) fail "while read: $(scan "$worker")" ;; esac
	exec 5<&-
	[ -z "$(scan "$worker")" ] || fail "after reading: $(scan "$worker")"
	cp "$M/user/x" "$M/repo/y"
	mv "$M/user/x" "$M/user/z"
	printf '%s' "$PLANTED" >>"$M/repo/y"
	sed -i 's/$/!/' "$M/user/z"
	printf '%s' "$PLANTED" >"$M/user/.z.swp" && rm "$M/user/.z.swp"
	for i in 1 2 3 4 5 6 7 8 9; do
		# 1 KiB and more, so that it lies across pages and grows while it is written.
		for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do
			printf '%s\n' "$PLANTED"
		done >"$M/user/long$i"
		cat "$M/user/long$i" >out
	done
	[ -z "$(scan "$worker")" ] || fail "after use: $(scan "$worker")"
	[ -z "$(scan "$keeper")" ] || fail "in the keeper: $(scan "$keeper")"
	! grep -rqs "$PART" "$(runtime_dir)" "$HOME/.config" "$HOME/.local" . --exclude=out --exclude=out.stored ||
		fail "in a file: $(grep -rls "$PART" "$(runtime_dir)" "$HOME/.config" "$HOME/.local" .)"
	# A write that is refused leaves nothing either, nor does a file that is removed while it is written.
	chmod 400 datapackage.json
	fails_with EROFS create "$M/repo/other"
	exec 5>"$M/user/gone"
	printf '%s' "$PLANTED" >&5
	rm "$M/user/gone"
	exec 5>&-
	[ -z "$(scan "$worker")" ] || fail "after refusals: $(scan "$worker")"
}
test_a_value_is_in_locked_memory_alone_and_not_for_long() {
	[ "$(id -u)" = 0 ] || skip "only root may look into the daemon"
	as_root body_memory
}

# pages FILE PROGRAM: runs the Python program with the file open as `f` and prints the pages left, waiting a moment.
pages() {
	python3 -c '
import errno, mmap, os, sys, tempfile, time
sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/e2e"))
from memory import cached_pages
f = os.open(sys.argv[1], os.O_RDONLY)
size = os.fstat(f).st_size
try:
    cached_pages(f)
except OSError:
    print("no cachestat")
    sys.exit()
try:
    exec(sys.argv[2])
except OSError as error:
    print(errno.errorcode[error.errno], end=" ")
end = time.monotonic() + (float(sys.argv[3]) if len(sys.argv) > 3 else 0)
while cached_pages(f) and time.monotonic() < end:
    time.sleep(0.001)
print(cached_pages(f))' "$@"
}
plain='os.read(f, 100); os.pread(f, 100000, 10); os.system("cat \"%s\" >/dev/null" % sys.argv[1])'
private='m = mmap.mmap(f, size, access=mmap.ACCESS_COPY); assert len(m[:]) == size; m.close()'
sent='
with tempfile.TemporaryFile(dir="/dev/shm") as out:
    at = 0
    while at < size:
        at += os.sendfile(out.fileno(), f, at, size - at)'

body_page_cache() {
	mounted
	head -c 200000 /dev/urandom | base64 -w0 >"$M/user/x"
	[ "$(pages "$M/user/x" "$plain")" != "no cachestat" ] || skip "no cachestat(2) in this kernel"
	[ "$(pages "$M/user/x" "$plain")" = 0 ] || fail "reading leaves pages"
	# These go through the page cache by their nature: what they left is thrown out at once.
	[ "$(pages "$M/user/x" "$private" 2)" = 0 ] || fail "a private mapping leaves pages"
	[ "$(pages "$M/user/x" "$sent" 2)" = 0 ] || fail "sendfile leaves pages"
	[ "$(pages "$M/user/x" 'os.system("cp \"%s\" \"%s2\"" % (sys.argv[1], sys.argv[1]))' 2)" = 0 ] || fail "cp leaves pages"
	cmp "$M/user/x" "$M/user/x2"
	[ "$(pages "$M/user/x2" 'pass')" = 0 ] || fail "the copy has pages"
	unmounted
	mounted -o mmap=deny
	[ "$(pages "$M/user/x" "$plain")" = 0 ] || fail "reading leaves pages"
	[ "$(pages "$M/user/x" "$sent" 2)" = "EINVAL 0" ] || fail "sendfile is not refused, or leaves pages"
	cp "$M/user/x" "$M/user/x3" && cmp "$M/user/x" "$M/user/x3"
	cp "$M/user/x" out && cmp "$M/user/x" out
	python3 -c 'import shutil, sys; shutil.copyfile(*sys.argv[1:])' "$M/user/x" out2 && cmp "$M/user/x" out2
	[ "$(pages "$M/user/x" 'pass')" = 0 ] || fail "pages are left"
}
test_no_page_of_a_value_stays_in_the_page_cache_as_root() { as_root body_page_cache; }
test_no_page_of_a_value_stays_in_the_page_cache_as_user() { as_user body_page_cache; }

run_mount_tests "$@"
