"""Runs programs that use the queue from their start to their end, and reads what they report.

The module's queue cannot be started again in a process, so each test of its life runs a program in
an interpreter of its own. A program reports facts with ``report(name=value)``; the test asserts on
them. Every program has a deadline: when it is missed, the stacks of all its threads are shown.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from helpers import PATIENCE

# What every program begins with.
PRELUDE = """\
import atexit, faulthandler, functools, gc, json, os, signal, sys, threading, time, warnings
DEADLINE = float(os.environ["TEST_DEADLINE"])
if hasattr(signal, "SIGUSR1"):
    faulthandler.register(signal.SIGUSR1, all_threads=True)
warnings.filterwarnings("ignore", category=DeprecationWarning)   # fork, where there are threads
if threading.current_thread() is threading.main_thread():
    signal.signal(signal.SIGINT, signal.default_int_handler)

def report(**facts):
    os.write(1, (json.dumps(facts) + "\\n").encode())

def must(happened, what="an event"):
    if not happened:
        os.write(2, ("no " + what + " in time\\n").encode())
        faulthandler.dump_traceback(all_threads=True)
        os._exit(99)

class Gate:
    '''A callback that does not return until the gate is opened.'''
    def __init__(self):
        self.entered, self.opened = threading.Event(), threading.Event()
        self.collected = []
    def __call__(self, args):
        self.entered.set()
        must(self.opened.wait(DEADLINE), "opening of the gate")
        self.collected.append(args)
    def shut(self):
        '''Enqueues itself and returns once the callback thread is inside.'''
        must(mhddq.file_exists(self, "."), "acceptance")
        must(self.entered.wait(DEADLINE), "callback")

def waits(thread):
    '''Returns once the thread sleeps in the kernel.'''
    path = f"/proc/self/task/{thread.native_id}/stat"
    end = time.monotonic() + DEADLINE
    asleep = 0
    while asleep < 20:      # many times in a row: it is not only about to go on
        with open(path) as file:
            asleep = asleep + 1 if file.read().rpartition(")")[2].split()[0] == "S" else 0
        must(time.monotonic() < end, "sleeping thread")
        time.sleep(0.0005)

def until(condition, what="an end"):
    end = time.monotonic() + DEADLINE
    while not condition():
        must(time.monotonic() < end, what)
        time.sleep(0.0005)

