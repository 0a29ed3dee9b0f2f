# Made by tools/make_stub.py from the table in mhddq/_ops.py. Do not edit.

import concurrent.futures
from collections.abc import Iterator
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Literal, TypeVar, final, overload

from typing_extensions import Self

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
    source_filename: _Path, copy_filename: _Path, *, control: Control | None = None
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
def directory_create(dirname: _Path, *, control: Control | None = None) -> Future[None]: ...
def directory_delete(dirname: _Path, *, control: Control | None = None) -> Future[None]: ...
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
    def file_copy(self, source_filename: _Path, copy_filename: _Path) -> Future[None]: ...
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
    def directory_create(self, dirname: _Path) -> Future[None]: ...
    def directory_delete(self, dirname: _Path) -> Future[None]: ...
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
        self, source_filename: _Path, copy_filename: _Path, *, control: Control | None = None
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
        self, dirname: _Path, *, control: Control | None = None
    ) -> Future[None]: ...
    def directory_delete(
        self, dirname: _Path, *, control: Control | None = None
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
    "directory_walk",
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
    "flush",
    "oplist",
]
