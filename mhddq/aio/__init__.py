"""Operations of the default queue to be awaited: ``await aio.file_read("a")``, under asyncio
(uvloop too), trio, and anyio on either. The same are methods of ``queue.aio``.

Guarantees
  - The call enqueues, and never waits: operations are in the order of their calls.
  - Cancelling an await cancels the operation, and ends when it is known what became of it.
  - No event loop is imported: the one that runs has been.
"""

from __future__ import annotations

import importlib

from mhddq import _binding, _core
from mhddq._queues import default_queue
from mhddq.aio import _loops  # noqa: F401 - makes itself known
from mhddq.aio._default import queue_of
from mhddq.aio._opening import Opening, opening
from mhddq.aio._views import Aio

TYPE_CHECKING = False  # as typing has it, without importing typing
if TYPE_CHECKING:
    from typing import Any

    from mhddq import Control, Oplist
    from mhddq.aio._views import ListContext, Walk
    from mhddq.types import Path

Operation = _core.Operation
OperationList = _core.OperationList


def enqueue_oplist(oplist: Oplist, *, control: Control | None = None) -> Operation[None]:
    """As queue.aio.enqueue_oplist()."""
    return default_queue().aio.enqueue_oplist(oplist, control=control)


def oplist(*, on_error: str = "continue", control: Control | None = None) -> ListContext:
    """As queue.aio.oplist()."""
    return default_queue().aio.oplist(on_error=on_error, control=control)


def directory_walk(
    dirname: Path,
    *,
    stat: bool = False,
    batch: int = 1024,
    on_error: str = "stop",
    control: Control | None = None,
) -> Walk:
    """As queue.aio.directory_walk()."""
    return default_queue().aio.directory_walk(
        dirname, stat=stat, batch=batch, on_error=on_error, control=control
    )


def open(  # noqa: PLR0913, PLR0917 - as Python's own
    file: Any,
    mode: str = "r",
    buffering: int = -1,
    encoding: str | None = None,
    errors: str | None = None,
    newline: str | None = None,
    closefd: bool = True,
    opener: Any = None,
    *,
    atomic: bool = False,
    queue: Any = None,
    loop: object = None,
    executor: object = None,
) -> Opening[Any]:
    """Opens a file whose methods are coroutines: ``await`` it, or enter it by ``async with``.

    file, mode, buffering, encoding, errors, newline, closefd, opener: as of Python's own open().
        file may be a Handle, too. What might wait for ever is an OSError: a FIFO, a socket, and a
        device that is to be read. The opener is called on a thread of the loop.
    atomic: with a name and w or x: the file shows up under its name when it is closed, whole and
        synced. It does not if the block of ``async with`` raises, after discard(), and if it is
        never closed.
    queue: the queue of its operations. None: the default queue.
    loop, executor: taken for the sake of aiofiles, and ignored.
    Returns: an Opening, which gives a TextFile or a BinaryFile.
    Raises: ValueError, TypeError, LookupError for wrong arguments, as open(); awaited, OSError.
    """
    how = (mode, buffering, encoding, errors, newline, closefd, opener)
    return opening(queue_of(queue), file, *how, atomic=atomic)


def flush() -> Operation[None]:
    """As queue.aio.flush()."""
    return default_queue().aio.flush()


_PUBLIC: dict[str, Any] = _binding.awaits()
globals().update(_PUBLIC)
__all__ = [  # noqa: PLE0604
    *_PUBLIC,
    "Aio",
    "Operation",
    "OperationList",
    "directory_walk",
    "enqueue_oplist",
    "flush",
    "open",
    "oplist",
    "os",
    "ospath",
    "stderr",
    "stderr_bytes",
    "stdin",
    "stdin_bytes",
    "stdout",
    "stdout_bytes",
    "tempfile",
]
__all__.sort()

# Loaded when they are first looked at.
_MODULES = ("os", "ospath", "tempfile")
_STREAMS = ("stdin", "stdout", "stderr", "stdin_bytes", "stdout_bytes", "stderr_bytes")


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"mhddq.aio.{name}")
    if name in _STREAMS:
        return getattr(importlib.import_module("mhddq.aio._std"), name)
    raise AttributeError(f"module 'mhddq.aio' has no attribute {name!r}")
