"""Wrong arguments to classes and files: a clear error, and never a crash or a lasting fault."""

from __future__ import annotations

import asyncio
import inspect

import pytest
from programs import ended

import mhddq
from mhddq import aio, futures

MADE_ELSEWHERE = [
    mhddq.Queue,
    mhddq.Port,
    futures.Futures,
    futures.FutureList,
    aio.OperationList,
]


@pytest.mark.parametrize("kind", MADE_ELSEWHERE, ids=lambda kind: kind.__name__)
def test_no_object_is_made_past_its_constructor(kind):
    """Its methods would follow null pointers."""
    with pytest.raises(TypeError, match="__new__"):
        kind.__new__(kind)
    with pytest.raises(TypeError):
        object.__new__(kind)


def test_a_future_made_past_its_constructor_does_not_crash():
    assert (
        ended("""
    from mhddq.futures import Future
    report(running=Future.__new__(Future).running())
    """)["running"]
        is False
    )


@pytest.mark.parametrize("call", ["queue.futures.file_exists('.')", "queue.aio"])
def test_a_module_that_cannot_be_loaded_is_an_error_of_the_call(call):
    """As where the program has given up the right to read it."""
    end = ended(f"""
    queue = mhddq.Queue()
    finders, sys.meta_path[:] = sys.meta_path[:], []
    try:
        {call}
    except ImportError as error:
        raised = type(error).__name__
    sys.meta_path[:] = finders
    report(raised=raised)
    """)
    assert end["raised"] == "ModuleNotFoundError"


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        (
            mhddq.Queue,
            "(name=None, *, ring_size=None, buffer_bytes=None, write_bytes=None,"
            " lookahead=None, spin_us=None, background=False)",
        ),
        (mhddq.Control, "(progress=None, *, interval=0.1)"),
        (mhddq.Oplist, "(*, on_error='continue')"),
    ],
)
def test_classes_have_a_signature(kind, parameters):
    assert str(inspect.signature(kind)) == parameters
    assert kind.__doc__
    assert not kind.__doc__.startswith(kind.__name__)


def test_a_progress_function_must_not_be_async():
    async def progress(done, total):
        pass

    with pytest.raises(TypeError, match=r"^progress must not be an async function: nothing would"):
        mhddq.Control(progress)


def test_a_negative_limit_is_named():
    with (
        mhddq.Queue() as queue,
        queue.port() as port,
        pytest.raises(ValueError, match=r"^limit must not be negative, not -3$"),
    ):
        port.deliver(limit=-3)


@pytest.mark.parametrize("mode", [2**31, 2**32, 2**32 + 0o644, -(2**31) - 1])
def test_a_mode_beyond_32_bits_is_refused(tmp_path, mode):
    """Its low bits alone would be a mode that was not meant."""
    (tmp_path / "file").touch(0o640)
    before = (tmp_path / "file").stat().st_mode
    with pytest.raises(OverflowError, match=r"^mode is beyond 32 bits$"):
        futures.path_chmod(tmp_path / "file", mode).result()
    with pytest.raises(OverflowError, match=r"^mode is beyond 32 bits$"):
        futures.directory_create(tmp_path / "new", mode=mode).result()
    assert not (tmp_path / "new").exists()
    assert (tmp_path / "file").stat().st_mode == before


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"times": (1,)}, "times must be a tuple of two numbers or None, not of 1"),
        ({"times": [1, 2]}, "times must be a tuple of two numbers or None, not 'list'"),
        ({"times": (1, "2")}, "times must be a tuple of two numbers, not with a 'str'"),
        ({"ns": (1, 2.5)}, "ns must be a tuple of two whole numbers, not with a 'float'"),
    ],
    ids=str,
)
def test_wrong_times_are_named(given, message):
    with pytest.raises(TypeError) as raised:
        futures.path_utime("file", **given)
    assert str(raised.value) == message


# -- files of aio.open() --

SIZED = ["read", "readline", "readlines", "read1", "peek", "truncate"]


@pytest.mark.parametrize("mode", ["w+", "w+b"])
@pytest.mark.parametrize("given", ["3", 1.5, [], b"3"], ids=repr)
def test_wrong_numbers_are_named_and_change_nothing(tmp_path, mode, given):
    text = "b" not in mode
    content = "one\ntwo\n" if text else b"one\ntwo\n"
    messages = {}

    async def main():
        async with aio.open(tmp_path / "file", mode, newline="" if text else None) as file:
            await file.write(content)
            await file.seek(4)
            for method in [*SIZED, "seek"]:
                if not hasattr(file, method):
                    continue
                with pytest.raises(TypeError) as raised:
                    await getattr(file, method)(given)
                messages[method] = str(raised.value)
            with pytest.raises(TypeError) as raised:
                await file.seek(given, 2)
            return await file.tell(), await file.read()

    assert asyncio.run(main()) == (4, content[4:])
    kind = type(given).__name__
    assert messages.pop("seek") == f"offset must be an integer, not '{kind}'"
    assert messages.pop("readlines") == f"hint must be an integer or None, not '{kind}'"
    assert set(messages.values()) == {f"size must be an integer or None, not '{kind}'"}


@pytest.mark.parametrize("mode", ["w+", "w+b"])
def test_a_place_that_no_file_has_is_refused_by_seek(tmp_path, mode):
    async def main():
        async with aio.open(tmp_path / "file", mode) as file:
            with pytest.raises(OverflowError, match=r"^offset is beyond 64 bits$"):
                await file.seek(2**63)
            assert await file.seek(2**63 - 1) == 2**63 - 1
            return await file.seek(0)

    assert asyncio.run(main()) == 0


@pytest.mark.parametrize("buffer", [b"1234", memoryview(bytearray(8))[::2]])
def test_readinto_a_buffer_that_cannot_be_filled(tmp_path, buffer):
    (tmp_path / "file").write_bytes(b"12345678")

    async def main():
        async with aio.open(tmp_path / "file", "rb") as file:
            with pytest.raises(TypeError, match=r"^readinto\(\) argument must be a writable"):
                await file.readinto(buffer)
            return await file.tell()

    assert asyncio.run(main()) == 0


def test_what_is_no_queue_is_refused_by_open():
    with pytest.raises(TypeError, match=r"^queue must be a Queue or None, not 'int'$"):
        aio.open("file", queue=1)
