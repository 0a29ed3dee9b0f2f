"""What a command shows: nothing but failures, a line, bars, or an event a line.

Bars and lines are on stdout, and only where that is a terminal: nothing else is written there, and
failures are on stderr, so `2>errors` keeps the bar. What is read by a program gets no bars.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import deque

from mhddq.cli._words import clock_of, counted, reason_of, shortened, shown, size_of

TYPE_CHECKING = False  # as typing has it, without importing typing
if TYPE_CHECKING:
    from typing import Any

    from mhddq.cli._plan import Item

QUIET_FOR = 0.3  # seconds: what is done by then shows no bar
WINDOW = 5.0  # seconds over which the speed is taken
EVERY = 1.0  # seconds between two lines, and two events


class State:
    """How far the command is. doing: "copying", "measuring" and the like. unit: "bytes" or
    "entries". total, total_files: None while they are not known."""

    def __init__(self, command: str) -> None:
        self.command = command
        self.doing = ""
        self.stopping = False  # whatever it does: it is stopped, and what is incomplete is removed
        self.unit = "bytes"
        self.name = ""
        self.entry: str | None = None  # of the tree of that name
        self.done = 0
        self.total: int | None = None
        self.files = 0
        self.total_files: int | None = None
        self.entries = 0  # found by measuring
        self.began = time.monotonic()
        self._seen: deque[tuple[float, int]] = deque()

    def begin(self, doing: str) -> None:
        self.doing = doing
        self.done = self.files = 0
        self._seen.clear()

    def see(self, done: int) -> None:
        """It is so far now. A total that was too small grows."""
        now = time.monotonic()
        self.done = done
        if self.total is not None and done > self.total:
            self.total = done
        self._seen.append((now, done))
        while now - self._seen[0][0] > WINDOW and len(self._seen) > 2:
            self._seen.popleft()

    @property
    def place(self) -> str:
        """What is being dealt with, and where in it."""
        return f"{self.name}: {self.entry}" if self.entry else self.name

    @property
    def headline(self) -> str:
        return "stopping" if self.stopping else self.doing

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began

    @property
    def speed(self) -> float | None:
        """A second, over the last seconds. None: it is too early."""
        if not self._seen:
            return None
        (then, before), (now, done) = self._seen[0], self._seen[-1]
        return (done - before) / (now - then) if now - then >= 0.2 else None

    @property
    def seconds_left(self) -> float | None:
        speed = self.speed
        if self.total is None or not speed or self.stopping:
            return None
        return (self.total - self.done) / speed


def percent_of(state: State) -> str:
    """Rounded down: 100% is the end."""
    if state.doing == "measuring" or not state.total:
        return ""
    return f"{state.done * 100 // state.total}%"


def figures_of(state: State) -> list[str]:
    """How far it is, in words: what bars and lines show, what matters most first."""
    if state.doing == "measuring":
        return [f"{state.entries:,} found"] if state.entries else []
    if state.unit == "entries":
        parts = [counted(state.done, "entry", "entries")]
        if state.speed:
            parts.append(f"{state.speed:,.0f}/s")
        return parts
    of = f" of {size_of(state.total)}" if state.total else ""
    parts = [size_of(state.done) + of]
    if state.seconds_left is not None:
        parts.append(f"{clock_of(state.seconds_left)} left")
    if state.speed is not None:
        parts.append(f"{size_of(state.speed)}/s")
    if state.total_files is not None and state.total_files > 1:
        parts.append(f"{state.files:,} of {counted(state.total_files, 'file')}")
    return parts


def fitting(parts: list[str], width: int) -> str:
    """As many of them as fit."""
    text = ""
    for part in parts:
        longer = f"{text}  {part}" if text else part
        if len(longer) > width:
            break
        text = longer
    return text


class Report:
    """The base: failures, by name, on stderr; and nothing else. That is -q, and what is shown where
    stdout is no terminal."""

    shows_progress = False

    def progress(self, state: State) -> None:
        """How far it is; called ten times a second."""

    def clear(self) -> None:
        """The screen is free for other text."""

    def event(self, kind: str, **fields: Any) -> None:
        """For programs."""

    def failed(self, state: State, source: str, target: str | None, error: BaseException) -> None:
        self.warn(f"mhddq {state.command}: {shown(source)}: {reason_of(error, source)}")

    def done(self, state: State, item: Item) -> None:
        """One is done."""

    def would(self, state: State, item: Item) -> None:
        """It would be done, but for --dry-run."""
        to = "" if item.target is None else f" -> {shown(item.target)}"
        size = f" ({counted(item.files, 'file')}, {size_of(item.bytes)})" if item.bytes else ""
        print(f"would {state.command} {shown(item.source)}{to}{size}")

    def skipped(self, state: State, source: str, target: str) -> None:
        """Its target exists."""

    def say(self, text: str) -> None:
        """A line about the whole, for a person at a terminal."""

    def warn(self, text: str) -> None:
        self.clear()
        print(text, file=sys.stderr, flush=True)

    def interrupted(self, state: State, lines: list[str]) -> None:
        self.warn("\n".join([f"mhddq {state.command}: interrupted", *lines]))


class Lines(Report):
    """A terminal without rich: one line, written anew once a second."""

    shows_progress = True

    def __init__(self) -> None:
        self._shown = 0
        self._next = time.monotonic() + QUIET_FOR

    def progress(self, state: State) -> None:
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + EVERY
        width = columns() - 1
        doing = state.headline
        figures = fitting([percent_of(state), *figures_of(state)], width - len(doing) - 10)
        name = shortened(state.place, max(width - len(figures) - len(doing) - 4, 8))
        line = f"{doing} {name}  {figures}"[:width]
        if os.environ.get("TERM") == "dumb":
            print(line, flush=True)
            return
        print("\r" + line.ljust(self._shown), end="", flush=True)
        self._shown = len(line)

    def clear(self) -> None:
        if self._shown:
            print("\r" + " " * self._shown + "\r", end="", flush=True)
            self._shown = 0

    def say(self, text: str) -> None:
        self.clear()
        print(text, flush=True)


class Json(Report):
    """An event a line on stdout, as JSON in ASCII. A byte of a name that is no UTF-8 is a lone
    surrogate, as os.fsdecode has it."""

    shows_progress = True

    def __init__(self) -> None:
        self._next = time.monotonic() + QUIET_FOR

    def event(self, kind: str, **fields: Any) -> None:
        print(json.dumps({"event": kind, **fields}), flush=True)

    def progress(self, state: State) -> None:
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + EVERY
        if state.doing == "measuring":
            self.event("measuring", source=state.name, entries=state.entries)
            return
        self.event(
            "progress",
            doing=state.doing,
            source=state.name,
            entry=state.entry,
            unit=state.unit,
            done=state.done,
            total=state.total,
            files=state.files,
            total_files=state.total_files,
            per_second=state.speed,
            seconds_left=state.seconds_left,
        )

    def failed(self, state: State, source: str, target: str | None, error: BaseException) -> None:
        number = error.errno if isinstance(error, OSError) else None
        text = reason_of(error, source)
        self.event("failed", source=source, target=target, error=text, errno=number)

    def done(self, state: State, item: Item) -> None:
        self.event("done", **_of(item))

    def would(self, state: State, item: Item) -> None:
        self.event("would", **_of(item))

    def skipped(self, state: State, source: str, target: str) -> None:
        self.event("skipped", source=source, target=target)

    def interrupted(self, state: State, lines: list[str]) -> None:
        """The end event has it."""


def _of(item: Item) -> dict[str, Any]:
    return {
        "source": item.source,
        "target": item.target,
        "bytes": item.bytes,
        "files": item.files,
    }


def columns() -> int:
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or 80
    except (OSError, ValueError):
        return 80
