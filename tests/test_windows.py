"""What only Windows has: long paths, read-only files, junctions, files that other programs hold
open."""

from __future__ import annotations

import errno
import os
import stat
import threading
from pathlib import Path

import pytest
from helpers import error_text, fails, succeeds, text_of, tree_of
from programs import ended

import mhddq

pytestmark = [
    pytest.mark.skipif(os.name != "nt", reason="about Windows"),
    pytest.mark.usefixtures("here"),
]


def test_errors_are_those_of_python():
    assert fails(mhddq.file_delete, "missing").startswith("[WinError 2] ")
    assert fails(mhddq.file_read, "missing") == "[Errno 2] No such file or directory: 'missing'"
    for name in ("missing", "a<b", "a:b:c", "missing\\below"):
        assert fails(mhddq.file_delete, name) == text_of(os.remove, name)
        assert fails(mhddq.file_rename, name, "x") == text_of(os.replace, name, "x")


def test_line_ends_are_those_of_open():
    text = "one\ntwo\r\nthree\r\n"
    succeeds(mhddq.file_write, text, "ours")
    Path("pythons").write_text(text, encoding="utf-8")
    assert Path("ours").read_bytes() == Path("pythons").read_bytes()
    assert succeeds(mhddq.file_read, "ours")["data"] == Path("ours").read_text(encoding="utf-8")


def test_bytes_that_are_no_utf_8_are_no_name():
    text = text_of(os.fsdecode, b"\xff")
    assert fails(mhddq.file_read, b"\xff") == text
    assert succeeds(mhddq.file_exists, b"\xff") == {"exists": False}


@pytest.mark.parametrize("slash", ["\\", "/"])
def test_paths_may_be_long(slash):
    """Paths far beyond 260 characters are made and removed, whatever the system's setting."""
    parts = [letter * 100 for letter in "abcdef"]
    for count in range(1, len(parts) + 1):
        succeeds(mhddq.directory_create, slash.join(parts[:count]))
    deep = slash.join(parts)
    succeeds(mhddq.file_write, b"deep", f"{deep}{slash}file", True)
    assert succeeds(mhddq.file_exists, f"{deep}{slash}..{slash}{'f' * 100}{slash}file")["exists"]
    succeeds(mhddq.file_copy, f"{deep}{slash}file", f"{deep}{slash}copy")
    assert succeeds(mhddq.file_read, f"{deep}{slash}copy", True) == {"data": b"deep"}
    named = succeeds(mhddq.directory_contents, deep)["contents"]
    assert sorted(entry["name"] for entry in named) == ["copy", "file"]
    succeeds(mhddq.directory_copy, "a" * 100, "again")
    assert fails(mhddq.directory_copy, "a" * 100, "again").startswith("[WinError 183] ")
    succeeds(mhddq.directory_move, "again", "moved")
    for name in ("a" * 100, "moved"):
        succeeds(mhddq.directory_delete, name)
    assert not os.listdir(".")


def test_read_only_files_stay_and_are_copied_as_such():
    Path("tree/sub").mkdir(parents=True)
    Path("tree/sub/file").write_text("content")
    os.chmod("tree/sub/file", stat.S_IREAD)
    before = mhddq.stats()["retries"]
    assert fails(mhddq.file_delete, "tree/sub/file") == text_of(os.remove, "tree/sub/file")
    joined = os.path.join("tree", "sub", "file")
    assert fails(mhddq.directory_delete, "tree") == text_of(os.remove, joined)
    assert mhddq.stats()["retries"] == before  # trying again would change nothing
    succeeds(mhddq.directory_copy, "tree", "copy")
    assert tree_of("copy") == tree_of("tree")
    assert not os.stat("copy/sub/file").st_mode & stat.S_IWRITE
    for name in ("tree", "copy"):
        os.chmod(f"{name}/sub/file", stat.S_IWRITE)
        succeeds(mhddq.directory_delete, name)


@pytest.mark.not_wine("reports success, and keeps the old name")
@pytest.mark.parametrize("rename", [mhddq.directory_rename, mhddq.directory_move])
def test_a_directory_may_change_the_case_of_its_name(rename):
    Path("tree").mkdir()
    succeeds(rename, "tree", "TREE")
    assert os.listdir(".") == ["TREE"]


def test_devices_are_no_files():
    assert succeeds(mhddq.file_exists, "NUL") == {"exists": os.path.exists("NUL")}
    assert "Not a regular file" in fails(mhddq.file_read, "NUL")
    assert "Not a regular file" in fails(mhddq.file_copy, "NUL", "copy")
    succeeds(mhddq.file_write, b"gone", "NUL", True)
    assert not os.listdir(".")


def test_what_other_programs_hold_open_is_tried_again_and_then_fails():
    Path("held").write_text("content")
    before = mhddq.stats()["retries"]
    with open("held", "rb"):  # which does not share deletion
        text = fails(mhddq.file_delete, "held")
    assert text.startswith("[WinError 32] ")
    assert mhddq.stats()["retries"] == before + 9
    assert Path("held").read_text() == "content"


