from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from loops import RUNS, Run

from mhddq._queues import default_queue


@pytest.fixture(params=RUNS, ids=lambda run: run.__name__.strip("_"))
def run(request: pytest.FixtureRequest) -> Run:
    return request.param


def _descriptors() -> dict[str, str]:
    found = {}
    for name in os.listdir("/proc/self/fd"):
        try:
            found[name] = os.readlink(f"/proc/self/fd/{name}")
        except OSError:  # that of the listing itself
            continue
    return found


@pytest.fixture
def no_descriptor_left(tmp_path: Path) -> Iterator[None]:
    """After the test, no file of its folder is open any more."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield
    default_queue().flush()  # what is only read is closed without a wait
    if sys.platform == "linux":
        left = [path for path in _descriptors().values() if path.startswith(str(tmp_path))]
        assert left == []
