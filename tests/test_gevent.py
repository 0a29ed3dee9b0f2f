"""In programs that gevent or eventlet has patched, threads are greenlets. The queue works there,
too: its callback thread is a native thread.
"""

from __future__ import annotations

import importlib.util
import sys

import pytest
from programs import ended

PATCHES = {
    "gevent": "from gevent import monkey; monkey.patch_all()",
    "eventlet": "import eventlet; eventlet.monkey_patch()",
}

PROGRAM = """
    if "{when}" == "before":
        {patch}
    import mhddq
    if "{when}" == "after":
        {patch}
    import _thread
    main, collected = threading.main_thread(), []
    def callback(args):
        me = threading.current_thread()
        collected.append((me.name, me.daemon, me is main, args["result"]))
    for n in range(100):
        must(mhddq.file_write(callback, str(n), str(n)), "acceptance")
    until(lambda: len(collected) == 100)        # the sleeping between checks lets greenlets run
    def last(args):
        mhddq.file_create(None, "last")
    {end}
    mhddq.file_exists(last, ".")
    report(collected=sorted(set(collected)))
"""


def needs(library: str) -> None:
    if importlib.util.find_spec(library) is None:
        pytest.skip(f"{library} is not installed: pip install {library}")
    if library == "eventlet" and sys.version_info >= (3, 14):
        pytest.skip("eventlet does not support this Python")


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("library", sorted(PATCHES))
def test_a_patched_program_works_and_ends(library, when):
    needs(library)
    end = ended(
        PROGRAM.format(when=when, patch=PATCHES[library], end=""), preimport=False, quiet=False
    )
    assert end["collected"] == [["mhddq-callback", True, False, True]]
    assert len(end.files) == 101
    assert "Traceback" not in end.stderr
    assert "mhddq:" not in end.stderr


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("library", sorted(PATCHES))
def test_a_full_ring_and_a_shutdown_in_a_patched_program(library, when):
    needs(library)
    end = ended(
        PROGRAM.format(
            when=when,
            patch=PATCHES[library],
            end="mhddq.shutdown(); report(after=mhddq.is_shutdown())",
        ),
        preimport=False,
        quiet=False,
        env={"MHDDQ_RING_SIZE": "1"},
    )
    assert end["collected"] == [["mhddq-callback", True, False, True]]
    assert end["after"] is True
    assert len(end.files) == 100
