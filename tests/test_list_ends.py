"""Lists that stop at their first failure, and lists that report when they are done."""

from __future__ import annotations

import gc

import pytest
from helpers import DEADLINE, Outcome

import mhddq


@pytest.fixture
def queue():
    queue = mhddq.Queue("lists")
    yield queue
    assert queue.close(DEADLINE)


def test_the_end_comes_after_those_of_the_operations(queue, tmp_path):
    collected, todo = Outcome(), mhddq.Oplist()
    for i in range(20):
        todo.file_create(collected, tmp_path / str(i))
    assert queue.enqueue_oplist(todo, callback=collected) is True
    ends = collected.wait(21)
    assert [a["action"] for a in ends] == ["file_create"] * 20 + ["enqueue_oplist"]
    assert ends[20] == {
        "action": "enqueue_oplist",
        "result": True,
        "params": {"oplist": todo, "callback": collected},
        "output": {},
    }


def test_the_end_has_the_first_failures_text(queue, tmp_path):
    collected, todo = Outcome(), mhddq.Oplist()
    todo.file_delete(None, tmp_path / "first")
    todo.file_delete(collected, tmp_path / "second")
    queue.enqueue_oplist(todo, callback=collected, control=None)
    second, end = collected.wait(2)
    assert end["result"] is False
    assert end["output"]["exception"].error.filename == str(tmp_path / "first")
    assert second["output"]["exception"].error.filename == str(tmp_path / "second")
    assert "control" not in end["params"]


def test_text_that_is_none_counts_as_a_failure_of_the_list(queue, tmp_path):
    (tmp_path / "latin").write_bytes(b"\xff")
    collected, todo = Outcome(), mhddq.Oplist()
    todo.file_read(None, tmp_path / "latin")
    queue.enqueue_oplist(todo, callback=collected)
    assert isinstance(collected.wait(1)[0]["output"]["exception"].error, UnicodeDecodeError)


def test_an_empty_list_ends_too(queue):
    collected = Outcome()
    queue.enqueue_oplist(mhddq.Oplist(), callback=collected)
    assert collected.wait(1)[0]["result"] is True


def test_a_stopped_list_cancels_the_rest_each_in_its_turn(queue, tmp_path):
    collected = Outcome()
    with queue.oplist(collected, on_error="stop") as todo:
        todo.file_create(collected, tmp_path / "a")
        todo.file_delete(collected, tmp_path / "missing")
        todo.file_create(collected, tmp_path / "b")
        todo.file_create(collected, tmp_path / "c")
    ends = collected.wait(5)
    assert [a["result"] for a in ends] == [True, False, False, False, False]
    assert [type(a["output"]["exception"].error) for a in ends[1:]] == [
        FileNotFoundError,
        mhddq.Cancelled,
        mhddq.Cancelled,
        FileNotFoundError,
    ]
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_an_embedded_list_with_a_failure_fails_in_its_parent(queue, tmp_path):
    collected = Outcome()
    inner, outer = mhddq.Oplist(), mhddq.create_empty_oplist(on_error="stop")
    inner.file_delete(collected, tmp_path / "missing")
    inner.file_create(collected, tmp_path / "inner")
    outer.embed(inner)
    outer.file_create(collected, tmp_path / "outer")
    queue.enqueue_oplist(outer, callback=collected)
    collected.wait(4)
    assert [p.name for p in tmp_path.iterdir()] == ["inner"]


def test_a_list_goes_on_unless_it_is_to_stop(queue, tmp_path):
    collected = Outcome()
    with queue.oplist(collected) as todo:
        todo.file_delete(None, tmp_path / "missing")
        todo.file_create(None, tmp_path / "made")
    collected.wait(1)
    assert (tmp_path / "made").exists()


def test_nothing_is_enqueued_where_the_block_raises(queue, tmp_path):
    with pytest.raises(KeyError), queue.oplist() as todo:  # noqa: PT012
        todo.file_create(None, tmp_path / "made")
        raise KeyError
    assert queue.stats()["accepted"] == 0


def test_leaving_the_block_of_a_closed_queue_is_an_error(tmp_path):
    queue = mhddq.Queue()
    with pytest.raises(RuntimeError, match="the queue is closed"), queue.oplist() as todo:  # noqa: PT012
        todo.file_create(None, tmp_path / "made")
        queue.close()


def test_the_end_through_a_port(queue, tmp_path):
    collected, port = [], queue.port()
    with port.oplist(collected.append) as todo:
        todo.file_create(collected.append, tmp_path / "made")
    while port.pending:
        port.deliver(timeout=None)
    assert [a["action"] for a in collected] == ["file_create", "enqueue_oplist"]


def test_of_the_default_queue(tmp_path):
    collected, todo = Outcome(), mhddq.create_empty_oplist()
    todo.file_create(None, tmp_path / "made")
    control = mhddq.Control()
    assert mhddq.enqueue_oplist(todo, callback=collected, control=control) is True
    assert collected.wait(1)[0]["params"] == {
        "oplist": todo,
        "callback": collected,
        "control": control,
    }
    assert (control.accepted, control.finished) == (1, 1)


def test_methods_do_what_the_functions_do():
    todo, sub = mhddq.Oplist(), mhddq.Oplist()
    todo.file_exists(None, "a")
    todo.embed(sub)
    assert [*todo] == [
        {"action": "file_exists", "params": {"callback": None, "filename": "a"}},
        sub,
    ]
    with pytest.raises(ValueError, match="cannot be embedded in itself"):
        sub.embed(todo)
    todo.clear()
    assert len(todo) == 0


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda q: q.enqueue_oplist(1), TypeError),
        (lambda q: q.enqueue_oplist(mhddq.Oplist(), callback=1), TypeError),
        (lambda q: q.oplist(1), TypeError),
        (lambda q: q.oplist(on_error="ignore"), ValueError),
        (lambda q: mhddq.Oplist(on_error=None), ValueError),
        (lambda q: mhddq.enqueue_oplist(mhddq.Oplist(), control=1), TypeError),
    ],
)
def test_wrong_arguments(queue, call, error):
    with pytest.raises(error):
        call(queue)
    assert queue.stats()["accepted"] == 0


def test_what_the_callback_of_a_list_raises_is_printed(queue, capfd):
    queue.enqueue_oplist(mhddq.Oplist(), callback=lambda args: 1 / 0)
    assert queue.flush(DEADLINE)
    printed = capfd.readouterr().err
    assert printed.startswith("Exception in the mhddq callback of enqueue_oplist:")
    assert "ZeroDivisionError" in printed


def test_a_look_whose_future_is_not_kept_is_no_failure_of_its_list(queue, tmp_path):
    queue.pause()
    with queue.futures.oplist(on_error="stop") as todo:
        todo.path_stat(tmp_path)
        made = todo.file_create(tmp_path / "made")
    gc.collect()
    queue.resume()
    assert todo.future.result(DEADLINE) is None
    assert made.result(DEADLINE) is None
