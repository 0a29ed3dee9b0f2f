"""Queues as objects: each has its own order and its own end."""

from __future__ import annotations

import copy
import ctypes
import gc
import os
import pickle
import platform
import sys
import threading
import time
from pathlib import Path

import pytest
from helpers import DEADLINE, Outcome
from programs import ended

import mhddq


def until(what, timeout: float = DEADLINE) -> None:
    deadline = time.monotonic() + timeout
    while not what():
        if time.monotonic() > deadline:
            raise AssertionError("it did not come")
        time.sleep(0.002)


def tasks() -> int:
    return len(os.listdir("/proc/self/task"))


def test_operations_of_a_queue_run_in_the_order_of_their_acceptance(tmp_path):
    collected = Outcome()
    with mhddq.Queue("order") as queue:
        for i in range(200):
            assert queue.file_write(collected, str(i), tmp_path / "file") is True
            assert queue.file_read(collected, tmp_path / "file") is True
    reads = [a["output"]["data"] for a in collected.args if a["action"] == "file_read"]
    assert reads == [str(i) for i in range(200)]


def test_a_stalled_queue_stops_no_other(tmp_path):
    go, collected = threading.Event(), Outcome()
    slow, quick = mhddq.Queue("slow"), mhddq.Queue("quick")
    slow.file_exists(lambda args: go.wait(DEADLINE), ".")
    quick.file_exists(collected, ".")
    collected.wait(1)
    go.set()
    assert slow.close() is True
    assert quick.close() is True


def test_a_queue_costs_nothing_before_its_first_operation():
    before = tasks()
    queues = [mhddq.Queue() for _ in range(10)]
    assert tasks() == before
    assert all(queue.pending == 0 and not queue.closed for queue in queues)
    assert all(queue.close() for queue in queues)
    assert all(queue.closed for queue in queues)


def test_after_closing_nothing_is_accepted():
    queue = mhddq.Queue()
    queue.file_exists(None, ".")
    assert queue.close() is True
    assert queue.file_exists(None, ".") is False
    assert queue.enqueue_oplist(mhddq.Oplist()) is False
    with pytest.raises(RuntimeError, match="the queue is closed"):
        queue.futures.file_exists(".")
    with pytest.raises(RuntimeError, match="the queue is closed"):
        queue.futures.flush().result()
    assert queue.close() is True
    assert queue.stats()["accepted"] == 1


def test_close_waits_and_reports_when_the_time_is_up(capfd):
    go = threading.Event()
    queue = mhddq.Queue("late")
    queue.file_exists(lambda args: go.wait(DEADLINE), "first")
    queue.file_exists(None, "second")
    assert queue.close(0.05) is False
    assert "mhddq: close of 'late' timed out: " in capfd.readouterr().err
    go.set()
    assert queue.close() is True


def test_close_in_a_callback_does_not_wait():
    closed = []
    queue, other = mhddq.Queue(), mhddq.Queue()
    other.file_exists(None, ".")
    queue.file_exists(lambda args: closed.append((queue.close(), other.closed)), ".")
    until(lambda: closed)
    assert closed == [(False, False)]
    assert queue.close() is True
    assert other.close() is True


def test_a_collected_queue_finishes_what_it_accepted(tmp_path):
    collected = Outcome()
    before = tasks()
    queue = mhddq.Queue()
    for i in range(300):
        queue.file_write(collected, str(i), tmp_path / "file")
    del queue
    collected.wait(300)
    until(lambda: tasks() <= before)
    assert (tmp_path / "file").read_text(encoding="utf-8") == "299"


@pytest.mark.parametrize("how", ["closed", "collected", "with a port", "port given up"])
@pytest.mark.parametrize("count", [200, pytest.param(10_000, marks=pytest.mark.slow)])
def test_queues_leave_no_thread_and_no_descriptor(how, count, tmp_path):
    collected = Outcome()
    before = tasks()  # with those of other tests' queues, and of a scout where the disk rotates
    mhddq.Queue().file_exists(collected, ".")
    collected.wait(1)
    gc.collect()
    until(lambda: tasks() <= before)
    descriptors = len(os.listdir("/proc/self/fd"))
    for i in range(count):
        queue = mhddq.Queue()
        if how == "closed":
            queue.file_exists(collected, ".")
            assert queue.close()
        elif how == "collected":
            queue.file_exists(collected, ".")
        else:
            port = queue.port()
            port.fileno()
            port.file_create(None, tmp_path / str(i))
            if how == "with a port":
                while port.pending:
                    port.deliver(timeout=None)
                assert port.close()
            del port
        del queue
    gc.collect()
    until(lambda: tasks() <= before)
    until(lambda: len(os.listdir("/proc/self/fd")) <= descriptors)
    if "port" in how:
        assert len(os.listdir(tmp_path)) == count


