"""The programs in examples/: each does its work, and is short enough to begin with."""

import hashlib
import json
import os
import re
import signal
import struct
import subprocess
import sys
import time

import pytest
from example_runs import DEADLINE, EXAMPLES, make_tree, needs, png, ran, serving, started
from helpers import tree_of

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no FIFOs and no SIGINT")
MISSING = re.compile(r"\[(Errno 2|WinError [23])\]")  # no such file, no such path


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_an_example_is_short_and_has_a_docstring(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) < 100
    assert text.startswith('"""')
    status, out, _ = ran(path.name, "--help")
    assert status == 0
    assert "usage" in out


# ---- download ----

CONTENT = bytes(range(256)) * 4096 * 5 + b"the last, short chunk"  # 5 MiB and a little


@pytest.fixture
def server():
    with serving(CONTENT) as (handler, url):
        yield handler, url


def test_a_download_arrives_complete(server, tmp_path):
    _, url = server
    assert ran("download.py", url, tmp_path / "film") == (0, "", "")
    assert (tmp_path / "film").read_bytes() == CONTENT
    assert os.listdir(tmp_path) == ["film"]


def test_a_download_resumes_where_it_was_cut_off(server, tmp_path):
    handler, url = server
    handler.stop_after = (3 << 20) + 5
    status, _, err = ran("download.py", url, tmp_path / "film")
    assert status == 1
    assert "run it again" in err
    assert os.listdir(tmp_path) == ["film.part"]
    have = (tmp_path / "film.part").read_bytes()
    assert len(have) >= 2 << 20
    assert have == CONTENT[: len(have)]
    handler.stop_after = None
    assert ran("download.py", url, tmp_path / "film") == (0, "", "")
    assert handler.requested == ["bytes=0-", f"bytes={len(have)}-"]
    assert (tmp_path / "film").read_bytes() == CONTENT
    assert os.listdir(tmp_path) == ["film"]


def test_a_download_of_which_all_is_there_is_renamed(server, tmp_path):
    _, url = server
    (tmp_path / "film.part").write_bytes(CONTENT)
    assert ran("download.py", url, tmp_path / "film") == (0, "", "")
    assert (tmp_path / "film").read_bytes() == CONTENT


@posix
def test_a_download_that_cannot_be_written_reports_it_and_keeps_no_hole(server, tmp_path):
    resource = pytest.importorskip("resource")
    _, url = server
    limit = (2 << 20) + 1000  # bytes of a file: the third write fails

    def limited():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    status, _, err = ran("download.py", url, tmp_path / "film", preexec_fn=limited)
    assert status == 1
    assert "File too large" in err
    assert "run it again" in err
    assert os.listdir(tmp_path) == ["film.part"]
    assert (tmp_path / "film.part").read_bytes() == CONTENT[: 2 << 20]
    assert ran("download.py", url, tmp_path / "film") == (0, "", "")
    assert (tmp_path / "film").read_bytes() == CONTENT


# ---- log_writer ----


def logged(directory):
    segments = sorted(directory.glob("*.log"))
    return [segment.name for segment in segments], "".join(s.read_text() for s in segments)


def test_a_log_has_every_line_in_order(tmp_path):
    program = started("log_writer.py", tmp_path, stdin=subprocess.PIPE)
    lines = [f"line {n}, {'x' * 60}" for n in range(3000)]
    out, err = program.communicate("\n".join(lines) + "\n", timeout=DEADLINE)
    assert (program.returncode, out, err) == (0, "", "")
    names, text = logged(tmp_path)
    assert names == [f"{n:06d}.log" for n in range(1, len(names) + 1)]
    assert len(names) > 2
    assert [line.split(" ", 2)[2] for line in text.splitlines()] == lines
    assert sorted(os.listdir(tmp_path)) == names


def test_a_log_keeps_the_newest_files(tmp_path):
    program = started("log_writer.py", tmp_path, stdin=subprocess.PIPE)
    lines = [f"line {n}, {'x' * 1000}" for n in range(1000)]
    _, err = program.communicate("\n".join(lines) + "\n", timeout=DEADLINE)
    assert (program.returncode, err) == (0, "")
    names, text = logged(tmp_path)
    assert len(names) == 10
    assert text.splitlines()[-1].endswith(lines[-1])


def test_a_log_that_cannot_be_written_does_not_stop_the_program(tmp_path):
    program = started("log_writer.py", tmp_path / "missing", stdin=subprocess.PIPE)
    _, err = program.communicate("lost\n", timeout=DEADLINE)
    assert program.returncode == 0
    assert "file_append" in err
    assert "No such file or directory" in err


# ---- photo_index ----


def jpeg(width, height):
    """The headers of a JPEG file as cameras write it, with a table before the frame's header."""
    table = b"\xff\xc4" + struct.pack(">H", 6) + b"abcd"
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 11, 8, height, width, 1) + b"\1\x11\0"
    return b"\xff\xd8\xff\xe0" + struct.pack(">H", 7) + b"JFIF\0" + table + frame + b"\xff\xd9"


