"""What several sides share: the clock, the callback that counts, the caller that computes."""

from __future__ import annotations

from collections import deque
from itertools import repeat
from threading import Lock
from time import perf_counter as clock


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


IN_FLIGHT = 64


def in_flight(submit):
    """`run(count)` for a function that returns a future: IN_FLIGHT of them, in order."""

    def run(count):
        first = min(count, IN_FLIGHT)
        began = clock()
        waiting = deque(submit() for _ in range(first))
        for _ in repeat(None, count - first):
            waiting.popleft().result()
            waiting.append(submit())
        for future in waiting:
            future.result()
        return clock() - began

    return run


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
