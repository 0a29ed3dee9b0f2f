"""What tools/build_python.py needs for a CPython with musl on a machine with glibc: a compiler, and
libffi and zlib (for the modules ctypes and zlib), which it builds from Debian's copies of their
sources. As a program it prints which of the commands that this needs are missing."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import debian

SOURCES = ("libffi", "zlib")
NEEDED = ("musl-gcc", "autoreconf", "libtoolize")  # the last two: libffi has no configure
# configure would find the libraries of these modules that the machine has for glibc.
DISABLED = """*disabled*
_bz2 _curses _curses_panel _dbm _gdbm _hashlib _lzma _sqlite3 _ssl _tkinter _uuid nis readline
"""


def missing() -> list[str]:
    return [command for command in NEEDED if not shutil.which(command)]


def compiler(folder: Path) -> Path:
    """musl-gcc with the kernel's headers, and with a platform name of its own."""
    headers = folder / "kernel"
    headers.mkdir()
    triplet = f"{platform.machine()}-linux"
    for name, place in (("linux", ""), ("asm-generic", ""), ("asm", f"{triplet}-gnu")):
        (headers / name).symlink_to(Path("/usr/include") / place / name)
    made = folder / "musl-cc"
    made.write_text(
        f'#!/bin/sh\n[ "$*" != --print-multiarch ] || exec echo {triplet}-musl\n'
        f'exec musl-gcc -idirafter {headers} "$@"\n'
    )
    made.chmod(0o755)
    return made


def libraries(archives: list[Path], folder: Path) -> dict[str, str]:
    """Builds the libraries, static, into `folder`. Returns the environment for configure."""
    if lacking := missing():
        sys.exit(f"missing: {', '.join(lacking)} (Debian: musl-tools, autoconf, automake, libtool)")
    cc = compiler(folder)
    env = {**os.environ, "CC": str(cc), "CFLAGS": "-O2 -fPIC"}
    out = folder / "libraries"
    steps = {
        "libffi": [
            ["autoreconf", "-fi"],
            ["./configure", "-q", "--disable-shared", "--disable-docs", "--with-pic"],
        ],
        "zlib": [["./configure", "--static"]],
    }
    for archive in archives:
        source = debian.unpacked(archive, folder / f"{archive.name}.unpacked")
        configure = steps[archive.name.split("_")[0]]
        configure[-1] += [f"--prefix={out}"]
        for step in (*configure, ["make", "-s"], ["make", "-s", "install"]):
            subprocess.run(step, check=True, cwd=source, env=env, stdout=sys.stderr)
    environment = {"CC": str(cc)}
    for name, library in (("LIBFFI", "ffi"), ("ZLIB", "z")):
        environment[f"{name}_CFLAGS"] = f"-I{out}/include"
        environment[f"{name}_LIBS"] = f"-L{out}/lib -l{library}"
    return environment


if __name__ == "__main__":
    print(*missing())
