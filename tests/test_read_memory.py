"""Large reads: their data are not copied, and are right under every allocator."""

from __future__ import annotations

import platform
import sys
import sysconfig

import pytest
from helpers import FREE_THREADED
from programs import Ended, ended


def large_reads(env: dict[str, str] | None = None, options: tuple[str, ...] = ()) -> Ended:
    return ended(
        """
        import hashlib
        sums = {}
        for n, size in enumerate((262144, 300000, 1 << 20, (4 << 20) + 1)):
            data = os.urandom(size)
            sums[f"{n}"] = hashlib.sha256(data).digest()
            with open(f"{n}", "wb") as file:
                file.write(data)
        good, kept = [], []
        over = threading.Event()
        def collect(args):
            data = args["output"]["data"]
            good.append(hashlib.sha256(data).digest() == sums[args["params"]["filename"]]
                        and type(data) is bytes and hash(data) == hash(bytes(bytearray(data)))
                        and data[-1:] + data == data[-1:] + bytes(data))
            if len(good) % 10 == 0:
                kept.append(data)
            over.set()
        for n in range(120):
            over.clear()
            mhddq.file_read(collect, f"{n % 4}", True)
            must(over.wait(DEADLINE))
        kept.clear()
        fileops = mhddq.create_empty_oplist()
        for n in range(8):
            mhddq.oplist_file_read(fileops, collect, f"{n % 4}", True)
        mhddq.enqueue_oplist(fileops)
        mhddq.file_write(None, bytearray(b"x" * 70000), "w", True)
        mhddq.file_read(lambda args: good.append(args["output"]["data"] == "x" * 70000), "w")
        mhddq.shutdown()
        gc.collect()
        report(good=good, stats=mhddq.stats())
        """,
        env=env,
        options=options,
        timeout=60,
    )


# Is it certain that this Python's allocator can free native memory? See docs/design.md.
TAKES_MEMORY_BACK = (
    platform.libc_ver()[0] == "glibc"
    and not FREE_THREADED
    and not hasattr(sys, "gettotalrefcount")  # Py_DEBUG
)

ALLOCATORS = ["debug"]
if not FREE_THREADED:
    ALLOCATORS += ["malloc", "malloc_debug", "pymalloc"]
if sysconfig.get_config_var("WITH_MIMALLOC"):
    ALLOCATORS += ["mimalloc", "mimalloc_debug"]


def test_large_reads_are_not_copied():
    end = large_reads()
    assert end["good"] == [True] * 129
    stats = end["stats"]
    assert stats["large_reads_uncopied"] + stats["large_reads_copied"] == 128
    if TAKES_MEMORY_BACK:
        assert stats["large_reads_uncopied"] >= 0.95 * 128
    else:
        assert stats["large_reads_uncopied"] == 0


@pytest.mark.parametrize(
    ("env", "options"),
    [
        *(({"PYTHONMALLOC": name}, ()) for name in ALLOCATORS),
        ({"PYTHONTRACEMALLOC": "1"}, ()),
        ({}, ("-X", "dev")),
        ({"MALLOC_PERTURB_": "85", "MALLOC_MMAP_THRESHOLD_": "100000000"}, ()),
        ({"MALLOC_MMAP_THRESHOLD_": "4096"}, ()),
        ({"MALLOC_TOP_PAD_": "65536", "MALLOC_ARENA_MAX": "1"}, ()),
    ],
)
def test_reads_are_right_under_every_allocator(env, options):
    """Where the allocator cannot free native memory, results are copied, and counted as copied."""
    end = large_reads(env, options)
    assert end["good"] == [True] * 129
    stats = end["stats"]
    assert stats["large_reads_uncopied"] + stats["large_reads_copied"] == 128


def test_tracing_that_starts_later_does_no_harm():
    end = ended(
        """
        import tracemalloc
        with open("file", "wb") as file:
            file.write(bytes(500000))
        kept, over = [], threading.Event()
        def collect(args):
            kept.append(args["output"]["data"])
            over.set()
        for n in range(20):
            if n == 5:
                tracemalloc.start()
            if n == 15:
                tracemalloc.stop()
            over.clear()
            mhddq.file_read(collect, "file", True)
            must(over.wait(DEADLINE))
            if n % 4 == 3:
                del kept[::2]
        report(good=all(data == bytes(500000) for data in kept))
        kept.clear()
        """
    )
    assert end["good"] is True
