"""What must be caught: the mistakes of mutants.txt, and orders that are too weak.

WEAKENED makes one mutant of each access that must be seq_cst: release and acquire in its place, so
that the store stays in the buffer while the load behind it goes ahead. RELAXED takes the release
away.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
MODEL = (HERE / "mhddq.pml").read_text()


class Mutant(NamedTuple):
    name: str
    scene: str
    quick: bool
    text: str  # of the model


def bare(line: str) -> str:
    return re.sub(r"/\*.*?\*/", "", line).rstrip("\\ ").strip()


def changed(name: str, text: str, change: list[str]) -> str:
    """The text with one change made in it."""
    old = [bare(line[1:]) for line in change if line[0] != "+"]
    lines = text.splitlines()
    places = [at for at in range(len(lines)) if list(map(bare, lines[at : at + len(old)])) == old]
    if len(places) != 1:
        raise SystemExit(f"{name}: fits {len(places)} places:\n" + "\n".join(change))
    goes_on = " \\" if lines[places[0]].endswith("\\") else ""  # inside a macro
    new = [line[1:] + goes_on for line in change if line[0] != "-"]
    lines[places[0] : places[0] + len(old)] = new
    return "\n".join(lines) + "\n"


def mistakes() -> Iterator[Mutant]:
    _, *parts = (HERE / "mutants.txt").read_text().split("\n== ")
    for part in parts:
        head, _, changes = part.partition("\n")
        name, scene, *quick = (word.strip() for word in head.split("|"))
        text = MODEL
        for change in changes.strip("\n").split("\n\n"):
            text = changed(name, text, change.splitlines())
        yield Mutant(name, scene, quick == ["quick"], text)


WEAKER = {
    "STORE_SC": "STORE_REL",
    "LOAD_SC": "LOAD_ACQ",
    "ADD_SC": "ADD_REL",
    "SUB_SC": "SUB_REL",
    "OR_SC": "OR_REL",
    "CAS_SC": "CAS_REL",
}


def weakened(*tags: str, scene: str, relaxed: bool = False, quick: bool = False) -> Mutant:
    """The lines with these tags have a weaker order."""
    text = MODEL
    for tag in tags:
        found = [line for line in MODEL.splitlines() if f"/* @ {tag}" in line]
        order = re.search(r"\b[A-Z]+_(?:SC|REL)\b", found[0]) if len(found) == 1 else None
        if order is None:
            raise SystemExit(f"not one line with an order to weaken: {tag}")
        weaker = order[0].rpartition("_")[0] + "_RLX" if relaxed else WEAKER[order[0]]
        text = text.replace(found[0], found[0].replace(order[0], weaker))
    how = "relaxed" if relaxed else "weakened"
    what = ", ".join(tag.partition(" ")[2] for tag in tags)
    return Mutant(f"{how}: {what}", scene, quick, text)


# Each sequentially consistent access that is one of a pair. Some have no effect alone, because
# another one of the same thread stands between the pair: before the loads of `overflowed`, of the
# two `finished`, and of the tail in mhq_ring_drained, the first load of the same look; before the
# load of `waiters` in mhq_ring_close, the look at the consumer; behind the change of `undelivered`
# in mhq_delivered, what gives the place or the record back. has_room is weakened with the load that
# stands before it.
WEAKENED = [
    weakened("park.h mhq_park_prepare store_sc", scene="small", quick=True),  # P1
    weakened("park.h mhq_is_parked load_sc", scene="small", quick=True),  # W2
    weakened("ring.c mhq_ring_publish store_sc", scene="small"),
    weakened("ring.c overflow_insert add_sc", scene="overdraw"),
    weakened("ring.c mhq_ring_close or_sc", scene="small"),
    weakened("ring.c mhq_ring_ready load_sc", scene="small"),
    weakened("ring.c mhq_ring_return store_sc", scene="room"),
    weakened("ring.c mhq_ring_return load_sc", scene="room"),
    weakened("ring.c mhq_ring_wait_room add_sc", scene="room"),
    weakened("ring.c mhq_ring_wait_room load_sc", scene="close, late"),
    weakened("ring.c has_room load_sc", "ring.c mhq_ring_wait_room load_sc", scene="room, late"),
    weakened("done.h mhq_done_push cas_sc", scene="small"),
    weakened("done.h mhq_done_ready load_sc", scene="small"),
    weakened("engine.c io_main store_sc", scene="small"),
    weakened("baton.c mhq_baton_pass store_sc", scene="baton"),
    weakened("baton.c mhq_baton_finish store_sc", scene="baton"),
    weakened("baton.c is_over_or_mine load_sc(holder)", scene="baton"),
    weakened("engine.c charge_fits load_sc", scene="bytes"),
    weakened("walk.c mhq_pool_ready load_sc", scene="lists"),
    weakened("walk.c mhq_pool_give_back cas_sc", scene="lists"),
]

# Releases that are none: what stands before them may arrive after them.
RELAXED = [
    weakened("ring.c mhq_ring_publish store_sc", scene="room", relaxed=True),
    weakened("baton.c mhq_baton_pass store_sc", scene="baton", relaxed=True),
    weakened("done.h mhq_done_push cas_sc", scene="room", relaxed=True),
    weakened("block.c mhq_block_return cas_rel", scene="blocks", relaxed=True),
    weakened("left_behind.h mhq_left_behind_push cas_rel", scene="left", relaxed=True),
]

MUTANTS = [*mistakes(), *WEAKENED, *RELAXED]
