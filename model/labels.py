"""Compares the atomics of the C code with the tagged lines of the model, in both directions.

A tag is a comment behind the line: ``@ FILE FUNCTION OPERATION(FIELD) [LABELS]``, as the C code has
them. A line of the C code that has a label but no atomic (a call that has it) is tagged without
operation. Each invariant that the heads of the C files number has its assertion in the model. The
table in README.md is made from the tags: ``python model/labels.py --write`` renews it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from fnmatch import fnmatchcase as fnmatch
from pathlib import Path

HERE = Path(__file__).parent
MODELS = (HERE / "mhddq.pml", HERE / "ports.pml")
README = HERE / "README.md"
CORE = HERE.parent / "csrc"
FILES = (
    *(f"core/{f}" for f in ("ring.c", "baton.c", "port.h", "park.h", "list.c", "leftover.h")),
    *(f"core/{f}" for f in ("engine.h", "engine.c", "io.c", "taker.c", "submit.c", "step.c")),
    *(f"core/{f}" for f in ("fate.h", "fate.c", "control.c", "intake.c")),
    "fs/block.c",
)
# Atomics here are of the platform, below the futex, or counters, or for the scout, from which no
# operation takes anything (scout/scout.h), or count the uses of an open file: no thread waits for
# those, and csrc/test/fs/posix/test_handle.c tries them.
BELOW = (
    *(f"sys/{f}" for f in ("atomic.h", "macos.c", "waiters_macos.c")),
    *(f"fs/{f}" for f in ("handle.c", "handle.h")),
    "core/ahead.c",
)
HEADS = (
    *(f"core/{f}" for f in ("ring.h", "baton.h", "port.h", "list.h", "engine.h")),
    *(f"core/{f}" for f in ("fate.h", "control.h", "intake.h")),
    "fs/block.h",
)

COUNTER = "a counter, which no thread decides by"
# What the C code has and the model has not: file, function, operation(field), why. * is anything.
LEFT_OUT = [
    ("ring.c", "peek", "load_rlx(head)", "looks only, as the holder, and decides nothing"),
    ("ring.c", "peek", "load_acq(state)", "as above"),
    ("ring.c", "mhq_ring_next", "load_rlx(head)", "as above"),
    ("ring.c", "mhq_ring_is_closed", "load_sc(tail)", "a glance for others"),
    ("io.c", "run_one", "store_*(running)", "for a report; who reads it keeps jobs from going"),
    ("engine.c", "mhq_running", "load_acq(running)", "as above"),
    ("io.c", "run_one", "add_rlx(overlaps)", "the model asserts that it stays 0"),
    ("block.c", "mhq_blocks_fini", "swap_acq(returned)", "when nobody else is there any more"),
    ("engine.c", "mhq_count", "load_rlx(*)", COUNTER),
    ("engine.c", "mhq_totals", "load_*(*)", "as mhq_count, which the model has"),
    ("io.c", "*", "bump(*)", COUNTER),
    ("engine.h", "mhq_io_wake", "bump(wakes)", COUNTER),
    ("step.c", "mhq_may_start", "bump(cancelled)", COUNTER),
    ("park.h", "mhq_park_wait", "bump(parks)", COUNTER),
    ("*", "*", "add_rlx(caller_wakes)", COUNTER),
    ("submit.c", "count_in", "add_rlx(list_operations)", COUNTER),
    ("submit.c", "count_in", "add_sc(accepted)", COUNTER),
    ("submit.c", "note_high_water", "*_rlx(*)", COUNTER),
    (
        "submit.c",
        "count_in",
        "add_sc(pending)",
        "a figure of the port; its jobs keep it by references",
    ),
    ("taker.c", "marked_one_is_back", "sub_sc(pending)", "as above"),
    ("taker.c", "mhq_port_pending", "load_acq(pending)", "as above"),
    ("*", "*", "add_rlx(references)", "whoever holds has a reference"),
    ("*", "*", "store_rlx(references)", "before another thread sees it"),
    ("engine.c", "set_up", "store_rlx(lives)", "as above"),
    (
        "*",
        "*",
        "sub_ar(references)",
        "the last one releases: as the engine's lives, which are modelled",
    ),
    ("engine.c", "mhq_engine_drop", "sub_ar(lives)", "as in mhq_io_leave"),
    ("control.c", "mhq_control_figures", "load_*(*)", "the figures: any moment's"),
    ("control.c", "mhq_control_*entry", "*(wants_entry)", "a wish: the name is under the lock"),
    (
        "control.c",
        "mhq_control_pause",
        "store_sc(paused)",
        "what it holds may as well have started",
    ),
    ("engine.c", "mhq_pause", "store_sc(paused)", "as above"),
    ("engine.c", "mhq_is_paused", "load_acq(paused)", "a glance for others"),
    ("io.c", "is_watched", "load_rlx(paused)", "an old value: the operation has started before"),
    ("step.c", "mhq_on_step", "load_sc(paused)", "is_paused looks again"),
    ("step.c", "mhq_has_ended", "*(*)", "figures of a control, as add_done"),
    ("step.c", "mhq_may_start", "add_rlx(started)", COUNTER),
    ("step.c", "mhq_on_total", "add_*(*)", COUNTER),
    ("step.c", "add_done", "add_rlx(files)", COUNTER),
    ("engine.c", "mhq_close_when_quiet", "", "as mhq_close"),
    ("fate.c", "mhq_fate_state", "load_acq(state)", "a glance for others"),
    ("intake.c", "mhq_intake_close", "store_sc(closed)", "as the ring's close, which is modelled"),
    ("intake.c", "mhq_intake_wait", "load_sc(closed)", "as above"),
    ("intake.c", "mhq_intake_take", "add_sc(held)", "an overdraft: it waits for nothing"),
    ("list.c", "mhq_credit_give_back", "*(unannounced)", "the taker's own"),
    ("taker.c", "mhq_port_announce", "*_rlx(unannounced)", "as above"),
    ("list.c", "mhq_pool_reclaim", "swap_acq(returned)", "the holder, as in mhq_pool_take"),
    ("taker.c", "has_come", "load_sc(finished)", "as in collectable"),
    (
        "taker.c",
        "*",
        "*(nudged)",
        "as the stack: stored before the look at the state, and the other way",
    ),
    ("taker.c", "*", "*(has_bell)", "the taker's own; the holder rings only what was armed since"),
    (
        "taker.c",
        "mhq_port_is_closed",
        "load_acq(refuses)",
        "a glance: what is skipped may as well have run",
    ),
    ("ring.c", "mhq_ring_is_all_back", "load_sc(tail)", "final before `finished` is set"),
    ("taker.c", "place_is_back", "", "ring_return, which the model has, and then the wake-up"),
]

Item = tuple[str, str, str, frozenset[str]]

ATOMIC = re.compile(r"\bmhq_((?:load|store|add|sub|or|swap|cas)_(?:rlx|acq|rel|ar|sc)|bump)\(")
LABEL = re.compile(r"\[([A-Za-z][A-Za-z0-9-]*)\]")
FUNCTION = re.compile(r"^[a-z].*?\b(\w+)\([^;]*$")
COMMENT = re.compile(r"/\*.*?\*/")
TAG = re.compile(r"/\* @ (\S+) (\w+) ?(?:(\w+)\((\w+)\))? ?((?:\[\S+\] ?)*)\*/")


def first_argument(text: str) -> str:
    """The field that an atomic's first argument names."""
    depth = 0
    for at, letter in enumerate(text):
        depth += (letter in "([") - (letter in ")]")
        if depth < 0 or (letter == "," and depth == 0):
            text = text[:at]
            break
    found = re.search(r"(\w+)(?:\[[^]]*\])?$", text)
    assert found, text
    return found[1]


