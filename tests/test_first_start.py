"""The first start of the queue's threads: in callbacks, handlers and other threads, interrupted,
with failures, and by many threads at once."""

from __future__ import annotations

import pytest
from programs import ended


def test_before_the_first_use_nothing_runs():
    end = ended(
        """
        def tasks():
            return len(os.listdir("/proc/self/task")), threading.active_count()
        first = tasks()
        before = mhddq.is_shutdown(), mhddq.stats()["accepted"]
        mhddq.oplist_file_create(mhddq.create_empty_oplist(), None, "x")
        made = tasks()
        returned = mhddq.shutdown()
        closed = tasks()
        report(first=first, made=made, closed=closed, before=before, after=mhddq.is_shutdown(),
               returned=returned, refused=mhddq.file_create(None, "x"), end=tasks())
        """
    )
    assert end["before"] == [False, 0]
    assert end["first"] == end["made"] == end["closed"] == end["end"]
    assert end["returned"] is None
    assert end["after"] is True
    assert end["refused"] is False
    assert not end.files


def test_three_threads_run_and_are_gone_afterwards():
    end = ended(
        """
        first = len(os.listdir("/proc/self/task"))
        rest()
        used = len(os.listdir("/proc/self/task"))
        names = []
        for task in os.listdir("/proc/self/task"):
            with open(f"/proc/self/task/{task}/comm") as file:
                names.append(file.read().strip())
        running = mhddq.is_shutdown()
        mhddq.shutdown()
        after = mhddq.is_shutdown()
        until(lambda: len(os.listdir("/proc/self/task")) == first, "end of the threads")
        report(first=first, used=used, running=running, after=after, names=names)
        """
    )
    assert end["used"] == end["first"] + 3
    assert end["running"] is False
    assert end["after"] is True
    assert sum(name.startswith("mhddq-io") for name in end["names"]) == 2


# A signal handler runs in the middle of the first start: `start` calls it, before or after it
# starts the callback thread.
INSIDE_THE_FIRST_START = """
    from mhddq import _callbacks
    real, facts, nested = _callbacks.start_native_thread, {{}}, []
    def start(queue):
        _callbacks.start_native_thread = real
        if "{when}" == "before":
            handler()
        real(queue)
        if "{when}" == "after":
            handler()
    def handler():
        facts["nested"] = [{what}]
    _callbacks.start_native_thread = start
    collected = []
    def collect(args):
        collected.append(args["params"]["filename"])
    facts["first"] = mhddq.file_create(collect, "a")
    facts["second"] = mhddq.file_create(collect, "b")
    mhddq.shutdown()
    report(collected=collected, after=mhddq.is_shutdown(), counted=mhddq.stats(), **facts)
"""


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("ring_size", ["1", "4096"])
def test_enqueuing_inside_the_first_start(when, ring_size):
    what = "mhddq.file_create(lambda args: collected.append('n'), f'n{i}') for i in range(5)"
    end = ended(
        INSIDE_THE_FIRST_START.format(when=when, what=what), env={"MHDDQ_RING_SIZE": ring_size}
    )
    assert end["nested"] == [True] * 5
    assert end["first"] is True
    assert end["second"] is True
    assert end["collected"] == ["n"] * 5 + ["a", "b"]
    assert len(end.files) == 7


@pytest.mark.parametrize("when", ["before", "after"])
def test_shutting_down_inside_the_first_start(when):
    what = "mhddq.file_create(None, 'n'), mhddq.shutdown(), mhddq.is_shutdown()"
    end = ended(INSIDE_THE_FIRST_START.format(when=when, what=what))
    assert end["nested"][:2] == [True, None]
    assert end["first"] is False
    assert end["second"] is False
    assert end["collected"] == []
    assert end["after"] is True
    assert list(end.files) == ["n"]


@pytest.mark.parametrize("when", ["before", "after"])
def test_shutdown_with_a_timeout_inside_the_first_start(when):
    what = "mhddq.file_create(None, 'n'), mhddq.shutdown(timeout=20)"
    end = ended(INSIDE_THE_FIRST_START.format(when=when, what=what))
    assert end["nested"] == [True, None]
    assert end["first"] is False
    assert end["after"] is True
    assert list(end.files) == ["n"]


