#!/bin/sh
# A hostile workspace: nothing of it runs, nothing outside of it is read or written, and the user's own values are
# encrypted to the user alone.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

bus() { "$TOP/tests/e2e/bus" "$@"; }

# The recipients of a document of preferences.json, one a line.
user_recipients() {
	python3 - "$HOME/.config/bus/preferences.json" "$1" <<-'PYTHON'
		import json, sys
		document = json.loads(json.load(open(sys.argv[1]))["values"]["secrets." + sys.argv[2]])
		print("\n".join(entry["recipient"] for entry in document["sops"]["age"]))
	PYTHON
}

# A program that leaves a mark, under a name that somebody might run.
plant() {
	mkdir -p "$(dirname "$1")"
	cat >"$1" <<-EOF
		#!/bin/sh
		echo "\$0 \$*" >>"$HOME/was-run"
		cat "$HOME/evil.txt"
	EOF
	chmod 755 "$1"
}

# The workspace: every file of it that is read names a command, a file, a recipient or a store.
hostile() {
	me=$(make_identity)
	evil=$(make_identity "$HOME/evil.txt")
	make_workspace
	mkdir -p .bus/secrets
	for name in sops age age-plugin-x bus-secretsd key-command fusermount3 git gpg; do plant "bin/$name"; done
	plant key-command
	cat >.bus/secrets/config.json <<-EOF
		{"profile": "team", "age_key_file": "$HOME/evil.txt", "age_key_cmd": "$PWD/key-command",
		 "bus-secrets.age_key_cmd": "$PWD/key-command", "sops": "$PWD/bin/sops"}
	EOF
	cat >.sops.yaml <<-EOF
		creation_rules:
		  - age: $evil
		    age_key_cmd: $PWD/key-command
	EOF
	cat >.env <<-EOF
		SOPS_AGE_KEY_CMD=$PWD/key-command
		SOPS_AGE_KEY_FILE="$HOME/evil.txt"
		SOPS_AGE_SSH_PRIVATE_KEY_FILE=$HOME/evil.txt
		SOPS_AGE_SSH_PRIVATE_KEY_CMD=$PWD/key-command
		SOPS_AGE_RECIPIENTS=$evil
		BUS_PREFERENCES_PATH=$PWD/preferences.json
		BUS_CONFIG_DIR=$PWD
		XDG_CONFIG_HOME=$PWD
		XDG_STATE_HOME=$PWD
		XDG_RUNTIME_DIR=$PWD
	EOF
	mkdir -p sops/age bus-secrets
	cp "$HOME/evil.txt" sops/age/keys.txt
	echo "hand $PWD" >bus-secrets/workspaces
	cat >preferences.json <<-EOF
		{"values": {"bus-secrets.age_key_cmd": "$PWD/key-command", "bus-secrets.trust_dotenv": true}}
	EOF
	# As direnv and the like do; only what is started by our programs is looked for there.
	hostile_path=$PWD/bin:.:bin:$PATH
}

# Every command that there is, whatever it answers.
all_commands() {
	"$@" set x v || :
	"$@" set --scope repo y v || :
	"$@" get x || :
	"$@" get y || :
	"$@" get foreign || :
	"$@" list || :
	"$@" list -f json || :
	"$@" resolve secret:y || :
	"$@" rekey || :
	"$@" rekey --scope repo || :
	"$@" delete --scope repo y || :
	"$@" doctor || :
	"$@" workspace list || :
	"$@" workspace path || :
	"$@" init || :
}

test_nothing_of_it_runs() {
	hostile
	# A document that only a real sops could open makes us look for one.
	cat >.bus/secrets/foreign.sops.json <<-'EOF'
		{"data":"ENC[AES256_GCM,data:AA==,iv:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=,tag:AAAAAAAAAAAAAAAAAAAAAA==,type:str]","sops":{"pgp":[{"created_at":"2026-01-01T00:00:00Z","enc":"-----BEGIN PGP MESSAGE-----\n","fp":"85D77543B3D624B63CEA9E6DBC17301B491B3F21"}],"lastmodified":"2026-01-01T00:00:00Z","mac":"ENC[AES256_GCM,data:AA==,iv:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=,tag:AAAAAAAAAAAAAAAAAAAAAA==,type:str]","version":"3.9.4"}}
	EOF
	all_commands env PATH="$hostile_path" bus-secrets >log 2>&1
	all_commands env PATH="$hostile_path" "$TOP/tests/e2e/bus" secrets >>log 2>&1
	no "$HOME/was-run"
	! grep -q 'AGE-SECRET-KEY' log || fail 'a key is shown'
	no preferences.json.bus-conflict
	grep -q 'key-command' preferences.json
	[ "$(find bus-secrets | sort | tr '\n' ' ')" = 'bus-secrets bus-secrets/workspaces ' ]
}

