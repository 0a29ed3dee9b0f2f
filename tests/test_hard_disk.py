"""Reading ahead on a slow disk that says that it rotates: the scenes of ``hard_disk.py``."""

from __future__ import annotations

import re
import subprocess
import sys
import time
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


@pytest.mark.posix("a simulated disk")
def test_a_killed_disk_leaves_nothing_behind():
    # Its server, the last process that sees the file system, would unmount it and wait for itself.
    if not (SCENES.parent.parent / "bench" / "disk").is_dir():
        pytest.skip("the benchmark is not here")
    scene = subprocess.Popen([sys.executable, SCENES, "written"], stdout=subprocess.PIPE, text=True)
    line = scene.stdout.readline()
    if not line.strip().isdigit():
        scene.communicate()
        pytest.skip(line.strip() or "it cannot be had here")
    server = Path("/proc", line.strip())
    scene.kill()
    scene.wait()
    scene.stdout.close()
    end = time.monotonic() + DEADLINE
    while server.exists():
        assert time.monotonic() < end, (server / "wchan").read_text()
        time.sleep(0.01)
