"""Forks: the parent goes on as before, and the child has a new queue of its own."""

from __future__ import annotations

import sysconfig

import pytest
from forking import CHILD, children
from programs import ended

pytestmark = pytest.mark.posix("forks")


def forks_under_load(forks: int, ring_size: str, timeout: float) -> None:
    """The main thread forks while producers keep the ring full."""
    end = ended(
        CHILD
        + """
    failed, over, counts = [], threading.Event(), [0] * 3
    def produce(n):
        while not over.is_set():
            must(mhddq.file_create(of_the_parent, f"p{n}-{counts[n]}") is True)
            counts[n] += 1
            mhddq.file_delete(of_the_parent, f"p{n}-{counts[n] - 1}")
    threads = [threading.Thread(target=produce, args=(n,)) for n in range(3)]
    rest()
    for thread in threads:
        thread.start()
    for n in range(int(sys.argv[1])):
        if not forked(lambda: fresh(n)):
            failed.append(n)
            break
    over.set()
    for thread in threads:
        thread.join(DEADLINE)
        must(not thread.is_alive(), "end of a producer")
    mhddq.shutdown()
    report(failed=failed, collected=len(collected), good=all(a["result"] for a in collected),
           counts=counts, counted=mhddq.stats())
    """,
        str(forks),
        env={"MHDDQ_RING_SIZE": ring_size},
        timeout=timeout,
    )
    assert end["failed"] == []
    assert end["good"] is True
    assert end["collected"] == 2 * sum(end["counts"]) == end["counted"]["accepted"] - 1
    assert set(end.files) == children(range(forks))


@pytest.mark.parametrize("ring_size", ["1", "4", "4096"])
def test_forks_of_the_main_thread_under_load(ring_size):
    forks_under_load(17, ring_size, 30)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_thousand_forks_under_load(tally):
    forks_under_load(1000, "4", 500)
    tally("forks", "of the main thread", 1000)


def forks_of_producers(each: int, every: int, timeout: float) -> None:
    """Three threads enqueue; each forks after every few operations."""
    end = ended(
        CHILD
        + """
    EACH, EVERY = int(sys.argv[1]), int(sys.argv[2])
    failed = []
    def produce(n):
        for i in range(EACH):
            must(mhddq.file_create(of_the_parent, f"p{n}-{i}") is True)
            if i % EVERY == n and not forked(lambda: fresh(f"{n}.{i}")):
                failed.append([n, i])
    in_threads(3, produce)
    mhddq.shutdown()
    report(failed=failed, collected=len(collected), good=all(a["result"] for a in collected))
    """,
        str(each),
        str(every),
        env={"MHDDQ_RING_SIZE": "8"},
        timeout=timeout,
    )
    assert end["failed"] == []
    assert end["good"] is True
    assert end["collected"] == 3 * each
    tags = [f"{n}.{i}" for n in range(3) for i in range(each) if i % every == n]
    parents = {f"p{n}-{i}" for n in range(3) for i in range(each)}
    assert set(end.files) == parents | children(tags)


def test_forks_of_producers():
    forks_of_producers(60, 6, 30)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_thousand_forks_of_producers(tally):
    forks_of_producers(1000, 3, 800)
    tally("forks", "of producers", 1000)


def forks_inside_callbacks(forks: int, ring_size: str, timeout: float) -> None:
    """With operations before and behind; each child begins afresh, inside the callback. The last
    third of them in a list."""
    end = ended(
        CHILD
        + """
    FORKS, SINGLES = int(sys.argv[1]), int(sys.argv[1]) * 2 // 3
    failed, order = [], []
    def forks(n, args):
        order.append(n)
        if not forked(lambda: fresh(n)):
            failed.append(n)
    fileops = mhddq.create_empty_oplist()
    for n in range(SINGLES):
        mhddq.file_create(of_the_parent, f"p{n}")
        mhddq.file_exists(functools.partial(forks, n), ".")
    for n in range(SINGLES, FORKS):
        mhddq.oplist_file_create(fileops, of_the_parent, f"p{n}")
        mhddq.oplist_file_exists(fileops, functools.partial(forks, n), ".")
    mhddq.enqueue_oplist(fileops)
    mhddq.shutdown()
    report(failed=failed, order=order, collected=len(collected),
           good=all(a["result"] for a in collected))
    """,
        str(forks),
        env={"MHDDQ_RING_SIZE": ring_size},
        timeout=timeout,
    )
    assert end["failed"] == []
    assert end["order"] == list(range(forks))
    assert end["collected"] == forks
    assert end["good"] is True
    assert set(end.files) == {f"p{n}" for n in range(forks)} | children(range(forks))


@pytest.mark.parametrize("ring_size", ["1", "3", "4096"])
def test_forks_inside_callbacks(ring_size):
    forks_inside_callbacks(15, ring_size, 30)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_thousand_forks_inside_callbacks(tally):
    forks_inside_callbacks(1000, "4", 800)
    tally("forks", "inside callbacks", 1000)


