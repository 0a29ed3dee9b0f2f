# Made by tools/make_stub.py from the table in mhddq/_ops.py. Do not edit.

import concurrent.futures
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Literal, TypeVar, final, overload

from typing_extensions import Buffer, Self

from mhddq import Control, Handle, Oplist, _Data, _File, _OnError, _Path, types

_Value = TypeVar("_Value")

class Future(concurrent.futures.Future[_Value]):
    @property
    def control(self) -> Control: ...

def enqueue_oplist(oplist: Oplist, *, control: Control | None = None) -> Future[None]: ...
def oplist(
    *, on_error: _OnError = "continue", control: Control | None = None
) -> AbstractContextManager[FutureList]: ...
def directory_walk(
    dirname: _Path,
    *,
    stat: bool = False,
    batch: int = 1024,
    on_error: _OnError = "stop",
    control: Control | None = None,
) -> Iterator[list[types.WalkEntry]]: ...
def flush() -> Future[None]: ...
def file_exists(filename: _Path, *, control: Control | None = None) -> Future[bool]: ...
def file_create(filename: _Path, *, control: Control | None = None) -> Future[None]: ...
def file_delete(filename: _Path, *, control: Control | None = None) -> Future[None]: ...
def file_rename(
    original_filename: _Path, new_filename: _Path, *, control: Control | None = None
) -> Future[None]: ...
def file_move(
    source_filename: _Path, destination_filename: _Path, *, control: Control | None = None
) -> Future[None]: ...
def file_copy(
    source_filename: _Path,
    copy_filename: _Path,
    *,
    replace: bool = False,
    control: Control | None = None,
) -> Future[None]: ...
@overload
def file_read(
    filename: _File,
    binary: Literal[False] = False,
    *,
    offset: int = 0,
    length: int | None = None,
    control: Control | None = None,
) -> Future[str]: ...
@overload
def file_read(
    filename: _File,
    binary: Literal[True],
    *,
    offset: int = 0,
    length: int | None = None,
    control: Control | None = None,
) -> Future[bytes]: ...
@overload
def file_read(
    filename: _File,
    binary: bool,
    *,
    offset: int = 0,
    length: int | None = None,
    control: Control | None = None,
) -> Future[str | bytes]: ...
def file_write(
    data: _Data,
    filename: _File,
    binary: bool | None = None,
    *,
    offset: int | None = None,
    control: Control | None = None,
) -> Future[None]: ...
def file_replace(
    data: _Data,
    filename: _Path,
    binary: bool | None = None,
    *,
    durable: bool = True,
    control: Control | None = None,
) -> Future[None]: ...
def directory_exists(dirname: _Path, *, control: Control | None = None) -> Future[bool]: ...
def directory_create(
    dirname: _Path,
    *,
    mode: int = 511,
    parents: bool = False,
    exist_ok: bool = False,
    control: Control | None = None,
) -> Future[None]: ...
def directory_delete(
    dirname: _Path, *, recursive: bool = True, control: Control | None = None
) -> Future[None]: ...
def directory_contents(
    dirname: _Path, *, control: Control | None = None
) -> Future[list[types.Entry]]: ...
def directory_rename(
    old_dirname: _Path, new_dirname: _Path, *, control: Control | None = None
) -> Future[None]: ...
def directory_move(
    source_dirname: _Path, destination_dirname: _Path, *, control: Control | None = None
) -> Future[None]: ...
def directory_copy(
    source_dirname: _Path, copy_dirname: _Path, *, control: Control | None = None
) -> Future[None]: ...
def file_open(
    filename: _Path, mode: str = "r", *, atomic: bool = False, control: Control | None = None
) -> Future[Handle]: ...
def file_close(
    file: Handle, *, sync: bool = False, discard: bool = False, control: Control | None = None
) -> Future[None]: ...
def file_append(
    data: _Data, filename: _File, binary: bool | None = None, *, control: Control | None = None
) -> Future[None]: ...
def file_read_into(
    buffer: Buffer, filename: _File, *, offset: int = 0, control: Control | None = None
) -> Future[int]: ...
def file_truncate(
    filename: _File, size: int = 0, *, control: Control | None = None
) -> Future[None]: ...
def file_sync(filename: _File, *, control: Control | None = None) -> Future[None]: ...
def directory_sync(dirname: _Path, *, control: Control | None = None) -> Future[None]: ...
def link_create(
    target: _Path, linkname: _Path, *, hard: bool = False, control: Control | None = None
) -> Future[None]: ...
def link_read(linkname: _Path, *, control: Control | None = None) -> Future[str | bytes]: ...
def path_exists(
    path: _Path, *, follow_symlinks: bool = True, control: Control | None = None
) -> Future[bool]: ...
def path_stat(
    path: _File, *, follow_symlinks: bool = True, control: Control | None = None
) -> Future[os.stat_result]: ...
def path_rename(
    source: _Path, destination: _Path, *, replace: bool = True, control: Control | None = None
) -> Future[None]: ...
def path_chmod(
    path: _File, mode: int, *, follow_symlinks: bool = True, control: Control | None = None
) -> Future[None]: ...
def path_utime(
    path: _File,
    times: tuple[float, float] | None = None,
    *,
    ns: tuple[int, int] | None = None,
    follow_symlinks: bool = True,
    control: Control | None = None,
) -> Future[None]: ...
def disk_usage(path: _Path, *, control: Control | None = None) -> Future[types.DiskUsage]: ...

