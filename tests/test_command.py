"""The commands copy, move, delete, info and completion, where no terminal is: what they do, what
they print, and their exit status."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from commands import ORDINARY, command_line, environment, events, run
from helpers import DEADLINE, reason_of, tree_of

import mhddq

NAMES = ["a\nb", "\x1b[31mred", "\u202etxt.exe", "tab\t", "del\x7f", "caf\u00e9"]


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def tree(here):
    """tree/{a, deep/b, deep/empty/}, and links where there are any."""
    (here / "tree" / "deep" / "empty").mkdir(parents=True)
    (here / "tree" / "a").write_text("a")
    (here / "tree" / "deep" / "b").write_text("bb")
    if os.name == "posix":
        (here / "tree" / "link").symlink_to("deep/b")
    return here / "tree"


def quiet(*arguments, **more):
    """It must succeed, and print nothing."""
    ran = run(*arguments, cwd=Path.cwd(), **more)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def fails(*arguments, status=1, **more):
    """It must fail, and print nothing on stdout. Returns the lines on stderr."""
    ran = run(*arguments, cwd=Path.cwd(), **more)
    assert (ran.returncode, ran.stdout) == (status, "")
    return ran.stderr.splitlines()


# ---- copy ----


def test_a_file_is_copied_to_a_name_and_into_a_directory(here):
    Path("a").write_text("text")
    Path("into").mkdir()
    quiet("copy", "a", "b")
    quiet("copy", "a", "b", "into")
    assert [Path(p).read_text() for p in ("b", "into/a", "into/b")] == ["text"] * 3


def test_what_exists_is_left_alone_replaced_or_skipped(here):
    Path("a").write_text("new")
    Path("b").write_text("old")
    (line,) = fails("copy", "a", "b")
    assert line == "mhddq copy: a: not done: b exists (see --replace and --skip-existing)"
    quiet("copy", "a", "b", "--skip-existing")
    assert Path("b").read_text() == "old"
    quiet("copy", "a", "b", "--replace")
    assert Path("b").read_text() == "new"


def test_each_failure_is_named_and_the_rest_is_done(here):
    Path("a").write_text("text")
    Path("dir").mkdir()
    Path("into").mkdir()
    lines = fails("copy", "none", "a", "dir", "into")
    assert lines == [
        f"mhddq copy: none: {reason_of(errno.ENOENT)}",
        "mhddq copy: dir: is a directory (use -r)",
    ]
    assert os.listdir("into") == ["a"]


def test_a_tree_is_copied_as_a_whole(here, tree):
    quiet("copy", "-r", "tree", "copy")
    assert tree_of("copy") == tree_of("tree")
    quiet("copy", "-r", "tree", "copy/")
    assert tree_of("copy/tree") == tree_of("tree")


@pytest.mark.parametrize("target", ["tree/new", "tree/deep", "tree/deep/new"])
def test_a_tree_is_not_copied_into_itself(here, tree, target):
    before = tree_of("tree")
    for command in (("copy", "-r"), ("move",)):
        (line,) = fails(*command, "tree", target)
        assert "cannot go into itself" in line
    assert tree_of("tree") == before


def test_trees_are_merged_only_where_that_is_asked_for(here, tree):
    (here / "into" / "tree" / "deep").mkdir(parents=True)
    (here / "into" / "tree" / "deep" / "b").write_text("old")
    (here / "into" / "tree" / "other").write_text("stays")
    (line,) = fails("copy", "-r", "tree", "into")
    assert "into/tree exists" in line.replace(os.sep, "/")
    quiet("copy", "-r", "--skip-existing", "tree", "into")
    assert Path("into/tree/deep/b").read_text() == "old"
    assert Path("into/tree/a").read_text() == "a"
    assert Path("into/tree/deep/empty").is_dir()
    quiet("copy", "-r", "--replace", "tree", "into")
    assert Path("into/tree/deep/b").read_text() == "bb"
    assert Path("into/tree/other").read_text() == "stays"
    (here / "into" / "tree" / "other").unlink()
    assert tree_of("into/tree") == tree_of("tree")


def test_what_cannot_be_merged_is_named_and_the_rest_is_done(here, tree):
    (here / "into" / "tree" / "a").mkdir(parents=True)
    (here / "into" / "tree" / "deep").write_text("a file")
    lines = fails("copy", "-r", "--replace", "tree", "into")
    assert sorted(line.partition(", and")[0].replace(os.sep, "/") for line in lines) == [
        "mhddq copy: tree/a: cannot replace into/tree/a, which is a directory",
        "mhddq copy: tree/deep: is a directory",
    ]
    assert os.path.lexists("into/tree/link") == (os.name == "posix")
    assert Path("into/tree/deep").read_text() == "a file"


def test_a_link_in_a_merge_stays_a_link_and_replaces(here, tree):
    if os.name != "posix":
        pytest.skip("POSIX only: links")
    (here / "into" / "tree").mkdir(parents=True)
    (here / "into" / "tree" / "link").write_text("a file")
    quiet("copy", "-r", "--replace", "tree", "into")
    assert os.readlink("into/tree/link") == "deep/b"
    assert sorted(os.listdir("into/tree")) == ["a", "deep", "link"]


def test_the_same_file_is_refused(here):
    Path("a").write_text("text")
    for command in ("copy", "move"):
        (line,) = fails(command, "a", "a", "--replace")
        assert line == f"mhddq {command}: a: and a are the same file"
    assert Path("a").read_text() == "text"


def test_what_is_no_regular_file_is_refused_and_does_not_hang(here):
    os.mkfifo("fifo")
    assert fails("copy", "fifo", "b") == ["mhddq copy: fifo: is not a regular file"]


def test_a_trailing_dot_stands_for_the_directory_s_name(here, tree):
    Path("into").mkdir()
    quiet("copy", "-r", "tree/.", "into")
    assert tree_of("into/tree") == tree_of("tree")


def test_verify_reads_both_back(here, tree):
    quiet("copy", "-r", "--verify", "tree", "copy")
    Path("large").write_bytes(bytes(range(256)) * (9 << 12))  # more than two pieces
    Path("pieces").write_bytes(bytes(8 << 20))  # two pieces exactly
    Path("into").mkdir()
    ran = run("copy", "--verify", "--json", "large", "pieces", "into", cwd=here)
    assert ran.returncode == 0
    assert events(ran)[-1]["bytes"] == (9 << 20) + (8 << 20)


BROKEN = """
import os
from mhddq.cli import _verify
verify = _verify.verify
def changed(command):
    {change}
    verify(command)
