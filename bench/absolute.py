"""The absolute figures: idle cost, memory, what an import costs, cancelling, gaps of a loop."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.files import write_file
from bench.harness import Absent, Figure, Measures, python_worker
from bench.row import GIB, MIB

RING = 1 << 20
BUDGET = 64 * MIB
RING_FOR_ALL = {"MHDDQ_RING_SIZE": str(1 << 17)}


@dataclass(frozen=True)
class Reading:
    title: str
    unit: str
    figure: Figure | None = None
    most: float | None = None
    missing: str = ""

    @property
    def verdict(self) -> str:
        if self.figure is None or self.most is None:
            return ""
        return "reached" if self.figure.median <= self.most else "missed"


def activity(pid: int) -> tuple[float, int]:
    """Of all threads of a process: CPU microseconds, and how often one was scheduled."""
    microseconds, times = 0.0, 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        ran, _, slices = (task / "schedstat").read_text(encoding="ascii").split()
        microseconds += int(ran) / 1000
        times += int(slices)
    return microseconds, times


def idle(
    module: str, scratch: Path, environment: dict[str, str], full: bool
) -> tuple[Figure, Figure]:
    """CPU microseconds and wake-ups per second of a process whose queue has nothing to do."""
    worker = python_worker(module, "idle", {"path": str(scratch / "missing")}, environment)
    worker.greet()
    worker.run(1)
    seconds = 1.0 if full else 0.2
    cpu, wakes = [], []
    time.sleep(0.2)
    for _ in range(5):
        before = activity(worker.process.pid)
        time.sleep(seconds)
        after = activity(worker.process.pid)
        cpu.append((after[0] - before[0]) / seconds)
        wakes.append((after[1] - before[1]) / seconds)
    worker.end()
    return Figure.of(cpu), Figure.of(wakes)


def once(module: str, work: str, count: int, path: Path, settings: dict[str, str]) -> Measures:
    """What a new process measures: memory that was used once is not new."""
    worker = python_worker(module, work, {"path": str(path)}, settings)
    worker.greet()
    measured = worker.run(count)
    worker.end()
    return measured


def repeated(work: str, count: int, path: Path, settings: dict[str, str], rounds: int) -> Figure:
    return Figure.of([once("ours", work, count, path, settings)["bytes"] for _ in range(rounds)])


def in_mebibytes(figure: Figure) -> Figure:
    return Figure(figure.median / MIB, figure.least / MIB, figure.greatest / MIB, figure.rounds)


def start(statement: str) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-I", "-c", statement], check=True)
    return 1000 * (time.perf_counter() - began)


def import_time(full: bool) -> Figure:
    """Milliseconds that the import adds to the start of an interpreter; starts interleaved."""
    start("import mhddq")
    return Figure.of([start("import mhddq") - start("pass") for _ in range(41 if full else 11)])


def after_import(expression: str) -> Figure:
    code = f"import mhddq, os, sys; print(int({expression}))"
    value = int(subprocess.check_output([sys.executable, "-I", "-c", code]))
    return Figure(value, value, value, 1)


def of_queues(memory: Path, full: bool) -> Iterator[Reading]:
    """Idle queues, cancelled copies, and how long a loop is held up."""
    missing = memory / "missing"
    each = [once("ours_queues", "idle_queues", 16, missing, {}) for _ in range(5 if full else 1)]
    held = Figure.of([measured["bytes"] / MIB for measured in each])
    yield Reading("an idle queue that was used once, resident", "MiB", held, 1)
    threads = Figure.of([measured["threads"] for measured in each])
    yield Reading("an idle queue that was used once, threads", "", threads, 2)

    inside = memory / "cancelled"
    inside.mkdir()
    write_file(inside / "large", (4 if full else 1) * GIB, 0)
    cancels = 100 if full else 20
    each = [once("ours_queues", "cancel_copy", cancels, inside / "large", {})]
    (inside / "large").unlink()
    title = f"cancel of a running copy of {4 if full else 1} GiB, p99 of {cancels}"
    yield Reading(title, "ms", Figure.of([measured["value"] for measured in each]), 100)

    completions = 100_000 if full else 20_000
    rounds = range(5)
    each = [once("ours_await", "gap", completions, missing, RING_FOR_ALL) for _ in rounds]
    gaps = Figure.of([measured["value"] for measured in each])
    yield Reading(f"longest gap of a task beside {completions:,} completions", "ms", gaps, 10)


def readings(memory: Path, environment: dict[str, str], full: bool) -> Iterator[Reading]:
    rounds = 5 if full else 1  # memory hardly varies
    for name, module, most in (
        ("mhddq", "ours", 0),
        ("a queue, a port, a control", "ours_queues", 0),
        ("mhddq 0.2.0", "ancestor", None),
    ):
        try:
            cpu, wakes = idle(module, memory, environment, full)
            yield Reading(f"{name}, idle: CPU time per second", "µs", cpu, most)
            yield Reading(f"{name}, idle: wake-ups per second", "", wakes, most)
        except Absent as reason:
            yield Reading(f"{name}, idle", "", missing=str(reason))
    held = repeated(
        "resident", RING - 2, memory / "missing", {"MHDDQ_RING_SIZE": str(RING)}, rounds
    )
    yield Reading("resident per queued operation, ring of 2^20", "bytes", held, 256)
    path = memory / "mebibyte"
    path.write_bytes(os.urandom(MIB))
    grown = repeated("growth", 400, path, {}, rounds)
    title = "growth under 400 reads of 1 MiB, slow callbacks"
    yield Reading(title, "MiB", in_mebibytes(grown), BUDGET / MIB + 32)
    rested = repeated("at_rest", 10_000, memory / "mixed", {}, 1)
    title = "growth after 10,000 reads of mixed sizes and 10 s of rest"
    yield Reading(title, "MiB", in_mebibytes(rested), 16)
    yield Reading("`import mhddq`, added to a bare start", "ms", import_time(full), 10)
    threads = after_import("len(os.listdir('/proc/self/task')) - 1")
    yield Reading("threads started by the import", "", threads, 0)
    loaded = after_import("'asyncio' in sys.modules or 'concurrent.futures' in sys.modules")
    yield Reading("asyncio or concurrent.futures imported with it", "", loaded, 0)
    yield from of_queues(memory, full)
