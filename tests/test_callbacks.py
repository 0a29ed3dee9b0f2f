"""Callbacks: whatever they do, the callback thread goes on, and no object stays alive because of
them."""

from __future__ import annotations

import errno

import pytest
from helpers import error_text
from programs import ended

RAISING = """
    def bad(args):
        raise {what}

    collected = []
    mhddq.file_exists(bad, "./first")
    mhddq.file_exists(collected.append, "./second")
    mhddq.shutdown()
    counted = mhddq.stats()
    report(collected=[a["params"]["filename"] for a in collected],
           callbacks=counted["callbacks"], errors=counted["callback_errors"])
"""


@pytest.mark.parametrize(
    ("what", "shown"),
    [
        ("ValueError('boom')", "ValueError: boom"),
        ("SystemExit(3)", "SystemExit: 3"),
        ("KeyboardInterrupt('key')", "KeyboardInterrupt: key"),
        ("GeneratorExit()", "GeneratorExit"),
        ("type('Own', (BaseException,), {})('own')", "Own: own"),
    ],
)
def test_what_a_callback_raises_is_printed_and_the_thread_goes_on(what, shown):
    end = ended(RAISING.format(what=what), quiet=False)
    assert end["collected"] == ["./second"]
    assert end["callbacks"] == 2
    assert end["errors"] == 1
    assert "Traceback (most recent call last)" in end.stderr
    assert shown in end.stderr
    assert "in bad" in end.stderr
    assert "file_exists" in end.stderr
    assert "'./first'" in end.stderr
    assert "./second" not in end.stderr


@pytest.mark.parametrize("what", ["args.clear()", "args['params'].clear()"])
def test_a_callback_may_take_its_args_apart_before_it_raises(what):
    end = ended(
        f"""
        def bad(args):
            {what}
            raise ValueError("boom")
        mhddq.file_exists(bad, "./first")
        mhddq.shutdown()
        """,
        quiet=False,
    )
    assert "of file_exists(filename='./first'):\nTraceback" in end.stderr
    assert "ValueError: boom" in end.stderr
    assert "ignored" not in end.stderr


def test_in_a_list_the_other_callbacks_are_still_called():
    end = ended(
        """
        collected = []
        def bad(args):
            collected.append(args["params"]["filename"])
            raise SystemExit(args["params"]["filename"])
        fileops = mhddq.create_empty_oplist()
        for n in range(10):
            mhddq.oplist_file_exists(fileops, bad if n % 2 else
                                     lambda a: collected.append(a["params"]["filename"]), str(n))
        mhddq.enqueue_oplist(fileops)
        mhddq.shutdown()
        report(collected=collected, errors=mhddq.stats()["callback_errors"])
        """,
        quiet=False,
    )
    assert end["collected"] == [str(n) for n in range(10)]
    assert end["errors"] == 5
    assert end.stderr.count("Traceback (most recent call last)") == 5


@pytest.mark.parametrize(
    ("stream", "seen"),
    [
        ("None", False),
        ("Raising(OSError('no'))", True),
        ("Raising(KeyboardInterrupt())", True),
        ("Raising(SystemExit(7))", True),
        ("object()", True),
        ("closed()", True),
    ],
)
def test_a_stderr_that_fails_does_not_stop_the_thread(stream, seen):
    """seen: does the text still reach the process's stderr?"""
    end = ended(
        f"""
        class Raising:
            def __init__(self, error):
                self.error = error
            def write(self, text):
                raise self.error
            def flush(self):
                raise self.error
        def closed():
            file = open(os.devnull, "w")
            file.close()
            return file
        def bad(args):
            raise ValueError("boom")
        collected = []
        sys.stderr = {stream}
        mhddq.file_exists(bad, "x")
        mhddq.file_delete(None, "missing")
        mhddq.file_exists(lambda args: collected.append(args["result"]), "x")
        mhddq.shutdown()
        sys.stderr = sys.__stderr__
        report(collected=collected)
        """,
        quiet=False,
    )
    assert end["collected"] == [True]
    assert ("boom" in end.stderr) is seen
    assert (error_text(errno.ENOENT, "missing") in end.stderr) is seen


