"""The console command ``mhddq``: what it runs, and its exit status."""

from __future__ import annotations

import errno
import os
import sys

from mhddq.cli._arguments import parser
from mhddq.cli._plan import Usage

TYPE_CHECKING = False  # as typing has it, without importing typing
if TYPE_CHECKING:
    import argparse


def reader_has_left(error: BaseException) -> bool:
    """Has the reader of the output closed the pipe? On Windows a write then fails with EINVAL."""
    if isinstance(error, BrokenPipeError):
        return True
    if os.name != "nt" or not isinstance(error, OSError):
        return False
    return error.errno == errno.EINVAL and error.filename is None


def run(chosen: argparse.Namespace) -> int:
    """Each command is imported only where it is run."""
    if chosen.command == "demo":
        from mhddq.cli._demo import demo  # noqa: PLC0415

        return demo(chosen.directory)
    if chosen.command == "info":
        from mhddq.cli._info import info  # noqa: PLC0415

        return info(chosen.path, chosen.json)
    if chosen.command == "completion":
        from mhddq.cli._completion import completion  # noqa: PLC0415

        return completion(chosen.shell)
    from mhddq.cli._work import work  # noqa: PLC0415

    return work(chosen)


def main(arguments: list[str] | None = None) -> int:
    command = parser()
    chosen = command.parse_args(arguments)
    if chosen.command is None:
        command.print_help()
        return 0
    for stream in (sys.stdout, sys.stderr):
        # File names need not be text: what cannot be encoded is shown by escapes.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        return run(chosen)
    except Usage as error:
        print(f"mhddq {chosen.command}: {error}", file=sys.stderr)
        return 2
    except (OSError, ValueError) as error:
        if reader_has_left(error):
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            return 1
        print(f"mhddq {chosen.command}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"mhddq {chosen.command}: interrupted", file=sys.stderr)
        return 130
