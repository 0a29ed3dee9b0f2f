"""What fsspec calls info: a dict about a file, a directory, or a link."""

from __future__ import annotations

import os
import stat as modes
from collections.abc import Iterable
from typing import Any

from mhddq.fsspec._bulk import outcomes

FIELDS = ("mode", "uid", "gid", "mtime", "ino", "nlink")


def is_link(status: os.stat_result) -> bool:
    return modes.S_ISLNK(status.st_mode)


def is_directory(status: object) -> bool:
    """Of an outcome of path_stat, which may be an error."""
    return isinstance(status, os.stat_result) and modes.S_ISDIR(status.st_mode)


def described(path: str, status: os.stat_result) -> dict[str, Any]:
    """What fsspec's LocalFileSystem reports of something that is no link."""
    regular = "file" if modes.S_ISREG(status.st_mode) else "other"
    return {
        "name": path,
        "size": status.st_size,
        "type": "directory" if is_directory(status) else regular,
        "created": getattr(status, "st_birthtime", status.st_ctime),
        "islink": False,
        **{field: getattr(status, f"st_{field}") for field in FIELDS},
    }


async def listed(aio: Any, found: Iterable[tuple[str, os.stat_result]]) -> list[dict[str, Any]]:
    """Of the entries of a directory, with their lstat. A link is neither a file nor a directory
    there, so that nothing walks through it; its size is that of its target, 0 if it has none."""
    entries = [(described(path, status), status) for path, status in found]
    links = [entry for entry, status in entries if is_link(status)]
    targets = await outcomes(aio.path_stat(link["name"]) for link in links)
    contents = await outcomes(aio.link_read(link["name"]) for link in links)
    for link, target, content in zip(links, targets, contents, strict=True):
        link["size"] = getattr(target, "st_size", 0)
        link["islink"] = True
        if isinstance(content, str):  # else it has been removed meanwhile
            link["destination"] = content
    return [entry for entry, _ in entries]
