"""Ends of a program that are not in the matrix (test_exit_matrix.py): what was accepted is done,
the exit status is right, and nothing hangs."""

from __future__ import annotations

import sys

import pytest
from helpers import FREE_THREADED, run_script
from programs import INTERRUPTED, ended, running

# A load that is under way when the program ends: 300 files of known contents are written.
LOAD = """
    for n in range(300):
        mhddq.file_write(None, f"data {n}", f"f{n}")
"""
FILES = {f"f{n}": f"data {n}".encode() for n in range(300)}


@pytest.mark.parametrize(
    ("ending", "status", "shown"),
    [
        ("", 0, ""),
        ("sys.exit('message')", 1, "message"),
        ("raise KeyboardInterrupt", INTERRUPTED, "KeyboardInterrupt"),
        ("signal.raise_signal(signal.SIGINT)", INTERRUPTED, "KeyboardInterrupt"),
        ("mhddq.shutdown(); sys.exit(5)", 5, ""),
        ("del mhddq, sys.modules['mhddq']; gc.collect()", 0, ""),
        ("exec('sys.modules.clear()')", 0, ""),
    ],
)
@pytest.mark.parametrize("ring_size", ["2", "4096"])
def test_what_was_accepted_is_done_however_it_ends(ending, status, shown, ring_size):
    end = ended(
        LOAD + "\n    " + ending,
        status=status,
        quiet=not shown,
        env={"MHDDQ_RING_SIZE": ring_size},
    )
    assert shown in end.stderr
    assert "mhddq" not in end.stderr.replace("mhddq-test", "")
    assert end.files == FILES


def test_ten_thousand_writes_and_the_end():
    end = ended(
        """
        for n in range(10000):
            must(mhddq.file_write(None, f"number {n}", f"{n}") is True)
        """
    )
    assert end.files == {f"{n}": f"number {n}".encode() for n in range(10000)}


def test_in_interactive_and_command_mode():
    for options in (("-c", "exec(open(__import__('sys').argv[1]).read())"), ("-i",)):
        end = ended(LOAD, options=options, quiet=False)
        assert end.files == FILES


def test_an_exception_in_a_thread_changes_nothing():
    end = ended(
        """
        mhddq.file_exists(None, ".")    # CPython 3.12 starts no threads once the program ends
        def run():
            for n in range(300):
                mhddq.file_write(None, f"data {n}", f"f{n}")
            raise ValueError("in a thread")
        threading.Thread(target=run).start()
        """,
        quiet=False,
    )
    assert "in a thread" in end.stderr
    assert end.files == FILES


@pytest.mark.parametrize("ring_size", ["1", "4096"])
def test_a_callback_that_is_running_ends_first(ring_size):
    end = ended(
        """
        entered, exiting = threading.Event(), threading.Event()
        def callback(args):
            entered.set()
            must(exiting.wait(DEADLINE))
            with open("from-callback", "w") as file:
                file.write("whole")
            must(mhddq.file_create(None, "more"), "acceptance at the end")
        mhddq.file_exists(callback, ".")
        must(entered.wait(DEADLINE))
        atexit.register(exiting.set)
        """,
        env={"MHDDQ_RING_SIZE": ring_size},
    )
    assert end.files == {"from-callback": b"whole", "more": b""}


def test_chains_of_callbacks_end_where_shutdown_begins():
    """Each file for which a callback's call returned True is there, and no other file."""
    end = ended(
        """
        promised = []
        def chain(args):
            name = f"c{len(promised)}"
            if mhddq.file_create(chain, name):
                promised.append(name)
        mhddq.file_exists(chain, ".")
        until(lambda: len(promised) > 100)
        mhddq.shutdown()
        report(promised=promised, counted=mhddq.stats())
        """,
        quiet=False,
    )
    assert sorted(end.files) == sorted(end["promised"])
    assert end["counted"]["callbacks"] == len(end["promised"]) + 1
    assert end["counted"]["refused"] == 1
    assert end.stderr == (
        "mhddq: 1 operation was refused in callbacks, for shutdown() had been called before;"
        " it was file_create\n"
    )


