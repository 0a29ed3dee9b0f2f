"""aiofiles."""

from __future__ import annotations

from importlib.metadata import version

import aiofiles
import aiofiles.os
from sides.common import on_asyncio

VERSION = version("aiofiles")


def exists(options):
    return on_asyncio(lambda: aiofiles.os.path.exists(options.path))


def read(options):
    async def operation():
        async with aiofiles.open(options.path, "rb") as file:
            return await file.read()

    return on_asyncio(operation)


def write(options):
    data = bytes(options.size)

    async def operation():
        async with aiofiles.open(options.path, "wb") as file:
            await file.write(data)

    return on_asyncio(operation)