_verify.verify = changed
"""


@pytest.mark.parametrize(
    ("change", "reported"),
    [
        ("open('copy/a', 'a').write('x')", "tree/a: its copy differs"),
        ("open('copy/a', 'w').write('x')", "tree/a: its copy differs"),
        ("open('copy/a', 'w').close()", "tree/a: its copy differs"),
        ("os.remove('copy/deep/b')", "tree/deep/b: No such file or directory: copy/deep/b"),
        (
            "os.rmdir('copy/deep/empty')",
            "tree/deep/empty: there is no such directory in the copy",
        ),
        (
            "os.remove('copy/link'); os.symlink('a', 'copy/link')",
            "tree/link: the copy leads elsewhere",
        ),
    ],
)
def test_verify_finds_what_differs(here, tree, change, reported):
    if os.name != "posix":
        pytest.skip("POSIX only: links, and names with a slash")
    lines = fails(
        *("copy", "-r", "--verify", "tree", "copy"), statements=BROKEN.format(change=change)
    )
    assert lines == [f"mhddq copy: {reported}"]


# ---- move ----


def test_files_and_trees_are_moved(here, tree):
    before = tree_of("tree")
    Path("file").write_text("text")
    Path("into").mkdir()
    quiet("move", "file", "tree", "into")
    assert tree_of("into/tree") == before
    assert Path("into/file").read_text() == "text"
    assert os.listdir() == ["into"]


def test_a_move_replaces_files_only_where_that_is_asked_for(here, tree):
    Path("a").write_text("new")
    Path("b").write_text("old")
    (line,) = fails("move", "a", "b")
    assert "b exists" in line
    quiet("move", "a", "b", "--skip-existing")
    assert Path("a").exists()
    (line,) = fails("move", "a", "tree/deep/b/")
    assert "a: " in line
    quiet("move", "a", "b", "--replace")
    assert (Path("a").exists(), Path("b").read_text()) == (False, "new")


def test_a_move_never_replaces_a_tree(here, tree):
    (here / "into" / "tree").mkdir(parents=True)
    (line,) = fails("move", "--replace", "tree", "into")
    assert line.endswith("exists: trees are not replaced")
    assert tree.exists()


def test_a_link_is_moved_itself(here, tree):
    if os.name != "posix":
        pytest.skip("POSIX only: links")
    quiet("move", "tree/link", "there")
    assert os.readlink("there") == "deep/b"


def test_a_move_to_another_file_system(two_disks):
    first, second = two_disks
    (first / "tree").mkdir()
    (first / "tree" / "file").write_bytes(bytes(1 << 20))
    ran = run("move", "--json", "tree", second / "moved", cwd=first)
    assert ran.returncode == 0
    assert events(ran)[-1]["bytes"] == 1 << 20
    assert (second / "moved" / "file").stat().st_size == 1 << 20
    assert not (first / "tree").exists()


# ---- delete ----


def test_delete_needs_r_for_trees(here, tree):
    Path("file").touch()
    assert fails("delete", "file", "tree", "none") == [
        "mhddq delete: tree: is a directory (use -r)",
        f"mhddq delete: none: {reason_of(errno.ENOENT)}",
    ]
    assert os.listdir() == ["tree"]
    quiet("delete", "-r", "tree")
    assert os.listdir() == []


def test_of_a_link_the_link_is_deleted(here, tree):
    if os.name != "posix":
        pytest.skip("POSIX only: links")
    Path("link").symlink_to("tree")
    quiet("delete", "-r", "link")
    assert (tree / "deep" / "b").exists()


# ---- all of them ----


@pytest.mark.parametrize(
    ("arguments", "reported"),
    [
        (("copy", "a", "b", "c"), "several sources, and c is not a directory"),
        (("copy", "a", "tree/a", "tree"), "a and tree/a have the same last name, a"),
        (("move", "a", "/", "tree"), "/ has no name of its own"),
    ],
)
def test_arguments_that_make_no_sense_together(here, tree, arguments, reported):
    Path("a").touch()
    before = tree_of(".")
    assert fails(*arguments, status=2) == [f"mhddq {arguments[0]}: {reported}"]
    assert tree_of(".") == before


@pytest.mark.parametrize(
    "arguments",
    [
        ("copy", "a"),
        ("copy", "a", "b", "--replace", "--skip-existing"),
        ("copy", "a", "b", "--json", "-q"),
        ("move", "a", "b", "--verify"),
        ("delete",),
        ("sync", "a", "b"),
        ("completion", "fish"),
    ],
)
def test_usage(here, arguments):
    lines = fails(*arguments, status=2)
    assert lines[0].startswith("usage: mhddq")


def test_a_dry_run_does_nothing(here, tree):
    Path("file").write_text("text")
    before = tree_of(".")
    ran = run("copy", "-r", "--dry-run", "file", "none", "tree/deep", cwd=here)
    assert ran.returncode == 1
    assert ran.stderr == f"mhddq copy: none: {reason_of(errno.ENOENT)}\n"
    assert ran.stdout.startswith("would copy file -> ")
    assert ran.stdout.endswith("(1 file, 4 bytes)\n")
    for arguments in (("move", "tree", "new"), ("delete", "-r", "tree", "file")):
        ran = run(*arguments, "-n", cwd=here)
        assert (ran.returncode, ran.stderr) == (0, "")
        assert ran.stdout.startswith(f"would {arguments[0]} tree")
    assert tree_of(".") == before


def test_events(here, tree):
    Path("into").mkdir()
    Path("into/b").touch()
    Path("b").touch()
    ran = run("copy", "-r", "--json", "--skip-existing", "tree", "b", "none", "into", cwd=here)
    assert (ran.returncode, ran.stderr) == (1, "")
    made = events(ran)
    assert [event.pop("event") for event in made] == [
        *("start", "skipped", "failed", "planned", "done", "end")
    ]
    assert made[1] == {"source": "b", "target": os.path.join("into", "b")}
    failed = {"source": "none", "target": os.path.join("into", "none"), "errno": errno.ENOENT}
    assert made[2] == {**failed, "error": reason_of(errno.ENOENT)}
    assert made[3] == {"items": 1, "bytes": 3, "files": 2}
    done = {"source": "tree", "target": os.path.join("into", "tree"), "bytes": 3, "files": 2}
    assert made[4] == done
    seconds = made[5].pop("seconds")
    assert 0 < seconds < DEADLINE
    counts = {"done": 1, "failed": 1, "skipped": 1, "not_done": [], "bytes": 3, "files": 2}
    assert made[5] == {"status": 1, **counts}


@pytest.mark.parametrize("name", NAMES)
def test_names_are_shown_harmless(here, name):
    if os.name != "posix":
        pytest.skip("POSIX only: names of any characters")
    Path(name).write_text("text")
    Path("into").mkdir()
    ran = run("copy", name, "-n", "into", cwd=here)
    assert ran.returncode == 0
    assert len(ran.stdout.splitlines()) == 1
    assert all(c.isprintable() for c in ran.stdout.rstrip("\n"))
    ran = run("copy", f"{name}none", "into", cwd=here)
    assert len(ran.stderr.splitlines()) == 1
    assert all(c.isprintable() for c in ran.stderr.rstrip("\n"))
    ran = run("copy", name, "--json", "into", cwd=here)
    assert events(ran)[2]["source"] == name
    assert os.listdir("into") == [name]


def test_a_name_that_is_no_text(here):
    if sys.platform != "linux":
        pytest.skip("Linux only: names that are no text")
    name = os.fsdecode(b"no-\xff-text")
    Path(name).touch()
    ran = run("copy", name, name + "2", "--dry-run", cwd=here)
    assert ran.stdout == "would copy no-\\xff-text -> no-\\xff-text2\n"
    ran = run("copy", name, "copy", "--json", cwd=here)
    assert events(ran)[2]["source"] == name


def test_a_name_that_begins_with_a_dash(here):
    Path("-r").touch()
    quiet("copy", "--", "-r", "copy")


@pytest.mark.skipif(sys.platform != "linux", reason="gives up capabilities")
def test_what_may_not_be_read_or_written_is_named_and_the_rest_is_done(here, tree):
    (tree / "a").chmod(0)
    Path("b").write_text("b")
    Path("into").mkdir()
    Path("sealed").mkdir(mode=0o555)
    (line,) = fails("copy", "-r", "tree", "b", "into", statements=ORDINARY)
    assert line == "mhddq copy: tree: Permission denied: tree/a"
    assert os.listdir("into") == ["b"]
    (line,) = fails("copy", "b", "sealed", statements=ORDINARY)
    assert line.startswith("mhddq copy: b: Permission denied: sealed")
    (line,) = fails("delete", "b", "sealed/none", statements=ORDINARY)
    assert line == "mhddq delete: sealed/none: No such file or directory"


def test_in_the_background_it_does_the_same(here, tree):
    quiet("copy", "-r", "--background", "tree", "copy")
    assert tree_of("copy") == tree_of("tree")


def test_a_program_that_reads_no_more_ends_it_without_a_traceback(here):
    names = [f"{i:04}" for i in range(3000)]
    for name in names:
        Path(name).touch()
    Path("into").mkdir()
    with subprocess.Popen(
        command_line("copy", "--json", *names, "into"),
        env=environment(),
        cwd=here,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        process.stdout.readline()
        process.stdout.close()
        errors = process.stderr.read()
        assert process.wait(DEADLINE) == 1
    assert errors == b""


def test_a_wrong_setting_is_a_failure(here):
    Path("a").touch()
    (line,) = fails("copy", "a", "b", MHDDQ_RING_SIZE="many")
    assert line.startswith("mhddq copy: MHDDQ_RING_SIZE='many': must be a whole number")


def test_without_a_terminal_nothing_slow_is_imported(here):
    Path("a").touch()
    slow = {"rich", "shtab", "asyncio", "concurrent", "logging", "typing", "dataclasses"}
    program = f"import atexit; atexit.register(lambda: print({slow} & sys.modules.keys()))"
    ran = run("copy", "a", "b", cwd=here, statements=program)
    assert (ran.returncode, ran.stdout) == (0, "set()\n")


# ---- info and completion ----


def test_info(here):
    ran = run("info", cwd=here)
    assert (ran.returncode, ran.stderr) == (0, "")
    for expected in ("file system", "rotating", "reflink", "reading ahead", "MHDDQ_RING_SIZE"):
        assert expected in ran.stdout
    ran = run("info", "--json", here, cwd=here, MHDDQ_LOOKAHEAD="0", MHDDQ_RING_SIZE="100")
    facts = json.loads(ran.stdout)
    assert facts["path"] == str(here.resolve())
    assert facts["mhddq"] == mhddq.__version__
    assert facts["MHDDQ_RING_SIZE"] == 128
    assert facts["reading_ahead"].startswith("off: ")
    assert facts["free"] <= facts["size"]
    if sys.platform == "linux":
        listed = Path("/proc/self/mountinfo").read_text()
        assert f" - {facts['file_system']} " in listed
    assert os.listdir(here) == []


def test_info_of_nothing(here):
    (line,) = fails("info", "none")
    assert reason_of(errno.ENOENT) in line


def test_completions(here):
    pytest.importorskip("shtab")
    for shell in ("bash", "zsh", "tcsh"):
        ran = run("completion", shell, cwd=here)
        assert (ran.returncode, ran.stderr) == (0, "")
        assert "completion" in ran.stdout
        assert "recursive" in ran.stdout


def test_completions_without_shtab(here):
    (line,) = fails("completion", "bash", statements="sys.modules['shtab'] = None")
    assert line == "mhddq completion: shtab is not installed: pip install 'mhddq[cli]'"
