"""Workers, rounds and statistics.

Every side of a row is a process of its own. All are started first; then they take turns, A B C,
A B C, one at a time, each started by a line on a pipe. The first turn warms up and is not counted.
A figure is the ratio of two sides' costs within a round; shown are its median, least and greatest.
"""

from __future__ import annotations

import json
import os
import select
import signal
import statistics
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PATIENCE = 120.0  # seconds for one answer
Measures = dict[str, Any]


@dataclass(frozen=True)
class Figure:
    median: float
    least: float
    greatest: float
    rounds: int

    @classmethod
    def of(cls, values: list[float]) -> Figure:
        return cls(statistics.median(values), min(values), max(values), len(values))


class Absent(Exception):
    """The side cannot take part; the text is the reason."""


class Worker:
    """The process of one side. `polls`: it is stopped while others have their turn."""

    def __init__(self, command: list[str], environment: dict[str, str], polls: bool = False):
        self.polls = polls
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **environment},
        )

    def receive(self) -> Measures:
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE)
        line = self.process.stdout.readline() if ready else b""
        if not line:
            self.end()
            raise Absent("it ended with an error" if ready else "no answer in time")
        return json.loads(line)

    def greet(self) -> str:
        """Waits until it is ready. Returns its version."""
        answer = self.receive()
        if "missing" in answer:
            self.end()
            raise Absent(answer["missing"])
        self.pause()
        return answer["ready"]

    def pause(self) -> None:
        if self.polls:
            os.kill(self.process.pid, signal.SIGSTOP)

    def run(self, count: int) -> Measures:
        assert self.process.stdin is not None
        if self.polls:
            os.kill(self.process.pid, signal.SIGCONT)
        with suppress(BrokenPipeError):  # then there is no answer either, which is reported
            self.process.stdin.write(b"%d\n" % count)
            self.process.stdin.flush()
        answer = self.receive()
        self.pause()
        return answer

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


def python_worker(
    module: str, work: str, options: Measures, environment: dict[str, str], polls: bool = False
) -> Worker:
    command = [sys.executable, str(HERE / "worker.py"), module, work, json.dumps(options)]
    return Worker(command, environment, polls)


def compile_floor(scratch: Path) -> Path:
    binary = scratch / "floor"
    source = str(HERE / "floor.c")
    subprocess.run(["cc", "-O2", "-pthread", "-o", str(binary), source], check=True)
    return binary


def fetch_ancestor(scratch: Path) -> Path | None:
    """mhddq 0.2.0, unpacked into the scratch folder; None: it is not available."""
    folder = scratch / "ancestor"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target"]
    done = subprocess.run(
        [*command, str(folder), "mhddq==0.2.0"], capture_output=True, check=False, cwd=scratch
    )
    return folder if done.returncode == 0 else None


def take_turns(
    workers: dict[str, Worker],
    counts: dict[str, int],
    rounds: int,
    before: Callable[[], None],
) -> dict[str, list[Measures]]:
    """Each side's measures, an entry for each round. `before` is called before each turn."""
    measured: dict[str, list[Measures]] = {name: [] for name in workers}
    for number in range(rounds + 1):
        for name, worker in list(workers.items()):
            warm_up = number == 0
            before()
            try:
                measures = worker.run(max(counts[name] // 10, 1) if warm_up else counts[name])
            except Absent as reason:
                del workers[name]
                measured[name] = [{"missing": str(reason)}]
                continue
            if not warm_up:
                measured[name].append(measures)
    return measured
