"""The console command, run in a process of its own: what it prints, its exit status, and that it
leaves no file."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from commands import AFTER, ORDINARY, Terminal
from helpers import DEADLINE

import mhddq

COLUMNS = 80


@pytest.fixture
def scratch(tmp_path):
    """The directory for the command's temporary directory. It must be empty again at the end."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    yield folder
    assert os.listdir(folder) == []


@pytest.fixture
def run(scratch, tmp_path):
    def runner(*arguments, program=("-m", "mhddq"), **environment):
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("MHDDQ_")}
        return subprocess.run(
            [sys.executable, *program, *map(os.fspath, arguments)],
            env={**inherited, "TMPDIR": str(scratch), "PYTHONUTF8": "1", **environment},
            cwd=tmp_path,  # not the checkout, where Python would find the sources
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=4 * DEADLINE,
            check=False,
        )

    return runner


@pytest.fixture
def tree(tmp_path):
    """Files, links, odd names and a FIFO."""
    if os.name != "posix":
        pytest.skip("POSIX only: links, FIFOs, names that are no text")
    top = tmp_path / "a tree"
    (top / "deep" / "deeper").mkdir(parents=True)
    (top / "empty").touch()
    (top / "text").write_text("text\n")
    (top / "deep" / "binary").write_bytes(bytes(range(256)) * 4096)
    (top / "deep" / "deeper" / "up").symlink_to("../..")
    (top / "dangling").symlink_to("nowhere")
    (top / "deep" / "no-text-\udcff").write_bytes(b"\xff")
    os.mkfifo(top / "fifo")
    (top / "sealed").mkdir()
    (top / "sealed" / "inner").write_text("inner")
    (top / "sealed").chmod(0o555)
    yield top
    (top / "sealed").chmod(0o755)


def snapshot(top):
    found = {}
    for path in [top, *sorted(top.rglob("*"))]:
        st = path.lstat()
        # Reading and listing may change the access time, and nothing else.
        found[str(path)] = (st.st_mode, st.st_ino, st.st_size, st.st_mtime_ns, st.st_ctime_ns)
    return found


def assert_fits(text):
    assert "\x1b" not in text
    assert [line for line in text.splitlines() if len(line) > COLUMNS] == []


def test_the_demo_with_a_tree_of_its_own_runs(run):
    ran = run("demo")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert_fits(ran.stdout)
    lines = [line.strip() for line in ran.stdout.splitlines()]
    exists = [line for line in lines if line.startswith("callback: ./file.txt exists:")]
    assert [line.split()[-1] for line in exists] == ["False", "True", "True", "False"]
    assert "copy: branch (directory), root (file)" in lines
    assert "file_read: [Errno 2] No such file or directory: './no-such-file'" in lines
    assert "at the disk   one at a time, always" in lines
    assert "the end       all is done, and the queue is closed" in lines


@pytest.mark.parametrize("size", ["1", "2", "3"])
def test_the_demo_with_a_tree_of_its_own_runs_in_the_smallest_rings(run, size):
    ran = run("demo", MHDDQ_RING_SIZE=size)
    assert (ran.returncode, ran.stderr) == (0, "")


def test_a_small_tree(run, tree):
    before = snapshot(tree)
    ran = run("demo", tree)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "5 files, 1.0 MiB, 3 directories, 2 links" in ran.stdout
    assert "5 pairs of files" in ran.stdout
    assert "not read, no regular file: fifo" in ran.stdout
    assert "Every file and its copy are the same." in ran.stdout
    assert snapshot(tree) == before


def test_a_package_of_the_standard_library(run):
    ran = run("demo", Path(json.__file__).parent)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "Every file and its copy are the same." in ran.stdout


