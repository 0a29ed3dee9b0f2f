"""Writes __init__.pyi, futures.pyi, aio/__init__.pyi and types.py from the table in mhddq/_ops.py.

    python tools/make_stub.py            writes them
    python tools/make_stub.py --check    only checks; exit status 1 if one is stale

The package must be installed from this checkout: the table is read by importing it.
"""

from __future__ import annotations

import argparse
import inspect
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import mhddq
from mhddq import _binding

ROOT = Path(__file__).resolve().parent.parent
STUB = ROOT / "mhddq" / "__init__.pyi"
FUTURES = ROOT / "mhddq" / "futures.pyi"
AIO = ROOT / "mhddq" / "aio" / "__init__.pyi"
TYPES = ROOT / "mhddq" / "types.py"
LINE = 100

HEAD = """\
# Made by tools/make_stub.py from the table in mhddq/_ops.py. Do not edit.

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Literal, TypeAlias, TypeVar, final, overload

from typing_extensions import Buffer, Self

from mhddq import aio as aio
from mhddq import futures as futures
from mhddq import progress as progress
from mhddq import types as types

__version__: str

_Path: TypeAlias = str | bytes | os.PathLike[str] | os.PathLike[bytes]
_File: TypeAlias = _Path | Handle
_Data: TypeAlias = str | Buffer
_Args = TypeVar("_Args")
# What is called may know what the operation gives, or take any dict.
_Callback: TypeAlias = Callable[[_Args], object] | Callable[[dict[str, Any]], object] | None

_Progress: TypeAlias = Callable[[int, int | None], object]
_OnError: TypeAlias = Literal["continue", "stop"]

@final
class Handle:
    @property
    def name(self) -> str | bytes: ...
    @property
    def mode(self) -> str: ...
    @property
    def closed(self) -> bool: ...
    def fileno(self) -> int: ...

class Cancelled(OSError): ...

@final
class Control:
    progress: _Progress | None
    interval: float
    def __init__(self, progress: _Progress | None = None, *, interval: float = 0.1) -> None: ...
    def cancel(self) -> None: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...
    @property
    def cancelled(self) -> bool: ...
    @property
    def paused(self) -> bool: ...
    @property
    def done(self) -> int: ...
    @property
    def total(self) -> int | None: ...
    @property
    def accepted(self) -> int: ...
    @property
    def finished(self) -> int: ...

def create_empty_oplist(*, on_error: _OnError = "continue") -> Oplist: ...
def clear_oplist(oplist: Oplist) -> None: ...
def embed_oplist(oplist: Oplist, sub_oplist: Oplist) -> None: ...
def enqueue_oplist(
    oplist: Oplist,
    *,
    callback: _Callback[types.EnqueueOplistArgs] = None,
    control: Control | None = None,
) -> bool: ...
def default_queue() -> Queue: ...
def shutdown(timeout: float | None = None) -> None: ...
def is_shutdown() -> bool: ...
def stats() -> types.Stats: ...
"""


# What classes have beside the operations.
CLASSES = {
    "Oplist": """\
    def __init__(self, *, on_error: _OnError = "continue") -> None: ...
    def __len__(self) -> int: ...
    def __bool__(self) -> bool: ...
    def __iter__(self) -> Iterator[dict[str, Any] | Oplist]: ...
    def embed(self, sub_oplist: Oplist) -> None: ...
    def clear(self) -> None: ...
""",
    "Queue": """\
    def __init__(
        self,
        name: str | None = None,
        *,
        ring_size: int | None = None,
        buffer_bytes: int | None = None,
        write_bytes: int | None = None,
        lookahead: int | None = None,
        spin_us: int | None = None,
        background: bool = False,
    ) -> None: ...
    @property
    def name(self) -> str: ...
    @property
    def aio(self) -> aio.Aio: ...
    async def __aenter__(self) -> Self: ...
    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None: ...
    def port(self) -> Port: ...
    def flush(self, timeout: float | None = None) -> bool: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...
    @property
    def paused(self) -> bool: ...
    def stats(self) -> types.Stats: ...
""",
    "Port": """\
    queue: Queue
    def fileno(self) -> int: ...
    def deliver(self, limit: int | None = None, timeout: float | None = 0) -> int: ...
""",
}
PLACE = """\
    @property
    def futures(self) -> futures.Futures: ...
    @property
    def pending(self) -> int: ...
    @property
    def closed(self) -> bool: ...
    def close(self, timeout: float | None = None) -> bool: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None: ...
    def enqueue_oplist(
        self,
        oplist: Oplist,
        *,
        callback: _Callback[types.EnqueueOplistArgs] = None,
        control: Control | None = None,
    ) -> bool: ...
    def oplist(
        self,
        callback: _Callback[types.EnqueueOplistArgs] = None,
        *,
        on_error: _OnError = "continue",
        control: Control | None = None,
    ) -> AbstractContextManager[Oplist]: ...
"""
CLASSES["Queue"] += PLACE
CLASSES["Port"] += PLACE

