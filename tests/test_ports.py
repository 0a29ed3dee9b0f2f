"""Ports: completions are delivered where the program's own main loop is."""

from __future__ import annotations

import errno
import gc
import select
import shutil
import sys
import threading
import time

import pytest
from example_runs import screen
from helpers import DEADLINE, FREE_THREADED, error_text
from programs import ended

import mhddq


@pytest.fixture
def queue():
    queue = mhddq.Queue("ports")
    yield queue
    assert queue.close(DEADLINE)


def drain(port) -> int:
    calls = 0
    while port.pending:
        calls += port.deliver(timeout=None)
    return calls


def test_callbacks_run_in_deliver_in_this_thread_and_in_order(queue, tmp_path):
    collected = []
    port = queue.port()
    for i in range(500):
        assert port.file_exists(
            lambda args: collected.append((args["params"]["filename"], threading.get_ident())),
            str(i),
        )
    assert port.pending == 500
    assert drain(port) == 500
    assert collected == [(str(i), threading.get_ident()) for i in range(500)]
    assert port.deliver() == 0
    assert port.deliver(timeout=5) == 0  # nothing is under way: it does not wait


def test_other_threads_may_enqueue_and_query_and_not_deliver(queue):
    collected, errors = [], []
    port = queue.port()

    def elsewhere():
        port.file_exists(collected.append, ".")
        errors.append(port.pending)
        for call in (port.deliver, port.fileno):
            try:
                call()
            except RuntimeError as error:
                errors.append(str(error))

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join(DEADLINE)
    drain(port)
    assert len(collected) == 1
    assert errors == [1, *["a port is served by the thread that made it"] * 2]


def test_a_limit_leaves_the_rest_due(queue):
    collected = []
    port = queue.port()
    for _ in range(5):
        port.file_exists(collected.append, ".")
    while port.pending > 5 or len(collected) < 2:
        port.deliver(limit=1, timeout=None)
    assert len(collected) == 2
    assert port.deliver(limit=0) == 0
    assert drain(port) == 3


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"limit": "1"}, TypeError),
        ({"limit": True}, TypeError),
        ({"limit": -1}, ValueError),
        ({"timeout": "1"}, TypeError),
        ({"timeout": float("nan")}, ValueError),
    ],
)
def test_wrong_arguments(queue, arguments, error):
    with pytest.raises(error, match=next(iter(arguments))):
        queue.port().deliver(**arguments)


def test_the_descriptor_is_readable_while_something_is_due(queue):
    collected = []
    port = queue.port()

    def readable(seconds):
        return select.select([port.fileno()], [], [], seconds)[0]

    assert readable(0) == []
    for _ in range(3):
        port.file_exists(collected.append, ".")
        assert readable(DEADLINE)
        assert readable(0)  # level-triggered
        assert port.deliver() == 1
        assert readable(0) == []
    for _ in range(10):
        port.file_exists(collected.append, ".")
    while len(collected) < 13:
        assert readable(DEADLINE)
        port.deliver(limit=1)
    assert readable(0) == []


def test_the_wait_ends_with_the_first_delivery(queue, tmp_path):
    port, collected = queue.port(), []
    queue.pause()
    port.file_exists(collected.append, ".")
    began = time.monotonic()
    assert port.deliver(timeout=0.1) == 0
    assert time.monotonic() - began >= 0.1
    threading.Timer(0.05, queue.resume).start()
    assert port.deliver(timeout=None) == 1


def test_callbacks_begin_in_order_where_one_delivers_itself(queue):
    events = []
    port = queue.port()

    def nests(args):
        events.append("begin")
        while len(events) < 4:
            port.deliver(timeout=None)
        events.append("end")

    port.file_exists(nests, ".")
    for name in "abc":
        port.file_exists(lambda args, name=name: events.append(name), ".")
    drain(port)
    assert events == ["begin", "a", "b", "c", "end"]


