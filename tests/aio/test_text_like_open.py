"""Text files of aio.open() do what those of open() do: whatever is in them, however they are read,
written and sought."""

from __future__ import annotations

import asyncio
import io
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from mhddq import aio
from mhddq.aio import _stream, _text

ENCODINGS = [
    "utf-8",
    "utf-8-sig",
    "utf-16",
    "utf-16-be",
    "utf-32",
    "utf-7",
    "iso2022_jp",
    "hz",
    "shift_jis",
    "gb18030",
    "big5",
    "euc_jp",
    "latin-1",
    "ascii",
    "cp1252",
]
NEWLINES = [None, "", "\n", "\r", "\r\n"]
ERRORS = ["strict", "replace", "ignore", "surrogateescape", "backslashreplace"]
ENDS = ["\n", "\r\n", "\r"]
HOW = {"deadline": None, "suppress_health_check": [HealthCheck.function_scoped_fixture]}

texts = st.text(st.sampled_from("ab \n\r\x0b\x85\u2028é漢字語かな€😀~+-"), max_size=80)
sizes = st.integers(-1, 12)

reads = st.one_of(
    st.tuples(st.just("read"), sizes),
    st.tuples(st.just("readline"), sizes.filter(bool)),  # given 0, io still decodes
    st.tuples(st.just("readlines"), sizes),
    st.tuples(st.just("lines"), st.integers(1, 4)),
    st.tuples(st.just("mark")),
    st.tuples(st.just("back"), st.integers(0, 9)),
    st.tuples(st.just("start")),
    st.tuples(st.just("end")),
)


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(_text, "PIECE", 8)
    monkeypatch.setattr(_text, "SMALL_PIECE", 8)
    monkeypatch.setattr(_stream, "CHUNK", 32)
    monkeypatch.setattr(_stream, "BUFFER", 16)
    return 8


class Plain:
    """A file of open(), with the steps of these tests."""

    def __init__(self, file: Any) -> None:
        self.file, self.marks = file, [0]

    def step(self, what: str, *args: Any) -> Any:
        file = self.file
        if what == "lines":  # next() would switch tell() off
            return [file.readline() for _ in range(args[0])]
        if what == "mark":
            self.marks.append(file.tell())
            return None
        if what == "back":
            file.seek(self.marks[args[0] % len(self.marks)])
            return None
        if what in ("start", "end"):
            return file.seek(0, 2 if what == "end" else 0)
        return getattr(file, what)(*args)


class Ours:
    """The same of aio.open()."""

    def __init__(self, file: Any) -> None:
        self.file, self.marks = file, [0]

    async def step(self, what: str, *args: Any) -> Any:
        file = self.file
        if what == "lines":
            lines: list[str] = []
            async for line in file:
                lines.append(line)
                if len(lines) == args[0]:
                    break
            return lines + [""] * (args[0] - len(lines))
        if what == "mark":
            self.marks.append(await file.tell())
            return None
        if what == "back":
            await file.seek(self.marks[args[0] % len(self.marks)])
            return None
        if what in ("start", "end"):
            return await file.seek(0, 2 if what == "end" else 0)
        return await getattr(file, what)(*args)


def content(data: st.DataObject, encoding: str) -> bytes:
    if data.draw(st.integers(0, 3), "kind") == 0:
        return data.draw(st.binary(max_size=80), "bytes")
    return data.draw(texts, "text").encode(encoding, "ignore")


