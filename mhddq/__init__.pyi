# Made by tools/make_stub.py from the table in mhddq/_ops.py. Do not edit.

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Literal, TypeAlias, TypeVar, final, overload

from typing_extensions import Buffer, Self

from mhddq import aio as aio
from mhddq import futures as futures
from mhddq import progress as progress
from mhddq import types as types

__version__: str

_Path: TypeAlias = str | bytes | os.PathLike[str] | os.PathLike[bytes]
_File: TypeAlias = _Path | Handle
_Data: TypeAlias = str | Buffer
_Args = TypeVar("_Args")
# What is called may know what the operation gives, or take any dict.
_Callback: TypeAlias = Callable[[_Args], object] | Callable[[dict[str, Any]], object] | None

_Progress: TypeAlias = Callable[[int, int | None], object]
_OnError: TypeAlias = Literal["continue", "stop"]

@final
class Handle:
    @property
    def name(self) -> str | bytes: ...
    @property
    def mode(self) -> str: ...
    @property
    def closed(self) -> bool: ...
    def fileno(self) -> int: ...

class Cancelled(OSError): ...

@final
class Control:
    progress: _Progress | None
    interval: float
    def __init__(self, progress: _Progress | None = None, *, interval: float = 0.1) -> None: ...
    def cancel(self) -> None: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...
    @property
    def cancelled(self) -> bool: ...
    @property
    def paused(self) -> bool: ...
    @property
    def done(self) -> int: ...
    @property
    def total(self) -> int | None: ...
    @property
    def files(self) -> int: ...
    @property
    def entry(self) -> str | None: ...
    @property
    def accepted(self) -> int: ...
    @property
    def finished(self) -> int: ...