@pytest.mark.posix("terminals")
@pytest.mark.parametrize("how", ["waits", "checks"])
def test_a_callback_thread_that_comes_while_another_stands_in_takes_over(how):
    """A signal handler in the middle of the first start shuts down with a timeout, so it delivers;
    the callback thread gets going only then. What the handler leaves is that thread's."""
    end = ended(
        """
        import pty, tty
        from mhddq import _callbacks
        master, slave = pty.openpty()       # a terminal that no process reads: a write to it waits
        tty.setraw(slave)
        real_start, real_begins = _callbacks.start_native_thread, _callbacks.Hooks.thread_begins
        stands_in, comes, collected, threads = threading.Event(), threading.Event(), [], []
        def begins(hooks, *queue):
            real_begins(hooks, *queue)
            threads.append(threading.current_thread())
            must(stands_in.wait(DEADLINE))
            comes.set()
        def start(queue):
            _callbacks.start_native_thread = real_start
            real_start(queue)
            handler()
        def handler():
            mhddq.file_exists(lambda args: meets(), ".")
            mhddq.file_write(collected.append, bytes(1 << 20), os.ttyname(slave), True)
            mhddq.shutdown(timeout=0.3)
        def meets():
            stands_in.set()
            must(comes.wait(DEADLINE))
            end = time.monotonic() + 0.2    # until it waits or has ended
            while threads[0].is_alive() and time.monotonic() < end:
                time.sleep(0.001)
        _callbacks.Hooks.thread_begins, _callbacks.start_native_thread = begins, start
        first = mhddq.file_create(None, "late")
        early = len(collected)
        def reads():
            left = 1 << 20
            while left:
                left -= len(os.read(master, left))
        threading.Thread(target=reads, daemon=True).start()
        if sys.argv[1] == "checks":
            until(mhddq.is_shutdown, "rest")
        mhddq.shutdown()
        report(first=first, early=early, results=[args["result"] for args in collected])
        """,
        how,
        quiet=False,
    )
    assert end["first"] is False
    assert end["early"] == 0
    assert end["results"] == [True]
    assert end.stderr.startswith("mhddq: shutdown timed out: 1 operation was left")


# More operations than can be delivered in time: the first callback takes longer than the timeout.
MANY_CALLBACKS = """
    slow = []
    def callback(args):
        slow.append(time.sleep(0 if slow else 0.2))
    def many():
        fileops = mhddq.create_empty_oplist()
        for n in range(5000):
            mhddq.oplist_file_exists(fileops, callback, ".")
        return mhddq.enqueue_oplist(fileops)
"""


def test_a_thread_that_stands_in_minds_its_timeout():
    """There is no callback thread yet, and the callbacks take longer than the timeout allows."""
    what = "many(), mhddq.shutdown(timeout=0.1), len(slow)"
    end = ended(
        MANY_CALLBACKS + INSIDE_THE_FIRST_START.format(when="before", what=what), quiet=False
    )
    accepted, returned, early = end["nested"]
    assert accepted is True
    assert returned is None
    assert 1 <= early < 5000
    assert end["counted"]["callbacks"] == 5000
    (line,) = end.stderr.splitlines()
    left = int(line.removeprefix("mhddq: shutdown timed out: ").split()[0])
    assert 0 < left < 5000


def test_signals_at_a_high_rate_during_many_first_starts():
    """Each forked child has a first start of its own: the alarm falls anywhere into it."""
    end = ended(
        """
        import random
        what = ["enqueue", "shutdown", "both", "timeout"]
        def child(round):
            random.seed(round)
            mode = what[round % 4]
            fired, accepted, collected = 0, [], []
            def callback(args):
                collected.append(args["params"]["filename"])
            def enqueue(name):
                if mhddq.file_create(callback, name):
                    accepted.append(name)
            def handler(number, frame):
                nonlocal fired
                fired += 1
                if fired > 20:
                    signal.setitimer(signal.ITIMER_REAL, 0)
                    return
                if mode in ("enqueue", "both"):
                    enqueue(f"{round}-h{fired}")
                if mode in ("shutdown", "both"):
                    mhddq.shutdown()
                if mode == "timeout":
                    mhddq.shutdown(timeout=20)
            signal.signal(signal.SIGALRM, handler)
            first = random.uniform(1e-6, 8e-4)
            signal.setitimer(signal.ITIMER_REAL, first, random.uniform(2e-5, 3e-4))
            for n in range(5):
                enqueue(f"{round}-{n}")
            while not fired:
                time.sleep(0.001)
            mhddq.shutdown()
            signal.setitimer(signal.ITIMER_REAL, 0)
            good = sorted(collected) == sorted(accepted) and mhddq.is_shutdown()
            return good and all(os.path.exists(name) for name in accepted)
        bad = []
        for round in range(300):
            if not forked(lambda: child(round), DEADLINE / 6):
                bad.append([round, what[round % 4]])
                break
        report(bad=bad)
        """,
        timeout=60,
    )
    assert end["bad"] == []


