"""What several sides share: the clock, the callback that counts, the asynchronous driver."""

from __future__ import annotations

from itertools import repeat
from threading import Lock
from time import perf_counter as clock

IN_FLIGHT = 64


def countdown(count):
    """A callback that counts, and a function that waits for its last call and returns its time."""
    left = count
    ended = 0.0
    last = Lock()
    last.acquire()

    def called(_):
        # Several pool threads may call this: CPython does not switch threads within this line.
        nonlocal left, ended
        left -= 1
        if not left:
            ended = clock()
            last.release()

    def wait():
        last.acquire()
        return ended

    return called, wait


def spin():
    """Pure Python that takes somewhat less than a millisecond. It makes no objects: with a loop
    that adds numbers two copies of one program differed by 20 %, with this one by 2 %."""
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
    """Computes a fixed amount alone, then beside other work until `finished()`, then alone again.
    Returns how much longer it took beside the other work. So each process is compared with itself:
    two processes often differ by a tenth in how fast they compute."""
    before = spins(turns)
    begin()
    beside = spins(turns)
    while not finished():
        spin()
    return 2 * beside / (before + spins(turns))


async def consume(todo, operation, called):
    for _ in todo:
        called(await operation())


def on_asyncio(operation):
    """`run(count)` for a coroutine function: IN_FLIGHT tasks on a loop that stays."""
    import asyncio  # noqa: PLC0415 - only the processes that need it

    loop = asyncio.new_event_loop()

    async def everything(count):
        todo = repeat(None, count)
        called, wait = countdown(count)
        began = clock()
        await asyncio.gather(*(consume(todo, operation, called) for _ in range(IN_FLIGHT)))
        return wait() - began

    return lambda count: loop.run_until_complete(everything(count))
