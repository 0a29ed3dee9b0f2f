"""What the README and the guide say: their programs run, their tables agree with the code."""

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import mhddq
from mhddq import _ops, _settings

ROOT = Path(__file__).resolve().parent.parent
PAGES = ("README.md", "docs/guide.md")
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def text_of(page):
    return (ROOT / page).read_text(encoding="utf-8")


def programs():
    for page in PAGES:
        text = text_of(page)
        for found in BLOCK.finditer(text):
            line = text.count("\n", 0, found.start()) + 2
            yield pytest.param(found.group(1), id=f"{page}:{line}")


def rows(text, heading):
    """The cells of the table whose first line starts with `heading`."""
    lines = iter(text.splitlines())
    for line in lines:
        if line.startswith(heading):
            break
    next(lines)
    for line in lines:
        if not line.startswith("|"):
            return
        yield [cell.strip() for cell in line.strip("|").split("|")]


def code(cell):
    return re.findall(r"`([^`]+)`", cell)


@pytest.mark.parametrize("program", list(programs()))
def test_a_program_runs(program, tmp_path):
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")


def test_the_readmes_program_prints_what_is_said():
    program = next(programs()).values[0]
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd="/",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.stdout == "./file.txt exists: False\n" * 3


def test_the_readmes_table_of_operations():
    described = {
        code(function)[0]: code(parameters)[0]
        for function, parameters, _ in rows(text_of("README.md"), "| function | parameters after")
    }
    assert described == {
        name: ", ".join(
            p.name if p.default is p.empty else f"{p.name}={p.default!r}"
            for p in inspect.signature(definition).parameters.values()
        )
        for name, definition in _ops.OPERATIONS.items()
    }


def test_the_readmes_table_of_settings():
    described = [
        (code(variable)[0], int(default), *map(int, between.split(" to ")))
        for variable, _, default, between in rows(text_of("README.md"), "| variable |")
    ]
    assert described == [tuple(setting) for setting in _settings.SETTINGS.values()]


def test_the_guides_table_of_counters():
    described = [
        name
        for keys, _ in rows(text_of("docs/guide.md"), "| key | counts |")
        for name in code(keys)
    ]
    assert sorted(described) == sorted(mhddq.stats())


def test_links_between_the_pages_lead_somewhere():
    for page in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/guide.md", "docs/design.md"):
        text = text_of(page)
        anchors = {
            re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
            for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE)
        }
        for target in re.findall(r"\]\(([^)]+)\)", text):
            if target.startswith("#"):
                assert target[1:] in anchors, f"{page}: {target}"
            elif not target.startswith("https://"):
                assert ((ROOT / page).parent / target).exists(), f"{page}: {target}"
