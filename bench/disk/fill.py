"""What lies on the disk: the same files at the same places each time.

- ``tree``: 6,000 files of 4 to 200 KB in 40 directories, written in random order, of which 2,000
  were deleted and replaced by 2,000 others that lie where there was room;
- ``large``: 2 of 200 MB; ``streams``: 20 of 20 MB;
- ``pieces``: 20 of 4 MB in 64 extents each, written beside the 2,000;
- ``small``: 500 directories of 3 files.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

from bench.disk.device import Disk

DIRECTORIES, FILES, REPLACED = 40, 6000, 2000
PIECES, PIECE_BYTES = 64, 64 << 10
A_BATCH = 250  # files between syncs, which is when ext4 chooses their places


def write(path: Path, size: int, mode: str = "wb") -> None:
    with open(path, mode, buffering=0) as file:
        file.write(os.urandom(64) * (size // 64) + bytes(size % 64))


def fill(disk: Disk) -> None:
    """Then the disk is kept as it is."""
    chance = random.Random(20261130)

    def size() -> int:
        return chance.randint(4_000, 200_000)

    tree = disk.top / "tree"
    for number in range(DIRECTORIES):
        (tree / f"{number:02}").mkdir(parents=True)
    for name, count, each in (("large", 2, 200_000_000), ("streams", 20, 20_000_000)):
        (disk.top / name).mkdir()
        for number in range(count):
            write(disk.top / name / f"{number:02}", each)
    names = [tree / f"{n % DIRECTORIES:02}" / f"{n:05}" for n in range(FILES + REPLACED)]
    first, others = names[:FILES], names[FILES:]
    chance.shuffle(first)
    for number, path in enumerate(first):
        write(path, size())
        if number % A_BATCH == 0:
            disk.settle()
    disk.settle()
    for path in chance.sample(first, REPLACED):
        path.unlink()
    disk.settle()
    chance.shuffle(others)
    write_others(disk, chance, [(path, size()) for path in others])
    for directory in range(500):
        inside = disk.top / "small" / f"{directory:03}"
        inside.mkdir(parents=True)
        for number in range(3):
            write(inside / str(number), size())
    disk.settle()
    disk.keep()


def write_others(disk: Disk, chance: random.Random, others: list[tuple[Path, int]]) -> None:
    """And between them the files in pieces, a piece of each at a time."""
    folder = disk.top / "pieces"
    folder.mkdir()
    pieces: list[int] = []
    for _ in range(PIECES):
        pieces += chance.sample(range(20), 20)
    each = len(others) / len(pieces)
    for number, piece in enumerate(pieces):
        for path, size in others[round(number * each) : round((number + 1) * each)]:
            write(path, size)
        write(folder / f"{piece:02}", PIECE_BYTES, "ab")
        disk.settle()
