"""Writes mhddq/__init__.pyi from the table of operations in mhddq/_ops.py.

    python tools/make_stub.py            writes it
    python tools/make_stub.py --check    only looks; exit status 1 if it is stale

The package must be installed (the table is read by importing it), and be this checkout's.
"""

from __future__ import annotations

import argparse
import inspect
import sys
from pathlib import Path

import mhddq._ops

ROOT = Path(__file__).resolve().parent.parent
STUB = ROOT / "mhddq" / "__init__.pyi"
LINE = 100

HEAD = """\
# Made by tools/make_stub.py from the table in mhddq/_ops.py. Do not edit.

import os
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias, final

from typing_extensions import Buffer

__version__: str

_Path: TypeAlias = str | bytes | os.PathLike[str] | os.PathLike[bytes]
_Data: TypeAlias = str | Buffer
# Called with {'action': str, 'result': bool, 'params': dict, 'output': dict}.
_Callback: TypeAlias = Callable[[dict[str, Any]], object] | None

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
def stats() -> dict[str, int | list[int]]: ...
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


def stub() -> str:
    operations, twins = [], []
    for name, definition in mhddq._ops.OPERATIONS.items():
        signature = inspect.signature(definition)
        unannotated = [
            p.name for p in signature.parameters.values() if p.annotation is inspect.Parameter.empty
        ]
        if unannotated:
            sys.exit(f"mhddq/_ops.py: {name}: no annotation: {', '.join(unannotated)}")
        own = ["callback: _Callback", *map(str, signature.parameters.values())]
        # Annotations are strings there, and an inspect.Parameter shows them in quotes.
        own = [text.replace("'", "") for text in own]
        operations.append(function(name, own, "bool"))
        twins.append(function(f"oplist_{name}", ["oplist: Oplist", *own], "None"))
    listed = "".join(f'    "{name}",\n' for name in mhddq.__all__)
    return "\n".join([HEAD.rstrip("\n"), *operations, *twins, f"\n__all__ = [\n{listed}]\n"])


def main() -> int:
    parser = argparse.ArgumentParser(description="Writes mhddq/__init__.pyi.")
    parser.add_argument("--check", action="store_true", help="only look whether it is up to date")
    check = parser.parse_args().check
    for name in ("__init__.py", "_ops.py"):
        ours, installed = ROOT / "mhddq" / name, Path(mhddq.__file__).with_name(name)
        if ours.read_bytes() != installed.read_bytes():
            sys.exit(f"the installed mhddq/{name} is not this checkout's: install it first")
    text = stub()
    found = STUB.read_text() if STUB.exists() else ""
    if found == text:
        return 0
    if check:
        print(f"{STUB.relative_to(ROOT)} is stale: run python tools/make_stub.py", file=sys.stderr)
        return 1
    STUB.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
