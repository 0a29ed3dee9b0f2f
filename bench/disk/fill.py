"""What lies on the disk: the same files at the same places each time.

- ``tree``: 6,000 files of 4 to 200 KB in 40 directories, written in random order, of which 2,000
  were deleted and replaced by 2,000 others that lie where there was room;
- ``pieces``: 20 of 4 MB, ``streams``: 20 of 20 MB, in pieces of 64 KiB and of 1 MiB that lie at
  random between the 2,000;
- ``large``: 2 of 200 MB, each written at once;
- ``small``: 500 directories of 3 files, between the 2,000 as well.
"""

from __future__ import annotations

import fcntl
import os
import random
import struct
from pathlib import Path

from bench.disk.device import Disk
from bench.disk.model import MIB

DIRECTORIES, FILES, REPLACED = 40, 6000, 2000
A_BATCH = 250  # files between syncs, which is when ext4 chooses their places

MOVE_EXTENTS = 0xC028660F  # _IOWR('f', 15, ...): two files exchange blocks

File = tuple[Path, int]  # and its bytes


def fill(disk: Disk) -> None:
    """Then the disk is kept as it is."""
    chance = random.Random(20261130)

    def new(path: Path) -> File:
        return path, chance.randint(4_000, 200_000)

    tree, small = disk.top / "tree", disk.top / "small"
    names = [tree / f"{n % DIRECTORIES:02}" / f"{n:05}" for n in range(FILES + REPLACED)]
    first, others = names[:FILES], names[FILES:]
    chance.shuffle(first)

    write(disk, [(disk.top / "large" / f"{n:02}", 200_000_000) for n in range(2)])
    write(disk, [new(path) for path in first])
    for path in chance.sample(first, REPLACED):
        path.unlink()
    disk.settle()
    pieces = [(disk.top / "of pieces" / str(n), 64 << 10) for n in range(20 * 64)]
    streams = [(disk.top / "of streams" / str(n), MIB) for n in range(20 * 20)]
    others += [small / f"{n:03}" / str(file) for n in range(500) for file in range(3)]
    mixed = [*(new(path) for path in others), *pieces, *streams]
    chance.shuffle(mixed)
    write(disk, mixed, {*pieces, *streams})
    for folder, parts in (("pieces", pieces), ("streams", streams)):
        chance.shuffle(parts)
        each = len(parts) // 20
        for number in range(20):
            path = disk.top / folder / f"{number:02}"
            join(path, parts[number * each : (number + 1) * each])
    disk.settle()
    disk.keep()


def write(disk: Disk, files: list[File], reserved: set[File] = frozenset()) -> None:
    """Those that are `reserved` get their places only."""
    for number, (path, size) in enumerate(files):
        path.parent.mkdir(parents=True, exist_ok=True)
        if (path, size) in reserved:
            disk.settle()  # those before it have their places
            reserve(path, size)
        else:
            path.write_bytes(noise(size))
        if number % A_BATCH == 0:
            disk.settle()
    disk.settle()


def noise(size: int) -> bytes:
    return os.urandom(64) * (size // 64) + bytes(size % 64)


def reserve(path: Path, size: int) -> None:
    with open(path, "wb") as file:
        os.posix_fallocate(file.fileno(), 0, size)


def join(path: Path, parts: list[File]) -> None:
    """A file that lies where its parts lay, which go."""
    path.parent.mkdir(exist_ok=True)
    total = sum(size for _, size in parts)
    reserve(path, total)
    with open(path, "r+b") as whole:
        offset = 0
        for part, size in parts:
            with open(part, "r+b") as file:
                blocks = size // 4096
                request = (0, file.fileno(), offset // 4096, 0, blocks, 0)
                answer = fcntl.ioctl(whole, MOVE_EXTENTS, struct.pack("<2I4Q", *request))
                if struct.unpack("<2I4Q", answer)[-1] != blocks:
                    raise RuntimeError(f"{part} could not be made a part of {path}")
            part.unlink()
            offset += size
        whole.write(noise(total))
