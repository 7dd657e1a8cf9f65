#!/bin/sh
# deps.sh run|test|check: installs the Debian packages that building and running need (run), testing as well (test),
# or also the other compiler and the analysers of `make fuzz`, `make valgrind` and `make analyze` (check).
#
# Says what it installs and asks nothing; does nothing at all when nothing is missing. Not root: by sudo.
set -eu

run="gcc libc6-dev make pkg-config libsodium-dev nettle-dev libyaml-dev libpcre2-dev libfuse3-dev fuse3"
test="libcriterion-dev zlib1g-dev age python3 nodejs git curl ca-certificates openssh-client procps passwd util-linux e2fsprogs
	attr acl strace vim-tiny dosfstools xz-utils locales shellcheck mandoc man-db"
check="clang libclang-rt-14-dev clang-tidy clang-format cppcheck valgrind"

case ${1:-} in
run) wanted=$run ;;
test) wanted="$run $test" ;;
check) wanted="$run $test $check" ;;
*)
	echo "usage: deps.sh run|test|check" >&2
	exit 2
	;;
esac

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
	echo "this is no Debian; what is needed must be there already: $(echo "$wanted" | tr -s '[:space:]' ' ')" >&2
	exit 0
fi

is_there() {
	case $(dpkg-query -W -f '${Status}' "$1" 2>/dev/null) in
	"install ok installed") return 0 ;;
	esac
	# What does the same work will do: a full vim for the small one, pkgconf for pkg-config.
	case $1 in
	vim-tiny) command -v vi >/dev/null || command -v vim >/dev/null ;;
	pkg-config) command -v pkg-config >/dev/null ;;
	*) return 1 ;;
	esac
}

missing=
for package in $wanted; do
	is_there "$package" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

sudo=
if [ "$(id -u)" != 0 ]; then
	# Without a terminal sudo's question for a password would wait for ever.
	sudo=sudo
	[ -t 0 ] || sudo="sudo -n"
	if ! command -v sudo >/dev/null || { [ ! -t 0 ] && ! sudo -n true 2>/dev/null; }; then
		echo "packages are missing; as root: apt-get install$missing" >&2
		exit 1
	fi
fi

install() {
	# shellcheck disable=SC2086
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
		-o DPkg::Lock::Timeout=120 -o Dpkg::Use-Pty=0 $missing
}

echo "installing${sudo:+ with sudo}:$missing"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# Package lists are fetched only when installing fails without.
if ! install >"$log" 2>&1 && ! { $sudo apt-get update -qq && install; } >"$log" 2>&1; then
	cat "$log" >&2
	exit 1
fi
