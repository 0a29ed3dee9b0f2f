"""How long a disk takes for an access. Nothing but arithmetic: times are handed in, in seconds.

``Arm`` is a disk that spins. Its bytes lie on one spiral; a turn of it passes the head in a
revolution, so what follows in offset follows in time and a stream needs no seeks. An access takes

- a seek, by the square root of the distance, unless the place is within one turn of the head,
- the rotation until its first byte is below the head, by the clock: byte `b` is there whenever
  the revolutions since time 0 and the turns before `b` have the same fraction,
- the transfer.

After a read the drive reads on into its cache until it is asked for something else; what a later
read finds there comes at the speed of the bus. Of the accesses that wait, the first `queue` are
known to the drive, which takes the one that it reaches soonest. Writes are on the platter when
they are answered; there is no cache for them.

``Flat`` is a disk where places do not matter: each access takes the same time.

Both count from the times at which accesses have arrived and ended, not from the time at which
they are asked, so a caller that comes late delays an answer, but not the accesses behind it.
"""

from __future__ import annotations

import heapq
import math
from collections import deque

MIB = 1 << 20

REVOLUTION = 60 / 7200
RATE = 160e6  # bytes a second below the head
BUS_RATE = 300e6  # bytes a second out of the drive's cache
TURN = RATE * REVOLUTION  # bytes
SHORTEST_SEEK, LONGEST_SEEK = 0.0008, 0.016
PLATTER = 12 << 30  # bytes that the longest seek crosses; a disk may use the first part only
READ_AHEAD = 256 << 10
SEGMENTS = 16  # pieces that the drive's cache keeps
A_HAIR = 1e-6  # what rounding may make of a rotation by nothing


class Access:
    """A read or a write. `tag` is the caller's."""

    __slots__ = ("arrived", "done", "end", "offset", "tag", "write")

    def __init__(self, offset: int, length: int, write: bool, arrived: float, tag: int = 0):
        self.offset, self.end, self.write = offset, offset + length, write
        self.arrived, self.tag = arrived, tag
        self.done = math.inf


def seek_seconds(distance: float) -> float:
    if distance < TURN:
        return 0.0
    return SHORTEST_SEEK + (LONGEST_SEEK - SHORTEST_SEEK) * math.sqrt(distance / PLATTER)


def rotation_seconds(place: float, now: float) -> float:
    """From `now` until `place` is below the head."""
    wait = (place / TURN - now / REVOLUTION) % 1.0 * REVOLUTION
    return 0.0 if wait > REVOLUTION - A_HAIR else wait