def test_what_cannot_be_shown_does_not_stop_the_thread():
    end = ended(
        """
        class Unshown(str):
            def __repr__(self):
                raise SystemExit("repr")
        class Unformatted(Exception):
            def __str__(self):
                raise KeyboardInterrupt("str")
        def bad(args):
            raise Unformatted()
        collected = []
        mhddq.file_exists(bad, Unshown("x"))
        mhddq.file_delete(None, Unshown("missing"))
        mhddq.file_exists(lambda args: collected.append(args["result"]), "x")
        mhddq.shutdown()
        report(collected=collected)
        """,
        quiet=False,
    )
    assert end["collected"] == [True]
    assert "file_exists" in end.stderr
    assert "Unformatted" in end.stderr
    assert "file_delete" in end.stderr


def test_without_a_callback_a_failure_is_reported_and_success_is_silent():
    end = ended(
        """
        with open("bad", "wb") as file:
            file.write(b"\\xff")
        os.mkdir("d")
        mhddq.file_exists(None, "missing")
        mhddq.file_create(None, "made")
        mhddq.file_read(None, "made")
        mhddq.directory_contents(None, ".")
        fileops = mhddq.create_empty_oplist()
        mhddq.oplist_file_create(fileops, None, "made")
        mhddq.oplist_file_write(fileops, None, "text", "written")
        mhddq.enqueue_oplist(fileops)
        mhddq.directory_delete(None, "nowhere")
        mhddq.file_read(None, "bad")
        mhddq.file_write(None, b"bytes", "never")
        mhddq.file_rename(None, "gone", "new")
        mhddq.file_create(None, "nul\\0")
        mhddq.shutdown()
        report(failed=mhddq.stats()["failed"], callbacks=mhddq.stats()["callbacks"])
        """,
        quiet=False,
    )
    lines = end.stderr.splitlines()
    assert len(lines) == 6, end.stderr
    for line, (action, text) in zip(
        lines,
        [
            ("file_create", "[Errno 17] File exists: 'made'"),
            ("directory_delete", error_text(errno.ENOENT, "nowhere")),
            ("file_read", "'utf-8' codec can't decode"),
            ("file_write", "never"),
            ("file_rename", error_text(errno.ENOENT, "gone", "new")),
            ("file_create", "embedded null byte"),
        ],
        strict=True,
    ):
        assert action in line
        assert text in line
    assert end["failed"] == 6
    assert end["callbacks"] == 0
    assert "never" not in end.files
    assert end.files["written"] == b"text"


def test_they_all_run_on_one_daemon_thread_of_python():
    end = ended(
        """
        seen = set()
        def note(args):
            me = threading.current_thread()
            seen.add((me.ident, me.daemon, me is threading.main_thread(), type(me).__name__))
        in_threads(4, lambda n: [mhddq.file_exists(note, ".") for i in range(100)])
        mhddq.shutdown()
        report(seen=sorted(seen))
        """
    )
    assert [row[1:] for row in end["seen"]] == [[True, False, "Thread"]]


def test_their_thread_can_be_joined_as_others():
    end = ended(
        """
        threads = []
        mhddq.file_exists(lambda args: threads.append(threading.current_thread()), ".")
        while not threads:
            threading.Event().wait(0.01)
        before = threads[0].is_alive()
        mhddq.shutdown()
        threads[0].join(60)
        report(alive=[before, threads[0].is_alive()])
        """
    )
    assert end["alive"] == [True, False]


