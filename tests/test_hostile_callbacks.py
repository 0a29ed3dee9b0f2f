"""Each callback is called exactly once, whatever callbacks do: exceptions whose attributes raise,
trace functions that raise, exceptions from other threads, and a callback thread without memory.
"""

from __future__ import annotations

import sys

import pytest
from helpers import FREE_THREADED
from programs import ended

# An exception, a type and a parameter that raise SystemExit when they are shown.
HOSTILE = """
    class Meta(type):
        @property
        def __name__(cls): raise SystemExit(5)
        @property
        def __module__(cls): raise SystemExit(5)
    class Hostile(Exception, metaclass=Meta):
        @property
        def __traceback__(self): raise SystemExit(5)
        @__traceback__.setter
        def __traceback__(self, value): raise SystemExit(5)
        @property
        def __cause__(self): raise SystemExit(5)
        @property
        def __context__(self): raise SystemExit(5)
        @property
        def __notes__(self): raise SystemExit(5)
        def __str__(self): raise SystemExit(5)
        __repr__ = __format__ = __getattr__ = __str__
    class Parameter(str):
        def __repr__(self): raise SystemExit(5)
"""


def test_an_exception_that_raises_when_it_is_shown_ends_nothing():
    end = ended(
        HOSTILE
        + """
    collected = []
    def raises(args):
        raise Hostile()
    for n in range(3):
        mhddq.file_exists(raises, Parameter("a"))
        mhddq.file_delete(None, Parameter("missing"))
        mhddq.file_exists(collected.append, ".")
    mhddq.shutdown()
    report(collected=len(collected), counted=mhddq.stats())
    """,
        quiet=False,
    )
    assert end["collected"] == 3
    assert end["counted"]["callbacks"] == 6
    assert end["counted"]["callback_errors"] == 3
    assert end.stderr.count("Exception in the mhddq callback of file_exists(...):\n") == 3
    assert end.stderr.count("mhddq: file_delete(...) failed: ") == 3


@pytest.mark.parametrize("where", ["callback_failed", "failed_without_callback", "report_leftover"])
def test_a_report_that_raises_system_exit_is_made_once_more_or_plainly(where):
    """A hook of the reports raises: the delivery goes on."""
    end = ended(
        f"""
    from mhddq import _callbacks
    def exits(*args):
        raise SystemExit(5)
    setattr(_callbacks.Hooks, {where!r}, exits)
    collected = []
    def raises(args):
        1 / 0
    mhddq.file_exists(raises, "a")
    mhddq.file_delete(None, "missing")
    mhddq.file_exists(collected.append, ".")
    mhddq.shutdown()
    report(collected=len(collected))
    """,
        quiet=False,
    )
    assert end["collected"] == 1
    plain = "mhddq: no memory, or no way, to report on "
    assert (plain + "file_exists(a)\n" in end.stderr) == (where == "callback_failed")
    assert (plain + "file_delete(missing)\n" in end.stderr) == (where == "failed_without_callback")


@pytest.mark.parametrize("kind", ["trace", "profile"])
@pytest.mark.parametrize(
    "name", ["raises", "callback_failed", "write_line", "_described", "get_ident"]
)
def test_a_trace_function_that_raises_ends_nothing(kind, name):
    """CPython then removes the trace function. It sees the frames of the library, too, except the
    compiled loop of the callback thread."""
    end = ended(
        f"""
    seen = []
    def trace(frame, event, arg):
        if frame.f_code.co_name == {name!r}:
            seen.append(event)
            raise SystemExit(5)
        return trace
    threading.set{kind}(trace)
    collected = []
    def raises(args):
        collected.append(1)
        raise ValueError("of the callback")
    for n in range(3):
        mhddq.file_exists(raises, ".")
    until(lambda: len(collected) == 3 or mhddq.stats()["callback_errors"] == 3)
    threading.set{kind}(None)
    mhddq.shutdown()
    report(collected=len(collected), seen=seen, counted=mhddq.stats())
    """,
        quiet=False,
    )
    assert end["counted"]["callbacks"] == 3
    assert end["counted"]["callback_errors"] == 3
    assert end.stderr.count("Exception in the mhddq callback of ") >= 3
    assert end["seen"] or name == "get_ident"


def test_the_callback_thread_is_traced_as_threads_are():
    end = ended(
        """
    traced, profiled = [], []
    def trace(frame, event, arg):
        traced.append(frame.f_code.co_name)
    def profile(frame, event, arg):
        profiled.append(frame.f_code.co_name)
    threading.settrace(trace)
    threading.setprofile(profile)
    def callback(args): pass
    mhddq.file_exists(callback, ".")
    mhddq.shutdown()
    threading.settrace(None)
    threading.setprofile(None)
    report(traced="callback" in traced, profiled="callback" in profiled)
    """
    )
    assert end["traced"] is True
    assert end["profiled"] is True


