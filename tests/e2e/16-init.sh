#!/bin/sh
# init, uninit and the embedded default: when an identity is made, and when not.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

keys() { echo "$HOME/.config/sops/age/keys.txt"; }

test_init_makes_an_identity_where_sops_looks() {
	expect 0 bus-secrets init
	expect_err 'back it up'
	expect_err "$(keys)"
	[ "$(stat -c %a "$(keys)")" = 600 ]
	[ "$(stat -c %a "$(dirname "$(keys)")")" = 700 ]
	[ "$(age-keygen -y "$(keys)")" = "$(cat "$OUT")" ]
	[ "$(wc -l <"$OUT")" = 1 ]
	grep -q '^age1' "$OUT"
}

test_init_again_changes_nothing() {
	expect 0 bus-secrets init
	cp "$OUT" first
	before=$(stat -c '%i %Z' "$(keys)")
	expect 0 bus-secrets init
	same first "$OUT"
	expect_no_err
	[ "$before" = "$(stat -c '%i %Z' "$(keys)")" ]
}

test_init_uses_the_keys_of_sops() {
	recipient=$(make_identity)
	before=$(sha256sum "$(keys)")
	expect 0 bus-secrets init
	expect_out "$recipient"
	[ "$before" = "$(sha256sum "$(keys)")" ]
}

test_init_says_why_it_makes_none() {
	make_identity "$HOME/elsewhere.txt" >/dev/null
	key=$(grep '^AGE-SECRET-KEY-' "$HOME/elsewhere.txt")
	expect 1 env SOPS_AGE_KEY="$key" bus-secrets init
	expect_err SOPS_AGE_KEY
	! grep -q AGE-SECRET-KEY "$ERR" || fail 'the key is shown'
	no "$(keys)"
	expect 1 env SOPS_AGE_KEY_FILE="$HOME/absent.txt" bus-secrets init
	expect_err absent.txt
	no "$(keys)"
	expect 0 env SOPS_AGE_KEY_FILE="$HOME/elsewhere.txt" bus-secrets init
	expect_out "$(age-keygen -y "$HOME/elsewhere.txt")"
	no "$(keys)"
}

test_init_repo_makes_the_workspace() {
	expect 0 bus-secrets init --repo
	[ "$(cat datapackage.json)" = '{}' ]
	grep -qx "$(age-keygen -y "$(keys)")" .bus/secrets/recipients.txt
	expect 0 bus-secrets init --repo
	[ "$(grep -c '^age1' .bus/secrets/recipients.txt)" = 1 ]
	expect 0 bus-secrets set x v --scope repo
	expect 0 bus-secrets get x --scope repo
	expect_out v
}

test_init_repo_uses_the_workspace_above() {
	make_workspace
	mkdir -p a/b
	cd a/b
	expect 0 bus-secrets init --repo
	no datapackage.json .bus
	[ -e ../../.bus/secrets/recipients.txt ]
	[ "$(cat ../../datapackage.json)" = '{}' ]
}

test_init_repo_says_who_would_be_dropped() {
	make_workspace
	bus-secrets init >/dev/null 2>&1
	other=$(make_identity "$HOME/other.txt")
	SOPS_AGE_RECIPIENTS=$other bus-secrets set x v --scope repo
	expect 0 bus-secrets init --repo
	expect_err "$other"
}

test_init_print_env() {
	mkdir "$HOME/it's"
	expect 0 env XDG_CONFIG_HOME="$HOME/it's" bus-secrets init --print-env sh
	(eval "$(cat "$OUT")" && [ "$SOPS_AGE_KEY_FILE" = "$HOME/it's/sops/age/keys.txt" ] &&
		[ "$SOPS_AGE_RECIPIENTS" = "$(age-keygen -y "$SOPS_AGE_KEY_FILE")" ]) || fail "$(cat "$OUT")"
	expect 2 bus-secrets init --print-env
	expect 2 bus-secrets init --print-env csh
}

