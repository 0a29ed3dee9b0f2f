"""THE table: each operation once, as a definition with its parameters and its docstring.

``@operation`` makes two public functions of a definition: the one that enqueues (``callback``
first) and its ``oplist_`` twin (``oplist, callback`` first). Signatures, docstrings and the stub
file (``tools/make_stub.py``) come from here. The order is that of MHQ_OPS in ``csrc/op.h``.
"""

from __future__ import annotations

from mhddq import _core
from mhddq._lifecycle import queue

TYPE_CHECKING = False  # as typing has it, without importing typing
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mhddq import _Data, _Path

OPERATIONS: dict[str, Callable[..., None]] = {}  # the definitions, in order
PUBLIC: dict[str, Callable[..., Any]] = {}

_CALLBACK = """\
callback: a callable that takes one argument, or None. It is called once, on the callback thread,
    after the operation, with a dict: 'action' (this function's name), 'result' (True, or False
    on failure), 'params' (what was passed, by name) and 'output'. With None nobody is called,
    and a failure is reported on stderr."""

_FAILURE = """\
On failure: output is {'exception': str}, the text that Python's own exception would have, such as
    "[Errno 2] No such file or directory: './a'"."""

_ENQUEUE = """\
Returns: True if it was accepted: it will run once, in its turn. False once shutdown has begun:
    nothing will happen. The call does not wait for the disk. It waits only while the ring is
    full (MHDDQ_RING_SIZE operations under way), and in a callback not even then.
Raises: TypeError for an argument of a wrong type; ValueError for a wrong setting in the
    environment, at the first operation. Nothing has been enqueued then.
Threads: any, callbacks and signal handlers included."""

_APPEND = """\
Returns: None. The operation runs, and its callback is called, each time the list is enqueued and
    its turn has come.
Raises: TypeError for an argument of a wrong type. Nothing has been added then.
Threads: any; several may fill one list."""


def _document(definition: Callable[..., None], in_oplist: bool) -> str:
    summary, _, rest = _dedented(definition.__doc__ or "").partition("\n\n")
    if in_oplist:
        summary = f"Adds to an oplist: {summary[0].lower()}{summary[1:]}"
    lines = ["oplist: from create_empty_oplist(); the operation is added at its end."]
    body = (lines if in_oplist else []) + [_CALLBACK, rest, _FAILURE]
    body.append(_APPEND if in_oplist else _ENQUEUE)
    return summary + "\n\n" + "\n".join(body) + "\n"


def _dedented(docstring: str) -> str:
    """What inspect.cleandoc makes of it; inspect costs more to import than all of mhddq."""
    first, *others = docstring.rstrip().split("\n")
    indent = min((len(line) - len(line.lstrip()) for line in others if line), default=0)
    return "\n".join([first, *(line[indent:] for line in others)])


def operation(definition: Any) -> Callable[..., Any]:
    name = definition.__name__
    code = definition.__code__
    parameters = code.co_varnames[: code.co_argcount]
    defaults = definition.__defaults__ or ()
    kind = len(OPERATIONS)
    OPERATIONS[name] = definition
    for public, in_oplist in ((name, False), (f"oplist_{name}", True)):
        PUBLIC[public] = _core.function(
            queue, public, _document(definition, in_oplist), kind, parameters, defaults, in_oplist
        )
    globals()[f"oplist_{name}"] = PUBLIC[f"oplist_{name}"]
    return PUBLIC[name]


@operation
def file_exists(filename: _Path) -> None:
    """Asks whether something that is no directory exists.

    filename: str, bytes or os.PathLike. Links are followed.
    Output: {'exists': bool}. A look-up that fails for another reason than that there is nothing (no
        permission, say) is a failure.
    """


@operation
def file_create(filename: _Path) -> None:
    """Creates an empty file, as open(filename, 'x') does.

    filename: str, bytes or os.PathLike. It must not exist; its directory must.
    Output: {}.
    """


@operation
def file_delete(filename: _Path) -> None:
    """Deletes a file, as os.remove does; of a link the link itself.

    filename: str, bytes or os.PathLike. A directory is a failure.
    Output: {}.
    """


@operation
def file_rename(original_filename: _Path, new_filename: _Path) -> None:
    """Renames a file, as os.replace does: an existing file of the new name is replaced.

    original_filename: str, bytes or os.PathLike. A directory is a failure.
    new_filename: the same. It must be on the same file system.
    Output: {}.
    """


