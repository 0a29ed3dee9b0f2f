"""Rows about the operations that the seed does not have, in callback style."""

from __future__ import annotations

from bench.row import KIB, MIB, Against, Row, Side

OURS = Side("mhddq", "ours_operations")
PLAIN = Side("plain call", "plain")
FLOOR = Side("the same calls in C", "floor")
CAIO = Side("caio's read", "with_caio", (0.1, 0.1))
LISTENER = Side("QueueListener, FileHandler", "with_logging", (0.1, 0.1))

ROWS = [
    Row(
        "stat",
        "`path_stat`, cached",
        "stat",
        [Against(PLAIN, 1.2)],
        (20_000, 50_000),
        (5, 21),
        place="disk",
        file=4 * KIB,
        ours=OURS,
    ),
    Row(
        "append",
        "`file_append` 200 bytes to one file, tmpfs",
        "append",
        [Against(PLAIN, 1.5)],
        (10_000, 50_000),
        (5, 21),
        {"piece": 200},
        file=0,
        ours=OURS,
    ),
    Row(
        "read-at",
        "`file_read(offset, length)` 4 KiB of an open Handle",
        "read_at",
        [Against(Side("os.pread", "plain"), 1.3), Against(CAIO, 8)],
        (20_000, 50_000),
        (5, 21),
        file=1 * MIB,
        ours=OURS,
    ),
    Row(
        "read-into",
        "`file_read_into` 16 MiB, one buffer",
        "read_into",
        [Against(Side("readinto, buffering=0", "plain"), 0.97)],
        (16, 16),
        (9, 51),
        file=16 * MIB,
        ours=OURS,
    ),
    Row(
        "replace",
        "`file_replace(durable=True)` 4 KiB, ext4",
        "replace",
        [Against(FLOOR, 0.95)],
        (20, 100),
        (9, 21),
        place="disk",
        file=4 * KIB,
        ours=OURS,
    ),
    Row(
        "walk",
        "`directory_walk(stat=True)` of 100,000 files, cached",
        "walk",
        [Against(Side("os.walk, os.lstat", "plain"), 2)],
        (1, 1),
        (5, 11),
        place="disk",
        tree="wide",
        ours=OURS,
    ),
    Row(
        "log",
        "`file_append` of 1,000,000 lines, one producer, tmpfs",
        "log",
        [Against(LISTENER, 4)],
        (50_000, 1_000_000),
        (5, 5),
        file=0,
        ours=OURS,
    ),
]
