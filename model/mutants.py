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

from scenes import SCENES

HERE = Path(__file__).parent
MODELS = {name: (HERE / name).read_text() for name in ("mhddq.pml", "ports.pml")}


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
        text = MODELS[SCENES[scene].model]
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


# Each sequentially consistent access that is one of a pair. Some have no effect alone, because
# another one of the same thread stands between the pair: before the loads of `overflowed`, of the
# two `finished`, and of the tail in mhq_ring_drained, the first load of the same look; before the
# load of `waiters` in mhq_ring_close, the look at the consumer; behind the change of `undelivered`
# in mhq_delivered, what gives the place or the record back. has_capacity is weakened with the load
# that stands before it, and what the holder looks for with that of mhq_ring_announce, with which
# its looks begin. Before the load of `paused` stands that of the fate; behind the change of
# `waiting` the second look, in mhq_intake_wait.
WEAKENED = """
park.h mhq_park_prepare store_sc                             | small       | quick
park.h mhq_is_parked load_sc                                 | small       | quick
ring.c mhq_ring_publish store_sc                             | small
ring.c overflow_insert add_sc                                | overdraw
ring.c mhq_ring_close or_sc                                  | small
engine.c mhq_close_when_quiet store_sc                       | quiet
ring.c mhq_ring_announce load_sc(unannounced) + ring.c mhq_ring_ready load_sc | small
ring.c mhq_ring_return add_sc(done)                             | room
ring.c mhq_ring_return load_sc                               | room, late
ring.c mhq_ring_wait_capacity add_sc                             | room
ring.c mhq_ring_wait_capacity load_sc                            | close, late
ring.c has_capacity load_sc + ring.c mhq_ring_wait_capacity load_sc  | room, late
port.h mhq_done_push cas_sc                                  | small
port.h mhq_done_ready load_sc                                | small
io.c mhq_io_main store_sc                                    | small
baton.c mhq_baton_pass store_sc                              | baton
baton.c mhq_baton_finish store_sc                            | baton
baton.c is_over_or_mine load_sc(holder)                      | baton
ring.c mhq_ring_announce load_sc(unannounced) + io.c charge_fits load_sc | bytes
ring.c mhq_ring_announce load_sc(unannounced) + list.c mhq_credit_ready load_sc | lists
list.c mhq_credit_give_back cas_sc                           | one record
ring.c mhq_ring_return add_sc(unannounced)                   | stalled
taker.c arm store_sc                                         | port: bell  | quick
taker.c mhq_port_wake load_sc                                | port: bell, late
engine.c mhq_resume store_sc                                 | pause: resumed
step.c add_done add_sc                                       | progress: parked
step.c report load_sc                                        | progress: late
"""

# Releases that are none: what stands before them may arrive after them.
RELAXED = """
ring.c mhq_ring_publish store_sc                             | room
baton.c mhq_baton_pass store_sc                              | baton
port.h mhq_done_push cas_sc                                  | room
block.c mhq_block_return cas_rel                             | blocks
leftover.h mhq_leftover_push cas_rel                   | left
"""


def with_order(name: str, tag: str, text: str, *, relaxed: bool) -> str:
    """The text in which the line with this tag has a weaker order."""
    found = [line for line in text.splitlines() if f"/* @ {tag}" in line]
    order = re.search(r"\b[A-Z]+_(?:SC|REL)\b", found[0]) if len(found) == 1 else None
    if order is None:
        raise SystemExit(f"{name}: not one line with an order to weaken: {tag}")
    weaker = order[0].rpartition("_")[0] + "_RLX" if relaxed else WEAKER[order[0]]
    return text.replace(found[0], found[0].replace(order[0], weaker))


def orders(how: str, table: str) -> Iterator[Mutant]:
    for row in table.strip().splitlines():
        tags, scene, *quick = (word.strip() for word in row.split("|"))
        name = f"{how}: " + ", ".join(tag.partition(" ")[2] for tag in tags.split(" + "))
        text = MODELS[SCENES[scene].model]
        for tag in tags.split(" + "):
            text = with_order(name, tag, text, relaxed=how == "relaxed")
        yield Mutant(name, scene, quick == ["quick"], text)


MUTANTS = [*mistakes(), *orders("weakened", WEAKENED), *orders("relaxed", RELAXED)]
