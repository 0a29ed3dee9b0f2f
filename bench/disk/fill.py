"""What lies on the disk: the same files at the same places each time.

- ``tree``: 6,000 files of 4 to 200 KB in 40 directories, written in random order, of which 2,000
  were deleted and replaced by 2,000 others that lie where there was room;
- ``pieces``: 20 of 4 MB that grew by 64 KiB at a time beside the 6,000: 64 extents each;
- ``streams``: 20 of 20 MB that grew by 1 MB at a time, four at once, beside the 2,000;
- ``large``: 2 of 200 MB, each written at once;
- ``small``: 500 directories of 3 files.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

from bench.disk.device import Disk

DIRECTORIES, FILES, REPLACED = 40, 6000, 2000
A_BATCH = 250  # files between syncs, which is when ext4 chooses their places

Append = tuple[Path, int]  # a file, which may be new, and by how many bytes it grows


def fill(disk: Disk) -> None:
    """Then the disk is kept as it is."""
    chance = random.Random(20261130)

    def new(path: Path) -> Append:
        return path, chance.randint(4_000, 200_000)

    tree, small = disk.top / "tree", disk.top / "small"
    names = [tree / f"{n % DIRECTORIES:02}" / f"{n:05}" for n in range(FILES + REPLACED)]
    first, others = names[:FILES], names[FILES:]
    chance.shuffle(first)
    chance.shuffle(others)
    pieces = [disk.top / "pieces" / f"{n:02}" for n in range(20)]
    streams = [disk.top / "streams" / f"{n:02}" for n in range(20)]

    append(disk, [(disk.top / "large" / f"{n:02}", 200_000_000) for n in range(2)])
    growth = [(path, 64 << 10) for _ in range(64) for path in chance.sample(pieces, 20)]
    append(disk, beside([new(path) for path in first], growth))
    for path in chance.sample(first, REPLACED):
        path.unlink()
    disk.settle()
    growth = [
        (path, 1_000_000)
        for start in range(0, len(streams), 4)
        for _ in range(20)
        for path in streams[start : start + 4]
    ]
    append(disk, beside([new(path) for path in others], growth))
    append(disk, [new(small / f"{n:03}" / str(file)) for n in range(500) for file in range(3)])
    disk.keep()


def beside(files: list[Append], growth: list[Append]) -> list[Append]:
    """Both in their orders, the growth spread evenly."""
    every = len(files) / len(growth)
    mixed: list[Append] = []
    for number, piece in enumerate(growth):
        mixed += files[round(number * every) : round((number + 1) * every)]
        mixed.append(piece)
    return mixed


def append(disk: Disk, appends: list[Append]) -> None:
    for number, (path, size) in enumerate(appends):
        path.parent.mkdir(parents=True, exist_ok=True)
        grows = path.exists()
        with open(path, "ab", buffering=0) as file:
            file.write(os.urandom(64) * (size // 64) + bytes(size % 64))
        if grows or number % A_BATCH == 0:
            disk.settle()
    disk.settle()
