"""The soak: random work for a long time, with everything that can go wrong going wrong at random.

    python tests/soak.py [--seconds 900] [--seed N] [--flat PERCENT]

Eight producers run random histories, each in a world of its own, in which the oracle (model.py and
oracle.py) does the same. Calls of libc fail at random in the I/O threads (soak_faults.c,
preloaded); callbacks are slow, enqueue in their turn, or raise; a timer's signals run a handler
that enqueues, and interrupt the main thread's calls; the garbage collector is kept busy; the ring
and the budget are small.

A failure that no injected fault explains is a divergence, and so is any other difference from the
oracle. After a fault the oracle cannot know how far the operation came: then what is promised of a
failed operation is checked, and the oracle's copy is made equal to what is there. Exit status 0: no
divergence, nothing lost or doubled, resident memory flat within PERCENT from the end of the warm-up
(a tenth of the time) to the end, as many descriptors as before.
"""

from __future__ import annotations

import argparse
import ctypes
import errno
import functools
import gc
import itertools
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aftermath import Aftermath, Tree
from helpers import Args, Outcome, settle, tree_of
from model import (
    DATA,
    LINKS,
    NAMES,
    ONE_PATH,
    TARGETS,
    TEXTS,
    TWO_PATHS,
    WALK,
    World,
)
from oracle import Expected, difference

import mhddq

PRODUCERS = 8
SETTINGS = {"MHDDQ_RING_SIZE": "64", "MHDDQ_BUFFER_BYTES": "262144"}
ENVIRONMENT = {
    # A machine that is busy elsewhere is no failure.
    "TEST_DEADLINE": "300",
    # Memory must not grow because the producers compare trees: with an arena for each thread, the
    # most that each of them ever needed would stay with it.
    "MALLOC_ARENA_MAX": "1",
}
MOST_SHOWN = 10  # divergences
WRITE = ["file_write", "file_append", "file_replace"]

# The errors that soak_faults.c makes up, and an operation may come to report.
INJECTED = ["EIO", "ENOSPC", "EDQUOT", "EMFILE", "ENFILE", "EROFS", "ENOMEM", "EXDEV"]
INJECTED_TEXT = re.compile("|".join(rf"\[Errno {getattr(errno, name)}\]" for name in INJECTED))
# What is reported of an operation without a callback that failed by a fault.
WITHOUT_CALLBACK = re.compile(
    rf"mhddq: file_exists\(filename='\.'\) failed: ({INJECTED_TEXT.pattern}).*\n"
)

DATA["<large>"] = b"large" * 60_000  # more than the budget


class Faults:
    """The preloaded library's switches."""

    def __init__(self) -> None:
        library = ctypes.CDLL(None)
        self._rate = ctypes.c_uint.in_dll(library, "faults_rate")
        self._hard = ctypes.c_uint64.in_dll(library, "faults_hard")
        self._soft = ctypes.c_uint64.in_dll(library, "faults_soft")

    def one_in(self, calls: int) -> None:
        """0: none."""
        self._rate.value = calls

    @property
    def made(self) -> tuple[int, int]:
        return self._hard.value, self._soft.value


class Stderr:
    """Stands for sys.stderr: counts what the library reports instead of showing it, and keeps the
    reports of leftover temporaries."""

    def __init__(self) -> None:
        self.exceptions = 0
        self.leftovers: list[str] = []
        self.unexpected: list[str] = []

    def write(self, text: str) -> None:
        if text.startswith("Exception in the mhddq callback"):
            self.exceptions += 1
        elif text.startswith("mhddq: a temporary could not be removed"):
            self.leftovers.append(text)
        elif text.strip() and not WITHOUT_CALLBACK.fullmatch(text):
            self.unexpected.append(text)

    def flush(self) -> None:
        pass