@pytest.mark.parametrize("ring_size", ["1", "2", "3", "4096"])
def test_they_may_enqueue_any_number(ring_size):
    """Four callbacks enqueue 500 operations each. These run in the order of their enqueuing: all of
    the first callback's, then all of the second's, and so on."""
    end = ended(
        """
        collected = []
        def second(n, i, args):
            collected.append([n, i])
        def first(n, args):
            collected.append([n, None])
            for i in range(500):
                if not mhddq.file_exists(functools.partial(second, n, i), "."):
                    collected.append("refused")
        gate = Gate()
        gate.shut()
        # A thread enqueues them, since with a ring of one it has to wait.
        def produce(n):
            for n in range(4):
                mhddq.file_exists(functools.partial(first, n), ".")
        thread = threading.Thread(target=produce, args=(0,))
        thread.start()
        gate.opened.set()
        thread.join(DEADLINE)
        must(not thread.is_alive(), "end of the producer")
        until(lambda: len(collected) >= 4 * 501, "callbacks")
        mhddq.shutdown()
        report(collected=collected, stats=mhddq.stats())
        """,
        env={"MHDDQ_RING_SIZE": ring_size},
    )
    collected = end["collected"]
    assert len(collected) == 4 * 501
    assert "refused" not in collected
    assert [n for n, i in collected if i is None] == [0, 1, 2, 3]
    # The operations of one callback come together, in the order in which it enqueued them.
    assert [[n, i] for n, i in collected if i is not None] == [
        [n, i] for n in range(4) for i in range(500)
    ]
    assert end["stats"]["accepted"] == end["stats"]["callbacks"] == 4 * 501 + 1


@pytest.mark.parametrize("ring_size", ["1", "2", "3"])
def test_they_may_enqueue_lists_and_chains(ring_size):
    end = ended(
        """
        collected = []
        over = threading.Event()
        def step(args):
            n = len(collected)
            collected.append(args["params"]["filename"])
            if n == 300:
                over.set()
            if n % 3 == 0 and n < 300:
                inner, outer = mhddq.create_empty_oplist(), mhddq.create_empty_oplist()
                mhddq.oplist_file_exists(inner, step, f"{n + 1}")
                mhddq.oplist_file_exists(inner, step, f"{n + 2}")
                mhddq.embed_oplist(outer, inner)
                mhddq.oplist_file_exists(outer, step, f"{n + 3}")
                mhddq.enqueue_oplist(outer)
        mhddq.file_exists(step, "0")
        must(over.wait(DEADLINE))
        mhddq.shutdown()
        report(collected=collected)
        """,
        env={"MHDDQ_RING_SIZE": ring_size},
    )
    assert end["collected"] == [str(n) for n in range(301)]


@pytest.mark.parametrize("ring_size", ["1", "2", "4096"])
def test_shutdown_in_a_callback_closes_and_returns(ring_size):
    end = ended(
        """
        collected, facts = [], {}
        def closes(args):
            began = time.monotonic()
            facts["returned"] = mhddq.shutdown()
            facts["again"] = mhddq.shutdown(timeout=20)
            facts["took"] = time.monotonic() - began
            facts["is_shutdown"] = mhddq.is_shutdown()
            facts["refused"] = mhddq.file_create(None, "late")
            fileops = mhddq.create_empty_oplist()
            mhddq.oplist_file_create(fileops, None, "late")
            facts["refused_list"] = mhddq.enqueue_oplist(fileops)
        gate = Gate()
        gate.shut()
        accepted = []
        def produce():
            accepted.append(mhddq.file_exists(closes, "."))
            for n in range(50):
                accepted.append(mhddq.file_exists(lambda args, n=n: collected.append(n), "."))
        thread = threading.Thread(target=produce)
        thread.start()
        gate.opened.set()
        thread.join(DEADLINE)
        must(not thread.is_alive(), "end of the producer")
        mhddq.shutdown()
        report(collected=collected, accepted=accepted, after=mhddq.is_shutdown(), **facts)
        """,
        env={"MHDDQ_RING_SIZE": ring_size},
        quiet=False,
    )
    assert end["returned"] is None
    assert end["again"] is None
    assert end["took"] < 10
    assert end["is_shutdown"] is False
    assert end["refused"] is False
    assert end["refused_list"] is False
    assert end.stderr == (
        "mhddq: 2 operations were refused in callbacks, for shutdown() had been called before;"
        " the first was file_create\n"
    )
    assert end["after"] is True
    accepted = end["accepted"][1:]
    # Once a call is refused, all later ones are.
    assert end["accepted"] == sorted(end["accepted"], reverse=True)
    assert end["collected"] == list(range(accepted.count(True)))
    assert "late" not in end.files


