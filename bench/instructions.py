"""Counts the core's instructions per operation by callgrind and compares them with stored counts.

    python -m bench.instructions            counts; exit status 1 if one is more than 5 % above
    python -m bench.instructions --store    writes bench/instructions.json anew

bench/count.c does the operations, on one thread and without the kernel, so a count is repeatable to
the instruction. Each work is done for N and for 2 N operations; the difference divided by N is the
cost of one, without the start. Counts of another compiler, C library or kind of processor cannot be
compared: then the difference is printed and not judged. The same holds for the cost of the bridge,
which is counted in an interpreter with all its threads, if mhddq is installed: it varies by 1 %.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import runpy
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CORE = ROOT / "csrc"
SOURCES = runpy.run_path(str(CORE / "sources.py"))
STORED = ROOT / "bench" / "instructions.json"
FLAGS = ["-std=c11", "-D_GNU_SOURCE", "-pthread", "-O2", "-g", "-fvisibility=hidden"]
WORKS = {
    "exists": "file_exists",
    "read": "file_read, 4 KiB",
    "write": "file_write, 4 KiB",
    "list": "file_exists in an oplist",
}
PARTS = ("submit", "run", "deliver")
OPERATIONS = 480
TOLERANCE = 0.05

Counts = dict[str, dict[str, float]]


def toolchain(compiler: str) -> dict[str, str]:
    """What must be the same for counts to be comparable."""
    version = subprocess.check_output([compiler, "--version"], text=True).splitlines()[0]
    return {
        "compiler": version,
        "libc": " ".join(platform.libc_ver()),
        "machine": platform.machine(),
    }


def build(compiler: str, folder: Path) -> Path:
    program = folder / "count"
    sources = [CORE / path for path in SOURCES["core"]("linux")]
    command = [compiler, *FLAGS, "-Wl,--wrap=mhq_now", f"-I{CORE}", "-o", program]
    subprocess.run([*command, ROOT / "bench" / "count.c", *sources], check=True)
    return program


def callgrind(folder: Path, *command: str | Path) -> str:
    """Runs a command in a folder, without the queue's spinning; returns callgrind's output."""
    output = folder / "callgrind.out"
    options = [f"--callgrind-out-file={output}", "--compress-strings=no", "--compress-pos=no"]
    subprocess.run(
        ["valgrind", "-q", "--tool=callgrind", *options, *command],
        check=True,
        cwd=folder,  # not the checkout, where the package is not built
        env={**os.environ, "PYTHONHASHSEED": "0", "MHDDQ_SPIN_US": "0"},
    )
    return output.read_text(encoding="utf-8")


def counted(program: Path, work: str, operations: int) -> dict[str, int]:
    """Instructions of each part, those of the functions that it calls included."""
    # "cfn=NAME", "calls=...", then "LINE COST": the cost of the call, of all below it, too.
    found = re.findall(
        rf"^cfn=({'|'.join(PARTS)})\n(?:cf[li]=.*\n)?calls=.*\n\d+ (\d+)$",
        callgrind(program.parent, program, work, str(operations)),
        re.MULTILINE,
    )
    costs = {name: int(cost) for name, cost in found}
    if sorted(costs) != sorted(PARTS) or len(found) != len(PARTS):
        raise SystemExit(f"callgrind reported no cost for {', '.join(PARTS)}: {found}")
    return costs


def count(program: Path) -> Counts:
    counts: Counts = {}
    for work in WORKS:
        once, twice = (counted(program, work, n * OPERATIONS) for n in (1, 2))
        parts = {part: (twice[part] - once[part]) / OPERATIONS for part in PARTS}
        counts[work] = {**parts, "all": sum(parts.values())}
    return counts


# A file_exists from its call to its callback's return; the ring is never full.
BRIDGED = """
import sys, mhddq
results = []
for _ in range(int(sys.argv[1])):
    mhddq.file_exists(results.append, "missing")
mhddq.shutdown()
sys.exit(len(results) != int(sys.argv[1]))
"""


def bridge_instructions(folder: Path, operations: int) -> int:
    """Instructions of the Cython module's own functions, without what they call."""
    output = callgrind(folder, sys.executable, "-c", BRIDGED, str(operations))
    total, ours, inside, is_call = 0, False, False, False
    for line in output.splitlines():
        if line.startswith("ob="):
            inside = "/mhddq/_core." in line
        elif line.startswith("fn="):
            ours = inside and line.lower().startswith(("fn=__pyx", "fn=mhddq_entry"))
        elif line.startswith("calls="):
            is_call = True
        elif line[:1].isdigit():
            total += 0 if is_call or not ours else int(line.split()[1])
            is_call = False
    return total


def bridge(folder: Path) -> str:
    imported = subprocess.run(
        [sys.executable, "-c", "import mhddq"], cwd=folder, capture_output=True, check=False
    )
    if imported.returncode:
        return "the bridge: not counted, mhddq is not installed here"
    once, twice = (bridge_instructions(folder, n * 2 * OPERATIONS) for n in (1, 2))
    return f"the bridge, file_exists and its callback: {(twice - once) / (2 * OPERATIONS):.0f}"


def table(counts: Counts, stored: Counts) -> list[str]:
    """Prints the counts. Returns the works whose cost has grown too much."""
    grown = []
    print(
        f"{'instructions per operation':<28}", *(f"{part:>9}" for part in (*PARTS, "all")), end=""
    )
    print(f"{'stored':>9}{'change':>9}")
    for work, title in WORKS.items():
        now, before = counts[work]["all"], stored.get(work, {}).get("all")
        print(f"{title:<28}", *(f"{counts[work][p]:9.1f}" for p in (*PARTS, "all")), end="")
        print(f"{before:9.1f}{now / before - 1:+9.1%}" if before else f"{'none':>9}")
        if before is None or now > before * (1 + TOLERANCE):
            grown.append(title)
    return grown


def main() -> int:
    parser = argparse.ArgumentParser(description="Counts the core's instructions per operation.")
    parser.add_argument("--store", action="store_true", help="write bench/instructions.json anew")
    store = parser.parse_args().store
    compiler = os.environ.get("CC", "gcc")
    here = toolchain(compiler)
    stored = json.loads(STORED.read_text(encoding="utf-8")) if STORED.exists() else {}
    with tempfile.TemporaryDirectory() as folder:
        counts = count(build(compiler, Path(folder)))
        grown = table(counts, stored.get("counts", {}))
        print(bridge(Path(folder)))
    if store:
        rounded = {w: {p: round(n, 1) for p, n in parts.items()} for w, parts in counts.items()}
        text = json.dumps({"toolchain": here, "counts": rounded}, indent=2)
        STORED.write_text(text + "\n", encoding="utf-8")
        return 0
    if stored.get("toolchain") != here:
        print(f"stored: {stored.get('toolchain')}; here: {here}: printed, not judged")
        return 0
    if grown:
        print(f"beyond {TOLERANCE:+.0%}, or not stored: {', '.join(grown)}", file=sys.stderr)
        print(
            "If this is intended: nox -s instructions -- --store, with the reason.", file=sys.stderr
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