def in_threads(count, function):
    '''Runs function(0) to function(count - 1), begun together, to their ends.'''
    barrier = threading.Barrier(count)
    def run(n):
        barrier.wait(DEADLINE)
        function(n)
    threads = [threading.Thread(target=run, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE)
        must(not thread.is_alive(), "end of a thread")

def forked(function, seconds=None):
    '''Runs function() in a forked child: True if it returned True there. A child that hangs shows
    its stacks and is killed.'''
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            code = 0 if function() is True else 2
        except BaseException:
            import traceback
            os.write(2, traceback.format_exc().encode())
        finally:
            os._exit(code)
    return ended_well(pid, seconds)

def ended_well(pid, seconds=None):
    end = time.monotonic() + (seconds or DEADLINE / 3)
    found, status = 0, None
    while found == 0 and time.monotonic() < end:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found == 0:
            time.sleep(0.0005)
    if found == 0:
        os.kill(pid, signal.SIGUSR1)
        time.sleep(0.5)
        os.kill(pid, signal.SIGKILL)
        status = os.waitpid(pid, 0)[1]
    if status:
        os.write(2, f"child {pid} ended with status {status}\\n".encode())
    return status == 0

def rest():
    '''Returns when everything enqueued so far has been called back.'''
    done = threading.Event()
    must(mhddq.file_exists(lambda args: done.set(), "."), "acceptance")
    must(done.wait(DEADLINE), "rest")

"""

IMPORT = "import mhddq\n"
# The status of a program that Ctrl-C has ended; Windows has a number of its own for that.
INTERRUPTED = -signal.SIGINT if os.name == "posix" else 0xC000013A


@dataclass
class Ended:
    """How a program ended: its status, its output, the facts it reported, the files it left."""

    status: int
    stdout: str
    stderr: str
    files: dict[str, bytes]
    facts: dict[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        if name not in self.facts:
            raise AssertionError(f"{name} was not reported\n{self}")
        return self.facts[name]

    def __str__(self) -> str:
        return (
            f"status {self.status}\n{self.stdout}\n{self.stderr}\n{len(self.files)} files: "
            f"{sorted(self.files)[:20]}"
        )


def _environment(env: dict[str, str] | None, timeout: float) -> dict[str, str]:
    left_out = ("MHDDQ_", "PYTHONMALLOC", "PYTHONUNBUFFERED", "PYTHONWARNINGS")
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(left_out)}
    return inherited | {"TEST_DEADLINE": str(timeout)} | (env or {})


class Running:
    """A program that runs."""

    def __init__(
        self,
        source: str,
        *arguments: str,
        env: dict[str, str] | None = None,
        timeout: float = 30,
        options: tuple[str, ...] = (),
        preimport: bool = True,
    ) -> None:
        self.timeout = timeout * PATIENCE
        self._directory = tempfile.TemporaryDirectory(prefix="mhddq-test-")
        self.directory = Path(self._directory.name, "files")
        self.directory.mkdir()
        program = Path(self._directory.name, "program.py")
        program.write_text(
            PRELUDE + (IMPORT if preimport else "") + textwrap.dedent(source), encoding="utf-8"
        )
        # It has a session of its own, so that children that it leaves can be ended with it.
        self.process = subprocess.Popen(
            [sys.executable, *options, str(program), *arguments],
            env=_environment(env, self.timeout),
            cwd=self.directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )

    def interrupt(self) -> None:
        os.kill(self.process.pid, signal.SIGINT)

    def show_stacks(self) -> None:
        """Has the program write its stacks to stderr. On Windows there is no signal for that."""
        if os.name == "posix":
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGUSR1)

    def kill(self) -> None:
        """Ends it; on POSIX also the children that it may have left."""
        if os.name == "posix":
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
        else:
            self.process.kill()

    def line(self) -> dict[str, Any]:
        """The next facts it reports."""
        text = b""  # byte by byte: end() would not see what a buffer has read ahead
        while not text.endswith(b"\n") and (byte := os.read(self.process.stdout.fileno(), 1)):
            text += byte
        return json.loads(text or b"{}")

    def end(self) -> Ended:
        late = False
        try:
            stdout, stderr = self.process.communicate(timeout=self.timeout + 5)
        except subprocess.TimeoutExpired:
            late = True
            self.show_stacks()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.communicate(timeout=1)
            self.kill()
            stdout, stderr = self.process.communicate()
        files = {
            str(p.relative_to(self.directory)): p.read_bytes()
            for p in self.directory.rglob("*")
            if p.is_file()
        }
        self._directory.cleanup()
        ended = Ended(self.process.returncode, stdout, stderr, files)
        if late:
            raise AssertionError(f"it did not end in {self.timeout} s\n{ended}")
        for line in stdout.splitlines():
            if line.startswith("{"):
                ended.facts.update(json.loads(line))
        return ended


@contextlib.contextmanager
def running(source: str, *arguments: str, **options: Any) -> Iterator[Running]:
    """Starts a program, and ends it in any case when the block ends."""
    program = Running(source, *arguments, **options)
    try:
        yield program
    finally:
        if program.process.poll() is None:
            program.kill()
            program.process.communicate()


def ended(
    source: str, *arguments: str, status: int = 0, quiet: bool = True, **options: Any
) -> Ended:
    """Runs a program to its end. It must end with this status; quiet: and write nothing to
    stderr."""
    with running(source, *arguments, **options) as program:
        end = program.end()
    if end.status != status or (quiet and end.stderr):
        raise AssertionError(str(end))
    return end
