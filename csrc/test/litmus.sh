#!/bin/sh
# The litmus of test_baton at length: of ROUNDS (10^8) meetings of a sleeper and its waker, none is
# lost. Before that, whether this machine could show a loss: a million rounds with release and
# acquire in place of seq_cst must lose some.
#   csrc/test/litmus.sh [ROUNDS]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
rounds=${1:-100000000}
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

build() { # as what, with which flags; the short form of the test runs, too
    KEEP="$out/$1" CFLAGS="-O2 $2" "$here/run.sh" test_baton >"$out/$1.log" 2>&1
}

build true "" || { cat "$out/true.log"; exit 1; }
build weakened -DMHQ_WEAKEN_PARK || : # that it fails is looked at below, where the status is its own

echo "weakened to release and acquire, which must lose some:"
status=0
"$out/weakened/test_baton" 1000000 || status=$?
if [ "$status" != 1 ]; then # 0: nothing lost; others: it did not come so far
    echo "the weakened build was not caught (status $status): nothing is shown here" >&2
    exit 1
fi
echo "as it is:"
"$out/true/test_baton" "$rounds"
