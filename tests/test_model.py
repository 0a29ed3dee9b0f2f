"""Random histories, lists included, against ``os`` and ``shutil`` on a twin directory.

Each operation is done twice: through the queue in one directory, and by the oracle, plain Python,
in its twin. Results, outputs and the text of errors must be equal, and the trees at the end.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import tempfile
from pathlib import Path

import pytest
from helpers import Outcome, tree_of
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

import mhddq

# A small world, so that operations meet: files, directories, links, and what is not there.
NAMES = ["a", "b", "d", "e", "d/a", "d/e", "e/a", "d/e/b", "l", "l/a", "e/l", "a/x", "d/", "ä"]
LINKS = ["l", "b", "d/l", "e/l"]
TARGETS = ["a", "d", "e", "nowhere", "l", "."]
DATA = {
    "<nothing>": b"",
    "<line>": b"one\n",
    "<lines>": b"two\r\nthree\r",
    "<no text>": b"\xff\xfe",
    "<much>": b"x" * 70_000,
}
TEXTS = ["", "text\n", "\r\n|\r", "ünï", "\ud800"]

ONE_PATH = [
    "file_exists",
    "file_create",
    "file_delete",
    "directory_exists",
    "directory_create",
    "directory_delete",
    "directory_contents",
]
TWO_PATHS = [
    "file_rename",
    "file_move",
    "file_copy",
    "directory_rename",
    "directory_move",
    "directory_copy",
]


class Failure(Exception):
    """What the contract says of a failed operation: an OSError's text, or no text in particular."""


def failure(number: int, *paths: str) -> Failure:
    first, second = [*paths, None][:2]
    return Failure(str(OSError(number, os.strerror(number), first, None, second)))


SOME_FAILURE = Failure()

# What happens is not promised, but nothing may change: a directory renamed to itself.
ANYTHING = Failure("anything")


def is_really_directory(path: str) -> bool:
    """A link is none. OSError where there is nothing."""
    return stat.S_ISDIR(os.lstat(path).st_mode)


def check_tree(path: str) -> None:
    """Of a link with a slash after it, the link is meant."""
    try:
        found = is_really_directory(path.rstrip("/"))
    except OSError as error:
        raise failure(error.errno or 0, path) from None
    if not found:
        raise failure(errno.ENOTDIR, path)


def check_slash(path: str) -> None:
    """What is no directory with a slash after it: it exists, and yet the system finds nothing."""
    if os.path.lexists(path.rstrip("/")) and not os.path.lexists(path):
        raise SOME_FAILURE


def within(path: str, path2: str) -> bool:
    outer, inner = os.path.realpath(path), os.path.realpath(path2)
    return inner == outer or inner.startswith(outer + os.sep)


def inside(path: str, directory: str) -> str:
    """Where a move onto a directory goes."""
    joined = os.path.join(directory, os.path.basename(path.rstrip("/")))
    if within(path, joined):
        raise SOME_FAILURE
    if os.path.lexists(joined):
        raise failure(errno.EEXIST, joined)
    return joined


def replace(path: str, path2: str) -> None:
    """Where both paths are at fault, which of them is told is another test's business."""
    if not os.path.lexists(path) and not os.path.isdir(os.path.dirname(path2)):
        raise SOME_FAILURE
    os.replace(path, path2)


class Oracle:
    """The 15 operations in plain Python."""

    @staticmethod
    def file_exists(path):
        return {"exists": os.path.exists(path) and not os.path.isdir(path)}

    @staticmethod
    def directory_exists(path):
        return {"exists": os.path.isdir(path)}

    @staticmethod
    def file_create(path):
        with open(path, "x"):
            return {}

    @staticmethod
    def file_delete(path):
        os.remove(path)
        return {}

    @staticmethod
    def file_rename(path, path2):
        if os.path.lexists(path) and is_really_directory(path):
            raise failure(errno.EISDIR, path, path2)
        replace(path, path2)
        return {}

    @staticmethod
    def file_move(path, path2):
        if is_really_directory(path):
            raise failure(errno.EISDIR, path)
        if os.path.isdir(path2):
            joined = os.path.join(path2, os.path.basename(path))
            if os.path.lexists(joined):
                raise failure(errno.EEXIST, joined)
            path2 = joined
        os.replace(path, path2)
        return {}

    @staticmethod
    def file_copy(path, path2):
        with open(path, "rb"):
            pass
        check_slash(path2)
        if os.path.lexists(path2):
            raise failure(errno.EEXIST, path2)
        with open(path2, "xb"):
            pass
        shutil.copy2(path, path2)
        return {}

    @staticmethod
    def file_read(path, binary):
        with open(path, **({"mode": "rb"} if binary else {"encoding": "utf-8"})) as file:
            return {"data": file.read()}

    @staticmethod
    def file_write(data, path, binary):
        data = data if binary else data.encode()
        with open(path, "wb") as file:
            file.write(data)
        return {}

    @staticmethod
    def directory_create(path):
        os.mkdir(path)
        return {}

    @staticmethod
    def directory_delete(path):
        check_tree(path)
        shutil.rmtree(path.rstrip("/"))
        return {}

    @staticmethod
    def directory_contents(path):
        with os.scandir(path) as entries:
            kinds = {e.name: "directory" if os.path.isdir(e.path) else "file" for e in entries}
        return {"contents": [{"name": n, "type": kinds[n]} for n in sorted(kinds)]}

    @staticmethod
    def directory_rename(path, path2):
        if os.path.lexists(path):
            if is_really_directory(path) and os.path.lexists(path2) and within(path, path2):
                raise ANYTHING
            if os.path.islink(path.rstrip("/")) and path.endswith("/"):
                raise SOME_FAILURE
            if not is_really_directory(path):
                raise failure(errno.ENOTDIR, path, path2)
            check_slash(path2)
            if os.path.lexists(path2):
                raise failure(errno.EEXIST, path, path2)
        replace(path, path2)
        return {}

    @staticmethod
    def directory_move(path, path2):
        check_tree(path)
        if os.path.isdir(path2):
            path2 = inside(path, path2)
        elif os.path.lexists(path2.rstrip("/")):
            raise SOME_FAILURE
        os.replace(path, path2)
        return {}

    @staticmethod
    def directory_copy(path, path2):
        os.stat(path)
        if not os.path.isdir(path):
            raise failure(errno.ENOTDIR, path)
        if within(path, path2):
            raise SOME_FAILURE
        if os.path.lexists(path2):
            raise failure(errno.EEXIST, path2)
        try:
            shutil.copytree(path, path2, symlinks=True)
        except OSError:
            raise SOME_FAILURE from None
        return {}