@pytest.mark.skipif(sys.platform == "win32", reason="the allocator that overwrites is glibc's")
def test_the_end_of_a_list_is_delivered_inside_the_callback_of_its_member():
    """The list stays until that callback has returned; freed memory is overwritten here."""
    end = ended(
        """
    port, order = mhddq.Queue().port(), []
    def member(args):
        while len(order) % 2 == 0:  # until the end
            port.deliver(timeout=10)
        order.append("member")
    for _ in range(20):
        todo = mhddq.Oplist()
        todo.file_exists(member, ".")
        for _ in range(3):
            todo.file_exists(None, ".")
        port.enqueue_oplist(todo, callback=lambda args: order.append("end"))
        del todo
        while port.pending:
            port.deliver(timeout=1)
    report(order=order, left=port.queue.stats()["in_flight"])
    """,
        env={"PYTHONMALLOC": "default" if FREE_THREADED else "malloc", "MALLOC_PERTURB_": "165"},
    )
    assert end["order"] == ["end", "member"] * 20
    assert end["left"] == 0


def test_a_port_closes_in_its_own_callback(queue):
    """Without a timeout, too: what is under way but for that callback is delivered."""
    port, order = queue.port(), []

    def closes(args):
        order.append("begin")
        order.append(port.close())

    port.file_exists(closes, ".")
    for name in "ab":
        port.file_exists(lambda args, name=name: order.append(name), ".")
    drain(port)
    assert order == ["begin", "a", "b", True]
    assert port.closed
    assert not port.pending


def test_deliver_does_not_wait_for_the_callback_that_called_it(queue):
    port, waited = queue.port(), []

    def delivers(args):
        began = time.monotonic()
        port.deliver(timeout=DEADLINE)
        waited.append(time.monotonic() - began)

    port.file_exists(delivers, ".")
    drain(port)
    assert waited[0] < DEADLINE / 2


def test_what_a_callback_raises_is_printed_and_delivery_goes_on(queue, capfd):
    collected = []
    port = queue.port()
    port.file_exists(lambda args: 1 / 0, "guilty")
    port.file_exists(collected.append, ".")
    drain(port)
    assert len(collected) == 1
    printed = capfd.readouterr().err
    assert "Exception in the mhddq callback of file_exists(filename='guilty')" in printed
    assert "ZeroDivisionError" in printed
    assert queue.stats()["callback_errors"] == 1


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_what_is_meant_for_the_thread_leaves_deliver(queue, kind):
    collected = []
    port = queue.port()

    def raises(args):
        raise kind("now")

    port.file_exists(raises, ".")
    for _ in range(3):
        port.file_exists(collected.append, ".")
    with pytest.raises(kind, match="now"):
        drain(port)
    assert drain(port) == 3


def test_a_failure_without_callback_is_reported(queue, capfd):
    port = queue.port()
    port.file_delete(None, "missing")
    drain(port)
    failed = error_text(errno.ENOENT, "missing")
    assert f"mhddq: file_delete(filename='missing') failed: {failed}" in capfd.readouterr().err


def test_the_thread_of_a_port_never_waits_for_a_slot():
    collected = []
    queue = mhddq.Queue(ring_size=4)
    port = queue.port()
    for _ in range(100):
        assert port.file_exists(collected.append, ".")
        assert queue.file_exists(None, ".")
    assert drain(port) == 100
    assert queue.close(DEADLINE)


def test_a_port_that_nothing_serves_stops_its_queue_and_loses_nothing():
    queue, collected = mhddq.Queue(ring_size=4), []
    port, entered = queue.port(), []

    def enqueues():
        for i in range(20):
            queue.file_exists(None, str(i))
            port.file_exists(collected.append, str(i))
            entered.append(i)

    thread = threading.Thread(target=enqueues)
    thread.start()
    time.sleep(0.1)
    assert len(entered) <= 4
    while thread.is_alive() or port.pending:
        port.deliver(timeout=0.01)
    assert [a["params"]["filename"] for a in collected] == [str(i) for i in range(20)]
    assert queue.close(DEADLINE)


# ---- closing ----


