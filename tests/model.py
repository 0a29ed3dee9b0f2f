"""Random histories: small worlds that the queue and the oracle (oracle.py) work in side by side.

A *world* is a directory of the queue's and its twin, in which the oracle does the same. Results,
outputs and the text of errors must be equal, and the trees at the end.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from helpers import Args, Outcome, must_equal, tree_of
from oracle import Expected, difference, expected_of

import mhddq

# A small world, so that operations meet: files, directories, links, and what is not there.
NAMES = ["a", "b", "d", "e", "d/a", "d/e", "e/a", "d/e/b", "l", "l/a", "e/l", "a/x", "d/", "ä"]
LINKS = ["l", "b", "d/l", "e/l"]
TARGETS = ["a", "d", "e", "nowhere", "l", "."]
DATA = {
    "<nothing>": b"",
    "<line>": b"one\n",
    "<lines>": b"two\r\nthree\r",
    "<no text>": b"\xff\xfe",
    "<much>": b"x" * 70_000,
}
TEXTS = ["", "text\n", "\r\n|\r", "ünï", "\ud800"]

ONE_PATH = [
    "file_exists",
    "file_create",
    "file_delete",
    "directory_exists",
    "directory_create",
    "directory_delete",
    "directory_contents",
    "path_exists",
    "link_read",
    "file_truncate",
]
WALK = "directory_walk"  # takes one path, too, and no list takes it
TWO_PATHS = [
    "file_rename",
    "file_move",
    "file_copy",
    "directory_rename",
    "directory_move",
    "directory_copy",
    "path_rename",
]


class World:
    """A directory and its twin. Operations are enqueued for the one and done by the oracle in the
    other; ``compare`` fails where an outcome differs from the expected one."""

    def __init__(self, top: Path, callback: Callable[[Args], None], outcome: Outcome) -> None:
        """callback: that of the operations; it must pass its args on to outcome at some time."""
        self.real, self.twin = top / "real", top / "twin"
        self.real.mkdir(parents=True)
        self.twin.mkdir()
        self.callback, self.outcome = callback, outcome
        self.expected: list[Expected] = []
        self.compared = 0

    def placed(self, arguments: Any, top: Path) -> list[Any]:
        """The arguments of a history as those of a call, with paths in `top`."""
        return [f"{top}/{a}" if a in NAMES else DATA.get(a, a) for a in arguments]

    def mapped(self, text: str) -> str:
        """An error's text with the paths of the queue's world. They stand in it as repr shows
        them."""
        twin, real = repr(str(self.twin))[1:-1], repr(str(self.real))[1:-1]
        return text.replace(twin, real)

    def by_the_oracle(self, name: str, arguments: Any) -> None:
        name, result, output = expected_of(name, self.placed(arguments, self.twin))
        if result and name == WALK:
            for entry in output["entries"]:
                entry["path"] = entry["path"].replace(str(self.twin), str(self.real), 1)
        self.expected.append((name, result, output if result else self.mapped(output)))

    def enqueue(self, operation: Any) -> None:
        name, *arguments = operation
        accepted = getattr(mhddq, name)(self.callback, *self.placed(arguments, self.real))
        must_equal(accepted, True, operation)
        self.by_the_oracle(name, arguments)

    def built(self, entries: Any) -> mhddq.Oplist:
        oplist = mhddq.create_empty_oplist()
        for entry in entries:
            if isinstance(entry, tuple):
                name, *arguments = entry
                function = getattr(oplist, name)
                function(self.callback, *self.placed(arguments, self.real))
            else:
                mhddq.embed_oplist(oplist, self.built(entry))
        return oplist

    def list_by_the_oracle(self, entries: Any) -> None:
        for entry in entries:
            if isinstance(entry, tuple):
                self.by_the_oracle(entry[0], entry[1:])
            else:
                self.list_by_the_oracle(entry)

    def enqueue_list(self, entries: Any, times: int) -> None:
        oplist = self.built(entries)
        for _ in range(times):
            must_equal(mhddq.enqueue_oplist(oplist), True)
            self.list_by_the_oracle(entries)

    def link(self, name: str, leads_to: str) -> None:
        """Makes a link in both directories; everything enqueued must have been done before. On
        Windows links take a privilege, so worlds there have none."""
        if os.name != "posix":
            return
        for top in (self.real, self.twin):
            if (top / name).parent.is_dir() and not os.path.lexists(top / name):
                (top / name).symlink_to(leads_to)

    def called_back(self) -> list[tuple[Args, Expected]]:
        """Waits for all that was enqueued. Returns what has been called back since the last time,
        each with what the oracle expected."""
        arrived = self.outcome.wait(len(self.expected))
        must_equal(len(arrived), len(self.expected), "callbacks")
        pairs = list(zip(arrived, self.expected, strict=True))[self.compared :]
        self.compared = len(arrived)
        return pairs

    def compare(self) -> None:
        for args, expected in self.called_back():
            must_equal(difference(args, expected), None)
        must_equal(tree_of(self.real), tree_of(self.twin), "the trees")
