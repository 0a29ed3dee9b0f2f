"""Adding an operation takes the four steps that CONTRIBUTING.md shows. The tests take these steps
in a copy of the sources, with the code that the page shows, then build the copy and use it. They
need Cython and a C compiler."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from helpers import PATIENCE

ROOT = Path(__file__).resolve().parent.parent

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (ROOT / "setup.py").exists(), reason="the sources are only in a checkout"
    ),
    pytest.mark.skipif(
        not (importlib.util.find_spec("Cython") and importlib.util.find_spec("setuptools")),
        reason="Cython or setuptools is not installed; the session `adding` has both",
    ),
]

USE = """\
import inspect, pathlib, pickle, sys
import mhddq

def head(*arguments, **keywords):
    collected = []
    must(mhddq.file_head(collected.append, *arguments, **keywords))
    while not collected:
        pass
    args = collected[0]
    must(args["action"] == "file_head" and args["result"] is True, args)
    passed = {"callback": collected.append, "filename": arguments[0], "binary": False}
    must(set(args["params"]) == {*passed, *keywords}, args)
    return args["output"]["data"]

def must(true, *what):
    if not true:
        raise SystemExit(f"not so: {what}")

def raises(error, *arguments, **keywords):
    try:
        mhddq.file_head(None, *arguments, **keywords)
    except TypeError as raised:
        must(str(raised) == error, raised)
    else:
        must(False, error)

file = pathlib.Path(sys.argv[1])
file.write_text("0123456789")
STEPS
raises("length must be int or None, not 'str'", "a", length="b")
raises("backwards must be True or False, not 'str'", "a", backwards="b")
raises("file_head() takes 3 positional arguments but 4 were given", "a", False, 1)
raises("file_head() got an unexpected keyword argument 'nonsense'", "a", nonsense=1)
collected = []
mhddq.file_head(collected.append, str(file), length=10**30)
mhddq.shutdown()
must(collected[0]["output"]["exception"] == "length is beyond 64 bits", collected)
must(collected[0]["params"]["length"] == 10**30)
must(not hasattr(mhddq, "oplist_file_head"))
must("file_head" in mhddq.__all__ and pickle.loads(pickle.dumps(mhddq.file_head)))
must(mhddq.file_head.__doc__.startswith("Reads the beginning of a file."))
signature = "(callback, filename, binary=False, *, length=None, backwards=False, control=None)"
must(str(inspect.signature(mhddq.file_head)) == signature, mhddq.file_head)
print("used")
"""


def steps() -> list[str]:
    """The blocks of code of that section, without their indentation."""
    section = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("## Adding an op")[2]
    section = section.partition("\n## ")[0]
    found = re.findall(r"^( *)```text\n((?s:.*?))^\1```$", section, re.MULTILINE)
    return [textwrap.dedent(block) for _, block in found]


def add(path: Path, row: str, table: str) -> None:
    """Adds a row to an X macro, before the other rows."""
    text = path.read_text(encoding="utf-8")
    head = f"#define {table}(X)"
    assert head in text
    path.write_text(text.replace(head, f"{head} {row.strip()}", 1), encoding="utf-8")


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The sources with the sample operation in them, built in place."""
    copy = tmp_path_factory.mktemp("sources")
    for name in ("csrc", "mhddq", "tools"):
        ignored = shutil.ignore_patterns("*.so", "*.pyd", "__pycache__")
        shutil.copytree(ROOT / name, copy / name, ignore=ignored)
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy / name)
    row, flag, definition, primitive, _ = steps()
    add(copy / "csrc/op.h", row, "MHQ_OPS")
    add(copy / "csrc/op.h", flag, "MHQ_FLAGS")
    (copy / "csrc/fs/head.c").write_text(primitive, encoding="utf-8")
    table = copy / "mhddq/_ops.py"
    text = table.read_text(encoding="utf-8")
    before, check, _ = text.rpartition("\ncheck()\n")
    assert check
    text = before.replace("import Data, Flag, Path", "import Data, Flag, Number, Path")
    table.write_text(f"{text}\n{definition}\n{check}", encoding="utf-8")
    run("setup.py", "build_ext", "--inplace", cwd=copy)
    return copy


def run(*command: str | Path, cwd: Path) -> str:
    environment = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}
    ended = subprocess.run(
        [sys.executable, *command],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300 * PATIENCE,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_the_sample_operation_can_be_used(copy, tmp_path):
    program = copy / "use.py"
    program.write_text(USE.replace("STEPS", steps()[-1].strip()), encoding="utf-8")
    assert run(program, tmp_path / "file", cwd=copy) == "used\n"


def test_the_stub_and_the_types_have_it(copy):
    make = "import runpy, sys; sys.path.insert(0, '.'); sys.argv = ['x']; "
    make += "runpy.run_path('tools/make_stub.py', run_name='made')['main']()"
    run("-c", make, cwd=copy)
    stub = (copy / "mhddq/__init__.pyi").read_text(encoding="utf-8")
    assert "def file_head(" in stub
    assert "length: int | None = None" in stub
    types = (copy / "mhddq/types.py").read_text(encoding="utf-8")
    head = "class FileHeadParams(_FileHeadParams, total=False):\n    control: Any\n"
    assert f"{head}    length: int | None\n" in types
