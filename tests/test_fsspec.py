"""mhddq.fsspec: what fsspec's own tests do not ask of its file system."""

from __future__ import annotations

import asyncio
import io
import os
import pickle
import subprocess
import sys
import threading

import pytest

pytest.importorskip("fsspec", reason="fsspec is not installed: mhddq[fsspec]")

import fsspec
from fsspec.callbacks import Callback
from helpers import DEADLINE, tree_of
from programs import ended

import mhddq
from mhddq.fsspec import MhddqFileSystem
from mhddq.fsspec._bulk import outcomes


@pytest.fixture
def fs():
    return MhddqFileSystem()


def made(folder, names):
    names = list(names)
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return [str(folder / name) for name in names]


# ---- what it is, and paths ----


def test_the_entry_point_names_it(tmp_path):
    found, path = fsspec.core.url_to_fs(f"mhddq://{tmp_path}/a")
    assert type(found) is MhddqFileSystem
    assert path == (tmp_path / "a").as_posix()
    assert found.unstrip_protocol(path) == f"mhddq://{path}"
    assert found.local_file
    assert found.async_impl


def test_the_import_of_the_package_does_not_bring_it(tmp_path):
    program = "import sys, mhddq, mhddq.aio; print('fsspec' in sys.modules)"
    command = [sys.executable, "-c", program]
    shown = subprocess.check_output(command, cwd=tmp_path, timeout=DEADLINE)
    assert shown.split() == [b"False"]


