"""fsspec's own abstract tests, which come with it, of mhddq's file system."""

from __future__ import annotations

import pytest

pytest.importorskip("fsspec", reason="fsspec is not installed: mhddq[fsspec]")

import fsspec
from fsspec.implementations.local import make_path_posix
from fsspec.tests import abstract


class Fixtures(abstract.AbstractFixtures):
    @pytest.fixture
    def fs(self):
        return fsspec.filesystem("mhddq", auto_mkdir=True)

    @pytest.fixture
    def fs_path(self, tmp_path):
        return str(tmp_path)

    @pytest.fixture
    def fs_sanitize_path(self):
        return make_path_posix


class TestCopy(abstract.AbstractCopyTests, Fixtures):
    pass


class TestGet(abstract.AbstractGetTests, Fixtures):
    pass


class TestPut(abstract.AbstractPutTests, Fixtures):
    pass


class TestOpen(abstract.AbstractOpenTests, Fixtures):
    pass


class TestPipe(abstract.AbstractPipeTests, Fixtures):
    pass