@pytest.mark.parametrize("ring_size", ["1", "3", "4096"])
def test_daemon_producers_that_still_enqueue(ring_size):
    end = ended(
        """
        collected, running = [], []
        def produce(n):
            i = 0
            while mhddq.file_create(lambda args: collected.append(args["result"]), f"{n}-{i}"):
                i += 1
                if i == 10:
                    running.append(n)
        def late():         # after the queue's own exit hook
            report(collected=len(collected), good=all(collected), counted=mhddq.stats(),
                   after=mhddq.is_shutdown())
        atexit.register(late)
        import mhddq            # after `late`: so its exit hook runs first
        for n in range(6):
            threading.Thread(target=produce, args=(n,), daemon=True).start()
        until(lambda: len(running) == 6)
        """,
        env={"MHDDQ_RING_SIZE": ring_size},
        preimport=False,
    )
    assert end["good"] is True
    assert end["after"] is True
    counted = end["counted"]
    assert counted["accepted"] == counted["callbacks"] == end["collected"] == len(end.files)
    for n in range(6):
        mine = {int(name.split("-")[1]) for name in end.files if name.startswith(f"{n}-")}
        assert mine == set(range(len(mine)))


def test_non_daemon_threads_may_enqueue_after_the_main_thread():
    end = ended(
        """
        def produce(n):
            threading.main_thread().join()
            for i in range(100):
                must(mhddq.file_create(None, f"{n}-{i}") is True, "acceptance")
        for n in range(3):
            threading.Thread(target=produce, args=(n,)).start()
        if sys.argv[1] == "used":
            mhddq.file_create(None, "main")
        """,
        "used",
    )
    assert sorted(end.files) == sorted(
        ["main", *(f"{n}-{i}" for n in range(3) for i in range(100))]
    )


def test_a_first_use_after_the_main_thread_has_ended():
    """From 3.12 on no thread can be started any more: then the call raises a RuntimeError."""
    end = ended(
        """
        def late():
            threading.main_thread().join()
            try:
                report(answer=mhddq.file_create(None, "made"))
            except RuntimeError as error:
                report(answer=str(error))
        threading.Thread(target=late).start()
        """
    )
    if end["answer"] is True:
        assert list(end.files) == ["made"]
    else:
        assert sys.version_info >= (3, 12)
        assert "thread" in end["answer"]
        assert not end.files


def test_atexit_handlers_registered_later_may_enqueue():
    """They run before the queue's own handler. They may enqueue operations and lists, and even call
    shutdown()."""
    end = ended(
        """
        collected = []
        def enqueue():
            for n in range(100):
                must(mhddq.file_create(collected.append, f"{n}") is True)
            fileops = mhddq.create_empty_oplist()
            mhddq.oplist_file_write(fileops, collected.append, "text", "listed")
            must(mhddq.enqueue_oplist(fileops) is True)
        def close():
            mhddq.shutdown()
            report(collected=len(collected), after=mhddq.is_shutdown(),
                   refused=mhddq.file_create(None, "late"))
        rest()
        if sys.argv[1] == "close":
            atexit.register(close)
        atexit.register(enqueue)
        """,
        "close",
    )
    assert end["collected"] == 101
    assert end["after"] is True
    assert end["refused"] is False
    assert len(end.files) == 101


def test_atexit_handlers_registered_before_the_import_are_refused():
    end = ended(
        """
        def late():
            import mhddq
            report(answer=mhddq.file_create(None, "late"), state=mhddq.is_shutdown(),
                   again=mhddq.shutdown(), count=mhddq.stats()["completed"])
        atexit.register(late)
        import mhddq
        mhddq.file_create(None, "made")
        """,
        preimport=False,
    )
    assert end["answer"] is False
    assert end["state"] is True
    assert end["again"] is None
    assert end["count"] == 1
    assert list(end.files) == ["made"]


