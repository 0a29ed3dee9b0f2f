"""What users see of failures: texts with their exceptions, TypeErrors that name the parameter, and
tracebacks without frames of the bridge."""

from __future__ import annotations

import asyncio
import copy
import errno
import functools
import os
import pickle
import shutil
import subprocess
import sys
import traceback
from pathlib import Path

import pytest
from helpers import PATIENCE, do, settle

import mhddq

# ---- output['exception'] ----


def failure_of(function, *arguments):
    args = do(function, *arguments)
    assert args["result"] is False
    return args["output"]["exception"]


def test_an_os_error_comes_with_its_text(tmp_path):
    missing = str(tmp_path / "missing")
    text = failure_of(mhddq.file_read, missing)
    assert isinstance(text, str)
    assert isinstance(text.error, FileNotFoundError)
    assert (text.error.errno, text.error.filename) == (errno.ENOENT, missing)
    with pytest.raises(FileNotFoundError) as own:
        Path(missing).read_bytes()
    assert text == str(own.value) == str(text.error)
    assert text.error.filename2 is None


def test_both_paths_are_in_the_error(tmp_path):
    names = [str(tmp_path / name) for name in ("no", "where")]
    text = failure_of(mhddq.file_rename, *names)
    assert [text.error.filename, text.error.filename2] == names
    names = [os.fsencode(name) for name in names]
    text = failure_of(mhddq.file_rename, *names)
    assert [text.error.filename, text.error.filename2] == names


def test_a_refused_operation_has_the_exception_that_refused_it(tmp_path):
    path = str(tmp_path / "file")
    assert isinstance(failure_of(mhddq.file_read, "a\0b").error, ValueError)
    assert isinstance(failure_of(mhddq.file_write, b"bytes", path).error, TypeError)
    assert isinstance(failure_of(mhddq.file_write, "text", path, True).error, TypeError)
    assert isinstance(failure_of(mhddq.file_write, "\udc80", path).error, UnicodeEncodeError)
    data = memoryview(bytearray(8))[::2]
    assert isinstance(failure_of(mhddq.file_write, data, path, True).error, BufferError)


def test_text_that_is_not_utf_8_names_the_file_and_the_remedy(tmp_path):
    (tmp_path / "latin").write_bytes(b"caf\xe9")
    text = failure_of(mhddq.file_read, str(tmp_path / "latin"))
    assert text.startswith("'utf-8' codec can't decode byte 0xe9 in position 3: ")
    assert repr(str(tmp_path / "latin")) in text
    assert "binary=True" in text
    assert isinstance(text.error, UnicodeDecodeError)
    assert (text.error.object, text.error.start) == (b"caf\xe9", 3)
    assert text == str(text.error)


def test_an_error_holds_no_frames(tmp_path):
    (tmp_path / "latin").write_bytes(b"\xe9")
    for arguments in ((str(tmp_path / "missing"),), (str(tmp_path / "latin"),), ("a\0b",)):
        assert failure_of(mhddq.file_read, *arguments).error.__traceback__ is None


def test_the_text_behaves_as_a_str(tmp_path):
    text = failure_of(mhddq.file_read, str(tmp_path / "missing"))
    plain = str(text)
    assert type(plain) is str
    assert (text, hash(text), repr(text), f"{text}") == (plain, hash(plain), repr(plain), plain)
    assert {plain: 1}[text] == 1
    assert text.partition(": ")[0].endswith("No such file or directory")


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_the_text_pickles_with_its_error(tmp_path, protocol):
    names = [str(tmp_path / name) for name in ("no", "where")]
    text = failure_of(mhddq.file_rename, *names)
    again = pickle.loads(pickle.dumps(text, protocol))
    assert (type(again), again) == (type(text), text)
    assert type(again.error) is type(text.error)
    assert [again.error.filename, again.error.filename2] == names


def test_the_text_copies_with_its_error(tmp_path):
    text = failure_of(mhddq.file_read, str(tmp_path / "missing"))
    assert copy.copy(text).error is text.error
    deep = copy.deepcopy(text)
    assert (deep, deep.error.errno) == (text, errno.ENOENT)


# ---- callbacks that would have to be awaited ----


async def awaited(args):
    pass


async def generating(args):
    yield args


class Listener:
    async def collect(self, args):
        pass


@pytest.mark.parametrize("callback", [awaited, generating, Listener().collect])
def test_an_async_callback_is_a_type_error(callback, tmp_path):
    oplist = mhddq.create_empty_oplist()
    with pytest.raises(TypeError, match="callback must not be an async function"):
        mhddq.file_exists(callback, str(tmp_path))
    with pytest.raises(TypeError, match="callback must not be an async function"):
        mhddq.oplist_file_exists(oplist, callback, str(tmp_path))
    assert len(oplist) == 0


