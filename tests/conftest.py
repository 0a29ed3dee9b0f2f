"""Fixtures that the tests share; plain helpers are in helpers.py."""

from __future__ import annotations

import collections
import ctypes
import functools
import inspect
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest
import surroundings
from helpers import Outcome, settle, tree_of, under_wine

# A machine that is busy elsewhere is no failure.
hypothesis.settings.register_profile("mhddq", deadline=None)
hypothesis.settings.load_profile("mhddq")


def pytest_configure() -> None:
    """Gives this process a mount namespace of its own: no other process sees what the tests mount,
    and it is unmounted when this process ends. In the system's namespace a file system would stay
    mounted in every namespace that another process made meanwhile, for these begin as copies. A
    process that has no right to do this cannot mount anything either. Where the root directory is
    no mount (in a chroot), the second call fails, and mounts are shared as before."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        if libc.unshare(0x20000) == 0:  # CLONE_NEWNS; the queue has no threads yet
            libc.mount(b"none", b"/", None, 0x84000, None)  # MS_REC | MS_SLAVE


# What the tests have counted, by heading and kind. It is shown at the end of the run.
_TALLIES: dict[str, collections.Counter[str]] = {}


@pytest.fixture
def tally() -> Callable[..., None]:
    """tally(heading, kind, times=1): counts something that is shown at the end of the run."""

    def count(heading: str, kind: str, times: int = 1) -> None:
        _TALLIES.setdefault(heading, collections.Counter())[kind] += times

    return count


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _TALLIES:
        terminalreporter.section("counted")
    for heading, kinds in sorted(_TALLIES.items()):
        counts = ", ".join(f"{times} {kind}" for kind, times in sorted(kinds.items()))
        terminalreporter.write_line(f"{heading}: {counts}")


# What only POSIX has: the words by which a test's source shows that it uses it, and the reason that
# is given where such a test is skipped.
_ONLY_POSIX_HAS = {
    "os.fork(": "forks",
    "forked(": "forks",
    "get_context(": "forks",
    "/proc/": "reads /proc",
    "waits(": "sees in /proc that a thread sleeps",
    "/dev/": "devices",
    "interrupt()": "signals from another process",
    "os.kill(": "signals",
    "pthread_kill": "signals",
    "setitimer": "signals",
    "SIGALRM": "signals",
    "SIGTERM": "signals",
    "SIGUSR1": "signals",
    "socket.AF_UNIX": "sockets that are files",
    "os.mkfifo": "FIFOs",
    "os.geteuid": "users",
    "os.chmod": "permission bits",
    "umask": "permission bits",
    "set_metadata(": "permission bits",
    'os.fsencode, "\\ud800"': "names that cannot be encoded",
    "resource.": "limits to resources",
    "xattr(": "extended attributes",
    "fcntl": "pipes with settings",
    "st_blocks": "holes",
    "mount": "mounts",
    "immutable(": "files that cannot be changed",
    "os.mknod": "devices",
    "S_ISFIFO": "FIFOs",
    '"link': "links",
    '"loop"': "links",
    '"fifo': "FIFOs",
}
# Those of them that macOS does not have either.
_ONLY_LINUX_HAS = ("/proc/", "waits(", "xattr(")
# The same for values of parametrized tests.
_ONLY_POSIX_VALUES = {
    *("fifo", "socket", "link", "link-to-directory", "link-to-file", "dangling", "loop"),
}


@functools.cache
def _source_of(function: Callable[..., None]) -> str:
    """A test's own source without its decorators, and that of the functions and texts that it uses
    from its module and from surroundings.py."""
    text = f"\n{inspect.getsource(function)}".partition("\ndef ")[2]
    for name in function.__code__.co_names:
        used = function.__globals__.get(name)
        if isinstance(used, str):
            text += used
        elif inspect.isfunction(used) and used.__module__ in (function.__module__, "surroundings"):
            text += inspect.getsource(used)
    return text


def _why_only_posix(item: pytest.Function) -> str | None:
    mark = item.get_closest_marker("posix")
    if mark is not None:
        return str(mark.args[0])
    if item.path.stem == "test_windows":
        return None
    text = _source_of(item.function)
    for word, reason in _ONLY_POSIX_HAS.items():
        if word in text:
            return reason
    values = getattr(getattr(item, "callspec", None), "params", {}).values()
    parts = {part for value in values if isinstance(value, str) for part in value.split("/")}
    return "links, FIFOs, sockets" if parts & _ONLY_POSIX_VALUES else None


def pytest_collection_modifyitems(items: list[pytest.Function]) -> None:
    """Skips the tests of what only POSIX or only Linux has on other systems, with the reason."""
    if sys.platform == "linux":
        return
    if os.name == "posix":
        for item in items:
            text = _source_of(item.function)
            for word in _ONLY_LINUX_HAS:
                if word in text:
                    reason = f"Linux only: {_ONLY_POSIX_HAS[word]}"
                    item.add_marker(pytest.mark.skip(reason=reason))
        return
    wine = under_wine()
    for item in items:
        why = _why_only_posix(item)
        mark = item.get_closest_marker("not_wine") if wine else None
        if why is not None:
            item.add_marker(pytest.mark.skip(reason=f"POSIX only: {why}"))
        elif mark is not None:
            item.add_marker(pytest.mark.skip(reason=f"wine, unlike Windows, {mark.args[0]}"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item):
    """On Windows a test is skipped as soon as it makes a link or a FIFO."""
    if os.name == "posix":
        return (yield)

    def skip(*arguments: object, **keywords: object) -> None:
        pytest.skip("POSIX only: symbolic links (wine makes none), hard links, FIFOs")

    with pytest.MonkeyPatch.context() as patch:
        for name in ("symlink", "link", "mkfifo"):
            patch.setattr(os, name, skip, raising=False)
        return (yield)


@pytest.fixture
def outcome() -> Outcome:
    """A fresh collecting callback."""
    return Outcome()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """An empty directory that is the working directory until the queue has come to rest."""
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    settle()


@pytest.fixture
def around(here: Path) -> Path:
    """One of everything."""
    surroundings.one_of_everything()
    return here


@pytest.fixture
def intact(around: Path):
    """One of everything, which must be as it was at the end of the test."""
    yield from _unchanged(around)


@pytest.fixture
def two_trees(here: Path) -> Path:
    """Two trees, an empty directory, a file, and links."""
    surroundings.two_trees()
    return here


@pytest.fixture
def intact_trees(two_trees: Path):
    """Two trees and the rest, which must be as they were at the end of the test."""
    yield from _unchanged(two_trees)


def _unchanged(top: Path) -> Iterator[Path]:
    before = tree_of(top)
    yield top
    settle()
    assert tree_of(top) == before


@pytest.fixture
def two_disks(tmp_path: Path):
    """(directory, directory on another file system), or the test is skipped."""
    memory = Path(os.environ.get("MHDDQ_TEST_DISK", "/dev/shm"))
    if not os.access(memory, os.W_OK) or memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("no second file system to write to")
    other = Path(tempfile.mkdtemp(prefix="mhddq-test-", dir=memory))
    yield tmp_path, other
    settle()
    shutil.rmtree(other)