@pytest.mark.parametrize("twice", ["once", "twice"])
@pytest.mark.parametrize("where", ["hook", "import"])
def test_a_first_use_inside_an_atexit_handler(where, twice):
    """From 3.12 on no thread can be started there, and the call raises a RuntimeError. It never
    hangs."""
    end = ended(
        f"""
        answers = []
        def first():
            import mhddq
            for n in range({1 if twice == "once" else 2}):
                try:
                    answers.append(mhddq.file_create(None, f"made{{n}}"))
                except RuntimeError as error:
                    answers.append(str(error))
            mhddq.is_shutdown()
            mhddq.stats()
            report(answers=answers)
        {"import mhddq" if where == "hook" else ""}
        atexit.register(first)
        """,
        preimport=False,
    )
    made = 0
    for answer in end["answers"]:
        if answer is True:
            made += 1
        else:
            assert sys.version_info >= (3, 12)
            assert "thread" in answer
    if where == "hook" or sys.version_info < (3, 12):
        assert len(end.files) <= made
    if where == "hook":
        assert len(end.files) == made


def test_a_full_ring_and_threads_that_wait_for_a_slot():
    end = ended(
        """
        gate = Gate()
        gate.shut()
        for n in range(3):
            mhddq.file_create(None, f"{n}")
        threads = [threading.Thread(target=mhddq.file_create, args=(None, f"waited{n}"),
                                    daemon=True) for n in range(3)]
        for thread in threads:
            thread.start()
            waits(thread)
        def opens():
            until(lambda: mhddq.file_exists(None, ".") is False, "closing")
            gate.opened.set()
        threading.Thread(target=opens, daemon=True).start()
        """,
        env={"MHDDQ_RING_SIZE": "4"},
    )
    assert sorted(end.files) == ["0", "1", "2"]


# Without the GIL CPython 3.13 empties all modules, its own too, before it calls such a finaliser.
MODULES_GO_FIRST = FREE_THREADED and sys.version_info < (3, 14)


def test_shutdown_in_an_atexit_handler_and_in_a_module_s_finaliser():
    end = ended(
        """
        class Last:
            shutdown = staticmethod(mhddq.shutdown)
            create = staticmethod(mhddq.file_create)
            state = staticmethod(mhddq.is_shutdown)
            write, dumps = staticmethod(os.write), staticmethod(json.dumps)
            def __del__(self):
                self.shutdown()
                facts = {"refused": self.create(None, "late"), "state": self.state()}
                self.write(1, (self.dumps(facts) + "\\n").encode())
        last = Last()
        last.me = last
        atexit.register(mhddq.shutdown)
        for n in range(100):
            mhddq.file_create(None, f"{n}")
        """
    )
    if not MODULES_GO_FIRST:
        assert (end["refused"], end["state"]) == (False, True)
    assert len(end.files) == 100


# A thread that runs an action during the exit drain, after the drain has closed the queue.
IN_THE_DRAIN = """
    gate = Gate()
    gate.shut()
    for n in range(3):
        mhddq.file_create(None, f"{{n}}")
    def closed():
        # The ring is full, so the call waits for a slot; it is refused when the drain begins.
        must(mhddq.file_create(None, "late") is False, "closing")
        {action}
    thread = threading.Thread(target=closed, daemon=True)
    thread.start()
    waits(thread)
"""


def test_ctrl_c_in_the_exit_drain_reports_what_was_left_with_status_130():
    end = ended(
        IN_THE_DRAIN.format(action="os.kill(os.getpid(), signal.SIGINT)"),
        status=130,
        quiet=False,
        env={"MHDDQ_RING_SIZE": "4"},
    )
    (line,) = end.stderr.splitlines()
    assert "mhddq" in line
    assert " 4 " in line
    assert sorted(end.files) == ["0", "1", "2"]  # the operations had run; the callbacks had not


def test_what_was_printed_before_is_not_lost_by_ctrl_c_in_the_exit_drain():
    end = ended(
        "print('{\"printed\": true}')\n"
        + IN_THE_DRAIN.format(action="os.kill(os.getpid(), signal.SIGINT)").replace("\n    ", "\n"),
        status=130,
        quiet=False,
        env={"MHDDQ_RING_SIZE": "4"},
    )
    assert end["printed"] is True


@pytest.mark.parametrize(
    "stdout",
    [
        "sys.stdout = None",
        "sys.stdout.close()",
        "sys.stdout = object()",
        "print('x', end=''); os.dup2(os.open('/dev/full', os.O_WRONLY), 1)",
    ],
)
def test_ctrl_c_in_the_exit_drain_whatever_stdout_is(stdout):
    end = ended(
        f"""
        {stdout}
        """
        + IN_THE_DRAIN.replace("\n    ", "\n        ").format(
            action="os.kill(os.getpid(), signal.SIGINT)"
        ),
        status=130,
        quiet=False,
        env={"MHDDQ_RING_SIZE": "4"},
    )
    assert " 4 " in end.stderr
    assert "Traceback" not in end.stderr


