"""Forks inside a wait for a slot, a shutdown, the first start and its imports."""

from __future__ import annotations

import pytest
from forking import CHILD, children
from helpers import ends_well
from programs import ended

pytestmark = pytest.mark.posix("forks")


def test_a_fork_while_threads_wait_for_a_slot():
    end = ended(
        CHILD
        + """
    gate = Gate()
    gate.shut()
    threads = [threading.Thread(target=mhddq.file_create, args=(of_the_parent, f"p{n}"))
               for n in range(4)]
    for thread in threads:
        thread.start()
        waits(thread)
    children = [forked(lambda: fresh(n)) for n in range(10)]
    gate.opened.set()
    for thread in threads:
        thread.join(DEADLINE)
        must(not thread.is_alive(), "slot")
    mhddq.shutdown()
    report(children=children, collected=len(collected))
    """,
        env={"MHDDQ_RING_SIZE": "1"},
    )
    assert end["children"] == [True] * 10
    assert end["collected"] == 4
    assert set(end.files) == {f"p{n}" for n in range(4)} | children(range(10))


@pytest.mark.parametrize("what", ["single", "list"])
def test_a_signal_handler_forks_inside_a_wait_for_a_slot(what):
    """The call returns in both processes. Each does the operation, with data that it still
    holds."""
    end = ended(
        CHILD
        + """
    what = sys.argv[1]
    gate = Gate()
    gate.shut()
    pids = []
    signal.signal(signal.SIGALRM, lambda number, frame: pids.append(os.fork()))
    me = threading.main_thread()
    def alarm():
        waits(me)
        signal.pthread_kill(me.ident, signal.SIGALRM)
        until(lambda: pids)
        gate.opened.set()
    thread = threading.Thread(target=alarm)
    thread.start()
    data = bytearray(b"x" * 100000)
    held = []
    def callback(args):
        try:
            data.append(1)
        except BufferError:
            held.append("held")
        held.append(args["result"])
    if what == "single":
        answer = mhddq.file_write(callback, data, "file", True)
    else:
        fileops = mhddq.create_empty_oplist()
        mhddq.oplist_file_write(fileops, callback, data, "file", True)
        answer = mhddq.enqueue_oplist(fileops)
    mhddq.shutdown()
    if pids == [0]:
        good = answer is True and held == ["held", True]
        if not good:
            os.write(2, f"child: {answer} {held}".encode())
        os._exit(0 if good else 3)
    report(child=ended_well(pids[0]), answer=answer, held=held)
    """,
        what,
        env={"MHDDQ_RING_SIZE": "1"},
    )
    assert end["child"] is True
    assert end["answer"] is True
    assert end["held"] == ["held", True]
    assert end.files == {"file": b"x" * 100000}


def test_a_fork_inside_a_shutdown():
    """A signal handler forks while the main thread waits for the end: shutdown() returns in
    both."""
    end = ended(
        CHILD
        + """
    gate = Gate()
    gate.shut()
    mhddq.file_create(of_the_parent, "p")
    pids = []
    signal.signal(signal.SIGALRM, lambda number, frame: pids.append(os.fork()))
    me = threading.main_thread()
    def alarm():
        until(lambda: mhddq.file_exists(None, ".") is False, "closing")
        signal.pthread_kill(me.ident, signal.SIGALRM)
        until(lambda: pids)
        gate.opened.set()
    threading.Thread(target=alarm).start()
    mhddq.shutdown()
    state = mhddq.is_shutdown()
    if pids == [0]:
        os._exit(0 if state and not collected else 3)
    report(child=ended_well(pids[0]), state=state, collected=len(collected))
    """
    )
    assert end["child"] is True
    assert end["state"] is True
    assert end["collected"] == 1


def test_a_fork_inside_the_first_start():
    end = ended(
        CHILD
        + """
    from mhddq import _callbacks
    real, results = _callbacks.start_native_thread, []
    def start(thread):
        _callbacks.start_native_thread = real
        results.append(forked(lambda: fresh("early")))
        real(thread)
    _callbacks.start_native_thread = start
    mhddq.file_create(of_the_parent, "p")
    mhddq.shutdown()
    report(results=results, collected=len(collected))
    """
    )
    assert end["results"] == [True]
    assert end["collected"] == 1
    assert set(end.files) == {"p"} | children(["early"])


@pytest.mark.parametrize(
    "then", ["os._exit(0 if collected.wait() and reported() else 3)", "return"]
)
@pytest.mark.parametrize("module", ["threading", "_weakrefset", "reprlib", "traceback"])
def test_a_fork_inside_the_first_operation_s_imports(module, then):
    """The first operation imports what it needs; in the middle of that a signal handler forks. In
    one case the child uses the queue inside the handler: its callback runs while the handler waits,
    and failures before it are reported. In the other the handler returns in both processes, and
    both do the interrupted operation."""
    ends_well(
        f"""
    import io, os, signal, sys, time
    import mhddq

    class Collected(list):
        def wait(self):
            end = time.monotonic() + 20
            while not self and time.monotonic() < end:
                time.sleep(0.001)
            return len(self) == 1 and self[0]["result"]

    class Finder:
        def find_spec(self, name, path, target=None):
            if name == "{module}":
                sys.meta_path.remove(self)
                signal.raise_signal(signal.SIGUSR1)

    def fail(args):
        raise LookupError

    def reported():
        shown = sys.stderr.getvalue()
        return "file_delete(" in shown and "LookupError" in shown

    children, collected = [], Collected()
    def handler(number, frame):
        children.append(os.fork())
        if children == [0]:
            sys.stderr = io.StringIO()
            assert mhddq.file_delete(None, "missing") is True
            assert mhddq.file_exists(fail, ".") is True
            assert mhddq.file_create(collected.append, "of-the-child") is True
            {then}

    signal.signal(signal.SIGUSR1, handler)
    for name in ("{module}", "threading"):
        sys.modules.pop(name, None)     # for the interpreter may have imported it at its start
    sys.meta_path.insert(0, Finder())
    mine = Collected()
    assert mhddq.file_exists(mine.append, ".") is True
    assert mine.wait(), mine
    mhddq.shutdown()
    if children == [0]:
        assert collected.wait() and reported()
    else:
        _, status = os.waitpid(children[0], 0)
        assert status == 0, status
        assert os.path.exists("of-the-child")
    """,
        env={"PYTHONWARNINGS": "ignore::DeprecationWarning"},  # fork, where there are threads
    )