class Extras:
    """Operations beside the histories. Each is called back once; if its call was interrupted, once
    or not at all."""

    def __init__(self) -> None:
        self._numbers = itertools.count()
        self._pending: set[int] = set()
        self._doubtful: set[int] = set()
        self.wrong: list[str] = []
        self.interrupted = 0

    def enqueue(self) -> None:
        number = next(self._numbers)
        try:  # begins here: the handler may raise at any point of the block
            self._pending.add(number)
            if mhddq.file_exists(functools.partial(self._called_back, number), ".") is not True:
                self.wrong.append(f"extra {number} was refused")
        except Interrupted:
            self.interrupted += 1
            self._doubtful.add(number)

    def _called_back(self, number: int, args: Args) -> None:
        if number not in self._pending:
            self.wrong.append(f"extra {number} was called back twice")
        self._pending.discard(number)

    def check(self) -> None:
        """When the queue is at rest."""
        if self._pending - self._doubtful:
            self.wrong.append(f"extras not called back: {sorted(self._pending - self._doubtful)}")
        self._pending.clear()
        self._doubtful.clear()


class Interrupted(Exception):
    """Raised by the signal handler, as KeyboardInterrupt is."""


def random_operation(chance: random.Random) -> tuple[Any, ...]:
    name = chance.choice([*ONE_PATH, *TWO_PATHS, *TWO_PATHS, "file_read", *WRITE])
    path = chance.choice(NAMES)
    if name in ONE_PATH:
        return name, path
    if name in TWO_PATHS:
        return name, path, chance.choice(NAMES)
    binary = chance.random() < 0.5
    if name == "file_read":
        return name, path, binary
    return name, chance.choice(list(DATA) if binary else TEXTS), path, binary


def random_single(chance: random.Random) -> tuple[Any, ...]:
    """One that is no part of a list."""
    return (WALK, chance.choice(NAMES)) if chance.random() < 0.05 else random_operation(chance)


def random_entries(chance: random.Random, depth: int = 0) -> list[Any]:
    """The entries of a list; now and then another list is one of them."""
    entries: list[Any] = [random_operation(chance) for _ in range(chance.randrange(5))]
    if depth < 3 and chance.random() < 0.3:
        entries.insert(chance.randrange(len(entries) + 1), random_entries(chance, depth + 1))
    return entries


def story(done: list[tuple[Args, Expected]], stray: dict[str, tuple[Any, Any]]) -> str:
    lines = [
        f"{path} is {now!s:.60} and not {wanted!s:.60}" for path, (now, wanted) in stray.items()
    ]
    lines += [f"{args!s:.400}: {expected!s:.60}" for args, expected in done]
    return "\n  ".join(lines)