@final
class FutureList:
    future: Future[None]
    def __len__(self) -> int: ...
    def __bool__(self) -> bool: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None: ...
    def file_exists(self, filename: _Path) -> Future[bool]: ...
    def file_create(self, filename: _Path) -> Future[None]: ...
    def file_delete(self, filename: _Path) -> Future[None]: ...
    def file_rename(self, original_filename: _Path, new_filename: _Path) -> Future[None]: ...
    def file_move(self, source_filename: _Path, destination_filename: _Path) -> Future[None]: ...
    def file_copy(
        self, source_filename: _Path, copy_filename: _Path, *, replace: bool = False
    ) -> Future[None]: ...
    @overload
    def file_read(
        self,
        filename: _File,
        binary: Literal[False] = False,
        *,
        offset: int = 0,
        length: int | None = None,
    ) -> Future[str]: ...
    @overload
    def file_read(
        self, filename: _File, binary: Literal[True], *, offset: int = 0, length: int | None = None
    ) -> Future[bytes]: ...
    @overload
    def file_read(
        self, filename: _File, binary: bool, *, offset: int = 0, length: int | None = None
    ) -> Future[str | bytes]: ...
    def file_write(
        self, data: _Data, filename: _File, binary: bool | None = None, *, offset: int | None = None
    ) -> Future[None]: ...
    def file_replace(
        self, data: _Data, filename: _Path, binary: bool | None = None, *, durable: bool = True
    ) -> Future[None]: ...
    def directory_exists(self, dirname: _Path) -> Future[bool]: ...
    def directory_create(
        self, dirname: _Path, *, mode: int = 511, parents: bool = False, exist_ok: bool = False
    ) -> Future[None]: ...
    def directory_delete(self, dirname: _Path, *, recursive: bool = True) -> Future[None]: ...
    def directory_contents(self, dirname: _Path) -> Future[list[types.Entry]]: ...
    def directory_rename(self, old_dirname: _Path, new_dirname: _Path) -> Future[None]: ...
    def directory_move(self, source_dirname: _Path, destination_dirname: _Path) -> Future[None]: ...
    def directory_copy(self, source_dirname: _Path, copy_dirname: _Path) -> Future[None]: ...
    def file_open(
        self, filename: _Path, mode: str = "r", *, atomic: bool = False
    ) -> Future[Handle]: ...
    def file_close(
        self, file: Handle, *, sync: bool = False, discard: bool = False
    ) -> Future[None]: ...
    def file_append(
        self, data: _Data, filename: _File, binary: bool | None = None
    ) -> Future[None]: ...
    def file_read_into(
        self, buffer: Buffer, filename: _File, *, offset: int = 0
    ) -> Future[int]: ...
    def file_truncate(self, filename: _File, size: int = 0) -> Future[None]: ...
    def file_sync(self, filename: _File) -> Future[None]: ...
    def directory_sync(self, dirname: _Path) -> Future[None]: ...
    def link_create(
        self, target: _Path, linkname: _Path, *, hard: bool = False
    ) -> Future[None]: ...
    def link_read(self, linkname: _Path) -> Future[str | bytes]: ...
    def path_exists(self, path: _Path, *, follow_symlinks: bool = True) -> Future[bool]: ...
    def path_stat(self, path: _File, *, follow_symlinks: bool = True) -> Future[os.stat_result]: ...
    def path_rename(
        self, source: _Path, destination: _Path, *, replace: bool = True
    ) -> Future[None]: ...
    def path_chmod(
        self, path: _File, mode: int, *, follow_symlinks: bool = True
    ) -> Future[None]: ...
    def path_utime(
        self,
        path: _File,
        times: tuple[float, float] | None = None,
        *,
        ns: tuple[int, int] | None = None,
        follow_symlinks: bool = True,
    ) -> Future[None]: ...
    def disk_usage(self, path: _Path) -> Future[types.DiskUsage]: ...

