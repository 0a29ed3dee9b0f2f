"""Compares what cibuildwheel would build with what is wanted: python tools/check_identifiers.py

One wheel for each CPython from 3.10 to 3.15, C library and processor, and one for each without the
GIL. 3.13t is not among them: it was experimental, and cibuildwheel has dropped it.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHONS = ["cp310", "cp311", "cp312", "cp313", "cp314", "cp314t", "cp315", "cp315t"]
SYSTEMS = {
    "linux": [f"{c}_{m}" for c in ("manylinux", "musllinux") for m in ("x86_64", "aarch64")],
    "macos": ["macosx_x86_64", "macosx_arm64"],
    "windows": ["win_amd64", "win_arm64"],
}


def identifiers(platform: str) -> set[str]:
    command = [sys.executable, "-m", "cibuildwheel", "--print-build-identifiers"]
    command += ["--platform", platform, str(ROOT)]
    return set(subprocess.check_output(command, text=True).split())


def main() -> int:
    wrong = 0
    for platform, systems in SYSTEMS.items():
        wanted = {f"{python}-{system}" for python in PYTHONS for system in systems}
        listed = identifiers(platform)
        for name in sorted(wanted - listed):
            print(f"{platform}: {name} would not be built")
        for name in sorted(listed - wanted):
            print(f"{platform}: {name} would be built and is not wanted")
        wrong += listed != wanted
        print(f"{platform}: {len(listed)} wheels")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
