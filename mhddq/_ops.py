"""THE table: each operation once, as a definition with its parameters and its docstring.

``@operation(gives)`` names what it gives when it succeeds, a parameter's annotation what it takes:
``_binding`` has the words for both. It makes the public functions, and binds each operation by its
name to the core's table, MHQ_OPS in ``csrc/op.h``. Signatures, docstrings, the stub file and
``mhddq/types.py`` come from here (``tools/make_stub.py``).

``seed=True``: one of the first fifteen, which have an ``oplist_`` twin as well.
"""

from __future__ import annotations

from mhddq._binding import check, operation

TYPE_CHECKING = False  # as typing has it, without importing typing
if TYPE_CHECKING:
    from typing_extensions import Buffer

    from mhddq._binding import (
        Data,
        File,
        Flag,
        Handle,
        Mode,
        Nanoseconds,
        Number,
        OnError,
        Path,
        Resume,
        Times,
    )


@operation("exists", seed=True)
def file_exists(filename: Path) -> None:
    """Finds out whether something that is no directory exists.

    filename: str, bytes or os.PathLike. Links are followed.
    Output: {'exists': bool}. A look-up that fails for another reason than that there is nothing (no
        permission, for example) is a failure.
    """


@operation("nothing", seed=True)
def file_create(filename: Path) -> None:
    """Creates an empty file, as open(filename, 'x') does.

    filename: str, bytes or os.PathLike. It must not exist; its directory must.
    Output: {}.
    """


@operation("nothing", seed=True)
def file_delete(filename: Path) -> None:
    """Deletes a file, as os.remove does; of a link the link itself.

    filename: str, bytes or os.PathLike. A directory is a failure.
    Output: {}.
    """


@operation("nothing", seed=True)
def file_rename(original_filename: Path, new_filename: Path) -> None:
    """Renames a file, as os.replace does: an existing file of the new name is replaced.

    original_filename: str, bytes or os.PathLike. A directory is a failure.
    new_filename: the same. It must be on the same file system.
    Output: {}.
    """


@operation("nothing", seed=True)
def file_move(source_filename: Path, destination_filename: Path) -> None:
    """Moves a file, also to another file system; an existing file is replaced.

    source_filename: str, bytes or os.PathLike. Of a link the link itself is moved.
    destination_filename: the same. If it is a directory, the file goes into it under its old name,
        and the operation fails if that name is taken there.
    Output: {}. To another file system the file is copied, and the target shows up when it is
        complete; the source is removed after that. If it cannot be removed, the target stays and
        the operation fails.
    """


@operation("nothing", seed=True)
def file_copy(source_filename: Path, copy_filename: Path, *, replace: Flag = False) -> None:
    """Copies a regular file: contents, holes, permission bits, times, extended attributes, ACLs.

    source_filename: str, bytes or os.PathLike. A link is followed.
    copy_filename: the same. It must not exist, not even as a dangling link. It shows up when it is
        complete.
    replace: True replaces a file, or a link, of that name in one step, when the copy is complete;
        a directory, and the source itself, are a failure.
    Output: {}. The owner is not copied; setuid and setgid bits are only if the new file has the
        source's owner and group. Where the file system can share blocks (reflink), it does.
    """


@operation("data", seed=True)
def file_read(
    filename: File, binary: Flag = False, *, offset: Number = 0, length: Number | None = None
) -> None:
    """Reads a regular file: all of it, or a part.

    filename: str, bytes, os.PathLike or a Handle. A FIFO or a device is a failure, never a wait.
    binary: False gives str: UTF-8, every kind of line end turned into '\\n'; a file that is not
        UTF-8 is a failure. True gives bytes, unchanged.
    offset, length: from which byte on, and how many at most (None: to the end); with binary=True
        only. Where the file ends before that there are fewer.
    Output: {'data': str or bytes}. A new object, yours to keep. Until the callback has returned it
        counts towards MHDDQ_BUFFER_BYTES.
    """


