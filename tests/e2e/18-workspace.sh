#!/bin/sh
# workspace add, remove, list, path; -C and the workspace of a call; HOME.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

test_add_list_remove() {
	make_workspace one
	make_workspace two
	expect 0 bus-secrets workspace list
	expect_no_out
	expect 0 bus-secrets workspace add two
	expect_out "$PWD/two"
	expect 0 bus-secrets workspace add one
	expect 0 bus-secrets workspace add one
	expect 0 bus-secrets workspace list
	expect_out "$(printf '%s/one\n%s/two' "$PWD" "$PWD")"
	expect 0 bus-secrets workspace list -f json
	python3 -c 'import json,sys; assert json.load(open(sys.argv[1]))==[sys.argv[2]+"/one",sys.argv[2]+"/two"]' "$OUT" "$PWD"
	expect 0 bus-secrets workspace remove one
	expect 1 bus-secrets workspace remove one
	expect 0 bus-secrets workspace list
	expect_out "$PWD/two"
}

test_add_without_a_directory_is_here() {
	make_workspace
	expect 0 bus-secrets workspace add
	expect 0 bus-secrets -C /tmp workspace list
	expect_out "$PWD"
	expect 0 bus-secrets workspace remove
	expect 0 bus-secrets workspace list
	expect_no_out
}

test_add_of_no_workspace() {
	expect 1 bus-secrets workspace add /nonexistent
	expect_err /nonexistent
	touch file
	expect 1 bus-secrets workspace add file
	expect 0 bus-secrets workspace list
	expect_no_out
}

test_path() {
	make_workspace 'My Project'
	expect 0 bus-secrets workspace path 'My Project'
	id=my_project-$(printf '%s/My Project' "$PWD" | sha256sum | cut -c1-6)
	expect_out "$HOME/.bus-secrets/workspaces/$id"
	expect 0 bus-secrets -C 'My Project' workspace path
	expect_out "$HOME/.bus-secrets/workspaces/$id"
	expect 0 bus-secrets workspace path 'My Project' --mount /run/there
	expect_out "/run/there/workspaces/$id"
	expect 0 bus-secrets workspace path --mount=sub 'My Project'
	expect_out "$PWD/sub/workspaces/$id"
	expect 0 bus-secrets workspace path 'My Project' -f json
	python3 -c 'import json,sys; r=json.load(open(sys.argv[1])); assert r["id"]==sys.argv[2] and r["path"].endswith("/workspaces/"+r["id"])' "$OUT" "$id"
	expect 1 bus-secrets workspace path
	expect 2 bus-secrets workspace list --mount x
}

test_set_repo_makes_the_workspace_known() {
	make_workspace
	bus-secrets init >/dev/null 2>&1
	expect 0 bus-secrets workspace list
	expect_no_out
	bus-secrets set x v --scope repo
	expect 0 bus-secrets workspace list
	expect_out "$PWD"
}

test_chdir_comes_before_discovery() {
	make_workspace there
	bus-secrets init >/dev/null 2>&1
	bus-secrets -C there set x v --scope repo
	expect 1 bus-secrets get x
	expect 0 bus-secrets -C there get x
	expect_out v
	expect 0 bus-secrets get x --chdir="$PWD/there"
	expect_out v
	mkdir there/sub
	expect 0 bus-secrets -C there/sub get x
	expect_out v
	expect 0 bus-secrets -C there get x -o file
	[ -e there/file ] || fail '-o is not relative to -C'
	no file
	expect 1 bus-secrets -C nowhere get x
	expect_err nowhere
	touch plain-file
	expect 1 bus-secrets -C plain-file get x
}

# Another user's workspace is none, until it was added by hand.
test_a_preference_that_names_no_workspace_is_named() {
	mkdir -p "$HOME/.config/bus"
	printf '{"version":1,"values":{"bus-secrets.workspace":"%s"}}' "$HOME/gone" >"$HOME/.config/bus/preferences.json"
	expect 1 bus-secrets set x v --scope repo
	expect_err "bus-secrets.workspace: $HOME/gone is not a directory"
	expect 0 bus-secrets list
	expect_no_err
	expect 0 bus-secrets doctor
	grep -q '^warn workspace: preference .* -> ' "$OUT"
	make_workspace "$HOME/gone"
	expect 0 bus-secrets set x v --scope repo
	grep -q '"x"' "$HOME/gone/datapackage.json"
	rm "$HOME/.config/bus/preferences.json"
	expect 0 bus-secrets -v list
	[ "$(grep -c 'no workspace' "$ERR")" = 1 ]
	! grep 'no workspace.*no workspace' "$ERR" || fail 'said twice'
}

test_a_foreign_workspace_needs_consent() {
	[ "$(id -u)" = 0 ] || skip 'needs root to make a file of another user'
	bus-secrets set x mine 2>/dev/null
	mkdir theirs
	cd theirs
	bus-secrets init --repo >/dev/null 2>&1
	bus-secrets set x theirs --scope repo
	bus-secrets workspace remove >/dev/null
	chown -R 65534:65534 .
	expect 1 bus-secrets get x --scope repo
	expect_no_out
	expect 1 bus-secrets set y v --scope repo
	expect 0 bus-secrets get x
	expect_out mine
	expect 0 bus-secrets list
	expect_out x
	expect 0 bus-secrets doctor
	expect 0 bus-secrets workspace add
	expect 0 bus-secrets get x
	expect_out theirs
	expect 0 bus-secrets workspace remove
	expect 1 bus-secrets get x --scope repo
}

test_home_unset_is_the_passwd_entry() {
	real=$(getent passwd "$(id -u)" | cut -d: -f6)
	make_workspace
	expect 0 env -u HOME XDG_CONFIG_HOME="$PWD/c" XDG_STATE_HOME="$PWD/s" bus-secrets workspace path
	grep -q "^$real/.bus-secrets/" "$OUT"
}

test_home_nowhere_is_a_failure_that_names_it() {
	[ "$(id -u)" = 0 ] || skip 'needs root to be a user without a passwd entry'
	command -v setpriv >/dev/null || skip 'needs setpriv'
	programs_for_others
	expect 1 setpriv --reuid 54321 --clear-groups env -u HOME bus-secrets list
	expect_err HOME
}

run_tests
