#!/bin/sh
# make-interop-tools.sh: builds sops 3.9.0 and 3.13.3 through the Go module proxy into a cache outside the tree (2 and
# 4.5 minutes on two processors). What is there stays. Status 77, with the reason: Go or the proxy is missing.
set -u

CACHE=${BUS_SECRETS_INTEROP_CACHE:-$HOME/.cache/bus-secrets-interop}
GOFLAGS=-buildvcs=false
export GOFLAGS

build() {
	[ ! -x "$CACHE/sops-$1/sops" ] || {
		echo "sops $1: $CACHE/sops-$1/sops"
		return 0
	}
	command -v go >/dev/null || {
		echo "sops $1: not built: there is no Go compiler (https://go.dev/dl/)" >&2
		exit 77
	}
	(cd / && go list -m "github.com/getsops/sops/v3@v$1" >/dev/null) || {
		echo "sops $1: not built: the Go module proxy ($(go env GOPROXY)) does not give it" >&2
		exit 77
	}
	echo "sops $1: building, this takes minutes"
	mkdir -p "$CACHE" && part=$(mktemp -d "$CACHE/part.XXXXXX") || exit 1
	trap 'rm -rf "$part"' EXIT
	(cd / && GOBIN=$part go install "github.com/getsops/sops/v3/cmd/sops@v$1") || exit 1
	mkdir -p "$CACHE/sops-$1" && mv -f "$part/sops" "$CACHE/sops-$1/sops" || exit 1
	rm -rf "$part"
	echo "sops $1: $CACHE/sops-$1/sops"
}

build 3.9.0
build 3.13.3
