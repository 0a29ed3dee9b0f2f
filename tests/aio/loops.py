"""The loops that tests of mhddq.aio run under, where they are installed."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from helpers import under_wine

Run = Callable[[Callable[[], Coroutine[Any, Any, Any]]], Any]


def _asyncio(main: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    # For each future and call debug mode looks at source files, which takes wine a minute.
    return asyncio.run(main(), debug=not under_wine())


def _uvloop(main: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    import uvloop  # noqa: PLC0415 - where it is installed

    loop = uvloop.new_event_loop()
    try:
        return loop.run_until_complete(main())
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


def _trio(main: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    import trio  # noqa: PLC0415 - where it is installed

    return trio.run(main)


def _anyio(main: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    import anyio  # noqa: PLC0415 - where it is installed

    return anyio.run(main)


def _anyio_trio(main: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    import anyio  # noqa: PLC0415 - where it is installed

    return anyio.run(main, backend="trio")


_NEEDS = {
    _asyncio: (),
    _uvloop: ("uvloop",),
    _trio: ("trio",),
    _anyio: ("anyio",),
    _anyio_trio: ("anyio", "trio"),
}
RUNS = [r for r, needs in _NEEDS.items() if all(map(importlib.util.find_spec, needs))]
TRIO = (_trio, _anyio_trio)


async def together(run: Run, *functions: Callable[[], Awaitable[Any]]) -> None:
    """Runs them in tasks that start in this order."""
    if run in TRIO:
        import trio  # noqa: PLC0415 - it runs

        async def in_turn(function: Callable[[], Awaitable[Any]], *, task_status: Any) -> None:
            task_status.started()
            await function()

        async with trio.open_nursery() as nursery:
            for function in functions:
                await nursery.start(in_turn, function)
    else:
        await asyncio.gather(*(asyncio.ensure_future(f()) for f in functions))


async def cancelled_at(run: Run, step: int, function: Callable[[], Awaitable[Any]]) -> bool:
    """Runs it in a task that is cancelled when it has been suspended so many times. Whether that
    many were reached; then it has ended, cancelled or not."""
    counted = _Counted(step)
    if run in TRIO:
        import trio  # noqa: PLC0415 - it runs

        with trio.CancelScope() as scope:
            counted.cancel = scope.cancel
            await counted.around(function)
    else:
        task = asyncio.ensure_future(counted.around(function))
        counted.cancel = task.cancel
        with contextlib.suppress(asyncio.CancelledError):
            await task
    return counted.reached


class _Counted:
    def __init__(self, step: int) -> None:
        self.left, self.reached = step, False
        self.cancel: Callable[[], object] | None = None

    async def around(self, function: Callable[[], Awaitable[Any]]) -> Any:
        return await _Steps(self, function())

    def suspended(self) -> None:
        self.left -= 1
        if self.left == 0:
            self.reached = True
            assert self.cancel is not None
            self.cancel()


class _Steps:
    """An awaitable that reports each suspension of another."""

    def __init__(self, counted: _Counted, inner: Any) -> None:
        self._counted, self._inner = counted, inner

    def __await__(self) -> Any:
        inner = self._inner.__await__()
        value, error = None, None
        while True:
            try:
                asked = inner.send(value) if error is None else inner.throw(error)
            except StopIteration as stop:
                return stop.value
            self._counted.suspended()
            try:
                value, error = (yield asked), None
            except BaseException as raised:  # noqa: BLE001 - it is passed on
                value, error = None, raised
