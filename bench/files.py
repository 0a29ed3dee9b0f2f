"""The files and trees that the rows work on.

All trees to delete are built before the first turn, and copies stay until the end of the row. The
reason: ext4 takes long to find a free inode if many were freed in the last minutes (it walks past
each of them), and then nothing else would be measured.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

from bench.rows import Row

DIRECTORIES = (20, 100)  # in the quick form, in the full form
FILES = 30  # in each
FILE_BYTES = 4096


def build_tree(top: Path, full: bool) -> None:
    for directory in range(DIRECTORIES[full]):
        inside = top / f"directory-{directory:03}"
        inside.mkdir(parents=True)
        for file in range(FILES):
            (inside / f"file-{file:02}").write_bytes(bytes(FILE_BYTES))


def build_many(top: Path) -> None:
    """20,000 entries, each twentieth a directory."""
    top.mkdir()
    for number in range(20_000):
        entry = top / f"entry-{number:05}"
        if number % 20 == 0:
            entry.mkdir()
        else:
            entry.touch()


def prepare(
    row: Row, folder: Path, full: bool, turns: int
) -> tuple[dict[str, Any], Callable[[], None]]:
    """What the sides of the row work on, and a function to be called before each turn."""
    path = folder / "path"
    options: dict[str, Any] = {"path": str(path), "size": row.file or 0, **row.options}

    number = count()

    def fresh() -> None:
        if row.tree == "source" and path.exists():
            path.rename(folder / f"copy-{next(number)}")
        if row.tree == "target":
            (folder / f"tree-{next(number)}").rename(path)

    if row.file is not None:
        path.write_bytes(bytes(row.file))
    if row.tree == "many":
        build_many(path)
    if row.tree == "source":
        options["source"] = str(folder / "source")
        build_tree(folder / "source", full)
    if row.tree == "target":
        for turn in range(turns):
            build_tree(folder / f"tree-{turn}", full)
    return options, fresh