test_init_json() {
	expect 0 bus-secrets init --repo -f json
	python3 - "$OUT" "$(keys)" "$PWD" <<-'PYTHON'
		import json, sys
		r = json.load(open(sys.argv[1]))
		assert r["recipient"].startswith("age1") and r["key_file"] == sys.argv[2] and r["made"] is True, r
		assert r["workspace"] == sys.argv[3] and r["workspace_made"] is True and r["recipient_added"] is True, r
	PYTHON
	expect 0 bus-secrets init -f json
	python3 -c 'import json,sys; r=json.load(open(sys.argv[1])); assert not r["made"] and r["workspace"] is None' "$OUT"
}

# Root may write anywhere, so this is done as another user.
test_init_that_fails_takes_back_what_it_made() {
	as=
	if [ "$(id -u)" = 0 ]; then
		command -v setpriv >/dev/null || skip 'needs setpriv'
		as='setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all'
	fi
	programs_for_others
	make_workspace ro
	[ -z "$as" ] || chown -R 65534:65534 "$HOME" ro
	chmod 500 ro
	# shellcheck disable=SC2086
	expect 1 $as bus-secrets -C ro init --repo
	expect_err 'recipients.txt.*ermission'
	no "$(keys)" ro/.bus
	chmod 700 ro
	# shellcheck disable=SC2086
	expect 0 $as bus-secrets -C ro init --repo
	[ -e "$(keys)" ]
}

# An empty .bus/secrets left behind would choose the layout of every later write.
test_init_that_finds_no_room_leaves_no_directory() {
	[ "$(id -u)" = 0 ] || skip 'mounting needs root'
	unshare -m true 2>/dev/null || skip 'mount namespaces are not allowed here'
	mkdir small
	# shellcheck disable=SC2016
	expect 0 unshare -m --propagation private sh -e -c '
		mount -t tmpfs -o size=16k tmpfs small
		cd small
		echo "{}" >datapackage.json
		cat /dev/zero >fill 2>/dev/null || true
		status=0
		bus-secrets init --repo || status=$?
		[ "$status" = 1 ]
		[ "$(ls -A | tr "\n" " ")" = "datapackage.json fill " ]'
	expect_err 'No space left on device'
	no "$(keys)"
}

# A project's files are shared as the user shares others; what is the user's own is closed.
test_modes_follow_the_umask_in_a_workspace() {
	for mask in 022 002 077; do
		mkdir "ws$mask"
		(umask "$mask" && mkdir "ws$mask/like" && : >"ws$mask/like/file" &&
			cd "ws$mask" && bus-secrets init --repo && bus-secrets set x v --scope repo) >/dev/null 2>&1
		dir=$(stat -c %a "ws$mask/like") file=$(stat -c %a "ws$mask/like/file")
		for made in .bus .bus/secrets; do
			[ "$(stat -c %a "ws$mask/$made")" = "$dir" ] || fail "$mask: $made"
		done
		for made in datapackage.json .bus/secrets/recipients.txt .bus/secrets/x.sops.json; do
			[ "$(stat -c %a "ws$mask/$made")" = "$file" ] || fail "$mask: $made"
		done
	done
	(umask 022 && bus-secrets set x v)
	[ "$(stat -c %a "$(keys)" "$HOME/.config/bus/preferences.json" | sort -u)" = 600 ]
	[ "$(stat -c %a "$HOME/.config/bus" "$HOME/.local/state/bus-secrets")" = "$(printf '700\n700')" ]
}

test_a_directory_that_is_made_keeps_the_group_of_its_parent() {
	make_workspace
	chmod 2775 .
	(umask 002 && expect 0 bus-secrets init --repo)
	[ "$(stat -c %a .bus/secrets)" = 2775 ]
}

# The embedded default: design, section 4.
test_the_first_set_makes_an_identity_and_says_so() {
	expect 0 bus-secrets set x v
	expect_err 'back it up'
	[ "$(stat -c %a "$(keys)")" = 600 ]
	expect 0 bus-secrets get x
	expect_out v
	expect 0 bus-secrets set y v
	expect_no_err
}

