"""Rows about awaitables and the files of event loops."""

from __future__ import annotations

from typing import Any

from bench.row import KIB, Against, Row, Side

SHARE = (0.03, 0.1)  # what the slow sides do
ASYNCIO, UVLOOP, TRIO = ({"loop": name} for name in ("asyncio", "uvloop", "trio"))


def side(name: str, module: str, share: tuple[float, float], loop: dict[str, Any]) -> Side:
    return Side(name, module, share, loop)


def peers(loop: dict[str, Any]) -> tuple[Side, Side, Side]:
    return (
        side("aiofiles", "with_aiofiles", SHARE, loop),
        side("asyncio.to_thread", "to_thread", SHARE, loop),
        side("anyio", "with_anyio", SHARE, loop),
    )


def exists(loop: dict[str, Any]) -> Row:
    aiofiles, to_thread, anyio = peers(loop)
    floor = side("a future set by call_soon", "loop_itself", (1, 1), loop)
    return Row(
        f"await-exists-{loop['loop']}",
        f"`aio.file_exists` on {loop['loop']}, 64 in flight",
        "exists",
        [Against(aiofiles, 15), Against(to_thread, 15), Against(anyio, 25), Against(floor, 0.7)],
        (20_000, 50_000),
        (5, 21),
        loop,
        place="disk",
        ours=Side("mhddq", "ours_await"),
    )


def reads(loop: dict[str, Any], against: list[Against]) -> Row:
    plain = side("the plain call on the loop", "loop_itself", (1, 1), loop)
    return Row(
        f"await-read-{loop['loop']}",
        f"`aio.file_read` 4 KiB on {loop['loop']}, 64 in flight",
        "read",
        [*against, Against(plain, 1.5)],
        (10_000, 50_000),
        (5, 21),
        loop,
        file=4 * KIB,
        ours=Side("mhddq", "ours_await"),
    )


def reads_on_asyncio(loop: dict[str, Any]) -> Row:
    aiofiles, to_thread, _ = peers(loop)
    return reads(loop, [Against(aiofiles, 45), Against(to_thread, 15)])


AIOFILES, TO_THREAD, ANYIO = peers(ASYNCIO)
OURS = Side("mhddq", "ours_await")

ROWS = [
    exists(ASYNCIO),
    exists(UVLOOP),
    reads_on_asyncio(ASYNCIO),
    reads_on_asyncio(UVLOOP),
    reads(TRIO, [Against(side("trio", "with_trio", SHARE, TRIO), 20)]),
    Row(
        "await-one",
        "`aio.file_exists`, one in flight",
        "exists",
        [Against(TO_THREAD, 3)],
        (5_000, 20_000),
        (5, 21),
        {**ASYNCIO, "flight": 1},
        place="disk",
        ours=OURS,
    ),
    Row(
        "await-open",
        "`aio.open(p)` and `read()` of 4 KiB, 64 in flight",
        "open_read",
        [Against(AIOFILES, 8), Against(ANYIO, 8)],
        (5_000, 20_000),
        (5, 21),
        ASYNCIO,
        file=4 * KIB,
        line=80,
        ours=OURS,
    ),
    Row(
        "await-lines",
        "`async for line` of lines of 80 bytes",
        "lines",
        [
            Against(Side("plain for", "plain"), 0.33),
            Against(side("aiofiles", "with_aiofiles", (0.02, 0.01), ASYNCIO), 100),
        ],
        (125_000, 1_250_000),
        (5, 7),
        ASYNCIO,
        file=(10_000_000, 100_000_000),
        line=80,
        ours=OURS,
    ),
    Row(
        "await-writes",
        "`await f.write(line)`, lines of 80 bytes",
        "write_lines",
        [Against(side("aiofiles", "with_aiofiles", (0.02, 0.01), ASYNCIO), 40)],
        (100_000, 1_000_000),
        (5, 7),
        ASYNCIO,
        ours=OURS,
    ),
]
