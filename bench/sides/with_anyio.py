"""anyio, on asyncio or uvloop."""

from __future__ import annotations

from importlib.metadata import version

import anyio
from sides.loops import driven, whole_of

VERSION = version("anyio")


def exists(options):
    return driven(options, anyio.Path(options.path).exists)


def read(options):
    return driven(options, anyio.Path(options.path).read_bytes)


def write(options):
    data = bytes(options.size)
    return driven(options, lambda: anyio.Path(options.path).write_bytes(data))


class opened:
    """What is awaited to be opened, for ``async with``."""

    def __init__(self, path):
        self.path = path

    async def __aenter__(self):
        self.file = await anyio.open_file(self.path)
        return self.file

    async def __aexit__(self, *_):
        await self.file.aclose()


def open_read(options):
    return whole_of(options, opened)
