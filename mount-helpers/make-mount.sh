#!/bin/sh
# make-mount.sh mount|unmount: what `make mount` and `make unmount` do once everything is built.
#
# BUILD: where that is. CALLER: the directory whose workspace is meant, which `make -C` hides from us.
set -eu

build=${BUILD:-build}
case $build in /*) ;; *) build=$PWD/$build ;; esac

# Where the user's own /dev/fuse is closed, nothing of ours can open it: say who can, and how.
check_device() {
	if [ ! -e /dev/fuse ]; then
		echo "/dev/fuse is missing: as root 'modprobe fuse'; a container is to be started with --device /dev/fuse" >&2
		exit 1
	fi
	if [ ! -r /dev/fuse ] || [ ! -w /dev/fuse ]; then
		echo "/dev/fuse is closed to you ($(stat -c '%A %U:%G' /dev/fuse)): 'sudo chmod 666 /dev/fuse' opens it," \
			"as udev does on an ordinary Debian" >&2
		exit 1
	fi
}

case ${1:-} in
mount)
	check_device
	cd "${CALLER:-$PWD}"
	"$build/bus-secrets" mount
	echo "try: echo -n hello >~/.bus-secrets/user/hello; cat ~/.bus-secrets/user/hello"
	;;
unmount)
	[ -x "$build/bus-secrets" ] || {
		echo "nothing is built here, so nothing of it is mounted"
		exit 0
	}
	# In use is a failure; not mounted is what was wanted.
	status=0
	said=$("$build/bus-secrets" umount 2>&1) || status=$?
	echo "$said"
	case $status:$said in
	0:* | *"is not mounted") ;;
	*) exit 1 ;;
	esac
	;;
*)
	echo "usage: make-mount.sh mount|unmount" >&2
	exit 2
	;;
esac
