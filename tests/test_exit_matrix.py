"""The exit matrix: every way to end a program, whatever the queue is doing at that moment.

Each cell is a program that brings the queue into a *state* (idle, its ring full, ...) and then
*ends* (sys.exit, a signal, ...). It logs which operations were accepted (a call returned True) and
which were called back. It writes each line of the logs by a system call of its own, so that they
are complete however the process dies. The test compares both with the files that are there
afterwards.

One round of each cell by default; ``MHDDQ_TEST_ROUNDS`` sets more (``nox -s exits``).
"""

from __future__ import annotations

import functools
import os
import random
import re
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from helpers import PATIENCE
from programs import Ended, Running, running

pytestmark = pytest.mark.posix("signals to other processes")

AT_A_TIME = 8
ROUNDS = int(os.environ.get("MHDDQ_TEST_ROUNDS", "1"))

# Ends that wait for no thread: seconds that they may take on a machine that is busy elsewhere.
AT_ONCE = 40.0

# What all programs share. They log what was accepted and what was reported. The gates are pipes: in
# an exit hook, Ctrl-C cannot interrupt the built-in os.write half-way, as it can an event's set().
COMMON = """
    import pty, select, tty
    planned_log, accepted_log, reported_log = (
        os.open(name, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for name in ("planned", "accepted", "reported"))
    gate, opener = os.pipe()
    EXITING = b'{"exiting": true}\\n'
    entered, never = threading.Event(), threading.Event()
    made = 0

    def note(log, *names):
        os.write(log, "".join(f"{name}\\n" for name in names).encode())

    def log_reported(name, args):
        note(reported_log, f"{name} {args['result']}")

    def accept(name, function, *arguments, by=log_reported):
        answer = function(functools.partial(by, name), *arguments)
        if answer:
            note(accepted_log, name)
        return answer

    def write(name, by=log_reported):
        return accept(name, mhddq.file_write, name, name, by=by)

    def writes(times):
        global made
        for _ in range(times):
            must(write(f"f{made:05}") is True, "acceptance")
            made += 1

    def stays(name, args):
        '''A callback that goes on until the program has begun to end, and a little longer; or for
        ever.'''
        log_reported(name, args)
        entered.set()
        if FOR_EVER:
            never.wait()
        os.read(gate, 1)
        time.sleep(float(sys.argv[1]))
        with open("from-callback", "w") as file:
            file.write("who")
            file.flush()
            file.write("le")

    def opens_at_exit(times=1):
        atexit.register(os.write, opener, b"x" * times)
"""

# Each defines enter(), which returns when the state is reached. What is under way then stays so
# until the program begins to end. BUSY: a callback runs, too.
STATES = {
    "idle": """
    def enter():
        writes(20)
        rest()
        if BUSY:
            opens_at_exit()
            write("stays", stays)
            must(entered.wait(DEADLINE))
    """,
    "ring full": """
    def enter():
        opens_at_exit()
        write("stays", stays)
        must(entered.wait(DEADLINE))
        writes(3)
        waiter = threading.Thread(target=write, args=("waiter",), daemon=True)
        waiter.start()
        waits(waiter)
        must(mhddq.stats()["in_flight"] == 4, "full ring")
    """,
    "list half done": """
    def enter():
        opens_at_exit()
        inner, outer = mhddq.create_empty_oplist(), mhddq.create_empty_oplist()
        names = ["stays"]
        mhddq.oplist_file_write(outer, functools.partial(stays, "stays"), "stays", "stays")
        for n in range(1500):       # more than the records that a list can have, 960 of 1024
            if n % 10:
                mhddq.oplist_file_exists(inner, None, ".")
            else:
                names.append(f"f{n:05}")
                mhddq.oplist_file_write(
                    inner, functools.partial(log_reported, names[-1]), names[-1], names[-1])
        mhddq.embed_oplist(outer, inner)
        note(planned_log, *names)
        if mhddq.enqueue_oplist(outer):
            note(accepted_log, *names)
        must(entered.wait(DEADLINE))
        until(lambda: mhddq.stats()["completed"] >= 900, "half a list")
        must(mhddq.stats()["completed"] <= 1025, "list that is not done")
    """,
    "large read": """
    SIZE = 96 << 20
    def begins(name, args):
        entered.set()
        (stays if BUSY else log_reported)(name, args)
    def was_read(name, args):
        log_reported(name, {"result": args["result"] and len(args["output"]["data"]) == SIZE})
    def enter():
        opens_at_exit()
        with open("../large", "wb") as file:
            file.truncate(SIZE)
        write("begins", begins)
        for n in range(3):
            accept(f"read{n}", mhddq.file_read, "../large", True, by=was_read)
        writes(10)
        must(entered.wait(DEADLINE))
    """,
    "stuck at the disk": """
    # The device is a terminal that no process reads: a write to it waits in the kernel.
    def reads_at_exit(master):
        if FOR_EVER:
            never.wait()
        os.read(gate, 1)
        left = 1 << 20
        while left:
            left -= len(os.read(master, left))
    def enter():
        global slave
        opens_at_exit(2)
        master, slave = pty.openpty()
        tty.setraw(slave)
        threading.Thread(target=reads_at_exit, args=(master,), daemon=True).start()
        if BUSY:
            write("stays", stays)
            must(entered.wait(DEADLINE))
        accept("stuck", mhddq.file_write, bytes(1 << 20), os.ttyname(slave), True)
        writes(10)
        must(select.select([master], [], [], DEADLINE)[0], "write to the terminal")
    """,
}

