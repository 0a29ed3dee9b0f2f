#!/bin/sh
# Builds the core and runs its plain-C tests: all test_*.c, or those named.
#   CC=clang-14 CFLAGS="-fsanitize=address,undefined" csrc/test/run.sh [test_fs ...]
# CFLAGS comes on top of the warnings. DEADLINE: seconds for each test. RUNNER: what runs them, if not
# this machine (qemu-aarch64-static). KEEP: where to build,
# and to leave the binaries (else in a temporary directory).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
core=$(dirname "$here")
: "${CC:=cc}" "${CFLAGS:=}" "${DEADLINE:=600}" "${RUNNER:=}"
flags="-std=c11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -Wconversion -Wshadow -Werror -pthread $CFLAGS"
out=${KEEP:-$(mktemp -d)}
mkdir -p "$out"
[ -n "${KEEP:-}" ] || trap 'rm -rf "$out"' EXIT

objects=
for source in "$core"/*.c; do
    name=$(basename "$source" .c)
    case $name in *_win | fs_win_* | *_macos) continue ;; esac
    # shellcheck disable=SC2086 # flags are words
    $CC $flags -c "$source" -o "$out/$name.o"
    objects="$objects $out/$name.o"
done

[ $# -gt 0 ] || set -- $(cd "$here" && ls test_*.c | grep -v _win_) # tools/wine.py runs those
failed=
for test in "$@"; do
    test=$(basename "$test" .c)
    # shellcheck disable=SC2086
    $CC $flags -I"$core" "$here/$test.c" $objects -o "$out/$test"
    # shellcheck disable=SC2086
    timeout "$DEADLINE" $RUNNER "$out/$test" || failed="$failed $test"
done
[ -z "$failed" ] || { echo "failed:$failed" >&2; exit 1; }
