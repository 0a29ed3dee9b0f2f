# Made by tools/make_stub.py from the table in mhddq/_ops.py. Do not edit.

"""What callbacks are given, and stats(), for annotations:
``def was_read(args: mhddq.types.FileReadArgs) -> None``.

``args['result']`` shows which keys ``output`` has: on success those of the operation, on failure
``exception`` alone. No module of mhddq imports this one when a program runs.
"""

from __future__ import annotations

import os
from typing import Any, Literal, NamedTuple, TypeAlias, TypedDict

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


class LengthOutput(NoOutput):
    length: int


class StatOutput(NoOutput):
    stat: os.stat_result


class TargetOutput(NoOutput):
    target: str | bytes


class DiskUsage(NamedTuple):
    total: int
    used: int
    free: int


class UsageOutput(NoOutput):
    total: int
    used: int
    free: int


class _EnqueueOplistParams(TypedDict):
    oplist: Any
    callback: Any


class EnqueueOplistParams(_EnqueueOplistParams, total=False):
    control: Any


class EnqueueOplistArgs(TypedDict):
    action: Literal["enqueue_oplist"]
    result: bool
    params: EnqueueOplistParams
    output: NoOutput


class _FileExistsParams(TypedDict):
    callback: Any
    filename: Path


class FileExistsParams(_FileExistsParams, total=False):
    control: Any


class FileExistsArgs(TypedDict):
    action: Literal["file_exists"]
    result: bool
    params: FileExistsParams
    output: ExistsOutput


class _FileCreateParams(TypedDict):
    callback: Any
    filename: Path


class FileCreateParams(_FileCreateParams, total=False):
    control: Any


class FileCreateArgs(TypedDict):
    action: Literal["file_create"]
    result: bool
    params: FileCreateParams
    output: NoOutput


class _FileDeleteParams(TypedDict):
    callback: Any
    filename: Path


class FileDeleteParams(_FileDeleteParams, total=False):
    control: Any


class FileDeleteArgs(TypedDict):
    action: Literal["file_delete"]
    result: bool
    params: FileDeleteParams
    output: NoOutput


class _FileRenameParams(TypedDict):
    callback: Any
    original_filename: Path
    new_filename: Path


class FileRenameParams(_FileRenameParams, total=False):
    control: Any


class FileRenameArgs(TypedDict):
    action: Literal["file_rename"]
    result: bool
    params: FileRenameParams
    output: NoOutput


class _FileMoveParams(TypedDict):
    callback: Any
    source_filename: Path
    destination_filename: Path


class FileMoveParams(_FileMoveParams, total=False):
    control: Any


class FileMoveArgs(TypedDict):
    action: Literal["file_move"]
    result: bool
    params: FileMoveParams
    output: NoOutput


class _FileCopyParams(TypedDict):
    callback: Any
    source_filename: Path
    copy_filename: Path


class FileCopyParams(_FileCopyParams, total=False):
    control: Any
    replace: bool


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
    control: Any
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
    control: Any
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
    control: Any
    durable: bool


class FileReplaceArgs(TypedDict):
    action: Literal["file_replace"]
    result: bool
    params: FileReplaceParams
    output: NoOutput


class _DirectoryExistsParams(TypedDict):
    callback: Any
    dirname: Path


class DirectoryExistsParams(_DirectoryExistsParams, total=False):
    control: Any


class DirectoryExistsArgs(TypedDict):
    action: Literal["directory_exists"]
    result: bool
    params: DirectoryExistsParams
    output: ExistsOutput


class _DirectoryCreateParams(TypedDict):
    callback: Any
    dirname: Path


class DirectoryCreateParams(_DirectoryCreateParams, total=False):
    control: Any
    mode: int
    parents: bool
    exist_ok: bool


class DirectoryCreateArgs(TypedDict):
    action: Literal["directory_create"]
    result: bool
    params: DirectoryCreateParams
    output: NoOutput


class _DirectoryDeleteParams(TypedDict):
    callback: Any
    dirname: Path


class DirectoryDeleteParams(_DirectoryDeleteParams, total=False):
    control: Any
    recursive: bool


class DirectoryDeleteArgs(TypedDict):
    action: Literal["directory_delete"]
    result: bool
    params: DirectoryDeleteParams
    output: NoOutput


class _DirectoryContentsParams(TypedDict):
    callback: Any
    dirname: Path


class DirectoryContentsParams(_DirectoryContentsParams, total=False):
    control: Any


class DirectoryContentsArgs(TypedDict):
    action: Literal["directory_contents"]
    result: bool
    params: DirectoryContentsParams
    output: ContentsOutput


class _DirectoryWalkParams(TypedDict):
    callback: Any
    dirname: Path


class DirectoryWalkParams(_DirectoryWalkParams, total=False):
    control: Any
    stat: bool
    batch: int
    on_error: Literal["stop", "continue"]
    resume: Resume | None


class DirectoryWalkArgs(TypedDict):
    action: Literal["directory_walk"]
    result: bool
    params: DirectoryWalkParams
    output: EntriesOutput


class _DirectoryRenameParams(TypedDict):
    callback: Any
    old_dirname: Path
    new_dirname: Path


class DirectoryRenameParams(_DirectoryRenameParams, total=False):
    control: Any


class DirectoryRenameArgs(TypedDict):
    action: Literal["directory_rename"]
    result: bool
    params: DirectoryRenameParams
    output: NoOutput


class _DirectoryMoveParams(TypedDict):
    callback: Any
    source_dirname: Path
    destination_dirname: Path


class DirectoryMoveParams(_DirectoryMoveParams, total=False):
    control: Any


class DirectoryMoveArgs(TypedDict):
    action: Literal["directory_move"]
    result: bool
    params: DirectoryMoveParams
    output: NoOutput


