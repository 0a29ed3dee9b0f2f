"""What an event loop does without any thread: its own least cost, and the plain call made on it."""

from __future__ import annotations

import platform
from asyncio import get_running_loop

from sides.loops import driven
from sides.plain import read_file

VERSION = platform.python_version()


def exists(options):
    def operation():
        loop = get_running_loop()
        future = loop.create_future()
        loop.call_soon(future.set_result, False)
        return future

    return driven(options, operation)


def read(options):
    async def operation():
        return read_file(options.path)

    return driven(options, operation)
