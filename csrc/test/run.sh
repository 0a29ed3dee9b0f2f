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
flags="-std=c11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -Wconversion -Wshadow -Werror -pthread -I$core $CFLAGS"
out=${KEEP:-$(mktemp -d)}
mkdir -p "$out"
[ -n "${KEEP:-}" ] || trap 'rm -rf "$out"' EXIT
platform=linux
[ "$(uname)" != Darwin ] || platform=macos

objects=
for source in $(python3 "$core/sources.py" "$platform" core); do
    object=$out/$(printf %s "${source%.c}" | tr / -).o
    # shellcheck disable=SC2086 # flags are words
    $CC $flags -c "$core/$source" -o "$object"
    objects="$objects $object"
done

# The path below csrc of the test that is named.
path_of() {
    python3 "$core/sources.py" "$platform" tests | grep "/$1\.c\$" || {
        echo "no such test for $platform: $1" >&2
        return 1
    }
}

[ $# -gt 0 ] || set -- $(python3 "$core/sources.py" "$platform" tests)
failed=
for test in "$@"; do
    test=$(basename "$test" .c)
    source=$(path_of "$test")
    # shellcheck disable=SC2086
    $CC $flags "$core/$source" $objects -o "$out/$test"
    # shellcheck disable=SC2086
    timeout "$DEADLINE" $RUNNER "$out/$test" || failed="$failed $test"
done
[ -z "$failed" ] || { echo "failed:$failed" >&2; exit 1; }
