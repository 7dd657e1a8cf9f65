#!/bin/sh
# Attacks on what runs and on what is shown: helpers out of a workspace, names that steer terminals.
# shellcheck disable=SC2015 # fail ends the test
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/mount_lib.sh
. "$(dirname "$0")/mount_lib.sh"

# As direnv and npm put directories of a workspace into PATH.
body_helper() {
	make_workspace
	mkdir bin
	printf '#!/bin/sh\necho ran >>"%s/was-run"\nexit 1\n' "$HOME" >bin/fusermount3
	chmod 755 bin/fusermount3
	before=$PATH
	PATH=$PWD/bin:$PATH
	mounted
	unmounted
	PATH=$before
	no "$HOME/was-run"
}
test_a_workspace_does_not_give_the_mount_helper() { as_user body_helper; }

body_terminal() {
	make_workspace
	mounted
	evil=$(printf 'a\033]0;x\a\302\233m')
	mkdir "$evil" && echo '{}' >"$evil/datapackage.json"
	expect 1 bus-secrets -C "$evil" mount
	expect_err 'is mounted for'
	LC_ALL=C tr -d '\n -~' <"$ERR" >rest
	[ ! -s rest ] || fail "control characters: $(od -c rest)"
}
test_a_path_does_not_steer_the_terminal_as_root() { as_root body_terminal; }
test_a_path_does_not_steer_the_terminal_as_user() { as_user body_terminal; }

run_mount_tests "$@"