def test_an_index_has_every_picture(tmp_path):
    photos = tmp_path / "photos"
    (photos / "2026" / "sea").mkdir(parents=True)
    pictures = {
        "a.png": (png(30, 20), 30, 20),
        "2026/b.JPG": (jpeg(4000, 3000), 4000, 3000),
        "2026/sea/c.jpeg": (jpeg(7, 9), 7, 9),
    }
    for name, (data, _, _) in pictures.items():
        (photos / name).write_bytes(data)
    (photos / "notes.txt").write_text("no picture")
    (photos / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0\0")
    if sys.platform != "win32":  # where a link takes a privilege
        (photos / "2026" / "up").symlink_to(photos)  # the index must not follow it for ever
    status, _, err = ran("photo_index.py", photos, tmp_path / "index.json")
    assert (status, err.split()) == (0, ["3", "pictures"])
    assert json.loads((tmp_path / "index.json").read_text()) == [
        {"name": os.path.normpath(name), "bytes": len(data), "width": width, "height": height}
        for name, (data, width, height) in sorted(pictures.items())
    ]


@posix
def test_an_index_does_not_wait_for_what_is_no_file(tmp_path):
    (tmp_path / "photos").mkdir()
    os.mkfifo(tmp_path / "photos" / "pipe.png")
    status, _, err = ran("photo_index.py", tmp_path / "photos", tmp_path / "index.json")
    assert (status, err.split()) == (0, ["0", "pictures"])
    assert json.loads((tmp_path / "index.json").read_text()) == []


def test_an_index_reports_what_it_could_not_read(tmp_path):
    status, _, err = ran("photo_index.py", tmp_path / "missing", tmp_path / "index.json")
    assert status == 1
    assert MISSING.search(err)
    assert os.listdir(tmp_path) == []


# ---- save ----


def test_a_text_is_saved_in_each_style(tmp_path):
    status, out, err = ran("save.py", "settings.txt", "volume = 11", cwd=tmp_path)
    assert (status, err) == (0, "")
    assert sorted(out.splitlines()) == [
        "await: saved",
        "callback: saved",
        "future: saved",
        f"list: the old one has {11 + len(os.linesep)} bytes",
    ]
    for name in ("settings.txt", "settings.txt.old"):
        assert (tmp_path / name).read_bytes().split() == [b"volume", b"=", b"11"]


def test_a_text_that_cannot_be_saved_is_reported(tmp_path):
    status, out, err = ran("save.py", "missing/settings.txt", "volume = 11", cwd=tmp_path)
    assert status == 1
    assert MISSING.search(out)
    assert MISSING.search(err)


# ---- digests ----


def test_the_digests_of_a_tree(tmp_path):
    make_tree(tmp_path / "tree", 3, 50)
    (tmp_path / "tree" / "one").write_bytes(b"1" * 100_000)
    status, out, err = ran("digests.py", tmp_path / "tree")
    assert (status, err) == (0, "")
    found = dict(reversed(line.split(" ", 1)) for line in out.splitlines())
    files = [path for path in (tmp_path / "tree").rglob("*") if path.is_file()]
    assert found == {str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_the_digests_of_what_is_not_there(tmp_path):
    status, out, err = ran("digests.py", tmp_path / "missing")
    assert (status, out) == (1, "")
    assert MISSING.search(err)


# ---- backup ----


def test_a_backup_copies_all_and_names_what_failed(tmp_path):
    for name in ("one", "two"):
        make_tree(tmp_path / name, 2, 20)
    sources = [tmp_path / name for name in ("one", "missing", "two")]
    status, _, err = ran("backup.py", *sources, tmp_path / "backup")
    assert status == 1
    assert f"{tmp_path / 'missing'}: [" in err
    assert MISSING.search(err)
    assert sorted(os.listdir(tmp_path / "backup")) == ["one", "two"]
    for name in ("one", "two"):
        assert tree_of(tmp_path / "backup" / name) == tree_of(tmp_path / name)


# ---- Ctrl-C ----


@posix
def test_ctrl_c_ends_a_log_with_all_its_lines(tmp_path):
    program = started(
        "log_writer.py",
        tmp_path,
        stdin=subprocess.PIPE,
        # Shells start jobs in the background with Ctrl-C ignored, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    program.stdin.write("kept\n")
    program.stdin.flush()
    until = time.monotonic() + DEADLINE
    while not logged(tmp_path)[1] and time.monotonic() < until:
        time.sleep(0.01)
    program.send_signal(signal.SIGINT)
    _, err = program.communicate(timeout=DEADLINE)
    assert "KeyboardInterrupt" in err
    assert logged(tmp_path)[1].endswith("kept\n")


@posix
def test_ctrl_c_leaves_whole_copies_only(tmp_path):
    needs("backup.py")
    sources = [tmp_path / str(number) for number in range(8)]
    for source in sources:  # the first is copied long before the rest
        make_tree(source, 4, 5 if source == sources[0] else 400)
    program = started(
        "backup.py",
        *sources,
        tmp_path / "backup",
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    until = time.monotonic() + DEADLINE
    while not (tmp_path / "backup" / "0").exists() and time.monotonic() < until:
        time.sleep(0.001)
    program.send_signal(signal.SIGINT)
    _, err = program.communicate(timeout=DEADLINE)
    assert "Traceback" not in err
    assert program.returncode == 130
    copied = sorted(os.listdir(tmp_path / "backup"))
    assert copied == [str(number) for number in range(len(copied))]
    assert 0 < len(copied) < len(sources)
    for name in copied:
        assert tree_of(tmp_path / "backup" / name) == tree_of(tmp_path / name)
