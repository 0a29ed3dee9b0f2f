"""The installed mhddq's awaitables and files, on the loop that the options name."""

from __future__ import annotations

import gc
from functools import partial

from sides.common import clock
from sides.loops import driven, lines_of, lines_to, runner, whole_of

import mhddq
from mhddq import aio

VERSION = mhddq.__version__


def exists(options):
    return driven(options, partial(aio.file_exists, options.path))


def read(options):
    return driven(options, partial(aio.file_read, options.path, True))


def open_read(options):
    return whole_of(options, aio.open)


def lines(options):
    return lines_of(options, aio.open)


def write_lines(options):
    return lines_to(options, aio.open)


# ---- absolute figures ----


def gap(options):
    """The longest time between two turns of a task that does nothing but yield, in milliseconds,
    while `count` completions arrive."""
    import asyncio  # noqa: PLC0415

    call = runner(options)

    async def tick(gaps, finished):
        last = clock()
        while not finished.is_set():
            await asyncio.sleep(0)
            now = clock()
            gaps.append(now - last)
            last = now

    async def everything(count):
        # All wait before the first arrives, and the collector has seen them: what is measured is
        # neither how the tasks begin nor a collection.
        queue = mhddq.Queue("bench")
        queue.pause()
        waits = [asyncio.ensure_future(queue.aio.file_exists(options.path)) for _ in range(count)]
        await asyncio.sleep(0)
        gc.collect()
        gc.freeze()
        gaps, finished = [], asyncio.Event()
        ticking = asyncio.create_task(tick(gaps, finished))
        await asyncio.sleep(0)
        queue.resume()
        await queue.aio.flush()
        finished.set()
        await ticking
        if not all(wait.done() for wait in waits):
            raise RuntimeError("not every operation has arrived")
        return max(gaps)

    return lambda count: {"value": 1000 * call(everything, count)}