@settings(max_examples=150, **HOW)
@given(data=st.data(), steps=st.lists(reads, max_size=12))
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_reading(
    encoding: str, data: st.DataObject, steps: list[Any], small_pieces: int, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    path.write_bytes(content(data, encoding))
    how = {
        "encoding": encoding,
        "errors": data.draw(st.sampled_from(ERRORS), "errors"),
        "newline": data.draw(st.sampled_from(NEWLINES), "newline"),
    }
    expected: list[Any] = []
    with open(path, **how) as file:
        file._CHUNK_SIZE = small_pieces
        plain = Plain(file)
        for step in steps:
            try:
                expected.append(plain.step(*step))
            except UnicodeError as error:  # after which io has lost what it had
                expected.append(type(error))
                break
            except OSError:  # io cannot say where it is
                break

    async def ours() -> list[Any]:
        found: list[Any] = []
        async with aio.open(path, **how) as file:
            steps_of = Ours(file)
            for step in steps[: len(expected)]:
                try:
                    found.append(await steps_of.step(*step))
                except UnicodeError as error:
                    found.append(type(error))
        return found

    assert asyncio.run(ours()) == expected


def test_a_decoder_that_gives_up_its_bytes_one_by_one(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"a\n\x800")
    how: dict[str, Any] = {"encoding": "gb18030", "errors": "surrogateescape"}

    async def ours() -> list[str]:
        async with aio.open(path, **how) as file:
            return [await file.readline(), await file.readline(), await file.readline()]

    with open(path, **how) as file:
        assert asyncio.run(ours()) == [file.readline(), file.readline(), file.readline()]


@pytest.mark.parametrize("content", [b"\0\0\0", b"\xff\xfea\0\n\0b", b"\xff\xfea\0\n\0\0\xd8b\0"])
@pytest.mark.parametrize("hint", [-1, 0, 1, 100])
def test_lines_that_are_no_text_fail_as_io_does(content: bytes, hint: int, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    outcomes: list[Any] = []
    with open(path, encoding="utf-16") as file:
        try:
            outcomes.append(file.readlines(hint))
        except UnicodeError as error:
            outcomes.append((type(error), str(error)))

    async def ours() -> None:
        async with aio.open(path, encoding="utf-16") as file:
            try:
                outcomes.append(await file.readlines(hint))
            except UnicodeError as error:
                outcomes.append((type(error), str(error)))

    asyncio.run(ours())
    assert outcomes[0] == outcomes[1]


@settings(max_examples=100, **HOW)
@given(data=st.data(), before=st.integers(0, 60))
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_places_are_understood_by_both(
    encoding: str, data: st.DataObject, before: int, small_pieces: int, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    path.write_bytes(content(data, encoding))
    newline = data.draw(st.sampled_from(NEWLINES), "newline")
    how: dict[str, Any] = {"encoding": encoding, "errors": "replace", "newline": newline}
    with open(path, **how) as file:
        file._CHUNK_SIZE = small_pieces
        try:
            file.read(before)
            theirs = file.tell()
            rest = file.read()
        except (OSError, OverflowError, UnicodeError):  # the second: see below
            assume(False)
        file.seek(theirs)
        assume(file.read() == rest)  # else it is a fault of io's own

    async def ours() -> tuple[int, str, str]:
        async with aio.open(path, **how) as file:
            await file.read(before)
            place = await file.tell()
            assert await file.read() == rest
            await file.seek(place)
            first = await file.read()
            await file.seek(theirs)
            return place, first, await file.read()

    place, first, second = asyncio.run(ours())
    assert first == second == rest
    with open(path, **how) as file:
        try:
            file.seek(place)
        except OverflowError:  # the state of such a decoder is too large for io
            assert encoding in ("iso2022_jp", "hz")
        else:
            assert file.read() == rest


writes = st.one_of(
    st.tuples(st.just("write"), texts),
    st.tuples(st.just("writelines"), st.lists(texts, max_size=3)),
    st.tuples(st.just("flush")),
    st.tuples(st.just("mark")),
    st.tuples(st.just("back"), st.integers(0, 9)),
    st.tuples(st.just("start")),
    st.tuples(st.just("end")),
    st.tuples(st.just("truncate")),
)


@settings(max_examples=100, **HOW)
@given(data=st.data(), steps=st.lists(writes, max_size=12))
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_writing(encoding: str, data: st.DataObject, steps: list[Any], tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    old = content(data, encoding)
    mode = data.draw(st.sampled_from(["w", "w+", "r+", "a", "a+"]), "mode")
    how = {
        "encoding": encoding,
        "errors": data.draw(st.sampled_from(["strict", "replace", "xmlcharrefreplace"]), "errors"),
        "newline": data.draw(st.sampled_from(NEWLINES), "newline"),
        "buffering": data.draw(st.sampled_from([-1, 1, 7]), "buffering"),
    }
    for path in (one, other):
        path.write_bytes(old)
    expected: list[Any] = []
    with open(one, mode, **how) as file:
        plain = Plain(file)
        for step in steps:
            try:
                expected.append(plain.step(*step))
            except UnicodeError as error:
                expected.append(type(error))
                break  # io's encoder may be left in another state

    async def ours() -> list[Any]:
        found: list[Any] = []
        async with aio.open(other, mode, **how) as file:
            steps_of = Ours(file)
            for step in steps[: len(expected)]:
                try:
                    found.append(await steps_of.step(*step))
                except UnicodeError as error:
                    found.append(type(error))
        return found

    assert asyncio.run(ours()) == expected
    assert other.read_bytes() == one.read_bytes()


@pytest.mark.parametrize("newline", NEWLINES)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_lines_across_chunks(newline: str | None, encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    lines = ("é" * (n % 300) + str(n) + ENDS[n % 3] for n in range(6000))
    path.write_text("".join(lines), encoding=encoding, newline="")
    assert path.stat().st_size > 3 * _stream.CHUNK

    async def ours() -> list[str]:
        async with aio.open(path, encoding=encoding, newline=newline) as file:
            return [line async for line in file]

    with open(path, encoding=encoding, newline=newline) as file:
        assert asyncio.run(ours()) == list(file)


def test_what_is_read_before_an_error_is_the_same(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"line\n" * 4000 + b"\xff" + b"line\n" * 4000)

    async def ours() -> int:
        count = 0
        async with aio.open(path, encoding="utf-8") as file:
            try:
                async for _ in file:
                    count += 1
            except UnicodeDecodeError:
                return count
        raise AssertionError("there is an error in it")

    count = 0
    with open(path, encoding="utf-8") as file:
        try:
            for _ in file:
                count += 1
        except UnicodeDecodeError:
            pass
    assert 0 < count == asyncio.run(ours())


def test_properties(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"a\r\nb\nc\r")

    async def ours() -> list[Any]:
        async with aio.open(path, "r+", encoding="latin-1", errors="replace", buffering=1) as file:
            before = file.newlines
            await file.read()
            values = [file.encoding, file.errors, file.line_buffering, before, file.newlines]
            return [*values, file.name, file.mode]

    with open(path, "r+", encoding="latin-1", errors="replace", buffering=1) as file:
        before = file.newlines
        file.read()
        values = [file.encoding, file.errors, file.line_buffering, before, file.newlines]
        assert asyncio.run(ours()) == [*values, os.fspath(path), "r+"]


def test_the_default_encoding_is_that_of_open(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()

    async def ours() -> str:
        async with aio.open(path) as file:
            return file.encoding

    with open(path) as file:
        assert asyncio.run(ours()).lower() == file.encoding.lower()


@pytest.mark.parametrize(
    ("args", "keywords"),
    [
        (("rw",), {}),
        (("",), {}),
        (("rbt",), {}),
        (("rr",), {}),
        (("U",), {}),
        (("rb",), {"encoding": "utf-8"}),
        (("rb",), {"newline": "\n"}),
        (("r", 0), {}),
        (("r",), {"newline": "\t"}),
        (("r",), {"encoding": "no such"}),
        (("r",), {"encoding": "hex"}),
        (("r",), {"closefd": False}),
        ((3,), {}),
    ],
)
def test_wrong_arguments(args: Any, keywords: Any, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    if args == ("U",) and sys.version_info < (3, 11):
        pytest.skip("open() still takes it, and warns")
    with pytest.raises((TypeError, ValueError, LookupError)) as expected:
        open(path, *args, **keywords).close()
    with pytest.raises(expected.type):
        aio.open(path, *args, **keywords)


def test_seek_and_write_refuse_what_io_refuses(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("text")

    async def ours() -> None:
        async with aio.open(path, "r+") as file:
            with pytest.raises(io.UnsupportedOperation):
                await file.seek(1, 1)
            with pytest.raises(ValueError, match="negative"):
                await file.seek(-1)
            with pytest.raises(ValueError, match="whence"):
                await file.seek(0, 5)
            with pytest.raises(TypeError):
                await file.write(b"bytes")
        async with aio.open(path, "w") as file:
            with pytest.raises(io.UnsupportedOperation):
                await file.read()
        async with aio.open(path) as file:
            with pytest.raises(io.UnsupportedOperation):
                await file.write("x")
        with pytest.raises(ValueError, match="closed"):
            await file.read()

    asyncio.run(ours())
