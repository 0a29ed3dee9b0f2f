"""Producers that run truly in parallel where the interpreter has no GIL: every kind of use at once.

    python tests/parallel.py [--producers N] [--operations N]

Ends with status 0 and a line of counts when nothing was lost, doubled or out of order. One process
has one queue, so each run tries the race for the first start and that for the end once. It does not
use pytest, so that the interpreter built with ThreadSanitizer can run it, too.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable

import mhddq

DEADLINE = 300.0


def at_once(*works: Callable[[], None]) -> None:
    """Runs each on a thread of its own, all from the same moment on."""
    barrier = threading.Barrier(len(works))
    failures: list[BaseException] = []

    def run(work: Callable[[], None]) -> None:
        barrier.wait(DEADLINE)
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised below, on the main thread
            failures.append(error)

    threads = [threading.Thread(target=run, args=(work,), daemon=True) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE)
    if failures:
        raise failures[0]
    if any(thread.is_alive() for thread in threads):
        raise AssertionError("a thread does not end")


def expect(condition: object, what: object) -> None:
    if not condition:
        raise AssertionError(what)


class Producer:
    """Enqueues operations of all kinds, each with an identity; is called back for them in order."""

    def __init__(self, name: int, operations: int) -> None:
        self.name, self.operations = name, operations
        self.accepted: list[tuple[int, int]] = []
        self.collected: list[tuple[int, int]] = []
        self.nested_accepted, self.nested_collected = 0, 0
        self.begun = threading.Event()

    def produce(self) -> None:
        path = f"{self.name}.bin"
        for at in range(self.operations):
            identity = (self.name, at)
            collect = self.collector(identity)
            kind = at % 4
            if kind == 0:
                accepted = mhddq.file_exists(collect, f"no such {at}")
            elif kind == 1:  # the queue holds a view of it until the callback has run
                accepted = mhddq.file_write(collect, bytearray(b"%d" % at * 9), path, True)
            elif kind == 2:
                accepted = mhddq.file_read(callback=collect, filename=path, binary=True)
            else:
                oplist = mhddq.create_empty_oplist()
                mhddq.oplist_file_write(oplist, None, bytearray(b"listed"), path, True)
                mhddq.oplist_file_exists(oplist, collect, path)
                accepted = mhddq.enqueue_oplist(oplist)
            if not accepted:
                return  # refused: the queue has been closed, as it is meant to be
            self.accepted.append(identity)
            if at == 0:
                self.begun.set()

    def collector(self, identity: tuple[int, int]) -> Callable[[dict[str, object]], None]:
        def collect(args: dict[str, object]) -> None:
            self.collected.append(identity)
            if identity[1] % 16 == 0:
                self.nested_accepted += mhddq.directory_exists(self.collect_nested, ".")

        return collect

    def collect_nested(self, args: dict[str, object]) -> None:
        self.nested_collected += 1


def race_for_lists(rounds: int) -> int:
    """Where two threads embed two lists in each other, directly or through a third, one is
    refused."""
    refused = 0
    for turn in range(rounds):
        first, middle, last = (mhddq.create_empty_oplist() for _ in range(3))
        mhddq.embed_oplist(first, middle)
        inner = middle if turn % 2 else first
        errors: list[str] = []

        def embed(
            outer: mhddq.Oplist, sub: mhddq.Oplist, errors: list[str] = errors
        ) -> Callable[[], None]:
            def run() -> None:
                try:
                    mhddq.embed_oplist(outer, sub)
                except ValueError as error:
                    errors.append(str(error))

            return run

        at_once(embed(last, first), embed(inner, last))
        expect(len(errors) == 1, f"{len(errors)} of two embeddings that close a cycle refused")
        refused += 1
    return refused


class SharedLists:
    """Two lists that several threads append to, while a third list that embeds both is enqueued.

    Each appender adds to `early` first, then to `late`; in the third list `late` comes first. So no
    run may have more of `late` than of `early`; else it was no snapshot of one moment.
    """

    def __init__(self, appends: int) -> None:
        self.appends = appends
        self.early, self.late = mhddq.create_empty_oplist(), mhddq.create_empty_oplist()
        self.outer = mhddq.create_empty_oplist()
        self.seen = Counter[str]()
        self.runs: list[tuple[int, int]] = []
        for oplist in (self.late, self.early):
            mhddq.embed_oplist(self.outer, oplist)
        mhddq.oplist_file_exists(self.outer, self.end_of_run, "end")

    def append(self) -> None:
        for at in range(self.appends):
            mhddq.oplist_file_exists(self.early, lambda _args: self.seen.update(["early"]), f"{at}")
            mhddq.oplist_file_exists(self.late, lambda _args: self.seen.update(["late"]), f"{at}")

    def end_of_run(self, args: dict[str, object]) -> None:
        self.runs.append((self.seen["early"], self.seen["late"]))
        self.seen.clear()

    def enqueue(self) -> None:
        for _ in range(12):
            expect(mhddq.enqueue_oplist(self.outer), "a list was refused")

    def read(self) -> None:
        """Calls that only read, and those that change a list of this thread's own."""
        scratch = mhddq.create_empty_oplist()
        for at in range(self.appends):
            mhddq.oplist_file_exists(scratch, None, "scratch")
            expect(len(list(self.early)) <= len(self.early), "a list shrank")
            expect(len(self.outer) == 3, "the outer list changed")
            mhddq.stats()
            expect(mhddq.is_shutdown() is False, "shut down too early")
            if at % 16 == 0:
                mhddq.clear_oplist(scratch)

    def check(self) -> None:
        expect(len(self.runs) == 24, f"{len(self.runs)} of 24 runs")
        for early, late in self.runs:
            expect(late <= early, f"a snapshot of two moments: {late} > {early}")
        last = mhddq.create_empty_oplist()
        mhddq.embed_oplist(last, self.early)
        expect(
            len(self.early) == len(self.late) == 2 * self.appends, "an appended entry is missing"
        )


