#!/bin/sh
# Mounting and unmounting: what is said, what is refused, what is left.
# shellcheck disable=SC2015,SC2094 # fail ends the test; a name is no file
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/mount_lib.sh"

body_life() {
	make_workspace
	printf %s v | bus-secrets set x
	printf %s w | bus-secrets set y --scope repo
	mounted
	expect_out "mounted $M (user: 1 secrets; repo: 1 in $PWD; keys: ready)"
	[ "$(ls "$M")" = "$(printf 'repo\nuser')" ] || fail "the tree: $(ls "$M")"
	worker=$(worker_pid)
	keeper=$(keeper_pid)
	mounted
	expect_out "already mounted $M (user: 1 secrets; repo: 1 in $PWD; keys: ready)"
	expect 1 bus-secrets mount -o ro
	expect_err "other options"
	mkdir other && echo '{}' >other/datapackage.json
	expect 1 bus-secrets -C other mount
	expect_err "$PWD/other"
	unmounted
	is_gone "$worker" && is_gone "$keeper" || fail "a process is left"
	! grep -q "$M" /proc/self/mountinfo || fail "a mount is left"
	[ -z "$(find "$(runtime_dir)" -newer "$PWD/datapackage.json" -type f 2>/dev/null)" ] || fail "a file is left"
	[ -z "$(ls -A "$M")" ] && [ "$(stat -c %a "$M")" = 500 ] || fail "the mount point"
	expect 1 bus-secrets umount
	expect_err "not mounted"
}
test_life_as_root() { as_root body_life; }
test_life_as_user() { as_user body_life; }

# What `make mount` and `make unmount` run, from the directory that make was called in.
body_make() {
	make_workspace
	printf %s w | bus-secrets set y --scope repo 2>/dev/null
	(cd / && expect 0 env CALLER="$OLDPWD" sh "$TOP/mount-helpers/make-mount.sh" mount)
	grep -q "^mounted $M (user: 0 secrets; repo: 1 in $PWD; keys: ready)$" "$OUT" || fail "$(cat "$OUT")"
	grep "^try: " "$OUT" | sed "s/^try: //" >try
	[ "$(sh try)" = hello ] || fail "the line to try"
	worker=$(worker_pid)
	expect 0 sh "$TOP/mount-helpers/make-mount.sh" unmount
	is_gone "$worker" || fail "a process is left"
	! grep -q "$M" /proc/self/mountinfo || fail "a mount is left"
	[ -z "$(ls -A "$M")" ] || fail "a file is left"
	expect 0 sh "$TOP/mount-helpers/make-mount.sh" unmount
}
test_make_mount_as_root() { as_root body_make; }
test_make_mount_as_user() { as_user body_make; }

body_json() {
	make_workspace
	printf %s v | bus-secrets set x
	expect 0 bus-secrets -f json mount
	python3 - "$OUT" "$M" "$PWD" <<'END'
import json, sys
line = json.load(open(sys.argv[1]))
assert line["mount"] == sys.argv[2] and line["workspace"] == sys.argv[3], line
assert line["user"]["count"] == 1 and line["repo"]["count"] == 0 and line["keys"] == "ready", line
assert line["user"]["path"].endswith("/preferences.json"), line
assert "bus-secretsd" in open("/proc/%d/cmdline" % line["pid"]).read(), line
END
	expect 0 bus-secrets -q mount
	[ ! -s "$OUT" ] || fail "-q printed"
	expect 0 bus-secrets -o "$PWD/line" mount
	grep -q "already mounted" line || fail "-o FILE"
}
test_json_as_user() { as_user body_json; }

body_identity() {
	expect 0 bus-secrets mount
	expect_err "made the identity"
	[ -s "$HOME/.config/sops/age/keys.txt" ] || fail "no identity"
	unmounted
	expect 0 bus-secrets mount
	! grep -q "made the identity" "$ERR" || fail "made twice"
	unmounted
	# A store that holds documents already: nobody's throw-away key may come between.
	make_workspace
	mkdir elsewhere
	HOME=$PWD/elsewhere bus-secrets init >/dev/null 2>&1
	printf %s v | HOME=$PWD/elsewhere bus-secrets set y --scope repo
	rm "$HOME/.config/sops/age/keys.txt"
	expect 0 bus-secrets mount
	expect_out "mounted $M (user: 0 secrets; repo: 1 in $PWD; keys: locked)"
	[ ! -e "$HOME/.config/sops/age/keys.txt" ] || fail "an identity was made"
}
test_identity_is_made_only_for_a_first_mount() { as_user body_identity; }