@pytest.mark.skipif(
    "musl" in str(sysconfig.get_config_var("SOABI")),
    reason="musl: a child's thread that has forked and ends lets no other one start or end",
)
@pytest.mark.parametrize("ending", ["return", "raise ValueError('of the child')"])
def test_a_child_of_a_callback_that_just_goes_on_drains_and_ends(ending):
    """It returns from the callback: no other callback of the parent's runs, its own work is done,
    the process ends."""
    end = ended(
        CHILD
        + f"""
    children = []
    def forks(args):
        pid = os.fork()
        if pid:
            children.append(pid)
            return
        for n in range(50):
            mhddq.file_create(None, f"child-{{n}}")
        {ending}
    for n in range(20):
        mhddq.file_create(of_the_parent, f"a{{n}}")
    mhddq.file_exists(forks, ".")
    for n in range(20):
        mhddq.file_create(of_the_parent, f"b{{n}}")
    mhddq.shutdown()
    good = [ended_well(pid) for pid in children]
    report(good=good, collected=len(collected))
    """,
        quiet="raise" not in ending,
    )
    assert end["good"] == [True]
    assert end["collected"] == 40
    assert ("ValueError: of the child" in end.stderr) is ("raise" in ending)
    assert set(end.files) == {
        *(f"a{n}" for n in range(20)),
        *(f"b{n}" for n in range(20)),
        *(f"child-{n}" for n in range(50)),
    }


def test_a_child_of_the_main_thread_that_just_ends_drains():
    """sys.exit and the end of the script run atexit in a child of os.fork too."""
    end = ended(
        CHILD
        + """
    for n in range(100):
        mhddq.file_create(of_the_parent, f"p{n}")
    pid = os.fork()
    if pid == 0:
        for n in range(100):
            mhddq.file_create(None, f"child-{n}")
        sys.exit(0)
    report(good=ended_well(pid))
    """
    )
    assert end["good"] is True
    assert set(end.files) == {f"{kind}{n}" for kind in ("p", "child-") for n in range(100)}


def test_children_of_children():
    end = ended(
        CHILD
        + """
    mhddq.file_create(of_the_parent, "p")
    def generation(n):
        good = mhddq.file_create(None, f"g{n}") is True
        if n < 8:
            good = good and forked(lambda: generation(n + 1))
        mhddq.shutdown()
        return good and mhddq.stats()["completed"] == 1
    report(good=forked(lambda: generation(0)))
    """
    )
    assert end["good"] is True
    assert set(end.files) == {"p", *(f"g{n}" for n in range(9))}


def test_a_child_of_a_closed_parent_is_open():
    """Also the child of a parent whose shutdown timed out, or is under way."""
    end = ended(
        CHILD
        + """
    gate = Gate()
    gate.shut()
    closer = threading.Thread(target=mhddq.shutdown)
    closer.start()
    until(lambda: mhddq.file_exists(None, ".") is False, "closing")
    during = forked(lambda: fresh("during"))
    sys.stderr = None
    mhddq.shutdown(timeout=0)
    timed_out = forked(lambda: fresh("timed-out"))
    def exits():
        mhddq.file_create(None, "at-exit")
        sys.exit(0)                 # its exit hook drains the queue, although the parent gave up
    gave_up = os.fork() or exits()
    gave_up = ended_well(gave_up)
    gate.opened.set()
    closer.join(DEADLINE)
    after = forked(lambda: fresh("after"))
    report(during=during, after=after, timed_out=timed_out, gave_up=gave_up,
           state=mhddq.is_shutdown())
    """,
        quiet=False,
    )
    assert end["during"] is True
    assert end["timed_out"] is True
    assert end["gave_up"] is True
    assert end["after"] is True
    assert end["state"] is True
    assert set(end.files) == children(["during", "timed-out", "after"]) | {"at-exit"}


def test_a_child_reads_the_settings_anew():
    end = ended(
        CHILD
        + """
    rest()
    def child():
        os.environ["MHDDQ_RING_SIZE"] = "32"
        mhddq.file_exists(None, ".")
        size = mhddq.stats()["ring_size"]
        mhddq.shutdown()
        return size == 32
    def wrong():
        os.environ["MHDDQ_RING_SIZE"] = "garbage"
        try:
            mhddq.file_exists(None, ".")
        except ValueError:
            return mhddq.stats()["accepted"] == 0
    report(good=forked(child), wrong=forked(wrong), mine=mhddq.stats()["ring_size"])
    """,
        env={"MHDDQ_RING_SIZE": "8"},
    )
    assert end["good"] is True
    assert end["wrong"] is True
    assert end["mine"] == 8


def test_what_the_parent_lent_is_given_back_in_the_child():
    """A bytearray can be resized in the child, of single operations and of lists; not yet in the
    parent. Views that are the child's own stay lent."""
    end = ended(
        CHILD
        + """
    gate = Gate()
    gate.shut()
    single, listed = bytearray(b"single"), bytearray(b"listed")
    mhddq.file_write(None, single, "single", True)
    fileops, outer = mhddq.create_empty_oplist(), mhddq.create_empty_oplist()
    mhddq.oplist_file_write(fileops, None, listed, "listed", True)
    mhddq.embed_oplist(outer, fileops)
    mhddq.embed_oplist(outer, fileops)
    mhddq.enqueue_oplist(outer)
    def resizes():
        for data in (single, listed):
            data.extend(b" and the child")
            data.clear()
        mine, answers = bytearray(b"mine"), []
        def callback(args):
            try:
                mine.append(1)
            except BufferError:
                answers.append("held")
        mhddq.file_write(callback, mine, "mine", True)
        mhddq.shutdown()
        mine.append(1)
        return answers == ["held"]
    child = forked(resizes)
    held = []
    for data in (single, listed):
        try:
            data.append(1)
        except BufferError:
            held.append("held")
    gate.opened.set()
    mhddq.shutdown()
    single.append(1)
    outer = fileops = None
    listed.append(1)
    report(child=child, held=held)
    """
    )
    assert end["child"] is True
    assert end["held"] == ["held", "held"]
    assert end.files == {"single": b"single", "listed": b"listed", "mine": b"mine"}
