"""Builds a CPython that is in no package, from Debian's copy of its source, and prints its path.

    python tools/build_python.py freethreaded      no GIL
    python tools/build_python.py debug             with a GIL, Py_DEBUG's assertions on
    python tools/build_python.py tsan              no GIL, Py_DEBUG, under ThreadSanitizer (clang)
    python tools/build_python.py musl              with a GIL, with musl (tools/musl.py)

The result stays in a cache folder ($XDG_CACHE_HOME or ~/.cache, then mhddq), outside the
repository; a second call finds it there. A build takes two to three minutes on two cores.

The source is the original archive of Debian's package, not the patched tree: the patches are meant
for Debian's own layout. apt fetches and verifies it (tools/debian.py). On other systems,
MHDDQ_PYTHON_SOURCE names an archive of CPython's source, as its authors publish it.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import debian
import musl

PACKAGE, SUITE = "python3.13", "trixie"

# With the test modules: one of them makes allocations fail.
LEAN = ("--without-ensurepip",)

# Without this, ThreadSanitizer would stop the build at CPython's known races.
QUIET_TSAN = "report_bugs=0 detect_deadlocks=0"

VARIANTS: dict[str, dict[str, str]] = {
    "freethreaded": {"options": "--disable-gil CFLAGS='-O2 -g0'"},
    "debug": {"options": "--with-pydebug CFLAGS='-O1 -g1'"},
    "tsan": {
        "options": "--disable-gil --with-pydebug --with-thread-sanitizer CFLAGS='-O1 -g1'",
        "CC": "clang",
    },
    # Threads with stacks of a megabyte, as builds of CPython for musl usually have them. musl's
    # own 128 KiB are too small for recursion in C.
    "musl": {"options": "CFLAGS='-O2 -g0 -DTHREAD_STACK_SIZE=0x100000'"},
}


def cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "mhddq"


def clang() -> str:
    """The newest clang on this machine: older runtimes know less about newer interpreters."""
    for version in range(30, 13, -1):
        if shutil.which(f"clang-{version}"):
            return f"clang-{version}"
    return "clang"


def build(variant: str, target: Path) -> None:
    """Configures, builds and installs. `target` appears when it is complete."""
    recipe = VARIANTS[variant]
    cache().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="mhddq-python-") as scratch:
        folder = Path(scratch)
        wanted = musl.SOURCES if variant == "musl" else ()
        given = os.environ.get("MHDDQ_PYTHON_SOURCE")
        archives = debian.sources(folder, SUITE, [*wanted, *([] if given else [PACKAGE])])
        source = debian.unpacked(given or archives.pop(), folder / "source")
        environment = {**os.environ, "TSAN_OPTIONS": QUIET_TSAN}
        if recipe.get("CC"):
            environment["CC"] = clang()
        if variant == "musl":
            environment |= musl.libraries(archives, folder)
            (source / "Modules" / "Setup.local").write_text(musl.DISABLED)
        unfinished = target.with_name(f"{target.name}.{os.getpid()}")
        # The prefix is the final one: an installed Python finds its files relative to itself.
        steps = [
            ["./configure", "-q", f"--prefix={target}", *LEAN, *shlex.split(recipe["options"])],
            ["make", "-s", f"-j{os.cpu_count()}"],
            # Modules are compiled when they are imported. Under ThreadSanitizer, compiling all of
            # them at once would take longer than the build.
            ["make", "-s", "install", f"DESTDIR={unfinished}", "COMPILEALL_OPTS=-q -r0"],
        ]
        for step in steps:
            subprocess.run(step, check=True, cwd=source, env=environment, stdout=sys.stderr)
        # CPython's list of its own known races; nothing in it is about mhddq.
        known = source / "Tools" / "tsan" / "suppressions_free_threading.txt"
        shutil.copy(known, unfinished / target.relative_to("/"))
        (unfinished / target.relative_to("/")).rename(target)
        shutil.rmtree(unfinished)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("variant", choices=sorted(VARIANTS))
    variant: str = parser.parse_args().variant
    target = cache() / f"{PACKAGE}-{variant}"
    if not target.exists():
        build(variant, target)
    print(target / "bin" / "python3")


if __name__ == "__main__":
    main()