def test_flush_waits_for_what_was_accepted_before(tmp_path):
    collected = Outcome()
    queue = mhddq.Queue()
    assert queue.flush() is True
    for _ in range(50):
        queue.file_exists(collected, ".")
    assert queue.flush() is True
    assert len(collected) == 50
    queue.pause()
    assert queue.paused
    queue.file_exists(collected, ".")
    assert queue.flush(0.05) is False
    queue.resume()
    assert queue.flush() is True
    assert len(collected) == 51
    assert queue.close() is True


def test_flush_of_a_full_queue_waits_no_longer_than_its_time():
    with mhddq.Queue(ring_size=2) as queue:
        queue.pause()
        for _ in range(2):
            queue.file_exists(None, ".")
        thread = threading.Thread(target=lambda: queue.file_exists(None, "."), daemon=True)
        thread.start()  # it waits for a place
        assert queue.flush(0.05) is False
        queue.resume()
        assert queue.flush(DEADLINE)
        thread.join(DEADLINE)


def test_flush_in_a_callback_is_an_error():
    errors = []

    def flushes(args):
        try:
            queue.flush()
        except RuntimeError as error:
            errors.append(str(error))

    queue = mhddq.Queue()
    queue.file_exists(flushes, ".")
    queue.close()
    assert len(errors) == 1


def test_a_paused_queue_starts_nothing_and_closing_resumes(tmp_path):
    collected = Outcome()
    queue = mhddq.Queue()
    queue.pause()
    queue.file_create(collected, tmp_path / "file")
    time.sleep(0.05)
    assert queue.pending == 1
    assert not (tmp_path / "file").exists()
    assert queue.close() is True
    assert (tmp_path / "file").exists()
    assert queue.paused is False


@pytest.mark.parametrize(
    ("settings", "error", "text"),
    [
        ({"ring_size": 0}, ValueError, "ring_size=0: must be a whole number from 1 to 1048576"),
        ({"ring_size": 2**21}, ValueError, "ring_size=2097152: must be"),
        ({"buffer_bytes": 1}, ValueError, "buffer_bytes=1: must be"),
        ({"write_bytes": -1}, ValueError, "write_bytes=-1: must be"),
        ({"lookahead": 5000}, ValueError, "lookahead=5000: must be"),
        ({"spin_us": "1"}, TypeError, "spin_us must be int or None, not 'str'"),
        ({"spin_us": True}, TypeError, "spin_us must be int or None, not 'bool'"),
        ({"ring_size": 10**5000}, ValueError, "ring_size=a number of many digits"),
        ({"name": 1}, TypeError, "name must be str or None, not 'int'"),
        ({"background": 2}, TypeError, "background must be True or False, not 2"),
        ({"nonsense": 2}, TypeError, "nonsense"),
    ],
)
def test_wrong_settings_are_refused_at_once(settings, error, text):
    with pytest.raises(error, match=text):
        mhddq.Queue(**settings)


def niceness_of_its_threads():
    """Of this process's I/O threads, by name."""
    found = {}
    for task in Path("/proc/self/task").iterdir():
        name = (task / "comm").read_text().strip()
        if name.startswith("mhddq-io"):
            priority = os.getpriority(os.PRIO_PROCESS, int(task.name))
            found.setdefault(name, []).append((priority, disk_class_of(int(task.name))))
    return found


def disk_class_of(thread):
    """ioprio_get(2): 3 is idle."""
    number = {"x86_64": 252, "aarch64": 31}[platform.machine()]
    return ctypes.CDLL(None).syscall(number, 1, thread) >> 13


