"""Compares what cibuildwheel would build with what we want built: python tools/check_identifiers.py

One wheel for each CPython from 3.10 to 3.15, C library and processor. Those without the GIL count
once pyproject.toml does not skip them any more.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHONS = ["cp310", "cp311", "cp312", "cp313", "cp314", "cp315"]
SYSTEMS = {
    "linux": [f"{c}_{m}" for c in ("manylinux", "musllinux") for m in ("x86_64", "aarch64")],
    "macos": ["macosx_x86_64", "macosx_arm64"],
    "windows": ["win_amd64", "win_arm64"],
}
FREE_THREADED = re.compile(r"cp3\d\dt-")


def identifiers(platform: str) -> set[str]:
    command = [sys.executable, "-m", "cibuildwheel", "--print-build-identifiers"]
    command += ["--platform", platform, str(ROOT)]
    return set(subprocess.check_output(command, text=True).split())


def main() -> int:
    wrong = 0
    skipped = "cp3??t-*" in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for platform, systems in SYSTEMS.items():
        wanted = {f"{python}-{system}" for python in PYTHONS for system in systems}
        listed = identifiers(platform)
        free = {name for name in listed if FREE_THREADED.match(name)}
        for name in sorted(wanted - listed):
            print(f"{platform}: {name} would not be built")
        for name in sorted(listed - free - wanted):
            print(f"{platform}: {name} would be built and is not wanted")
        if bool(free) == skipped:
            print(f"{platform}: without the GIL: {sorted(free)}, skipped: {skipped}")
        wrong += listed - free != wanted or bool(free) == skipped
        print(f"{platform}: {len(listed)} wheels, {len(free)} of them without the GIL")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
