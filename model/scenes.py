"""The scenes: how many threads and jobs, what may happen. README.md says what each is for."""

from __future__ import annotations

from typing import NamedTuple

# What a scene does not name. mhddq.pml and ports.pml say what each is.
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
    "STALL": 0,
    "COUNTER": 0,
    "EARLY": 0,
    "GIVE_UPS": 0,
    "LATE": 0,
    "DEPTH": 4,
}


BESIDE = {
    "BELL": 0,
    "SHUTS": 0,
    "ENDS": 0,
    "HOLDERS": 1,
    "CANCELS": 0,
    "PAUSED": 0,
    "WATCHED": 0,
    "LIVES": 0,
    "LINE": 0,
    "JOBS": 1,
    "EARLY": 0,
    "LATE": 0,
    "DEPTH": 5,
}


class Scene(NamedTuple):
    name: str
    model: str
    defines: tuple[tuple[str, int], ...]
    quick: bool
    large: bool  # worth the time that an optimised search takes to compile


def scene(name: str, *, quick: bool = False, large: bool = False, **defines: int) -> Scene:
    return Scene(name, "mhddq.pml", tuple({**USUAL, **defines}.items()), quick, large)


def port(name: str, *, quick: bool = False, **defines: int) -> Scene:
    return Scene(name, "ports.pml", tuple({**BESIDE, **defines}.items()), quick, False)


SCENES = {
    each.name: each
    for each in (
        scene("small", PRODUCERS=1, CLOSER=1, quick=True),
        scene("close", PRODUCERS=1, JOBS=2, CLOSER=1),
        scene("quiet", PRODUCERS=1, CLOSER=1, OVERDRAW=1, QUIET=1, quick=True),
        scene("quiet, room", PRODUCERS=1, JOBS=2, CLOSER=1, QUIET=1),
        scene("quiet, late", PRODUCERS=1, CLOSER=1, QUIET=1, LATE=1, DEPTH=6),
        scene("room"),
        scene("stalled", PRODUCERS=1, CAPACITY=4, JOBS=5, STALL=3),
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
        port("port: bell", BELL=1, JOBS=3, quick=True),
        port("port: bell, late", BELL=1, LATE=1, DEPTH=6),
        port("progress: late", WATCHED=1, LATE=1, DEPTH=6),
        port("port: shut", SHUTS=1, JOBS=2, quick=True),
        port("port: shut, three", SHUTS=1, JOBS=3, DEPTH=8),
        port("port: shut, bell", SHUTS=1, BELL=1, JOBS=2),
        port("port: end", SHUTS=1, ENDS=1, JOBS=2),
        port("port: end, not closed", ENDS=1, JOBS=2),
        port("port: trade", HOLDERS=2, JOBS=2, quick=True),
        port("port: trade, shut", HOLDERS=2, SHUTS=1, JOBS=2),
        port("fate: cancel", CANCELS=2, quick=True),
        port("pause: resumed", PAUSED=1),
        port("pause: cancelled", PAUSED=5, CANCELS=1),
        port("pause: closed", PAUSED=4),
        port("control: resumed", PAUSED=2),
        port("control: cancelled", PAUSED=3),
        port("progress: parked", WATCHED=1),
        port("progress: bell", WATCHED=1, BELL=1),
        port("progress: shut", WATCHED=1, SHUTS=1, JOBS=2),
        port("lives", LIVES=1, quick=True),
        port("line", LINE=3, quick=True),
    )
}
