#!/bin/sh
# Places that are full, read-only, immutable, gone, or lead nowhere: a clear line, the old text, no litter.
# shellcheck disable=SC2034,SC2154
. "$(dirname "$0")/../e2e/lib.sh"

DRIVER=$BUILD/fault/replace_driver

# in_namespace SCRIPT [ARGUMENT...]: as root in a mount namespace of its own, so that nothing stays mounted.
in_namespace() {
	[ "$(id -u)" = 0 ] || skip "mounting needs root"
	unshare -m true 2>/dev/null || skip "mount namespaces are not allowed here"
	script=$1
	shift
	unshare -m --propagation private sh -e -c "$script" sh "$DRIVER" "$@" >"$OUT" 2>"$ERR" || {
		status=$?
		[ "$status" != 77 ] || skip "$(tail -n 1 "$ERR")"
		cat "$OUT" "$ERR" >&2
		fail "status $status"
	}
}

test_a_full_disk_keeps_the_old_text() {
	mkdir small
	# shellcheck disable=SC2016
	in_namespace '
		mount -t tmpfs -o size=64k tmpfs small
		printf "a=1\n" >small/f
		big=$(head -c 20000 /dev/zero | tr "\0" x)
		# Fill it to the last page.
		cat /dev/zero >small/fill 2>/dev/null || true
		status=0
		"$1" set "$PWD/small/f" k "$big" || status=$?
		[ $status = 17 ]
		[ "$(cat small/f)" = a=1 ]
		[ "$(ls -A small | tr "\n" " ")" = "f fill " ]
		rm small/fill
		"$1" set "$PWD/small/f" k "$big"
		grep -q "^k=xxx" small/f
		[ "$(ls -A small)" = f ]'
	expect_err 'cannot write the new text of .*: No space left on device'
}

test_no_room_for_another_name() {
	mkdir small
	# shellcheck disable=SC2016
	in_namespace '
		mount -t tmpfs -o nr_inodes=3 tmpfs small
		printf "a=1\n" >small/f
		: >small/g
		status=0
		"$1" set "$PWD/small/f" k v || status=$?
		[ $status = 17 ]
		[ "$(cat small/f)" = a=1 ]
		rm small/g
		"$1" set "$PWD/small/f" k v
		[ "$(ls -A small)" = f ]'
	expect_err 'No space left on device'
}

test_a_read_only_file_system() {
	mkdir small
	# shellcheck disable=SC2016
	in_namespace '
		mount -t tmpfs tmpfs small
		printf "a=1\n" >small/f
		mount -o remount,ro small
		status=0
		"$1" set "$PWD/small/f" k v || status=$?
		[ $status = 15 ]
		status=0
		"$1" del "$PWD/small/f" a || status=$?
		[ $status = 15 ]
		[ "$("$1" get "$PWD/small/f")" = a=1 ]'
	expect_err 'Read-only file system'
}

test_a_file_that_is_a_mount_point() {
	# shellcheck disable=SC2016
	in_namespace '
		mkdir d
		printf "a=1\n" >d/f
		printf "b=1\n" >other
		mount --bind other d/f
		status=0
		"$1" set "$PWD/d/f" k v || status=$?
		[ $status = 23 ]
		[ "$(cat d/f)" = b=1 ]
		[ "$(ls -A d)" = f ]'
	expect_err 'is a mount point'
}

# An ext4 file system of its own in a file, for what a tmpfs does not have.
on_ext4() {
	[ -e /dev/loop-control ] || skip "no loop devices"
	command -v mkfs.ext4 >/dev/null || skip "no mkfs.ext4"
	truncate -s 8M image
	mkfs.ext4 -q image
	mkdir ext4
	in_namespace "mount -o loop image ext4 || { echo 'an ext4 image cannot be mounted here' >&2; exit 77; }
		$1"
}

test_an_immutable_file_and_directory() {
	# shellcheck disable=SC2016
	on_ext4 '
		mkdir ext4/d
		printf "a=1\n" >ext4/d/f
		for flag in i a; do
			for path in ext4/d/f ext4/d; do
				chattr +$flag $path || { echo "chattr is not possible here" >&2; exit 77; }
				for change in "set $PWD/ext4/d/f k v" "del $PWD/ext4/d/f a"; do
					status=0
					"$1" $change || status=$?
					[ $status = 15 ] || { echo "$flag $path $change: $status"; exit 1; }
				done
				chattr -$flag $path
				[ "$(cat ext4/d/f)" = a=1 ]
				[ "$(ls -A ext4/d)" = f ]
			done
		done
		"$1" set "$PWD/ext4/d/f" k v
		[ "$(ls -A ext4/d)" = f ]'
	expect_err 'immutable or append-only'
}

test_attributes_and_exchange_on_ext4() {
	# shellcheck disable=SC2016
	on_ext4 '
		printf "a=1\n" >ext4/f
		chmod 640 ext4/f
		chgrp 1234 ext4/f
		setfattr -n user.note -v kept ext4/f 2>/dev/null || true
		"$1" set "$PWD/ext4/f" k v
		[ "$(stat -c "%a %g" ext4/f)" = "640 1234" ]
		[ "$("$1" weak ext4)" = strong ]
		"$1" del "$PWD/ext4/f" a
		"$1" del "$PWD/ext4/f" k
		[ "$(ls -A ext4)" = lost+found ]'
}