FUTURES_HEAD = """\
# Made by tools/make_stub.py from the table in mhddq/_ops.py. Do not edit.

import concurrent.futures
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Literal, TypeVar, final, overload

from typing_extensions import Buffer, Self

from mhddq import Control, Handle, Oplist, _Data, _File, _OnError, _Path, types

_Value = TypeVar("_Value")

class Future(concurrent.futures.Future[_Value]):
    @property
    def control(self) -> Control: ...

def enqueue_oplist(oplist: Oplist, *, control: Control | None = None) -> Future[None]: ...
def oplist(
    *, on_error: _OnError = "continue", control: Control | None = None
) -> AbstractContextManager[FutureList]: ...
def directory_walk(
    dirname: _Path,
    *,
    stat: bool = False,
    batch: int = 1024,
    on_error: _OnError = "stop",
    control: Control | None = None,
) -> Iterator[list[types.WalkEntry]]: ...
def flush() -> Future[None]: ...
"""
FUTURES_CLASSES = {
    "FutureList": """\
    future: Future[None]
    def __len__(self) -> int: ...
    def __bool__(self) -> bool: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None: ...
""",
    "Futures": """\
    def enqueue_oplist(self, oplist: Oplist, *, control: Control | None = None) -> Future[None]: ...
    def oplist(
        self, *, on_error: _OnError = "continue", control: Control | None = None
    ) -> AbstractContextManager[FutureList]: ...
    def directory_walk(
        self,
        dirname: _Path,
        *,
        stat: bool = False,
        batch: int = 1024,
        on_error: _OnError = "stop",
        control: Control | None = None,
    ) -> Iterator[list[types.WalkEntry]]: ...
    def flush(self) -> Future[None]: ...
""",
}

