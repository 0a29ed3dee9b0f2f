"""Code that type checkers must accept, and code that they must reject. mypy and pyright read this
file; it is never run.

Each line with an ignore comment must be an error; else the checkers report an unused comment.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from typing_extensions import assert_type

import mhddq
from mhddq.types import (
    DirectoryContentsArgs,
    FailureText,
    FileExistsArgs,
    FileReadArgs,
    FileReadBytesArgs,
    FileReadTextArgs,
)


def exists(args: FileExistsArgs) -> None:
    assert_type(args["output"]["exists"], bool)
    assert_type(args["output"]["exception"], FailureText)
    assert_type(args["output"]["exception"].error, BaseException)
    args["output"]["data"]  # type: ignore[typeddict-item] # pyright: ignore


def anything(args: dict[str, Any]) -> None:
    print(args["output"])


def text(args: FileReadTextArgs) -> None:
    assert_type(args["output"]["data"], str)


def binary(args: FileReadBytesArgs) -> None:
    assert_type(args["output"]["data"], bytes)


def either(args: FileReadArgs) -> None:
    assert_type(args["output"]["data"], str | bytes)


def contents(args: DirectoryContentsArgs) -> None:
    assert_type([entry["name"] for entry in args["output"]["contents"]], list[str])


def no_callback() -> None:
    pass


assert_type(mhddq.file_exists(exists, "name"), bool)
mhddq.file_exists(anything, b"name")
mhddq.file_exists(callback=None, filename=Path("name"))
mhddq.file_exists(lambda args: print(args["output"]["exists"]), "name")
mhddq.file_exists(no_callback, "name")  # type: ignore[arg-type] # pyright: ignore
mhddq.file_exists(text, "name")  # type: ignore[arg-type] # pyright: ignore
mhddq.file_exists(exists, 1)  # type: ignore[arg-type] # pyright: ignore
mhddq.file_read(text, "name")
mhddq.file_read(binary, "name", binary=True)
mhddq.file_read(binary, "name")  # type: ignore[arg-type] # pyright: ignore
mhddq.file_read(either, "name", bool(input()))
mhddq.file_write(None, "text", "name")
mhddq.file_write(None, bytearray(b"data"), "name", True)
mhddq.file_write(None, b"data", "name")  # type: ignore[call-overload] # pyright: ignore
mhddq.file_write(None, "text", "name", bool(input()))
mhddq.directory_contents(contents, "name")
collected: list[FileExistsArgs] = []
mhddq.file_exists(collected.append, "name")

oplist = mhddq.create_empty_oplist()
mhddq.oplist_file_exists(oplist, exists, "name")
mhddq.oplist_file_exists(oplist, text, "name")  # type: ignore[arg-type] # pyright: ignore
assert_type(mhddq.enqueue_oplist(oplist), bool)
assert_type(len(oplist), int)

assert_type(mhddq.stats()["completed"], int)
assert_type(mhddq.stats()["thread_operations"], list[int])
mhddq.stats()["typo"]  # type: ignore[typeddict-item] # pyright: ignore
