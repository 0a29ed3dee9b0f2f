"""file_read: what it does, and the text of each failure."""

from __future__ import annotations

import ctypes
import mmap
import os
import random
from pathlib import Path

import pytest
from helpers import do, fails, read_as_text, succeeds, text_of
from surroundings import MISSING_FILES, NEWLINES, make_sparse, read_text

import mhddq

pytestmark = pytest.mark.usefixtures("here")


# ---- file_read ----


@pytest.mark.parametrize("text", NEWLINES)
@pytest.mark.parametrize("padding", [0, 40_000, 300_000])
def test_text_is_read_as_open_does(text, padding):
    data = b"x" * padding + text.encode()
    Path("file").write_bytes(data)
    assert succeeds(mhddq.file_read, "file")["data"] == read_text("file")
    assert succeeds(mhddq.file_read, "file", True)["data"] == data


@pytest.mark.parametrize(
    "text", ["\ufeffafter a mark", "\0", "a\0b", "\x1a", "\u2028", "\x85", "\U0010ffff", "é" * 9]
)
def test_unusual_text_is_read_as_open_does(text):
    Path("file").write_bytes(text.encode())
    assert succeeds(mhddq.file_read, "file")["data"] == read_text("file") == text


@pytest.mark.parametrize(
    "data",
    [
        b"\xff",
        b"ok\xc3",
        b"\xed\xa0\x80",
        b"a\r\nb\xff",
        b"\r\n\r\n\xe4\xb8",
        b"x" * 9999 + b"\x80",
    ],
)
def test_what_is_no_utf8_fails_as_open_does(data):
    Path("file").write_bytes(data)
    assert fails(mhddq.file_read, "file") == text_of(read_as_text, "file")
    assert succeeds(mhddq.file_read, "file", True)["data"] == data


@pytest.mark.usefixtures("intact")
@pytest.mark.parametrize(
    "name", [*MISSING_FILES, "dangling", "directory", "link-to-directory", "file/", "."]
)
@pytest.mark.parametrize("binary", [False, True])
def test_read_fails_as_open_does(name, binary):
    assert fails(mhddq.file_read, name, binary) == text_of(open, name)


@pytest.mark.parametrize("binary", [1, True])
def test_binary_is_true(binary):
    Path("file").write_bytes(b"\r\n")
    args = do(mhddq.file_read, "file", binary)
    assert args["output"]["data"] == b"\r\n"
    assert args["params"]["binary"] is binary


@pytest.mark.parametrize("binary", [0, False])
def test_text_is_false(binary):
    Path("file").write_bytes(b"\r\n")
    assert succeeds(mhddq.file_read, "file", binary)["data"] == "\n"


@pytest.mark.parametrize(
    "size", [0, 1, 4095, 4096, 32767, 32768, 65537, 262143, 262144, 262145, 1 << 20, 9 << 20]
)
def test_files_of_any_size_are_read_whole(size):
    data = random.Random(size).randbytes(size)
    Path("file").write_bytes(data)
    assert succeeds(mhddq.file_read, "file", True)["data"] == data


def test_bytes_read_are_as_good_as_any():
    data = random.Random(0).randbytes(1 << 20)
    Path("file").write_bytes(data)
    read = succeeds(mhddq.file_read, "file", True)["data"]
    assert hash(read) == hash(data)
    assert {data: 1}[read] == 1
    assert read + b"x" == data + b"x"
    assert len(read) == len(data)


@pytest.mark.parametrize(
    "name", ["/proc/version", "/proc/cpuinfo", "/proc/filesystems", "/proc/kallsyms"]
)
def test_files_of_size_0_that_have_content_are_read(name):
    if not os.path.exists(name):
        pytest.skip("not on this system")
    before = Path(name).read_bytes()
    read = succeeds(mhddq.file_read, name, True)["data"]
    assert read
    if name != "/proc/cpuinfo":  # the others change when the kernel loads something
        assert read in (before, Path(name).read_bytes())


def test_a_process_reads_its_own_maps():
    data = succeeds(mhddq.file_read, "/proc/self/maps")["data"]
    assert "[stack]" in data
    assert data.endswith("\n")


def test_files_shorter_than_their_size_are_read():
    names = ["/sys/kernel/mm/transparent_hugepage/enabled", "/sys/devices/system/cpu/online"]
    for name in (n for n in names if os.path.exists(n)):
        assert succeeds(mhddq.file_read, name)["data"] == read_text(name)


def flags_of_mapping(address: int) -> list[str]:
    inside = False
    with open("/proc/self/smaps", encoding="ascii", errors="replace") as maps:
        for line in maps:
            if line.startswith("VmFlags:"):
                if inside:
                    return line.split()[1:]
            elif ":" not in line.split()[0]:  # "from-to rwxp ..."
                first, end = (int(n, 16) for n in line.split()[0].split("-"))
                inside = first <= address < end
    return []


def huge_pages_can_be_asked_for() -> bool:
    if not hasattr(mmap, "MADV_HUGEPAGE"):
        return False
    with mmap.mmap(-1, 4 << 20) as memory:
        try:
            memory.madvise(mmap.MADV_HUGEPAGE)
        except OSError:
            return False
        return "hg" in flags_of_mapping(ctypes.addressof(ctypes.c_char.from_buffer(memory)))


def test_very_large_results_ask_for_huge_pages():
    if not huge_pages_can_be_asked_for():
        pytest.skip("this kernel gives no huge pages, or an emulator does not pass the wish on")
    uncopied = mhddq.stats()["large_reads_uncopied"]
    make_sparse("file", 64 << 20)
    data = succeeds(mhddq.file_read, "file", True)["data"]
    if mhddq.stats()["large_reads_uncopied"] == uncopied:
        pytest.skip("this interpreter's results are copies, in memory of its own")
    assert "hg" in flags_of_mapping(id(data) + len(data) // 2)


@pytest.mark.slow
def test_files_beyond_2_gib_are_read_and_copied_whole():
    size = 3 << 30  # one system call moves 2,147,479,552 bytes at most
    make_sparse("file", size)
    succeeds(mhddq.file_copy, "file", "copy", timeout=100)
    data = succeeds(mhddq.file_read, "copy", True, timeout=100)["data"]
    assert len(data) == os.stat("copy").st_size == size
    with open("file", "rb") as file:
        for at in range(0, size, 16 << 20):
            assert data[at : at + (16 << 20)] == file.read(16 << 20)
