"""Bad input: it is drawn at random, given to the library, and the outcome checked by the documents.

An input is a call of a public function with arguments of every kind, a short program on oplists, an
environment, or a timeout. Each has its expected outcome, computed by Python's own functions: either
the call raises an exception and leaves no trace, or it is accepted and the callback gets the
documented args. Any other outcome raises ``Wrong``. The numbers and bytes may be drawn by
hypothesis, by a coverage-guided fuzzer, or by chance.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

from helpers import Outcome, settle
from oracle import Expected, difference, expected_of, refusal

import mhddq
from mhddq import _settings

Item = TypeVar("Item")


class Wrong(AssertionError):
    """An outcome that is not the documented one."""


class Draws(Protocol):
    def number(self, low: int, high: int) -> int: ...
    def data(self, most: int) -> bytes: ...


class Chance:
    """Draws by a seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def number(self, low: int, high: int) -> int:
        return self._random.randint(low, high)

    def data(self, most: int) -> bytes:
        return self._random.randbytes(self._random.randint(0, most))


def pick(draw: Draws, items: Sequence[Item]) -> Item:
    return items[draw.number(0, len(items) - 1)]


def text(draw: Draws, most: int) -> str:
    """Any code points, lone surrogates too, often ASCII."""
    units = draw.data(most)
    if draw.number(0, 2):
        return units.decode("latin-1") if draw.number(0, 1) else units.decode("ascii", "ignore")
    return "".join(chr(0xD7F0 + unit) if unit % 3 else chr(unit * 257) for unit in units)


class Raises:
    """A path whose conversion raises an exception of its own."""

    class Own(Exception):
        pass

    def __fspath__(self) -> str:
        raise self.Own


class Pathlike:
    def __init__(self, path: Any) -> None:
        self.path = path

    def __fspath__(self) -> Any:
        return self.path


# ---- arguments: each with the exceptions that it may raise at the call --------------------------

Drawn = tuple[Any, set[type[BaseException]]]
WRONG = [None, 0, 3.5, (), {}, object, ["a"], ..., 10**30]
UNITS = ["n", "é", "\udcff", "a/", "./", "\ud800"]


def component(draw: Draws) -> str | bytes:
    """A path that leads nowhere outside the working directory: not absolute, and without ".."."""
    kind = draw.number(0, 7)
    if kind == 0:
        name: str | bytes = draw.data(6)
    elif kind == 1:
        name = text(draw, 6)
    elif kind == 2:
        name = pick(draw, UNITS) * pick(draw, [1, 84, 127, 128, 254, 255, 256, 2047, 4096])
    elif kind == 3:
        name = pick(draw, ["\0", "a\0b", "", "\udc80", "\ud800", "ä", " ", "\n", "-rf", "*"])
    else:
        name = pick(
            draw, ["a", "b", "d", "d/a", "d/b", "d/", "a/", "a/x", "nowhere/x", b"a", b"d/b"]
        )
    if isinstance(name, bytes):
        return name.replace(b"..", b"__").lstrip(b"/")
    return name.replace("..", "__").lstrip("/")


def path(draw: Draws) -> Drawn:
    kind = draw.number(0, 11)
    if kind == 0:
        return pick(draw, WRONG), {TypeError}
    if kind == 1:
        return Pathlike(pick(draw, [None, 1, bytearray(b"a")])), {TypeError}
    if kind == 2:
        return Raises(), {Raises.Own}
    if kind == 3:
        return bytearray(b"a"), {TypeError}
    name = component(draw)
    if kind == 4:
        return Pathlike(name), set()
    return name, set()


def released() -> memoryview:
    view = memoryview(b"gone")
    view.release()
    return view


def data(draw: Draws) -> Drawn:
    kind = draw.number(0, 9)
    if kind == 0:
        return pick(draw, WRONG), {TypeError}
    if kind == 1:
        return released(), set()
    if kind == 2:
        return memoryview(b"abcdef")[::2], set()
    if kind < 6:
        raw = draw.data(40)
        return pick(draw, [bytes, bytearray, memoryview])(raw), set()
    return text(draw, 20), set()


def binary(draw: Draws) -> Drawn:
    if draw.number(0, 9) == 0:
        return pick(draw, [None, "", "yes", [], 2, -1, 1.0, Raises()]), {TypeError}
    return pick(draw, [True, False, 0, 1]), set()


