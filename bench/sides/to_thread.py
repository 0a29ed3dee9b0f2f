"""asyncio.to_thread."""

from __future__ import annotations

import os
import platform
from asyncio import to_thread

from sides.loops import driven
from sides.plain import read_file, write_file

VERSION = platform.python_version()


def exists(options):
    return driven(options, lambda: to_thread(os.path.exists, options.path))


def read(options):
    return driven(options, lambda: to_thread(read_file, options.path))


def write(options):
    data = bytes(options.size)
    return driven(options, lambda: to_thread(write_file, options.path, data))
