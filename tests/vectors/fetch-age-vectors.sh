#!/bin/sh
# fetch-age-vectors.sh: gets the age test vectors of C2SP/CCTV, pinned, and prints the directory that holds them.
#
# They are a Go module. Where Go is, `go mod download` fetches it and checks the module sum against Go's checksum
# database; ours is compared on top. Where Go is not, curl gets the same archive from the module proxy and its SHA-256
# is compared. They are kept in ${BUS_SECRETS_INTEROP_CACHE:-$HOME/.cache/bus-secrets-interop}.
# Exit status 77, with a reason on standard error, if neither works.
set -eu

module='c2sp.org/CCTV/age'
escaped='c2sp.org/!c!c!t!v/age' # capitals, as module proxies write them
version='v0.0.0-20251208015420-e9274a7bdbfd'
go_sum='h1:ZLsPO6WdZ5zatV4UfVpr7oAwLGRZ+sebTUruuM4Ra3M='
zip_sha256='c6581aa36f3b0f02d03671ea5ab6531b2328adbabaf66d71035c69659daa300c'
files=143

cache=${BUS_SECRETS_INTEROP_CACHE:-$HOME/.cache/bus-secrets-interop}
target=$cache/age-vectors-$version

skip() {
	echo "fetch-age-vectors: $*" >&2
	exit 77
}

is_whole() {
	[ -d "$1" ] && [ "$(find "$1" -type f | wc -l)" -eq "$files" ]
}

# A JSON string of `go mod download -json`.
field() {
	sed -n 's/^[[:space:]]*"'"$1"'": "\(.*\)",\{0,1\}$/\1/p'
}

keep() {
	is_whole "$1" || skip "$1 does not hold $files vectors"
	mkdir "$work/testdata"
	cp "$1"/* "$work/testdata/"
	chmod 644 "$work/testdata"/*
	# Another run may have been faster; its result is as good.
	mv -T "$work/testdata" "$target" 2>/dev/null || is_whole "$target"
}

by_go() {
	command -v go >/dev/null || return 1
	# Outside of any module, so that nothing of the present directory has a say.
	json=$(cd "$work" && GOFLAGS=-mod=mod timeout 120 go mod download -json "$module@$version" 2>/dev/null) || return 1
	[ "$(echo "$json" | field Sum)" = "$go_sum" ] || skip "the module's sum is not the pinned one"
	keep "$(echo "$json" | field Dir)/testdata"
}

by_curl() {
	command -v curl >/dev/null && command -v python3 >/dev/null || return 1
	list=${GOPROXY:-https://proxy.golang.org}
	proxy=${list%%[,|]*}
	case $proxy in http*) ;; *) return 1 ;; esac
	curl -fsS --retry 2 --max-time 120 -o "$work/age.zip" "${proxy%/}/$escaped/@v/$version.zip" 2>/dev/null || return 1
	echo "$zip_sha256  $work/age.zip" | sha256sum -c --status || skip "the archive's SHA-256 is not the pinned one"
	(cd "$work" && python3 -m zipfile -e age.zip unpacked)
	keep "$work/unpacked/$module@$version/testdata"
}

if ! is_whole "$target"; then
	mkdir -p "$cache"
	work=$(mktemp -d "$cache/age-vectors.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	rm -rf "$target"
	by_go || by_curl || skip "no Go with a module proxy, and no proxy by curl and python3"
fi
echo "$target"