def test_a_link_to_a_directory_is_taken_as_the_directory(run, tree, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(tree)
    assert run("demo", link).returncode == 0


def test_a_relative_directory(run, tree):
    assert run("demo", tree.name).returncode == 0


def test_an_empty_directory(run, tmp_path):
    (tmp_path / "nothing").mkdir()
    ran = run("demo", tmp_path / "nothing")
    assert ran.returncode == 0
    assert "0 files" in ran.stdout


def test_a_missing_directory(run, tmp_path):
    ran = run("demo", tmp_path / "missing")
    assert ran.returncode == 1
    assert ran.stderr == f"mhddq demo: {tmp_path / 'missing'}: no such directory\n"


def test_a_file_instead_of_a_directory(run, tmp_path):
    (tmp_path / "file").touch()
    ran = run("demo", tmp_path / "file")
    assert ran.returncode == 1
    assert ran.stderr == f"mhddq demo: {tmp_path / 'file'}: not a directory\n"


def test_a_directory_that_contains_the_temporary_directory(run, tmp_path):
    ran = run("demo", tmp_path)
    assert ran.returncode == 1
    assert "contains the temporary directory" in ran.stderr


def test_a_setting_out_of_range(run):
    ran = run("demo", MHDDQ_RING_SIZE="many")
    assert ran.returncode == 1
    assert ran.stderr.startswith("mhddq demo: MHDDQ_RING_SIZE='many': must be a whole number")


@pytest.mark.skipif(sys.platform != "linux", reason="gives up capabilities")
def test_an_ordinary_users_read_only_directory(run, tree):
    tree.chmod(0o555)
    try:
        ran = run("demo", tree, program=("-c", AFTER.format(statements=ORDINARY)))
    finally:
        tree.chmod(0o755)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "deleted   the copy, and nothing else" in ran.stdout


# The copy waits when some of it is there, at the latest when all of it is: so it is not complete
# before the signal comes, as on a machine where this test has to wait for its turn.
HELD = """
import atexit, threading
from mhddq.cli import _demo
copy_of, part = _demo.copy_of, _demo.part
def held(original, top):
    copy_of(original, top)
    threading.Event().wait()
def pausing(done, total):
    if done * 20 > total:
        _demo.copying.pause()
    return part(done, total)
_demo.copy_of, _demo.part = held, pausing
atexit.register(lambda: print("cancelled:", _demo.copying.cancelled))
"""


@pytest.mark.posix("a pseudo-terminal")
def test_ctrl_c_in_the_copy_says_what_it_does_and_leaves_nothing(scratch, tmp_path):
    many = tmp_path / "many"
    for n in range(60):
        (many / f"{n}").mkdir(parents=True)
        for m in range(60):
            (many / f"{n}" / f"{m}").write_text("text")
        (many / f"{n}").chmod(0o555)
    statements = (ORDINARY if sys.platform == "linux" else "") + HELD
    with Terminal(
        "demo", many, cwd=tmp_path, statements=statements, TMPDIR=str(scratch)
    ) as terminal:
        while not re.search(rb" [1-9]\d*% ", terminal.shown):  # how far it is
            terminal.shown += os.read(terminal.terminal, 4096)
        terminal.interrupt()
        status, shown = terminal.end()
    for n in range(60):
        (many / f"{n}").chmod(0o755)
    assert status == 130
    lines = shown.replace("\r", "\n").splitlines()
    assert "  listed    3,600 files, 14.1 KiB, 60 directories" in shown
    assert "failed" not in shown
    assert [line for line in lines if line][-4:] == [
        "  copying 3,600 files, 14.1 KiB, 60 directories: interrupted",
        "mhddq demo: interrupted; what was copied is being removed",
        "mhddq demo: nothing of it is left",
        "cancelled: True",
    ]


# Runs the command, and executes `happens` right after the tree was copied.
MEANWHILE = """
import os, sys
from pathlib import Path
from mhddq import cli
from mhddq.cli import _demo

copy_of = _demo.copy_of

def copied(original, top):
    copy_of(original, top)
    {happens}

_demo.copy_of = copied
sys.exit(cli.main(["demo", sys.argv[1]]))
"""


@pytest.mark.parametrize(
    ("happens", "reported"),
    [
        (
            "Path(top, 'text').write_text('test\\n')",
            "text: the copy's contents differ",
        ),
        ("os.remove(os.path.join(top, 'text'))", "text: is missing in the copy"),
        (
            "os.remove(os.path.join(top, 'text')); os.mkdir(os.path.join(top, 'text'))",
            "text: was a file, its copy is a directory",
        ),
        (
            "os.remove(os.path.join(top, 'dangling')); "
            "os.symlink('here', os.path.join(top, 'dangling'))",
            "dangling: the copy of the link leads elsewhere",
        ),
    ],
)
def test_a_copy_that_differs_is_a_failure(run, tree, happens, reported):
    ran = run(tree, program=("-c", MEANWHILE.format(happens=happens)))
    assert ran.returncode == 1
    assert reported in ran.stdout
    assert ran.stderr == "mhddq demo: differing in the copy: 1\n"


@pytest.mark.parametrize(
    "happens",
    [
        "Path(original.top, 'text').write_text('longer than before\\n')",
        "os.remove(os.path.join(original.top, 'text'))",
        "os.remove(os.path.join(original.top, 'text')); "
        "os.mkfifo(os.path.join(original.top, 'text'))",
    ],
)
def test_what_changes_meanwhile_is_reported_and_not_fatal(run, tree, happens):
    ran = run(tree, program=("-c", MEANWHILE.format(happens=happens)))
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "changed meanwhile: text" in ran.stdout


def test_the_version(run):
    ran = run("--version")
    assert (ran.returncode, ran.stdout) == (0, f"mhddq {mhddq.__version__}\n")


def test_no_command_shows_the_help(run):
    ran = run()
    assert ran.returncode == 0
    assert ran.stdout.startswith("usage: mhddq")


def test_an_unknown_command(run):
    ran = run("dmeo")
    assert ran.returncode == 2
    assert "dmeo" in ran.stderr


def test_the_console_command_is_installed():
    script = Path(sys.executable).with_name("mhddq")
    if not script.exists():
        pytest.skip("not installed into an environment")
    ran = subprocess.run(
        [script, "--version"], capture_output=True, text=True, timeout=2 * DEADLINE, check=False
    )
    assert ran.stdout == f"mhddq {mhddq.__version__}\n"


def test_a_reader_that_closes_the_pipe_early_is_no_traceback(scratch):
    with subprocess.Popen(
        [sys.executable, "-m", "mhddq", "demo"],
        env={**os.environ, "TMPDIR": str(scratch)},
        cwd=scratch.parent,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        process.stdout.readline()
        process.stdout.close()
        errors = process.stderr.read()
        assert process.wait(2 * DEADLINE) == 1
    assert errors == b""