test_it_does_not_choose_whose_keys_are_used() {
	hostile
	echo v | bus secrets set x 2>log
	for name in SOPS_AGE_KEY_FILE SOPS_AGE_KEY_CMD SOPS_AGE_RECIPIENTS BUS_PREFERENCES_PATH XDG_CONFIG_HOME; do
		grep -q "ignored: .*$name" log || fail "nothing was said of $name: $(cat log)"
	done
	[ "$(user_recipients x)" = "$me" ]
	expect 0 bus secrets get x
	expect 0 bus secrets rekey
	[ "$(user_recipients x)" = "$me" ]
	expect 0 bus secrets doctor
	! grep -q "$HOME/evil.txt" "$OUT" || fail 'the foreign key file is a source'
}

test_its_rules_do_not_reach_the_users_own() {
	hostile
	rm .env
	echo "$evil" >.bus/secrets/recipients.txt
	echo v | bus-secrets set x
	[ "$(user_recipients x)" = "$me" ]
	rm -rf .bus/secrets/recipients.txt
	echo w | bus-secrets set x
	[ "$(user_recipients x)" = "$me" ]
	# In its own scope its rule counts, and what we could not read back is not written.
	expect 1 bus-secrets set --scope repo y v
	no .bus/secrets/y.sops.json
}

test_a_profile_is_only_a_name() {
	make_identity >/dev/null
	make_workspace
	plant key-command
	make_identity "$HOME/evil.txt" >/dev/null
	mkdir -p .bus/secrets "$HOME/.config/bus"
	for profile in '../../x' 'team.age_key_cmd' "$PWD/key-command" '' 'a b' 'x","age_key_cmd":"/bin/true'; do
		printf '{"profile": "%s"}' "$profile" >.bus/secrets/config.json
		bus-secrets set x v >log 2>&1
		bus-secrets doctor >>log 2>&1 || :
		no "$HOME/was-run"
	done
}

# The user's own key command is a shell script; the .env would make its shell run something first.
test_its_dotenv_does_not_reach_the_users_own_commands() {
	make_identity "$HOME/mine.txt" >/dev/null
	make_workspace
	plant evil.sh
	command -v bash >/dev/null || skip 'bash is not installed'
	mkdir -p "$HOME/bin" "$HOME/.config/bus"
	printf '#!/bin/bash\ncat "%s"\n' "$HOME/mine.txt" >"$HOME/bin/key"
	chmod 755 "$HOME/bin/key"
	printf '{"values": {"bus-secrets.age_key_cmd": "%s"}}' "$HOME/bin/key" >"$HOME/.config/bus/preferences.json"
	SOPS_AGE_RECIPIENTS=$(age-keygen -y "$HOME/mine.txt")
	export SOPS_AGE_RECIPIENTS
	printf 'BASH_ENV=%s\nLD_AUDIT=%s\n' "$PWD/evil.sh" "$PWD/evil.sh" >.env
	expect 0 bus secrets set x v
	expect 0 bus secrets get x
	expect_out v
	no "$HOME/was-run"
	BASH_ENV=$PWD/evil.sh "$HOME/bin/key" >/dev/null 2>&1 || :
	[ -e "$HOME/was-run" ] || fail 'the test proves nothing'
}

# traced COMMAND...: the files that were opened, in ./opened; the whole in ./trace. Our programs are not dumpable, so
# only root sees what they open; for another user both stay empty, and what was printed and changed is judged.
traced() {
	TRACED=
	: >trace
	: >opened
	if [ "$(id -u)" != 0 ]; then
		"$@" >traced.out 2>traced.err || :
		return 0
	fi
	TRACED=yes
	command -v strace >/dev/null || skip 'strace is not installed'
	# LeakSanitizer cannot work under ptrace.
	ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0" strace -f -y -qq -o trace -e trace=open,openat,openat2,execve,link,linkat,rename,renameat,renameat2,unlink,unlinkat \
		"$@" >traced.out 2>traced.err || :
	grep -v ' = -1 ' trace >opened || :
}

outside() {
	mkdir -p "$HOME/outside"
	echo kept-outside >"$HOME/outside/canary"
	make_identity "$HOME/outside/keys.txt" >"$HOME/outside/recipient"
	make_workspace "$HOME/outside/other"
	mkdir -p "$HOME/outside/other/.bus/secrets"
	(cd "$HOME/outside/other" && bus-secrets set --scope repo stolen "other's" && bus-secrets set --scope repo x "other's")
	find "$HOME/outside" -type f -exec sha256sum {} + | sort >"$HOME/before"
}

unchanged_outside() {
	find "$HOME/outside" -type f -exec sha256sum {} + | sort >"$HOME/after"
	same "$HOME/before" "$HOME/after"
}