AIO_HEAD = """\
# Made by tools/make_stub.py from the table in mhddq/_ops.py. Do not edit.

import os as _os
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator
from contextlib import AbstractAsyncContextManager
from typing import Any, Literal, TypeAlias, TypeVar, final, overload

from typing_extensions import Buffer

from mhddq import Control, Handle, Oplist, Queue, _Data, _File, _OnError, _Path, types
from mhddq.aio import os as os
from mhddq.aio import ospath as ospath
from mhddq.aio import tempfile as tempfile
from mhddq.aio._binary import BinaryFile
from mhddq.aio._opening import Opening
from mhddq.aio._text import TextFile

_Value = TypeVar("_Value")
_TextMode: TypeAlias = Literal[
    "r", "r+", "w", "w+", "a", "a+", "x", "x+", "rt", "wt", "at", "xt", "r+t", "w+t", "a+t", "x+t"
]
_BinaryMode: TypeAlias = Literal[
    "rb", "rb+", "r+b", "wb", "wb+", "w+b", "ab", "ab+", "a+b", "xb", "xb+", "x+b"
]

stdin: Any
stdout: Any
stderr: Any
stdin_bytes: Any
stdout_bytes: Any
stderr_bytes: Any

@overload
def open(
    file: _Path | int | Handle,
    mode: _TextMode = "r",
    buffering: int = -1,
    encoding: str | None = None,
    errors: str | None = None,
    newline: str | None = None,
    closefd: bool = True,
    opener: Callable[[str, int], int] | None = None,
    *,
    atomic: bool = False,
    queue: Queue | None = None,
    loop: object = None,
    executor: object = None,
) -> Opening[TextFile]: ...
@overload
def open(
    file: _Path | int | Handle,
    mode: _BinaryMode,
    buffering: int = -1,
    encoding: None = None,
    errors: None = None,
    newline: None = None,
    closefd: bool = True,
    opener: Callable[[str, int], int] | None = None,
    *,
    atomic: bool = False,
    queue: Queue | None = None,
    loop: object = None,
    executor: object = None,
) -> Opening[BinaryFile]: ...
@overload
def open(
    file: _Path | int | Handle,
    mode: str,
    buffering: int = -1,
    encoding: str | None = None,
    errors: str | None = None,
    newline: str | None = None,
    closefd: bool = True,
    opener: Callable[[str, int], int] | None = None,
    *,
    atomic: bool = False,
    queue: Queue | None = None,
    loop: object = None,
    executor: object = None,
) -> Opening[Any]: ...

@final
class Operation(Coroutine[Any, Any, _Value]):
    def cancel(self) -> bool: ...
    def done(self) -> bool: ...
    def cancelled(self) -> bool: ...
    def result(self) -> _Value: ...
    @property
    def control(self) -> Control: ...
    def abandon_on_cancel(self) -> Awaitable[_Value]: ...
    def __await__(self) -> Generator[Any, None, _Value]: ...
    def send(self, value: Any, /) -> Any: ...
    def throw(self, kind: Any, value: Any = None, traceback: Any = None, /) -> Any: ...
    def close(self) -> None: ...

def enqueue_oplist(oplist: Oplist, *, control: Control | None = None) -> Operation[None]: ...
def oplist(
    *, on_error: _OnError = "continue", control: Control | None = None
) -> AbstractAsyncContextManager[OperationList, None]: ...
def directory_walk(
    dirname: _Path,
    *,
    stat: bool = False,
    batch: int = 1024,
    on_error: _OnError = "stop",
    control: Control | None = None,
) -> AsyncIterator[list[types.WalkEntry]]: ...
def flush() -> Operation[None]: ...
"""
AIO_CLASSES = {
    "OperationList": """\
    def __len__(self) -> int: ...
    def __bool__(self) -> bool: ...
""",
    "Aio": """\
    def open(
        self, file: Any, *args: Any, atomic: bool = False, **keywords: Any
    ) -> Opening[Any]: ...
    def enqueue_oplist(
        self, oplist: Oplist, *, control: Control | None = None
    ) -> Operation[None]: ...
    def oplist(
        self, *, on_error: _OnError = "continue", control: Control | None = None
    ) -> AbstractAsyncContextManager[OperationList, None]: ...
    def directory_walk(
        self,
        dirname: _Path,
        *,
        stat: bool = False,
        batch: int = 1024,
        on_error: _OnError = "stop",
        control: Control | None = None,
    ) -> AsyncIterator[list[types.WalkEntry]]: ...
    def flush(self) -> Operation[None]: ...
    async def close(self, timeout: float | None = None) -> bool: ...
""",
}


def function(name: str, parameters: list[str], returns: str, indent: str = "") -> str:
    """One function, in the format of ruff."""
    line = f"{indent}def {name}({', '.join(parameters)}) -> {returns}: ..."
    if len(line) <= LINE:
        return line
    inner = f"{indent}    {', '.join(parameters)}"
    if len(inner) <= LINE:
        return f"{indent}def {name}(\n{inner}\n{indent}) -> {returns}: ..."
    lines = "".join(f"{indent}    {p},\n" for p in parameters)
    return f"{indent}def {name}(\n{lines}{indent}) -> {returns}: ..."


# What the kinds of parameters in mhddq/_binding.py are in the stub, and in the params of types.py.
ANNOTATIONS = {
    "Path": "_Path",
    "File": "_File",
    "Handle": "Handle",
    "Data": "_Data",
    "Flag": "bool",
    "Number": "int",
    "Mode": "str",
    "OnError": 'Literal["stop", "continue"]',
    "Resume": "types.Resume",
    "Times": "tuple[float, float]",
    "Nanoseconds": "tuple[int, int]",
    "Buffer": "Buffer",
}
PARAMS = {
    kind: spelling.removeprefix("_").removeprefix("types.")
    for kind, spelling in ANNOTATIONS.items()
}
PARAMS["Data"] = PARAMS["Buffer"] = "Any"


def parameters(definition: Callable[..., None]) -> list[inspect.Parameter]:
    return list(inspect.signature(definition).parameters.values())


def spelled(parameter: inspect.Parameter, kinds: dict[str, str]) -> str:
    kind = parameter.annotation.removesuffix(" | None")
    return kinds[kind] + (" | None" if parameter.annotation != kind else "")


