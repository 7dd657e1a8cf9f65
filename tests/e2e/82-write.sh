#!/bin/sh
# Writing through the mount: what shells and tools do, one commit each, whole values only, errors where they belong.
# shellcheck disable=SC2015,SC2016 # fail ends the test; other shells expand
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/mount_lib.sh"

body_shell() {
	make_workspace
	mounted
	for scope in user repo; do
		at=$M/$scope
		printf v >"$at/x"
		has "$at/x" v && stored x v "$scope"
		[ "$(stat -c %s "$at/x")" = 1 ] || fail "size"
		printf w >>"$at/x"
		has "$at/x" vw && stored x vw "$scope"
		: >"$at/x"
		has "$at/x" '' && stored x '' "$scope"
		: >"$at/fresh"
		has "$at/fresh" '' && stored fresh '' "$scope"
		echo line >"$at/x"
		stored x 'line
' "$scope"
		bash -c 'echo -n by-bash >"$1/x"; cat "$1/x" >"$1/copy"; { /bin/echo a; sleep 0.2; /bin/echo b; } >"$1/two"
			(echo c; /bin/echo d) >"$1/three"; exec 5>"$1/five"; echo 1 >&5; echo 2 >&5; exec 5>&-; cat "$1/x" | tee "$1/tee" >"$1/pipe"' bash "$at"
		stored x by-bash "$scope"
		stored copy by-bash "$scope"
		stored tee by-bash "$scope"
		stored pipe by-bash "$scope"
		stored two 'a
b
' "$scope"
		stored three 'c
d
' "$scope"
		stored five '1
2
' "$scope"
		sh -c 'printf "%s" "$2" >"$1/by-sh"; printf "%s" more >>"$1/by-sh"' sh "$at" some
		stored by-sh somemore "$scope"
	done
}
test_shells_as_root() { as_root body_shell; }
test_shells_as_user() { as_user body_shell; }

