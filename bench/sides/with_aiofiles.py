"""aiofiles."""

from __future__ import annotations

from importlib.metadata import version

import aiofiles
import aiofiles.os
from sides.loops import driven, lines_of, lines_to, whole_of

VERSION = version("aiofiles")


def exists(options):
    return driven(options, lambda: aiofiles.os.path.exists(options.path))


def read(options):
    async def operation():
        async with aiofiles.open(options.path, "rb") as file:
            return await file.read()

    return driven(options, operation)


def write(options):
    data = bytes(options.size)

    async def operation():
        async with aiofiles.open(options.path, "wb") as file:
            await file.write(data)

    return driven(options, operation)


def open_read(options):
    return whole_of(options, aiofiles.open)


def lines(options):
    return lines_of(options, aiofiles.open)


def write_lines(options):
    return lines_to(options, aiofiles.open)
