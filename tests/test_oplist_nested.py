"""Lists in lists: embedding, cycles, depth, sharing."""

from __future__ import annotations

import gc
import sys
import threading
import weakref

import pytest
from helpers import Outcome, run_list, settle

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


# ---- embedding ----


def test_embedded_lists_run_at_their_places(outcome):
    inner = new(*queries(outcome, "b", "c"))
    oplist = new(*queries(outcome, "a"), inner, *queries(outcome, "d"))
    assert names_of(run_list(oplist, outcome, 4)) == list("abcd")


def test_a_list_is_embedded_twice(outcome):
    inner = new(*queries(outcome, "a"))
    oplist = new(inner, inner, new(inner), *queries(outcome, "b"), inner)
    collected = run_list(oplist, outcome, 5)
    assert names_of(collected) == list("aaaba")
    assert collected[0]["params"] is not collected[1]["params"]


def test_embedding_is_by_reference_until_the_snapshot(outcome):
    inner = mhddq.create_empty_oplist()
    oplist = new(inner)
    mhddq.oplist_file_exists(inner, outcome, "later")
    mhddq.enqueue_oplist(oplist)
    mhddq.clear_oplist(inner)
    mhddq.oplist_file_exists(inner, outcome, "again")
    mhddq.enqueue_oplist(oplist)
    assert names_of(outcome.wait(2)) == ["later", "again"]


def test_the_embedded_list_may_still_be_enqueued_by_itself(outcome):
    inner = new(*queries(outcome, "a"))
    mhddq.enqueue_oplist(new(inner))
    mhddq.enqueue_oplist(inner)
    assert names_of(outcome.wait(2)) == ["a", "a"]


@pytest.mark.parametrize("others", [0, 1, 2, 1000])
def test_a_list_cannot_be_embedded_in_itself(others):
    first = mhddq.create_empty_oplist()
    last = first
    for _ in range(others):
        last = new(last)
    with pytest.raises(ValueError, match="itself"):
        mhddq.embed_oplist(first, last)
    assert len(first) == 0
    assert enqueued(last) == 0


def test_a_cycle_is_found_on_any_path():
    bottom = mhddq.create_empty_oplist()
    left, right = new(bottom), new(new(), new(bottom))
    top = new(left, right)
    for outer in (bottom, left, right):
        with pytest.raises(ValueError, match="itself"):
            mhddq.embed_oplist(outer, top)
    mhddq.embed_oplist(top, bottom)


def test_what_was_cleared_is_no_cycle_any_more():
    inner = mhddq.create_empty_oplist()
    outer = new(inner)
    mhddq.clear_oplist(outer)
    mhddq.embed_oplist(inner, outer)
    with pytest.raises(ValueError, match="itself"):
        mhddq.embed_oplist(outer, inner)


@pytest.mark.parametrize("wrong", [None, 1, [], (), object(), print])
def test_what_is_no_list_is_a_type_error(wrong):
    oplist = mhddq.create_empty_oplist()
    for function in (mhddq.enqueue_oplist, mhddq.clear_oplist):
        with pytest.raises(TypeError, match="oplist"):
            function(wrong)
    for arguments in ((oplist, wrong), (wrong, oplist)):
        with pytest.raises(TypeError, match="oplist"):
            mhddq.embed_oplist(*arguments)
    assert len(oplist) == 0


def test_competing_embedders_never_make_a_cycle():
    for _ in range(200):
        lists = [mhddq.create_empty_oplist() for _ in range(2)]
        start = threading.Barrier(2)
        refused = []

        def embed(outer, inner, start=start, refused=refused):
            start.wait()
            try:
                mhddq.embed_oplist(outer, inner)
            except ValueError:
                refused.append(outer)

        pair = [threading.Thread(target=embed, args=order) for order in (lists, lists[::-1])]
        for thread in pair:
            thread.start()
        for thread in pair:
            thread.join()
        assert len(refused) == 1


# ---- depth and breadth ----


def nested(depth: int, *innermost) -> mhddq.Oplist:
    oplist = new(*innermost)
    for _ in range(depth):
        oplist = new(oplist)
    return oplist


