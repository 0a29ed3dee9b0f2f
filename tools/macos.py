"""Compiles the core and the extension for macOS, without running them: python tools/macos.py

The core is compiled with every warning an error, then the extension is compiled and linked, for
x86_64 and arm64, by zig's compiler, which contains the headers of macOS. Python's headers are those
of this interpreter: all sizes on 64-bit Linux are the same as on macOS. Needs ziglang and cython.
"""

from __future__ import annotations

import runpy
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension

ROOT = Path(__file__).resolve().parent.parent
CORE = ROOT / "csrc"
SOURCES = runpy.run_path(str(CORE / "sources.py"))
OLDEST = "11.0"
# Target, and the processor's number in the head of the linked file.
TARGETS = {"x86_64": 0x01000007, "aarch64": 0x0100000C}
ZIG = [sys.executable, "-m", "ziglang", "cc"]
FLAGS = ["-std=c11", "-D_GNU_SOURCE", "-pthread", "-O2", "-g0", "-fvisibility=hidden"]
WARNINGS = ["-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror"]


def bridge(folder: Path) -> Path:
    """Translates the bridge to C."""
    core = Extension("mhddq._core", [str(ROOT / "mhddq" / "_core.pyx")])
    [made] = cythonize([core], build_dir=str(folder), include_path=[str(ROOT)], quiet=True)
    return Path(made.sources[0])


def headers(folder: Path) -> Path:
    """Python's. Debian's pyconfig.h includes another by the compiler's target, and none for macOS:
    the one that this interpreter was made with takes its place."""
    include, made = Path(sysconfig.get_paths()["include"]), folder / "include"
    shutil.copytree(include, made)
    multiarch = str(sysconfig.get_config_var("MULTIARCH"))
    own = include.parent / multiarch / include.name / "pyconfig.h"
    if own.exists():
        shutil.copyfile(own, made / "pyconfig.h")
    return made


def compile_for(processor: str, bridge_c: Path, python: Path, folder: Path) -> None:
    command = [*ZIG, "-target", f"{processor}-macos.{OLDEST}", *FLAGS, f"-I{CORE}"]
    objects = []
    for source in [*SOURCES["core"]("macos"), bridge_c]:
        ours = source is not bridge_c
        made = folder / ("-".join(source.with_suffix(".o").parts) if ours else "_core.o")
        extra = WARNINGS if ours else ["-w", f"-I{python}"]
        subprocess.run([*command, *extra, "-c", str(CORE / source), "-o", str(made)], check=True)
        objects.append(str(made))
    library = folder / "_core.so"
    link = ["-shared", "-Wl,-undefined,dynamic_lookup", "-o", str(library)]
    subprocess.run([*command, *objects, *link], check=True)
    head = library.read_bytes()[:8]
    if head != bytes.fromhex("cffaedfe") + TARGETS[processor].to_bytes(4, "little"):
        sys.exit(f"{library.name}: not a 64-bit Mach-O for {processor}: {head.hex()}")
    size = library.stat().st_size / 1024
    print(f"macOS {processor}: {len(objects)} files, no warning; linked: {size:.0f} KiB")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        bridge_c, python = bridge(Path(folder)), headers(Path(folder))
        for processor in TARGETS:
            place = Path(folder) / processor
            place.mkdir()
            compile_for(processor, bridge_c, python, place)


if __name__ == "__main__":
    main()
