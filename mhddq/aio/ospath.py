"""The functions of os.path that look at files, as coroutines. As aiofiles.ospath has them.

They are operations of the default queue, in order with all others. On a thread of the loop:
ismount, and those that are given a descriptor. At once: abspath, sameopenfile.
"""

from __future__ import annotations

import os as _os
import stat as _stat
from typing import Any

from mhddq.aio._default import operations
from mhddq.aio._frameworks import on_thread

__all__ = [
    "abspath",
    "exists",
    "getatime",
    "getctime",
    "getmtime",
    "getsize",
    "isdir",
    "isfile",
    "islink",
    "ismount",
    "samefile",
    "sameopenfile",
]


async def _stat_of(path: Any, *, follow_symlinks: bool = True) -> _os.stat_result:
    if isinstance(path, int):
        return await on_thread(_os.stat, path)
    status: _os.stat_result
    status = await operations().path_stat(path, follow_symlinks=follow_symlinks)
    return status


async def _mode_of(path: Any, *, follow_symlinks: bool = True) -> int:
    """0 where there is none."""
    try:
        return (await _stat_of(path, follow_symlinks=follow_symlinks)).st_mode
    except (OSError, ValueError):
        return 0


async def abspath(path: Any) -> Any:
    return _os.path.abspath(path)


async def exists(path: Any) -> bool:
    return await _mode_of(path) != 0


async def isfile(path: Any) -> bool:
    return _stat.S_ISREG(await _mode_of(path))


async def isdir(s: Any) -> bool:
    return _stat.S_ISDIR(await _mode_of(s))


async def islink(path: Any) -> bool:
    return _stat.S_ISLNK(await _mode_of(path, follow_symlinks=False))


async def ismount(path: Any) -> bool:
    return await on_thread(_os.path.ismount, path)


async def getsize(filename: Any) -> int:
    return (await _stat_of(filename)).st_size


async def getatime(filename: Any) -> float:
    return (await _stat_of(filename)).st_atime


async def getmtime(filename: Any) -> float:
    return (await _stat_of(filename)).st_mtime


async def getctime(filename: Any) -> float:
    return (await _stat_of(filename)).st_ctime


async def samefile(f1: Any, f2: Any) -> bool:
    return _os.path.samestat(await _stat_of(f1), await _stat_of(f2))


async def sameopenfile(fp1: int, fp2: int) -> bool:
    return _os.path.sameopenfile(fp1, fp2)
