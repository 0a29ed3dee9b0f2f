"""Load: everything is done exactly once and in order at every ring size; the baton passes as it
should."""

from __future__ import annotations

import pytest
from programs import ended

LONG = (pytest.mark.slow, pytest.mark.timeout(1200))

# Eight producers, and callbacks that enqueue, too. Each operation is called back once, in its
# order.
CROWD = """
    EACH, EVERY = int(sys.argv[1]), int(sys.argv[2])
    collected = [[] for n in range(8)]
    followed = [[] for n in range(8)]
    wrong = [0]
    def second(n, i, args):
        followed[n].append(i)
    def first(n, i, args):
        collected[n].append(i)
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
    report(counts=[len(c) for c in collected],
           ordered=all(c == list(range(EACH)) for c in collected),
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
    """Creating a file twice would fail the second time: for single operations, for those of lists,
    and for those of callbacks."""
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
        report(results=results, stats=mhddq.stats())
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
        collected, sent, inside = [], [], []
        def handler(number, frame):
            if inside:           # the handler waits for a slot, and the next signal interrupts it
                return
            inside.append(1)
            name = f"h{len(sent)}"
            if mhddq.file_create(collected.append, name):
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
            must(mhddq.file_create(collected.append, name) is True)
            names.append(name)
        signal.setitimer(signal.ITIMER_REAL, 0)
        mhddq.shutdown()
        report(collected=[[a["params"]["filename"], a["result"]] for a in collected],
               sent=sent, names=names)
        """,
        str(signals),
        env={"MHDDQ_RING_SIZE": "8"},
        timeout=30 + signals / 50,
    )
    tally("signals", "at a thousand a second", len(end["sent"]))
    collected = [name for name, result in end["collected"]]
    assert all(result for name, result in end["collected"])
    assert sorted(collected) == sorted(end["sent"] + end["names"]) == sorted(end.files)
    assert [name for name in collected if name[0] == "m"] == end["names"]
    assert [name for name in collected if name[0] == "h"] == end["sent"]


@pytest.mark.parametrize("calls", [1200, pytest.param(50_000, marks=LONG)])
def test_ctrl_c_again_and_again_under_load(calls, tally):
    """Each call returns True, and its operation runs once; or it is interrupted, and it runs once
    or not at all."""
    end = ended(
        """
        import random
        random.seed(7)
        collected, accepted, interrupted, over = [], [], [], threading.Event()
        def slow(args):
            time.sleep(0.0002)           # the ring is full most of the time
            collected.append([args["params"]["filename"], args["result"]])
        def annoy():
            while not over.wait(random.uniform(0.0001, 0.004)):
                os.kill(os.getpid(), signal.SIGINT)
        mhddq.file_exists(None, "")      # imports what it needs: an interrupted import leaves a
        armed = False                    # file open, which debug builds of CPython report
        def handler(number, frame):
            global armed
            if armed:           # raises once, inside the call or right before or after it
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
        report(collected=collected, accepted=accepted, interrupted=interrupted)
        """,
        str(calls),
        env={"MHDDQ_RING_SIZE": "4"},
        timeout=30 + calls / 50,
    )
    tally("signals", "calls interrupted by Ctrl-C", len(end["interrupted"]))
    collected = [name for name, result in end["collected"]]
    assert all(result for name, result in end["collected"])
    assert len(collected) == len(set(collected))
    assert set(end["accepted"]) <= set(collected)
    assert set(collected) <= set(end["accepted"]) | set(end["interrupted"])
    assert [int(name) for name in collected] == sorted(int(name) for name in collected)
    assert set(collected) == set(end.files)
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
        def collect(args):
            lengths.append(len(args["output"]["data"]))
        def produce(n):
            for i in range(2000 // (4 if how == "several producers" else 1)):
                mhddq.file_read(collect, "file", True)
        in_threads(4 if how == "several producers" else 1, produce)
        mhddq.shutdown()
        report(lengths=sorted(set(lengths)), count=len(lengths), stats=mhddq.stats())
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
    # How often they trade depends on the disk's speed: a turn is a length of time.
    assert stats["trades"] >= 10


def test_a_lone_small_operation_costs_no_trade():
    end = ended(
        """
        rest()
        before = mhddq.stats()
        for n in range(300):
            rest()
        after = mhddq.stats()
        report(before=before, after=after)
        """
    )
    before, after = end["before"], end["after"]
    assert after["completed"] - before["completed"] == 300
    assert after["trades"] == before["trades"]
    # One wake-up for the I/O thread, one for the callback thread; none for the other I/O thread.
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
        report(stats=mhddq.stats())
        """
    )
    assert end["stats"]["disk_overlaps"] == 0
    assert end["stats"]["completed"] == 4 * 120 * 5
    assert end["stats"]["failed"] == 0
