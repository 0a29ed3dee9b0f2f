"""Closing the queue and waiting for its end: on all threads, any number of times, in any order."""

from __future__ import annotations

import pytest
from helpers import FREE_THREADED
from programs import ended


def test_shutdown_waits_for_everything_and_is_idempotent():
    end = ended(
        """
        collected = []
        for n in range(500):
            mhddq.file_create(lambda args: collected.append(args["result"]), str(n))
        returned = [mhddq.shutdown()]
        count = len(collected)
        state = mhddq.is_shutdown()
        returned += [mhddq.shutdown(), mhddq.shutdown(timeout=0), mhddq.shutdown(timeout=None),
                     mhddq.shutdown(5)]
        report(returned=returned, count=count, good=all(collected), state=state,
               again=mhddq.is_shutdown())
        """
    )
    assert end["returned"] == [None] * 5
    assert end["count"] == 500
    assert end["good"] is True
    assert end["state"] is True
    assert end["again"] is True
    assert len(end.files) == 500


def test_all_callers_wait_for_the_last_callback():
    """The main thread loops until is_shutdown(), other threads call shutdown(): none of them comes
    to its end before the last callback has returned."""
    end = ended(
        """
        gate = Gate()
        gate.shut()
        facts, began = [], []
        def calls(n):
            began.append(n)
            if n == 0:
                while mhddq.is_shutdown() is False:
                    time.sleep(0.01)
            else:
                mhddq.shutdown()
            facts.append([n, len(gate.collected), mhddq.is_shutdown()])
        threads = [threading.Thread(target=calls, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        until(lambda: mhddq.file_exists(None, ".") is False, "closing")
        until(lambda: len(began) == 4)
        for thread in threads[1:]:
            waits(thread)
        early = list(facts), mhddq.is_shutdown()
        gate.opened.set()
        for thread in threads:
            thread.join(DEADLINE)
        report(early=early, facts=sorted(facts))
        """
    )
    assert end["early"] == [[], False]
    assert end["facts"] == [[n, 1, True] for n in range(4)]


@pytest.mark.parametrize("ring_size", ["1", "2", "8"])
def test_calls_that_wait_for_a_slot_are_woken_and_refused(ring_size):
    end = ended(
        """
        size = int(os.environ["MHDDQ_RING_SIZE"])
        gate = Gate()
        gate.shut()
        for n in range(size - 1):
            mhddq.file_create(None, f"accepted{n}")
        answers = []
        def enqueues(n):
            if n % 2:
                fileops = mhddq.create_empty_oplist()
                mhddq.oplist_file_create(fileops, None, f"refused{n}")
                answers.append(mhddq.enqueue_oplist(fileops))
            else:
                answers.append(mhddq.file_create(None, f"refused{n}"))
        threads = [threading.Thread(target=enqueues, args=(n,)) for n in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            waits(thread)
        early = list(answers)
        closer = threading.Thread(target=mhddq.shutdown)
        closer.start()
        for thread in threads:
            thread.join(DEADLINE)
            must(not thread.is_alive(), "refusal")
        still = mhddq.is_shutdown()
        gate.opened.set()
        closer.join(DEADLINE)
        report(early=early, answers=answers, still=still, after=mhddq.is_shutdown(),
               counted=mhddq.stats())
        """,
        env={"MHDDQ_RING_SIZE": ring_size},
    )
    assert end["early"] == []
    assert end["answers"] == [False] * 6
    assert end["still"] is False
    assert end["after"] is True
    assert sorted(end.files) == sorted(f"accepted{n}" for n in range(int(ring_size) - 1))
    assert end["counted"]["accepted"] == end["counted"]["completed"] == int(ring_size)


def test_refused_means_no_trace():
    end = ended(
        """
        import weakref
        class Callback:
            def __call__(self, args):
                report(called=True)
        rest()
        mhddq.shutdown()
        before = mhddq.stats()
        callback, data = Callback(), bytearray(b"x")
        answers = [mhddq.file_write(callback, data, "x", True), mhddq.file_create(callback, "y")]
        fileops = mhddq.create_empty_oplist()
        mhddq.oplist_file_write(fileops, callback, data, "z", True)
        answers += [mhddq.enqueue_oplist(fileops)]
        answers += [mhddq.enqueue_oplist(mhddq.create_empty_oplist())]
        mhddq.clear_oplist(fileops)
        data.append(1)
        ref = weakref.ref(callback)
        del callback
        gc.collect()
        report(answers=answers, kept=ref() is not None, same=before == mhddq.stats(), called=False)
        """
    )
    assert end["answers"] == [False] * 4
    assert end["kept"] is False
    assert end["same"] is True
    assert end["called"] is False
    assert not end.files