def callback(draw: Draws, collect: Callable[[Any], None]) -> Drawn:
    if draw.number(0, 15) == 0:
        return pick(draw, [0, "callback", (), [], b"", 3.5]), {TypeError}
    return collect, set()


# ---- what Python's own functions expect of an operation ------------------------------------------

PARAMETERS: dict[str, tuple[str, ...]] = {
    "file_exists": ("filename",),
    "file_create": ("filename",),
    "file_delete": ("filename",),
    "file_rename": ("original_filename", "new_filename"),
    "file_move": ("source_filename", "destination_filename"),
    "file_copy": ("source_filename", "copy_filename"),
    "file_read": ("filename", "binary"),
    "file_write": ("data", "filename", "binary"),
    "directory_exists": ("dirname",),
    "directory_create": ("dirname",),
    "directory_delete": ("dirname",),
    "directory_contents": ("dirname",),
    "directory_rename": ("old_dirname", "new_dirname"),
    "directory_move": ("source_dirname", "destination_dirname"),
    "directory_copy": ("source_dirname", "copy_dirname"),
}
# These operations are only called for names that do not exist. What they do with existing ones is
# shown by the tests of the model.
OF_NOTHING = {
    name for name, taken in PARAMETERS.items() if len(taken) == 2 and taken[1] != "binary"
}
OF_NOTHING |= {"directory_delete"}


def expected_outcome(action: str, params: dict[str, Any]) -> Expected:
    names = PARAMETERS[action]
    values = [os.fspath(params[n]) if n.endswith("name") else params[n] for n in names]
    paths = [value for n, value in zip(names, values, strict=True) if n.endswith("name")]
    refused = [why for why in map(refusal, paths) if why]
    if not refused:
        return expected_of(action, values)
    if action.endswith("_exists"):
        return action, True, {"exists": False}
    return action, False, refused[0]


# ---- the inputs ----------------------------------------------------------------------------------


