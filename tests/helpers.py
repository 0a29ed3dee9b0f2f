"""What the tests share: functions that collect completions, and that run programs to their end.

Assertions belong into the tests: callbacks only collect; the test waits and checks.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import shutil
import stat
import subprocess
import sys
import sysconfig
import tempfile
import textwrap
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import mhddq

DEADLINE = float(os.environ.get("TEST_DEADLINE", "90"))
# A program gets the time that its test gives it, times this factor. The deadline only ends what
# hangs, so it may be long: a machine may be busy elsewhere for a minute, and sanitizers are slow.
PATIENCE = DEADLINE / 30

# Whether this Python is built without a GIL.
FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))

Args = dict[str, Any]


def must_equal(found: object, wanted: object, what: object = "") -> None:
    """An assertion for helpers: outside of the test modules python -O leaves out assert."""
    if found != wanted:
        raise AssertionError(f"{what}\n{found!r}\nis not\n{wanted!r}")


class Outcome:
    """A callback that keeps the args of each call: ``wait(n)`` waits for n calls and returns
    them."""

    def __init__(self) -> None:
        self._args: list[Args] = []
        self._threads: list[int] = []
        self._changed = threading.Condition()

    def __call__(self, args: Args) -> None:
        with self._changed:
            self._args.append(args)
            self._threads.append(threading.get_ident())
            self._changed.notify_all()

    def __len__(self) -> int:
        return len(self._args)

    @property
    def args(self) -> list[Args]:
        with self._changed:
            return list(self._args)

    @property
    def threads(self) -> list[int]:
        """The identity of the thread of each call."""
        with self._changed:
            return list(self._threads)

    def wait(self, count: int, timeout: float = DEADLINE) -> list[Args]:
        with self._changed:
            arrived = self._changed.wait_for(lambda: len(self._args) >= count, timeout)
            collected = list(self._args)
        if not arrived:
            raise AssertionError(
                f"{len(collected)} of {count} callbacks within {timeout} s: {collected}"
            )
        return collected


Call = tuple[Any, ...]


def collect(*calls: Call, timeout: float = DEADLINE) -> list[Args]:
    """Enqueues each ``(function, *arguments)`` (without its callback) and waits for all of them;
    returns their args in the order of the callbacks."""
    outcome = Outcome()
    for function, *arguments in calls:
        accepted = function(outcome, *arguments)
        if accepted is not True:
            raise AssertionError(f"{function.__name__} returned {accepted!r}")
    return outcome.wait(len(calls), timeout)


def do(
    function: Callable[..., bool], *arguments: Any, timeout: float = DEADLINE, **keywords: Any
) -> Args:
    """Runs one operation to its end: its args."""
    outcome = Outcome()
    accepted = function(outcome, *arguments, **keywords)
    if accepted is not True:
        raise AssertionError(f"{function.__name__} returned {accepted!r}")
    return outcome.wait(1, timeout)[0]


def succeeds(function: Callable[..., bool], *arguments: Any, **keywords: Any) -> dict[str, Any]:
    """Runs one operation that must succeed: its output."""
    args = do(function, *arguments, **keywords)
    if args["result"] is not True:
        raise AssertionError(f"{args['action']} failed: {args['output']}")
    return args["output"]


def fails(function: Callable[..., bool], *arguments: Any, **keywords: Any) -> str:
    """Runs one operation that must fail: the text of its exception."""
    args = do(function, *arguments, **keywords)
    if args["result"] is not False or list(args["output"]) != ["exception"]:
        raise AssertionError(f"{args['action']} did not fail: {args['output']}")
    return args["output"]["exception"]


def run_list(oplist: mhddq.Oplist, outcome: Outcome, count: int) -> list[Args]:
    """Enqueues a list whose operations call back into ``outcome``; waits for ``count`` calls."""
    accepted = mhddq.enqueue_oplist(oplist)
    if accepted is not True:
        raise AssertionError(f"enqueue_oplist returned {accepted!r}")
    return outcome.wait(count)


def settle() -> None:
    """Returns when everything enqueued before has been done and called back."""
    do(mhddq.file_exists, os.curdir)


def run_script(
    source: str,
    *arguments: str,
    env: dict[str, str] | None = None,
    timeout: float = 30,
    **options: Any,
) -> subprocess.CompletedProcess[str]:
    """Runs a program in an interpreter of its own, in a directory of its own, to its end.

    env: variables added to this process's, settings of the queue left out. options:
    subprocess.run's. Raises subprocess.TimeoutExpired when it does not end in time.
    """
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("MHDDQ_")}
    with tempfile.TemporaryDirectory(prefix="mhddq-test-") as directory:
        program = Path(directory, "program.py")
        program.write_text(textwrap.dedent(source), encoding="utf-8")
        options.setdefault("cwd", directory)
        return subprocess.run(
            [sys.executable, str(program), *arguments],
            env=inherited | (env or {}),
            timeout=timeout * PATIENCE,
            check=False,
            capture_output=True,
            text=True,
            **options,
        )


def ends_well(
    source: str, *arguments: str, env: dict[str, str] | None = None, timeout: float = 30
) -> str:
    """Runs a program that must end with status 0 and a silent stderr: its stdout."""
    ended = run_script(source, *arguments, env=env, timeout=timeout)
    if ended.returncode or ended.stderr:
        raise AssertionError(f"status {ended.returncode}\n{ended.stdout}\n{ended.stderr}")
    return ended.stdout


@contextlib.contextmanager
def immutable(*paths: str | os.PathLike[str]) -> Iterator[None]:
    """Files and directories that not even root may change; or the test is skipped."""
    if shutil.which("chattr") is None:
        pytest.skip("there is no chattr")
    if subprocess.run(["chattr", "+i", *paths], capture_output=True, check=False).returncode:
        pytest.skip("cannot make files immutable here")
    try:
        yield
    finally:
        subprocess.run(["chattr", "-i", *paths], check=True)


def text_of(call: Callable[..., Any], *arguments: Any, **keywords: Any) -> str:
    """Calls a function of Python's own that must fail: the text of its exception."""
    try:
        call(*arguments, **keywords)
    except (OSError, ValueError) as error:
        return str(error)
    raise AssertionError(f"{call.__name__}{arguments} did not fail")


