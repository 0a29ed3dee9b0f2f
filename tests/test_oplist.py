"""Lists: their order, snapshots, buffers, and that nothing runs in between."""

from __future__ import annotations

import gc
import itertools
import threading
import weakref
from pathlib import Path

import pytest
from helpers import Outcome, do, ends_well, run_list, settle
from programs import ended

import mhddq

pytestmark = pytest.mark.usefixtures("here")


def new(*entries) -> mhddq.Oplist:
    """A list of embedded lists and of (function, *arguments)."""
    oplist = mhddq.create_empty_oplist()
    for entry in entries:
        if isinstance(entry, tuple):
            function, *arguments = entry
            assert function(oplist, *arguments) is None
        else:
            assert mhddq.embed_oplist(oplist, entry) is None
    return oplist


def queries(outcome, *names) -> list[tuple]:
    return [(mhddq.oplist_file_exists, outcome, name) for name in names]


def names_of(collected) -> list[str]:
    return [args["params"]["filename"] for args in collected]


def enqueued(oplist) -> int:
    """Enqueues a list whose callbacks are None; returns the number of operations that were done."""
    settle()
    before = mhddq.stats()["completed"]
    assert mhddq.enqueue_oplist(oplist) is True
    settle()
    return mhddq.stats()["completed"] - before - 1


# ---- running ----


def test_a_list_runs_in_order(outcome):
    oplist = new(
        (mhddq.oplist_directory_create, outcome, "d"),
        (mhddq.oplist_file_write, outcome, "text", "d/a"),
        (mhddq.oplist_file_copy, outcome, "d/a", "d/b"),
        (mhddq.oplist_directory_rename, outcome, "d", "e"),
        (mhddq.oplist_file_read, outcome, "e/b"),
        (mhddq.oplist_directory_delete, outcome, "e"),
        (mhddq.oplist_directory_exists, outcome, "e"),
    )
    collected = run_list(oplist, outcome, 7)
    assert [args["result"] for args in collected] == [True] * 7
    assert collected[4]["output"] == {"data": "text"}
    assert collected[6]["output"] == {"exists": False}


def test_args_of_a_lists_operation_do_not_show_the_list(outcome):
    oplist = new((mhddq.oplist_file_write, outcome, b"x", "missing/x", True))
    assert run_list(oplist, outcome, 1) == [
        {
            "action": "file_write",
            "result": False,
            "params": {"callback": outcome, "data": b"x", "filename": "missing/x", "binary": True},
            "output": {"exception": "[Errno 2] No such file or directory: 'missing/x'"},
        }
    ]


def test_a_failure_does_not_end_the_list(outcome):
    oplist = new(
        (mhddq.oplist_file_delete, outcome, "missing"),
        (mhddq.oplist_file_create, outcome, "file"),
        (mhddq.oplist_file_create, outcome, "a\0b"),
        (mhddq.oplist_file_exists, outcome, "file"),
    )
    collected = run_list(oplist, outcome, 4)
    assert [args["result"] for args in collected] == [False, True, False, True]


def test_operations_and_lists_run_in_the_order_of_their_calls(outcome):
    mhddq.file_create(outcome, "a")
    mhddq.enqueue_oplist(new((mhddq.oplist_file_rename, outcome, "a", "b")))
    mhddq.file_rename(outcome, "b", "c")
    assert [args["result"] for args in outcome.wait(3)] == [True] * 3
    assert Path("c").exists()


def test_building_a_list_does_nothing_yet():
    new((mhddq.oplist_file_create, None, "file"))
    settle()
    assert not Path("file").exists()


def test_paths_in_a_list_are_relative_to_where_the_process_is_when_it_runs(
    here, outcome, monkeypatch
):
    oplist = new((mhddq.oplist_file_create, outcome, "file"))
    (here / "below").mkdir()
    monkeypatch.chdir("below")
    run_list(oplist, outcome, 1)
    assert (here / "below" / "file").exists()
    monkeypatch.chdir(here)


# ---- empty lists ----


@pytest.mark.parametrize("make", [new, lambda: new(new()), lambda: new(new(new(), new()), new())])
def test_empty_lists_are_accepted_and_do_nothing(make):
    assert enqueued(make()) == 0


def test_empty_lists_among_others_do_nothing(outcome):
    empty = new(new(), new())
    oplist = new(empty, *queries(outcome, "a"), empty, new(empty, *queries(outcome, "b")), empty)
    assert names_of(run_list(oplist, outcome, 2)) == ["a", "b"]


def test_a_cleared_list_is_empty_and_usable(outcome):
    oplist = new(*queries(outcome, "a", "b"), new())
    assert len(oplist) == 3
    assert mhddq.clear_oplist(oplist) is None
    assert len(oplist) == 0
    assert list(oplist) == []
    assert enqueued(oplist) == 0
    mhddq.oplist_file_exists(oplist, outcome, "c")
    assert names_of(run_list(oplist, outcome, 1)) == ["c"]


