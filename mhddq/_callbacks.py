"""The callback thread, and what is said on stderr when nobody else would hear of it.

Guarantees
  - The thread is a daemon ``threading.Thread``; whatever a callback raises, SystemExit and
    KeyboardInterrupt too, is printed and the thread goes on.
  - Printing never raises, whatever ``sys.stderr`` is.
"""

from __future__ import annotations

import os
import sys
from _thread import RLock, start_new_thread

from mhddq import _settings

TYPE_CHECKING = False  # as typing has it, without importing typing
if TYPE_CHECKING:
    from typing import Any

    from mhddq._core import Queue


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
        try:  # noqa: SIM105 - contextlib costs time to import
            os.write(2, line.encode("utf-8", "backslashreplace"))
        except OSError:
            pass


def _described(args: dict[str, Any]) -> str:
    """``file_read(filename='./x', binary=False)``, whatever the parameters' own repr does."""
    try:
        short = _reprlib.Repr()
        short.maxstring = short.maxother = 200
        shown = [
            f"{name}={short.repr(value)}"
            for name, value in args["params"].items()
            if name != "callback"
        ]
    except BaseException:  # noqa: BLE001 - a parameter's __repr__ is the user's code
        shown = ["..."]
    return f"{args['action']}({', '.join(shown)})"


def _formatted(exception: BaseException) -> str:
    try:
        return "".join(_traceback.format_exception(exception))
    except BaseException:  # noqa: BLE001 - the exception's own methods are the user's code
        return _plainly_formatted(exception)


def _plainly_formatted(exception: BaseException) -> str:
    """Without the traceback module, and with as little of the exception's own code as can be."""
    lines = ["Traceback (most recent call last):"]
    at = exception.__traceback__
    while at is not None:
        code = at.tb_frame.f_code
        lines.append(f'  File "{code.co_filename}", line {at.tb_lineno}, in {code.co_name}')
        at = at.tb_next
    try:
        message = f": {exception}"
    except BaseException:  # noqa: BLE001
        message = " (its message cannot be shown)"
    return "\n".join([*lines, type(exception).__name__ + message])


# Held while modules are imported here, and while a process forks: a child that was forked on
# another thread meanwhile would wait for those modules for ever. The thread that holds it may fork.
_importing = RLock()
_half_way = False  # said by the thread that holds it
# What reports are made with, once all is there. A report never imports: in a child that was forked
# in the middle of an import the callback thread would wait for ever for the thread that is at it.
_reprlib: Any = None
_traceback: Any = None
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_importing.acquire,
        after_in_parent=_importing.release,
        after_in_child=_importing.release,
    )


def _import_for_reports() -> None:
    """Imports what only a report needs. Not when mhddq is imported: that would more than double
    what its import costs. Not when there is something to report either: then it may be too late
    (no descriptor left, the interpreter about to go). Where it cannot be had (the program has
    changed its root, or its user) reports are plainer."""
    global _reprlib, _traceback
    try:
        import reprlib  # noqa: PLC0415
        import traceback  # noqa: PLC0415
    except (ImportError, OSError):
        return
    _reprlib, _traceback = reprlib, traceback


class Hooks:
    """The Python side's part in a queue; called by the core."""

    def settings(self) -> dict[str, int]:
        return _settings.read_settings()

    def start_thread(self, queue: Queue) -> None:
        global _half_way  # noqa: PLW0603
        with _importing:
            if _half_way:
                # A signal handler has forked in the middle of the imports below, on this thread,
                # and this is the child: what they have made so far cannot be used.
                start_new_thread(_run, (queue,))
                return
            _half_way = True
            try:
                import threading  # noqa: PLC0415 - a third of what importing mhddq would cost

                _import_for_reports()  # last: a report may import more, and would wait for these
            finally:
                _half_way = False

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
