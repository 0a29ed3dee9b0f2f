"""Compiles for macOS what cannot be run here: python tools/macos.py

The core with every warning an error, then the extension, linked, for x86_64 and arm64, by zig's
compiler, which brings macOS' headers. Python's headers are this interpreter's: 64-bit Linux agrees
with macOS on all sizes. Needs ziglang and cython.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension

ROOT = Path(__file__).resolve().parent.parent
OLDEST = "11.0"
# Target, and the processor's number in the head of what is linked.
TARGETS = {"x86_64": 0x01000007, "aarch64": 0x0100000C}
ZIG = [sys.executable, "-m", "ziglang", "cc"]
FLAGS = ["-std=c11", "-D_GNU_SOURCE", "-pthread", "-O2", "-g0", "-fvisibility=hidden"]
WARNINGS = ["-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror"]


def sources() -> list[Path]:
    others = ("_linux", "_win")
    found = sorted((ROOT / "csrc").glob("*.c"))
    return [p for p in found if not p.stem.endswith(others) and not p.stem.startswith("fs_win")]


def bridge(folder: Path) -> Path:
    """The bridge, in C."""
    core = Extension("mhddq._core", [str(ROOT / "mhddq" / "_core.pyx")])
    [made] = cythonize([core], build_dir=str(folder), include_path=[str(ROOT)], quiet=True)
    return Path(made.sources[0])


def compile_for(processor: str, bridge_c: Path, folder: Path) -> None:
    command = [*ZIG, "-target", f"{processor}-macos.{OLDEST}", *FLAGS, f"-I{ROOT / 'csrc'}"]
    objects = []
    for source in [*sources(), bridge_c]:
        made = folder / f"{source.stem}.o"
        ours = source is not bridge_c
        extra = WARNINGS if ours else ["-w", f"-I{sysconfig.get_paths()['include']}"]
        subprocess.run([*command, *extra, "-c", str(source), "-o", str(made)], check=True)
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
        bridge_c = bridge(Path(folder))
        for processor in TARGETS:
            place = Path(folder) / processor
            place.mkdir()
            compile_for(processor, bridge_c, place)


if __name__ == "__main__":
    main()