def bodies(text: str) -> Iterator[tuple[str, list[str]]]:
    """Each function of a C file and its lines; a comment of several lines comes as one line."""
    text = re.sub(r"/\*.*?\*/", lambda m: " ".join(m[0].split()), text, flags=re.DOTALL)
    name = ""
    lines: list[str] | None = None
    for line in text.splitlines():
        if line == "{":
            lines = []
        elif line == "}" and lines is not None:
            yield name, lines
            lines = None
        elif lines is not None:
            lines.append(line)
        elif found := FUNCTION.match(line):
            name = found[1]


def in_c(file: str, text: str) -> Iterator[Item]:
    for function, lines in bodies(text):
        above: set[str] = set()
        for line in lines:
            labels = above | {m for c in COMMENT.findall(line) for m in LABEL.findall(c)}
            code = COMMENT.sub("", line)
            if not code.strip():
                above = labels
                continue
            above = set()
            atomics = list(ATOMIC.finditer(code))
            for atomic in atomics:
                field = first_argument(code[atomic.end() :])
                yield file, function, f"{atomic[1]}({field})", frozenset(labels)
            if labels and not atomics:
                yield file, function, "", frozenset(labels)


def in_model(text: str) -> Iterator[tuple[int, Item | str]]:
    """The tags and the lines they are on; a string is a complaint."""
    for number, line in enumerate(text.splitlines(), 1):
        if "/* @" not in line:
            continue
        tag = TAG.search(line)
        if tag is None:
            yield number, "not a tag that can be read"
            continue
        file, function, operation, field, labels = tag.groups()
        if operation and f"{operation.upper()}(" not in line[: tag.start()]:
            yield number, f"the line is no {operation}"
        what = f"{operation}({field})" if operation else ""
        yield number, (file, function, what, frozenset(LABEL.findall(labels)))


