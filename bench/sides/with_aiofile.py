"""aiofile over caio. It has no call for whether a file exists."""

from __future__ import annotations

from importlib.metadata import version

import aiofile
import caio  # noqa: F401 - aiofile runs on it; without it the side is missing
from sides.loops import driven

VERSION = f"{version('aiofile')}, caio {version('caio')}"


def read(options):
    async def operation():
        async with aiofile.async_open(options.path, "rb") as file:
            return await file.read()

    return driven(options, operation)


def write(options):
    data = bytes(options.size)

    async def operation():
        async with aiofile.async_open(options.path, "wb") as file:
            await file.write(data)

    return driven(options, operation)
