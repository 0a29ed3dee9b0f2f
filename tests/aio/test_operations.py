"""Operations that are awaited: each rule of mhddq.aio, under each kind of loop."""

from __future__ import annotations

import asyncio
import errno
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mhddq import Cancelled, Control, Oplist, Queue, aio

from loops import TRIO, Run, together  # isort: skip


@pytest.fixture
def held() -> Iterator[Queue]:
    """A queue that is paused: what is enqueued does not start."""
    queue = Queue("held")
    queue.pause()
    yield queue
    queue.close(0)


def cancelled_error(run: Run) -> type[BaseException]:
    if run in TRIO:
        import trio  # noqa: PLC0415 - it runs

        return trio.Cancelled
    return asyncio.CancelledError


async def in_cancelled_task(
    run: Run, function: Callable[[], Any], *, when: Callable[[], bool]
) -> bool:
    """Runs it in a task, which is cancelled once `when` holds, and waits for its end.
    False: the task of asyncio had ended before."""
    if run in TRIO:
        import trio  # noqa: PLC0415 - it runs

        async with trio.open_nursery() as nursery:
            nursery.start_soon(function)
            while not when():
                await trio.sleep(0)
            for _ in range(3):
                await trio.lowlevel.checkpoint()
            nursery.cancel_scope.cancel()
        return True
    task = asyncio.ensure_future(function())
    while not when():
        await asyncio.sleep(0)
    for _ in range(3):
        await asyncio.sleep(0)
    cancelled = task.cancel()
    await asyncio.wait([task])
    return cancelled


# -- values, errors, order --


