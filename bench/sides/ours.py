"""The installed mhddq."""

from __future__ import annotations

import statistics
import time
from itertools import repeat
from threading import Barrier, Event, Lock, Thread

from sides.common import clock, compute_beside, countdown

import mhddq

VERSION = mhddq.__version__


def checked(function, *arguments):
    """Runs one operation and returns its output, before anything is timed, as a check."""
    outcome = []
    done = Lock()
    done.acquire()

    def called(args):
        outcome.append(args)
        done.release()

    function(called, *arguments)
    done.acquire()
    if not outcome[0]["result"]:
        raise RuntimeError(outcome[0]["output"]["exception"])
    return outcome[0]["output"]


def timed(function, *arguments):
    def run(count):
        failed = mhddq.stats()["failed"]
        called, wait = countdown(count)
        began = clock()
        for _ in repeat(None, count):
            function(called, *arguments)
        took = wait() - began
        if mhddq.stats()["failed"] != failed:
            raise RuntimeError("an operation failed")
        return took

    return run


def exists(options):
    if checked(mhddq.file_exists, options.path) != {"exists": False}:
        raise RuntimeError("the path should be missing")
    return timed(mhddq.file_exists, options.path)


def read(options):
    if len(checked(mhddq.file_read, options.path, True)["data"]) != options.size:
        raise RuntimeError("the file was not read completely")
    return timed(mhddq.file_read, options.path, True)


large = read


def large_kept(options):
    """Every other result is kept until the end of the round."""
    checked(mhddq.file_read, options.path, True)

    def run(count):
        kept = []
        called, wait = countdown(count)

        def keep(args, other=[False]):  # noqa: B006 - its own state
            other[0] = not other[0]
            if other[0]:
                kept.append(args)
            called(args)

        began = clock()
        for _ in repeat(None, count):
            mhddq.file_read(keep, options.path, True)
        return wait() - began

    return run


def write(options):
    return timed(mhddq.file_write, bytes(options.size), options.path, True)


def contents(options):
    checked(mhddq.directory_contents, options.path)
    return timed(mhddq.directory_contents, options.path)


def copy(options):
    return timed(mhddq.directory_copy, options.source, options.path)


def delete(options):
    return timed(mhddq.directory_delete, options.path)


def oplist(options):
    """An oplist of `count` operations, its building included."""
    checked(mhddq.file_exists, options.path)

    def run(count):
        called, wait = countdown(count)
        add = mhddq.oplist_file_exists
        began = clock()
        todo = mhddq.create_empty_oplist()
        for _ in repeat(None, count):
            add(todo, called, options.path)
        mhddq.enqueue_oplist(todo)
        return wait() - began

    return run


def median_of(options):
    """Many runs in a round, and their median: for few operations, where one wake-up shows."""
    run = exists(options)
    return lambda count: statistics.median(run(count) for _ in range(options.runs))


def producers(options):
    """`threads` producers, all held at a barrier until the clock runs."""

    def run(count):
        each = count // options.threads
        called, wait = countdown(each * options.threads)
        ready = Barrier(options.threads + 1)

        def produce():
            call = mhddq.file_exists
            ready.wait()
            for _ in repeat(None, each):
                call(called, options.path)

        threads = [Thread(target=produce) for _ in range(options.threads)]
        for thread in threads:
            thread.start()
        began = clock()
        ready.wait()
        took = wait() - began
        for thread in threads:
            thread.join()
        return took

    checked(mhddq.file_exists, options.path)
    return run


def busy(options):
    """Reads, while the caller computes."""
    checked(mhddq.file_read, options.path, True)

    def run(count):
        times = []
        left = count

        def called(_):
            nonlocal left
            left -= 1
            if not left:
                times.append(clock())

        def begin():
            times.append(clock())
            for _ in repeat(None, count):
                mhddq.file_read(called, options.path, True)

        loop = compute_beside(options.turns, begin, lambda: len(times) == 2)
        return {"cost": (times[1] - times[0]) / count, "loop": loop}

    return run


def latency(options):
    """The median from the call to the callback; all threads sleep before."""
    checked(mhddq.file_exists, options.path)

    def run(count):
        samples = []
        began = 0.0
        done = Lock()
        done.acquire()

        def called(_):
            samples.append(clock() - began)
            done.release()

        for _ in repeat(None, count):
            time.sleep(0.0002)
            began = clock()
            mhddq.file_exists(called, options.path)
            done.acquire()
        return {"cost": statistics.median(samples)}

    return run


# ---- absolute figures ----


def memory(field):
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith(field))


def idle(options):
    """The queue is started and has nothing to do. The parent reads the accounts of the threads."""
    checked(mhddq.file_exists, options.path)
    return lambda _: {"operations": mhddq.stats()["accepted"]}


def resident(options):
    """Resident bytes per operation that is accepted and not yet called back, the ring included."""

    def run(count):
        hold = Event()
        called, wait = countdown(count)
        before = memory("VmRSS")
        mhddq.file_exists(lambda _: hold.wait(), options.path)
        for _ in repeat(None, count):
            mhddq.file_exists(called, options.path)
        while mhddq.stats()["completed"] <= count:
            time.sleep(0.01)
        held = memory("VmRSS") - before
        hold.set()
        wait()
        return {"bytes": held / (count + 1)}

    return run


def at_rest(options):
    """How much more is resident after reads of mixed sizes and ten seconds without any."""
    sizes = [1 << power for power in range(10, 25)]
    for size in sizes:
        with open(f"{options.path}-{size}", "wb") as file:
            file.truncate(size)
    checked(mhddq.file_read, f"{options.path}-{sizes[0]}", True)

    def run(count):
        called, wait = countdown(count)
        before = memory("VmRSS")
        for number in range(1, count + 1):
            # Each size has half as many reads as the one before, about as many bytes.
            size = sizes[min((number & -number).bit_length(), len(sizes)) - 1]
            mhddq.file_read(called, f"{options.path}-{size}", True)
        wait()
        time.sleep(10)
        return {"bytes": memory("VmRSS") - before}

    return run


def growth(options):
    """How far the process grows under large reads when the callbacks are slow."""

    def run(count):
        called, wait = countdown(count)

        def slow(args):
            time.sleep(0.001)
            called(args)

        checked(mhddq.file_exists, options.path)
        with open("/proc/self/clear_refs", "w", encoding="ascii") as peak:
            peak.write("5")  # the peak counts from here
        before = memory("VmRSS")
        for _ in repeat(None, count):
            mhddq.file_read(slow, options.path, True)
        wait()
        return {"bytes": memory("VmHWM") - before}

    return run