def written(parameter: inspect.Parameter, annotation: str | None) -> str:
    """As in a signature. `annotation`: with a default of its own, or None for the parameter's."""
    if annotation:
        return f"{parameter.name}: {annotation}"
    shown = repr(parameter.default).replace("'", '"')
    default = "" if parameter.default is parameter.empty else f" = {shown}"
    return f"{parameter.name}: {spelled(parameter, ANNOTATIONS)}{default}"


def camel(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


def overloads(name: str) -> list[tuple[str, dict[str, str]]]:
    """The types of an operation's args, each with the parameters' types that it is for."""
    kind = camel(name)
    text, binary, either = "Literal[False] = False", "Literal[True]", "bool"
    if _binding.GIVES[name] == "data":
        return [
            (f"{kind}TextArgs", {"binary": text}),
            (f"{kind}BytesArgs", {"binary": binary}),
            (f"{kind}Args", {"binary": either}),
        ]
    if {"data", "binary"} <= {p.name for p in parameters(_binding.OPERATIONS[name])}:
        return [
            (f"{kind}Args", {"data": "str", "binary": text}),
            (f"{kind}Args", {"data": "Buffer", "binary": binary}),
            (f"{kind}Args", {"data": "_Data", "binary": either}),
        ]
    return [(f"{kind}Args", {})]


# What a future gives, by what the operation gives.
VALUES = {
    "nothing": ["None"],
    "exists": ["bool"],
    "data": ["str", "bytes", "str | bytes"],
    "contents": ["list[types.Entry]"],
    "file": ["Handle"],
    "length": ["int"],
    "stat": ["os.stat_result"],
    "target": ["str | bytes"],
    "usage": ["types.DiskUsage"],
}
CONTROL = "control: Control | None = None"


def own_parameters(
    definition: Callable[..., None], narrowed: dict[str, str], controlled: bool
) -> list[str]:
    shown = parameters(definition)
    own = [written(p, narrowed.get(p.name)) for p in shown]
    keywords = [p.kind is p.KEYWORD_ONLY for p in shown]
    if any(keywords):
        own.insert(keywords.index(True), "*")
    elif controlled:
        own.append("*")
    return own + ([CONTROL] if controlled else [])


def functions(
    name: str, definition: Callable[..., None], style: str, indent: str = ""
) -> Iterator[str]:
    """style: "function", "oplist", "future" or "operation" (functions); "method", "list",
    "futures", "members", "operations" or "awaited members" (methods)."""
    of_list = style in ("oplist", "list", "members", "awaited members")
    of_future = style in ENDS
    first = ["self"] if indent else ["oplist: Oplist"] if style == "oplist" else []
    writes = {"data", "binary"} <= {p.name for p in parameters(definition)}
    either = [("", {"binary": "bool | None = None"})]
    variants = either if of_future and writes else overloads(name)
    for i, (args, narrowed) in enumerate(variants):
        own = own_parameters(definition, narrowed, not of_list)
        if of_future:
            returns = f"{ENDS[style]}[{VALUES[_binding.GIVES[name]][i]}]"
        else:
            returns = "None" if of_list else "bool"
            own.insert(0, f"callback: _Callback[types.{args}]")
        if len(variants) > 1:
            yield f"{indent}@overload"
        public = f"oplist_{name}" if style == "oplist" else name
        yield function(public, [*first, *own], returns, indent)


# What functions and methods return that take no callback.
ENDS = {
    "future": "Future",
    "futures": "Future",
    "members": "Future",
    "operation": "Operation",
    "operations": "Operation",
    "awaited members": "Operation",
}


def every(style: str, indent: str = "") -> list[str]:
    return [
        line
        for name, definition in _binding.OPERATIONS.items()
        if style != "oplist" or f"oplist_{name}" in _binding.PUBLIC
        if style in ("function", "method") or _binding.GIVES[name] != "entries"
        for line in functions(name, definition, style, indent)
    ]


def classes(bodies: dict[str, str], styles: dict[str, str]) -> Iterator[str]:
    for name, body in bodies.items():
        yield f"\n@final\nclass {name}:"
        yield body.rstrip("\n")
        yield from every(styles[name], "    ")


def stub() -> str:
    styles = {"Oplist": "list", "Queue": "method", "Port": "method"}
    lines = [*every("function"), *every("oplist"), *classes(CLASSES, styles)]
    listed = "".join(f'    "{name}",\n' for name in mhddq.__all__)
    return "\n".join([HEAD.rstrip("\n"), *lines, f"\n__all__ = [\n{listed}]\n"])


def futures_stub() -> str:
    styles = {"FutureList": "members", "Futures": "futures"}
    lines = [*every("future"), *classes(FUTURES_CLASSES, styles)]
    listed = "".join(f'    "{name}",\n' for name in mhddq.futures.__all__)
    return "\n".join([FUTURES_HEAD.rstrip("\n"), *lines, f"\n__all__ = [\n{listed}]\n"])


def aio_stub() -> str:
    styles = {"OperationList": "awaited members", "Aio": "operations"}
    lines = [*every("operation"), *classes(AIO_CLASSES, styles)]
    listed = "".join(f'    "{name}",\n' for name in mhddq.aio.__all__)
    text = "\n".join([AIO_HEAD.rstrip("\n"), *lines, f"\n__all__ = [\n{listed}]\n"])
    return text.replace("[os.", "[_os.")  # for `os` is aio's own there


# ---- types.py ----

TYPES_HEAD = '''\
"""What callbacks are given, and stats(), for annotations:
``def was_read(args: mhddq.types.FileReadArgs) -> None``.

``args['result']`` shows which keys ``output`` has: on success those of the operation, on failure
``exception`` alone. No module of mhddq imports this one when a program runs.

Made by tools/make_stub.py from the table in mhddq/_ops.py. Do not edit.
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
'''

# By what an operation gives.
OUTPUTS = {
    "nothing": "NoOutput",
    "exists": "ExistsOutput",
    "data": "DataOutput",
    "contents": "ContentsOutput",
    "file": "FileOutput",
    "entries": "EntriesOutput",
    "length": "LengthOutput",
    "stat": "StatOutput",
    "target": "TargetOutput",
    "usage": "UsageOutput",
}
KINDS = {int: "int", list: "list[int]"}


def typed_dict(name: str, fields: dict[str, str], base: str = "TypedDict") -> str:
    body = "".join(f"    {field}: {annotation}\n" for field, annotation in fields.items())
    return f"class {name}({base}):\n{body}"


def params(name: str, definition: Callable[..., None]) -> Iterator[str]:
    """What args['params'] holds: keyword-only parameters only where they were passed."""
    always = {"callback": "Any"}
    passed = {"control": "Any"}
    for p in parameters(definition):
        (passed if p.kind is p.KEYWORD_ONLY else always)[p.name] = spelled(p, PARAMS)
    full = f"{camel(name)}Params"
    yield typed_dict(f"_{full}", always)
    yield typed_dict(full, passed, f"_{full}, total=False")


def types() -> str:
    parts = [TYPES_HEAD]
    for name, definition in _binding.OPERATIONS.items():
        parts.extend(params(name, definition))
        for args in dict.fromkeys(args for args, _ in overloads(name)):
            kind = args.removeprefix(camel(name)).removesuffix("Args")
            fields = {
                "action": f'Literal["{name}"]',
                "result": "bool",
                "params": f"{camel(name)}Params",
                "output": f"{kind}Output" if kind else OUTPUTS[_binding.GIVES[name]],
            }
            parts.append(typed_dict(args, fields))
    counters = mhddq.stats().items()
    parts.append(typed_dict("Stats", {k: KINDS[type(v)] for k, v in counters}))
    return "\n\n".join(parts)


def main() -> int:
    parser = argparse.ArgumentParser(description="Writes the stub and mhddq/types.py.")
    parser.add_argument(
        "--check", action="store_true", help="only check whether the files are up to date"
    )
    check = parser.parse_args().check
    for name in ("__init__.py", "_ops.py", "_binding.py"):
        ours, installed = ROOT / "mhddq" / name, Path(mhddq.__file__).with_name(name)
        if ours.read_bytes() != installed.read_bytes():
            sys.exit(f"the installed mhddq/{name} is not this checkout's: install it first")
    stale = 0
    made = ((STUB, stub()), (FUTURES, futures_stub()), (AIO, aio_stub()), (TYPES, types()))
    for path, text in made:
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        if check:
            print(f"{path.relative_to(ROOT)} is stale: run python tools/make_stub.py")
            stale = 1
        else:
            path.write_text(text, encoding="utf-8")
    return stale


if __name__ == "__main__":
    sys.exit(main())
