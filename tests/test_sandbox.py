"""Kernels and containers that lack system calls: a seccomp filter refuses these calls, and every
operation has the same results as without the filter. csrc/test/fs/posix/test_faults.c tests the
same through the table of calls, call by call; here the refusals come from a real kernel.
"""

from __future__ import annotations

import json
import platform
import sys
import tempfile
from pathlib import Path

import pytest
from helpers import ends_well

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has seccomp")

# Numbers of calls: x86_64, aarch64.
CALLS = {
    "statx": (332, 291),
    "copy_file_range": (326, 285),
    "renameat2": (316, 276),
    "openat2": (437, 437),
    "getrandom": (318, 278),
    "memfd_create": (319, 279),
    "clone3": (435, 435),
}
REFUSED = ["statx", "copy_file_range", "renameat2", "openat2", "getrandom", "memfd_create"]
# The last call of Linux 4.18, rseq: what has a higher number is newer.
LAST_OF_4_18 = (334, 293)

PROGRAM = r"""
import ctypes, errno, json, os, struct, sys, threading

filters = json.loads(sys.argv[1])      # [how to compare, number, errno's name]
here, away = sys.argv[2:]
OPENAT2 = 437                          # one of the new calls, everywhere

def refuse(filters):
    # A classic BPF program: the call's number is compared; a match ends with its errno.
    code = [struct.pack("HBBI", 0x20, 0, 0, 0)]                          # load the number
    for compare, number, name in filters:
        jump = {"is": 0x15, "above": 0x25}[compare]
        code.append(struct.pack("HBBI", jump, 0, 1, number))
        code.append(struct.pack("HBBI", 0x06, 0, 0, 0x00050000 | getattr(errno, name)))
    code.append(struct.pack("HBBI", 0x06, 0, 0, 0x7FFF0000))             # allow
    raw = ctypes.create_string_buffer(b"".join(code))
    program = struct.pack("HxxxxxxP", len(code), ctypes.addressof(raw))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, program, 0, 0):
        print(json.dumps({"refused": os.strerror(ctypes.get_errno())}))
        sys.exit()
    for compare, number, name in filters:
        got = libc.syscall(number if compare == "is" else OPENAT2, -1, 0, 0, 0, 0, 0)
        assert got == -1 and ctypes.get_errno() == getattr(errno, name), (number, name)

if filters:
    refuse(filters)

import mhddq

collected, arrived = [], threading.Semaphore(0)

def collect(args):
    output = dict(args["output"])
    if isinstance(output.get("data"), bytes):
        output["data"] = [len(output["data"]), hash(output["data"])]
    if "contents" in output:
        output["contents"].sort(key=lambda entry: entry["name"])
    collected.append([args["action"], args["result"], output])
    arrived.release()

def do(function, *arguments):
    assert function(collect, *arguments)
    assert arrived.acquire(timeout=60)

os.chdir(here)
large = bytes(range(256)) * 2000
do(mhddq.file_create, "made")
do(mhddq.file_write, large, "large", True)
do(mhddq.file_read, "large", True)
do(mhddq.file_exists, "large")
with open("sparse", "wb") as sparse:
    sparse.seek(1000000)
    sparse.write(b"end")
    sparse.truncate(3000000)
do(mhddq.file_copy, "large", "copy")
do(mhddq.file_copy, "made", "copy")                  # taken
do(mhddq.file_copy, "sparse", "sparse2")
do(mhddq.file_rename, "copy", "renamed")
do(mhddq.file_move, "renamed", "made")
do(mhddq.directory_create, "tree")
do(mhddq.directory_create, "tree/sub")
os.symlink("nowhere", "tree/link")
os.mkfifo("tree/sub/fifo")
do(mhddq.file_move, "made", "tree")
do(mhddq.file_move, "sparse2", away + "/sparse")      # another file system
do(mhddq.directory_copy, "tree", "tree2")
do(mhddq.directory_rename, "tree2", "tree3")
do(mhddq.directory_rename, "tree3", "tree")           # taken
do(mhddq.directory_move, "tree3", "tree")             # inside
do(mhddq.directory_copy, "tree", away + "/tree")
do(mhddq.directory_move, "tree", away)                # taken there
do(mhddq.directory_move, "tree", away + "/moved")
do(mhddq.directory_exists, away + "/moved/tree3")
do(mhddq.directory_contents, away + "/moved")
do(mhddq.directory_delete, away + "/tree")
do(mhddq.file_delete, "large")
mhddq.shutdown()

def tree(top):
    found = []
    for folder, folders, files in os.walk(top):
        for name in sorted(folders + files):
            path = os.path.join(folder, name)
            st = os.lstat(path)
            data = None
            if os.path.isfile(path) and not os.path.islink(path):
                with open(path, "rb") as file:
                    data = hash(file.read())
            found.append([os.path.relpath(path, top), st.st_mode, data])
    return sorted(found)

text = json.dumps({"collected": collected, "here": tree(here), "away": tree(away)})
print(text.replace(away, "AWAY"))
"""


def number(name: str) -> int:
    return CALLS[name][platform.machine() == "aarch64"]


def run(filters: list[tuple[str, int, str]]) -> dict:
    with (
        tempfile.TemporaryDirectory(prefix="mhddq-test-") as here,
        tempfile.TemporaryDirectory(prefix="mhddq-test-", dir="/dev/shm") as away,
    ):
        arguments = [json.dumps(filters), here, away]
        shown = ends_well(PROGRAM, *arguments, env={"PYTHONHASHSEED": "1"}, timeout=120)
        result = json.loads(shown)
    if "refused" in result:
        pytest.skip(f"no seccomp filter can be set here: {result['refused']}")
    return result


@pytest.fixture(scope="module")
def unfiltered() -> dict:
    """The results where no call is refused."""
    if platform.machine() not in ("x86_64", "aarch64"):
        pytest.skip("the numbers of the calls are not known here")
    if not Path("/dev/shm").is_dir():
        pytest.skip("no second file system to write to")
    result = run([])
    failed = [entry for entry in result["collected"] if not entry[1]]
    assert [entry[0] for entry in failed] == ["file_copy", "directory_rename", "directory_move"]
    assert all("[Errno 17]" in entry[2]["exception"] for entry in failed)
    return result


@pytest.mark.parametrize("error", ["ENOSYS", "EPERM", "EINVAL"])
def test_all_refused(unfiltered: dict, error: str) -> None:
    """All calls of the list are refused, with the errors that old kernels and containers give."""
    assert run([("is", number(name), error) for name in REFUSED]) == unfiltered


@pytest.mark.parametrize("error", ["ENOSYS", "EPERM"])
@pytest.mark.parametrize("name", ["statx", "copy_file_range", "renameat2", "getrandom"])
def test_one_refused(unfiltered: dict, name: str, error: str) -> None:
    assert run([("is", number(name), error)]) == unfiltered


def test_linux_4_18(unfiltered: dict) -> None:
    """No call that is newer than Linux 4.18 is needed. There statx works, but does not give the
    mount."""
    last = LAST_OF_4_18[platform.machine() == "aarch64"]
    refused = [("above", last, "ENOSYS"), ("is", number("statx"), "ENOSYS")]
    assert run(refused) == unfiltered
