"""The turns of the calls on one file: they take effect whole, in the order of their awaits."""

from __future__ import annotations

from collections import deque

from mhddq.aio._frameworks import Waiter


class Turns:
    """A lock of one loop. A turn that is given up goes to the call that waits longest.

    Invariant: where calls wait, `taken` is True. So a call that finds it False overtakes none.
    """

    __slots__ = ("_waiting", "taken")

    def __init__(self) -> None:
        self.taken = False
        self._waiting: deque[Waiter] | None = None  # made for the first that waits

    def take(self) -> bool:
        """Takes the turn if no call has it."""
        if self.taken:
            return False
        self.taken = True
        return True

    async def enter(self) -> None:
        """Takes the turn. Cancelled meanwhile, it has not got it."""
        if self.take():
            return
        if self._waiting is None:
            self._waiting = deque()
        waiter = Waiter()
        self._waiting.append(waiter)
        try:
            await waiter.wait()
        except BaseException:
            if waiter.called:  # the turn was given to it in the same moment
                self.leave()
            else:
                self._waiting.remove(waiter)
            raise

    def leave(self) -> None:
        if self._waiting:
            self._waiting.popleft().call()
        else:
            self.taken = False

    async def __aenter__(self) -> None:
        await self.enter()

    async def __aexit__(self, *raised: object) -> None:
        self.leave()
