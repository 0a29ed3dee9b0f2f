"""trio."""

from __future__ import annotations

from types import SimpleNamespace

import trio
from sides.loops import driven

VERSION = trio.__version__
ON_TRIO = SimpleNamespace(loop="trio")


def exists(options):
    return driven(ON_TRIO, trio.Path(options.path).exists)


def read(options):
    return driven(ON_TRIO, trio.Path(options.path).read_bytes)


def write(options):
    data = bytes(options.size)
    return driven(ON_TRIO, lambda: trio.Path(options.path).write_bytes(data))
