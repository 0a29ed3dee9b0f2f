"""Many operations of one queue, awaited as one."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

# As many operations as the ring of a queue has places for, by default.
LIMIT = 4096


async def outcomes(
    operations: Iterable[Any],
    limit: int = LIMIT,
    ended: Callable[[int], object] | None = None,
) -> list[Any]:
    """What became of each operation, in their order: its value, or the exception that it raised.

    operations: an iterator that enqueues each operation when it is asked for it. An exception in
        the place of an operation is its own outcome.
    limit: at most so many operations are enqueued and not yet awaited. -1: all of them are.
    ended: called with the index of each operation when its outcome is known, in their order.
    Raises: what cancels the await. The operations that have not ended are cancelled then.
    """
    waiting: deque[Any] = deque()
    found: list[Any] = []

    async def take() -> None:
        operation = waiting[0]
        if isinstance(operation, Exception):
            outcome: Any = operation
        else:
            try:
                outcome = await operation
            except Exception as error:  # noqa: BLE001 - it is the outcome
                outcome = error
        waiting.popleft()
        found.append(outcome)
        if ended is not None:
            ended(len(found) - 1)

    try:
        for operation in operations:
            waiting.append(operation)
            if len(waiting) == limit:
                await take()
        while waiting:
            await take()
    except BaseException:
        for operation in waiting:
            if not isinstance(operation, Exception):
                operation.cancel()
        raise
    return found


def first_error(found: Iterable[Any]) -> Exception | None:
    return next((outcome for outcome in found if isinstance(outcome, Exception)), None)


async def values(operations: Iterable[Any], limit: int = LIMIT) -> list[Any]:
    """The values of the operations. Raises the first error, after all operations have ended."""
    found = await outcomes(operations, limit)
    if error := first_error(found):
        raise error
    return found
