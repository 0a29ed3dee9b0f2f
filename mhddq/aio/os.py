"""The functions of os that work with files, as coroutines. As aiofiles.os has them.

They are operations of the default queue, in order with all others. On a thread of the loop: access,
scandir, sendfile, statvfs, and those that are given a descriptor or `dir_fd`. At once: getcwd.
Parameters, values and errors are those of os.
"""

from __future__ import annotations

import os as _os
from collections.abc import Iterator
from typing import Any

from mhddq.aio import ospath as path
from mhddq.aio._default import operations
from mhddq.aio._frameworks import on_thread

__all__ = [
    "access",
    "getcwd",
    "link",
    "listdir",
    "makedirs",
    "mkdir",
    "path",
    "readlink",
    "remove",
    "removedirs",
    "rename",
    "renames",
    "replace",
    "rmdir",
    "scandir",
    "stat",
    "symlink",
    "unlink",
]

_Path = str | bytes | _os.PathLike[str] | _os.PathLike[bytes]


async def stat(
    path: _Path | int, *, dir_fd: int | None = None, follow_symlinks: bool = True
) -> _os.stat_result:
    if dir_fd is not None or isinstance(path, int):
        return await on_thread(_os.stat, path, dir_fd=dir_fd, follow_symlinks=follow_symlinks)
    status: _os.stat_result
    status = await operations().path_stat(path, follow_symlinks=follow_symlinks)
    return status


async def rename(
    src: _Path, dst: _Path, *, src_dir_fd: int | None = None, dst_dir_fd: int | None = None
) -> None:
    if src_dir_fd is not None or dst_dir_fd is not None:
        await on_thread(_os.rename, src, dst, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)
    else:
        await operations().path_rename(src, dst, replace=_os.name != "nt")


async def replace(
    src: _Path, dst: _Path, *, src_dir_fd: int | None = None, dst_dir_fd: int | None = None
) -> None:
    if src_dir_fd is not None or dst_dir_fd is not None:
        await on_thread(_os.replace, src, dst, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)
    else:
        await operations().path_rename(src, dst)


async def renames(old: Any, new: Any) -> None:
    head, tail = _os.path.split(new)
    if head and tail and not await path.exists(head):
        await makedirs(head)
    await rename(old, new)
    head, tail = _os.path.split(old)
    if head and tail:
        try:
            await removedirs(head)
        except OSError:  # it is not empty: it stays
            return


async def remove(path: _Path, *, dir_fd: int | None = None) -> None:
    if dir_fd is not None:
        await on_thread(_os.remove, path, dir_fd=dir_fd)
    else:
        await operations().file_delete(path)


async def unlink(path: _Path, *, dir_fd: int | None = None) -> None:
    await remove(path, dir_fd=dir_fd)


async def mkdir(path: _Path, mode: int = 0o777, *, dir_fd: int | None = None) -> None:
    if dir_fd is not None:
        await on_thread(_os.mkdir, path, mode, dir_fd=dir_fd)
    else:
        await operations().directory_create(path, mode=mode)


async def makedirs(name: _Path, mode: int = 0o777, exist_ok: bool = False) -> None:
    create = operations().directory_create
    await create(name, mode=mode, parents=True, exist_ok=exist_ok)


async def rmdir(path: _Path, *, dir_fd: int | None = None) -> None:
    if dir_fd is not None:
        await on_thread(_os.rmdir, path, dir_fd=dir_fd)
    else:
        await operations().directory_delete(path, recursive=False)


async def removedirs(name: Any) -> None:
    await rmdir(name)
    head, tail = _os.path.split(name)
    if not tail:
        head, tail = _os.path.split(head)
    while head and tail:
        try:
            await rmdir(head)
        except OSError:  # it is not empty: it stays
            return
        head, tail = _os.path.split(head)


async def link(
    src: _Path,
    dst: _Path,
    *,
    src_dir_fd: int | None = None,
    dst_dir_fd: int | None = None,
    follow_symlinks: bool = True,
) -> None:
    if src_dir_fd is not None or dst_dir_fd is not None or not follow_symlinks:
        how: dict[str, Any] = {"src_dir_fd": src_dir_fd, "dst_dir_fd": dst_dir_fd}
        await on_thread(_os.link, src, dst, follow_symlinks=follow_symlinks, **how)
    else:
        await operations().link_create(src, dst, hard=True)


async def symlink(
    src: _Path, dst: _Path, target_is_directory: bool = False, *, dir_fd: int | None = None
) -> None:
    if dir_fd is not None or (target_is_directory and _os.name == "nt"):
        await on_thread(_os.symlink, src, dst, target_is_directory, dir_fd=dir_fd)
    else:
        await operations().link_create(src, dst)


async def readlink(path: Any, *, dir_fd: int | None = None) -> Any:
    if dir_fd is not None:
        return await on_thread(_os.readlink, path, dir_fd=dir_fd)
    return await operations().link_read(path)


async def listdir(path: Any = None) -> list[Any]:
    if isinstance(path, int):
        return await on_thread(_os.listdir, path)
    contents = await operations().directory_contents("." if path is None else path)
    return [entry["name"] for entry in contents]


async def scandir(path: Any = ".") -> Iterator[_os.DirEntry[Any]]:
    """Its entries are real os.DirEntry objects, and so is the iterator that of os.scandir()."""
    return await on_thread(_os.scandir, path, dispose=lambda made: made.close())


async def access(
    path: Any,
    mode: int,
    *,
    dir_fd: int | None = None,
    effective_ids: bool = False,
    follow_symlinks: bool = True,
) -> bool:
    how: dict[str, Any] = {"effective_ids": effective_ids, "follow_symlinks": follow_symlinks}
    return await on_thread(_os.access, path, mode, dir_fd=dir_fd, **how)


async def getcwd() -> str:
    return _os.getcwd()


if hasattr(_os, "sendfile"):
    __all__ += ["sendfile"]

    async def sendfile(*args: Any, **keywords: Any) -> int:
        """As os.sendfile(out_fd, in_fd, offset, count)."""
        return await on_thread(_os.sendfile, *args, **keywords)


if hasattr(_os, "statvfs"):
    __all__ += ["statvfs"]

    async def statvfs(path: Any) -> _os.statvfs_result:
        return await on_thread(_os.statvfs, path)
