"""When a program ends, nothing that was accepted is lost, whatever signal handlers raise meanwhile.
Callbacks may go on enqueuing until no operation is left and no callback runs.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys

import pytest
from helpers import DEADLINE, FREE_THREADED
from programs import ended, running

if sys.platform == "win32":
    pytest.skip("signals and terminals as POSIX has them", allow_module_level=True)
import pty

# Slow callbacks; one of them, in the middle, sends the program a signal.
SLOW = """
    import pathlib
    collected = []
    def slow(args):
        time.sleep(0.001)
        collected.append(args["result"])
        if len(collected) == 50:
            os.kill(os.getpid(), {number})
        if len(collected) == COUNT:
            pathlib.Path("collected").write_text(str(collected.count(True)))
    COUNT = {count}
    def writes():
        for n in range(COUNT):
            mhddq.file_write(slow, str(n), f"f{{n % 10}}")
"""


def raising(what: str, number: str = "signal.SIGTERM", count: int = 400) -> str:
    """A program whose signal handler raises while the exit drain waits for what was accepted."""
    return (
        SLOW.format(number=number, count=count)
        + f"""
    def handler(number, frame):
        {what}
    signal.signal({number}, handler)
    """
    )


def test_a_system_exit_in_the_drain_loses_no_callback():
    """The handler is that of docs/howto/ending.md; the exit drain has already begun."""
    end = ended(raising("sys.exit(0)", count=2500) + "writes()")
    assert end.files["collected"] == b"2500"


def test_an_exception_in_the_drain_is_printed_after_the_drain():
    end = ended(raising("raise ValueError('of the handler')") + "writes()", quiet=False)
    assert end.files["collected"] == b"400"
    assert "ValueError: of the handler" in end.stderr


def test_of_several_exceptions_in_the_drain_the_first_counts():
    end = ended(
        """
    gate = Gate()
    gate.shut()
    raised = []
    def handler(number, frame):
        raised.append(number)
        raise ValueError(f"number {len(raised)}")
    signal.signal(signal.SIGTERM, handler)
    def kills():
        must(mhddq.file_create(None, "late") is False, "closing")
        for n in range(20):
            os.kill(os.getpid(), signal.SIGTERM)
            until(lambda: len(raised) > n, "signal")
        gate.opened.set()
    for n in range(3):
        mhddq.file_create(None, str(n))
    thread = threading.Thread(target=kills, daemon=True)
    thread.start()
    waits(thread)
    """,
        quiet=False,
        env={"MHDDQ_RING_SIZE": "4"},
    )
    assert sorted(end.files) == ["0", "1", "2"]
    assert "ValueError: number 1\n" in end.stderr
    assert "number 2" not in end.stderr


@pytest.mark.parametrize("timeout", ["", "timeout=1000"])
def test_an_exception_during_shutdown_is_raised_when_all_is_done(timeout):
    end = ended(
        raising("sys.exit(3)")
        + f"""
    writes()
    try:
        mhddq.shutdown({timeout})
    except SystemExit as error:
        report(code=error.code, collected=len(collected), after=mhddq.is_shutdown())
        raise
    """,
        status=3,
    )
    assert end["code"] == 3
    assert end["collected"] == 400
    assert end["after"] is True


def test_an_exception_during_shutdown_is_raised_when_its_time_is_up():
    end = ended(
        """
    gate = Gate()
    gate.shut()
    class Raised(Exception): pass
    def handler(number, frame):
        raise Raised
    signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    began = time.monotonic()
    try:
        mhddq.shutdown(timeout=0.5)
    except Raised:
        report(took=time.monotonic() - began)
    gate.opened.set()
    """,
        quiet=False,
    )
    assert end["took"] >= 0.5
    assert end.stderr == (
        "mhddq: shutdown timed out: 1 operation was left, in the callback of"
        " file_exists(filename='.')\n"
    )


@pytest.mark.parametrize("what", ["sys.exit(3)", "raise ValueError('of the handler')"])
def test_an_exception_at_the_end_of_a_child_of_multiprocessing_loses_nothing(what):
    end = ended(
        SLOW.format(number="signal.SIGTERM", count=400)
        + f"""
    import multiprocessing
    def handler(number, frame):
        {what}
    def child():
        signal.signal(signal.SIGTERM, handler)
        writes()
    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join(DEADLINE)
    report(code=process.exitcode)
    """,
        quiet=False,
    )
    assert end.files["collected"] == b"400"
    # From 3.13 on children run the functions of atexit. There a SystemExit sets no exit status.
    assert end["code"] == (3 if "exit" in what and sys.version_info < (3, 13) else 0)


def test_what_callbacks_enqueue_at_the_end_is_done():
    """The program reads a file, writes another one from the callback, and simply ends."""
    end = ended(
        """
    with open("from", "w") as file:
        file.write("text")
    def copies(args):
        mhddq.file_write(None, args["output"]["data"], "to")
    mhddq.file_read(copies, "from")
    """
    )
    assert end.files == {"from": b"text", "to": b"text"}


@pytest.mark.parametrize("ring_size", ["1", "2", "4096"])
@pytest.mark.parametrize("lists", [False, True])
def test_chains_of_callbacks_are_completed_at_the_end(ring_size, lists):
    end = ended(
        f"""
    left = 200
    def link(args):
        global left
        left -= 1
        if left == 0:
            mhddq.file_create(None, "end")
        elif {lists}:
            fileops = mhddq.create_empty_oplist()
            mhddq.oplist_file_exists(fileops, None, ".")
            mhddq.oplist_file_exists(fileops, link, ".")
            must(mhddq.enqueue_oplist(fileops), "acceptance")
        else:
            must(mhddq.file_exists(link, "."), "acceptance")
    mhddq.file_exists(link, ".")
    """,
        env={"MHDDQ_RING_SIZE": ring_size},
    )
    assert list(end.files) == ["end"]


@pytest.mark.skipif(
    FREE_THREADED, reason="what another thread frees, its maker finalises: here after the end"
)
def test_an_operation_that_a_finaliser_enqueues_after_the_last_callback_is_done():
    end = ended(
        """
    class Last:
        def __call__(self, args): pass
        def __del__(self):
            mhddq.file_create(None, "last")
    gate = Gate()
    gate.shut()
    mhddq.file_exists(Last(), ".")
    atexit.register(gate.opened.set)
    """
    )
    assert list(end.files) == ["last"]


def test_the_queue_is_closed_when_nothing_is_left_to_do():
    end = ended(
        """
    def late():
        report(after=mhddq.is_shutdown(), refused=mhddq.file_create(None, "late"),
               counted=mhddq.stats()["refused"])
    atexit.register(late)
    import mhddq            # after `late`: so its exit hook runs first
    mhddq.file_exists(lambda args: mhddq.file_create(None, "there"), ".")
    """,
        preimport=False,
    )
    assert end["after"] is True
    assert end["refused"] is False
    assert end["counted"] == 0
    assert list(end.files) == ["there"]


def test_other_threads_do_not_delay_the_end():
    """A daemon thread that enqueues without end is refused as soon as the end begins."""
    end = ended(
        """
    def produce():
        while mhddq.file_exists(None, "."):
            pass
    for _ in range(3):
        threading.Thread(target=produce, daemon=True).start()
    until(lambda: mhddq.stats()["accepted"] > 1000)
    """
    )
    assert end.stderr == ""


def test_operations_refused_in_callbacks_are_reported_once():
    end = ended(
        """
    gate = Gate()
    gate.shut()
    def refused(args):
        fileops = mhddq.create_empty_oplist()
        for _ in range(3):
            mhddq.oplist_file_exists(fileops, None, ".")
        mhddq.enqueue_oplist(fileops)
        mhddq.file_create(None, "late")
    mhddq.file_exists(refused, ".")
    def opens():
        until(lambda: mhddq.file_exists(None, ".") is False, "closing")
        gate.opened.set()
    threading.Thread(target=opens).start()
    mhddq.shutdown()
    mhddq.shutdown()
    report(refused=mhddq.stats()["refused"])
    """,
        quiet=False,
    )
    assert end["refused"] == 4
    assert end.stderr == (
        "mhddq: 4 operations were refused in callbacks, for shutdown() had been called before;"
        " the first was enqueue_oplist\n"
    )


RENEWED = """
import os, mhddq
os.chdir(os.environ["WHERE"])
def again(args):
    mhddq.file_exists(again, ".")
