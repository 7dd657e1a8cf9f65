#!/bin/sh
# Names on the mount: rename within and across scopes, unlink, and the temporary files of editors and tools.
# shellcheck disable=SC2015,SC2016 # fail ends the test; other shells expand
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/mount_lib.sh"

# listed DIR NAME...: exactly these names.
listed() {
	listed_dir=$1
	shift
	[ "$(ls -A "$listed_dir")" = "$(for listed_name in "$@"; do echo "$listed_name"; done)" ] ||
		fail "in $listed_dir: $(ls -A "$listed_dir"), expected: $*"
}

body_rename() {
	make_workspace
	for name in a b c; do printf %s "$name" | bus-secrets set "$name" 2>/dev/null; done
	mounted
	mv "$M/user/a" "$M/user/d"
	listed "$M/user" b c d
	stored d a
	mv "$M/user/d" "$M/user/b"
	listed "$M/user" b c
	stored b a
	fails_with EEXIST rename-noreplace "$M/user/b" "$M/user/c"
	fails_with OK rename-noreplace "$M/user/b" "$M/user/n"
	fails_with OK rename-exchange "$M/user/n" "$M/user/c"
	stored n c && stored c a
	has "$M/user/n" c && has "$M/user/c" a
	fails_with ENOENT rename "$M/user/missing" "$M/user/x"
	fails_with ENOENT rename-exchange "$M/user/n" "$M/user/missing"
	fails_with EXDEV rename "$M/user/n" "$M/repo/n"
	fails_with EPERM rename "$M/user" "$M/other"
	mv "$M/user/n" "$M/repo/n"
	listed "$M/user" c
	listed "$M/repo" n
	stored n c repo
	mv "$M/repo/n" "$M/user/c"
	listed "$M/repo"
	stored c c
	inode=$(stat -c %i "$M/user/c")
	printf new >"$M/user/new" && mv "$M/user/new" "$M/user/c"
	[ "$(stat -c '%i %h' "$M/user/c")" = "$inode 1" ] || fail "the inode of a name is for life"
	has "$M/user/c" new
	cp "$M/user/c" "$PWD/away" && mv away "$M/user/back" && stored back new
	mv "$M/user/back" "$PWD/out" && has out new && listed "$M/user" c
}
test_rename_as_root() { as_root body_rename; }
test_rename_as_user() { as_user body_rename; }

body_remove() {
	make_workspace
	mounted
	printf v >"$M/user/x"
	printf v >"$M/repo/x"
	rm "$M/user/x"
	fails_with ENOENT stat "$M/user/x"
	expect 1 bus-secrets get x --scope user
	stored x v repo
	rm -r "$M/repo/x" && listed "$M/repo"
	fails_with ENOENT unlink "$M/user/x"
	printf again >"$M/user/x" && stored x again
	# A path that was open when it was removed keeps its value, and has no name.
	exec 4<"$M/user/x"
	rm "$M/user/x"
	[ "$(stat -L -c '%h %s' /proc/self/fd/4)" = "0 5" ] || fail "$(stat -L -c '%h %s' /proc/self/fd/4)"
	[ "$(cat <&4)" = again ] || fail "the open file"
	exec 4<&-
}
test_remove_as_root() { as_root body_remove; }
test_remove_as_user() { as_user body_remove; }