def test_nothing_is_kept_after_the_callback():
    """No reference stays to callbacks, parameters, args and lists, nor to frames of callbacks that
    have raised."""
    end = ended(
        """
        import weakref
        class Name(str):
            pass
        class Data(bytearray):
            pass
        class Callback:
            def __init__(self, error=None):
                self.error = error
            def __call__(self, args):
                local = Callback()
                watched["local"].append(weakref.ref(local))
                if self.error:
                    raise self.error
        watched = {"local": [], "callback": [], "name": [], "data": [], "oplist": []}
        def watch(kind, thing):
            watched[kind].append(weakref.ref(thing))
            return thing
        def load(error):
            callback = watch("callback", Callback(error))
            name = watch("name", Name("file"))
            mhddq.file_write(callback, watch("data", Data(b"some")), name, True)
            mhddq.file_read(callback, name, binary=True)
            mhddq.file_read(callback, name + chr(0))
            fileops = mhddq.create_empty_oplist()
            inner = mhddq.create_empty_oplist()
            mhddq.oplist_file_write(inner, callback, watch("data", Data(b"more")), name, True)
            mhddq.oplist_directory_contents(fileops, callback, watch("name", Name(".")))
            mhddq.embed_oplist(fileops, inner)
            mhddq.embed_oplist(fileops, inner)
            mhddq.enqueue_oplist(fileops)
            mhddq.enqueue_oplist(fileops)
        gc.disable()
        sys.stderr = None
        load(None)
        load(ValueError("boom"))
        rest()
        rest()          # by now the callback of the first rest() has returned for certain
        alive = {kind: sum(ref() is not None for ref in refs) for kind, refs in watched.items()}
        gc.collect()
        after = {kind: sum(ref() is not None for ref in refs) for kind, refs in watched.items()}
        report(alive=alive, after=after, locals=len(watched["local"]))
        """
    )
    assert end["locals"] == 2 * 9
    assert end["after"] == dict.fromkeys(end["after"], 0)
    # Only those of callbacks that raise may have needed the garbage collector.
    assert end["alive"]["data"] <= 2
    assert end["alive"]["name"] <= 2


def test_a_bytearray_is_lent_until_its_callback_has_returned():
    end = ended(
        """
        facts = {}
        data = bytearray(b"data")
        def during(args):
            try:
                data.append(1)
            except BufferError:
                facts["during"] = "held"
        gate = Gate()
        gate.shut()
        mhddq.file_write(during, data, "file", True)
        try:
            data.append(1)
        except BufferError:
            facts["before"] = "held"
        gate.opened.set()
        rest()
        data.append(33)
        fileops = mhddq.create_empty_oplist()
        mhddq.oplist_file_write(fileops, None, data, "listed", True)
        data.append(33)         # a list exports buffers only when it is enqueued
        mhddq.enqueue_oplist(fileops)
        rest()
        rest()
        data.clear()
        mhddq.shutdown()
        refused = bytearray(b"x")
        facts["refused"] = mhddq.file_write(None, refused, "no", True)
        refused.append(1)
        report(**facts)
        """
    )
    assert end["during"] == "held"
    assert end["before"] == "held"
    assert end["refused"] is False
    assert end.files == {"file": b"data", "listed": b"data!!"}


def test_args_are_plain_and_each_call_has_its_own():
    end = ended(
        """
        collected = []
        def spoil(args):
            collected.append([type(args).__name__, type(args["params"]).__name__,
                          type(args["output"]).__name__, sorted(args), len(args["params"])])
            args["params"].clear()
            args.clear()
        fileops = mhddq.create_empty_oplist()
        mhddq.oplist_file_exists(fileops, spoil, ".")
        mhddq.embed_oplist(outer := mhddq.create_empty_oplist(), fileops)
        mhddq.embed_oplist(outer, fileops)
        for n in range(3):
            mhddq.enqueue_oplist(outer)
        mhddq.shutdown()
        report(collected=collected)
        """
    )
    row = ["dict", "dict", "dict", ["action", "output", "params", "result"], 2]
    assert end["collected"] == [row] * 6