class _DirectoryCopyParams(TypedDict):
    callback: Any
    source_dirname: Path
    copy_dirname: Path


class DirectoryCopyParams(_DirectoryCopyParams, total=False):
    control: Any


class DirectoryCopyArgs(TypedDict):
    action: Literal["directory_copy"]
    result: bool
    params: DirectoryCopyParams
    output: NoOutput


class _FileOpenParams(TypedDict):
    callback: Any
    filename: Path
    mode: str


class FileOpenParams(_FileOpenParams, total=False):
    control: Any
    atomic: bool


class FileOpenArgs(TypedDict):
    action: Literal["file_open"]
    result: bool
    params: FileOpenParams
    output: FileOutput


class _FileCloseParams(TypedDict):
    callback: Any
    file: Handle


class FileCloseParams(_FileCloseParams, total=False):
    control: Any
    sync: bool
    discard: bool


class FileCloseArgs(TypedDict):
    action: Literal["file_close"]
    result: bool
    params: FileCloseParams
    output: NoOutput


class _FileAppendParams(TypedDict):
    callback: Any
    data: Any
    filename: File
    binary: bool


class FileAppendParams(_FileAppendParams, total=False):
    control: Any


class FileAppendArgs(TypedDict):
    action: Literal["file_append"]
    result: bool
    params: FileAppendParams
    output: NoOutput


class _FileReadIntoParams(TypedDict):
    callback: Any
    buffer: Any
    filename: File


class FileReadIntoParams(_FileReadIntoParams, total=False):
    control: Any
    offset: int


class FileReadIntoArgs(TypedDict):
    action: Literal["file_read_into"]
    result: bool
    params: FileReadIntoParams
    output: LengthOutput


class _FileTruncateParams(TypedDict):
    callback: Any
    filename: File
    size: int


class FileTruncateParams(_FileTruncateParams, total=False):
    control: Any


class FileTruncateArgs(TypedDict):
    action: Literal["file_truncate"]
    result: bool
    params: FileTruncateParams
    output: NoOutput


class _FileSyncParams(TypedDict):
    callback: Any
    filename: File


class FileSyncParams(_FileSyncParams, total=False):
    control: Any


class FileSyncArgs(TypedDict):
    action: Literal["file_sync"]
    result: bool
    params: FileSyncParams
    output: NoOutput


class _DirectorySyncParams(TypedDict):
    callback: Any
    dirname: Path


class DirectorySyncParams(_DirectorySyncParams, total=False):
    control: Any


class DirectorySyncArgs(TypedDict):
    action: Literal["directory_sync"]
    result: bool
    params: DirectorySyncParams
    output: NoOutput


class _LinkCreateParams(TypedDict):
    callback: Any
    target: Path
    linkname: Path


class LinkCreateParams(_LinkCreateParams, total=False):
    control: Any
    hard: bool


class LinkCreateArgs(TypedDict):
    action: Literal["link_create"]
    result: bool
    params: LinkCreateParams
    output: NoOutput


class _LinkReadParams(TypedDict):
    callback: Any
    linkname: Path


class LinkReadParams(_LinkReadParams, total=False):
    control: Any


class LinkReadArgs(TypedDict):
    action: Literal["link_read"]
    result: bool
    params: LinkReadParams
    output: TargetOutput


class _PathExistsParams(TypedDict):
    callback: Any
    path: Path


class PathExistsParams(_PathExistsParams, total=False):
    control: Any
    follow_symlinks: bool


class PathExistsArgs(TypedDict):
    action: Literal["path_exists"]
    result: bool
    params: PathExistsParams
    output: ExistsOutput


class _PathStatParams(TypedDict):
    callback: Any
    path: File


class PathStatParams(_PathStatParams, total=False):
    control: Any
    follow_symlinks: bool


class PathStatArgs(TypedDict):
    action: Literal["path_stat"]
    result: bool
    params: PathStatParams
    output: StatOutput


class _PathRenameParams(TypedDict):
    callback: Any
    source: Path
    destination: Path


class PathRenameParams(_PathRenameParams, total=False):
    control: Any
    replace: bool


class PathRenameArgs(TypedDict):
    action: Literal["path_rename"]
    result: bool
    params: PathRenameParams
    output: NoOutput


class _PathChmodParams(TypedDict):
    callback: Any
    path: File
    mode: int


class PathChmodParams(_PathChmodParams, total=False):
    control: Any
    follow_symlinks: bool


class PathChmodArgs(TypedDict):
    action: Literal["path_chmod"]
    result: bool
    params: PathChmodParams
    output: NoOutput


class _PathUtimeParams(TypedDict):
    callback: Any
    path: File
    times: tuple[float, float] | None


class PathUtimeParams(_PathUtimeParams, total=False):
    control: Any
    ns: tuple[int, int] | None
    follow_symlinks: bool


class PathUtimeArgs(TypedDict):
    action: Literal["path_utime"]
    result: bool
    params: PathUtimeParams
    output: NoOutput


class _DiskUsageParams(TypedDict):
    callback: Any
    path: Path


class DiskUsageParams(_DiskUsageParams, total=False):
    control: Any


class DiskUsageArgs(TypedDict):
    action: Literal["disk_usage"]
    result: bool
    params: DiskUsageParams
    output: UsageOutput


class Stats(TypedDict):
    accepted: int
    completed: int
    failed: int
    cancelled: int
    skipped: int
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
    unwritten_bytes: int
    large_reads_copied: int
    large_reads_uncopied: int
    disk_overlaps: int
    lookahead_files: int
    lookahead_bytes: int
    lookahead_passed_over: int
    lookahead_windows: int
    retries: int