@pytest.mark.parametrize("operation", ["delete", "rename", "tree"])
def test_what_other_programs_hold_open_for_a_moment_is_no_failure(operation):
    """The file may be closed before the operation begins: then the test tries anew."""
    calls = {
        "delete": (mhddq.file_delete, "tree/held"),
        "rename": (mhddq.file_rename, "tree/held", "renamed"),
        "tree": (mhddq.directory_delete, "tree"),
    }
    before = mhddq.stats()["retries"]
    for _ in range(50):
        Path("tree").mkdir(exist_ok=True)
        Path("tree/held").write_text("content")
        held = open("tree/held", "rb")  # noqa: SIM115 - the timer closes it
        timer = threading.Timer(0.02, held.close)
        timer.start()
        succeeds(*calls[operation])
        timer.join()
        if mhddq.stats()["retries"] > before:
            return
    pytest.fail("nothing was ever tried again")


@pytest.mark.parametrize(
    "spelling",
    [".", "..", "...", ". .", "tree/...", "tree/.. ", "tree\\. \\", "{drive}", "{drive}."],
)
def test_what_is_no_name_is_neither_deleted_nor_moved(spelling):
    """Dots and spaces at the end of a name do not count; a drive alone means its current
    directory."""
    name = spelling.format(drive=os.path.splitdrive(os.getcwd())[0])
    Path("tree").mkdir()
    Path("tree/file").write_text("alive")
    assert fails(mhddq.directory_delete, name) == error_text(errno.EINVAL, name)
    assert fails(mhddq.directory_move, name, "moved") == error_text(errno.EINVAL, name)
    assert Path("tree/file").read_text() == "alive"


@pytest.mark.parametrize(
    "name", ["\\", "\\\\absent\\share", "//absent/share/", "\\\\?\\UNC\\absent\\share"]
)
def test_a_root_is_neither_deleted_nor_moved(name):
    """A share of another machine has a name, but it is the root of its tree."""
    assert fails(mhddq.directory_delete, name) == error_text(errno.EBUSY, name)
    assert fails(mhddq.directory_move, name, "moved") == error_text(errno.EBUSY, name)


@pytest.mark.not_wine("makes no junctions")
def test_junctions_are_removed_and_copied_never_entered():
    import _winapi  # noqa: PLC0415 - only on Windows

    Path("outside").mkdir()
    Path("outside/canary").write_text("alive")
    Path("tree/sub").mkdir(parents=True)
    _winapi.CreateJunction(os.path.abspath("outside"), os.path.abspath("tree/sub/junction"))
    assert fails(mhddq.directory_delete, "tree/sub/junction").startswith("[WinError 267] ")
    succeeds(mhddq.directory_copy, "tree", "copy")
    assert os.path.isjunction("copy/sub/junction")
    for name in ("tree", "copy"):
        succeeds(mhddq.directory_delete, name)
    assert Path("outside/canary").read_text() == "alive"


@pytest.mark.not_wine("keeps names as UTF-8")
def test_names_may_be_no_text():
    name = "lone-\ud83d-surrogate"
    succeeds(mhddq.file_create, name)
    assert succeeds(mhddq.directory_contents, ".") == {"contents": [{"name": name, "type": "file"}]}
    succeeds(mhddq.file_delete, name)


@pytest.mark.parametrize("waits_for", ["a slot", "the end"])
def test_ctrl_c_ends_a_wait(waits_for):
    end = ended(
        """
        import _thread
        gate = Gate()
        gate.shut()
        def wait():
            if sys.argv[1] == "the end":
                mhddq.shutdown()
            while True:
                mhddq.file_exists(None, ".")
        threading.Timer(0.2, _thread.interrupt_main).start()
        interrupted = False
        try:
            wait()
        except KeyboardInterrupt:
            interrupted = True
        gate.opened.set()
        mhddq.shutdown()
        report(interrupted=interrupted, stopped=mhddq.is_shutdown(), collected=len(gate.collected))
        """,
        waits_for,
        env={"MHDDQ_RING_SIZE": "2"},
    )
    assert end.facts == {"interrupted": True, "stopped": True, "collected": 1}


def test_a_spawned_process_has_a_queue_of_its_own_and_drains_it():
    end = ended(
        """
        import multiprocessing
        def child(name):
            for n in range(100):
                mhddq.file_write(None, "x", f"{name}-{n}")
        if __name__ == "__main__":
            child("parent")
            process = multiprocessing.get_context("spawn").Process(target=child, args=("child",))
            process.start()
            process.join(DEADLINE)
            report(code=process.exitcode)
        """
    )
    assert end["code"] == 0
    assert sorted(end.files) == sorted(
        f"{process}-{n}" for process in ("child", "parent") for n in range(100)
    )