@operation("nothing", seed=True)
def file_write(
    data: Data, filename: File, binary: Flag = False, *, offset: Number | None = None
) -> None:
    """Writes a whole file, leaving what open(filename, 'w') or 'wb' would leave, or a part of one.

    data: str, or with binary anything bytes-like that lies in one piece (bytes, bytearray,
        memoryview, mmap). It is not copied: the queue uses the object's own memory until the
        callback has returned, of a list until the whole list has been called back. Do not change
        a bytearray before that; resizing it raises BufferError.
    filename: str, bytes, os.PathLike or a Handle. What the file contains is replaced.
    binary: False takes str and writes UTF-8, with the platform's line ends; True takes bytes.
    offset: None replaces the whole contents. A number: writes from that byte on and cuts nothing
        off; a file that is missing is created, and a gap before the data is a hole. A Handle that
        was opened to append appends instead.
    Output: {}.
    """


@operation("nothing")
def file_replace(data: Data, filename: Path, binary: Flag = False, *, durable: Flag = True) -> None:
    """Writes a whole new version of a file: whatever happens, there is the new one or the old one.

    data: as of file_write.
    filename: str, bytes or os.PathLike. A regular file, or nothing; a link is followed. Its
        directory must be writable, and with durable readable.
    binary: False takes str and writes UTF-8, with the platform's line ends; True takes bytes.
    durable: True syncs the file before it gets its name, and its directory afterwards: once the
        callback is called, neither a crash nor a power loss shows another version. False spares
        the syncs: the new version comes at once or not at all, but a power loss may take it back.
    Output: {}. Written beside the target under a temporary name, and renamed over it. Mode, and
        where permitted owner, ACL and extended attributes, are taken over from the file that is
        replaced, also from a read-only one; setuid and setgid bits only if owner and group are
        the same. Other hard links to it keep the old version. After a failure the old version
        is whole and nothing is left behind, but for one case: if syncing the directory fails,
        which is the last step, the new version is visible already.
    """


@operation("exists", seed=True)
def directory_exists(dirname: Path) -> None:
    """Finds out whether a directory exists.

    dirname: str, bytes or os.PathLike. Links are followed.
    Output: {'exists': bool}. A look-up that fails for another reason than that there is nothing (no
        permission, for example) is a failure.
    """


@operation("nothing", seed=True)
def directory_create(
    dirname: Path, *, mode: Number = 0o777, parents: Flag = False, exist_ok: Flag = False
) -> None:
    """Creates a directory, as pathlib.Path.mkdir does.

    dirname: str, bytes or os.PathLike. It must not exist; its parent must.
    mode: permission bits, from which the umask takes away. Without meaning on Windows.
    parents: True creates the parents that are missing, too, with the default mode. They stay if
        the directory itself cannot be created.
    exist_ok: True takes a directory that exists for success.
    Output: {}.
    """


@operation("nothing", seed=True)
def directory_delete(dirname: Path, *, recursive: Flag = True) -> None:
    """Deletes a directory and everything in it, never following a link out of it.

    dirname: str, bytes or os.PathLike. Refused before anything is touched: a link, a mount point,
        the root, a name that ends in '.' or '..'.
    recursive: False deletes an empty directory only, as os.rmdir does.
    Output: {}. Links in the tree are removed themselves. A mount in it is not entered: the
        operation fails.
    """


@operation("contents", seed=True)
def directory_contents(dirname: Path) -> None:
    """Lists a directory.

    dirname: str, bytes or os.PathLike.
    Output: {'contents': [{'name': str, 'type': 'file' or 'directory'}, ...]}, in the file system's
        order, without '.' and '..'. A link counts as what it leads to. A name that cannot be
        decoded comes as os.fsdecode gives it, and can be passed on.
    """


@operation("entries")
def directory_walk(
    dirname: Path,
    *,
    stat: Flag = False,
    batch: Number = 1024,
    on_error: OnError = "stop",
    resume: Resume | None = None,
) -> None:
    """Gives the next entries of everything below a directory, parents before their contents.

    dirname: str, bytes or os.PathLike. A link to a directory is followed.
    stat: True adds what os.lstat gives of each entry.
    batch: at most so many entries. Very long paths make a batch smaller.
    on_error: 'stop' fails at the first directory that cannot be read; the entries before it come
        first. 'continue' passes over what cannot be read. A dirname that cannot be opened is a
        failure in any case.
    resume: None begins a walk. To go on, pass what the last batch gave, with the same dirname:
        once, in the same queue and process; else the operation fails with ValueError.
    Output: {'entries': [{'path': str or bytes, 'type': 'file', 'directory', 'link' or 'other'},
        ...], 'resume': object or None}. path is dirname joined with the rest, of dirname's type;
        with stat=True each entry has 'stat', an os.stat_result. resume is None when nothing is to
        come. Links are not followed, mounts are. What is removed or renamed beside the walk may or
        may not come, but nothing else is missed and nothing comes twice; a directory that has gone
        is passed over. Between two batches a walk holds no descriptor, only names: those of one
        directory, and of the subdirectories still to be entered on the way to it.
    """


