"""Lists of operations: making, clearing, embedding (in the core), and enqueuing."""

from __future__ import annotations

from mhddq._core import Oplist, clear_oplist, create_empty_oplist, embed_oplist
from mhddq._lifecycle import queue

__all__ = ["Oplist", "clear_oplist", "create_empty_oplist", "embed_oplist", "enqueue_oplist"]


def enqueue_oplist(oplist: Oplist) -> bool:
    """Puts a snapshot of an oplist into the queue, as a single operation.

    oplist: from create_empty_oplist(). It may be changed and enqueued again afterwards: what was
        enqueued stays as it was. Its operations run one after another with nothing in between,
        embedded lists at their places; each has its own callback, called while the list goes on.
        An empty list is accepted and does nothing.

    Buffers to be written (bytearray and the like) are exported from this call until the whole
    list has been called back, and must not be changed before.

    Returns: True if it was accepted, False once shutdown has begun. Waits while the ring is full.
    Raises: TypeError for what is no oplist; ValueError if it expands to more than 2**31
    operations, or where a setting in the environment is wrong. Any thread.
    """
    return bool(queue.enqueue(oplist))
