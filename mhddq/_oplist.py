"""Lists of operations: making, clearing, embedding (in the core), and enqueuing."""

from __future__ import annotations

from mhddq._core import Oplist, clear_oplist, create_empty_oplist, embed_oplist
from mhddq._queues import default_queue

TYPE_CHECKING = False  # as typing has it, without importing typing
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mhddq._core import Control

__all__ = ["Oplist", "clear_oplist", "create_empty_oplist", "embed_oplist", "enqueue_oplist"]


def enqueue_oplist(
    oplist: Oplist,
    *,
    callback: Callable[[dict[str, Any]], object] | None = None,
    control: Control | None = None,
) -> bool:
    """Puts a snapshot of an oplist into the queue, as a single operation.

    oplist: from create_empty_oplist(). Its operations run one after another with nothing in
        between, embedded lists at their places. Each calls its own callback while the list goes
        on. A failure does not stop the list. The list may be changed or enqueued again at once:
        what was enqueued stays as it was. An empty one is accepted and does nothing.
        Buffers to be written (bytearray and the like) are in use from this call until the whole
        list has been called back, and must not be changed before.
    callback: called once when the whole list has ended, after its operations' own, with a dict:
        'action' ('enqueue_oplist'), 'result' (True if all succeeded), 'params' (what was passed),
        'output' ({}, or {'exception': str}: the first failure's text). None: not called.
    control: a Control for all operations of the list, or None.
    Returns: True if it was accepted, False once shutdown has begun. The call waits while the ring
        is full, but not in a callback.
    Raises: TypeError for what is no oplist; ValueError if it expands to more than 2**31
        operations, or for a wrong setting in the environment.
    Threads: any, callbacks and signal handlers included.
    """
    return default_queue().enqueue_oplist(oplist, callback=callback, control=control)
