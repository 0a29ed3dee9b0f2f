"""Builds the package for another interpreter, with other flags: for sanitizers and debug builds.

    python tools/build_package.py --python PYTHON --to FOLDER [--cc CC] [-- FLAG ...]

FOLDER then contains `mhddq`, for PYTHONPATH. Unlike pip this runs Cython in the present
interpreter, which is not slowed down by the options of the other one, and installs nothing.
"""

from __future__ import annotations

import argparse
import json
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CORE = ROOT / "csrc"
SOURCES = runpy.run_path(str(CORE / "sources.py"))
FLAGS = ["-std=c11", "-D_GNU_SOURCE", "-pthread", "-O1", "-g", "-fPIC", "-fno-omit-frame-pointer"]
QUERY = """
import json, sysconfig
print(json.dumps([sysconfig.get_path("include"), sysconfig.get_config_var("EXT_SUFFIX")]))
"""


def build(python: str, folder: Path, compiler: str, flags: list[str]) -> Path:
    """Builds the package and returns the path of its extension."""
    include, suffix = json.loads(subprocess.check_output([python, "-c", QUERY], text=True))
    package = folder / "mhddq"
    package.mkdir(parents=True, exist_ok=True)
    for pattern in ("**/*.py", "*.pyi", "py.typed"):
        for file in (ROOT / "mhddq").glob(pattern):
            target = folder / file.relative_to(ROOT)
            target.parent.mkdir(exist_ok=True)
            shutil.copy(file, target)
    bridge, extension = folder / "_core.c", package / f"_core{suffix}"
    subprocess.run(
        [sys.executable, "-m", "cython", "-3", "mhddq/_core.pyx", "-o", str(bridge)],
        check=True,
        cwd=ROOT,
    )
    headers = [f"-I{include}", f"-I{CORE}"]
    made_of = [str(bridge), *(str(CORE / path) for path in SOURCES["core"]("linux"))]
    command = [compiler, *FLAGS, *flags, "-shared", *headers, *made_of, "-o", str(extension)]
    subprocess.run(command, check=True)
    return extension


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--to", type=Path, required=True)
    parser.add_argument("--cc", default="cc")
    parser.add_argument("flags", nargs="*")
    options = parser.parse_args()
    print(build(options.python, options.to, options.cc, options.flags))


if __name__ == "__main__":
    main()
