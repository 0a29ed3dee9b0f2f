"""Many operations of event loops: cancelled at random, at once, and beside a task that ticks."""

from __future__ import annotations

import asyncio
import os
import random
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from mhddq import Cancelled, Queue, aio

from loops import TRIO, Run  # isort: skip


def test_each_that_is_cancelled_has_one_outcome(run: Run, tmp_path: Path) -> None:
    """Tasks are cancelled at random moments; the disk shows what became of each operation."""
    rounds = 2_500  # times four operations
    choose = random.Random(run.__name__)
    queue = Queue("cancels")
    outcomes: dict[Path, tuple[Any, str]] = {}

    async def one(path: Path, cancelled: Any) -> None:
        operation = queue.aio.file_create(path)
        try:
            await operation
            outcomes[path] = operation, "value"
        except Cancelled:
            outcomes[path] = operation, "stopped by another"
        except cancelled:
            outcomes[path] = operation, "cancelled"
            raise

    async def on_asyncio() -> None:
        for i in range(rounds):
            tasks = [
                asyncio.ensure_future(one(tmp_path / f"{i}.{n}", asyncio.CancelledError))
                for n in range(4)
            ]
            for _ in range(choose.randrange(4)):
                await asyncio.sleep(0)
            for task in choose.sample(tasks, choose.randrange(1, 4)):
                task.cancel()
            await asyncio.wait(tasks)

    async def on_trio() -> None:
        import trio  # noqa: PLC0415 - it runs

        for i in range(rounds):
            async with trio.open_nursery() as nursery:
                for n in range(4):
                    nursery.start_soon(one, tmp_path / f"{i}.{n}", trio.Cancelled)
                for _ in range(choose.randrange(4)):
                    await trio.lowlevel.checkpoint()
                nursery.cancel_scope.cancel()

    run(on_trio if run in TRIO else on_asyncio)
    assert queue.close()
    for path, (operation, outcome) in outcomes.items():
        exists = path.exists()
        assert operation.done()
        assert operation.cancelled() != exists, (path, outcome)
        if outcome == "value":
            assert exists
        elif run in TRIO:  # gets the value of what was done all the same
            assert not exists
    assert {outcome for _, outcome in outcomes.values()} == {"value", "cancelled"}
    assert len(os.listdir(tmp_path)) == sum(not o.cancelled() for o, _ in outcomes.values())


@pytest.mark.slow
def test_a_hundred_thousand_in_flight(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        operations = [aio.file_exists(tmp_path) for _ in range(100_000)]
        assert not any([await operation for operation in operations])

    run(main)


def test_others_go_on_while_many_are_delivered(run: Run, tmp_path: Path) -> None:
    """A task that ticks is not held up for long. The bound is generous: the machine may be busy."""
    queue = Queue("gap", ring_size=65536)
    gaps: list[float] = []

    async def main() -> None:
        operations = [queue.aio.file_exists(tmp_path) for _ in range(20_000)]
        if run in TRIO:
            import trio  # noqa: PLC0415 - it runs

            turn = trio.lowlevel.checkpoint
        else:

            def turn() -> Any:
                return asyncio.sleep(0)

        before = time.perf_counter()
        while queue.pending:
            await turn()
            now = time.perf_counter()
            gaps.append(now - before)
            before = now
        assert all(operation.done() for operation in operations)

    run(main)
    assert queue.close()
    assert max(sorted(gaps)[:-2], default=0) < 0.1


@pytest.mark.skipif(sys.platform != "linux", reason="counts the descriptors")
def test_queues_leave_no_descriptor_in_a_loop(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        counts = []
        for _ in range(20):
            assert await Queue("short").aio.file_exists(tmp_path) is False
            async with Queue("closed") as queue:
                await queue.aio.file_exists(tmp_path)
            await aio.flush()
            counts.append(len(os.listdir("/proc/self/fd")))
        assert counts[-1] <= counts[3] + 3

    run(main)
