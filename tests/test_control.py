"""Control: cancelling, pausing and watching what runs."""

from __future__ import annotations

import errno
import os
import threading
import time

import pytest
from helpers import DEADLINE, Outcome, open_text

import mhddq

MIB = 1 << 20


@pytest.fixture
def queue():
    queue = mhddq.Queue("control")
    yield queue
    assert queue.close(DEADLINE)


@pytest.fixture
def big(tmp_path):
    """96 MiB, which take no place until they are copied."""
    path = tmp_path / "big"
    with path.open("wb") as file:
        for _ in range(96):
            file.write(bytes(range(256)) * 4096)
    return path


def test_what_has_not_started_never_runs(queue, tmp_path):
    collected, control = Outcome(), mhddq.Control()
    queue.pause()
    for i in range(10):
        assert queue.file_create(collected, tmp_path / str(i), control=control)
    queue.file_create(collected, tmp_path / "other")
    control.cancel()
    queue.resume()
    ends = collected.wait(11)
    assert list(tmp_path.iterdir()) == [tmp_path / "other"]
    assert control.cancelled
    assert (control.accepted, control.finished) == (10, 10)
    for i, args in enumerate(ends[:10]):
        text = args["output"]["exception"]
        assert args["result"] is False
        assert args["params"]["control"] is control
        assert text == open_text(errno.ECANCELED, str(tmp_path / str(i)))
        assert type(text.error) is mhddq.Cancelled
    assert "control" not in ends[10]["params"]
    assert queue.stats()["cancelled"] == 10


def test_what_is_given_it_later_is_cancelled_in_its_turn(queue, tmp_path):
    collected, control = Outcome(), mhddq.Control()
    control.cancel()
    queue.file_create(collected, tmp_path / "file", control=control)
    assert isinstance(collected.wait(1)[0]["output"]["exception"].error, mhddq.Cancelled)
    assert not (tmp_path / "file").exists()


@pytest.mark.not_wine("reports the progress of a copy when it has ended")
def test_a_running_copy_is_stopped_and_nothing_of_it_stays(queue, tmp_path, big):
    collected = Outcome()
    control = mhddq.Control(lambda done, total: done and control.cancel(), interval=0)
    (tmp_path / "to").mkdir()
    for _ in range(3):
        queue.file_copy(collected, big, tmp_path / "to" / "copy", control=control)
    ends = collected.wait(3)
    assert [type(a["output"].get("exception").error) for a in ends] == [mhddq.Cancelled] * 3
    assert list((tmp_path / "to").iterdir()) == []


def test_progress_comes_in_order_and_before_the_completion(queue, tmp_path, big):
    calls = []
    control = mhddq.Control(lambda *figures: calls.append(figures), interval=0)
    queue.file_copy(calls.append, big, tmp_path / "copy", control=control)
    assert queue.flush(DEADLINE)
    assert type(calls[-1]) is dict
    assert calls[-1]["result"] is True
    figures = calls[:-1]
    assert figures
    assert figures[-1] == (96 * MIB, 96 * MIB)
    assert [done for done, _ in figures] == sorted(done for done, _ in figures)
    assert (control.done, control.total) == (96 * MIB, 96 * MIB)


@pytest.mark.parametrize("operation", ["directory_delete", "directory_walk"])
def test_what_knows_no_total_has_done_all_of_it_in_the_end(queue, tmp_path, operation):
    tree, calls = tmp_path / "tree", []
    tree.mkdir()
    for i in range(5):
        (tree / str(i)).touch()
    control = mhddq.Control(lambda done, total: calls.append((done, total)), interval=0)
    enqueue = getattr(queue, operation)
    assert enqueue(None, tree, control=control)
    assert queue.flush(DEADLINE)
    everything = 6 if operation == "directory_delete" else 5
    assert calls[-1] == (everything, everything)
    assert {total for _, total in calls[:-1]} <= {None, everything}
    assert (control.done, control.total) == (everything, everything)


def test_progress_through_a_port_is_called_in_deliver(queue, tmp_path, big):
    threads = []
    control = mhddq.Control(lambda *figures: threads.append(threading.get_ident()), interval=0)
    port = queue.port()
    port.file_copy(None, big, tmp_path / "copy", control=control)
    while port.pending:
        port.deliver(timeout=None)
    assert set(threads) == {threading.get_ident()}


def test_what_progress_raises_is_printed(queue, tmp_path, big, capfd):
    collected = Outcome()
    queue.file_copy(collected, big, tmp_path / "copy", control=mhddq.Control(lambda *a: 1 / 0))
    assert collected.wait(1)[0]["result"] is True
    assert "ZeroDivisionError" in capfd.readouterr().err


def test_a_paused_operation_holds_its_queue_and_no_other(queue, tmp_path):
    collected, control = Outcome(), mhddq.Control()
    control.pause()
    assert control.paused
    queue.file_create(collected, tmp_path / "first", control=control)
    queue.file_create(collected, tmp_path / "second")
    with mhddq.Queue() as other:
        other.file_create(collected, tmp_path / "elsewhere")
        collected.wait(1)
    time.sleep(0.02)
    assert [p.name for p in tmp_path.iterdir()] == ["elsewhere"]
    control.resume()
    collected.wait(3)
    assert not control.paused


