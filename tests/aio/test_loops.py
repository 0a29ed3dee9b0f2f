"""Loops of awaited operations: one after another, side by side, that die, in forked children."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from loops import TRIO, Run

from mhddq import Queue, aio


def test_loops_one_after_another(run: Run, tmp_path: Path) -> None:
    queue = Queue("many loops")

    async def main() -> None:
        assert await queue.aio.file_exists(tmp_path) is False
        queue.aio.file_write("x", tmp_path / "a")  # which nothing awaits

    for _ in range(5):
        run(main)
    assert queue.close()
    assert (tmp_path / "a").read_text() == "x"


def test_loops_side_by_side(run: Run, tmp_path: Path) -> None:
    failures = []

    async def main() -> None:
        path = tmp_path / threading.current_thread().name
        for i in range(50):
            await aio.file_write(str(i), path)
            assert await aio.file_read(path) == str(i)

    def in_thread() -> None:
        try:
            run(main)
        except BaseException as error:  # noqa: BLE001 - shown below
            failures.append(error)

    threads = [threading.Thread(target=in_thread) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_loop_that_is_only_closed(tmp_path: Path) -> None:
    queue = Queue("left")
    for _ in range(3):
        loop = asyncio.new_event_loop()

        async def main() -> bool:
            queue.pause()
            queue.aio.file_write("x", tmp_path / "a")
            return True

        assert loop.run_until_complete(main())
        loop.close()
        queue.resume()
        assert queue.flush(20)
    del loop
    gc.collect()
    assert queue.close(20)


def test_loop_that_is_collected(tmp_path: Path) -> None:
    queue = Queue("lost")
    loop = asyncio.new_event_loop()

    async def main() -> None:
        queue.pause()
        queue.aio.file_write("x", tmp_path / "a")

    loop.run_until_complete(main())
    loop.close()
    del loop
    gc.collect()
    assert queue.close(20)
    assert (tmp_path / "a").exists()


def test_generator_that_awaits_at_the_end_of_the_loop(run: Run, tmp_path: Path) -> None:
    if run in TRIO:
        pytest.skip("trio cancels what such generators await")
    ends = []

    async def numbers() -> Any:
        try:
            for i in range(10):
                yield i
        finally:
            await aio.file_write("x", tmp_path / "a")
            ends.append(await aio.file_exists(tmp_path / "a"))

    kept = []

    async def main() -> None:
        kept.append(numbers())
        async for _ in kept[0]:
            break
        assert await aio.file_exists(tmp_path) is False

    run(main)
    assert ends == [True]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_forked_child_has_loops_of_its_own(tmp_path: Path) -> None:
    program = """
import asyncio, os, sys
from mhddq import aio
async def child():
    await aio.file_write("child", "b")
    return await aio.file_read("b")
async def main():
    await aio.file_write("parent", "a")
    operation = aio.file_exists("a")
    pid = os.fork()
    if pid == 0:
        asyncio._set_running_loop(None)
        done = asyncio.new_event_loop().run_until_complete(child()) == "child"
        os._exit(0 if done and operation.done() else 1)
    assert os.waitpid(pid, 0)[1] == 0
    assert await operation
    return await aio.file_read("a")
assert asyncio.run(main()) == "parent"
"""
    subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", program],
        cwd=tmp_path,
        check=True,
        timeout=60,
    )