@operation("nothing", seed=True)
def directory_rename(old_dirname: Path, new_dirname: Path) -> None:
    """Renames a directory.

    old_dirname: str, bytes or os.PathLike. A directory, not a link.
    new_dirname: the same. It must not exist, and be on the same file system.
    Output: {}.
    """


@operation("nothing", seed=True)
def directory_move(source_dirname: Path, destination_dirname: Path) -> None:
    """Moves a directory with everything in it, also to another file system.

    source_dirname: str, bytes or os.PathLike. A directory, not a link.
    destination_dirname: the same. If it is a directory, the source goes into it under its old name,
        and the operation fails if that name is taken there. If it is the source itself, nothing is
        done. Missing parents are created.
    Output: {}. To another file system the tree is copied, and the target shows up when it is
        complete; the source is removed after that. If it cannot be removed, the target stays and
        the operation fails.
    """


@operation("nothing", seed=True)
def directory_copy(source_dirname: Path, copy_dirname: Path) -> None:
    """Copies a directory with everything in it.

    source_dirname: str, bytes or os.PathLike. A link is followed.
    copy_dirname: the same. It must not exist, nor be inside the source. Missing parents are
        created. It shows up when it is complete.
    Output: {}. Files are copied as by file_copy. Links stay links, hard links become separate
        files, FIFOs and sockets are made anew, devices are a failure. The first error ends the
        copy, and nothing is left behind.
    """


@operation("file")
def file_open(filename: Path, mode: Mode = "r", *, atomic: Flag = False) -> None:
    """Opens a regular file, for operations that are given it in place of a filename.

    filename: str, bytes or os.PathLike. A FIFO or a device is a failure, never a wait; but a
        character device may be opened to be written to.
    mode: the letters of open(): 'r', 'w', 'x' or 'a', with '+' to read and to write; 'b' and 't'
        change nothing.
    atomic: True, with 'w' or 'x', writes a whole new version or leaves the old one, as
        file_replace does: what is written goes under a temporary name, and file_close syncs it
        and gives it the file's. With 'x' that fails if the name has been taken meanwhile. If an
        operation that was to change the file has failed or was cancelled, file_close fails with
        its error, and the old version stays; so it does if the file is never closed.
    Output: {'file': Handle}. To be closed with file_close().
    """


@operation("nothing")
def file_close(file: Handle, *, sync: Flag = False, discard: Flag = False) -> None:
    """Closes a file that file_open() has opened.

    file: the Handle. What was enqueued before it is done before; what comes after it fails with
        EBADF, but for a second file_close, which succeeds.
    sync: True has what was written on the disk first (fsync). If that fails, so does the
        operation; the file is closed all the same.
    discard: True leaves nothing of an atomic file. Of others it has no meaning.
    Output: {}.
    """


@operation("nothing")
def file_append(data: Data, filename: File, binary: Flag = False) -> None:
    """Appends to a file, as open(filename, 'a') does; one that is missing is created.

    data: as for file_write.
    filename: str, bytes, os.PathLike or a Handle. Appends of several processes do not overwrite
        each other, but for a Handle that was opened otherwise than to append.
    binary: False takes str and writes UTF-8, with the platform's line ends; True takes bytes.
    Output: {}. Where it fails, on a full disk for example, a part may have been appended.
    """


@operation("length")
def file_read_into(buffer: Buffer, filename: File, *, offset: Number = 0) -> None:
    """Reads a regular file into memory that you have, until that is full or the file ends.

    buffer: anything bytes-like that is writable and lies in one piece (bytearray, memoryview).
        The queue uses its memory until the callback has returned, of a list until the whole list
        has been called back. Do not use it before that.
    filename: str, bytes, os.PathLike or a Handle. A FIFO or a device is a failure, never a wait.
    offset: from which byte of the file on.
    Output: {'length': int}: how many bytes were read. Less than the buffer has: the file has ended.
    """


