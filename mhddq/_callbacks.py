"""The callback thread, and what is said on stderr when nobody else would hear of it.

Guarantees
  - The thread is a daemon ``threading.Thread``; whatever a callback raises, SystemExit and
    KeyboardInterrupt too, is printed and the thread goes on.
  - Printing never raises, whatever ``sys.stderr`` is.
"""

from __future__ import annotations

import contextlib
import os
import reprlib
import sys
import threading
import traceback
from typing import TYPE_CHECKING, Any

from mhddq import _settings

if TYPE_CHECKING:
    from mhddq._core import Queue

_short = reprlib.Repr()
_short.maxstring = _short.maxother = 200


def say(text: str) -> None:
    """Prints a line on stderr: the program's own, or the process's where that one raises."""
    line = text.rstrip("\n") + "\n"
    stream = getattr(sys, "stderr", None)  # a program may have deleted it
    if stream is None:
        return
    try:
        stream.write(line)
        stream.flush()
    except BaseException:  # noqa: BLE001 - a broken stderr must not end the callback thread
        with contextlib.suppress(OSError):
            os.write(2, line.encode("utf-8", "backslashreplace"))


def _described(args: dict[str, Any]) -> str:
    """``file_read(filename='./x', binary=False)``, whatever the parameters' own repr does."""
    try:
        shown = [
            f"{name}={_short.repr(value)}"
            for name, value in args["params"].items()
            if name != "callback"
        ]
    except BaseException:  # noqa: BLE001 - a parameter's __repr__ is the user's code
        shown = ["..."]
    return f"{args['action']}({', '.join(shown)})"


def _formatted(exception: BaseException) -> str:
    try:
        return "".join(traceback.format_exception(exception))
    except BaseException:  # noqa: BLE001 - the exception's own methods are the user's code
        return f"{type(exception).__name__} (its traceback cannot be formatted)"


class Hooks:
    """The Python side's part in a queue; called by the core."""

    def settings(self) -> dict[str, int]:
        return _settings.read_settings()

    def start_thread(self, queue: Queue) -> None:
        threading.Thread(target=_run, args=(queue,), name="mhddq-callback", daemon=True).start()

    def callback_failed(self, args: dict[str, Any], exception: BaseException) -> None:
        say(f"Exception in the mhddq callback of {_described(args)}:\n{_formatted(exception)}")

    def unheard(self, args: dict[str, Any]) -> None:
        """A failed operation that has no callback is never silent."""
        say(f"mhddq: {_described(args)} failed: {args['output']['exception']}")

    def left_behind(self, path: str) -> None:
        say(f"mhddq: a temporary could not be removed and stays behind: {path!r}")


def _run(queue: Queue) -> None:
    generation = queue.generation
    queue.deliver()
    if queue.generation != generation:
        # A callback forked, and this is the child: its only thread is about to end, and the
        # process with it. What the child itself enqueued is drained first, as at any exit.
        from mhddq import _lifecycle  # noqa: PLC0415 - only in a child; that module imports this

        _lifecycle.drain_at_exit()