# What the main thread does then.
ENDINGS = {
    "end of script": "",
    "sys.exit": "sys.exit(3)",
    "exception": "raise ValueError('uncaught')",
    "SIGINT at a random moment": """
    if sys.argv[2] == "paused":
        signal.pause()
    if sys.argv[2] == "exiting":
        atexit.register(os.write, 1, EXITING)
    """,
    "SIGTERM": "report(ready=True); signal.pause()",
    "os._exit": "os._exit(7)",
    "daemon producers": """
    begun = threading.Semaphore(0)
    def produce(n):
        i = 0
        begun.release()
        while write(f"p{n}-{i:05}"):
            i += 1
    for n in range(3):
        threading.Thread(target=produce, args=(n,), daemon=True).start()
        must(begun.acquire(timeout=DEADLINE))
    """,
    "callback running": "",
    "callback for ever, Ctrl-C": "atexit.register(os.write, 1, EXITING)",
    "callback for ever, shutdown(timeout)": "mhddq.shutdown(timeout=0.1)",
    "shutdown()": "os.write(opener, b'xx'); mhddq.shutdown(); report(over=mhddq.is_shutdown())",
    "shutdown(60)": "os.write(opener, b'xx'); mhddq.shutdown(60); report(over=mhddq.is_shutdown())",
    "shutdown(0)": "mhddq.shutdown(0)",
}


def source_of(state: str, ending: str) -> str:
    return f"""
    FOR_EVER, BUSY = {"for ever" in ending}, {"callback" in ending}
    {COMMON}
    {STATES[state]}
    report(started=True)
    enter()
    {ENDINGS[ending]}
    """


@dataclass
class Logs:
    """What was accepted, what was reported to callbacks, and which files are there."""

    planned: list[str]
    accepted: list[str]
    reported: list[str]
    files: dict[str, bytes]
    end: Ended

    @classmethod
    def of(cls, end: Ended) -> Logs:
        files = dict(end.files)
        planned, accepted, reported = (
            files.pop(name, b"").decode().splitlines()
            for name in ("planned", "accepted", "reported")
        )
        results = [line.split() for line in reported]
        assert {result for _, result in results} <= {"True"}, end
        logs = cls(planned, accepted, [name for name, _ in results], files, end)
        logs.check()
        return logs

    def check(self) -> None:
        """Checks what holds however the program ended: nothing was reported twice, or was not
        enqueued, or was not done; everything came in the order of the calls."""
        assert len(self.reported) == len(set(self.reported)), self.end
        # A thread may have ended after a call returned True and before it logged that: the main
        # thread, the waiter, the producers.
        enqueued = set(self.accepted) | set(self.planned)
        assert len(set(self.reported) - enqueued) <= 5, self.end
        for prefix in ("f", "p0", "p1", "p2", "read"):
            for names in (self.reported, self.accepted):
                mine = [name for name in names if name.startswith(prefix)]
                assert mine == sorted(mine), self.end
        written = [name for name in self.accepted if not name.startswith(("read", "stuck"))]
        for prefix in ("f", "p0", "p1", "p2"):
            mine = [name in self.files for name in written if name.startswith(prefix)]
            assert mine == sorted(mine, reverse=True), self.end  # all up to some operation
        assert set(self.reported) & set(written) <= set(self.files), self.end
        assert len(set(self.files) - {"from-callback"} - enqueued) <= 5, self.end
        for name in set(self.reported) & set(self.files):
            assert self.files[name] == name.encode(), self.end

    def check_all_done(self) -> None:
        assert set(self.accepted) <= set(self.reported), self.end
        wanted = {n: n.encode() for n in self.reported if not n.startswith(("read", "stuck"))}
        if "stays" in self.reported or "from-callback" in self.files:
            wanted["from-callback"] = b"whole"
        assert self.files == wanted, self.end

    def check_left(self, why: str, least: int) -> None:
        """Checks that stderr reports how many operations were left, and why."""
        (line,) = [line for line in self.end.stderr.splitlines() if line.startswith("mhddq")]
        found = re.match(f"mhddq: {why}: ([0-9]+) operations? (was|were) left", line)
        assert found, self.end
        assert int(found[1]) >= least, self.end
        unreported = set(self.accepted) - set(self.reported)
        assert len(unreported) <= int(found[1]), self.end