def test_lists_nest_10_000_deep(outcome):
    assert sys.getrecursionlimit() < 10_000
    oplist = new(*queries(outcome, "middle"))
    for level in range(10_000):
        oplist = new(*queries(outcome, f"{level}"), oplist, *queries(outcome, f"-{level}"))
    collected = names_of(run_list(oplist, outcome, 20_001))
    down = [f"{level}" for level in reversed(range(10_000))]
    assert collected == [*down, "middle", *(f"-{level}" for level in range(10_000))]


def test_deep_lists_are_shown_traversed_and_freed_without_recursion(outcome):
    oplist = nested(100_000, *queries(outcome, "a"))
    assert len(repr(oplist)) < 10_000
    assert [len(entry) for entry in oplist] == [1]
    assert names_of(run_list(oplist, outcome, 1)) == ["a"]
    settle()
    gone = weakref.ref(outcome)
    del oplist, outcome
    settle()
    gc.collect()
    assert gone() is not None  # the fixture still holds it


def test_deep_lists_free_what_they_hold():
    listener = Outcome()
    gone = weakref.ref(listener)
    oplist = nested(100_000, *queries(listener, "a"))
    run_list(oplist, listener, 1)
    settle()
    del oplist, listener
    settle()
    gc.collect()
    assert gone() is None


def test_a_deep_cycle_is_found_without_recursion():
    bottom = mhddq.create_empty_oplist()
    top = bottom
    for _ in range(100_000):
        top = new(top)
    with pytest.raises(ValueError, match="itself"):
        mhddq.embed_oplist(bottom, top)


def test_all_entries_of_a_long_list_run(outcome):
    oplist = mhddq.create_empty_oplist()
    names = [str(n) for n in range(20_000)]
    for name in names:
        mhddq.oplist_file_exists(oplist, outcome, name)
    assert len(oplist) == 20_000
    assert names_of(run_list(oplist, outcome, 20_000)) == names


def doubled(times: int, *innermost) -> mhddq.Oplist:
    oplist = new(*innermost)
    for _ in range(times):
        oplist = new(oplist, oplist)
    return oplist


def test_shared_lists_expand_to_all_their_operations(outcome):
    oplist = doubled(10, *queries(outcome, "a"))
    assert names_of(run_list(oplist, outcome, 1024)) == ["a"] * 1024


@pytest.mark.not_wine("takes too long for a million calls")
def test_shared_lists_expand_to_a_million_operations():
    assert enqueued(doubled(20, (mhddq.oplist_file_exists, None, "a"))) == 1 << 20


def test_shared_empty_lists_cost_nothing():
    assert enqueued(doubled(200)) == 0


@pytest.mark.parametrize(
    "make",
    [
        lambda: doubled(32, (mhddq.oplist_file_exists, None, "a")),
        lambda: doubled(100, (mhddq.oplist_file_exists, None, "a")),
        lambda: new(
            doubled(31, (mhddq.oplist_file_exists, None, "a")),
            (mhddq.oplist_file_exists, None, "a"),
        ),
    ],
)
def test_more_than_2_to_the_31_operations_are_refused(make):
    oplist = make()
    settle()
    before = mhddq.stats()["accepted"]
    with pytest.raises(ValueError, match=r"2\*\*31|2\^31|2147483648"):
        mhddq.enqueue_oplist(oplist)
    settle()
    assert mhddq.stats()["accepted"] == before + 1


def test_a_refused_list_gives_its_buffers_back():
    data = bytearray(b"x")
    oplist = new(
        doubled(32, (mhddq.oplist_file_exists, None, "a")),
        (mhddq.oplist_file_write, None, data, "file", True),
    )
    with pytest.raises(ValueError, match="operations"):
        mhddq.enqueue_oplist(oplist)
    gc.collect()
    data.append(1)
    assert len(data) == 2


def test_lists_are_collected_as_garbage():
    class Listener:
        def __init__(self):
            self.oplist = new((mhddq.oplist_file_exists, self.collect, "a"))

        def collect(self, args):
            pass

    listener = Listener()
    gone = weakref.ref(listener)
    del listener
    gc.collect()
    assert gone() is None


def test_lists_have_no_subclasses_and_no_other_maker():
    assert type(mhddq.create_empty_oplist()) is mhddq.Oplist
    with pytest.raises(TypeError):
        type("Sub", (mhddq.Oplist,), {})
