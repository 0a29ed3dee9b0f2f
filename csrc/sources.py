"""Which C files are compiled for which platform: the one place that knows.

    python csrc/sources.py PLATFORM [core|tests]    prints their paths below csrc, a line each

The rule: a folder named for a platform, or a file whose name has a platform's name as a word, is
compiled on that platform only: csrc/fs/win/copy.c, csrc/sys/linux.c, csrc/sys/calls_macos.c.
posix stands for Linux and macOS. All other files are compiled everywhere. setup.py, the runner of
the C tests and every tool ask here.
"""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PLATFORMS = {"linux": {"posix", "linux"}, "macos": {"posix", "macos"}, "win": {"win"}}
WORDS = set().union(*PLATFORMS.values())


def belongs(path: Path, platform: str) -> bool:
    """Whether a file, by its path below csrc, is compiled for a platform."""
    words = {word for part in path.with_suffix("").parts for word in part.split("_")}
    return words & WORDS <= PLATFORMS[platform]


def core(platform: str) -> list[Path]:
    """The core's C files, below csrc."""
    found = (path.relative_to(HERE) for path in HERE.rglob("*.c"))
    return sorted(p for p in found if p.parts[0] != "test" and belongs(p, platform))


def tests(platform: str) -> list[Path]:
    """The C tests, below csrc: a program each."""
    found = (path.relative_to(HERE) for path in (HERE / "test").rglob("test_*.c"))
    return sorted(p for p in found if belongs(p, platform))


def main(platform: str, what: str = "core") -> None:
    for path in {"core": core, "tests": tests}[what](platform):
        print(path.as_posix())


if __name__ == "__main__":
    main(*sys.argv[1:])
