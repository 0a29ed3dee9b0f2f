"""The standard streams: of sys, as they are when they are used."""

from __future__ import annotations

import sys

from mhddq.aio._threaded import COMMON, Threaded, at_once, on_a_thread


@on_a_thread(*COMMON, "readable")
@at_once("buffer", "closed", "detach", "encoding", "errors", "fileno", "line_buffering", "mode")
@at_once("name", "newlines")
class StandardText(Threaded):
    """A text stream of the process."""


@on_a_thread(*COMMON, "peek", "read1", "readinto")
@at_once("closed", "detach", "fileno", "mode", "name", "raw", "readable")
class StandardBytes(Threaded):
    """A binary stream of the process."""


stdin = StandardText(lambda: sys.stdin)
stdout = StandardText(lambda: sys.stdout)
stderr = StandardText(lambda: sys.stderr)
stdin_bytes = StandardBytes(lambda: sys.stdin.buffer)
stdout_bytes = StandardBytes(lambda: sys.stdout.buffer)
stderr_bytes = StandardBytes(lambda: sys.stderr.buffer)