class Fuzz:
    """Takes inputs, with two equal directories: the queue works in the one, and in the other
    Python's own functions compute what is expected. They do so a batch at a time, since there is
    only one working directory."""

    BATCH = 64

    def __init__(self, top: Path) -> None:
        self.real, self.twin = top / "real", top / "twin"
        for place in (self.real, self.twin):
            (place / "d").mkdir(parents=True)
        os.chdir(self.real)
        self.taken = 0
        self.outcome = Outcome()
        # What the callbacks are to get, in order: action and params of each accepted operation.
        self.expected: list[tuple[str, dict[str, Any]]] = []
        self.lists = [mhddq.create_empty_oplist() for _ in range(3)]
        self.models: list[list[Any]] = [[], [], []]

    def take(self, draw: Draws) -> None:
        """One input."""
        kind = draw.number(0, 19)
        if kind < 12:
            self.call(draw)
        elif kind < 17:
            self.use_lists(draw)
        elif kind < 19:
            self.settings(draw)
        else:
            self.timeout(draw)
        self.taken += 1
        if len(self.expected) >= self.BATCH:
            self.compare()

    def refused(self, may_raise: set[type[BaseException]], call: Callable[[], Any]) -> bool:
        """Makes a call that must raise one of these, or, where there is none, must not raise."""
        try:
            returned = call()
        except Exception as error:
            if type(error) not in may_raise:
                raise Wrong(f"{error!r}, not one of {may_raise}") from error
            return True
        if may_raise:
            raise Wrong(f"{returned!r}, not one of {may_raise}")
        return False

    def arguments(self, draw: Draws, action: str) -> tuple[dict[str, Any], set[type]]:
        params: dict[str, Any] = {}
        params["callback"], may_raise = callback(draw, self.outcome)
        for name in PARAMETERS[action]:
            maker = {"data": data, "binary": binary}.get(name, path)
            params[name], bad = maker(draw)
            may_raise |= bad
            if action in OF_NOTHING and maker is path and not bad:
                given = os.fspath(params[name])
                params[name] = b"no" + given if isinstance(given, bytes) else "no" + given
        return params, may_raise

    def shaped(
        self, draw: Draws, params: dict[str, Any], may_raise: set[type]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments by position and by name, at times too many, too few or misnamed."""
        names = list(params)
        by_position = draw.number(0, len(names))
        args = [params[name] for name in names[:by_position]]
        keywords = {name: params[name] for name in names[by_position:]}
        mistake = draw.number(0, 24)
        if mistake == 0:
            keywords[text(draw, 5).replace("\0", "") + "?"] = None
        elif mistake == 1:
            args += [None] * (len(names) - len(args) + 1)
        elif mistake == 2 and keywords:
            missing = pick(draw, list(keywords))
            if missing == "binary" and may_raise:  # the wrong argument may be this one
                return tuple(args), keywords
            del keywords[missing]
            if missing == "binary":  # has a default
                params["binary"] = False
                return tuple(args), keywords
        elif mistake == 3 and args:
            keywords[names[0]] = args[0]
        else:
            return tuple(args), keywords
        may_raise.clear()
        if mistake != 2 or len(args) + len(keywords) < len(names):
            may_raise.add(TypeError)
        return tuple(args), keywords

    def call(self, draw: Draws) -> None:
        action = pick(draw, list(PARAMETERS))
        params, may_raise = self.arguments(draw, action)
        listed = draw.number(0, 3) == 0
        oplist = mhddq.create_empty_oplist()
        given = dict(params)
        if listed:
            given = {"oplist": pick(draw, [oplist, oplist, oplist, None, [], self]), **params}
            if given["oplist"] is not oplist:
                may_raise |= {TypeError}
        before = dict(given)
        args, keywords = self.shaped(draw, given, may_raise)
        if "binary" in before and given["binary"] is not before["binary"]:
            params["binary"] = given["binary"]
        function = getattr(mhddq, f"oplist_{action}" if listed else action)
        returned: list[Any] = []
        if self.refused(may_raise, lambda: returned.append(function(*args, **keywords))):
            if len(oplist):
                raise Wrong(f"{function.__name__} raised, and left an entry")
            return
        if returned != [None if listed else True]:
            raise Wrong(f"{function.__name__} returned {returned}")
        if listed and mhddq.enqueue_oplist(oplist) is not True:
            raise Wrong("a list was refused")
        self.expected.append((action, params))

    def use_lists(self, draw: Draws) -> None:
        """A few steps with three lists that live on."""
        for _ in range(draw.number(1, 6)):
            at, other, step = draw.number(0, 2), draw.number(0, 2), draw.number(0, 7)
            oplist, model = self.lists[at], self.models[at]
            if step == 0:
                self.lists[at], self.models[at] = mhddq.create_empty_oplist(), []
            elif step == 1:
                # Other models refer to this one, as lists refer to lists: so it is cleared, not
                # replaced.
                mhddq.clear_oplist(oplist)
                model.clear()
            elif step == 2:
                self.embed(at, other)
            elif step == 3:
                self.misuse(oplist, pick(draw, WRONG))
            elif step < 6:
                entry = ("file_exists", {"callback": self.outcome, "filename": component(draw)})
                mhddq.oplist_file_exists(oplist, *entry[1].values())
                model.append(entry)
            elif step == 6:
                self.iterate(oplist, model)
            elif size(model) < 200:
                if mhddq.enqueue_oplist(oplist) is not True:
                    raise Wrong("a list was refused")
                self.expected += expanded(model)

    def embed(self, at: int, other: int) -> None:
        cycle = holds(self.models[other], self.models[at])
        oplist, sub = self.lists[at], self.lists[other]
        if not self.refused(
            {ValueError} if cycle else set(), lambda: mhddq.embed_oplist(oplist, sub)
        ):
            self.models[at].append(self.models[other])

    def misuse(self, oplist: mhddq.Oplist, wrong: Any) -> None:
        for misuse in (
            lambda: mhddq.embed_oplist(oplist, wrong),
            lambda: mhddq.embed_oplist(wrong, oplist),
            lambda: mhddq.clear_oplist(wrong),
            lambda: mhddq.enqueue_oplist(wrong),
        ):
            self.refused({TypeError}, misuse)

    @staticmethod
    def iterate(oplist: mhddq.Oplist, model: list[Any]) -> None:
        shown = [e if isinstance(e, mhddq.Oplist) else e["params"] for e in oplist]
        kept = [e[1] for e in model if isinstance(e, tuple)]
        if len(shown) != len(oplist) or len(shown) != len(model):
            raise Wrong(f"{len(shown)} entries, not {len(model)}")
        if [e for e in shown if isinstance(e, dict)] != kept:
            raise Wrong(f"{shown}, not {model}")

    def settings(self, draw: Draws) -> None:
        variable, _default, lowest, highest = pick(draw, list(_settings.SETTINGS.values()))
        value = pick(
            draw,
            [
                text(draw, 8).replace("\0", ""),
                str(draw.number(-5, highest + 5)),
                str(pick(draw, [lowest - 1, lowest, highest, highest + 1])),
                f"{lowest}{pick(draw, [' ', '_0', '.0', 'e1', '٣', '', '0' * 30])}",
            ],
        )
        right = re.fullmatch("[0-9]{1,20}", value) and lowest <= int(value) <= highest
        try:
            read = _settings.read_settings({variable: value})
        except ValueError as error:
            message = f"{variable}={value!r}: must be a whole number from {lowest} to {highest}"
            if right or str(error) != message:
                raise Wrong(f"{value!r}: {error}") from error
            return
        name = next(n for n, s in _settings.SETTINGS.items() if s[0] == variable)
        wanted = int(value) if right else None
        if name == "ring_size" and wanted is not None:
            wanted = 1 << (wanted - 1).bit_length()
        if read[name] != wanted:
            raise Wrong(f"{value!r} was read as {read[name]}")

    def timeout(self, draw: Draws) -> None:
        """shutdown() with a timeout that is no time: it raises, and the queue stays open."""
        wrong, error = pick(
            draw,
            [(float("nan"), ValueError)] + [(w, TypeError) for w in ("1", b"", [], True, {}, 1j)],
        )
        self.refused({error}, lambda: mhddq.shutdown(wrong))
        self.refused({TypeError}, lambda: mhddq.shutdown(1, 2))
        if mhddq.is_shutdown() is not False:
            raise Wrong("shut down by a mistake")

    def compare(self) -> None:
        """Waits for what was accepted, and checks each callback's args."""
        collected = self.outcome.wait(len(self.expected))
        os.chdir(self.twin)
        try:
            for args, (action, params) in zip(collected, self.expected, strict=True):
                self.check(args, action, params)
        finally:
            os.chdir(self.real)
        self.outcome.__init__()
        self.expected.clear()

    def check(self, args: dict[str, Any], action: str, params: dict[str, Any]) -> None:
        shown = f"{action}({ {k: v for k, v in params.items() if k != 'callback'} }): {args}"
        if args["action"] != action or list(args) != ["action", "result", "params", "output"]:
            raise Wrong(shown)
        if list(args["params"]) != list(params) or any(
            args["params"][name] is not params[name] for name in params
        ):
            raise Wrong(f"not the caller's own objects: {shown}")
        if wrong := difference(args, expected_outcome(action, params)):
            raise Wrong(wrong)


def holds(model: list[Any], sought: list[Any]) -> bool:
    """Is `sought` the model or embedded in it?"""
    return model is sought or any(isinstance(e, list) and holds(e, sought) for e in model)


def size(model: list[Any]) -> int:
    return sum(size(e) if isinstance(e, list) else 1 for e in model)


def expanded(model: list[Any]) -> list[tuple[str, dict[str, Any]]]:
    found: list[tuple[str, dict[str, Any]]] = []
    for entry in model:
        found += expanded(entry) if isinstance(entry, list) else [entry]
    return found


def run(inputs: int, seed: int) -> int:
    """Takes that many inputs, drawn by chance from `seed`; returns how many were taken."""
    before = os.getcwd()
    top = Path(tempfile.mkdtemp(prefix="mhddq-fuzz-"))
    fuzz = Fuzz(top)
    try:
        for number in range(inputs):
            try:
                fuzz.take(Chance(seed + number))
            except Exception as error:
                raise Wrong(f"input {number} of seed {seed}") from error
        fuzz.compare()
    finally:
        settle()
        os.chdir(before)
        shutil.rmtree(top)
    return fuzz.taken


def main() -> None:
    inputs, seed = (int(argument) for argument in sys.argv[1:])
    print(f"{run(inputs, seed)} inputs, each with its documented outcome (seed {seed})")


if __name__ == "__main__":
    main()
