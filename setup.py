"""Builds the extension module; everything else is in pyproject.toml."""

import glob
import os
import runpy
import sys
import sysconfig

from Cython.Build import cythonize
from setuptools import Extension, setup

# What is built for, which in a cross build is not what it is built on.
TARGET = sysconfig.get_platform().partition("-")[0].removesuffix("32").replace("macosx", "macos")
SOURCES = runpy.run_path("csrc/sources.py")
if TARGET not in SOURCES["PLATFORMS"]:
    sys.exit(f"mhddq does not build for {TARGET}: only for Linux, macOS and Windows")

# Warnings are for the developers' build (csrc/test/run.sh); a user's build is never stopped by one.
# MHDDQ_CFLAGS adds flags, for sanitizers and the like.
threads = [] if TARGET == "win" else ["-pthread"]
if os.name == "nt":  # Microsoft's compiler, which calls C11's atomics an experiment
    flags = ["/std:c11", "/experimental:c11atomics"]
else:
    flags = ["-std=c11", "-D_GNU_SOURCE", "-O2", "-g0", "-fvisibility=hidden", *threads]
libraries = []
if TARGET == "win":  # to wait on an address; MinGW has that by the name of its contract
    libraries = [
        "advapi32",
        "ntdll",
        "ws2_32",
        "synchronization" if os.name == "nt" else "api-ms-win-core-synch-l1-2-0",
    ]
if os.environ.get("MHDDQ_CFLAGS"):
    flags += os.environ["MHDDQ_CFLAGS"].split()

headers = [p for p in glob.glob("csrc/**/*.h", recursive=True) if "/test/" not in p]
core = Extension(
    "mhddq._core",
    ["mhddq/_core.pyx", *(f"csrc/{p.as_posix()}" for p in SOURCES["core"](TARGET))],
    include_dirs=["csrc"],
    depends=[*headers, *glob.glob("mhddq/*.pxd"), *glob.glob("mhddq/bridge/*.pxi")],
    libraries=libraries,
    extra_compile_args=flags,
    extra_link_args=threads,
)

setup(ext_modules=cythonize([core], build_dir="build/cython"))