def test_type_errors_come_before_the_closed_check():
    end = ended(
        """
        rest()
        mhddq.shutdown()
        raised = []
        for call in (lambda: mhddq.file_exists(5, "x"), lambda: mhddq.file_exists(None, 5),
                     lambda: mhddq.file_write(None, 5, "x"), lambda: mhddq.enqueue_oplist(None),
                     lambda: mhddq.file_read(), lambda: mhddq.shutdown("1"),
                     lambda: mhddq.shutdown(timeout=[]), lambda: mhddq.shutdown(b"2"),
                     lambda: mhddq.shutdown(1j), lambda: mhddq.shutdown(1, 2)):
            try:
                raised.append(call())
            except Exception as error:
                raised.append(type(error).__name__)
        report(raised=raised)
        """
    )
    assert end["raised"] == ["TypeError"] * 10


def test_a_wrong_timeout_closes_nothing():
    end = ended(
        """
        for wrong in ("1", b"1", [], {}, object(), 1j):
            try:
                mhddq.shutdown(wrong)
            except TypeError as error:
                must("timeout" in str(error))
            else:
                must(False, "TypeError")
        report(open=mhddq.file_create(None, "x"))
        """
    )
    assert end["open"] is True
    assert list(end.files) == ["x"]


@pytest.mark.parametrize("timeout", ["0", "0.05", "-1", "-0.5", "-(10**400)"])
@pytest.mark.parametrize("ring_size", ["4", "4096"])
def test_a_timeout_that_passes_is_reported_and_the_exit_does_not_wait(timeout, ring_size):
    end = ended(
        f"""
        gate = Gate()
        gate.shut()
        for n in range(3):
            mhddq.file_create(lambda args: None, str(n))
        began = time.monotonic()
        returned = mhddq.shutdown({timeout})
        took = time.monotonic() - began
        report(returned=returned, took=took, state=mhddq.is_shutdown(),
               refused=mhddq.file_create(None, "x"))
        began = time.monotonic()
        atexit.register(lambda: report(exiting=True))
        """,
        quiet=False,
        env={"MHDDQ_RING_SIZE": ring_size},
    )
    assert end["returned"] is None
    assert end["took"] < 5
    assert end["state"] is False
    assert end["refused"] is False
    assert end["exiting"] is True
    (line,) = end.stderr.splitlines()
    assert "mhddq" in line
    assert " 4 " in line


def test_after_a_timeout_the_rest_still_goes_on_and_can_be_waited_for():
    end = ended(
        """
        gate = Gate()
        gate.shut()
        collected = []
        for n in range(20):
            mhddq.file_create(lambda args: collected.append(args["result"]), str(n))
        mhddq.shutdown(timeout=0.01)
        state = mhddq.is_shutdown()
        gate.opened.set()
        mhddq.shutdown(timeout=20)
        report(state=state, after=mhddq.is_shutdown(), collected=collected)
        """,
        quiet=False,
    )
    assert end["state"] is False
    assert end["after"] is True
    assert end["collected"] == [True] * 20
    assert len(end.stderr.splitlines()) == 1


def test_a_timeout_that_is_not_needed_reports_nothing():
    end = ended(
        """
        collected = []
        for n in range(100):
            mhddq.file_create(lambda args: collected.append(args["result"]), str(n))
        mhddq.shutdown(timeout=25)
        report(collected=len(collected), after=mhddq.is_shutdown())
        """
    )
    assert end["collected"] == 100
    assert end["after"] is True


