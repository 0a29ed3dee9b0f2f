"""The files that the tests of single operations work with: names, one of everything, trees.

conftest.py makes fixtures of ``one_of_everything`` and ``two_trees``.
"""

from __future__ import annotations

import hashlib
import os
import random
import socket
from pathlib import Path

import pytest
from helpers import must_equal, under_wine

LONGEST = "n" * 255
TOO_LONG = "n" * 256
NUL = "embedded null byte"
NOT_UTF8 = "not-utf-8-\udcff"
ODD = [
    pytest.param(NOT_UTF8, marks=pytest.mark.not_wine("keeps names as UTF-8")),
    pytest.param(b"bytes\xff", marks=pytest.mark.posix("names that are no text")),
]
# Paths where there is nothing, no directory and no file.
MISSING = ["missing", "file/below", "missing/below", "loop/below", TOO_LONG, ""]
MISSING_FILES = [*MISSING[:3], "loop", *MISSING[3:]]
NO_DIRECTORY = ["file", "fifo", "dangling", "link-to-file"]

NEWLINES = ["", "\n", "\r", "\r\n", "a\nb\rc\r\nd", "\r\r\n\n\r", "a\r", "\r\na", "ä\r\nö\r名"]


def make_socket(name: str) -> None:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(name)
    listener.close()


def one_of_everything() -> None:
    """Makes one thing of every kind in the working directory."""
    Path("file").write_text("content")
    Path("directory").mkdir()
    Path("full").mkdir()
    Path("full/file").write_text("taken")
    if os.name != "posix":  # tests of what follows are skipped: conftest.py
        return
    Path("link").symlink_to("file")
    Path("link-to-directory").symlink_to("directory")
    Path("dangling").symlink_to("nowhere")
    Path("loop").symlink_to("loop")
    os.mkfifo("fifo")
    make_socket("socket")


def two_trees() -> None:
    """Makes two trees, an empty directory, a file, and links in the working directory."""
    for name in ("tree", "full"):
        Path(name).mkdir()
        fill(Path(name))
    Path("directory").mkdir()
    Path("file").write_text("content")
    if os.name != "posix":
        return
    Path("link").symlink_to("tree")
    Path("link-to-file").symlink_to("file")
    Path("dangling").symlink_to("nowhere")
    Path("loop").symlink_to("loop")
    os.mkfifo("fifo")


def fill(top: Path) -> None:
    """Fills a directory with entries of every kind."""
    (top / "sub" / "deeper").mkdir(parents=True)
    (top / "empty").mkdir()
    (top / "text").write_text("content")
    (top / "sub" / "data").write_bytes(bytes(range(256)) * 300)
    (top / "sub" / "deeper" / "näme").write_text("x")
    if not under_wine():  # which keeps names as UTF-8
        (top / NOT_UTF8).write_text("y")
    (top / LONGEST).write_text("z")
    if os.name != "posix":  # tests of what follows are skipped: conftest.py
        return
    (top / "link").symlink_to("text")
    (top / "link-up").symlink_to("..")
    (top / "link-to-directory").symlink_to("sub")
    (top / "dangling").symlink_to("nowhere")
    os.mkfifo(top / "fifo")
    where = os.getcwd()
    os.chdir(top)
    make_socket("socket")
    os.chdir(where)


def set_metadata(top: Path) -> None:
    """Sets modes and times that a new tree would not have, from the bottom up."""
    moment = 1_000_000_000_000_000_001
    for path, _, files in os.walk(top, topdown=False):
        for name in [*files, ""]:
            entry = os.path.join(path, name)
            if os.path.islink(entry.rstrip("/")):
                os.utime(entry, ns=(moment, moment), follow_symlinks=False)
            else:
                os.chmod(entry, 0o750 if name == "" else 0o640)
                os.utime(entry, ns=(moment, moment))
            moment += 1_111_111_111


def metadata_of(top: Path) -> dict[str, tuple[int, int]]:
    """Mode and modification time of every entry and of the top itself."""
    entries = [os.path.join(p, n) for p, folders, files in os.walk(top) for n in folders + files]
    found = {}
    for entry in [str(top), *entries]:
        status = os.lstat(entry)
        found[os.path.relpath(entry, top)] = (status.st_mode, status.st_mtime_ns)
    return found


def file_with_metadata(path: Path) -> os.stat_result:
    """Makes a file with all the metadata that a copy keeps."""
    path.write_bytes(random.Random(1).randbytes(300_000))
    path.chmod(0o640)
    os.utime(path, ns=(1_000_000_000_123_456_789, 1_111_111_111_987_654_321))
    return path.stat()


def assert_same_metadata(path: Path, before: os.stat_result) -> None:
    after = path.stat()
    fields = ["st_size", "st_mode", "st_mtime_ns", "st_atime_ns"]
    if under_wine():  # which leaves times of access as they are
        fields.remove("st_atime_ns")
    for field in fields:
        must_equal(getattr(after, field), getattr(before, field), field)


def read_text(name: str) -> str:
    with open(name, encoding="utf-8") as file:
        return file.read()


def make_sparse(name: str, size: int) -> None:
    with open(name, "wb") as file:
        for at in (0, size // 2, size - 70_000):
            file.seek(at)
            file.write(b"data" * 1024)
        file.truncate(size)


def digest(name: str) -> str:
    with open(name, "rb") as file:
        hashed = hashlib.sha256()
        while block := file.read(1 << 20):
            hashed.update(block)
        return hashed.hexdigest()
