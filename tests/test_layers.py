"""tools/check_layers.py accepts this tree, and finds each kind of fault in a small one."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TOOL = ROOT / "tools" / "check_layers.py"

pytestmark = pytest.mark.skipif(not TOOL.exists(), reason="the tool is only in a checkout")

# A small tree without a fault.
RIGHT = {
    "csrc/op.h": "#ifndef MHQ_OP_H\n#define MHQ_OP_H\n#endif\n",
    "csrc/mhq.h": '#include "op.h"\n',
    "csrc/sys/sys.h": "",
    "csrc/sys/linux.c": '#include "sys/sys.h"\n',
    "csrc/sys/calls.h": '#ifdef _WIN32\n#include "sys/calls_win.h"\n#endif\n',
    "csrc/sys/calls_win.h": "",
    "csrc/scout/scout.h": '#include "op.h"\n#include "sys/sys.h"\n',
    "csrc/fs/fs.h": '#include "op.h"\n',
    "csrc/fs/fs.c": '#include "fs/fs.h"\n',
    "csrc/fs/posix/io.h": '#include "fs/fs.h"\n',
    "csrc/fs/posix/io.c": '#include "fs/posix/io.h"\n',
    "csrc/fs/linux/copy.c": '#include "fs/posix/io.h"\n',
    "csrc/fs/win/io.h": "",
    "csrc/core/ring.h": '#include "sys/sys.h"\n',
    "csrc/core/engine.c": '#include "mhq.h"\n#include "core/ring.h"\n#include "fs/fs.h"\n',
    "csrc/test/test_ring.c": '#include "core/ring.h"\n',
    "mhddq/_mhq.pxd": 'cdef extern from "mhq.h" nogil:\n    pass\n',
    "mhddq/__init__.py": "from mhddq._ops import file_read\n",
    "mhddq/_ops.py": "import mhddq._settings\nif TYPE_CHECKING:\n    import mhddq\n",
    "mhddq/_settings.py": "",
    "mhddq/cli/__init__.py": "from mhddq.cli import _demo\n",
    "mhddq/cli/_demo.py": "from mhddq.cli import _text\n",
    "mhddq/cli/_text.py": "",
}
# Faults: the file, its text, and a part of the message.
WRONG = [
    ("csrc/sys/sys.h", '#include "fs/fs.h"\n', "sys is not above fs"),
    ("csrc/sys/sys.h", '#include "op.h"\n', "sys is not above op.h"),
    ("csrc/fs/fs.c", '#include "core/ring.h"\n', "fs is not above core"),
    ("csrc/fs/fs.c", '#include "mhq.h"\n', "fs is not above mhq.h"),
    ("csrc/fs/fs.c", '#include "scout/scout.h"\n', "fs is not above scout"),
    ("csrc/fs/fs.c", '#include "fs/posix/io.h"\n', "another platform's"),
    ("csrc/fs/posix/io.c", '#include "fs/win/io.h"\n', "another platform's"),
    ("csrc/sys/calls.h", '#include "sys/calls_win.h"\n', "another platform's"),
    (
        "csrc/sys/calls.h",
        '#ifndef A\n#define A\n#include "sys/calls_win.h"\n#endif\n',
        "another platform's",
    ),
    ("csrc/core/engine.c", '#include "test/check.h"\n', "no layer is known for test"),
    ("csrc/fs/fs.h", '#include "fs/posix/io.h"\n', "a circle of headers: fs/fs.h -> "),
    ("mhddq/_mhq.pxd", 'cdef extern from "core/ring.h":\n    pass\n', "the bridge knows mhq.h"),
    ("mhddq/_core.pyx", '    #include "op.h"\n', "the bridge knows mhq.h"),
    (
        "mhddq/_settings.py",
        "from mhddq import _ops\n",
        "mhddq._ops -> mhddq._settings -> ",
    ),
    ("mhddq/cli/_text.py", "from mhddq.cli import x\n", "mhddq.cli -> mhddq.cli._demo -> "),
    ("mhddq/_settings.py", "def late():\n    import mhddq._ops\n", "a circle of imports"),
]


def written(top: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return top


def checked(root: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    status = runpy.run_path(str(TOOL))["main"](root)
    return status, capsys.readouterr().out


def test_the_layers_are_kept(capsys):
    assert checked(ROOT, capsys) == (0, "")


def test_a_tree_without_a_fault_passes(tmp_path, capsys):
    assert checked(written(tmp_path, RIGHT), capsys) == (0, "")


@pytest.mark.parametrize(("file", "text", "message"), WRONG)
def test_each_fault_is_found(tmp_path, capsys, file, text, message):
    status, output = checked(written(tmp_path, RIGHT | {file: text}), capsys)
    assert status == 1
    assert message in output


def test_a_circle_of_units_is_found(tmp_path, capsys):
    """Of C files that need each other's headers, which do not."""
    units = {
        "csrc/fs/a.h": "",
        "csrc/fs/a.c": '#include "fs/a.h"\n#include "fs/b.h"\n',
        "csrc/fs/b.h": "",
        "csrc/fs/b.c": '#include "fs/a.h"\n#include "fs/b.h"\n',
    }
    status, output = checked(written(tmp_path, RIGHT | units), capsys)
    assert (status, output) == (1, "a circle of units: fs/a.c -> fs/b.c -> fs/a.c\n")


def test_a_weak_compare_and_swap_is_in_a_loop():
    """It may fail for no reason. mhq_ring_close_if_quiet is in one of its caller's."""
    alone = [
        f"{path.name} {line.strip()}"
        for path in sorted(ROOT.glob("csrc/*/**/*.[ch]"))
        if "test" not in path.parts and path.name != "atomic.h"
        for line in path.read_text(encoding="utf-8").splitlines()
        if "mhq_cas_" in line and not ("while (" in line and "!mhq_cas_" in line)
    ]
    assert len(alone) == 1
    assert alone[0].startswith("ring.c if (mhq_cas_sc(&ring->tail, &quiet,")
