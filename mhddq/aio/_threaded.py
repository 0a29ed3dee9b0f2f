"""Files of io whose methods run on a thread of the loop: for those that may wait for ever, and must
not hold a queue, and those that the stdlib makes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mhddq.aio._frameworks import on_thread

COMMON: tuple[str, ...] = (
    "close",
    "flush",
    "isatty",
    "read",
    "readline",
    "readlines",
    "seek",
    "seekable",
    "tell",
)
COMMON += ("truncate", "writable", "write", "writelines")


def on_a_thread(*names: str) -> Callable[[type[Threaded]], type[Threaded]]:
    """Adds these methods, as coroutines, to a class."""

    def add(to: type[Threaded]) -> type[Threaded]:
        for name in names:
            setattr(to, name, _method(name, to))
        return to

    return add


def at_once(*names: str) -> Callable[[type[Threaded]], type[Threaded]]:
    """Adds these attributes, those of the file inside."""

    def add(to: type[Threaded]) -> type[Threaded]:
        for name in names:
            setattr(to, name, property(_attribute(name)))
        return to

    return add


def _attribute(name: str) -> Callable[[Any], Any]:
    return lambda self: getattr(self._inside(), name)


def _method(name: str, of: type) -> Any:
    async def call(self: Threaded, *args: Any, **keywords: Any) -> Any:
        return await self._call(name, *args, **keywords)

    call.__name__, call.__qualname__ = name, f"{of.__qualname__}.{name}"
    return call


class Threaded:
    """A file whose calls run on threads of the loop, in the order in which they are awaited one
    after another.

    inside: gives the plain file.
    """

    def __init__(self, inside: Callable[[], Any]) -> None:
        self._inside = inside

    async def _call(self, name: str, *args: Any, **keywords: Any) -> Any:
        return await on_thread(getattr(self._inside(), name), *args, **keywords)

    def __repr__(self) -> str:
        return f"<mhddq.aio.{type(self).__name__} of {self._inside()!r}>"

    def __aiter__(self) -> Any:
        return self

    async def __anext__(self) -> Any:
        line = await self._call("readline")
        if not line:
            raise StopAsyncIteration
        return line