def test_other_callables_are_still_called(outcome, tmp_path):
    loop = asyncio.new_event_loop()
    try:
        collected: list[dict[str, object]] = []
        callbacks = [
            outcome,
            functools.partial(loop.call_soon_threadsafe, collected.append),
            collected.append,
            lambda args: collected.append(dict(args)),
        ]
        for callback in callbacks:
            assert mhddq.file_exists(callback, str(tmp_path))
        settle()
        loop.run_until_complete(asyncio.sleep(0))
    finally:
        loop.close()
    assert len(collected) == 3
    outcome.wait(1)


# ---- tracebacks ----


def files_in(error):
    return [Path(frame.filename).name for frame in traceback.extract_tb(error.__traceback__)]


class Failing:
    def __fspath__(self):
        raise KeyError("from __fspath__")


def calls_that_raise():
    oplist = mhddq.create_empty_oplist()
    return {
        "enqueue": lambda: mhddq.file_read(None, 1),
        "append": lambda: mhddq.oplist_file_read(oplist, None, 1),
        "unknown keyword": lambda: mhddq.file_read(None, "a", nonsense=1),
        "no oplist": lambda: mhddq.oplist_file_read(1, None, "a"),
        "embed": lambda: mhddq.embed_oplist(oplist, oplist),
        "clear": lambda: mhddq.clear_oplist(1),
    }


@pytest.mark.parametrize("name", calls_that_raise())
def test_a_traceback_has_no_frame_of_the_bridge(name):
    with pytest.raises((TypeError, ValueError)) as raised:
        calls_that_raise()[name]()
    assert set(files_in(raised.value)) == {"test_failures.py"}


def test_enqueue_oplist_has_its_python_frame_only():
    with pytest.raises(TypeError) as raised:
        mhddq.enqueue_oplist(1)
    assert files_in(raised.value) == ["test_failures.py", "_oplist.py"]


def test_the_users_own_frames_below_the_bridge_stay():
    with pytest.raises(KeyError) as raised:
        mhddq.file_read(None, Failing())
    frames = traceback.extract_tb(raised.value.__traceback__)
    assert [frame.name for frame in frames][-1] == "__fspath__"
    assert {Path(frame.filename).name for frame in frames} == {"test_failures.py"}


def test_a_callbacks_traceback_begins_with_the_callback(capfd, tmp_path):
    def callback(args):
        raise KeyError("from the callback")

    mhddq.file_exists(callback, str(tmp_path))
    mhddq.file_exists(functools.partial(int, "x"), str(tmp_path))  # its traceback has no frame
    settle()
    shown = capfd.readouterr().err
    assert "KeyError: 'from the callback'" in shown
    assert "in callback" in shown
    assert ".pxi" not in shown
    assert ".pyx" not in shown


def test_the_report_shows_that_the_operation_had_failed(capfd, tmp_path):
    def callback(args):
        raise KeyError(args["output"].pop("data"))

    missing, latin = str(tmp_path / "missing"), str(tmp_path / "latin")
    Path(latin).write_bytes(b"\xe9")
    Path(tmp_path / "text").write_text("text")
    mhddq.file_read(callback, missing)
    mhddq.file_read(callback, latin)
    mhddq.file_read(callback, str(tmp_path / "text"))
    settle()
    heads = [line for line in capfd.readouterr().err.splitlines() if line.startswith("Exception")]
    named = f"filename={missing!r}, binary=False), which had failed: "
    assert f"{named}[Errno {errno.ENOENT}] {os.strerror(errno.ENOENT)}: {missing!r}:" in heads[0]
    assert "), which had failed: 'utf-8' codec can't decode byte 0xe9" in heads[1]
    assert heads[2].endswith("text', binary=False):")


def test_a_coroutine_that_a_callback_returns_is_reported(capfd, tmp_path):
    mhddq.file_exists(functools.partial(awaited), str(tmp_path))
    settle()
    shown = capfd.readouterr().err
    assert "TypeError: the callback returned a coroutine, which nothing awaits" in shown
    assert "never awaited" not in shown


# ---- mhddq.types ----


def test_types_come_with_a_plain_import():
    assert mhddq.types.FailureText is mhddq._failure.FailureText
    assert "types" in dir(mhddq)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        mhddq.nonsense  # noqa: B018


# ---- a source tree ----


def test_an_import_without_the_compiled_core_explains_what_to_do(tmp_path):
    package = tmp_path / "mhddq"
    ignored = shutil.ignore_patterns("__pycache__", "*.so", "*.pyd")
    shutil.copytree(Path(mhddq.__file__).parent, package, ignore=ignored)
    program = f"import sys; sys.path[:0] = [{str(tmp_path)!r}]\n{USE}"
    ended = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program],
        capture_output=True,
        text=True,
        timeout=60 * PATIENCE,
        check=True,
    )
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert ended.stdout.startswith(f"mhddq's compiled core for Python {version} is not in ")
    assert str(package) in ended.stdout
    assert ".venv/bin/pip install ." in ended.stdout
    assert ended.stderr == ""


USE = """
try:
    import mhddq
except ImportError as error:
    print(error)
"""