def test_shutdown_in_a_finaliser():
    """On the main thread, on the callback thread, and in a cycle that the garbage collector
    finds."""
    for place in ("param", "main", "cycle", "failed_call"):
        end = ended(
            """
            place = sys.argv[1]
            facts = {}
            class Last(str):
                def __del__(self):
                    facts["open"] = mhddq.file_create(None, "from-del")
                    facts["returned"] = mhddq.shutdown()
                    facts["refused"] = mhddq.file_create(None, "late")
            collected = []
            for n in range(200):
                mhddq.file_create(lambda args: collected.append(args["result"]), str(n))
            if place == "param":
                mhddq.file_exists(None, Last("x"))
            elif place == "main":
                last = Last("x")
                del last
            elif place == "failed_call":
                try:
                    mhddq.file_rename(None, Last("x"), 5)
                except TypeError:
                    pass
            else:
                last = Last("x")
                last.me = last
                del last
                gc.collect()
            until(mhddq.is_shutdown, "shutdown")
            report(collected=collected, **facts)
            """,
            place,
            quiet=False,
        )
        assert end["open"] is True
        assert end["returned"] is None
        # Without the GIL the main thread finalises what it has made.
        in_callback = place == "param" and not FREE_THREADED
        assert ("refused in callbacks" in end.stderr) == in_callback
        assert end["refused"] is False
        assert end["collected"] == [True] * 200
        assert len(end.files) == 201


def test_shutdown_and_enqueue_in_a_signal_handler_during_a_shutdown():
    end = ended(
        """
        gate = Gate()
        gate.shut()
        collected, answers = [], []
        for n in range(100):
            mhddq.file_create(lambda args: collected.append(args["result"]), str(n))
        inside = 0
        def handler(number, frame):
            global inside
            inside += 1
            if inside == 1:
                answers.append(mhddq.file_create(None, "late"))
                answers.append(mhddq.is_shutdown())
                gate.opened.set()
                mhddq.shutdown()
                answers.append(len(collected))
        signal.signal(signal.SIGALRM, handler)
        def alarm():
            until(lambda: mhddq.file_exists(None, ".") is False, "closing")
            signal.pthread_kill(threading.main_thread().ident, signal.SIGALRM)
        threading.Thread(target=alarm).start()
        mhddq.shutdown()
        report(answers=answers, collected=collected, after=mhddq.is_shutdown())
        """
    )
    assert end["answers"] == [False, False, 100]
    assert end["collected"] == [True] * 100
    assert end["after"] is True
    assert "late" not in end.files


def test_ctrl_c_ends_a_wait_for_a_slot_and_nothing_runs_twice():
    """The caller gets a KeyboardInterrupt. The operation has run once or not at all."""
    end = ended(
        """
        gate = Gate()
        gate.shut()
        collected = []
        mhddq.file_create(collected.append, "accepted")
        me = threading.main_thread()
        def interrupt():
            waits(me)
            signal.pthread_kill(me.ident, signal.SIGINT)
        rows = []
        data = bytearray(b"data")
        fileops = mhddq.create_empty_oplist()
        mhddq.oplist_file_write(fileops, collected.append, data, "listed", True)
        for call in (lambda: mhddq.file_create(collected.append, "single"),
                     lambda: mhddq.file_write(collected.append, data, "single", True),
                     lambda: mhddq.enqueue_oplist(fileops)):
            thread = threading.Thread(target=interrupt)
            thread.start()
            began = time.monotonic()
            try:
                rows.append(call())
            except KeyboardInterrupt:
                rows.append("interrupted")
            rows.append(time.monotonic() - began < 10)
            thread.join(DEADLINE)
            data.append(1)              # its buffer has been released
        gate.opened.set()
        mhddq.shutdown()
        report(rows=rows, collected=[a["params"]["filename"] for a in collected])
        """,
        env={"MHDDQ_RING_SIZE": "2"},
    )
    assert end["rows"] == ["interrupted", True] * 3
    assert end["collected"] == ["accepted"]
    assert list(end.files) == ["accepted"]


def test_ctrl_c_ends_a_wait_for_the_shutdown_which_goes_on():
    end = ended(
        """
        gate = Gate()
        gate.shut()
        me = threading.main_thread()
        def interrupt():
            until(lambda: mhddq.file_exists(None, ".") is False, "closing")
            signal.pthread_kill(me.ident, signal.SIGINT)
        threading.Thread(target=interrupt).start()
        try:
            mhddq.shutdown()
        except KeyboardInterrupt:
            report(interrupted=True, state=mhddq.is_shutdown())
        gate.opened.set()
        mhddq.shutdown()
        report(after=mhddq.is_shutdown(), collected=len(gate.collected))
        """
    )
    assert end["interrupted"] is True
    assert end["state"] is False
    assert end["after"] is True
    assert end["collected"] == 1
