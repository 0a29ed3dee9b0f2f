"""Runs the console command in a process of its own, for the tests of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from helpers import DEADLINE

# Runs the command with the given arguments, after the statements in it.
AFTER = """
import sys
from mhddq import cli
{statements}
sys.exit(cli.main(sys.argv[1:]))
"""

# Gives up the capabilities of root, who may do everything whatever the permissions.
ORDINARY = """
import ctypes, struct
header, nothing = struct.pack("Ii", 0x20080522, 0), bytes(24)
if ctypes.CDLL(None).capset(header, nothing):
    sys.exit("capset failed")
"""

# Shows from the beginning how far it is, and often.
AT_ONCE = """
from mhddq.cli import _bars, _lane, _report
_bars.QUIET_FOR = _report.QUIET_FOR = _report.EVERY = 0
_lane.TICK = 0.001
"""

# A copy waits, as soon as a slice of it is done. Its threads make way for the one that has to see
# that: on one processor, for a thread that makes way has another to itself where that is idle.
HELD = f"""{AT_ONCE}
import os
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
from mhddq.cli import _work
_work.TWICE = 0
make = _lane.Lane.__init__
_lane.Lane.__init__ = lambda self, background=False: make(self, True)
tick = _work.Command.tick
def held(self):
    tick(self)
    if self.state.doing == "copying" and self.state.done > 1000000:
        self.lane.control.pause()
_work.Command.tick = held
"""


def command_line(*arguments: Any, statements: str = "") -> list[str]:
    program = ["-c", AFTER.format(statements=statements)] if statements else ["-m", "mhddq"]
    return [sys.executable, *program, *map(os.fspath, arguments)]


def environment(**more: str) -> dict[str, str]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("MHDDQ_")}
    return {**inherited, "PYTHONUTF8": "1", "TERM": "xterm", **more}


def run(
    *arguments: Any, cwd: Path, statements: str = "", **more: str
) -> subprocess.CompletedProcess[str]:
    """To its end, with no terminal: where stdout and stderr are pipes."""
    return subprocess.run(
        command_line(*arguments, statements=statements),
        env=environment(**more),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="surrogateescape",
        timeout=2 * DEADLINE,
        check=False,
    )


def events(ran: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in ran.stdout.splitlines()]


class Terminal:
    """The command with a pseudo-terminal for stdin, stdout and stderr, 80 columns wide."""

    def __init__(self, *arguments: Any, cwd: Path, statements: str = "", **more: str) -> None:
        import fcntl  # noqa: PLC0415 - not on Windows
        import pty  # noqa: PLC0415
        import struct  # noqa: PLC0415
        import termios  # noqa: PLC0415

        self.terminal, other = pty.openpty()
        fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.shown = b""
        self.process = subprocess.Popen(
            command_line(*arguments, statements=statements),
            env=environment(**more),
            cwd=cwd,
            stdin=other,
            stdout=other,
            stderr=other,
            start_new_session=True,
        )
        os.close(other)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.terminal)

    def read_until(self, text: bytes | None) -> bytes:
        """Reads until the text has come, or to the end (which Linux reports as EIO)."""
        while text is None or text not in self.shown:
            try:
                got = os.read(self.terminal, 65536)
            except OSError:
                break
            if not got:
                break
            self.shown += got
        return self.shown

    def interrupt(self) -> None:
        self.process.send_signal(signal.SIGINT)

    def end(self) -> tuple[int, str]:
        """Its exit status, and all that it has shown."""
        shown = self.read_until(None)
        return self.process.wait(DEADLINE), shown.decode(errors="replace")