class Arm:
    """A disk that spins. `log`: (when, first byte, bytes, whether written, how many others waited)
    of each access that the arm made, if it is a list."""

    def __init__(self, queue: int = 32):
        self.queue = queue
        self.waiting: list[Access] = []
        self.serving: Access | None = None
        self.deepest = 0  # the most that were there at once
        self.log: list[tuple[float, int, int, bool, int]] | None = None
        self._free_at = 0.0
        # Where the head was at a time, and how far it reads on from there.
        self._place, self._since, self._limit = 0.0, 0.0, 0.0
        self._start = 0.0  # of the piece in the cache that grows while the head reads on
        self._cached: deque[tuple[float, float]] = deque(maxlen=SEGMENTS - 1)

    @property
    def due(self) -> float | None:
        """When the next access ends; None: there is none."""
        return self.serving.done if self.serving else None

    def add(self, access: Access) -> None:
        self.waiting.append(access)
        self.deepest = max(self.deepest, len(self.waiting) + (self.serving is not None))
        if self.serving is None:
            self._take()

    def finished(self, now: float) -> list[Access]:
        """Those that have ended by `now`, in the order of their ends."""
        ended = []
        while self.serving is not None and self.serving.done <= now:
            ended.append(self.serving)
            self._free_at = self.serving.done
            self.serving = None
            if self.waiting:
                self._take()
        return ended

    def head(self, now: float) -> float:
        return min(self._place + RATE * (now - self._since), self._limit)

    def _take(self) -> None:
        now = max(self._free_at, self.waiting[0].arrived)
        known = [access for access in self.waiting[: self.queue] if access.arrived <= now]
        head = self.head(now)
        best = min(known, key=lambda access: self._reach(access, head, now)[0])
        self.waiting.remove(best)
        self._serve(best, head, now)
        self.serving = best

    def _cached_until(self, offset: int, head: float) -> float:
        """How far what begins at `offset` is in the cache; `offset` itself: not at all."""
        if self._start <= offset <= head:
            return head
        return next((end for start, end in self._cached if start <= offset < end), offset)

    def _reach(self, access: Access, head: float, now: float) -> tuple[float, float]:
        """(seconds until data comes, the first byte that must come from the platter)."""
        first = access.offset if access.write else self._cached_until(access.offset, head)
        if first >= access.end:
            return 0.0, access.end
        seek = seek_seconds(abs(first - head))
        return seek + rotation_seconds(first, now + seek), first

    def _serve(self, access: Access, head: float, now: float) -> None:
        delay, first = self._reach(access, head, now)
        from_bus = now + (access.end - access.offset) / BUS_RATE
        if first >= access.end:
            access.done = from_bus
            if self._start <= access.offset and head < self._limit:  # it still reads on
                self._limit = max(self._limit, access.end + READ_AHEAD)
            return
        began = now + delay
        access.done = max(from_bus, began + (access.end - first) / RATE)
        if self.log is not None:
            length = int(access.end - first)
            self.log.append((began, int(first), length, access.write, len(self.waiting)))
        self._cached.append((self._start, head))
        self._place, self._since = access.end, began + (access.end - first) / RATE
        self._limit = access.end
        if access.write:
            self._start = access.end
            self._forget(access.offset, access.end)
        else:
            self._start = access.offset
            self._limit += READ_AHEAD

    def _forget(self, start: int, end: int) -> None:
        kept = [piece for piece in self._cached if piece[1] <= start or end <= piece[0]]
        self._cached = deque(kept, maxlen=SEGMENTS - 1)


class Flat:
    """A disk on which every access lasts `seconds`, `at_once` of them at the same time."""

    def __init__(self, seconds: float, at_once: int):
        self.seconds, self.at_once = seconds, at_once
        self.waiting: deque[Access] = deque()
        self.serving: list[tuple[float, int, Access]] = []
        self.deepest = 0
        self.log: list[tuple[float, int, int, bool, int]] | None = None
        self._count = 0

    @property
    def due(self) -> float | None:
        return self.serving[0][0] if self.serving else None

    def add(self, access: Access) -> None:
        self.waiting.append(access)
        self.deepest = max(self.deepest, len(self.waiting) + len(self.serving))
        if len(self.serving) < self.at_once:
            self._take(access.arrived)

    def finished(self, now: float) -> list[Access]:
        ended = []
        while self.serving and self.serving[0][0] <= now:
            ended.append(heapq.heappop(self.serving)[2])
            if self.waiting:
                self._take(ended[-1].done)
        return ended

    def _take(self, now: float) -> None:
        access = self.waiting.popleft()
        access.done = max(now, access.arrived) + self.seconds
        if self.log is not None:
            length = access.end - access.offset
            waiting = len(self.waiting)
            self.log.append((access.done, access.offset, length, access.write, waiting))
        self._count += 1
        heapq.heappush(self.serving, (access.done, self._count, access))


PROFILES = {
    "hdd": lambda: Arm(32),
    "depth1": lambda: Arm(1),
    "ssd": lambda: Flat(100e-6, 32),
    "network": lambda: Flat(5e-3, 1 << 30),
    "instant": lambda: Flat(0.0, 1 << 30),  # to fill the disk
}
