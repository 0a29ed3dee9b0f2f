"""The installed mhddq: queues, ports, controls, futures."""

from __future__ import annotations

import os
import random
import statistics
import time
from concurrent import futures
from functools import partial
from itertools import repeat

from sides.common import clock, countdown, in_flight
from sides.ours import memory

import mhddq

VERSION = mhddq.__version__
AT_ONCE = 1000  # operations of a port, which bounds itself


def port_exists(options):
    """One thread makes the calls and delivers."""
    port = mhddq.Queue("bench").port()

    def run(count):
        called, wait = countdown(count)
        exists, deliver = port.file_exists, port.deliver
        began = clock()
        for first in range(0, count, AT_ONCE):
            for _ in repeat(None, min(AT_ONCE, count - first)):
                exists(called, options.path)
            deliver()
        while port.pending:
            deliver(timeout=None)
        return wait() - began

    return run


def futures_exists(options):
    return in_flight(partial(mhddq.futures.file_exists, options.path))


def futures_read(options):
    return in_flight(partial(mhddq.futures.file_read, options.path, True))


def ignore(_done, _total):
    pass


CONTROLS = {
    "none": lambda: None,
    "silent": mhddq.Control,
    "progress": lambda: mhddq.Control(ignore, interval=0.1),
}


def copy_one(options):
    """Copies of one file, each removed untimed."""
    copy = f"{options.path}-{os.getpid()}"

    def run(count):
        took = 0.0
        for _ in repeat(None, count):
            control = CONTROLS[options.control]()
            began = clock()
            mhddq.futures.file_copy(options.path, copy, control=control).result()
            took += clock() - began
            os.unlink(copy)
        return took

    return run


def cancel_queued(options):
    """`count` reads, all of them queued when the clock starts; cancelled at once or not at all."""

    def run(count):
        with mhddq.Queue("bench", ring_size=1 << (count + 1).bit_length()) as queue:
            control = mhddq.Control()
            called, all_called = countdown(count)
            queue.pause()
            for _ in repeat(None, count):
                queue.file_read(called, options.path, True, control=control)
            began = clock()
            if options.cancel:
                control.cancel()
            queue.resume()
            return all_called() - began

    return run


# ---- absolute figures ----


def cancel_copy(options):
    """`count` copies cancelled at random moments: of the milliseconds from the call to the end of
    the copy the 99th of a hundred. None of them may leave anything."""
    copy = f"{options.path}-{os.getpid()}"
    moments = random.Random(1)
    beside = sorted(os.listdir(os.path.dirname(copy)))

    def run(count):
        times = []
        for _ in repeat(None, count):
            control = mhddq.Control()
            copied = mhddq.futures.file_copy(options.path, copy, control=control)
            while not control.done:
                time.sleep(0.0005)
            time.sleep(moments.random() * 0.1)
            began = clock()
            control.cancel()
            futures.wait([copied])
            times.append(clock() - began)
            if not copied.cancelled():
                raise RuntimeError("the copy ended before it was cancelled")
            if sorted(os.listdir(os.path.dirname(copy))) != beside:
                raise RuntimeError("something is left of a cancelled copy")
        return {"value": 1000 * statistics.quantiles(times, n=100)[98]}

    return run


def idle(options):
    """A queue, a port and a control that were used and have nothing to do."""
    port = mhddq.Queue("bench").port()
    control = mhddq.Control(ignore)
    port.fileno()

    def run(count):
        for _ in repeat(None, count):
            port.file_exists(None, options.path, control=control)
        while port.pending:
            port.deliver(timeout=None)
        kept.append((port, control))
        return {}

    kept = []
    return run


def threads():
    return len(os.listdir("/proc/self/task"))


def idle_queues(options):
    """What each of `count` queues that were used once keeps: resident bytes, threads."""
    kept = []

    def use():
        port = mhddq.Queue("bench").port()
        port.file_exists(None, options.path)
        while port.pending:
            port.deliver(timeout=None)
        kept.append(port)

    def run(count):
        use()
        before, others = memory("VmRSS"), threads()
        for _ in repeat(None, count):
            use()
        held, started = memory("VmRSS") - before, threads() - others
        return {"bytes": held / count, "threads": started / count}

    return run
