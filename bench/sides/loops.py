"""The event loops that sides run on, and how they drive an operation: `options.loop` names one,
`options.flight` says how many are in flight."""

from __future__ import annotations

from itertools import repeat

from sides.common import IN_FLIGHT, clock, countdown


async def consume(todo, operation, called):
    for _ in todo:
        called(await operation())


def new_loop(name):
    """A loop of asyncio's kind, that stays."""
    if name == "uvloop":
        import uvloop  # noqa: PLC0415 - only the processes that need it

        return uvloop.new_event_loop()
    import asyncio  # noqa: PLC0415

    return asyncio.new_event_loop()


def runner(options):
    """``call(function, *arguments)``, which runs a coroutine function to its end on the loop."""
    name = getattr(options, "loop", "asyncio")
    if name == "trio":
        import trio  # noqa: PLC0415

        return trio.run
    loop = new_loop(name)
    return lambda function, *arguments: loop.run_until_complete(function(*arguments))


def driven(options, operation):
    """`run(count)` for a coroutine function without parameters, called by tasks side by side."""
    flight = getattr(options, "flight", IN_FLIGHT)
    call = runner(options)

    async def on_asyncio(count):
        from asyncio import gather  # noqa: PLC0415

        todo = repeat(None, count)
        called, wait = countdown(count)
        began = clock()
        await gather(*(consume(todo, operation, called) for _ in range(flight)))
        return wait() - began

    async def on_trio(count):
        from trio import open_nursery  # noqa: PLC0415

        todo = repeat(None, count)
        called, wait = countdown(count)
        began = clock()
        async with open_nursery() as nursery:
            for _ in range(flight):
                nursery.start_soon(consume, todo, operation, called)
        return wait() - began

    everything = on_trio if getattr(options, "loop", "asyncio") == "trio" else on_asyncio
    return lambda count: call(everything, count)


def timed(options, function):
    """`run(count)` for a coroutine function that does `count` operations itself."""
    call = runner(options)

    def run(count):
        began = clock()
        call(function, count)
        return clock() - began

    return run


def lines_of(options, opened):
    """Reads `count` lines of the file that `opened(path)` gives to ``async with``."""

    async def read(count):
        left = count
        async with opened(options.path) as file:
            async for _ in file:
                left -= 1
                if not left:
                    break
        if left:
            raise RuntimeError("the file has too few lines")

    return timed(options, read)


def lines_to(options, opened):
    """Writes `count` lines to the file that `opened(path, "w")` gives to ``async with``."""
    line = "x" * 79 + "\n"

    async def write(count):
        async with opened(options.path, "w") as file:
            for _ in repeat(None, count):
                await file.write(line)

    return timed(options, write)


def whole_of(options, opened):
    """Opens, reads and closes a text file."""

    async def operation():
        async with opened(options.path) as file:
            return await file.read()

    return driven(options, operation)
