"""Without the GIL: it stays off, and producers that run truly in parallel lose nothing.

On a Python with a GIL the same program runs, with the races that its thread switches allow.
``nox -s freethreaded`` runs this, and the script on its own under ThreadSanitizer.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import FREE_THREADED, PATIENCE, ends_well

SCRIPT = Path(__file__).with_name("parallel.py")


@pytest.mark.skipif(not FREE_THREADED, reason="this Python is built with a GIL")
def test_importing_and_using_mhddq_leaves_the_gil_off():
    shown = ends_well(
        """
        import sys
        off = [sys._is_gil_enabled()]
        import mhddq
        off.append(sys._is_gil_enabled())
        mhddq.file_exists(lambda args: off.append(sys._is_gil_enabled()), ".")
        mhddq.shutdown()
        print(off)
        """
    )
    assert shown == "[False, False, False]\n"


@pytest.mark.parametrize("ring", ["1", "4096"])
def test_parallel_producers_lists_embeddings_and_ends(tmp_path, ring):
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--operations", "400"],
        env={**os.environ, "MHDDQ_RING_SIZE": ring, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=110 * PATIENCE,
        check=False,
    )
    assert done.returncode == 0
    # The program shuts down while callbacks enqueue.
    assert re.fullmatch("(mhddq: [0-9]+ operations? w.*refused in callbacks.*\n)?", done.stderr)
    assert "24 snapshots, 10 cycles refused" in done.stdout