mhddq.file_exists(again, ".")
print("begun", flush=True)
"""


def read_until(terminal: int, text: bytes) -> bytes:
    got = b""
    while text not in got:
        more = os.read(terminal, 1000)
        assert more, got
        got += more
    return got


def test_callbacks_without_end_are_reported_on_a_terminal_and_ended_by_ctrl_c(tmp_path):
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", RENEWED],
        stderr=slave,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        env={**os.environ, "WHERE": str(tmp_path)},
    )
    os.close(slave)
    try:
        assert process.stdout.readline() == b"begun\n"
        line = read_until(master, b"abandons them\r\n")
        # Two: one whose callback has not returned, and what that has enqueued.
        assert re.fullmatch(
            rb"mhddq: (1 operation is|2 operations are) being finished before the program ends;"
            rb" Ctrl-C abandons them\r\n",
            line,
        )
        process.send_signal(signal.SIGINT)
        line = read_until(master, b"\r\n")
        assert re.match(
            rb"mhddq: interrupted at exit: (1 operation was|2 operations were) left", line
        )
        assert process.wait(DEADLINE) == 130
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        os.close(master)


def test_a_long_drain_is_silent_where_stderr_is_no_terminal():
    end = ended(
        """
    def sleeps(args):
        time.sleep(1.3)
    mhddq.file_exists(sleeps, ".")
    """
    )
    assert end.stderr == ""


@pytest.mark.parametrize(
    ("count", "left"), [(0, "1 operation was left"), (1, "2 operations were left")]
)
def test_operations_that_were_left_are_counted_and_named(count, left):
    end = ended(
        f"""
    gate = Gate()
    def held(args):
        gate(args)
    fileops = mhddq.create_empty_oplist()
    mhddq.oplist_file_exists(fileops, lambda args: None, ".")
    mhddq.oplist_file_read(fileops, held, "./x", True)
    for _ in range({count}):
        mhddq.oplist_file_exists(fileops, None, ".")
    mhddq.enqueue_oplist(fileops)
    must(gate.entered.wait(DEADLINE))
    mhddq.shutdown(timeout=0)
    gate.opened.set()
    """,
        quiet=False,
    )
    assert end.stderr == (
        f"mhddq: shutdown timed out: {left}, in the callback of"
        " file_read(filename='./x', binary=True)\n"
    )


def test_an_operation_that_hangs_at_the_disk_is_named():
    with running(
        """
    import pty, tty, select
    master, slave = pty.openpty()
    tty.setraw(slave)
    name = os.ttyname(slave)
    mhddq.file_write(None, bytes(1 << 20), name, True)
    must(select.select([master], [], [], DEADLINE)[0], "write to the terminal")
    report(name=name)
    mhddq.shutdown(timeout=0)
    """
    ) as program:
        name = program.line()["name"]
        end = program.end()
    assert "shutdown timed out: 1 operation was left, while running file_write(" in end.stderr
    assert f"filename={name!r}, binary=True)\n" in end.stderr


@pytest.mark.parametrize("place", ["mhddq", "mhddq.Queue()"])
def test_what_is_not_waited_for_any_more_is_refused(place):
    """In a handler that runs behind the end: a queue that has never started does not start then."""
    end = ended(
        f"""
        def late():
            report(answer={place}.file_create(None, "late"))
        atexit.register(late)
        import mhddq
        """,
        preimport=False,
    )
    assert end["answer"] is False
    assert end.files == {}


def test_a_queue_that_a_callback_makes_at_the_end_is_drained():
    """The size is one that takes the disk longer than a program takes to end."""
    end = ended(
        """
        made = []
        def writes(args):
            made.append(mhddq.Queue("late"))
            made[0].file_write(None, bytes(100_000_000), "large", True)
            made[0].path_stat(lambda args: report(size=args["output"]["stat"].st_size), "large")
            made[0].file_delete(None, "large")
        mhddq.file_exists(writes, ".")
        """
    )
    assert end["size"] == 100_000_000
    assert end.files == {}
