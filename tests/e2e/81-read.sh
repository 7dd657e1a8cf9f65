#!/bin/sh
# Reading through the mount: bytes, sizes, modes, errors; nothing for others; one snapshot per open.
# shellcheck disable=SC2015,SC2094 # fail ends the test; a name is no file
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/mount_lib.sh"

body_readers() {
	make_workspace
	bus-secrets init --repo >/dev/null 2>&1
	head -c 1048576 /dev/urandom >big
	printf 'a\000b\377\n' >odd
	: >empty
	printf 'line one\nline two\n' >text
	for name in big odd empty text; do
		bus-secrets set "$name" - <"$name"
		bus-secrets set "$name" - --scope repo <"$name"
	done
	mounted
	for scope in user repo; do
		for name in big odd empty text; do
			at=$M/$scope/$name
			cat "$at" >out && same "$name" out
			[ "$(stat -c %s "$at")" = "$(stat -c %s "$name")" ] || fail "size of $scope/$name"
			rm -f copy && cp "$at" copy && same "$name" copy
			head -c 5 "$at" >out && head -c 5 "$name" >part && same part out
			tail -c 3 "$at" >out && tail -c 3 "$name" >part && same part out
			dd if="$at" of=out bs=1000 2>/dev/null && same "$name" out
			python3 - "$at" "$name" <<'END'
import os, sys
mine, wanted = (open(p, "rb") for p in sys.argv[1:])
want = wanted.read()
assert mine.read() == want
assert os.fstat(mine.fileno()).st_size == len(want)
for at in (0, 1, len(want) // 2, len(want), len(want) + 10):
    mine.seek(at)
    assert mine.read(100) == want[at:at + 100], at
assert open(sys.argv[1], "rb", buffering=0).readall() == want
END
		done
	done
	[ "$(wc -l <"$M/user/text") $(wc -c <"$M/user/text")" = "2 18" ] || fail "wc"
	(cd "$M" && sha256sum user/* repo/*) >sums
	(cd "$M" && sha256sum -c --quiet ../../sums 2>/dev/null || sha256sum -c --quiet "$OLDPWD/sums") || fail "sums"
	[ "$(find "$M" -type f | wc -l)" = 8 ] || fail "find"
}
test_readers_as_root() { as_root body_readers; }
test_readers_as_user() { as_user body_readers; }

body_attributes() {
	make_workspace
	printf %s 12345 | bus-secrets set x
	printf %s 1234567 | bus-secrets set y --scope repo
	mounted
	me=$(id -u):$(id -g)
	[ "$(stat -c '%a %u:%g' "$M")" = "500 $me" ] || fail "the root"
	[ "$(stat -c '%a %u:%g %F' "$M/user")" = "700 $me directory" ] || fail "user/"
	[ "$(stat -c '%a %u:%g %s %h %F' "$M/user/x")" = "600 $me 5 1 regular file" ] || fail "user/x"
	[ "$(stat -c '%a %s' "$M/repo/y")" = "600 7" ] || fail "repo/y"
	now=$(date +%s)
	changed=$(stat -c %Y "$M/user/x")
	[ "$changed" -le $((now + 1)) ] || fail "time $changed"
	[ "$changed" -gt $((now - 100)) ] || fail "time $changed"
	inode=$(stat -c %i "$M/user/x")
	printf %s 123 | bus-secrets set x
	[ "$(stat -c '%i %s' "$M/user/x")" = "$inode 3" ] || fail "another inode, or an old size"
	expect 0 ls -l "$M/user"
	grep -q ' 3 .* x$' "$OUT" || fail "ls -l"
	chmod 400 datapackage.json
	[ "$(stat -c %a "$M/repo/y") $(stat -c %a "$M/repo")" = "400 500" ] || fail "read-only: $(stat -c %a "$M/repo/y")"
	fails_with EROFS write "$M/repo/y"
	fails_with EROFS create "$M/repo/new"
	fails_with EROFS unlink "$M/repo/y"
	fails_with EROFS rename "$M/repo/y" "$M/repo/z"
	fails_with EROFS truncate "$M/repo/y"
	fails_with EACCES access-w "$M/repo/y"
	has "$M/repo/y" 1234567
	chmod 600 datapackage.json
	fails_with OK write "$M/repo/y"
	unmounted
	mounted -o repo_mode=0440
	[ "$(stat -c %a "$M/repo/y") $(stat -c %a "$M/user/x")" = "440 600" ] || fail "repo_mode"
	fails_with EROFS write "$M/repo/y"
}
test_attributes_as_root() { as_root body_attributes; }
test_attributes_as_user() { as_user body_attributes; }

body_no_key() {
	make_workspace
	printf %s 12345 | bus-secrets set x 2>/dev/null
	printf %s 123 | bus-secrets set y --scope repo
	mv "$HOME/.config/sops/age/keys.txt" aside
	mounted
	expect_out "mounted $M (user: 1 secrets; repo: 1 in $PWD; keys: locked)"
	[ "$(stat -c %s "$M/user/x") $(stat -c %s "$M/repo/y")" = "5 3" ] || fail "sizes"
	expect 0 ls -l "$M/user"
	grep -q '^-rw------- .* 5 .* x$' "$OUT" || fail "ls -l"
	fails_with ENOKEY read "$M/user/x"
	fails_with ENOKEY write "$M/user/x"
	fails_with ENOKEY create "$M/user/new"
	expect 1 cat "$M/user/x"
	expect_err "Required key not available"
	# Another key: there, but none that fits.
	make_identity >/dev/null
	fails_with EKEYREJECTED read "$M/user/x"
	mv aside "$HOME/.config/sops/age/keys.txt"
	has "$M/user/x" 12345
	has "$M/repo/y" 123
}
test_names_and_sizes_without_a_key() { as_user body_no_key; }

body_no_workspace() {
	bus-secrets init >/dev/null 2>&1
	mounted
	expect_out "mounted $M (user: 0 secrets; repo: no workspace; keys: ready)"
	[ -z "$(ls -A "$M/repo")" ] || fail "repo/ is not empty"
	fails_with ENOENT create "$M/repo/x"
	fails_with ENOENT read "$M/repo/x"
}
test_no_workspace_is_an_empty_directory() { as_user body_no_workspace; }

# edit FILE PYTHON: changes the JSON in FILE; d is the document.
edit() {
	python3 -c 'import json, sys
d = json.load(open(sys.argv[1]))
exec(sys.argv[2])
json.dump(d, open(sys.argv[1], "w"))' "$1" "$2"
}

body_damaged() {
	make_workspace
	for name in good tag mac plain text twice; do
		printf %s "value of $name" | bus-secrets set "$name" --scope repo 2>/dev/null
	done
	change='
s = d["busdk"]["secrets"]
def inner(name, change):
    doc = json.loads(s[name]); change(doc); s[name] = json.dumps(doc)
def tag(doc): doc["data"] = doc["data"].replace("tag:", "tag:AAAA", 1)
def mac(doc): doc["sops"]["lastmodified"] = "2001-01-01T00:00:00Z"
inner("tag", tag); inner("mac", mac)
s["plain"] = json.dumps({"data": "clear"})
s["text"] = "hunter2"
s["twice"] = s["twice"].replace("{", "{\"data\": \"\", ", 1)'
	edit datapackage.json "$change"
	mounted
	[ "$(ls "$M/repo")" = "$(printf '%s\n' good mac plain tag text twice)" ] || fail "names: $(ls "$M/repo")"
	has "$M/repo/good" "value of good"
	for name in tag mac plain text twice; do
		case $(python3 "$TOP/tests/e2e/errno.py" read "$M/repo/$name") in
		EBADMSG | EUCLEAN) ;;
		*) fail "$name: $(python3 "$TOP/tests/e2e/errno.py" read "$M/repo/$name")" ;;
		esac
	done
	fails_with EBADMSG read "$M/repo/mac"
	fails_with EUCLEAN read "$M/repo/text"
	fails_with EUCLEAN read "$M/repo/twice"
	log_of_mount | grep -q "repo/text.*bus-secrets set" || fail "the log does not say what to do: $(log_of_mount)"
	! log_of_mount | grep -q hunter2 || fail "a value in the log"
	# Writing it again mends it.
	printf new >"$M/repo/text"
	has "$M/repo/text" new
	# A file that is none any more: the names stay as they were, opening says why.
	printf '<<<<<<< HEAD\n' >datapackage.json
	fails_with EUCLEAN read "$M/repo/good"
	[ "$(ls "$M/repo")" = "$(printf '%s\n' good mac plain tag text twice)" ] || fail "the last good view is gone"
	fails_with EUCLEAN write "$M/repo/good"
	has datapackage.json "$(printf '<<<<<<< HEAD\n')
"
}
test_damaged_values_are_never_served() { as_user body_damaged; }

body_snapshot() {
	printf %s old | bus-secrets set x 2>/dev/null
	mounted
	exec 4<"$M/user/x"
	printf %s 'new and longer' | bus-secrets set x
	[ "$(cat <&4)" = old ] || fail "an open file changed"
	exec 4<&-
	has "$M/user/x" 'new and longer'
	exec 4<"$M/user/x"
	bus-secrets delete x
	[ "$(cat <&4)" = 'new and longer' ] || fail "an open file went"
	exec 4<&-
	fails_with ENOENT read "$M/user/x"
	[ -z "$(ls "$M/user")" ] || fail "still listed"
}
test_one_open_file_is_one_snapshot() { as_user body_snapshot; }

# Another user gets nothing, whoever mounted; root is another user to a user.
other_gets_nothing() { # RUN...
	for action in "stat $M/user" "list $M" "read $M/user/x" "list $M/user"; do
		# shellcheck disable=SC2086
		got=$("$@" python3 "$errno_py" $action)
		[ "$got" = EACCES ] || fail "$*: $action: $got"
	done
}
body_private() {
	printf %s v | bus-secrets set x 2>/dev/null
	mounted
	: >ready
	wait_for 60 test -e finished
}
test_root_gets_nothing_of_a_users_mount() {
	mount_setup
	[ "$(id -u)" = 0 ] || skip "not root"
	M=$HOME/.bus-secrets errno_py=$TOP/tests/e2e/errno.py
	(as_user body_private) &
	wait_for 30 test -e ready
	other_gets_nothing env
	: >finished
	wait $!
}
test_a_user_gets_nothing_of_roots_mount() {
	mount_setup
	[ "$(id -u)" = 0 ] || skip "not root"
	M=$HOME/.bus-secrets errno_py=$T/errno.py
	cp "$TOP/tests/e2e/errno.py" "$errno_py" && chmod 644 "$errno_py"
	at_exit unmount_all
	printf %s v | bus-secrets set x 2>/dev/null
	mounted
	chmod 755 "$HOME"
	other_gets_nothing setpriv --reuid=nobody --regid=nogroup --clear-groups env PATH=/usr/bin:/bin
}

body_refused() {
	printf %s v | bus-secrets set x 2>/dev/null
	mounted
	fails_with EPERM mkdir "$M/user/d"
	fails_with EPERM mkdir "$M/d"
	fails_with EPERM rmdir "$M/user"
	fails_with EPERM create "$M/file"
	fails_with EPERM symlink /etc/passwd "$M/user/l"
	fails_with EPERM link "$M/user/x" "$M/user/l"
	fails_with EPERM mkfifo "$M/user/f"
	fails_with EPERM chown-other "$M/user/x"
	fails_with EPERM chmod-setuid "$M/user/x"
	fails_with ENOTSUP getxattr "$M/user/x"
	fails_with OK chown-self "$M/user/x"
	fails_with OK chmod-644 "$M/user/x"
	[ "$(stat -c %a "$M/user/x")" = 600 ] || fail "a mode beyond the scope's"
	fails_with OK utime "$M/user/x"
	[ "$(stat -c %Y "$M/user/x")" = 1000000000 ] || fail "times"
	chmod 400 "$M/user/x"
	[ "$(stat -c %a "$M/user/x")" = 400 ] || fail "a mode of its own"
	[ "$(id -u)" = 0 ] || fails_with EACCES write "$M/user/x"
	fails_with ENOENT stat "$M/user/../user/.git"
	fails_with ENOENT stat "$M/user/Impossible Name"
	[ "$(stat -f -c '%T %l' "$M")" = "fuseblk 255" ] || [ "$(stat -f -c %l "$M")" = 255 ] || fail "statfs"
	stored x v
}
test_what_a_directory_of_secrets_refuses_as_root() { as_root body_refused; }
test_what_a_directory_of_secrets_refuses_as_user() { as_user body_refused; }

run_mount_tests "$@"
