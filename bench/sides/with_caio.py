"""caio: reads of an open descriptor."""

from __future__ import annotations

import os
from importlib.metadata import version

from caio import AsyncioContext
from sides.loops import driven

VERSION = version("caio")


def read_at(options):
    descriptor = os.open(options.path, os.O_RDONLY)
    context = None

    async def operation():
        nonlocal context
        if context is None:  # it wants the running loop
            context = AsyncioContext()
        return await context.read(4096, descriptor, 8192)

    return driven(options, operation)
