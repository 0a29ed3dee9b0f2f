"""Compares an sdist with what git tracks: python tools/check_sdist.py dist/mhddq-VERSION.tar.gz"""

from __future__ import annotations

import subprocess
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Files that the build adds.
MADE = {"PKG-INFO", "setup.cfg"}


def main(sdist: str) -> int:
    with tarfile.open(sdist) as archive:
        held = {m.name.partition("/")[2] for m in archive.getmembers() if m.isfile()}
    held = {name for name in held if name not in MADE and ".egg-info/" not in name}
    listed = subprocess.check_output(["git", "ls-files"], cwd=ROOT, text=True)
    tracked = set(listed.splitlines())
    for name in sorted(tracked - held):
        print(f"missing in the sdist: {name}")
    for name in sorted(held - tracked):
        print(f"not tracked by git: {name}")
    return int(held != tracked)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