body_refusals() {
	make_workspace
	bus-secrets init >/dev/null 2>&1
	mkdir full && : >full/x
	expect 1 bus-secrets mount full && expect_err "not empty"
	mkdir real && ln -s real link
	expect 1 bus-secrets mount link && expect_err "symbolic link"
	: >file
	expect 1 bus-secrets mount file && expect_err "not a directory"
	expect 1 bus-secrets mount missing/dir && expect_err "missing"
	expect 1 bus-secrets mount /usr && expect_err "not empty\|another user"
	expect 2 bus-secrets mount real -o foo && expect_err "unknown mount option: foo"
	expect 2 bus-secrets mount real -o allow_other && expect_err "audience"
	expect 2 bus-secrets mount real -o repo=caller && expect_err "repo=fixed"
	expect 2 bus-secrets mount real -o limit=0 && expect_err "limit"
	expect 2 bus-secrets mount real -o repo_mode=0755 && expect_err "repo_mode"
	expect 2 bus-secrets mount real -o memlock && expect_err "wants a value"
	expect 2 bus-secrets mount real too many
	expect 2 bus-secrets mount ''
	mkdir -p .bus/secrets/inside
	expect 1 bus-secrets mount .bus/secrets/inside && expect_err "lies inside"
	mkdir store
	expect 1 env BUS_PREFERENCES_PATH="$PWD/store/p.json" bus-secrets mount store && expect_err "would hide"
	expect 1 env BUS_PREFERENCES_PATH="$PWD/store/p.json" bus-secrets mount store/within && expect_err "lies inside"
	[ ! -e store/within ] || fail "a refused mount made its directory"
	! grep -q "$PWD" /proc/self/mountinfo || fail "something was mounted"
	[ -z "$(ls -A real)" ] || fail "something was made"
}
test_refusals_as_root() { as_root body_refusals; }
test_refusals_as_user() { as_user body_refusals; }

body_words_of_mount() {
	mounted -o defaults,noatime,x-systemd.automount,_netdev,nosuid -o repo=fixed,rw
	unmounted
	mounted -o ro
	fails_with EROFS create "$M/user/x"
}
test_words_of_mount_are_accepted() { as_user body_words_of_mount; }

body_memlock() {
	needs_locked_memory
	expect 1 prlimit --memlock=65536:65536 bus-secrets mount
	expect_err "memlock=warn"
	[ ! -e "$M" ] || [ -z "$(ls -A "$M")" ]
	! grep -q "$M" /proc/self/mountinfo || fail "mounted without memory"
	expect 0 prlimit --memlock=65536:65536 bus-secrets mount -o memlock=warn
	printf v >"$M/user/x"
	has "$M/user/x" v
}
test_no_memory_to_lock_is_refused_before_mounting() { as_user body_memlock; }

body_dead() {
	mounted
	worker=$(worker_pid)
	keeper=$(keeper_pid)
	kill -9 "$keeper" "$worker"
	wait_for 5 is_gone "$worker"
	fails_with ENOTCONN stat "$M/user"
	mounted
	expect_err "daemon was gone"
	fails_with OK list "$M/user"
	worker=$(worker_pid)
	keeper=$(keeper_pid)
	kill -9 "$keeper" "$worker"
	wait_for 5 is_gone "$worker"
	expect 0 bus-secrets umount
	! grep -q "$M" /proc/self/mountinfo || fail "a mount is left"
	[ -z "$(find "$(runtime_dir)" -name '*.mount' -newer "$HOME" 2>/dev/null)" ] || fail "a record is left"
}
test_a_dead_mount_is_taken_away_as_root() { as_root body_dead; }
test_a_dead_mount_is_taken_away_as_user() { as_user body_dead; }

body_worker_dies() {
	mounted
	worker=$(worker_pid)
	keeper=$(keeper_pid)
	kill -9 "$worker"
	wait_for 5 is_gone "$keeper"
	! grep -q "$M" /proc/self/mountinfo || fail "a mount is left"
	expect 1 bus-secrets umount
	mounted
	# A keeper that is gone leaves a worker that serves.
	kill -9 "$(keeper_pid)"
	printf v >"$M/user/x"
	expect 0 bus-secrets umount
	stored x v
}
test_either_process_alone_may_die() { as_user body_worker_dies; }

body_in_use() {
	mounted
	(cd "$M/user" && : >"$OUT.there" && exec sleep 60) &
	user=$!
	wait_for 5 grep -q sleep "/proc/$user/comm"
	expect 1 bus-secrets umount
	expect_err "sleep ($user)"
	fails_with OK list "$M/user"
	expect 0 bus-secrets umount --lazy
	! grep -q "$M" /proc/self/mountinfo || fail "still mounted"
	kill "$user"
}
test_a_mount_in_use_stays_unless_asked() { as_user body_in_use; }

body_foreground() {
	bus-secrets mount --foreground >fg.out 2>fg.err &
	daemon=$!
	wait_for 10 grep -q mounted fg.out
	printf v >"$M/user/x"
	fails_with EINVAL create "$M/user/BAD"
	grep -q "'bad'" fg.err || fail "the log is not on standard error"
	kill -INT "$daemon"
	wait "$daemon" || fail "exit status $?"
	! grep -q "$M" /proc/self/mountinfo || fail "a mount is left"
	stored x v
}
test_foreground() { as_user body_foreground; }

body_variable_key() {
	key=$(age-keygen 2>/dev/null)
	key=$(echo "$key" | grep '^AGE-SECRET-KEY')
	recipient=$(echo "$key" | age-keygen -y)
	SOPS_AGE_KEY=$key SOPS_AGE_RECIPIENTS=$recipient bus-secrets mount >"$OUT"
	grep -q "keys: ready" "$OUT" || fail "$(cat "$OUT")"
	printf v >"$M/user/x"
	has "$M/user/x" v
	for process in $(worker_pid) $(keeper_pid); do
		! tr '\0' '\n' <"/proc/$process/cmdline" | grep -q AGE-SECRET || fail "a key among arguments"
	done
	[ ! -e "$HOME/.config/sops/age/keys.txt" ] || fail "an identity was made"
}
test_a_key_in_the_environment_reaches_the_worker() { as_user body_variable_key; }

run_mount_tests "$@"
