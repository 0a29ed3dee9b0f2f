"""The counters: they are plain and documented, and right after a known load."""

from __future__ import annotations

import inspect
import re
import sys

import pytest
from programs import ended

import mhddq

KEYS = [
    "accepted",
    "completed",
    "failed",
    "callbacks",
    "callback_errors",
    "thread_operations",
    "trades",
    "parks",
    "wakes",
    "ring_high_water",
    "bytes_read",
    "bytes_written",
    "undelivered_bytes",
    "large_reads_copied",
    "large_reads_uncopied",
]


def test_the_counters_are_plain():
    counted = mhddq.stats()
    assert type(counted) is dict
    for name in KEYS:
        assert name in counted
    for name, value in counted.items():
        assert type(name) is str
        if name == "thread_operations":
            assert type(value) is list
            assert [type(n) for n in value] == [int, int]
        else:
            assert type(value) is int
    assert counted is not mhddq.stats()


@pytest.mark.skipif(sys.flags.optimize > 1, reason="without docstrings")
def test_the_counters_are_documented():
    documented = inspect.cleandoc(mhddq.stats.__doc__)
    for name in mhddq.stats():
        assert re.search(rf"\b{name}\b", documented), name


def test_the_counters_are_right_after_a_known_load():
    end = ended(
        """
        before = mhddq.stats()
        def bad(args):
            raise ValueError
        nothing = lambda args: None
        gate = Gate()
        gate.shut()                                                 # 1
        mhddq.file_write(nothing, "x" * 1000, "a")                  # 2
        mhddq.file_write(None, bytes(2000), "b", True)              # 3
        mhddq.file_read(nothing, "a")                               # 4
        mhddq.file_read(bad, "b", True)                             # 5
        mhddq.file_create(bad, "a")                                 # 6, failed
        mhddq.file_delete(nothing, "missing")                       # 7, failed
        mhddq.file_write(nothing, "text", "c", True)                # 8, failed
        fileops, outer = mhddq.create_empty_oplist(), mhddq.create_empty_oplist()
        mhddq.oplist_file_exists(fileops, nothing, "a")
        mhddq.oplist_file_exists(fileops, None, "a")
        mhddq.embed_oplist(outer, fileops)
        mhddq.embed_oplist(outer, fileops)
        mhddq.oplist_file_delete(outer, nothing, "missing")
        mhddq.enqueue_oplist(outer)                                 # 13, 1 failed
        mhddq.enqueue_oplist(mhddq.create_empty_oplist())           # nothing
        with open("u", "wb") as file:
            file.write(b"\\xff" * 10)
        mhddq.file_read(nothing, "u")                               # 14, failed
        until(lambda: mhddq.stats()["completed"] == 14)
        during = mhddq.stats()
        sys.stderr = None
        gate.opened.set()
        mhddq.shutdown()
        mhddq.file_exists(nothing, "refused")
        report(before=before, during=during, after=mhddq.stats())
        """
    )
    before, during, after = end["before"], end["during"], end["after"]
    assert {k: v for k, v in before.items() if v not in (0, [0, 0])} == {}
    assert during["in_flight"] == during["ring_high_water"] == 11
    assert during["callbacks"] == 1
    assert during["undelivered_bytes"] >= 3010
    assert after["accepted"] == after["completed"] == sum(after["thread_operations"]) == 14
    assert after["failed"] == 5
    assert after["callbacks"] == 11
    assert after["callback_errors"] == 2
    assert after["bytes_read"] == 3010
    assert after["bytes_written"] == 3000
    assert after["undelivered_bytes"] == after["in_flight"] == after["disk_overlaps"] == 0
    assert after["large_reads_copied"] == after["large_reads_uncopied"] == 0
    assert after["ring_size"] == 4096
    assert after["ring_high_water"] == 11