class Producer:
    """Random histories in one world."""

    def __init__(self, top: Path, seed: int, soak: Soak) -> None:
        self.chance = random.Random(seed)
        self.noise = random.Random(seed + 1)  # the callback thread's
        self.soak = soak
        self.faulted = 0
        self.world = World(top, self.callback, Outcome())

    def callback(self, args: Args) -> None:
        """Passes its args on, and then behaves badly at times."""
        self.world.outcome(args)
        luck = self.noise.random()
        if luck < 0.01:
            time.sleep(self.noise.uniform(0, 0.002))  # a slow callback
        elif luck < 0.03:
            self.soak.extras.enqueue()
        elif luck < 0.035:
            fileops = mhddq.create_empty_oplist()
            mhddq.oplist_file_exists(fileops, None, ".")
            mhddq.embed_oplist(mhddq.create_empty_oplist(), fileops)
            mhddq.enqueue_oplist(fileops)
            mhddq.stats()
        elif luck < 0.04:
            self.soak.raised += 1
            raise ValueError("a callback that raises")

    def round(self) -> None:
        cycle: list[Any] = []
        cycle.append([cycle] * 10)  # for the garbage collector
        if self.chance.random() < 0.3:
            self.repair()
        if self.chance.random() < 0.1:
            self.link()
        if self.chance.random() < 0.5:
            self.one()
        else:
            self.batch()

    def repair(self) -> None:
        """Makes directories and files anew. Without them histories would copy and move nothing."""
        for name in ("d", "e", "d/e"):
            self.world.enqueue(("directory_create", name))
        for name in ("d/a", "e/a", "d/e/b"):
            self.world.enqueue(("file_write", self.chance.choice(list(DATA)), name, True))

    def link(self) -> None:
        self.compare()
        self.world.link(self.chance.choice(LINKS), self.chance.choice(TARGETS))

    def one(self) -> None:
        """One operation by itself: if it fails by a fault, its aftermath is checked."""
        self.compare()
        operation = random_single(self.chance)
        aftermath = Aftermath(self.world, operation)
        self.world.enqueue(operation)
        self.compare(aftermath)

    def batch(self) -> None:
        for _ in range(self.chance.randrange(1, 20)):
            if self.chance.random() < 0.2:
                self.world.enqueue_list(random_entries(self.chance), self.chance.choice([1, 1, 2]))
            else:
                self.world.enqueue(random_single(self.chance))
        self.compare()

    def compare(self, aftermath: Aftermath | None = None) -> None:
        """Compares all that was done with the oracle, up to the first fault."""
        faulted = False
        done = self.world.called_back()
        for args, expected in done:
            wrong = difference(args, expected)
            if args["result"] is False and INJECTED_TEXT.match(args["output"]["exception"]):
                faulted = True
                self.faulted += 1
            elif wrong and not self.excused(args, expected, faulted):
                if self.unreported([""]):
                    self.soak.diverged(self, "\n  ".join([wrong, story(done, {})]))
                faulted = True
        after = self.without_temporaries(tree_of(self.world.real))
        wanted = tree_of(self.world.twin)
        if not faulted and after != wanted:
            faulted = True
            stray = [path for path in {*after, *wanted} if after.get(path) != wanted.get(path)]
            if self.unreported(stray) and not self.reported_by_name(stray):
                self.soak.diverged(
                    self, story(done, {p: (after.get(p), wanted.get(p)) for p in stray})
                )
        elif faulted and aftermath and (wrong := aftermath.wrong(after, self.unreported)):
            self.soak.diverged(self, f"{aftermath.name} failed, and {wrong}: {args}")
        if faulted:
            shutil.rmtree(self.world.twin)
            shutil.copytree(self.world.real, self.world.twin, symlinks=True)
        self.world.outcome = Outcome()
        self.world.expected.clear()
        self.world.compared = 0

    def excused(self, args: Args, expected: Expected, faulted: bool) -> bool:
        if faulted:
            return args["action"] == expected[0]
        name, result, output = expected
        if name == WALK and result and args["result"] and args["output"]["resume"] is not None:
            # A directory that could not be read ends the batch; its failure is the next one's.
            return all(entry in output["entries"] for entry in args["output"]["entries"])
        # The target of a link is examined for its type only: where that fails, it is no directory.
        contents = args["output"].get("contents")
        if name != "directory_contents" or not contents or not result:
            return False
        links = [{"name": e["name"], "type": "file"} for e in output["contents"]]
        return all(e in links or e in output["contents"] for e in contents) and len(
            contents
        ) == len(links)

    def unreported(self, paths: list[str]) -> list[str]:
        """Those of the paths that have not been reported on stderr as leftovers, nor have entries
        that were. Such a report comes after the operation's own callback, but before two more
        operations that are enqueued now have been called back."""
        if paths:
            settle()
            settle()
        reported = "\n".join(self.soak.stderr.leftovers)
        return [path for path in paths if f"'{self.world.real}/{path}" not in reported]

    def reported_by_name(self, paths: list[str]) -> bool:
        """A leftover may have been reported by a path through a link, or may since have been moved
        to another directory or copied: then all of these paths have the name that was reported."""
        reported = re.findall(
            rf"'{re.escape(str(self.world.real))}/(?:[^']*/)?([^'/]+)'",
            "\n".join(self.soak.stderr.leftovers),
        )
        return all(os.path.basename(path) in reported for path in paths)

    def without_temporaries(self, tree: Tree) -> Tree:
        """Removes temporaries from the tree. Each must have been reported on stderr, for it could
        not be removed: Soak.rest checks that."""
        pattern = re.compile(r"(.*/)?\.mhddq-[0-9a-f]{16}")
        for path in [path for path in tree if pattern.fullmatch(path)]:
            self.soak.temporaries.append(os.path.basename(path))
            temporary = self.world.real / path
            if not os.path.lexists(temporary):
                continue  # it was in another one, which has been removed
            if temporary.is_dir() and not temporary.is_symlink():
                shutil.rmtree(temporary)
            else:
                temporary.unlink()
        return {path: content for path, content in tree.items() if not pattern.match(path)}


