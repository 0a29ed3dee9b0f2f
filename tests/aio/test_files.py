"""What files of aio.open() promise beyond those of open(): turns, reading ahead, hops, ends."""

from __future__ import annotations

import asyncio
import gc
import io
import os
import stat
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
from loops import TRIO, Run, together

from mhddq import aio
from mhddq.aio import _stream

pytestmark = pytest.mark.usefixtures("no_descriptor_left")


def test_open_by_await_and_async_with(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "file"

    async def main() -> None:
        file = await aio.open(path, "w", encoding="utf-8")
        assert not file.closed
        assert await file.write("é\n") == 2
        await file.close()
        await file.close()
        assert file.closed
        async with aio.open(path, "rb") as file:
            assert repr(file) == f"<mhddq.aio.BinaryFile name={str(path)!r} mode='rb'>"
            assert await file.read() == f"é{os.linesep}".encode()
        assert file.closed

    run(main)


def test_calls_of_several_tasks_are_whole_and_in_order(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "file"
    blocks = [bytes([65 + n]) * (1 + 3000 * n) for n in range(12)]

    async def main() -> None:
        async with aio.open(path, "wb") as file:
            await together(
                run,
                *(lambda b=b: file.writelines([b[:1], b[1:]]) for b in blocks),  # type: ignore[misc]
            )
        async with aio.open(path, "rb") as file:
            found: list[bytes] = []

            async def one(size: int) -> None:
                found.append(await file.read(size))

            await together(run, *(lambda b=b: one(len(b)) for b in blocks))  # type: ignore[misc]
            assert found == blocks

    run(main)
    assert path.read_bytes() == b"".join(blocks)


def test_a_loop_over_lines_shares_the_file(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "file"
    lines = [f"line {n} {'and more ' * 8}\n" for n in range(3000)]
    path.write_text("".join(lines), newline="")

    async def main() -> None:
        for mode in ("r", "rb"):
            taken: list[Any] = []
            async with aio.open(path, mode) as file:

                async def some(file: Any = file, taken: list[Any] = taken) -> None:
                    async for line in file:
                        taken.append(line)
                        if len(taken) % 7 == 0:
                            taken.append(await file.readline())
                        if len(taken) % 1000 == 0:
                            taken.append(await file.read(3))
                            taken.append(await file.readline())

                await together(run, some, some)
            joined = "".join(taken) if mode == "r" else b"".join(taken).decode()
            assert joined == "".join(lines)

    run(main)


def test_a_loop_that_is_left_keeps_the_rest(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"a\nbcd\ne\n")

    async def main() -> None:
        for mode in ("r", "rb"):
            async with aio.open(path, mode) as file:
                async for _ in file:
                    break
                assert await file.tell() == 2
                assert len(await file.read(2)) == 2
                rest = [line async for line in file]
                assert len(rest) == 2
                assert [line async for line in file] == []

    run(main)


def test_a_line_that_is_there_costs_no_suspension(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"line\n" * 1000)

    def at_once(coroutine: Any) -> Any:
        with pytest.raises(StopIteration) as ended:
            coroutine.send(None)
        return ended.value.value

    async def main() -> None:
        for mode in ("r", "rb"):
            async with aio.open(path, mode) as file:
                await file.readline()
                assert len(at_once(file.readline())) == 5
                assert len(at_once(file.read(3))) == 3
                if mode == "rb":
                    assert at_once(file.tell()) == 13
                assert len(at_once(anext(aiter(file)))) == 2
        async with aio.open(path, "w") as file:
            assert at_once(file.write("first")) == 5
            assert at_once(file.write("second")) == 6

    asyncio.run(main())


class _Calls:
    """The operations of a queue, and which were called."""

    def __init__(self, operations: Any) -> None:
        self._operations, self.names = operations, []

    def __getattr__(self, name: str) -> Any:
        self.names.append(name)
        return getattr(self._operations, name)


def test_reads_come_in_chunks_and_one_ahead(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * (3 * _stream.CHUNK + 10))

    async def main() -> None:
        async with aio.open(path, "rb") as file:
            calls = file._stream.operations = _Calls(file._stream.operations)
            await file.read(1)
            assert calls.names == ["file_read"] * 2
            while await file.read(1000):
                pass
            assert calls.names == ["file_read"] * 6  # four chunks, and twice a look at the end
            assert await file.read(10) == b""  # which each read takes anew
            assert calls.names == ["file_read"] * 7
        async with aio.open(path, "rb") as file:
            calls = file._stream.operations = _Calls(file._stream.operations)
            assert len(await file.read()) == 3 * _stream.CHUNK + 10
            assert calls.names == ["file_read"]

    asyncio.run(main())


def test_what_is_added_to_a_file_is_seen(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "file"

    async def main() -> None:
        for mode in ("r", "rb"):
            path.write_bytes(b"one\ntw")
            async with aio.open(path, mode) as file:
                assert len([line async for line in file]) == 2
                assert not await file.readline()
                with path.open("ab") as other:
                    other.write(b"o\nthree\n")
                assert [len(line) async for line in file] == [2, 6]

    run(main)


def test_nothing_is_written_before_it_must_be(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "file"

    async def main() -> None:
        async with aio.open(path, "wb") as file:
            await file.write(b"x" * 8000)
            assert path.stat().st_size == 0
            await file.write(b"x" * 1000)
            assert path.stat().st_size == 9000
            await file.write(b"y")
            await file.flush()
            assert path.stat().st_size == 9001
            await file.write(b"z")
            await file.seek(0)
            assert path.stat().st_size == 9002
            await file.write(b"a")
            await file.sync()
            assert path.read_bytes()[:1] == b"a"
        async with aio.open(path, "wb", buffering=0) as file:
            await file.write(bytearray(b"now"))
            assert path.read_bytes() == b"now"
            await file.write(memoryview(b"abc")[::-1].tobytes())
        async with aio.open(path, "w", buffering=1) as file:
            await file.write("part")
            assert path.read_text() == ""
            await file.write(" line\n")
            assert path.read_text() == "part line\n"

    run(main)


def test_atomic_files_show_up_whole_or_not_at_all(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "file"

    async def main() -> None:
        async with aio.open(path, "xb", atomic=True) as file:
            await file.write(b"new" * 10000)
            assert not path.exists()
        assert path.read_bytes() == b"new" * 10000
        with pytest.raises(RuntimeError):  # noqa: PT012 - of the block
            async with aio.open(path, "w", atomic=True) as file:
                await file.write("other")
                raise RuntimeError
        file = await aio.open(path, "w", atomic=True)
        await file.write("other")
        await file.discard()
        with pytest.raises(ValueError, match="atomic"):
            await (await aio.open(path)).discard()
        with pytest.raises(ValueError, match="atomic"):
            aio.open(path, "a", atomic=True)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # of the file that is not discarded
        run(main)
        gc.collect()
    assert path.read_bytes() == b"new" * 10000
    assert os.listdir(tmp_path) == ["file"]


def test_a_failure_of_a_write_is_its_own_and_closing_closes(run: Run) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("there is no /dev/full")

    async def main() -> None:
        file = await aio.open(full, "wb")
        await file.write(b"fits")
        with pytest.raises(OSError, match="No space"):
            await file.write(b"x" * 10000)
        with pytest.raises(OSError, match="No space"):
            await file.flush()
        with pytest.raises(OSError, match="No space"):
            await file.close()
        assert file.closed
        await file.close()

    run(main)


def test_collected_unclosed(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "file"

    async def main() -> None:
        file = await aio.open(path, "w")
        await file.write("text")
        with pytest.warns(ResourceWarning, match="unclosed file"):  # noqa: PT031
            del file
            gc.collect()
        file = await aio.open(tmp_path / "atomic", "w", atomic=True)
        await file.write("text")
        with pytest.warns(ResourceWarning, match="unclosed file"):  # noqa: PT031
            del file
            gc.collect()
        await aio.path_exists(path)  # behind what the files have enqueued

    run(main)
    assert path.read_text() == "text"
    assert os.listdir(tmp_path) == ["file"]


def test_a_program_that_ends_flushes_and_discards(tmp_path: Path) -> None:
    program = (
        "import asyncio, sys\n"
        "from mhddq import aio\n"
        "async def main():\n"
        "    global files\n"
        f"    files = [await aio.open({str(tmp_path / 'kept')!r}, 'w'),\n"
        f"        await aio.open({str(tmp_path / 'atomic')!r}, 'w', atomic=True)]\n"
        "    for file in files:\n"
        "        await file.write('text')\n"
        "asyncio.run(main())\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, check=False
    )
    assert (ended.returncode, ended.stdout) == (0, b"")
    assert os.listdir(tmp_path) == ["kept"]
    assert (tmp_path / "kept").read_text() == "text"


def test_descriptors(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")

    async def main() -> None:
        descriptor = os.open(path, os.O_RDWR)
        os.lseek(descriptor, 4, os.SEEK_SET)
        async with aio.open(descriptor, "r+b", closefd=False) as file:
            assert file.fileno() == descriptor == file.name
            assert await file.read(2) == b"45"
        assert os.lseek(descriptor, 0, os.SEEK_CUR) == 6
        async with aio.open(descriptor, "r+b") as file:
            assert await file.read() == b"6789"
        with pytest.raises(OSError, match=r"Bad file|Invalid handle"):
            os.fstat(descriptor)
        ends = os.pipe()
        with pytest.raises(OSError, match=r"Illegal seek|Invalid function"):
            await aio.open(ends[0], "rb", closefd=False)
        os.close(ends[0])
        os.close(ends[1])

    run(main)


def test_an_opener(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "file"
    asked: list[Any] = []

    def opener(name: str, flags: int) -> int:
        asked.append((name, flags & os.O_CREAT))
        return os.open(name, flags, 0o600)

    async def main() -> None:
        async with aio.open(path, "w", opener=opener) as file:
            await file.write("text")

    run(main)
    assert asked == [(str(path), os.O_CREAT)]
    assert path.read_text() == "text"
    if os.name != "nt":  # which has no such permissions
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_detach(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")

    async def main() -> None:
        file = await aio.open(path, "rb")
        await file.read(4)
        with file.detach() as raw:
            assert isinstance(raw, io.FileIO)
            assert raw.read() == b"456789"
        with pytest.raises(ValueError, match="detached"):
            await file.close()
        file = await aio.open(path, "r+")
        await file.write("x")
        with pytest.raises(ValueError, match="unflushed"):
            file.detach()
        await file.flush()
        with file.detach() as plain:
            assert plain.read() == b"123456789"

    run(main)


def test_operations_take_files(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("0123456789")

    async def main() -> None:
        async with aio.open(path, "r+") as file:
            assert await file.read(2) == "01"
            await aio.file_write(b"abcd", file, offset=0)
            assert await file.read(3) == "cd4"  # what was read ahead has been dropped
            assert (await aio.path_stat(file)).st_size == 10
        with pytest.raises(ValueError, match="closed"):
            aio.file_sync(file)

    run(main)


def test_two_positions_of_a_file_opened_to_append(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")

    async def main() -> None:
        async with aio.open(path, "a+b") as file:
            assert await file.tell() == 3
            await file.write(b"new")
            assert await file.tell() == 6
            await file.seek(0)
            assert await file.read(1) == b"o"
            await file.write(b"er")
            assert await file.read() == b""
            assert await file.tell() == 8

    run(main)
    assert path.read_bytes() == b"oldnewer"


def test_a_very_long_line(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * (5 << 20) + b"\ny")

    async def main() -> None:
        for mode in ("rb", "r"):
            async with aio.open(path, mode) as file:
                assert [len(line) async for line in file] == [(5 << 20) + 1, 1]

    run(main)


def test_missing_files_and_directories(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        for path in (tmp_path / "none", tmp_path):
            with pytest.raises(OSError, match=r".") as expected:
                open(path).close()
            with pytest.raises(expected.type) as found:
                await aio.open(path)
            assert str(found.value) == str(expected.value)

    run(main)


def test_attributes_can_be_set(tmp_path: Path) -> None:
    async def main() -> None:
        opening = aio.open(tmp_path / "file", "w")
        opening.note = 1
        async with opening as file:
            file.note = 2

    asyncio.run(main())
    assert TRIO
