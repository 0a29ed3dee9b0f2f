"""What callbacks are given, and stats(), for annotations:
``def was_read(args: mhddq.types.FileReadArgs) -> None``.

``args['result']`` shows which keys ``output`` has: on success those of the operation, on failure
``exception`` alone. No module of mhddq imports this one when a program runs.

Made by tools/make_stub.py from the table in mhddq/_ops.py. Do not edit.
"""

from __future__ import annotations

import os
from typing import Any, Literal, TypeAlias, TypedDict

from mhddq._core import Handle
from mhddq._core import Resume as Resume  # noqa: PLC0414 - to be imported from here
from mhddq._failure import FailureText as FailureText  # noqa: PLC0414 - to be imported from here

Path: TypeAlias = str | bytes | os.PathLike[str] | os.PathLike[bytes]
File: TypeAlias = Path | Handle


class Entry(TypedDict):
    name: str
    type: Literal["file", "directory"]


class _WalkEntry(TypedDict):
    path: Any  # str, or bytes where dirname was bytes
    type: Literal["file", "directory", "link", "other"]


class WalkEntry(_WalkEntry, total=False):
    stat: os.stat_result  # with stat=True


class NoOutput(TypedDict):
    exception: FailureText


class ExistsOutput(NoOutput):
    exists: bool


class TextOutput(NoOutput):
    data: str


class BytesOutput(NoOutput):
    data: bytes


class DataOutput(NoOutput):
    data: str | bytes


class ContentsOutput(NoOutput):
    contents: list[Entry]


class FileOutput(NoOutput):
    file: Handle


class EntriesOutput(NoOutput):
    entries: list[WalkEntry]
    resume: Resume | None


class FileExistsParams(TypedDict):
    callback: Any
    filename: Path


class FileExistsArgs(TypedDict):
    action: Literal["file_exists"]
    result: bool
    params: FileExistsParams
    output: ExistsOutput


class FileCreateParams(TypedDict):
    callback: Any
    filename: Path


class FileCreateArgs(TypedDict):
    action: Literal["file_create"]
    result: bool
    params: FileCreateParams
    output: NoOutput


class FileDeleteParams(TypedDict):
    callback: Any
    filename: Path


class FileDeleteArgs(TypedDict):
    action: Literal["file_delete"]
    result: bool
    params: FileDeleteParams
    output: NoOutput


class FileRenameParams(TypedDict):
    callback: Any
    original_filename: Path
    new_filename: Path


class FileRenameArgs(TypedDict):
    action: Literal["file_rename"]
    result: bool
    params: FileRenameParams
    output: NoOutput


class FileMoveParams(TypedDict):
    callback: Any
    source_filename: Path
    destination_filename: Path


class FileMoveArgs(TypedDict):
    action: Literal["file_move"]
    result: bool
    params: FileMoveParams
    output: NoOutput


class FileCopyParams(TypedDict):
    callback: Any
    source_filename: Path
    copy_filename: Path


class FileCopyArgs(TypedDict):
    action: Literal["file_copy"]
    result: bool
    params: FileCopyParams
    output: NoOutput


class _FileReadParams(TypedDict):
    callback: Any
    filename: File
    binary: bool


class FileReadParams(_FileReadParams, total=False):
    offset: int
    length: int | None


class FileReadTextArgs(TypedDict):
    action: Literal["file_read"]
    result: bool
    params: FileReadParams
    output: TextOutput


class FileReadBytesArgs(TypedDict):
    action: Literal["file_read"]
    result: bool
    params: FileReadParams
    output: BytesOutput


class FileReadArgs(TypedDict):
    action: Literal["file_read"]
    result: bool
    params: FileReadParams
    output: DataOutput


class _FileWriteParams(TypedDict):
    callback: Any
    data: Any
    filename: File
    binary: bool


class FileWriteParams(_FileWriteParams, total=False):
    offset: int | None


