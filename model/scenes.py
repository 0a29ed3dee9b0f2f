"""The scenes: how many threads and jobs, what may happen. README.md says what each is for."""

from __future__ import annotations

from typing import NamedTuple

# What a scene does not name. mhddq.pml says what each is.
USUAL = {
    "CAPACITY": 1,
    "PRODUCERS": 2,
    "JOBS": 1,
    "FEWER": 0,
    "OVERDRAW": 0,
    "IO": 1,
    "LIST": 0,
    "POOL": 0,
    "BLOCKS": 0,
    "BUDGET": 0,
    "LEFT": 0,
    "CLOSER": 0,
    "QUIET": 0,
    "COUNTER": 0,
    "EARLY": 0,
    "GIVE_UPS": 0,
    "LATE": 0,
    "DEPTH": 4,
}


class Scene(NamedTuple):
    name: str
    defines: tuple[tuple[str, int], ...]
    quick: bool
    large: bool  # worth the time that an optimised search takes to compile


def scene(name: str, *, quick: bool = False, large: bool = False, **defines: int) -> Scene:
    return Scene(name, tuple({**USUAL, **defines}.items()), quick, large)


SCENES = {
    each.name: each
    for each in (
        scene("small", PRODUCERS=1, CLOSER=1, quick=True),
        scene("close", PRODUCERS=1, JOBS=2, CLOSER=1),
        scene("quiet", PRODUCERS=1, CLOSER=1, OVERDRAW=1, QUIET=1, quick=True),
        scene("quiet, room", PRODUCERS=1, JOBS=2, CLOSER=1, QUIET=1),
        scene("quiet, late", PRODUCERS=1, CLOSER=1, QUIET=1, LATE=1, DEPTH=6),
        scene("room"),
        scene("overdraw", PRODUCERS=1, OVERDRAW=2),
        scene("baton", PRODUCERS=1, CAPACITY=2, JOBS=2, IO=2),
        scene("lists", PRODUCERS=1, LIST=3, POOL=2, quick=True),
        scene("one record", PRODUCERS=1, LIST=3, POOL=1),
        scene("bytes", PRODUCERS=1, CAPACITY=2, JOBS=2, BUDGET=1),
        scene("blocks", PRODUCERS=1, CAPACITY=2, JOBS=3, BLOCKS=2, large=True),
        scene("left", PRODUCERS=1, JOBS=2, LEFT=2),
        scene("count", PRODUCERS=1, COUNTER=1),
        scene("early", EARLY=1),
        scene("given up", JOBS=2, FEWER=1, GIVE_UPS=1, large=True),
        scene("room, late", LATE=1),
        scene("close, late", PRODUCERS=1, JOBS=2, CLOSER=1, LATE=1),
        scene("room of 2", CAPACITY=2),
        scene("ring of 1, overdrawn", OVERDRAW=1, large=True),
        scene("ring of 2, overdrawn", CAPACITY=2, OVERDRAW=1, large=True),
    )
}
