"""``mhddq demo [DIR]``: shows the queue at work on real files.

Everything that touches the disk goes through the queue, except the stats of single entries (which
kind it is, whether it has changed), and making and removing the temporary directory. Nothing is
written in DIR. Exit status: 0; 1 where something failed or differed; 130 after Ctrl-C, which stops
what is under way and removes the temporary directory.
"""

from __future__ import annotations

import functools
import os
import stat
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import PurePath
from queue import SimpleQueue
from typing import Any

import mhddq
from mhddq.cli._words import MIB, counted, shown, size_of, time_of

Args = dict[str, Any]

TOO_LARGE = 1 << 30  # files from this size on are not read back: all data of one are in memory
SHOWN = 10  # how many notes and differences are shown one by one

# What Ctrl-C cancels: the copy, and all the rest.
copying = mhddq.Control()
everything = mhddq.Control()


class Failed(ValueError):
    """Ends the demo with exit status 1."""


def show(text: str = "") -> None:
    print(text, flush=True)


class step:
    """Prints a line with what was done, its outcome, and how long it took. Meanwhile, on a
    terminal, it shows what is being done, how far it is, and for how long."""

    def __init__(self, doing: str, done: str, what: str = "") -> None:
        self.doing, self.done = shown(f"{doing} {what}".rstrip()), done
        self.outcome = ""
        self.how_far: Callable[[], float] | None = None  # a part of 1; None: it is not known
        self._ended = threading.Event()
        self._ticker = threading.Thread(target=self._tick, daemon=True)

    def __enter__(self) -> step:
        self.began = time.perf_counter()
        try:
            if sys.stdout.isatty():
                self._ticker.start()  # which waits for the thread: Ctrl-C may come in here
        except KeyboardInterrupt as interrupt:
            self.__exit__(type(interrupt))
            raise
        return self

    def _tick(self) -> None:
        while True:
            seconds = int(time.perf_counter() - self.began)
            since = f"{seconds} s" if seconds else ""
            far = f"{int(100 * min(self.how_far(), 1))}%" if self.how_far else ""
            print(f"\r  {self.doing:<60.60} {far:>5} {since:>8}", end="", flush=True)
            if self._ended.wait(0.2):
                return

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._ended.set()
        if self._ticker.is_alive():
            self._ticker.join()
        again = "\r" if sys.stdout.isatty() else ""
        if kind is None:
            took = time_of(time.perf_counter() - self.began)
            show(f"{again}  {self.done:<9} {self.outcome:<55} {took:>10}")
        else:
            ended = "interrupted" if issubclass(kind, KeyboardInterrupt) else "failed"
            show(f"{again}  {f'{self.doing}: {ended}':<75}".rstrip())


def part(done: int, total: int) -> float:
    return done / total if total else 0.0


def run_one(
    function: Callable[..., bool], *arguments: Any, control: mhddq.Control | None = None
) -> Args:
    """Enqueues one operation and waits for its callback."""
    done: SimpleQueue[Args] = SimpleQueue()
    if not function(done.put, *arguments, control=control or everything):
        raise Failed("the queue has been shut down")
    return done.get()


def must(function: Callable[..., bool], *arguments: Any) -> dict[str, Any]:
    args = run_one(function, *arguments)
    if not args["result"]:
        raise Failed(f"{args['action']} failed: {args['output']['exception']}")
    output: dict[str, Any] = args["output"]
    return output


# ---- without DIR -------------------------------------------------------------------------------