names = st.sampled_from(NAMES)
operations = st.one_of(
    st.tuples(st.sampled_from(ONE_PATH), names),
    st.tuples(st.sampled_from(TWO_PATHS), names, names),
    st.tuples(st.just("file_read"), names, st.booleans()),
    st.tuples(st.just("file_write"), st.sampled_from(list(DATA)), names, st.just(True)),
    st.tuples(st.just("file_write"), st.sampled_from(TEXTS), names, st.just(False)),
)
lists = st.recursive(
    st.lists(operations, max_size=5), lambda inner: st.lists(operations | inner, max_size=4)
)


class Histories(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.top = Path(tempfile.mkdtemp(prefix="mhddq-model-"))
        self.real, self.twin = self.top / "real", self.top / "twin"
        self.real.mkdir()
        self.twin.mkdir()
        self.outcome = Outcome()
        self.expected: list[tuple[str, bool | None, object]] = []
        self.compared = 0

    def placed(self, arguments, top: Path):
        """The arguments of a history as those of a call, with paths in `top`."""
        return [f"{top}/{a}" if a in NAMES else DATA.get(a, a) for a in arguments]

    def by_the_oracle(self, name: str, arguments) -> None:
        try:
            output = getattr(Oracle, name)(*self.placed(arguments, self.twin))
        except Failure as error:
            result = None if error is ANYTHING else False
            self.expected.append((name, result, self.mapped(str(error))))
        except (OSError, UnicodeError) as error:
            self.expected.append((name, False, self.mapped(str(error))))
        else:
            self.expected.append((name, True, output))

    def mapped(self, text: str) -> str:
        return text.replace(str(self.twin), str(self.real))

    def compare(self) -> None:
        heard = self.outcome.wait(len(self.expected))
        assert len(heard) == len(self.expected)
        pairs = list(zip(heard, self.expected, strict=True))[self.compared :]
        self.compared = len(heard)
        for args, (name, result, output) in pairs:
            assert args["action"] == name
            if result is None:
                continue
            assert args["result"] is result, (args, output)
            if result:
                contents = args["output"].get("contents")
                if contents:
                    contents.sort(key=lambda entry: entry["name"])
                assert args["output"] == output, args
            elif output:
                assert args["output"] == {"exception": output}, args
        assert tree_of(self.real) == tree_of(self.twin)

    @rule(operation=operations)
    def enqueue(self, operation):
        name, *arguments = operation
        assert getattr(mhddq, name)(self.outcome, *self.placed(arguments, self.real))
        self.by_the_oracle(name, arguments)

    def built(self, entries) -> mhddq.Oplist:
        oplist = mhddq.create_empty_oplist()
        for entry in entries:
            if isinstance(entry, tuple):
                name, *arguments = entry
                function = getattr(mhddq, f"oplist_{name}")
                function(oplist, self.outcome, *self.placed(arguments, self.real))
            else:
                mhddq.embed_oplist(oplist, self.built(entry))
        return oplist

    def list_by_the_oracle(self, entries) -> None:
        for entry in entries:
            if isinstance(entry, tuple):
                self.by_the_oracle(entry[0], entry[1:])
            else:
                self.list_by_the_oracle(entry)

    @rule(entries=lists, times=st.integers(1, 2))
    def enqueue_list(self, entries, times):
        oplist = self.built(entries)
        for _ in range(times):
            assert mhddq.enqueue_oplist(oplist)
            self.list_by_the_oracle(entries)

    @rule(name=st.sampled_from(LINKS), leads_to=st.sampled_from(TARGETS))
    def link(self, name, leads_to):
        self.compare()
        for top in (self.real, self.twin):
            if (top / name).parent.is_dir() and not os.path.lexists(top / name):
                (top / name).symlink_to(leads_to)

    @rule(name=st.sampled_from(["d", "e", "d/e"]))
    def mend(self, name):
        """Histories without a directory are dull."""
        self.enqueue(("directory_create", name))
        self.enqueue(("file_write", "<line>", "e/a", True))

    @rule()
    def check(self):
        self.compare()

    def teardown(self):
        try:
            self.compare()
        finally:
            shutil.rmtree(self.top)


PROFILE = settings(
    max_examples=200,
    report_multiple_bugs=False,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def test_histories_are_those_of_os_and_shutil():
    run_state_machine_as_test(Histories, settings=PROFILE)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.skipif("MHDDQ_TEST_LONG" not in os.environ, reason="only where MHDDQ_TEST_LONG is set")
def test_long_histories_are_those_of_os_and_shutil():
    long = settings(PROFILE, max_examples=2000, stateful_step_count=100, phases=Phase)
    run_state_machine_as_test(Histories, settings=long)