test_no_identity_is_made_beside_a_configured_source() {
	expect 1 env SOPS_AGE_KEY_FILE="$HOME/absent.txt" bus-secrets set x v
	no "$(keys)" "$HOME/.config/bus/preferences.json"
}

test_no_identity_is_made_where_documents_are() {
	bus-secrets set x v
	rm "$(keys)"
	expect 1 bus-secrets set y v
	no "$(keys)"
	make_workspace
	expect 1 bus-secrets set y v --scope repo
	no "$(keys)"
}

test_no_identity_is_made_where_the_workspace_holds_documents() {
	make_workspace
	bus-secrets init >/dev/null 2>&1
	bus-secrets set x v --scope repo
	rm -r "$HOME/.config"
	expect 1 bus-secrets set y v
	no "$(keys)"
}

test_get_and_list_make_no_identity() {
	expect 1 bus-secrets get x
	expect 0 bus-secrets list
	expect 0 bus-secrets doctor
	no "$(keys)"
}

test_an_identity_of_a_set_that_fails_is_taken_back() {
	mkdir -p "$HOME/.config/bus"
	printf '{"values":' >"$HOME/.config/bus/preferences.json"
	expect 1 bus-secrets set x v
	no "$(keys)"
	make_workspace
	rm -r "$HOME/.config/bus"
	mkdir -p .bus/secrets
	make_identity "$HOME/other.txt" >.bus/secrets/recipients.txt
	expect 1 bus-secrets set x v --scope repo
	no "$(keys)" .bus/secrets/x.sops.json
	expect 0 bus-secrets set x v --scope repo --blind
	no "$(keys)"
}

test_uninit_undoes_init() {
	bus-secrets init --repo >/dev/null 2>&1
	recipient=$(age-keygen -y "$(keys)")
	expect 0 bus-secrets uninit
	expect_no_out
	no "$(keys)"
	# A list of nobody, or a layout that nobody chose, would be in the way of the next one.
	no .bus
	expect_err "$recipient"
	expect 1 bus-secrets uninit
}

test_uninit_leaves_the_others_in_recipients_txt() {
	bus-secrets init --repo >/dev/null 2>&1
	{ echo '# the team' && make_identity "$HOME/other.txt"; } >rest
	cat rest >>.bus/secrets/recipients.txt
	expect 0 bus-secrets uninit
	same rest .bus/secrets/recipients.txt
}

test_uninit_leaves_an_identity_that_it_did_not_make() {
	make_identity >/dev/null
	expect 1 bus-secrets uninit
	[ -e "$(keys)" ]
	expect 1 bus-secrets uninit --force
	[ -e "$(keys)" ]
}

test_uninit_of_an_identity_that_documents_name() {
	bus-secrets set x v
	cp "$(keys)" copy
	expect 1 bus-secrets uninit
	expect_err '--force'
	same copy "$(keys)"
	expect 0 bus-secrets uninit --force
	no "$(keys)"
	found=$(grep -rlF "$(grep '^AGE-SECRET-KEY-' copy)" "$HOME/.config/sops")
	[ -n "$found" ] || fail 'the identity is gone'
	expect_err "$found"
	expect 0 env SOPS_AGE_KEY_FILE="$found" bus-secrets get x
	expect_out v
}

test_uninit_looks_into_the_known_workspaces() {
	mkdir other
	make_workspace other
	bus-secrets -C other init >/dev/null 2>&1
	bus-secrets -C other set x v --scope repo
	expect 1 bus-secrets uninit
	expect_err '--force'
	[ -e "$(keys)" ]
}

test_uninit_json() {
	bus-secrets init >/dev/null 2>&1
	expect 0 bus-secrets uninit -f json
	expect_out '{"removed":true,"renamed":null}'
}

run_tests
