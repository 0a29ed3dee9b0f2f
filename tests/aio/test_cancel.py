"""Cancelled at every await of every method: nothing leaks, nothing is half done."""

from __future__ import annotations

import os
import warnings
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from loops import Run, cancelled_at, together

from mhddq import aio
from mhddq.aio import _stream, _text, tempfile

pytestmark = pytest.mark.usefixtures("no_descriptor_left", "small_chunks")

STEPS = 40
OLD = b"".join(b"line %d\n" % n for n in range(60))


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_stream, "CHUNK", 64)
    monkeypatch.setattr(_stream, "BUFFER", 16)
    monkeypatch.setattr(_text, "PIECE", 16)


async def at_every_step(
    run: Run, function: Callable[[], Awaitable[Any]], after: Callable[[], Awaitable[Any]]
) -> None:
    """Cancels a new run of it at its first suspension, its second … until none is left."""
    for step in range(1, STEPS):
        if not await cancelled_at(run, step, function):
            await after()
            return
        await after()
    raise AssertionError("it does not end")


async def nothing() -> None:
    pass


@pytest.mark.parametrize("mode", ["r", "rb", "w", "a", "ab", "r+", "w+b", "xb"])
@pytest.mark.parametrize("atomic", [False, True])
def test_opening_and_closing(mode: str, atomic: bool, run: Run, tmp_path: Path) -> None:
    if atomic and mode[0] not in "wx":
        pytest.skip("it is for new files")
    path = tmp_path / "file"

    async def use() -> None:
        if mode[0] != "x":
            path.write_bytes(OLD)
        async with aio.open(path, mode, atomic=atomic) as file:
            if mode[0] == "r":
                await file.readline()
            if mode not in ("r", "rb"):
                await file.write("new" if "b" not in mode else b"new")

    async def check() -> None:
        await aio.path_exists(path)  # behind what was left to the queue
        assert set(os.listdir(tmp_path)) <= {"file"}
        if atomic:
            assert not path.exists() or path.read_bytes() in (OLD, b"new")
        path.unlink(missing_ok=True)

    run(lambda: at_every_step(run, use, check))


def test_an_opener(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "file"

    async def use() -> None:
        async with aio.open(path, "w", opener=os.open) as file:
            await file.write("new")

    run(lambda: at_every_step(run, use, nothing))


READS: dict[str, Callable[[Any], Awaitable[Any]]] = {
    "read": lambda file: file.read(),
    "read(100)": lambda file: file.read(100),
    "readline": lambda file: file.readline(),
    "readlines": lambda file: file.readlines(),
    "readlines(200)": lambda file: file.readlines(200),
    "tell": lambda file: file.tell(),
    "seek": lambda file: file.seek(0, 1),
}
BINARY_READS: dict[str, Callable[[Any], Awaitable[Any]]] = {
    "read1": lambda file: file.read1(),
    "readall": lambda file: file.readall(),
    "readinto": lambda file: file.readinto(bytearray(100)),
    "peek": lambda file: file.peek(),
}


@pytest.mark.parametrize("buffering", [-1, 0])
@pytest.mark.parametrize("name", [*READS, *BINARY_READS])
def test_binary_reads(name: str, buffering: int, run: Run, tmp_path: Path) -> None:
    _reads((READS | BINARY_READS)[name], run, tmp_path, "rb", buffering)


@pytest.mark.parametrize("name", READS)
def test_text_reads(name: str, run: Run, tmp_path: Path) -> None:
    _reads(READS[name], run, tmp_path, "r", -1)


def _reads(
    method: Callable[[Any], Awaitable[Any]], run: Run, tmp_path: Path, mode: str, buffering: int
) -> None:
    """A read that is cancelled has taken nothing, or, where it was done, all of it."""
    path = tmp_path / "file"
    path.write_bytes(OLD)

    async def main() -> None:
        for step in range(1, STEPS):
            async with aio.open(path, mode, buffering) as file:
                await file.read(5)
                before = await file.tell()
                finished: list[Any] = []

                async def call(file: Any = file, finished: list[Any] = finished) -> None:
                    finished.append(await method(file))

                reached = await cancelled_at(run, step, call)
                if not finished:
                    assert await file.tell() == before
                rest = await file.read()
                rest = rest if mode == "rb" else rest.encode()
                assert OLD.endswith(rest)
                assert finished or rest == OLD[5:]
            if not reached:
                return
        raise AssertionError("it does not end")

    run(main)


WRITES: dict[str, Callable[[Any, Any], Awaitable[Any]]] = {
    "write": lambda file, data: file.write(data * 20),
    "small write": lambda file, data: file.write(data),
    "writelines": lambda file, data: file.writelines([data * 20] * 2),
    "flush": lambda file, data: file.flush(),
    "sync": lambda file, data: file.sync(),
    "truncate": lambda file, data: file.truncate(),
    "seek": lambda file, data: file.seek(0, 2),
    "tell": lambda file, data: file.tell(),
}


@pytest.mark.parametrize("mode", ["wb", "w", "ab", "a", "w+"])
@pytest.mark.parametrize("name", WRITES)
def test_writes(name: str, mode: str, run: Run, tmp_path: Path) -> None:
    """A write that is cancelled is not taken, or, where it was done, all of it; what was written
    before is not lost, nor written twice."""
    path = tmp_path / "file"
    data = b"abc" if "b" in mode else "abc"

    async def main() -> None:
        for step in range(1, STEPS):
            path.write_bytes(b"")
            async with aio.open(path, mode) as file:
                await file.write(data)
                reached = await cancelled_at(run, step, lambda f=file: WRITES[name](f, data))
                await file.write(data)
            written = path.read_bytes()
            assert written in {b"abc" * n for n in (2, 3, 22, 42)}
            if not reached:
                assert written == b"abc" * {"write": 22, "small write": 3, "writelines": 42}.get(
                    name, 2
                )
                return
        raise AssertionError("it does not end")

    run(main)


def test_waiting_for_a_turn(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(OLD)

    async def main() -> None:
        async with aio.open(path, "rb") as file:
            found: list[bytes] = []

            async def one() -> None:
                found.append(await file.read(90))

            async def cancelled() -> None:
                await cancelled_at(run, 1, lambda: file.read(90))

            await together(run, one, cancelled, one)
            assert found[0] == OLD[:90]
            assert OLD[90:].startswith(found[1]) or OLD[180:].startswith(found[1])

    run(main)


def test_closing_while_another_reads(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(OLD)

    async def main() -> None:
        file = await aio.open(path, "rb")

        async def read() -> None:
            try:
                await file.read(10 * len(OLD))
            except (ValueError, OSError):  # it was closed meanwhile
                return

        async def cancelled() -> None:
            await cancelled_at(run, 1, file.close)

        await together(run, read, cancelled)
        assert file.closed

    run(main)


def test_temporary_files(run: Run, tmp_path: Path) -> None:
    async def use() -> None:
        async with tempfile.TemporaryFile("w+", dir=tmp_path) as file:
            await file.write("text")
        async with tempfile.NamedTemporaryFile("w+", dir=tmp_path) as file:
            await file.write("text")
        async with tempfile.TemporaryDirectory(dir=tmp_path):
            pass

    async def main() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            await at_every_step(run, use, nothing)

    run(main)
