"""Builds the extension module; everything else is in pyproject.toml."""

import glob
import os
import sys
import sysconfig
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

# What is built for, which in a cross build is not what it is built on: linux, macosx, win.
TARGET = sysconfig.get_platform().partition("-")[0].removesuffix("32")
# The words in the names of C files that belong to a platform.
WORDS = {"linux": {"posix", "linux"}, "macosx": {"posix", "macos"}, "win": {"win"}}
if TARGET not in WORDS:
    sys.exit(f"mhddq does not build for {TARGET}: only for Linux, macOS and Windows")


def belongs(source):
    """Whether a C file is the target's: csrc/sys_posix.c, fs_win_copy.c and hint_linux.c say so in
    their names; fs_*.c that say nothing are POSIX's; all others are everybody's."""
    words = set(Path(source).stem.split("_"))
    told = words & {"posix", "linux", "macos", "win"}
    if not told and words > {"fs"}:
        told = {"posix"}
    return told <= WORDS[TARGET]


# Warnings are for the developers' build (csrc/test/run.sh); a user's build is never stopped by one.
# MHDDQ_CFLAGS adds flags, for sanitizers and the like.
threads = [] if TARGET == "win" else ["-pthread"]
if os.name == "nt":  # Microsoft's compiler, which calls C11's atomics an experiment
    flags = ["/std:c11", "/experimental:c11atomics"]
else:
    flags = ["-std=c11", "-D_GNU_SOURCE", "-O2", "-g0", "-fvisibility=hidden", *threads]
libraries = []
if TARGET == "win":  # to wait on an address; MinGW has that by the name of its contract
    libraries = ["ntdll", "synchronization" if os.name == "nt" else "api-ms-win-core-synch-l1-2-0"]
if os.environ.get("MHDDQ_CFLAGS"):
    flags += os.environ["MHDDQ_CFLAGS"].split()

core = Extension(
    "mhddq._core",
    ["mhddq/_core.pyx", *sorted(filter(belongs, glob.glob("csrc/*.c")))],
    include_dirs=["csrc"],
    depends=[*glob.glob("csrc/*.h"), *glob.glob("mhddq/*.pxd"), *glob.glob("mhddq/bridge/*.pxi")],
    libraries=libraries,
    extra_compile_args=flags,
    extra_link_args=threads,
)

setup(ext_modules=cythonize([core], build_dir="build/cython"))