def test_clearing_releases_what_the_list_held():
    outcome = Outcome()
    gone = weakref.ref(outcome)
    oplist = new(*queries(outcome, "a"))
    del outcome
    mhddq.clear_oplist(oplist)
    gc.collect()
    assert gone() is None


# ---- snapshots ----


class Hold(Outcome):
    """A callback that keeps the callback thread waiting until ``let_go`` is set."""

    def __init__(self):
        super().__init__()
        self.let_go = threading.Event()

    def __call__(self, args):
        super().__call__(args)
        self.let_go.wait(30)


def test_enqueuing_takes_a_snapshot(outcome):
    oplist = new(*queries(outcome, "a"))
    hold = Hold()
    mhddq.file_exists(hold, "hold")
    hold.wait(1)
    mhddq.enqueue_oplist(oplist)
    mhddq.oplist_file_exists(oplist, outcome, "b")
    mhddq.enqueue_oplist(oplist)
    mhddq.clear_oplist(oplist)
    mhddq.enqueue_oplist(oplist)
    mhddq.oplist_file_exists(oplist, outcome, "c")
    mhddq.enqueue_oplist(oplist)
    hold.let_go.set()
    assert names_of(outcome.wait(4)) == ["a", "a", "b", "c"]


def test_a_list_outlives_its_name(outcome):
    mhddq.enqueue_oplist(new(*queries(outcome, *"abc"), new(*queries(outcome, "d"))))
    gc.collect()
    assert names_of(outcome.wait(4)) == list("abcd")


def test_a_list_enqueued_again_runs_again_with_params_of_its_own(outcome):
    oplist = new((mhddq.oplist_file_write, outcome, "x", "file"))
    for _ in range(3):
        mhddq.enqueue_oplist(oplist)
    first, second, third = (args["params"] for args in outcome.wait(3))
    assert first == second == third
    assert first is not second
    first.clear()
    second["filename"] = "other"
    assert run_list(oplist, outcome, 4)[3]["params"] == third


def test_a_list_may_be_changed_and_enqueued_in_its_own_callbacks(outcome):
    oplist = mhddq.create_empty_oplist()

    def again(args):
        outcome(args)
        if len(outcome) < 5:
            mhddq.clear_oplist(oplist)
            mhddq.oplist_file_exists(oplist, again, f"{len(outcome)}")
            mhddq.enqueue_oplist(oplist)

    mhddq.oplist_file_exists(oplist, again, "0")
    assert names_of(run_list(oplist, outcome, 5)) == list("01234")


def test_iteration_is_over_direct_entries_and_gives_fresh_params(outcome):
    inner = new(*queries(outcome, "a", "b"))
    oplist = new(inner, (mhddq.oplist_file_read, outcome, "c"))
    embedded, operation = oplist
    assert len(oplist) == 2
    assert embedded is inner
    assert operation == {
        "action": "file_read",
        "params": {"callback": outcome, "filename": "c", "binary": False},
    }
    operation["params"].clear()
    assert list(oplist)[1]["params"]["filename"] == "c"


# ---- buffers ----


def is_lent(data: bytearray) -> bool:
    try:
        data.append(0)
    except BufferError:
        return True
    data.pop()
    return False


def test_buffers_are_exported_from_the_enqueuing_to_the_end_of_the_list(outcome):
    data = bytearray(b"data")
    lent: list[bool] = []

    def note(args):
        lent.append(is_lent(data))
        outcome(args)

    oplist = new(
        (mhddq.oplist_file_write, note, data, "file", True),
        (mhddq.oplist_file_exists, note, "file"),
        (mhddq.oplist_file_exists, note, "file"),
    )
    before = is_lent(data)
    hold = Hold()
    mhddq.file_exists(hold, "hold")
    hold.wait(1)
    mhddq.enqueue_oplist(oplist)
    queued = is_lent(data)
    hold.let_go.set()
    outcome.wait(3)
    settle()
    assert (before, queued, is_lent(data)) == (False, True, False)
    assert lent == [True] * 3
    assert Path("file").read_bytes() == b"data"


def test_a_buffer_changed_between_runs_is_written_as_it_is_then(outcome):
    data = bytearray(b"first")
    oplist = new(
        (mhddq.oplist_file_write, outcome, data, "file", True),
        (mhddq.oplist_file_read, outcome, "file"),
    )
    run_list(oplist, outcome, 2)
    settle()
    data[:] = b"second, and longer"
    collected = run_list(oplist, outcome, 4)
    assert [args["output"].get("data") for args in collected[1::2]] == [
        "first",
        "second, and longer",
    ]


def test_a_view_released_before_the_enqueuing_is_a_failure_of_its_operation(outcome):
    view = memoryview(b"abc")
    oplist = new((mhddq.oplist_file_write, outcome, view, "file", True), *queries(outcome, "file"))
    view.release()
    write, query = run_list(oplist, outcome, 2)
    assert write["result"] is False
    assert "released" in write["output"]["exception"]
    assert query["output"] == {"exists": False}


