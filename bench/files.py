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

from bench.row import Row

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


WIDE = (20_000, 100_000)  # files, in the quick form, in the full form; a hundred in a directory


def build_wide(top: Path, full: bool) -> int:
    """Returns how many entries there are below it."""
    for number in range(WIDE[full]):
        inside = top / f"directory-{number // 100:04}"
        if number % 100 == 0:
            inside.mkdir(parents=True)
        (inside / f"file-{number:06}").touch()
    return WIDE[full] + WIDE[full] // 100


def write_file(path: Path, size: int, line: int) -> None:
    """Zeros, or lines of so many bytes, a mebibyte at a time."""
    pattern = b"x" * (line - 1) + b"\n" if line else bytes(1)
    piece = pattern * (2**20 // len(pattern))
    with path.open("wb") as file:
        for left in range(size, 0, -len(piece)):
            file.write(piece[:left])


def prepare(
    row: Row, folder: Path, full: bool, turns: int
) -> tuple[dict[str, Any], Callable[[], None]]:
    """What the sides of the row work on, and a function to be called before each turn."""
    path = folder / "path"
    size = row.file[full] if isinstance(row.file, tuple) else row.file
    options: dict[str, Any] = {"path": str(path), "size": size or 0, **row.options}

    number = count()

    def fresh() -> None:
        if row.tree == "source" and path.exists():
            path.rename(folder / f"copy-{next(number)}")
        if row.tree == "target":
            (folder / f"tree-{next(number)}").rename(path)

    if size is not None:
        write_file(path, size, row.line)
    if row.tree == "many":
        build_many(path)
    if row.tree == "wide":
        options["entries"] = build_wide(path, full)
    if row.tree == "source":
        options["source"] = str(folder / "source")
        build_tree(folder / "source", full)
    if row.tree == "target":
        for turn in range(turns):
            build_tree(folder / f"tree-{turn}", full)
    return options, fresh
