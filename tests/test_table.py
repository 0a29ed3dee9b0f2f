"""The table of operations: each is bound to the core by its name, and the import checks that."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import PATIENCE

import mhddq
from mhddq import _binding, _core

KEYS = {
    "nothing": "{}",
    "exists": "{'exists'",
    "data": "{'data'",
    "contents": "{'contents'",
    "file": "{'file'",
    "length": "{'length'",
    "stat": "{'stat'",
    "target": "{'target'",
    "usage": "{'total'",
    "entries": "{'entries'",
}


def test_every_operation_of_the_core_has_a_row_and_a_function():
    assert set(_binding.OPERATIONS) == set(_core.OPERATIONS)
    for name in _binding.OPERATIONS:
        assert getattr(mhddq, name).__name__ == name


@pytest.mark.skipif(sys.flags.optimize > 1, reason="without docstrings")
@pytest.mark.parametrize("name", _binding.OPERATIONS)
def test_the_docstring_names_what_the_row_gives(name):
    found = re.search(r"^ *Output: (.*)$", _binding.OPERATIONS[name].__doc__ or "", re.MULTILINE)
    assert found
    assert found[1].startswith(KEYS[_binding.GIVES[name]])


@pytest.fixture
def changed(tmp_path):
    """Imports a copy of the installed package with one change; the text that it prints."""
    package = tmp_path / "mhddq"
    ours = Path(mhddq.__file__).parent
    core = Path(_core.__file__)
    shutil.copytree(ours, package, ignore=shutil.ignore_patterns("__pycache__", "*.so", "*.pyd"))
    shutil.copy(core, package / core.name)

    def imported(before: str, after: str) -> str:
        table = package / "_ops.py"
        text = table.read_text(encoding="utf-8")
        assert before in text
        table.write_text(text.replace(before, after), encoding="utf-8")
        program = "import sys; sys.path.insert(0, sys.argv[1]); import mhddq; print('imported')"
        run = [sys.executable, "-I", "-S", "-c", program, str(tmp_path)]
        ended = subprocess.run(
            run, capture_output=True, text=True, check=False, timeout=60 * PATIENCE
        )
        return ended.stdout + ended.stderr

    return imported


def test_an_unchanged_table_is_imported(changed):
    assert changed("check()", "check()") == "imported\n"


def test_an_operation_that_the_core_lacks_is_named(changed):
    shown = changed("def file_exists(", "def file_invented(")
    assert "ImportError: mhddq's Python files and its compiled core are not of one build" in shown
    assert "the core (MHQ_OPS in csrc/op.h) has no operation 'file_invented'" in shown
    assert "the table (mhddq/_ops.py) has no operation 'file_exists'" in shown


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ('"exists", seed', '"riches", seed', "'file_exists' gives 'riches', which the bridge"),
        ("filename: File, binary", "filename: Place, binary", "'filename' of 'file_read' is anno"),
        ("binary: Flag = False", "winged: Flag = False", "(MHQ_FLAGS in csrc/op.h) has no flag"),
        ("binary: Flag = False", "weight: Number = 0", "(MHQ_NUMBERS in csrc/op.h) has no number"),
        ("sync: Flag = False", "sync: Flag", "is keyword-only and has no default"),
    ],
)
def test_what_a_row_cannot_be_bound_to_is_named(changed, before, after, fault):
    assert fault in changed(before, after)


@pytest.mark.parametrize("options", [["-O"], ["-OO"]])
def test_the_import_does_without_docstrings(options, tmp_path):
    program = "import inspect, mhddq; print(inspect.signature(mhddq.file_read))"
    shown = subprocess.check_output(
        [sys.executable, *options, "-c", program],
        cwd=tmp_path,
        text=True,
        timeout=60 * PATIENCE,
    )
    assert shown == "(callback, filename, binary=False, *, offset=0, length=None, control=None)\n"
