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
# The core's own tests that are no POSIX programs, and what they are tests of.
CORE_TESTS = ("test_baton", "test_ring", "test_room")
CORE = ("baton", "ring", "sys_win", "calls_win")
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


def run(command: list[str], environment: dict[str, str]) -> int:
    """Through pipes: wine gives the interpreter no other standard streams that it takes."""
    program = subprocess.Popen(
        ["wine", *command],
        cwd=windows.ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert program.stdin is not None
    assert program.stdout is not None
    program.stdin.close()
    for line in program.stdout:
        sys.stdout.buffer.write(line)
        sys.stdout.flush()
    return program.wait()


def check_core(folder: Path, environment: dict[str, str]) -> int:
    """Compiles and runs the core's own tests; how many fail."""
    core = windows.ROOT / "csrc"
    compiler = [sys.executable, "-m", "ziglang", "cc", "-target", windows.TARGET, "-std=c11", "-O1"]
    libraries = ["-lntdll", "-lapi-ms-win-core-synch-l1-2-0", "-lpthread"]
    failed = 0
    for name in CORE_TESTS:
        program = folder / f"{name}.exe"
        sources = [core / "test" / f"{name}.c", *(core / f"{part}.c" for part in CORE)]
        windows.run(*compiler, "-D_GNU_SOURCE", f"-I{core}", *sources, *libraries, "-o", program)
        failed += run([str(program)], environment) != 0
    return failed


def main(folder: Path, arguments: list[str]) -> int:
    python, site = prepare(folder)
    environment = {
        **os.environ,
        "WINEPREFIX": str(folder / "prefix"),
        "WINEDEBUG": "-all",
        "PYTHONPATH": f"Z:{site}",
        "PYTHONPYCACHEPREFIX": f"Z:{folder / 'pycache'}",
        "MHDDQ_TEST_DISK": "Z:\\dev\\shm",
    }
    if not (folder / "prefix").exists():
        subprocess.run(["wine", "wineboot", "-i"], env=environment, check=True)
    failed = check_core(folder, environment)
    # -P: the checkout's own mhddq is not compiled.
    command = [str(python / "python.exe"), "-P", "-m", "pytest", "-p", "no:cacheprovider"]
    status = run([*command, *arguments], environment)
    subprocess.run(["wine", "wineboot", "-k"], env=environment, check=False)
    return status or failed


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve(), sys.argv[2:] or ["-m", "not slow"]))
