# Made by tools/make_stub.py from the table in mhddq/_ops.py. Do not edit.

import os as _os
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator
from contextlib import AbstractAsyncContextManager
from typing import Any, Literal, TypeAlias, TypeVar, final, overload

from typing_extensions import Buffer

from mhddq import Control, Handle, Oplist, Queue, _Data, _File, _OnError, _Path, types
from mhddq.aio import os as os
from mhddq.aio import ospath as ospath
from mhddq.aio import tempfile as tempfile
from mhddq.aio._binary import BinaryFile
from mhddq.aio._opening import Opening
from mhddq.aio._text import TextFile

_Value = TypeVar("_Value")
_TextMode: TypeAlias = Literal[
    "r", "r+", "w", "w+", "a", "a+", "x", "x+", "rt", "wt", "at", "xt", "r+t", "w+t", "a+t", "x+t"
]
_BinaryMode: TypeAlias = Literal[
    "rb", "rb+", "r+b", "wb", "wb+", "w+b", "ab", "ab+", "a+b", "xb", "xb+", "x+b"
]

stdin: Any
stdout: Any
stderr: Any
stdin_bytes: Any
stdout_bytes: Any
stderr_bytes: Any

@overload
def open(
    file: _Path | int | Handle,
    mode: _TextMode = "r",
    buffering: int = -1,
    encoding: str | None = None,
    errors: str | None = None,
    newline: str | None = None,
    closefd: bool = True,
    opener: Callable[[str, int], int] | None = None,
    *,
    atomic: bool = False,
    queue: Queue | None = None,
    loop: object = None,
    executor: object = None,
) -> Opening[TextFile]: ...
@overload
def open(
    file: _Path | int | Handle,
    mode: _BinaryMode,
    buffering: int = -1,
    encoding: None = None,
    errors: None = None,
    newline: None = None,
    closefd: bool = True,
    opener: Callable[[str, int], int] | None = None,
    *,
    atomic: bool = False,
    queue: Queue | None = None,
    loop: object = None,
    executor: object = None,
) -> Opening[BinaryFile]: ...
@overload
def open(
    file: _Path | int | Handle,
    mode: str,
    buffering: int = -1,
    encoding: str | None = None,
    errors: str | None = None,
    newline: str | None = None,
    closefd: bool = True,
    opener: Callable[[str, int], int] | None = None,
    *,
    atomic: bool = False,
    queue: Queue | None = None,
    loop: object = None,
    executor: object = None,
) -> Opening[Any]: ...

@final
class Operation(Coroutine[Any, Any, _Value]):
    def cancel(self) -> bool: ...
    def done(self) -> bool: ...
    def cancelled(self) -> bool: ...
    def result(self) -> _Value: ...
    @property
    def control(self) -> Control: ...
    def abandon_on_cancel(self) -> Awaitable[_Value]: ...
    def __await__(self) -> Generator[Any, None, _Value]: ...
    def send(self, value: Any, /) -> Any: ...
    def throw(self, kind: Any, value: Any = None, traceback: Any = None, /) -> Any: ...
    def close(self) -> None: ...

