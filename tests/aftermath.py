"""Checks what is promised of an operation that failed by a fault, for the soak. It compares the
trees before and after the operation, since the oracle cannot know how far the operation came.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from helpers import tree_of
from model import DATA, NAMES, World

Tree = dict[str, tuple[Any, ...]]

WRITE = ("file_write", "file_replace")
LOOK = ("file_exists", "directory_exists", "path_exists", "link_read", "file_read")
LOOK += ("directory_contents", "directory_walk")


def subtree(tree: Tree, top: str) -> Tree:
    return {
        os.path.relpath(path, top): content
        for path, content in tree.items()
        if path == top or path.startswith(top + os.sep)
    }


class Aftermath:
    """Checks one operation that failed by a fault, by the trees before and after it. The object is
    made before the operation."""

    def __init__(self, world: World, operation: tuple[Any, ...]) -> None:
        self.name, *arguments = operation
        self.before: Tree = tree_of(world.twin)
        self.data = DATA.get(arguments[0], arguments[0]) if self.name in WRITE else b""
        paths = [a for a in arguments if a in NAMES][-2:]
        self.top = world.twin
        self.places = [self.lexical(path) for path in paths]
        self.followed = [self.relative(self.top / path) for path in paths]
        if len(paths) == 2:
            self.inside = os.path.normpath(f"{self.followed[1]}/{os.path.basename(self.places[0])}")

    def relative(self, path: Path) -> str:
        return os.path.relpath(os.path.realpath(path), self.top)

    def lexical(self, path: str) -> str:
        """The entry that the path names: links among its parents are followed, the last is not."""
        parent, name = os.path.split(path.rstrip("/"))
        return os.path.normpath(f"{self.relative(self.top / parent)}/{name}")

    def wrong(self, after: Tree, unreported: Callable[[list[str]], list[str]]) -> str | None:
        if self.name == "directory_move" and self.reserved(after) and not unreported([self.inside]):
            after = {path: content for path, content in after.items() if path != self.inside}
        changed = [path for path in {*self.before, *after} if self.differs(path, after)]
        stray = unreported([path for path in changed if not self.may_change(path)])
        if stray:
            return f"it changed {stray}"
        # Parents that were made and could not be removed again have been reported.
        changed = [path for path in changed if self.may_change(path)]
        check = getattr(self, f"after_{self.name}", None)
        wrong: str | None = check(after, changed) if check else None
        return wrong and f"{wrong}: {changed}"

    def reserved(self, after: Tree) -> bool:
        """Did the operation take the target's name inside the source, before it was refused? A name
        that was there before is not its own, whatever was reported of it."""
        return self.inside in after and self.inside not in self.before

    def differs(self, path: str, after: Tree) -> bool:
        return self.before.get(path) != after.get(path)

    def may_change(self, path: str) -> bool:
        if self.name in LOOK:
            return False
        mine = self.places[-1:] if self.name.endswith("copy") else self.places
        mine = [*mine, self.followed[-1]]
        if self.name.endswith("move"):
            mine.append(self.inside)
        return any(path == place or path.startswith(place + os.sep) for place in mine)

    def after_file_create(self, after: Tree, changed: list[str]) -> str | None:
        return None if all(after.get(path) == ("file", b"") for path in changed) else "not empty"

    def after_file_write(self, after: Tree, changed: list[str]) -> str | None:
        data = self.data if isinstance(self.data, bytes) else self.data.encode("utf-8", "replace")
        for path in changed:
            kind, content = after.get(path, ("nothing", None))
            if kind != "file" or not data.startswith(content):
                return f"it left {kind} in {path}, no beginning of the data"
        return None

    def after_file_replace(self, after: Tree, changed: list[str]) -> str | None:
        """The old version or the new one."""
        data = self.data if isinstance(self.data, bytes) else self.data.encode("utf-8", "replace")
        whole = all(after.get(path) == ("file", data) for path in changed)
        return None if whole else "it left what is no whole version"

    def after_file_delete(self, after: Tree, changed: list[str]) -> str | None:
        return f"it made {changed}" if any(path in after for path in changed) else None

    after_directory_delete = after_file_delete

    def after_copy(self, after: Tree, changed: list[str]) -> str | None:
        source = subtree(self.before, self.followed[0])
        if changed and subtree(after, self.places[1]) != source:
            return "it left half a copy"
        return None

    after_file_copy = after_directory_copy = after_copy

    def after_move(self, after: Tree, changed: list[str]) -> str | None:
        source = subtree(self.before, self.places[0])
        if subtree(after, self.places[0]) == source:
            return None
        targets = (self.places[1], self.inside)
        if any(subtree(after, target) == source for target in targets):
            return None
        return "neither the source nor the target is complete"

    after_file_move = after_directory_move = after_move
    after_file_rename = after_directory_rename = after_path_rename = after_move