@operation("nothing")
def file_truncate(filename: File, size: Number = 0) -> None:
    """Cuts a file to a size, or makes it longer by a hole, as os.truncate does.

    filename: str, bytes, os.PathLike or a Handle that was opened to be written to.
    size: in bytes.
    Output: {}.
    """


@operation("nothing")
def file_sync(filename: File) -> None:
    """Has a file's contents on the disk before it succeeds, as os.fsync does.

    filename: str, bytes, os.PathLike or a Handle. A name that is new is on the disk only when its
        directory has been synced, too: directory_sync.
    Output: {}. macOS: by F_FULLFSYNC, which empties the disk's own memory. Windows: by
        FlushFileBuffers, for which a Handle must have been opened to be written to.
    """


@operation("nothing")
def directory_sync(dirname: Path) -> None:
    """Has a directory's entries on the disk before it succeeds: names that are new, or gone.

    dirname: str, bytes or os.PathLike.
    Output: {}. Where a file system has no such thing, as on Windows, there is nothing to do.
    """


@operation("nothing")
def link_create(target: Path, linkname: Path, *, hard: Flag = False) -> None:
    """Creates a symbolic link, as os.symlink does, or a second name of a file, as os.link does.

    target: str, bytes or os.PathLike: what the link contains, as it is given. It need not exist.
        For a hard link, the file; of a symbolic link the link itself.
    linkname: the same. It must not exist.
    hard: True makes a hard link.
    Output: {}. Windows: a symbolic link needs a privilege there, or the developer mode.
    """


@operation("target")
def link_read(linkname: Path) -> None:
    """Reads what a symbolic link contains, as os.readlink does.

    linkname: str, bytes or os.PathLike.
    Output: {'target': str or bytes}: bytes where linkname is bytes.
    """


@operation("exists")
def path_exists(path: Path, *, follow_symlinks: Flag = True) -> None:
    """Asks whether there is anything of a name, as os.path.exists does.

    path: str, bytes or os.PathLike.
    follow_symlinks: False asks for the link itself, so that a dangling one exists.
    Output: {'exists': bool}. A look-up that fails for another reason than that there is nothing (no
        permission, say) is a failure.
    """


@operation("stat")
def path_stat(path: File, *, follow_symlinks: Flag = True) -> None:
    """Asks what is known of a file or a directory, as os.stat does.

    path: str, bytes, os.PathLike or a Handle.
    follow_symlinks: False asks for the link itself, as os.lstat does.
    Output: {'stat': os.stat_result}.
    """


@operation("nothing")
def path_rename(source: Path, destination: Path, *, replace: Flag = True) -> None:
    """Renames whatever it is, as os.replace does.

    source: str, bytes or os.PathLike. Of a link the link itself is renamed.
    destination: the same. It must be on the same file system.
    replace: False fails where the name is taken, in one step; where the file system has no such
        step, that is a failure, too (ENOTSUP).
    Output: {}.
    """


@operation("nothing")
def path_chmod(path: File, mode: Number, *, follow_symlinks: Flag = True) -> None:
    """Sets the permission bits, as os.chmod does.

    path: str, bytes, os.PathLike or a Handle.
    mode: the bits. On Windows only that of writing has a meaning: the file is read-only without it.
    follow_symlinks: False sets those of the link itself. Linux has none: ENOTSUP.
    Output: {}.
    """


@operation("nothing")
def path_utime(
    path: File,
    times: Times | None = None,
    *,
    ns: Nanoseconds | None = None,
    follow_symlinks: Flag = True,
) -> None:
    """Sets the times of the last access and the last modification, as os.utime does.

    path: str, bytes, os.PathLike or a Handle.
    times: both, in seconds. None, where ns is None too: now.
    ns: both, in nanoseconds, in place of times.
    follow_symlinks: False sets those of the link itself.
    Output: {}.
    """


@operation("usage")
def disk_usage(path: Path) -> None:
    """Asks how much room there is where a path lies, as shutil.disk_usage does.

    path: str, bytes or os.PathLike of anything on that file system.
    Output: {'total': int, 'used': int, 'free': int}, in bytes. free: what an ordinary user may
        still fill.
    """


check()
