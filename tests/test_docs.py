"""The README and the pages of docs: every block of code runs and prints what the page shows, the
tables agree with the code, and links lead to something that exists.

The first line of a block shows its kind:
  python   a program: it must end with status 0 and a silent stderr
  pycon    a session with the interpreter: all those of a page run as one doctest
  sh       commands: they must parse, and name sessions, scripts and modules that exist
  text     any text. After a paragraph that ends in "prints:" it is the output of the program above
  {...}    a directive of Sphinx: `nox -s docs` checks it
"""

import ast
import importlib.util
import inspect
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from helpers import DEADLINE

import mhddq
from mhddq import _binding, _settings

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted(
    page.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/**/*.md", "bench/*.md", "model/*.md")
    for page in ROOT.glob(pattern)
)
FENCE = re.compile(r"^(`{3,})(.*)\n((?s:.*?))^\1$", re.MULTILINE)
KINDS = ("python", "pycon", "sh", "text")

in_a_checkout = pytest.mark.skipif(
    not (ROOT / "noxfile.py").exists(), reason="these files are only in a checkout"
)
has_bash = pytest.mark.skipif(not shutil.which("bash"), reason="no bash to read the commands")


class Block(NamedTuple):
    page: str
    line: int
    kind: str
    text: str
    prints: str | None  # the output that the page shows below a program

    @property
    def name(self):
        return f"{self.page}:{self.line}"


def text_of(page):
    return (ROOT / page).read_text(encoding="utf-8")


def blocks_of(page):
    text = text_of(page)
    blocks = []
    for found in FENCE.finditer(text):
        kind, inside = found[2].strip(), found[3]
        before = text[: found.start()].rstrip()
        if kind == "text" and before.endswith("prints:"):
            program = blocks.pop()
            assert program.kind == "python", f"{program.name}: nothing that could print"
            blocks.append(program._replace(prints=inside))
        else:
            line = text.count("\n", 0, found.start()) + 2
            blocks.append(Block(page, line, kind, inside, None))
    return blocks


BLOCKS = [block for page in PAGES for block in blocks_of(page)]


def of_kind(kind):
    return [pytest.param(block, id=block.name) for block in BLOCKS if block.kind == kind]


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


def ran(*arguments, cwd):
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=2 * DEADLINE,
        check=False,
    )


# ---- blocks of code ----


def test_every_block_has_its_kind():
    unknown = [
        b.name for b in BLOCKS if b.kind not in KINDS and not re.match(r"\{[\w-]+\}", b.kind)
    ]
    assert unknown == []


# What a program of the docs may import that is not installed with mhddq.
OPTIONAL = {"dask", "distributed", "fsspec", "pandas", "pyarrow", "zarr"}


def lacks(program):
    """Of the optional packages that a program imports, one that is not installed here."""
    named = re.findall(r"^\s*(?:import|from) (?:mhddq\.(?=fsspec))?(\w+)", program, re.MULTILINE)
    lacking = [name for name in OPTIONAL.intersection(named) if not importlib.util.find_spec(name)]
    return next(iter(lacking), None)


POSIX_WORDS = re.compile(r"\[Errno|No such file").search  # Windows says it in its own


@pytest.mark.parametrize("block", of_kind("python"))
def test_a_program_runs_and_prints_what_is_said(block, tmp_path, tally):
    if lacking := lacks(block.text):
        pytest.skip(f"{lacking} is not installed")
    ended = ran("-c", block.text, cwd=tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")
    if block.prints is not None and not (sys.platform == "win32" and POSIX_WORDS(block.prints)):
        assert ended.stdout == block.prints
    tally("blocks of code in README and docs", "programs run")


@pytest.mark.parametrize("page", sorted({b.page for b in BLOCKS if b.kind == "pycon"}))
def test_a_session_goes_as_shown(page, tmp_path, tally):
    sessions = [b for b in BLOCKS if b.page == page and b.kind == "pycon"]
    session = tmp_path / "session.txt"
    session.write_text("\n".join(b.text for b in sessions), encoding="utf-8")
    ended = ran("-m", "doctest", "-o", "ELLIPSIS", str(session), cwd=tmp_path)
    assert (ended.returncode, ended.stdout) == (0, "")
    tally("blocks of code in README and docs", "sessions run", len(sessions))


def commands_of(block):
    """The words of each command, without assignments before it and redirections after it."""
    for line in block.text.splitlines():
        for command in re.split(r"&&|\|", line):
            words = shlex.split(command.partition(" < ")[0], comments=True)
            while words and re.match(r"\w+=", words[0]):
                words = words[1:]
            if words:
                yield words


def sessions_of_nox():
    tree = ast.parse(text_of("noxfile.py"))
    return {
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and "nox.session" in ast.unparse(node.decorator_list)
    }


@in_a_checkout
@has_bash
@pytest.mark.parametrize("block", of_kind("sh"))
def test_a_command_is_one_that_exists(block, tally):
    parsed = subprocess.run(
        ["bash", "-n"], input=block.text, capture_output=True, text=True, check=False
    )
    assert (parsed.returncode, parsed.stderr) == (0, "")
    for program, *arguments in commands_of(block):
        words = [*arguments, ""]
        if program == "nox":
            assert words[0] == "-l" or words[1] in sessions_of_nox()
        elif Path(program).name.startswith("python"):
            if words[0] == "-m":
                assert importlib.util.find_spec(words[1])
            elif words[0] == "-c":
                ast.parse(words[1])
            else:
                assert (ROOT / words[0]).is_file()
        elif "/" in program and not program.startswith(".venv/bin/"):
            assert (ROOT / program).is_file()
        else:
            assert Path(program).name in {"pip", "pytest", "mhddq", "sphinx-build"}
    tally("blocks of code in README and docs", "blocks of commands checked")


# ---- tables ----


def signature_of(name):
    """The signature as the table shows it: without callback, control and annotations."""
    parameters = list(inspect.signature(getattr(mhddq, name)).parameters.values())
    assert parameters[-1].name == "control"
    return str(inspect.Signature(parameters[1:-1]))[1:-1]


def test_the_readmes_table_of_operations():
    described = {
        code(function)[0]: code(parameters)[0]
        for function, parameters, _ in rows(text_of("README.md"), "| function | parameters after")
    }
    assert described == {name: signature_of(name) for name in _binding.OPERATIONS}


def test_the_readmes_table_of_settings():
    described = [
        (code(variable)[0], int(default), *map(int, between.split(" to ")))
        for variable, _, default, between in rows(text_of("README.md"), "| variable |")
    ]
    assert described == [tuple(setting) for setting in _settings.SETTINGS.values()]


def test_the_readmes_table_of_platforms():
    assert list(rows(text_of("README.md"), "| platform |")) == list(
        rows(text_of("docs/platforms.md"), "| platform |")
    )


def test_the_reference_has_every_public_name():
    reference = "".join(text_of(page) for page in PAGES if page.startswith("docs/reference/"))
    described = re.findall(r"^\.\. auto(?:function|class):: (\w+)$", reference, re.MULTILINE)
    assert sorted(described) == sorted(mhddq.__all__)


@in_a_checkout
@pytest.mark.skipif(sys.flags.optimize > 1, reason="without docstrings")
def test_a_backslash_in_a_docstring_is_shown_in_the_reference():
    """In reST a backslash is an escape: '\\n' is shown as 'n' unless the backslash is doubled."""
    spec = importlib.util.spec_from_file_location("conf", ROOT / "docs" / "conf.py")
    conf = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(conf)
    lines = inspect.getdoc(mhddq.file_read).split("\n")
    assert any(r"'\n'" in line for line in lines)
    conf.as_fields(None, "function", "mhddq.file_read", mhddq.file_read, None, lines)
    assert any(r"'\\n'" in line for line in lines)


# ---- paths ----


@in_a_checkout
@pytest.mark.parametrize("page", PAGES)
def test_a_file_that_is_named_by_its_path_exists(page):
    named = re.findall(
        r"`((?:csrc|mhddq|tests|tools|bench|model|examples)/[\w./]*(?:\.\w+|/))`", text_of(page)
    )
    assert [path for path in named if not (ROOT / path).exists()] == []


@in_a_checkout
def test_where_things_are_names_every_file_of_the_library():
    """Each row of the table names folders, and in its last two cells files of these folders."""
    text = text_of("docs/design.md").partition("## Where things are")[2]
    missing = []
    for folders, _, files in rows(text, "| folder | what is there |"):
        for folder in code(folders):
            inside = [path for path in (ROOT / folder).iterdir() if path.is_file()]
            stems = {p.stem for p in inside if re.fullmatch(r"\.(c|h|pxi|py)", p.suffix)}
            missing += [f"{folder}{stem}" for stem in stems - {"__init__", "sources", *code(files)}]
    assert missing == []


# ---- links ----


def anchors_of(page):
    headings = re.findall(r"^#+ (.*)$", FENCE.sub("", text_of(page)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@in_a_checkout
@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)]+)\)", FENCE.sub("", text_of(page))):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        led_to = ((ROOT / page).parent / path).resolve() if path else ROOT / page
        assert led_to.exists(), target
        if anchor:
            assert anchor in anchors_of(led_to.relative_to(ROOT)), target