def enqueue_oplist(oplist: Oplist, *, control: Control | None = None) -> Operation[None]: ...
def oplist(
    *, on_error: _OnError = "continue", control: Control | None = None
) -> AbstractAsyncContextManager[OperationList, None]: ...
def directory_walk(
    dirname: _Path,
    *,
    stat: bool = False,
    batch: int = 1024,
    on_error: _OnError = "stop",
    control: Control | None = None,
) -> AsyncIterator[list[types.WalkEntry]]: ...
def flush() -> Operation[None]: ...
def file_exists(filename: _Path, *, control: Control | None = None) -> Operation[bool]: ...
def file_create(filename: _Path, *, control: Control | None = None) -> Operation[None]: ...
def file_delete(filename: _Path, *, control: Control | None = None) -> Operation[None]: ...
def file_rename(
    original_filename: _Path, new_filename: _Path, *, control: Control | None = None
) -> Operation[None]: ...
def file_move(
    source_filename: _Path, destination_filename: _Path, *, control: Control | None = None
) -> Operation[None]: ...
def file_copy(
    source_filename: _Path,
    copy_filename: _Path,
    *,
    replace: bool = False,
    control: Control | None = None,
) -> Operation[None]: ...
@overload
def file_read(
    filename: _File,
    binary: Literal[False] = False,
    *,
    offset: int = 0,
    length: int | None = None,
    control: Control | None = None,
) -> Operation[str]: ...
@overload
def file_read(
    filename: _File,
    binary: Literal[True],
    *,
    offset: int = 0,
    length: int | None = None,
    control: Control | None = None,
) -> Operation[bytes]: ...
@overload
def file_read(
    filename: _File,
    binary: bool,
    *,
    offset: int = 0,
    length: int | None = None,
    control: Control | None = None,
) -> Operation[str | bytes]: ...
def file_write(
    data: _Data,
    filename: _File,
    binary: bool | None = None,
    *,
    offset: int | None = None,
    control: Control | None = None,
) -> Operation[None]: ...
def file_replace(
    data: _Data,
    filename: _Path,
    binary: bool | None = None,
    *,
    durable: bool = True,
    control: Control | None = None,
) -> Operation[None]: ...
def directory_exists(dirname: _Path, *, control: Control | None = None) -> Operation[bool]: ...
def directory_create(
    dirname: _Path,
    *,
    mode: int = 511,
    parents: bool = False,
    exist_ok: bool = False,
    control: Control | None = None,
) -> Operation[None]: ...
def directory_delete(
    dirname: _Path, *, recursive: bool = True, control: Control | None = None
) -> Operation[None]: ...
def directory_contents(
    dirname: _Path, *, control: Control | None = None
) -> Operation[list[types.Entry]]: ...
def directory_rename(
    old_dirname: _Path, new_dirname: _Path, *, control: Control | None = None
) -> Operation[None]: ...
def directory_move(
    source_dirname: _Path, destination_dirname: _Path, *, control: Control | None = None
) -> Operation[None]: ...
def directory_copy(
    source_dirname: _Path, copy_dirname: _Path, *, control: Control | None = None
) -> Operation[None]: ...
def file_open(
    filename: _Path, mode: str = "r", *, atomic: bool = False, control: Control | None = None
) -> Operation[Handle]: ...
def file_close(
    file: Handle, *, sync: bool = False, discard: bool = False, control: Control | None = None
) -> Operation[None]: ...
def file_append(
    data: _Data, filename: _File, binary: bool | None = None, *, control: Control | None = None
) -> Operation[None]: ...
def file_read_into(
    buffer: Buffer, filename: _File, *, offset: int = 0, control: Control | None = None
) -> Operation[int]: ...
def file_truncate(
    filename: _File, size: int = 0, *, control: Control | None = None
) -> Operation[None]: ...
def file_sync(filename: _File, *, control: Control | None = None) -> Operation[None]: ...
def directory_sync(dirname: _Path, *, control: Control | None = None) -> Operation[None]: ...
def link_create(
    target: _Path, linkname: _Path, *, hard: bool = False, control: Control | None = None
) -> Operation[None]: ...
def link_read(linkname: _Path, *, control: Control | None = None) -> Operation[str | bytes]: ...
def path_exists(
    path: _Path, *, follow_symlinks: bool = True, control: Control | None = None
) -> Operation[bool]: ...
def path_stat(
    path: _File, *, follow_symlinks: bool = True, control: Control | None = None
) -> Operation[_os.stat_result]: ...
def path_rename(
    source: _Path, destination: _Path, *, replace: bool = True, control: Control | None = None
) -> Operation[None]: ...
def path_chmod(
    path: _File, mode: int, *, follow_symlinks: bool = True, control: Control | None = None
) -> Operation[None]: ...
def path_utime(
    path: _File,
    times: tuple[float, float] | None = None,
    *,
    ns: tuple[int, int] | None = None,
    follow_symlinks: bool = True,
    control: Control | None = None,
) -> Operation[None]: ...
def disk_usage(path: _Path, *, control: Control | None = None) -> Operation[types.DiskUsage]: ...

