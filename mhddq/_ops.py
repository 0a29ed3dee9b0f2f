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
callback: called on the callback thread with one dict, args: 'action' (this name), 'result' (False
    if the operation failed), 'params' (what was passed), 'output'. None: nobody is called, and
    a failure is reported on stderr."""

_ENQUEUE = """\
Returns: True if it was accepted, False once shutdown has begun. Returns at once, unless the ring
is full; then it waits for room. Any thread, callbacks included. On failure, which is told to the
callback only, output is {'exception': str}.
Raises: TypeError for arguments of a wrong type; ValueError where a setting in the environment is
wrong. Then nothing has been enqueued."""

_APPEND = """\
Returns: None. The operation runs when the list is enqueued and its turn has come; then output is
as above, or {'exception': str} on failure. Any thread.
Raises: TypeError for arguments of a wrong type. Then nothing has been added."""


def _document(definition: Callable[..., None], in_oplist: bool) -> str:
    summary, _, rest = _dedented(definition.__doc__ or "").partition("\n\n")
    if in_oplist:
        summary = f"Adds to an oplist: {summary[0].lower()}{summary[1:]}"
    lines = ["oplist: from create_empty_oplist(); the operation is added at its end."]
    body = (lines if in_oplist else []) + [_CALLBACK, rest, "", _APPEND if in_oplist else _ENQUEUE]
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

    filename: str, bytes or os.PathLike; links are followed.
    Output: {'exists': bool}. A name that cannot exist does not; a look-up that fails for another
    reason (no permission, say) is a failure.
    """


@operation
def file_create(filename: _Path) -> None:
    """Creates an empty file, as open(filename, 'x') does.

    filename: str, bytes or os.PathLike; must not exist.
    Output: {}.
    """


@operation
def file_delete(filename: _Path) -> None:
    """Deletes a file, as os.remove does; of a link the link itself.

    filename: str, bytes or os.PathLike; a directory is a failure.
    Output: {}.
    """


@operation
def file_rename(original_filename: _Path, new_filename: _Path) -> None:
    """Renames a file, as os.replace does: an existing file of the new name is replaced.

    original_filename: str, bytes or os.PathLike; a directory is a failure.
    new_filename: the same; must be on the same file system.
    Output: {}.
    """


@operation
def file_move(source_filename: _Path, destination_filename: _Path) -> None:
    """Moves a file, also to another file system; an existing file is replaced.

    source_filename: str, bytes or os.PathLike; of a link the link itself is moved.
    destination_filename: the same; an existing directory takes the file in, under its old name,
        unless that is taken there. Across file systems the copy is complete before the source
        goes, and never shows half-written.
    Output: {}.
    """


@operation
def file_copy(source_filename: _Path, copy_filename: _Path) -> None:
    """Copies a regular file: contents, holes, permission bits, times, extended attributes.

    source_filename: str, bytes or os.PathLike; a link is followed.
    copy_filename: the same; must not exist, and appears only when it is complete.
    Output: {}.
    """


@operation
def file_read(filename: _Path, binary: bool = False) -> None:
    """Reads a whole regular file.

    filename: str, bytes or os.PathLike.
    binary: False: text, strict UTF-8 with universal newlines; True: bytes.
    Output: {'data': str or bytes}. It is the callback's; up to MHDDQ_BUFFER_BYTES of data wait
    for callbacks at a time.
    """


@operation
def file_write(data: _Data, filename: _Path, binary: bool = False) -> None:
    """Writes a whole file, leaving what open(filename, 'w') or 'wb' would leave.

    data: str, or with binary a bytes-like object. It is not copied: the queue holds on to it
        until the callback has returned, and a bytearray must not be changed before.
    filename: str, bytes or os.PathLike.
    binary: False: text, UTF-8 with the platform's line ends; True: bytes.
    Output: {}.
    """


@operation
def directory_exists(dirname: _Path) -> None:
    """Asks whether a directory exists.

    dirname: str, bytes or os.PathLike; links are followed.
    Output: {'exists': bool}, as for file_exists.
    """


@operation
def directory_create(dirname: _Path) -> None:
    """Creates a directory, as os.mkdir does.

    dirname: str, bytes or os.PathLike; must not exist, its parent must.
    Output: {}.
    """


@operation
def directory_delete(dirname: _Path) -> None:
    """Deletes a directory and everything in it, never following a link out of it.

    dirname: str, bytes or os.PathLike. Links, mount points, the root, and names that end in
        '.' or '..' are refused before anything is touched; mounts below it are not entered.
    Output: {}.
    """


@operation
def directory_contents(dirname: _Path) -> None:
    """Lists a directory.

    dirname: str, bytes or os.PathLike.
    Output: {'contents': [{'name': str, 'type': 'file' or 'directory'}, ...]}, in the file
    system's order; a link counts as what it leads to.
    """


@operation
def directory_rename(old_dirname: _Path, new_dirname: _Path) -> None:
    """Renames a directory.

    old_dirname: str, bytes or os.PathLike; a directory, not a link.
    new_dirname: the same; must not exist, and be on the same file system.
    Output: {}.
    """


@operation
def directory_move(source_dirname: _Path, destination_dirname: _Path) -> None:
    """Moves a directory with everything in it, also to another file system.

    source_dirname: str, bytes or os.PathLike; a directory, not a link.
    destination_dirname: the same; an existing directory takes it in, under its old name, unless
        that is taken there. Across file systems the copy is complete before the source goes.
    Output: {}.
    """


@operation
def directory_copy(source_dirname: _Path, copy_dirname: _Path) -> None:
    """Copies a directory with everything in it; links stay links.

    source_dirname: str, bytes or os.PathLike.
    copy_dirname: the same; must not exist, and appears only when it is complete. Missing parents
        are created.
    Output: {}.
    """