def test_an_exception_from_another_thread_does_not_end_the_callback_thread():
    end = ended(
        """
    import ctypes
    ids, collected = [], []
    def callback(args):
        ids.append(threading.get_ident())
        collected.append(1)
    mhddq.file_exists(callback, ".")
    until(lambda: ids)
    raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc
    for n in range(300):
        set_in = raise_in(ctypes.c_ulong(ids[0]), ctypes.py_object(SystemExit))
        must(set_in == 1, "the callback thread")
        mhddq.file_exists(callback, ".")
    mhddq.shutdown()
    counted = mhddq.stats()
    report(collected=len(collected), threads=len(set(ids)), counted=counted)
    """,
        quiet=False,
    )
    assert end["counted"]["callbacks"] == 301
    assert end["threads"] == 1
    assert end["collected"] + end["counted"]["callback_errors"] >= 301
    assert end.stderr.count("Exception in the mhddq callback of file_exists") >= 1


def test_without_its_hooks_the_delivery_goes_on():
    end = ended(
        """
    from mhddq import _callbacks
    collected = []
    mhddq.file_exists(collected.append, ".")
    until(lambda: collected)
    hook = _callbacks.Hooks.callback_failed
    del _callbacks.Hooks.callback_failed
    def raises(args):
        1 / 0
    mhddq.file_exists(raises, ".")
    mhddq.file_exists(collected.append, ".")
    until(lambda: len(collected) == 2)
    _callbacks.Hooks.callback_failed = hook
    mhddq.file_exists(collected.append, ".")
    mhddq.shutdown()
    report(collected=len(collected))
    """,
        quiet=False,
    )
    assert end["collected"] == 3
    assert "no memory, or no way, to report on file_exists(.)" in end.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows which threads have ended")
@pytest.mark.parametrize("then", ["full ring", "shutdown", "end"])
def test_a_callback_thread_that_dies_is_replaced(then):
    """A callback ends its thread by a system call. Another thread calls the callbacks behind it."""
    end = ended(
        f"""
    import ctypes
    libc = ctypes.CDLL(None)
    gate, collected, threads = Gate(), [], []
    def note(args):
        collected.append(args["params"]["filename"])
        threads.append(threading.get_native_id())
    def dies(args):
        note(args)
        libc.pthread_exit(None)
    gate.shut()
    names = [str(n) for n in range(40)]
    for name in names[:7]:
        mhddq.file_exists(dies if name == "3" else note, name)
    gate.opened.set()
    if {then!r} == "full ring":
        for name in names[7:]:
            mhddq.file_exists(note, name)
        until(lambda: len(collected) == 40)
    elif {then!r} == "shutdown":
        mhddq.shutdown()
    else:
        atexit._clear()
        atexit.register(lambda: report(collected=collected, threads=len(set(threads))))
        from mhddq import _queues
        atexit.register(_queues.at_exit, _queues._interrupted, False)
        sys.exit()
    mhddq.shutdown()
    report(collected=collected, threads=len(set(threads)))
    """,
        env={"MHDDQ_RING_SIZE": "8"},
    )
    count = 40 if then == "full ring" else 7
    assert end["collected"] == [str(n) for n in range(count)]
    assert end["threads"] == 2


@pytest.mark.skipif(FREE_THREADED, reason="the allocator's failures are set for all threads there")
@pytest.mark.parametrize("start", [*range(25), 40, 60, 100])
def test_without_memory_a_callback_is_called_or_its_operation_is_named(start):
    """While one operation is delivered, all allocations fail from the n-th on."""
    pytest.importorskip("_testcapi")
    end = ended(
        f"""
    import _testcapi
    called = []
    class Counts:
        def __call__(self, args):
            _testcapi.remove_mem_hooks()
            called.append(args["params"]["filename"])
    def cuts_memory(args):
        second()
        until(lambda: mhddq.stats()["completed"] == 4)
        _testcapi.set_nomemory({start}, 0)
    def second():
        mhddq.file_exists(Counts(), "under test")
        mhddq.file_exists(lambda args: _testcapi.remove_mem_hooks(), "frees")
        mhddq.file_exists(last, ".")
    def last(args):
        called.append("last")
        lock.release()
    lock = threading.Lock()
    lock.acquire()
    mhddq.file_exists(cuts_memory, ".")
    lock.acquire()          # so that the main thread needs no memory meanwhile
    mhddq.shutdown()
    report(called=called)
    """,
        quiet=False,
    )
    assert end["called"][-1] == "last"
    assert "under test" in end["called"] or "file_exists" in end.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has this RLIMIT_AS")
def test_a_first_start_without_memory_raises_and_does_not_hang():
    """Each child has a limit of its address space, from none left to 40 MiB left."""
    end = ended(
        """
    import resource
    def used():
        with open("/proc/self/statm") as file:
            return int(file.read().split()[0]) * resource.getpagesize()
    def child(more):
        resource.setrlimit(resource.RLIMIT_AS, (used() + more, resource.RLIM_INFINITY))
        collected = []
        try:
            mhddq.file_exists(collected.append, ".")
        except (RuntimeError, MemoryError, ImportError):
            pass
        else:
            mhddq.shutdown()
            must(len(collected) == 1, "callback")
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY,) * 2)
        mhddq.shutdown()
    statuses = []
    for more in range(0, 40 << 20, 1 << 19):
        pid = os.fork()
        if pid == 0:
            try:
                child(more)
            except BaseException as error:
                os.write(2, repr(error).encode())
                os._exit(1)
            os._exit(0)
        statuses.append(os.waitpid(pid, 0)[1])
    report(statuses=sorted(set(statuses)))
    """,
        quiet=False,
    )
    assert end["statuses"] == [0], end.stderr