def show(item: Item) -> str:
    file, function, what, labels = item
    return f"{file} {function} {what} {' '.join(f'[{name}]' for name in sorted(labels))}"


def invariants() -> Iterator[tuple[str, str]]:
    for head in HEADS:
        text = (CORE / head).read_text()
        for name in re.findall(r"^ \* +(?:Invariant )?([A-Z]\d)(?::| ) ", text, re.MULTILINE):
            yield name, head.rpartition("/")[2]


def table() -> str:
    rows = []
    for path in MODELS:
        rows += rows_of(path.name, path.read_text())
    heading = "| file | function | operation | label | where |\n|---|---|---|---|---|\n"
    return heading + "".join(f"| {' | '.join(map(str, row))} |\n" for row in rows)


def rows_of(file_name: str, model: str) -> list[tuple[str, ...]]:
    rows = []
    for number, item in in_model(model):
        if not isinstance(item, str):
            file, function, what, labels = item
            names = " ".join(f"`[{name}]`" for name in sorted(labels))
            rows.append(
                (
                    f"`{file}`",
                    f"`{function}`",
                    f"`{what}`" if what else "",
                    names,
                    f"`{file_name}` {number}",
                )
            )
    lines = model.splitlines()
    for name, head in invariants():
        for number, line in enumerate(lines, 1):
            if re.search(rf"/\* {name}\b", line):
                rows.append((f"`{head}`", "", "assertion", name, f"`{file_name}` {number}"))
    return rows


def readme_with(rows: str) -> str:
    begin, end = "<!-- made by labels.py -->\n", "<!-- end -->\n"
    before, _, rest = README.read_text().partition(begin)
    return f"{before}{begin}\n{rows}\n{end}{rest.partition(end)[2]}"


def differences() -> tuple[list[str], int]:
    """What is in one and not in the other, and how many lines are in both."""
    wrong: list[str] = []
    code = {i for f in FILES for i in in_c(f.rpartition("/")[2], (CORE / f).read_text())}
    tagged: set[Item] = set()
    for path in MODELS:
        for number, item in in_model(path.read_text()):
            if isinstance(item, str):
                wrong.append(f"{path.name}:{number}: {item}")
            else:
                tagged.add(item)
    model = "".join(path.read_text() for path in MODELS)
    for path in sorted(CORE.rglob("*.[ch]")):
        file = path.relative_to(CORE).as_posix()
        if file.startswith("test/") or file in FILES + BELOW or file.startswith("scout/"):
            continue
        if ATOMIC.search(path.read_text()):
            wrong.append(f"has atomics, and is not looked at: {file}")
    left_out = set()
    for file, function, what, _why in LEFT_OUT:
        found = {
            i
            for i in code
            if fnmatch(i[0], file) and fnmatch(i[1], function) and fnmatch(i[2], what)
        }
        if not found:
            wrong.append(f"left out, but not in the C code: {file} {function} {what}")
        left_out |= found
    wrong += [f"not in the model: {show(i)}" for i in sorted(code - tagged - left_out, key=show)]
    wrong += [f"not in the C code: {show(i)}" for i in sorted(tagged - code, key=show)]
    for name, head in invariants():
        if not re.search(rf"assert\(.*/\* {name}\b", model):
            wrong.append(f"no assertion in the model: {name}, {head}")
    if readme_with(table()) != README.read_text():
        wrong.append("the table in model/README.md is old: python model/labels.py --write")
    return wrong, len(tagged)


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        README.write_text(readme_with(table()))
    complaints, agreeing = differences()
    print("\n".join(complaints) or f"{agreeing} lines of the C code and the model agree")
    raise SystemExit(bool(complaints))
