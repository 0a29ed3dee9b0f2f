"""docs/guarantees.md: each test, file and session that a promise names exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8")
TESTS = sorted(set(re.findall(r"tests/\w+\.py::\w+", PAGE)))
FILES = sorted(set(re.findall(r"(?:csrc/test|tests|model)/[\w/]+\.\w+", PAGE)))

pytestmark = pytest.mark.skipif(
    not (ROOT / "noxfile.py").exists(), reason="these files are only in a checkout"
)


def functions_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("test", TESTS)
def test_each_named_test_exists(test):
    file, name = test.split("::")
    assert name.startswith("test_")
    assert name in functions_of(ROOT / file)


@pytest.mark.parametrize("file", FILES)
def test_each_named_file_exists(file):
    assert (ROOT / file).is_file()


def test_all_named_sessions_exist():
    named = set(re.findall(r"nox -s (\w+)", PAGE))
    assert named <= functions_of(ROOT / "noxfile.py")


def test_every_promise_names_what_proves_it():
    """Promises are the items of the lists above the section on how to run the tests."""
    promises = re.split(r"^- ", PAGE.partition("## Running the tests")[0], flags=re.MULTILINE)[1:]
    assert len(promises) > 30
    for promise in promises:
        item = promise.partition("\n#")[0]
        assert re.search(r"`(tests|csrc/test|model)/[\w/]+\.\w+|`nox -s \w+", item), item