class FileWriteArgs(TypedDict):
    action: Literal["file_write"]
    result: bool
    params: FileWriteParams
    output: NoOutput


class _FileReplaceParams(TypedDict):
    callback: Any
    data: Any
    filename: Path
    binary: bool


class FileReplaceParams(_FileReplaceParams, total=False):
    durable: bool


class FileReplaceArgs(TypedDict):
    action: Literal["file_replace"]
    result: bool
    params: FileReplaceParams
    output: NoOutput


class DirectoryExistsParams(TypedDict):
    callback: Any
    dirname: Path


class DirectoryExistsArgs(TypedDict):
    action: Literal["directory_exists"]
    result: bool
    params: DirectoryExistsParams
    output: ExistsOutput


class DirectoryCreateParams(TypedDict):
    callback: Any
    dirname: Path


class DirectoryCreateArgs(TypedDict):
    action: Literal["directory_create"]
    result: bool
    params: DirectoryCreateParams
    output: NoOutput


class DirectoryDeleteParams(TypedDict):
    callback: Any
    dirname: Path


class DirectoryDeleteArgs(TypedDict):
    action: Literal["directory_delete"]
    result: bool
    params: DirectoryDeleteParams
    output: NoOutput


class DirectoryContentsParams(TypedDict):
    callback: Any
    dirname: Path


class DirectoryContentsArgs(TypedDict):
    action: Literal["directory_contents"]
    result: bool
    params: DirectoryContentsParams
    output: ContentsOutput


class _DirectoryWalkParams(TypedDict):
    callback: Any
    dirname: Path


class DirectoryWalkParams(_DirectoryWalkParams, total=False):
    stat: bool
    batch: int
    on_error: Literal["stop", "continue"]
    resume: Resume | None


class DirectoryWalkArgs(TypedDict):
    action: Literal["directory_walk"]
    result: bool
    params: DirectoryWalkParams
    output: EntriesOutput


class DirectoryRenameParams(TypedDict):
    callback: Any
    old_dirname: Path
    new_dirname: Path


class DirectoryRenameArgs(TypedDict):
    action: Literal["directory_rename"]
    result: bool
    params: DirectoryRenameParams
    output: NoOutput


class DirectoryMoveParams(TypedDict):
    callback: Any
    source_dirname: Path
    destination_dirname: Path


class DirectoryMoveArgs(TypedDict):
    action: Literal["directory_move"]
    result: bool
    params: DirectoryMoveParams
    output: NoOutput


class DirectoryCopyParams(TypedDict):
    callback: Any
    source_dirname: Path
    copy_dirname: Path


class DirectoryCopyArgs(TypedDict):
    action: Literal["directory_copy"]
    result: bool
    params: DirectoryCopyParams
    output: NoOutput


class FileOpenParams(TypedDict):
    callback: Any
    filename: Path
    mode: str


class FileOpenArgs(TypedDict):
    action: Literal["file_open"]
    result: bool
    params: FileOpenParams
    output: FileOutput


class _FileCloseParams(TypedDict):
    callback: Any
    file: Handle


class FileCloseParams(_FileCloseParams, total=False):
    sync: bool
    discard: bool


class FileCloseArgs(TypedDict):
    action: Literal["file_close"]
    result: bool
    params: FileCloseParams
    output: NoOutput


class Stats(TypedDict):
    accepted: int
    completed: int
    failed: int
    callbacks: int
    callback_errors: int
    refused: int
    thread_operations: list[int]
    trades: int
    parks: int
    wakes: int
    ring_size: int
    ring_high_water: int
    in_flight: int
    bytes_read: int
    bytes_written: int
    undelivered_bytes: int
    large_reads_copied: int
    large_reads_uncopied: int
    disk_overlaps: int
    lookahead_files: int
    lookahead_bytes: int
    lookahead_passed_over: int
    lookahead_windows: int
    retries: int