class Soak:
    def __init__(self, top: Path, seed: int, stderr: Stderr) -> None:
        self.chance = random.Random(seed)
        self.seed, self.stderr = seed, stderr
        self.faults, self.extras = Faults(), Extras()
        self.divergences, self.raised = 0, 0
        self.temporaries: list[str] = []
        self.producers = [Producer(top / f"{n}", seed + 2 * n, self) for n in range(PRODUCERS)]
        self.halt, self.over = threading.Event(), threading.Event()
        self.meeting = threading.Barrier(PRODUCERS + 1)
        self.interruptible = self.inside = False

    def diverged(self, producer: Producer | None, text: str) -> None:
        self.divergences += 1
        if self.divergences <= MOST_SHOWN:
            number = self.producers.index(producer) if producer else "-"
            print(f"DIVERGENCE, producer {number}, seed {self.seed}: {text:.9000}", flush=True)

    def produce(self, producer: Producer) -> None:
        try:
            while not self.over.is_set():
                producer.round()
                if self.halt.is_set():
                    self.meeting.wait()
                    self.meeting.wait()
        except threading.BrokenBarrierError:
            return
        except BaseException as error:
            self.diverged(producer, f"{type(error).__name__}: {error}")
            self.meeting.abort()
            raise

    def alarm(self, number: int, frame: object) -> None:
        """Enqueues; and interrupts the main thread's call now and then."""
        if self.inside:  # the handler's own call still waits for a free slot of the ring
            return
        interrupt = self.interruptible and self.chance.random() < 0.1
        self.interruptible = False
        self.inside = True
        self.extras.enqueue()
        self.inside = False
        if interrupt:
            raise Interrupted

    def work(self, seconds: float) -> None:
        """The main thread's work, while the producers do theirs."""
        end = time.monotonic() + seconds
        signal.setitimer(signal.ITIMER_REAL, 0.003, 0.003)
        while time.monotonic() < end and not self.meeting.broken:
            self.faults.one_in(self.chance.choice([0, 20, 100, 500]))
            for _ in range(self.chance.randrange(100)):
                try:
                    self.interruptible = True
                    self.extras.enqueue()
                    self.interruptible = False
                    time.sleep(0.002)
                except Interrupted:
                    continue
            gc.collect()
        signal.setitimer(signal.ITIMER_REAL, 0)
        self.faults.one_in(0)

    def rest(self) -> None:
        """All producers stop, and what must hold at rest is checked."""
        self.halt.set()
        self.meeting.wait()
        settle()
        settle()
        self.extras.check()
        counted = mhddq.stats()
        if counted["accepted"] != counted["completed"] or counted["disk_overlaps"]:
            self.extras.wrong.append(f"counters: {counted}")
        if counted["callback_errors"] != self.raised or self.stderr.exceptions != self.raised:
            self.extras.wrong.append(f"{self.raised} callbacks raised: {counted}")
        unreported = [n for n in self.temporaries if not any(n in t for t in self.stderr.leftovers)]
        for text in [*self.extras.wrong, *self.stderr.unexpected, *unreported]:
            self.diverged(None, text)
        self.temporaries.clear()
        self.stderr.leftovers.clear()
        self.extras.wrong.clear()
        self.stderr.unexpected.clear()
        gc.collect()

    def go_on(self) -> None:
        self.halt.clear()
        self.meeting.wait()