@pytest.mark.parametrize("view", [memoryview(b"abcdef")[::2]])
def test_memory_that_is_not_contiguous_is_a_failure_of_its_operation(view, outcome):
    oplist = new((mhddq.oplist_file_write, outcome, view, "file", True), *queries(outcome, "file"))
    write, query = run_list(oplist, outcome, 2)
    assert "contiguous" in write["output"]["exception"]
    assert query["output"] == {"exists": False}


# ---- nothing in between ----


def test_operations_of_other_producers_do_not_run_inside_a_list(outcome):
    stop = threading.Event()
    others = Outcome()

    def produce():
        while not stop.is_set():
            mhddq.file_exists(everything, "single")

    order: list[str] = []

    def everything(args):
        order.append(args["params"]["filename"])
        (others if order[-1] == "single" else outcome)(args)

    inner = new(*queries(everything, *(str(n) for n in range(10))))
    oplist = new(inner, *queries(everything, *(str(n) for n in range(10, 20))), inner)
    expected = [str(n) for n in [*range(20), *range(10)]]
    producers = [threading.Thread(target=produce) for _ in range(3)]
    for thread in producers:
        thread.start()
    others.wait(1)
    runs = 20
    for run in range(1, runs + 1):
        mhddq.enqueue_oplist(oplist)
        # Behind its end, or the single operations may be ones that were queued before it.
        outcome.wait(run * 30)
        others.wait(len(others) + 1)
    stop.set()
    for thread in producers:
        thread.join()
    settle()
    starts = [i for i, name in enumerate(order) if name == "0" and order[i + 10 : i + 11] == ["10"]]
    assert len(starts) == runs
    assert all(order[i : i + 30] == expected for i in starts)
    assert all("single" in order[i:j] for i, j in itertools.pairwise(starts))


BEYOND_THE_BUDGET = """
import sys, threading
import mhddq

with open("file", "wb") as file:
    file.write(b"x" * 16384)
done = threading.Event()
lengths = []
most = 0


def callback(args):
    global most
    lengths.append(len(args["output"]["data"]))
    most = max(most, mhddq.stats()["undelivered_bytes"])
    if len(lengths) == int(sys.argv[1]):
        done.set()


oplist = mhddq.create_empty_oplist()
for i in range(int(sys.argv[1])):
    mhddq.oplist_file_read(oplist, callback, "file", True)
mhddq.enqueue_oplist(oplist)
assert done.wait(20), len(lengths)
print(set(lengths), most <= 65536 + 32768)
"""


@pytest.mark.parametrize("ring", ["1", "4096"])
def test_a_list_that_reads_ten_times_the_byte_budget_completes(ring):
    settings = {"MHDDQ_BUFFER_BYTES": "65536", "MHDDQ_RING_SIZE": ring}
    assert ends_well(BEYOND_THE_BUDGET, "41", env=settings) == "{16384} True\n"


ONE_BEYOND_THE_BUDGET = """
import threading
import mhddq

with open("file", "wb") as file:
    file.write(b"x" * 1000000)
done = threading.Event()
lengths = []


def callback(args):
    lengths.append(len(args["output"]["data"]))
    if len(lengths) == 3:
        done.set()


for binary in (True, False, True):
    mhddq.file_read(callback, "file", binary)
assert done.wait(20), lengths
print(lengths)
"""


def test_an_operation_beyond_the_byte_budget_runs_alone():
    settings = {"MHDDQ_BUFFER_BYTES": "65536"}
    assert ends_well(ONE_BEYOND_THE_BUDGET, env=settings) == "[1000000, 1000000, 1000000]\n"


def test_several_threads_may_fill_one_list(outcome):
    oplist = mhddq.create_empty_oplist()

    def fill(name):
        for n in range(500):
            mhddq.oplist_file_exists(oplist, outcome, f"{name}{n}")

    threads = [threading.Thread(target=fill, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    collected = names_of(run_list(oplist, outcome, 2000))
    for name in "abcd":
        assert [n for n in collected if n[0] == name] == [f"{name}{n}" for n in range(500)]


def test_a_list_that_runs_keeps_later_operations_waiting():
    outcome = Outcome()
    oplist = mhddq.create_empty_oplist()
    for _ in range(1000):
        mhddq.oplist_file_exists(oplist, None, "a")
    mhddq.oplist_file_create(oplist, outcome, "file")
    mhddq.enqueue_oplist(oplist)
    assert do(mhddq.file_exists, "file")["output"] == {"exists": True}
    outcome.wait(1)


def test_a_list_of_one_operation_is_small():
    """A list has at first capacity for one operation: many programs make many lists of a few
    each."""
    end = ended(
        """
        def resident():
            with open("/proc/self/statm") as file:
                return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")
        def lists(count):
            made = [mhddq.create_empty_oplist() for _ in range(count)]
            for fileops in made:
                mhddq.oplist_file_exists(fileops, None, ".")
            return made
        few = lists(1000)
        before = resident()
        many = lists(20000)
        report(each=(resident() - before) / 20000)
        """
    )
    assert end["each"] < 1500