def test_value_error_and_order(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        path = tmp_path / "a"
        write = aio.file_write("one", path)
        read = aio.file_read(path)  # enqueued behind it, whatever is awaited first
        assert await read == "one"
        assert await write is None
        assert await aio.file_read(path, binary=True) == b"one"
        assert await aio.file_write(b"two", path) is None
        assert await read == "one"  # any number of times
        assert read.result() == "one"
        assert read.done()
        assert not read.cancelled()
        with pytest.raises(FileNotFoundError) as failure:
            await aio.file_read(tmp_path / "none")
        assert failure.value.filename == str(tmp_path / "none")
        assert failure.value.errno == errno.ENOENT

    run(main)


def test_error_is_raised_by_each_await_anew(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        read = aio.file_read(tmp_path / "none")
        depths = []
        for _ in range(3):
            try:
                await read
            except FileNotFoundError as error:
                frames = 0
                traceback = error.__traceback__
                while traceback is not None:
                    frames, traceback = frames + 1, traceback.tb_next
                depths.append(frames)
        assert depths == depths[:1] * 3

    run(main)


def test_several_await_one_operation(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        (tmp_path / "a").write_text("one")
        read = aio.file_read(tmp_path / "a")
        got = []

        async def wait() -> None:
            got.append(await read)

        await together(run, wait, wait, wait)
        assert got == ["one"] * 3

    run(main)


def test_no_loop_and_closed_queue(run: Run, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="no event loop"):
        aio.file_write("", tmp_path / "a")
    assert not (tmp_path / "a").exists()
    queue = Queue("shut")
    queue.close()

    async def main() -> None:
        with pytest.raises(RuntimeError, match="closed"):
            queue.aio.file_exists("a")
        with pytest.raises(RuntimeError, match="closed"):
            queue.aio.flush()
        with pytest.raises(RuntimeError, match="closed"):
            queue.aio.oplist()
        with pytest.raises(TypeError):
            aio.file_exists(1)

    run(main)


def test_result_before_the_end(run: Run, held: Queue) -> None:
    async def main() -> None:
        operation = held.aio.file_exists("a")
        with pytest.raises(RuntimeError, match="has not ended"):
            operation.result()
        held.resume()
        assert await operation is False

    run(main)


def test_the_call_never_waits(run: Run, tmp_path: Path) -> None:
    """More than the ring holds, and more bytes than the budget, while nothing runs."""
    queue = Queue("small", ring_size=16, write_bytes=1 << 20)
    queue.pause()

    async def main() -> None:
        path = tmp_path / "a"
        operations = [queue.aio.file_write(b"x" * 100_000, path) for _ in range(100)]
        assert queue.pending == 100
        queue.resume()
        for operation in operations:
            await operation

    run(main)
    assert queue.close()


# -- a coroutine, to the eye --


def test_is_a_coroutine_to_the_eye(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("one")
    path = tmp_path / "a"

    async def main() -> None:
        assert await asyncio.create_task(aio.file_read(path)) == "one"
        assert await asyncio.gather(aio.file_read(path), aio.file_exists(path)) == ["one", True]
        assert await asyncio.wait_for(aio.file_read(path), 5) == "one"
        assert await asyncio.shield(aio.file_read(path)) == "one"
        assert [await each for each in asyncio.as_completed([aio.file_read(path)])] == ["one"]
        operation = aio.file_read(path)
        both = asyncio.create_task(operation), asyncio.create_task(operation)
        assert await asyncio.gather(*both) == ["one", "one"]
        with pytest.raises(FileNotFoundError):
            await asyncio.create_task(aio.file_read(tmp_path / "none"))
        assert not asyncio.isfuture(operation)
        assert asyncio.iscoroutine(operation)
        if sys.version_info >= (3, 11):
            async with asyncio.TaskGroup() as tasks:
                task = tasks.create_task(aio.file_read(path))
            assert task.result() == "one"
            async with asyncio.timeout(5):
                assert await aio.file_read(path) == "one"

    asyncio.run(main(), debug=True)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="no eager tasks")
def test_eager_tasks(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("one")

    async def main() -> None:
        asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)

        async def read() -> str:
            return await aio.file_read(tmp_path / "a")

        assert await asyncio.gather(read(), aio.file_read(tmp_path / "a")) == ["one", "one"]

    asyncio.run(main(), debug=True)


def test_nurseries_start_it(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        if run in TRIO:
            import trio  # noqa: PLC0415 - it runs

            async with trio.open_nursery() as nursery:
                nursery.start_soon(aio.file_create, tmp_path / "a")
        if run.__name__.startswith("_anyio"):
            import anyio  # noqa: PLC0415 - it runs

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(aio.file_create, tmp_path / "b")
                tasks.start_soon(aio.file_exists, tmp_path / "b")

    run(main)
    assert (tmp_path / "a").exists() == (run in TRIO)
    assert (tmp_path / "b").exists() == run.__name__.startswith("_anyio")


def test_tasks_go_on_in_their_own_context(run: Run, tmp_path: Path) -> None:
    import contextvars  # noqa: PLC0415

    variable = contextvars.ContextVar("variable", default=0)

    async def main() -> None:
        seen = []

        async def one(number: int) -> None:
            variable.set(number)
            for _ in range(3):
                await aio.file_exists(tmp_path)
                seen.append((number, variable.get()))

        await together(run, *(lambda n=n: one(n) for n in range(1, 6)))
        assert len(seen) == 15
        assert all(number == value for number, value in seen)
        assert variable.get() == 0

    run(main)


# -- cancelling --


def test_cancelled_before_it_started(run: Run, held: Queue, tmp_path: Path) -> None:
    operations: list[Any] = []
    raised = []

    async def main() -> None:
        async def write() -> None:
            operations.append(held.aio.file_write("x", tmp_path / "a"))
            try:
                await operations[0]
            except BaseException as error:
                raised.append(type(error))
                raise

        await in_cancelled_task(run, write, when=lambda: bool(operations))
        assert operations[0].cancelled()
        held.resume()
        await held.aio.flush()

    run(main)
    assert raised == [cancelled_error(run)]
    assert not (tmp_path / "a").exists()


def test_cancelled_while_it_runs_and_done_all_the_same(run: Run, tmp_path: Path) -> None:
    """The copy is cancelled while it runs, or it ends as if it had not been."""
    (tmp_path / "source").write_bytes(b"x" * (64 << 20))
    queue = Queue("slow")
    control = Control()
    operations: list[Any] = []
    ends = []
    in_time = []

    async def main() -> None:
        async def copy() -> None:
            operations.append(
                queue.aio.file_copy(tmp_path / "source", tmp_path / "copy", control=control)
            )
            try:
                await operations[0]
                ends.append("value")
            except BaseException as error:
                ends.append(type(error))
                raise

        in_time.append(await in_cancelled_task(run, copy, when=lambda: control.done > 0))
        assert operations[0].done()  # the outcome is definite

    run(main)
    assert queue.close()
    if operations[0].cancelled():
        assert ends == [cancelled_error(run)]
        assert os.listdir(tmp_path) == ["source"]
    else:
        raises = in_time == [True] and run not in TRIO
        assert ends == [asyncio.CancelledError if raises else "value"]
        assert operations[0].result() is None
        assert (tmp_path / "copy").stat().st_size == 64 << 20


def test_cancelled_by_another(run: Run, held: Queue) -> None:
    async def main() -> None:
        control = Control()
        by_itself = held.aio.file_exists("a")
        by_control = held.aio.file_exists("a", control=control)
        raised = []

        async def wait(operation: Any) -> None:
            try:
                await operation
            except Cancelled as error:
                raised.append(error.errno)

        async def cancel() -> None:
            assert by_itself.cancel()
            control.cancel()

        await together(run, lambda: wait(by_itself), lambda: wait(by_control), cancel)
        assert raised == [errno.ECANCELED] * 2
        with pytest.raises(Cancelled):
            by_itself.result()

    run(main)


def test_cancelled_by_another_thread(run: Run, held: Queue) -> None:
    async def main() -> None:
        operation = held.aio.file_exists("a")
        thread = threading.Timer(0.05, operation.cancel)
        thread.start()
        with pytest.raises(Cancelled):
            await operation
        thread.join()

    run(main)


def test_one_cancelled_await_cancels_for_all(run: Run, held: Queue) -> None:
    async def main() -> None:
        operation = held.aio.file_exists("a")
        raised = []

        async def wait() -> None:
            try:
                await operation
            except BaseException as error:
                raised.append(type(error))
                if not isinstance(error, Cancelled):
                    raise

        async def cancelled() -> None:
            await in_cancelled_task(run, wait, when=lambda: True)

        await together(run, wait, cancelled)
        assert sorted(e.__name__ for e in raised) == sorted(
            e.__name__ for e in (Cancelled, cancelled_error(run))
        )

    run(main)


def test_shield_neither_cancels_nor_waits(held: Queue, tmp_path: Path) -> None:
    async def main() -> None:
        write = asyncio.ensure_future(held.aio.file_write("x", tmp_path / "a"))
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.shield(write), 0.01)
        assert not write.done()
        held.resume()
        await write

    asyncio.run(main(), debug=True)
    assert (tmp_path / "a").read_text() == "x"


def test_abandoned(run: Run, held: Queue, tmp_path: Path) -> None:
    operations: list[Any] = []

    async def main() -> None:
        async def write() -> None:
            operations.append(held.aio.file_write("x", tmp_path / "a"))
            await operations[0].abandon_on_cancel()

        await in_cancelled_task(run, write, when=lambda: bool(operations))
        assert operations[0].cancelled()  # it had not started
        held.resume()
        assert await held.aio.file_exists(tmp_path).abandon_on_cancel() is False

    run(main)


def test_no_spinning_in_scopes_of_anyio(tmp_path: Path) -> None:
    """These cancel anew at each turn of the loop, and a write that runs is waited for."""
    anyio = pytest.importorskip("anyio")
    data = b"x" * (256 << 20)

    async def main() -> None:
        loop = asyncio.get_running_loop()
        run_once, turns = loop._run_once, 0  # type: ignore[attr-defined]

        def counted() -> None:
            nonlocal turns
            turns += 1
            run_once()

        control = Control()
        with anyio.CancelScope() as scope:
            operation = aio.file_write(data, tmp_path / "a", control=control)
            async with anyio.create_task_group() as tasks:

                async def cancel() -> None:
                    while control.accepted and not control.done:
                        await asyncio.sleep(0)
                    loop._run_once = counted  # type: ignore[attr-defined]
                    scope.cancel()

                tasks.start_soon(cancel)
                await operation
        assert scope.cancelled_caught
        assert operation.done()
        assert turns < 200

    anyio.run(main)
    assert (tmp_path / "a").stat().st_size == len(data)


# -- lists, walks, flush, closing --


def test_oplist(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with aio.oplist(on_error="stop") as todo:
            write = todo.file_write("one", tmp_path / "a")
            read = todo.file_read(tmp_path / "a")
            with pytest.raises(RuntimeError, match="not been enqueued"):
                await read
            assert len(todo) == 2
        assert write.result() is None
        assert read.result() == "one"
        with pytest.raises(FileNotFoundError):  # noqa: PT012
            async with aio.oplist(on_error="stop") as todo:
                first = todo.file_read(tmp_path / "none")
                second = todo.file_create(tmp_path / "b")
        with pytest.raises(FileNotFoundError):
            first.result()
        assert second.cancelled()
        with pytest.raises(KeyError):  # noqa: PT012
            async with aio.oplist() as todo:
                never = todo.file_create(tmp_path / "c")
                raise KeyError
        assert never.cancelled()
        await aio.flush()
        assert sorted(os.listdir(tmp_path)) == ["a"]

    run(main)


def test_enqueue_oplist(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        oplist = Oplist()
        oplist.file_create(None, tmp_path / "a")
        assert await aio.enqueue_oplist(oplist) is None
        assert (tmp_path / "a").exists()
        with pytest.raises(FileExistsError):
            await aio.enqueue_oplist(oplist)
        with pytest.raises(TypeError):
            aio.enqueue_oplist(1)

    run(main)


def test_walk_is_a_batch_ahead(run: Run, tmp_path: Path) -> None:
    for i in range(10):
        (tmp_path / str(i)).touch()
    queue = Queue("walk")

    async def main() -> None:
        seen = []
        async for batch in queue.aio.directory_walk(tmp_path, batch=3):
            seen += [entry["path"] for entry in batch]
            await queue.aio.flush()  # the next one has been read by now, too
        assert sorted(seen) == sorted(str(tmp_path / str(i)) for i in range(10))
        async for _ in queue.aio.directory_walk(tmp_path, batch=3):
            break  # nothing is left behind, and nothing complained of
        with pytest.raises(FileNotFoundError):
            async for _ in queue.aio.directory_walk(tmp_path / "none"):
                pass

    run(main)
    assert queue.close()


def test_flush(run: Run, held: Queue, tmp_path: Path) -> None:
    async def main() -> None:
        held.file_write(None, "x", tmp_path / "a")
        flush = held.aio.flush()
        assert not flush.done()
        held.resume()
        assert await flush is None
        assert (tmp_path / "a").read_text() == "x"
        assert await Queue("unused").aio.flush() is None

    run(main)


def test_flush_can_be_cancelled(run: Run, held: Queue) -> None:
    async def main() -> None:
        held.file_exists(None, "a")
        started = []

        async def flush() -> None:
            started.append(1)
            await held.aio.flush()

        await in_cancelled_task(run, flush, when=lambda: bool(started))

    run(main)


def test_async_with_closes(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with Queue("short") as queue:
            write = queue.aio.file_write("x", tmp_path / "a")
        assert queue.closed
        assert write.result() is None
        assert await queue.aio.close()

    run(main)
    assert (tmp_path / "a").read_text() == "x"


def test_import_of_mhddq_imports_no_framework(tmp_path: Path) -> None:
    program = (
        "import sys, mhddq; from mhddq import aio;"
        "assert not {'asyncio', 'trio', 'anyio'} & set(sys.modules), sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True, timeout=60)
