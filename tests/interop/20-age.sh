#!/bin/sh
# 20-age.sh: the real age opens our files and we open its.
# shellcheck disable=SC1091
. "$(dirname "$0")/../e2e/lib.sh"

sizes='0 1 65535 65536 65537 200000'
tool=$BUILD/tests/interop/age_tool

need_age() {
	command -v age >/dev/null || skip 'age is not installed'
	command -v age-keygen >/dev/null || skip 'age-keygen is not installed'
}

# Random files v0, v1, ... of those sizes.
make_values() {
	for size in $sizes; do head -c "$size" /dev/urandom >"v$size"; done
}

# gives VALUE COMMAND...: the command succeeds, and what it prints is the file VALUE. (In a pipe into cmp a failure
# would pass for an empty value.)
gives() {
	value=$1
	shift
	"$@" >back || fail "status $?: $*"
	same back "$value"
}

# Keys k1 k2 k3 and their recipients r1 r2 r3, two of ours, one of age's.
make_keys() {
	(
		umask 077
		"$tool" keygen >k1
		age-keygen -o k2 2>/dev/null
		"$tool" keygen >k3
	)
	for i in 1 2 3; do
		"$tool" recipients "k$i" >"r$i"
		age-keygen -y "k$i" | cmp - "r$i"
	done
}

# on_terminal PASSPHRASE COMMAND...: age asks for passphrases on a terminal alone; it is told each time it asks.
on_terminal() {
	python3 - "$@" <<'PYTHON'
import os, pty, select, sys, time
word = sys.argv[1].encode() + b"\n"
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
seen, deadline = b"", time.monotonic() + 60
while time.monotonic() < deadline:
    if not select.select([terminal], [], [], 1)[0]:
        continue
    try:
        more = os.read(terminal, 1024)
    except OSError:
        break
    if not more:
        break
    seen += more
    # Each question ends with a colon; then the echo is off.
    if b":" in seen and seen.rstrip().endswith(b":"):
        os.write(terminal, word)
        seen = b""
else:
    os.kill(pid, 9)
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
sys.stderr.write(seen.decode("utf-8", "replace"))
sys.exit(status if status >= 0 else 128 - status)
PYTHON
}

test_age_opens_ours() {
	need_age
	make_values
	make_keys
	for size in $sizes; do
		for armor in '' -a; do
			# shellcheck disable=SC2086
			"$tool" encrypt $armor "$(cat r1)" <"v$size" >one
			gives "v$size" age -d -i k1 one
			# shellcheck disable=SC2086
			"$tool" encrypt $armor "$(cat r1)" "$(cat r2)" "$(cat r3)" <"v$size" >three
			for i in 1 2 3; do gives "v$size" age -d -i "k$i" three; done
		done
	done
	! age -d -i k2 one >/dev/null 2>&1 || fail 'another key opened it'
}

test_we_open_those_of_age() {
	need_age
	make_values
	make_keys
	for size in $sizes; do
		for armor in '' -a; do
			# shellcheck disable=SC2086
			age $armor -r "$(cat r1)" <"v$size" >one
			gives "v$size" "$tool" decrypt k1 <one
			# shellcheck disable=SC2086
			age $armor -r "$(cat r1)" -r "$(cat r2)" -r "$(cat r3)" <"v$size" >three
			for i in 1 2 3; do gives "v$size" "$tool" decrypt "k$i" <three; done
		done
	done
	expect 1 "$tool" decrypt k2 <one
	expect_err NO_MATCH
}

test_ssh_keys_both_ways() {
	need_age
	command -v ssh-keygen >/dev/null || skip 'ssh-keygen is not installed'
	make_values
	ssh-keygen -q -t ed25519 -N '' -C 'a key with a comment' -f id
	ssh-keygen -q -t ed25519 -N 'word' -C 'locked' -f locked
	ssh-keygen -q -t rsa -b 2048 -N '' -C 'rsa' -f rsa
	for size in $sizes; do
		"$tool" encrypt "$(cat id.pub)" <"v$size" >ours
		gives "v$size" age -d -i id ours
		age -R id.pub <"v$size" >theirs
		gives "v$size" "$tool" decrypt id <theirs
	done
	# A file for several kinds, of which we can open one.
	age -R id.pub -R rsa.pub <v1 >for_two
	gives v1 "$tool" decrypt id <for_two
	age -R locked.pub <v1 >for_locked
	expect 1 "$tool" decrypt locked <for_locked
	expect_err 'locked.*passphrase.*NO_IDENTITY'
	expect 1 "$tool" decrypt rsa <for_locked
	expect_err 'kind that cannot be used.*NO_IDENTITY'
	age -R rsa.pub <v1 >for_rsa
	expect 1 "$tool" decrypt id <for_rsa
	expect_err 'ssh-rsa.*NO_MATCH'
}

test_passphrases_both_ways() {
	need_age
	command -v python3 >/dev/null || skip 'python3 is not installed'
	echo value >value
	echo 'a pass phrase' >word
	"$tool" encrypt -p word <value >ours
	on_terminal 'a pass phrase' age -d -o back ours
	same back value
	on_terminal 'a pass phrase' age -p -a -o theirs value
	gives value "$tool" decrypt -p word <theirs
	echo 'another' >word
	expect 1 "$tool" decrypt -p word <theirs
	expect_err NO_MATCH
}

test_damage_is_refused_as_age_does() {
	need_age
	make_keys
	head -c 70000 /dev/urandom >value
	age -r "$(cat r1)" <value >file
	size=$(wc -c <file)
	for at in 30 80 120 150 175 190 200 65800 "$((size - 1))"; do
		python3 -c 'import sys
b = bytearray(open("file", "rb").read()); b[int(sys.argv[1])] ^= 4; open("damaged", "wb").write(b)' "$at"
		! age -d -i k1 damaged >/dev/null 2>&1 || fail "age opened it, byte $at"
		expect 1 "$tool" decrypt k1 <damaged
		[ ! -s "$OUT" ] || fail "something was given, byte $at"
	done
	head -c 65900 file >short
	expect 1 "$tool" decrypt k1 <short
	expect_err INTEGRITY
}

test_opening_an_envelope_is_quick() {
	need_age
	make_keys
	head -c 32 /dev/urandom >value
	"$tool" encrypt -a "$(cat r1)" <value >file
	us=$("$tool" bench k1 1000 <file)
	echo "MEASURED age envelope, X25519, armored: $us us"
	# The target is 300; a loaded machine is given some room.
	[ "${us%.*}" -lt 1500 ] || fail "an envelope takes $us us"
}

run_tests
