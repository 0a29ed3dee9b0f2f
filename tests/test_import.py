"""What ``import mhddq`` costs: few modules, no thread. bench/absolute.py measures the time."""

import ast
import errno
import re
import subprocess
import sys
from pathlib import Path

from helpers import PATIENCE, error_text
from programs import ended

import mhddq

# The modules that the import brings, beside the package's own and those that os needs itself.
SMALL = {"__future__", "atexit", "errno"}
if sys.version_info < (3, 12):
    SMALL.add(
        "_xxsubinterpreters"
    )  # with it the package finds out whether this is the main interpreter
# What the callback thread and a report on stderr need. The first operation imports it: later, at
# the end of the program, an import might fail.
LATER = {"reprlib", "threading", "traceback"}

PROGRAM = """
import os, sys, time
sys.path.insert(0, sys.argv[1])
before = set(sys.modules)
import mhddq
imported = sorted(set(sys.modules) - before)
tasks = "/proc/self/task"
threads = len(os.listdir(tasks)) if os.path.isdir(tasks) else len(sys._current_frames())
mhddq.file_exists(None, ".")
started = sorted(sys.modules)
mhddq.shutdown()
print([imported, threads, started])
"""


def what_an_import_does():
    """Imports the package in an interpreter without site and without environment variables."""
    home = Path(mhddq.__file__).resolve().parent.parent
    shown = subprocess.check_output(
        [sys.executable, "-I", "-S", "-c", PROGRAM, str(home)], timeout=60 * PATIENCE
    )
    return ast.literal_eval(shown.decode())


def test_the_import_brings_few_modules_and_no_thread():
    imported, threads, started = what_an_import_does()
    assert "mhddq._core" in imported
    # Modules of Cython have no file: in them its extension modules share their types.
    ours = ("mhddq.", "_cython_", "cython_runtime.")
    assert {name for name in imported if not f"{name}.".startswith(ours)} <= SMALL
    assert threads == 1
    assert set(started) >= LATER


def test_without_the_standard_library_reports_are_plainer():
    """A program may have changed its root directory, so that no module can be imported any more."""
    end = ended(
        """
        sys.modules.update(traceback=None, reprlib=None)
        class Unshowable(Exception):
            def __str__(self):
                raise RuntimeError
        def inner():
            raise LookupError("shown")
        def callback(args):
            inner()
        def other(args):
            raise Unshowable
        must(mhddq.file_exists(callback, "."))
        must(mhddq.file_exists(other, "."))
        must(mhddq.file_delete(None, "missing"))
        mhddq.shutdown()
        """,
        quiet=False,
    )
    first, second, third = re.split(r"^(?=Exception |mhddq: )", end.stderr, flags=re.MULTILINE)[1:]
    assert first.startswith("Exception in the mhddq callback of file_exists(...):\nTraceback (most")
    assert re.search(r", line \d+, in callback\n.*, line \d+, in inner\nLookupError: shown$", first)
    assert second.endswith("\nUnshowable (its message cannot be shown)\n")
    assert third == f"mhddq: file_delete(...) failed: {error_text(errno.ENOENT, 'missing')}\n"


def test_a_fork_while_the_first_operation_imports_leaves_no_module_half_made():
    end = ended(
        """
        for name in ("traceback", "linecache", "tokenize"):
            sys.modules.pop(name, None)
        importing, forked = threading.Event(), threading.Event()
        forking = []
        class Finder:
            '''Keeps the import going until the other thread has forked, or has to wait.'''
            def find_spec(self, name, path=None, target=None):
                if name == "traceback" and not importing.is_set():
                    importing.set()
                    until(lambda: forking)
                    if not forked.wait(0.05):
                        waits(other)
        sys.meta_path.insert(0, Finder())
        def fork():
            must(importing.wait(DEADLINE), "import")
            forking.append(True)
            child = os.fork()
            if child == 0:
                signal.alarm(10)
                import traceback
                os._exit(0 if traceback.format_exception(ValueError()) else 1)
            forked.set()
            report(status=os.waitpid(child, 0)[1])
        other = threading.Thread(target=fork)
        other.start()
        must(mhddq.file_exists(None, "."))
        other.join(DEADLINE)
        mhddq.shutdown()
        """
    )
    assert end["status"] == 0


def test_public_modules_are_loaded_when_they_are_looked_at():
    end = ended(
        """
        plain = type(sys)
        names = ["aio", "futures", "progress", "types"]
        first = {name: getattr(mhddq, name) for name in names}
        before = [type(module) is plain for module in first.values()]
        must(not {"asyncio", "concurrent.futures"} & set(sys.modules), "imported with mhddq")
        from mhddq import aio as from_package
        import mhddq.types as as_statement
        import mhddq.futures
        found = [mhddq.aio.file_read, as_statement.FailureText, mhddq.futures.Future,
                 "tqdm" in dir(mhddq.progress)]
        must(all(found))
        report(before=before, after=[type(module) is plain for module in first.values()],
               same=[first[name] is sys.modules["mhddq." + name] for name in names],
               again=from_package is mhddq.aio, hook="__getattr__" in vars(mhddq),
               missing=hasattr(mhddq, "missing") or hasattr(mhddq.types, "missing"))
        """
    )
    assert end["before"] == [False] * 4
    assert end["after"] == end["same"] == [True] * 4
    assert end["again"] is True
    assert end["hook"] is end["missing"] is False


def test_a_submodule_of_what_is_not_loaded_yet_can_be_imported():
    end = ended("import mhddq.aio.ospath as p\nreport(ok=p is mhddq.aio.ospath)")
    assert end["ok"] is True


def test_what_could_not_be_loaded_is_loaded_later():
    end = ended(
        """
        class Finder:
            '''Interrupts the import of what mhddq.futures imports first.'''
            def find_spec(self, name, path=None, target=None):
                if name == "concurrent":
                    raise KeyboardInterrupt
        sys.meta_path.insert(0, Finder())
        try:
            mhddq.futures.Future
        except KeyboardInterrupt:
            left = sorted(vars(mhddq.futures))
        sys.meta_path.pop(0)
        report(left=left, future=mhddq.futures.Future.__name__)
        """
    )
    assert end["left"] == ["__name__"]
    assert end["future"] == "Future"


def test_threads_that_look_at_a_module_while_it_is_loaded_wait():
    end = ended(
        """
        found, loading, others = [], threading.Event(), []
        class Finder:
            def find_spec(self, name, path=None, target=None):
                if name == "concurrent" and not loading.is_set():
                    loading.set()
                    for other in others:
                        waits(other)
        def look():
            found.append(mhddq.futures.Future)
        def look_later():
            must(loading.wait(DEADLINE), "load")
            look()
        sys.meta_path.insert(0, Finder())
        others += [threading.Thread(target=look_later) for _ in range(2)]
        first = threading.Thread(target=look)
        for thread in [*others, first]:
            thread.start()
        for thread in [*others, first]:
            thread.join(DEADLINE)
        report(found=len(found), alike=len(set(found)))
        """
    )
    assert end["found"] == 3
    assert end["alike"] == 1
