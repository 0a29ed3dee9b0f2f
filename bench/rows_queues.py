"""Rows about queues, ports, controls and futures."""

from __future__ import annotations

from bench.row import GIB, KIB, MIB, Against, Row, Side

PORT = Side("mhddq", "ours_queues")
POOL = Side("ThreadPoolExecutor(1)", "pool", (0.1, 0.3), {"threads": 1})
UNCONTROLLED = Side("without", "ours_queues", options={"control": "none"})
UNCANCELLED = Side("running them", "ours_queues", options={"cancel": False})


def copied(control: str, title: str) -> Row:
    return Row(
        f"copy-{control}",
        f"`file_copy` of 2 GiB {title}",
        "copy_one",
        [Against(UNCONTROLLED, 0.99)],
        (1, 1),
        (5, 15),
        {"control": control},
        file=(256 * MIB, 2 * GIB),
        ours=PORT,
    )


ROWS = [
    Row(
        "port",
        "`file_exists` through a polled port, one thread",
        "port_exists",
        [Against(Side("the callback thread's row", "ours", work="exists"), 0.95)],
        (50_000, 50_000),
        (5, 21),
        place="disk",
        ours=PORT,
    ),
    Row(
        "futures-exists",
        "`futures.file_exists`, 64 in flight",
        "futures_exists",
        [Against(POOL, 3)],
        (20_000, 50_000),
        (5, 21),
        place="disk",
        ours=PORT,
    ),
    Row(
        "futures-read",
        "`futures.file_read` 4 KiB, 64 in flight",
        "futures_read",
        [Against(POOL, 3)],
        (10_000, 50_000),
        (5, 21),
        file=4 * KIB,
        ours=PORT,
    ),
    copied("silent", "with a control"),
    copied("progress", "with progress every 0.1 s"),
    Row(
        "cancel-queued",
        "cancel of 100,000 queued reads of 64 KiB",
        "cancel_queued",
        [Against(UNCANCELLED, most=0.3, inverse=True)],
        (20_000, 100_000),
        (5, 11),
        {"cancel": True},
        file=64 * KIB,
        ours=PORT,
    ),
]
