"""Fixtures that the tests share; plain helpers are in helpers.py."""

from __future__ import annotations

import collections
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers import Outcome, settle

# What tests counted, by heading and kind; shown at the end of the run.
_TALLIES: dict[str, collections.Counter[str]] = {}


@pytest.fixture
def tally() -> Callable[..., None]:
    """tally(heading, kind, times=1): a figure to be shown at the end of the run."""

    def count(heading: str, kind: str, times: int = 1) -> None:
        _TALLIES.setdefault(heading, collections.Counter())[kind] += times

    return count


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _TALLIES:
        terminalreporter.section("counted")
    for heading, kinds in sorted(_TALLIES.items()):
        told = ", ".join(f"{times} {kind}" for kind, times in sorted(kinds.items()))
        terminalreporter.write_line(f"{heading}: {told}")


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
def two_disks(tmp_path: Path):
    """(directory, directory on another file system), or the test is skipped."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK) or memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("no second file system to write to")
    other = memory / f"mhddq-test-{os.getpid()}-{tmp_path.name}"
    other.mkdir()
    yield tmp_path, other
    settle()
    shutil.rmtree(other)