body_scratch() {
	make_workspace
	store=$HOME/.config/bus/preferences.json
	printf v | bus-secrets set x 2>/dev/null
	cp "$store" before
	mounted
	for name in .x.swp .x.swo .x.swpx '.#x' '#x#' x~ .x.aB3dEf .x.abc123 .x123456 .~lock.x# .goutputstream-ABC123 \
		sedAbCdEf XXabcdef x.AbCdEf tmp.Q8wErTyUiO; do
		printf 'draft' >"$M/user/$name"
		has "$M/user/$name" draft
		[ "$(stat -c '%a %s' "$M/user/$name")" = "600 5" ] || fail "$name: $(stat -c '%a %s' "$M/user/$name")"
		[ -n "$(find "$M/user" -name "$name")" ] || fail "$name is not listed"
	done
	for name in .x .x.abcdef .x.ab '.sw' x.abcdE '~' '##' .x12345 X.AbCdEf; do
		fails_with EINVAL create "$M/user/$name"
	done
	same before "$store"
	! grep -q draft "$store" || fail "a temporary file in the store"
	# Renamed onto a secret: committed. Between each other: as files are. Away: copied.
	mv "$M/user/.x.aB3dEf" "$M/user/x" && stored x draft
	mv "$M/user/x~" "$M/user/#x#" && has "$M/user/#x#" draft
	mv "$M/user/sedAbCdEf" "$M/user/new" && stored new draft
	mv "$M/user/XXabcdef" away && has away draft
	fails_with EINVAL rename "$M/user/.x.swp" "$M/user/BAD"
	fails_with EEXIST rename-noreplace "$M/user/.x.swp" "$M/user/x"
	unmounted
	mounted
	listed "$M/user" new x
}
test_temporary_files_as_root() { as_root body_scratch; }
test_temporary_files_as_user() { as_user body_scratch; }

body_hidden() {
	printf old | bus-secrets set x 2>/dev/null
	mounted
	# As an editor does that keeps a backup: the old name aside, the new value written, the copy removed.
	mv "$M/user/x" "$M/user/x~"
	listed "$M/user" x~
	fails_with ENOENT read "$M/user/x"
	stored x old
	printf new >"$M/user/x"
	has "$M/user/x~" old && has "$M/user/x" new && stored x new
	rm "$M/user/x~" && stored x new
	# Renamed and removed: gone. Renamed back: there.
	mv "$M/user/x" "$M/user/x~" && mv "$M/user/x~" "$M/user/x" && stored x new && listed "$M/user" x
	mv "$M/user/x" "$M/user/x~"
	unmounted
	mounted
	has "$M/user/x" new
	mv "$M/user/x" "$M/user/x~" && rm "$M/user/x~"
	listed "$M/user"
	expect 1 bus-secrets get x
}
test_a_secret_moved_to_a_backup_name() { as_user body_hidden; }

body_editors() {
	make_workspace
	printf 'hello\n' | bus-secrets set x - 2>/dev/null
	mounted
	sed -i s/hello/ciao/ "$M/user/x"
	stored x 'ciao
'
	for _ in 1 2 3 4 5 6; do sed -i 's/$/!/' "$M/user/x"; done
	stored x 'ciao!!!!!!
'
	perl -i -pe s/ciao/salve/ "$M/user/x"
	stored x 'salve!!!!!!
'
	listed "$M/user" x
	vim=$(command -v vim || command -v vim.tiny || command -v vi || :)
	if [ -n "$vim" ]; then
		for options in 'nobackup nowritebackup' 'backup backupcopy=no' 'writebackup backupcopy=yes'; do
			HOME=$PWD TERM=dumb "$vim" -u NONE -i NONE -n -es -c "set $options" -c 's/$/v/' -c wq "$M/user/x" \
				</dev/null || fail "vim with $options"
		done
		stored x 'salve!!!!!!vvv
'
		TERM=dumb "$vim" -u NONE -i NONE -es -c 'set swapfile directory=.' -c 's/v*$//' -c 'preserve' -c wq "$M/user/x" \
			</dev/null || fail "vim with a swap file"
		stored x 'salve!!!!!!
'
		rm -f "$M/user/x~" "$M"/user/.x.sw*
		listed "$M/user" x
	fi
	if command -v rsync >/dev/null; then
		mkdir from && printf synced >from/x && printf other >from/y
		rsync -a from/ "$M/user/" && stored x synced && stored y other
		[ "$(rsync -ain from/ "$M/user/" | grep -c '^>f')" = 0 ] || fail "rsync would send it again"
	fi
}
test_editors_as_root() { as_root body_editors; }
test_editors_as_user() { as_user body_editors; }

run_mount_tests "$@"
