"""Reading ahead on a slow disk that says that it rotates: the scenes of ``hard_disk.py``."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import DEADLINE

SCENES = Path(__file__).with_name("hard_disk.py")
NAMES = re.findall(r"^        (\w+),$", SCENES.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.posix("a simulated disk")
@pytest.mark.parametrize("name", NAMES)
def test_reading_ahead_changes_nothing_but_the_time(name):
    if not (SCENES.parent.parent / "bench" / "disk").is_dir():
        pytest.skip("the benchmark is not here")
    done = subprocess.run(
        [sys.executable, SCENES, name],
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    if done.returncode == 77:
        pytest.skip(done.stdout.strip() or "it cannot be had here")
    assert done.returncode == 0, done.stdout + done.stderr
