"""One total order: an operation that was accepted before the call of another one began runs before
it, and is called back before it."""

from __future__ import annotations

import pytest
from programs import ended


@pytest.mark.parametrize("ring_size", ["1", "3", "64", "4096"])
@pytest.mark.parametrize("producers", [1, 2, 8, 32])
def test_each_producer_is_called_back_in_program_order(producers, ring_size):
    """Each operation has an identity, and a clock that all threads share shows which calls came
    first."""
    each = max(30, 1600 // producers) if ring_size != "1" else max(30, 640 // producers)
    end = ended(
        f"""
        import itertools
        clock, order, called = itertools.count(), [], {{}}
        def collect(item, args):
            order.append(item)
        def produce(n):
            for i in range({each}):
                began = next(clock)
                collects = functools.partial(collect, (n, i))
                must(mhddq.file_exists(collects, f"{{n}}-{{i}}") is True)
                called[n, i] = began, next(clock)
        sys.setswitchinterval(1e-5)
        in_threads({producers}, produce)
        mhddq.shutdown()
        report(order=order, called=[called[item] for item in order])
        """,
        env={"MHDDQ_RING_SIZE": ring_size},
    )
    order = [tuple(item) for item in end["order"]]
    assert len(order) == len(set(order)) == producers * each
    for n in range(producers):
        assert [i for m, i in order if m == n] == list(range(each))
    # No operation that was called back earlier may have begun after this one's call had returned.
    latest_began = -1
    for began, returned in end["called"]:
        assert latest_began < returned
        latest_began = max(latest_began, began)


@pytest.mark.parametrize("ring_size", ["1", "2", "3", "4096"])
def test_order_across_threads_that_hand_over(ring_size):
    """A baton of Python's goes round among threads: the one that holds it enqueues. The renames
    only succeed one after another, so the order of the disk's side is seen too."""
    end = ended(
        """
        THREADS, ROUNDS = 6, 100
        order, failed = [], []
        def collect(k, args):
            order.append(k)
            if not args["result"]:
                failed.append([k, args["output"]["exception"]])
        turns = [threading.Semaphore(0) for n in range(THREADS)]
        open("0", "w").close()
        def run(n):
            for r in range(ROUNDS):
                must(turns[n].acquire(timeout=DEADLINE), "turn")
                k = r * THREADS + n
                mhddq.file_rename(functools.partial(collect, k), str(k), str(k + 1))
                turns[(n + 1) % THREADS].release()
        turns[0].release()
        in_threads(THREADS, run)
        mhddq.shutdown()
        report(order=order, failed=failed)
        """,
        env={"MHDDQ_RING_SIZE": ring_size},
    )
    assert end["failed"] == []
    assert end["order"] == list(range(600))
    assert list(end.files) == ["600"]


@pytest.mark.parametrize("ring_size", [1, 2, 3, 8])
def test_with_a_full_ring_no_operation_overtakes_those_of_a_callback(ring_size):
    """A callback fills the ring, enqueues A, sets an event; another thread, seeing it, enqueues B:
    A runs first. So does what the callback enqueued before, and B's callback comes last."""
    end = ended(
        """
        SIZE, ROUNDS = int(sys.argv[1]), 200
        rounds = []
        for r in range(ROUNDS):
            order, errors = [], []
            seen, over = threading.Event(), threading.Event()
            state = f"s{r}"
            open(state, "w").close()
            def note(name, args):
                order.append(name)
                if not args["result"]:
                    errors.append(args["output"]["exception"])
                if name == "B":
                    over.set()
            def fills(args):
                for n in range(SIZE + r % 3):
                    mhddq.file_exists(functools.partial(note, n), ".")
                # A renames the file, B renames it further: B fails if it runs first.
                mhddq.file_rename(functools.partial(note, "A"), state, state + "a")
                seen.set()
                if r % 2:
                    over.wait(0.002)      # the other thread meets the ring full, most of the time
            def other():
                must(seen.wait(DEADLINE))
                mhddq.file_rename(functools.partial(note, "B"), state + "a", state + "b")
            thread = threading.Thread(target=other)
            thread.start()
            mhddq.file_exists(fills, ".")
            must(over.wait(DEADLINE), "B")
            thread.join(DEADLINE)
            rounds.append([order, errors])
        mhddq.shutdown()
        report(rounds=rounds, high=mhddq.stats()["ring_high_water"])
        """,
        str(ring_size),
        env={"MHDDQ_RING_SIZE": str(ring_size)},
    )
    for r, (order, errors) in enumerate(end["rounds"]):
        assert order == [*range(ring_size + r % 3), "A", "B"]
        assert errors == []
    assert end["high"] > ring_size  # the callbacks did go beyond the capacity


def test_operations_end_before_the_next_begins():
    """Each operation needs what the one before has written, copied or moved, so they run in
    order."""
    end = ended(
        """
        collected, failed = [], []
        def note(args):
            if not args["result"]:
                failed.append(args["output"]["exception"])
            elif args["action"] == "file_read":
                collected.append(args["output"]["data"])
        def produce(n):
            for i in range(150):
                mhddq.file_write(note, f"{n} {i} " + "x" * (i * 100), f"w{n}")
                mhddq.file_copy(note, f"w{n}", f"c{n}")
                mhddq.file_move(note, f"c{n}", f"m{n}")
                mhddq.file_read(note, f"m{n}")
                mhddq.file_delete(note, f"m{n}")
        in_threads(4, produce)
        mhddq.shutdown()
        report(collected=collected, failed=failed, overlaps=mhddq.stats()["disk_overlaps"])
        """
    )
    assert end["failed"] == []
    assert end["overlaps"] == 0
    collected = [text.split(" ") for text in end["collected"]]
    for n in range(4):
        assert [(i, len(x)) for m, i, x in collected if m == str(n)] == [
            (str(i), i * 100) for i in range(150)
        ]


@pytest.mark.parametrize("ring_size", ["1", "2", "4096"])
def test_a_list_is_never_split(ring_size):
    end = ended(
        """
        order = []
        def produce(n):
            for i in range(40):
                if n % 2:
                    mhddq.file_exists(lambda args, i=i: order.append([n, i, -1]), ".")
                else:
                    inner, outer = mhddq.create_empty_oplist(), mhddq.create_empty_oplist()
                    for k in range(5):
                        mhddq.oplist_file_exists(
                            inner, lambda args, i=i, k=k: order.append([n, i, k]), ".")
                    mhddq.embed_oplist(outer, inner)
                    for k in range(5, 8):
                        mhddq.oplist_file_exists(
                            outer, lambda args, i=i, k=k: order.append([n, i, k]), ".")
                    mhddq.enqueue_oplist(outer)
        in_threads(6, produce)
        mhddq.shutdown()
        report(order=order)
        """,
        env={"MHDDQ_RING_SIZE": ring_size},
    )
    order = end["order"]
    at = 0
    units = []
    while at < len(order):
        n, i, k = order[at]
        if k < 0:
            at += 1
        else:
            assert order[at : at + 8] == [[n, i, k] for k in range(8)]
            at += 8
        units.append((n, i))
    assert len(units) == 6 * 40
    for n in range(6):
        assert [i for m, i in units if m == n] == list(range(40))


@pytest.mark.parametrize("how", ["singles", "list", "nested", "from a callback"])
def test_a_callback_is_called_while_the_next_operation_is_in_the_kernel(how):
    """The second operation opens a leased file: the kernel delays it until the callback of the
    first gives the lease back. So that callback must be called before the second operation ends."""
    end = ended(
        """
        import fcntl
        how = sys.argv[1]
        signal.signal(signal.SIGIO, signal.SIG_IGN)
        took = []
        def give_back(fd, args):
            fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
            os.close(fd)
        for n in range(30):
            with open(f"leased{n}", "w") as file:
                file.write("content")
            fd = os.open(f"leased{n}", os.O_RDWR)
            try:
                fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)
            except OSError as error:
                report(skipped=str(error))
                break
            collected, over = [], threading.Event()
            def read(args):
                collected.append([args["result"], args["output"]])
                over.set()
            give = functools.partial(give_back, fd)
            fileops, outer = mhddq.create_empty_oplist(), mhddq.create_empty_oplist()
            began = time.monotonic()
            if how == "singles":
                mhddq.file_exists(give, ".")
                mhddq.file_read(read, f"leased{n}")
            elif how == "from a callback":
                def both(args):
                    mhddq.file_exists(give, ".")
                    mhddq.file_read(read, f"leased{n}")
                mhddq.file_exists(both, ".")
            else:
                mhddq.oplist_file_exists(fileops, give, ".")
                if how == "nested":
                    mhddq.embed_oplist(outer, fileops)
                    fileops = outer
                mhddq.oplist_file_read(fileops, read, f"leased{n}")
                mhddq.enqueue_oplist(fileops)
            must(over.wait(DEADLINE), "read")
            took.append(time.monotonic() - began)
            must(collected == [[True, {"data": "content"}]], f"content: {collected}")
        report(took=took)
        """,
        how,
        timeout=40,
    )
    if "skipped" in end.facts:
        pytest.skip(end["skipped"])
    assert max(end["took"]) < 20  # the kernel breaks a lease after 45 s by itself
