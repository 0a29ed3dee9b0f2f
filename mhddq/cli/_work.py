"""copy, move and delete: plans, runs the plan, and reports; and what Ctrl-C does meanwhile."""

from __future__ import annotations

import os
import signal
import sys
import time

from mhddq.cli._bars import report_for
from mhddq.cli._lane import Lane, error_of, is_cancelled
from mhddq.cli._plan import Item, Plan, targets_of
from mhddq.cli._report import Report, State
from mhddq.cli._words import counted, shown, size_of, time_of

TYPE_CHECKING = False  # as typing has it, without importing typing
if TYPE_CHECKING:
    import argparse
    from types import FrameType
    from typing import Any

AHEAD = 256  # items in the queue: what comes next may be read ahead on a disk that rotates
TWICE = 0.1  # seconds between two signals that are two: timeout(1) sends each twice
NAMED = 10  # so many of those that were not done are named
DOING = {"copy": "copying", "move": "moving", "delete": "deleting"}
DONE = {"copy": "copied", "move": "moved", "delete": "deleted"}


class Command:
    """One run of a command. done, not_done: its items. failures, skips: how many."""

    def __init__(self, chosen: argparse.Namespace, lane: Lane, report: Report) -> None:
        self.chosen = chosen
        self.lane = lane
        self.report = report
        self.state = State(chosen.command)
        self.done: list[Item] = []
        self.not_done: list[Item] = []
        self.failures = self.skips = self.files = 0
        self.plan = Plan(
            lane,
            getattr(chosen, "existing", None) or "refuse",
            self.failed,
            self.skipped,
            self.found,
        )

    # -- what the plan calls --

    def failed(self, source: str, target: str | None, error: BaseException) -> None:
        self.failures += 1
        self.report.failed(self.state, source, target, error)

    def skipped(self, source: str, target: str) -> None:
        self.skips += 1
        self.report.skipped(self.state, source, target)

    def found(self, name: str, entries: int) -> None:
        self.state.name, self.state.entries = name, entries

    # -- the command --

    def run(self) -> None:
        self.lane.tick = self.tick
        self.state.doing = "measuring"
        self.make_plan()
        plan = self.plan
        self.report.event("planned", items=len(plan.items), bytes=plan.bytes, files=plan.files)
        if self.chosen.dry_run:
            for item in plan.items:
                self.report.would(self.state, item)
            return
        self.begin(DOING[self.chosen.command])
        for item, args in self.lane.run(
            ((item, item.steps) for item in plan.items), AHEAD, self.is_at
        ):
            self.ended(item, error_of(args))
        self.not_done += plan.items[len(self.done) + len(self.not_done) + self.broken :]

    broken = 0  # items that were run and failed

    def make_plan(self) -> None:
        chosen, plan = self.chosen, self.plan
        if chosen.command == "delete":
            for path in chosen.paths:
                self.state.name = path
                plan.add(plan.delete, path, None, chosen.recursive)
            return
        measure = self.report.shows_progress or chosen.dry_run
        targets = targets_of(self.lane, chosen.sources, chosen.destination)
        for source, target in zip(chosen.sources, targets, strict=True):
            self.state.name = source
            if chosen.command == "copy":
                plan.add(plan.copy, source, target, chosen.recursive, measure)
            else:
                plan.add(plan.move, source, target, measure)

    def begin(self, doing: str) -> None:
        self.lane.renew()
        state = self.state
        state.begin(doing)
        state.unit = "entries" if self.chosen.command == "delete" else "bytes"
        if state.unit == "bytes" and self.report.shows_progress:
            state.total, state.total_files = self.plan.bytes, self.plan.files

    def is_at(self, item: Item) -> None:
        self.state.name = item.source

    def tick(self) -> None:
        state = self.state
        if state.doing != "measuring":
            state.see(self.figure())
            state.files = self.lane.control.files
            state.entry = self.lane.control.entry
        state.stopping = self.lane.stopped
        self.report.progress(state)

    def figure(self) -> int:
        """Bytes; of deletes entries, of which a file counts as one."""
        return self.lane.control.done + (self.files if self.state.unit == "entries" else 0)

    def ended(self, item: Item, error: BaseException | None) -> None:
        if error is None:
            self.done.append(item)
            self.files += item.files
            self.report.done(self.state, item)
        elif is_cancelled(error):
            self.not_done.append(item)
        else:
            self.broken += 1
            self.failed(item.source, item.target, error)

    # -- its end --

    def status(self) -> int:
        return 1 if self.failures else 0

    def sum_up(self, stopped: int) -> int:
        """stopped: the signal that stopped it, or 0. Returns: the exit status."""
        status = 128 + stopped if stopped else self.status()
        self.report.clear()
        if stopped:
            self.report.interrupted(self.state, self.what_was_done())
        elif not self.chosen.dry_run:
            self.report.say(self.summary())
        self.report.event(
            "end",
            status=status,
            done=len(self.done),
            failed=self.failures,
            skipped=self.skips,
            not_done=[item.source for item in self.not_done],
            bytes=sum(item.bytes for item in self.done),
            files=self.files,
            seconds=self.state.seconds,
        )
        return status

    def summary(self) -> str:
        seconds, size = self.state.seconds, sum(item.bytes for item in self.done)
        what = self.files and counted(self.files, "file")
        parts = [what or counted(len(self.done), "item")]
        if size:
            parts.append(size_of(size))
        text = f"{DONE[self.chosen.command]} {', '.join(parts)} in {time_of(seconds)}"
        if self.skips:
            text += f"; {self.skips:,} skipped"
        return text + (f"; {self.failures:,} failed" if self.failures else "")

    def what_was_done(self) -> list[str]:
        """After an interruption."""
        done, past = self.done, DONE[self.chosen.command]
        if self.state.doing == "measuring":
            return [f"  nothing was {past}: it was still looking at what there is"]
        if self.state.doing == "verifying":
            return [f"  {past}: all; not all of it was compared"]
        lines = [f"  {past}: {len(done):,} of {len(self.plan.items):,}"]
        state = "stopped, and undone"
        if self.chosen.command == "delete":
            state = "stopped; what was deleted of it is gone"
        for item in self.not_done[:NAMED]:
            lines.append(f"  not {past}: {shown(item.source)} ({state})")
            state = "not begun"
        if len(self.not_done) > NAMED:
            lines.append(f"  not {past}: {len(self.not_done) - NAMED:,} more (not begun)")
        return lines