def test_closing_delivers_what_is_under_way(queue):
    collected = []
    with queue.port() as port:
        for _ in range(50):
            port.file_exists(collected.append, ".")
    assert len(collected) == 50
    assert port.closed
    assert port.close() is True
    assert port.deliver() == 0
    assert port.file_exists(collected.append, ".") is False
    with pytest.raises(RuntimeError, match="the port is closed"):
        port.futures.file_exists(".")
    with pytest.raises(ValueError, match="the port is closed"):
        port.fileno()


@pytest.mark.parametrize("how", ["close", "collected", "thread ended"])
def test_what_is_given_up_runs_and_queries_are_skipped(queue, tmp_path, how, capfd):
    collected = []

    def gives_up():
        port = queue.port()
        queue.pause()
        port.file_create(collected.append, tmp_path / "made")
        port.file_read(collected.append, __file__)
        port.file_delete(collected.append, tmp_path / "missing")
        if how == "close":
            assert port.close(timeout=0) is False
        return port if how != "collected" else None

    kept = []
    if how == "thread ended":
        thread = threading.Thread(target=lambda: kept.append(gives_up()))
        thread.start()
        thread.join(DEADLINE)
        assert kept[0].closed
    else:
        kept.append(gives_up())
        gc.collect()
    queue.resume()
    assert queue.flush(DEADLINE)
    assert (tmp_path / "made").exists()
    assert collected == []
    assert queue.stats()["skipped"] == 1
    printed = capfd.readouterr().err
    assert printed.count("failed") == 1
    assert "file_delete(" in printed


def test_close_gives_up_what_a_pause_holds(queue, tmp_path):
    port = queue.port()
    queue.pause()
    port.file_create(None, tmp_path / "made")
    assert port.close() is False
    queue.resume()
    assert queue.flush(DEADLINE)
    assert (tmp_path / "made").exists()


def test_futures_of_a_closed_port_get_their_values_and_call_nothing(queue, tmp_path):
    """What had been added before was to be called by deliver(), which is never called any more."""
    port, early, late = queue.port(), [], []
    queue.pause()
    write = port.futures.file_write("x", tmp_path / "a")
    write.add_done_callback(early.append)
    assert not port.close(timeout=0)
    queue.resume()
    assert write.result(DEADLINE) is None
    assert queue.flush(DEADLINE)
    write.add_done_callback(late.append)
    assert (early, late) == ([], [write])


def test_another_thread_closes_by_waiting(queue):
    collected, closed = [], []
    port = queue.port()
    queue.pause()
    port.file_exists(collected.append, ".")
    thread = threading.Thread(target=lambda: closed.append(port.close()))
    thread.start()
    while not port.closed:
        time.sleep(0.001)
    assert closed == []
    queue.resume()
    while port.pending:
        port.deliver(timeout=0.01)
    thread.join(DEADLINE)
    assert closed == [True]
    assert len(collected) == 1


def test_another_thread_sees_that_something_was_given_up(queue, tmp_path):
    closed = []
    port = queue.port()
    queue.pause()
    port.file_create(None, tmp_path / "made")
    thread = threading.Thread(target=lambda: closed.append(port.close()))
    thread.start()
    while not port.closed:
        time.sleep(0.001)
    assert port.close(timeout=0) is False
    queue.resume()
    thread.join(DEADLINE)
    assert closed == [False]


def test_a_callback_may_close_its_port(queue):
    collected = []
    port = queue.port()
    port.file_exists(lambda args: port.close(timeout=0), ".")
    port.file_exists(collected.append, ".")
    port.deliver(timeout=None)
    assert port.closed
    assert collected == [] or len(collected) == 1
    assert queue.flush(DEADLINE)


def test_a_thread_may_end_after_its_queue_is_closed_and_before_it_has_delivered(queue):
    enqueued, may_end, futures = threading.Event(), threading.Event(), []

    def body():
        port = queue.port()
        futures.append(port.futures.directory_exists("."))
        enqueued.set()
        may_end.wait(DEADLINE)

    thread = threading.Thread(target=body)
    thread.start()
    assert enqueued.wait(DEADLINE)
    queue.file_exists(None, ".")
    assert queue.close(0.2) is False
    may_end.set()
    thread.join(DEADLINE)
    assert queue.close(DEADLINE) is True
    assert futures[0].result(0) is True