def clear_and_append(rounds: int) -> None:
    """A list that is cleared while others append to it, enqueue it and iterate over it."""
    oplist = mhddq.create_empty_oplist()

    def append() -> None:
        for _ in range(rounds):
            mhddq.oplist_file_write(oplist, None, bytearray(b"x"), "cleared.bin", True)

    def use() -> None:
        for _ in range(rounds // 8):
            for entry in oplist:
                expect(entry["action"] == "file_write", entry)
            expect(mhddq.enqueue_oplist(oplist), "a list was refused")
            mhddq.clear_oplist(oplist)

    at_once(append, append, use, use)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--producers", type=int, default=8)
    parser.add_argument("--operations", type=int, default=2000)
    options = parser.parse_args()
    producers = [Producer(name, options.operations) for name in range(options.producers)]
    for producer in producers:
        with open(f"{producer.name}.bin", "wb"):
            pass
    at_once(*(producer.produce for producer in producers))  # they race for the first start

    lists = SharedLists(options.operations // 8)
    at_once(lists.append, lists.append, lists.enqueue, lists.enqueue, lists.read, lists.read)
    refused = race_for_lists(options.operations // 40)
    clear_and_append(options.operations // 8)

    # A race for the end: producers go on until they are refused.
    late = [Producer(100 + name, sys.maxsize) for name in range(options.producers)]
    for producer in late:
        with open(f"{producer.name}.bin", "wb"):
            pass

    def end() -> None:
        for producer in late:
            expect(producer.begun.wait(DEADLINE), "a producer does not begin")
        mhddq.shutdown()
        expect(mhddq.is_shutdown(), "shutdown returned too early")

    at_once(*(producer.produce for producer in late), end, end)
    lists.check()
    for producer in producers + late:
        expect(
            producer.collected == producer.accepted, f"producer {producer.name}: lost or reordered"
        )
        expect(
            producer.nested_collected == producer.nested_accepted,
            "an operation of a callback was lost",
        )
    operations = sum(len(producer.collected) for producer in producers + late)
    with_gil = getattr(sys, "_is_gil_enabled", lambda: True)()
    print(
        f"{operations} operations of {options.producers} producers, {len(lists.runs)} snapshots,"
        f" {refused} cycles refused, GIL {'on' if with_gil else 'off'}"
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="mhddq-parallel-") as directory:
        os.chdir(directory)
        main()
        os.chdir("/")
