"""mhddq 0.2.0 from the package index, unpacked in a scratch folder that BENCH_ANCESTOR names.

Its modules import each other by bare names, so its own package folder must be on ``sys.path``.
"""

from __future__ import annotations

import os
import sys
from itertools import repeat
from pathlib import Path

from sides.common import clock, countdown

_folder = os.environ.get("BENCH_ANCESTOR", "")
if not _folder:
    raise ImportError("mhddq 0.2.0 is not available from the package index")
sys.path[:0] = [_folder, str(Path(_folder, "mhddq"))]

import mhddq  # noqa: E402 - the one of that folder

VERSION = "0.2.0"


def timed(function, **arguments):
    def run(count):
        called, wait = countdown(count)
        began = clock()
        for _ in repeat(None, count):
            function(callback=called, **arguments)
        return wait() - began

    return run


def exists(options):
    return timed(mhddq.file_exists, filename=options.path)


def read(options):
    return timed(mhddq.file_read, filename=options.path, binary=True)


def write(options):
    return timed(mhddq.file_write, data=bytes(options.size), filename=options.path, binary=True)


def idle(options):
    exists(options)(1)
    return lambda _: {}