def test_a_first_start_that_fails_raises_and_can_be_tried_again():
    end = ended(
        """
        from mhddq import _callbacks
        real, starts = _callbacks.start_native_thread, []
        def start(queue):
            starts.append("mhddq-callback")
            if len(starts) <= 3:
                raise RuntimeError("can't start new thread")
            real(queue)
        _callbacks.start_native_thread = start
        collected, raised = [], []
        data = bytearray(b"data")
        fileops = mhddq.create_empty_oplist()
        mhddq.oplist_file_create(fileops, None, "listed")
        for call in (lambda: mhddq.file_create(None, "lost"),
                     lambda: mhddq.file_write(None, data, "lost", True),
                     lambda: mhddq.enqueue_oplist(fileops)):
            try:
                call()
            except RuntimeError as error:
                raised.append(str(error))
            data.append(1)           # nothing holds its buffer
        facts = mhddq.stats()["accepted"], mhddq.is_shutdown()
        good = mhddq.file_create(lambda args: collected.append(args["result"]), "good")
        rest()
        # The main thread and the queue's three. Threads of failed starts vanish in a moment.
        until(lambda: len(os.listdir("/proc/self/task")) == 4, "end of the threads")
        mhddq.shutdown()
        report(raised=raised, facts=facts, good=good, collected=collected,
               after=mhddq.is_shutdown())
        """
    )
    assert end["raised"] == ["can't start new thread"] * 3
    assert end["facts"] == [0, False]
    assert end["good"] is True
    assert end["collected"] == [True]
    assert end["after"] is True
    assert list(end.files) == ["good"]


@pytest.mark.parametrize("call", ["mhddq.shutdown()", "mhddq.shutdown(timeout=20)", "pass"])
def test_the_end_after_a_first_start_that_failed(call):
    end = ended(
        f"""
        from mhddq import _callbacks
        def start(queue):
            raise RuntimeError("can't start new thread")
        _callbacks.start_native_thread = start
        try:
            mhddq.file_create(None, "lost")
        except RuntimeError:
            {call}
            report(refused=True)
        """
    )
    assert end["refused"] is True
    assert not end.files


@pytest.mark.parametrize("error", ["RuntimeError", "MemoryError", "ImportError", "OSError"])
def test_a_first_start_that_fails_while_others_wait_for_the_end(error):
    """The thread that starts is overtaken by another's operation and shutdown, then fails: there
    is no thread left, no memory, or no descriptor for an import."""
    end = ended(
        """
        from mhddq import _callbacks
        at_it, go_on = threading.Event(), threading.Event()
        def start(queue):
            at_it.set()
            must(go_on.wait(DEADLINE))
            raise getattr(__builtins__, sys.argv[1])("cannot start")
        _callbacks.start_native_thread = start
        raised, collected = [], []
        def first():
            try:
                mhddq.file_create(None, "lost")
            except Exception as error:
                raised.append(str(error))
        starter = threading.Thread(target=first)
        starter.start()
        must(at_it.wait(DEADLINE))
        accepted = mhddq.file_create(lambda args: collected.append(args["result"]), "other")
        closer = threading.Thread(target=mhddq.shutdown)
        closer.start()
        until(lambda: mhddq.file_create(None, "late") is False, "closing")
        waits(closer)
        go_on.set()
        closer.join(DEADLINE)
        must(not closer.is_alive(), "shutdown")
        starter.join(DEADLINE)
        report(accepted=accepted, collected=collected, after=mhddq.is_shutdown(), raised=raised)
        """,
        error,
    )
    assert end["raised"] == ["cannot start"]
    assert end["accepted"] is True
    assert end["collected"] == [True]
    assert end["after"] is True


def test_many_threads_start_it_at_once():
    end = ended(
        """
        sys.setswitchinterval(1e-5)
        def child(round):
            collected = []
            in_threads(8, lambda n: mhddq.file_create(collected.append, f"{round}-{n}"))
            mhddq.shutdown()
            return len(collected) == 8 and all(args["result"] for args in collected)
        bad = [round for round in range(20) if not forked(lambda: child(round))]
        report(bad=bad)
        """
    )
    assert end["bad"] == []
    assert len(end.files) == 20 * 8