def test_no_descriptor_is_left_after_a_mixed_load():
    end = ended(
        """
        def load(tag):
            for n in range(50):
                mhddq.directory_create(None, f"{tag}d{n}")
                mhddq.file_write(None, "text", f"{tag}d{n}/f")
                mhddq.file_copy(None, f"{tag}d{n}/f", f"{tag}d{n}/g")
                mhddq.file_read(lambda args: None, f"{tag}d{n}/g")
                mhddq.file_read(lambda args: None, f"{tag}d{n}/missing")
                mhddq.directory_contents(lambda args: None, f"{tag}d{n}")
                mhddq.directory_copy(None, f"{tag}d{n}", f"{tag}e{n}")
                mhddq.directory_copy(lambda args: None, f"{tag}d{n}", f"{tag}e{n}")
                mhddq.directory_move(None, f"{tag}e{n}", f"{tag}m{n}")
                mhddq.directory_delete(None, f"{tag}m{n}")
                mhddq.directory_delete(lambda args: None, f"{tag}missing")
            rest()
        load("a")
        before = sorted(os.listdir("/proc/self/fd"))
        load("b")
        after = sorted(os.listdir("/proc/self/fd"))
        mhddq.shutdown()
        report(before=before, after=after, end=sorted(os.listdir("/proc/self/fd")))
        """
    )
    assert end["before"] == end["after"]
    assert len(end["end"]) <= len(end["after"])


def test_without_a_stderr_nothing_is_reported():
    end = ended(
        """
        rest()
        del sys.stderr      # no thread can be started from now on
        unraisable = []
        sys.unraisablehook = lambda caught: unraisable.append(repr(caught.exc_value))
        gate = Gate()
        mhddq.file_exists(lambda args: 1 / 0, "x")
        gate.shut()
        mhddq.shutdown(0)
        gate.opened.set()
        mhddq.shutdown()
        report(unraisable=unraisable)
        """
    )
    assert end["unraisable"] == []


SHORT_OF_MEMORY = """
    import _testcapi
    def tries(function, *arguments):
        '''How many calls were accepted while the nth allocation failed, for n from 1 on.'''
        accepted = 0
        for n in range(40):
            try:
                _testcapi.set_nomemory(n, n + 1)
                accepted += function(*arguments) is True
                _testcapi.remove_mem_hooks()
            except MemoryError:
                _testcapi.remove_mem_hooks()
        return accepted
    collected = []
    data = bytearray(b"data")
    gate = Gate()
    gate.shut()     # so that no allocation of the callback thread fails instead
    accepted = {tried}
    gate.opened.set()
    rest()
    data.append(1)
    mhddq.shutdown()
    report(accepted=accepted, collected=len(collected), mine=mhddq.stats()["accepted"] - 2,
           held=sys.getrefcount(data))
"""


@pytest.mark.parametrize(
    "tried",
    [
        "tries(mhddq.file_write, collected.append, data, 'file', True)",
        "tries(mhddq.file_write, collected.append, 'text', 'file')",
        "mhddq.create_empty_oplist()\n"
        "    mhddq.oplist_file_write(accepted, collected.append, data, 'file', True)\n"
        "    accepted = tries(mhddq.enqueue_oplist, accepted)",
    ],
)
def test_where_memory_is_short_accepted_still_means_accepted(tried):
    pytest.importorskip("_testcapi")
    end = ended(SHORT_OF_MEMORY.format(tried=tried))
    assert end["collected"] == end["accepted"] == end["mine"]


def test_where_memory_is_short_a_list_keeps_nothing_of_what_it_refused():
    pytest.importorskip("_testcapi")
    end = ended(
        SHORT_OF_MEMORY.format(
            tried="[mhddq.create_empty_oplist() for _ in range(200)]\n"
            "    for oplist in accepted:\n"
            "        tries(mhddq.oplist_file_write, oplist, None, data, 'é', True)\n"
            "    oplist = accepted.clear()"
        )
    )
    assert end["held"] < 5
