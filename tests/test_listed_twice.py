"""Directories in which another process saves files by rename: every name exists at every moment.

tmpfs may list a name twice then. On a machine without a tmpfs the tests are less likely to meet
that.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers import succeeds

import mhddq

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows does not replace open files"
)

NAMES = [f"{number:03d}" for number in range(200)]
SAVER = """
import os, sys
names = [f"{number:03d}" for number in range(200)]
for name in names:
    open(name, "w").close()
print("saved", flush=True)
while True:
    for name in names:
        open("../new", "w").close()
        os.replace("../new", name)
"""


@pytest.fixture
def saved() -> Iterator[Path]:
    base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    place = Path(tempfile.mkdtemp(dir=base))
    (place / "tree").mkdir()
    saver = subprocess.Popen(
        [sys.executable, "-c", SAVER], cwd=place / "tree", stdout=subprocess.PIPE
    )
    try:
        assert saver.stdout is not None
        assert saver.stdout.readline() == b"saved\n"
        yield place
    finally:
        saver.kill()
        saver.wait()
        assert saver.stdout is not None
        saver.stdout.close()
        shutil.rmtree(place)


def test_every_copy_is_complete(saved):
    for number in range(40):
        succeeds(mhddq.directory_copy, str(saved / "tree"), str(saved / f"copy{number}"))
        assert sorted(os.listdir(saved / f"copy{number}")) == NAMES


def test_contents_name_everything_once(saved):
    for _ in range(200):
        output = succeeds(mhddq.directory_contents, str(saved / "tree"))
        names = [entry["name"] for entry in output["contents"]]
        assert len(names) == len(set(names))