def resident() -> int:
    if hasattr(ctypes.CDLL(None), "malloc_trim"):  # of glibc: free memory shall not count
        ctypes.CDLL(None).malloc_trim(0)
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def stretches(seconds: float) -> Iterator[float]:
    """The warm-up, then stretches of up to half a minute."""
    warm_up = seconds / 10
    yield warm_up
    left = seconds - warm_up
    while left > 0.5:
        yield min(30.0, left)
        left -= 30.0


def soaked(seconds: float, seed: int, flat: float, top: Path) -> bool:
    stderr = Stderr()
    sys.stderr = stderr  # type: ignore[assignment]
    soak = Soak(top, seed, stderr)
    signal.signal(signal.SIGALRM, soak.alarm)
    gc.set_threshold(200)
    settle()
    threads = [
        # They are daemons: if this thread fails, the process ends without them.
        threading.Thread(target=soak.produce, args=(p,), daemon=True)
        for p in soak.producers
    ]
    for thread in threads:
        thread.start()
    began, at_start = time.monotonic(), (0, 0)
    for stretch in stretches(seconds):
        soak.work(stretch)
        soak.rest()
        now = (resident(), descriptors())
        at_start = now if at_start == (0, 0) else at_start
        hard, soft = soak.faults.made
        print(
            f"{time.monotonic() - began:5.0f} s: {mhddq.stats()['completed']} operations, {hard} "
            f"hard and {soft} soft faults, {soak.divergences} divergences, "
            f"{now[0] / 2**20:.1f} MiB, {now[1]} descriptors",
            flush=True,
        )
        soak.go_on()
    soak.over.set()
    for thread in threads:
        thread.join()
    mhddq.shutdown()
    counted = mhddq.stats()
    growth = 100.0 * (now[0] / at_start[0] - 1)
    print(f"operations: {counted['completed']}, {counted['failed']} of them failed")
    print(f"faults: {hard} hard, {soft} soft; {sum(p.faulted for p in soak.producers)} reported")
    print(f"interrupted calls: {soak.extras.interrupted}; callbacks that raised: {soak.raised}")
    print(f"divergences: {soak.divergences}")
    print(f"resident: {at_start[0]} bytes after the warm-up, {now[0]} at the end: {growth:+.1f} %")
    print(f"descriptors: {at_start[1]}, {now[1]}")
    return soak.divergences == 0 and growth <= flat and at_start[1] == now[1]


def in_a_process_with_faults(arguments: list[str]) -> int:
    """This program again, with the library that makes faults preloaded."""
    with tempfile.TemporaryDirectory(prefix="mhddq-soak-") as directory:
        library = Path(directory, "faults.so")
        source = Path(__file__).with_name("soak_faults.c")
        compiler = os.environ.get("CC", "cc")
        flags = ["-std=gnu11", "-O1", "-fPIC", "-shared", "-pthread", "-D_GNU_SOURCE"]
        subprocess.run([compiler, *flags, "-o", library, source, "-ldl"], check=True)
        ran = subprocess.run(
            [sys.executable, __file__, *arguments, "--top", directory],
            env=SETTINGS | ENVIRONMENT | os.environ | {"LD_PRELOAD": str(library)},
            check=False,
        )
    return ran.returncode


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=900)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--flat", type=float, default=5, help="per cent that memory may grow by")
    parser.add_argument("--top", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.top is None:
        return in_a_process_with_faults([*sys.argv[1:], "--seed", str(given.seed)])
    print(f"seed {given.seed}, {given.seconds:g} s", flush=True)
    return 0 if soaked(given.seconds, given.seed, given.flat, given.top) else 1


if __name__ == "__main__":
    sys.exit(main())
