"""The rows about reads of one cached file, one after another, from a small one up."""

from __future__ import annotations

from bench.row import KIB, MIB, Against, Row, Side

UNBUFFERED = Side("open(p, 'rb', buffering=0).read()", "plain")
# size; reads of a round; rounds; the figure to reach
IN_A_ROW = [
    ("8 KiB", 8 * KIB, 4000, (15, 51), 1.0),
    ("16 KiB", 16 * KIB, 4000, (15, 51), 1.0),
    ("24 KiB", 24 * KIB, 3000, (15, 51), 1.0),
    ("32 KiB", 32 * KIB, 3000, (15, 51), 1.0),
    ("64 KiB", 64 * KIB, 2000, (15, 101), 1.0),
    ("256 KiB", 256 * KIB, 800, (15, 51), 0.95),
    ("512 KiB", 512 * KIB, 400, (15, 51), 0.95),
    ("1 MiB", MIB, 200, (15, 101), 0.95),
    ("16 MiB", 16 * MIB, 16, (9, 51), 0.9),
    ("128 MiB", 128 * MIB, 3, (5, 31), 1.95),
]

ROWS = [
    *(
        Row(
            f"large-{label.replace(' ', '')}",
            f"`file_read` {label}, cached, in a row",
            "large",
            [Against(UNBUFFERED, least)],
            (reads, reads),
            rounds,
            file=size,
        )
        for label, size, reads, rounds, least in IN_A_ROW
    ),
    Row(
        "large-kept",
        "`file_read` 1 MiB, in a row, every other result kept",
        "large_kept",
        [Against(UNBUFFERED, 0.9)],
        (200, 200),
        (15, 51),
        file=MIB,
    ),
]
