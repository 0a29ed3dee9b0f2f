"""What a command is going to do: its arguments become items, each of which is one operation.

A source that cannot be done becomes a failure, and the rest is done. What is wrong with the
arguments as a whole is a Usage error, and nothing is done.

A tree is copied by one operation, so it is there as a whole or not at all. Only where a directory
of that name exists already, and files in it are to be replaced or skipped, the two are merged: then
each file, and each directory that is new, is an item of its own.
"""

from __future__ import annotations

import os
import stat

from mhddq.cli._lane import is_cancelled, step
from mhddq.cli._words import shown

TYPE_CHECKING = False  # as typing has it, without importing typing
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from mhddq.cli._lane import Lane, Step

EXISTS = "exists (see --replace and --skip-existing)"


class Usage(Exception):
    """The arguments make no sense together."""


class Item:
    """One thing to be done. bytes, files: what it consists of, as far as it was measured; moved
    within a file system it has none to be copied."""

    __slots__ = ("bytes", "files", "is_tree", "source", "steps", "target")

    def __init__(self, source: str, target: str | None, steps: list[Step], is_tree: bool) -> None:
        self.source = source
        self.target = target
        self.steps = steps
        self.is_tree = is_tree
        self.bytes = self.files = 0


class Failure(Exception):
    """Why a source cannot be done."""


class Plan:
    """items: what is to be done. total: bytes, and files, of them all, once they are measured.

    failed, skipped: are called as failed(source, target, error), skipped(source, target).
    found: is called with the number of entries that were found so far.
    """

    def __init__(
        self,
        lane: Lane,
        existing: str,
        failed: Callable[[str, str | None, BaseException], object],
        skipped: Callable[[str, str], object],
        found: Callable[[str, int], object],
    ) -> None:
        self.lane = lane
        self.existing = existing  # "refuse", "replace" or "skip"
        self.failed = failed
        self.skipped = skipped
        self.found = found
        self.entries = 0
        self.items: list[Item] = []

    @property
    def bytes(self) -> int:
        return sum(item.bytes for item in self.items)

    @property
    def files(self) -> int:
        return sum(item.files for item in self.items)

    def add(self, of: Callable[..., object], source: str, target: str | None, *more: Any) -> bool:
        """Adds what `of`, a method of this plan, makes of it. False: it failed."""
        try:
            of(source, target, *more)
        except (OSError, Failure, ValueError) as error:
            if is_cancelled(error):
                raise
            self.failed(source, target, error)
            return False
        return True

    def stat_of(self, path: str, follow: bool) -> os.stat_result | None:
        """None: there is nothing of this name."""
        try:
            found: os.stat_result = self.lane.ask("path_stat", path, follow_symlinks=follow)["stat"]
        except (FileNotFoundError, NotADirectoryError):
            return None
        return found

    def must_stat(self, path: str, follow: bool) -> os.stat_result:
        found: os.stat_result = self.lane.ask("path_stat", path, follow_symlinks=follow)["stat"]
        return found

    # -- copy --

    def copy(self, source: str, target: str, recursive: bool, measure: bool) -> None:
        st = self.must_stat(source, True)
        if not stat.S_ISDIR(st.st_mode):
            self._copy_file(source, target, st)
            return
        if not recursive:
            raise Failure("is a directory (use -r)")
        _not_into_itself(source, target)
        there = self.stat_of(target, False)
        if there is not None and stat.S_ISDIR(there.st_mode) and self.existing != "refuse":
            self._merge(source, target)
            return
        if self._is_to_be(source, target, there, st):
            item = Item(source, target, [step("directory_copy", source, target)], True)
            self.items.append(item)
            if measure:
                self._measure(item)

    def _copy_file(self, source: str, target: str, st: os.stat_result) -> None:
        if not stat.S_ISREG(st.st_mode):
            raise Failure("is not a regular file")
        there = self.stat_of(target, True)
        if there is not None and os.path.samestat(st, there):
            raise Failure(f"and {shown(target)} are the same file")
        there = self.stat_of(target, False)
        if self._is_to_be(source, target, there, st):
            replace = there is not None
            item = Item(source, target, [step("file_copy", source, target, replace=replace)], False)
            item.bytes, item.files = st.st_size, 1
            self.items.append(item)

    def _copy_link(self, source: str, target: str, st: os.stat_result) -> None:
        there = self.stat_of(target, False)
        if not self._is_to_be(source, target, there, st):
            return
        text = self.lane.ask("link_read", source)["target"]
        if there is None:
            steps = [step("link_create", text, target)]
        else:
            folder, name = os.path.split(target)
            beside = os.path.join(folder, f".mhddq-{os.getpid()}-{name[:200]}")
            steps = [step("link_create", text, beside), step("path_rename", beside, target)]
        self.items.append(Item(source, target, steps, False))

    def _merge(self, source: str, target: str) -> None:
        """Into a directory that is there. owners: of each directory the item that copies it as a
        whole, or None where it is merged."""
        owners: dict[str, Item | None] = {}
        for entry in self._walk(source, "stop"):
            path, st = entry["path"], entry["stat"]
            owner = owners.get(os.path.dirname(path))
            if owner is not None:
                _account(owner, st)
            else:
                before = len(self.items)
                there = os.path.join(target, os.path.relpath(path, source))
                if not self.add(self._merge_entry, path, there, st):
                    owner = Item(path, there, [], True)  # which is not done, nor what is in it
                elif len(self.items) > before:
                    owner = self.items[-1]
            if entry["type"] == "directory":
                owners[path] = owner

    def _merge_entry(self, path: str, target: str, st: os.stat_result) -> None:
        if stat.S_ISLNK(st.st_mode):
            self._copy_link(path, target, st)
        elif not stat.S_ISDIR(st.st_mode):
            self._copy_file(path, target, st)
        else:
            there = self.stat_of(target, False)
            if there is None:
                steps = [step("directory_copy", path, target)]
                self.items.append(Item(path, target, steps, True))
            elif not stat.S_ISDIR(there.st_mode):
                raise Failure(f"is a directory, and {shown(target)} is none")

    # -- move --

    def move(self, source: str, target: str, measure: bool) -> None:
        st = self.must_stat(source, False)
        is_tree = stat.S_ISDIR(st.st_mode)
        if is_tree:
            _not_into_itself(source, target)
        there = self.stat_of(target, False)
        if there is not None and os.path.samestat(st, there):
            raise Failure(f"and {shown(target)} are the same file")
        if is_tree and there is not None and self.existing == "replace":
            raise Failure(f"is a directory, and {shown(target)} exists: trees are not replaced")
        if not self._is_to_be(source, target, there, st):
            return
        if there is not None and stat.S_ISLNK(there.st_mode) and self._is_directory(target):
            raise Failure(f"would go into {shown(target)}, a link to a directory")
        operation = "directory_move" if is_tree else "file_move"
        item = Item(source, target, [step(operation, source, target)], is_tree)
        self.items.append(item)
        if self._across(st, target):
            if is_tree and measure:
                self._measure(item)
            elif stat.S_ISREG(st.st_mode):
                item.bytes, item.files = st.st_size, 1

    def _is_directory(self, path: str) -> bool:
        return bool(self.lane.ask("directory_exists", path)["exists"])

    def _across(self, st: os.stat_result, target: str) -> bool:
        """Whether it goes to another file system."""
        beside = self.stat_of(os.path.dirname(target) or ".", True)
        return beside is None or beside.st_dev != st.st_dev

    # -- delete --

    def delete(self, path: str, target: None, recursive: bool) -> None:
        is_tree = stat.S_ISDIR(self.must_stat(path, False).st_mode)
        if is_tree and not recursive:
            raise Failure("is a directory (use -r)")
        operation = "directory_delete" if is_tree else "file_delete"
        item = Item(path, None, [step(operation, path)], is_tree)
        item.files = 0 if is_tree else 1
        self.items.append(item)

    # -- all --

    def _is_to_be(
        self, source: str, target: str, there: os.stat_result | None, st: os.stat_result
    ) -> bool:
        """Whether it is to be done, as far as what is there at its target is concerned."""
        if there is None:
            return True
        if self.existing == "skip":
            self.skipped(source, target)
            return False
        if self.existing == "refuse":
            raise Failure(f"not done: {shown(target)} {EXISTS}")
        if stat.S_ISDIR(there.st_mode) != stat.S_ISDIR(st.st_mode):
            what = "a directory" if stat.S_ISDIR(there.st_mode) else "no directory"
            raise Failure(f"cannot replace {shown(target)}, which is {what}")
        return True

    def _measure(self, item: Item) -> None:
        for entry in self._walk(item.source, "continue"):
            _account(item, entry["stat"])

    def _walk(self, top: str, on_error: str) -> Iterator[dict[str, Any]]:
        for entry in self.lane.walk(top, on_error):
            self.entries += 1
            self.found(top, self.entries)
            yield entry


