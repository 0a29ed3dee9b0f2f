"""What operations do, in plain Python: the oracle for random histories (model.py) and for bad input
(fuzzing.py). Paths are str or bytes, relative to the working directory or absolute.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
from typing import Any

from helpers import Args, error_text, open_text, read_as_text

Path = str | bytes


class Failure(Exception):
    """An operation fails by the contract: with an OSError's text, or with no text in particular."""


def failure(number: int, *paths: Path) -> Failure:
    return Failure(error_text(number, *paths))


class Anything(Failure):
    """The result is not promised, but nothing may change: a directory is renamed to itself."""


def without_slashes(path: Path) -> Path:
    return path.rstrip(b"/" if isinstance(path, bytes) else "/")


def refusal(path: Path) -> str | None:
    """The text of a path's failure that cannot be handed to the system."""
    try:
        encoded = os.fsencode(path)
    except UnicodeEncodeError as error:
        return str(error)
    return "embedded null byte" if b"\0" in encoded else None


def content(data: Any, binary: bool) -> bytes:
    """What a file_write writes; a ValueError with the text of its refusal."""
    if isinstance(data, str):
        if binary:
            raise ValueError("binary mode needs bytes-like data, not 'str'")
        return data.replace("\n", os.linesep).encode()
    if not binary:
        raise ValueError(f"text mode needs str data, not '{type(data).__name__}'")
    if not memoryview(data).c_contiguous:
        raise ValueError("the data's memory is not C-contiguous")
    return bytes(data)


def by_path(entry: Any) -> str:
    return entry["path"]


def is_really_directory(path: Path) -> bool:
    """A link to a directory is no directory. OSError where there is nothing."""
    return stat.S_ISDIR(os.lstat(path).st_mode)


def kind_of(entry: os.DirEntry[Any]) -> str:
    """A link has the type of what it leads to; a link that leads to itself counts as a file."""
    try:
        return "directory" if entry.is_dir() else "file"
    except OSError:
        return "file"


def check_tree(path: Path) -> None:
    """A path with a slash after a link means the link. One with a dot at its end is refused before
    anything is looked up."""
    named = without_slashes(path)
    if os.path.basename(named) in (".", b"."):
        raise failure(errno.EINVAL, path)
    try:
        found = is_really_directory(named)
    except OSError as error:
        error.filename = path  # and on Windows with the code of its own, of which there are several
        raise Failure(str(error)) from None
    if not found:
        raise failure(errno.ENOTDIR, path)


def check_slash(path: Path) -> None:
    """Fails for a slash after what is no directory: it exists, and yet the system finds nothing."""
    if os.path.lexists(without_slashes(path)) and not os.path.lexists(path):
        raise Failure


def within(path: Path, path2: Path) -> bool:
    outer, inner = os.path.realpath(path), os.path.realpath(path2)
    return os.path.commonpath([outer, inner]) == outer


def names_itself(path: Path, path2: Path) -> bool:
    """A link to the directory is not the directory: what is moved to it would be moved inside."""
    named = without_slashes(path2)
    return not os.path.islink(named) and os.path.samefile(path, named)


def inside(path: Path, directory: Path) -> Path:
    """Where a move onto a directory goes."""
    joined = os.path.join(directory, os.path.basename(without_slashes(path)))
    if within(path, joined):
        raise Failure
    if os.path.lexists(joined):
        raise failure(errno.EEXIST, joined)
    return joined


def make_parents(path: Path) -> None:
    """Makes the directories above a path that are missing."""
    parent = os.path.dirname(without_slashes(path))
    try:
        os.makedirs(parent or os.curdir, exist_ok=True)
    except OSError:
        raise Failure from None


class Oracle:
    """The operations in plain Python."""

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
        os.replace(path, path2)
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
        written = content(data, bool(binary))
        with open(path, "wb") as file:
            file.write(written)
        return {}

    @staticmethod
    def file_replace(data, path, binary):
        return Oracle.file_write(data, path, binary)

    @staticmethod
    def file_append(data, path, binary):
        written = content(data, bool(binary))
        with open(path, "ab") as file:
            file.write(written)
        return {}

    @staticmethod
    def file_truncate(path):
        os.truncate(path, 0)
        return {}

    @staticmethod
    def path_exists(path):
        return {"exists": os.path.exists(path)}

    @staticmethod
    def path_rename(path, path2):
        os.replace(path, path2)
        return {}

    @staticmethod
    def directory_create(path):
        os.mkdir(path)
        return {}

    @staticmethod
    def directory_delete(path):
        check_tree(path)
        shutil.rmtree(without_slashes(path))
        return {}

    @staticmethod
    def directory_contents(path):
        with os.scandir(path) as entries:
            kinds = {os.fsdecode(e.name): kind_of(e) for e in entries}
        return {"contents": [{"name": n, "type": kinds[n]} for n in sorted(kinds)]}

    @staticmethod
    def directory_walk(path):
        with os.scandir(path):
            pass
        top = without_slashes(path)
        found = []
        for directory, directories, files in os.walk(path):
            rest = directory[len(os.path.join(path, "")) :]
            for name in directories + files:
                whole = os.path.join(top, rest, name)
                is_link = os.path.islink(whole)
                kind = "link" if is_link else "directory" if name in directories else "file"
                found.append({"path": whole, "type": kind})
        return {"entries": sorted(found, key=by_path), "resume": None}

    @staticmethod
    def link_read(path):
        return {"target": os.readlink(path)}

    @staticmethod
    def directory_rename(path, path2):
        if os.path.islink(without_slashes(path)) and without_slashes(path) != path:
            raise Failure
        if os.path.lexists(path):
            if is_really_directory(path) and os.path.lexists(path2) and within(path, path2):
                raise Anything
            if not is_really_directory(path):
                raise failure(errno.ENOTDIR, path, path2)
            check_slash(path2)
            if os.path.lexists(path2):
                raise failure(errno.EEXIST, path, path2)
        os.replace(path, path2)
        return {}

    @staticmethod
    def directory_move(path, path2):
        check_tree(path)
        if os.path.isdir(path2):
            if names_itself(path, path2):
                return {}
            path2 = inside(path, path2)
        elif os.path.lexists(without_slashes(path2)) or within(path, path2):
            raise Failure
        make_parents(path2)
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


# What the oracle expects of one operation: its name, its result (None: anything), and its output or
# the text of its failure ("": any text).
Expected = tuple[str, bool | None, Any]


def expected_of(name: str, arguments: Any) -> Expected:
    """Does an operation in plain Python."""
    try:
        return name, True, getattr(Oracle, name)(*arguments)
    except Failure as error:
        return name, None if isinstance(error, Anything) else False, str(error)
    except (OSError, ValueError) as error:
        return name, False, str(error)


def difference(args: Args, expected: Expected) -> str | None:
    """How an operation's args differ from what the oracle expects, or None."""
    name, result, output = expected
    if args["action"] != name:
        return f"{args['action']} was called back for {name}"
    if result is None:
        return None
    reported = args["output"]
    if args["result"] is True and result and "contents" in reported:
        reported = {"contents": sorted(reported["contents"], key=lambda entry: entry["name"])}
    if args["result"] is True and result and "entries" in reported:
        reported = {**reported, "entries": sorted(reported["entries"], key=by_path)}
    if args["result"] is not result:
        return f"{args}: the oracle expects {result}: {output}"
    wanted = output if result else {"exception": output}
    if wanted not in (reported, {"exception": ""}):  # another test checks the text
        return f"{args}: the oracle expects {wanted}"
    return None
