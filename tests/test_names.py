"""Names of every kind: each operation has the result of Python's own function, and what was written
under a name is found under it.

60 names by default; ``MHDDQ_TEST_ROUNDS`` multiplies them.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers import PATIENCE, do, tree_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mhddq

ROUNDS = int(os.environ.get("MHDDQ_TEST_ROUNDS", "1"))

PLAIN = st.sampled_from(["a", "dir", "file", "link", "ä", "名前", "a b", "-rf", "*", "\n", "\x7f"])
ODD = st.sampled_from([".", "..", "...", "", "\0", "\ud800", "\udcff", "\udc80x", "\\", ":", "~"])
LONG = st.builds(
    lambda unit, length: unit * length,
    st.sampled_from(["n", "é", "\udcff"]),
    st.sampled_from([85, 127, 128, 254, 255, 256, 300]),
)
COMPONENT = st.one_of(PLAIN, ODD, LONG, st.text(max_size=8))
PATH = st.one_of(
    COMPONENT,
    st.lists(COMPONENT, min_size=1, max_size=4).map("/".join),
    # around the longest path that the system accepts, 4096 bytes with the NUL
    st.integers(4090, 4100).map(lambda n: ("dir/../" * 600)[: n - 1] + "x"),
)


NUL = "embedded null byte"


def kept_here(name: str) -> str:
    """Makes a path relative, with at most one step up."""
    parts = name.lstrip("/").split("/")
    ups = [
        number for number, part in enumerate(parts) if part == ".." and parts[number - 1] != "dir"
    ]
    return "/".join(part for number, part in enumerate(parts) if number not in ups[1:])


NAMES = st.one_of(PATH.map(kept_here), st.binary(max_size=12).filter(lambda n: n[:1] != b"/"))


def create(name) -> None:
    with open(name, "x"):
        pass


def write(name) -> None:
    with open(name, "wb") as file:
        file.write(b"data")


def read(name) -> dict[str, object]:
    with open(name, "rb") as file:
        return {"data": file.read()}


def contents(name) -> dict[str, object]:
    with os.scandir(name) as entries:
        return {
            "contents": [
                {"name": os.fsdecode(e.name), "type": "directory" if e.is_dir() else "file"}
                for e in entries
            ]
        }


# A function of Python, and the operation that must do the same.
TWINS: list[tuple[Callable, Callable]] = [
    (create, lambda name: do(mhddq.file_create, name)),
    (write, lambda name: do(mhddq.file_write, b"data", name, True)),
    (read, lambda name: do(mhddq.file_read, name, True)),
    (contents, lambda name: do(mhddq.directory_contents, name)),
    (os.mkdir, lambda name: do(mhddq.directory_create, name)),
    (os.remove, lambda name: do(mhddq.file_delete, name)),
    (lambda name: os.replace("file", name), lambda name: do(mhddq.file_rename, "file", name)),
    (
        lambda name: {"exists": os.path.exists(name) and not os.path.isdir(name)},
        lambda name: do(mhddq.file_exists, name),
    ),
    (
        lambda name: {"exists": os.path.isdir(name)},
        lambda name: do(mhddq.directory_exists, name),
    ),
]


def in_a_world(call: Callable[[], object]) -> tuple[object, dict]:
    """What the call returned or raised, and the tree afterwards."""
    before = os.getcwd()
    with tempfile.TemporaryDirectory() as top:
        world = Path(top, "world")
        (world / "dir").mkdir(parents=True)
        (world / "file").write_text("content")
        (world / "link").symlink_to("file")
        os.chdir(world)
        try:
            result = call()
        except (OSError, ValueError) as error:
            result = {"exception": NUL if "embedded null" in str(error) else str(error)}
        finally:
            os.chdir(before)
        return result or {}, tree_of(top)


@pytest.mark.skipif(os.name != "posix", reason="these are names as POSIX systems take them")
@settings(
    max_examples=60 * ROUNDS,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),  # they concern time, too
)
@given(NAMES)
@pytest.mark.timeout(120 * ROUNDS * PATIENCE)
def test_every_name_is_to_us_what_it_is_to_python(name):
    for python, ours in TWINS:
        expected = in_a_world(lambda python=python: python(name))
        assert in_a_world(lambda ours=ours: ours(name)["output"]) == expected
