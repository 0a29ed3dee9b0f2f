"""A real tree: the running interpreter's own standard library, thousands of files."""

from __future__ import annotations

import filecmp
import hashlib
import os
import stat
import sys
import sysconfig
from pathlib import Path

import pytest
from helpers import Outcome, settle

import mhddq

LIBRARY = Path(sysconfig.get_path("stdlib"))


def walk(top: Path):
    """os.walk, without the packages that are installed beside the library."""
    for path, folders, files in os.walk(top):
        if Path(path) == top:
            folders[:] = [f for f in folders if f not in ("site-packages", "dist-packages")]
        yield path, folders, files


@pytest.fixture(autouse=True)
def library_at_rest(monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)


@pytest.fixture(scope="module")
def files() -> list[str]:
    found = [os.path.join(path, name) for path, _, names in walk(LIBRARY) for name in names]
    return [name for name in found if os.path.isfile(name)]


def digest(data: bytes) -> bytes:
    return hashlib.blake2b(data).digest()


class Digests(Outcome):
    """Keeps the digests of what was read, for the data would take too much memory."""

    def __call__(self, args):
        output = args["output"]
        if "data" in output:
            data = output["data"]
            raw = data.encode() if isinstance(data, str) else data
            output["data"] = digest(raw)
        super().__call__(args)


def scanned(path: str) -> list[dict[str, str]]:
    with os.scandir(path) as entries:
        return [{"name": e.name, "type": "directory" if e.is_dir() else "file"} for e in entries]


def test_the_library_is_a_large_tree(files):
    assert len(files) > 900


def test_contents_at_every_level_are_those_of_scandir(outcome):
    paths = [path for path, _, _ in walk(LIBRARY)]
    for path in paths:
        assert mhddq.directory_contents(outcome, path)
    for path, args in zip(paths, outcome.wait(len(paths)), strict=True):
        assert args["params"]["dirname"] is path
        assert args["output"]["contents"] == scanned(path)


def test_every_file_is_read_as_it_is(files):
    outcome = Digests()
    for name in files:
        assert mhddq.file_read(outcome, name, True)
    for name, args in zip(files, outcome.wait(len(files), 60), strict=True):
        assert args["params"]["filename"] is name
        assert args["output"]["data"] == digest(Path(name).read_bytes()), name


def as_text(name: str) -> bytes | str:
    try:
        with open(name, encoding="utf-8") as file:
            return digest(file.read().encode())
    except UnicodeDecodeError as error:
        error.reason += f"; {name!r} is not UTF-8 text: with binary=True its bytes are read"
        return str(error)


def test_every_file_is_read_as_text_where_it_is_text(files):
    names = [name for name in files if not name.endswith((".pyc", ".so", ".a"))]
    outcome = Digests()
    oplist = mhddq.create_empty_oplist()
    for name in names:
        mhddq.oplist_file_read(oplist, outcome, name)
    assert mhddq.enqueue_oplist(oplist)
    differ = []
    for name, args in zip(names, outcome.wait(len(names), 60), strict=True):
        expected = as_text(name)
        if args["output"] != {"data" if args["result"] else "exception": expected}:
            differ.append((name, args["output"], expected))
    assert differ == []


def assert_same(source: str, copy: str) -> None:
    before, after = os.lstat(source), os.lstat(copy)
    assert after.st_mode == before.st_mode, source
    assert after.st_mtime_ns == before.st_mtime_ns, source
    if stat.S_ISLNK(before.st_mode):
        assert os.readlink(copy) == os.readlink(source)
    elif stat.S_ISREG(before.st_mode):
        assert filecmp.cmp(source, copy, shallow=False), source


def assert_same_trees(source: Path, copy: Path) -> int:
    count = 0
    for path, folders, files in os.walk(source):
        twin = os.path.join(copy, os.path.relpath(path, source))
        assert sorted(os.listdir(twin)) == sorted(folders + files)
        assert_same(path, twin)
        for name in files:
            assert_same(os.path.join(path, name), os.path.join(twin, name))
        count += 1 + len(files)
    return count


def test_a_copy_of_the_library_equals_it_and_is_deleted_alone(tmp_path, outcome):
    top = [f for _, folders, _ in list(walk(LIBRARY))[:1] for f in folders]
    copy, sibling = tmp_path / "copy", tmp_path / "sibling"
    sibling.mkdir()
    (sibling / "canary").write_text("alive")
    copy.mkdir()
    (copy / "asyncio-link").symlink_to(LIBRARY / "asyncio")
    oplist = mhddq.create_empty_oplist()
    for folder in top:
        mhddq.oplist_directory_copy(oplist, outcome, str(LIBRARY / folder), str(copy / folder))
    assert mhddq.enqueue_oplist(oplist)
    outputs = [args["output"] for args in outcome.wait(len(top), 90)]
    assert outputs == [{}] * len(top)
    assert sorted(os.listdir(copy)) == sorted([*top, "asyncio-link"])
    assert sum(assert_same_trees(LIBRARY / f, copy / f) for f in top) > 1000
    before = len(os.listdir(LIBRARY / "asyncio"))
    assert mhddq.directory_delete(outcome, str(copy))
    assert outcome.wait(len(top) + 1)[-1]["result"] is True
    settle()
    assert os.listdir(tmp_path) == ["sibling"]
    assert (sibling / "canary").read_text() == "alive"
    assert len(os.listdir(LIBRARY / "asyncio")) == before