class Interrupts:
    """While it is entered, the first Ctrl-C (or SIGTERM) stops the lane, the second ends the
    process at once. stopped: the signal, or 0."""

    def __init__(self, lane: Lane, report: Report) -> None:
        self.lane = lane
        self.report = report
        self.stopped = 0
        self._since = 0.0
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Interrupts:
        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) != signal.SIG_IGN:  # as in a shell's background
                self._before[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self.stopped and time.monotonic() - self._since >= TWICE:
            leave_at_once(number)
        elif self.stopped:
            return
        self.stopped, self._since = number, time.monotonic()
        self.lane.stop()


def leave_at_once(number: int) -> None:
    """Nothing is waited for: the terminal gets its cursor back, and the process ends."""
    show_cursor = b"\x1b[?25h" if sys.stdout.isatty() and os.environ.get("TERM") != "dumb" else b""
    text = b"\nmhddq: ended at once; an unfinished copy may be beside its target\n"
    for descriptor, data in ((1, show_cursor), (2, text)):
        try:
            os.write(descriptor, data)
        except OSError:  # closed: there is no one to read it
            continue
    os._exit(128 + number)


def work(chosen: argparse.Namespace) -> int:
    """Runs the command. Returns: the exit status. Raises: Usage."""
    report = report_for(chosen.quiet, chosen.json)
    with Lane(chosen.background) as lane, Interrupts(lane, report) as interrupts:
        command = Command(chosen, lane, report)
        report.event("start", command=chosen.command)
        try:
            command.run()
            if command.done and getattr(chosen, "verify", False) and not interrupts.stopped:
                from mhddq.cli import _verify  # noqa: PLC0415 - only where it is wanted

                _verify.verify(command)
        except OSError as error:
            if not is_cancelled(error):
                raise
        finally:
            report.clear()
        return command.sum_up(interrupts.stopped)
