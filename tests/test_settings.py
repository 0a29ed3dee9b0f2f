"""Settings from the environment: they are read when the queue starts, and a wrong one is an
error."""

from __future__ import annotations

import json

import pytest
from programs import ended

RANGES = {
    "MHDDQ_RING_SIZE": (1, 1048576),
    "MHDDQ_BUFFER_BYTES": (65536, 2**40),
    "MHDDQ_LOOKAHEAD": (0, 4096),
    "MHDDQ_LOOKAHEAD_BYTES": (1048576, 2**40),
    "MHDDQ_SPIN_US": (0, 1000),
}

GARBAGE = [
    "abc",
    "",
    " ",
    "-1",
    "+1",
    "1.0",
    "1e3",
    "0x10",
    "1_000",
    " 16",
    "16\n",
    "٣",
    "²",
    "nan",
    "4k",
    "1" * 30,
    "9" * 100_000,
]


def refusals(variable: str, values: list[str]):
    """For each value: what each kind of first call raises, and then whether anything was
    started."""
    return ended(
        """
        variable, values = sys.argv[1], json.loads(sys.argv[2])
        results = []
        def calls():
            fileops = mhddq.create_empty_oplist()
            mhddq.oplist_file_create(fileops, None, "listed")
            yield lambda: mhddq.file_create(None, "made")
            yield lambda: mhddq.file_write(None, bytearray(b"x"), "made", True)
            yield lambda: mhddq.enqueue_oplist(fileops)
            yield lambda: mhddq.enqueue_oplist(mhddq.create_empty_oplist())
            yield lambda: mhddq.file_create(None, "made")
        threads = threading.active_count()
        for value in values:
            os.environ[variable] = value
            raised = []
            for call in calls():
                try:
                    raised.append(call())
                except Exception as error:
                    raised.append([type(error).__name__, str(error)])
            results.append([value, raised])
        counted = mhddq.stats()
        facts = dict(is_shutdown=mhddq.is_shutdown(), accepted=counted["accepted"],
                     threads=threading.active_count() - threads, tasks=len(os.listdir(
                         "/proc/self/task")))
        del os.environ[variable]
        collected = []
        accepted = mhddq.file_create(lambda args: collected.append(args["result"]), "good")
        mhddq.shutdown()
        report(results=results, accepted_then=accepted, collected=collected,
               final=mhddq.stats()["accepted"], closed=mhddq.is_shutdown(), **facts)
        """,
        variable,
        json.dumps(values),
    )


@pytest.mark.parametrize("variable", RANGES)
def test_a_wrong_value_is_a_value_error_each_time_and_starts_nothing(variable):
    lowest, highest = RANGES[variable]
    values = [*GARBAGE, str(lowest - 1), str(highest + 1), str(2**63), str(2**64)]
    end = refusals(variable, values)
    assert len(end["results"]) == len(values)
    for value, raised in end["results"]:
        for kind, text in raised:
            assert kind == "ValueError"
            assert variable in text
            assert repr(value) in text or value[:50] in text
            assert str(lowest) in text
            assert str(highest) in text
    assert end["is_shutdown"] is False
    assert end["accepted"] == 0
    assert end["threads"] == 0
    assert end["tasks"] == 1
    assert end["accepted_then"] is True
    assert end["collected"] == [True]
    assert end["final"] == 1
    assert end["closed"] is True
    assert list(end.files) == ["good"]


@pytest.mark.parametrize(
    ("variable", "value"),
    [(v, str(edge)) for v, edges in RANGES.items() for edge in edges],
)
def test_the_edges_of_the_ranges_work(variable, value):
    end = ended(
        """
        collected = []
        mhddq.file_write(None, "x" * 100000, "file")
        mhddq.file_read(lambda args: collected.append(len(args["output"]["data"])), "file")
        mhddq.shutdown()
        report(collected=collected, ring_size=mhddq.stats()["ring_size"])
        """,
        env={variable: value},
    )
    assert end["collected"] == [100000]
    if variable == "MHDDQ_RING_SIZE":
        assert end["ring_size"] == int(value)


