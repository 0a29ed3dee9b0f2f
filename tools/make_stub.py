"""Writes mhddq/__init__.pyi and mhddq/types.py from the table of operations in mhddq/_ops.py.

    python tools/make_stub.py            writes them
    python tools/make_stub.py --check    only looks; exit status 1 if one is stale

The package must be installed (the table is read by importing it), and be this checkout's.
"""

from __future__ import annotations

import argparse
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import mhddq._ops

ROOT = Path(__file__).resolve().parent.parent
STUB = ROOT / "mhddq" / "__init__.pyi"
TYPES = ROOT / "mhddq" / "types.py"
LINE = 100

HEAD = """\
# Made by tools/make_stub.py from the table in mhddq/_ops.py. Do not edit.

import os
from collections.abc import Callable, Iterator
from typing import Any, Literal, TypeAlias, TypeVar, final, overload

from typing_extensions import Buffer

from mhddq import types

__version__: str

_Path: TypeAlias = str | bytes | os.PathLike[str] | os.PathLike[bytes]
_Data: TypeAlias = str | Buffer
_Args = TypeVar("_Args")
# What is called may know what the operation gives, or take any dict.
_Callback: TypeAlias = Callable[[_Args], object] | Callable[[dict[str, Any]], object] | None

@final
class Oplist:
    def __len__(self) -> int: ...
    def __bool__(self) -> bool: ...
    def __iter__(self) -> Iterator[dict[str, Any] | Oplist]: ...

def create_empty_oplist() -> Oplist: ...
def clear_oplist(oplist: Oplist) -> None: ...
def embed_oplist(oplist: Oplist, sub_oplist: Oplist) -> None: ...
def enqueue_oplist(oplist: Oplist) -> bool: ...
def shutdown(timeout: float | None = None) -> None: ...
def is_shutdown() -> bool: ...
def stats() -> types.Stats: ...
"""


def function(name: str, parameters: list[str], returns: str) -> str:
    """One function, laid out as ruff lays it out."""
    line = f"def {name}({', '.join(parameters)}) -> {returns}: ..."
    if len(line) <= LINE:
        return line
    inner = f"    {', '.join(parameters)}"
    if len(inner) <= LINE:
        return f"def {name}(\n{inner}\n) -> {returns}: ..."
    return f"def {name}(\n" + "".join(f"    {p},\n" for p in parameters) + f") -> {returns}: ..."


def annotated(definition: Callable[..., None]) -> list[inspect.Parameter]:
    parameters = list(inspect.signature(definition).parameters.values())
    unannotated = [p.name for p in parameters if p.annotation is inspect.Parameter.empty]
    if unannotated:
        sys.exit(f"mhddq/_ops.py: {definition.__name__}: no annotation: {', '.join(unannotated)}")
    return parameters


