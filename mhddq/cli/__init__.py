"""The console command ``mhddq``: its arguments, and its exit status."""

from __future__ import annotations

import argparse
import errno
import os
import sys

import mhddq
from mhddq.cli._demo import Failed, demo


def parser() -> argparse.ArgumentParser:
    command = argparse.ArgumentParser(
        prog="mhddq", description="Ordered, off-thread file I/O: see it at work."
    )
    command.add_argument("--version", action="version", version=f"mhddq {mhddq.__version__}")
    commands = command.add_subparsers(dest="command", metavar="COMMAND")
    demo_parser = commands.add_parser(
        "demo",
        help="run operations on real files and show what happened",
        description="Runs operations on real files and shows what happened: in a temporary "
        "directory, or, with DIR, on a copy of that tree, which is compared and deleted again.",
    )
    demo_parser.add_argument("directory", metavar="DIR", nargs="?", help="a directory to copy")
    return command


def reader_has_left(error: Exception) -> bool:
    """Has the reader of the output closed the pipe? On Windows a write then fails with EINVAL."""
    if isinstance(error, BrokenPipeError):
        return True
    if os.name != "nt" or not isinstance(error, OSError):
        return False
    return error.errno == errno.EINVAL and error.filename is None


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
        return demo(chosen.directory)
    except (Failed, OSError, ValueError) as error:
        if reader_has_left(error):
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            return 1
        print(f"mhddq demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("mhddq demo: interrupted", file=sys.stderr)
        return 130