def test_paths_are_those_of_local_files(fs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    here = fs._strip_protocol(".")
    home = os.path.expanduser("~").replace("\\", "/")
    given = ["mhddq://a/b/", "mhddq:a", "./a", tmp_path / "a", "~/a", "a//"]
    wanted = [f"{here}/a/b", f"{here}/a", f"{here}/a", f"{here}/a", f"{home}/a", f"{here}/a"]
    assert fs._strip_protocol(given) == wanted
    assert fs._parent("mhddq://a/b") == f"{here}/a"
    if sys.platform == "win32":
        assert fs._strip_protocol("mhddq:///C:/a\\b") == "C:/a/b"


# ---- many files ----


def test_contents_come_under_their_names_whatever_fails(fs, tmp_path):
    paths = [path.replace("\\", "/") for path in made(tmp_path, ["c", "a", "b"])]
    assert fs.cat(paths) == {path: path[-1].encode() for path in sorted(paths)}
    lacking = f"{tmp_path.as_posix()}/lacking"
    with pytest.raises(FileNotFoundError):
        fs.cat([*paths, lacking])
    assert lacking not in fs.cat([*paths, lacking], on_error="omit")
    found = fs.cat([*paths, lacking], on_error="return")
    assert isinstance(found.pop(lacking), FileNotFoundError)
    assert set(found.values()) == {b"a", b"b", b"c"}


def test_ranges_are_those_of_slices(fs, tmp_path):
    data = bytes(range(100))
    (tmp_path / "a").write_bytes(data)
    path = str(tmp_path / "a")
    ranges = [(None, None), (10, 20), (-7, None), (5, -5), (None, -90), (20, 10), (-500, 3)]
    wanted = [data[start:end] for start, end in ranges]
    assert [fs.cat_file(path, start, end) for start, end in ranges] == wanted
    starts, ends = zip(*ranges, strict=True)
    assert fs.cat_ranges([path] * len(ranges), starts, ends) == wanted
    lacking = str(tmp_path / "lacking")
    kinds = [type(each) for each in fs.cat_ranges([path, lacking, lacking], [0, 0, -1], [1, 1, -2])]
    assert kinds == [bytes, FileNotFoundError, FileNotFoundError]


def test_a_call_on_many_files_puts_all_into_the_queue_at_once(tmp_path):
    """A paused queue runs nothing, so what is pending has not waited for what is before it."""
    fs = MhddqFileSystem(queue="at once")
    paths = made(tmp_path, map(str, range(500)))
    fs.own_queue.pause()
    found = []
    thread = threading.Thread(target=lambda: found.append(fs.cat(paths)))
    thread.start()
    most = 0
    for _ in range(round(DEADLINE * 100)):
        most = max(most, fs.own_queue.pending)
        if most == len(paths):
            break
        threading.Event().wait(0.01)
    fs.own_queue.resume()
    thread.join(DEADLINE)
    assert most == len(paths)
    assert len(found[0]) == len(paths)


def test_what_awaits_many_is_bounded_and_in_order(tmp_path):
    paths = made(tmp_path, map(str, range(50)))
    ahead, ended_at, most = 0, [], 0

    async def main():
        def reads():
            nonlocal ahead, most
            for path in paths:
                ahead += 1
                most = max(most, ahead)
                yield mhddq.aio.file_read(path)

        def ended(at):
            nonlocal ahead
            ahead -= 1
            ended_at.append(at)

        return await outcomes(reads(), 7, ended)

    assert asyncio.run(main()) == list(map(str, range(50)))
    assert most == 7
    assert ended_at == list(range(50))


def test_a_call_that_is_cancelled_cancels_what_has_not_run(tmp_path):
    async def main():
        fs = MhddqFileSystem(asynchronous=True, queue="cancelled")
        fs.own_queue.pause()
        contents = {str(tmp_path / str(n)): b"x" for n in range(100)}
        task = asyncio.create_task(fs._pipe(contents))
        while fs.own_queue.pending < 100:
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        fs.own_queue.resume()
        await fs.own_queue.aio.flush()

    asyncio.run(main())
    assert os.listdir(tmp_path) == []


def test_new_files_are_created_once(fs, tmp_path):
    path = str(tmp_path / "a")
    fs.pipe_file(path, b"one", mode="create")
    with pytest.raises(FileExistsError):
        fs.pipe_file(path, b"two", mode="create")
    with pytest.raises(FileExistsError):
        fs.put_file(__file__, path, mode="create")
    assert fs.cat(path) == b"one"
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.parametrize("call", ["pipe", "cp", "put", "get", "touch", "open", "mv"])
def test_directories_are_made_where_that_is_wanted(call, tmp_path):
    source, *_rest = made(tmp_path, ["source"])
    target = str(tmp_path / "x" / "y" / "target")

    def write(fs):
        if call == "open":
            fs.open(target, "wb").close()
        elif call == "touch":
            fs.touch(target)
        elif call == "pipe":
            fs.pipe({target: b""})
        else:
            getattr(fs, call)(source, target)

    with pytest.raises(FileNotFoundError):
        write(MhddqFileSystem(auto_mkdir=False))
    assert not (tmp_path / "x").exists()
    write(MhddqFileSystem(auto_mkdir=True))
    assert os.path.isfile(target)


def test_a_named_queue_is_one_and_not_the_default(fs, tmp_path):
    first, second = (MhddqFileSystem(queue="one", auto_mkdir=flag) for flag in (False, True))
    assert first.own_queue is second.own_queue
    assert fs.own_queue is mhddq.default_queue()
    before = fs.own_queue.stats()["completed"]
    first.pipe(str(tmp_path / "a"), b"a")
    second.cat(str(tmp_path / "a"))
    assert first.own_queue.stats()["completed"] >= 2
    assert fs.own_queue.stats()["completed"] == before


# ---- progress ----


class Shown(Callback):
    def __init__(self):
        super().__init__()
        self.figures = []
        self.branches = {}

    def call(self, *_, **__):
        self.figures.append((self.value, self.size))

    def branched(self, path_1, _path_2, **_):
        return self.branches.setdefault(os.path.basename(path_1), Shown())


@pytest.mark.parametrize("call", ["get", "put"])
def test_a_callback_follows_files_and_their_bytes(call, fs, tmp_path):
    made(tmp_path, ["tree/a", "tree/b/long name"])
    shown = Shown()
    getattr(fs, call)(
        str(tmp_path / "tree"), str(tmp_path / "copy"), recursive=True, callback=shown
    )
    assert tree_of(tmp_path / "copy") == tree_of(tmp_path / "tree")
    assert shown.figures[0] == (0, 4)  # two directories, two files
    assert shown.figures[-1] == (4, 4)
    assert {name: each.figures[-1] for name, each in shown.branches.items()} == {
        "a": (6, 6),
        "long name": (16, 16),
    }


def test_the_callback_of_one_file_follows_its_bytes(fs, tmp_path):
    source, *_rest = made(tmp_path, ["source"])
    shown = Shown()
    fs.get_file(source, str(tmp_path / "copy"), callback=shown)
    assert shown.figures[-1] == (6, 6)


def test_a_file_is_got_into_an_open_one(fs, tmp_path):
    source, *_rest = made(tmp_path, ["source"])
    into = io.BytesIO()
    fs.get_file(source, into)
    assert into.getvalue() == b"source"


# ---- links ----


@pytest.mark.posix("links")
def test_nothing_is_walked_or_deleted_through_a_link(fs, tmp_path):
    made(tmp_path, ["outside/kept", "tree/a"])
    (tmp_path / "tree" / "to outside").symlink_to(tmp_path / "outside")
    (tmp_path / "tree" / "dead").symlink_to("nowhere")
    tree = f"{tmp_path}/tree"
    names = ["a", "dead", "to outside"]
    assert fs.find(tree) == [f"{tree}/{name}" for name in names]
    assert {os.path.basename(e["name"]): e["type"] for e in fs.ls(tree, detail=True)} == {
        "a": "file",
        "dead": "other",
        "to outside": "other",
    }
    assert fs.find(tree, detail=True) == {e["name"]: e for e in fs.ls(tree, detail=True)}
    assert fs.find(tree, detail=True)[f"{tree}/dead"]["destination"] == "nowhere"
    assert fs.info(f"{tree}/to outside")["type"] == "directory"
    assert fs.du(tree) == fs.find(tree, maxdepth=1, detail=True)[f"{tree}/to outside"]["size"] + 6
    fs.rm(tree, recursive=True)
    assert os.listdir(tmp_path) == ["outside"]
    assert os.listdir(tmp_path / "outside") == ["kept"]


@pytest.mark.posix("links")
def test_a_link_is_deleted_and_its_target_is_not(fs, tmp_path):
    made(tmp_path, ["outside/kept"])
    for recursive in (False, True):
        (tmp_path / "link").symlink_to("outside")
        fs.rm(str(tmp_path / "link"), recursive=recursive)
        assert os.listdir(tmp_path) == ["outside"]
    assert os.listdir(tmp_path / "outside") == ["kept"]


@pytest.mark.posix("links")
def test_a_copy_replaces_a_link_and_not_what_it_leads_to(fs, tmp_path):
    source, kept = made(tmp_path, ["source", "kept"])
    (tmp_path / "link").symlink_to("kept")
    fs.cp(source, str(tmp_path / "link"))
    assert not (tmp_path / "link").is_symlink()
    assert fs.cat([kept, str(tmp_path / "link")]) == {
        kept: b"kept",
        str(tmp_path / "link"): b"source",
    }


# ---- deleting ----


def test_all_is_checked_before_anything_is_deleted(fs, tmp_path):
    file, _ = made(tmp_path, ["file", "tree/a"])
    with pytest.raises(ValueError, match="recursive"):
        fs.rm([file, str(tmp_path / "tree")])
    with pytest.raises(FileNotFoundError):
        fs.rm([file, str(tmp_path / "lacking")])
    with pytest.raises(ValueError, match="depth"):
        fs.rm(str(tmp_path / "tree"), recursive=True, maxdepth=1)
    assert sorted(os.listdir(tmp_path)) == ["file", "tree"]


def test_names_that_look_like_patterns_are_deleted_as_they_are(fs, tmp_path):
    made(tmp_path, ["a[1]", "a1"])
    fs.rm(str(tmp_path / "a[1]"))
    assert os.listdir(tmp_path) == ["a1"]


# ---- transactions ----


def test_a_transaction_shows_up_at_its_end_or_not_at_all(fs, tmp_path):
    old, grown = made(tmp_path, ["old", "grown"])
    new, piped = str(tmp_path / "new"), str(tmp_path / "piped")

    def write(fail):
        for path in (old, new):
            with fs.open(path, "wb") as file:
                file.write(b"new version")
        with fs.open(grown, "ab") as file:
            file.write(b" on")
        fs.pipe(piped, b"piped")
        assert (fs.cat(old), fs.cat(grown)) == (b"old", b"grown")
        assert not fs.exists(new)
        assert not fs.exists(piped)
        if fail:
            raise KeyError

    with pytest.raises(KeyError), fs.transaction:
        write(fail=True)
    assert sorted(os.listdir(tmp_path)) == ["grown", "old"]
    assert (fs.cat(old), fs.cat(grown)) == (b"old", b"grown")
    with fs.transaction:
        write(fail=False)
    assert sorted(os.listdir(tmp_path)) == ["grown", "new", "old", "piped"]
    assert fs.cat([old, new, grown, piped]) == {
        grown: b"grown on",
        new: b"new version",
        old: b"new version",
        piped: b"piped",
    }


def test_what_a_transaction_replaces_keeps_its_permissions(fs, tmp_path):
    old, *_rest = made(tmp_path, ["old"])
    os.chmod(old, 0o640)
    with fs.transaction, fs.open(old, "wb") as file:
        file.write(b"new")
    assert fs.cat(old) == b"new"
    assert os.stat(old).st_mode & 0o777 == 0o640


def test_a_transaction_that_cannot_be_committed_leaves_nothing_of_the_rest(fs, tmp_path):
    first, taken, last = (str(tmp_path / name) for name in ("first", "taken", "last"))

    def write():
        for path in (first, taken, last):
            with fs.open(path, "wb") as file:
                file.write(b"new")
        os.mkdir(taken)

    with pytest.raises(OSError, match="taken"), fs.transaction:
        write()
    assert sorted(os.listdir(tmp_path)) == ["first", "taken"]
    assert os.listdir(taken) == []
    fs.pipe(last, b"not in the transaction that has failed")
    assert fs.exists(last)


def test_a_callback_of_the_queue_uses_the_file_system(fs, tmp_path):
    outcome = []

    def callback(_args):
        fs.pipe(str(tmp_path / "a"), b"a")
        with fs.transaction, fs.open(str(tmp_path / "b"), "wb") as file:
            file.write(b"b")
        outcome.append(fs.cat([str(tmp_path / "a"), str(tmp_path / "b")]))

    mhddq.file_exists(callback, str(tmp_path))
    assert mhddq.default_queue().flush(DEADLINE)
    assert [list(found.values()) for found in outcome] == [[b"a", b"b"]]


def test_a_transaction_in_a_loop(tmp_path):
    async def main():
        fs = MhddqFileSystem(asynchronous=True)
        with fs.transaction:
            await fs._pipe_file(str(tmp_path / "a"), b"a")
            with fs.open(str(tmp_path / "b"), "wb") as file:
                file.write(b"b")
            before = os.listdir(tmp_path)
        return before, await fs._cat([str(tmp_path / "a"), str(tmp_path / "b")])

    before, after = asyncio.run(main())
    assert all(name.startswith(".mhddq-") for name in before)
    assert list(after.values()) == [b"a", b"b"]


# ---- open_async ----


def test_files_of_open_async(tmp_path):
    async def main():
        fs = MhddqFileSystem(asynchronous=True, auto_mkdir=True, queue="open")
        path = f"{tmp_path.as_posix()}/x/a"
        async with fs.open_async(path, "w", atomic=True) as file:
            await file.write("one\ntwo\n")
            assert not await fs._exists(path)
        file = await fs.open_async(f"mhddq://{path}")
        read = await file.read()
        await file.close()
        with pytest.raises(FileNotFoundError):
            await fs.open_async(path + "lacking")
        with pytest.raises(ValueError, match="transaction"), fs.transaction:
            fs.open_async(path, "wb")
        return read, fs.own_queue.stats()["completed"]

    read, completed = asyncio.run(main())
    assert read.splitlines() == [b"one", b"two"]
    assert completed > 3  # in the queue that was named


# ---- processes ----


def test_it_pickles(tmp_path):
    fs = MhddqFileSystem(auto_mkdir=True, queue="pickled")
    again = pickle.loads(pickle.dumps(fs))
    assert again == fs
    assert (again.auto_mkdir, again.queue) == (True, "pickled")
    again.pipe(str(tmp_path / "x" / "a"), b"a")
    with fs.open(str(tmp_path / "x" / "a"), "rb") as file:
        assert pickle.loads(pickle.dumps(file)).read() == b"a"


def test_a_forked_process_has_a_queue_of_its_own():
    end = ended(
        """
        import fsspec
        from mhddq.fsspec import MhddqFileSystem
        kinds = [MhddqFileSystem(), MhddqFileSystem(queue="other")]
        for fs in kinds:
            fs.pipe({f"parent-{n}": b"p" for n in range(50)})
        children = []
        for fs in kinds:
            pid = os.fork()
            if pid == 0:
                fs.pipe({f"child-{fs.queue}-{n}": b"c" for n in range(50)})
                with fs.transaction, fs.open(f"deferred-{fs.queue}", "wb") as file:
                    file.write(b"d")
                must(fs.own_queue.stats()["completed"] >= 50)
                sys.exit(len(fs.cat([f"child-{fs.queue}-{n}" for n in range(50)])))
            children.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
            fs.pipe(f"after-{fs.queue}", b"")
        report(codes=children)
        """
    )
    assert end["codes"] == [50, 50]
    children = {f"child-{queue}-{n}" for queue in (None, "other") for n in range(50)}
    others = {f"{what}-{queue}" for queue in (None, "other") for what in ("deferred", "after")}
    assert set(end.files) == {f"parent-{n}" for n in range(50)} | children | others
