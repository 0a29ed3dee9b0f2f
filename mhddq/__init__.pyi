# Made by tools/make_stub.py from the table in mhddq/_ops.py. Do not edit.

import os
from collections.abc import Callable, Iterator
from typing import Any, Literal, TypeAlias, TypeVar, final, overload

from typing_extensions import Buffer

from mhddq import types as types

__version__: str

_Path: TypeAlias = str | bytes | os.PathLike[str] | os.PathLike[bytes]
_File: TypeAlias = _Path | Handle
_Data: TypeAlias = str | Buffer
_Args = TypeVar("_Args")
# What is called may know what the operation gives, or take any dict.
_Callback: TypeAlias = Callable[[_Args], object] | Callable[[dict[str, Any]], object] | None

@final
class Oplist:
    def __len__(self) -> int: ...
    def __bool__(self) -> bool: ...
    def __iter__(self) -> Iterator[dict[str, Any] | Oplist]: ...

@final
class Handle:
    @property
    def name(self) -> str | bytes: ...
    @property
    def mode(self) -> str: ...
    @property
    def closed(self) -> bool: ...
    def fileno(self) -> int: ...

def create_empty_oplist() -> Oplist: ...
def clear_oplist(oplist: Oplist) -> None: ...
def embed_oplist(oplist: Oplist, sub_oplist: Oplist) -> None: ...
def enqueue_oplist(oplist: Oplist) -> bool: ...
def shutdown(timeout: float | None = None) -> None: ...
def is_shutdown() -> bool: ...
def stats() -> types.Stats: ...
def file_exists(callback: _Callback[types.FileExistsArgs], filename: _Path) -> bool: ...
def file_create(callback: _Callback[types.FileCreateArgs], filename: _Path) -> bool: ...
def file_delete(callback: _Callback[types.FileDeleteArgs], filename: _Path) -> bool: ...
def file_rename(
    callback: _Callback[types.FileRenameArgs], original_filename: _Path, new_filename: _Path
) -> bool: ...
def file_move(
    callback: _Callback[types.FileMoveArgs], source_filename: _Path, destination_filename: _Path
) -> bool: ...
def file_copy(
    callback: _Callback[types.FileCopyArgs], source_filename: _Path, copy_filename: _Path
) -> bool: ...
@overload
def file_read(
    callback: _Callback[types.FileReadTextArgs],
    filename: _File,
    binary: Literal[False] = False,
    *,
    offset: int = 0,
    length: int | None = None,
) -> bool: ...
@overload
def file_read(
    callback: _Callback[types.FileReadBytesArgs],
    filename: _File,
    binary: Literal[True],
    *,
    offset: int = 0,
    length: int | None = None,
) -> bool: ...
@overload
def file_read(
    callback: _Callback[types.FileReadArgs],
    filename: _File,
    binary: bool,
    *,
    offset: int = 0,
    length: int | None = None,
) -> bool: ...
@overload
def file_write(
    callback: _Callback[types.FileWriteArgs],
    data: str,
    filename: _File,
    binary: Literal[False] = False,
    *,
    offset: int | None = None,
) -> bool: ...
@overload
def file_write(
    callback: _Callback[types.FileWriteArgs],
    data: Buffer,
    filename: _File,
    binary: Literal[True],
    *,
    offset: int | None = None,
) -> bool: ...
@overload
def file_write(
    callback: _Callback[types.FileWriteArgs],
    data: _Data,
    filename: _File,
    binary: bool,
    *,
    offset: int | None = None,
) -> bool: ...
@overload
def file_replace(
    callback: _Callback[types.FileReplaceArgs],
    data: str,
    filename: _Path,
    binary: Literal[False] = False,
    *,
    durable: bool = True,
) -> bool: ...
@overload
def file_replace(
    callback: _Callback[types.FileReplaceArgs],
    data: Buffer,
    filename: _Path,
    binary: Literal[True],
    *,
    durable: bool = True,
) -> bool: ...
@overload
def file_replace(
    callback: _Callback[types.FileReplaceArgs],
    data: _Data,
    filename: _Path,
    binary: bool,
    *,
    durable: bool = True,
) -> bool: ...
def directory_exists(callback: _Callback[types.DirectoryExistsArgs], dirname: _Path) -> bool: ...
def directory_create(callback: _Callback[types.DirectoryCreateArgs], dirname: _Path) -> bool: ...
def directory_delete(callback: _Callback[types.DirectoryDeleteArgs], dirname: _Path) -> bool: ...
def directory_contents(
    callback: _Callback[types.DirectoryContentsArgs], dirname: _Path
) -> bool: ...
def directory_walk(
    callback: _Callback[types.DirectoryWalkArgs],
    dirname: _Path,
    *,
    stat: bool = False,
    batch: int = 1024,
    on_error: Literal["stop", "continue"] = "stop",
    resume: types.Resume | None = None,
) -> bool: ...
def directory_rename(
    callback: _Callback[types.DirectoryRenameArgs], old_dirname: _Path, new_dirname: _Path
) -> bool: ...
def directory_move(
    callback: _Callback[types.DirectoryMoveArgs], source_dirname: _Path, destination_dirname: _Path
) -> bool: ...
def directory_copy(
    callback: _Callback[types.DirectoryCopyArgs], source_dirname: _Path, copy_dirname: _Path
) -> bool: ...
def file_open(
    callback: _Callback[types.FileOpenArgs], filename: _Path, mode: str = "r"
) -> bool: ...
def file_close(
    callback: _Callback[types.FileCloseArgs],
    file: Handle,
    *,
    sync: bool = False,
    discard: bool = False,
) -> bool: ...
def oplist_file_exists(
    oplist: Oplist, callback: _Callback[types.FileExistsArgs], filename: _Path
) -> None: ...
def oplist_file_create(
    oplist: Oplist, callback: _Callback[types.FileCreateArgs], filename: _Path
) -> None: ...
def oplist_file_delete(
    oplist: Oplist, callback: _Callback[types.FileDeleteArgs], filename: _Path
) -> None: ...
def oplist_file_rename(
    oplist: Oplist,
    callback: _Callback[types.FileRenameArgs],
    original_filename: _Path,
    new_filename: _Path,
) -> None: ...
def oplist_file_move(
    oplist: Oplist,
    callback: _Callback[types.FileMoveArgs],
    source_filename: _Path,
    destination_filename: _Path,
) -> None: ...
def oplist_file_copy(
    oplist: Oplist,
    callback: _Callback[types.FileCopyArgs],
    source_filename: _Path,
    copy_filename: _Path,
) -> None: ...
@overload
def oplist_file_read(
    oplist: Oplist,
    callback: _Callback[types.FileReadTextArgs],
    filename: _File,
    binary: Literal[False] = False,
    *,
    offset: int = 0,
    length: int | None = None,
) -> None: ...
@overload
def oplist_file_read(
    oplist: Oplist,
    callback: _Callback[types.FileReadBytesArgs],
    filename: _File,
    binary: Literal[True],
    *,
    offset: int = 0,
    length: int | None = None,
) -> None: ...
@overload
def oplist_file_read(
    oplist: Oplist,
    callback: _Callback[types.FileReadArgs],
    filename: _File,
    binary: bool,
    *,
    offset: int = 0,
    length: int | None = None,
) -> None: ...
@overload
def oplist_file_write(
    oplist: Oplist,
    callback: _Callback[types.FileWriteArgs],
    data: str,
    filename: _File,
    binary: Literal[False] = False,
    *,
    offset: int | None = None,
) -> None: ...
@overload
def oplist_file_write(
    oplist: Oplist,
    callback: _Callback[types.FileWriteArgs],
    data: Buffer,
    filename: _File,
    binary: Literal[True],
    *,
    offset: int | None = None,
) -> None: ...
@overload
def oplist_file_write(
    oplist: Oplist,
    callback: _Callback[types.FileWriteArgs],
    data: _Data,
    filename: _File,
    binary: bool,
    *,
    offset: int | None = None,
) -> None: ...
def oplist_directory_exists(
    oplist: Oplist, callback: _Callback[types.DirectoryExistsArgs], dirname: _Path
) -> None: ...
def oplist_directory_create(
    oplist: Oplist, callback: _Callback[types.DirectoryCreateArgs], dirname: _Path
) -> None: ...
def oplist_directory_delete(
    oplist: Oplist, callback: _Callback[types.DirectoryDeleteArgs], dirname: _Path
) -> None: ...
def oplist_directory_contents(
    oplist: Oplist, callback: _Callback[types.DirectoryContentsArgs], dirname: _Path
) -> None: ...
def oplist_directory_rename(
    oplist: Oplist,
    callback: _Callback[types.DirectoryRenameArgs],
    old_dirname: _Path,
    new_dirname: _Path,
) -> None: ...
def oplist_directory_move(
    oplist: Oplist,
    callback: _Callback[types.DirectoryMoveArgs],
    source_dirname: _Path,
    destination_dirname: _Path,
) -> None: ...
def oplist_directory_copy(
    oplist: Oplist,
    callback: _Callback[types.DirectoryCopyArgs],
    source_dirname: _Path,
    copy_dirname: _Path,
) -> None: ...

__all__ = [
    "Handle",
    "Oplist",
    "clear_oplist",
    "create_empty_oplist",
    "directory_contents",
    "directory_copy",
    "directory_create",
    "directory_delete",
    "directory_exists",
    "directory_move",
    "directory_rename",
    "directory_walk",
    "embed_oplist",
    "enqueue_oplist",
    "file_close",
    "file_copy",
    "file_create",
    "file_delete",
    "file_exists",
    "file_move",
    "file_open",
    "file_read",
    "file_rename",
    "file_replace",
    "file_write",
    "is_shutdown",
    "oplist_directory_contents",
    "oplist_directory_copy",
    "oplist_directory_create",
    "oplist_directory_delete",
    "oplist_directory_exists",
    "oplist_directory_move",
    "oplist_directory_rename",
    "oplist_file_copy",
    "oplist_file_create",
    "oplist_file_delete",
    "oplist_file_exists",
    "oplist_file_move",
    "oplist_file_read",
    "oplist_file_rename",
    "oplist_file_write",
    "shutdown",
    "stats",
]