def test_ctrl_c_twice_in_the_exit_drain():
    """Users press Ctrl-C again at once."""
    for _ in range(5):
        with running(
            IN_THE_DRAIN.format(action="report(closed=True)"),
            env={"MHDDQ_RING_SIZE": "4"},
        ) as program:
            assert program.line() == {"closed": True}
            program.interrupt()
            for _ in range(3):
                if program.process.poll() is None:
                    program.interrupt()
            end = program.end()
        assert end.status in (130, INTERRUPTED), str(end)
        assert "operations were left" in end.stderr


@pytest.mark.parametrize("moment", ["waiting for a slot", "computing", "shutdown", "join"])
def test_ctrl_c_in_the_main_thread(moment):
    """Ctrl-C ends the program, after what was accepted is done."""
    what = {
        "waiting for a slot": "mhddq.file_create(None, 'late')",
        "computing": "while True: pass",
        "shutdown": "mhddq.shutdown()",
        # In a loop, since without the GIL CPython 3.13 can miss a signal as a wait begins.
        "join": "while True: threading.Event().wait(1)",
    }[moment]
    with running(
        f"""
        gate = Gate()
        gate.shut()
        for n in range(3):
            mhddq.file_create(None, f"{{n}}")
        def opens():
            # The gate opens once the main thread has caught the interrupt, so that the drain, or
            # the shutdown that was interrupted, still had callbacks to wait for.
            until(lambda: interrupted, "interrupt")
            gate.opened.set()
        interrupted = []
        threading.Thread(target=opens, daemon=True).start()
        try:
            report(ready=True)
            {what}
        except KeyboardInterrupt:
            interrupted.append(True)
            raise
        """,
        env={"MHDDQ_RING_SIZE": "4"},
    ) as program:
        assert program.line() == {"ready": True}
        program.interrupt()
        end = program.end()
    assert end.status == INTERRUPTED, str(end)
    assert "KeyboardInterrupt" in end.stderr
    assert "were left" not in end.stderr
    assert sorted(end.files) == ["0", "1", "2"]


def test_ctrl_c_inside_the_first_operation_s_imports_gives_the_status_of_ctrl_c():
    """The interpreter forgets that it was interrupted when an import at its exit makes a named
    tuple: nothing is imported then for a queue in which nothing is."""
    ended = run_script(
        """
        import signal, sys
        import mhddq

        class Finder:
            def find_spec(self, name, path, target=None):
                if name == "traceback":
                    sys.meta_path.remove(self)
                    signal.raise_signal(signal.SIGINT)

        signal.signal(signal.SIGINT, signal.default_int_handler)
        for name in ("traceback", "linecache", "tokenize", "threading"):
            sys.modules.pop(name, None)
        sys.meta_path.insert(0, Finder())
        mhddq.file_create(None, "never")
        """
    )
    assert ended.stderr.endswith("KeyboardInterrupt\n")
    assert ended.returncode == INTERRUPTED


def test_after_a_timed_out_shutdown_the_exit_is_clean_again_and_again():
    """The I/O threads and the callback thread still run when the interpreter is finalised."""
    source = """
        gate = Gate()
        gate.shut()
        data = [bytes([n]) * 300000 for n in range(20)]
        for n in range(20):
            mhddq.file_write(lambda args: None, data[n], f"{n}", True)
            mhddq.file_read(lambda args: None, f"{n}", True)
            mhddq.file_write(lambda args: None, bytearray(data[n]), f"{n}", True)
        mhddq.shutdown(timeout=0)
        if sys.argv[1] == "open":
            gate.opened.set()
        """
    for n in range(10):
        end = ended(source, "open" if n % 2 else "shut", quiet=False)
        assert end.stderr.count("\n") == 1
        assert "operations were left" in end.stderr


def test_the_exit_of_a_program_that_never_used_it():
    end = ended("report(loaded=True)")
    assert end["loaded"] is True
