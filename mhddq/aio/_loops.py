"""The ports of event loops: made at the first operation in a loop, closed at its end.

Guarantees
  - asyncio's loops are noticed to end when their asynchronous generators are shut down, for a
    generator of ours is among them; or else when they are closed or collected.
  - Nothing here keeps a loop alive.
  - In a forked child the loops of the parent are left alone.
"""

from __future__ import annotations

import contextvars
import os
import sys
import weakref

from mhddq import _core
from mhddq.aio import _trio

TYPE_CHECKING = False  # as typing has it, without importing typing
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from typing import Any

    from mhddq._core import LoopPort, Service


class _Loop:
    """One of asyncio's loops, with its ports."""

    def __init__(self, loop: Any) -> None:
        self.reference = weakref.ref(loop, self._is_gone)
        self.key = id(loop)
        self.ports: dict[Service, LoopPort] = {}
        self.ended = bool(getattr(loop, "_asyncgens_shutdown_called", False))
        self.guard: AsyncGenerator[None, None] | None = None
        if not self.ended:
            self.guard = _guard(weakref.ref(self))
            try:  # noqa: SIM105 - its first step makes it known to the loop
                self.guard.__anext__().send(None)
            except StopIteration:
                pass

    def _is_gone(self, _: object) -> None:
        _loops.pop(self.key, None)
        for port in list(self.ports.values()):
            port.give_up()

    async def end(self) -> None:
        """The loop shuts down its asynchronous generators, and those of others may still await."""
        self.ended = True
        loop: Any = self.reference()
        sleep = sys.modules["asyncio"].sleep
        await sleep(0)
        for port in list(self.ports.values()):
            while port.waiting:
                idle = loop.create_future()
                port.when_idle = lambda _, idle=idle: idle.done() or idle.set_result(None)
                await idle
                port.when_idle = None
                await sleep(0)
            port.close()


_loops: dict[int, _Loop] = {}
_of_parents: list[_Loop] = []  # kept: what happens at their end is not for a child to do


def _forget_parent() -> None:
    _of_parents.extend(_loops.values())
    _loops.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_parent)


async def _guard(of: weakref.ref[_Loop]) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        if (loop := of()) is not None:
            await loop.end()


def port_of(service: Service, loop: Any, in_trio: bool) -> LoopPort:
    """The port of a queue in the loop that runs in this thread; in_trio: `loop` is trio's token."""
    if in_trio:
        return _trio.port_of(service, loop)
    held = _loops.get(id(loop))
    if held is None or held.reference() is not loop:
        held = _loops[id(loop)] = _Loop(loop)
    port = held.ports.get(service)
    if port is None or port.closed:
        port = _core.new_loop_port(service, loop, held.reference, False)
        # Not in the context of the task that happens to be the first.
        port.release = contextvars.Context().run(_watch, loop, port)
        release = port.release

        def leave() -> None:
            held.ports.pop(service, None)
            release()

        port.release = leave
        held.ports[service] = port
    return port


def _watch(loop: Any, port: LoopPort) -> Any:
    """Has the loop serve the port. Returns what ends that."""
    descriptor = port.fileno()
    try:
        loop.add_reader(descriptor, port.serve)
    except NotImplementedError:
        return _Receiver(loop, descriptor, port).close

    def release() -> None:
        if not loop.is_closed():
            loop.remove_reader(descriptor)

    return release


class _Receiver:
    """Waits by a receiving of no bytes for what a proactor has no readers for.

    By bare futures: a task would be cancelled with all others before the loop ends.
    """

    def __init__(self, loop: Any, descriptor: int, port: LoopPort) -> None:
        import socket  # noqa: PLC0415 - where there are proactors

        self._loop, self._port = loop, port
        self._socket: socket.socket | None = socket.socket(fileno=descriptor)
        self._future: Any = None
        self._receive()

    def _receive(self) -> None:
        self._future = self._loop._proactor.recv(self._socket, 0)
        self._future.add_done_callback(self._has_come)

    def _has_come(self, future: Any) -> None:
        if self._socket is None or future.cancelled():
            return
        future.exception()
        self._port.serve()
        if self._socket is not None:
            self._receive()

    def close(self) -> None:
        if self._socket is not None:
            self._socket.detach()  # the port's own
            self._socket = None
        self._future.cancel()


_core.use_loops(port_of)