@operation
def file_move(source_filename: _Path, destination_filename: _Path) -> None:
    """Moves a file, also to another file system; an existing file is replaced.

    source_filename: str, bytes or os.PathLike. Of a link the link itself is moved.
    destination_filename: the same. If it is a directory, the file goes into it under its old name,
        and the operation fails if that name is taken there.
    Output: {}. To another file system the file is copied, and the target shows up when it is
        complete; the source is removed after that. If it cannot be removed, the target stays and
        the operation fails.
    """


@operation
def file_copy(source_filename: _Path, copy_filename: _Path) -> None:
    """Copies a regular file: contents, holes, permission bits, times, extended attributes, ACLs.

    source_filename: str, bytes or os.PathLike. A link is followed.
    copy_filename: the same. It must not exist, not even as a dangling link. It shows up when it is
        complete.
    Output: {}. The owner is not copied; setuid and setgid bits are only if the new file has the
        source's owner and group. Where the file system can share blocks (reflink), it does.
    """


@operation
def file_read(filename: _Path, binary: bool = False) -> None:
    """Reads a whole regular file.

    filename: str, bytes or os.PathLike. A FIFO or a device is a failure, never a wait.
    binary: False gives str: UTF-8, every kind of line end turned into '\\n'; a file that is not
        UTF-8 is a failure. True gives bytes, unchanged.
    Output: {'data': str or bytes}. A new object, yours to keep. Until the callback has returned it
        counts towards MHDDQ_BUFFER_BYTES.
    """


@operation
def file_write(data: _Data, filename: _Path, binary: bool = False) -> None:
    """Writes a whole file, leaving what open(filename, 'w') or 'wb' would leave.

    data: str, or with binary anything bytes-like that lies in one piece (bytes, bytearray,
        memoryview, mmap). It is not copied: the queue uses the object's own memory until the
        callback has returned, of a list until the whole list has been called back. Do not change
        a bytearray before that; resizing it raises BufferError.
    filename: str, bytes or os.PathLike. An existing file is replaced.
    binary: False takes str and writes UTF-8, with the platform's line ends; True takes bytes.
    Output: {}.
    """


@operation
def directory_exists(dirname: _Path) -> None:
    """Asks whether a directory exists.

    dirname: str, bytes or os.PathLike. Links are followed.
    Output: {'exists': bool}. A look-up that fails for another reason than that there is nothing (no
        permission, say) is a failure.
    """


@operation
def directory_create(dirname: _Path) -> None:
    """Creates a directory, as os.mkdir does.

    dirname: str, bytes or os.PathLike. It must not exist; its parent must.
    Output: {}.
    """


@operation
def directory_delete(dirname: _Path) -> None:
    """Deletes a directory and everything in it, never following a link out of it.

    dirname: str, bytes or os.PathLike. Refused before anything is touched: a link, a mount point,
        the root, a name that ends in '.' or '..'.
    Output: {}. Links in the tree are removed themselves. A mount in it is not entered: the
        operation fails.
    """


@operation
def directory_contents(dirname: _Path) -> None:
    """Lists a directory.

    dirname: str, bytes or os.PathLike.
    Output: {'contents': [{'name': str, 'type': 'file' or 'directory'}, ...]}, in the file system's
        order, without '.' and '..'. A link counts as what it leads to. A name that cannot be
        decoded comes as os.fsdecode gives it, and can be passed on.
    """


@operation
def directory_rename(old_dirname: _Path, new_dirname: _Path) -> None:
    """Renames a directory.

    old_dirname: str, bytes or os.PathLike. A directory, not a link.
    new_dirname: the same. It must not exist, and be on the same file system.
    Output: {}.
    """


@operation
def directory_move(source_dirname: _Path, destination_dirname: _Path) -> None:
    """Moves a directory with everything in it, also to another file system.

    source_dirname: str, bytes or os.PathLike. A directory, not a link.
    destination_dirname: the same. If it is a directory, the source goes into it under its old name,
        and the operation fails if that name is taken there.
    Output: {}. To another file system the tree is copied, and the target shows up when it is
        complete; the source is removed after that. If it cannot be removed, the target stays and
        the operation fails.
    """


@operation
def directory_copy(source_dirname: _Path, copy_dirname: _Path) -> None:
    """Copies a directory with everything in it.

    source_dirname: str, bytes or os.PathLike. A link is followed.
    copy_dirname: the same. It must not exist, nor be inside the source. Missing parents are
        created. It shows up when it is complete.
    Output: {}. Files are copied as by file_copy. Links stay links, hard links become separate
        files, FIFOs and sockets are made anew, devices are a failure. The first error ends the
        copy, and nothing is left behind.
    """
