"""What operations do, in plain Python: the oracle that random histories are compared with.

A *world* is a directory of the queue's and its twin, in which the oracle does the same. Results,
outputs and the text of errors must be equal, and the trees at the end.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

from helpers import Args, Outcome, error_text, open_text, read_as_text, tree_of

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
    return Failure(error_text(number, *paths))


class Anything(Failure):
    """What happens is not promised, but nothing may change: a directory renamed to itself."""


def is_really_directory(path: str) -> bool:
    """A link is none. OSError where there is nothing."""
    return stat.S_ISDIR(os.lstat(path).st_mode)


def check_tree(path: str) -> None:
    """Of a link with a slash after it, the link is meant."""
    try:
        found = is_really_directory(path.rstrip("/"))
    except OSError as error:
        error.filename = path  # and on Windows with the code of its own, of which there are several
        raise Failure(str(error)) from None
    if not found:
        raise failure(errno.ENOTDIR, path)


def check_slash(path: str) -> None:
    """What is no directory with a slash after it: it exists, and yet the system finds nothing."""
    if os.path.lexists(path.rstrip("/")) and not os.path.lexists(path):
        raise Failure


def within(path: str, path2: str) -> bool:
    outer, inner = os.path.realpath(path), os.path.realpath(path2)
    return inner == outer or inner.startswith(outer + os.sep)


def inside(path: str, directory: str) -> str:
    """Where a move onto a directory goes."""
    joined = os.path.join(directory, os.path.basename(path.rstrip("/")))
    if within(path, joined):
        raise Failure
    if os.path.lexists(joined):
        raise failure(errno.EEXIST, joined)
    return joined


def replace(path: str, path2: str) -> None:
    """Where both paths are at fault, which of them is told is another test's business."""
    if not os.path.lexists(path) and not os.path.isdir(os.path.dirname(path2)):
        raise Failure
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
            raise Failure(open_text(errno.EEXIST, path2))
        with open(path2, "xb"):
            pass
        shutil.copy2(path, path2)
        return {}

    @staticmethod
    def file_read(path, binary):
        if not binary:
            return {"data": read_as_text(path)}
        with open(path, "rb") as file:
            return {"data": file.read()}

    @staticmethod
    def file_write(data, path, binary):
        data = data if binary else data.replace("\n", os.linesep).encode()
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
        if os.path.islink(path.rstrip("/")) and path.endswith("/"):
            raise Failure
        if os.path.lexists(path):
            if is_really_directory(path) and os.path.lexists(path2) and within(path, path2):
                raise Anything
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
            raise Failure
        os.replace(path, path2)
        return {}

    @staticmethod
    def directory_copy(path, path2):
        os.stat(path)
        if not os.path.isdir(path):
            raise failure(errno.ENOTDIR, path)
        if within(path, path2):
            raise Failure
        if os.path.lexists(path2):
            raise failure(errno.EEXIST, path2)
        try:
            shutil.copytree(path, path2, symlinks=True)
        except OSError:
            raise Failure from None
        return {}


# What the oracle says of one operation: its name, its result (None: anything), its output or the
# text of its failure ("": some text).
Expected = tuple[str, bool | None, Any]


def difference(args: Args, expected: Expected) -> str | None:
    """What an operation's args say other than the oracle, or None."""
    name, result, output = expected
    if args["action"] != name:
        return f"{args['action']} was called back for {name}"
    if result is None:
        return None
    told = args["output"]
    if args["result"] is True and result and "contents" in told:
        told = {"contents": sorted(told["contents"], key=lambda entry: entry["name"])}
    if args["result"] is not result:
        return f"{args}: the oracle says {result}: {output}"
    wanted = output if result else {"exception": output}
    if wanted not in (told, {"exception": ""}):  # else the text is another test's business
        return f"{args}: the oracle says {wanted}"
    return None


class World:
    """A directory and its twin. Operations are enqueued for the one and done by the oracle in the
    other; ``differences`` tells what came out other than expected."""

    def __init__(self, top: Path, callback: Callable[[Args], None], outcome: Outcome) -> None:
        """callback: of the operations; must at some time pass its args on to outcome."""
        self.real, self.twin = top / "real", top / "twin"
        self.real.mkdir(parents=True)
        self.twin.mkdir()
        self.callback, self.outcome = callback, outcome
        self.expected: list[Expected] = []
        self.compared = 0

    def placed(self, arguments: Any, top: Path) -> list[Any]:
        """The arguments of a history as those of a call, with paths in `top`."""
        return [f"{top}/{a}" if a in NAMES else DATA.get(a, a) for a in arguments]

    def mapped(self, text: str) -> str:
        """An error shows its paths as repr does."""
        twin, real = repr(str(self.twin))[1:-1], repr(str(self.real))[1:-1]
        return text.replace(twin, real)

    def by_the_oracle(self, name: str, arguments: Any) -> None:
        try:
            output = getattr(Oracle, name)(*self.placed(arguments, self.twin))
        except Failure as error:
            result = None if isinstance(error, Anything) else False
            self.expected.append((name, result, self.mapped(str(error))))
        except (OSError, UnicodeError) as error:
            self.expected.append((name, False, self.mapped(str(error))))
        else:
            self.expected.append((name, True, output))

    def enqueue(self, operation: Any) -> None:
        name, *arguments = operation
        accepted = getattr(mhddq, name)(self.callback, *self.placed(arguments, self.real))
        assert accepted is True, accepted
        self.by_the_oracle(name, arguments)

    def built(self, entries: Any) -> mhddq.Oplist:
        oplist = mhddq.create_empty_oplist()
        for entry in entries:
            if isinstance(entry, tuple):
                name, *arguments = entry
                function = getattr(mhddq, f"oplist_{name}")
                function(oplist, self.callback, *self.placed(arguments, self.real))
            else:
                mhddq.embed_oplist(oplist, self.built(entry))
        return oplist

    def list_by_the_oracle(self, entries: Any) -> None:
        for entry in entries:
            if isinstance(entry, tuple):
                self.by_the_oracle(entry[0], entry[1:])
            else:
                self.list_by_the_oracle(entry)

    def enqueue_list(self, entries: Any, times: int) -> None:
        oplist = self.built(entries)
        for _ in range(times):
            assert mhddq.enqueue_oplist(oplist) is True
            self.list_by_the_oracle(entries)

    def link(self, name: str, leads_to: str) -> None:
        """Makes a link in both; everything enqueued must have been done. On Windows that is a
        privilege, and there are none."""
        if os.name != "posix":
            return
        for top in (self.real, self.twin):
            if (top / name).parent.is_dir() and not os.path.lexists(top / name):
                (top / name).symlink_to(leads_to)

    def heard(self) -> list[tuple[Args, Expected]]:
        """Waits for all that was enqueued; what is new since the last time, with the oracle's word
        for it."""
        heard = self.outcome.wait(len(self.expected))
        assert len(heard) == len(self.expected)
        pairs = list(zip(heard, self.expected, strict=True))[self.compared :]
        self.compared = len(heard)
        return pairs

    def compare(self) -> None:
        for args, expected in self.heard():
            assert difference(args, expected) is None, difference(args, expected)
        assert tree_of(self.real) == tree_of(self.twin)
