"""Awaiting under trio, which is not imported here: where this is used it has been.

A system task serves the port. Trio cancels those before it finalises asynchronous generators: what
these still await they serve themselves.
"""

from __future__ import annotations

import sys

from mhddq import _core

TYPE_CHECKING = False  # as typing has it, without importing typing
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mhddq._core import LoopPort, Service
    from mhddq.aio import Operation

_ports_of_run: Any = None  # a RunVar: of each run a dict from services to ports


def port_of(service: Service, token: Any) -> LoopPort:
    """The port of a queue in the run that this thread is in."""
    global _ports_of_run  # noqa: PLW0603
    lowlevel = sys.modules["trio"].lowlevel
    if _ports_of_run is None:
        _ports_of_run = lowlevel.RunVar("mhddq")
    try:
        ports = _ports_of_run.get()
    except LookupError:
        ports = {}
        _ports_of_run.set(ports)
    port: LoopPort | None = ports.get(service)
    if port is None or port.closed:
        port = _core.new_loop_port(service, token, token, True)
        descriptor = port.fileno()
        try:
            lowlevel.spawn_system_task(_serve, port, descriptor, name="mhddq")
        except RuntimeError:  # past them
            port.served = False
        else:
            ports[service] = port
            port.release = lambda: (
                ports.pop(service, None),
                lowlevel.notify_closing(descriptor),
            )
    return port


async def _serve(port: LoopPort, descriptor: int) -> None:
    trio = sys.modules["trio"]
    try:
        while not port.closed:
            await trio.lowlevel.wait_readable(descriptor)
            port.serve()
    except trio.ClosedResourceError:
        pass
    except trio.Cancelled:
        with trio.CancelScope(shield=True):
            while port.waiting and not port.closed:
                await trio.lowlevel.wait_readable(descriptor)
                port.serve()
        raise
    finally:
        port.served = False
        port.close()


class _Await:
    """One await of an operation."""

    def __init__(self, operation: Operation[Any], port: LoopPort, abandons: bool) -> None:
        self.operation, self.port, self.abandons = operation, port, abandons
        self.lowlevel = sys.modules["trio"].lowlevel
        self.waits = False
        self.raise_cancelled: Callable[[], None] | None = None

    async def until_woken(self) -> None:
        task = self.lowlevel.current_task()

        def resume(_: object) -> None:
            if self.waits:
                self.waits = False
                self.lowlevel.reschedule(task)

        awaiting = _core.await_with(self.operation, resume)
        if awaiting is None:  # it has ended
            return
        self.waits = True
        try:
            await self.lowlevel.wait_task_rescheduled(self._abort)
        finally:
            self.waits = False
            awaiting.close()

    def _abort(self, raise_cancelled: Callable[[], None]) -> Any:
        """Whether the wait can end now."""
        self.raise_cancelled = raise_cancelled
        self.waits = False
        if self.operation.done():
            ended = False
        elif self.abandons:
            _core.leave_alone(self.operation)
            ended = True
        else:
            ended = self.operation.cancel()
        self.waits = not ended
        abort = self.lowlevel.Abort
        return abort.SUCCEEDED if ended else abort.FAILED

    async def until_served(self) -> None:
        trio = sys.modules["trio"]
        try:
            await self._serve(trio)
        except trio.Cancelled:
            if self.abandons or self.operation.cancel():
                raise
            with trio.CancelScope(shield=True):
                await self._serve(trio)
            if self.operation.cancelled():
                raise

    async def _serve(self, trio: Any) -> None:
        descriptor = self.port.fileno()
        while not self.operation.done():
            try:
                await self.lowlevel.wait_readable(descriptor)
            except trio.BusyResourceError:  # another awaits and serves
                await trio.sleep(0.001)
            self.port.serve()


async def wait(operation: Operation[Any], port: LoopPort, abandons: bool) -> Any:
    """What `await` of an operation is."""
    one = _Await(operation, port, abandons)
    if operation.done():
        await one.lowlevel.cancel_shielded_checkpoint()
    elif port.served:
        await one.until_woken()
    else:
        await one.until_served()
    if operation.cancelled() and one.raise_cancelled is not None:
        one.raise_cancelled()
    return operation.result()


_core.use_trio(wait)