test_links_out_of_it_are_not_followed() {
	make_identity >/dev/null
	outside
	make_workspace
	mkdir -p .bus/secrets
	ln -s "$HOME/outside/other/.bus/secrets/stolen.sops.json" .bus/secrets/stolen.sops.json
	ln -s "$HOME/outside/canary" .bus/secrets/canary.sops.json
	ln -s "$HOME/outside/recipient" .bus/secrets/recipients.txt
	ln -s "$HOME/outside/canary" .bus/secrets/config.json
	ln -s "$HOME/outside/canary" .sops.yaml
	for command in 'get stolen' 'get canary' 'list' 'set --scope repo new v' 'set --scope repo stolen v' \
		'set --scope repo canary v' 'delete --scope repo stolen' 'rekey --scope repo' 'doctor'; do
		# shellcheck disable=SC2086
		traced bus-secrets $command
		! grep -q "$HOME/outside" opened || fail "$command: $(grep "$HOME/outside" opened)"
		! grep -q "kept-outside\|other's" traced.out traced.err || fail "$command: read what lies outside"
	done
	unchanged_outside
	no .bus/secrets/new.sops.json
}

test_a_store_that_is_a_link_elsewhere_is_refused() {
	make_identity >/dev/null
	outside
	rm -rf "$HOME/outside/other/.bus"
	(cd "$HOME/outside/other" && bus-secrets set --scope repo stolen "other's")
	find "$HOME/outside" -type f -exec sha256sum {} + | sort >"$HOME/before"
	ln -s "$HOME/outside/other/datapackage.json" datapackage.json
	for command in 'get stolen' 'list' 'set --scope repo stolen v' 'delete --scope repo stolen' 'rekey --scope repo'; do
		# shellcheck disable=SC2086
		traced bus-secrets $command
		[ -z "$TRACED" ] || grep -q datapackage.json trace || fail "$command: nothing was traced"
		! grep -q "$HOME/outside" opened || fail "$command: $(grep "$HOME/outside" opened)"
		! grep -q "other's" traced.out || fail "$command: read another store"
	done
	unchanged_outside
	rm datapackage.json
	make_workspace
	mkdir -p "$HOME/outside/other/.bus"
	ln -s "$HOME/outside/other/.bus" .bus
	traced bus-secrets set --scope repo y v
	traced bus-secrets get y
	unchanged_outside
}

need_root() {
	[ "$(id -u)" = 0 ] || skip 'only root can give files away'
}

test_a_workspace_of_another_user_wants_consent() {
	need_root
	make_identity >/dev/null
	make_workspace
	bus-secrets set --scope repo x theirs
	chown -R 54321:54321 "$PWD"
	before=$(sha256sum datapackage.json)
	expect 1 bus-secrets get x
	expect_err 'workspace add'
	expect 1 bus-secrets set --scope repo x changed
	expect_err 'another user'
	expect 0 bus-secrets set mine v
	expect 0 bus-secrets get --scope user mine
	[ "$before" = "$(sha256sum datapackage.json)" ]
	expect 0 bus-secrets workspace add
	expect 0 bus-secrets get x
	expect_out theirs
	expect 0 bus-secrets workspace remove
	expect 1 bus-secrets get x
}

test_files_of_another_user_in_it_are_not_used() {
	need_root
	me=$(make_identity)
	evil=$(make_identity "$HOME/evil.txt")
	make_workspace
	mkdir -p .bus/secrets
	echo "$evil" >.bus/secrets/recipients.txt
	printf '{"profile": "team"}' >.bus/secrets/config.json
	printf 'creation_rules:\n  - age: %s\n' "$evil" >.sops.yaml
	mkdir -p "$HOME/.config/bus"
	printf '{"values": {"bus-secrets.profiles.team.age_key_file": "%s"}}' "$HOME/evil.txt" \
		>"$HOME/.config/bus/preferences.json"
	chown 54321 .bus/secrets/recipients.txt .bus/secrets/config.json .sops.yaml
	expect 0 bus-secrets set --scope repo x v
	expect_err 'recipients.txt belongs to another user'
	grep -q "$me" .bus/secrets/x.sops.json
	! grep -q "$evil" .bus/secrets/x.sops.json || fail 'encrypted to a recipient out of a foreign file'
}

test_a_damaged_policy_is_never_no_policy() {
	make_identity >/dev/null
	make_workspace
	mkdir -p .bus/secrets
	for text in '' '# nobody' 'nonsense' 'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ'; do
		echo "$text" >.bus/secrets/recipients.txt
		expect 1 bus-secrets set --scope repo x v
		expect_err recipients.txt
	done
	rm .bus/secrets/recipients.txt
	for text in 'creation_rules: [' 'creation_rules: []' 'creation_rules: [{path_regex: "("}]' \
		'creation_rules: [{pgp: ABCD}]' 'creation_rules: [{path_regex: "(?=x)", age: y}]'; do
		echo "$text" >.sops.yaml
		expect 1 bus-secrets set --scope repo x v
		expect_err '\.sops\.yaml'
	done
	no .bus/secrets/x.sops.json
	expect 0 bus-secrets set x v
}

run_tests