def seed_program() -> None:
    show("A file is made, looked for and deleted, in a list of operations")

    collected: list[str] = []  # printed below, not in the callback: a print may raise

    def cb_file_exists(args: Args) -> None:
        collected.append(f"{args['params']['filename']} exists: {args['output']['exists']}")

    mhddq.file_exists(callback=cb_file_exists, filename="./file.txt")

    fileops = mhddq.create_empty_oplist()
    mhddq.oplist_file_create(oplist=fileops, callback=None, filename="./file.txt")
    mhddq.oplist_file_exists(oplist=fileops, callback=cb_file_exists, filename="./file.txt")
    mhddq.oplist_file_delete(oplist=fileops, callback=None, filename="./file.txt")
    mhddq.enqueue_oplist(fileops)

    superlist = mhddq.create_empty_oplist()
    mhddq.embed_oplist(superlist, fileops)
    mhddq.oplist_file_exists(oplist=superlist, callback=cb_file_exists, filename="./file.txt")
    mhddq.enqueue_oplist(superlist)

    # Everything enqueued before has been called back when this one is.
    must(mhddq.directory_exists, ".")
    for text in collected:
        show(f"  callback: {text}")


def many_small(files: int) -> None:
    show(f"\n{counted(files, 'small file')}: written, read and deleted, no waiting in between")
    collected: list[tuple[str, str]] = []
    wrong: list[str] = []

    def callback(text: str, args: Args) -> None:
        collected.append((args["action"], args["params"]["filename"]))
        if not args["result"]:
            wrong.append(args["output"]["exception"])
        elif args["output"].get("data", text) != text:
            wrong.append(f"{args['params']['filename']} was read back wrong")

    expected = []
    began = time.perf_counter()
    for i in range(files):
        name, text = f"small-{i}", f"This is file {i}.\n"
        called_back = functools.partial(callback, text)
        mhddq.file_write(called_back, text, name)
        mhddq.file_read(called_back, name)
        mhddq.file_delete(called_back, name)
        expected += [(action, name) for action in ("file_write", "file_read", "file_delete")]
    called = time.perf_counter()
    must(mhddq.directory_exists, ".")
    ended = time.perf_counter()
    if wrong:
        raise Failed(wrong[0])
    if collected != expected:
        raise Failed("callbacks came out of order")
    calls, took = len(expected), called - began
    show(f"  {counted(calls, 'call')} made in {time_of(took)}, {time_of(took / calls)} each")
    show(f"  the last callback came after {time_of(ended - began)}; all in the order of the calls")