# ---- what is promised of each ending -----------------------------------------------------------


def all_done(status: int, shown: str = "") -> Callable[[Ended, str], str]:
    def check(end: Ended, state: str) -> str:
        assert end.status == status, end
        assert shown in end.stderr if shown else end.stderr == "", end
        Logs.of(end).check_all_done()
        return "all done"

    return check


def cut_off(status: int) -> Callable[[Ended, str], str]:
    def check(end: Ended, state: str) -> str:
        assert end.status == status, end
        assert end.stderr == "", end
        Logs.of(end)
        return "cut off"

    return check


def interrupted(end: Ended, state: str) -> str:
    """Ctrl-C in the script: what was accepted is done. In the exit drain: the status is 130, and
    stderr reports what was left. After the drain it is too late: all is done."""
    logs = Logs.of(end)
    if end.status == 130:
        logs.check_left("interrupted at exit", 0)
        return "interrupted in the drain"
    assert end.status in (0, -signal.SIGINT), end
    assert "mhddq: " not in end.stderr, end
    logs.check_all_done()
    return "interrupted before the drain" if end.status else "interrupted too late"


def interrupted_for_ever(end: Ended, state: str) -> str:
    assert end.status == 130, end
    logs = Logs.of(end)
    logs.check_left("interrupted at exit", 1)
    assert "from-callback" not in end.files, end
    return "interrupted in the drain"


def given_up(end: Ended, state: str) -> str:
    assert end.status == 0, end
    logs = Logs.of(end)
    if end.stderr:
        assert end.stderr.count("\n") == 1, end
        logs.check_left("shutdown timed out", 1)
        return "given up"
    assert state in ("idle", "large read"), end
    logs.check_all_done()
    return "all done"


def shut_down(end: Ended, state: str) -> str:
    assert end["over"] is True, end
    return all_done(0)(end, state)


EXPECTED: dict[str, Callable[[Ended, str], str]] = {
    "end of script": all_done(0),
    "sys.exit": all_done(3),
    "exception": all_done(1, "ValueError: uncaught"),
    "SIGINT at a random moment": interrupted,
    "SIGTERM": cut_off(-signal.SIGTERM),
    "os._exit": cut_off(7),
    "daemon producers": all_done(0),
    "callback running": all_done(0),
    "callback for ever, Ctrl-C": interrupted_for_ever,
    "callback for ever, shutdown(timeout)": given_up,
    "shutdown()": shut_down,
    "shutdown(60)": shut_down,
    "shutdown(0)": given_up,
}


def go(program: Running, ending: str, seed: random.Random, moment: str) -> Ended:
    assert program.line() == {"started": True}
    if ending == "SIGINT at a random moment":
        if moment == "exiting":
            assert program.line() == {"exiting": True}
        time.sleep(seed.uniform(0, 0.02 if moment == "exiting" else 0.2))  # the random moment
        program.interrupt()
    if ending == "SIGTERM":
        assert program.line() == {"ready": True}
        program.process.terminate()
    if ending == "callback for ever, Ctrl-C":
        assert program.line() == {"exiting": True}
        program.interrupt()
    began = time.monotonic()
    end = program.end()
    if ending in ("SIGTERM", "os._exit", "callback for ever, Ctrl-C"):
        assert time.monotonic() - began < AT_ONCE, end
    return end


def verdict(state: str, ending: str, n: int) -> str:
    seed = random.Random(f"{state}, {ending}, {n}")
    moment = seed.choice(["at once", "paused", "exiting", "exiting"])
    with running(
        source_of(state, ending),
        f"{seed.uniform(0, 0.03):.4f}",
        moment,
        env={"MHDDQ_RING_SIZE": "4" if state == "ring full" else "64"},
        timeout=60,
    ) as program:
        end = go(program, ending, seed, moment)
    return EXPECTED[ending](end, state)


@pytest.mark.timeout((120 + 10 * ROUNDS) * PATIENCE)
@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("state", STATES)
def test_a_cell_of_the_matrix(state, ending, tally):
    with ThreadPoolExecutor(AT_A_TIME) as pool:  # most of them wait
        for outcome in pool.map(functools.partial(verdict, state, ending), range(ROUNDS)):
            tally(f"exits, {ending}", outcome)
