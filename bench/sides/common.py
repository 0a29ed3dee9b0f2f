"""What several sides share: the clock, the callback that counts, the asynchronous driver."""

from __future__ import annotations

from itertools import repeat
from threading import Lock
from time import perf_counter as clock

IN_FLIGHT = 64


def countdown(count):
    """A callback that counts, and a function that waits for its last call and says when it was."""
    left = count
    ended = 0.0
    last = Lock()
    last.acquire()

    def heard(_):
        # Several pool threads may call this: CPython does not switch threads inside the line.
        nonlocal left, ended
        left -= 1
        if not left:
            ended = clock()
            last.release()

    def wait():
        last.acquire()
        return ended

    return heard, wait


def spin():
    """A piece of pure Python, somewhat less than a millisecond. It makes no objects: with a loop
    that adds up numbers two copies of one program differed by a fifth, with this one by a
    fiftieth."""
    flag = False
    for _ in repeat(None, 50_000):
        flag = not flag
    return flag


def spins(turns):
    began = clock()
    for _ in range(turns):
        spin()
    return clock() - began


def compute_beside(turns, begin, finished):
    """Computes a fixed amount; as much again beside something, and on until `finished()`; and once
    more alone. Returns how much longer it took beside it: so a process that happens to compute
    more slowly than another, by a tenth as often as not, is compared with itself."""
    before = spins(turns)
    begin()
    beside = spins(turns)
    while not finished():
        spin()
    return 2 * beside / (before + spins(turns))


async def consume(todo, operation, heard):
    for _ in todo:
        heard(await operation())


def on_asyncio(operation):
    """`run(count)` for a coroutine function: IN_FLIGHT tasks on a loop that stays."""
    import asyncio  # noqa: PLC0415 - only the processes that need it

    loop = asyncio.new_event_loop()

    async def everything(count):
        todo = repeat(None, count)
        heard, wait = countdown(count)
        began = clock()
        await asyncio.gather(*(consume(todo, operation, heard) for _ in range(IN_FLIGHT)))
        return wait() - began

    return lambda count: loop.run_until_complete(everything(count))
