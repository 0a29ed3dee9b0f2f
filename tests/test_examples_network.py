"""The examples that go over a network: under load, and when the other side fails."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from example_runs import DEADLINE, needs, ran, serving, started

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")

# ---- downloader ----

CONTENT = bytes(range(256)) * 4096 * 20 + b"the last, short range"  # 20 MiB and a little


@pytest.fixture
def ranges():
    with serving(CONTENT) as (handler, url):
        yield handler, url


def test_ranges_arrive_each_in_its_place(ranges, tmp_path):
    handler, url = ranges
    assert ran("downloader.py", url, tmp_path / "film") == (0, "", "")
    assert (tmp_path / "film").read_bytes() == CONTENT
    firsts = [0, 8 << 20, 16 << 20]
    lasts = [*(first - 1 for first in firsts[1:]), len(CONTENT) - 1]
    assert sorted(handler.requested) == sorted(
        f"bytes={first}-{last}" for first, last in zip(firsts, lasts, strict=True)
    )
    assert os.listdir(tmp_path) == ["film"]


def test_a_range_that_fails_leaves_nothing(ranges, tmp_path):
    handler, url = ranges
    handler.refused = f"bytes={8 << 20}-{(16 << 20) - 1}"
    status, _, err = ran("downloader.py", url, tmp_path / "film")
    assert status == 1
    assert "500" in err
    assert "Traceback" not in err
    assert os.listdir(tmp_path) == []


# ---- upload ----


class Service:
    """The upload service as a process of its own, and what its log says."""

    def __init__(self, folder):
        self.program = started(
            "upload.py",
            folder,
            "--port",
            0,
            stdin=subprocess.DEVNULL,
            # Shells start jobs in the background with Ctrl-C ignored, and children inherit that.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        self.log = ""
        self.running = threading.Event()
        self.reader = threading.Thread(target=self.read)
        self.reader.start()
        assert self.running.wait(DEADLINE), self.log
        self.port = int(re.search(r"running on http://127.0.0.1:(\d+)", self.log)[1])

    def read(self):
        for line in self.program.stderr:
            self.log += line
            if "running on" in line:
                self.running.set()
        self.running.set()

    def asked(self, method, path, body=None):
        """(status, the answer)"""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE)
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if answer.status < 400 else text.decode()
        finally:
            connection.close()

    def leave_in_the_middle(self, path, body):
        """Promises more than it sends, and closes the connection."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE)
        connection.putrequest("PUT", path)
        connection.putheader("Content-Length", str(2 * len(body)))
        connection.endheaders(body)
        connection.close()

    def end(self):
        self.program.send_signal(signal.SIGINT)
        self.program.wait(DEADLINE)
        self.reader.join(DEADLINE)
        self.program.stdout.close()
        self.program.stderr.close()


@pytest.fixture
def service(tmp_path):
    needs("upload.py")
    (tmp_path / "uploads").mkdir()
    running = Service(tmp_path / "uploads")
    yield running
    running.end()
    assert "Traceback" not in running.log


def body_of(number):
    return f"upload {number}\n".encode() * (1000 + 700 * number)


@posix
def test_uploads_under_load_are_whole_or_not_there(service, tmp_path, tally):
    def upload(number):
        if number % 4 == 3:
            service.leave_in_the_middle(f"/{number}", body_of(number))
            return None
        return service.asked("PUT", f"/{number}", body_of(number))

    count = 120
    began = time.monotonic()
    with ThreadPoolExecutor(16) as clients:
        answers = list(clients.map(upload, range(count)))
    took = time.monotonic() - began
    whole = [number for number in range(count) if number % 4 != 3]
    assert {n: a for n, a in enumerate(answers) if a} == {
        n: (201, {"size": len(body_of(n))}) for n in whole
    }
    until = time.monotonic() + DEADLINE
    names = [str(number) for number in whole]
    # The service may still be undoing the uploads whose clients went away.
    while sorted(os.listdir(tmp_path / "uploads")) != sorted(names) and time.monotonic() < until:
        time.sleep(0.01)
    assert sorted(os.listdir(tmp_path / "uploads")) == sorted(names)
    assert [n for n in whole if (tmp_path / "uploads" / str(n)).read_bytes() != body_of(n)] == []
    status, listed = service.asked("GET", "/")
    assert (status, sorted(listed)) == (200, sorted(names))
    megabytes = round(sum(len(body_of(n)) for n in whole) / 1e6)
    tally("upload service, 16 clients", "MB of uploads that became whole", megabytes)
    tally("upload service, 16 clients", "ms", round(took * 1e3))


@posix
def test_of_uploads_under_one_name_one_stays(service, tmp_path):
    def upload(number):
        return service.asked("PUT", "/same", body_of(number))[0]

    with ThreadPoolExecutor(8) as clients:
        answers = list(clients.map(upload, range(8)))
    assert sorted(answers) == [201] + [409] * 7
    kept = (tmp_path / "uploads" / "same").read_bytes()
    assert kept == body_of(answers.index(201))
    assert os.listdir(tmp_path / "uploads") == ["same"]


@posix
def test_an_upload_cannot_leave_the_directory(service, tmp_path):
    for name in ("/..%2Fout", "/.hidden", "/%2e%2e", "/..%5Cout"):
        assert service.asked("PUT", name, b"x")[0] in {400, 404}
    assert os.listdir(tmp_path / "uploads") == []
    assert os.listdir(tmp_path) == ["uploads"]
