"""Ordered, off-thread file I/O: calls that return at once, two native I/O threads, callbacks."""

from mhddq import _surroundings  # noqa: F401, I001 - first: refuses what it cannot run in
from mhddq import _later
from mhddq import _ops  # noqa: F401 - enters the operations
from mhddq._binding import PUBLIC as _PUBLIC
from mhddq._core import Control, Handle, Port, Queue
from mhddq._failure import Cancelled
from mhddq._lifecycle import is_shutdown, shutdown, stats
from mhddq._oplist import (
    Oplist,
    clear_oplist,
    create_empty_oplist,
    embed_oplist,
    enqueue_oplist,
)
from mhddq._queues import default_queue

__version__ = "1.0.0.dev0"

__all__ = [
    "Cancelled",
    "Control",
    "Handle",
    "Oplist",
    "Port",
    "Queue",
    "clear_oplist",
    "create_empty_oplist",
    "default_queue",
    "embed_oplist",
    "enqueue_oplist",
    "is_shutdown",
    "shutdown",
    "stats",
]
# The operations: their one list is _ops.py. Checkers and editors see them in __init__.pyi.
globals().update(_PUBLIC)
__all__.extend(_PUBLIC)
__all__.sort()

# Public modules, which are loaded when something of them is first looked at.
aio = _later.later("aio")
futures = _later.later("futures")
progress = _later.later("progress")
types = _later.later("types")
