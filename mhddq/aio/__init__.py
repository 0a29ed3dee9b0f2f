"""Operations of the default queue to be awaited: ``await aio.file_read("a")``, under asyncio
(uvloop too), trio, and anyio on either. The same are methods of ``queue.aio``.

Guarantees
  - The call enqueues, and never waits: operations are in the order of their calls.
  - Cancelling an await cancels the operation, and ends when it is known what became of it.
  - No event loop is imported: the one that runs has been.
"""

from __future__ import annotations

from mhddq import _binding, _core
from mhddq._queues import default_queue
from mhddq.aio import _loops  # noqa: F401 - makes itself known
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
    "oplist",
]
__all__.sort()
