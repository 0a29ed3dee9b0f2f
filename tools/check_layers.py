"""Checks what may include and import what: python tools/check_layers.py [ROOT]

- Dependencies go one way: Python API, bridge, core, then fs and scout, then sys. The bridge
  includes mhq.h alone, which includes op.h.
- What is compiled on one platform only (csrc/sources.py knows) is included by files of that one,
  or between #if and #endif, where it is a part of the file that includes it.
- There is no circle of headers, none of C files with their own headers, and none of imports.

Prints one line for each violation; the exit status is 1 if there is one.
"""

from __future__ import annotations

import ast
import re
import runpy
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

HERE = Path(__file__).resolve().parent.parent
SOURCES = runpy.run_path(str(HERE / "csrc" / "sources.py"))

# A folder includes itself and what ranks lower. op.h is vocabulary, mhq.h the core's face.
RANKS = {"sys": 0, "op.h": 0, "scout": 1, "fs": 1, "core": 2, "mhq.h": 2}
FACE = "mhq.h"

# What is still to be cut, and is left out of the verdict until it is.
STANDING: set[str] = set()

Graph = dict[str, set[str]]


def includes(text: str) -> Iterator[tuple[str, bool]]:
    """Each path that a C text includes between quotes, and whether that is conditional. The guard
    of a header is no condition."""
    depth = 0
    guard = re.search(r"^#ifndef (\w+)\n#define \1$", text, re.MULTILINE)
    for line in text.splitlines():
        if re.match(r"\s*#\s*if", line):
            depth += 1
        elif re.match(r"\s*#\s*endif", line):
            depth -= 1
        elif found := re.match(r'\s*#\s*include "([^"]+)"', line):
            yield found[1], depth > bool(guard)


def platforms(path: str) -> set[str]:
    return {p for p in SOURCES["PLATFORMS"] if SOURCES["belongs"](Path(path), p)}


def rank_of(path: str) -> tuple[str, int | None]:
    top = PurePosixPath(path).parts[0]
    return top, RANKS.get(top)


def wrong_include(path: str, included: str, conditional: bool) -> str | None:
    (folder, rank), (folder2, rank2) = rank_of(path), rank_of(included)
    if rank is None or rank2 is None:
        return f"no layer is known for {folder if rank is None else folder2}"
    face = {folder, folder2} == {"core", FACE}
    if folder != folder2 and rank2 >= rank and not face:
        return f"{folder} is not above {folder2}"
    if not conditional and not platforms(path) <= platforms(included):
        return "that is another platform's, and there is no #if"
    return None


def check_core(csrc: Path) -> tuple[list[str], Graph]:
    """The violations, and which file includes which others."""
    wrong: list[str] = []
    graph: Graph = {}
    for file in sorted(csrc.rglob("*.[ch]")):
        path = file.relative_to(csrc).as_posix()
        if path.startswith("test/"):
            continue
        graph[path] = set()
        for included, conditional in includes(file.read_text(encoding="utf-8")):
            if why := wrong_include(path, included, conditional):
                wrong.append(f"csrc/{path} includes {included}: {why}")
            if not conditional:
                graph[path].add(included)
    return wrong, graph


def units(graph: Graph) -> Graph:
    """The graph of the units: a unit is a C file with its own header. A header without a C file is
    in no unit: it may need the types of one unit and serve another."""
    merged: Graph = {path: set() for path in graph if path.endswith(".c")}
    for path, included in graph.items():
        if (unit := f"{path[:-2]}.c") in merged:
            merged[unit] |= {f"{name[:-2]}.c" for name in included} & merged.keys() - {unit}
    return merged


def check_bridge(package: Path, csrc: Path) -> list[str]:
    pattern = r'(?:#\s*include|cdef extern from) "([^"]+)"'
    return [
        f"{file.relative_to(package.parent).as_posix()} includes {name}: the bridge knows {FACE}"
        for file in sorted(package.rglob("*.p[yx][xdi]"))
        for name in re.findall(pattern, file.read_text(encoding="utf-8"))
        if (csrc / name).exists() and name != FACE
    ]


def imports(tree: ast.AST, known: set[str]) -> Iterator[str]:
    """Every known module that a program imports, also inside functions; what only type checkers see
    is left out."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            full = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if name in known else str(node.module) for name in full]
        yield from known.intersection(names)
        yield from imports(node, known)


def check_package(package: Path) -> Graph:
    """Which module of the package imports which others; the package itself is imported by all."""
    files = {
        ".".join([package.name, *f.relative_to(package).with_suffix("").parts]): f
        for f in package.rglob("*.py")
    }
    files = {name.removesuffix(".__init__"): file for name, file in files.items()}
    known = files.keys() - {package.name}
    return {
        name: {*imports(ast.parse(file.read_text(encoding="utf-8")), set(known))} - {name}
        for name, file in files.items()
    }


def circle(graph: Graph) -> list[str] | None:
    """A path from a node back to itself, if there is one."""
    done: set[str] = set()

    def visit(node: str, path: list[str]) -> list[str] | None:
        if node in path:
            return [*path[path.index(node) :], node]
        if node in done:
            return None
        for other in sorted(graph.get(node, ())):
            if found := visit(other, [*path, node]):
                return found
        done.add(node)
        return None

    return next((found for node in sorted(graph) if (found := visit(node, []))), None)


def main(root: Path = HERE) -> int:
    wrong, headers = check_core(root / "csrc")
    wrong += check_bridge(root / "mhddq", root / "csrc")
    imported = check_package(root / "mhddq")
    for what, graph in (("headers", headers), ("units", units(headers)), ("imports", imported)):
        if found := circle(graph):
            wrong.append(f"a circle of {what}: {' -> '.join(found)}")
    wrong = [line for line in wrong if line not in STANDING]
    for line in wrong:
        print(line)
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
