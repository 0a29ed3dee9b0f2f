"""THE table: the rows about the seed's operations in callback style, and all others.

Rows about a missing path use the working disk, where the kernel remembers that there is nothing. On
tmpfs it does not: it makes an entry for every look-up and throws it away, which takes three times
as long and is no part of any side's work.
"""

from __future__ import annotations

from bench import rows_await, rows_large, rows_operations, rows_queues
from bench.row import KIB, MIB, Against, Row, Side

FLOOR = Side("C loop", "floor")
PLAIN = Side("plain call", "plain")
POOL = {
    threads: Side(f"ThreadPoolExecutor({threads})", "pool", (0.1, 0.3), {"threads": threads})
    for threads in (1, 2, 8)
}
TO_THREAD = Side("asyncio.to_thread", "to_thread", (0.01, 0.03))
AIOFILES = Side("aiofiles", "with_aiofiles", (0.01, 0.03))
AIOFILE = Side("aiofile over caio", "with_aiofile", (0.01, 0.03))
ANYIO = Side("anyio", "with_anyio", (0.01, 0.03))
TRIO = Side("trio", "with_trio", (0.01, 0.03))
ANCESTOR = Side("mhddq 0.2.0", "ancestor", (0.2, 1), polls=True)
OTHERS = [Against(side) for side in (POOL[2], POOL[8], TO_THREAD, AIOFILE, ANYIO, TRIO)]

# size; reads of a round while the caller computes
LARGE = [
    ("64 KiB", 64 * KIB, 8),
    ("1 MiB", MIB, 8),
    ("16 MiB", 16 * MIB, 6),
    ("128 MiB", 128 * MIB, 2),
]
OWN_THREAD = Side("the same in a thread", "plain")


def scale(name: str, count: tuple[int, int], rounds: tuple[int, int]) -> Row:
    thousand = Side(
        "mhddq, 1,000 operations", "ours", (1000 / count[0], 1000 / count[1]), {"runs": 41}
    )
    return Row(
        name,
        f"{count[1]:,} operations",
        "median_of",
        [
            Against(
                thousand,
                least=0.85,
                most=1.15,
                inverse=True,
                label="itself with 1,000: cost of one",
            )
        ],
        count,
        rounds,
        {"runs": 1},
        place="disk",
    )


ROWS = [
    Row(
        "exists",
        "`file_exists`, path missing",
        "exists",
        [
            Against(FLOOR, 0.6),
            Against(PLAIN, 2.4),
            Against(POOL[1], 22),
            Against(AIOFILES, 30),
            Against(ANCESTOR, 5),
            *(other for other in OTHERS if other.side is not AIOFILE),
        ],
        (50_000, 50_000),
        (5, 21),
        place="disk",
    ),
    Row(
        "read",
        "`file_read` 4 KiB, cached",
        "read",
        [
            Against(FLOOR, 0.62),
            Against(PLAIN, 2.9),
            Against(POOL[1], 5),
            Against(AIOFILES),
            Against(ANCESTOR),
            *OTHERS,
        ],
        (10_000, 50_000),
        (5, 21),
        file=4 * KIB,
    ),
    Row(
        "write",
        "`file_write` 4 KiB, tmpfs",
        "write",
        [
            Against(FLOOR, 0.85),
            Against(PLAIN, 2.6),
            Against(POOL[1], 4),
            Against(AIOFILES),
            Against(ANCESTOR),
            *OTHERS,
        ],
        (10_000, 50_000),
        (5, 21),
        options={"size": 4 * KIB},
    ),
    Row(
        "oplist",
        "oplist of 20k `file_exists`, building included",
        "oplist",
        [
            Against(Side("C loop", "floor", work="exists"), 0.65),
            Against(Side("plain call", "plain", work="exists"), 2.8),
        ],
        (20_000, 20_000),
        (31, 101),
        place="disk",
    ),
    *rows_large.ROWS,
    *(
        Row(
            f"busy-{label.replace(' ', '')}",
            f"`file_read` {label}, the caller computing",
            "busy",
            [
                Against(OWN_THREAD, 1.0, label="the same in a thread: reads"),
                Against(
                    OWN_THREAD,
                    1.0,
                    ours="loop",
                    theirs="loop",
                    label="the same in a thread: the caller's loop",
                ),
            ],
            (reads // 2, reads),
            (15, 31),
            {"turns": 100},
            file=size,
        )
        for label, size, reads in LARGE
    ),
    Row(
        "latency",
        "latency, call to callback, p50, from idle",
        "latency",
        [
            Against(FLOOR, most=1.6, inverse=True, label="three threads, a futex token round"),
            Against(
                FLOOR, theirs="two_hops", inverse=True, label="the same, first to third thread"
            ),
        ],
        (200, 1000),
        (7, 31),
        place="disk",
    ),
    Row(
        "contents",
        "`directory_contents`, 20k entries",
        "contents",
        [Against(Side("the same list from os.scandir", "plain"), 1.3)],
        (4, 10),
        (5, 21),
        tree="many",
    ),
    Row(
        "copy",
        "`directory_copy`, 3,000 files in 100 directories",
        "copy",
        [
            Against(Side("shutil.copytree", "plain"), 1.9),
            Against(Side("cp -a", "system"), 1.1),
        ],
        (1, 1),
        (5, 11),
        place="disk",
        tree="source",
    ),
    Row(
        "delete",
        "`directory_delete`, the same tree, ext4",
        "delete",
        [
            Against(Side("shutil.rmtree", "plain"), 1.1),
            Against(Side("rm -rf", "system"), 0.95),
            Against(Side("C loop openat/getdents/unlinkat", "floor"), 0.9),
        ],
        (1, 1),
        (5, 7),
        place="disk",
        tree="target",
    ),
    Row(
        "producers",
        "`file_exists` from 8 producer threads",
        "producers",
        [Against(Side("itself with 1", "ours", options={"threads": 1}), 0.8)],
        (50_000, 50_000),
        (5, 21),
        {"threads": 8},
        place="disk",
    ),
    scale("scale-1e5", (100_000, 100_000), (5, 21)),
    scale("scale-1e7", (300_000, 10_000_000), (5, 5)),
    *rows_queues.ROWS,
    *rows_operations.ROWS,
    *rows_await.ROWS,
]

SMALLER = "trees of 600 files in 20 directories, 300,000 operations instead of 10,000,000"
