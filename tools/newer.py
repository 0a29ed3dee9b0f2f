"""Runs the suite on CPythons newer than the system's: python tools/newer.py FOLDER [ARGUMENT ...]

They come from Debian's unstable. FOLDER becomes a small unstable system, with those Pythons and a
compiler. What git tracks is copied into it, built and tested there, in a name space of its own, so
that no mount outlives the run. Needs root, debootstrap and unshare. The system in FOLDER is kept;
the next run uses it unchanged. Arguments go to pytest.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import debian

SUITE = "sid"
VERSIONS = ["3.14", "3.15"]
PACKAGES = ["cython>=3.1", "setuptools>=77", "pytest>=8", "pytest-timeout>=2.3"]
PACKAGES += ["hypothesis>=6.100"]

# A compiler, and the tools of the tests of file systems.
TOOLS = ["gcc", "libc6-dev", "e2fsprogs", "xfsprogs", "btrfs-progs"]

# Run by sh. Its first argument is the folder, its second the program to run inside.
INSIDE = """
mount -t proc proc "$1/proc"
mount --rbind /sys "$1/sys"
mount --rbind /dev "$1/dev"
cd /
exec chroot "$1" /usr/bin/env -i PATH=/usr/sbin:/usr/bin HOME=/root LANG=C.UTF-8 sh -ec "$2"
"""
# Without the network: everything was downloaded outside.
SUITE_INSIDE = """
python{version} -m venv --clear /python
install="/python/bin/pip install -q --no-index"
$install --find-links /wheels {packages}
$install --no-deps --no-build-isolation /mhddq
cd /mhddq
/python/bin/python -VV
/python/bin/pytest -p no:cacheprovider {arguments}
"""


def make_root(folder: Path) -> None:
    pythons = [f"python{v}{part}" for v in VERSIONS for part in ("", "-dev", "-venv")]
    packages = ",".join([*pythons, *TOOLS])
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    bootstrap = ["debootstrap", "--variant=minbase", f"--include={packages}"]
    subprocess.run([*bootstrap, SUITE, unfinished, debian.mirror()], check=True)
    unfinished.rename(folder)


def run_suite(folder: Path, version: str, arguments: list[str]) -> int:
    for old in ("mhddq", "wheels"):
        shutil.rmtree(folder / old, ignore_errors=True)
    checkout = ["git", "clone", "-q", "--no-hardlinks", Path(__file__).resolve().parent.parent]
    subprocess.run([*checkout, folder / "mhddq"], check=True)
    download = [sys.executable, "-m", "pip", "download", "-q", "--only-binary", ":all:"]
    download += ["--python-version", version, "-d", folder / "wheels", *PACKAGES]
    subprocess.run(download, check=True)
    program = SUITE_INSIDE.format(
        version=version, packages=shlex.join(PACKAGES), arguments=shlex.join(arguments)
    )
    inside = ["unshare", "--mount", "sh", "-ec", INSIDE, "sh", folder, program]
    return subprocess.run(inside, check=False).returncode


def main(folder: Path, arguments: list[str]) -> int:
    if not folder.exists():
        make_root(folder)
    return max(run_suite(folder, version, arguments) for version in VERSIONS)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve(), sys.argv[2:]))
