"""``python -m bench [--full] [--only ROW] [--json FILE]``: runs, prints and stores the rows."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench import absolute, chart, files, report
from bench.harness import (
    Absent,
    Figure,
    Measures,
    Worker,
    compile_floor,
    fetch_ancestor,
    python_worker,
    take_turns,
)
from bench.report import Line
from bench.row import Against, Row, Side
from bench.rows import ROWS, SMALLER

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "bench" / "results"


class Bench:
    """A run: its temporary folders, its C loop, and what it has measured so far."""

    def __init__(self, full: bool, memory: Path, disk: Path, scratch: Path):
        self.full = full
        self.places = {"memory": memory, "disk": disk}
        self.floor = compile_floor(scratch)
        ancestor = fetch_ancestor(scratch)
        self.environment = {"BENCH_ANCESTOR": str(ancestor or "")}
        self.costs: dict[str, dict[str, Any]] = {}
        self.seconds: dict[str, float] = {}

    def start(self, row: Row, side: Side, options: Measures) -> Worker:
        work = side.work or row.work
        if side.module == "floor":
            return Worker([str(self.floor), work, options["path"], str(options["size"])], {})
        options = {**options, **side.options}
        return python_worker(side.module, work, options, self.environment, side.polls)

    def measure(self, row: Row) -> dict[str, list[Measures]]:
        """Each side's measures by its name; the only entry of a missing side is the reason."""
        folder = Path(tempfile.mkdtemp(dir=self.places[row.place]))
        sides = {side.name: side for side in (row.ours, *(a.side for a in row.against))}
        turns = len(sides) * (row.rounds[self.full] + 1)
        options, before = files.prepare(row, folder, self.full, turns)
        workers = {name: self.start(row, side, options) for name, side in sides.items()}
        gone: dict[str, list[Measures]] = {}
        versions = {}
        for name, worker in list(workers.items()):
            try:
                versions[name] = worker.greet()
            except Absent as reason:
                gone[name] = [{"missing": str(reason)}]
                del workers[name]
        counts = {
            name: max(1, round(row.count[self.full] * side.share[self.full]))
            for name, side in sides.items()
        }
        started = list(workers.values())
        try:
            measured = take_turns(workers, counts, row.rounds[self.full], before)
        finally:
            for worker in started:
                worker.end()
            shutil.rmtree(folder)
        measured.update(gone)
        self.costs[row.name] = {
            name: summary(each, counts[name], versions.get(name)) for name, each in measured.items()
        }
        return measured

    def lines(self, row: Row) -> list[Line]:
        measured = self.measure(row)
        return [compare(row, against, measured) for against in row.against]


def summary(each: list[Measures], count: int, version: str | None) -> Measures:
    if "missing" in each[0]:
        return each[0]
    medians = {key: statistics.median(m[key] for m in each) for key in each[0]}
    return {**medians, "operations": count, "version": version}


def compare(row: Row, against: Against, measured: dict[str, list[Measures]]) -> Line:
    ours, theirs = measured[row.ours.name], measured[against.side.name]
    for side in (ours, theirs):
        if "missing" in side[0]:
            return Line(row, against, None, side[0]["missing"])
    ratios = [b[against.theirs] / a[against.ours] for a, b in zip(ours, theirs, strict=True)]
    if against.inverse:
        ratios = [1 / ratio for ratio in ratios]
    return Line(row, against, Figure.of(ratios))


def show(texts: list[str]) -> None:
    widths = (50, 42, 7, 14, 6, 12, 0) if len(texts) == 7 else (50, 13, 15, 6, 6, 0)
    print("  ".join(text.ljust(width) for text, width in zip(texts, widths, strict=True)).rstrip())
    sys.stdout.flush()


def file_system(folder: Path) -> str:
    command = ["findmnt", "-n", "-o", "FSTYPE", "-T", str(folder)]
    try:
        return subprocess.check_output(command, text=True).split()[0]
    except (OSError, subprocess.CalledProcessError):
        return "an unknown file system"


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--full", action="store_true", help="more rounds: up to an hour")
    names = [*(row.name for row in ROWS), "absolute"]
    parser.add_argument(
        "--only", action="append", metavar="ROW", choices=names, help=", ".join(names)
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="another place for the JSON")
    return parser.parse_args()


def main() -> None:
    options = parsed()
    began = time.monotonic()
    RESULTS.mkdir(exist_ok=True)
    memory_root = "/dev/shm" if os.path.isdir("/dev/shm") else None
    lines: list[Line] = []
    readings: list[absolute.Reading] = []
    with (
        tempfile.TemporaryDirectory(prefix="mhddq-bench-", dir=memory_root) as memory,
        tempfile.TemporaryDirectory(prefix="mhddq-bench-", dir=RESULTS) as disk,
        tempfile.TemporaryDirectory(prefix="mhddq-bench-") as scratch,
    ):
        places = file_system(Path(memory)), file_system(Path(disk))
        about = report.describe(ROOT, "full" if options.full else f"quick: {SMALLER}", *places)
        for name, value in about.items():
            print(f"{name}: {value}")
        show(report.LINE_HEAD)
        bench = Bench(options.full, Path(memory), Path(disk), Path(scratch))
        for row in ROWS:
            if options.only and row.name not in options.only:
                continue
            since = time.monotonic()
            for line in bench.lines(row):
                lines.append(line)
                show(report.line_cells(line, row.title))
            bench.seconds[row.name] = round(time.monotonic() - since, 1)
        if not options.only or "absolute" in options.only:
            show(report.READING_HEAD)
            for reading in absolute.readings(Path(memory), bench.environment, options.full):
                readings.append(reading)
                show(report.reading_cells(reading))
    about["seconds"] = f"{time.monotonic() - began:.0f}"
    about["load average at the end"] = " ".join(f"{value:.1f}" for value in os.getloadavg())

    table = RESULTS / "table.md"
    table.write_text(report.in_markdown(about, lines, readings), encoding="utf-8")
    data = options.json or RESULTS / "figures.json"
    everything = report.in_json(about, lines, readings, bench.costs, bench.seconds)
    data.write_text(json.dumps(everything, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    refused = chart.draw(RESULTS / "chart.png", everything)
    print(f"\n{about['seconds']} s. Written: {table}, {data}", end="")
    print(f"; no chart: {refused}" if refused else f", {RESULTS / 'chart.png'}")


main()
