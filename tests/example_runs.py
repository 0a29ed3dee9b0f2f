"""What the tests of examples/ share: running one, a virtual screen, pictures, a tree."""

from __future__ import annotations

import ast
import contextlib
import http.server
import importlib.util
import os
import re
import shutil
import struct
import subprocess
import sys
import threading
import zlib
from pathlib import Path

import pytest
from helpers import PATIENCE

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
DEADLINE = 60 * PATIENCE


def needs(name):
    """Skips the test where a module is missing that this example imports."""
    tree = ast.parse((EXAMPLES / name).read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        modules = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        modules += [node.module] if isinstance(node, ast.ImportFrom) else []
        for module in modules:
            package = module.partition(".")[0]
            if not importlib.util.find_spec(package):
                pytest.skip(f"{package} is not installed: pip install {package}")
            if package == "tkinter" and not has_tkinter():
                pytest.skip("this Python was built without tkinter")


def started(name, *arguments, **options):
    """The example as a process of its own; the test is skipped where it lacks a module."""
    needs(name)
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


def has_tkinter():
    probe = [sys.executable, "-c", "import tkinter"]
    return subprocess.run(probe, check=False, capture_output=True).returncode == 0


@contextlib.contextmanager
def screen():
    """The environment of a virtual screen."""
    if not shutil.which("Xvfb"):
        pytest.skip("no Xvfb: there is no screen to try it on")
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


def png(width, height, grey=0x80):
    def chunk(kind, data):
        checked = kind + data
        return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))

    rows = (b"\0" + bytes([grey]) * width) * height
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


@contextlib.contextmanager
def served(handler):
    """The address of a server on this machine whose requests this class handles."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as listening:
        thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{listening.server_port}"
        listening.shutdown()
        thread.join(DEADLINE)


class Ranges(http.server.BaseHTTPRequestHandler):
    """Serves `content` in the ranges that are requested of it."""

    content: bytes
    requested: list  # the Range headers, as they came
    refused = None  # the Range header that is answered by an error
    stop_after = None  # bytes after which the connection is closed

    def do_HEAD(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.content)))
        self.end_headers()

    def do_GET(self):
        wanted = self.headers["Range"]
        self.requested.append(wanted)
        if wanted == self.refused:
            self.send_error(500)
            return
        first, last = re.fullmatch(r"bytes=(\d+)-(\d*)", wanted).groups()
        body = self.content[int(first) : int(last) + 1 if last else None]
        if not body:
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(self.content)}")
            self.end_headers()
            return
        self.send_response(206)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: self.stop_after])

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def serving(content):
    """A class whose attributes steer the server, and the address of this content on it."""
    handler = type("Handler", (Ranges,), {"content": content, "requested": []})
    with served(handler) as address, pytest.MonkeyPatch.context() as patch:
        patch.setenv("no_proxy", "127.0.0.1")  # whatever proxy the machine uses
        yield handler, f"{address}/film"