test_a_file_system_without_exchange_is_named_weak() {
	[ -e /dev/loop-control ] || skip "no loop devices"
	command -v mkfs.vfat >/dev/null || skip "no mkfs.vfat"
	truncate -s 4M image
	mkfs.vfat image >/dev/null
	mkdir fat
	# shellcheck disable=SC2016
	in_namespace '
		mount -o loop image fat 2>/dev/null || { echo "a vfat image cannot be mounted here" >&2; exit 77; }
		"$1" weak fat
		"$1" set "$PWD/fat/f" k v
		"$1" set "$PWD/fat/f" k w
		[ "$(cat fat/f)" = k=w ]
		"$1" del "$PWD/fat/f" k
		[ -z "$(ls -A fat)" ]'
	expect_out weak || fail "vfat counts as strong"
}

test_a_read_only_directory() {
	mkdir d
	printf 'a=1\n' >d/f
	chmod 666 d/f
	chmod 755 "$T" . ..
	if [ "$(id -u)" = 0 ]; then
		chmod 755 d
		programs_for_others "$DRIVER"
		expect 14 setpriv --reuid 1234 --regid 1234 --clear-groups "$(basename "$DRIVER")" set "$PWD/d/f" k v
	else
		chmod 555 d
		expect 14 "$DRIVER" set "$PWD/d/f" k v
		chmod 755 d
	fi
	expect_err 'cannot write in the directory of .*: Permission denied'
	[ "$(cat d/f)" = a=1 ] || fail "changed"
	[ "$(ls -A d)" = f ] || fail "litter"
}

# stopped_at POINT COMMAND...: runs the driver until it stops at that point; its pid is $pid.
stopped_at() {
	(BUS_SECRETS_FAULT=$1:stop exec "$DRIVER" set "$2" k ours 2>"$ERR") &
	pid=$!
	at_exit "kill -KILL $pid 2>/dev/null || :"
	wait_for 5 grep -q '^State:.*T' "/proc/$pid/status"
}

go_on() {
	kill -CONT "$pid"
	status=0
	wait "$pid" || status=$?
}

test_a_directory_that_vanishes() {
	for point in mid-write after-temp after-rename; do
		mkdir d
		printf 'a=1\n' >d/f
		stopped_at $point "$PWD/d/f"
		rm -rf d
		go_on
		[ "$status" = 4 ] || fail "$point: status $status"
		expect_err 'the directory of .* does not exist'
		[ ! -e d ] || fail "the directory is back"
	done
}

test_a_directory_that_is_renamed_is_not_followed_elsewhere() {
	mkdir d
	printf 'a=1\n' >d/f
	stopped_at after-rename "$PWD/d/f"
	mv d e
	mkdir d
	printf 'b=1\n' >d/f
	go_on
	[ "$status" = 0 ] || fail "status $status"
	[ "$(cat d/f)" = b=1 ] || fail "the other directory was written"
	grep -qx k=ours e/f || fail "not written"
	[ "$(ls -A d)" = f ] || fail "litter: $(ls -A d)"
	[ "$(ls -A e)" = f ] || fail "litter: $(ls -A e)"
}

test_a_file_that_moves_while_we_write_is_not_made_again_empty() {
	mkdir d
	printf 'a=1\n' >d/f
	stopped_at after-rename "$PWD/d/f"
	mv d/f elsewhere
	go_on
	# By the driver's rule the place stays, so the line is written into a new file; what moved is untouched.
	[ "$status" = 0 ] || fail "status $status"
	[ "$(cat elsewhere)" = a=1 ] || fail "the moved file was changed"
	[ "$(cat d/f)" = k=ours ] || fail "$(cat d/f)"
	[ "$(ls -A d)" = f ] || fail "litter"
}

test_a_link_that_dangles_or_comes_to_dangle() {
	ln -s nowhere l
	expect 13 "$DRIVER" set "$PWD/l" k v
	expect_err 'symbolic link to a file that does not exist'
	[ ! -e nowhere ] || fail "the target was made"
	mkdir d
	printf 'a=1\n' >d/f
	ln -s d/f m
	stopped_at after-rename "$PWD/m"
	rm d/f
	go_on
	[ "$status" = 13 ] || fail "status $status"
	expect_err 'symbolic link to a file that does not exist'
	[ -z "$(ls -A d)" ] || fail "litter"
}

test_a_file_that_becomes_something_else() {
	for point in after-temp after-rename; do
		rm -rf d && mkdir d
		printf 'a=1\n' >d/f
		stopped_at $point "$PWD/d/f"
		rm d/f
		mkdir d/f
		go_on
		[ "$status" = 13 ] || fail "status $status"
		expect_err 'not a regular file'
		[ -d d/f ] || fail "the directory is gone"
		[ "$(ls -A d)" = f ] || fail "litter"
	done
}

test_a_program_that_keeps_the_file_open_for_writing() {
	printf 'a=1\n' >f
	status=0
	"$DRIVER" set "$PWD/f" k v 2>"$ERR" 3>>f || status=$?
	# Descriptor 3 is inherited by the driver itself: it is open for writing until that ends.
	[ "$status" = 18 ] || fail "status $status"
	expect_err 'open for writing'
	[ "$(cat f)" = a=1 ] || fail "changed"
	[ "$(ls -A)" = f ] || fail "litter: $(ls -A)"
}

run_tests