def _account(item: Item, st: os.stat_result) -> None:
    if stat.S_ISREG(st.st_mode):
        item.files += 1
        item.bytes += st.st_size


def _not_into_itself(source: str, target: str) -> None:
    top = os.path.realpath(source)
    folder = os.path.realpath(os.path.dirname(os.path.abspath(target)))
    if folder == top or folder.startswith(os.path.join(top, "")):
        raise Failure(f"cannot go into itself, to {shown(target)}")


def targets_of(lane: Lane, sources: list[str], destination: str) -> list[str]:
    """Where each source goes, as with cp and mv: into the destination where that is a directory.
    Raises: Usage."""
    into = bool(lane.ask("directory_exists", destination)["exists"])
    if not into:
        if len(sources) > 1:
            raise Usage(f"several sources, and {shown(destination)} is not a directory")
        return [destination]
    names: dict[str, str] = {}
    targets = []
    for source in sources:
        name = last_name(source)
        if not name:
            raise Usage(f"{shown(source)} has no name of its own")
        before = names.setdefault(os.path.normcase(name), source)
        if before is not source:
            raise Usage(
                f"{shown(before)} and {shown(source)} have the same last name, {shown(name)}"
            )
        targets.append(os.path.join(destination, name))
    return targets


def last_name(path: str) -> str:
    """Of '.' and the like, the name of the directory that it stands for."""
    name = os.path.basename(path.rstrip(os.sep + (os.altsep or "")))
    return name if name not in ("", ".", "..") else os.path.basename(os.path.realpath(path))
