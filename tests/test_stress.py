"""Load: exactly once, in order, at every ring size; the baton; the byte budget; the counters."""

from __future__ import annotations

import inspect
import platform
import re
import sys
import sysconfig

import pytest
from helpers import FREE_THREADED
from programs import Ended, ended

import mhddq

LONG = (pytest.mark.slow, pytest.mark.timeout(1200))

# 8 producers; callbacks enqueue in their turn. Each item must come back once, in its order.
CROWD = """
    EACH, EVERY = int(sys.argv[1]), int(sys.argv[2])
    heard = [[] for n in range(8)]
    followed = [[] for n in range(8)]
    wrong = [0]
    def second(n, i, args):
        followed[n].append(i)
    def first(n, i, args):
        heard[n].append(i)
        if args["result"] is not True:
            wrong[0] += 1
        if i % EVERY == 0 and not mhddq.file_exists(functools.partial(second, n, i), "."):
            wrong[0] += 1
    def produce(n):
        for i in range(EACH):
            if not mhddq.file_exists(functools.partial(first, n, i), "."):
                wrong[0] += 1
    in_threads(8, produce)
    until(lambda: all(len(f) == (EACH + EVERY - 1) // EVERY for f in followed), "callbacks")
    mhddq.shutdown()
    tell(counts=[len(h) for h in heard], ordered=all(h == list(range(EACH)) for h in heard),
         followed=all(f == list(range(0, EACH, EVERY)) for f in followed), wrong=wrong[0],
         stats=mhddq.stats())
"""


