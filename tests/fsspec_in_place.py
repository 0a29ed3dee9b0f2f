"""A plugin for fsspec's own tests of its local file system: theirs is MhddqFileSystem."""

from __future__ import annotations

import sys
from types import ModuleType

import fsspec
from fsspec.implementations import local

from mhddq.fsspec import MhddqFileSystem


class LocalFileSystem(MhddqFileSystem):
    protocol = ("file", "local")


local.LocalFileSystem = LocalFileSystem
for name in LocalFileSystem.protocol:
    fsspec.register_implementation(name, LocalFileSystem, clobber=True)

# One of its tests' own modules, which does not come with it.
utils = ModuleType("fsspec.tests.test_utils")
utils.WIN = sys.platform == "win32"
sys.modules.setdefault(utils.__name__, utils)
