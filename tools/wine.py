"""Runs the suite on Windows' Python under wine: python tools/wine.py FOLDER [pytest's arguments]

FOLDER keeps what is fetched and made: the interpreter, see windows.py, the libraries that the
tests need, and wine's own prefix. Needs what windows.py needs, and wine. Wine shows that calls
return what they should and that nothing hangs, not how Windows behaves on a disk.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import windows

# wine 8 has no WMI, and ends a process that asks for it, as platform.uname() does.
CUSTOMIZE = 'import sys\nsys.modules["_wmi"] = None\n'
NEEDED = ("pytest>=8", "pytest-timeout>=2.3", "hypothesis>=6.100", "colorama")


def unpack(wheels: Path, site: Path) -> None:
    for wheel in sorted(wheels.glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(site)


def prepare(folder: Path) -> tuple[Path, Path]:
    """The interpreter, and the folder of packages for it, ours freshly built."""
    python = windows.fetch(folder)
    site, fetched, built = folder / "site", folder / "wheels", folder / "built"
    if not fetched.exists():
        pip = (sys.executable, "-m", "pip", "download", "--quiet", "--dest", fetched)
        target = ("--platform", "win_amd64", "--python-version", "3.13", "--only-binary", ":all:")
        windows.run(*pip, *target, *NEEDED)
    for stale in (site, built):
        shutil.rmtree(stale, ignore_errors=True)
    windows.build(python, built)
    unpack(fetched, site)
    unpack(built, site)
    (site / "sitecustomize.py").write_text(CUSTOMIZE)
    return python, site


def main(folder: Path, arguments: list[str]) -> int:
    python, site = prepare(folder)
    environment = {
        **os.environ,
        "WINEPREFIX": str(folder / "prefix"),
        "WINEDEBUG": "-all",
        "PYTHONPATH": f"Z:{site}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "MHDDQ_TEST_DISK": "Z:\\dev\\shm",
    }
    if not (folder / "prefix").exists():
        subprocess.run(["wine", "wineboot", "-i"], env=environment, check=True)
    # Through pipes: wine gives the interpreter no other standard streams that it takes. -P: the
    # checkout's own mhddq is not compiled.
    command = ["wine", str(python / "python.exe"), "-P", "-m", "pytest", "-p", "no:cacheprovider"]
    suite = subprocess.Popen(
        [*command, *arguments],
        cwd=windows.ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert suite.stdin is not None
    assert suite.stdout is not None
    suite.stdin.close()
    for line in suite.stdout:
        sys.stdout.buffer.write(line)
        sys.stdout.flush()
    status = suite.wait()
    subprocess.run(["wine", "wineboot", "-k"], env=environment, check=False)
    return status


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve(), sys.argv[2:] or ["-m", "not slow"]))