def crowd(each: int, every: int, ring_size: int, timeout: float) -> None:
    end = ended(
        CROWD,
        str(each),
        str(every),
        env={"MHDDQ_RING_SIZE": str(ring_size)},
        timeout=timeout,
    )
    assert end["counts"] == [each] * 8
    assert end["ordered"] is True
    assert end["followed"] is True
    assert end["wrong"] == 0
    stats = end["stats"]
    total = 8 * (each + (each + every - 1) // every)
    assert stats["accepted"] == stats["completed"] == stats["callbacks"] == total
    assert stats["failed"] == stats["callback_errors"] == stats["disk_overlaps"] == 0
    assert stats["in_flight"] == stats["undelivered_bytes"] == 0


@pytest.mark.parametrize("ring_size", [1, 2, 3, 64, 4096])
def test_eight_producers_with_callbacks_that_enqueue(ring_size):
    crowd(3000 if ring_size > 3 else 1000, 3, ring_size, 60)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("ring_size", [1, 2, 3])
def test_eight_times_a_hundred_thousand(ring_size):
    crowd(100_000, 4, ring_size, 800)


@pytest.mark.parametrize("ring_size", ["4", "4096"])
def test_exactly_once_on_the_disk_s_side(ring_size):
    """A file that is created twice fails the second time; singles, lists, callbacks' and all."""
    end = ended(
        """
        results = []
        def note(args):
            results.append([args["params"]["filename"], args["result"]])
            name = args["params"]["filename"]
            if name.endswith("0"):
                must(mhddq.file_create(note, name + "+") is True)
        accepted = []
        def produce(n):
            for i in range(150):
                if i % 10 == 5:
                    fileops = mhddq.create_empty_oplist()
                    for k in range(4):
                        mhddq.oplist_file_create(fileops, note, f"{n}-{i}-{k}")
                    must(mhddq.enqueue_oplist(fileops) is True)
                else:
                    must(mhddq.file_create(note, f"{n}-{i}") is True)
        in_threads(8, produce)
        rest()
        rest()
        mhddq.shutdown()
        tell(results=results, stats=mhddq.stats())
        """,
        env={"MHDDQ_RING_SIZE": ring_size},
    )
    wanted = set()
    for n in range(8):
        for i in range(150):
            wanted |= {f"{n}-{i}-{k}" for k in range(4)} if i % 10 == 5 else {f"{n}-{i}"}
    wanted |= {name + "+" for name in wanted if name.endswith("0")}
    assert len(end["results"]) == len(wanted)
    assert {name for name, result in end["results"]} == wanted == set(end.files)
    assert all(result for name, result in end["results"])
    assert end["stats"]["accepted"] == len(wanted) + 2


@pytest.mark.parametrize("signals", [400, pytest.param(20_000, marks=LONG)])
def test_signals_at_a_thousand_a_second_whose_handlers_enqueue(signals, tally):
    end = ended(
        """
        SIGNALS = int(sys.argv[1])
        heard, sent, inside = [], [], []
        def handler(number, frame):
            if inside:           # a handler that waits for room is interrupted by the next one
                return
            inside.append(1)
            name = f"h{len(sent)}"
            if mhddq.file_create(heard.append, name):
                sent.append(name)
            inside.clear()
        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
        names, n = [], 0
        while len(sent) < SIGNALS:
            name = f"m{n}"
            n += 1
            if n > 4 * SIGNALS:
                until(lambda: len(sent) >= SIGNALS, "signals")
                break
            must(mhddq.file_create(heard.append, name) is True)
            names.append(name)
        signal.setitimer(signal.ITIMER_REAL, 0)
        mhddq.shutdown()
        tell(heard=[[a["params"]["filename"], a["result"]] for a in heard], sent=sent, names=names)
        """,
        str(signals),
        env={"MHDDQ_RING_SIZE": "8"},
        timeout=30 + signals / 50,
    )
    tally("signals", "at a thousand a second", len(end["sent"]))
    heard = [name for name, result in end["heard"]]
    assert all(result for name, result in end["heard"])
    assert sorted(heard) == sorted(end["sent"] + end["names"]) == sorted(end.files)
    assert [name for name in heard if name[0] == "m"] == end["names"]
    assert [name for name in heard if name[0] == "h"] == end["sent"]


@pytest.mark.parametrize("calls", [1200, pytest.param(50_000, marks=LONG)])
def test_ctrl_c_again_and_again_under_load(calls, tally):
    """Each call returned True (it runs once), or was interrupted (once or not at all)."""
    end = ended(
        """
        import random
        random.seed(7)
        heard, accepted, interrupted, over = [], [], [], threading.Event()
        def slow(args):
            time.sleep(0.0002)           # the ring is full most of the time
            heard.append([args["params"]["filename"], args["result"]])
        def annoy():
            while not over.wait(random.uniform(0.0001, 0.004)):
                os.kill(os.getpid(), signal.SIGINT)
        mhddq.file_exists(None, "")      # imports what it needs; debug builds of CPython tell of
        armed = False                    # the file that an interrupted import leaves open
        def handler(number, frame):
            global armed
            if armed:           # raises inside the call, or right beside it; once
                armed = False
                raise KeyboardInterrupt
        signal.signal(signal.SIGINT, handler)
        thread = threading.Thread(target=annoy)
        thread.start()
        for n in range(int(sys.argv[1])):
            name = f"{n}"
            try:
                armed = True
                must(mhddq.file_create(slow, name) is True)
                accepted.append(name)
                armed = False
            except KeyboardInterrupt:
                interrupted.append(name)
        over.set()
        thread.join(DEADLINE)
        mhddq.shutdown()
        tell(heard=heard, accepted=accepted, interrupted=interrupted)
        """,
        str(calls),
        env={"MHDDQ_RING_SIZE": "4"},
        timeout=30 + calls / 50,
    )
    tally("signals", "calls interrupted by Ctrl-C", len(end["interrupted"]))
    heard = [name for name, result in end["heard"]]
    assert all(result for name, result in end["heard"])
    assert len(heard) == len(set(heard))
    assert set(end["accepted"]) <= set(heard)
    assert set(heard) <= set(end["accepted"]) | set(end["interrupted"])
    assert [int(name) for name in heard] == sorted(int(name) for name in heard)
    assert set(heard) == set(end.files)
    assert len(end["interrupted"]) > 20


# ---- the baton ---------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["singles", "several producers", "small ring"])
def test_under_long_operations_both_threads_carry_their_share(how):
    end = ended(
        """
        how = sys.argv[1]
        with open("file", "wb") as file:
            file.write(os.urandom(1 << 20))
        lengths = []
        def heard(args):
            lengths.append(len(args["output"]["data"]))
        def produce(n):
            for i in range(2000 // (4 if how == "several producers" else 1)):
                mhddq.file_read(heard, "file", True)
        in_threads(4 if how == "several producers" else 1, produce)
        mhddq.shutdown()
        tell(lengths=sorted(set(lengths)), count=len(lengths), stats=mhddq.stats())
        """,
        how,
        env={"MHDDQ_RING_SIZE": "8" if how == "small ring" else "4096"},
    )
    assert end["lengths"] == [1 << 20]
    assert end["count"] == 2000
    stats = end["stats"]
    first, second = stats["thread_operations"]
    assert first + second == 2000
    assert min(first, second) >= 0.3 * 2000, stats
    assert stats["disk_overlaps"] == 0
    # How often is a matter of the disk's speed: a turn is a length of time.
    assert stats["trades"] >= 10


def test_a_lone_small_operation_costs_no_trade():
    end = ended(
        """
        rest()
        before = mhddq.stats()
        for n in range(300):
            rest()
        after = mhddq.stats()
        tell(before=before, after=after)
        """
    )
    before, after = end["before"], end["after"]
    assert after["completed"] - before["completed"] == 300
    assert after["trades"] == before["trades"]
    # One wake-up for the I/O thread, one for the callback thread; none for the sister.
    assert after["wakes"] - before["wakes"] <= 2 * 300 + 5


def test_never_two_at_the_disk():
    end = ended(
        """
        with open("large", "wb") as file:
            file.write(bytes(1 << 19))
        def produce(n):
            for i in range(120):
                mhddq.file_write(None, bytes(200000), f"{n}", True)
                mhddq.file_read(lambda args: None, "large", True)
                mhddq.file_copy(None, f"{n}", f"c{n}")
                mhddq.file_delete(None, f"c{n}")
                mhddq.directory_contents(lambda args: None, ".")
        in_threads(4, produce)
        mhddq.shutdown()
        tell(stats=mhddq.stats())
        """
    )
    assert end["stats"]["disk_overlaps"] == 0
    assert end["stats"]["completed"] == 4 * 120 * 5
    assert end["stats"]["failed"] == 0


# ---- the byte budget ---------------------------------------------------------------------------


@pytest.mark.parametrize("shape", ["singles", "list", "nested", "text"])
def test_reads_against_slow_callbacks_stay_within_the_budget(shape):
    """Ten times the budget is read; it is sampled from inside the callbacks."""
    end = ended(
        """
        shape, FILES, SIZE = sys.argv[1], 64, 160000
        for n in range(FILES):
            with open(f"{n}", "wb") as file:
                file.write(bytes([65 + n % 26]) * SIZE)
        samples, wrong, order = [], [], []
        def heard(args):
            name, data = args["params"]["filename"], args["output"]["data"]
            last = len(order) + 1 == FILES
            until(lambda: last or mhddq.stats()["undelivered_bytes"] > SIZE, "reading ahead")
            samples.append(mhddq.stats()["undelivered_bytes"])
            order.append(int(name))
            letter = chr(65 + int(name) % 26)
            if data != (letter * SIZE if shape == "text" else letter.encode() * SIZE):
                wrong.append(name)
            time.sleep(0.002)
        outer = mhddq.create_empty_oplist()
        inner = mhddq.create_empty_oplist()
        for n in range(FILES):
            if shape == "list":
                mhddq.oplist_file_read(outer, heard, f"{n}", True)
            elif shape == "nested":
                mhddq.oplist_file_read(inner, heard, f"{n}", True)
            else:
                mhddq.file_read(heard, f"{n}", shape != "text")
        mhddq.embed_oplist(outer, inner)
        if shape in ("list", "nested"):
            must(mhddq.enqueue_oplist(outer) is True)
        mhddq.shutdown()
        tell(samples=samples, wrong=wrong, order=order, left=mhddq.stats()["undelivered_bytes"])
        """,
        shape,
        env={"MHDDQ_BUFFER_BYTES": "1000000"},
    )
    assert end["order"] == list(range(64))
    assert end["wrong"] == []
    assert max(end["samples"]) <= 1000000
    assert max(end["samples"]) >= 160000  # it is counted at all, and reading went ahead
    assert sorted(end["samples"])[32] > 160000
    assert end["left"] == 0


def test_a_read_larger_than_the_budget_runs_alone_and_works():
    end = ended(
        """
        with open("large", "wb") as file:
            file.write(bytes(3000000))
        with open("small", "wb") as file:
            file.write(bytes(20000))
        rows = []
        def heard(args):
            rows.append([args["params"]["filename"], len(args["output"]["data"]),
                         mhddq.stats()["undelivered_bytes"]])
        for n in range(8):
            mhddq.file_read(heard, "large", True)
            mhddq.file_read(heard, "small", True)
            mhddq.file_read(heard, "small")
        mhddq.shutdown()
        tell(rows=rows)
        """,
        env={"MHDDQ_BUFFER_BYTES": "65536"},
    )
    assert [row[:2] for row in end["rows"]] == [
        ["large", 3000000],
        ["small", 20000],
        ["small", 20000],
    ] * 8
    for name, length, undelivered in end["rows"]:
        if name == "large":
            assert length <= undelivered <= length + 65536
        else:
            assert undelivered <= 65536 or undelivered <= 3000000 + 65536


def test_directory_entries_count_too():
    end = ended(
        """
        os.mkdir("d")
        for n in range(400):
            open("d/" + f"{n:04d}" + "x" * 200, "w").close()
        samples, lengths = [], []
        def heard(args):
            samples.append(mhddq.stats()["undelivered_bytes"])
            lengths.append(len(args["output"]["contents"]))
            time.sleep(0.002)
        for n in range(40):
            mhddq.directory_contents(heard, "d")
        mhddq.shutdown()
        tell(samples=samples, lengths=lengths, left=mhddq.stats()["undelivered_bytes"])
        """,
        env={"MHDDQ_BUFFER_BYTES": "300000"},
    )
    assert end["lengths"] == [400] * 40
    assert 400 * 200 <= max(end["samples"]) <= 300000
    assert end["left"] == 0


def test_a_blocked_callback_does_not_hide_what_came_before_the_budget_s_wait():
    """Everything earlier is published and woken before the disk waits for the budget; what
    stands behind the one that waits, waits too."""
    end = ended(
        """
        for name in "ab":
            with open(name, "wb") as file:
                file.write(bytes(60000))
        order, seen = [], threading.Event()
        def first(args):
            order.append("first")
            must(mhddq.file_exists(lambda args: order.append("own"), ".") is True)
            order.append(mhddq.stats()["completed"])
        mhddq.file_exists(lambda args: order.append("zero"), ".")
        mhddq.file_read(first, "a", True)
        mhddq.file_read(lambda args: order.append("second"), "b", True)
        mhddq.file_exists(lambda args: order.append("third"), ".")
        rest()
        rest()
        tell(order=order)
        """,
        env={"MHDDQ_BUFFER_BYTES": "65536"},
    )
    assert end["order"][:2] == ["zero", "first"]
    assert end["order"][2] in (2, 3)
    rest = end["order"][3:]
    assert sorted(rest) == ["own", "second", "third"]
    assert rest.index("second") < rest.index("third")


# ---- the counters ------------------------------------------------------------------------------


def large_reads(env: dict[str, str] | None = None, options: tuple[str, ...] = ()) -> Ended:
    return ended(
        """
        import hashlib
        sums = {}
        for n, size in enumerate((262144, 300000, 1 << 20, (4 << 20) + 1)):
            data = os.urandom(size)
            sums[f"{n}"] = hashlib.sha256(data).digest()
            with open(f"{n}", "wb") as file:
                file.write(data)
        good, kept = [], []
        over = threading.Event()
        def heard(args):
            data = args["output"]["data"]
            good.append(hashlib.sha256(data).digest() == sums[args["params"]["filename"]]
                        and type(data) is bytes and hash(data) == hash(bytes(bytearray(data)))
                        and data[-1:] + data == data[-1:] + bytes(data))
            if len(good) % 10 == 0:
                kept.append(data)
            over.set()
        for n in range(120):
            over.clear()
            mhddq.file_read(heard, f"{n % 4}", True)
            must(over.wait(DEADLINE))
        kept.clear()
        fileops = mhddq.create_empty_oplist()
        for n in range(8):
            mhddq.oplist_file_read(fileops, heard, f"{n % 4}", True)
        mhddq.enqueue_oplist(fileops)
        mhddq.file_write(None, bytearray(b"x" * 70000), "w", True)
        mhddq.file_read(lambda args: good.append(args["output"]["data"] == "x" * 70000), "w")
        mhddq.shutdown()
        gc.collect()
        tell(good=good, stats=mhddq.stats())
        """,
        env=env,
        options=options,
        timeout=60,
    )


# Whether this Python's allocator can be proven to take native memory back: see docs/design.md.
TAKES_MEMORY_BACK = (
    platform.libc_ver()[0] == "glibc"
    and not FREE_THREADED
    and not hasattr(sys, "gettotalrefcount")  # Py_DEBUG
)

ALLOCATORS = ["debug"]
if not FREE_THREADED:
    ALLOCATORS += ["malloc", "malloc_debug", "pymalloc"]
if sysconfig.get_config_var("WITH_MIMALLOC"):
    ALLOCATORS += ["mimalloc", "mimalloc_debug"]


def test_large_reads_are_not_copied():
    end = large_reads()
    assert end["good"] == [True] * 129
    stats = end["stats"]
    assert stats["large_reads_uncopied"] + stats["large_reads_copied"] == 128
    if TAKES_MEMORY_BACK:
        assert stats["large_reads_uncopied"] >= 0.95 * 128
    else:
        assert stats["large_reads_uncopied"] == 0


@pytest.mark.parametrize(
    ("env", "options"),
    [
        *(({"PYTHONMALLOC": name}, ()) for name in ALLOCATORS),
        ({"PYTHONTRACEMALLOC": "1"}, ()),
        ({}, ("-X", "dev")),
        ({"MALLOC_PERTURB_": "85", "MALLOC_MMAP_THRESHOLD_": "100000000"}, ()),
        ({"MALLOC_MMAP_THRESHOLD_": "4096"}, ()),
        ({"MALLOC_TOP_PAD_": "65536", "MALLOC_ARENA_MAX": "1"}, ()),
    ],
)
def test_reads_are_right_under_every_allocator(env, options):
    """Where the allocator would not take native memory back, results are copied: and counted."""
    end = large_reads(env, options)
    assert end["good"] == [True] * 129
    stats = end["stats"]
    assert stats["large_reads_uncopied"] + stats["large_reads_copied"] == 128


def test_tracing_that_starts_later_does_no_harm():
    end = ended(
        """
        import tracemalloc
        with open("file", "wb") as file:
            file.write(bytes(500000))
        kept, over = [], threading.Event()
        def heard(args):
            kept.append(args["output"]["data"])
            over.set()
        for n in range(20):
            if n == 5:
                tracemalloc.start()
            if n == 15:
                tracemalloc.stop()
            over.clear()
            mhddq.file_read(heard, "file", True)
            must(over.wait(DEADLINE))
            if n % 4 == 3:
                del kept[::2]
        tell(good=all(data == bytes(500000) for data in kept))
        kept.clear()
        """
    )
    assert end["good"] is True


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


def test_the_counters_are_plain_and_documented():
    counted = mhddq.stats()
    assert type(counted) is dict
    documented = inspect.cleandoc(mhddq.stats.__doc__ or "")
    for name in KEYS:
        assert name in counted
    for name, value in counted.items():
        assert type(name) is str
        assert re.search(rf"\b{name}\b", documented), name
        if name == "thread_operations":
            assert type(value) is list
            assert [type(n) for n in value] == [int, int]
        else:
            assert type(value) is int
    assert counted is not mhddq.stats()


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
        tell(before=before, during=during, after=mhddq.stats())
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