body_tools() {
	mounted
	head -c 300000 /dev/urandom >big
	cp big "$M/user/a" && same big "$M/user/a"
	[ "$(stat -c %s "$M/user/a")" = 300000 ] || fail "size"
	cp "$M/user/a" "$M/user/b" && same big "$M/user/b"
	cp -p big "$M/user/c" && same big "$M/user/c"
	[ "$(stat -c %Y "$M/user/c")" = "$(stat -c %Y big)" ] || fail "cp -p: times"
	install -m 644 big "$M/user/c" && same big "$M/user/c"
	[ "$(stat -c %a "$M/user/c")" = 600 ] || fail "install -m"
	dd if=big of="$M/user/d" bs=4096 2>/dev/null && same big "$M/user/d"
	dd if=big of="$M/user/d" bs=4096 conv=fsync 2>/dev/null && same big "$M/user/d"
	printf XYZ | dd of="$M/user/d" bs=1 seek=1000 conv=notrunc 2>/dev/null
	printf XYZ | dd of=big bs=1 seek=1000 conv=notrunc 2>/dev/null
	same big "$M/user/d"
	truncate -s 1000 "$M/user/d" && truncate -s 1000 big && same big "$M/user/d"
	truncate -s 1005 "$M/user/d" && truncate -s 1005 big && same big "$M/user/d"
	truncate -s 0 "$M/user/d" && has "$M/user/d" ''
	touch "$M/user/touched" "$M/user/d" && stored touched ''
	sed -i 's/^/x/' "$M/user/touched"
	printf 'hello\nworld\n' >"$M/user/text"
	sed -i s/hello/HELLO/ "$M/user/text"
	stored text 'HELLO
world
'
	tar -C "$M/user" -cf t.tar text d
	mkdir out && tar -C out -xf t.tar && same out/text "$M/user/text"
	rm "$M/user/text"
	tar -C "$M/user" -xf t.tar && same out/text "$M/user/text"
	python3 - "$M/user/" <<'END'
import os, shutil, sys
at = sys.argv[1]
with open(at + "py", "wb") as f:
    f.write(b"0123456789")
    assert os.fstat(f.fileno()).st_size in (0, 10)
    f.flush()
    assert os.fstat(f.fileno()).st_size == 10
    f.seek(3); f.write(b"abc")
with open(at + "py", "r+b") as f:
    assert f.read() == b"012abc6789"
    f.seek(0, 2); f.write(b"end"); f.seek(0)
    assert f.read() == b"012abc6789end"
with open(at + "py", "ab") as f:
    f.write(b"!")
assert open(at + "py", "rb").read() == b"012abc6789end!"
with open(at + "sparse", "wb") as f:
    f.seek(5); f.write(b"x")
assert open(at + "sparse", "rb").read() == b"\0\0\0\0\0x"
os.truncate(at + "py", 3)
assert open(at + "py", "rb").read() == b"012"
with open(at + "py.tmp", "w") as f:
    f.write("replaced")
os.replace(at + "py.tmp", at + "py")
assert open(at + "py").read() == "replaced" and not os.path.exists(at + "py.tmp")
shutil.copyfile(at + "py", at + "py2")
assert open(at + "py2").read() == "replaced"
fd = os.open(at + "appended", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
os.write(fd, b"one"); os.pwrite(fd, b"two", 0); os.close(fd)
assert open(at + "appended").read() == "onetwo"
END
	bus-secrets get sparse | cmp - "$M/user/sparse"
}
test_tools_as_root() { as_root body_tools; }
test_tools_as_user() { as_user body_tools; }

# Nothing of a new value can be seen before it is whole; afterwards it is there at once.
body_whole() {
	mounted
	printf old >"$M/user/x"
	python3 - "$M/user/" <<'END'
import os, subprocess, sys
at = sys.argv[1]
get = lambda name: subprocess.run(["bus-secrets", "get", name], capture_output=True).stdout
# A truncated, half-written file: readers and the store keep the old value.
fd = os.open(at + "x", os.O_WRONLY | os.O_TRUNC)
assert open(at + "x").read() == "old" and get("x") == b"old"
os.write(fd, b"ne")
assert open(at + "x").read() == "old" and get("x") == b"old"
assert os.fstat(fd).st_size == 2 and os.stat(at + "x").st_size == 2
assert int(subprocess.run(["stat", "-c", "%s", at + "x"], capture_output=True).stdout) == 3
os.fsync(fd)
assert open(at + "x").read() == "ne" and get("x") == b"ne"
os.write(fd, b"w")
os.close(fd)
assert open(at + "x").read() == "new" and get("x") == b"new"
# A child that closes its copy commits nothing; the opener's close does.
fd = os.open(at + "x", os.O_WRONLY | os.O_TRUNC)
os.set_inheritable(fd, True)
os.write(fd, b"by ")
subprocess.run(["sh", "-c", "printf child >&%d" % fd], close_fds=False)
assert get("x") == b"new"
os.close(fd)
assert get("x") == b"by child"
# A new name is there for others when its first value is whole.
fd = os.open(at + "fresh", os.O_WRONLY | os.O_CREAT | os.O_EXCL)
os.write(fd, b"1")
assert os.path.exists(at + "fresh") and "fresh" not in os.listdir(at)
assert subprocess.run(["cat", at + "fresh"], capture_output=True).returncode == 1
os.close(fd)
assert subprocess.run(["cat", at + "fresh"], capture_output=True).stdout == b"1" and "fresh" in os.listdir(at)
# A writer that is killed closes its files, and so stores what it wrote.
child = subprocess.Popen([sys.executable, "-c",
    "import os,sys,time; f=os.open(sys.argv[1],os.O_WRONLY|os.O_TRUNC); os.write(f,b'last words'); print(1,flush=True); time.sleep(60)",
    at + "x"], stdout=subprocess.PIPE)
child.stdout.readline()
child.kill()
child.wait()
assert open(at + "x").read() == "last words"
# Removed while it is being written: not raised from the dead. Renamed: the value goes where the name went.
fd = os.open(at + "x", os.O_WRONLY | os.O_TRUNC)
os.write(fd, b"ghost")
os.unlink(at + "x")
os.close(fd)
assert not os.path.exists(at + "x") and get("x") == b""
fd = os.open(at + "fresh", os.O_WRONLY | os.O_TRUNC)
os.write(fd, b"moved")
os.rename(at + "fresh", at + "there")
os.close(fd)
assert not os.path.exists(at + "fresh") and get("there") == b"moved"
END
}
test_only_whole_values_are_seen_as_root() { as_root body_whole; }
test_only_whole_values_are_seen_as_user() { as_user body_whole; }

body_concurrent() {
	mounted
	printf %01000d 0 >"$M/user/x"
	python3 - "$M/user/x" <<'END'
import os, sys, time
path, end = sys.argv[1], time.monotonic() + 3
children = []
for who in range(8):
    pid = os.fork()
    if pid == 0:
        count = 0
        try:
            while time.monotonic() < end:
                if who < 2:
                    with open(path, "wb", buffering=300) as f:
                        f.write(b"%d" % who * (1000 + who * 5000))
                else:
                    value = open(path, "rb", buffering=700).read()
                    assert len(set(value)) == 1 and len(value) in (1000, 6000), (len(value), value[:5])
                count += 1
        except BaseException as error:
            print(who, error, flush=True)
            os._exit(1)
        print("MEASURED concurrent", "writes" if who < 2 else "reads", count, flush=True)
        os._exit(0)
    children.append(pid)
assert all(os.waitpid(pid, 0)[1] == 0 for pid in children)
END
}
test_readers_see_whole_values_while_writers_write() { as_user body_concurrent; }

body_refused() {
	printf old | bus-secrets set x 2>/dev/null
	mounted
	for name in BAD 'Bad Name' .env .pgpass .netrc a..b a. a/ -x ünï 'new
line'; do
		case $name in a/) continue ;; esac
		fails_with EINVAL create "$M/user/$name"
		fails_with EINVAL rename "$M/user/x" "$M/user/$name"
	done
	fails_with EINVAL create "$M/user/OPENAI_API_KEY"
	log_of_mount | grep -q "OPENAI_API_KEY.*'openai_api_key'" || fail "log: $(log_of_mount)"
	log_of_mount | grep -q "\.pgpass.*'pgpass'" || fail "log: $(log_of_mount)"
	printf secret >.pgpass
	expect 1 cp .pgpass "$M/user/"
	long=$(printf %0128d 0)
	fails_with OK create "$M/user/$long"
	fails_with ENAMETOOLONG create "$M/user/0$long"
	fails_with EFBIG write-2m "$M/user/x"
	fails_with EEXIST create-new "$M/user/x"
	fails_with EISDIR write "$M/user"
	has "$M/user/x" old && stored x old
	[ "$(ls "$M/user")" = "$(printf '%s\n' "$long" x)" ] || fail "names: $(ls "$M/user")"
	! log_of_mount | grep -q secret$ || fail "a value in the log"
}
test_what_cannot_be_stored_is_refused_as_root() { as_root body_refused; }
test_what_cannot_be_stored_is_refused_as_user() { as_user body_refused; }