def create_empty_oplist(*, on_error: _OnError = "continue") -> Oplist: ...
def clear_oplist(oplist: Oplist) -> None: ...
def embed_oplist(oplist: Oplist, sub_oplist: Oplist) -> None: ...
def enqueue_oplist(
    oplist: Oplist,
    *,
    callback: _Callback[types.EnqueueOplistArgs] = None,
    control: Control | None = None,
) -> bool: ...
def default_queue() -> Queue: ...
def shutdown(timeout: float | None = None) -> None: ...
def is_shutdown() -> bool: ...
def stats() -> types.Stats: ...
def file_exists(
    callback: _Callback[types.FileExistsArgs], filename: _Path, *, control: Control | None = None
) -> bool: ...
def file_create(
    callback: _Callback[types.FileCreateArgs], filename: _Path, *, control: Control | None = None
) -> bool: ...
def file_delete(
    callback: _Callback[types.FileDeleteArgs], filename: _Path, *, control: Control | None = None
) -> bool: ...
def file_rename(
    callback: _Callback[types.FileRenameArgs],
    original_filename: _Path,
    new_filename: _Path,
    *,
    control: Control | None = None,
) -> bool: ...
def file_move(
    callback: _Callback[types.FileMoveArgs],
    source_filename: _Path,
    destination_filename: _Path,
    *,
    control: Control | None = None,
) -> bool: ...
def file_copy(
    callback: _Callback[types.FileCopyArgs],
    source_filename: _Path,
    copy_filename: _Path,
    *,
    replace: bool = False,
    control: Control | None = None,
) -> bool: ...
@overload
def file_read(
    callback: _Callback[types.FileReadTextArgs],
    filename: _File,
    binary: Literal[False] = False,
    *,
    offset: int = 0,
    length: int | None = None,
    control: Control | None = None,
) -> bool: ...
@overload
def file_read(
    callback: _Callback[types.FileReadBytesArgs],
    filename: _File,
    binary: Literal[True],
    *,
    offset: int = 0,
    length: int | None = None,
    control: Control | None = None,
) -> bool: ...
@overload
def file_read(
    callback: _Callback[types.FileReadArgs],
    filename: _File,
    binary: bool,
    *,
    offset: int = 0,
    length: int | None = None,
    control: Control | None = None,
) -> bool: ...
@overload
def file_write(
    callback: _Callback[types.FileWriteArgs],
    data: str,
    filename: _File,
    binary: Literal[False] = False,
    *,
    offset: int | None = None,
    control: Control | None = None,
) -> bool: ...
@overload
def file_write(
    callback: _Callback[types.FileWriteArgs],
    data: Buffer,
    filename: _File,
    binary: Literal[True],
    *,
    offset: int | None = None,
    control: Control | None = None,
) -> bool: ...
@overload
def file_write(
    callback: _Callback[types.FileWriteArgs],
    data: _Data,
    filename: _File,
    binary: bool,
    *,
    offset: int | None = None,
    control: Control | None = None,
) -> bool: ...
@overload
def file_replace(
    callback: _Callback[types.FileReplaceArgs],
    data: str,
    filename: _Path,
    binary: Literal[False] = False,
    *,
    durable: bool = True,
    control: Control | None = None,
) -> bool: ...
@overload
def file_replace(
    callback: _Callback[types.FileReplaceArgs],
    data: Buffer,
    filename: _Path,
    binary: Literal[True],
    *,
    durable: bool = True,
    control: Control | None = None,
) -> bool: ...
@overload
def file_replace(
    callback: _Callback[types.FileReplaceArgs],
    data: _Data,
    filename: _Path,
    binary: bool,
    *,
    durable: bool = True,
    control: Control | None = None,
) -> bool: ...
def directory_exists(
    callback: _Callback[types.DirectoryExistsArgs],
    dirname: _Path,
    *,
    control: Control | None = None,
) -> bool: ...
def directory_create(
    callback: _Callback[types.DirectoryCreateArgs],
    dirname: _Path,
    *,
    mode: int = 511,
    parents: bool = False,
    exist_ok: bool = False,
    control: Control | None = None,
) -> bool: ...
def directory_delete(
    callback: _Callback[types.DirectoryDeleteArgs],
    dirname: _Path,
    *,
    recursive: bool = True,
    control: Control | None = None,
) -> bool: ...
def directory_contents(
    callback: _Callback[types.DirectoryContentsArgs],
    dirname: _Path,
    *,
    control: Control | None = None,
) -> bool: ...
def directory_walk(
    callback: _Callback[types.DirectoryWalkArgs],
    dirname: _Path,
    *,
    stat: bool = False,
    batch: int = 1024,
    on_error: Literal["stop", "continue"] = "stop",
    resume: types.Resume | None = None,
    control: Control | None = None,
) -> bool: ...
def directory_rename(
    callback: _Callback[types.DirectoryRenameArgs],
    old_dirname: _Path,
    new_dirname: _Path,
    *,
    control: Control | None = None,
) -> bool: ...
def directory_move(
    callback: _Callback[types.DirectoryMoveArgs],
    source_dirname: _Path,
    destination_dirname: _Path,
    *,
    control: Control | None = None,
) -> bool: ...
def directory_copy(
    callback: _Callback[types.DirectoryCopyArgs],
    source_dirname: _Path,
    copy_dirname: _Path,
    *,
    control: Control | None = None,
) -> bool: ...
def file_open(
    callback: _Callback[types.FileOpenArgs],
    filename: _Path,
    mode: str = "r",
    *,
    atomic: bool = False,
    control: Control | None = None,
) -> bool: ...
def file_close(
    callback: _Callback[types.FileCloseArgs],
    file: Handle,
    *,
    sync: bool = False,
    discard: bool = False,
    control: Control | None = None,
) -> bool: ...
@overload
def file_append(
    callback: _Callback[types.FileAppendArgs],
    data: str,
    filename: _File,
    binary: Literal[False] = False,
    *,
    control: Control | None = None,
) -> bool: ...
@overload
def file_append(
    callback: _Callback[types.FileAppendArgs],
    data: Buffer,
    filename: _File,
    binary: Literal[True],
    *,
    control: Control | None = None,
) -> bool: ...
@overload
def file_append(
    callback: _Callback[types.FileAppendArgs],
    data: _Data,
    filename: _File,
    binary: bool,
    *,
    control: Control | None = None,
) -> bool: ...
def file_read_into(
    callback: _Callback[types.FileReadIntoArgs],
    buffer: Buffer,
    filename: _File,
    *,
    offset: int = 0,
    control: Control | None = None,
) -> bool: ...
def file_truncate(
    callback: _Callback[types.FileTruncateArgs],
    filename: _File,
    size: int = 0,
    *,
    control: Control | None = None,
) -> bool: ...
def file_sync(
    callback: _Callback[types.FileSyncArgs], filename: _File, *, control: Control | None = None
) -> bool: ...
def directory_sync(
    callback: _Callback[types.DirectorySyncArgs], dirname: _Path, *, control: Control | None = None
) -> bool: ...
def link_create(
    callback: _Callback[types.LinkCreateArgs],
    target: _Path,
    linkname: _Path,
    *,
    hard: bool = False,
    control: Control | None = None,
) -> bool: ...
def link_read(
    callback: _Callback[types.LinkReadArgs], linkname: _Path, *, control: Control | None = None
) -> bool: ...
def path_exists(
    callback: _Callback[types.PathExistsArgs],
    path: _Path,
    *,
    follow_symlinks: bool = True,
    control: Control | None = None,
) -> bool: ...
def path_stat(
    callback: _Callback[types.PathStatArgs],
    path: _File,
    *,
    follow_symlinks: bool = True,
    control: Control | None = None,
) -> bool: ...
def path_rename(
    callback: _Callback[types.PathRenameArgs],
    source: _Path,
    destination: _Path,
    *,
    replace: bool = True,
    control: Control | None = None,
) -> bool: ...
def path_chmod(
    callback: _Callback[types.PathChmodArgs],
    path: _File,
    mode: int,
    *,
    follow_symlinks: bool = True,
    control: Control | None = None,
) -> bool: ...
def path_utime(
    callback: _Callback[types.PathUtimeArgs],
    path: _File,
    times: tuple[float, float] | None = None,
    *,
    ns: tuple[int, int] | None = None,
    follow_symlinks: bool = True,
    control: Control | None = None,
) -> bool: ...
def disk_usage(
    callback: _Callback[types.DiskUsageArgs], path: _Path, *, control: Control | None = None
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
    *,
    replace: bool = False,
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
    oplist: Oplist,
    callback: _Callback[types.DirectoryCreateArgs],
    dirname: _Path,
    *,
    mode: int = 511,
    parents: bool = False,
    exist_ok: bool = False,
) -> None: ...
def oplist_directory_delete(
    oplist: Oplist,
    callback: _Callback[types.DirectoryDeleteArgs],
    dirname: _Path,
    *,
    recursive: bool = True,
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

@final
class Oplist:
    def __init__(self, *, on_error: _OnError = "continue") -> None: ...
    def __len__(self) -> int: ...
    def __bool__(self) -> bool: ...
    def __iter__(self) -> Iterator[dict[str, Any] | Oplist]: ...
    def embed(self, sub_oplist: Oplist) -> None: ...
    def clear(self) -> None: ...
    def file_exists(self, callback: _Callback[types.FileExistsArgs], filename: _Path) -> None: ...
    def file_create(self, callback: _Callback[types.FileCreateArgs], filename: _Path) -> None: ...
    def file_delete(self, callback: _Callback[types.FileDeleteArgs], filename: _Path) -> None: ...
    def file_rename(
        self,
        callback: _Callback[types.FileRenameArgs],
        original_filename: _Path,
        new_filename: _Path,
    ) -> None: ...
    def file_move(
        self,
        callback: _Callback[types.FileMoveArgs],
        source_filename: _Path,
        destination_filename: _Path,
    ) -> None: ...
    def file_copy(
        self,
        callback: _Callback[types.FileCopyArgs],
        source_filename: _Path,
        copy_filename: _Path,
        *,
        replace: bool = False,
    ) -> None: ...
    @overload
    def file_read(
        self,
        callback: _Callback[types.FileReadTextArgs],
        filename: _File,
        binary: Literal[False] = False,
        *,
        offset: int = 0,
        length: int | None = None,
    ) -> None: ...
    @overload
    def file_read(
        self,
        callback: _Callback[types.FileReadBytesArgs],
        filename: _File,
        binary: Literal[True],
        *,
        offset: int = 0,
        length: int | None = None,
    ) -> None: ...
    @overload
    def file_read(
        self,
        callback: _Callback[types.FileReadArgs],
        filename: _File,
        binary: bool,
        *,
        offset: int = 0,
        length: int | None = None,
    ) -> None: ...
    @overload
    def file_write(
        self,
        callback: _Callback[types.FileWriteArgs],
        data: str,
        filename: _File,
        binary: Literal[False] = False,
        *,
        offset: int | None = None,
    ) -> None: ...
    @overload
    def file_write(
        self,
        callback: _Callback[types.FileWriteArgs],
        data: Buffer,
        filename: _File,
        binary: Literal[True],
        *,
        offset: int | None = None,
    ) -> None: ...
    @overload
    def file_write(
        self,
        callback: _Callback[types.FileWriteArgs],
        data: _Data,
        filename: _File,
        binary: bool,
        *,
        offset: int | None = None,
    ) -> None: ...
    @overload
    def file_replace(
        self,
        callback: _Callback[types.FileReplaceArgs],
        data: str,
        filename: _Path,
        binary: Literal[False] = False,
        *,
        durable: bool = True,
    ) -> None: ...
    @overload
    def file_replace(
        self,
        callback: _Callback[types.FileReplaceArgs],
        data: Buffer,
        filename: _Path,
        binary: Literal[True],
        *,
        durable: bool = True,
    ) -> None: ...
    @overload
    def file_replace(
        self,
        callback: _Callback[types.FileReplaceArgs],
        data: _Data,
        filename: _Path,
        binary: bool,
        *,
        durable: bool = True,
    ) -> None: ...
    def directory_exists(
        self, callback: _Callback[types.DirectoryExistsArgs], dirname: _Path
    ) -> None: ...
    def directory_create(
        self,
        callback: _Callback[types.DirectoryCreateArgs],
        dirname: _Path,
        *,
        mode: int = 511,
        parents: bool = False,
        exist_ok: bool = False,
    ) -> None: ...
    def directory_delete(
        self,
        callback: _Callback[types.DirectoryDeleteArgs],
        dirname: _Path,
        *,
        recursive: bool = True,
    ) -> None: ...
    def directory_contents(
        self, callback: _Callback[types.DirectoryContentsArgs], dirname: _Path
    ) -> None: ...
    def directory_rename(
        self, callback: _Callback[types.DirectoryRenameArgs], old_dirname: _Path, new_dirname: _Path
    ) -> None: ...
    def directory_move(
        self,
        callback: _Callback[types.DirectoryMoveArgs],
        source_dirname: _Path,
        destination_dirname: _Path,
    ) -> None: ...
    def directory_copy(
        self,
        callback: _Callback[types.DirectoryCopyArgs],
        source_dirname: _Path,
        copy_dirname: _Path,
    ) -> None: ...
    def file_open(
        self,
        callback: _Callback[types.FileOpenArgs],
        filename: _Path,
        mode: str = "r",
        *,
        atomic: bool = False,
    ) -> None: ...
    def file_close(
        self,
        callback: _Callback[types.FileCloseArgs],
        file: Handle,
        *,
        sync: bool = False,
        discard: bool = False,
    ) -> None: ...
    @overload
    def file_append(
        self,
        callback: _Callback[types.FileAppendArgs],
        data: str,
        filename: _File,
        binary: Literal[False] = False,
    ) -> None: ...
    @overload
    def file_append(
        self,
        callback: _Callback[types.FileAppendArgs],
        data: Buffer,
        filename: _File,
        binary: Literal[True],
    ) -> None: ...
    @overload
    def file_append(
        self, callback: _Callback[types.FileAppendArgs], data: _Data, filename: _File, binary: bool
    ) -> None: ...
    def file_read_into(
        self,
        callback: _Callback[types.FileReadIntoArgs],
        buffer: Buffer,
        filename: _File,
        *,
        offset: int = 0,
    ) -> None: ...
    def file_truncate(
        self, callback: _Callback[types.FileTruncateArgs], filename: _File, size: int = 0
    ) -> None: ...
    def file_sync(self, callback: _Callback[types.FileSyncArgs], filename: _File) -> None: ...
    def directory_sync(
        self, callback: _Callback[types.DirectorySyncArgs], dirname: _Path
    ) -> None: ...
    def link_create(
        self,
        callback: _Callback[types.LinkCreateArgs],
        target: _Path,
        linkname: _Path,
        *,
        hard: bool = False,
    ) -> None: ...
    def link_read(self, callback: _Callback[types.LinkReadArgs], linkname: _Path) -> None: ...
    def path_exists(
        self,
        callback: _Callback[types.PathExistsArgs],
        path: _Path,
        *,
        follow_symlinks: bool = True,
    ) -> None: ...
    def path_stat(
        self, callback: _Callback[types.PathStatArgs], path: _File, *, follow_symlinks: bool = True
    ) -> None: ...
    def path_rename(
        self,
        callback: _Callback[types.PathRenameArgs],
        source: _Path,
        destination: _Path,
        *,
        replace: bool = True,
    ) -> None: ...
    def path_chmod(
        self,
        callback: _Callback[types.PathChmodArgs],
        path: _File,
        mode: int,
        *,
        follow_symlinks: bool = True,
    ) -> None: ...
    def path_utime(
        self,
        callback: _Callback[types.PathUtimeArgs],
        path: _File,
        times: tuple[float, float] | None = None,
        *,
        ns: tuple[int, int] | None = None,
        follow_symlinks: bool = True,
    ) -> None: ...
    def disk_usage(self, callback: _Callback[types.DiskUsageArgs], path: _Path) -> None: ...

@final
class Queue:
    def __init__(
        self,
        name: str | None = None,
        *,
        ring_size: int | None = None,
        buffer_bytes: int | None = None,
        write_bytes: int | None = None,
        lookahead: int | None = None,
        spin_us: int | None = None,
        background: bool = False,
    ) -> None: ...
    @property
    def name(self) -> str: ...
    @property
    def aio(self) -> aio.Aio: ...
    async def __aenter__(self) -> Self: ...
    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None: ...
    def port(self) -> Port: ...
    def flush(self, timeout: float | None = None) -> bool: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...
    @property
    def paused(self) -> bool: ...
    def stats(self) -> types.Stats: ...
    @property
    def futures(self) -> futures.Futures: ...
    @property
    def pending(self) -> int: ...
    @property
    def closed(self) -> bool: ...
    def close(self, timeout: float | None = None) -> bool: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None: ...
    def enqueue_oplist(
        self,
        oplist: Oplist,
        *,
        callback: _Callback[types.EnqueueOplistArgs] = None,
        control: Control | None = None,
    ) -> bool: ...
    def oplist(
        self,
        callback: _Callback[types.EnqueueOplistArgs] = None,
        *,
        on_error: _OnError = "continue",
        control: Control | None = None,
    ) -> AbstractContextManager[Oplist]: ...
    def file_exists(
        self,
        callback: _Callback[types.FileExistsArgs],
        filename: _Path,
        *,
        control: Control | None = None,
    ) -> bool: ...
    def file_create(
        self,
        callback: _Callback[types.FileCreateArgs],
        filename: _Path,
        *,
        control: Control | None = None,
    ) -> bool: ...
    def file_delete(
        self,
        callback: _Callback[types.FileDeleteArgs],
        filename: _Path,
        *,
        control: Control | None = None,
    ) -> bool: ...
    def file_rename(
        self,
        callback: _Callback[types.FileRenameArgs],
        original_filename: _Path,
        new_filename: _Path,
        *,
        control: Control | None = None,
    ) -> bool: ...
    def file_move(
        self,
        callback: _Callback[types.FileMoveArgs],
        source_filename: _Path,
        destination_filename: _Path,
        *,
        control: Control | None = None,
    ) -> bool: ...
    def file_copy(
        self,
        callback: _Callback[types.FileCopyArgs],
        source_filename: _Path,
        copy_filename: _Path,
        *,
        replace: bool = False,
        control: Control | None = None,
    ) -> bool: ...
    @overload
    def file_read(
        self,
        callback: _Callback[types.FileReadTextArgs],
        filename: _File,
        binary: Literal[False] = False,
        *,
        offset: int = 0,
        length: int | None = None,
        control: Control | None = None,
    ) -> bool: ...
    @overload
    def file_read(
        self,
        callback: _Callback[types.FileReadBytesArgs],
        filename: _File,
        binary: Literal[True],
        *,
        offset: int = 0,
        length: int | None = None,
        control: Control | None = None,
    ) -> bool: ...
    @overload
    def file_read(
        self,
        callback: _Callback[types.FileReadArgs],
        filename: _File,
        binary: bool,
        *,
        offset: int = 0,
        length: int | None = None,
        control: Control | None = None,
    ) -> bool: ...
    @overload
    def file_write(
        self,
        callback: _Callback[types.FileWriteArgs],
        data: str,
        filename: _File,
        binary: Literal[False] = False,
        *,
        offset: int | None = None,
        control: Control | None = None,
    ) -> bool: ...
    @overload
    def file_write(
        self,
        callback: _Callback[types.FileWriteArgs],
        data: Buffer,
        filename: _File,
        binary: Literal[True],
        *,
        offset: int | None = None,
        control: Control | None = None,
    ) -> bool: ...
    @overload
    def file_write(
        self,
        callback: _Callback[types.FileWriteArgs],
        data: _Data,
        filename: _File,
        binary: bool,
        *,
        offset: int | None = None,
        control: Control | None = None,
    ) -> bool: ...
    @overload
    def file_replace(
        self,
        callback: _Callback[types.FileReplaceArgs],
        data: str,
        filename: _Path,
        binary: Literal[False] = False,
        *,
        durable: bool = True,
        control: Control | None = None,
    ) -> bool: ...
    @overload
    def file_replace(
        self,
        callback: _Callback[types.FileReplaceArgs],
        data: Buffer,
        filename: _Path,
        binary: Literal[True],
        *,
        durable: bool = True,
        control: Control | None = None,
    ) -> bool: ...
    @overload
    def file_replace(
        self,
        callback: _Callback[types.FileReplaceArgs],
        data: _Data,
        filename: _Path,
        binary: bool,
        *,
        durable: bool = True,
        control: Control | None = None,
    ) -> bool: ...
    def directory_exists(
        self,
        callback: _Callback[types.DirectoryExistsArgs],
        dirname: _Path,
        *,
        control: Control | None = None,
    ) -> bool: ...
    def directory_create(
        self,
        callback: _Callback[types.DirectoryCreateArgs],
        dirname: _Path,
        *,
        mode: int = 511,
        parents: bool = False,
        exist_ok: bool = False,
        control: Control | None = None,
    ) -> bool: ...
    def directory_delete(
        self,
        callback: _Callback[types.DirectoryDeleteArgs],
        dirname: _Path,
        *,
        recursive: bool = True,
        control: Control | None = None,
    ) -> bool: ...
    def directory_contents(
        self,
        callback: _Callback[types.DirectoryContentsArgs],
        dirname: _Path,
        *,
        control: Control | None = None,
    ) -> bool: ...
    def directory_walk(
        self,
        callback: _Callback[types.DirectoryWalkArgs],
        dirname: _Path,
        *,
        stat: bool = False,
        batch: int = 1024,
        on_error: Literal["stop", "continue"] = "stop",
        resume: types.Resume | None = None,
        control: Control | None = None,
    ) -> bool: ...
    def directory_rename(
        self,
        callback: _Callback[types.DirectoryRenameArgs],
        old_dirname: _Path,
        new_dirname: _Path,
        *,
        control: Control | None = None,
    ) -> bool: ...
    def directory_move(
        self,
        callback: _Callback[types.DirectoryMoveArgs],
        source_dirname: _Path,
        destination_dirname: _Path,
        *,
        control: Control | None = None,
    ) -> bool: ...
    def directory_copy(
        self,
        callback: _Callback[types.DirectoryCopyArgs],
        source_dirname: _Path,
        copy_dirname: _Path,
        *,
        control: Control | None = None,
    ) -> bool: ...
    def file_open(
        self,
        callback: _Callback[types.FileOpenArgs],
        filename: _Path,
        mode: str = "r",
        *,
        atomic: bool = False,
        control: Control | None = None,
    ) -> bool: ...
    def file_close(
        self,
        callback: _Callback[types.FileCloseArgs],
        file: Handle,
        *,
        sync: bool = False,
        discard: bool = False,
        control: Control | None = None,
    ) -> bool: ...
    @overload
    def file_append(
        self,
        callback: _Callback[types.FileAppendArgs],
        data: str,
        filename: _File,
        binary: Literal[False] = False,
        *,
        control: Control | None = None,
    ) -> bool: ...
    @overload
    def file_append(
        self,
        callback: _Callback[types.FileAppendArgs],
        data: Buffer,
        filename: _File,
        binary: Literal[True],
        *,
        control: Control | None = None,
    ) -> bool: ...
    @overload
    def file_append(
        self,
        callback: _Callback[types.FileAppendArgs],
        data: _Data,
        filename: _File,
        binary: bool,
        *,
        control: Control | None = None,
    ) -> bool: ...
    def file_read_into(
        self,
        callback: _Callback[types.FileReadIntoArgs],
        buffer: Buffer,
        filename: _File,
        *,
        offset: int = 0,
        control: Control | None = None,
    ) -> bool: ...
    def file_truncate(
        self,
        callback: _Callback[types.FileTruncateArgs],
        filename: _File,
        size: int = 0,
        *,
        control: Control | None = None,
    ) -> bool: ...
    def file_sync(
        self,
        callback: _Callback[types.FileSyncArgs],
        filename: _File,
        *,
        control: Control | None = None,
    ) -> bool: ...
    def directory_sync(
        self,
        callback: _Callback[types.DirectorySyncArgs],
        dirname: _Path,
        *,
        control: Control | None = None,
    ) -> bool: ...
    def link_create(
        self,
        callback: _Callback[types.LinkCreateArgs],
        target: _Path,
        linkname: _Path,
        *,
        hard: bool = False,
        control: Control | None = None,
    ) -> bool: ...
    def link_read(
        self,
        callback: _Callback[types.LinkReadArgs],
        linkname: _Path,
        *,
        control: Control | None = None,
    ) -> bool: ...
    def path_exists(
        self,
        callback: _Callback[types.PathExistsArgs],
        path: _Path,
        *,
        follow_symlinks: bool = True,
        control: Control | None = None,
    ) -> bool: ...
    def path_stat(
        self,
        callback: _Callback[types.PathStatArgs],
        path: _File,
        *,
        follow_symlinks: bool = True,
        control: Control | None = None,
    ) -> bool: ...
    def path_rename(
        self,
        callback: _Callback[types.PathRenameArgs],
        source: _Path,
        destination: _Path,
        *,
        replace: bool = True,
        control: Control | None = None,
    ) -> bool: ...
    def path_chmod(
        self,
        callback: _Callback[types.PathChmodArgs],
        path: _File,
        mode: int,
        *,
        follow_symlinks: bool = True,
        control: Control | None = None,
    ) -> bool: ...
    def path_utime(
        self,
        callback: _Callback[types.PathUtimeArgs],
        path: _File,
        times: tuple[float, float] | None = None,
        *,
        ns: tuple[int, int] | None = None,
        follow_symlinks: bool = True,
        control: Control | None = None,
    ) -> bool: ...
    def disk_usage(
        self,
        callback: _Callback[types.DiskUsageArgs],
        path: _Path,
        *,
        control: Control | None = None,
    ) -> bool: ...

@final
class Port:
    queue: Queue
    def fileno(self) -> int: ...
    def deliver(self, limit: int | None = None, timeout: float | None = 0) -> int: ...
    @property
    def futures(self) -> futures.Futures: ...
    @property
    def pending(self) -> int: ...
    @property
    def closed(self) -> bool: ...
    def close(self, timeout: float | None = None) -> bool: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None: ...
    def enqueue_oplist(
        self,
        oplist: Oplist,
        *,
        callback: _Callback[types.EnqueueOplistArgs] = None,
        control: Control | None = None,
    ) -> bool: ...
    def oplist(
        self,
        callback: _Callback[types.EnqueueOplistArgs] = None,
        *,
        on_error: _OnError = "continue",
        control: Control | None = None,
    ) -> AbstractContextManager[Oplist]: ...
    def file_exists(
        self,
        callback: _Callback[types.FileExistsArgs],
        filename: _Path,
        *,
        control: Control | None = None,
    ) -> bool: ...
    def file_create(
        self,
        callback: _Callback[types.FileCreateArgs],
        filename: _Path,
        *,
        control: Control | None = None,
    ) -> bool: ...
    def file_delete(
        self,
        callback: _Callback[types.FileDeleteArgs],
        filename: _Path,
        *,
        control: Control | None = None,
    ) -> bool: ...
    def file_rename(
        self,
        callback: _Callback[types.FileRenameArgs],
        original_filename: _Path,
        new_filename: _Path,
        *,
        control: Control | None = None,
    ) -> bool: ...
    def file_move(
        self,
        callback: _Callback[types.FileMoveArgs],
        source_filename: _Path,
        destination_filename: _Path,
        *,
        control: Control | None = None,
    ) -> bool: ...
    def file_copy(
        self,
        callback: _Callback[types.FileCopyArgs],
        source_filename: _Path,
        copy_filename: _Path,
        *,
        replace: bool = False,
        control: Control | None = None,
    ) -> bool: ...
    @overload
    def file_read(
        self,
        callback: _Callback[types.FileReadTextArgs],
        filename: _File,
        binary: Literal[False] = False,
        *,
        offset: int = 0,
        length: int | None = None,
        control: Control | None = None,
    ) -> bool: ...
    @overload
    def file_read(
        self,
        callback: _Callback[types.FileReadBytesArgs],
        filename: _File,
        binary: Literal[True],
        *,
        offset: int = 0,
        length: int | None = None,
        control: Control | None = None,
    ) -> bool: ...
    @overload
    def file_read(
        self,
        callback: _Callback[types.FileReadArgs],
        filename: _File,
        binary: bool,
        *,
        offset: int = 0,
        length: int | None = None,
        control: Control | None = None,
    ) -> bool: ...
    @overload
    def file_write(
        self,
        callback: _Callback[types.FileWriteArgs],
        data: str,
        filename: _File,
        binary: Literal[False] = False,
        *,
        offset: int | None = None,
        control: Control | None = None,
    ) -> bool: ...
    @overload
    def file_write(
        self,
        callback: _Callback[types.FileWriteArgs],
        data: Buffer,
        filename: _File,
        binary: Literal[True],
        *,
        offset: int | None = None,
        control: Control | None = None,
    ) -> bool: ...
    @overload
    def file_write(
        self,
        callback: _Callback[types.FileWriteArgs],
        data: _Data,
        filename: _File,
        binary: bool,
        *,
        offset: int | None = None,
        control: Control | None = None,
    ) -> bool: ...
    @overload
    def file_replace(
        self,
        callback: _Callback[types.FileReplaceArgs],
        data: str,
        filename: _Path,
        binary: Literal[False] = False,
        *,
        durable: bool = True,
        control: Control | None = None,
    ) -> bool: ...
    @overload
    def file_replace(
        self,
        callback: _Callback[types.FileReplaceArgs],
        data: Buffer,
        filename: _Path,
        binary: Literal[True],
        *,
        durable: bool = True,
        control: Control | None = None,
    ) -> bool: ...
    @overload
    def file_replace(
        self,
        callback: _Callback[types.FileReplaceArgs],
        data: _Data,
        filename: _Path,
        binary: bool,
        *,
        durable: bool = True,
        control: Control | None = None,
    ) -> bool: ...
    def directory_exists(
        self,
        callback: _Callback[types.DirectoryExistsArgs],
        dirname: _Path,
        *,
        control: Control | None = None,
    ) -> bool: ...
    def directory_create(
        self,
        callback: _Callback[types.DirectoryCreateArgs],
        dirname: _Path,
        *,
        mode: int = 511,
        parents: bool = False,
        exist_ok: bool = False,
        control: Control | None = None,
    ) -> bool: ...
    def directory_delete(
        self,
        callback: _Callback[types.DirectoryDeleteArgs],
        dirname: _Path,
        *,
        recursive: bool = True,
        control: Control | None = None,
    ) -> bool: ...
    def directory_contents(
        self,
        callback: _Callback[types.DirectoryContentsArgs],
        dirname: _Path,
        *,
        control: Control | None = None,
    ) -> bool: ...
    def directory_walk(
        self,
        callback: _Callback[types.DirectoryWalkArgs],
        dirname: _Path,
        *,
        stat: bool = False,
        batch: int = 1024,
        on_error: Literal["stop", "continue"] = "stop",
        resume: types.Resume | None = None,
        control: Control | None = None,
    ) -> bool: ...
    def directory_rename(
        self,
        callback: _Callback[types.DirectoryRenameArgs],
        old_dirname: _Path,
        new_dirname: _Path,
        *,
        control: Control | None = None,
    ) -> bool: ...
    def directory_move(
        self,
        callback: _Callback[types.DirectoryMoveArgs],
        source_dirname: _Path,
        destination_dirname: _Path,
        *,
        control: Control | None = None,
    ) -> bool: ...
    def directory_copy(
        self,
        callback: _Callback[types.DirectoryCopyArgs],
        source_dirname: _Path,
        copy_dirname: _Path,
        *,
        control: Control | None = None,
    ) -> bool: ...
    def file_open(
        self,
        callback: _Callback[types.FileOpenArgs],
        filename: _Path,
        mode: str = "r",
        *,
        atomic: bool = False,
        control: Control | None = None,
    ) -> bool: ...
    def file_close(
        self,
        callback: _Callback[types.FileCloseArgs],
        file: Handle,
        *,
        sync: bool = False,
        discard: bool = False,
        control: Control | None = None,
    ) -> bool: ...
    @overload
    def file_append(
        self,
        callback: _Callback[types.FileAppendArgs],
        data: str,
        filename: _File,
        binary: Literal[False] = False,
        *,
        control: Control | None = None,
    ) -> bool: ...
    @overload
    def file_append(
        self,
        callback: _Callback[types.FileAppendArgs],
        data: Buffer,
        filename: _File,
        binary: Literal[True],
        *,
        control: Control | None = None,
    ) -> bool: ...
    @overload
    def file_append(
        self,
        callback: _Callback[types.FileAppendArgs],
        data: _Data,
        filename: _File,
        binary: bool,
        *,
        control: Control | None = None,
    ) -> bool: ...
    def file_read_into(
        self,
        callback: _Callback[types.FileReadIntoArgs],
        buffer: Buffer,
        filename: _File,
        *,
        offset: int = 0,
        control: Control | None = None,
    ) -> bool: ...
    def file_truncate(
        self,
        callback: _Callback[types.FileTruncateArgs],
        filename: _File,
        size: int = 0,
        *,
        control: Control | None = None,
    ) -> bool: ...
    def file_sync(
        self,
        callback: _Callback[types.FileSyncArgs],
        filename: _File,
        *,
        control: Control | None = None,
    ) -> bool: ...
    def directory_sync(
        self,
        callback: _Callback[types.DirectorySyncArgs],
        dirname: _Path,
        *,
        control: Control | None = None,
    ) -> bool: ...
    def link_create(
        self,
        callback: _Callback[types.LinkCreateArgs],
        target: _Path,
        linkname: _Path,
        *,
        hard: bool = False,
        control: Control | None = None,
    ) -> bool: ...
    def link_read(
        self,
        callback: _Callback[types.LinkReadArgs],
        linkname: _Path,
        *,
        control: Control | None = None,
    ) -> bool: ...
    def path_exists(
        self,
        callback: _Callback[types.PathExistsArgs],
        path: _Path,
        *,
        follow_symlinks: bool = True,
        control: Control | None = None,
    ) -> bool: ...
    def path_stat(
        self,
        callback: _Callback[types.PathStatArgs],
        path: _File,
        *,
        follow_symlinks: bool = True,
        control: Control | None = None,
    ) -> bool: ...
    def path_rename(
        self,
        callback: _Callback[types.PathRenameArgs],
        source: _Path,
        destination: _Path,
        *,
        replace: bool = True,
        control: Control | None = None,
    ) -> bool: ...
    def path_chmod(
        self,
        callback: _Callback[types.PathChmodArgs],
        path: _File,
        mode: int,
        *,
        follow_symlinks: bool = True,
        control: Control | None = None,
    ) -> bool: ...
    def path_utime(
        self,
        callback: _Callback[types.PathUtimeArgs],
        path: _File,
        times: tuple[float, float] | None = None,
        *,
        ns: tuple[int, int] | None = None,
        follow_symlinks: bool = True,
        control: Control | None = None,
    ) -> bool: ...
    def disk_usage(
        self,
        callback: _Callback[types.DiskUsageArgs],
        path: _Path,
        *,
        control: Control | None = None,
    ) -> bool: ...

__all__ = [
    "Cancelled",
    "Control",
    "Handle",
    "Oplist",
    "Port",
    "Queue",
    "clear_oplist",
    "create_empty_oplist",
    "default_queue",
    "directory_contents",
    "directory_copy",
    "directory_create",
    "directory_delete",
    "directory_exists",
    "directory_move",
    "directory_rename",
    "directory_sync",
    "directory_walk",
    "disk_usage",
    "embed_oplist",
    "enqueue_oplist",
    "file_append",
    "file_close",
    "file_copy",
    "file_create",
    "file_delete",
    "file_exists",
    "file_move",
    "file_open",
    "file_read",
    "file_read_into",
    "file_rename",
    "file_replace",
    "file_sync",
    "file_truncate",
    "file_write",
    "is_shutdown",
    "link_create",
    "link_read",
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
    "path_chmod",
    "path_exists",
    "path_rename",
    "path_stat",
    "path_utime",
    "shutdown",
    "stats",
]
