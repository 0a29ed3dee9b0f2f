"""Builds the extension module; everything else is in pyproject.toml."""

import glob
import os
import sys

from Cython.Build import cythonize
from setuptools import Extension, setup

# Warnings are for the developers' build (csrc/test/run.sh); a user's build is never stopped by one.
# MHDDQ_CFLAGS adds flags, for sanitizers and the like.
flags = ["-std=c11", "-D_GNU_SOURCE", "-pthread", "-O2", "-g0", "-fvisibility=hidden"]
if os.environ.get("MHDDQ_CFLAGS"):
    flags += os.environ["MHDDQ_CFLAGS"].split()

# A source that is one system's alone says so at the end of its name.
OTHERS = {"linux": "macos", "darwin": "linux"}
if sys.platform not in OTHERS:
    sys.exit("mhddq builds on Linux and macOS only so far")
sources = [s for s in sorted(glob.glob("csrc/*.c")) if not s.endswith(f"_{OTHERS[sys.platform]}.c")]

core = Extension(
    "mhddq._core",
    ["mhddq/_core.pyx", *sources],
    include_dirs=["csrc"],
    depends=[*glob.glob("csrc/*.h"), *glob.glob("mhddq/*.pxd")],
    extra_compile_args=flags,
    extra_link_args=["-pthread"],
)

setup(ext_modules=cythonize([core], build_dir="build/cython"))