def large_reads(size: int, times: int) -> None:
    show(f"\nA file of {size_of(size)}: written once, read {times} times")
    data = os.urandom(MIB) * (size // MIB)
    wrong: list[str] = []

    def callback(args: Args) -> None:
        if not args["result"]:
            wrong.append(args["output"]["exception"])
        elif args["output"]["data"] != data:
            wrong.append("a large file was read back wrong")

    before = threads_now()
    must(mhddq.file_write, data, "large", True)
    began = time.perf_counter()
    for _ in range(times):
        mhddq.file_read(callback, "large", binary=True)
    must(mhddq.file_delete, "large")
    took = time.perf_counter() - began
    if wrong:
        raise Failed(wrong[0])
    first, second = (now - then for now, then in zip(threads_now(), before, strict=True))
    total = size * times
    show(f"  {size_of(total)} in {time_of(took)}, {size_of(int(total / took))} a second")
    show(f"  two threads took turns at it: one ran {first} of these operations, the other {second}")


def small_tree() -> None:
    show("\nA tree: made, copied, listed, deleted")
    made = mhddq.create_empty_oplist()
    mhddq.oplist_directory_create(made, None, "tree")
    mhddq.oplist_directory_create(made, None, "tree/branch")
    mhddq.oplist_file_write(made, None, "A leaf.\n", "tree/branch/leaf")
    mhddq.oplist_file_write(made, None, "A root.\n", "tree/root")
    mhddq.enqueue_oplist(made)
    must(mhddq.directory_copy, "tree", "copy")
    for name in ("copy", "copy/branch"):
        contents = must(mhddq.directory_contents, name)["contents"]
        listed = ", ".join(sorted(f"{e['name']} ({e['type']})" for e in contents))
        show(f"  {name}: {listed}")
    if must(mhddq.file_read, "copy/branch/leaf")["data"] != "A leaf.\n":
        raise Failed("the copy differs from the tree")
    must(mhddq.directory_delete, "copy")
    must(mhddq.directory_delete, "tree")


def failure() -> None:
    show("\nA failure: it is reported to its callback, and disturbs nothing else")
    args = run_one(mhddq.file_read, "./no-such-file")
    if args["result"]:
        raise Failed("a file that does not exist was read")
    show(f"  {args['action']}: {args['output']['exception']}")


def demo_of_its_own(scratch: str) -> None:
    show("In a temporary directory, which is removed at the end\n")
    back = os.getcwd()
    os.chdir(scratch)
    try:
        seed_program()
        many_small(1000)
        large_reads(8 * MIB, 32)
        small_tree()
        failure()
    finally:
        mhddq.shutdown()
        os.chdir(back)


# ---- with DIR ----------------------------------------------------------------------------------


def kind_of(st: os.stat_result) -> str:
    for test, kind in (
        (stat.S_ISDIR, "directory"),
        (stat.S_ISREG, "file"),
        (stat.S_ISLNK, "link"),
    ):
        if test(st.st_mode):
            return kind
    return "special file"


def stat_of(path: str) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except OSError:
        return None


def same(a: os.stat_result | None, b: os.stat_result | None) -> bool:
    """Is the entry unchanged between the two stats?"""
    return (
        a is not None
        and b is not None
        and (a.st_ino, a.st_mode, a.st_size, a.st_mtime_ns)
        == (b.st_ino, b.st_mode, b.st_size, b.st_mtime_ns)
    )


class Listing:
    """A tree listed through the queue: each callback enqueues the listings of what it found.

    entries: by path relative to the top. Only the callback thread writes, until `complete`.
    """

    def __init__(self, top: str) -> None:
        self.top = top
        self.entries: dict[str, os.stat_result] = {}
        self.troubles: list[str] = []
        self._waiting = 0
        self._complete = threading.Event()
        self._list("")
        self._complete.wait()

    def _list(self, where: str) -> None:
        self._waiting += 1
        mhddq.directory_contents(
            functools.partial(self._listed, where),
            os.path.join(self.top, where),
            control=everything,
        )

    def _listed(self, where: str, args: Args) -> None:
        try:
            if not args["result"]:
                self.troubles.append(args["output"]["exception"])
                return
            for entry in args["output"]["contents"]:
                path = os.path.join(where, entry["name"])
                st = stat_of(os.path.join(self.top, path))
                if st is None:
                    continue  # removed since it was listed
                self.entries[path] = st
                # 'type' follows links, and a link may lead up again: links are not followed here.
                if entry["type"] == "directory" and stat.S_ISDIR(st.st_mode):
                    self._list(path)
        except Exception as error:  # noqa: BLE001 - else the demo would wait for ever
            self.troubles.append(str(error))
        finally:
            self._waiting -= 1
            if self._waiting == 0:
                self._complete.set()

    def of_kind(self, kind: str) -> list[str]:
        return [path for path, st in self.entries.items() if kind_of(st) == kind]

    @property
    def bytes(self) -> int:
        return sum(self.entries[path].st_size for path in self.of_kind("file"))

    def summary(self) -> str:
        parts = [counted(len(self.of_kind("file")), "file"), size_of(self.bytes)]
        parts.append(counted(len(self.of_kind("directory")), "directory", "directories"))
        links = len(self.of_kind("link"))
        if links:
            parts.append(counted(links, "link"))
        return ", ".join(parts)


class Comparison:
    """Reads a tree and its copy back, and notes what differs.

    differences: where the copy is wrong. notes: what cannot be compared, or has changed meanwhile.
    bytes: read so far, of both.
    """

    def __init__(self, original: Listing, copy: Listing) -> None:
        self.original = original
        self.copy = copy
        self.differences: list[str] = []
        self.notes: list[str] = []
        self.files = self.bytes = 0
        self._first: Args = {}

    def run(self) -> None:
        copy, original = self.copy, self.original
        for path in copy.entries.keys() - original.entries.keys():
            self.notes.append(f"appeared meanwhile: {path}")
        for path, st in original.entries.items():
            self._compare(path, st)
        must(mhddq.directory_exists, original.top)  # everything before it has been called back then

    def _blame(self, path: str, what: str) -> None:
        now = stat_of(os.path.join(self.original.top, path))
        if same(now, self.original.entries[path]):
            self.differences.append(f"{path}: {what}")
        else:
            self.notes.append(f"changed meanwhile: {path}")

    def _compare(self, path: str, st: os.stat_result) -> None:
        kind = kind_of(st)
        copied = self.copy.entries.get(path)
        if copied is None:
            self._blame(path, "is missing in the copy")
        elif kind_of(copied) != kind:
            self._blame(path, f"was a {kind}, its copy is a {kind_of(copied)}")
        elif kind == "special file":
            self.notes.append(f"not read, no regular file: {path}")
        elif kind == "link":
            self._compare_links(path)
        elif kind == "file" and st.st_size > TOO_LARGE:
            self.notes.append(f"not read, larger than {size_of(TOO_LARGE)}: {path}")
        elif kind == "file":
            pair = mhddq.create_empty_oplist()  # a file and its copy, one right after the other
            mhddq.oplist_file_read(
                pair, self._original_read, os.path.join(self.original.top, path), True
            )
            mhddq.oplist_file_read(
                pair,
                functools.partial(self._copy_read, path),
                os.path.join(self.copy.top, path),
                True,
            )
            mhddq.enqueue_oplist(pair, control=everything)

    def _compare_links(self, path: str) -> None:
        try:
            texts = {os.readlink(os.path.join(t.top, path)) for t in (self.original, self.copy)}
        except OSError as error:
            self._blame(path, str(error))
        else:
            if len(texts) > 1:
                self._blame(path, "the copy of the link leads elsewhere")

    def _original_read(self, args: Args) -> None:
        self._first = args

    def _copy_read(self, path: str, args: Args) -> None:
        first, self._first = self._first, {}
        for each in (first, args):
            if not each["result"]:
                self._blame(path, each["output"]["exception"])
                return
        data = args["output"]["data"]
        if data != first["output"]["data"]:
            self._blame(path, "the copy's contents differ")
        self.files += 1
        self.bytes += 2 * len(data)


def copy_of(original: Listing, top: str) -> None:
    for _ in range(3):
        args = run_one(mhddq.directory_copy, original.top, top, control=copying)
        if args["result"]:
            return
        # Something was removed while it was copied. No copy was left, so it is tried again.
        if "[Errno 2]" not in args["output"]["exception"]:
            break
    raise Failed(f"the copy failed: {args['output']['exception']}")


def make_writable(copied: Listing) -> None:
    """A directory that was read-only is so in the copy, too, and an ordinary user could not empty
    it. Directories come before those in them, which cannot be reached before."""
    for path in ("", *copied.of_kind("directory")):
        full = os.path.join(copied.top, path)
        st = stat_of(full)
        if st is not None and st.st_mode & stat.S_IRWXU != stat.S_IRWXU:
            os.chmod(full, st.st_mode | stat.S_IRWXU)


def report_notes(notes: list[str]) -> None:
    for note in notes[:SHOWN]:
        show(f"    {shown(note)}")
    if len(notes) > SHOWN:
        show(f"    ... and {counted(len(notes) - SHOWN, 'more', 'more')}")


def demo_of_tree(directory: str, scratch: str) -> None:
    if not must(mhddq.directory_exists, directory)["exists"]:
        exists = must(mhddq.file_exists, directory)["exists"]
        problem = "not a directory" if exists else "no such directory"
        raise Failed(f"{shown(directory)}: {problem}")
    top, copy = os.path.realpath(directory), os.path.join(os.path.realpath(scratch), "copy")
    if PurePath(copy).is_relative_to(top):  # which it is not on another drive
        raise Failed(
            f"{shown(directory)} contains the temporary directory {scratch}: "
            "set TMPDIR to a directory outside of it"
        )
    show(f"{shown(directory)}\n")
    with step("listing", "listed", directory) as listing:
        original = Listing(top)
        listing.outcome = original.summary()
    report_notes(original.troubles)
    total = original.bytes
    with step("copying", "copied", original.summary()) as making:
        making.how_far = lambda: part(copying.done, total)
        copy_of(original, copy)
        making.outcome = "to a temporary directory"
    with step("comparing", "compared", original.summary()) as comparing:
        copied = Listing(copy)
        comparison = Comparison(original, copied)
        comparing.how_far = lambda: part(comparison.bytes, 2 * total)
        comparison.run()
        pairs, size = counted(comparison.files, "pair"), size_of(comparison.bytes)
        comparing.outcome = f"{pairs} of files, {size}"
    report_notes(copied.troubles + comparison.notes)
    with step("deleting", "deleted", "the copy") as deleting:
        make_writable(copied)
        must(mhddq.directory_delete, copy)
        if must(mhddq.directory_exists, copy)["exists"]:
            raise Failed("the copy was deleted and is still there")
        deleting.outcome = "the copy, and nothing else"
    if comparison.differences:
        report_notes(comparison.differences)
        raise Failed(f"differing in the copy: {len(comparison.differences):,}")
    show("\n  Every file and its copy are the same.")


# ---- both --------------------------------------------------------------------------------------


def threads_now() -> list[int]:
    return mhddq.stats()["thread_operations"]


def report(seconds: float) -> None:
    stats = mhddq.stats()
    done, moved = stats["completed"], stats["bytes_read"] + stats["bytes_written"]

    def line(name: str, text: str) -> None:
        show(f"  {name:<13} {text}")

    show("\nHow it went")
    failed, callbacks = stats["failed"], counted(stats["callbacks"], "callback")
    line("operations", f"{done:,} done, {failed:,} of them failed; {callbacks} called")
    first, second = stats["thread_operations"]
    line("two threads", f"took turns: one ran {first:,} operations, the other {second:,}")
    both = stats["disk_overlaps"]
    line(
        "at the disk", f"both at once: {counted(both, 'time')}" if both else "one at a time, always"
    )
    line("data", f"{size_of(stats['bytes_read'])} read, {size_of(stats['bytes_written'])} written")
    rates = f"{done / seconds:,.0f} operations and {size_of(int(moved / seconds))} a second"
    line("time", f"{time_of(seconds)}: {rates}")
    refused = mhddq.is_shutdown() and not mhddq.file_exists(None, "file.txt")
    ended = "all is done, and the queue is closed" if refused else "the queue is not closed"
    line("the end", ended)


def demo(directory: str | None) -> int:
    show(f"mhddq {mhddq.__version__}: file operations in order, while your program goes on\n")
    began = time.perf_counter()
    scratch = tempfile.TemporaryDirectory(prefix="mhddq-demo-", ignore_cleanup_errors=True)
    try:
        if directory is None:
            demo_of_its_own(scratch.name)
        else:
            demo_of_tree(directory, scratch.name)
    except KeyboardInterrupt:
        give_up(scratch)
        return 130
    except BaseException:
        end(scratch)
        raise
    end(scratch)
    report(time.perf_counter() - began)
    return 0


def end(scratch: tempfile.TemporaryDirectory[str]) -> None:
    mhddq.shutdown()
    scratch.cleanup()


def give_up(scratch: tempfile.TemporaryDirectory[str]) -> None:
    """After Ctrl-C. What is under way stops at its next slice; then everything is removed."""

    def say(text: str) -> None:
        print(f"mhddq demo: {text}", file=sys.stderr, flush=True)

    try:
        say("interrupted; what was copied is being removed")
        copying.cancel()
        everything.cancel()
        end(scratch)
    except KeyboardInterrupt:
        say(f"interrupted again; {scratch.name} may be left")
        os._exit(130)
    say(f"{scratch.name} is left" if os.path.exists(scratch.name) else "nothing of it is left")