@final
class OperationList:
    def __len__(self) -> int: ...
    def __bool__(self) -> bool: ...
    def file_exists(self, filename: _Path) -> Operation[bool]: ...
    def file_create(self, filename: _Path) -> Operation[None]: ...
    def file_delete(self, filename: _Path) -> Operation[None]: ...
    def file_rename(self, original_filename: _Path, new_filename: _Path) -> Operation[None]: ...
    def file_move(self, source_filename: _Path, destination_filename: _Path) -> Operation[None]: ...
    def file_copy(
        self, source_filename: _Path, copy_filename: _Path, *, replace: bool = False
    ) -> Operation[None]: ...
    @overload
    def file_read(
        self,
        filename: _File,
        binary: Literal[False] = False,
        *,
        offset: int = 0,
        length: int | None = None,
    ) -> Operation[str]: ...
    @overload
    def file_read(
        self, filename: _File, binary: Literal[True], *, offset: int = 0, length: int | None = None
    ) -> Operation[bytes]: ...
    @overload
    def file_read(
        self, filename: _File, binary: bool, *, offset: int = 0, length: int | None = None
    ) -> Operation[str | bytes]: ...
    def file_write(
        self, data: _Data, filename: _File, binary: bool | None = None, *, offset: int | None = None
    ) -> Operation[None]: ...
    def file_replace(
        self, data: _Data, filename: _Path, binary: bool | None = None, *, durable: bool = True
    ) -> Operation[None]: ...
    def directory_exists(self, dirname: _Path) -> Operation[bool]: ...
    def directory_create(
        self, dirname: _Path, *, mode: int = 511, parents: bool = False, exist_ok: bool = False
    ) -> Operation[None]: ...
    def directory_delete(self, dirname: _Path, *, recursive: bool = True) -> Operation[None]: ...
    def directory_contents(self, dirname: _Path) -> Operation[list[types.Entry]]: ...
    def directory_rename(self, old_dirname: _Path, new_dirname: _Path) -> Operation[None]: ...
    def directory_move(
        self, source_dirname: _Path, destination_dirname: _Path
    ) -> Operation[None]: ...
    def directory_copy(self, source_dirname: _Path, copy_dirname: _Path) -> Operation[None]: ...
    def file_open(
        self, filename: _Path, mode: str = "r", *, atomic: bool = False
    ) -> Operation[Handle]: ...
    def file_close(
        self, file: Handle, *, sync: bool = False, discard: bool = False
    ) -> Operation[None]: ...
    def file_append(
        self, data: _Data, filename: _File, binary: bool | None = None
    ) -> Operation[None]: ...
    def file_read_into(
        self, buffer: Buffer, filename: _File, *, offset: int = 0
    ) -> Operation[int]: ...
    def file_truncate(self, filename: _File, size: int = 0) -> Operation[None]: ...
    def file_sync(self, filename: _File) -> Operation[None]: ...
    def directory_sync(self, dirname: _Path) -> Operation[None]: ...
    def link_create(
        self, target: _Path, linkname: _Path, *, hard: bool = False
    ) -> Operation[None]: ...
    def link_read(self, linkname: _Path) -> Operation[str | bytes]: ...
    def path_exists(self, path: _Path, *, follow_symlinks: bool = True) -> Operation[bool]: ...
    def path_stat(
        self, path: _File, *, follow_symlinks: bool = True
    ) -> Operation[_os.stat_result]: ...
    def path_rename(
        self, source: _Path, destination: _Path, *, replace: bool = True
    ) -> Operation[None]: ...
    def path_chmod(
        self, path: _File, mode: int, *, follow_symlinks: bool = True
    ) -> Operation[None]: ...
    def path_utime(
        self,
        path: _File,
        times: tuple[float, float] | None = None,
        *,
        ns: tuple[int, int] | None = None,
        follow_symlinks: bool = True,
    ) -> Operation[None]: ...
    def disk_usage(self, path: _Path) -> Operation[types.DiskUsage]: ...

