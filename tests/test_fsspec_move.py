"""fsspec's own abstract tests of moving, which ask for the file system of local files."""

from __future__ import annotations

import os

import pytest

pytest.importorskip("fsspec", reason="fsspec is not installed: mhddq[fsspec]")

import fsspec
from fsspec.tests.abstract import mv

from mhddq.fsspec import MhddqFileSystem

as_root = pytest.mark.skipif(
    hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write everywhere"
)


@pytest.fixture(autouse=True)
def in_place(monkeypatch):
    monkeypatch.setattr(fsspec, "filesystem", lambda _protocol: MhddqFileSystem())


test_move_raises_error_with_tmpdir = mv.test_move_raises_error_with_tmpdir
test_move_raises_error_with_tmpdir_permission = as_root(
    mv.test_move_raises_error_with_tmpdir_permission
)
