"""A short soak, which soak.py describes; ``nox -s soak`` runs it for a quarter of an hour."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.posix("signals, and faults put in by a preloaded library")


@pytest.mark.skipif(
    not shutil.which("cc"), reason="no C compiler for the library that makes faults"
)
def test_random_work_under_random_faults(tally):
    """Memory is not checked here: in a few seconds its use has not become steady."""
    program = Path(__file__).with_name("soak.py")
    ran = subprocess.run(
        [sys.executable, program, "--seconds", "5", "--flat", "1000"],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stdout + ran.stderr
    counted = re.search(r"operations: (\d+).*\nfaults: (\d+) hard, (\d+) soft", ran.stdout)
    assert counted, ran.stdout
    operations, hard, soft = map(int, counted.groups())
    assert operations > 100, ran.stdout
    assert hard, ran.stdout
    assert "divergences: 0\n" in ran.stdout
    for kind, times in (("operations", operations), ("hard faults", hard), ("soft faults", soft)):
        tally("soak", kind, times)
