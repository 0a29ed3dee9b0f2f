"""Local files for everything that speaks fsspec: ``mhddq://`` paths, read and written by a queue.

Guarantees
  - A call on many files puts all of them into the queue at once, in order.
  - Nothing is deleted, walked or found through a symbolic link inside a tree.
  - A copy replaces its target in one step, when it is complete; so does what a transaction writes.
  - A file system that is pickled, or inherited by a forked process, uses that process' own queue.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from glob import has_magic
from typing import Any

from fsspec.asyn import AsyncFileSystem, get_loop, sync_wrapper
from fsspec.callbacks import DEFAULT_CALLBACK, NoOpCallback
from fsspec.implementations.local import LocalFileSystem, make_path_posix, trailing_sep
from fsspec.utils import isfilelike, other_paths, stringify_path

from mhddq import Control, Queue, default_queue, progress
from mhddq.aio._opening import Opening
from mhddq.fsspec._bulk import LIMIT, first_error, outcomes, values
from mhddq.fsspec._deferred import Opener, Together, Version
from mhddq.fsspec._entries import described, is_directory, is_link, listed

__all__ = ["MhddqFileSystem"]

CHUNK = 4 << 20

# Those that are named by `queue=`, one of each name in a process.
_queues: dict[str, Queue] = {}


class MhddqFileSystem(AsyncFileSystem):  # type: ignore[misc]
    """The files of this machine, by the rules of fsspec's LocalFileSystem, through a queue.

    auto_mkdir: whether the directory of a file that is written is created where it is missing.
    queue: the name of a queue of this process, which is made when it is first used: one for each
        disk. None: the default queue.
    batch_size: how many operations of one call may be enqueued and not yet have ended, where the
        call itself does not set it. None: 4096; -1: all.
    asynchronous, loop: as of fsspec's AsyncFileSystem.
    Threads: any; the sync methods not in the thread that runs the loop.
    """

    protocol = "mhddq"
    root_marker = "/"
    local_file = True
    transaction_type = Together
    _pid: int  # of the process whose loop it knows

    def __init__(self, auto_mkdir: bool = False, queue: str | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.auto_mkdir = auto_mkdir
        self.queue = queue

    # ---- the queue and the loop ----

    @property
    def own_queue(self) -> Queue:
        """The queue of this process that the operations go into."""
        if self.queue is None:
            return default_queue()
        return _queues.get(self.queue) or _queues.setdefault(self.queue, Queue(self.queue))

    @property
    def _aio(self) -> Any:
        return self.own_queue.aio

    @property
    def loop(self) -> Any:
        if self._pid != os.getpid():  # a forked process, where the parent's loop does not run
            self._pid = os.getpid()
            self._loop = None if self.asynchronous else get_loop()
        return self._loop

    @property
    def fsid(self) -> str:
        return "local"  # the same files as LocalFileSystem's

    def _limit(self, batch_size: int | None = None) -> int:
        return batch_size or self.batch_size or LIMIT

    # ---- paths ----

    _parent: Any = classmethod(LocalFileSystem._parent.__func__)
    created = LocalFileSystem.created
    modified = LocalFileSystem.modified
    _isfilestore = LocalFileSystem._isfilestore

    @classmethod
    def _names(cls) -> tuple[str, ...]:
        return (cls.protocol,) if isinstance(cls.protocol, str) else cls.protocol

    def unstrip_protocol(self, name: Any) -> str:
        return f"{self._names()[0]}://{self._path(name)}"

    @classmethod
    def _path(cls, path: Any) -> Any:
        """Of one file. Raises: AttributeError for a list, as LocalFileSystem does."""
        path = stringify_path(path)
        for prefix in (name + colon for name in cls._names() for colon in ("://", ":")):
            if path.startswith(prefix):
                path = path[len(prefix) :]
                break
        return LocalFileSystem._strip_protocol.__func__(cls, make_path_posix(path))

    @classmethod
    def _strip_protocol(cls, path: Any) -> Any:
        if isinstance(path, list | tuple | set):
            return [cls._path(each) for each in path]
        return cls._path(path)

    async def _expand_path(self, path: Any, *args: Any, **keywords: Any) -> Any:
        return await super()._expand_path(stringify_path(path), *args, **keywords)

    async def _make_parents(self, paths: Iterable[str]) -> None:
        """For what is about to be written there."""
        if self.auto_mkdir:
            make = self._aio.directory_create
            parents = dict.fromkeys(map(self._parent, paths))
            await values(make(parent, parents=True, exist_ok=True) for parent in parents)

    # ---- what there is ----

    async def _info(self, path: Any, **_: Any) -> dict[str, Any]:
        path = self._path(path)
        status = await self._aio.path_stat(path, follow_symlinks=False)
        if not is_link(status):
            return described(path, status)
        target, content = self._aio.path_stat(path), self._aio.link_read(path)
        entry = described(path, await target)
        return entry | {"islink": True, "destination": await content}

    async def _ls(self, path: Any, detail: bool = False, **_: Any) -> list[Any]:
        path = self._path(path)
        if not await self._isdir(path):
            entry = await self._info(path)
            return [entry] if detail else [entry["name"]]
        names = [entry["name"] for entry in await self._aio.directory_contents(path)]
        paths = [f"{path.rstrip('/')}/{name}" for name in names]
        if not detail:
            return paths
        stat = self._aio.path_stat
        statuses = await outcomes(stat(each, follow_symlinks=False) for each in paths)
        # What has been removed since it was listed is left out.
        found = [
            (each, status)
            for each, status in zip(paths, statuses, strict=True)
            if not isinstance(status, FileNotFoundError)
        ]
        if error := first_error(status for _, status in found):
            raise error
        return await listed(self._aio, found)

    async def _find(
        self,
        path: Any,
        maxdepth: int | None = None,
        withdirs: bool = False,
        detail: bool = False,
        **options: Any,
    ) -> Any:
        path = self._path(path)
        if maxdepth is not None or not await self._isdir(path):
            keywords = {"maxdepth": maxdepth, "withdirs": withdirs, "detail": True, **options}
            found = await super()._find(path, **keywords)
            return found if detail else list(found)
        walked: list[tuple[str, Any]] = []
        async for batch in self._aio.directory_walk(path, stat=detail, on_error="continue"):
            walked += [
                (make_path_posix(entry["path"]), entry.get("stat"))
                for entry in batch
                if withdirs or entry["type"] != "directory"
            ]
        walked.sort()
        if not detail:
            return [path] * withdirs + [each for each, _ in walked]
        entries = [await self._info(path)] * withdirs + await listed(self._aio, walked)
        return {entry["name"]: entry for entry in entries}

    async def _du(
        self, path: Any, total: bool = True, maxdepth: int | None = None, **options: Any
    ) -> Any:
        found = await self._find(path, maxdepth=maxdepth, detail=True, **options)
        sizes = {name: entry["size"] for name, entry in found.items()}
        return sum(sizes.values()) if total else sizes

    async def _sizes(self, paths: list[Any], batch_size: int | None = None) -> list[int]:
        asked = (self._aio.path_stat(self._path(path)) for path in paths)
        return [status.st_size for status in await values(asked, self._limit(batch_size))]

    async def _exists(self, path: Any, **_: Any) -> bool:
        try:
            found: bool = await self._aio.path_exists(self._path(path))
        except (OSError, ValueError):  # as os.path.exists
            return False
        return found

    async def _lexists(self, path: Any, **_: Any) -> bool:
        found: bool = await self._aio.path_exists(self._path(path), follow_symlinks=False)
        return found

    async def _type_is(self, kind: str, path: Any, follow_symlinks: bool = True) -> bool:
        try:
            status = await self._aio.path_stat(self._path(path), follow_symlinks=follow_symlinks)
        except (OSError, ValueError):
            return False
        return is_link(status) if kind == "link" else described("", status)["type"] == kind

    async def _isfile(self, path: Any) -> bool:
        return await self._type_is("file", path)

    async def _isdir(self, path: Any) -> bool:
        return await self._type_is("directory", path)

    async def _islink(self, path: Any) -> bool:
        return await self._type_is("link", path, follow_symlinks=False)

    # ---- contents ----

    async def _read(self, parts: list[tuple[str, Any, Any]], limit: int) -> list[Any]:
        """The outcomes of reads from start to end. What is negative counts from the file's end."""
        counted = {path for path, *ends in parts if any((end or 0) < 0 for end in ends)}
        statuses = await outcomes(map(self._aio.path_stat, counted), limit)
        sizes = dict(zip(counted, statuses, strict=True))

        def reads() -> Iterator[Any]:
            for path, *ends in parts:
                size = sizes.get(path)
                if isinstance(size, Exception):
                    yield size
                    continue
                start, end = (
                    max(0, size.st_size + at) if size and at is not None and at < 0 else at
                    for at in ends
                )
                part = {"offset": start or 0}
                if end is not None:
                    part["length"] = max(0, end - part["offset"])
                yield self._aio.file_read(path, binary=True, **part)

        return await outcomes(reads(), limit)

    async def _cat_file(
        self, path: Any, start: int | None = None, end: int | None = None, **_: Any
    ) -> bytes:
        data: bytes
        data, *_rest = await self._read([(self._path(path), start, end)], 1)
        if isinstance(data, Exception):
            raise data
        return data

    async def _cat(  # noqa: PLR0913, PLR0917 - as fsspec has it
        self,
        path: Any,
        recursive: bool = False,
        on_error: str = "raise",
        batch_size: int | None = None,
        start: int | None = None,
        end: int | None = None,
        **_: Any,
    ) -> Any:
        paths = await self._expand_path(path, recursive=recursive)
        found = await self._read([(each, start, end) for each in paths], self._limit(batch_size))
        if on_error == "raise" and (error := first_error(found)):
            raise error
        several = isinstance(path, list | tuple | set) or len(paths) > 1
        if not several and paths[0] == self._strip_protocol(path):
            return found[0]
        contents = dict(zip(paths, found, strict=True))
        if on_error == "omit":
            return {k: v for k, v in contents.items() if not isinstance(v, Exception)}
        return contents

    async def _cat_ranges(  # noqa: PLR0913, PLR0917 - as fsspec has it
        self,
        paths: list[Any],
        starts: Any,
        ends: Any,
        max_gap: int | None = None,
        batch_size: int | None = None,
        on_error: str = "return",
        **_: Any,
    ) -> list[Any]:
        if max_gap is not None:
            raise NotImplementedError("max_gap: every range is read for itself")
        if not isinstance(paths, list):
            raise TypeError("paths must be a list")
        starts, ends = (
            at if isinstance(at, Iterable) else [at] * len(paths) for at in (starts, ends)
        )
        parts = list(zip(map(self._path, paths), starts, ends, strict=True))
        found = await self._read(parts, self._limit(batch_size))
        if on_error != "return" and (error := first_error(found)):
            raise error
        return found

    async def _pipe_file(self, path: Any, value: Any, mode: str = "overwrite", **_: Any) -> None:
        await self._pipe({path: value}, mode=mode)

    async def _pipe(
        self,
        path: Any,
        value: Any = None,
        batch_size: int | None = None,
        mode: str = "overwrite",
        **_: Any,
    ) -> None:
        given = path if isinstance(path, dict) else {path: value}
        contents = {self._path(each): data for each, data in given.items()}
        await self._make_parents(contents)
        if self._intrans or mode == "create":
            for each, data in contents.items():
                await self._write_version(each, data, "x" if mode == "create" else "w")
            return
        write = self._aio.file_write
        writes = (write(data, each, binary=True) for each, data in contents.items())
        await values(writes, self._limit(batch_size))

    async def _write_version(self, path: str, data: Any, kind: str) -> None:
        """Shows up under its name when it is complete; in a transaction, when that is."""
        handle = await self._aio.file_open(path, kind + "b", atomic=True)
        try:
            await self._aio.file_write(data, handle, binary=True)
        except BaseException:
            self._aio.file_close(handle, discard=True)
            raise
        if self._intrans:
            self.transaction.files.append(Version(self, handle))
        else:
            await self._aio.file_close(handle)

    async def _touch(self, path: Any, truncate: bool = True, **_: Any) -> None:
        path = self._path(path)
        await self._make_parents([path])
        async with self._aio.oplist(on_error="stop") as todo:
            todo.file_append(b"", path)  # creates it
            if truncate:
                todo.file_truncate(path, 0)
            todo.path_utime(path)

    def _open(self, path: Any, mode: str = "rb", block_size: Any = None, **options: Any) -> Opener:
        path = self._path(path)
        if self.auto_mkdir and mode[0] != "r":
            os.makedirs(self._parent(path), exist_ok=True)
        return Opener(path, mode, fs=self, **options)

    def open_async(self, path: Any, mode: str = "rb", **options: Any) -> Opening[Any]:
        """A file of mhddq.aio, in the file system's queue: `await` it, or use `async with`.

        mode, options: as of mhddq.aio.open(), atomic=True among them. No compression.
        Raises: ValueError, TypeError for wrong arguments; awaited, OSError.
        """
        if self._intrans and mode[0] != "r":
            raise ValueError("open_async() writes no file of a transaction: use atomic=True")
        for name in ("block_size", "cache_options"):  # which other file systems know
            options.pop(name, None)
        path, atomic = self._path(path), options.get("atomic", False)
        opening = self._aio.open(path, mode, **options)

        async def start() -> Any:
            if mode[0] != "r":
                await self._make_parents([path])
            return await opening

        return Opening(start, atomic)

    # ---- copies ----

    async def _pairs(
        self, sources: Any, targets: Any, recursive: bool = False, maxdepth: int | None = None
    ) -> list[tuple[str, str]]:
        """Which file or directory is copied to where, by the rules of fsspec's documentation."""
        sources, targets = stringify_path(sources), stringify_path(targets)
        one = isinstance(sources, str)
        if not one and not isinstance(targets, str):
            return list(zip(*map(self._strip_protocol, (sources, targets)), strict=True))
        paths = await self._expand_path(sources, recursive=recursive, maxdepth=maxdepth)
        if one and (not recursive or maxdepth is not None):  # files alone
            statuses = await outcomes(map(self._aio.path_stat, paths))
            checked = zip(paths, statuses, strict=True)
            paths = [path for path, status in checked if not is_directory(status)]
        if not paths:
            return []
        pattern = one and has_magic(sources)
        into = trailing_sep(targets) or await self._isdir(targets)
        # Whether the source's own name comes below the target.
        named = one and (len(paths) == 1 if pattern else into and not trailing_sep(sources))
        target = self._path(targets)
        placed = other_paths(paths, target, exists=named, flatten=not one)
        return list(zip(paths, placed, strict=True))

    async def _transfer(
        self,
        pairs: list[tuple[str, str]],
        callback: Any = DEFAULT_CALLBACK,
        batch_size: int | None = None,
        replace: bool = True,
    ) -> list[Any]:
        """The outcomes of copies, each of which is reported to the branch of the callback."""
        limit = self._limit(batch_size)
        statuses = await outcomes((self._aio.path_stat(source) for source, _ in pairs), limit)
        await self._make_parents(target for _, target in pairs)
        callback.set_size(len(pairs))
        branches: dict[int, Any] = {}

        def copies() -> Iterator[Any]:
            for at, ((source, target), status) in enumerate(zip(pairs, statuses, strict=True)):
                if isinstance(status, Exception):
                    yield status
                elif is_directory(status):
                    yield self._aio.directory_create(target, parents=True, exist_ok=True)
                else:
                    branch = branches[at] = callback.branched(source, target)
                    control = _controlled(branch)
                    yield self._aio.file_copy(source, target, replace=replace, **control)

        def ended(at: int) -> None:
            if branch := branches.pop(at, None):
                branch.close()
            callback.relative_update(1)

        return await outcomes(copies(), limit, ended)

    async def _copy_file(
        self, source: str, target: str, callback: Any, mode: str = "overwrite"
    ) -> None:
        """Reports the bytes to the callback."""
        status = await self._aio.path_stat(source)
        await self._make_parents([target])
        if is_directory(status):
            await self._aio.directory_create(target, parents=True, exist_ok=True)
        else:
            replace = mode != "create"
            control = _controlled(callback)
            await self._aio.file_copy(source, target, replace=replace, **control)

    async def _cp_file(self, path1: Any, path2: Any, **_: Any) -> None:
        await self._copy_file(self._path(path1), self._path(path2), None)

    async def _put_file(
        self, lpath: Any, rpath: Any, mode: str = "overwrite", callback: Any = None, **_: Any
    ) -> None:
        await self._copy_file(self._path(lpath), self._path(rpath), callback, mode)

    async def _get_file(self, rpath: Any, lpath: Any, callback: Any = None, **_: Any) -> None:
        if not isfilelike(lpath):
            await self._copy_file(self._path(rpath), self._path(lpath), callback)
            return
        async with self.open_async(rpath) as file:
            while data := await file.read(CHUNK):
                lpath.write(data)

    async def _copy(  # noqa: PLR0913, PLR0917 - as fsspec has it
        self,
        path1: Any,
        path2: Any,
        recursive: bool = False,
        on_error: str | None = None,
        maxdepth: int | None = None,
        batch_size: int | None = None,
        **_: Any,
    ) -> None:
        pairs = await self._pairs(path1, path2, recursive, maxdepth)
        found = await self._transfer(pairs, batch_size=batch_size)
        if (on_error or ("ignore" if recursive else "raise")) == "ignore":
            found = [each for each in found if not isinstance(each, FileNotFoundError)]
        if error := first_error(found):
            raise error

    async def _get(  # noqa: PLR0913, PLR0917 - as fsspec has it
        self,
        rpath: Any,
        lpath: Any,
        recursive: bool = False,
        callback: Any = DEFAULT_CALLBACK,
        maxdepth: int | None = None,
        batch_size: int | None = None,
        **_: Any,
    ) -> None:
        pairs = await self._pairs(rpath, lpath, recursive, maxdepth)
        if error := first_error(await self._transfer(pairs, callback, batch_size)):
            raise error

    async def _put(self, lpath: Any, rpath: Any, *args: Any, **options: Any) -> None:
        await self._get(lpath, rpath, *args, **options)  # both sides are local

    # ---- the tree ----

    async def _mkdir(self, path: Any, create_parents: bool = True, **options: Any) -> None:
        await self._aio.directory_create(self._path(path), parents=create_parents, **options)

    async def _makedirs(self, path: Any, exist_ok: bool = False) -> None:
        await self._aio.directory_create(self._path(path), parents=True, exist_ok=exist_ok)

    async def _rmdir(self, path: Any) -> None:
        await self._aio.directory_delete(self._path(path), recursive=False)

    async def _rm_file(self, path: Any, **_: Any) -> None:
        await self._aio.file_delete(self._path(path))

    async def _rm(
        self,
        path: Any,
        recursive: bool = False,
        maxdepth: int | None = None,
        batch_size: int | None = None,
        **_: Any,
    ) -> None:
        """Checks everything before it deletes anything. Names are taken as they are: there are no
        patterns."""
        if maxdepth is not None:
            raise ValueError("rm deletes whole trees, to any depth")
        paths = self._strip_protocol(path)
        paths = paths if isinstance(paths, list) else [paths]
        limit, stat = self._limit(batch_size), self._aio.path_stat
        here, *_rest = await outcomes([stat(os.curdir)])
        statuses = await values((stat(each, follow_symlinks=False) for each in paths), limit)
        trees = [is_directory(status) for status in statuses]
        for status in (status for status in statuses if is_directory(status)):
            if not recursive:
                raise ValueError("Cannot delete directory, set recursive=True")
            if not isinstance(here, Exception) and os.path.samestat(status, here):
                raise ValueError("Cannot delete current working directory")
        aio = self._aio
        deletes = (
            aio.directory_delete(each) if tree else aio.file_delete(each)
            for each, tree in zip(paths, trees, strict=True)
        )
        await values(deletes, limit)

    async def _mv(self, path1: Any, path2: Any, **_: Any) -> None:
        """Moves a file, a link, or a directory with all that is in it, as shutil.move does."""
        source, target = self._path(path1), self._path(path2)
        status = await self._aio.path_stat(source, follow_symlinks=False)
        await self._make_parents([target])
        aio = self._aio
        move = aio.directory_move if is_directory(status) else aio.file_move
        await move(source, target)

    async def _link(self, src: Any, dst: Any, **_: Any) -> None:
        await self._aio.link_create(self._path(src), self._path(dst), hard=True)

    async def _symlink(self, src: Any, dst: Any, **_: Any) -> None:
        await self._aio.link_create(self._path(src), self._path(dst))

    async def _chmod(self, path: Any, mode: int) -> None:
        await self._aio.path_chmod(self._path(path), mode)

    # fsspec makes the others of this kind itself.
    lexists = sync_wrapper(_lexists)
    islink = sync_wrapper(_islink)
    touch = sync_wrapper(_touch)
    rmdir = sync_wrapper(_rmdir)
    mv = sync_wrapper(_mv)
    link = sync_wrapper(_link)
    symlink = sync_wrapper(_symlink)
    chmod = sync_wrapper(_chmod)


def _controlled(callback: Any) -> dict[str, Any]:
    """The keyword by which a copy reports its bytes to an fsspec callback."""
    if callback is None or isinstance(callback, NoOpCallback):
        return {}
    return {"control": Control(progress.fsspec(callback))}
