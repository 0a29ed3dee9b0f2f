"""Runs the suite on Windows' Python under wine: python tools/wine.py FOLDER [pytest's arguments]

FOLDER keeps what is fetched and built: the interpreter (see windows.py), the libraries that the
tests need, and wine's own prefix. Needs what windows.py needs, and wine. Wine shows that calls
return what they should and that nothing hangs. It does not show how Windows behaves on a disk.
"""

from __future__ import annotations

import os
import runpy
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import windows

CORE = windows.ROOT / "csrc"
SOURCES = runpy.run_path(str(CORE / "sources.py"))
# wine 8 has no WMI and no CopyFile2, and ends a process that uses them, as platform.uname() and
# shutil do.
CUSTOMIZE = """
import sys
import _winapi

sys.modules["_wmi"] = None
del _winapi.CopyFile2
"""
# Those of the core's own tests that are not POSIX programs.
CORE_TESTS = ("test_baton", "test_ring", "test_capacity", "test_win_faults", "test_win_tree")
WARNINGS = ("-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror")
# A factor for the time limits of programs, which start slowly, and of tests: on Windows a test that
# exceeds its limit ends the session.
PATIENCE = 10
NEEDED = ("pytest>=8", "pytest-timeout>=2.3", "hypothesis>=6.100", "colorama")


def unpack(wheels: Path, site: Path) -> None:
    for wheel in sorted(wheels.glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(site)


def prepare(folder: Path) -> tuple[Path, Path]:
    """Returns the interpreter and the folder of its packages, with mhddq built anew."""
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


# Of a status of 32 bits wine passes on the lowest 8, which are 0 where a program was ended because
# wine lacks a function. So the status is looked at inside; with pipes there, too.
LOOK = """
import subprocess, sys
program = subprocess.Popen(sys.argv[1:], stdin=-1, stdout=-1, stderr=-2)
program.stdin.close()
for line in program.stdout:
    sys.stdout.buffer.write(line)
    sys.stdout.flush()
sys.exit(program.wait() != 0)
"""


def run(python: Path, command: list[str], environment: dict[str, str]) -> int:
    """Runs a command with pipes: wine offers no other standard streams that Python accepts.
    Returns: 0, or 1 if it failed."""
    program = subprocess.Popen(
        ["wine", str(python / "python.exe"), "-c", LOOK, *command],
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


def check_core(folder: Path, python: Path, environment: dict[str, str]) -> int:
    """Compiles the core and its tests, warnings as errors, and runs them. Returns the failures."""
    compiler = (sys.executable, "-m", "ziglang", "cc", "-target", windows.TARGET, "-std=c11", "-O1")
    compiler += (*WARNINGS, "-D_GNU_SOURCE", f"-I{CORE}")
    libraries = ("-ladvapi32", "-lntdll", "-lws2_32", "-lapi-ms-win-core-synch-l1-2-0", "-lpthread")
    objects = []
    for source in SOURCES["core"]("win"):
        objects.append(folder / "-".join(source.with_suffix(".o").parts))
        windows.run(*compiler, "-c", CORE / source, "-o", objects[-1])
    failed = 0
    for test in SOURCES["tests"]("win"):
        if test.stem not in CORE_TESTS:
            continue
        program = folder / f"{test.stem}.exe"
        windows.run(*compiler, CORE / test, *objects, *libraries, "-o", program)
        failed += run(python, [str(program)], environment)
    return failed


def main(folder: Path, arguments: list[str]) -> int:
    python, site = prepare(folder)
    environment = {
        **os.environ,
        "WINEPREFIX": str(folder / "prefix"),
        "WINEDEBUG": "-all",
        # A program that uses the window system, as tkinter does, would start a desktop, which keeps
        # the pipes that it inherits: a program that reads them to their end would wait for ever.
        "WINEDLLOVERRIDES": "explorer.exe=d",
        "PYTHONPATH": f"Z:{site}",
        "PYTHONPYCACHEPREFIX": f"Z:{folder / 'pycache'}",
        "MHDDQ_TEST_DISK": "Z:\\dev\\shm",
        "TEST_DEADLINE": str(30 * PATIENCE),
    }
    if not (folder / "prefix").exists():
        subprocess.run(["wine", "wineboot", "-i"], env=environment, check=True)
    try:
        failed = check_core(folder, python, environment)
        # -P: the checkout's own mhddq is not compiled.
        command = [str(python / "python.exe"), "-P", "-m", "pytest", "-p", "no:cacheprovider"]
        command.append(f"--timeout={120 * PATIENCE}")
        return run(python, [*command, *arguments], environment) or failed
    finally:
        subprocess.run(["wineserver", "-k"], env=environment, check=False)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve(), sys.argv[2:] or ["-m", "not slow"]))
