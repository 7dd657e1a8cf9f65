#!/bin/sh
# What `make install` puts where, that it works from there, and that `make uninstall` leaves nothing.
. "$(dirname "$0")/lib.sh"

install_into() { # DESTDIR PREFIX
	# make would be asked to finish a build whose flags it does not know.
	case $BUILD in *-asan) skip "what is installed is the ordinary build" ;; esac
	make -s -C "$TOP" BUILD="$BUILD" DESTDIR="$1" PREFIX="$2" install >/dev/null
}

test_destdir_and_prefix_are_honoured() {
	install_into "$PWD/root" /opt/bs
	for f in bin/bus-secrets libexec/bus-secrets/bus-secretsd lib/libbus-secrets.a lib/libbus-secrets.so.0 \
		lib/pkgconfig/bus-secrets.pc include/bus-secrets/store.h include/bus-secrets/error.def \
		share/man/man1/bus-secrets.1 share/man/man5/bus-secrets.5 share/man/man8/bus-secretsd.8 \
		share/bash-completion/completions/bus-secrets; do
		[ -s "root/opt/bs/$f" ] || fail "$f was not installed"
	done
	[ -L root/opt/bs/lib/libbus-secrets.so ]
	grep -q '^prefix=/opt/bs$' root/opt/bs/lib/pkgconfig/bus-secrets.pc
	[ -z "$(find root -path root/opt -prune -o -type f -print)" ]
	# bus-secretsd would become a command of the dispatcher if it stood in a directory of PATH.
	[ ! -e root/opt/bs/bin/bus-secretsd ]
	expect 0 make -s -C "$TOP" BUILD="$BUILD" DESTDIR="$PWD/root" PREFIX=/opt/bs uninstall
	[ -z "$(find root -type f -o -type l)" ] || fail "left behind: $(find root -type f -o -type l)"
}

test_installed_programs_work() {
	install_into "" "$PWD/prefix"
	make_identity >/dev/null
	printf v | prefix/bin/bus-secrets set x -
	expect 0 prefix/bin/bus-secrets get x
	expect_out v
	prefix/libexec/bus-secrets/bus-secretsd --version
}

build_and_run() { # extra flags...
	cat >use.c <<'C'
#include <bus-secrets/store.h>
#include <bus-secrets/version.h>
#include <stdio.h>

int main(void)
{
	struct bs_error err;

	if (bs_store_self_test(&err) != BS_OK) {
		fprintf(stderr, "%s\n", err.msg);
		return 1;
	}
	puts(BS_VERSION);
	return 0;
}
C
	export PKG_CONFIG_PATH="$PWD/prefix/lib/pkgconfig"
	# shellcheck disable=SC2046
	cc -o use use.c "$@" $(pkg-config --cflags bus-secrets)
}

test_a_program_builds_against_the_shared_library() {
	install_into "" "$PWD/prefix"
	export PKG_CONFIG_PATH="$PWD/prefix/lib/pkgconfig"
	# shellcheck disable=SC2046
	build_and_run $(pkg-config --libs bus-secrets) -Wl,-rpath,"$PWD/prefix/lib"
	expect 0 ./use
	expect_out "$(sed -n 's/.*BS_VERSION "\(.*\)"/\1/p' "$TOP/include/bus-secrets/version.h")"
}

test_a_program_builds_against_the_static_library() {
	install_into "" "$PWD/prefix"
	export PKG_CONFIG_PATH="$PWD/prefix/lib/pkgconfig"
	rm prefix/lib/libbus-secrets.so*
	# shellcheck disable=SC2046
	build_and_run $(pkg-config --libs --static bus-secrets)
	expect 0 ./use
}

run_tests