def read_as_text(path: str | bytes) -> str:
    """Reads a file as file_read does: text that is not UTF-8 is a failure that names the file."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except UnicodeDecodeError as error:
        error.reason += f"; {path!r} is not UTF-8 text: with binary=True its bytes are read"
        raise


def under_wine() -> bool:
    return os.name == "nt" and hasattr(ctypes.WinDLL("ntdll"), "wine_get_version")


# The error codes of Windows, which the functions of os report instead of C's errno.
_WINDOWS_CODES = {errno.ENOENT: 2, errno.EXDEV: 17, errno.EEXIST: 183, errno.ENOTDIR: 267}


def reason_of(number: int) -> str:
    """The system's words for an error, as the functions of os have them."""
    if os.name == "nt" and number in _WINDOWS_CODES:
        return ctypes.FormatError(_WINDOWS_CODES[number]).rstrip(" .\r\n")
    return os.strerror(number)


def error_text(number: int, *paths: str | bytes) -> str:
    """The text of an OSError with one or two paths, as the functions of os raise it."""
    first, second = [*paths, None, None][:2]
    if os.name == "nt" and number in _WINDOWS_CODES:
        return str(OSError(0, reason_of(number), first, _WINDOWS_CODES[number], second))
    return open_text(number, first, second)


def open_text(number: int, first: str | bytes | None, second: str | bytes | None = None) -> str:
    """The text of an OSError as open raises it: with an errno on every system, Windows too."""
    error = OSError(number, os.strerror(number), first)
    if second is not None:
        error.filename2 = second
    return str(error)


def tree_of(top: str | os.PathLike[str]) -> dict[str, tuple[Any, ...]]:
    """Everything below a directory: relative path to (kind, content)."""
    found: dict[str, tuple[Any, ...]] = {}
    for path, folders, files in os.walk(top):
        for name in folders + files:
            entry = os.path.join(path, name)
            found[os.path.relpath(entry, top).replace(os.sep, "/")] = _content_of(entry)
    return found


def _content_of(entry: str) -> tuple[Any, ...]:
    mode = os.lstat(entry).st_mode
    if stat.S_ISLNK(mode):
        return ("link", os.readlink(entry))
    if stat.S_ISREG(mode):
        return ("file", Path(entry).read_bytes())
    return ("directory",) if stat.S_ISDIR(mode) else ("node", stat.S_IFMT(mode))