# The largest values that are allowed, several at a time, within what an ordinary user may lock.
body_large() {
	mounted
	head -c 1048576 /dev/urandom >big
	cp big "$M/user/a" && same big "$M/user/a"
	cp "$M/user/a" "$M/user/b" && same big "$M/user/b"
	exec 4<"$M/user/a" 5<"$M/user/b"
	cat "$M/user/b" >"$M/user/c"
	cat <&4 >one && cat <&5 >two
	exec 4<&- 5<&-
	same big one && same big two && same big "$M/user/c"
	expect 1 sh -c 'cat "$1" "$1" >"$2"' sh big "$M/user/d"
	expect_err "File too large"
	fails_with ENOENT stat "$M/user/d"
	truncate -s 1048576 "$M/user/d" && [ "$(stat -c %s "$M/user/d")" = 1048576 ] || fail "truncate"
	rm "$M/user/d" "$M/user/a" "$M/user/b"
	bus-secrets get c >out && same big out
}
test_values_of_the_largest_size() { as_user body_large; }

body_limit() {
	mounted -o limit=10
	fails_with OK create "$M/user/x"
	printf 1234567890 >"$M/user/x"
	fails_with EFBIG write-2m "$M/user/x"
	expect 1 sh -c 'printf 12345678901 >"$1"' sh "$M/user/x"
	stored x 1234567890
}
test_the_limit_is_an_option() { as_user body_limit; }

body_read_only() {
	printf old | bus-secrets set x 2>/dev/null
	store=$HOME/.config/bus/preferences.json
	mounted
	chmod 400 "$store"
	fails_with EROFS write "$M/user/x"
	fails_with EROFS create "$M/user/new"
	fails_with EROFS unlink "$M/user/x"
	chmod 600 "$store"
	fails_with OK write "$M/user/x"
	# Someone whose key is not here: what was written could not be read back.
	other=$(age-keygen 2>/dev/null | age-keygen -y)
	make_workspace team && mkdir -p team/.bus/secrets && echo "$other" >team/.bus/secrets/recipients.txt
	unmounted
	expect 0 bus-secrets -C team mount
	fails_with EKEYREJECTED create "$M/repo/x"
	[ -z "$(ls "$M/repo")" ] || fail "something was made"
}
test_early_refusals_as_user() { as_user body_read_only; }
test_early_refusals_as_root() { as_root body_read_only; }

# A small file system under the store, full but for a little: the close fails, the old value stays.
test_a_full_disk_fails_the_close() {
	mount_setup
	[ "$(id -u)" = 0 ] || skip "not root"
	mkdir -p disk
	unshare --mount --propagation private sh -c 'mount -t tmpfs -o size=256k,mode=700 tmpfs disk && umount disk' 2>/dev/null ||
		skip "no tmpfs can be mounted"
	mount -t tmpfs -o size=256k,mode=700 tmpfs disk
	at_exit "umount -l '$PWD/disk'"
	at_exit unmount_all
	export BUS_PREFERENCES_PATH="$PWD/disk/preferences.json"
	printf old | bus-secrets set x 2>/dev/null
	printf other | bus-secrets set y
	cp "$BUS_PREFERENCES_PATH" before
	M=$HOME/.bus-secrets
	mounted
	head -c 240000 /dev/urandom >value
	expect 1 cp value "$M/user/x"
	expect_err "No space left"
	expect 1 cp value "$M/user/new"
	python3 - "$M/user/x" <<'END'
import errno, os, sys
fd = os.open(sys.argv[1], os.O_WRONLY | os.O_TRUNC)
os.write(fd, b"x" * 240000)
for call in (os.fsync, os.close):
    try:
        call(fd)
    except OSError as error:
        assert error.errno == errno.ENOSPC, error
    else:
        raise SystemExit("%s did not fail" % call)
END
	has "$M/user/x" old && stored x old && stored y other
	fails_with ENOENT stat "$M/user/new"
	same before "$BUS_PREFERENCES_PATH"
	[ "$(ls -A disk)" = preferences.json ] || fail "litter: $(ls -A disk)"
	printf short >"$M/user/x" && stored x short
}

run_mount_tests "$@"
