"""trio."""

from __future__ import annotations

from itertools import repeat

import trio
from sides.common import IN_FLIGHT, clock, consume, countdown

VERSION = trio.__version__


def timed(operation):
    async def everything(count):
        todo = repeat(None, count)
        called, wait = countdown(count)
        began = clock()
        async with trio.open_nursery() as nursery:
            for _ in range(IN_FLIGHT):
                nursery.start_soon(consume, todo, operation, called)
        return wait() - began

    return lambda count: trio.run(everything, count)


def exists(options):
    return timed(trio.Path(options.path).exists)


def read(options):
    return timed(trio.Path(options.path).read_bytes)


def write(options):
    data = bytes(options.size)
    return timed(lambda: trio.Path(options.path).write_bytes(data))