def camel(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


def overloads(name: str) -> list[tuple[str, dict[str, str]]]:
    """The types of an operation's args, each with what parameters must be for it."""
    kind = camel(name)
    text, binary, either = "Literal[False] = False", "Literal[True]", "bool"
    if output_of(name) == "DataOutput":
        return [
            (f"{kind}TextArgs", {"binary": text}),
            (f"{kind}BytesArgs", {"binary": binary}),
            (f"{kind}Args", {"binary": either}),
        ]
    if "data" in inspect.signature(mhddq._ops.OPERATIONS[name]).parameters:
        return [
            (f"{kind}Args", {"data": "str", "binary": text}),
            (f"{kind}Args", {"data": "Buffer", "binary": binary}),
            (f"{kind}Args", {"data": "_Data", "binary": either}),
        ]
    return [(f"{kind}Args", {})]


def functions(name: str, definition: Callable[..., None], in_oplist: bool) -> Iterator[str]:
    first, returns = (["oplist: Oplist"], "None") if in_oplist else ([], "bool")
    variants = overloads(name)
    for args, narrowed in variants:
        # Annotations are strings there, and an inspect.Parameter shows them in quotes.
        own = [
            f"{p.name}: {narrowed[p.name]}" if p.name in narrowed else str(p).replace("'", "")
            for p in annotated(definition)
        ]
        if len(variants) > 1:
            yield "@overload"
        public = f"oplist_{name}" if in_oplist else name
        yield function(public, [*first, f"callback: _Callback[types.{args}]", *own], returns)


def stub() -> str:
    table = mhddq._ops.OPERATIONS.items()
    lines = [
        line
        for in_oplist in (False, True)
        for name, definition in table
        for line in functions(name, definition, in_oplist)
    ]
    listed = "".join(f'    "{name}",\n' for name in mhddq.__all__)
    return "\n".join([HEAD.rstrip("\n"), *lines, f"\n__all__ = [\n{listed}]\n"])


# ---- types.py ----

TYPES_HEAD = '''\
"""What callbacks are given, and stats(), for annotations:
``def heard(args: mhddq.types.FileReadArgs) -> None``.

``args['result']`` tells which keys ``output`` has: on success those of the operation, on failure
``exception`` alone. Nothing of mhddq imports this module when a program runs.

Made by tools/make_stub.py from the table in mhddq/_ops.py. Do not edit.
"""

from __future__ import annotations

import os
from typing import Any, Literal, TypeAlias, TypedDict

Path: TypeAlias = str | bytes | os.PathLike[str] | os.PathLike[bytes]


class Entry(TypedDict):
    name: str
    type: Literal["file", "directory"]


class NoOutput(TypedDict):
    exception: str


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
'''

# By the key that the docstring's "Output: {...}" names.
OUTPUTS = {
    "": "NoOutput",
    "exists": "ExistsOutput",
    "data": "DataOutput",
    "contents": "ContentsOutput",
}
KINDS = {int: "int", list: "list[int]"}
ANNOTATIONS = {"_Path": "Path", "_Data": "Any", "bool": "bool"}


def output_of(name: str) -> str:
    documented = inspect.getdoc(mhddq._ops.OPERATIONS[name]) or ""
    found = re.search(r"^Output: \{(?:'(\w+)'|\})", documented, re.MULTILINE)
    if not found or (found[1] or "") not in OUTPUTS:
        sys.exit(f"mhddq/_ops.py: {name}: the docstring names no known output")
    return OUTPUTS[found[1] or ""]


def typed_dict(name: str, fields: dict[str, str]) -> str:
    body = "".join(f"    {field}: {annotation}\n" for field, annotation in fields.items())
    return f"class {name}(TypedDict):\n{body}"


def types() -> str:
    parts = [TYPES_HEAD]
    for name, definition in mhddq._ops.OPERATIONS.items():
        fields = {p.name: ANNOTATIONS[p.annotation] for p in annotated(definition)}
        parts.append(typed_dict(f"{camel(name)}Params", {"callback": "Any", **fields}))
        for args in dict.fromkeys(args for args, _ in overloads(name)):
            kind = args.removeprefix(camel(name)).removesuffix("Args")
            fields = {
                "action": f'Literal["{name}"]',
                "result": "bool",
                "params": f"{camel(name)}Params",
                "output": f"{kind}Output" if kind else output_of(name),
            }
            parts.append(typed_dict(args, fields))
    counters = mhddq.stats().items()
    parts.append(typed_dict("Stats", {k: KINDS[type(v)] for k, v in counters}))
    return "\n\n".join(parts)


def main() -> int:
    parser = argparse.ArgumentParser(description="Writes the stub and mhddq/types.py.")
    parser.add_argument("--check", action="store_true", help="only look whether it is up to date")
    check = parser.parse_args().check
    for name in ("__init__.py", "_ops.py"):
        ours, installed = ROOT / "mhddq" / name, Path(mhddq.__file__).with_name(name)
        if ours.read_bytes() != installed.read_bytes():
            sys.exit(f"the installed mhddq/{name} is not this checkout's: install it first")
    stale = 0
    for path, text in ((STUB, stub()), (TYPES, types())):
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
