"""Writes __init__.pyi, futures.pyi, aio/__init__.pyi and types.py from the table in mhddq/_ops.py.

What does not come from the table stands in the files of tools/stubs, with marks for what does:
"# OPERATIONS style", "# ARGS", "# NAMES".

    python tools/make_stub.py            writes them
    python tools/make_stub.py --check    only checks; exit status 1 if one is stale

The package must be installed from this checkout: the table is read by importing it.
"""

from __future__ import annotations

import argparse
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import mhddq
from mhddq import _binding

ROOT = Path(__file__).resolve().parent.parent
STUBS = ROOT / "tools" / "stubs"
HEAD = "# Made by tools/make_stub.py from the table in mhddq/_ops.py. Do not edit.\n\n"
# What is made in the package, and the module whose names it lists.
MADE = {
    "__init__.pyi": mhddq,
    "futures.pyi": mhddq.futures,
    "aio/__init__.pyi": mhddq.aio,
    "types.py": mhddq.types,
}
LINE = 100


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


def every_args() -> Iterator[str]:
    for name, definition in _binding.OPERATIONS.items():
        yield from params(name, definition)
        for args in dict.fromkeys(args for args, _ in overloads(name)):
            kind = args.removeprefix(camel(name)).removesuffix("Args")
            fields = {
                "action": f'Literal["{name}"]',
                "result": "bool",
                "params": f"{camel(name)}Params",
                "output": f"{kind}Output" if kind else OUTPUTS[_binding.GIVES[name]],
            }
            yield typed_dict(args, fields)
    yield typed_dict("Stats", {k: KINDS[type(v)] for k, v in mhddq.stats().items()})


def filled(made: str, module: ModuleType) -> str:
    """The text in tools/stubs with what its marks stand for: a comment of a word in capitals."""

    def fill(mark: re.Match[str]) -> str:
        indent, word, style = mark.groups()
        if word == "OPERATIONS":
            text = "\n".join(every(style, indent))
            # `os` is a module of aio's own there.
            return text.replace("[os.", "[_os.") if module is mhddq.aio else text
        if word == "ARGS":
            return "\n\n".join(every_args()).rstrip("\n")
        names = "".join(f'    "{name}",\n' for name in module.__all__)
        return f"__all__ = [\n{names}]"

    text = (STUBS / f"{made}.in").read_text(encoding="utf-8")
    text = re.sub(r"^( *)# (OPERATIONS|ARGS|NAMES) ?(.*)$", fill, text, flags=re.MULTILINE)
    return HEAD + text


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
    for made, module in MADE.items():
        path, text = ROOT / "mhddq" / made, filled(made, module)
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