@pytest.mark.skipif(
    platform.machine() not in ("x86_64", "aarch64"), reason="the call's number is not known"
)
def test_a_queue_in_the_background_has_threads_that_are_nice():
    with mhddq.Queue() as plain:
        assert plain.futures.directory_exists(".").result(DEADLINE)
        before = niceness_of_its_threads()
        with mhddq.Queue(background=True) as queue:
            assert queue.futures.directory_exists(".").result(DEADLINE)
            both = niceness_of_its_threads()
    for name in ("mhddq-io-0", "mhddq-io-1"):
        added = both[name]
        for each in before[name]:
            added.remove(each)
        assert added == [(max(10, os.getpriority(os.PRIO_PROCESS, 0)), 3)]
        assert all(kind != 3 for _, kind in before[name])


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="no names to be seen here")
@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("backup", "backup"),
        ("a long name for it", "a long nam"),
        ("Übergrößen", "Übergrö"),
        ("", ""),
    ],
)
def test_the_io_threads_have_the_name_of_their_queue(name, shown):
    with mhddq.Queue(name) as queue:
        assert queue.futures.directory_exists(".").result(DEADLINE)
        tasks = Path("/proc/self/task").iterdir()
        names = [(task / "comm").read_text(encoding="utf-8").rstrip("\n") for task in tasks]
    assert {f"{shown}-io-0", f"{shown}-io-1"} <= set(names)


def test_settings_count_before_the_environment(monkeypatch):
    monkeypatch.setenv("MHDDQ_RING_SIZE", "64")
    queue = mhddq.Queue(ring_size=16)
    other = mhddq.Queue()
    queue.file_exists(None, ".")
    other.file_exists(None, ".")
    assert queue.stats()["ring_size"] == 16
    assert other.stats()["ring_size"] == 64
    assert queue.close()
    assert other.close()


def test_bytes_on_their_way_in_are_bounded(tmp_path):
    queue = mhddq.Queue(write_bytes=1 << 20)
    data = bytes(1 << 19)
    queue.pause()
    entered = []

    def writes():
        for i in range(4):
            queue.file_write(None, data, tmp_path / "file", True)
            entered.append(i)

    thread = threading.Thread(target=writes)
    thread.start()
    until(lambda: len(entered) == 2)
    time.sleep(0.05)
    assert len(entered) == 2
    assert queue.stats()["unwritten_bytes"] == 1 << 20
    queue.resume()
    thread.join(DEADLINE)
    assert queue.close()
    assert len(entered) == 4
    assert queue.stats()["unwritten_bytes"] == 0


def test_the_default_queue_is_that_of_the_functions():
    queue = mhddq.default_queue()
    before = queue.stats()["accepted"]
    mhddq.file_exists(None, ".")
    assert queue.stats()["accepted"] == before + 1
    assert queue.name == "default"
    assert mhddq.default_queue() is queue


@pytest.mark.parametrize("make", [mhddq.Queue, lambda: mhddq.Queue().port(), mhddq.Control])
@pytest.mark.parametrize("how", [pickle.dumps, copy.copy, copy.deepcopy])
def test_none_of_them_can_be_pickled_or_copied(make, how):
    with pytest.raises(TypeError, match="cannot be pickled or copied"):
        how(make())


def test_each_of_them_shows_what_it_is():
    queue, control = mhddq.Queue("shown"), mhddq.Control()
    port = queue.port()
    assert repr(queue) == "<mhddq.Queue 'shown'>"
    assert repr(queue.futures) == f"<mhddq.futures.Futures of {queue!r}>"
    assert repr(port.futures) == f"<mhddq.futures.Futures of {port!r}>"
    assert repr(queue.aio) == f"<mhddq.aio.Aio of {queue!r}>"
    todo = queue.futures.oplist()
    assert repr(todo) == "<mhddq.futures.FutureList of 0 entries>"
    todo.file_exists("missing")
    assert repr(todo) == "<mhddq.futures.FutureList of 1 entry>"
    assert repr(control) == "<mhddq.Control, 0 of 0 finished>"
    queue.futures.file_exists("missing", control=control).result(DEADLINE)
    assert repr(control) == "<mhddq.Control, 1 of 1 finished>"
    control.pause()
    control.cancel()
    assert repr(control) == "<mhddq.Control, 1 of 1 finished, paused, cancelled>"
    assert repr(mhddq.Control.__new__(mhddq.Control)) == "<mhddq.Control, not initialised>"
    assert port.close()
    assert queue.close(DEADLINE)
    assert repr(queue) == "<mhddq.Queue 'shown', closed>"
    assert repr(port) == f"<mhddq.Port of {queue!r}, closed>"


