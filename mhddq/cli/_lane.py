"""The queue of a command: it asks, and runs many operations in order, until it is stopped.

Guarantees
  - Everything that touches the disk is an operation of the queue, and carries a control.
  - The thread that waits calls `tick` at least ten times a second, whatever the disk does.
  - After stop() every operation is cancelled, those to come included.
"""

from __future__ import annotations

import time
from collections import deque
from queue import Empty, SimpleQueue

import mhddq
from mhddq._settings import read_settings

TYPE_CHECKING = False  # as typing has it, without importing typing
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any, TypeVar

    Args = dict[str, Any]
    # The name of an operation, its arguments, its keywords.
    Step = tuple[str, tuple[Any, ...], dict[str, Any]]
    What = TypeVar("What")

TICK = 0.1  # seconds


def step(operation: str, *arguments: Any, **keywords: Any) -> Step:
    return operation, arguments, keywords


class Lane:
    """tick: called while the lane waits. stopped: whether stop() was called."""

    def __init__(self, background: bool = False) -> None:
        self.queue = mhddq.Queue("mhddq", background=background)
        self.control = mhddq.Control()
        self.stopped = False
        self.tick: Callable[[], object] = lambda: None
        self._ticked = 0.0

    def __enter__(self) -> Lane:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if kind is not None:
            self.stop()
        self.queue.close()

    def stop(self) -> None:
        """Cancels what is under way and what is to come. It may be called in a signal handler."""
        self.stopped = True
        self.control.cancel()

    def renew(self) -> None:
        """The figures of what comes now begin at 0."""
        self.control = mhddq.Control()
        if self.stopped:
            self.control.cancel()

    def ask(self, operation: str, *arguments: Any, **keywords: Any) -> dict[str, Any]:
        """Runs one operation to its end. Returns: its output. Raises: its error."""
        ended: SimpleQueue[Args] = SimpleQueue()
        self._start(ended, [step(operation, *arguments, **keywords)])
        args = self._next(ended)
        failure = error_of(args)
        if failure is not None:
            raise failure
        output: dict[str, Any] = args["output"]
        return output

    def walk(self, top: str, on_error: str) -> Iterator[dict[str, Any]]:
        """Everything below a directory, with `stat`."""
        resume = None
        while True:
            output = self.ask("directory_walk", top, stat=True, on_error=on_error, resume=resume)
            yield from output["entries"]
            resume = output["resume"]
            if resume is None:
                return

    def run(
        self, work: Iterable[tuple[What, list[Step]]], ahead: int, begun: Callable[[What], object]
    ) -> Iterator[tuple[What, Args]]:
        """Runs the steps of each; at most `ahead` of them are in the queue. begun: is called with
        the one whose turn it is. Once the lane is stopped nothing more is taken from `work`.

        Gives, in the order of the work, what was done and how it ended.
        """
        ended: SimpleQueue[Args] = SimpleQueue()
        under_way: deque[What] = deque()
        ahead = max(1, min(ahead, read_settings()["ring_size"] - 1))  # it never waits for room
        work = iter(work)
        more = True
        while more or under_way:
            while more and len(under_way) < ahead:
                following = None if self.stopped else next(work, None)
                if following is None:
                    more = False
                else:
                    under_way.append(following[0])
                    self._start(ended, following[1])
            if under_way:
                begun(under_way[0])
                args = self._next(ended)
                yield under_way.popleft(), args

    def _start(self, ended: SimpleQueue[Args], steps: list[Step]) -> None:
        if len(steps) == 1:
            operation, arguments, keywords = steps[0]
            getattr(self.queue, operation)(ended.put, *arguments, control=self.control, **keywords)
            return
        together = mhddq.Oplist(on_error="stop")
        for operation, arguments, keywords in steps:
            getattr(together, operation)(_nothing, *arguments, **keywords)
        self.queue.enqueue_oplist(together, callback=ended.put, control=self.control)

    def _next(self, ended: SimpleQueue[Args]) -> Args:
        while True:
            now = time.monotonic()
            if now - self._ticked >= TICK:
                self._ticked = now
                self.tick()
            try:
                return ended.get(timeout=TICK)
            except Empty:
                pass


def _nothing(args: Args) -> None:
    """The list's own end is reported."""


def error_of(args: Args) -> BaseException | None:
    if args["result"]:
        return None
    error: BaseException = args["output"]["exception"].error
    return error


def is_cancelled(error: BaseException | None) -> bool:
    return isinstance(error, mhddq.Cancelled)
