"""anyio, on asyncio."""

from __future__ import annotations

from importlib.metadata import version

import anyio
from sides.common import on_asyncio

VERSION = version("anyio")


def exists(options):
    return on_asyncio(anyio.Path(options.path).exists)


def read(options):
    return on_asyncio(anyio.Path(options.path).read_bytes)


def write(options):
    data = bytes(options.size)
    return on_asyncio(lambda: anyio.Path(options.path).write_bytes(data))