@pytest.mark.parametrize(
    ("value", "size"),
    [
        (None, 4096),
        ("1", 1),
        ("2", 2),
        ("3", 4),
        ("4", 4),
        ("5", 8),
        ("007", 8),
        ("1000", 1024),
        ("1025", 2048),
        ("1048575", 1048576),
    ],
)
def test_the_ring_size_is_rounded_up_to_a_power_of_two(value, size):
    end = ended(
        """
        before = mhddq.stats()["ring_size"]
        rest()
        report(before=before, size=mhddq.stats()["ring_size"])
        """,
        env={} if value is None else {"MHDDQ_RING_SIZE": value},
    )
    assert end["before"] == 0
    assert end["size"] == size


def test_they_are_read_at_the_first_use_and_not_again():
    end = ended(
        """
        os.environ["MHDDQ_RING_SIZE"] = "16"     # after the import
        rest()
        first = mhddq.stats()["ring_size"]
        os.environ["MHDDQ_RING_SIZE"] = "garbage"
        rest()
        report(first=first, second=mhddq.stats()["ring_size"])
        """,
        env={"MHDDQ_RING_SIZE": "8"},
    )
    assert end["first"] == end["second"] == 16


def test_the_ring_size_is_what_holds_up_callers():
    """Just so many are accepted while nothing is called back; the next one waits."""
    end = ended(
        """
        gate = Gate()
        gate.shut()                          # one of the eight
        returned = []
        def produce():
            for n in range(12):
                mhddq.file_exists(None, ".")
                returned.append(n)
        thread = threading.Thread(target=produce)
        thread.start()
        until(lambda: len(returned) == 7)
        waits(thread)
        held = len(returned)
        counted = mhddq.stats()
        gate.opened.set()
        thread.join(DEADLINE)
        mhddq.shutdown()
        report(held=held, returned=returned, in_flight=counted["in_flight"],
               high=mhddq.stats()["ring_high_water"])
        """,
        env={"MHDDQ_RING_SIZE": "8"},
    )
    assert end["held"] == 7
    assert end["returned"] == list(range(12))
    assert end["in_flight"] == end["high"] == 8


def test_type_errors_come_first():
    end = ended(
        """
        raised = []
        for call in (lambda: mhddq.file_exists(5, "x"), lambda: mhddq.file_exists(None, 5),
                     lambda: mhddq.file_write(None, 5, "x"), lambda: mhddq.enqueue_oplist([]),
                     lambda: mhddq.file_exists(None), lambda: mhddq.file_exists(None, "x")):
            try:
                raised.append(call())
            except Exception as error:
                raised.append(type(error).__name__)
        report(raised=raised)
        """,
        env={"MHDDQ_RING_SIZE": "garbage"},
    )
    assert end["raised"] == ["TypeError"] * 5 + ["ValueError"]


def test_lists_may_be_made_and_the_end_come_whatever_the_settings():
    end = ended(
        """
        fileops = mhddq.create_empty_oplist()
        mhddq.oplist_file_create(fileops, None, "x")
        mhddq.embed_oplist(mhddq.create_empty_oplist(), fileops)
        before = mhddq.is_shutdown(), mhddq.stats()["accepted"]
        mhddq.shutdown()
        report(before=before, after=mhddq.is_shutdown(), refused=[
            mhddq.file_create(None, "x"), mhddq.enqueue_oplist(fileops)])
        """,
        env={"MHDDQ_SPIN_US": "1001"},
    )
    assert end["before"] == [False, 0]
    assert end["after"] is True
    assert end["refused"] == [False, False]


def test_several_wrong_ones_at_once_name_one_that_is_wrong():
    end = ended(
        """
        try:
            mhddq.file_exists(None, ".")
        except ValueError as error:
            report(text=str(error))
        """,
        env={"MHDDQ_RING_SIZE": "8", "MHDDQ_SPIN_US": "no", "MHDDQ_LOOKAHEAD": "4097"},
    )
    assert "MHDDQ_SPIN_US" in end["text"] or "MHDDQ_LOOKAHEAD" in end["text"]
