"""How operations and files end: cancelled, abandoned, or in a forked child."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from loops import Run

from mhddq import Cancelled, Control, Queue, aio


@pytest.fixture
def held() -> Iterator[Queue]:
    with Queue("held") as queue:
        queue.pause()
        yield queue


# ---- cancelled ----


def test_a_cancellation_names_the_path(run: Run, held: Queue, tmp_path: Path) -> None:
    path, path2 = tmp_path / "a", str(tmp_path / "b")

    async def main() -> None:
        control = Control()
        read = held.aio.file_read(path, control=control)
        rename = held.aio.file_rename(os.fsencode(path), path2, control=control)
        control.cancel()
        for operation, names in ((read, (str(path), None)), (rename, (os.fsencode(path), path2))):
            for _ in range(2):
                with pytest.raises(Cancelled) as raised:
                    await operation
                assert (raised.value.filename, raised.value.filename2) == names
            with pytest.raises(Cancelled, match=r"[/\\]a'"):
                operation.result()
        held.resume()

    run(main)


def test_a_member_of_a_stopped_list_names_its_path(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        with pytest.raises(FileNotFoundError):  # noqa: PT012
            async with aio.oplist(on_error="stop") as todo:
                todo.file_read(tmp_path / "missing")
                second = todo.file_create(tmp_path / "second")
        with pytest.raises(Cancelled) as raised:
            second.result()
        assert raised.value.filename == str(tmp_path / "second")

    run(main)


# ---- abandoned ----


def test_abandoned_while_it_ends(run: Run, tmp_path: Path) -> None:
    """The cancellation of the wait, and the end of the operation, at once: each wait ends, and each
    operation has one outcome."""
    rounds, ended = 300, 0

    async def main() -> None:
        nonlocal ended

        async def wait_for(operation: Any) -> None:
            nonlocal ended
            try:
                await operation.abandon_on_cancel()
            finally:
                ended += 1

        for number in range(rounds):
            operation = aio.file_write(bytes(4096), tmp_path / "a")
            await cancelled_after(run, wait_for, operation, turns=number % 7)
            await aio.flush()
            assert operation.done()
            assert operation.cancelled() or operation.result() is None

    run(main)
    assert ended == rounds


async def cancelled_after(run: Run, function: Any, argument: Any, turns: int) -> None:
    """Cancels function(argument) after so many turns of the loop."""
    if run.__name__ in ("_asyncio", "_uvloop"):
        task = asyncio.create_task(function(argument))
        for _ in range(turns + 1):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
        return
    import anyio  # noqa: PLC0415 - where it is
    import anyio.lowlevel  # noqa: PLC0415

    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(function, argument)
            for _ in range(turns + 1):
                await anyio.lowlevel.checkpoint()
            scope.cancel()


# ---- in a forked child ----

CHILD = """
import asyncio, os
from mhddq import aio

async def close(files):
    for file in files:
        await file.close()

async def main():
    appended = await aio.open("appended", "ab")
    written = await aio.open("written", "w")
    atomic = await aio.open("atomic", "wb", atomic=True)
    files = [appended, written, atomic]
    for file in files:
        await file.write("line" if file is written else b"line")
    child = os.fork()
    if child == 0:
        asyncio._set_running_loop(None)
        asyncio.new_event_loop().run_until_complete(close(files))
        sizes = [os.path.getsize(name) for name in ("appended", "written")]
        os._exit(0 if sizes == [0, 0] and not os.path.exists("atomic") else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    await close(files)

asyncio.run(main())
for name in ("appended", "written", "atomic"):
    assert open(name).read() == "line", name
assert sorted(os.listdir()) == ["appended", "atomic", "written"]
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_file_that_is_closed_in_a_child_is_the_parents_to_write(tmp_path: Path) -> None:
    program = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", CHILD]
    subprocess.run(program, cwd=tmp_path, check=True, timeout=60)
