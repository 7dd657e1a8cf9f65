#!/bin/sh
# 10-age.sh: the age test vectors of C2SP/CCTV, one line each; those that want ML-KEM are skipped by name.
set -u

here=$(dirname "$0")
BUILD=${BUILD:-$here/../../build}
reason=$(mktemp)
trap 'rm -f "$reason"' EXIT

status=0
dir=$("$here/fetch-age-vectors.sh" 2>"$reason") || status=$?
case $status in
0) ;;
77)
	echo "SKIP 10-age.sh: all vectors: $(cat "$reason")"
	exit 77
	;;
*)
	echo "FAIL 10-age.sh: fetch-age-vectors.sh: $(cat "$reason")"
	exit 1
	;;
esac
out=$("$BUILD/tests/vectors/age_vectors" "$dir") || status=1
echo "$out" | sed 's/^\([A-Z]*\) /\1 age-vectors: /'
if [ "$(echo "$out" | grep -c '^SKIP')" -ne 19 ] || [ "$(echo "$out" | wc -l)" -ne 143 ]; then
	echo "FAIL age-vectors: not 143 files of which 19 are skipped"
	status=1
fi
exit $status