@final
class Futures:
    def enqueue_oplist(self, oplist: Oplist, *, control: Control | None = None) -> Future[None]: ...
    def oplist(
        self, *, on_error: _OnError = "continue", control: Control | None = None
    ) -> AbstractContextManager[FutureList]: ...
    def directory_walk(
        self,
        dirname: _Path,
        *,
        stat: bool = False,
        batch: int = 1024,
        on_error: _OnError = "stop",
        control: Control | None = None,
    ) -> Iterator[list[types.WalkEntry]]: ...
    def flush(self) -> Future[None]: ...
    def file_exists(self, filename: _Path, *, control: Control | None = None) -> Future[bool]: ...
    def file_create(self, filename: _Path, *, control: Control | None = None) -> Future[None]: ...
    def file_delete(self, filename: _Path, *, control: Control | None = None) -> Future[None]: ...
    def file_rename(
        self, original_filename: _Path, new_filename: _Path, *, control: Control | None = None
    ) -> Future[None]: ...
    def file_move(
        self, source_filename: _Path, destination_filename: _Path, *, control: Control | None = None
    ) -> Future[None]: ...
    def file_copy(
        self,
        source_filename: _Path,
        copy_filename: _Path,
        *,
        replace: bool = False,
        control: Control | None = None,
    ) -> Future[None]: ...
    @overload
    def file_read(
        self,
        filename: _File,
        binary: Literal[False] = False,
        *,
        offset: int = 0,
        length: int | None = None,
        control: Control | None = None,
    ) -> Future[str]: ...
    @overload
    def file_read(
        self,
        filename: _File,
        binary: Literal[True],
        *,
        offset: int = 0,
        length: int | None = None,
        control: Control | None = None,
    ) -> Future[bytes]: ...
    @overload
    def file_read(
        self,
        filename: _File,
        binary: bool,
        *,
        offset: int = 0,
        length: int | None = None,
        control: Control | None = None,
    ) -> Future[str | bytes]: ...
    def file_write(
        self,
        data: _Data,
        filename: _File,
        binary: bool | None = None,
        *,
        offset: int | None = None,
        control: Control | None = None,
    ) -> Future[None]: ...
    def file_replace(
        self,
        data: _Data,
        filename: _Path,
        binary: bool | None = None,
        *,
        durable: bool = True,
        control: Control | None = None,
    ) -> Future[None]: ...
    def directory_exists(
        self, dirname: _Path, *, control: Control | None = None
    ) -> Future[bool]: ...
    def directory_create(
        self,
        dirname: _Path,
        *,
        mode: int = 511,
        parents: bool = False,
        exist_ok: bool = False,
        control: Control | None = None,
    ) -> Future[None]: ...
    def directory_delete(
        self, dirname: _Path, *, recursive: bool = True, control: Control | None = None
    ) -> Future[None]: ...
    def directory_contents(
        self, dirname: _Path, *, control: Control | None = None
    ) -> Future[list[types.Entry]]: ...
    def directory_rename(
        self, old_dirname: _Path, new_dirname: _Path, *, control: Control | None = None
    ) -> Future[None]: ...
    def directory_move(
        self, source_dirname: _Path, destination_dirname: _Path, *, control: Control | None = None
    ) -> Future[None]: ...
    def directory_copy(
        self, source_dirname: _Path, copy_dirname: _Path, *, control: Control | None = None
    ) -> Future[None]: ...
    def file_open(
        self,
        filename: _Path,
        mode: str = "r",
        *,
        atomic: bool = False,
        control: Control | None = None,
    ) -> Future[Handle]: ...
    def file_close(
        self,
        file: Handle,
        *,
        sync: bool = False,
        discard: bool = False,
        control: Control | None = None,
    ) -> Future[None]: ...
    def file_append(
        self,
        data: _Data,
        filename: _File,
        binary: bool | None = None,
        *,
        control: Control | None = None,
    ) -> Future[None]: ...
    def file_read_into(
        self, buffer: Buffer, filename: _File, *, offset: int = 0, control: Control | None = None
    ) -> Future[int]: ...
    def file_truncate(
        self, filename: _File, size: int = 0, *, control: Control | None = None
    ) -> Future[None]: ...
    def file_sync(self, filename: _File, *, control: Control | None = None) -> Future[None]: ...
    def directory_sync(self, dirname: _Path, *, control: Control | None = None) -> Future[None]: ...
    def link_create(
        self, target: _Path, linkname: _Path, *, hard: bool = False, control: Control | None = None
    ) -> Future[None]: ...
    def link_read(
        self, linkname: _Path, *, control: Control | None = None
    ) -> Future[str | bytes]: ...
    def path_exists(
        self, path: _Path, *, follow_symlinks: bool = True, control: Control | None = None
    ) -> Future[bool]: ...
    def path_stat(
        self, path: _File, *, follow_symlinks: bool = True, control: Control | None = None
    ) -> Future[os.stat_result]: ...
    def path_rename(
        self,
        source: _Path,
        destination: _Path,
        *,
        replace: bool = True,
        control: Control | None = None,
    ) -> Future[None]: ...
    def path_chmod(
        self,
        path: _File,
        mode: int,
        *,
        follow_symlinks: bool = True,
        control: Control | None = None,
    ) -> Future[None]: ...
    def path_utime(
        self,
        path: _File,
        times: tuple[float, float] | None = None,
        *,
        ns: tuple[int, int] | None = None,
        follow_symlinks: bool = True,
        control: Control | None = None,
    ) -> Future[None]: ...
    def disk_usage(
        self, path: _Path, *, control: Control | None = None
    ) -> Future[types.DiskUsage]: ...

__all__ = [
    "Future",
    "FutureList",
    "Futures",
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
    "flush",
    "link_create",
    "link_read",
    "oplist",
    "path_chmod",
    "path_exists",
    "path_rename",
    "path_stat",
    "path_utime",
]
