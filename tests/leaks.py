"""A pytest plugin for runs under AddressSanitizer: fails the run when the extension has leaked.

    pytest -p leaks ...        with ASAN_OPTIONS=detect_leaks=1:leak_check_at_exit=0:log_path=FILE

LeakSanitizer checks for leaks at the end of the run, while the interpreter still works. When the
interpreter exits, CPython drops memory that it does not free, and all that only Python objects
refer to would seem to be lost. A leak counts if a frame of the extension or of the core is in the
stack of its allocation. So CPython's own leaks do not count.
"""

from __future__ import annotations

import ctypes
import gc
import os
import re
from pathlib import Path

import pytest

import mhddq

OURS = re.compile(r"/_core\.c:|/csrc/|/_core\.[^/ ]*\.so")


def leaks_of_ours() -> list[str]:
    options = dict(o.split("=", 1) for o in os.environ["ASAN_OPTIONS"].split(":"))
    log = Path(f"{options['log_path']}.{os.getpid()}")
    gc.collect()
    ctypes.CDLL(None).__lsan_do_recoverable_leak_check()
    report = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    found = re.split(r"\n\n", report)
    return [leak for leak in found if " leak of " in leak and OURS.search(leak)]


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    # The ring's slots still point to the jobs that were in them, freed or not.
    for _ in range(2 * int(mhddq.stats()["ring_size"])):
        mhddq.directory_exists(None, ".")
    mhddq.shutdown()
    leaks = leaks_of_ours()
    print(f"\nleaks of the extension: {len(leaks)}")
    for leak in leaks[:10]:
        print(leak)
    if leaks:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
