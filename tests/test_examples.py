"""The programs in examples/: each does its work, and is short enough to begin with."""

import contextlib
import http.server
import json
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import threading
import time
import zlib
from pathlib import Path

import pytest
from helpers import PATIENCE, tree_of

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
DEADLINE = 60 * PATIENCE

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no FIFOs and no SIGINT")


def started(name, *arguments, **options):
    return subprocess.Popen(
        [sys.executable, str(EXAMPLES / name), *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def ran(name, *arguments, **options):
    """(exit status, stdout, stderr)"""
    program = started(name, *arguments, stdin=subprocess.DEVNULL, **options)
    out, err = program.communicate(timeout=DEADLINE)
    return program.returncode, out, err


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_an_example_is_short_and_has_a_docstring(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) < 100
    if "import tkinter" in text and not has_tkinter():
        pytest.skip("this Python was built without tkinter")
    status, out, _ = ran(path.name, "--help")
    assert status == 0
    assert "usage" in out


# ---- copy_window ----

MEASURED = """
import sys, time, tkinter
sys.path.insert(0, sys.argv[1])
import copy_window, mhddq

root = tkinter.Tk()
window = copy_window.CopyWindow(root, "tree", "copy")
frames = []

def frame():
    if window.began is not None:
        frames.append(time.monotonic())
    elif frames:
        root.destroy()
        return
    root.after(5, frame)

root.after(0, frame)
root.after(50, window.button.invoke)  # as a click does
root.mainloop()
gaps = sorted(late - early for early, late in zip(frames, frames[1:])) or [0]
print(len(frames), gaps[len(gaps) // 2], gaps[-1], window.disk.queue.stats()["failed"])
"""

CANCELLED = """
import os, sys, tkinter
sys.path.insert(0, sys.argv[1])
import copy_window

root = tkinter.Tk()
window = copy_window.CopyWindow(root, "tree", "copy")
states = []

def look():
    states.append(window.status["text"])
    if window.began is None and len(states) > 1:
        root.destroy()
        return
    root.after(5, look)

def click_both():
    window.button.invoke()
    window.cancel.invoke()
    look()

root.after(50, click_both)
root.mainloop()
print(states[-1])
print(sorted(os.listdir(".")))
"""


def has_tkinter():
    probe = [sys.executable, "-c", "import tkinter"]
    return subprocess.run(probe, check=False, capture_output=True).returncode == 0


@contextlib.contextmanager
def screen():
    """The environment of a virtual screen."""
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "800x600x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    try:
        with os.fdopen(reading) as pipe:
            display = pipe.readline().strip()  # empty: Xvfb ended before it was ready
        if not display:
            pytest.skip("Xvfb does not start here")
        yield {**os.environ, "DISPLAY": f":{display}"}
    finally:
        server.terminate()
        server.wait(DEADLINE)


def make_tree(top, directories, files):
    for i in range(directories):
        (top / str(i)).mkdir(parents=True)
        for j in range(files):
            (top / str(i) / str(j)).write_bytes(b"x" * 2000)


@pytest.mark.skipif(not shutil.which("Xvfb"), reason="no Xvfb: there is no screen to try it on")
def test_a_window_goes_on_while_a_tree_is_copied(tmp_path, tally):
    if not has_tkinter():  # not checked during collection: wine would start a desktop
        pytest.skip("this Python was built without tkinter")
    make_tree(tmp_path / "tree", 20, 200)
    with screen() as environment:
        ended = subprocess.run(
            [sys.executable, "-c", MEASURED, str(EXAMPLES)],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert tree_of(tmp_path / "copy") == tree_of(tmp_path / "tree")
    frames, median, longest, failed = map(float, ended.stdout.split())
    assert failed == 0
    # A window that waited for the disk would draw nothing between the click and the end: one frame.
    # The gaps depend on what else the machine does, so they are shown and not asserted on.
    assert frames > 10
    heading = "copy_window, while 4,000 files were copied"
    tally(heading, "frames", int(frames))
    tally(heading, "ms median gap", round(median * 1e3))
    tally(heading, "ms longest gap", round(longest * 1e3))


def test_a_window_cancels_its_copy(tmp_path):
    if not has_tkinter():
        pytest.skip("this Python was built without tkinter")
    make_tree(tmp_path / "tree", 20, 200)
    with screen() as environment:
        ended = subprocess.run(
            [sys.executable, "-c", CANCELLED, str(EXAMPLES)],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.splitlines() == ["Cancelled. Nothing of the copy is left.", "['tree']"]


# ---- download ----

CONTENT = bytes(range(256)) * 4096 * 5 + b"the last, short chunk"  # 5 MiB and a little


class Server(http.server.BaseHTTPRequestHandler):
    """Serves CONTENT from the requested offset on. `stop_after`: bytes after which it closes."""

    requested: list  # the Range headers
    stop_after = None

    def do_GET(self):
        wanted = self.headers["Range"]
        self.requested.append(wanted)
        begin = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1])
        body = CONTENT[begin:]
        self.send_response(206)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: self.stop_after])

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")  # whatever proxy the machine uses
    handler = type("Handler", (Server,), {"requested": []})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as listening:
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        yield handler, f"http://127.0.0.1:{listening.server_port}/film"
        listening.shutdown()
        thread.join(DEADLINE)


def test_a_download_arrives_complete(server, tmp_path):
    _, url = server
    assert ran("download.py", url, tmp_path / "film") == (0, "", "")
    assert (tmp_path / "film").read_bytes() == CONTENT
    assert os.listdir(tmp_path) == ["film"]


def test_a_download_resumes_where_it_was_cut_off(server, tmp_path):
    handler, url = server
    handler.stop_after = 3 << 20
    status, _, err = ran("download.py", url, tmp_path / "film")
    assert status == 1
    assert "run it again" in err
    assert not (tmp_path / "film").exists()
    chunks = sorted(os.listdir(tmp_path / "film.parts"))
    assert chunks == [f"{n:06d}" for n in range(len(chunks))]
    handler.stop_after = None
    assert ran("download.py", url, tmp_path / "film") == (0, "", "")
    assert handler.requested == ["bytes=0-", f"bytes={(len(chunks) - 1) << 20}-"]
    assert (tmp_path / "film").read_bytes() == CONTENT


def test_a_download_that_cannot_be_written_reports_it(server, tmp_path):
    _, url = server
    (tmp_path / "film.parts" / "000002.new").mkdir(parents=True)
    status, _, err = ran("download.py", url, tmp_path / "film")
    assert status == 1
    assert "run it again" in err
    assert sorted(os.listdir(tmp_path / "film.parts"))[:2] == ["000000", "000001"]
    assert not (tmp_path / "film.parts" / "000002").exists()


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
    assert err.startswith("log: could not write")


# ---- photo_index ----


def png(width, height):
    def chunk(kind, data):
        checked = kind + data
        return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))

    rows = (b"\0" + b"\x80" * width) * height
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


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
def test_an_index_reports_what_it_could_not_read(tmp_path):
    (tmp_path / "photos").mkdir()
    os.mkfifo(tmp_path / "photos" / "pipe.png")
    status, _, err = ran("photo_index.py", tmp_path / "photos", tmp_path / "index.json")
    assert status == 0
    assert "pipe.png" in err
    status, _, err = ran("photo_index.py", tmp_path / "missing", tmp_path / "index.json")
    assert "[Errno 2] No such file or directory" in err


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