@final
class Aio:
    def open(
        self, file: Any, *args: Any, atomic: bool = False, **keywords: Any
    ) -> Opening[Any]: ...
    def enqueue_oplist(
        self, oplist: Oplist, *, control: Control | None = None
    ) -> Operation[None]: ...
    def oplist(
        self, *, on_error: _OnError = "continue", control: Control | None = None
    ) -> AbstractAsyncContextManager[OperationList, None]: ...
    def directory_walk(
        self,
        dirname: _Path,
        *,
        stat: bool = False,
        batch: int = 1024,
        on_error: _OnError = "stop",
        control: Control | None = None,
    ) -> AsyncIterator[list[types.WalkEntry]]: ...
    def flush(self) -> Operation[None]: ...
    async def close(self, timeout: float | None = None) -> bool: ...
    def file_exists(
        self, filename: _Path, *, control: Control | None = None
    ) -> Operation[bool]: ...
    def file_create(
        self, filename: _Path, *, control: Control | None = None
    ) -> Operation[None]: ...
    def file_delete(
        self, filename: _Path, *, control: Control | None = None
    ) -> Operation[None]: ...
    def file_rename(
        self, original_filename: _Path, new_filename: _Path, *, control: Control | None = None
    ) -> Operation[None]: ...
    def file_move(
        self, source_filename: _Path, destination_filename: _Path, *, control: Control | None = None
    ) -> Operation[None]: ...
    def file_copy(
        self,
        source_filename: _Path,
        copy_filename: _Path,
        *,
        replace: bool = False,
        control: Control | None = None,
    ) -> Operation[None]: ...
    @overload
    def file_read(
        self,
        filename: _File,
        binary: Literal[False] = False,
        *,
        offset: int = 0,
        length: int | None = None,
        control: Control | None = None,
    ) -> Operation[str]: ...
    @overload
    def file_read(
        self,
        filename: _File,
        binary: Literal[True],
        *,
        offset: int = 0,
        length: int | None = None,
        control: Control | None = None,
    ) -> Operation[bytes]: ...
    @overload
    def file_read(
        self,
        filename: _File,
        binary: bool,
        *,
        offset: int = 0,
        length: int | None = None,
        control: Control | None = None,
    ) -> Operation[str | bytes]: ...
    def file_write(
        self,
        data: _Data,
        filename: _File,
        binary: bool | None = None,
        *,
        offset: int | None = None,
        control: Control | None = None,
    ) -> Operation[None]: ...
    def file_replace(
        self,
        data: _Data,
        filename: _Path,
        binary: bool | None = None,
        *,
        durable: bool = True,
        control: Control | None = None,
    ) -> Operation[None]: ...
    def directory_exists(
        self, dirname: _Path, *, control: Control | None = None
    ) -> Operation[bool]: ...
    def directory_create(
        self,
        dirname: _Path,
        *,
        mode: int = 511,
        parents: bool = False,
        exist_ok: bool = False,
        control: Control | None = None,
    ) -> Operation[None]: ...
    def directory_delete(
        self, dirname: _Path, *, recursive: bool = True, control: Control | None = None
    ) -> Operation[None]: ...
    def directory_contents(
        self, dirname: _Path, *, control: Control | None = None
    ) -> Operation[list[types.Entry]]: ...
    def directory_rename(
        self, old_dirname: _Path, new_dirname: _Path, *, control: Control | None = None
    ) -> Operation[None]: ...
    def directory_move(
        self, source_dirname: _Path, destination_dirname: _Path, *, control: Control | None = None
    ) -> Operation[None]: ...
    def directory_copy(
        self, source_dirname: _Path, copy_dirname: _Path, *, control: Control | None = None
    ) -> Operation[None]: ...
    def file_open(
        self,
        filename: _Path,
        mode: str = "r",
        *,
        atomic: bool = False,
        control: Control | None = None,
    ) -> Operation[Handle]: ...
    def file_close(
        self,
        file: Handle,
        *,
        sync: bool = False,
        discard: bool = False,
        control: Control | None = None,
    ) -> Operation[None]: ...
    def file_append(
        self,
        data: _Data,
        filename: _File,
        binary: bool | None = None,
        *,
        control: Control | None = None,
    ) -> Operation[None]: ...
    def file_read_into(
        self, buffer: Buffer, filename: _File, *, offset: int = 0, control: Control | None = None
    ) -> Operation[int]: ...
    def file_truncate(
        self, filename: _File, size: int = 0, *, control: Control | None = None
    ) -> Operation[None]: ...
    def file_sync(self, filename: _File, *, control: Control | None = None) -> Operation[None]: ...
    def directory_sync(
        self, dirname: _Path, *, control: Control | None = None
    ) -> Operation[None]: ...
    def link_create(
        self, target: _Path, linkname: _Path, *, hard: bool = False, control: Control | None = None
    ) -> Operation[None]: ...
    def link_read(
        self, linkname: _Path, *, control: Control | None = None
    ) -> Operation[str | bytes]: ...
    def path_exists(
        self, path: _Path, *, follow_symlinks: bool = True, control: Control | None = None
    ) -> Operation[bool]: ...
    def path_stat(
        self, path: _File, *, follow_symlinks: bool = True, control: Control | None = None
    ) -> Operation[_os.stat_result]: ...
    def path_rename(
        self,
        source: _Path,
        destination: _Path,
        *,
        replace: bool = True,
        control: Control | None = None,
    ) -> Operation[None]: ...
    def path_chmod(
        self,
        path: _File,
        mode: int,
        *,
        follow_symlinks: bool = True,
        control: Control | None = None,
    ) -> Operation[None]: ...
    def path_utime(
        self,
        path: _File,
        times: tuple[float, float] | None = None,
        *,
        ns: tuple[int, int] | None = None,
        follow_symlinks: bool = True,
        control: Control | None = None,
    ) -> Operation[None]: ...
    def disk_usage(
        self, path: _Path, *, control: Control | None = None
    ) -> Operation[types.DiskUsage]: ...

__all__ = [
    "Aio",
    "Operation",
    "OperationList",
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
    "open",
    "oplist",
    "os",
    "ospath",
    "path_chmod",
    "path_exists",
    "path_rename",
    "path_stat",
    "path_utime",
    "stderr",
    "stderr_bytes",
    "stdin",
    "stdin_bytes",
    "stdout",
    "stdout_bytes",
    "tempfile",
]