def test_cancelling_what_is_paused_ends_it(queue, tmp_path):
    collected, control = Outcome(), mhddq.Control()
    control.pause()
    queue.file_create(collected, tmp_path / "first", control=control)
    control.cancel()
    collected.wait(1)
    assert not (tmp_path / "first").exists()


def test_one_control_is_shared_by_queues_and_styles(tmp_path):
    control, collected = mhddq.Control(), Outcome()
    one, two = mhddq.Queue(), mhddq.Queue()
    port = two.port()
    one.file_exists(collected, ".", control=control)
    future = two.futures.file_exists(".", control=control)
    port.file_exists(collected, ".", control=control)
    todo = mhddq.Oplist()
    todo.file_exists(collected, ".")
    one.enqueue_oplist(todo, control=control)
    assert future.result(DEADLINE) is False
    assert future.control is control
    assert one.flush(DEADLINE)
    assert two.flush(DEADLINE)
    assert len(collected) == 3
    assert (control.accepted, control.finished) == (4, 4)
    assert one.close()
    assert two.close()


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((1,), TypeError),
        ((None, 1), TypeError),
        (({"interval": "1"},), TypeError),
        (({"interval": True},), TypeError),
        (({"interval": -1},), ValueError),
        (({"interval": float("nan")},), ValueError),
        (({"interval": float("inf")},), ValueError),
    ],
)
def test_wrong_arguments(arguments, error):
    keywords = arguments[0] if isinstance(arguments[0], dict) else {}
    with pytest.raises(error):
        mhddq.Control(*(() if keywords else arguments), **keywords)


@pytest.mark.parametrize("call", ["function", "method", "list", "futures", "progress coroutine"])
def test_what_is_no_control_is_refused_at_the_call(queue, call):
    async def progress(done, total): ...

    calls = {
        "function": lambda: mhddq.file_exists(None, ".", control=1),
        "method": lambda: queue.file_exists(None, ".", control=1),
        "list": lambda: queue.enqueue_oplist(mhddq.Oplist(), control=1),
        "futures": lambda: queue.futures.file_exists(".", control=1),
        "progress coroutine": lambda: mhddq.Control(progress),
    }
    with pytest.raises(TypeError):
        calls[call]()
    assert queue.stats()["accepted"] == 0


def test_lists_take_theirs_when_they_are_enqueued():
    with pytest.raises(TypeError, match="unexpected keyword argument 'control'"):
        mhddq.Oplist().file_exists(None, ".", control=mhddq.Control())
    with pytest.raises(TypeError, match="unexpected keyword argument 'control'"):
        mhddq.oplist_file_exists(mhddq.Oplist(), None, ".", control=mhddq.Control())


def test_none_is_no_control(queue):
    collected = Outcome()
    queue.file_exists(collected, ".", control=None)
    assert collected.wait(1)[0]["params"]["control"] is None


def test_it_counts_the_regular_files_that_were_copied(queue, tmp_path):
    tree = tmp_path / "tree"
    (tree / "below").mkdir(parents=True)
    for i in range(5):
        (tree / "below" / f"{i}").write_text("text")
    (tree / "empty").touch()
    collected, control = Outcome(), mhddq.Control()
    queue.directory_copy(collected, tree, tmp_path / "copy", control=control)
    queue.file_copy(collected, tree / "empty", tmp_path / "single", control=control)
    queue.file_copy(collected, tmp_path / "none", tmp_path / "failed", control=control)
    queue.directory_delete(collected, tree, control=control)
    queue.file_read(collected, tmp_path / "single", control=control)
    assert [args["result"] for args in collected.wait(5)] == [True, True, False, True, True]
    assert control.files == 7


def names_while_copied(queue, tree):
    """What a control says where its copies of the tree are; copied until it has said something."""
    collected, named, copies = Outcome(), set(), 0
    control = mhddq.Control(lambda *_: named.add(control.entry), interval=0)
    assert control.entry is None
    until = time.monotonic() + DEADLINE
    while not named - {None} and time.monotonic() < until:
        copies += 1
        queue.directory_copy(collected, tree, tree.with_name(f"copy {copies}"), control=control)
        collected.wait(copies)
    assert all(args["result"] for args in collected.wait(copies))
    assert control.entry is None
    return {os.fsencode(name) for name in named - {None}}


def test_it_names_the_entry_of_a_tree_that_is_dealt_with(queue, tmp_path):
    tree = tmp_path / "tree"
    (tree / "below").mkdir(parents=True)
    for i in range(2000):
        (tree / "below" / f"file {i} \N{SNOWMAN}").touch()
    named = names_while_copied(queue, tree)
    assert named
    assert named <= {b"below", *os.listdir(os.fsencode(tree / "below"))}


@pytest.mark.skipif(os.name == "nt", reason="names are text there")
def test_an_entry_whose_name_is_no_text_has_its_bytes(queue, tmp_path):
    tree = tmp_path / "tree"
    tree.mkdir()
    name = b"\xff\n" + b"n" * 253
    try:
        with open(os.path.join(os.fsencode(tree), name), "wb") as file:
            file.truncate(200 << 20)  # several steps
    except OSError:
        pytest.skip("this file system has no such names")
    assert names_while_copied(queue, tree) == {name}
