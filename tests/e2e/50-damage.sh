#!/bin/sh
# Stores that are damaged, full, closed or gone: each command answers with one clear line and status 1, and no byte of
# the store changes.
# shellcheck disable=SC2034,SC2154
. "$(dirname "$0")/lib.sh"

# ground: an identity, x in both scopes; FILES are the stored files.
ground() {
	make_identity >/dev/null
	make_workspace
	printf old | bus-secrets set x -
	printf old | bus-secrets set x --scope repo -
	FILES="$PWD/datapackage.json $HOME/.config/bus/preferences.json"
}

sums() {
	# shellcheck disable=SC2086
	cksum $FILES
	ls -A . "$HOME/.config/bus"
}

# refused PATTERN COMMAND...: status 1, nothing on stdout, one line that matches, nothing changed. Preferences that
# cannot be read are said once more before, for keys could have been named in them.
refused() {
	pattern=$1
	shift
	printf new >input
	: >before
	sums >before
	got=0
	"$@" <input >"$OUT" 2>"$ERR" || got=$?
	[ "$got" = 1 ] || fail "$*: status $got: $(cat "$ERR")"
	[ ! -s "$OUT" ] || fail "$*: said on stdout: $(cat "$OUT")"
	sed -i '/no key source out of the preferences/d' "$ERR"
	[ "$(wc -l <"$ERR")" = 1 ] || fail "$*: not one line: $(cat "$ERR")"
	grep -q -e "$pattern" "$ERR" || fail "$*: expected '$pattern': $(cat "$ERR")"
	sums | cmp -s before - || fail "$*: the store changed"
}

# every_command PATTERN SCOPE
every_command() {
	refused "$1" bus-secrets get x --scope "$2"
	refused "$1" bus-secrets set x --scope "$2" -
	refused "$1" bus-secrets set new --scope "$2" -
	refused "$1" bus-secrets delete x --scope "$2"
	refused "$1" bus-secrets list --scope "$2"
	refused "$1" bus-secrets rekey --scope "$2"
}

test_an_empty_file() {
	ground
	: >datapackage.json
	every_command 'datapackage.json is empty' repo
	refused 'datapackage.json is empty' bus-secrets get x
	refused 'datapackage.json is empty' bus-secrets resolve secret:x
	: >"$HOME/.config/bus/preferences.json"
	refused 'preferences.json' bus-secrets get x --scope user
	refused 'preferences.json' bus-secrets set x -
}

test_a_truncated_file() {
	ground
	head -c 300 datapackage.json >part
	cat part >datapackage.json
	every_command '^bus-secrets: datapackage.json: line [0-9]*:' repo
}

test_an_unresolved_merge() {
	ground
	{ cat datapackage.json && echo '<<<<<<< HEAD'; } >part
	line=$(wc -l <part)
	cat part >datapackage.json
	every_command "unresolved merge in datapackage.json, line $line" repo
	expect 1 bus-secrets doctor
	grep -q "unresolved merge in datapackage.json, line $line" "$OUT" "$ERR"
}

test_a_file_over_the_limit() {
	ground
	truncate -s 67108865 datapackage.json
	FILES="$HOME/.config/bus/preferences.json"
	every_command 'datapackage.json.*large\|datapackage.json.*limit' repo
}

test_a_read_only_file() {
	ground
	chmod 444 datapackage.json
	for words in 'set x --scope repo -' 'set new --scope repo -' 'delete x --scope repo'; do
		# shellcheck disable=SC2086
		refused 'datapackage.json is read-only' bus-secrets $words
	done
	expect 0 bus-secrets get x --scope repo
	expect_out old
}

# as_user COMMAND...: as an ordinary user to whom the scratch directory belongs, for rights do not bind root.
as_user() {
	if [ "$(id -u)" = 0 ]; then
		setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
	else
		"$@"
	fi
}

give_away() { [ "$(id -u)" != 0 ] || chown -R 65534:65534 "$(dirname "$HOME")"; }

test_closed_files_and_directories_for_an_ordinary_user() {
	[ "$(id -u)" != 0 ] || command -v setpriv >/dev/null || skip 'needs setpriv'
	programs_for_others
	ground
	give_away
	chmod 0 datapackage.json
	# Only root can sum up a file that is closed to its owner.
	all=$FILES
	[ "$(id -u)" = 0 ] || FILES=$HOME/.config/bus/preferences.json
	refused 'datapackage.json.*Permission denied' as_user bus-secrets get x
	refused 'datapackage.json.*Permission denied' as_user bus-secrets set x --scope repo -
	FILES=$all
	chmod 644 datapackage.json
	chmod 500 "$HOME/.config/bus"
	refused 'preferences.json.*not writable' as_user bus-secrets set x -
	refused 'preferences.json.*not writable' as_user bus-secrets delete x
	as_user bus-secrets get x --scope user >got
	printf old | cmp - got
	chmod 0 "$HOME/.config/bus"
	FILES="$PWD/datapackage.json"
	as_user bus-secrets get x --scope user >got 2>"$ERR" && fail "an unreadable directory was read"
	grep -q 'preferences.json.*Permission denied' "$ERR" || fail "$(cat "$ERR")"
	chmod 700 "$HOME/.config/bus"
}

test_a_full_disk() {
	[ "$(id -u)" = 0 ] || skip 'needs root, to mount a small tmpfs'
	mkdir disk
	mount -t tmpfs -o size=64k,mode=700 tmpfs disk 2>/dev/null || skip 'no tmpfs can be mounted'
	at_exit "umount '$PWD/disk'"
	export BUS_PREFERENCES_PATH="$PWD/disk/preferences.json"
	ground
	FILES="$BUS_PREFERENCES_PATH"
	mkdir -p "$HOME/.config/bus"
	head -c 1000000 /dev/zero >disk/rest 2>/dev/null || :
	refused 'preferences.json.*No space left\|no space left.*preferences.json' bus-secrets set x -
	refused 'preferences.json.*No space left\|no space left.*preferences.json' bus-secrets set new -
	rm disk/rest
	[ "$(ls -A disk)" = preferences.json ] || fail "litter: $(ls -A disk)"
	printf new | bus-secrets set x -
	[ "$(bus-secrets get x --scope user)" = new ] || fail "not written"
}

test_no_key_and_a_wrong_key() {
	ground
	keys=$HOME/.config/sops/age/keys.txt
	own=$(age-keygen -y "$keys")
	mv "$keys" "$keys.away"
	refused "no identity at hand.*$own" bus-secrets get x
	expect 0 bus-secrets list
	make_identity "$keys" >/dev/null
	refused "no identity fits.*$own" bus-secrets get x
	refused "no identity fits.*$own" bus-secrets rekey x
	mv "$keys.away" "$keys"
	expect 0 bus-secrets get x
}

run_tests