def test_flush_and_close_of_a_queue_serve_this_threads_ports():
    collected = []
    queue = mhddq.Queue()
    port = queue.port()
    for _ in range(10):
        port.file_exists(collected.append, ".")
    assert queue.flush(DEADLINE)
    assert len(collected) == 10
    port.file_exists(collected.append, ".")
    assert queue.close(DEADLINE) is True
    assert len(collected) == 11


def test_only_the_module_makes_ports():
    with pytest.raises(TypeError):
        mhddq.Port()


# ---- main loops ----


def test_the_loop_of_a_selector(queue):
    import selectors  # noqa: PLC0415

    port, collected = queue.port(), []
    with selectors.DefaultSelector() as selector:
        selector.register(port.fileno(), selectors.EVENT_READ)
        for _ in range(100):
            port.file_exists(collected.append, ".")
        while port.pending:
            assert selector.select(DEADLINE)
            port.deliver(limit=7)
    assert len(collected) == 100


TK = """
import tkinter
try:
    root = tkinter.Tk()
except tkinter.TclError as error:
    report(skip=str(error))
    sys.exit()
root.withdraw()
port, collected = mhddq.Queue("tk").port(), []
def ready(*_):
    port.deliver()
    if len(collected) == 50:
        root.quit()
HOW
for _ in range(50):
    port.file_exists(collected.append, ".")
root.after(20000, root.quit)
root.mainloop()
root.destroy()
report(collected=len(collected))
"""


@pytest.mark.parametrize("how", ["handler", "after"])
def test_tk(how):
    pytest.importorskip("tkinter")
    if not shutil.which("Xvfb"):
        pytest.skip("no Xvfb: there is no screen to try it on")
    handler = "root.createfilehandler(port.fileno(), tkinter.READABLE, ready)"
    after = "def turn():\n    ready()\n    root.after(10, turn)\nturn()"
    with screen() as environment:
        env = {"DISPLAY": environment["DISPLAY"]}
        end = ended(TK.replace("HOW", handler if how == "handler" else after), env=env, quiet=False)
    if "skip" in end.facts:
        pytest.skip(end["skip"])
    assert end["collected"] == 50


@pytest.mark.skipif(sys.platform == "win32", reason="signals to this process")
def test_ctrl_c_interrupts_the_wait():
    end = ended(
        """
        queue = mhddq.Queue()
        port = queue.port()
        queue.pause()
        port.file_exists(print, ".")
        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
        began = time.monotonic()
        try:
            port.deliver(timeout=None)
        except KeyboardInterrupt:
            report(after=time.monotonic() - began, pending=port.pending)
        """
    )
    assert end["pending"] == 1
    assert end["after"] < 20


def test_the_end_of_the_program_delivers_nothing_more_to_a_port():
    end = ended(
        """
        port = mhddq.Queue().port()
        port.file_create(lambda args: os.write(1, b"called"), "made")
        report(pending=port.pending)
        """
    )
    assert end["pending"] == 1
    assert "called" not in end.stdout
    assert "made" in end.files


@pytest.mark.parametrize("waits", ["flush", "result", "close"])
def test_a_wait_for_a_queue_whose_callback_needs_room_here_does_not_lock_up(waits):
    """Without the rule the callback waits for room that only this thread's deliver() makes."""
    here, other = mhddq.Queue(ring_size=1), mhddq.Queue()
    port, delivered = here.port(), []
    port.file_exists(delivered.append, ".")

    def needs_room(args):
        delivered.extend(here.file_exists(None, ".") for _ in range(5))

    other.file_exists(needs_room, ".")
    if waits == "flush":
        assert other.flush(DEADLINE)
    elif waits == "result":
        assert other.futures.file_exists(".").result(DEADLINE) is False
    else:
        assert other.close(DEADLINE)
    assert delivered == [True] * 5
    assert here.close(DEADLINE)
    assert other.close(DEADLINE)
    assert len(delivered) == 6