def test_methods_are_those_of_the_table():
    for name in ("file_read", "file_write", "directory_copy"):
        for kind in (mhddq.Queue, mhddq.Port, mhddq.Oplist):
            method = getattr(kind, name)
            assert method.__name__ == name
            assert method.__doc__ or sys.flags.optimize > 1  # which leaves them out
    with pytest.raises(TypeError):
        mhddq.Queue.file_exists(1, None, ".")


def test_callbacks_that_enqueue_into_each_others_full_queues_do_not_lock_up():
    """Without the rule each callback would wait for a slot that only the other's return can
    free."""
    collected = Outcome()
    one, two = mhddq.Queue(ring_size=1), mhddq.Queue(ring_size=1)
    both = threading.Barrier(2, timeout=DEADLINE)

    def crosses(other):
        def callback(args):
            both.wait()
            for _ in range(10):
                other.file_exists(collected, ".")

        return callback

    one.file_exists(crosses(two), ".")
    two.file_exists(crosses(one), ".")
    collected.wait(20)
    assert one.close(DEADLINE)
    assert two.close(DEADLINE)


# ---- exit and fork ----


def test_the_exit_drains_queues_whose_callbacks_cross():
    end = ended(
        """
        import pathlib
        queues = [mhddq.Queue(str(i)) for i in range(3)]
        def passes(left):
            def callback(args):
                if left:
                    must(queues[left % 3].file_exists(passes(left - 1), "."))
                else:
                    pathlib.Path("end").write_text("reached")
            return callback
        queues[0].pause()
        queues[0].file_exists(passes(30), ".")
        control = mhddq.Control()
        queues[1].file_create(None, "made", control=control)
        control.pause()
        port = queues[2].port()
        port.file_create(None, "through a port")
        port.file_exists(lambda args: pathlib.Path("wrong").write_text(""), "of a port")
        report()
        """
    )
    assert end.files["end"] == b"reached"
    assert {"made", "through a port"} <= set(end.files)
    assert "wrong" not in end.files


def test_a_forked_child_has_fresh_queues():
    end = ended(
        """
        collected = []
        queue, closed = mhddq.Queue("q", ring_size=8), mhddq.Queue()
        queue.file_exists(collected.append, ".")
        must(queue.flush())
        closed.close()
        control = mhddq.Control()
        queue.pause()
        queue.file_create(None, "by the parent", control=control)
        future = queue.futures.file_exists(".")
        port = queue.port()
        port.file_exists(collected.append, ".")

        def child():
            must(port.closed and port.pending == 0 and port.deliver() == 0, "closed port")
            must(port.file_exists(None, ".") is False)
            must(future.cancelled() and future.done(), "cancelled future")
            must(control.accepted == 1 and control.finished == 0, "copy of the control")
            must(not queue.closed and queue.pending == 0 and not closed.closed, "fresh queue")
            mine = []
            must(queue.file_create(mine.append, "by the child", control=control))
            must(closed.file_exists(mine.append, "."))
            must(queue.close() and closed.close(), "end")
            must(queue.stats()["ring_size"] == 8)
            must(control.accepted == 2 and control.finished == 1)
            return len(mine) == 2
        report(child=forked(child))
        queue.resume()
        must(future.result() is False)
        port.deliver(timeout=None)
        report(collected=len(collected))
        """
    )
    assert end["child"] is True
    assert end["collected"] == 2
    assert {"by the parent", "by the child"} <= set(end.files)


@pytest.mark.parametrize("count", [20, pytest.param(1000, marks=pytest.mark.slow)])
def test_queues_in_forked_children(count):
    end = ended(
        """
        def child():
            for i in range(5):
                queue = mhddq.Queue()
                must(queue.file_exists(None, "."))
                if i % 2:
                    must(queue.close())
                del queue
            until(lambda: len(os.listdir("/proc/self/task")) <= 2)
            return True
        mhddq.Queue().file_exists(None, ".")
        kept = mhddq.Queue()
        kept.file_exists(None, ".")
        report(children=sum(forked(child) for _ in range(COUNT)))
        """.replace("COUNT", str(count)),
        timeout=30 + count,
    )
    assert end["children"] == count


def test_after_a_flush_nothing_of_the_queue_is_under_way():
    with mhddq.Queue("flushed") as queue:
        port = queue.port()
        counts = []
        for _ in range(300):
            queue.file_exists(None, ".")
            port.file_exists(None, ".")
            assert queue.flush()
            counts.append(queue.pending)
        port.close()
    assert counts == [0] * 300
