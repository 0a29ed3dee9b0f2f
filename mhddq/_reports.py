"""What is reported on stderr, where no callback or caller is given it.

Guarantees
  - Writing never raises, whatever ``sys.stderr`` is. At the end of a program KeyboardInterrupt and
    SystemExit are the exception: there they come from a signal handler.
  - A report imports nothing: then it may be too late for that (no descriptor left, the interpreter
    about to end, a child that was forked in the middle of an import).
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # as typing has it, without importing typing
if TYPE_CHECKING:
    from typing import Any

    from mhddq._core import Service


def write_line(text: str, passes_on: bool = False) -> None:
    """Prints a line on sys.stderr, or on the process's stderr where that one raises. passes_on:
    KeyboardInterrupt, SystemExit and the like are raised again."""
    line = text.rstrip("\n") + "\n"
    stream = getattr(sys, "stderr", None)  # a program may have deleted it
    if stream is None:
        return
    try:
        stream.write(line)
        stream.flush()
    except BaseException as error:  # it must not end the callback thread
        if passes_on and not isinstance(error, Exception):
            raise
        try:  # noqa: SIM105 - contextlib costs time to import
            os.write(2, line.encode("utf-8", "backslashreplace"))
        except OSError:
            pass


# ---- operations and exceptions as text ----

# The modules that reports are made with, once they are imported.
_reprlib: Any = None
_traceback: Any = None


def import_modules() -> None:
    """Imports what only a report needs. Not when mhddq is imported: that would more than double
    the cost of its import. Nor when there is something to report, see above. Where the modules
    cannot be imported (the program has changed its root, or its user) reports are plainer."""
    global _reprlib, _traceback
    try:
        import reprlib  # noqa: PLC0415
        import traceback  # noqa: PLC0415
    except (ImportError, OSError):
        return
    _reprlib, _traceback = reprlib, traceback


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


# The attributes themselves, whatever property a subclass or a metaclass has in their place.
_traceback_of = BaseException.__dict__["__traceback__"].__get__
_name_of = type.__dict__["__name__"].__get__


def _plainly_formatted(exception: BaseException) -> str:
    """Formats without the traceback module, with as little of the exception's own code as
    possible."""
    lines = ["Traceback (most recent call last):"]
    at = _traceback_of(exception)
    while at is not None:
        code = at.tb_frame.f_code
        lines.append(f'  File "{code.co_filename}", line {at.tb_lineno}, in {code.co_name}')
        at = at.tb_next
    try:
        message = f": {exception}"
    except BaseException:  # noqa: BLE001
        message = " (its message cannot be shown)"
    return "\n".join([*lines, _name_of(type(exception)) + message])


# ---- what the callback thread reports ----


def callback_failed(args: dict[str, Any], exception: BaseException) -> None:
    failed = f", which had failed: {args['failure']}" if args["failure"] else ""
    write_line(
        f"Exception in the mhddq callback of {_described(args)}{failed}:\n{_formatted(exception)}"
    )


def failed_without_callback(args: dict[str, Any]) -> None:
    """A failed operation that has no callback is never silent."""
    write_line(f"mhddq: {_described(args)} failed: {args['output']['exception']}")


def list_callback_failed(exception: BaseException) -> None:
    write_line(f"Exception in the mhddq callback of enqueue_oplist:\n{_formatted(exception)}")


def progress_failed(exception: BaseException) -> None:
    write_line(f"Exception in what mhddq calls about an operation:\n{_formatted(exception)}")


def failed_unasked(args: dict[str, Any], exception: BaseException) -> None:
    """A future that failed was collected, and its error was never retrieved."""
    write_line(f"mhddq: {_described(args)} failed: {exception}")


def leftover(path: str) -> None:
    write_line(f"mhddq: a temporary could not be removed and stays behind: {path!r}")


# ---- what is reported at the end ----


def _counted(count: int, what: str, one: str, more: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'} {one if count == 1 else more}"


def _left(service: Service) -> str:
    """``3 operations were left, in the callback of file_read(filename='x', binary=False)``; empty
    where none was."""
    count, args, in_callback = service.left()
    if count <= 0:
        return ""
    text = _counted(count, "operation", "was left", "were left")
    if args is None:
        return text
    return f"{text}, {'in the callback of' if in_callback else 'while running'} {_described(args)}"


def timeout(service: Service) -> None:
    left = _left(service)
    if left:
        call = "shutdown" if service.is_default else f"close of {service.name!r}"
        write_line(f"mhddq: {call} timed out: {left}", True)


def interruption(services: list[Service]) -> None:
    left = "; ".join(filter(None, map(_left, services)))
    write_line(f"mhddq: interrupted at exit: {left or '0 operations were left'}", True)


def wait(service: Service) -> None:
    """On a terminal only: there a user may take the wait at the end for a hang."""
    try:
        seen = sys.stderr.isatty()
    except Exception:  # noqa: BLE001 - whatever stderr is
        return
    count, _, _ = service.left()
    if seen and count > 0:
        before = _counted(count, "operation", "is", "are")
        write_line(
            f"mhddq: {before} being finished before the program ends; Ctrl-C abandons them", True
        )


def refusals(count: int, first: str) -> None:
    what = _counted(count, "operation", "was refused", "were refused")
    first = f"it was {first}" if count == 1 else f"the first was {first}"
    write_line(f"mhddq: {what} in callbacks, for shutdown() had been called before; {first}", True)
